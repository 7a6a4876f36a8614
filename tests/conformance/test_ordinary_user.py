"""The same box as an ordinary user, as in an unprivileged pod: with user namespaces, and with none of them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox_rewards.sandbox.backends import box_settings
from sandbox_rewards.sandbox.worker import BOOTSTRAP, ProcessConnection, Worker, WorkerLost

PYTHON = "/usr/bin/python3"
NOBODY = 65534

SPEC: dict[str, Any] = {
    "style": "asserts", "tests": ["assert f(1) == 2"], "cases": [], "setup": "", "prelude": "", "entry_point": "f",
    "checker": "tokens", "time_limit_s": 2, "memory_limit_mb": 512,
}  # fmt: skip


KILL_ALL = """
import os
for pid in set(range(2, 40000)) - {os.getpid()}:
    try: os.kill(pid, 9)
    except OSError: pass
def f(x): return 3
"""


def open_worker(level: str) -> Worker:
    home = tempfile.mkdtemp(prefix="sandbox-rl-")
    os.chown(home, NOBODY, NOBODY)
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PYTHON, "-I", "-S", "-B", "-c", BOOTSTRAP]
    settings = box_settings(level, 0, home)
    settings["readable"] = [path for path in settings["readable"] if not path.startswith("/root")]  # not this user's to read
    return Worker(ProcessConnection(command, home), settings)


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    if os.geteuid() != 0 or not shutil.which("setpriv") or not os.path.exists(PYTHON):
        pytest.skip("becoming another user needs root, setpriv and a Python that all may run")
    try:
        worker = open_worker(request.param)
    except WorkerLost as error:
        pytest.skip(f"this kernel grants an ordinary user no {request.param}: {error}")
    yield worker
    worker.close()


def verdict(worker: Worker, code: str) -> str:
    return str(worker.run({"spec": SPEC, "code": code}, 10)["verdict"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x): return x + 1", "passed"),
        ("def f(x): return x", "failed"),
        ("import os\ndef f(x): os._exit(0)", "runtime_error"),
        ("def f(x):\n    while True: pass", "time_limit"),
        ("def f(x): return [0] * 10**10", "memory_limit"),
        # the judge is out of reach: no signal, no memory, no file of it
        ("import os\ndef f(x):\n    try: os.kill(os.getppid() or 1, 9)\n    except OSError: pass\n    return 2", "passed"),
        (KILL_ALL, "failed"),
        ("def f(x): return open('/etc/shadow').read()", "runtime_error"),
        ("import socket\ndef f(x): return socket.create_connection(('127.0.0.1', 22), 1)", "runtime_error"),
    ],
)
def test_verdicts(worker: Worker, code: str, expected: str) -> None:
    assert verdict(worker, code) == expected
    assert verdict(worker, "def f(x): return x + 1") == "passed"  # and the box lives on
