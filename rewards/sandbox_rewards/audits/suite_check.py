"""Are a suite's tests worth their name? Runs references, empty answers and mutants, and names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox_tasks.mutants import mutants
from sandbox_tasks.task import MathAnswer, Task, UnitTests

from sandbox_rewards.answers.code import code_of
from sandbox_rewards.audits.math_cheats import copies
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.math.source import read_gold
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.sources.unit_tests import UnitTestsReward


@dataclass
class TaskCheck:
    """What was found about one task; `problems` is empty when all is well."""

    task_id: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What one should know, and is not wrong."""
    seal: str | None = None
    """Of its tests, where there are some that one seals: `data` or `objects`."""
    mutants: int = 0
    survivors: int = 0


def check_tasks(
    tasks: list[Task],
    grader: Grader,
    *,
    repeats: int = 3,
    mutants_per_task: int = 6,
    on_grade: Callable[[], None] | None = None,
) -> list[TaskCheck]:
    """Grade every task's reference `repeats` times (must pass, each time), nothing (must not) and mutants (should not)."""
    checks = {task.id: TaskCheck(task.id) for task in tasks}
    asked: list[tuple[Task, str, str]] = []
    for task in tasks:
        if any(isinstance(spec, UnitTests) and spec.isolation == "inline" for spec in task.rewards):
            checks[task.id].notes.append("inline: an answer can cheat its tests, which share its process")
        if unreadable := _unreadable_answers(task):
            checks[task.id].problems += unreadable
            continue
        if task.reference is None:
            checks[task.id].problems.append("has no reference solution")
            continue
        asked += [(task, "copy", answer) for answer in _copies(task)]
        asked += [(task, "reference", task.reference)] * repeats
        asked.append((task, "empty", "pass"))
        asked += [(task, "mutant", code) for code in mutants_of(task, mutants_per_task)]
    grades = grader.grade([task for task, _, _ in asked], [code for _, _, code in asked], on_grade=on_grade)
    for task in tasks:
        checks[task.id].seal = seal_of(task, grader)
    verdicts: dict[str, set[Verdict]] = {}
    for (task, kind, answer), grade in zip(asked, grades, strict=True):
        check = checks[task.id]
        if kind == "reference":
            verdicts.setdefault(task.id, set()).add(grade.verdict)
        elif kind == "empty" and grade.verdict is Verdict.passed:
            check.problems.append("an empty answer passes")
        elif kind == "copy" and grade.verdict is Verdict.passed:
            check.notes.append(f"its answer can be copied: {answer} stands in the prompt")
        elif kind == "mutant":
            check.mutants += 1
            check.survivors += grade.verdict is Verdict.passed
    flaky = {task.id for task in tasks if any(isinstance(s, UnitTests) and s.flaky for s in task.rewards)}
    for task_id, seen in verdicts.items():
        if len(seen) > 1:
            if task_id not in flaky:
                said = f"flaky: the reference got {', '.join(sorted(seen))}; mend the tests, or mark it flaky: true"
                checks[task_id].problems.append(said)
        elif seen != {Verdict.passed}:
            checks[task_id].problems.append(f"the reference got {seen.pop()}")
    for check in checks.values():
        if check.survivors * 2 > check.mutants:
            check.problems.append(f"weak tests: {check.survivors} of {check.mutants} mutants pass")
    return list(checks.values())


def seal_of(task: Task, grader: Grader) -> str | None:
    """The widest seal that tests of the task need; None where nothing is sealed by one."""
    found = set()
    for spec in task.rewards:
        source = grader.source(spec.source)
        if isinstance(spec, UnitTests) and isinstance(source, UnitTestsReward) and (seal := source.seal_of(task, spec)):
            found.add(seal.name)
    return "objects" if "objects" in found else "data" if found else None


def _unreadable_answers(task: Task) -> list[str]:
    """What is wrong with a mathematical task's own answers, which every grade would meet."""
    found = []
    for spec in task.rewards:
        for answer in spec.answers if isinstance(spec, MathAnswer) else ():
            try:
                read_gold(answer)
            except Unreadable as error:
                found.append(f"its answer {answer!r} can't be read ({error})")
    return found


def _copies(task: Task) -> list[str]:
    """What could be copied from the prompt of a mathematical task."""
    return copies(task) if any(isinstance(spec, MathAnswer) for spec in task.rewards) else []


def mutants_of(task: Task, most: int) -> list[str]:
    """Wrong versions of a task's reference; none where it is no Python, or does not parse, which its own grade tells."""
    spec = _python_tests(task)
    if task.reference is None or spec is None:
        return []
    try:
        return mutants(code_of(task, spec, task.reference).code, spec.entry_point, limit=most)
    except SyntaxError:
        return []


def _python_tests(task: Task) -> UnitTests | None:
    """The first spec with tests, where all of them are of Python: only of it we know how to make wrong versions."""
    specs = [spec for spec in task.rewards if isinstance(spec, UnitTests)]
    return specs[0] if specs and {spec.language for spec in specs} == {"python"} else None
