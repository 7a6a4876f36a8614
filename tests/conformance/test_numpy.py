"""Arrays cross as data where the sandbox's Python has numpy (the image of CI has, other Pythons may not)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

HONEST = {
    "an array back": ("assert np.allclose(f(np.array([1.0, 2.0])), [2.0, 4.0])", "def f(a): return a * 2"),
    "its shape and dtype": (
        "r = f(2)\nassert type(r) is np.ndarray and r.shape == (2, 2) and r.dtype == np.int32 and r.tolist() == [[0, 1], [2, 3]]",
        "def f(n): return np.arange(4, dtype=np.int32).reshape(n, n)",
    ),
    "changed in place": ("a = np.zeros((2, 3))\nassert f(a) is None and a.sum() == 6", "def f(a): a[...] = 1"),
    "kept and changed later": (
        "a = np.zeros(2)\nkeep(a)\na[0] = 5\nassert total() == 5",
        "held = []\ndef keep(a): held.append(a)\ndef total(): return held[0].sum()",
    ),
    "not contiguous": ("assert (f(np.arange(6).reshape(2, 3)) == [[0, 3], [1, 4], [2, 5]]).all()", "def f(a): return a.T"),
    "numbers": (
        "assert f(np.int64(3)) == 4 and isinstance(f(3), np.integer) and f(np.float32(1)) == 2",
        "def f(x): return np.int64(x) + 1",
    ),
    "float64 is a float": ("assert f([1, 2]) == 1.5 and isinstance(f([1, 2]), float)", "def f(x): return np.mean(x)"),
    "bool": ("assert f(3) and not f(-3)", "def f(x): return np.int64(x) > 0"),
    "complex, bool, text and dates": (
        "for x in (1j, True, 'ab', np.datetime64('2024-02-29'), b'x'):\n    a = np.array([x])\n"
        "    assert f(a).dtype == a.dtype and (f(a) == a).all()",
        "def f(a): return a.copy()",
    ),
    "in containers": (
        "assert [x.tolist() for x in f()['a']] == [[1], [2]]", "def f(): return {'a': (np.array([1]), np.array([2]))}"
    ),
    "nan": ("assert np.isnan(f()).tolist() == [True, False]", "def f(): return np.array([np.nan, 1])"),
    "an empty argument": ("assert f(np.array([])) == 0", "def f(a): return len(a)"),
    "a matrix product": ("assert f(np.eye(200)).trace() == 200", "def f(a): return a @ a"),
}  # fmt: skip
CHEATS = {
    "nothing compares true": ("assert np.allclose(f(1), [1.0, 2.0])", "def f(x): return np.empty((0, 2))"),
    "nothing is not unequal": ("assert not (f(1) != 2)", "def f(x): return np.array([])"),
    "all of nothing": ("assert (f(1) == 2).all()", "def f(x): return np.array([])"),
    "an array that is always equal": (
        "assert (f(1) == 2).all()",
        "class A(np.ndarray):\n    def __eq__(self, o): return np.array([True])\ndef f(x): return np.zeros(1).view(A)",
    ),
    "a number that is always equal": (
        "assert f(1) == 2.0", "class A(np.float64):\n    def __eq__(self, o): return True\ndef f(x): return A(9)"
    ),
    "patched allclose": ("assert np.allclose(f(1), 2)", "np.allclose = lambda *a, **k: True\ndef f(x): return 0"),
    "an array of liars": (
        "assert (f(1) == 2).all()",
        "class E:\n    def __eq__(self, o): return True\ndef f(x): return np.array([E()], dtype=object)",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=1) as grader:
        if graded(grader, "assert f() == 1", "import numpy\ndef f(): return 1").verdict != "passed":
            pytest.skip("the Python of this sandbox has no numpy")
        yield grader


def graded(grader: Grader, test: str, answer: str) -> Grade:
    spec = {"source": "unit_tests", "style": "asserts", "tests": [test], "time_limit_s": 10, "memory_limit_mb": 1024}
    task = Task.model_validate({"id": "t", "prompt": "", "rewards": [spec]})
    return grader.grade([task], [answer])[0]


@pytest.mark.parametrize("case", HONEST)
def test_honest_arrays_pass(grader: Grader, case: str) -> None:
    test, answer = HONEST[case]
    grade = graded(grader, f"import numpy as np\n{test}", f"import numpy as np\n{answer}")
    assert grade.verdict == "passed", grade.detail


@pytest.mark.parametrize("case", CHEATS)
def test_arrays_that_cheat_earn_nothing(grader: Grader, case: str) -> None:
    test, answer = CHEATS[case]
    assert graded(grader, f"import numpy as np\n{test}", f"import numpy as np\n{answer}").reward == 0.0
