"""Who samples a policy's answers: `model.generator` names the own loop, transformers' `generate`, or vLLM on a GPU.

Whoever samples, plain sampling at the temperature is what is asked for, and the tokens go to training as they came. Only the own
loop notes log-probabilities and values on the way; after the others a pass of the policy itself finds them, so that PPO's ratio
starts at 1 whatever arithmetic sampled.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import GenerationConfig

from sandbox_rl.config import ModelConfig
from sandbox_rl.errors import UserError
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.fingerprint import fingerprint
from sandbox_rl.policy.generation import Sample, generate, left_padded, sampled, until_end
from sandbox_rl.policy.model import Policy, score


class Generator(Protocol):
    """Samples one answer a prompt (of token ids), in order, from the policy as it is now.

    `uniforms` (prompts, most new tokens) decide every draw of the own loop; others take their seeds from them. Temperature 0
    takes the likeliest token.
    """

    def __call__(self, policy: Policy, prompts: Sequence[list[int]], *, temperature: float, uniforms: Tensor) -> list[Sample]: ...


def generator(settings: ModelConfig) -> Generator:
    """The generator that the settings name, made once in a process."""
    return _made(settings.model_dump_json())


@functools.cache
def _made(settings: str) -> Generator:
    chosen = ModelConfig.model_validate_json(settings)
    match chosen.generator:
        case "own":
            return functools.partial(generate, batch_size=chosen.generation_batch_size)
        case "transformers":
            return ByTransformers(chosen)
        case "vllm":
            return ByVllm(chosen)


class ByTransformers:
    """`generate` of transformers: slower, for models that the own loop does not read."""

    def __init__(self, settings: ModelConfig) -> None:
        self._settings = settings

    def __call__(self, policy: Policy, prompts: Sequence[list[int]], *, temperature: float, uniforms: Tensor) -> list[Sample]:
        answers: list[list[int]] = []
        size = self._settings.generation_batch_size
        for start in range(0, len(prompts), size):
            rows = slice(start, start + size)
            answers += _generated(policy, prompts[rows], temperature, uniforms[rows])
        return _samples(policy, prompts, answers, temperature, self._settings)


@torch.no_grad()
def _generated(policy: Policy, prompts: Sequence[list[int]], temperature: float, uniforms: Tensor) -> list[list[int]]:
    ids, attention = left_padded(prompts, policy.tokenizer.pad_token_id, policy.device)
    chance: dict[str, Any] = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
    plain = GenerationConfig(
        **chance, top_k=0, top_p=1.0, max_new_tokens=uniforms.shape[1], eos_token_id=sorted(policy.chat.end_ids),
        pad_token_id=policy.tokenizer.pad_token_id,
    )  # type: ignore[no-untyped-call]  # fmt: skip
    usual, policy.lm.generation_config = policy.lm.generation_config, plain  # the model's own may penalise or leave out tokens
    try:
        with torch.random.fork_rng(), policy.in_precision():
            torch.manual_seed(_seed(uniforms))
            sequences = policy.lm.generate(input_ids=ids, attention_mask=attention)
    finally:
        policy.lm.generation_config = usual
    return [until_end(row, policy.chat.end_ids) for row in sequences[:, ids.shape[1] :].tolist()]


class ByVllm:
    """vLLM on this process's GPU, which sleeps while the policy trains and reads its weights again when they have changed.

    Written against the interface that vLLM documents (LLM, SamplingParams, sleep, wake_up, collective_rpc("reload_weights")); of
    its speed nothing was measured by us.
    """

    def __init__(self, settings: ModelConfig) -> None:
        self._settings = settings
        self._engine: Any = None
        self._read = ""
        """Fingerprint of the weights that the engine read last."""
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-rl-weights-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)

    def __call__(self, policy: Policy, prompts: Sequence[list[int]], *, temperature: float, uniforms: Tensor) -> list[Sample]:
        if policy.has_adapter:
            raise UserError("model.generator is vllm, which reads whole weights, and model.lora trains an adapter; choose `own`.")
        engine = self._with_weights_of(policy)
        import vllm

        asked = [
            vllm.SamplingParams(
                temperature=temperature, top_p=1.0, top_k=0, max_tokens=uniforms.shape[1], seed=_seed(row),
                stop_token_ids=sorted(policy.chat.end_ids), detokenize=False,
            )
            for row in uniforms
        ]  # fmt: skip
        told = engine.generate([{"prompt_token_ids": ids} for ids in prompts], asked, use_tqdm=False)
        engine.sleep(level=1)
        answers = [until_end(list(answer.outputs[0].token_ids), policy.chat.end_ids) for answer in told]
        return _samples(policy, prompts, answers, temperature, self._settings)

    def _with_weights_of(self, policy: Policy) -> Any:
        now = fingerprint(policy.lm.parameters())
        changed, self._read = now != self._read, now
        if changed:
            policy.save(self._folder)
        if self._engine is None:
            try:
                import vllm
            except ImportError:
                raise UserError("model.generator is vllm, which is not installed; pip install 'sandbox-rl[vllm]'.") from None
            self._engine = vllm.LLM(
                model=str(self._folder), dtype=self._settings.precision, enable_sleep_mode=True, gpu_memory_utilization=0.5,
                generation_config="vllm",
            )  # fmt: skip
        else:
            self._engine.wake_up(tags=["weights"])
            if changed:
                self._engine.collective_rpc("reload_weights")
            self._engine.wake_up(tags=["kv_cache"])
        return self._engine


def _seed(uniforms: Tensor) -> int:
    return int(uniforms.flatten()[0] * 2**31)


def _samples(
    policy: Policy, prompts: Sequence[list[int]], answers: list[list[int]], temperature: float, settings: ModelConfig
) -> list[Sample]:  # fmt: skip
    """Answers with what the policy makes of their tokens."""
    batch = make_batch(list(zip(prompts, answers, strict=True)), policy.tokenizer.pad_token_id, policy.device)
    scores = score(policy, batch, temperature or 1.0, settings)
    samples = []
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        place = slice(len(prompt) - 1, len(prompt) - 1 + len(answer))
        logprobs, values = scores.logprobs[row, place].tolist(), scores.values[row, place].tolist()
        samples.append(sampled(policy, prompt, answer, logprobs, values))
    return samples
