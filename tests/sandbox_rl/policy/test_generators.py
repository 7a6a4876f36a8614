"""Other generators than the own loop: plain sampling, tokens as they came, and log-probabilities of the policy itself."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import LoRAConfig, ModelConfig
from sandbox_rl.errors import UserError
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.generation import generate
from sandbox_rl.policy.generators import ByVllm, Generator, generator
from sandbox_rl.policy.model import Policy, score
from sandbox_rl.policy.reference import Reference
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness

TASKS = load_suite("quickstart").split("train")[:6]
TEXTS = [TASKS[0].prompt, "x", TASKS[1].prompt, TASKS[0].prompt]
ENCODER = new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0)
PROMPTS = [ENCODER.chat.encode_prompt(text) for text in TEXTS]
UNIFORMS = Randomness(3).uniforms(4, 14)


class Engine:
    """Stands in for vllm.LLM: it samples by transformers from the weights that it last read from its folder."""

    def __init__(self, model: str, **options: Any) -> None:
        self.folder, self.awake, self.reloads = model, {"weights", "kv_cache"}, 0
        assert options["enable_sleep_mode"]
        self.read()

    def read(self) -> None:
        self.lm = transformers.AutoModelForCausalLM.from_pretrained(self.folder)

    def sleep(self, level: int) -> None:
        assert level == 1  # it keeps its weights, and is told when they have changed
        self.awake.clear()

    def wake_up(self, tags: list[str]) -> None:
        self.awake |= set(tags)

    def collective_rpc(self, method: str) -> None:
        assert method == "reload_weights"
        assert "weights" in self.awake
        self.reloads += 1
        self.read()

    def generate(self, prompts: list[dict[str, list[int]]], settings: list[Any], use_tqdm: bool) -> list[Any]:
        assert self.awake == {"weights", "kv_cache"}
        told = []
        for prompt, asked in zip(prompts, settings, strict=True):
            torch.manual_seed(asked.seed)
            ids = torch.tensor([prompt["prompt_token_ids"]])
            chance = {"do_sample": True, "temperature": asked.temperature} if asked.temperature else {"do_sample": False}
            whole = self.lm.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=asked.max_tokens, top_k=asked.top_k, top_p=1.0,
                eos_token_id=asked.stop_token_ids, **chance,
            )  # fmt: skip
            told.append(
                types.SimpleNamespace(outputs=[types.SimpleNamespace(token_ids=tuple(whole[0, ids.shape[1] :].tolist()))])
            )
        return told


@pytest.fixture(params=["transformers", "vllm"])
def sampler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator:
    stand_in = types.SimpleNamespace(LLM=Engine, SamplingParams=types.SimpleNamespace)
    monkeypatch.setitem(sys.modules, "vllm", stand_in)
    if request.param == "vllm":
        return ByVllm(ModelConfig(generator="vllm"))
    return generator(ModelConfig(generator="transformers"))


def a_policy(seed: int) -> Policy:
    policy = new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0)
    numbers = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=numbers), alpha=0.05)
    return policy


def test_the_likeliest_tokens_are_those_of_the_own_loop_also_after_an_update(sampler: Generator) -> None:
    for seed in (1, 2):
        policy = a_policy(seed)
        found, own = (how(policy, PROMPTS, temperature=0, uniforms=UNIFORMS) for how in (sampler, generate))
        assert [(s.prompt_ids, s.answer_ids, s.text) for s in found] == [(s.prompt_ids, s.answer_ids, s.text) for s in own]
        assert [s.finished for s in found] == [s.finished for s in own]


def test_log_probabilities_and_values_are_the_policys_own(sampler: Generator) -> None:
    policy = a_policy(1)
    samples = sampler(policy, PROMPTS, temperature=0.7, uniforms=UNIFORMS)
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], 0, policy.device)
    scores = score(policy, batch, 0.7, ModelConfig())
    assert torch.cat([torch.tensor(s.logprobs) for s in samples]).allclose(scores.logprobs[batch.mask > 0])
    assert torch.cat([torch.tensor(s.values) for s in samples]).allclose(scores.values[:, :-1][batch.mask > 0])


def test_uniforms_decides(sampler: Generator) -> None:
    policy = a_policy(1)
    draws = (UNIFORMS, UNIFORMS, 1 - UNIFORMS)
    first, again, other = ([s.answer_ids for s in sampler(policy, PROMPTS, temperature=1.0, uniforms=own)] for own in draws)
    assert first == again != other


def test_the_models_own_settings_of_generate_are_left_out_and_left_alone() -> None:
    policy = a_policy(1)
    policy.lm.generation_config.update(top_k=1, do_sample=True)  # would make every sample the likeliest
    sampled = generator(ModelConfig(generator="transformers"))
    answers = [s.answer_ids for s in sampled(policy, [PROMPTS[0]] * 8, temperature=1.0, uniforms=Randomness(0).uniforms(8, 6))]
    assert len({tuple(answer) for answer in answers}) > 1
    assert policy.lm.generation_config.top_k == 1


@pytest.mark.parametrize("name", ["own", "transformers"])
def test_every_token_that_the_models_makers_name_ends_an_answer(name: str) -> None:
    policy = a_policy(1)
    chosen = generator(ModelConfig.model_validate({"generator": name}))
    (whole,) = chosen(policy, [PROMPTS[0]], temperature=0, uniforms=UNIFORMS[:1])
    turn = whole.answer_ids[3]
    policy.lm.generation_config.eos_token_id = [1, turn]
    (cut,) = chosen(Policy(policy.lm, policy.tokenizer), [PROMPTS[0]], temperature=0, uniforms=UNIFORMS[:1])
    assert cut.answer_ids == whole.answer_ids[: whole.answer_ids.index(turn) + 1]
    assert cut.finished


def test_vllm_refuses_an_adapter_and_says_when_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = a_policy(1)
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match="not installed"):
        ByVllm(ModelConfig())(policy, PROMPTS, temperature=1.0, uniforms=UNIFORMS)
    policy.add_adapter(LoRAConfig(rank=2))
    with pytest.raises(UserError, match="reads whole weights"):
        ByVllm(ModelConfig())(policy, PROMPTS, temperature=1.0, uniforms=UNIFORMS)


def test_an_offloaded_reference_says_the_same(tmp_path: Path) -> None:
    a_policy(1).save(tmp_path)
    policy = a_policy(2)
    batch = make_batch([([5, 6, 7], [8, 9, 10, 1])], 0, policy.device)
    found = []
    for offload in (False, True):
        reference = Reference(policy, tmp_path, ModelConfig(offload_reference=offload))
        for _ in range(2):
            with reference as frozen, torch.no_grad():
                found.append(frozen(batch).logprobs)
                assert frozen.device == policy.device
    assert all(torch.equal(found[0], other) for other in found)


def test_vllm_reads_weights_again_only_when_they_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The turns of a conversation are sampled from the same weights; an optimizer's step changes them."""
    stand_in = types.SimpleNamespace(LLM=Engine, SamplingParams=types.SimpleNamespace)
    monkeypatch.setitem(sys.modules, "vllm", stand_in)
    policy, sampled = a_policy(1), ByVllm(ModelConfig(generator="vllm"))
    optimizer = torch.optim.AdamW(policy.trainable, lr=1e-3, fused=True)
    for reloads in (0, 1):
        for _ in range(3):
            sampled(policy, PROMPTS[:1], temperature=1.0, uniforms=UNIFORMS[:1])
        assert sampled._engine.reloads == reloads
        policy(make_batch([([5, 6], [7])], 0, policy.device)).logprobs.sum().backward()
        optimizer.step()
