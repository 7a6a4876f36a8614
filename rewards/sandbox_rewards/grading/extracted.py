"""What is judged of an answer, by the kind of its task: the one place to ask, which every source agrees with."""

from __future__ import annotations

from sandbox_tasks.task import Format, GymEntry, MathAnswer, Task, UnitTests

from sandbox_rewards.answers.code import code_of
from sandbox_rewards.answers.spoken import spoken
from sandbox_rewards.math.extraction import final_answer
from sandbox_rewards.sources.gym import answer_in


def extracted(task: Task, completion: str) -> str:
    """What the task's first judge looks at: code, a final answer, the text without thoughts; empty where there is none of it.

    Sources of others (`http`, `python`, plug-ins) get the completion as it was written, so for them it is that.
    """
    spec = next((spec for spec in task.rewards if spec.judges), task.rewards[0])
    if isinstance(spec, UnitTests):
        return code_of(task, spec, completion).code
    if isinstance(spec, MathAnswer):
        found = final_answer(completion)
        return found.text if found else ""
    if isinstance(spec, GymEntry):
        return answer_in(completion) or ""
    return spoken(completion) if isinstance(spec, Format) and spec.pattern is None else completion
