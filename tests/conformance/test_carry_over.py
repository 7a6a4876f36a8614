"""Nothing that one solution leaves is seen by the next, nor by one that runs at the same time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

TASK = Task.model_validate({
    "id": "t", "prompt": "",
    "rewards": [
        {
            "source": "unit_tests", "extraction": "raw", "style": "asserts", "tests": ["assert f() == 'nothing'"],
            "time_limit_s": 5,
        },
    ],
})  # fmt: skip

KEYS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
KEYCTL, ADD_KEY, REQUEST = (250, 248, 249) if __import__("os").uname().machine == "x86_64" else (219, 217, 218)
"""

PLACES = {
    "a file in /tmp": ("open('/tmp/planted', 'w').write('x')", "os.path.exists('/tmp/planted')"),
    "a file in the temporary folder": (
        "open(tempfile.gettempdir() + '/planted', 'w').write('x')", "os.path.exists(tempfile.gettempdir() + '/planted')"
    ),
    "a file in the home folder": (
        "open(os.path.expanduser('~/planted'), 'w').write('x')", "os.path.exists(os.path.expanduser('~/planted'))"
    ),
    "a file in /dev/shm": ("open('/dev/shm/planted', 'w').write('x')", "os.path.exists('/dev/shm/planted')"),
    "a file in /var/tmp": ("open('/var/tmp/planted', 'w').write('x')", "os.path.exists('/var/tmp/planted')"),
    "a file in /dev/mqueue": ("open('/dev/mqueue/planted', 'w').close()", "os.path.exists('/dev/mqueue/planted')"),
    "shared memory": (
        "from multiprocessing import shared_memory as m; m.SharedMemory('planted', create=True, size=8)",
        "bool(__import__('multiprocessing.shared_memory').shared_memory.SharedMemory('planted'))",
    ),
    "SysV shared memory": (
        "assert ctypes.CDLL(None).shmget(4711, 4096, 0o1666) >= 0", "ctypes.CDLL(None).shmget(4711, 4096, 0) >= 0"
    ),
    "a SysV message queue": (
        "assert ctypes.CDLL(None).msgget(4711, 0o1666) >= 0", "ctypes.CDLL(None).msgget(4711, 0) >= 0"
    ),
    "a SysV semaphore": (
        "assert ctypes.CDLL(None).semget(4711, 1, 0o1666) >= 0", "ctypes.CDLL(None).semget(4711, 1, 0) >= 0"
    ),
    "a POSIX message queue": (
        "assert ctypes.CDLL(None).mq_open(b'/planted', 0o102, 0o666, None) >= 0",
        "ctypes.CDLL(None).mq_open(b'/planted', 0) >= 0",
    ),
    "a key in the user's keyring": (
        "assert libc.syscall(ADD_KEY, b'user', b'planted', b'x', 1, -4) > 0",
        "libc.syscall(KEYCTL, 10, -4, b'user', b'planted', 0) > 0",
    ),
    "a key in the session's keyring": (
        "assert libc.syscall(ADD_KEY, b'user', b'planted', b'x', 1, -3) > 0",
        "libc.syscall(REQUEST, b'user', b'planted', None, 0) > 0",
    ),
    "an abstract socket": (
        "s = socket.socket(socket.AF_UNIX); s.bind(chr(0) + 'planted'); s.listen(); threading.Thread(target=s.accept).start()",
        "socket.socket(socket.AF_UNIX).connect(chr(0) + 'planted') is None",
    ),
    "a local port": (
        "s = socket.socket(); s.bind(('127.0.0.1', 4711)); s.listen()", "socket.socket().connect(('127.0.0.1', 4711)) is None"
    ),
    "a lock on a file that all can read": (
        "h = open('/dev/null'); fcntl.flock(h, fcntl.LOCK_EX)",
        "fcntl.flock(open('/dev/null'), fcntl.LOCK_EX | fcntl.LOCK_NB) is not None",
    ),
    "the environment": ("os.environ['PLANTED'] = 'x'", "'PLANTED' in os.environ"),
    "a module": ("sys.modules['planted'] = sys", "'planted' in sys.modules"),
    "a builtin": ("builtins.planted = 1", "hasattr(builtins, 'planted')"),
    "usercustomize in site-packages": (
        "[open(p + '/usercustomize.py', 'w').write('') for p in sys.path if os.path.isdir(p)]",
        "any(os.path.exists(p + '/usercustomize.py') for p in sys.path)",
    ),
    "a .pth file": (
        "[open(p + '/planted.pth', 'w').write('import os') for p in sys.path if os.path.isdir(p)]",
        "any(os.path.exists(p + '/planted.pth') for p in sys.path)",
    ),
    "conftest.py where it stands": ("open('conftest.py', 'w').write('')", "os.path.exists('conftest.py')"),
    "a process": (
        "os.fork() or (os.setsid(), __import__('time').sleep(60), os._exit(0))",
        "len([p for p in os.listdir('/proc') if p.isdigit()]) > 1",
    ),
    "the nice value": ("os.nice(19)", f"os.nice(0) > {os.nice(0)}"),
}  # fmt: skip
"""What one solution tries to leave, and how the next would see it."""

HEAD = KEYS + "import builtins, ctypes, fcntl, os, socket, sys, tempfile, threading\n"


def planting(statement: str) -> str:
    return f"{HEAD}try:\n    {statement}\nexcept (OSError, AssertionError, FileNotFoundError): pass\ndef f(): return 'nothing'\n"


def looking(expression: str) -> str:
    return f"{HEAD}def f():\n    try: return 'found' if {expression} else 'nothing'\n    except OSError: return 'nothing'\n"


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=1) as grader:
        yield grader


def test_nothing_is_there_for_the_next(grader: Grader) -> None:
    answers = [code for plant, look in PLACES.values() for code in (planting(plant), looking(look))]
    grades = grader.grade([TASK] * len(answers), answers)
    wrong = [(list(PLACES)[i // 2], g.verdict, g.detail) for i, g in enumerate(grades) if g.verdict != "passed"]
    assert not wrong


TOUCHES = """
import ctypes, os
def touched():
    for act in (
        lambda: os.chmod(PATH, 0o777), lambda: os.utime(PATH, (1, 1)), lambda: os.truncate(PATH, 0),
        lambda: os.open(PATH, os.O_RDONLY | os.O_TRUNC), lambda: os.setxattr(PATH, "user.planted", b"x"),
        lambda: os.fchmod(os.open(PATH, os.O_RDONLY), 0o777), lambda: os.chown(PATH, os.getuid(), os.getgid()),
        lambda: os.rename(PATH, PATH + "2"), lambda: os.link(PATH, PATH + "2"), lambda: os.unlink(PATH),
        lambda: open(PATH + "2", "w"),
    ):
        try: act()
        except OSError: pass
    return "nothing"
def f(): return touched()
"""
"""What its owner may do to a file, by its path."""


def test_files_of_the_host_stay_as_they_are(grader: Grader, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("kept")
    file.chmod(0o640)
    before = os.stat(file)
    grade = grader.grade([TASK], [f"PATH = {str(file)!r}\n{TOUCHES}"])[0]
    after = os.stat(file)
    assert grade.verdict == "passed"
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns) == (before.st_mode, before.st_mtime_ns, before.st_ctime_ns)
    assert (file.read_text(), os.listxattr(file), os.listdir(tmp_path)) == ("kept", [], ["kept"])


def test_nothing_is_there_for_one_that_runs_meanwhile(backend: str) -> None:
    with Grader(backend, workers=2) as both:
        for what, (plant, look) in PLACES.items():
            stays = planting(plant).replace("return 'nothing'", "__import__('time').sleep(0.3); return 'nothing'")
            waits = looking(look).replace("    try:", "    __import__('time').sleep(0.15)\n    try:")
            grades = both.grade([TASK] * 2, [stays, waits])
            assert [g.verdict for g in grades] == ["passed"] * 2, (what, grades)
