"""Whole conversations: tokens in and out across turns, the environment's tokens masked, rewards where they belong."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from sandbox_rewards.environment import Conversation
from sandbox_rewards.environments.dispatch import Environments
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import EnvironmentSpec, Task

from sandbox_rl.config import ModelConfig, PPOConfig, RunConfig
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.chat import Chat
from sandbox_rl.policy.conversations import converse
from sandbox_rl.policy.generation import Sample
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import Policy, score
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness
from sandbox_rl.training.dpo import train_dpo
from sandbox_rl.training.experience import Judged, Scored, make_rollout, pay_by_turn
from sandbox_rl.training.pairs import Pair, sample_pairs
from sandbox_rl.training.ppo import train_ppo
from sandbox_rl.training.processes import Processes
from sandbox_rl.training.sft import train_sft

TURNS, WIDTH = 3, 5
SETTINGS = ModelConfig(max_new_tokens=WIDTH)
TASKS = [
    task.model_copy(update={"environment": EnvironmentSpec(name="echo", turns=TURNS)})
    for task in load_suite("quickstart").split("train")[:4]
]


class Echo(Environments):
    """Says how long the last turn was; a conversation whose task is the last is over after a turn."""

    def replies(self, conversations: Sequence[Conversation]) -> list[str | None]:
        return [None if c.task == TASKS[-1] else f"{len(c.turns[-1])} letters" for c in conversations]

    def outcome(self, conversation: Conversation) -> str:
        return "|".join(conversation.turns)


ECHO = Echo(Grader("namespaces"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    policy = new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0)
    policy.value_head.weight.data.normal_(generator=torch.Generator().manual_seed(1), std=0.1)
    policy.lm.get_output_embeddings().weight.data[policy.tokenizer.eos_token_id] *= 3  # turns that end by themselves are likely
    return policy


def talks(policy: Policy, tasks: Sequence[Task], uniforms: torch.Tensor) -> list[Sample]:
    return converse(SETTINGS, policy, tasks, ECHO, temperature=1.0, uniforms=uniforms)


def some_that_go_on(policy: Policy) -> list[Sample]:
    return talks(policy, TASKS * 8, Randomness(0).uniforms(len(TASKS) * 8, TURNS * WIDTH))


def test_a_conversation_is_one_sequence_of_the_very_tokens(policy: Policy) -> None:
    samples = some_that_go_on(policy)
    longer = [s for s in samples if len(s.turns) > 1]
    assert longer
    assert {len(s.turns) for s in samples} >= {1, 2}
    for sample in longer:
        ids, own = iter(sample.answer_ids), iter(sample.own)
        for turn, reply in zip(sample.turns, [*sample.replies, None], strict=True):
            said: list[int] = []
            while len(said) < WIDTH and (not said or said[-1] != policy.tokenizer.eos_token_id):
                said.append(next(ids))
                assert next(own)
            assert policy.tokenizer.decode(said, skip_special_tokens=True) == turn
            if reply is not None:
                assert reply == f"{len(turn)} letters"
                expected = policy.chat.encode_reply(reply)
                assert [next(ids) for _ in expected] == expected
                assert not any(next(own) for _ in expected)
        assert next(ids, None) is None
        assert sample.text == "|".join(sample.turns) == sample.outcomes[-1]
        assert len(sample.outcomes) == len(sample.turns)
        assert sample.tokens == sum(sample.own) < len(sample.answer_ids)


def test_recorded_log_probabilities_and_values_are_those_of_the_whole_sequence(policy: Policy) -> None:
    samples = some_that_go_on(policy)
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], 0, policy.device, [s.own for s in samples])
    scores = score(policy, batch, 1.0, SETTINGS)
    assert any(s.replies for s in samples)
    mine = [mine for s in samples for mine, own in zip(s.logprobs, s.own, strict=True) if own]
    assert torch.tensor(mine).allclose(scores.logprobs[batch.mask > 0], atol=1e-4)  # with a cache, in other shapes: float32
    values = [value for s in samples for value, own in zip(s.values, s.own, strict=True) if own]
    assert torch.tensor(values).allclose(scores.values[:, :-1][batch.mask > 0], atol=1e-4)


def test_uniforms_is_each_conversations_own(policy: Policy) -> None:
    uniforms = Randomness(5).uniforms(len(TASKS), TURNS * WIDTH)
    together = talks(policy, TASKS, uniforms)
    alone = [talks(policy, [task], uniforms[i : i + 1])[0] for i, task in enumerate(TASKS)]
    assert [s.answer_ids for s in together] == [s.answer_ids for s in alone]


def a_talk() -> Sample:
    """Prompt of 2 tokens; turns of 2 and 1 tokens with a reply of 3 between."""
    own = [True, True, False, False, False, True]
    return Sample([5, 6], [7, 1, 8, 8, 8, 1], [0.0] * 6, [0.0] * 6, True, "b", own, ("a", "b"), ("r",), ("a", "b"))


def test_the_final_reward_is_on_the_last_token_of_the_last_turn_and_replies_are_skipped() -> None:
    sample = a_talk()
    batch = make_batch([(sample.prompt_ids, sample.answer_ids)], 0, torch.device("cpu"), [sample.own])
    assert batch.mask.tolist() == [[0, 1, 1, 0, 0, 0, 1]]
    garbage = torch.full((1, 7), 9.0)
    logprobs = torch.where(batch.mask > 0, torch.zeros(1, 7), garbage)
    values = torch.where(torch.cat([batch.mask, torch.zeros(1, 1)], 1) > 0, torch.zeros(1, 8), torch.full((1, 8), 5.0))
    grade = Grade(task_id="t", reward=1.0, verdict=Verdict.passed)
    settings = PPOConfig(gamma=1.0, lam=0.5, kl_coefficient=0.1)
    rollout = make_rollout(
        settings, Scored(batch, logprobs, values, logprobs * 3), Judged([sample], [grade], [0]), 0.1, Processes()
    )
    assert rollout.returns.tolist() == [[0, 0.25, 0.5, 0, 0, 0, 1.0]]  # lambda 0.5 over three tokens, whatever the reply holds


def test_turn_rewards_move_what_a_turn_added_to_its_end() -> None:
    rewards = torch.tensor([0.0, 0, 0, 0, 0, 0, 1.0])
    pay_by_turn(rewards, a_talk(), [0.25])
    assert rewards.tolist() == [0, 0, 0.25, 0, 0, 0, 0.75]
    pay_by_turn(rewards, a_talk(), [None])  # our fault: it says nothing about the turn
    assert rewards.tolist() == [0, 0, 0.25, 0, 0, 0, 0.75]


def test_a_reply_continues_the_chat_template() -> None:
    policy = new_tiny_policy(["[user]hi and? [assistant] yo so\n"], seed=0)
    policy.tokenizer.chat_template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% if m.role == 'assistant' %}<eos>{% endif %}\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    chat = Chat(policy.tokenizer, set(), ModelConfig())
    ids = chat.encode_prompt("hi") + chat.encode_answer("yo") + chat.encode_reply("and?") + chat.encode_answer("so")
    said = zip(["user", "assistant"] * 2, ["hi", "yo", "and?", "so"], strict=True)
    messages = [{"role": role, "content": text} for role, text in said]
    whole = policy.tokenizer.apply_chat_template(messages, tokenize=False)
    assert policy.tokenizer.decode(ids) == whole.rstrip("\n")


CONFIG = RunConfig.model_validate({
    "model": {"max_new_tokens": 8}, "sft": {"steps": 30, "batch_size": 16},
    "ppo": {
        "steps": 2, "prompts_per_step": 4, "samples_per_prompt": 2, "minibatch_size": 8, "validate_every": 2,
        "turn_rewards": True,
    },
    "pairs": {"samples_per_prompt": 4}, "dpo": {"epochs": 1, "validate_every": 1}, "eval": {"samples_per_task": 1},
})  # fmt: skip


def silent(**_: object) -> None:
    """No progress shown."""


def test_negotiations_are_warmed_up_trained_and_paired_as_whole_trajectories(tmp_path: Path) -> None:
    suite = load_suite("negotiation-quickstart")
    train, validation = suite.split("train")[:8], suite.split("validation")[:2]
    with Grader("namespaces") as grader:
        base = train_sft(CONFIG, train, grader, tmp_path / "sft", resume=False, report=silent)
        train_ppo(CONFIG, base, train, validation, grader, tmp_path / "ppo", resume=False, report=silent)
        pairs = sample_pairs(CONFIG, base, train, grader, tmp_path / "pairs", resume=False, report=silent)
        train_dpo(CONFIG, base, pairs, validation, grader, tmp_path / "dpo", resume=False, report=silent)
    lines = [json.loads(line) for line in (tmp_path / "ppo" / "samples.jsonl").read_text().splitlines()]
    talked = [line for line in lines if "replies" in line]
    assert talked
    assert all(json.loads(line["text"]) == line["turns"] for line in talked)
    metrics = [json.loads(line) for line in (tmp_path / "ppo" / "metrics.jsonl").read_text().splitlines()]
    assert metrics[0]["first_ratio_error"] < 1e-3  # what was sampled turn by turn is what is trained on
    policy = load_policy(base)
    halves = [
        half for line in pairs.read_text().splitlines() for pair in [Pair.model_validate_json(line)]
        for half in [(pair.chosen, pair.chosen_ids, pair.chosen_own), (pair.rejected, pair.rejected_ids, pair.rejected_own)]
    ]  # fmt: skip
    assert any(own for _, _, own in halves)
    for text, ids, own in halves:
        if own:
            assert len(own) == len(ids)
            assert "ask" in text
            replied = policy.tokenizer.decode([i for i, mine in zip(ids, own, strict=True) if not mine])
            assert all(line.startswith("ask ") for line in replied.split("\n") if line)
