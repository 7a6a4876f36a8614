"""How often a policy's answers pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.generators import generator
from sandbox_rl.policy import Policy
from sandbox_rl.run_folder import Randomness
from sandbox_rl.statistics import mean, pass_at_k


class Answers(BaseModel):
    """One task's sampled answers and their grades."""

    task_id: str
    texts: list[str]
    grades: list[Grade]

    @property
    def judged(self) -> int:
        return sum(g.reward is not None for g in self.grades)

    @property
    def passed(self) -> int:
        return sum(g.verdict is Verdict.passed for g in self.grades)


class Evaluation(BaseModel):
    """Answers to every task of a split. An answer without a verdict counts neither as right nor as wrong."""

    tasks: list[Answers]

    def per_task(self, k: int = 1) -> list[float]:
        """pass@k of each task; NaN where fewer than k answers were judged."""
        return [pass_at_k(t.judged, t.passed, k) if t.judged >= k else float("nan") for t in self.tasks]

    def pass_rate(self) -> float:
        return mean([p for p in self.per_task() if p == p])

    def verdicts(self) -> dict[str, int]:
        return dict(Counter(g.verdict.value for t in self.tasks for g in t.grades))


def evaluate(config: RunConfig, policy: Policy, tasks: Sequence[Task], grader: Grader, seed: int) -> Evaluation:
    """Sample `config.eval.samples_per_task` answers a task and grade them."""
    n = config.eval.samples_per_task
    asked = [task for task in tasks for _ in range(n)]
    samples = generator(config.model)(
        policy, [task.prompt for task in asked], temperature=config.eval.temperature,
        luck=Randomness(seed).uniforms(len(asked), config.model.max_new_tokens),
    )  # fmt: skip
    texts = [sample.text for sample in samples]
    grades = grader.grade(asked, texts)
    rows = range(0, len(asked), n)
    return Evaluation(tasks=[Answers(task_id=asked[i].id, texts=texts[i : i + n], grades=grades[i : i + n]) for i in rows])
