"""A judge for one answer: a fork of a warm one, in a cell like the solution's, that runs the tests and ends with them.

It is used wherever something of the answer's can influence what runs the tests: under seal `objects`, in style `pytest`, where
tests do more than compare, and for a task's own checker. The judge that goes on to other answers gives it the task and the
channel to the solution, and takes back counts and words.

What is covered: memory, files, processes and names of one answer's tests are gone with it; whatever ends it while the answer's
session is open is the answer's doing. Before that it is the task's.
What is not: a test that the answer takes over could report what it likes, for this answer alone.
"""

from __future__ import annotations

import marshal
import random
import signal
import socket
from collections.abc import Callable
from types import CodeType
from typing import Any

from ..cell.namespaces import PR_SET_DUMPABLE, prctl
from ..cell.zygote import OUT_OF_MEMORY, Death, Zygote
from ..wire.channel import Channel, ChannelClosed, Malformed
from ..wire.code import Code
from ..wire.exceptions import one_line
from ..wire.handover import wait_for_work
from ..wire.surroundings import Surroundings
from . import assertions, guard, pytest_style
from .alarm import TimeUp, interruptible
from .alarm import install as install_alarm
from .guard import run_exec
from .objects.session import ObjectSession
from .outcomes import Ending, NoVerdict, Outcome, TestsEnded, ending, outcome, problem_from, problem_told, tests_in
from .plan import Plan, plan
from .run import Run, shared_names
from .session import Session
from .task_code import compiled, finished, parts, prelude_must_load, prelude_names
from .uses import Uses

TESTS_MEMORY_MB = 2048
"""What a judge of one answer may hold: the data of the answer, and what tests make of it."""
LONGEST_S = 3600.0
"""The clock of a run is the solution's (`cell/clock.py`), with the tests on its other side; those of the tests have none."""
MARGIN_S = 1.0
"""Seconds of a processor that tests may use beyond the task's time limit, which the clock of the run holds them to."""


def judge_apart(spec: dict[str, Any], code: Code, zygote: Zygote, tests: Zygote, surroundings: Surroundings) -> Outcome:
    """Outcome of tests that a judge of their own runs. Raises `NoVerdict` for a fault of the task's, and `Undecided`."""
    planned, (pid, _) = plan(spec), tests.waiting()
    solution = zygote.spawn(limit_s=spec["time_limit_s"], memory_mb=spec["memory_limit_mb"], beside=pid)
    channel = tests.spawn(limit_s=LONGEST_S, memory_mb=TESTS_MEMORY_MB, descriptors=(solution.read_fd,))
    report: dict[str, Any] = {}
    problem: BaseException | None = None
    try:
        with interruptible():
            channel.send({"spec": spec, "plan": tuple(planned), "code": code})
            while not report.keys() & {"end", "fault"}:
                report.update(channel.receive())
        problem = problem_from(report.get("problem"))
    except TimeUp as late:
        problem = late
    except (ChannelClosed, Malformed):
        problem = TestsEnded("")
    finally:
        death_of_tests = finished(tests, channel)
        death = zygote.finish()
    if "fault" in report:
        raise NoVerdict(report["fault"])
    if isinstance(problem, TestsEnded) and "end" not in report and not death.late:
        if "open" not in report:
            raise NoVerdict(f"the task's own code ended the process that runs it ({_how(death_of_tests)})")
        return outcome(_of_tests(death_of_tests, spec), report.get("passed", 0), tests_in(spec))
    if death.late:
        problem = TimeUp()  # whatever came of it
    if problem and spec["prelude"] and not report.get("loaded"):
        prelude_must_load(spec, zygote, surroundings)
    end = ending(problem, death, spec) if problem else Ending(*report["end"])
    return outcome(end, report.get("passed", 0), report.get("total", tests_in(spec)))


def _of_tests(death: Death, spec: dict[str, Any]) -> Ending:
    """What it says about an answer that the judge of its own ended on it."""
    if death.signal == signal.SIGXCPU:
        return Ending("time_limit", f"the tests took more than {spec['time_limit_s']:g} s on what the solution answered")
    if death.held_mb or death.exit_code == OUT_OF_MEMORY:
        return Ending("memory_limit", "the tests ran out of memory")
    return Ending("runtime_error", f"the tests' process ended on what the solution answered ({_how(death)})")


def _how(death: Death) -> str:
    return f"signal {death.signal}" if death.signal else f"exit status {death.exit_code}"


class CheckerFailed(Exception):
    """A task's checker gave no answer; says why."""


def checked_apart(source: str, arguments: tuple[str, ...], limit_s: float, tests: Zygote) -> bool:
    """What a task's own `check` says of a program's output, in a process and a cell of its own. Raises `CheckerFailed`."""
    code = compiled(source, "checker")
    channel = tests.spawn(limit_s=limit_s, memory_mb=TESTS_MEMORY_MB)
    said: Any = None
    try:
        with interruptible():
            texts = sorted(guard.texts_of(source))
            channel.send({"checker": code, "texts": texts, "arguments": arguments, "limit_s": limit_s})
            said = channel.receive().get("said")
    except TimeUp:
        said = f"no end within {limit_s:g} s"
    except (ChannelClosed, Malformed, AttributeError):
        said = "it died, of memory most likely"
    finally:
        finished(tests, channel)
    if isinstance(said, bool):
        return said
    raise CheckerFailed(str(said)[:300])


def _check(code: CodeType, arguments: tuple[str, ...]) -> bool | str:
    names: dict[str, Any] = {"__name__": "checker"}
    try:
        run_exec(code, names)
        said = names["check"](*arguments)
    except BaseException as error:
        return one_line(error)
    return said if isinstance(said, bool) else f"it gave {type(said).__name__}, not a bool"


class TestsProcess:
    """What the tests' zygote forks: all of the life of a judge of one answer."""

    __test__ = False

    def __init__(self, descriptor: int) -> None:
        self._host = Channel(descriptor, read=marshal.loads)
        install_alarm()
        _rehearse()
        guard.install()

    def learn(self, message: Any) -> None:
        """pytest's text: every later process has it imported."""
        pytest_style.install(message)

    def run(self, limit: Callable[[dict[str, Any]], None]) -> None:
        descriptors = wait_for_work(self._host.read_fd)
        if descriptors is None:
            return
        prctl(PR_SET_DUMPABLE, 0)  # what tests start has our uid, and must not open our memory
        job = self._host.receive()
        if "checker" in job:
            limit({"cpu_s": job["limit_s"] + MARGIN_S, "memory_mb": TESTS_MEMORY_MB})
            guard.begin(job["texts"], ("checker",), None)
            self._host.send({"said": _check(job["checker"], job["arguments"])})
            return
        limit({"cpu_s": job["spec"]["time_limit_s"] + MARGIN_S, "memory_mb": TESTS_MEMORY_MB})
        channel = Channel(descriptors[0], write=marshal.dumps)
        report: dict[str, Any]
        try:
            report = run_tests(job, channel, self._host.send)
        except NoVerdict as fault:
            report = {"fault": str(fault)}
        except BaseException as error:
            report = {"end": None, "problem": problem_told(error)}
        self._host.send(report)


def run_tests(job: dict[str, Any], channel: Channel, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Load the answer and run the tests of a job; `told` hears when the answer's session begins, and what passed.

    Raises `NoVerdict`.
    """
    spec = job["spec"]
    planned = Plan(*job["plan"])
    assertions.sources.update({f"{part}.py": source for part, source in parts(spec).items()})
    files = (*assertions.sources, "test_task.py")
    guard.begin(planned.texts, files, None)
    trusted = prelude_names(planned.code.get("prelude"), spec["time_limit_s"])
    session = session_for(spec["seal"], channel, trusted, Surroundings(), planned.uses)
    guard.begin(planned.texts, files, session.evaluate)
    run = Run(session, spec, planned, trusted, told)
    problem: list[Any] | None = None
    try:
        told({"open": True})
        run.load(job["code"])
        run.tests() if spec["style"] != "pytest" else pytest_style.run(run)
    except NoVerdict:
        raise
    except BaseException as error:
        problem = problem_told(error)
    return {
        "passed": run.passed, "total": run.total, "loaded": run.loaded, "end": list(run.end), "problem": problem,
    }  # fmt: skip


def session_for(seal: str, channel: Channel, trusted: dict[str, Any], surroundings: Surroundings, used: Uses) -> Session:
    """A session of the task's seal."""
    kind = ObjectSession if seal == "objects" else Session
    return kind(channel, shared_names(trusted), surroundings, used)


_ROUNDS = 12
"""More than the 8 after which CPython specialises a function's bytecode."""
_REHEARSED = {
    "style": "asserts", "tests": ["assert f([(1, 'a')], 2)[0][0] == 1"], "setup": "", "prelude": "", "entry_point": "f",
    "cases": [], "checker": "tokens", "time_limit_s": 10, "memory_limit_mb": 512, "seal": "objects",
}  # fmt: skip
_REPLIES: tuple[Any, ...] = (
    {"loaded": True, "value": [["t", [["t", ["f", ["h", 0, "function"]]]]], []]},
    {"ok": True, "value": [["r", 1], [["l", [["t", [1, "a"]]]]]], "keep": [1]},
)  # fmt: skip
"""Of a solution that defines `f` and gives `[(1, 'a')]`."""


def _rehearse() -> None:
    """A run-through of what a judge of one answer does, before the first fork: what was done before is done faster."""
    seed = random.seed
    for _ in range(_ROUNDS):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for reply in _REPLIES:
                Channel(theirs.fileno()).send(reply)
            job = {"spec": _REHEARSED, "plan": plan(_REHEARSED), "code": ""}
            report = run_tests(job, Channel(ours.fileno(), write=marshal.dumps), lambda _: None)
            if report["problem"] or report["passed"] != 1:
                raise RuntimeError(f"the rehearsal failed: {report}")
    assertions.sources.clear()
    guard.end()
    random.seed = seed
