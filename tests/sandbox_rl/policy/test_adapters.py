"""A low-rank adapter: its reference costs no memory, it is saved alone, and training touches nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from sandbox_rewards.grade import Grade, Verdict
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import LoRAConfig, ModelConfig, RunConfig
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.generation import generate
from sandbox_rl.policy.loading import load_policy, policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.reference import Reference
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness
from sandbox_rl.training.dpo import train_dpo
from sandbox_rl.training.pairs import Pair
from sandbox_rl.training.ppo import train_ppo

TASKS = load_suite("quickstart").split("train")[:3]
SETTINGS: dict[str, Any] = {
    "model": {"max_new_tokens": 16, "lora": {"rank": 4, "alpha": 8}},
    "ppo": {"steps": 3, "prompts_per_step": 2, "samples_per_prompt": 3, "minibatch_size": 3, "validate_every": 2, "canaries": 0,
            "learning_rate": 1e-2},
    "dpo": {"batch_size": 2, "validate_every": 2}, "eval": {"samples_per_task": 1},
}  # fmt: skip
CONFIG = RunConfig.model_validate(SETTINGS)


class OddLengths:
    """A reward that needs no sandbox."""

    def prepare(self, tasks: object) -> None:
        """It needs nothing."""

    def grade(self, tasks: Any, completions: Any, on_grade: object = None) -> list[Grade]:
        verdicts = [Verdict.passed if len(c) % 2 else Verdict.failed for c in completions]
        return [Grade(task_id=task.id, reward=float(verdict == "passed"), verdict=verdict, seconds=0.0)
                for task, verdict in zip(tasks, verdicts, strict=True)]  # fmt: skip


GRADER: Any = OddLengths()


def silent(**_: object) -> None:
    """No progress shown."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapters") / "base"
    new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0).save(folder)
    return folder


def logprobs(policy: Policy) -> torch.Tensor:
    batch = make_batch([([5, 6, 7], [8, 9, 10, 1]), ([5], [20, 1])], 0, policy.device)
    with torch.no_grad():
        return policy(batch).logprobs


def moved(policy: Policy) -> None:
    for name, parameter in policy.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(generator=torch.Generator().manual_seed(0), std=0.1)


def test_an_adapter_starts_as_no_change_and_its_reference_is_the_base(base: Path) -> None:
    plain, policy = load_policy(base), policy_to_train(base, CONFIG.model, 0)
    assert torch.equal(logprobs(policy), logprobs(plain))
    moved(policy)
    assert not torch.allclose(logprobs(policy), logprobs(plain), atol=1e-3)
    with Reference(policy, base, ModelConfig()) as reference:
        assert torch.equal(logprobs(reference), logprobs(plain))
    assert not torch.allclose(logprobs(policy), logprobs(plain), atol=1e-3)


def test_only_adapter_and_value_head_are_trained(base: Path) -> None:
    policy = policy_to_train(base, CONFIG.model, 0)
    assert {"lora" in name or name.startswith("value_head") for name in policy.trained()} == {True}
    assert sum(p.numel() for p in policy.trainable) < 0.1 * sum(p.numel() for p in policy.parameters())


def test_an_adapter_is_saved_alone_and_loads_again(base: Path, tmp_path: Path) -> None:
    policy = policy_to_train(base, CONFIG.model, 0)
    moved(policy)
    policy.save(tmp_path)
    assert (tmp_path / "adapter_model.safetensors").exists()
    assert not (tmp_path / "model.safetensors").exists()
    again = load_policy(tmp_path)
    assert torch.equal(logprobs(again), logprobs(policy))
    uniforms = Randomness(0).uniforms(2, 8)
    prompts = [policy.chat.encode_prompt("a"), policy.chat.encode_prompt("b")]
    sampled = [[s.answer_ids for s in generate(p, prompts, temperature=1.0, uniforms=uniforms)] for p in (policy, again)]
    assert sampled[0] == sampled[1]


def test_ppo_with_an_adapter_starts_at_the_reference_and_resumes_to_the_same_numbers(base: Path, tmp_path: Path) -> None:
    def stopping(*, step: int, **_: object) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_ppo(CONFIG, base, TASKS, TASKS, GRADER, tmp_path / "broken", resume=False, report=stopping)
    train_ppo(CONFIG, base, TASKS, TASKS, GRADER, tmp_path / "broken", resume=True, report=silent)
    train_ppo(CONFIG, base, TASKS, TASKS, GRADER, tmp_path / "whole", resume=False, report=silent)
    lines = [logged(tmp_path / name) for name in ("whole", "broken")]
    assert lines[0][0]["kl"] == pytest.approx(0, abs=1e-6)  # sampled one token at a time, scored in one pass
    assert len({line["weights"] for line in lines[0]}) == 3
    assert [line["weights"] for line in lines[0]] == [line["weights"] for line in lines[1]]


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_dpo_with_an_adapter_trains(base: Path, tmp_path: Path) -> None:
    grade = Grade(task_id="t", reward=1.0, verdict=Verdict.passed, seconds=0.0)
    pair = Pair(prompt="a", chosen="b", rejected="c", task_id="t", chosen_grade=grade, rejected_grade=grade,
                prompt_ids=[5], chosen_ids=[8, 1], rejected_ids=[9, 10, 1])  # fmt: skip
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text(f"{pair.model_dump_json()}\n" * 3)
    train_dpo(CONFIG, base, pairs, TASKS, GRADER, tmp_path / "dpo", resume=False, report=silent)
    first = logged(tmp_path / "dpo")[0]
    assert first["loss"] == pytest.approx(0.693147, abs=1e-5)  # before the first step policy and reference are one


def test_checkpointed_activations_give_the_same_gradients(base: Path) -> None:
    batch, found = make_batch([([5, 6, 7], [8, 9, 10, 1]), ([5], [20, 1])], 0, torch.device("cpu")), []
    for checkpointing in (False, True):
        policy = policy_to_train(base, ModelConfig(gradient_checkpointing=checkpointing), 0)
        policy(batch).logprobs.sum().backward()
        found.append([p.grad for p in policy.lm.parameters() if p.grad is not None])
        assert not policy.lm.training
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def test_an_adapter_for_layers_that_are_not_there_is_refused(base: Path) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        load_policy(base).add_adapter(LoRAConfig(targets=["nowhere"]))
