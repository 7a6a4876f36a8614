"""A red team for anybody's tasks: answers that solve nothing are graded, and whatever earns reward is named.

Each cheat is made for the task at hand: its entry point, its style, what its prompt shows. Where the trick fails the answer
is a plain constant; if the tests accept that constant by itself, the trick has added nothing and is not counted. So there are
three findings: a cheat that earns reward, tests that accept a constant, and tests that equal the prompt's examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox_tasks.task import MathAnswer, Task, UnitTests

from sandbox_rewards.answers.asked import names_asked_for
from sandbox_rewards.audits.cheat import CONSTANTS, OUTPUTS, Cheat, Target, constant
from sandbox_rewards.audits.cheats import CHEATS, VISIBLE
from sandbox_rewards.audits.math_cheats import MATH_CHEATS, MathCheat
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import SandboxUnavailable

FULL = 1.0
"""What tests pay when all of them pass; those that give credit for a share pay parts of it."""


@dataclass
class CheatResult:
    """How one cheat fared."""

    cheat: Cheat | MathCheat
    tried: int = 0
    rewarded: list[str] = field(default_factory=list)
    """Ids of tasks that paid more for it than for its plain constant."""
    not_judged: int = 0
    """Answers that got `no_verdict`: neither paid nor refused."""


@dataclass
class RedTeamReport:
    """What earned reward. `constants`: constants that each task's tests accept, by task id."""

    results: list[CheatResult]
    constants: dict[str, list[str]]
    inline: frozenset[str]
    """Ids of tasks whose tests are not sealed off from the answer, by their own choice."""

    @property
    def earned(self) -> list[CheatResult]:
        return [result for result in self.results if result.rewarded]

    @property
    def hits_first(self) -> list[CheatResult]:
        """The results, those that were paid or got no verdict at the head."""
        return sorted(self.results, key=lambda one: (-len(one.rewarded), -one.not_judged))

    def statements(self) -> list[str]:
        """The findings in plain words."""
        said = [f"{len(self.earned)} of {len(self.results)} cheats earned reward"]
        if self.equal_to_prompt:
            said.append(f"tests equal the prompt's examples: {_listed(self.equal_to_prompt)}")
        if self.constants:
            said.append(
                f"tests accept a constant: {_listed([f'{task} ({values[0]})' for task, values in self.constants.items()])}"
            )
        if self.inline:
            cost = sum(not self.inline.isdisjoint(result.rewarded) for result in self.results)
            said.append(f"not sealed off (isolation 'inline'): {_listed(sorted(self.inline))}; {cost} cheats earned reward there")
        if missing := sum(result.not_judged for result in self.results):
            names = ", ".join(result.cheat.name for result in self.results if result.not_judged)
            said.append(f"{missing} answers got no verdict: neither paid nor refused ({names})")
        return said

    @property
    def equal_to_prompt(self) -> list[str]:
        """Ids of tasks whose hidden tests are no harder than what the prompt shows."""
        return [task_id for result in self.results if result.cheat.name == VISIBLE for task_id in result.rewarded]


def _listed(ids: list[str], shown: int = 3) -> str:
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    noun = "task" if len(ids) == 1 else "tasks"
    return f"{len(ids)} {noun}, {', '.join(ids[:shown])}{more}"


def red_team(tasks: Sequence[Task], grader: Grader, *, on_grade: Callable[[], None] | None = None) -> RedTeamReport:
    """Grade constants and every cheat that applies against the unit tests and the mathematical answers of each task.

    Raises `SandboxUnavailable` for a grader without isolation that would have to run cheats.
    """
    targets = [(task, target) for whole in tasks for task, target in targets_of(whole)]
    if targets and grader.source("unit_tests").pool.backend.name == "open":  # type: ignore[attr-defined]
        raise SandboxUnavailable("cheats signal and write what they can reach, and backend 'open' isolates nothing; use another.")
    asked = [(task, name, code) for task, target in targets for name, code in _answers(target)]
    asked += [one for task in tasks for one in _math_answers(task)]
    grades = grader.grade([task for task, _, _ in asked], [code for _, _, code in asked], on_grade=on_grade)
    paid: dict[tuple[str, str], list[float | None]] = {}
    for (task, name, _), grade in zip(asked, grades, strict=True):
        paid.setdefault((task.id, name), []).append(grade.reward)
    return _reported([task.id for task in tasks], paid, _inline(tasks))


def _reported(ids: list[str], paid: dict[tuple[str, str], list[float | None]], inline: frozenset[str]) -> RedTeamReport:
    known = {name for _, name in paid}
    sealed = [CheatResult(cheat) for cheat in CHEATS]
    results = [*sealed, *(CheatResult(cheat) for cheat in MATH_CHEATS if cheat.name in known)]
    if not any(cheat.name in known for cheat in CHEATS) and len(results) > len(sealed):
        results = results[len(sealed) :]
    for result in results:
        for task_id in ids:
            rewards = paid.get((task_id, result.cheat.name), [])
            least = max(
                (r or 0.0 for r in paid.get((task_id, f"constant {getattr(result.cheat, 'plain', None)}"), [])), default=0.0
            )
            result.tried += bool(rewards)
            result.not_judged += rewards.count(None)
            enough = FULL if result.cheat.name == VISIBLE else 0.0  # a part is fair pay for what the prompt shows
            if any(reward is not None and reward > max(0.0, least) and reward >= enough for reward in rewards):
                result.rewarded.append(task_id)
    constants: dict[str, list[str]] = {}
    for (task_id, name), rewards in paid.items():
        if name.startswith("constant ") and any(reward is not None and reward >= FULL for reward in rewards):
            constants.setdefault(task_id, []).append(name.removeprefix("constant "))
    return RedTeamReport(results, constants, inline)


def answers_for(task: Task) -> int:
    """How many answers `red_team` grades for a task."""
    return sum(len(_answers(target)) for _, target in targets_of(task)) + len(_math_answers(task))


def targets_of(task: Task) -> list[tuple[Task, Target]]:
    """A task of its own, that pays up to `FULL`, for each unit-test spec that runs Python: shaping is not what is attacked."""
    specs = [s for s in task.rewards if isinstance(s, UnitTests) and getattr(s, "language", "python") == "python"]
    specs = [s.model_copy(update={"weight": FULL, "gated": False}) for s in specs]
    return [(task.model_copy(update={"rewards": (s,)}), Target(task.prompt, s, tuple(sorted(names_asked_for(s))))) for s in specs]


def _math_answers(task: Task) -> list[tuple[Task, str, str]]:
    """What is tried against each mathematical answer of a task, as a task of its own; a form that the task allows is no cheat."""
    specs = [spec.model_copy(update={"weight": FULL, "gated": False}) for spec in task.rewards if isinstance(spec, MathAnswer)]
    return [
        (task.model_copy(update={"rewards": (spec,)}), cheat.name, answer)
        for spec in specs
        for cheat in MATH_CHEATS
        for answer in cheat.answers(task, spec)
    ]


def _answers(target: Target) -> list[tuple[str, str]]:
    constants = OUTPUTS if target.is_program else CONSTANTS
    plain = [(f"constant {c}", constant(target, c)) for c in constants]
    made = [(cheat.name, cheat.code(target)) for cheat in CHEATS]
    return plain + [(name, code) for name, code in made if code is not None]


def _inline(tasks: Sequence[Task]) -> frozenset[str]:
    return frozenset(task.id for task in tasks for s in task.rewards if getattr(s, "isolation", "sealed") == "inline")
