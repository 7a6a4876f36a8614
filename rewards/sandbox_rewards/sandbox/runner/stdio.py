"""Style `stdio`: a program is run once a case, given its input, and its output compared by the judge."""

from __future__ import annotations

import math
import os
import select
import time
from typing import Any

from .channel import Channel, ChannelClosed
from .zygote import Zygote

MAX_OUTPUT = 16 * 2**20
"""Bytes a program may print."""


class OutputLimit(Exception):
    pass


def run_cases(job: dict[str, Any], zygote: Zygote) -> dict[str, Any]:
    """Run every case up to the first that fails."""
    spec = job["spec"]
    passed, verdict, detail = 0, "passed", None
    for number, case in enumerate(spec["cases"], 1):
        verdict, detail = _run_case(job["code"], spec, case, zygote)
        if verdict != "passed":
            detail = f"case {number}: {detail}"
            break
        passed += 1
    return {"verdict": verdict, "tests_passed": passed, "tests_total": len(spec["cases"]), "detail": detail}


def _run_case(code: str, spec: dict[str, Any], case: dict[str, str], zygote: Zygote) -> tuple[str, str | None]:
    limit = spec["time_limit_s"]
    stdin_read, stdin_write = os.pipe()
    stdout_read, stdout_write = os.pipe()
    limits = {"cpu_s": limit, "memory_mb": spec["memory_limit_mb"]}
    source = f"{spec['prelude']}\n{code}" if spec["prelude"] else code
    work = {"program": True, "code": source, "limits": limits}
    channel = zygote.spawn(limit_s=limit, memory_mb=spec["memory_limit_mb"], stdio=(stdin_read, stdout_write))
    deadline = channel.deadline or 0.0
    try:
        output = None
        problem = None
        try:
            channel.send(work)
            output = _exchange(stdin_write, stdout_read, case["stdin"].encode(), deadline)
        except TimeoutError:
            problem = ("time_limit", f"no end within {limit:g} s")
        except OutputLimit:
            problem = ("output_limit", f"more than {MAX_OUTPUT} bytes")
        except ChannelClosed:
            output = b""
        death = zygote.finish(wait_until=None if problem else deadline)
    finally:
        _close(channel, stdin_write, stdout_read)
    if problem:
        return problem
    if not death.clean:
        return death.verdict(spec)
    text = (output or b"").decode(errors="replace")
    same = outputs_agree(text, case["stdout"], spec["checker"])
    return ("passed", None) if same else ("failed", f"printed {text[:80]!r}, expected {case['stdout'][:80]!r}")


def _close(channel: Channel, *fds: int) -> None:
    channel.close()
    for fd in fds:
        try:
            os.close(fd)
        except OSError as error:
            if error.errno != 9:  # EBADF: the exchange closed it already
                raise


def _exchange(stdin: int, stdout: int, given: bytes, deadline: float) -> bytes:
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
        events = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not events:
            raise TimeoutError
        for fd, _ in events:
            if fd == stdout:
                chunk = os.read(stdout, 1 << 16)
                if not chunk:
                    return b"".join(printed)
                printed.append(chunk)
                size += len(chunk)
                if size > MAX_OUTPUT:
                    raise OutputLimit
            elif writing:
                try:
                    rest = rest[os.write(stdin, rest[: 1 << 16]) :]
                except BrokenPipeError:
                    rest = rest[:0]


def outputs_agree(printed: str, expected: str, checker: Any) -> bool:
    """`tokens`: same words; `exact`: same text but for line ends at the very end; float: numbers within tolerance."""
    if checker == "exact":
        return printed.rstrip("\n") == expected.rstrip("\n")
    left, right = printed.split(), expected.split()
    if checker == "tokens":
        return left == right
    tolerance = checker["float"]
    return len(left) == len(right) and all(_close_enough(a, b, tolerance) for a, b in zip(left, right, strict=True))


def _close_enough(printed: str, expected: str, tolerance: float) -> bool:
    try:
        return math.isclose(float(printed), float(expected), rel_tol=tolerance, abs_tol=tolerance)
    except ValueError:
        return printed == expected
