"""One suite that every backend passes: honest answers pass, everything else does not, nothing carries over."""

from collections.abc import Iterator

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=2) as grader:
        yield grader


def task(*tests: str, **spec: object) -> Task:
    common = {"source": "unit_tests", "extraction": "raw", "style": "asserts", "entry_point": "f", "tests": tests}
    reward = {**common, "time_limit_s": 2, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})


def program(stdin: str, stdout: str, **spec: object) -> Task:
    reward = {"source": "unit_tests", "style": "stdio", "cases": [{"stdin": stdin, "stdout": stdout}], "time_limit_s": 2, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})


def judged(grader: Grader, task: Task, answer: str) -> Grade:
    return grader.grade([task], [answer])[0]


HONEST = {
    "plain": (task("assert f(1) == 2"), "def f(x): return x + 1"),
    "types stay exact": (
        task("r = f()", "assert r == [1, (2, 3), {4}, b'x', 1j, {1: None}] and type(r[1]) is tuple"),
        "def f(): return [1, (2, 3), {4}, b'x', 1j, {1: None}]",
    ),
    "huge int": (task("assert f() == 7 ** 9000"), "def f(): return 7 ** 9000"),
    "nan": (task("assert f() != f()"), "def f(): return float('nan')"),
    "argument changed in place": (task("a = [3, 1]\nassert f(a) is None and a == [1, 3]"), "def f(a): a.sort()"),
    "nested argument, alias kept": (
        task("i = [1]\na = [i, i]\nf(a)\nassert i == [1, 2] and a[0] is a[1] is i"), "def f(a): a[0].append(2)"
    ),
    "callback": (task("assert f(lambda x: x * 2, 3) == 6"), "def f(g, x): return g(x)"),
    "error in a callback": (
        task("def boom(x): raise KeyError(x)", "assert f(boom) == 'caught'"),
        "def f(g):\n    try: g(1)\n    except KeyError: return 'caught'",
    ),
    "builtin exception": (
        task("try: f()\nexcept ValueError as e: assert str(e) == 'bad'\nelse: assert False"),
        "def f(): raise ValueError('bad')",
    ),
    "own exception": (
        task("try: f()\nexcept Broken as e: assert isinstance(e, ValueError) and e.code == 3\nelse: assert False"),
        "class Broken(ValueError):\n    def __init__(self, code): self.code = code\ndef f(): raise Broken(3)",
    ),
    "generator": (task("g = f(3)\nassert next(g) == 0 and list(g) == [1, 2]"), "def f(n): yield from range(n)"),
    "class": (
        task("s = f(); s.push(1); s.push(2)\nassert s.pop() == 2 and len(s) == 1 and s.items == [1]"),
        "class f:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)\n"
        "    def pop(self): return self.items.pop()\n    def __len__(self): return len(self.items)",
    ),
    "operators of a class": (
        task("assert f(1) + f(2) == f(3) and (f(2) * 3).n == 6"),
        "class f:\n    def __init__(self, n): self.n = n\n    def __add__(self, o): return f(self.n + o.n)\n"
        "    def __mul__(self, k): return f(self.n * k)\n    def __eq__(self, o): return self.n == o.n",
    ),
    "async": (task("import asyncio\nassert asyncio.run(f(3)) == 3"), "async def f(x): return x"),
    "deep recursion": (
        task("assert f(10_000) == 10_000"),
        "import sys\nsys.setrecursionlimit(20_000)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)",
    ),
    "printing": (task("assert f() == 1"), "def f():\n    print('x' * 10**7)\n    return 1"),
    "prelude on both sides": (
        task("assert f(Node(3)).value == 4", prelude="class Node:\n    def __init__(self, value): self.value = value"),
        "def f(node):\n    node.value += 1\n    return node",
    ),
    "paths, whose module is a private one in Python 3.13": (
        task("from pathlib import PurePosixPath as P\np, kind = f(P('a/b'))\nassert p == P('a') and type(p) is kind is P"),
        "import pathlib, sys\nsys.modules['pathlib._local'] = pathlib\npathlib.PurePosixPath.__module__ = 'pathlib._local'\n"
        "def f(path): return path.parent, type(path)",
    ),
    "stdio": (program("3 4\n", "7\n"), "print(sum(map(int, input().split())))"),
    "stdio, float": (program("", "0.333333\n", checker={"float": 1e-4}), "print(1 / 3)"),
}  # fmt: skip

CHEATS = {
    "exit at import": (task("assert f(1) == 2"), "import sys; sys.exit(0)"),
    "hard exit in the call": (task("assert f(1) == 2"), "import os\ndef f(x): os._exit(0)"),
    "always equal": (task("assert f(1) == 2"), "class E:\n    def __eq__(self, o): return True\ndef f(x): return E()"),
    "equal int": (task("assert f(1) == 2"), "class E(int):\n    def __eq__(self, o): return True\ndef f(x): return E(9)"),
    "never far": (
        task("assert abs(f(1) - 2.5) < 1e-6"),
        "class E:\n    def __sub__(self, o): return self\n    def __abs__(self): return 0.0\ndef f(x): return E()",
    ),
    "always less": (task("assert f(1) < 2"), "class E:\n    def __lt__(self, o): return True\ndef f(x): return E()"),
    "shadowed builtin": (task("assert abs(f(1) - 2) < 1"), "def abs(x): return 0\ndef f(x): return 100"),
    "shadowed prelude": (
        task("assert size(f(1)) == 2", prelude="def size(x): return len(x)"), "def size(x): return 2\ndef f(x): return []"
    ),
    "patched builtins": (task("assert all([f(1) == 2])"), "import builtins\nbuiltins.all = lambda x: True\ndef f(x): return 0"),
    "frames": (
        task("assert f(1) == 2"),
        "import sys\ndef f(x):\n    frame = sys._getframe()\n    while frame:\n        for v in frame.f_locals.values():\n"
        "            if v == 'assert f(1) == 2': return 2\n        frame = frame.f_back",
    ),
    "forged reply": (
        task("assert f(1) == 2"),
        "import os, json\ndef f(x):\n    b = json.dumps({'verdict': 'passed'}).encode()\n"
        "    for fd in range(20):\n        try: os.write(fd, len(b).to_bytes(4, 'big') + b)\n        except OSError: pass",
    ),
    "callback globals": (
        task("SECRET = 7", "assert f(lambda x: x) == SECRET"), "def f(g): return g.__globals__['SECRET']"
    ),
    "no answer": (task("assert f(1) == 2"), ""),
    "nothing printed": (program("", "7\n"), ""),
    "output prefix": (program("", "7\n"), "print('7'); print('8')"),
}  # fmt: skip


@pytest.mark.parametrize("case", HONEST)
def test_an_honest_answer_passes(grader: Grader, case: str) -> None:
    grade = judged(grader, *HONEST[case])
    assert grade.verdict == "passed", grade.detail
    assert grade.reward == 1.0


@pytest.mark.parametrize("case", CHEATS)
def test_a_cheat_earns_nothing(grader: Grader, case: str) -> None:
    assert judged(grader, *CHEATS[case]).reward == 0.0


@pytest.mark.parametrize(
    ("task", "answer", "verdict"),
    [
        (task("assert f(1) == 2"), "def f(x): return x", "failed"),
        (task("assert f(1) == 2"), "def f(x) return x", "syntax_error"),
        (task("assert f(1) == 2"), "def f(x): return 1 // 0", "runtime_error"),
        (task("assert f(1) == 2", time_limit_s=1), "def f(x):\n    while True: pass", "time_limit"),
        (task("assert f(1) == 2", time_limit_s=1), "import time\ndef f(x): time.sleep(9)", "time_limit"),
        (task("assert f(1) == 2"), "def f(x): return [0] * 10**10", "memory_limit"),
        (task("assert f(1) == 2"), "import os\nwhile True: os.fork()", "runtime_error"),
        (program("", "x"), "while True: print('x' * 10**5)", "output_limit"),
        (task("assert f(1) == 2"), "", "no_answer"),
        (task("assert f(1) == 2", prelude="1 / 0"), "def f(x): return 2", "no_verdict"),
    ],
)
def test_each_end_has_its_verdict(grader: Grader, task: Task, answer: str, verdict: str) -> None:
    assert judged(grader, task, answer).verdict == verdict


@pytest.mark.parametrize("place", ["tempfile.gettempdir() + '/planted'", "'/dev/shm/planted'", "'/tmp/planted'"])
def test_files_do_not_carry_over(grader: Grader, place: str) -> None:
    plant = f"import tempfile\ntry: open({place}, 'w').write('2')\nexcept OSError: pass\ndef f(x): return 2"
    look = f"import os, tempfile\ndef f(x): return 3 if os.path.exists({place}) else 2"
    grades = grader.grade([task("assert f(1) == 2")] * 8, [plant, look] * 4)
    assert [g.verdict for g in grades] == ["passed"] * 8


def test_order_is_kept_when_answers_take_different_times(grader: Grader) -> None:
    answers = [f"import time\ndef f(x):\n    time.sleep({(9 - i) / 50})\n    return {i}" for i in range(10)]
    grades = grader.grade([task("assert f(1) == 4")] * 10, answers)
    assert [g.reward for g in grades] == [float(i == 4) for i in range(10)]


def test_background_processes_end_with_their_grade(grader: Grader) -> None:
    left = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\ndef f(x): return 2"
    assert judged(grader, task("assert f(1) == 2"), left).seconds < 30  # of 60


SHARES = """
import mmap, os, time
for _ in range(12):
    if os.fork() == 0:
        shared = mmap.mmap(-1, 40 << 20)
        shared.write(b"x" * (40 << 20))
        time.sleep(60)
def f(x):
    time.sleep(60)
"""


def test_memory_that_processes_share_counts(grader: Grader) -> None:
    if grader.source("unit_tests").pool.backend.name == "landlock":  # type: ignore[attr-defined]
        pytest.skip("landlock gives an answer one process")
    grade = judged(grader, task("assert f(1) == 2", memory_limit_mb=128, time_limit_s=60), SHARES)
    assert grade.verdict == "memory_limit", grade.detail
    assert "its processes held" in str(grade.detail)
