"""The judge: runs the tests of one job after another and gives verdicts. It never runs the solution's code.

A job is `{"spec": ..., "code": ...}`; the answer `{"verdict", "tests_passed", "tests_total", "seconds",
"detail"}`. The verdict `no_verdict` means that the task or this machinery failed, not the answer.

What is covered: under seal `data`, tests that do no more than call and compare run here, in a process that goes on to other
answers: nothing of an answer but plain data comes in. All others run in a judge of their own (`apart.py`). Whatever a test raises
or ends once the answer's session is open is the answer's failure.
What is not: a test that takes the answer's word (docs/security.md).
"""

from __future__ import annotations

import time
from typing import Any

from ..cell.clock import Undecided
from ..cell.compiler import Compiler, Uncompilable
from ..cell.zygote import BoxFault, Zygote
from ..wire.channel import Channel, ChannelClosed
from ..wire.code import Code
from ..wire.surroundings import Surroundings
from . import guard
from .alarm import TimeUp, interruptible
from .alarm import install as install_alarm
from .apart import judge_apart
from .inline import judge_inline
from .outcomes import PROBLEMS, Ending, NoVerdict, Outcome, TestsEnded, ending, outcome, problem_told, tests_in
from .plainness import stays_warm
from .plan import Plan, plan
from .run import Run, shared_names
from .session import NotLoaded, Session
from .stdio import run_cases
from .task_code import finished, prelude_must_load, prelude_names


def serve(host: Channel, zygote: Zygote, tests: Zygote, compiler: Compiler) -> None:
    """Judge jobs from the host until it hangs up. `zygote` forks solutions, `tests` judges of one answer."""
    install_alarm()
    guard.install()
    surroundings = Surroundings()
    while True:
        guard.reset_recursion_limit()
        try:
            job = host.receive()
        except ChannelClosed:
            return
        started, starved_s = time.monotonic(), zygote.starved_s
        try:
            found = judge(job, zygote, tests, compiler, surroundings)
        except BoxFault as fault:
            found = {"fault": str(fault)}
        except Undecided as busy:
            found = {"undecided": str(busy), "slowdown": busy.slowdown}
        surroundings.restore()
        found["seconds"] = round(time.monotonic() - started, 6)
        found["starved_s"] = round(zygote.starved_s - starved_s, 3)
        found["job"] = job.get("job")
        host.send(found)


def judge(job: dict[str, Any], zygote: Zygote, tests: Zygote, compiler: Compiler, surroundings: Surroundings) -> Outcome:
    """Outcome of a job of any style."""
    spec, answer = {"seal": "objects", **job["spec"]}, job["code"]
    if "libraries" in job:
        tests.teach(job["libraries"])
    try:
        planned = plan(spec)
        if spec["style"] == "stdio":
            return run_cases(spec, answer, zygote, tests, compiler)
        if spec.get("isolation") == "inline":
            return judge_inline(spec, answer, zygote, compiler, surroundings)
        code = compiler.compiled(answer)
        if spec["seal"] == "data" and stays_warm(spec):
            return _judge_here(spec, planned, code, zygote, surroundings)
        return judge_apart(spec, code, zygote, tests, surroundings)
    except NoVerdict as why:
        end = Ending("no_verdict", str(why))
    except Uncompilable as error:
        end = Ending("syntax_error", str(error))
    except NotLoaded as error:
        end = Ending(error.verdict, error.detail)
    return outcome(end, 0, tests_in(spec))


def _judge_here(spec: dict[str, Any], planned: Plan, code: Code, zygote: Zygote, surroundings: Surroundings) -> Outcome:
    """Styles `asserts` and `check` under seal `data`, where the tests leave nothing in this process."""
    guard.begin(planned.texts, (), None)
    trusted = prelude_names(planned.code.get("prelude"), spec["time_limit_s"])
    channel = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"])
    run = Run(Session(channel, shared_names(trusted), surroundings, planned.uses), spec, planned, trusted)
    problem: BaseException | None = None
    try:
        with interruptible():
            run.load(code)
            run.tests()
    except (*PROBLEMS, NoVerdict) as error:
        problem = error
    except BaseException as error:  # the answer's doing: its session is open
        problem = TestsEnded(problem_told(error)[-1])
    finally:
        death = finished(zygote, channel)
    if isinstance(problem, NoVerdict):
        raise problem
    if death.late:
        problem = TimeUp()  # whatever came of it
    if problem and spec["prelude"] and not run.loaded:
        prelude_must_load(spec, zygote, surroundings)
    return outcome(ending(problem, death, spec) if problem else run.end, run.passed, run.total)
