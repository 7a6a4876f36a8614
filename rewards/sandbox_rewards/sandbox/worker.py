"""One worker: a box with a judge in it, reached over a pair of byte streams."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import importlib.resources
import importlib.util
import os
import re
import select
import subprocess
import time
from pathlib import Path
from typing import Any, Protocol

from sandbox_rewards.sandbox.runner.cell.clock import MOST, Crowd
from sandbox_rewards.sandbox.runner.cell.leftovers import remove_tree
from sandbox_rewards.sandbox.runner.wire.channel import Channel, ChannelClosed, DeadlinePassed, Malformed

BOOTSTRAP = """
import importlib.machinery, json, os, sys
def read(n):
    data = b""
    while len(data) < n:
        more = os.read(0, n - len(data))
        if not more: sys.exit(1)
        data += more
    return data
message = json.loads(read(int.from_bytes(read(4), "big")))
sources = message["sources"]
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in sources:
            return importlib.machinery.ModuleSpec(name, self, is_package=any(n.startswith(name + ".") for n in sources))
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(sources[module.__name__], module.__name__, "exec"), module.__dict__)
sys.meta_path.insert(0, Finder())
for folder in (
    "{prefix}/lib/python{v}/site-packages", "/usr/local/lib/python{v}/dist-packages", "/usr/lib/python3/dist-packages",
):
    folder = folder.format(prefix=sys.prefix, v="%d.%d" % sys.version_info[:2])
    if os.path.isdir(folder): sys.path.append(folder)
from runner.main import main
main(message["settings"])
"""
"""What the box's Python is started with: it takes the runner as text from its standard input, so that any image
with a Python will do and nothing has to be mounted or copied. It runs without `site` (-S): no .pth file is obeyed, and
nothing that a solution does not need is imported before the fork; installed packages are found all the same."""

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""All that code in a box sees of an environment. A fixed hash seed keeps verdicts the same from worker to worker, and a
numeric library with one thread for each core would meet its limits on a large machine."""

START_S = 60.0
MARGIN_S = 5.0
"""Seconds beyond its limits after which a silent box counts as lost."""
CLOSE_S = 1.0
"""Seconds that a box's steward gets to end it."""
KEPT_STDERR = 1 << 16
"""Bytes of a box's standard error after which what came before is dropped."""


class WorkerLost(Exception):
    """The box ended, fell silent or could not be started: our fault."""


class BoxDied(WorkerLost):
    """The box ended or fell silent over a job: our fault, unless it does so on this answer and on none of our own."""


class MachineBusy(WorkerLost):
    """The machine was too busy to tell whether an answer keeps its limits. The worker is sound.

    `slowdown`: how many times its limit a run took without a decision.
    """

    def __init__(self, said: str, slowdown: float) -> None:
        super().__init__(said)
        self.slowdown = slowdown


def runner_sources() -> dict[str, str]:
    """Text of each module of the runner, by its name inside the box."""
    folder = Path(str(importlib.resources.files("sandbox_rewards.sandbox.runner")))
    names = {file: file.relative_to(folder.parent).with_suffix("").parts for file in sorted(folder.rglob("*.py"))}
    return {".".join(parts).removesuffix(".__init__"): file.read_text(encoding="utf-8") for file, parts in names.items()}


@functools.cache
def pytest_libraries() -> dict[str, Any]:
    """Text of pytest and of all that it imports: `sources` by module name, and which of them are `packages`."""
    sources: dict[str, str] = {}
    packages: list[str] = []
    for top in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        root = Path(str(importlib.resources.files(top)))
        for file in sorted(root.rglob("*.py")):
            parts = (top, *file.relative_to(root).with_suffix("").parts)
            name = ".".join(parts).removesuffix(".__init__")
            if top == "pygments" and not _PYGMENTS.fullmatch(name):
                continue
            sources[name] = file.read_text(encoding="utf-8")
            packages += [name] if parts[-1] == "__init__" else []
    if (shim := importlib.util.find_spec("py")) and shim.origin:  # a module of pytest's beside its packages
        sources["py"] = Path(shim.origin).read_text(encoding="utf-8")
    return {"sources": sources, "packages": packages}


_PYGMENTS = re.compile(r"pygments(\.\w+|\.\w+\._mapping|\.formatters\.terminal|\.lexers\.(diff|python)|\.styles\.default)?")
"""Of several hundred lexers and styles only those that pytest names."""


class Connection(Protocol):
    """Byte streams to a started box."""

    channel: Channel

    def close(self) -> str:
        """End the box and give what it wrote to standard error."""
        ...

    def kill(self) -> None:
        """End the box from another thread than the one that uses it, which then finds it ended."""
        ...

    def tidy(self) -> None:
        """Drop old text of its standard error, so that a box can be kept for ever."""
        ...


class ProcessConnection:
    """A box that is a child process of ours; `home`, a folder made for the box, goes with it."""

    def __init__(self, command: list[str], home: str | None) -> None:
        self._home = home
        self._stderr = os.memfd_create("stderr")  # in memory: a full disk must not keep a box from starting
        fcntl.fcntl(self._stderr, fcntl.F_SETFL, os.O_APPEND)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, env=ENVIRONMENT, cwd="/",
                start_new_session=True,  # Ctrl-C is for us to handle, not for the box
            )  # fmt: skip
        except BaseException:
            os.close(self._stderr)
            raise
        assert self._process.stdin
        assert self._process.stdout
        self.channel = Channel(self._process.stdout.fileno(), self._process.stdin.fileno())

    def kill(self) -> None:
        self._process.terminate()  # its steward ends all others first

    def tidy(self) -> None:
        if os.fstat(self._stderr).st_size > KEPT_STDERR:
            os.ftruncate(self._stderr, 0)

    def close(self) -> str:
        """Hang up, at which the box's steward ends it; one that lingers is killed, and its namespaces with it."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        text = os.pread(self._stderr, 4 * KEPT_STDERR, 0).decode(errors="replace")
        os.close(self._stderr)
        if self._home:
            remove_tree(self._home)
        return text


class Worker:
    """A connected judge: `run` gives a verdict for a job or raises `WorkerLost`."""

    def __init__(self, connection: Connection, settings: dict[str, Any]) -> None:
        self._connection = connection
        self._has_pytest = False
        self._jobs = 0
        self._closed: str | None = None
        self._channel = connection.channel
        self._exchange({"sources": runner_sources(), "settings": settings}, START_S)

    def run(self, job: dict[str, Any], limits_s: float) -> dict[str, Any]:
        """Outcome of one job. A box is given up when it is silent for longer than `limits_s`, the limits of all its runs, and a
        margin; on a busy machine for as much longer as a run may then take. Raises `BoxDied`, `MachineBusy` and `WorkerLost`.
        """
        self._jobs += 1
        job = {**job, "job": self._jobs}
        if job["spec"]["style"] == "pytest" and not self._has_pytest:
            job, self._has_pytest = {**job, "libraries": pytest_libraries()}, True
            limits_s += START_S
        started = time.monotonic()
        outcome = self._exchange(job, limits_s)
        if "undecided" in outcome:
            raise MachineBusy(str(outcome["undecided"]), float(outcome["slowdown"]))
        if outcome.get("box_ended"):  # said in the judge's place by one who knows neither the time nor the job's number
            outcome["seconds"] = round(time.monotonic() - started, 6)
        elif outcome.get("job") != self._jobs:
            self.close()
            raise WorkerLost(f"the box answered job {outcome.get('job')} when asked for job {self._jobs}")
        if "fault" in outcome:
            raise WorkerLost(f"{outcome['fault']}: {_last_line(self.close())}")
        if "verdict" not in outcome:
            self.close()
            raise WorkerLost("the box answered something else than a verdict")
        self._connection.tidy()
        return outcome

    def kill(self) -> None:
        """End the box from another thread; `run`, wherever it is, then raises `WorkerLost`."""
        self._connection.kill()

    def close(self) -> str:
        """End the box and give what it wrote to standard error; the same again when it was closed before."""
        if self._closed is None:
            self._closed = self._connection.close()
        return self._closed

    def _exchange(self, message: dict[str, Any], limits_s: float) -> dict[str, Any]:
        started = time.monotonic()
        self._channel.deadline = started + MOST * limits_s + MARGIN_S
        try:
            self._channel.send(message)
            self._await_reply(limits_s)
            answer = self._channel.receive()
        except DeadlinePassed:
            self.close()
            raise BoxDied(f"the box was silent for {time.monotonic() - started:.0f} s") from None
        except (ChannelClosed, Malformed, OSError) as error:
            raise BoxDied(f"the box ended ({str(error) or 'without an answer'}): {_last_line(self.close())}") from None
        if not isinstance(answer, dict):
            self.close()
            raise WorkerLost("the box answered something else than an object")
        return answer

    def _await_reply(self, limits_s: float) -> None:
        """Return when the box says something; raises `DeadlinePassed`."""
        crowd, started = Crowd(), time.monotonic()
        poll = select.poll()
        poll.register(self._channel.read_fd, select.POLLIN)
        while not poll.poll(1000):
            crowd.look()
            if time.monotonic() > started + crowd.patience * limits_s + MARGIN_S:
                raise DeadlinePassed


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it left no message"
