"""DPO pays for what it needs: one pass for the reference, none without one, no critic, and passes of the size that is set."""

from pathlib import Path
from typing import Any

import pytest
import torch
from sandbox_rewards.grade import Grade, Verdict

from sandbox_rl.config import RunConfig
from sandbox_rl.policy.batches import Batch
from sandbox_rl.policy.loading import policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.dpo import dpo_step, reference_logprobs
from sandbox_rl.training.pairs import Pair

GRADE = Grade(task_id="t", reward=1.0, verdict=Verdict.passed, seconds=0.0)
PAIRS = [
    Pair(prompt="", chosen="", rejected="", task_id="t", chosen_grade=GRADE, rejected_grade=GRADE, prompt_ids=[5, 6],
         chosen_ids=[7] * length + [1], rejected_ids=[8, 9, 1]) for length in (1, 5, 2, 9, 3, 1)
]  # fmt: skip


@pytest.fixture
def base(tmp_path: Path) -> Path:
    new_tiny_policy(["# list: sort up\ndef f(x):\n    return sorted(x)"], seed=0).save(tmp_path)
    return tmp_path


def started(base: Path, **settings: Any) -> tuple[RunConfig, Policy, list[Batch]]:
    """A policy to train, and the batches that it is given from now on."""
    config = RunConfig.model_validate(settings)
    policy, given = policy_to_train(base, config.model, 0, critic=False), []
    policy.register_forward_pre_hook(lambda _, arguments: given.append(arguments[0]))
    return config, policy, given


def test_the_reference_is_the_base_and_is_asked_once_for_each_pair(base: Path) -> None:
    config, policy, given = started(base)
    found = reference_logprobs(config, policy, PAIRS)
    assert sum(len(batch.ids) for batch in given) == 2 * len(PAIRS)
    with torch.no_grad():
        for row, pair in enumerate(PAIRS):
            for side, ids in enumerate((pair.chosen_ids, pair.rejected_ids)):
                whole = torch.tensor([[*pair.prompt_ids, *ids]])
                spread = policy.lm(input_ids=whole).logits[0].log_softmax(-1)
                wanted = sum(float(spread[place + 1, token]) for place, token in enumerate(ids))
                assert float(found[row, side]) == pytest.approx(wanted, abs=1e-4)  # float32, in other shapes
    optimizer = torch.optim.AdamW(policy.trainable, lr=1e-3)
    given.clear()
    metrics = dpo_step(config, policy, optimizer, PAIRS, found, 1, 10)
    assert sum(len(batch.ids) for batch in given) == 2 * len(PAIRS)  # the policy's own pass, and no other
    assert metrics["loss"] == pytest.approx(0.693147, abs=1e-5)


def test_simpo_asks_for_none(base: Path) -> None:
    config, policy, given = started(base, dpo={"loss": "simpo", "beta": 2.0})
    assert not reference_logprobs(config, policy, PAIRS).any()
    assert given == []


def test_there_is_no_critic_and_nothing_of_one_is_trained(base: Path) -> None:
    _, policy, _ = started(base, model={"critic": "separate"})
    assert policy.critic is None
    assert not any(name.startswith("value_head") for name in policy.trained())


def test_passes_keep_to_the_tokens_that_are_set(base: Path) -> None:
    config, policy, given = started(base, model={"micro_batch_tokens": 24})
    reference_logprobs(config, policy, PAIRS)
    assert len(given) > 1
    assert all(batch.ids.numel() <= 24 or len(batch.ids) == 2 for batch in given)
