"""How often a policy's answers pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel
from sandbox_rewards.environments.dispatch import Environments, most_turns
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.numerics.statistics import mean, means_by_name, pass_at_k
from sandbox_rl.policy.conversations import converse
from sandbox_rl.policy.generation import Sample
from sandbox_rl.policy.model import Policy
from sandbox_rl.runs.run_folder import Randomness


class Answers(BaseModel):
    """One task's sampled answers and their grades."""

    task_id: str
    texts: list[str]
    grades: list[Grade]

    @property
    def judged(self) -> int:
        return sum(g.verdict not in (Verdict.no_verdict, Verdict.scored) for g in self.grades)

    @property
    def passed(self) -> int:
        return sum(g.verdict is Verdict.passed for g in self.grades)


class PartMean(BaseModel):
    """Mean reward of one source's part of grades, before its weight, over the answers that it was asked about."""

    mean: float
    answers: int
    """With a reward of this source: behind a gate fewer than all."""


class Evaluation(BaseModel):
    """Answers to every task of a split. One without a verdict, or with a mere score, counts neither as right nor as wrong."""

    tasks: list[Answers]

    def per_task(self, k: int = 1) -> list[float]:
        """pass@k of each task; NaN where fewer than k answers were judged."""
        return [pass_at_k(t.judged, t.passed, k) if t.judged >= k else float("nan") for t in self.tasks]

    def pass_rate(self) -> float:
        return mean([p for p in self.per_task() if p == p])

    def reward(self) -> float:
        """Mean reward of the answers that have one."""
        return mean([g.reward for t in self.tasks for g in t.grades if g.reward is not None])

    def parts(self) -> dict[str, PartMean]:
        """Of each source's part; empty where each task has one source."""
        rewards = [g.part_rewards() for t in self.tasks for g in t.grades]
        counts = Counter(name for own in rewards for name, reward in own.items() if reward is not None)
        return {name: PartMean(mean=found, answers=counts[name]) for name, found in means_by_name(rewards).items()}

    def verdicts(self) -> dict[str, int]:
        return dict(Counter(g.verdict.value for t in self.tasks for g in t.grades))


def evaluate(config: RunConfig, policy: Policy, tasks: Sequence[Task], grader: Grader, seed: int) -> Evaluation:
    """Sample `config.eval.samples_per_task` answers a task and grade them."""
    return judge(tasks, answer(config, policy, tasks, grader, seed), grader)


def answer(
    config: RunConfig, policy: Policy, tasks: Sequence[Task], grader: Grader, seed: int, share: range | None = None
) -> list[Sample]:  # fmt: skip
    """`config.eval.samples_per_task` answers to each task, one task's after another's; the grader helps environments reply.

    `share`: numbers of the tasks that are answered, the same as if all were; all of them, unless told.
    """
    share, each = range(len(tasks)) if share is None else share, config.eval.samples_per_task
    asked = [tasks[number] for number in share for _ in range(each)]
    uniforms = Randomness(seed).uniforms(len(tasks) * each, config.model.max_new_tokens * most_turns(tasks))
    own = uniforms[share.start * each : share.stop * each]
    return converse(config.model, policy, asked, Environments(grader), temperature=config.eval.temperature, uniforms=own)


def judge(tasks: Sequence[Task], samples: Sequence[Sample], grader: Grader) -> Evaluation:
    """The grades of as many samples to each task, in the order of `answer`."""
    n = len(samples) // max(1, len(tasks))
    texts = [sample.text for sample in samples]
    grades = grader.grade([task for task in tasks for _ in range(n)], texts)
    rows = [slice(i * n, i * n + n) for i in range(len(tasks))]
    return Evaluation(tasks=[Answers(task_id=t.id, texts=texts[r], grades=grades[r]) for t, r in zip(tasks, rows, strict=True)])
