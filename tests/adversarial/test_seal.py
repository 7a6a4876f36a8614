"""What broke the seal once, and its kinds: each attack earns nothing, and each honest answer beside it still passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=1) as grader:
        yield grader


class Attack(NamedTuple):
    """Tests, an answer that once earned their reward, and one that deserves it."""

    tests: tuple[str, ...]
    cheat: str
    honest: str
    spec: dict[str, Any] = {}  # noqa: RUF012


def task(attack: Attack, seal: str) -> Task:
    spec = {"style": "asserts", "time_limit_s": 5, "seal": seal, "tests": attack.tests, **attack.spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [{"source": "unit_tests", "extraction": "raw", **spec}]})


def judged(grader: Grader, attack: Attack, answer: str, seal: str = "objects") -> Grade:
    return grader.grade([task(attack, seal)], [answer])[0]


LIAR = "class E:\n    {}\ndef f(*a): return E()"
NUMPY = "import numpy as np\nassert np.allclose(f(1), 2.0)"
STACK = "class Stack:\n    class Empty(Exception): pass\n    def pop(self): raise self.Empty()"
POPS = "s = Stack()\ntry:\n    s.pop()\n    assert False\nexcept Stack.Empty: pass\nelse: assert False"
MODULE = {"style": "pytest"}
ATTACKS = {
    "an array function of its own": Attack(
        (NUMPY,), LIAR.format("__array_function__ = lambda *a: True"), "def f(x): return x * 2",
    ),
    "an array ufunc of its own": Attack(
        ("import numpy as np\nassert np.abs(np.array([2.0]) - f(1)) < 1e-6",),
        LIAR.format("__array_ufunc__ = lambda *a, **k: __import__('types').SimpleNamespace(__lt__=lambda o: True) or 0"),
        "def f(x): return x * 2",
    ),
    "type in a callback": Attack(
        ("assert f(lambda g, *a: g(*a)) == 2",),
        "def f(call): return call(type, 'E', (), {'__eq__': str})()",
        "def f(call): return call(int, '2')",
    ),
    "a length, and nothing to go through": Attack(
        ("r = f(3)\nassert len(r) == 3\nfor a, b in zip(r, [1, 2, 3]): assert a == b",),
        LIAR.format("__len__ = lambda s: 3\n    __iter__ = lambda s: iter(())"),
        "def f(n): return range(1, n + 1)",
    ),
    "a class of errors that is Exception": Attack((POPS,), "class Stack:\n    Empty = Exception\n    def pop(self): pass", STACK),
    "a class of errors in a tuple": Attack(
        (POPS,), "class Stack:\n    Empty = (KeyError, AssertionError)\n    def pop(self): pass", STACK
    ),
    "a class of errors that a call gives": Attack(
        ("try: assert f(1) == 2\nexcept error(): pass",), "def f(x): return 0\ndef error(): return AssertionError",
        "def f(x): return x + 1\nclass error(Exception): pass",
    ),
    "an error that the test raises itself": Attack(
        ("try:\n    if f(1) != 2: raise ValueError('wrong')\nexcept Wrong: pass",),
        "def f(x): return 0\nWrong = ValueError", "def f(x): return x + 1\nclass Wrong(Exception): pass",
    ),
    "a function of a class's name": Attack(
        ("assert abs(Area(3) - 28.27) < 0.01",),
        "class Area:\n    def __init__(self, r): pass\n    def __sub__(self, o): return 0",
        "def Area(r): return 3.14159 * r * r",
    ),
    "a name that the test assigns": Attack(
        ("try: f(-1)\nexcept ValueError: raised = True\nassert raised",), "raised = True\ndef f(x): return 0",
        "def f(x): raise ValueError(x)",
    ),
    "a skip of what is not implemented": Attack(
        ("import pytest\nfrom solution import f\ndef test_f():\n    try: r = f(1)\n    except NotImplementedError: "
         "pytest.skip('not implemented')\n    assert r == 2",),
        "def f(x): raise NotImplementedError", "def f(x): return x + 1", MODULE,
    ),
    "an xfail while it runs": Attack(
        ("import pytest\nfrom solution import f\ndef test_f():\n    if f(1) is None: pytest.xfail('unsupported')\n"
         "    assert f(1) == 2",),
        "def f(x): pass", "def f(x): return x + 1", MODULE,
    ),
    "a block that swallows what comes before the assertion": Attack(
        ("with f() as x:\n    y = g()\n    assert y == 2",),
        "class f:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\ndef g(): raise KeyError",
        "import contextlib\n@contextlib.contextmanager\ndef f(): yield 1\ndef g(): return 2",
    ),
    "StopIteration out of a method": Attack(
        ("s = Box()\nassert list(map(s.get, [1, 2])) == [] or list(map(s.get, [1, 2])) == [1, 2]",),
        "class Box:\n    def get(self, x): raise StopIteration", "class Box:\n    def get(self, x): return x",
    ),
    "annotations that are evaluated": Attack(
        ("import typing\nhints = typing.get_type_hints(f)\nassert f(1) == 2",),
        "def f(x: '__import__(\"builtins\").__dict__.update(raised=1)'): return 2\nf.__annotations__['x'] = '1 / 0'",
        "def f(x: int) -> int: return x + 1",
    ),
    "a partial's arguments": Attack(
        ("import functools\np = functools.partial(lambda a, b: a + b, 41)\nassert f(p) == 42",),
        "def f(p): return p.args[0] + 1", "def f(p): return p(1)",
    ),
    "a mock that is configured": Attack(
        ("from unittest.mock import Mock\nm = Mock(return_value=7)\nassert f(m) == 7\nm.assert_called_once_with(1)",),
        "def f(m):\n    m.assert_called_once_with = lambda *a: None\n    return m.return_value", "def f(m): return m(1)",
    ),
    "a method that is replaced": Attack(
        ("class Log:\n    def __init__(self): self.lines = []\n    def add(self, x): self.lines.append(x)\n"
         "    def ok(self): return self.lines == [1, 2]\nlog = Log()\nf(log)\nassert log.ok()",),
        "def f(log): log.ok = lambda: True", "def f(log):\n    log.add(1)\n    log.add(2)",
    ),
    "a repr that tells": Attack(
        ("import dataclasses\n@dataclasses.dataclass\nclass Case:\n    given: int\n    _wanted: int\ncase = Case(3, 11)\n"
         "assert f(case) == case._wanted",),
        "def f(case): return int(repr(case).rpartition('=')[2].strip(')'))", "def f(case): return case.given + 8",
    ),
    "a method of a shared class that an instance replaces": Attack(
        ("assert f(P(1)).same(P(2))",), "def f(p):\n    p.same = str\n    return p", "def f(p):\n    p.x = 2\n    return p",
        {"prelude": "class B:\n    def same(self, o): return self.x == o.x\n"
                    "class P(B):\n    def __init__(self, x): self.x = x\n"},
    ),
    "a check in a with that swallows": Attack(
        ("def verify(a, b):\n    if a != b: raise ValueError(a)\nwith f(1) as got:\n    verify(got, 2)",),
        "class C:\n    def __enter__(self): return 1\n    def __exit__(self, *a): return True\ndef f(x): return C()",
        "import contextlib\ndef f(x): return contextlib.nullcontext(2)",
    ),
    "an error that the test makes itself, swallowed on purpose": Attack(
        ("def boom(): raise KeyError(1)\ndone = []\nwith ignore(KeyError):\n    boom()\ndone.append(1)\nassert done == [1]",),
        "def ignore(*kinds): return None",
        "import contextlib\n@contextlib.contextmanager\ndef ignore(*kinds):\n    try: yield\n    except kinds: pass",
    ),
    "an error's name that means an exit": Attack(
        ("import sys\ntry:\n    f(-1)\n    sys.exit(1)\nexcept Broke: pass",), "Broke = SystemExit\ndef f(x): return 0",
        "class Broke(Exception): pass\ndef f(x): raise Broke(x)",
    ),
    "no case for a test": Attack(
        ("import pytest\nfrom solution import f, table\n@pytest.mark.parametrize('a, b', table(2))\ndef test_f(a, b): "
         "assert f(a) == b\ndef test_one(): assert f(1) == 2",),
        "def table(n): return []\ndef f(x): return 2",
        "def table(n): return [(i, i + 1) for i in range(n)]\ndef f(x): return x + 1", MODULE,
    ),
    "an assertion of a callback, swallowed": Attack(
        ("seen = []\ndef handler(v):\n    seen.append(1)\n    assert v == 10\nf(handler, 5)\nassert len(seen) == 1",),
        "def f(h, x):\n    try: h(0)\n    except Exception: pass", "def f(h, x): h(2 * x)",
    ),
    "an assertion of a callback, read": Attack(
        ("def handler(v): assert v == 11, 'not eleven'\nf(handler)",),
        "def f(h):\n    try: h(0)\n    except Exception as e:\n        h(11 if 'eleven' in str(e) else 0)", "def f(h): h(11)",
    ),
    "an assertion of a callback of a module's, swallowed": Attack(
        ("from solution import f\ndef test_f():\n    seen = []\n    def handler(v):\n        seen.append(1)\n"
         "        assert v == 10\n    f(handler, 5)\n    assert len(seen) == 1",),
        "def f(h, x):\n    try: h(0)\n    except Exception: pass", "def f(h, x): h(2 * x)", MODULE,
    ),
    "a branch of a callback, swallowed": Attack(
        ("seen = []\ndef handler(v):\n    seen.append(1)\n    if v == 10: pass\n    else: assert False\n"
         "f(handler, 5)\nassert len(seen) == 1",),
        "def f(h, x):\n    try: h(0)\n    except Exception: pass", "def f(h, x): h(2 * x)",
    ),
    "a failure of a callback, swallowed": Attack(
        ("import pytest\nfrom solution import f\ndef test_f():\n    seen = []\n    def handler(v):\n        seen.append(1)\n"
         "        if v != 10: pytest.fail('not ten')\n    f(handler, 5)\n    assert len(seen) == 1",),
        "def f(h, x):\n    try: h(0)\n    except BaseException: pass", "def f(h, x): h(2 * x)", MODULE,
    ),
    "errors' names in a tuple": Attack(
        ("try:\n    f(-1).append(1)\n    assert False\nexcept Broke: pass",),
        "Broke = (AttributeError, OSError)\ndef f(x): return 0",
        "Broke = KeyError\ndef f(x): raise KeyError(x)",
    ),
    "a cancellation that a loop takes for its own": Attack(
        ("import asyncio\nasync def check(i): assert f(i) == i * 2\n"
         "async def main(): await asyncio.wait([asyncio.ensure_future(check(i)) for i in range(3)])\nasyncio.run(main())",),
        "import asyncio\ndef f(i): raise asyncio.CancelledError", "def f(i): return i * 2",
    ),
    "an end of iteration out of a call": Attack(
        ("assert all(map(lambda i: f(i) == i, range(3)))",), "def f(i): raise StopIteration", "def f(i): return i",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing(grader: Grader, name: str) -> None:
    grade = judged(grader, ATTACKS[name], ATTACKS[name].cheat)
    assert (grade.reward, grade.verdict == "no_verdict") == (0.0, False), grade


@pytest.mark.parametrize("name", ATTACKS)
def test_what_it_copies_passes(grader: Grader, name: str) -> None:
    grade = judged(grader, ATTACKS[name], ATTACKS[name].honest)
    assert grade.verdict == "passed", grade.detail


ASKED = (
    "f(1) == 2", "not f(1) != 2", "f(1) < 3", "abs(f(1) - 2) < 1e-6", "len(f(1)) == 2", "list(f(1)) == [2]", "2 in f(1)",
    "bool(f(1))",
    "f(1)", "str(f(1)) == '2'", "f'{f(1)}' == '2'", "hash(f(1)) or True", "f(1)[0] == 2", "f(1).x == 2",
    "f(1)(2) == 2", "{f(1)} == {2}", "sorted([f(1), 2])", "sum([f(1)]) == 2", "[f(1)] == [2]", "next(f(1)) == 2",
)  # fmt: skip
"""Ways to look at what a function gives."""
EVERYTHING = """
def anything(*a, **k): return True
class E:
    def __getattr__(self, name): return anything
for _name in dir(int) + dir(list) + ['__enter__', '__exit__', '__next__', '__float__', '__complex__', '__matmul__', '__call__']:
    if _name not in ('__new__', '__class__', '__init__', '__getattribute__', '__setattr__', '__doc__', '__init_subclass__',
                     '__subclasshook__', '__delattr__', '__getattr__', '__dir__', '__sizeof__', '__hash__', '__getnewargs__'):
        setattr(E, _name, anything)
def f(x): return E()
"""


@pytest.mark.parametrize("asked", ASKED)
def test_whatever_is_asked_of_no_data_fails_the_test_and_says_its_class(grader: Grader, asked: str) -> None:
    """Also where the test catches everything."""
    caught = f"try: ok = {asked}\nexcept BaseException: ok = True\nassert ok"
    for test in (f"assert {asked}", caught):
        grade = judged(grader, Attack((test,), "", ""), EVERYTHING, "data")
        assert (grade.verdict, grade.reward) == ("failed", 0.0), (test, grade)
        assert "'E'" in (grade.detail or ""), grade


PLAIN = {
    "a generator": ("list(f(3)) == [0, 1, 2]", "def f(n): yield from range(n)"),
    "a generator that goes on": ("[next(g) for g in [f()] for _ in 'abc'] == [0, 1, 2]",
                                 "def f():\n    n = 0\n    while True:\n        yield n\n        n += 1"),
    "a map": ("sum(f([1, 2])) == 6", "def f(xs): return map(lambda x: 2 * x, xs)"),
    "views": ("set(f({1: 2})[0]) == {1} and list(f({1: 2})[1]) == [2]", "def f(d): return d.keys(), d.values()"),
    "a generator's error": ("tries(f(3)) == [0, 1, 'ValueError']",
                            "def f(n):\n    yield 0\n    yield 1\n    raise ValueError(n)"),
    "an argument that is an iterator": ("f(x * x for x in range(4)) == 14", "def f(xs): return sum(xs)"),
    "a function of the solution's as an argument": ("f(g, 2) == 3", "def g(x): return x + 1\ndef f(h, x): return h(x)"),
    "a library's function as an argument": ("f(len, 'abc') == 3", "def f(h, x): return h(x)"),
    "a constant": ("LIMIT == 7 and f() == 8", "LIMIT = 7\ndef f(): return LIMIT + 1"),
    "an error of its own": ("tries(f(1)) == ['ValueError', 'Broken', 'why']",
                            "class Broken(ValueError): pass\ndef f(n):\n    try: raise Broken('why')\n"
                            "    except ValueError as e: return ['ValueError', type(e).__name__, str(e)]"),
}  # fmt: skip
TRIES = """
def tries(items):
    found = []
    try:
        for item in items: found.append(item)
    except ValueError as e: found.append(type(e).__name__)
    return found
"""


HONEST = {
    "a test that is there to fail": Attack(
        ("def bad(): assert 1 == 2\ndef good(): pass\nassert f([good, bad]) == [True, False]",), "",
        "def f(tests):\n    found = []\n    for t in tests:\n        try: t(); found.append(True)\n"
        "        except AssertionError: found.append(False)\n    return found",
    ),
    "an assertion that the tests expect": Attack(
        ("def check(x): assert x > 0\ntry: f(check, 0)\nexcept AssertionError: pass\nelse: assert False",), "",
        "def f(g, x):\n    try: return g(x)\n    except KeyError: pass",
    ),
    "a module that another test imports": Attack(
        ("assert math.isclose(f(2) ** 2, 2)", "import math\nassert math.isclose(f(4), 2)"), "", "def f(x): return x ** 0.5",
    ),
    "a helper that a test replaces": Attack(
        ("import solution\nfrom unittest import mock\n"
         "def test_a(monkeypatch):\n    monkeypatch.setattr(solution, 'helper', lambda x: 7)\n"
         "    monkeypatch.setattr(solution, 'LIMIT', 3)\n    assert solution.f(1) == 10\n"
         "def test_b(): assert solution.f(1) == 4\n"
         "def test_c():\n    with mock.patch.object(solution, 'helper', lambda x: 5): assert solution.f(1) == 7\n"
         "    assert solution.f(1) == 4",), "",
        "LIMIT = 2\ndef helper(x): return x + 1\ndef f(x): return helper(x) + LIMIT", MODULE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_answer_passes(grader: Grader, name: str) -> None:
    grade = judged(grader, HONEST[name], HONEST[name].honest)
    assert grade.verdict == "passed", grade.detail


@pytest.mark.parametrize("asked", [
    "from itertools import islice\nassert list(islice(f(), 6)) == [0, 1, 1, 2, 3, 5]",
    "import itertools\nassert list(itertools.takewhile(lambda x: x < 4, f())) == [0, 1, 1, 2, 3]",
    "assert [x for x, _ in zip(f(), range(4))] == [0, 1, 1, 2]",
    "g = f()\nassert [next(g), next(g)] == [0, 1]",
    "found = []\nfor i, x in enumerate(f()):\n    if i == 4: break\n    found.append(x)\nassert found == [0, 1, 1, 2]",
])  # fmt: skip
def test_a_generator_without_an_end_needs_no_reference(grader: Grader, asked: str) -> None:
    answer = "def f():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b"
    grade = judged(grader, Attack((asked,), "", ""), answer, "auto")
    assert grade.verdict == "passed", grade.detail


@pytest.mark.parametrize("name", PLAIN)
def test_plain_data_goes_over(grader: Grader, name: str) -> None:
    asked, answer = PLAIN[name]
    grade = judged(grader, Attack((f"assert {asked}",), "", "", {"setup": TRIES}), answer, "data")
    assert grade.verdict == "passed", grade.detail


ENDS = {
    "an exit out of a hash": (
        "assert f(1) in {2: 0}", "class E:\n    def __hash__(self): raise SystemExit\ndef f(x): return {E(): 1}"
    ),
    "an exit out of a repr": (
        "assert f(1) == 2, repr(f(1))", "class E:\n    def __repr__(self): raise SystemExit\ndef f(x): return E()"
    ),
    "an interrupt out of a call": ("assert f(1) == 2", "def f(x): raise KeyboardInterrupt"),
    "an exit out of a call": ("try: f(1)\nexcept ValueError: pass", "def f(x): raise SystemExit(0)"),
    "an error whose text is nowhere": (
        "try: f(1)\nexcept ValueError as e: assert str(e) == 'x'",
        "class E(UnicodeDecodeError):\n    def __init__(self, *a): pass\n"
        "def f(x): raise E.__new__(E)",
    ),
    "an exit out of a constant's": ("assert X == 2", "class E:\n    def __hash__(self): raise SystemExit\nX = {E(): 1}"),
    "an error that exits when it is worded": (
        "f(1)", "class E(Exception):\n    def __str__(self): raise SystemExit\ndef f(x): raise E"
    ),
    "a name of sixty megabytes": ("assert f(1) == 2", "E = type('E' * 60_000_000, (), {})\ndef f(x): return E()"),
    "the end of what runs the tests": (
        "import os\nif f(1) != 2: os._exit(0)", "def f(x): return 3"
    ),
}  # fmt: skip


@pytest.mark.parametrize("seal", ["data", "objects"])
@pytest.mark.parametrize("name", ENDS)
def test_no_answer_chooses_to_have_no_verdict(grader: Grader, name: str, seal: str) -> None:
    test, answer = ENDS[name]
    honest = Attack(("assert f(1) == 2",), "", "")
    grade, after = grader.grade([task(Attack((test,), "", ""), seal), task(honest, seal)], [answer, "def f(x): return x + 1"])
    assert grade.reward == 0.0, grade
    assert after.verdict == "passed", after.detail


def test_a_process_that_a_test_starts_is_gone_for_the_next(grader: Grader) -> None:
    """It would have put a passing test in the place of the next one's."""
    if grader.source("unit_tests").pool.backend.name == "landlock":  # type: ignore[attr-defined]
        pytest.skip("no process starts another under landlock")
    daemon = (
        "import os, glob\nif os.fork() == 0:\n    os.setsid()\n    while True:\n"
        "        for p in glob.glob('test_*.py'): open(p, 'w').write('def test(): pass')\n"
    )
    runs = Attack(("import subprocess, sys\nsubprocess.run([sys.executable, '-c', f()])",), "", "")
    wrong = Attack(("from solution import f\ndef test_f(): assert f(1) == 2",), "", "", MODULE)
    grades = grader.grade([task(a, "objects") for a in (runs, wrong, wrong)],
                          [f"def f(): return {daemon!r}", "def f(x): return 0", "def f(x): return 2"])  # fmt: skip
    assert [grade.reward for grade in grades[1:]] == [0.0, 1.0], grades


def test_tests_that_ask_nothing_earn_no_share(grader: Grader) -> None:
    tests = ("x = 1", "assert x == 1", "assert f(1) == 2", "assert f(2) == 3")
    grade = judged(grader, Attack(tests, "", "", {"credit": "share"}), "def f(x): return 2", "data")
    assert (grade.tests_passed, grade.reward) == (1, 0.25), grade
    whole = judged(grader, Attack(tests, "", "", {"credit": "share"}), "def f(x): return x + 1", "data")
    assert (whole.tests_passed, whole.reward) == (4, 1.0)


def test_the_reference_says_which_seal_is_needed(grader: Grader) -> None:
    """Plain data for the first, an object for the second, whose text looks the same; the answer has no say."""
    spec = {"source": "unit_tests", "style": "asserts", "tests": ["r = f(1)\nassert r.real == 2"]}
    references = ["def f(x): return x + 1", "class E:\n    real = 2\ndef f(x): return E()"]
    tasks = [Task.model_validate({"id": r, "prompt": "", "rewards": [spec], "reference": r}) for r in references]
    assert [g.verdict for g in grader.grade(tasks, references[::-1])] == ["failed", "passed"]
    source: Any = grader.source("unit_tests")
    assert [source.seal_of(t, t.rewards[0])[::2] for t in tasks] == [("data", "reference"), ("objects", "reference")]
