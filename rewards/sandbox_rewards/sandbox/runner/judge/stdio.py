"""Style `stdio`: a program is run once a case, given its input, and its output compared by the judge.

A compiled language is compiled once, in a process and under limits of its own; each case then runs what came out. Until the
first line of a program runs, its process may say on the channel why none will; after that the channel is closed, so nothing
that a program does can say it.

What is covered: what a program prints is read while it runs, up to a limit, and is text to the judge and to a task's checker; the
expected output never leaves the judge; each case has a process, a clock and limits of its own.
Of its standard error the end is read, to tell a crash by its own words. What is not: files that a program writes; and what a
checker makes of the output: one that evaluates it does so in a cell that ends with it (`apart.py`).
"""

from __future__ import annotations

import math
import os
import re
import select
import threading
from typing import Any, NamedTuple

from ..cell.compiler import Compiler
from ..cell.zygote import Zygote
from ..wire import languages
from ..wire.channel import Channel, ChannelClosed, Malformed
from ..wire.code import Code
from .alarm import TimeUp, interruptible
from .apart import CheckerFailed, checked_apart
from .outcomes import PASSED, Ending, Outcome, OutputLimit, ToolMissing, ending, outcome
from .session import NotLoaded
from .task_code import TaskFault, finished, packed_prelude

MAX_OUTPUT = 16 * 2**20
"""Bytes a program may print."""
CHECKER_S = 2.0
"""Seconds that a task's own checker gets for one output; the judge ends it then, whatever it does."""

MOST_LATE = 3
"""Cases of one answer that may hit their time limit; those after are not run, and have not passed."""


class Cases(NamedTuple):
    """How many cases passed, the first ending that is not `passed` (where all are, `passed`), and how many were late."""

    passed: int
    first: Ending
    late: int


def run_cases(spec: dict[str, Any], answer: str, zygote: Zygote, tests: Zygote, compiler: Compiler) -> Outcome:
    """Compile what has to be, and run the cases. `late` says whether one of them hit its time limit."""
    program: Code = answer
    if languages.is_compiled(spec["language"]):
        program = _compile(spec["language"], answer, zygote)
    elif spec["language"] == "python":
        program = compiler.compiled(answer)
    ran = _run_all(program, spec, zygote, tests)
    return {**outcome(ran.first, ran.passed, len(spec["cases"])), "late": ran.late > 0}


def _run_all(program: Code, spec: dict[str, Any], zygote: Zygote, tests: Zygote) -> Cases:
    """Run every case up to the first that does not pass; with credit for a share of them the rest too, up to `MOST_LATE`."""
    passed, late, first = 0, 0, PASSED
    for number, case in enumerate(spec["cases"], 1):
        end = _run_case(program, spec, case, zygote, tests)
        if end == PASSED:
            passed += 1
            continue
        late += end.verdict == "time_limit"
        if first == PASSED:
            first = Ending(end.verdict, f"case {number}: {end.detail}")
        if spec.get("credit") != "share" or late == MOST_LATE:
            break
    return Cases(passed, first, late)


_proven: set[str] = set()
"""Compilers that this box has seen compile something: an error of theirs is the answer's."""


def _compile(language: str, source: str, zygote: Zygote) -> str:
    """The program (base64). Raises `NotLoaded`, and `ToolMissing` where there is no compiler that works."""
    channel = zygote.spawn(limit_s=languages.COMPILE_S, memory_mb=languages.COMPILE_MB)
    said: Any = {}
    try:
        channel.send({
            "program": True, "language": language, "compile": True, "prove": language not in _proven, "code": source,
            "limits": {"cpu_s": languages.COMPILE_S, "memory_mb": languages.COMPILE_MB},
        })  # fmt: skip
        with interruptible():
            said = channel.receive()
    except TimeUp:
        said = {"error": f"the compiler did not end within {languages.COMPILE_S:g} s"}
    except (ChannelClosed, Malformed):
        said = {"error": "the compiler ended without a result"}
    finally:
        finished(zygote, channel)
    if "missing" in said:
        raise ToolMissing(str(said["missing"]))
    if "binary" in said or said.get("proven"):
        _proven.add(language)
    if "binary" in said:
        return str(said["binary"])
    raise NotLoaded("compile_error", str(said.get("error"))[:300])


def _run_case(program: Code, spec: dict[str, Any], case: dict[str, str], zygote: Zygote, tests: Zygote) -> Ending:
    """Raises `TaskFault` where the prelude fails on this input with no answer behind it either, and `ToolMissing`."""
    end, printed = _run(program, spec, case["stdin"], zygote)
    if end == PASSED:
        return _compared(printed, case, spec["checker"], tests)
    if spec["prelude"]:
        alone, _ = _run("", spec, case["stdin"], zygote)
        if alone != PASSED:
            raise TaskFault("prelude", alone.detail)
    return end


def _run(program: Code, spec: dict[str, Any], given: str, zygote: Zygote) -> tuple[Ending, str]:
    """How a program ended (`passed`: well) and what it printed. Raises `ToolMissing`."""
    limit, language = spec["time_limit_s"], spec["language"]
    memory = languages.memory(language, spec["memory_limit_mb"])
    stdin_read, stdin_write = os.pipe()
    stdout_read, stdout_write = os.pipe()
    complaints = _Complaints()
    for fd in (stdin_read, stdout_write, complaints.write_fd):
        os.fchmod(fd, 0o666)  # the solution's uid may open them again, as /dev/stdin
    streams = stdin_read, stdout_write, complaints.write_fd
    channel = zygote.spawn(limit_s=limit, memory_mb=memory.held, descriptors=streams, resident=memory.watched)
    problem: BaseException | None = None
    output, said = b"", None
    try:
        try:
            with interruptible():
                channel.send({
                    "program": True, "language": language, "compile": False, "prelude": packed_prelude(spec["prelude"]),
                    "code": program,
                    "limits": {"cpu_s": limit, "memory_mb": spec["memory_limit_mb"], "address_space_mb": memory.address_space},
                })  # fmt: skip
                output = _exchange(stdin_write, stdout_read, given.encode())
                said = _last_words(channel)
        except (TimeUp, OutputLimit) as error:
            problem = error
        except (ChannelClosed, Malformed):
            pass  # how the process ended says why
        death = zygote.finish(wait=problem is None)
    finally:
        _close(channel, stdin_write, stdout_read)
        complained = complaints.last_line()
    if said and "missing" in said:
        raise ToolMissing(str(said["missing"]))
    if said:
        problem = NotLoaded(str(said.get("failed")), str(said.get("detail"))[:300])
    end = ending(problem, death, spec)
    if end.verdict == "runtime_error" and complained and not said:
        end = Ending(end.verdict, f"{complained} ({end.detail})")
    return end, output.decode(errors="replace")


class _Complaints:
    """What a program writes to its standard error, read by a thread, so that writing never waits; only the end is kept."""

    KEPT = 4096
    """Bytes."""
    PATIENCE_S = 1.0
    """For what outlives its program, as it may where nothing isolates (level `open`), and holds the pipe."""
    _NAMES_AN_ERROR = re.compile(r"(?:Error|Exception|Interrupt|panic)\b|what\(\):")

    def __init__(self) -> None:
        self._read_fd, self.write_fd = os.pipe()
        self._end = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while chunk := os.read(self._read_fd, 1 << 16):
            self._end = (self._end + chunk)[-self.KEPT :]

    def last_line(self) -> str:
        """The last line that names an error, else the last; empty where nothing was written. The program has ended."""
        self._reader.join(self.PATIENCE_S)
        if not self._reader.is_alive():  # else the reader keeps its pipe: its number must not become another's
            os.close(self._read_fd)
        lines = [line.strip() for line in self._end.decode(errors="replace").splitlines() if line.strip()]
        return next((line for line in reversed(lines) if self._NAMES_AN_ERROR.search(line)), lines[-1] if lines else "")[:200]


def _last_words(channel: Channel) -> dict[str, Any] | None:
    """Why no line of the program ran, or None when it ran."""
    try:
        said = channel.receive()
    except ChannelClosed:
        return None
    return said if isinstance(said, dict) else None


def _compared(printed: str, case: dict[str, str], checker: Any, tests: Zygote) -> Ending:
    if isinstance(checker, dict) and "code" in checker:
        return _checked(printed, case, checker["code"], tests)
    if outputs_agree(printed, case["stdout"], checker):
        return PASSED
    return Ending("failed", f"printed {printed[:80]!r}, expected {case['stdout'][:80]!r}")


def _checked(printed: str, case: dict[str, str], source: str, tests: Zygote) -> Ending:
    """What the task's own checker says; one that fails on the expected output too is at fault itself (`TaskFault`)."""
    said = _said_by(tests, source, case["stdin"], printed, case["stdout"])
    if isinstance(said, bool):
        return PASSED if said else Ending("failed", f"the task's checker refused {printed[:80]!r}")
    about_expected = _said_by(tests, source, case["stdin"], case["stdout"], case["stdout"])
    if isinstance(about_expected, bool):
        return Ending("failed", f"the task's checker fails on {printed[:80]!r}: {said}")
    raise TaskFault("checker", f"{about_expected}, on the expected output {case['stdout'][:80]!r}")


def _said_by(tests: Zygote, source: str, *arguments: str) -> bool | str:
    """The answer of a checker's `check`, or in words why it gave none."""
    try:
        return checked_apart(source, arguments, CHECKER_S, tests)
    except CheckerFailed as failed:
        return str(failed)


def _close(channel: Channel, *fds: int) -> None:
    channel.close()
    for fd in fds:
        try:
            os.close(fd)
        except OSError as error:
            if error.errno != 9:  # EBADF: the exchange closed it already
                raise


def _exchange(stdin: int, stdout: int, given: bytes) -> bytes:
    """Feed the input and read the output side by side, so that neither pipe can block the other."""
    os.set_blocking(stdin, False)
    poll = select.poll()
    poll.register(stdout, select.POLLIN)
    poll.register(stdin, select.POLLOUT)
    rest, size = memoryview(given), 0
    printed: list[bytes] = []
    writing = True
    while True:
        if writing and not rest:
            poll.unregister(stdin)
            os.close(stdin)
            writing = False
        for fd, _ in poll.poll():
            if fd == stdout:
                chunk = os.read(stdout, 1 << 16)
                if not chunk:
                    return b"".join(printed)
                printed.append(chunk)
                size += len(chunk)
                if size > MAX_OUTPUT:
                    raise OutputLimit(f"more than {MAX_OUTPUT} bytes")
            elif writing:
                try:
                    rest = rest[os.write(stdin, rest[: 1 << 16]) :]
                except BrokenPipeError:
                    rest = rest[:0]


def outputs_agree(printed: str, expected: str, checker: Any) -> bool:
    """`tokens`: same words; `exact`: same text but for the kind of line ends, and those at the very end; float: numbers within
    tolerance, and the same words.
    """
    if checker == "exact":
        return printed.replace("\r\n", "\n").rstrip("\n") == expected.replace("\r\n", "\n").rstrip("\n")
    left, right = printed.split(), expected.split()
    if checker == "tokens":
        return left == right
    tolerance = checker["float"]
    return len(left) == len(right) and all(_close_enough(a, b, tolerance) for a, b in zip(left, right, strict=True))


_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def _close_enough(printed: str, expected: str, tolerance: float) -> bool:
    """Plain decimal numbers within the tolerance; everything else has to be the same text (nan and inf in any case)."""
    if not (_NUMBER.fullmatch(printed) and _NUMBER.fullmatch(expected)):
        return printed == expected or (printed.lower() == expected.lower() and bool(_NOT_FINITE.fullmatch(expected)))
    left, right = float(printed), float(expected)
    return math.isfinite(left) and math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
