"""Right answers by honest but unusual programmers: every one passes in one process, so it must pass sealed.

Kinds, a section each: plain data, arguments changed in place, exceptions, callbacks, generators and async,
classes, functions and closures, state shared by test and solution, preludes, what tests do, the standard
library, source text, limits, programs, test modules for pytest.
"""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple


class Case(NamedTuple):
    """One right answer and the reward that must be 1 for it.

    `hard`: the test reaches into the solution's process by other ways than calls (its stdin, a patched builtin).
    """

    name: str
    task_spec: dict[str, Any]
    answer: str
    hard: bool = False


HONEST: dict[str, Case] = {}


def _text(code: str) -> str:
    """A text that starts with a new line is a block, indented as this file is; any other stands as it is."""
    return textwrap.dedent(code).strip("\n") + "\n" if code.startswith("\n") else code


def _add(name: str, spec: dict[str, Any], answer: str, hard: bool) -> None:
    if name in HONEST:
        raise ValueError(f"two cases are called {name!r}; rename one")
    HONEST[name] = Case(name, {"source": "unit_tests", "time_limit_s": 5, **spec}, answer, hard)


def _code(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: _text(value) if key in ("prelude", "setup") else value for key, value in spec.items()}


def asserts(name: str, answer: str, *tests: str, hard: bool = False, **spec: Any) -> None:
    _add(name, {"style": "asserts", "tests": [_text(test) for test in tests], **_code(spec)}, _text(answer), hard)


def check(name: str, answer: str, test: str, entry_point: str, **spec: Any) -> None:
    _add(name, {"style": "check", "entry_point": entry_point, "tests": [_text(test)], **_code(spec)}, _text(answer), False)


def program(name: str, answer: str, *cases: tuple[str, str], **spec: Any) -> None:
    listed = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in cases]
    _add(name, {"style": "stdio", "cases": listed, **_code(spec)}, _text(answer), False)


def module(name: str, answer: str, test: str, hard: bool = False, **spec: Any) -> None:
    _add(name, {"style": "pytest", "tests": [_text(test)], **_code(spec)}, _text(answer), hard)


# -- plain data: what comes back has the very type and value that the solution returned ----------------------------

asserts(
    "data: nested tuples and lists keep their types",
    """
    def split(xs):
        return (xs[:1], tuple(xs[1:2]), [tuple(xs[2:])])
    """,
    "r = split([1, 2, 3, 4])",
    "assert r == ([1], (2,), [(3, 4)])",
    "assert type(r) is tuple and type(r[0]) is list and type(r[1]) is tuple and type(r[2][0]) is tuple",
)
asserts(
    "data: set and frozenset",
    """
    def kinds(xs):
        return set(xs), frozenset(xs), {frozenset({x}) for x in xs}
    """,
    "s, f, n = kinds([1, 2, 2])",
    "assert s == {1, 2} and type(s) is set and type(f) is frozenset and hash(f) == hash(frozenset({1, 2}))",
    "assert frozenset({2}) in n and n == {frozenset({1}), frozenset({2})}",
)
asserts(
    "data: bytes and bytearray",
    """
    def flip(b):
        return bytes(b[::-1]), bytearray(b)
    """,
    r"a, b = flip(b'\x00\xff\n')",
    r"assert a == b'\n\xff\x00' and type(a) is bytes and type(b) is bytearray",
    r"b.append(65); assert b == bytearray(b'\x00\xff\nA') and b.endswith(b'A')",
)
asserts(
    "data: complex with signed zeros",
    "def conj(z): return z.conjugate()",
    "z = conj(complex(0.0, 0.0))\nassert str(z) == '-0j' or str(z) == '0-0j'",
    "assert conj(3 + 4j) == 3 - 4j and abs(conj(3 + 4j)) == 5.0 and type(conj(1j)) is complex",
)
asserts(
    "data: Decimal special values",
    """
    from decimal import Decimal
    def specials():
        return [Decimal('NaN'), Decimal('sNaN'), Decimal('-Infinity'), Decimal('-0'), Decimal('1E+5'), Decimal('1.10')]
    """,
    """
    from decimal import Decimal
    n, s, i, z, e, t = specials()
    assert n.is_qnan() and s.is_snan() and i == Decimal('-Infinity')
    assert z.is_signed() and z == 0 and str(e) == '1E+5' and str(t) == '1.10' and t.as_tuple().exponent == -2
    """,
)
asserts(
    "data: Decimal under the solution's own context",
    """
    from decimal import Decimal, localcontext
    def root(n, digits):
        with localcontext() as ctx:
            ctx.prec = digits
            return Decimal(n).sqrt()
    """,
    "from decimal import Decimal\nassert root(2, 50) == Decimal('1.4142135623730950488016887242096980785696718753769')",
    "assert len(root(2, 50).as_tuple().digits) == 50",
)
asserts(
    "data: Fraction arithmetic goes on in the test",
    """
    from fractions import Fraction
    def egyptian(n):
        return sum((Fraction(1, k) for k in range(1, n + 1)), Fraction(0))
    """,
    "from fractions import Fraction\nassert egyptian(4) == Fraction(25, 12)",
    "assert (egyptian(2) * 2).numerator == 3 and type(egyptian(1)) is Fraction and egyptian(1) == 1",
    "assert abs(float(egyptian(10)) - 2.9289682539682538) < 1e-12",
)
asserts(
    "data: date arithmetic",
    """
    import datetime
    def next_friday(d):
        return d + datetime.timedelta((4 - d.weekday()) % 7)
    """,
    "import datetime\nassert next_friday(datetime.date(2024, 2, 27)) == datetime.date(2024, 3, 1)",
    "assert type(next_friday(datetime.date(2024, 1, 1))) is datetime.date",
    "assert next_friday(datetime.datetime(2024, 1, 1, 5)) == datetime.datetime(2024, 1, 5, 5)",
)
asserts(
    "data: datetime with a fixed offset and a fold",
    """
    import datetime as dt
    def moment(h):
        return dt.datetime(2024, 10, 27, 2, 30, 0, 5, tzinfo=dt.timezone(dt.timedelta(hours=h)), fold=1)
    """,
    """
    import datetime as dt
    m = moment(-3)
    assert m.fold == 1 and m.utcoffset() == dt.timedelta(hours=-3) and m.microsecond == 5
    assert m == dt.datetime(2024, 10, 27, 5, 30, 0, 5, tzinfo=dt.timezone.utc)
    assert m.isoformat() == '2024-10-27T02:30:00.000005-03:00'
    """,
)
asserts(
    "data: datetime in UTC says UTC",
    """
    import datetime as dt
    def epoch(s):
        return dt.datetime.fromtimestamp(s, tz=dt.timezone.utc)
    """,
    "import datetime as dt\nassert epoch(0).tzinfo is dt.timezone.utc and epoch(0).tzname() == 'UTC'",
    "assert str(epoch(86399)) == '1970-01-01 23:59:59+00:00'",
)
asserts(
    "data: a named fixed zone keeps its name",
    """
    import datetime as dt
    def cet(y):
        return dt.datetime(y, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1), 'CET'))
    """,
    "assert cet(2020).tzname() == 'CET'",
    "assert cet(2020).strftime('%Z %z') == 'CET +0100'",
)
asserts(
    "data: datetime with a zone of zoneinfo",
    """
    import datetime as dt
    from zoneinfo import ZoneInfo
    def berlin(y, m, d, h, fold=0):
        return dt.datetime(y, m, d, h, tzinfo=ZoneInfo('Europe/Berlin'), fold=fold)
    """,
    """
    import datetime as dt
    from zoneinfo import ZoneInfo
    assert berlin(2024, 7, 1, 12) == dt.datetime(2024, 7, 1, 10, tzinfo=dt.timezone.utc)
    assert berlin(2024, 1, 1, 12).tzinfo == ZoneInfo('Europe/Berlin')
    assert berlin(2024, 10, 27, 2, fold=1).utcoffset() == dt.timedelta(hours=1)
    """,
)
asserts(
    "data: an argument with a zone of zoneinfo",
    """
    import datetime as dt
    def to_utc(moment):
        return moment.astimezone(dt.timezone.utc).replace(tzinfo=None)
    """,
    """
    import datetime as dt
    from zoneinfo import ZoneInfo
    there = dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo('America/New_York'))
    assert to_utc(there) == dt.datetime(2024, 7, 1, 16)
    """,
)
asserts(
    "data: time and timedelta",
    """
    import datetime as dt
    def parts():
        return dt.time(23, 59, 59, 999999, fold=1), dt.timedelta(days=-1, microseconds=7), dt.timedelta.max
    """,
    """
    import datetime as dt
    t, d, big = parts()
    assert t == dt.time(23, 59, 59, 999999) and t.fold == 1 and type(t) is dt.time
    assert d == dt.timedelta(days=-1, microseconds=7) and big == dt.timedelta.max
    """,
)
asserts(
    "data: dict keeps order and every kind of key",
    """
    def table():
        return {None: 0, (1, 2): 1, 2.5: 2, True: 3, 'x': 4, b'y': 5, frozenset({1}): 6, -1: 7}
    """,
    "d = table()\nassert list(d.values()) == [0, 1, 2, 3, 4, 5, 6, 7]",
    "assert list(d)[0] is None and list(d)[3] is True and d[1] == 3 and d[(1, 2)] == 1 and d[frozenset({1})] == 6",
)
asserts(
    "data: nan, infinities and minus zero",
    """
    def odd():
        return [float('nan'), float('inf'), -float('inf'), -0.0, 5e-324, 1.7976931348623157e308]
    """,
    """
    import math
    n, i, m, z, s, b = odd()
    assert math.isnan(n) and i == math.inf and m == -math.inf and math.copysign(1, z) == -1.0
    assert s == 5e-324 and b == 1.7976931348623157e308
    """,
)
asserts(
    "data: integers beyond what prints",
    """
    def factorial(n):
        r = 1
        for k in range(2, n + 1):
            r *= k
        return r
    """,
    "import math\nassert factorial(3000) == math.factorial(3000)",
    "assert factorial(3000).bit_length() == math.factorial(3000).bit_length() and -factorial(25) < 0",
)
asserts(
    "data: printing an integer of 5000 digits after lifting the limit",
    """
    import sys
    sys.set_int_max_str_digits(0)
    def digits(n):
        return str(n)
    """,
    "assert digits(10 ** 5000) == '1' + '0' * 5000",
    "assert len(digits(7 ** 9000)) == 7606",
)
asserts(
    "data: the test prints a huge integer because the solution lifted the limit",
    """
    import sys
    sys.set_int_max_str_digits(100000)
    def big(n):
        return 10 ** n
    """,
    "assert str(big(6000)) == '1' + '0' * 6000",
)
asserts(
    "data: strings with surrogates, NUL and astral letters",
    """
    def echo(s):
        return s[::-1]
    """,
    r"assert echo('a\ud800b') == 'b\ud800a'",
    r"assert echo('\x00\U0001f600\u2028') == '\u2028\U0001f600\x00'",
    r"assert echo('e\u0301') == '\u0301e' and len(echo('\U0001f600')) == 1",
)
asserts(
    "data: range, Ellipsis, NotImplemented and slices",
    """
    def odd(k):
        return {'r': range(0, 10, 3), 'e': ..., 'n': NotImplemented, 's': slice(1, None, 2)}[k]
    """,
    "assert odd('r') == range(0, 12, 3) and odd('r')[1] == 3 and type(odd('r')) is range",
    "assert odd('e') is ... and odd('n') is NotImplemented",
    "assert [0, 1, 2, 3][odd('s')] == [1, 3] and odd('s') == slice(1, None, 2)",
)
asserts(
    "data: slices as arguments",
    """
    def cut(xs, where):
        return xs[where]
    """,
    "assert cut([0, 1, 2, 3], slice(None, None, -1)) == [3, 2, 1, 0]",
    "assert cut('hello', slice(1, 3)) == 'el'",
)
asserts(
    "data: deque with its bound",
    """
    from collections import deque
    def last(n, xs):
        return deque(xs, maxlen=n)
    """,
    "from collections import deque\nq = last(3, range(10))\nassert q == deque([7, 8, 9]) and q.maxlen == 3",
    "q.append(10); assert list(q) == [8, 9, 10] and q.popleft() == 8",
)
asserts(
    "data: array.array",
    """
    from array import array
    def squares(n):
        return array('i', [k * k for k in range(n)])
    """,
    "from array import array\nassert squares(4) == array('i', [0, 1, 4, 9])",
    "a = squares(3); a.append(7); assert a.tolist() == [0, 1, 4, 7] and a.typecode == 'i'",
)
asserts(
    "data: array.array as an argument, changed in place",
    """
    def double(a):
        for i in range(len(a)):
            a[i] *= 2
    """,
    """
    from array import array
    a = array('d', [1.5, 2.0])
    double(a)
    assert a == array('d', [3.0, 4.0])
    """,
)
asserts(
    "data: memoryview out and in",
    """
    def window(b, i, j):
        return memoryview(b)[i:j]
    def total(view):
        return sum(view)
    """,
    "assert bytes(window(b'abcdef', 1, 4)) == b'bcd' and window(b'abc', 0, 2).tolist() == [97, 98]",
    "assert total(memoryview(bytes([1, 2, 3]))) == 6",
)
asserts(
    "data: namedtuple with its fields",
    """
    from collections import namedtuple
    Point = namedtuple('Point', 'x y')
    def mirror(p):
        return Point(-p[0], -p[1])
    """,
    "p = mirror((1, 2))\nassert p == (-1, -2) and p.x == -1 and p.y == -2",
    "assert mirror(Point(3, 4))._replace(x=0) == Point(0, -4)",
    "assert repr(Point(1, 2)) == 'Point(x=1, y=2)' and Point._fields == ('x', 'y')",
)
asserts(
    "data: NamedTuple class with a method and a default",
    """
    from typing import NamedTuple
    class Rect(NamedTuple):
        w: int
        h: int = 2
        @property
        def area(self):
            return self.w * self.h
        def grown(self, k):
            return Rect(self.w * k, self.h * k)
    """,
    "r = Rect(3)\nassert r.area == 6 and r.grown(2).area == 24 and r.grown(2).w == 6",
    "w, h = r\nassert (w, h) == (3, 2) and r._asdict() == {'w': 3, 'h': 2} and isinstance(r, tuple)",
    "assert sorted([Rect(2), Rect(1, 9)])[0].w == 1",
)
asserts(
    "data: OrderedDict comes back ordered",
    """
    from collections import OrderedDict
    def order(keys):
        return OrderedDict((k, i) for i, k in enumerate(keys))
    """,
    "from collections import OrderedDict\nd = order('ba')\nassert d == OrderedDict([('b', 0), ('a', 1)])",
    "assert d != OrderedDict([('a', 1), ('b', 0)])",
    "d.move_to_end('b'); assert list(d) == ['a', 'b'] and isinstance(d, OrderedDict)",
)
asserts(
    "data: OrderedDict goes in ordered",
    """
    def refresh(d, key):
        d.move_to_end(key)
        return d.popitem(last=False)
    """,
    "from collections import OrderedDict\nd = OrderedDict(a=1, b=2, c=3)\nassert refresh(d, 'a') == ('b', 2)",
    "assert list(d) == ['c', 'a']",
)
asserts(
    "data: defaultdict out",
    """
    from collections import defaultdict
    def group(words):
        d = defaultdict(list)
        for w in words:
            d[len(w)].append(w)
        return d
    """,
    "d = group(['a', 'bb', 'c'])\nassert d == {1: ['a', 'c'], 2: ['bb']}",
    "assert d[99] == [] and 99 in d",
)
asserts(
    "data: defaultdict in",
    """
    def tally(d, words):
        for w in words:
            d[w] += 1
        return d
    """,
    """
    from collections import defaultdict
    d = defaultdict(int)
    r = tally(d, 'aab')
    assert d == {'a': 2, 'b': 1}
    """,
    "assert r is d and d['zzz'] == 0",
)
asserts(
    "data: Counter out and in",
    """
    from collections import Counter
    def letters(s):
        return Counter(s)
    def top(c):
        return c.most_common(1)[0][0]
    """,
    """
    from collections import Counter
    c = letters('banana')
    assert c == Counter(a=3, n=2, b=1) and c == {'b': 1, 'a': 3, 'n': 2}
    """,
    "assert c.most_common(1) == [('a', 3)] and c['q'] == 0 and (c + c)['a'] == 6",
    "assert top(Counter('xxyz')) == 'x' and top(letters('zzy')) == 'z'",
)
asserts(
    "data: IntEnum members are numbers and more",
    """
    from enum import IntEnum
    class Level(IntEnum):
        LOW = 1
        HIGH = 5
    def worst(levels):
        return max(levels)
    """,
    "assert worst([Level.LOW, Level.HIGH]) == 5 and Level.HIGH > Level.LOW and Level.LOW + 1 == 2",
    "assert worst([Level.LOW, Level.HIGH]) is Level.HIGH and Level(1) is Level.LOW",
    "assert worst([Level.LOW]).name == 'LOW' and [m.value for m in Level] == [1, 5]",
)
asserts(
    "data: StrEnum members are strings and more",
    """
    from enum import StrEnum, auto
    class Color(StrEnum):
        RED = auto()
        BLUE = auto()
    def paint(c):
        return f'painted {c}', Color(c)
    """,
    "assert Color.RED == 'red' and paint(Color.BLUE)[0] == 'painted blue'",
    "assert paint('red')[1] is Color.RED and Color.RED.name == 'RED' and Color.RED.upper() == 'RED'",
    "assert {c.value for c in Color} == {'red', 'blue'} and len(Color) == 2",
)
asserts(
    "data: bool is not int",
    """
    def even(n):
        return n % 2 == 0
    def count(xs):
        return sum(x is True for x in xs)
    """,
    "assert even(2) is True and even(3) is False and type(even(1)) is bool",
    "assert count([True, 1, 1.0, 'x', True]) == 2",
)
asserts(
    "data: equal keys of other types stay what they were",
    """
    def keys(d):
        return [type(k).__name__ for k in d]
    """,
    "assert keys({1: 0, 2.0: 0, True + 2: 0, False: 0}) == ['int', 'float', 'int', 'bool']",
    "assert keys({'1': 0, b'1': 0, (1,): 0}) == ['str', 'bytes', 'tuple']",
)
asserts(
    "data: one list twice in an answer is one list",
    """
    def pair():
        inner = []
        return [inner, inner]
    """,
    "a, b = pair()\na.append(1)\nassert b == [1] and a is b",
)
asserts(
    "data: a list that holds itself",
    """
    def loop():
        a = [1]
        a.append(a)
        return a
    """,
    "a = loop()\nassert a[1] is a and a[1][1][0] == 1 and repr(a) == '[1, [...]]'",
)
asserts(
    "data: lists nested 400 deep",
    """
    def nest(n):
        r = []
        for _ in range(n):
            r = [r]
        return r
    def depth(x):
        d = 0
        while x:
            x, d = x[0], d + 1
        return d
    """,
    """
    x, n = nest(400), 0
    while x:
        x, n = x[0], n + 1
    assert n == 400
    """,
    "assert depth(nest(400)) == 400",
)
asserts(
    "data: tuples nested 600 deep, as a Lisp list",
    """
    def cons(xs):
        r = ()
        for x in reversed(xs):
            r = (x, r)
        return r
    def uncons(pair):
        out = []
        while pair:
            x, pair = pair
            out.append(x)
        return out
    """,
    """
    c, out = cons(list(range(600))), []
    while c:
        x, c = c
        out.append(x)
    assert out == list(range(600))
    """,
    "assert uncons(cons(list(range(600)))) == list(range(600))",
)
asserts(
    "data: 100000 nested lists in a chain",
    """
    def nest(n):
        r = None
        for k in range(n):
            r = [k, r]
        return r
    """,
    """
    x, n = nest(100000), 0
    while x:
        x, n = x[1], n + 1
    assert n == 100000
    """,
)
asserts(
    "data: compiled patterns and matches",
    r"""
    import re
    def pattern(word):
        return re.compile(rf'\b{word}\b', re.I)
    def find(word, text):
        return pattern(word).search(text)
    """,
    "m = find('cat', 'A Cat sat')\nassert m.group() == 'Cat' and m.span() == (2, 5) and m[0] == 'Cat'",
    "assert find('dog', 'cat') is None and pattern('x').pattern == r'\\bx\\b'",
    "import re\nassert pattern('cat') == re.compile(r'\\bcat\\b', re.I)",
)
asserts(
    "data: paths of pathlib",
    """
    from pathlib import PurePosixPath
    def parent(p):
        return PurePosixPath(p).parent
    """,
    "from pathlib import PurePosixPath\nassert parent('/a/b/c') == PurePosixPath('/a/b')",
    "assert str(parent(PurePosixPath('/a/b'))) == '/a' and parent('x/y').name == 'x'",
)
asserts(
    "data: UUID and ipaddress",
    """
    import ipaddress
    import uuid
    def name(s):
        return uuid.uuid5(uuid.NAMESPACE_DNS, s)
    def hosts(net):
        return list(ipaddress.ip_network(net).hosts())
    """,
    "import uuid\nassert name('python.org') == uuid.uuid5(uuid.NAMESPACE_DNS, 'python.org') and name('x').version == 5",
    "import ipaddress\nassert hosts('10.0.0.0/30') == [ipaddress.ip_address('10.0.0.1'), ipaddress.ip_address('10.0.0.2')]",
)
asserts(
    "data: SimpleNamespace",
    """
    from types import SimpleNamespace
    def point(x, y):
        return SimpleNamespace(x=x, y=y)
    """,
    "p = point(1, [2])\nassert p.x == 1 and p.y == [2] and repr(p) == 'namespace(x=1, y=[2])'",
    "from types import SimpleNamespace\nassert point(1, 2) == SimpleNamespace(x=1, y=2)",
)
asserts(
    "data: dict views and zip objects",
    """
    def views(d):
        return d.keys(), d.values(), d.items()
    def pairs(a, b):
        return zip(a, b)
    """,
    """
    k, v, i = views({'a': 1, 'b': 2})
    assert list(k) == ['a', 'b'] and sorted(v) == [1, 2] and dict(i) == {'a': 1, 'b': 2}
    """,
    "assert k == {'a', 'b'} and ('a', 1) in i and 'a' in k",
    "assert list(pairs([1, 2], 'xy')) == [(1, 'x'), (2, 'y')] and next(pairs([1], [2])) == (1, 2)",
)
asserts(
    "data: dict views as arguments",
    """
    def biggest(values):
        return max(values)
    def flip(items):
        return {v: k for k, v in items}
    """,
    "d = {'a': 1, 'b': 5}\nassert biggest(d.values()) == 5 and biggest(d.keys()) == 'b'",
    "assert flip(d.items()) == {1: 'a', 5: 'b'} and flip(zip('ab', [1, 2])) == {1: 'a', 2: 'b'}",
)
asserts(
    "data: map, filter, reversed and enumerate come back lazy",
    """
    def odd(xs):
        return filter(lambda x: x % 2, xs)
    def twice(xs):
        return map(lambda x: 2 * x, xs)
    def back(xs):
        return reversed(xs)
    """,
    "assert list(odd([1, 2, 3])) == [1, 3] and sum(twice([1, 2])) == 6 and list(back([1, 2])) == [2, 1]",
    "m = twice(iter([1, 2, 3]))\nassert next(m) == 2 and list(m) == [4, 6]",
)
asserts(
    "data: iterators and generators as arguments",
    """
    def first(it, n):
        return [next(it) for _ in range(n)]
    def total(xs):
        return sum(xs)
    """,
    "it = iter(range(10))\nassert first(it, 3) == [0, 1, 2] and next(it) == 3",
    "assert total(x * x for x in range(4)) == 14 and total(map(int, '123')) == 6",
    "import itertools\nassert first(itertools.count(5), 2) == [5, 6]",
)
asserts(
    "data: a subclass of dict that the solution made",
    """
    class Attr(dict):
        def __getattr__(self, name):
            return self[name]
        def __missing__(self, key):
            return f'no {key}'
    def config(**kw):
        return Attr(kw)
    """,
    "c = config(a=1)\nassert c == {'a': 1} and c['a'] == 1 and isinstance(c, dict)",
    "assert c.a == 1 and c['b'] == 'no b'",
)
asserts(
    "data: a list subclass with a method",
    """
    class Stack(list):
        def push(self, x):
            self.append(x)
            return self
        def peek(self):
            return self[-1]
    """,
    "s = Stack()\ns.push(1).push(2)\nassert s.peek() == 2 and len(s) == 2 and s == [1, 2] and s.pop() == 2",
    "assert isinstance(Stack([1]), list) and Stack([3, 4]).peek() == 4",
)
asserts(
    "data: an int subclass with operators",
    """
    class Mod(int):
        M = 7
        def __new__(cls, v):
            return super().__new__(cls, v % cls.M)
        def __add__(self, o):
            return Mod(int(self) + int(o))
        def __mul__(self, o):
            return Mod(int(self) * int(o))
    """,
    "assert Mod(5) + Mod(4) == 2 and Mod(3) * Mod(5) == 1 and Mod(10) == 3",
    "assert Mod(5) + 4 == 2",
)
asserts(
    "data: a str subclass with a method",
    """
    class Name(str):
        def initials(self):
            return ''.join(p[0] for p in self.split())
    """,
    """
    n = Name('Ada King Lovelace')
    assert n == 'Ada King Lovelace' and n.initials() == 'AKL' and n.upper().startswith('ADA')
    """,
)
asserts(
    "data: Flag enums combine",
    """
    from enum import Flag, auto
    class Perm(Flag):
        R = auto()
        W = auto()
        X = auto()
    def grant(*names):
        p = Perm(0)
        for n in names:
            p |= Perm[n]
        return p
    """,
    "p = grant('R', 'X')\nassert p == Perm.R | Perm.X and Perm.W not in p and Perm.R in p",
    "assert p & Perm.R and not p & Perm.W and (p ^ Perm.R) is Perm.X",
)
asserts(
    "data: numpy scalars turned to Python ones need no numpy",
    """
    def stats(xs):
        m = sum(xs) / len(xs)
        return {'mean': m, 'var': sum((x - m) ** 2 for x in xs) / len(xs)}
    """,
    "assert stats([1, 2, 3, 4]) == {'mean': 2.5, 'var': 1.25}",
)
asserts(
    "data: type objects as values of a dict",
    """
    def types_of(xs):
        return {type(x): x for x in xs}
    """,
    "assert types_of([1, 'a', None, 2.0]) == {int: 1, str: 'a', type(None): None, float: 2.0}",
)
asserts(
    "data: a type of the standard library as a value",
    """
    import collections
    import datetime
    def kinds():
        return [collections.OrderedDict, datetime.date, collections.Counter]
    """,
    "import collections, datetime\nassert kinds() == [collections.OrderedDict, datetime.date, collections.Counter]",
    "assert kinds()[1](2020, 1, 2) == datetime.date(2020, 1, 2)",
)
asserts(
    "data: functions of the standard library as values",
    """
    import math
    import operator
    OPS = {'+': operator.add, 'sqrt': math.sqrt, 'max': max}
    def op(name):
        return OPS[name]
    """,
    "import operator, math\nassert op('+') is operator.add and op('sqrt') is math.sqrt and op('max') is max",
    "assert op('+')(2, 3) == 5 and op('max')([1, 9, 3]) == 9",
)
asserts(
    "data: a mapping proxy",
    """
    from types import MappingProxyType
    def frozen(d):
        return MappingProxyType(d)
    """,
    "m = frozen({'a': 1})\nassert m['a'] == 1 and dict(m) == {'a': 1} and 'a' in m",
    """
    try:
        m['b'] = 2
    except TypeError:
        pass
    else:
        assert False
    """,
)

# -- arguments changed in place: what the solution does to an argument, the test sees ------------------------------

asserts(
    "in place: sort a list and return nothing",
    """
    def bubble(a):
        for i in range(len(a)):
            for j in range(len(a) - 1 - i):
                if a[j] > a[j + 1]:
                    a[j], a[j + 1] = a[j + 1], a[j]
    """,
    "a = [3, 1, 2]\nb = a\nassert bubble(a) is None and a == [1, 2, 3] and b is a",
    """
    import random
    random.seed(0)
    for _ in range(20):
        xs = [random.random() for _ in range(30)]
        ys = sorted(xs)
        bubble(xs)
        assert xs == ys
    """,
)
asserts(
    "in place: rotate a board",
    """
    def rotate(m):
        m[:] = [list(r) for r in zip(*m[::-1])]
    """,
    "m = [[1, 2], [3, 4]]\nrotate(m)\nassert m == [[3, 1], [4, 2]]",
    "rotate(m); rotate(m); rotate(m)\nassert m == [[1, 2], [3, 4]]",
)
asserts(
    "in place: rows of a board keep their identity",
    """
    def life(board):
        h, w = len(board), len(board[0])
        alive = lambda r, c: sum(
            board[(r + i) % h][(c + j) % w] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
        new = [[int(alive(r, c) == 3 or board[r][c] and alive(r, c) == 2) for c in range(w)] for r in range(h)]
        for row, fresh in zip(board, new):
            row[:] = fresh
    """,
    "b = [[0, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]\nrow = b[2]\nlife(b)",
    "assert row is b[2] and row == [0, 1, 1, 1, 0] and sum(map(sum, b)) == 3",
)
asserts(
    "in place: dict updates, deletes and key order",
    """
    def rename(d, old, new):
        d[new] = d.pop(old)
        d.setdefault('n', []).append(1)
    """,
    "d = {'a': 1, 'b': 2}\nrename(d, 'a', 'z')\nassert d == {'b': 2, 'z': 1, 'n': [1]} and list(d) == ['b', 'z', 'n']",
)
asserts(
    "in place: sets",
    """
    def keep(s, t):
        s &= t
        t.discard(1)
        return len(s)
    """,
    "a, b = {1, 2, 3}, {1, 2, 9}\nassert keep(a, b) == 2 and a == {1, 2} and b == {2, 9}",
)
asserts(
    "in place: deque rotation",
    """
    def spin(q, n):
        q.rotate(n)
        q.appendleft('x')
    """,
    """
    from collections import deque
    q = deque([1, 2, 3, 4])
    spin(q, 1)
    assert q == deque(['x', 4, 1, 2, 3])
    """,
)
asserts(
    "in place: bytearray",
    """
    def xor(buf, key):
        for i in range(len(buf)):
            buf[i] ^= key[i % len(key)]
        buf.extend(b'!')
    """,
    "b = bytearray(b'hi')\nxor(b, b'\\x01')\nassert b == bytearray(b'ih!')",
)
asserts(
    "in place: a heap kept by the test",
    """
    import heapq
    def push_all(heap, xs):
        for x in xs:
            heapq.heappush(heap, x)
        return heapq.heappop(heap)
    """,
    "import heapq\nh = []\nassert push_all(h, [5, 1, 4]) == 1 and heapq.heappop(h) == 4 and h == [5]",
)
asserts(
    "in place: the same list given twice",
    """
    def extend(a, b):
        a.extend(b)
        b.append('end')
    """,
    "x = [1]\nextend(x, x)\nassert x == [1, 1, 'end']",
)
asserts(
    "in place: an argument is returned as itself",
    """
    def fill(a, v):
        a.append(v)
        return a
    def chain(a):
        return a, [a]
    """,
    "a = []\nassert fill(a, 1) is a and a == [1]",
    "b, (c,) = chain(a)\nassert b is a and c is a",
)
asserts(
    "in place: nested containers of every kind",
    """
    def touch(d):
        d['list'][0].add(5)
        d['tuple'][1].append(6)
        d['dict']['x']['y'] = 7
        d['new'] = d['list']
    """,
    "d = {'list': [set()], 'tuple': (1, []), 'dict': {'x': {}}}\ninner = d['list'][0]\ntouch(d)",
    "assert inner == {5} and d['tuple'] == (1, [6]) and d['dict'] == {'x': {'y': 7}} and d['new'] is d['list']",
)
asserts(
    "in place: inner list replaced by a new one",
    """
    def reset(a):
        a[0] = [9]
        a[1] = a[0]
    """,
    """
    old = [1]
    a = [old, old]
    reset(a)
    assert a == [[9], [9]] and a[0] is a[1] and old == [1]
    """,
)
asserts(
    "in place: keyword arguments too",
    """
    def collect(*, into, value=None):
        into.append(value)
    """,
    """
    xs = []
    collect(into=xs, value=3)
    collect(into=xs)
    assert xs == [3, None]
    """,
)
asserts(
    "in place: star arguments",
    """
    def clear_all(*lists, **named):
        for x in lists:
            x.clear()
        for x in named.values():
            x.clear()
    """,
    "a, b, c = [1], {2}, {3: 4}\nclear_all(a, b, c=c)\nassert not a and not b and not c",
)
asserts(
    "in place: changed before an exception",
    """
    def risky(a):
        a.append(1)
        raise RuntimeError('after the change')
    """,
    """
    a = []
    try:
        risky(a)
    except RuntimeError:
        pass
    assert a == [1]
    """,
)
asserts(
    "in place: an argument is left alone",
    """
    def add(xs, x):
        return xs + [x]
    def merged(a, b):
        return {**a, **b}
    """,
    "a = [1]\nassert add(a, 2) == [1, 2] and a == [1]",
    "p, q = {'a': 1}, {'a': 2}\nassert merged(p, q) == {'a': 2} and p == {'a': 1} and q == {'a': 2}",
)
asserts(
    "in place: islands sunk by flood fill",
    """
    def islands(grid):
        def sink(r, c):
            if 0 <= r < len(grid) and 0 <= c < len(grid[0]) and grid[r][c] == '1':
                grid[r][c] = '0'
                for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    sink(r + dr, c + dc)
                return 1
            return 0
        return sum(sink(r, c) for r in range(len(grid)) for c in range(len(grid[0])))
    """,
    "g = [list('110'), list('010'), list('001')]\nassert islands(g) == 2 and g == [['0'] * 3] * 3",
)
asserts(
    "in place: argument changed while a generator runs",
    """
    def drain(q):
        while q:
            yield q.pop()
    """,
    "q = [1, 2, 3]\ng = drain(q)\nassert next(g) == 3 and q == [1, 2]",
    "assert list(g) == [2, 1] and q == []",
)
asserts(
    "in place: the solution keeps a list that the test extends later",
    """
    class Playlist:
        def __init__(self, songs):
            self.songs = songs
        def __len__(self):
            return len(self.songs)
    """,
    """
    songs = ['a']
    p = Playlist(songs)
    songs.append('b')
    assert len(p) == 2
    """,
)
asserts(
    "in place: the solution keeps a list and changes it later",
    """
    class Log:
        def __init__(self, sink):
            self.sink = sink
        def write(self, line):
            self.sink.append(line)
    """,
    """
    sink = []
    log = Log(sink)
    log.write('a')
    log.write('b')
    assert sink == ['a', 'b']
    """,
)
asserts(
    "in place: an object of the test's own class",
    """
    def birthday(person):
        person.age += 1
        person.tags.append('older')
        return person
    """,
    """
    class Person:
        def __init__(self, age):
            self.age, self.tags = age, []
    p = Person(41)
    assert birthday(p) is p and p.age == 42 and p.tags == ['older']
    """,
)
asserts(
    "in place: an object of the prelude's class",
    """
    def deposit(account, amount):
        account.balance += amount
        account.history.append(amount)
    """,
    """
    a = Account(10)
    h = a.history
    deposit(a, 5)
    assert a.balance == 15 and h == [5] and a.history is h
    """,
    prelude="""
    class Account:
        def __init__(self, balance):
            self.balance = balance
            self.history = []
    """,
)
asserts(
    "in place: swap two containers' content",
    """
    def swap(a, b):
        a[:], b[:] = b[:], a[:]
    """,
    """
    x, y = [1, [2]], [3]
    inner = x[1]
    swap(x, y)
    assert x == [3] and y == [1, [2]] and y[1] is inner
    """,
)
asserts(
    "in place: a list becomes part of itself",
    """
    def tie(a):
        a.append(a)
    """,
    "a = [1]\ntie(a)\nassert a[1] is a and len(a) == 2",
)
asserts(
    "in place: memo given by the test is filled",
    """
    def fib(n, memo):
        if n not in memo:
            memo[n] = n if n < 2 else fib(n - 1, memo) + fib(n - 2, memo)
        return memo[n]
    """,
    "memo = {}\nassert fib(80, memo) == 23416728348467685 and len(memo) == 81 and memo[10] == 55",
)

# -- exceptions: by type, text, attributes and chain ---------------------------------------------------------------

asserts(
    "exceptions: builtin types with their text",
    """
    def fail(how):
        if how == 'key': return {}['missing']
        if how == 'index': return [][0]
        if how == 'zero': return 1 / 0
        if how == 'type': return 'a' + 1
        if how == 'attr': return None.x
        if how == 'value': return int('x')
        if how == 'name': return undefined_name
        if how == 'over': return 2.0 ** 10000
        if how == 'assert': assert how == 'no', 'told so'
        if how == 'stop': next(iter([]))
        if how == 'rec': return fail(how)
    """,
    """
    import builtins
    for how, kind, text in [
        ('key', KeyError, "'missing'"), ('index', IndexError, 'list index out of range'),
        ('zero', ZeroDivisionError, 'division by zero'), ('value', ValueError, "invalid literal for int() with base 10: 'x'"),
        ('type', TypeError, 'can only concatenate str (not "int") to str'),
        ('attr', AttributeError, "'NoneType' object has no attribute 'x'"),
        ('name', NameError, "name 'undefined_name' is not defined"), ('assert', AssertionError, 'told so'),
        ('stop', StopIteration, ''),
    ]:
        try:
            fail(how)
        except Exception as e:
            assert type(e) is kind and str(e) == text, (how, repr(e))
        else:
            assert False, how
    """,
    "try: fail('over')\nexcept OverflowError as e: assert e.args[0] == 34\nelse: assert False",
    "try: fail('rec')\nexcept RecursionError: pass\nelse: assert False",
)
asserts(
    "exceptions: the name and attribute of NameError and AttributeError",
    """
    def look(o):
        return o.missing_thing
    """,
    "try: look(3)\nexcept AttributeError as e: assert e.name == 'missing_thing' and e.obj == 3\nelse: assert False",
)
asserts(
    "exceptions: own class by type and attribute",
    """
    class InsufficientFunds(Exception):
        def __init__(self, need, have):
            super().__init__(f'need {need}, have {have}')
            self.need, self.have = need, have
    class Account:
        def __init__(self, balance): self.balance = balance
        def withdraw(self, n):
            if n > self.balance:
                raise InsufficientFunds(n, self.balance)
            self.balance -= n
            return self.balance
    """,
    "a = Account(10)\nassert a.withdraw(3) == 7",
    """
    try:
        a.withdraw(100)
    except InsufficientFunds as e:
        assert str(e) == 'need 100, have 7' and (e.need, e.have) == (100, 7) and e.args == ('need 100, have 7',)
    else:
        assert False
    """,
    "assert a.balance == 7 and issubclass(InsufficientFunds, Exception) and not issubclass(InsufficientFunds, ValueError)",
)
asserts(
    "exceptions: own hierarchy",
    """
    class AppError(Exception): pass
    class NotFound(AppError, KeyError): pass
    class Forbidden(AppError): pass
    def get(k):
        raise {'n': NotFound, 'f': Forbidden}[k](k)
    """,
    """
    for k, kinds in [('n', (NotFound, AppError, KeyError, LookupError)), ('f', (Forbidden, AppError))]:
        for kind in kinds:
            try: get(k)
            except kind as e: assert e.args == (k,)
            else: assert False
    """,
    "try: get('f')\nexcept NotFound: assert False\nexcept AppError as e: assert type(e) is Forbidden",
    "assert issubclass(NotFound, AppError) and NotFound.__name__ == 'NotFound' and NotFound.__mro__[1] is AppError",
)
asserts(
    "exceptions: the name of the type",
    """
    class ParseError(ValueError):
        pass
    def parse(s):
        if not s:
            raise ParseError('empty')
        return int(s)
    """,
    """
    try: parse('')
    except Exception as e: assert type(e).__name__ == 'ParseError' and e.__class__.__name__ == 'ParseError'
    """,
    "try: parse('x')\nexcept Exception as e: assert type(e).__name__ == 'ValueError'",
    "try: parse('')\nexcept ValueError as e: assert repr(e) == \"ParseError('empty')\" and isinstance(e, ParseError)",
)
asserts(
    "exceptions: cause and context",
    """
    class ConfigError(Exception): pass
    def load(d):
        try:
            return d['port']
        except KeyError as e:
            raise ConfigError('no port') from e
    def quiet(d):
        try:
            return d['port']
        except KeyError:
            raise ConfigError('no port') from None
    """,
    "try: load({})\nexcept ConfigError as e: assert isinstance(e.__cause__, KeyError) and e.__cause__.args == ('port',)",
    "try: quiet({})\nexcept ConfigError as e: assert e.__cause__ is None and e.__suppress_context__",
)
asserts(
    "exceptions: implicit context",
    """
    def clumsy():
        try:
            1 / 0
        except ZeroDivisionError:
            raise ValueError('again')
    """,
    "try: clumsy()\nexcept ValueError as e: assert isinstance(e.__context__, ZeroDivisionError) and e.__cause__ is None",
)
asserts(
    "exceptions: notes",
    """
    def noted():
        e = ValueError('x')
        e.add_note('try y')
        raise e
    """,
    "try: noted()\nexcept ValueError as e: assert e.__notes__ == ['try y']",
)
asserts(
    "exceptions: several arguments and none",
    """
    def fail(*args):
        raise ValueError(*args)
    """,
    "for args in [(), (1,), ('a', 2, [3])]:\n    try: fail(*args)\n    except ValueError as e: assert e.args == args",
    "try: fail('a', 2)\nexcept ValueError as e: assert str(e) == \"('a', 2)\"",
)
asserts(
    "exceptions: text made by __str__ of its own",
    """
    class Coded(Exception):
        def __init__(self, code, *, hint=None):
            self.code, self.hint = code, hint
        def __str__(self):
            return f'E{self.code:03d}' + (f' ({self.hint})' if self.hint else '')
    def fail(code, hint):
        raise Coded(code, hint=hint)
    """,
    """
    try: fail(7, 'read the manual')
    except Coded as e: assert str(e) == 'E007 (read the manual)' and e.hint and e.code == 7
    """,
    "try: fail(7, None)\nexcept Exception as e: assert f'{e}' == 'E007' and e.hint is None",
)
asserts(
    "exceptions: a method and a property of its own",
    """
    class HttpError(Exception):
        def __init__(self, status):
            super().__init__(status)
            self.status = status
        @property
        def retryable(self):
            return self.status >= 500
        def to_dict(self):
            return {'status': self.status}
    def get(status):
        raise HttpError(status)
    """,
    "try: get(503)\nexcept HttpError as e: assert e.retryable is True and e.to_dict() == {'status': 503} and e.status > 500",
)
asserts(
    "exceptions: a dataclass of an exception",
    """
    from dataclasses import dataclass
    @dataclass
    class Invalid(Exception):
        field: str
        reason: str = 'bad'
    def validate(d):
        if 'x' not in d:
            raise Invalid('x', reason='missing')
    """,
    "try: validate({})\nexcept Invalid as e: assert e.field == 'x' and e.reason == 'missing'\nelse: assert False",
    "assert validate({'x': 1}) is None",
)
asserts(
    "exceptions: the test makes and raises the solution's exception",
    """
    class Stop(Exception):
        def __init__(self, value):
            super().__init__(value)
            self.value = value
    def run(step):
        n = 0
        while True:
            try:
                step(n)
            except Stop as e:
                return n, e.value
            n += 1
    """,
    """
    def step(n):
        if n == 3:
            raise Stop('done')
    assert run(step) == (3, 'done')
    """,
    "assert isinstance(Stop(1), Exception) and Stop(5).value == 5 and str(Stop('x')) == 'x'",
)
asserts(
    "exceptions: a group with builtin members",
    """
    def validate(values):
        errors = []
        for v in values:
            try:
                int(v)
            except (ValueError, TypeError) as e:
                errors.append(e)
        if errors:
            raise ExceptionGroup('invalid', errors)
    """,
    """
    try:
        validate(['1', 'x', None])
    except ExceptionGroup as g:
        assert g.message == 'invalid' and [type(e) for e in g.exceptions] == [ValueError, TypeError]
    else:
        assert False
    """,
    """
    seen = []
    try:
        validate(['x', None])
    except* ValueError as g:
        seen.append(len(g.exceptions))
    except* TypeError as g:
        seen.append('type')
    assert seen == [1, 'type']
    """,
)
asserts(
    "exceptions: StopIteration inside a generator becomes RuntimeError",
    """
    def pairs(xs):
        it = iter(xs)
        while True:
            yield next(it), next(it)
    """,
    """
    g = pairs([1, 2, 3])
    assert next(g) == (1, 2)
    try: next(g)
    except RuntimeError as e: assert 'StopIteration' in str(e)
    """,
)
asserts(
    "exceptions: an assertRaises of the test's own",
    """
    def sqrt(x):
        if x < 0:
            raise ValueError('math domain error')
        return x ** 0.5
    """,
    """
    class assert_raises:
        def __init__(self, kind):
            self.kind = kind
        def __enter__(self):
            return self
        def __exit__(self, kind, error, trace):
            assert kind is not None and issubclass(kind, self.kind)
            self.exception = error
            return True
    with assert_raises(ValueError) as caught:
        sqrt(-1)
    assert str(caught.exception) == 'math domain error'
    """,
    """
    def raises(kind, f, *a):
        try:
            f(*a)
        except kind:
            return True
        return False
    assert raises(ValueError, sqrt, -1) and not raises(ValueError, sqrt, 4) and raises(TypeError, sqrt, 'x')
    """,
)
asserts(
    "exceptions: unittest's assertRaises",
    """
    class EmptyStack(Exception):
        pass
    class Stack:
        def __init__(self): self._items = []
        def push(self, x): self._items.append(x)
        def pop(self):
            if not self._items:
                raise EmptyStack('pop from an empty stack')
            return self._items.pop()
    """,
    """
    import unittest
    t = unittest.TestCase()
    s = Stack()
    with t.assertRaises(EmptyStack):
        s.pop()
    with t.assertRaisesRegex(EmptyStack, 'empty'):
        s.pop()
    t.assertRaises(EmptyStack, s.pop)
    s.push(3)
    t.assertEqual(s.pop(), 3)
    """,
)
asserts(
    "exceptions: unittest's test case, run by the test",
    """
    def add(a, b):
        return a + b
    """,
    """
    import unittest
    class TestAdd(unittest.TestCase):
        def test_numbers(self):
            self.assertEqual(add(1, 2), 3)
            self.assertAlmostEqual(add(0.1, 0.2), 0.3)
        def test_text(self):
            self.assertIn('b', add('a', 'b'))
            self.assertRaises(TypeError, add, 1, 'a')
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(TestAdd).run(result)
    assert result.wasSuccessful() and result.testsRun == 2
    """,
)
asserts(
    "exceptions: pass through a callback and back",
    """
    def apply(f, x):
        return f(x)
    def cleanup(f, log):
        try:
            return f()
        finally:
            log.append('closed')
    """,
    """
    class Mine(Exception):
        pass
    def boom(x):
        raise Mine(x, 'from the test')
    try:
        apply(boom, 3)
    except Mine as e:
        assert e.args == (3, 'from the test')
    else:
        assert False
    """,
    """
    def zero():
        return 1 // 0
    log = []
    try: cleanup(zero, log)
    except ZeroDivisionError: pass
    assert log == ['closed']
    """,
)
asserts(
    "exceptions: the very exception object comes back",
    """
    def reraise(f):
        try:
            f()
        except Exception:
            raise
    """,
    """
    problem = KeyError('mine')
    def boom():
        raise problem
    try:
        reraise(boom)
    except KeyError as e:
        assert e is problem
    """,
)
asserts(
    "exceptions: returned instead of raised",
    """
    def attempt(f, *args):
        try:
            return f(*args), None
        except Exception as e:
            return None, e
    """,
    "v, e = attempt(int, '12')\nassert v == 12 and e is None",
    "v, e = attempt(int, 'x')\nassert v is None and isinstance(e, ValueError) and 'invalid literal' in str(e)",
    "v, e = attempt(lambda: {}['k'])\nassert isinstance(e, KeyError) and e.args == ('k',) and type(e) is KeyError",
)
asserts(
    "exceptions: given as an argument",
    """
    def describe(e):
        return type(e).__name__, str(e), e.args
    def throw(e):
        raise e
    """,
    "assert describe(ValueError('a', 1)) == ('ValueError', \"('a', 1)\", ('a', 1))",
    "try: throw(KeyError('k'))\nexcept KeyError as e: assert e.args == ('k',)",
    "try: throw(IndexError)\nexcept IndexError: pass\nelse: assert False",
)
asserts(
    "exceptions: of the standard library's modules",
    """
    import decimal, json, struct, zlib, re, statistics, queue, binascii, base64
    def fail(how):
        if how == 'json': json.loads('{bad')
        if how == 'struct': struct.unpack('<I', b'ab')
        if how == 'zlib': zlib.decompress(b'nope')
        if how == 're': re.compile('(')
        if how == 'mean': statistics.mean([])
        if how == 'queue': queue.Queue().get_nowait()
        if how == 'b64': base64.b64decode('a', validate=True)
        if how == 'decimal': decimal.Decimal('x')
    """,
    """
    import decimal, json, struct, zlib, re, statistics, queue, binascii
    for how, kind in [
        ('json', json.JSONDecodeError), ('struct', struct.error), ('zlib', zlib.error), ('re', re.error),
        ('mean', statistics.StatisticsError), ('queue', queue.Empty), ('b64', binascii.Error),
        ('decimal', decimal.InvalidOperation),
    ]:
        try:
            fail(how)
        except kind:
            pass
        else:
            assert False, how
    """,
    "try: fail('json')\nexcept json.JSONDecodeError as e: assert e.pos == 1 and e.lineno == 1 and e.doc == '{bad'",
)
asserts(
    "exceptions: a frozen dataclass refuses",
    """
    from dataclasses import dataclass
    @dataclass(frozen=True)
    class P:
        x: int
    """,
    """
    import dataclasses
    p = P(1)
    try: p.x = 2
    except dataclasses.FrozenInstanceError: pass
    else: assert False
    assert p.x == 1
    """,
    "try: p.y = 2\nexcept AttributeError as e: assert 'y' in str(e)\nelse: assert False",
)
asserts(
    "exceptions: OSError with its number and file",
    """
    def read(path):
        with open(path) as f:
            return f.read()
    """,
    """
    import errno
    try: read('/no/such/file')
    except FileNotFoundError as e:
        assert e.errno == errno.ENOENT and e.filename == '/no/such/file'
    else: assert False
    """,
    "try: read('/tmp')\nexcept IsADirectoryError as e: assert 'Is a directory' in str(e)\nelse: assert False",
)
asserts(
    "exceptions: UnicodeDecodeError with its position",
    "def decode(b): return b.decode('utf-8')",
    r"""
    try: decode(b'ab\xff')
    except UnicodeDecodeError as e: assert (e.start, e.reason) == (2, 'invalid start byte')
    else: assert False
    """,
)
asserts(
    "exceptions: SystemExit with a code",
    """
    import sys
    def main(argv):
        if not argv:
            sys.exit(2)
        sys.exit('usage')
    """,
    "try: main([])\nexcept SystemExit as e: assert e.code == 2\nelse: assert False",
    "try: main(['x'])\nexcept SystemExit as e: assert e.code == 'usage'\nelse: assert False",
)
asserts(
    "exceptions: KeyboardInterrupt and GeneratorExit are told",
    """
    def stop(kind):
        raise kind('enough')
    """,
    """
    for kind in (KeyboardInterrupt, GeneratorExit, BaseException):
        try: stop(kind)
        except BaseException as e: assert type(e) is kind and e.args == ('enough',)
        else: assert False
    """,
)
asserts(
    "exceptions: NotImplementedError of an abstract base",
    """
    class Shape:
        def area(self):
            raise NotImplementedError(f'{type(self).__name__} has no area')
    class Square(Shape):
        def __init__(self, a): self.a = a
        def area(self): return self.a ** 2
    class Blob(Shape): pass
    """,
    "assert Square(3).area() == 9",
    "try: Blob().area()\nexcept NotImplementedError as e: assert str(e) == 'Blob has no area'\nelse: assert False",
)
asserts(
    "exceptions: wrong calls are TypeErrors of the solution's function",
    """
    def area(w, h=1, *, unit='m'):
        return w * h, unit
    """,
    """
    try: area()
    except TypeError as e: assert "missing 1 required positional argument: 'w'" in str(e)
    else: assert False
    """,
    """
    try: area(1, 2, 3)
    except TypeError as e: assert 'positional arguments but 3 were given' in str(e)
    else: assert False
    """,
    """
    try: area(1, size=3)
    except TypeError as e: assert "unexpected keyword argument 'size'" in str(e)
    else: assert False
    """,
    "assert area(2, unit='cm') == (2, 'cm')",
)
asserts(
    "exceptions: warnings are caught by the test",
    """
    import warnings
    def old():
        warnings.warn('use new()', DeprecationWarning, stacklevel=2)
        return 1
    """,
    """
    import warnings
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        assert old() == 1
    assert len(seen) == 1 and issubclass(seen[0].category, DeprecationWarning) and 'new()' in str(seen[0].message)
    """,
)
asserts(
    "exceptions: suppress and ExitStack of contextlib around calls",
    """
    class Gone(LookupError):
        pass
    def find(xs, x):
        if x not in xs:
            raise Gone(x)
        return xs.index(x)
    """,
    """
    import contextlib
    with contextlib.suppress(Gone):
        find([], 1)
        assert False
    with contextlib.suppress(LookupError):
        find([], 1)
        assert False
    assert find([5, 6], 6) == 1
    """,
)
check(
    "exceptions: HumanEval style with a helper",
    """
    class NegativeError(ValueError):
        pass
    def fact(n):
        if n < 0:
            raise NegativeError(n)
        return 1 if n < 2 else n * fact(n - 1)
    """,
    """
    def check(candidate):
        for n, want in enumerate([1, 1, 2, 6, 24]):
            assert candidate(n) == want, f'{n}!'
        try:
            candidate(-1)
            assert False, 'no error'
        except ValueError as e:
            assert e.args == (-1,)
    """,
    "fact",
)

# -- callbacks: the solution calls what the test gives it ----------------------------------------------------------

asserts(
    "callbacks: lambda, def, partial, operator and builtins",
    """
    def apply_all(fs, x):
        return [f(x) for f in fs]
    """,
    """
    import functools, operator
    def half(x):
        return x / 2
    fs = [lambda x: x + 1, half, functools.partial(pow, 2), operator.neg, str, float, abs, bin]
    assert apply_all(fs, 4) == [5, 2.0, 16, -4, '4', 4.0, 4, '0b100']
    """,
    """
    fs = [len, str.upper, sorted, list, set, 'x'.join, operator.itemgetter(0)]
    assert apply_all(fs, 'ba') == [2, 'BA', ['a', 'b'], ['b', 'a'], {'a', 'b'}, 'bxa', 'b']
    """,
)
asserts(
    "callbacks: key functions of every kind",
    """
    def top(xs, key=None, reverse=False):
        return sorted(xs, key=key, reverse=reverse)[0]
    """,
    "assert top(['bb', 'a', 'CCC']) == 'CCC' and top(['bb', 'a', 'CCC'], key=len) == 'a'",
    "assert top(['bb', 'a', 'CCC'], key=str.lower, reverse=True) == 'CCC'",
    "import operator\nassert top([{'n': 3}, {'n': 1}], key=operator.itemgetter('n')) == {'n': 1}",
    "assert top([(1, 'z'), (0, 'q')], key=lambda t: (t[1], -t[0])) == (0, 'q')",
)
asserts(
    "callbacks: comparators through cmp_to_key",
    """
    from functools import cmp_to_key
    def order(xs, cmp):
        return sorted(xs, key=cmp_to_key(cmp))
    """,
    "assert order([3, 30, 34, 5, 9], lambda a, b: (str(a) + str(b) < str(b) + str(a)) * 2 - 1) == [9, 5, 34, 3, 30]",
    """
    def by_len(a, b):
        return len(a) - len(b) or (a > b) - (a < b)
    assert order(['bb', 'c', 'aa'], by_len) == ['c', 'aa', 'bb']
    """,
)
asserts(
    "callbacks: a cmp_to_key made by the test",
    """
    def sort_with(xs, key):
        return sorted(xs, key=key)
    """,
    "from functools import cmp_to_key\nassert sort_with([1, 2, 3], cmp_to_key(lambda a, b: b - a)) == [3, 2, 1]",
)
asserts(
    "callbacks: methods of objects and classes of the test",
    """
    def each(xs, visit):
        for x in xs:
            visit(x)
    """,
    """
    class Sum:
        total = 0
        def add(self, x):
            self.total += x
        @staticmethod
        def ignore(x):
            pass
        @classmethod
        def count(cls, x):
            cls.total += 1
    s = Sum()
    each([1, 2, 3], s.add)
    assert s.total == 6
    each([1, 2], Sum.ignore)
    each([1, 2], Sum.count)
    assert Sum.total == 2 and s.total == 6
    """,
    "out = []\neach('abc', out.append)\nassert out == ['a', 'b', 'c']",
    "seen = set()\neach([1, 1, 2], seen.add)\nassert seen == {1, 2}",
)
asserts(
    "callbacks: an object with __call__",
    """
    def twice(f, x):
        return f(f(x))
    """,
    """
    class Adder:
        def __init__(self, n): self.n = n
        def __call__(self, x): return x + self.n
    assert twice(Adder(3), 1) == 7
    """,
)
asserts(
    "callbacks: 5000 calls",
    """
    def count_if(pred, n):
        return sum(1 for i in range(n) if pred(i))
    """,
    """
    calls = 0
    def pred(i):
        global calls
        calls += 1
        return i % 3 == 0
    assert count_if(pred, 5000) == 1667 and calls == 5000
    """,
)
asserts(
    "callbacks: bisection over the test's function",
    """
    def bisect(f, lo, hi, eps=1e-12):
        while hi - lo > eps:
            mid = (lo + hi) / 2
            if f(lo) * f(mid) <= 0:
                hi = mid
            else:
                lo = mid
        return (lo + hi) / 2
    """,
    "import math\nassert math.isclose(bisect(lambda x: x * x - 2, 0, 2), math.sqrt(2), abs_tol=1e-9)",
    "assert abs(bisect(math.cos, 1, 2) - math.pi / 2) < 1e-9",
)
asserts(
    "callbacks: a guessing game",
    """
    def guess(ask):
        lo, hi = 1, 100
        while lo < hi:
            mid = (lo + hi) // 2
            if ask(mid) == 'higher':
                lo = mid + 1
            else:
                hi = mid
        return lo
    """,
    """
    for secret in (1, 42, 77, 100):
        asked = []
        def ask(n):
            asked.append(n)
            return 'higher' if n < secret else 'no'
        assert guess(ask) == secret and len(asked) <= 7
    """,
)
asserts(
    "callbacks: errors raised in them are handled by the solution",
    """
    def safe_map(f, xs, default=None):
        out = []
        for x in xs:
            try:
                out.append(f(x))
            except (ValueError, ZeroDivisionError) as e:
                out.append(f'{type(e).__name__}: {e}' if default is None else default)
        return out
    """,
    "assert safe_map(int, ['1', 'x'], -1) == [1, -1]",
    "assert safe_map(lambda x: 1 // x, [1, 0]) == [1, 'ZeroDivisionError: integer division or modulo by zero']",
    """
    def picky(x):
        if x > 1: raise ValueError(f'too big: {x}')
        return x
    assert safe_map(picky, [1, 2]) == [1, 'ValueError: too big: 2']
    """,
)
asserts(
    "callbacks: a list made by the solution is changed by the callback",
    """
    def build(*steps):
        out = []
        for step in steps:
            step(out)
        return out
    """,
    "assert build(lambda o: o.append(1), lambda o: o.extend([2, 3]), lambda o: o.pop(0)) == [2, 3]",
    "def rec(o):\n    o.append(list(o))\nassert build(rec, rec) == [[], [[]]]",
)
asserts(
    "callbacks: a dict of state is threaded through handlers",
    """
    class Machine:
        def __init__(self):
            self.handlers, self.state = {}, {'n': 0}
        def on(self, event, handler):
            self.handlers.setdefault(event, []).append(handler)
            return self
        def fire(self, event, **data):
            for h in self.handlers.get(event, []):
                h(self.state, **data)
            return self.state['n']
    """,
    """
    m = Machine()
    def add(state, by=1):
        state['n'] += by
    m.on('add', add).on('add', add)
    assert m.fire('add', by=5) == 10 and m.fire('none') == 10
    """,
)
asserts(
    "callbacks: keyword arguments, defaults and star",
    """
    def call(f, *args, **kwargs):
        return f(*args, **kwargs)
    """,
    "assert call(lambda a, b=2, *c, d, **e: (a, b, c, d, e), 1, 5, 6, d=7, z=8) == (1, 5, (6,), 7, {'z': 8})",
    "assert call(dict, a=1) == {'a': 1} and call(print) is None and call(sorted, [2, 1], reverse=True) == [2, 1]",
)
asserts(
    "callbacks: returning containers",
    """
    def flat_map(f, xs):
        return [y for x in xs for y in f(x)]
    def once(f, *args, **kwargs):
        return f(*args, **kwargs)
    def bfs(start, neighbours):
        seen, todo = [start], [start]
        while todo:
            for n in neighbours(todo.pop(0)):
                if n not in seen:
                    seen.append(n)
                    todo.append(n)
        return seen
    """,
    "assert once(lambda x: [x], 1) == [1] and once(lambda: {'a': [1]}) == {'a': [1]} and once(lambda **k: {1, 2}, z=3) == {1, 2}",
    "assert flat_map(lambda x: [x] * x, [1, 2, 3]) == [1, 2, 2, 3, 3, 3]",
    "assert once(lambda xs: xs[::-1], [1, 2]) == [2, 1] and once(lambda xs: (xs, [xs]), [5]) == ([5], [[5]])",
    "assert bfs(1, lambda n: [m for m in (2 * n, 2 * n + 1) if m < 8]) == [1, 2, 3, 4, 5, 6, 7]",
)
asserts(
    "callbacks: returning what they were given",
    """
    def same(f):
        a = [1]
        return f(a) is a, f(a) == [1]
    """,
    "assert same(lambda x: x) == (True, True)",
)
asserts(
    "callbacks: raising the argument's own trouble with containers",
    """
    def attempt(f, xs):
        try:
            f(xs)
        except ValueError as e:
            return e.args
    """,
    "def f(xs):\n    raise ValueError('bad', [1, 2], {'a': xs})\nassert attempt(f, [3]) == ('bad', [1, 2], {'a': [3]})",
)
asserts(
    "callbacks: returning functions that the solution calls",
    """
    def pipeline(make, xs):
        f = make(2)
        return [f(x)(1) for x in xs]
    """,
    "assert pipeline(lambda k: lambda x: lambda y: k * x + y, [1, 2]) == [3, 5]",
)
asserts(
    "callbacks: given back to the test as they are",
    """
    def choose(fs, i):
        return fs[i]
    def last(registry=[], *, add=None):
        if add:
            registry.append(add)
        return registry[-1]
    """,
    "f = lambda x: x\nassert choose([len, f], 1) is f and choose([len, f], 0) is len",
    "def g(): return 1\nassert last(add=g) is g and last() is g and last()() == 1",
)
asserts(
    "callbacks: recursion between the test and the solution",
    """
    def walk(n, visit):
        return visit(n, walk)
    """,
    "def visit(n, walk):\n    return 0 if n == 0 else 1 + walk(n - 1, visit)\nassert walk(50, visit) == 50",
    "assert walk(3, lambda n, w: n * w(n - 1, lambda m, _: m)) == 6",
)
asserts(
    "callbacks: mutual recursion with a function of the test",
    """
    def is_even(n, is_odd):
        return True if n == 0 else is_odd(n - 1)
    """,
    """
    def is_odd(n):
        return False if n == 0 else is_even(n - 1, is_odd)
    assert is_even(20, is_odd) and not is_even(21, is_odd)
    """,
)
asserts(
    "callbacks: types as arguments",
    """
    def convert(xs, kind):
        return [kind(x) for x in xs]
    def pick(xs, kind):
        return [x for x in xs if isinstance(x, kind)]
    def tries(f, errors):
        try:
            return f()
        except errors as e:
            return type(e)
    """,
    "assert convert(['1', '2'], int) == [1, 2] and convert([1], str) == ['1'] and convert(['ab'], list) == [['a', 'b']]",
    "assert pick([1, 'a', 2.0, None, True], int) == [1, True] and pick([1, 'a', 2.0], (str, float)) == ['a', 2.0]",
    """
    assert tries(lambda: 1 / 0, ArithmeticError) is ZeroDivisionError
    assert tries(lambda: int('x'), (KeyError, ValueError)) is ValueError
    """,
    "from fractions import Fraction\nassert convert(['1/2'], Fraction) == [Fraction(1, 2)]",
    "assert pick([1, None], type(None)) == [None]",
)
asserts(
    "callbacks: a class of the test as a factory",
    """
    def make(cls, *args):
        return cls(*args)
    """,
    """
    class P:
        def __init__(self, x): self.x = x
    p = make(P, 3)
    assert isinstance(p, P) and p.x == 3 and type(p) is P
    """,
)
asserts(
    "callbacks: objects of the test with ordinary methods and attributes",
    """
    def total_area(shapes):
        return sum(s.area() * s.count for s in shapes)
    def rename(obj, name):
        obj.set_name(name)
        return obj.name
    """,
    """
    class Square:
        count = 2
        def __init__(self, a):
            self.a = a
        def area(self):
            return self.a ** 2
        def set_name(self, name):
            self.name = name
    assert total_area([Square(1), Square(2)]) == 10
    assert rename(Square(1), 'sq') == 'sq'
    """,
)
asserts(
    "callbacks: objects of the test that are compared, hashed and added",
    """
    def largest(xs):
        return max(xs)
    def unique(xs):
        return list(dict.fromkeys(xs))
    def total(xs, start):
        return sum(xs, start)
    """,
    """
    import functools
    @functools.total_ordering
    class V:
        def __init__(self, n): self.n = n
        def __eq__(self, o): return self.n == o.n
        def __lt__(self, o): return self.n < o.n
        def __hash__(self): return hash(self.n)
        def __add__(self, o): return V(self.n + o.n)
    a, b, c = V(1), V(3), V(1)
    assert largest([a, b, c]) is b
    """,
    "assert total([a, b], V(0)).n == 4",
    "assert len(unique([a, b, c])) == 2",
)
asserts(
    "callbacks: containers of the test's own class",
    """
    def summary(c):
        return len(c), c[0], 'x' in c, [i for i in c], bool(c)
    """,
    """
    class Bag:
        def __init__(self, *xs): self.xs = list(xs)
        def __len__(self): return len(self.xs)
        def __getitem__(self, i): return self.xs[i]
        def __contains__(self, x): return x in self.xs
        def __iter__(self): return iter(self.xs)
    assert summary(Bag('x', 'y')) == (2, 'x', True, ['x', 'y'], True)
    """,
    """
    class E:
        def __bool__(self): return False
        def __len__(self): return 1
        def __getitem__(self, i): return i
        def __contains__(self, x): return False
        def __iter__(self): yield 5
    assert summary(E()) == (1, 0, False, [5], False)
    """,
)
asserts(
    "callbacks: str, repr and format of objects of the test",
    """
    def show(x):
        return f'{x}|{x!r}|{x:>4}|{str(x)}'
    """,
    """
    class N:
        def __str__(self): return 'n'
        def __repr__(self): return 'N()'
        def __format__(self, spec): return format('n', spec)
    assert show(N()) == 'n|N()|   n|n'
    """,
)
asserts(
    "callbacks: context managers of the test",
    """
    def guarded(lock, f):
        with lock as inside:
            return f(inside)
    """,
    """
    import contextlib
    log = []
    @contextlib.contextmanager
    def lock():
        log.append('in')
        try:
            yield 5
        finally:
            log.append('out')
    assert guarded(lock(), lambda x: x + 1) == 6 and log == ['in', 'out']
    """,
    "try: guarded(lock(), lambda x: 1 / 0)\nexcept ZeroDivisionError: pass\nassert log == ['in', 'out'] * 2",
)
asserts(
    "callbacks: random generators of the test",
    """
    def shuffle(xs, rng):
        for i in range(len(xs) - 1, 0, -1):
            j = rng.randint(0, i)
            xs[i], xs[j] = xs[j], xs[i]
        return xs
    """,
    """
    import random
    a, b = random.Random(3), random.Random(3)
    assert shuffle(list(range(9)), a) == shuffle(list(range(9)), b)
    """,
    "assert sorted(shuffle([1, 2, 3], random)) == [1, 2, 3]",
)
asserts(
    "callbacks: modules as arguments",
    """
    def call(module, name, *args):
        return getattr(module, name)(*args)
    """,
    "import math, json\nassert call(math, 'gcd', 12, 18) == 6 and call(json, 'dumps', [1]) == '[1]'",
)
asserts(
    "callbacks: text streams of the test",
    """
    def copy_upper(source, target):
        for line in source:
            target.write(line.upper())
        print('end', file=target)
    """,
    r"""
    import io
    out = io.StringIO()
    copy_upper(io.StringIO('a\nb\n'), out)
    assert out.getvalue() == 'A\nB\nend\n'
    """,
    "out = io.StringIO()\ncopy_upper(['x', 'y'], out)\nassert out.getvalue() == 'XYend\\n'",
)
asserts(
    "callbacks: mock objects of unittest",
    """
    def notify(users, send, log=None):
        for u in users:
            send(u['mail'], subject=f"Hi {u['name']}")
        if log:
            log.info('sent %d', len(users))
        return len(users)
    """,
    """
    from unittest import mock
    send = mock.Mock(return_value=True)
    assert notify([{'mail': 'a@b', 'name': 'A'}], send) == 1
    """,
    "send.assert_called_once_with('a@b', subject='Hi A')",
    "log = mock.MagicMock()\nnotify([], send, log)\nlog.info.assert_called_once_with('sent %d', 0)",
    """
    def boom(*a, **k):
        raise OSError('down')
    try: notify([{'mail': 1, 'name': 2}], mock.Mock(side_effect=boom))
    except OSError as e: assert str(e) == 'down'
    else: assert False
    """,
)
check(
    "callbacks: candidate given functions",
    """
    def compose(*fs):
        def composed(x):
            for f in reversed(fs):
                x = f(x)
            return x
        return composed
    """,
    """
    def check(candidate):
        assert candidate()(5) == 5
        assert candidate(lambda x: x + 1)(5) == 6
        assert candidate(str, lambda x: x * 2)(4) == '8'
        assert candidate(len, str, abs)(-123) == 3
        f = candidate(*[lambda x: x + 1] * 50)
        assert [f(i) for i in range(5)] == [50, 51, 52, 53, 54]
    """,
    "compose",
)

# -- generators, iterators and async -------------------------------------------------------------------------------

asserts(
    "generators: next, send, throw, close and the value returned",
    """
    def averager():
        total, n, mean = 0.0, 0, None
        try:
            while True:
                try:
                    x = yield mean
                except ValueError:
                    total, n, mean = 0.0, 0, None
                    continue
                if x is None:
                    return n, mean
                total += x
                n += 1
                mean = total / n
        finally:
            CLOSED.append(n)
    CLOSED = []
    """,
    "g = averager()\nassert next(g) is None and g.send(10) == 10.0 and g.send(20) == 15.0",
    "assert g.throw(ValueError) is None and g.send(4) == 4.0",
    "try: g.send(None)\nexcept StopIteration as e: assert e.value == (1, 4.0)\nelse: assert False",
    """
    h = averager()
    next(h)
    h.close()
    try: next(h)
    except StopIteration: pass
    else: assert False
    """,
)
asserts(
    "generators: throw an exception object",
    """
    def resilient():
        got = []
        while True:
            try:
                yield list(got)
            except Exception as e:
                got.append((type(e).__name__, str(e)))
    """,
    "g = resilient()\nassert next(g) == [] and g.throw(KeyError('k')) == [('KeyError', \"'k'\")]",
    "assert g.throw(ValueError('bad')) == [('KeyError', \"'k'\"), ('ValueError', 'bad')]",
)
asserts(
    "generators: infinite ones cut by the test",
    """
    def primes():
        found = []
        n = 2
        while True:
            if all(n % p for p in found if p * p <= n):
                found.append(n)
                yield n
            n += 1
    """,
    "import itertools\nassert list(itertools.islice(primes(), 10)) == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]",
    "assert list(itertools.takewhile(lambda p: p < 12, primes())) == [2, 3, 5, 7, 11]",
    "assert next(p for p in primes() if p > 100) == 101 and dict(zip('ab', primes())) == {'a': 2, 'b': 3}",
    "g = primes()\nassert [next(g) for _ in range(3)] == [2, 3, 5] and 7 in g and next(g) == 11",
)
asserts(
    "generators: yield from a generator of the solution in the test",
    """
    def chunk(xs, n):
        for i in range(0, len(xs), n):
            yield xs[i:i + n]
        return 'end'
    """,
    """
    def both():
        r = yield from chunk([1, 2, 3], 2)
        yield r
    assert list(both()) == [[1, 2], [3], 'end']
    """,
    "a, *b = chunk('abcde', 2)\nassert a == 'ab' and b == ['cd', 'e'] and max(chunk([3, 1], 1)) == [3]",
    "assert list(map(len, chunk(range(7), 3))) == [3, 3, 1] and sum(chunk([[1], [2]], 1), []) == [[1], [2]]",
)
asserts(
    "generators: two run side by side, each with its own state",
    """
    def counter(start):
        while True:
            step = (yield start) or 1
            start += step
    """,
    "a, b = counter(0), counter(100)\nassert [next(a), next(b), next(a), a.send(5), next(b)] == [0, 100, 1, 6, 101]",
    "assert iter(a) is a and a is not b",
)
asserts(
    "generators: isgenerator, iscoroutinefunction and Iterator say what they are",
    """
    def gen():
        yield 1
    async def co():
        return 1
    async def agen():
        yield 1
    class Plain:
        pass
    """,
    "import inspect\nassert inspect.isgeneratorfunction(gen) and inspect.isgenerator(gen())",
    """
    import types, collections.abc
    assert isinstance(gen(), types.GeneratorType) and isinstance(gen(), collections.abc.Iterator)
    """,
    "import asyncio\nassert asyncio.iscoroutinefunction(co) and inspect.isasyncgenfunction(agen)",
    """
    assert not isinstance(Plain(), collections.abc.Iterator) and not callable(Plain()) and not hasattr(Plain(), '__iter__')
    """,
)
asserts(
    "generators: an iterator class",
    """
    class Countdown:
        def __init__(self, n): self.n = n
        def __iter__(self): return self
        def __next__(self):
            if self.n <= 0:
                raise StopIteration
            self.n -= 1
            return self.n + 1
    class Range:
        def __init__(self, n): self.n = n
        def __iter__(self): return (i for i in range(self.n))
        def __len__(self): return self.n
        def __getitem__(self, i):
            if not -self.n <= i < self.n:
                raise IndexError(i)
            return i % self.n
        def __contains__(self, x): return 0 <= x < self.n
        def __reversed__(self): return iter(range(self.n - 1, -1, -1))
    """,
    "c = Countdown(3)\nassert list(c) == [3, 2, 1] and list(c) == [] and next(iter(Countdown(1))) == 1",
    """
    assert next(Countdown(0), 'none') == 'none' and sum(Countdown(4)) == 10
    assert list(zip(Countdown(2), 'ab')) == [(2, 'a'), (1, 'b')]
    """,
    "r = Range(3)\nassert list(r) == list(r) == [0, 1, 2] and len(r) == 3 and r[-1] == 2 and list(reversed(r)) == [2, 1, 0]",
    "assert 2 in r and 3 not in r and [*r, *r] == [0, 1, 2] * 2 and sorted(r, reverse=True)[0] == 2",
    "a, b, c = r\nassert (a, b, c) == (0, 1, 2) and set(r) == {0, 1, 2} and max(r) == 2 and tuple(r) == (0, 1, 2)",
    "try: r[9]\nexcept IndexError as e: assert e.args == (9,)\nelse: assert False",
)
asserts(
    "generators: the old sequence protocol",
    """
    class Squares:
        def __getitem__(self, i):
            if i >= 4:
                raise IndexError
            return i * i
    """,
    "assert list(Squares()) == [0, 1, 4, 9] and 4 in Squares() and 5 not in Squares() and sum(Squares()) == 14",
)
asserts(
    "generators: a generator drains the test's generator lazily",
    """
    def window(it, n):
        buf = []
        for x in it:
            buf.append(x)
            if len(buf) == n:
                yield tuple(buf)
                buf.pop(0)
    """,
    """
    pulled = []
    def source():
        for i in range(100):
            pulled.append(i)
            yield i
    w = window(source(), 3)
    assert next(w) == (0, 1, 2) and pulled == [0, 1, 2] and next(w) == (1, 2, 3) and len(pulled) == 4
    """,
)
asserts(
    "generators: tee, chain and groupby of the test over the solution's",
    """
    def runs(s):
        for c in s:
            yield c
    """,
    """
    import itertools
    assert [(k, len(list(g))) for k, g in itertools.groupby(runs('aabc'))] == [('a', 2), ('b', 1), ('c', 1)]
    """,
    "a, b = itertools.tee(runs('xyz'))\nassert list(a) == list(b) == ['x', 'y', 'z']",
    "assert ''.join(itertools.chain(runs('ab'), runs('cd'))) == 'abcd' and list(enumerate(runs('q'), 1)) == [(1, 'q')]",
)
asserts(
    "generators: 20000 items one by one",
    """
    def numbers(n):
        yield from range(n)
    """,
    "assert sum(numbers(20000)) == 199990000",
    time_limit_s=10,
)
asserts(
    "async: run, await and gather",
    """
    import asyncio
    async def double(x, delay=0.0):
        await asyncio.sleep(delay)
        return 2 * x
    async def fail():
        raise LookupError('async')
    """,
    "import asyncio\nassert asyncio.run(double(4)) == 8",
    """
    async def main():
        return await asyncio.gather(double(1), double(2, 0.01), double(3))
    assert asyncio.run(main()) == [2, 4, 6]
    """,
    """
    async def main():
        try:
            await fail()
        except LookupError as e:
            return str(e)
    assert asyncio.run(main()) == 'async'
    """,
    """
    async def main():
        r = await asyncio.gather(double(1), fail(), return_exceptions=True)
        return r[0], type(r[1])
    assert asyncio.run(main()) == (2, LookupError)
    """,
)
asserts(
    "async: calls overlap in time",
    """
    import asyncio
    async def nap(x):
        await asyncio.sleep(0.2)
        return x
    """,
    """
    import asyncio, time
    async def main():
        return await asyncio.gather(*(nap(i) for i in range(10)))
    t = time.monotonic()
    assert asyncio.run(main()) == list(range(10)) and time.monotonic() - t < 1.5
    """,
)
asserts(
    "async: wait_for cancels",
    """
    import asyncio
    async def forever():
        await asyncio.sleep(60)
    """,
    """
    import asyncio
    async def main():
        try:
            await asyncio.wait_for(forever(), 0.05)
        except asyncio.TimeoutError:
            return 'timeout'
    assert asyncio.run(main()) == 'timeout'
    """,
)
asserts(
    "async: create_task and as_completed",
    """
    import asyncio
    async def work(n):
        await asyncio.sleep(0.02 * n)
        return n
    """,
    """
    import asyncio
    async def main():
        t = asyncio.create_task(work(1))
        r = await t
        return r, t.done(), t.result()
    assert asyncio.run(main()) == (1, True, 1)
    """,
    """
    async def main():
        return [await c for c in asyncio.as_completed([work(3), work(1)])]
    assert sorted(asyncio.run(main())) == [1, 3]
    """,
)
asserts(
    "async: generators",
    """
    import asyncio
    async def ticks(n):
        for i in range(n):
            await asyncio.sleep(0)
            yield i
    """,
    """
    import asyncio
    async def main():
        return [t async for t in ticks(3)]
    assert asyncio.run(main()) == [0, 1, 2]
    """,
    """
    async def main():
        g = ticks(2)
        first = await g.__anext__()
        await g.aclose()
        return first
    assert asyncio.run(main()) == 0
    """,
)
asserts(
    "async: context managers",
    """
    class Session:
        def __init__(self): self.open = False
        async def __aenter__(self):
            self.open = True
            return self
        async def __aexit__(self, *error):
            self.open = False
            return error[0] is KeyError
        async def get(self, k):
            return {'a': 1}[k]
    """,
    """
    import asyncio
    async def main():
        async with Session() as s:
            r = await s.get('a')
            assert s.open
        return r, s.open
    assert asyncio.run(main()) == (1, False)
    """,
    """
    async def main():
        async with Session() as s:
            await s.get('b')
        return 'swallowed'
    assert asyncio.run(main()) == 'swallowed'
    """,
)
asserts(
    "async: iterator class",
    """
    class Lines:
        def __init__(self, *lines): self.lines = list(lines)
        def __aiter__(self): return self
        async def __anext__(self):
            if not self.lines:
                raise StopAsyncIteration
            return self.lines.pop(0)
    """,
    """
    import asyncio
    async def main():
        out = []
        async for line in Lines('a', 'b'):
            out.append(line)
        return out
    assert asyncio.run(main()) == ['a', 'b']
    """,
)
asserts(
    "async: coroutine functions of the test awaited by the solution",
    """
    import asyncio
    async def retry(f, times):
        for i in range(times):
            try:
                return await f()
            except ConnectionError:
                await asyncio.sleep(0)
        return 'gave up'
    """,
    """
    import asyncio
    calls = []
    async def flaky():
        calls.append(1)
        if len(calls) < 3:
            raise ConnectionError
        return 'ok'
    assert asyncio.run(retry(flaky, 5)) == 'ok' and len(calls) == 3
    """,
)
asserts(
    "async: two coroutines of the solution talk through its queue",
    """
    import asyncio
    class Channel:
        def __init__(self): self.q = asyncio.Queue()
        async def put(self, x): await self.q.put(x)
        async def get(self): return await self.q.get()
    """,
    """
    import asyncio
    async def main():
        c = Channel()
        got, _ = await asyncio.gather(c.get(), c.put(7))
        return got
    assert asyncio.run(main()) == 7
    """,
)
asserts(
    "async: a lock shared by tasks",
    """
    import asyncio
    class Bank:
        def __init__(self):
            self.balance, self.lock = 0, asyncio.Lock()
        async def deposit(self, n):
            async with self.lock:
                before = self.balance
                await asyncio.sleep(0)
                self.balance = before + n
    """,
    """
    import asyncio
    async def main():
        b = Bank()
        await asyncio.gather(*(b.deposit(1) for _ in range(10)))
        return b.balance
    assert asyncio.run(main()) == 10
    """,
)
asserts(
    "async: the solution runs its own loop",
    """
    import asyncio
    def crawl(pages, start):
        async def run():
            seen, q = {start}, asyncio.Queue()
            q.put_nowait(start)
            async def worker():
                while True:
                    p = await q.get()
                    for n in pages.get(p, []):
                        if n not in seen:
                            seen.add(n)
                            q.put_nowait(n)
                    q.task_done()
            tasks = [asyncio.create_task(worker()) for _ in range(3)]
            await q.join()
            for t in tasks:
                t.cancel()
            return sorted(seen)
        return asyncio.run(run())
    """,
    "assert crawl({'a': ['b', 'c'], 'b': ['a'], 'c': ['d']}, 'a') == ['a', 'b', 'c', 'd']",
)
asserts(
    "async: a coroutine driven by hand",
    """
    import types
    @types.coroutine
    def ask(q):
        return (yield q)
    async def talk():
        a = await ask('name?')
        b = await ask('age?')
        return f'{a} is {b}'
    """,
    """
    c = talk()
    assert c.send(None) == 'name?' and c.send('Ada') == 'age?'
    try: c.send(36)
    except StopIteration as e: assert e.value == 'Ada is 36'
    else: assert False
    """,
)

# -- classes: several calls, operators, protocols ------------------------------------------------------------------

asserts(
    "classes: every arithmetic operator between objects",
    """
    import operator
    class N:
        def __init__(self, v): self.v = v
        def __repr__(self): return f'N({self.v})'
        def __eq__(self, o): return isinstance(o, N) and self.v == o.v
        def __hash__(self): return hash(self.v)
        def __neg__(self): return N(-self.v)
        def __pos__(self): return N(+self.v)
        def __invert__(self): return N(~self.v)
        def __abs__(self): return N(abs(self.v))
        def __int__(self): return self.v
        def __float__(self): return float(self.v)
        def __index__(self): return self.v
        def __bool__(self): return self.v != 0
        def __round__(self, n=None): return N(round(self.v, n or 0))
        def __divmod__(self, o): return N(self.v // o.v), N(self.v % o.v)
    for name in 'add sub mul truediv floordiv mod pow lshift rshift and or xor matmul'.split():
        def method(self, o, op=getattr(operator, name + '_' * (name in ('and', 'or')), None), name=name):
            return N(self.v * 100 + o.v) if name == 'matmul' else N(op(self.v, o.v))
        setattr(N, f'__{name}__', method)
    """,
    "a, b = N(7), N(2)\nassert a + b == N(9) and a - b == N(5) and a * b == N(14) and a / b == N(3.5) and a // b == N(3)",
    "assert a % b == N(1) and a ** b == N(49) and a << b == N(28) and a >> b == N(1) and a & b == N(2) and a | b == N(7)",
    "assert a ^ b == N(5) and a @ b == N(702) and -a == N(-7) and +a == a and ~a == N(-8) and abs(-a) == a",
    "assert int(a) == 7 and float(a) == 7.0 and list(range(10))[b] == 2 and bool(N(0)) is False and hex(a) == '0x7'",
    "assert divmod(a, b) == (N(3), N(1)) and round(N(7)) == N(7) and a != b and not a == b and repr(a + b) == 'N(9)'",
    "assert len({N(1), N(1), N(2)}) == 2 and {N(1): 'x'}[N(1)] == 'x'",
)
asserts(
    "classes: operators with plain numbers on both sides",
    """
    class Money:
        def __init__(self, cents): self.cents = cents
        def __add__(self, o): return Money(self.cents + (o.cents if isinstance(o, Money) else o))
        __radd__ = __add__
        def __sub__(self, o): return Money(self.cents - (o.cents if isinstance(o, Money) else o))
        def __rsub__(self, o): return Money(o - self.cents)
        def __mul__(self, k): return Money(self.cents * k)
        __rmul__ = __mul__
        def __eq__(self, o): return self.cents == o.cents
        def __str__(self): return f'${self.cents / 100:.2f}'
    """,
    "assert str(Money(150) + Money(250)) == '$4.00' and (Money(5) * 3).cents == 15 and (3 * Money(5)).cents == 15",
    "assert str(sum([Money(1), Money(2)])) == '$0.03' and str(100 - Money(1)) == '$0.99' and Money(5) - 2 == Money(3)",
    "assert sum([Money(1), Money(2)], Money(0)) == Money(3)",
)
asserts(
    "classes: in-place operators",
    """
    class Vec:
        def __init__(self, *xs): self.xs = list(xs)
        def __iadd__(self, o):
            self.xs = [a + b for a, b in zip(self.xs, o.xs)]
            return self
        def __imul__(self, k):
            self.xs = [a * k for a in self.xs]
            return self
        def __ior__(self, o):
            self.xs += o.xs
            return self
    """,
    """
    v = w = Vec(1, 2)
    v += Vec(3, 4)
    assert v is w and v.xs == [4, 6]
    v *= 2
    assert v is w and w.xs == [8, 12]
    """,
    "v |= Vec(0)\nassert w.xs == [8, 12, 0]",
)
asserts(
    "classes: a vector that gives plain numbers",
    """
    import math
    class Vec:
        def __init__(self, x, y): self.x, self.y = x, y
        def __mul__(self, o):
            return self.x * o.x + self.y * o.y if isinstance(o, Vec) else Vec(self.x * o, self.y * o)
        def __rmul__(self, k): return self * k
        def __abs__(self): return math.hypot(self.x, self.y)
        def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)
        def __matmul__(self, o): return self.x * o.y - self.y * o.x
        def __iter__(self): yield from (self.x, self.y)
    """,
    """
    assert Vec(1, 2) * Vec(3, 4) == 11 and Vec(1, 2) * 2 == Vec(2, 4) and abs(Vec(3, 4)) == 5.0
    assert Vec(1, 0) @ Vec(0, 1) == 1
    """,
    "x, y = 3 * Vec(1, 2)\nassert (x, y) == (3, 6) and tuple(Vec(7, 8)) == (7, 8)",
    "assert (2 * Vec(3, 4)).x == 6 and abs(abs(Vec(1, 1)) - 2 ** 0.5) < 1e-12",
    "assert abs(Vec(3, 4) * 2) == 10.0",
)
asserts(
    "classes: comparison operators and sorting by the test",
    """
    from functools import total_ordering
    @total_ordering
    class Version:
        def __init__(self, text): self.parts = tuple(map(int, text.split('.')))
        def __eq__(self, o): return self.parts == o.parts
        def __lt__(self, o): return self.parts < o.parts
        def __str__(self): return '.'.join(map(str, self.parts))
        def __hash__(self): return hash(self.parts)
    """,
    "assert Version('1.2') < Version('1.10') and Version('2.0') >= Version('2.0') and not Version('1') > Version('2')",
    "vs = sorted(map(Version, ['1.10', '1.2', '0.9']))\nassert [str(v) for v in vs] == ['0.9', '1.2', '1.10']",
    "assert str(max(vs)) == '1.10' and str(min(vs, key=lambda v: v.parts[-1])) == '1.2' and vs.index(Version('1.2')) == 1",
    "import bisect, heapq\nassert bisect.bisect(vs, Version('1.0')) == 1 and str(heapq.nlargest(1, vs)[0]) == '1.10'",
    "assert Version('1.0') in {Version('1.0')} and Version('1.2') in vs and len({Version('1'), Version('1')}) == 1",
)
asserts(
    "classes: compared with plain data by their own rule",
    """
    class Temperature:
        def __init__(self, c): self.c = c
        def __eq__(self, o): return self.c == (o.c if isinstance(o, Temperature) else o)
        def __lt__(self, o): return self.c < (o.c if isinstance(o, Temperature) else o)
        def celsius(self): return self.c
    """,
    "assert Temperature(5) == Temperature(5) and Temperature(5) < Temperature(6) and Temperature(5).celsius() == 5",
)
asserts(
    "classes: container protocol",
    """
    class Matrix:
        def __init__(self, rows): self.rows = rows
        def __getitem__(self, at):
            if isinstance(at, tuple):
                r, c = at
                return self.rows[r][c]
            return self.rows[at]
        def __setitem__(self, at, v):
            r, c = at
            self.rows[r][c] = v
        def __delitem__(self, r): del self.rows[r]
        def __len__(self): return len(self.rows)
        def __contains__(self, v): return any(v in r for r in self.rows)
        def __iter__(self): return iter(self.rows)
    """,
    """
    m = Matrix([[1, 2], [3, 4]])
    m[0, 1] = 9
    assert m[0, 1] == 9 and m[1] == [3, 4] and 9 in m and 2 not in m and len(m) == 2
    """,
    "del m[0]\nassert len(m) == 1 and list(m) == [[3, 4]] and m[-1, -1] == 4",
    "m[0, 0] += 10\nassert m[0, 0] == 13",
)
asserts(
    "classes: slices in __getitem__",
    """
    class Text:
        def __init__(self, s): self.s = s
        def __getitem__(self, i):
            return Text(self.s[i]) if isinstance(i, slice) else self.s[i]
        def __str__(self): return self.s
    """,
    "t = Text('hello')\nassert t[1] == 'e' and str(t[1:3]) == 'el' and str(t[::-1]) == 'olleh' and t[-1] == 'o'",
)
asserts(
    "classes: a mapping from collections.abc",
    """
    from collections.abc import MutableMapping
    class Lower(MutableMapping):
        def __init__(self, *a, **k):
            self.d = {}
            self.update(*a, **k)
        def __getitem__(self, k): return self.d[k.lower()]
        def __setitem__(self, k, v): self.d[k.lower()] = v
        def __delitem__(self, k): del self.d[k.lower()]
        def __iter__(self): return iter(self.d)
        def __len__(self): return len(self.d)
    """,
    "d = Lower({'Ab': 1}, CD=2)\nassert d['AB'] == 1 and 'cD' in d and len(d) == 2 and dict(d) == {'ab': 1, 'cd': 2}",
    "d['X'] = 5\nassert d.pop('x') == 5 and d.get('zz') is None and list(d.items()) == [('ab', 1), ('cd', 2)]",
    "assert {**d} == {'ab': 1, 'cd': 2} and d.setdefault('Q', []) == [] and sorted(d.keys()) == ['ab', 'cd', 'q']",
    "from collections.abc import Mapping\nassert isinstance(d, Mapping)",
)
asserts(
    "classes: an LRU cache",
    """
    class LRUCache:
        def __init__(self, capacity):
            self.capacity, self.d = capacity, {}
        def get(self, k):
            if k not in self.d:
                return -1
            self.d[k] = self.d.pop(k)
            return self.d[k]
        def put(self, k, v):
            self.d.pop(k, None)
            self.d[k] = v
            if len(self.d) > self.capacity:
                del self.d[next(iter(self.d))]
    """,
    """
    c = LRUCache(2)
    c.put(1, 1); c.put(2, 2)
    assert c.get(1) == 1
    c.put(3, 3)
    assert c.get(2) == -1 and c.get(3) == 3
    """,
    """
    import random
    from collections import OrderedDict
    random.seed(0)
    class Reference:
        def __init__(self, n): self.n, self.d = n, OrderedDict()
        def get(self, k):
            if k not in self.d: return -1
            self.d.move_to_end(k); return self.d[k]
        def put(self, k, v):
            self.d[k] = v; self.d.move_to_end(k)
            if len(self.d) > self.n: self.d.popitem(last=False)
    a, b = LRUCache(5), Reference(5)
    for _ in range(500):
        k = random.randrange(10)
        if random.random() < 0.5:
            assert a.get(k) == b.get(k)
        else:
            a.put(k, _); b.put(k, _)
    """,
)
asserts(
    "classes: context managers",
    """
    class Timer:
        def __init__(self): self.events = []
        def __enter__(self):
            self.events.append('enter')
            return self
        def __exit__(self, kind, error, trace):
            self.events.append(kind.__name__ if kind else 'ok')
            return kind is ValueError
    """,
    """
    t = Timer()
    with t as inside:
        assert inside is t
    assert t.events == ['enter', 'ok']
    """,
    "with Timer() as t:\n    raise ValueError('x')\nassert t.events == ['enter', 'ValueError']",
    """
    t = Timer()
    try:
        with t:
            raise KeyError('x')
    except KeyError:
        pass
    else:
        assert False
    assert t.events == ['enter', 'KeyError']
    """,
    """
    import contextlib
    with contextlib.ExitStack() as stack:
        a = stack.enter_context(Timer())
    assert a.events == ['enter', 'ok']
    """,
)
asserts(
    "classes: __exit__ sees the error itself",
    """
    class Recorder:
        seen = None
        def __enter__(self): return self
        def __exit__(self, kind, error, trace):
            self.seen = (issubclass(kind, LookupError), str(error), error.args, trace is not None)
            return True
    """,
    "with Recorder() as r:\n    raise KeyError('k')\nassert r.seen == (True, \"'k'\", ('k',), True)",
)
asserts(
    "classes: contextlib.contextmanager of the solution",
    """
    from contextlib import contextmanager
    LOG = []
    @contextmanager
    def tag(name):
        LOG.append(f'<{name}>')
        try:
            yield name.upper()
        except ZeroDivisionError as e:
            LOG.append(f'!{e}')
        finally:
            LOG.append(f'</{name}>')
    def log():
        return ''.join(LOG)
    """,
    """
    with tag('a') as x:
        assert x == 'A'
        with tag('b'):
            pass
    assert log() == '<a><b></b></a>'
    """,
    "with tag('c'):\n    1 / 0\nassert log().endswith('<c>!division by zero</c>')",
    """
    @tag('d')
    def inside():
        return log()
    assert inside().endswith('<d>') and log().endswith('</d>')
    """,
)
asserts(
    "classes: properties, setters, deleters",
    """
    class Celsius:
        def __init__(self, t=0): self._t = t
        @property
        def fahrenheit(self):
            'in F'
            return self._t * 9 / 5 + 32
        @fahrenheit.setter
        def fahrenheit(self, f):
            if f < -459.67:
                raise ValueError('below absolute zero')
            self._t = (f - 32) * 5 / 9
        @fahrenheit.deleter
        def fahrenheit(self): self._t = 0
    """,
    """
    c = Celsius(100)
    assert c.fahrenheit == 212
    c.fahrenheit = 32
    assert c._t == 0 and c.fahrenheit == 32.0
    """,
    "try: c.fahrenheit = -1000\nexcept ValueError as e: assert 'absolute' in str(e)\nelse: assert False",
    "c._t = 50\ndel c.fahrenheit\nassert c._t == 0 and Celsius.fahrenheit.__doc__ == 'in F'",
    "c.fahrenheit += 18\nassert abs(c._t - 10) < 1e-9",
)
asserts(
    "classes: a property without a setter refuses",
    """
    class C:
        @property
        def x(self): return 1
    """,
    """
    c = C()
    try: c.x = 2
    except AttributeError: pass
    else: assert False
    assert c.x == 1 and isinstance(C.x, property)
    """,
)
asserts(
    "classes: class attributes, class methods and static methods",
    """
    class Pizza:
        count = 0
        sizes = ('S', 'M')
        def __init__(self, *toppings):
            self.toppings = list(toppings)
            Pizza.count += 1
        @classmethod
        def margherita(cls): return cls('tomato', 'mozzarella')
        @staticmethod
        def price(n): return 5 + n
    """,
    "p = Pizza.margherita()\nassert p.toppings == ['tomato', 'mozzarella'] and Pizza.count == 1 and Pizza.price(2) == 7",
    "Pizza()\nassert Pizza.count == 2 and p.count == 2 and p.price(1) == 6 and 'S' in Pizza.sizes",
    "Pizza.count = 10\nPizza()\nassert Pizza.count == 11",
)
asserts(
    "classes: the test changes an attribute that is a list",
    """
    class Cart:
        def __init__(self): self.items = []
        def total(self): return sum(self.items)
    """,
    """
    c = Cart()
    c.items.append(5)
    c.items.append(7)
    assert c.total() == 12 and len(c.items) == 2
    """,
    "c.items = [1]\nassert c.total() == 1",
)
asserts(
    "classes: the test changes an attribute that is a dict of lists",
    """
    class Graph:
        def __init__(self): self.edges = {}
        def degree(self, n): return len(self.edges.get(n, []))
    """,
    """
    g = Graph()
    g.edges.setdefault('a', []).append('b')
    assert g.degree('a') == 1
    g.edges['a'] += ['c']
    assert g.degree('a') == 2
    """,
)
asserts(
    "classes: an attribute is the same object each time",
    """
    class Node:
        def __init__(self, v, next=None):
            self.v, self.next, self.tags = v, next, []
    """,
    "a = Node(1)\nb = Node(2, a)\nassert b.next is a and b.next.v == 1 and a.next is None and b.tags is b.tags",
    """
    b.next = None
    assert b.next is None and a.v == 1
    a.v += 5
    assert a.v == 6
    """,
)
asserts(
    "classes: __getattr__, __setattr__ and __delattr__ of its own",
    """
    class Record:
        def __init__(self, **kw): self.__dict__['data'] = kw
        def __getattr__(self, name):
            try:
                return self.data[name]
            except KeyError:
                raise AttributeError(f'no field {name}') from None
        def __setattr__(self, name, v): self.data[name] = v
        def __delattr__(self, name): del self.data[name]
    """,
    "r = Record(a=1)\nr.b = 2\nassert r.a == 1 and r.b == 2 and hasattr(r, 'a') and not hasattr(r, 'zz')",
    "del r.a\nassert not hasattr(r, 'a') and getattr(r, 'a', 'gone') == 'gone' and r.data == {'b': 2}",
    "try: r.zz\nexcept AttributeError as e: assert str(e) == 'no field zz'\nelse: assert False",
)
asserts(
    "classes: callable objects and fluent chains",
    """
    class Query:
        def __init__(self, parts=()): self.parts = parts
        def __getattr__(self, name):
            if name.startswith('_'):
                raise AttributeError(name)
            return Query(self.parts + (name,))
        def __call__(self, *args): return Query(self.parts[:-1] + (f'{self.parts[-1]}({", ".join(map(repr, args))})',))
        def __str__(self): return '.'.join(self.parts)
    """,
    "q = Query()\nassert str(q.select('a', 1).where(2).limit) == \"select('a', 1).where(2).limit\" and callable(q)",
)
asserts(
    "classes: __slots__",
    """
    class P:
        __slots__ = ('x', 'y')
        def __init__(self, x, y): self.x, self.y = x, y
    """,
    "p = P(1, 2)\np.x = 5\nassert (p.x, p.y) == (5, 2) and P.__slots__ == ('x', 'y') and not hasattr(p, '__dict__')",
    "try: p.z = 1\nexcept AttributeError: pass\nelse: assert False",
)
asserts(
    "classes: dataclasses",
    """
    from dataclasses import dataclass, field
    @dataclass(order=True)
    class Item:
        name: str
        price: float = 0.0
        tags: list = field(default_factory=list, compare=False)
    """,
    "a, b = Item('a', 2.0), Item('a', 2.0, ['x'])\nassert a == b and a != Item('b') and a < Item('b') and a.tags == []",
    "assert repr(a) == \"Item(name='a', price=2.0, tags=[])\" and str(b) == \"Item(name='a', price=2.0, tags=['x'])\"",
    "import dataclasses\nassert dataclasses.asdict(b) == {'name': 'a', 'price': 2.0, 'tags': ['x']}",
    """
    assert dataclasses.replace(a, price=3.0).price == 3.0
    assert [f.name for f in dataclasses.fields(Item)] == ['name', 'price', 'tags']
    """,
    """
    assert dataclasses.is_dataclass(Item) and dataclasses.astuple(a) == ('a', 2.0, [])
    assert sorted([Item('z'), Item('b')])[0].name == 'b'
    """,
    "a.price = 9\nassert a.price == 9 and a != b",
    "try: hash(a)\nexcept TypeError as e: assert 'unhashable' in str(e)\nelse: assert False",
)
asserts(
    "classes: frozen dataclasses in sets and dicts",
    """
    from dataclasses import dataclass
    @dataclass(frozen=True)
    class Point:
        x: int
        y: int = 0
        def __add__(self, o): return Point(self.x + o.x, self.y + o.y)
    """,
    "assert len({Point(1), Point(1, 0), Point(2)}) == 2 and {Point(1): 'a'}[Point(1, 0)] == 'a'",
    "assert Point(1, 2) + Point(3, 4) == Point(4, 6) and hash(Point(1)) == hash(Point(1)) and Point(1) in [Point(1)]",
    "grid = {Point(x, y): x * y for x in range(3) for y in range(3)}\nassert grid[Point(2, 2)] == 4 and len(grid) == 9",
)
asserts(
    "classes: objects in lists are compared with objects",
    """
    from dataclasses import dataclass
    @dataclass
    class Token:
        kind: str
        value: object
    def lex(s):
        return [Token('num', int(w)) if w.isdigit() else Token('op', w) for w in s.split()]
    """,
    "assert lex('1 + 2') == [Token('num', 1), Token('op', '+'), Token('num', 2)]",
    """
    assert lex('1') != [Token('num', 2)] and {'a': lex('1')} == {'a': [Token('num', 1)]}
    assert (lex('1')[0], 5) == (Token('num', 1), 5)
    """,
    """
    assert Token('op', '+') in lex('1 + 2') and lex('1 + 1').count(Token('num', 1)) == 2
    assert lex('1 +').index(Token('op', '+')) == 1
    """,
)
asserts(
    "classes: match statements of the test on the solution's classes",
    """
    from dataclasses import dataclass
    @dataclass
    class Circle:
        r: float
    @dataclass
    class Rect:
        w: float
        h: float
    def parse(s):
        k, *xs = s.split()
        return {'circle': Circle, 'rect': Rect}[k](*map(float, xs))
    """,
    """
    def area(s):
        match s:
            case Circle(r=r):
                return 3 * r * r
            case Rect(w=w, h=h):
                return w * h
    assert area(parse('circle 2')) == 12 and area(parse('rect 2 5')) == 10
    """,
    """
    match parse('rect 1 2'):
        case Rect(w, h):
            assert (w, h) == (1, 2)
        case _:
            assert False
    """,
)
asserts(
    "classes: inheritance, super and the MRO",
    """
    class Animal:
        legs = 4
        def __init__(self, name): self.name = name
        def speak(self): return f'{self.name} makes {self.sound()}'
        def sound(self): return 'noise'
    class Dog(Animal):
        def sound(self): return 'woof'
    class Bird(Animal):
        legs = 2
        def __init__(self, name, fly=True):
            super().__init__(name.title())
            self.fly = fly
    """,
    "assert Dog('rex').speak() == 'rex makes woof' and Bird('tweety').name == 'Tweety' and Bird('x').legs == 2",
    """
    d = Dog('a')
    assert isinstance(d, Animal) and isinstance(d, Dog) and not isinstance(d, Bird) and isinstance(d, (Bird, Dog))
    """,
    "assert issubclass(Dog, Animal) and not issubclass(Animal, Dog) and Dog.__bases__ == (Animal,) and type(d) is Dog",
    "assert type(d).__name__ == 'Dog' and d.__class__ is Dog and Dog.__name__ == 'Dog' and d.__class__.__name__ == 'Dog'",
    "assert [c.__name__ for c in Bird.__mro__] == ['Bird', 'Animal', 'object'] and Animal.speak(d) == 'a makes woof'",
)
asserts(
    "classes: the test subclasses a class of the solution",
    """
    class Shape:
        def __init__(self, name): self.name = name
        def area(self): raise NotImplementedError
        def describe(self): return f'{self.name}: {self.area():.1f}'
    """,
    """
    class Square(Shape):
        def __init__(self, a):
            super().__init__('square')
            self.a = a
        def area(self):
            return self.a ** 2
    s = Square(3)
    assert s.describe() == 'square: 9.0' and isinstance(s, Shape)
    """,
    "assert issubclass(Square, Shape) and s.name == 'square'",
)
asserts(
    "classes: an abstract base",
    """
    from abc import ABC, abstractmethod
    class Store(ABC):
        @abstractmethod
        def get(self, k): ...
        def get_or(self, k, default):
            try:
                return self.get(k)
            except KeyError:
                return default
    class DictStore(Store):
        def __init__(self, d): self.d = d
        def get(self, k): return self.d[k]
    """,
    "try: Store()\nexcept TypeError as e: assert 'abstract' in str(e)\nelse: assert False",
    "assert DictStore({'a': 1}).get('a') == 1 and DictStore({}).get_or('x', 5) == 5 and issubclass(DictStore, Store)",
    "import inspect\nassert inspect.isabstract(Store) and not inspect.isabstract(DictStore)",
)
asserts(
    "classes: the test implements an abstract base of the solution",
    """
    from abc import ABC, abstractmethod
    class Plugin(ABC):
        @abstractmethod
        def run(self, x): ...
    def execute(plugins, x):
        for p in plugins:
            x = p.run(x)
        return x
    """,
    """
    class Add(Plugin):
        def run(self, x): return x + 1
    class Bad(Plugin):
        pass
    assert execute([Add(), Add()], 1) == 3
    """,
    "try: Bad()\nexcept TypeError: pass\nelse: assert False",
)
asserts(
    "classes: metaclass registry and __init_subclass__",
    """
    class Registry(type):
        seen = {}
        def __new__(mcs, name, bases, ns):
            cls = super().__new__(mcs, name, bases, ns)
            Registry.seen[name] = cls
            return cls
        def __len__(cls): return len(Registry.seen)
        def __getitem__(cls, k): return Registry.seen[k]
    class Base(metaclass=Registry): pass
    class A(Base):
        def hi(self): return 'hi'
    class Plug:
        names = []
        def __init_subclass__(cls, **kw): Plug.names.append(cls.__name__)
    class One(Plug): pass
    """,
    """
    assert len(Base) == 2 and Base['A'] is A and Base['A']().hi() == 'hi' and type(A) is Registry and Plug.names == ['One']
    """,
)
asserts(
    "classes: a singleton",
    """
    class Config:
        _instance = None
        def __new__(cls):
            if cls._instance is None:
                cls._instance = super().__new__(cls)
                cls._instance.values = {}
            return cls._instance
        def set(self, k, v): self.values[k] = v
    """,
    "a, b = Config(), Config()\na.set('x', 1)\nassert a is b and b.values == {'x': 1} and id(a) == id(b)",
)
asserts(
    "classes: descriptors",
    """
    class Positive:
        def __set_name__(self, owner, name): self.name = '_' + name
        def __get__(self, obj, owner=None): return self if obj is None else getattr(obj, self.name)
        def __set__(self, obj, v):
            if v <= 0:
                raise ValueError(f'{self.name[1:]} must be positive')
            setattr(obj, self.name, v)
    class Box:
        w = Positive()
        def __init__(self, w): self.w = w
    """,
    "b = Box(3)\nb.w = 4\nassert b.w == 4 and isinstance(Box.w, Positive)",
    "try: Box(-1)\nexcept ValueError as e: assert str(e) == 'w must be positive'\nelse: assert False",
)
asserts(
    "classes: copy, deepcopy and equality by the test",
    """
    class Tree:
        def __init__(self, v, kids=None): self.v, self.kids = v, kids or []
        def __eq__(self, o): return self.v == o.v and self.kids == o.kids
        def add(self, v):
            self.kids.append(Tree(v))
            return self
    """,
    """
    import copy
    t = Tree(1).add(2)
    d = copy.deepcopy(t)
    assert d == t and d is not t and isinstance(d, Tree)
    """,
    "d.add(3)\nassert d != t and len(t.kids) == 1 and len(d.kids) == 2",
    "s = copy.copy(t)\ns.add(9)\nassert len(t.kids) == 2 and s is not t",
)
asserts(
    "classes: __copy__ and __deepcopy__ of its own",
    """
    class Doc:
        def __init__(self, text, copies=0): self.text, self.copies = text, copies
        def __copy__(self): return Doc(self.text, self.copies + 1)
        def __deepcopy__(self, memo): return Doc(self.text, self.copies + 100)
    """,
    "import copy\nassert copy.copy(Doc('a')).copies == 1 and copy.deepcopy(Doc('a')).copies == 100",
    "assert copy.deepcopy([Doc('a'), [1]])[0].copies == 100",
)
asserts(
    "classes: pickled and back by the test",
    """
    class Point:
        def __init__(self, x): self.x = x
        def __eq__(self, o): return self.x == o.x
        def __getstate__(self): return {'x': self.x}
        def __setstate__(self, s): self.x = s['x']
    """,
    "import pickle\np = pickle.loads(pickle.dumps(Point(3)))\nassert p == Point(3) and p.x == 3",
)
asserts(
    "classes: text by str, repr, format and f-strings",
    """
    class Temp:
        def __init__(self, c): self.c = c
        def __repr__(self): return f'Temp({self.c!r})'
        def __str__(self): return f'{self.c}°C'
        def __format__(self, spec):
            return f'{self.c * 9 / 5 + 32:.1f}°F' if spec == 'F' else format(str(self), spec)
        def __bytes__(self): return str(self.c).encode()
    """,
    """
    t = Temp(20)
    assert str(t) == '20°C' and repr(t) == 'Temp(20)' and f'{t:F}' == '68.0°F' and f'{t!r:>10}' == '  Temp(20)'
    """,
    """
    assert '%s %r' % (t, t) == '20°C Temp(20)' and '{:>6}'.format(t) == '  20°C' and bytes(t) == b'20'
    assert repr([t]) == '[Temp(20)]'
    """,
)
asserts(
    "classes: the default repr names class and module",
    """
    class Thing:
        pass
    """,
    "assert 'Thing object at 0x' in repr(Thing()) and repr(Thing()).startswith('<') and Thing() != Thing()",
    "t = Thing()\nassert t == t and t in [t] and {t: 1}[t] == 1 and [t].index(t) == 0",
)
asserts(
    "classes: enums, their members and lookups",
    """
    from enum import Enum, unique
    @unique
    class Planet(Enum):
        EARTH = (5.97, 6.37)
        MARS = (0.64, 3.39)
        def __init__(self, mass, radius): self.mass, self.radius = mass, radius
        @property
        def density(self): return self.mass / self.radius ** 3
        @classmethod
        def heaviest(cls): return max(cls, key=lambda p: p.mass)
    """,
    "assert Planet.EARTH.mass == 5.97 and Planet.MARS.name == 'MARS' and Planet.MARS.value == (0.64, 3.39)",
    "assert Planet.heaviest() is Planet.EARTH and Planet['MARS'] is Planet.MARS and Planet((5.97, 6.37)) is Planet.EARTH",
    """
    assert [p.name for p in Planet] == ['EARTH', 'MARS'] and len(Planet) == 2 and Planet.EARTH in Planet
    assert list(Planet)[1] is Planet.MARS
    """,
    "assert Planet.EARTH != Planet.MARS and Planet.EARTH == Planet.EARTH and {Planet.EARTH: 1}[Planet.EARTH] == 1",
    """
    assert str(Planet.EARTH) == 'Planet.EARTH' and isinstance(Planet.MARS, Planet)
    assert Planet.__members__['MARS'] is Planet.MARS
    """,
    "try: Planet['PLUTO']\nexcept KeyError: pass\nelse: assert False",
    "try: Planet(3)\nexcept ValueError as e: assert '3 is not a valid Planet' in str(e)\nelse: assert False",
)
asserts(
    "classes: a state machine of an enum",
    """
    from enum import Enum, auto
    class Light(Enum):
        RED = auto()
        GREEN = auto()
        YELLOW = auto()
        def next(self):
            order = list(Light)
            return order[(order.index(self) + 1) % len(order)]
    class Machine:
        def __init__(self): self.light = Light.RED
        def step(self):
            self.light = self.light.next()
            return self.light
    """,
    """
    m = Machine()
    assert m.light is Light.RED and m.step() is Light.GREEN and m.step() == Light.YELLOW and m.step() is Light.RED
    """,
    "assert Light.RED.next().next().value == 3 and m.light.name == 'RED' and m.light in (Light.RED, Light.GREEN)",
    "assert {Light.RED: 'stop'}[m.light] == 'stop' and [x.next() for x in Light] == [Light.GREEN, Light.YELLOW, Light.RED]",
)
asserts(
    "classes: a subclass of a dict that is used by methods",
    """
    class Trie(dict):
        def insert(self, w):
            node = self
            for c in w:
                node = node.setdefault(c, Trie())
            node['$'] = True
        def search(self, w):
            node = self
            for c in w:
                if c not in node:
                    return False
                node = node[c]
            return '$' in node
    """,
    """
    t = Trie()
    t.insert('cat'); t.insert('car')
    assert t.search('cat') and not t.search('ca') and t.search('car') and list(t) == ['c']
    """,
)
asserts(
    "classes: TypedDict and Literal",
    """
    from typing import Literal, TypedDict
    class Movie(TypedDict, total=False):
        title: str
        year: int
    Mode = Literal['r', 'w']
    def movie(title: str, year: int) -> Movie:
        return Movie(title=title, year=year)
    """,
    """
    assert movie('X', 1999) == {'title': 'X', 'year': 1999} and type(movie('X', 1)) is dict and Movie(year=1) == {'year': 1}
    """,
    "from typing import get_args\nassert get_args(Mode) == ('r', 'w')",
)
asserts(
    "classes: protocols at run time",
    """
    from typing import Protocol, runtime_checkable
    @runtime_checkable
    class Closable(Protocol):
        def close(self) -> None: ...
    class File:
        def close(self): self.closed = True
    class Stone: pass
    """,
    "assert isinstance(File(), Closable) and not isinstance(Stone(), Closable) and issubclass(File, Closable)",
    "class Mine:\n    def close(self): pass\nassert isinstance(Mine(), Closable) and not isinstance(3, Closable)",
)
asserts(
    "classes: generic classes",
    """
    from typing import Generic, TypeVar
    T = TypeVar('T')
    class Stack(Generic[T]):
        def __init__(self) -> None: self._items: list[T] = []
        def push(self, x: T) -> None: self._items.append(x)
        def pop(self) -> T: return self._items.pop()
        def __len__(self) -> int: return len(self._items)
    """,
    """
    s = Stack[int]()
    s.push(1)
    s.push(2)
    assert s.pop() == 2 and len(s) == 1 and isinstance(s, Stack)
    """,
)
asserts(
    "classes: nested classes and builders",
    """
    class Car:
        class Engine:
            def __init__(self, hp): self.hp = hp
        class Builder:
            def __init__(self): self._car = Car()
            def engine(self, hp):
                self._car.engine = Car.Engine(hp)
                return self
            def build(self): return self._car
    """,
    """
    c = Car.Builder().engine(90).build()
    assert c.engine.hp == 90 and isinstance(c.engine, Car.Engine) and isinstance(c, Car)
    """,
)
asserts(
    "classes: truth by __bool__ and __len__",
    """
    class Bag:
        def __init__(self, *xs): self.xs = xs
        def __len__(self): return len(self.xs)
    class Switch:
        def __init__(self, on): self.on = on
        def __bool__(self): return self.on
    class Plain: pass
    """,
    "assert Bag(1) and not Bag() and Switch(True) and not Switch(False) and Plain()",
    """
    assert [bool(x) for x in (Bag(), Bag(0), Switch(False), Plain())] == [False, True, False, True]
    assert (Bag() or 'empty') == 'empty'
    """,
    "assert any([Bag(), Switch(True)]) and not all([Plain(), Bag()]) and list(filter(None, [Bag(), 1])) == [1]",
)
asserts(
    "classes: hasattr, getattr, dir, vars and callable",
    """
    class Thing:
        'A thing.'
        kind = 'x'
        def __init__(self): self.a = 1
        def go(self): return 'go'
    """,
    "t = Thing()\nassert hasattr(t, 'go') and not hasattr(t, 'nope') and getattr(t, 'go')() == 'go' and callable(t.go)",
    "assert 'go' in dir(t) and 'a' in dir(t) and t.__dict__ == {'a': 1} and Thing.__doc__ == 'A thing.'",
    "assert vars(t) == {'a': 1}",
    """
    setattr(t, 'b', 2)
    assert t.b == 2 and getattr(t, 'zz', None) is None
    delattr(t, 'b')
    assert not hasattr(t, 'b')
    """,
    "assert not callable(t)",
)
asserts(
    "classes: the test patches a method",
    """
    class Service:
        def fetch(self): return 'real'
        def report(self): return f'<{self.fetch()}>'
    """,
    "s = Service()\ns.fetch = lambda: 'fake'\nassert s.report() == '<fake>' and Service().report() == '<real>'",
    """
    old = Service.fetch
    Service.fetch = lambda self: 'patched'
    assert Service().report() == '<patched>'
    Service.fetch = old
    assert Service().report() == '<real>'
    """,
)
asserts(
    "classes: weak references and deletion",
    """
    import weakref
    class Cache:
        def __init__(self): self.refs = weakref.WeakValueDictionary()
        def make(self, k):
            o = self.refs.get(k)
            if o is None:
                o = self.refs[k] = Item(k)
            return o
    class Item:
        def __init__(self, k): self.k = k
    """,
    "c = Cache()\na = c.make('x')\nassert c.make('x') is a and len(c.refs) == 1",
)
asserts(
    "classes: a linked list of the solution's own, iterated and compared",
    """
    class Node:
        def __init__(self, v, next=None): self.v, self.next = v, next
    class LinkedList:
        def __init__(self, xs=()):
            self.head = None
            for x in reversed(list(xs)):
                self.head = Node(x, self.head)
        def __iter__(self):
            n = self.head
            while n:
                yield n.v
                n = n.next
        def reverse(self):
            prev, n = None, self.head
            while n:
                n.next, prev, n = prev, n, n.next
            self.head = prev
        def __eq__(self, o): return list(self) == list(o)
        def __repr__(self): return ' -> '.join(map(str, self))
    """,
    """
    l = LinkedList([1, 2, 3])
    l.reverse()
    assert list(l) == [3, 2, 1] and l == LinkedList([3, 2, 1]) and repr(l) == '3 -> 2 -> 1'
    """,
    """
    assert l.head.v == 3 and l.head.next.next.next is None
    n = l.head
    while n.next:
        n = n.next
    assert n.v == 1
    """,
    "n = l.head\nn.next.next.next = n\nassert n.next.next.next is n",
)
check(
    "classes: candidate is a class",
    """
    class MinStack:
        def __init__(self): self.s = []
        def push(self, x): self.s.append((x, min(x, self.s[-1][1]) if self.s else x))
        def pop(self): return self.s.pop()[0]
        def top(self): return self.s[-1][0]
        def get_min(self): return self.s[-1][1]
    """,
    """
    def check(candidate):
        s = candidate()
        for x in (3, 5, 1, 1):
            s.push(x)
        assert s.get_min() == 1 and s.top() == 1
        assert s.pop() == 1 and s.pop() == 1 and s.get_min() == 3
        assert isinstance(s, candidate) and type(s) is candidate
    """,
    "MinStack",
)

# -- functions and closures: made by the solution, called or inspected by the test ---------------------------------

asserts(
    "functions: counters by nonlocal",
    """
    def counter(start=0):
        n = start
        def step(by=1):
            nonlocal n
            n += by
            return n
        def reset():
            nonlocal n
            n = start
        return step, reset
    """,
    "step, reset = counter(10)\nassert step() == 11 and step(5) == 16 and reset() is None and step() == 11",
    "other, _ = counter()\nassert other() == 1 and step() == 12",
)
asserts(
    "functions: compose, curry and flip",
    """
    import inspect
    def curry(f, n):
        def take(*got):
            return f(*got) if len(got) >= n else lambda *more: take(*got, *more)
        return take
    def compose(*fs):
        def run(x):
            for f in reversed(fs):
                x = f(x)
            return x
        return run
    def flip(f):
        return lambda a, b: f(b, a)
    """,
    "add3 = curry(lambda a, b, c: a + b + c, 3)\nassert add3(1)(2)(3) == add3(1, 2)(3) == add3(1, 2, 3) == 6",
    "assert compose(str, abs)(-5) == '5' and compose()(1) == 1 and flip(pow)(2, 3) == 9",
    "assert compose(flip(divmod)(2, 7).__getitem__, int)('1') == 1",
)
asserts(
    "functions: church numerals and lambdas",
    """
    zero = lambda f: lambda x: x
    succ = lambda n: lambda f: lambda x: f(n(f)(x))
    def add(m, n): return lambda f: lambda x: m(f)(n(f)(x))
    def to_int(n): return n(lambda k: k + 1)(0)
    """,
    "one = succ(zero)\ntwo = succ(one)\nassert to_int(add(two, one)) == 3 and two(lambda s: s + '!')('hi') == 'hi!!'",
)
asserts(
    "functions: functools.partial of the solution",
    """
    from functools import partial
    def power(b, e): return b ** e
    square = partial(power, e=2)
    """,
    "assert square(5) == 25 and square.func is power and square.keywords == {'e': 2} and square.args == ()",
    "from functools import partial\nassert partial(power, 2)(10) == 1024 and list(map(partial(power, 3), [1, 2])) == [3, 9]",
)
asserts(
    "functions: lru_cache with its statistics",
    """
    from functools import lru_cache
    @lru_cache(maxsize=None)
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    """,
    "assert fib(50) == 12586269025 and fib.cache_info().hits == 48 and fib.cache_info().misses == 51",
    "fib.cache_clear()\nassert fib.cache_info().currsize == 0 and fib(2) == 1",
)
asserts(
    "functions: cache and singledispatch",
    """
    from functools import cache, singledispatch
    @singledispatch
    def show(x): return f'?{x}'
    @show.register
    def _(x: int): return f'int {x}'
    @show.register(list)
    def _(x): return f'{len(x)} items'
    """,
    "assert show(3) == 'int 3' and show([1, 2]) == '2 items' and show('s') == '?s' and show(True) == 'int True'",
    "@show.register(dict)\ndef show_dict(x): return 'dict'\nassert show({}) == 'dict'",
)
asserts(
    "functions: a decorator applied by the test",
    """
    import functools
    def memoize(f):
        cache = {}
        @functools.wraps(f)
        def wrapper(*args):
            if args not in cache:
                cache[args] = f(*args)
            return cache[args]
        wrapper.cache = cache
        return wrapper
    """,
    """
    calls = []
    @memoize
    def square(x):
        calls.append(x)
        return x * x
    assert square(4) == square(4) == 16 and calls == [4]
    """,
    "assert square.cache == {(4,): 16}",
    """
    @memoize
    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    assert fib(25) == 75025
    """,
)
asserts(
    "functions: wraps keeps name and doc of the test's function",
    """
    import functools
    def logged(f):
        @functools.wraps(f)
        def wrapper(*a, **k):
            return f(*a, **k)
        return wrapper
    """,
    """
    @logged
    def greet(name, punct='!'):
        'Say hello.'
        return f'Hello {name}{punct}'
    assert greet('Ada', punct='?') == 'Hello Ada?'
    """,
    "assert greet.__name__ == 'greet' and greet.__doc__ == 'Say hello.'",
    "assert greet.__wrapped__('x') == 'Hello x!'",
)
asserts(
    "functions: retry with parameters",
    """
    import functools, time
    def retry(times=3, exceptions=(Exception,), delay=0):
        def decorate(f):
            @functools.wraps(f)
            def wrapper(*a, **k):
                for attempt in range(1, times + 1):
                    try:
                        return f(*a, **k)
                    except exceptions:
                        if attempt == times:
                            raise
                        time.sleep(delay)
            return wrapper
        return decorate
    """,
    """
    n = 0
    @retry(times=3, exceptions=(ValueError,), delay=0.001)
    def flaky():
        global n
        n += 1
        if n < 3:
            raise ValueError('not yet')
        return 'done'
    assert flaky() == 'done' and n == 3
    """,
    """
    @retry(times=2)
    def never():
        raise KeyError('no')
    try: never()
    except KeyError as e: assert e.args == ('no',)
    else: assert False
    """,
    """
    class Odd(Exception): pass
    m = 0
    @retry(times=5, exceptions=Odd)
    def odd():
        global m
        m += 1
        if m < 3: raise Odd
        return m
    assert odd() == 3
    """,
)
asserts(
    "functions: a decorator that validates by annotations",
    """
    import functools, inspect
    def typed(f):
        sig = inspect.signature(f)
        @functools.wraps(f)
        def wrapper(*a, **k):
            for name, v in sig.bind(*a, **k).arguments.items():
                want = f.__annotations__.get(name)
                if want and not isinstance(v, want):
                    raise TypeError(f'{name} must be {want.__name__}')
            return f(*a, **k)
        return wrapper
    @typed
    def repeat(s: str, n: int) -> str:
        return s * n
    """,
    """
    assert repeat('ab', 2) == 'abab'
    try: repeat('ab', '2')
    except TypeError as e: assert str(e) == 'n must be int'
    else: assert False
    """,
    """
    @typed
    def half(x: int):
        return x // 2
    assert half(4) == 2
    try: half('4')
    except TypeError as e: assert str(e) == 'x must be int'
    """,
)
asserts(
    "functions: class decorators",
    """
    def add_repr(cls):
        cls.__repr__ = lambda self: f'{cls.__name__}({vars(self)})'
        return cls
    def singleton(cls):
        made = {}
        def get(*a):
            if cls not in made:
                made[cls] = cls(*a)
            return made[cls]
        return get
    @add_repr
    class P:
        def __init__(self): self.x = 1
    """,
    "assert repr(P()) == \"P({'x': 1})\"",
    """
    @singleton
    class C:
        def __init__(self): self.n = 0
    assert C() is C()
    """,
)
asserts(
    "functions: decorators that count and time",
    """
    import functools
    class count_calls:
        def __init__(self, f):
            functools.update_wrapper(self, f)
            self.f, self.calls = f, 0
        def __call__(self, *a, **k):
            self.calls += 1
            return self.f(*a, **k)
    """,
    "@count_calls\ndef hi(): return 'hi'\nassert hi() == hi() == 'hi' and hi.calls == 2",
)
asserts(
    "functions: name, doc, annotations and defaults",
    '''
    def area(w: int, h: int = 2, *, unit: str = "m") -> str:
        """Area of a rectangle.

        >>> area(2)
        '4 m'
        """
        return f"{w * h} {unit}"
    ''',
    """
    assert area.__name__ == 'area' and area.__doc__.startswith('Area of') and area(3) == '6 m' and area.__defaults__ == (2,)
    """,
    """
    assert area.__annotations__ == {'w': int, 'h': int, 'unit': str, 'return': str} and area.__kwdefaults__ == {'unit': 'm'}
    """,
    "assert area.__code__.co_varnames[:2] == ('w', 'h') and area.__code__.co_argcount == 2 and area.__qualname__ == 'area'",
)
asserts(
    "functions: inspect.signature and isfunction",
    """
    def scale(x, k=2, *rest, name=None, **more) -> float:
        return x * k
    class A:
        def m(self): pass
    """,
    "import inspect\nassert list(inspect.signature(scale).parameters) == ['x', 'k', 'rest', 'name', 'more']",
    """
    assert inspect.signature(scale).parameters['k'].default == 2
    assert str(inspect.signature(scale)) == '(x, k=2, *rest, name=None, **more) -> float'
    """,
    "assert inspect.isfunction(scale) and inspect.isclass(A) and inspect.ismethod(A().m) and inspect.getdoc(scale) is None",
    "import types\nassert isinstance(scale, types.FunctionType) and callable(scale) and isinstance(A, type)",
)
asserts(
    "functions: attributes on functions",
    """
    def hit():
        hit.count += 1
        return hit.count
    hit.count = 0
    """,
    "assert hit() == 1 and hit() == 2 and hit.count == 2\nhit.count = 10\nassert hit() == 11",
)
asserts(
    "functions: mutable default keeps its state over calls",
    """
    def remember(x, seen=[]):
        seen.append(x)
        return seen
    """,
    "assert remember(1) == [1] and remember(2) == [1, 2] and remember(3, []) == [3] and remember(4) == [1, 2, 4]",
    "assert remember(5) is remember(6)",
)
asserts(
    "functions: late binding closures in a list",
    """
    def makers(n):
        return [lambda x, k=k: x * k for k in range(n)]
    def table():
        return {'sq': lambda x: x * x, 'inc': lambda x: x + 1}
    """,
    """
    assert [f(10) for f in makers(4)] == [0, 10, 20, 30] and table()['sq'](5) == 25
    assert {k: f(1) for k, f in table().items()} == {'sq': 1, 'inc': 2}
    """,
)
asserts(
    "functions: methods as values",
    """
    class Calc:
        def __init__(self): self.acc = 0
        def add(self, n):
            self.acc += n
            return self
    def ops(c):
        return {'add': c.add}
    """,
    """
    c = Calc()
    add = c.add
    add(3).add(4)
    assert c.acc == 7 and ops(c)['add'](1) is c and c.acc == 8 and Calc.add(c, 2).acc == 10
    """,
    "assert c.add.__self__ is c and c.add.__name__ == 'add' and list(map(lambda k: c.add(k).acc, [1, 1])) == [11, 12]",
)
asserts(
    "functions: passed to functools and itertools by the test",
    """
    def add(a, b): return a + b
    def is_odd(n): return n % 2 == 1
    def key(w): return (len(w), w)
    """,
    """
    import functools, itertools
    assert functools.reduce(add, [1, 2, 3]) == 6 and list(filter(is_odd, range(6))) == [1, 3, 5]
    """,
    "assert sorted(['bb', 'a', 'aa'], key=key) == ['a', 'aa', 'bb'] and max('abc', 'b', key=key) == 'abc'",
    "assert list(itertools.accumulate([1, 2, 3], add)) == [1, 3, 6] and list(map(add, 'ab', 'cd')) == ['ac', 'bd']",
    "assert [list(g) for _, g in itertools.groupby([1, 3, 2, 5], is_odd)] == [[1, 3], [2], [5]]",
    "from operator import methodcaller\nassert functools.partial(add, 5)(6) == 11 and callable(add)",
)
asserts(
    "functions: async decorators and closures over generators",
    """
    def primed(gen):
        def start(*a):
            g = gen(*a)
            next(g)
            return g
        return start
    @primed
    def total():
        s = 0
        while True:
            s += yield s
    """,
    "t = total()\nassert t.send(3) == 3 and t.send(4) == 7",
)
asserts(
    "functions: named like a builtin, as the entry point",
    """
    def sorted(xs):
        out = []
        for x in xs:
            i = 0
            while i < len(out) and out[i] <= x:
                i += 1
            out.insert(i, x)
        return out
    """,
    "assert sorted([3, 1, 2]) == [1, 2, 3] and sorted([]) == []",
    entry_point="sorted",
)

# -- state shared by solution and test: names of the module that change --------------------------------------------

asserts(
    "module: constants and helpers used by tests",
    """
    LIMIT = 10
    TABLE = {'a': [1, 2]}
    PI2: float = 6.28
    def helper(x): return min(x, LIMIT)
    def solve(xs): return [helper(x) for x in xs]
    """,
    "assert solve([1, 99]) == [1, LIMIT] and helper(50) == 10 and TABLE['a'][1] == 2 and PI2 > 6",
)
asserts(
    "module: a global counter is read after calls",
    """
    calls = 0
    def work():
        global calls
        calls += 1
    """,
    "work()\nwork()\nassert calls == 2",
)
asserts(
    "module: a global list is read after calls",
    """
    LOG = []
    CACHE = {}
    def log(x): LOG.append(x)
    def square(n):
        if n not in CACHE:
            CACHE[n] = n * n
        return CACHE[n]
    """,
    "log('a')\nlog('b')\nassert LOG == ['a', 'b']",
    "assert square(4) == 16 and CACHE == {4: 16}",
    "LOG.clear()\nlog('c')\nassert LOG == ['c']",
)
asserts(
    "module: modules that only the solution imported",
    """
    import math
    def circle(r):
        return math.pi * r ** 2
    """,
    "assert circle(2) == math.pi * 4",
)
asserts(
    "module: names that only the solution imported from modules",
    """
    from collections import Counter, deque
    from math import isclose
    from typing import List
    def letters(s: str) -> List[str]:
        return list(Counter(s))
    """,
    "assert letters('aab') == list(Counter('aab')) and isclose(0.1 + 0.2, 0.3) and deque([1]).pop() == 1",
)
asserts(
    "module: found by eval, globals and getattr of names in text",
    """
    def inc(x): return x + 1
    def dec(x): return x - 1
    """,
    "for name, want in [('inc', 3), ('dec', 1)]:\n    assert eval(name)(2) == want",
    "assert globals()['dec'](5) == 4 and eval('inc(dec(7))') == 7",
)
asserts(
    "module: __name__ == '__main__' blocks do not run",
    """
    def f(): return state
    state = 'imported'
    if __name__ == '__main__':
        state = 'main'
        input()
    """,
    "assert f() == 'imported'",
)
asserts(
    "module: __all__, private names and dunder metadata",
    """
    __all__ = ['public']
    __version__ = '1.2'
    def _private(x): return x * 2
    def public(x): return _private(x) + 1
    """,
    "assert public(2) == 5 and _private(4) == 8",
)
asserts(
    "module: entry point by alias, lambda, partial or method",
    """
    from functools import partial
    def _impl(k, x): return k * x
    double = partial(_impl, 2)
    triple = lambda x: _impl(3, x)
    class _S:
        def go(self, x): return x * 4
    quad = _S().go
    """,
    "assert (double(3), triple(3), quad(3)) == (6, 9, 12)",
)
asserts(
    "module: LeetCode's class Solution",
    """
    from typing import List, Optional
    class Solution:
        def twoSum(self, nums: List[int], target: int) -> List[int]:
            seen = {}
            for i, x in enumerate(nums):
                if target - x in seen:
                    return [seen[target - x], i]
                seen[x] = i
            return []
    """,
    "assert Solution().twoSum([2, 7, 11, 15], 9) == [0, 1]\nassert Solution().twoSum(nums=[3, 3], target=6) == [0, 1]",
)
asserts(
    "module: one test leaves names for the next",
    """
    class Account:
        def __init__(self): self.balance = 0
        def deposit(self, n): self.balance += n
    """,
    "acc = Account()",
    "acc.deposit(5)",
    "acc.deposit(6)\nassert acc.balance == 11",
    setup="EXPECTED = 11",
)
asserts(
    "module: the test replaces a function that the solution calls",
    """
    def rate(): return 2
    def price(n): return n * rate()
    """,
    "assert price(3) == 6 and rate() == 2",
    """
    old = price
    def price(n):
        return old(n) + 1
    assert price(3) == 7
    """,
)

# -- preludes: classes and functions that both sides have -----------------------------------------------------------

_LIST_NODE = """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
"""
_TREE_NODE = """
class TreeNode:
    def __init__(self, val=0, left=None, right=None):
        self.val = val
        self.left = left
        self.right = right
"""
_LINKED = """
def build(xs):
    head = tail = ListNode()
    for x in xs:
        tail.next = ListNode(x)
        tail = tail.next
    return head.next

def listed(node):
    out = []
    while node:
        out.append(node.val)
        node = node.next
    return out
"""

asserts(
    "prelude: reverse a linked list",
    """
    class Solution:
        def reverseList(self, head):
            prev = None
            while head:
                head.next, prev, head = prev, head, head.next
            return prev
    """,
    "assert listed(Solution().reverseList(build([1, 2, 3]))) == [3, 2, 1] and Solution().reverseList(None) is None",
    """
    head = build([1, 2])
    last = head.next
    assert Solution().reverseList(head) is last and last.next is head and head.next is None
    """,
    prelude=_LIST_NODE,
    setup=_LINKED,
)
asserts(
    "prelude: merge two linked lists",
    """
    def merge(a, b):
        head = tail = ListNode()
        while a and b:
            if a.val <= b.val:
                tail.next, a = a, a.next
            else:
                tail.next, b = b, b.next
            tail = tail.next
        tail.next = a or b
        return head.next
    """,
    "r = merge(build([1, 4]), build([2, 3, 9]))\nassert listed(r) == [1, 2, 3, 4, 9] and isinstance(r, ListNode)",
    "assert merge(None, None) is None and type(merge(None, build([1]))) is ListNode",
    prelude=_LIST_NODE,
    setup=_LINKED,
)
asserts(
    "prelude: a cycle in a linked list",
    """
    def detect(head):
        slow = fast = head
        while fast and fast.next:
            slow, fast = slow.next, fast.next.next
            if slow is fast:
                slow = head
                while slow is not fast:
                    slow, fast = slow.next, fast.next
                return slow
        return None
    """,
    """
    head = build(range(5))
    node = head.next.next
    end = head
    while end.next: end = end.next
    end.next = node
    assert detect(head) is node
    """,
    "assert detect(build([1, 2])) is None",
    prelude=_LIST_NODE,
    setup=_LINKED,
)
asserts(
    "prelude: a linked list of 5000 nodes",
    """
    def middle(head):
        slow = fast = head
        while fast and fast.next:
            slow, fast = slow.next, fast.next.next
        return slow
    def make(n):
        head = None
        for i in reversed(range(n)):
            head = ListNode(i, head)
        return head
    """,
    "assert middle(build(range(5001))).val == 2500 and listed(make(5000)) == list(range(5000))",
    prelude=_LIST_NODE,
    setup=_LINKED,
)
asserts(
    "prelude: trees in and out",
    """
    from collections import deque
    def invert(root):
        if root:
            root.left, root.right = invert(root.right), invert(root.left)
        return root
    def levels(root):
        out, q = [], deque([root] if root else [])
        while q:
            out.append([n.val for n in q])
            q = deque(c for n in q for c in (n.left, n.right) if c)
        return out
    def from_sorted(xs):
        if not xs:
            return None
        m = len(xs) // 2
        return TreeNode(xs[m], from_sorted(xs[:m]), from_sorted(xs[m + 1:]))
    """,
    "root = tree([4, 2, 7, 1, None, None, 9])\nassert levels(root) == [[4], [2, 7], [1, 9]] and invert(root) is root",
    "assert levels(root) == [[4], [7, 2], [9, 1]] and root.left.left.val == 9",
    """
    def inorder(n):
        return inorder(n.left) + [n.val] + inorder(n.right) if n else []
    assert inorder(from_sorted(list(range(100)))) == list(range(100))
    """,
    prelude=_TREE_NODE,
    setup="""
    def tree(values):
        nodes = [None if v is None else TreeNode(v) for v in values]
        kids = nodes[:0:-1]
        for n in nodes:
            if n:
                n.left = kids.pop() if kids else None
                n.right = kids.pop() if kids else None
        return nodes[0]
    """,
)
asserts(
    "prelude: lowest common ancestor is the same object",
    """
    def lca(root, p, q):
        if not root or root is p or root is q:
            return root
        a, b = lca(root.left, p, q), lca(root.right, p, q)
        return root if a and b else a or b
    """,
    """
    a, b = TreeNode(1), TreeNode(2)
    r = TreeNode(0, TreeNode(5, a), b)
    assert lca(r, a, b) is r and lca(r, a, r.left) is r.left
    """,
    prelude=_TREE_NODE,
)
asserts(
    "prelude: a degenerate tree 900 deep",
    """
    def depth(root):
        d, level = 0, [root] if root else []
        while level:
            d, level = d + 1, [c for n in level for c in (n.left, n.right) if c]
        return d
    """,
    """
    root = None
    for i in range(900):
        root = TreeNode(i, root)
    assert depth(root) == 900
    """,
    prelude=_TREE_NODE,
)
asserts(
    "prelude: graph nodes are cloned",
    """
    def clone(node, seen=None):
        seen = {} if seen is None else seen
        if node not in seen:
            seen[node] = Node(node.val)
            seen[node].neighbors = [clone(n, seen) for n in node.neighbors]
        return seen[node]
    """,
    """
    a, b = Node(1), Node(2)
    a.neighbors, b.neighbors = [b], [a, b]
    c = clone(a)
    assert c is not a and c.val == 1 and c.neighbors[0].neighbors[0] is c and c.neighbors[0].neighbors[1] is c.neighbors[0]
    """,
    prelude="""
    class Node:
        def __init__(self, val=0, neighbors=None):
            self.val = val
            self.neighbors = neighbors if neighbors is not None else []
    """,
)
asserts(
    "prelude: dataclasses compare across",
    """
    def overlap(a, b):
        s, e = max(a.start, b.start), min(a.end, b.end)
        return Interval(s, e) if s < e else None
    def merge(xs):
        out = []
        for x in sorted(xs, key=lambda i: i.start):
            if out and x.start <= out[-1].end:
                out[-1] = Interval(out[-1].start, max(out[-1].end, x.end))
            else:
                out.append(x)
        return out
    """,
    "assert overlap(Interval(1, 5), Interval(3, 9)) == Interval(3, 5) and overlap(Interval(1, 2), Interval(2, 3)) is None",
    "assert merge([Interval(5, 6), Interval(1, 3), Interval(2, 4)]) == [Interval(1, 4), Interval(5, 6)]",
    "assert repr(merge([Interval(1, 2)])) == '[Interval(start=1, end=2)]'",
    prelude="""
    from dataclasses import dataclass
    @dataclass
    class Interval:
        start: int
        end: int
    """,
)
asserts(
    "prelude: frozen dataclasses in sets and as keys",
    """
    def neighbours(cells):
        return {Cell(c.r + a, c.c + b) for c in cells for a in (-1, 0, 1) for b in (-1, 0, 1)} - set(cells)
    def index(cells):
        return {c: i for i, c in enumerate(cells)}
    """,
    "assert len(neighbours({Cell(0, 0)})) == 8 and Cell(1, 1) in neighbours([Cell(0, 0)])",
    "assert index([Cell(5, 6)])[Cell(5, 6)] == 0",
    prelude="""
    from dataclasses import dataclass
    @dataclass(frozen=True)
    class Cell:
        r: int
        c: int
    """,
)
asserts(
    "prelude: classes with slots",
    """
    def total(p):
        p.x += 1
        return p.x + p.y
    def make(x):
        return P(x, x)
    """,
    "p = P(1, 2)\nassert total(p) == 4 and p.x == 2 and make(7).y == 7",
    prelude="""
    class P:
        __slots__ = ('x', 'y')
        def __init__(self, x, y):
            self.x, self.y = x, y
    """,
)
asserts(
    "prelude: namedtuples keep their fields",
    """
    def closest(points, to):
        return min(points, key=lambda p: (p.x - to.x) ** 2 + (p.y - to.y) ** 2)
    """,
    "r = closest([P(0, 0), P(5, 5)], P(4, 4))\nassert r == P(5, 5) and r.x == 5 and isinstance(r, P)",
    prelude="from collections import namedtuple\nP = namedtuple('P', 'x y')\n",
)
asserts(
    "prelude: enum members stay themselves",
    """
    TURN = {Dir.N: Dir.E, Dir.E: Dir.S, Dir.S: Dir.W, Dir.W: Dir.N}
    def right(d):
        return TURN[d]
    def walk(dirs):
        return sum(1 for d in dirs if d is Dir.N)
    """,
    "assert right(Dir.N) is Dir.E and right(right(Dir.E)) == Dir.W and walk([Dir.N, Dir.E, Dir.N]) == 2",
    "assert right(Dir.N).name == 'E' and {right(Dir.S): 1} == {Dir.W: 1}",
    prelude="""
    from enum import Enum
    class Dir(Enum):
        N = 0
        E = 1
        S = 2
        W = 3
    """,
)
asserts(
    "prelude: exceptions are caught by the test",
    """
    def withdraw(balance, n):
        if n > balance:
            raise InsufficientFunds(n - balance)
        return balance - n
    """,
    """
    try: withdraw(1, 5)
    except InsufficientFunds as e: assert e.missing == 4 and str(e) == 'missing 4'
    else: assert False
    """,
    "assert withdraw(5, 1) == 4",
    prelude="""
    class InsufficientFunds(Exception):
        def __init__(self, missing):
            super().__init__(f'missing {missing}')
            self.missing = missing
    """,
)
asserts(
    "prelude: exceptions raised by the test's callback are caught by the solution",
    """
    def guard(f):
        try:
            return f()
        except Retry as e:
            return f'retry {e.after}'
    """,
    "def f():\n    raise Retry(3)\nassert guard(f) == 'retry 3' and guard(lambda: 1) == 1",
    prelude="""
    class Retry(Exception):
        def __init__(self, after):
            super().__init__(after)
            self.after = after
    """,
)
asserts(
    "prelude: functions and constants are there for both",
    """
    def best(xs):
        return max(xs, key=score) if len(xs) < MAX else None
    def scorer():
        return score
    """,
    "assert best(['a', 'ccc', 'bb']) == 'ccc' and score('xy') == 2 and best(['a'] * MAX) is None",
    "assert scorer()('abc') == 3 and scorer() is score",
    prelude="MAX = 5\ndef score(s):\n    return len(s)\n",
)
asserts(
    "prelude: a function goes in as an argument",
    """
    def evaluate(f, n):
        return [f(i) for i in range(n)]
    """,
    "assert evaluate(square, 4) == [0, 1, 4, 9]",
    prelude="def square(x):\n    return x * x\n",
)
asserts(
    "prelude: an abstract class that the solution implements",
    """
    class Square(Shape):
        def __init__(self, a): self.a = a
        def area(self): return self.a ** 2
    def make(a): return Square(a)
    """,
    "s = make(3)\nassert s.area() == 9 and s.double() == 18",
    "assert isinstance(s, Shape)",
    prelude="""
    from abc import ABC, abstractmethod
    class Shape(ABC):
        @abstractmethod
        def area(self): ...
        def double(self):
            return 2 * self.area()
    """,
)
asserts(
    "prelude: an interface that the test implements",
    """
    def process(source):
        assert isinstance(source, Source)
        return [source.read() for _ in range(2)] + [source.name]
    """,
    """
    class Fake(Source):
        name = 'fake'
        def __init__(self): self.n = 0
        def read(self):
            self.n += 1
            return self.n
    assert process(Fake()) == [1, 2, 'fake']
    """,
    prelude="""
    class Source:
        name = 'base'
        def read(self):
            raise NotImplementedError
    """,
)
asserts(
    "prelude: an API object counts calls in the test's process",
    """
    def first_bad(n):
        lo, hi = 1, n
        while lo < hi:
            mid = (lo + hi) // 2
            if is_bad(mid):
                hi = mid
            else:
                lo = mid + 1
        return lo
    """,
    "assert first_bad(1000) == 613 and is_bad(613) and not is_bad(612)",
    prelude="def is_bad(v):\n    return v >= 613\n",
)
asserts(
    "prelude: methods, properties, equality and order of shared objects",
    """
    def sort_desc(xs):
        return sorted(xs, reverse=True)
    def bump(v):
        return V(v.major + 1)
    """,
    "assert sort_desc([V(1), V(3), V(2)]) == [V(3), V(2), V(1)] and bump(V(1)) > V(1) and bump(V(1)).text == 'v2'",
    "xs = [V(2), V(1)]\nr = sort_desc(xs)\nassert r[0] is xs[0] and len({bump(V(1)), V(2)}) == 1",
    prelude="""
    import functools
    @functools.total_ordering
    class V:
        def __init__(self, major):
            self.major = major
        def __eq__(self, other):
            return isinstance(other, V) and self.major == other.major
        def __lt__(self, other):
            return self.major < other.major
        def __hash__(self):
            return hash(self.major)
        @property
        def text(self):
            return f'v{self.major}'
    """,
)
asserts(
    "prelude: objects that hold callbacks of the test",
    """
    def fire(button, times):
        for _ in range(times):
            button.on_click(button)
        return button
    """,
    "log = []\nb = Button(lambda b: log.append(b.label))\nassert fire(b, 2) is b and log == ['ok', 'ok']",
    prelude="""
    class Button:
        label = 'ok'
        def __init__(self, on_click):
            self.on_click = on_click
    """,
)
asserts(
    "prelude: subclasses that the solution makes of shared classes",
    """
    class Sq(Rect):
        def __init__(self, a): super().__init__(a, a)
    def make(a): return Sq(a)
    def plain(a): return Rect(a, 1)
    """,
    "assert make(3).area() == 9 and plain(4).area() == 4 and isinstance(plain(1), Rect) and Sq(2).w == 2",
    "assert isinstance(make(3), Rect)",
    prelude="""
    class Rect:
        def __init__(self, w, h):
            self.w, self.h = w, h
        def area(self):
            return self.w * self.h
    """,
)
asserts(
    "prelude: subclasses of shared classes that share a base",
    """
    def evaluate(e):
        if isinstance(e, Num):
            return e.n
        a, b = evaluate(e.left), evaluate(e.right)
        return a + b if isinstance(e, Add) else a * b
    def double(e):
        return Mul(Num(2), e)
    """,
    "assert evaluate(Add(Num(1), Mul(Num(2), Num(3)))) == 7 and evaluate(double(Num(4))) == 8",
    "d = double(Num(4))\nassert isinstance(d, Mul) and isinstance(d, Bin) and isinstance(d, Expr) and d.left.n == 2",
    prelude="""
    class Expr: pass
    class Num(Expr):
        def __init__(self, n): self.n = n
    class Bin(Expr):
        def __init__(self, left, right): self.left, self.right = left, right
    class Add(Bin): pass
    class Mul(Bin): pass
    """,
)
check(
    "prelude: check style with nodes",
    """
    def has_path(root, target):
        if not root:
            return False
        rest = target - root.val
        if not root.left and not root.right:
            return rest == 0
        return has_path(root.left, rest) or has_path(root.right, rest)
    """,
    """
    def check(candidate):
        t = TreeNode(5, TreeNode(4, TreeNode(11)), TreeNode(8))
        assert candidate(t, 20) is True
        assert candidate(t, 13) is True
        assert not candidate(t, 9)
        assert candidate(None, 0) is False
    """,
    "has_path",
    prelude=_TREE_NODE,
)

# -- what tests do: helpers, loops, references, captured output ----------------------------------------------------

asserts(
    "tests: random inputs against a reference",
    """
    def max_subarray(a):
        best = cur = a[0]
        for x in a[1:]:
            cur = max(x, cur + x)
            best = max(best, cur)
        return best
    """,
    """
    import random; random.seed(0)
    def slow(a):
        return max(sum(a[i:j]) for i in range(len(a)) for j in range(i + 1, len(a) + 1))
    for _ in range(100):
        a = [random.randint(-9, 9) for _ in range(random.randint(1, 12))]
        assert max_subarray(a) == slow(a), a
    """,
)
asserts(
    "tests: 500 asserts, a test each",
    "def square(n): return n * n",
    *[f"assert square({n}) == {n * n}" for n in range(500)],
)
asserts(
    "tests: dataclasses of the test",
    """
    def names(people):
        return [p.name for p in sorted(people, key=lambda p: p.age)]
    """,
    """
    from dataclasses import dataclass
    @dataclass
    class P:
        name: str
        age: int
    assert names([P('b', 9), P('a', 3)]) == ['a', 'b']
    """,
    """
    from typing import NamedTuple
    class Q(NamedTuple):
        name: str
        age: int
    assert names([Q('x', 2), Q('y', 1)]) == ['y', 'x']
    """,
)
asserts(
    "tests: namedtuples of the test are read by name",
    """
    def area(r):
        return r.w * r.h
    """,
    "from collections import namedtuple\nR = namedtuple('R', 'w h')\nassert area(R(2, 3)) == 6",
)
asserts(
    "tests: enums of the test go in and come out",
    """
    def opposite(d):
        return {'UP': type(d).DOWN, 'DOWN': type(d).UP}[d.name]
    def tally(ds):
        out = {}
        for d in ds:
            out[d] = out.get(d, 0) + 1
        return out
    """,
    """
    from enum import Enum
    class D(Enum):
        UP = 1
        DOWN = 2
    assert tally([D.UP, D.UP]) == {D.UP: 2}
    """,
    "assert opposite(D.UP) is D.DOWN",
)
asserts(
    "tests: approximate numbers in several ways",
    """
    import math
    def roots(a, b, c):
        d = math.sqrt(b * b - 4 * a * c)
        return (-b - d) / (2 * a), (-b + d) / (2 * a)
    """,
    "import math\nassert all(math.isclose(x, y, rel_tol=1e-9) for x, y in zip(roots(1, -3, 2), (1, 2)))",
    "assert abs(roots(1, 0, -2)[1] - 2 ** 0.5) < 1e-9 and round(roots(2, -1, -6)[0], 3) == -1.5",
)
asserts(
    "tests: subTest, loops and messages",
    """
    def roman(n):
        out = ''
        for v, s in zip((10, 9, 5, 4, 1), ('X', 'IX', 'V', 'IV', 'I')):
            while n >= v:
                out, n = out + s, n - v
        return out
    """,
    """
    import unittest
    t = unittest.TestCase()
    for n, want in {1: 'I', 4: 'IV', 19: 'XIX'}.items():
        with t.subTest(n=n):
            t.assertEqual(roman(n), want, msg=f'roman({n})')
    """,
    """
    t.assertListEqual([roman(1)], ['I']); t.assertTrue(roman(2)); t.assertIsInstance(roman(1), str)
    t.assertRegex(roman(3), '^I+$')
    """,
)
asserts(
    "tests: what a function prints, by redirect_stdout",
    """
    def triangle(n):
        for i in range(1, n + 1):
            print('*' * i)
    """,
    r"""
    import io, contextlib
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        triangle(3)
    assert out.getvalue() == '*\n**\n***\n'
    """,
)
asserts(
    "tests: what a function prints, by patching sys.stdout",
    """
    import sys
    def greet(name):
        sys.stdout.write(f'Hello, {name}!')
        print(' Bye', end='.', flush=True)
    """,
    """
    import io, sys
    old, sys.stdout = sys.stdout, io.StringIO()
    try:
        greet('Ada')
        text = sys.stdout.getvalue()
    finally:
        sys.stdout = old
    assert text == 'Hello, Ada! Bye.'
    """,
)
asserts(
    "tests: what a method prints, with a patch of builtins.print",
    """
    class Logger:
        def log(self, *parts):
            print(*parts, sep='|')
    """,
    """
    from unittest import mock
    with mock.patch('builtins.print') as p:
        Logger().log('a', 1)
    p.assert_called_once_with('a', 1, sep='|')
    """,
    hard=True,
)
asserts(
    "tests: prints on every way to standard output",
    """
    import os, subprocess, sys
    def f():
        sys.stdout.buffer.write(b'raw')
        sys.stdout.flush()
        sys.stdout.reconfigure(line_buffering=True)
        print('on the original', file=sys.__stdout__)
        os.write(sys.stdout.fileno(), b'direct')
        subprocess.run(['/bin/sh', '-c', 'echo child'], stdout=sys.stdout, check=True)
        return sys.stdout.isatty(), sys.stdout.encoding.lower()
    """,
    "assert f() == (False, 'utf-8')",
)
asserts(
    "tests: the solution captures its own prints",
    """
    import contextlib, io
    def captured(f, *args):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            f(*args)
        return out.getvalue()
    def shout(x): print(x.upper())
    """,
    "assert captured(print, 'a', 'b') == 'a b\\n' and captured(shout, 'x') == 'X\\n'",
    "assert captured(lambda: print('from the test')) == 'from the test\\n'",
)
asserts(
    "tests: what goes to stderr",
    """
    import sys
    def warn(text):
        print('warning:', text, file=sys.stderr)
        return len(text)
    """,
    r"""
    import io, contextlib
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        assert warn('hot') == 3
    assert err.getvalue() == 'warning: hot\n'
    """,
)
asserts(
    "tests: input patched by the test",
    """
    def ask_sum():
        a = int(input('a? '))
        b = int(input('b? '))
        return a + b
    """,
    "from unittest import mock\nwith mock.patch('builtins.input', side_effect=['3', '4']):\n    assert ask_sum() == 7",
    hard=True,
)
asserts(
    "tests: input replaced in builtins",
    "def shout():\n    return input().upper()",
    """
    import builtins
    old = builtins.input
    builtins.input = lambda prompt='': 'hey'
    try:
        assert shout() == 'HEY'
    finally:
        builtins.input = old
    """,
    hard=True,
)
asserts(
    "tests: sys.stdin replaced by the test",
    """
    import sys
    def total():
        n = int(input())
        return sum(int(line) for line in sys.stdin.readlines()[:n])
    """,
    r"""
    import io, sys
    old, sys.stdin = sys.stdin, io.StringIO('2\n5\n6\n')
    try:
        assert total() == 11
    finally:
        sys.stdin = old
    """,
    hard=True,
)
asserts(
    "tests: sys.argv replaced by the test",
    """
    import argparse
    def main(argv=None):
        p = argparse.ArgumentParser(prog='x')
        p.add_argument('n', type=int)
        p.add_argument('--twice', action='store_true')
        a = p.parse_args(argv)
        return a.n * (2 if a.twice else 1)
    """,
    "assert main(['4']) == 4 and main(['4', '--twice']) == 8",
    "try: main(['x'])\nexcept SystemExit as e: assert e.code == 2\nelse: assert False",
    """
    import sys
    old, sys.argv = sys.argv, ['x', '9']
    try:
        assert main() == 9
    finally:
        sys.argv = old
    """,
    hard=True,
)
asserts(
    "tests: random seeded by the test for the solution",
    """
    import random
    def roll(n):
        return [random.randint(1, 6) for _ in range(n)]
    """,
    """
    import random
    random.seed(5)
    a = roll(10)
    random.seed(5)
    assert roll(10) == a and all(1 <= x <= 6 for x in a)
    """,
    hard=True,
)
asserts(
    "tests: environment and files made by the test for the solution",
    """
    import os
    def setting(name):
        return os.environ.get(name, 'none')
    def count(path):
        with open(path) as f:
            return sum(1 for _ in f)
    """,
    """
    import os, tempfile
    os.environ['HONEST_X'] = 'yes'
    assert setting('HONEST_X') == 'yes' and setting('HONEST_Y') == 'none'
    """,
    r"""
    with tempfile.NamedTemporaryFile('w', suffix='.txt', delete=False) as f:
        f.write('a\nb\n')
    assert count(f.name) == 2
    """,
    hard=True,
)
asserts(
    "tests: files written by the solution are read by the test",
    """
    import json
    def save(d, path):
        with open(path, 'w') as f:
            json.dump(d, f)
        return path
    """,
    "import json\np = save({'a': 1}, '/tmp/honest-saved.json')\nassert json.load(open(p)) == {'a': 1}",
    hard=True,
)
asserts(
    "tests: the decimal context of the test counts",
    """
    from decimal import Decimal
    def third():
        return Decimal(1) / 3
    """,
    """
    from decimal import Decimal, localcontext
    with localcontext() as c:
        c.prec = 5
        assert third() == Decimal('0.33333')
    """,
    hard=True,
)
asserts(
    "tests: doctests of the solution are run by the test",
    '''
    def double(x):
        """Twice.

        >>> double(2)
        4
        >>> double('ab')
        'abab'
        """
        return x * 2
    ''',
    """
    import doctest
    runner = doctest.DocTestRunner(verbose=False)
    for t in doctest.DocTestFinder().find(double, 'double', globs={'double': double}):
        runner.run(t)
    assert runner.failures == 0 and runner.tries == 2
    """,
    hard=True,
)
asserts(
    "tests: source of the solution is looked at",
    "def f(n):\n    return n * (n + 1) // 2",
    "assert f(4) == 10\nassert 'for' not in f.__code__.co_names and f.__code__.co_varnames == ('n',)",
)
asserts(
    "tests: loops, comprehensions and walrus over answers",
    """
    def collatz(n):
        while True:
            yield n
            if n == 1:
                return
            n = n // 2 if n % 2 == 0 else 3 * n + 1
    """,
    "assert {n: sum(1 for _ in collatz(n)) for n in range(1, 8)} == {1: 1, 2: 2, 3: 8, 4: 3, 5: 6, 6: 9, 7: 17}",
    "assert (m := max(collatz(27))) == 9232 and [x for x in collatz(6) if x > 9] == [10, 16] and m % 2 == 0",
    "first, *_, last = collatz(12)\nassert (first, last) == (12, 1)",
)
asserts(
    "tests: results are put into sets, dicts, sorted and joined",
    """
    def words(s):
        return s.split()
    def pairs(xs):
        return [(a, b) for a in xs for b in xs if a < b]
    """,
    "assert {*words('a b a')} == {'a', 'b'} and ' '.join(sorted(words('c a'))) == 'a c' and dict(pairs([1, 2])) == {1: 2}",
    "from collections import Counter\nassert Counter(words('x y x'))['x'] == 2 and sorted(pairs([3, 1, 2]))[0] == (1, 2)",
    """
    import copy, string, itertools
    assert copy.deepcopy(pairs([1, 2])) == [(1, 2)] and words(string.ascii_lowercase)[0][:3] == 'abc'
    """,
)
check(
    "tests: check with helpers, METADATA and many calls",
    """
    def is_palindrome(s):
        t = [c.lower() for c in s if c.isalnum()]
        return t == t[::-1]
    """,
    """
    METADATA = {'author': 'me', 'dataset': 'test'}
    import string

    def naive(s):
        s = ''.join(c for c in s.lower() if c in string.ascii_lowercase + string.digits)
        return s == s[::-1]

    def check(candidate):
        import random
        rng = random.Random(7)
        assert candidate('A man, a plan, a canal: Panama')
        for _ in range(300):
            s = ''.join(rng.choice('aAbB ,1') for _ in range(rng.randint(0, 6)))
            assert candidate(s) is naive(s), s
    """,
    "is_palindrome",
)
check(
    "tests: check that uses a helper of the solution",
    """
    def encode(s):
        return ''.join(chr(ord(c) ^ 1) for c in s)
    def decode(s):
        return encode(s)
    """,
    """
    def check(candidate):
        from random import randint, choice, seed
        seed(1)
        for _ in range(50):
            s = ''.join(choice('abcxyz') for _ in range(randint(1, 20)))
            assert candidate(encode(s)) == s
    """,
    "decode",
)

# -- the standard library and the system inside a solution ---------------------------------------------------------

asserts(
    "library: threads",
    """
    import threading
    def parallel_sum(xs, n=4):
        out, lock = [0], threading.Lock()
        def work(part):
            s = sum(part)
            with lock:
                out[0] += s
        ts = [threading.Thread(target=work, args=(xs[i::n],)) for i in range(n)]
        for t in ts: t.start()
        for t in ts: t.join()
        return out[0]
    """,
    "assert parallel_sum(list(range(1000))) == 499500",
)
asserts(
    "library: thread pools with callbacks of the test",
    """
    from concurrent.futures import ThreadPoolExecutor
    def pmap(f, xs):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(f, xs))
    """,
    "assert pmap(lambda x: x * x, range(50)) == [x * x for x in range(50)]",
)
asserts(
    "library: a thread that goes on after the call",
    """
    import threading, time
    class Worker:
        def __init__(self):
            self.n, self.stop = 0, threading.Event()
            self.t = threading.Thread(target=self.run, daemon=True)
        def start(self):
            self.t.start()
            return self
        def run(self):
            while not self.stop.wait(0.005):
                self.n += 1
        def finish(self):
            self.stop.set()
            self.t.join()
            return self.n
    """,
    """
    import time
    w = Worker().start()
    time.sleep(0.2)
    assert w.n > 2 and w.finish() >= 3 and not w.t.is_alive()
    """,
)
asserts(
    "library: a queue between threads and call from the test's threads",
    """
    import queue
    class Box:
        def __init__(self): self.q = queue.Queue()
        def put(self, x): self.q.put(x)
        def get(self): return self.q.get(timeout=2)
    """,
    """
    import threading
    b = Box()
    ts = [threading.Thread(target=b.put, args=(i,)) for i in range(8)]
    for t in ts: t.start()
    for t in ts: t.join()
    assert sorted(b.get() for _ in range(8)) == list(range(8))
    """,
)
asserts(
    "library: process pools",
    """
    from concurrent.futures import ProcessPoolExecutor
    def square(x): return x * x
    def total(n):
        with ProcessPoolExecutor(2) as pool:
            return sum(pool.map(square, range(n)))
    """,
    "assert total(20) == 2470",
    time_limit_s=15,
)
asserts(
    "library: multiprocessing with a queue and a pool",
    """
    import multiprocessing as mp
    def work(q, n): q.put(n * n)
    def run(n):
        q = mp.Queue()
        ps = [mp.Process(target=work, args=(q, i)) for i in range(n)]
        for p in ps: p.start()
        out = sorted(q.get() for _ in ps)
        for p in ps: p.join()
        return out
    def pooled(xs):
        with mp.Pool(2) as pool:
            return pool.map(abs, xs)
    """,
    "assert run(4) == [0, 1, 4, 9]",
    "assert pooled([-1, 2]) == [1, 2]",
    time_limit_s=15,
)
asserts(
    "library: fork and wait",
    """
    import os
    def child_says(n):
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(w, str(n * 2).encode())
            os._exit(3)
        _, status = os.waitpid(pid, 0)
        return int(os.read(r, 10)), os.waitstatus_to_exitcode(status)
    """,
    "assert child_says(21) == (42, 3)",
)
asserts(
    "library: subprocesses of python and sh",
    """
    import subprocess, sys
    def evaluate(expr):
        return subprocess.run([sys.executable, '-c', f'print({expr})'], capture_output=True, text=True, check=True).stdout.strip()
    def shell(cmd):
        return subprocess.check_output(['/bin/sh', '-c', cmd], text=True)
    """,
    "assert evaluate('6 * 7') == '42'",
    "assert shell('printf abc | tr a-z A-Z') == 'ABC'",
    time_limit_s=15,
)
asserts(
    "library: temporary files and folders",
    """
    import os, shutil, tempfile
    from pathlib import Path
    FOLDER = Path(tempfile.mkdtemp())
    def roundtrip(text):
        with tempfile.TemporaryDirectory() as d:
            p = Path(d) / 'sub' / 'x.txt'
            p.parent.mkdir()
            p.write_text(text, encoding='utf-8')
            names = [f.name for f in Path(d).rglob('*')]
            return p.read_text(encoding='utf-8'), sorted(names), p.stat().st_size
    def plain(text):
        with open(FOLDER / 'plain.txt', 'a+') as f:
            f.write(text)
            f.seek(0)
            return f.read()
    """,
    "assert roundtrip('hé') == ('hé', ['sub', 'x.txt'], 3)",
    "assert plain('a') == 'a' and plain('b') == 'ab'",
)
asserts(
    "library: an open file is given to the test",
    r"""
    def opened(lines):
        f = open('/tmp/lines.txt', 'w+')
        f.writelines(f'{l}\n' for l in lines)
        f.seek(0)
        return f
    """,
    r"""
    f = opened('ab')
    assert f.readline() == 'a\n' and f.read() == 'b\n' and not f.closed
    f.close()
    assert f.closed
    """,
    "with opened('xy') as f:\n    assert [line.strip() for line in f] == ['x', 'y']",
)
asserts(
    "library: sqlite in memory",
    """
    import sqlite3
    class Repo:
        def __init__(self):
            self.db = sqlite3.connect(':memory:')
            self.db.execute('create table t (id integer primary key, name text unique)')
        def add(self, name):
            return self.db.execute('insert into t (name) values (?)', (name,)).lastrowid
        def all(self):
            return self.db.execute('select * from t order by name').fetchall()
    """,
    "r = Repo()\nassert r.add('b') == 1 and r.add('a') == 2 and r.all() == [(2, 'a'), (1, 'b')]",
    """
    import sqlite3
    try: r.add('a')
    except sqlite3.IntegrityError as e: assert 'UNIQUE' in str(e)
    else: assert False
    """,
)
asserts(
    "library: hashes, struct, zlib, base64",
    """
    import base64, hashlib, hmac, struct, zlib
    def sha(s): return hashlib.sha256(s.encode()).hexdigest()
    def pack(*xs): return struct.pack(f'<{len(xs)}h', *xs)
    def squeeze(b): return zlib.compress(b, 9)
    def sign(k, m): return base64.b64encode(hmac.new(k, m, 'sha1').digest()).decode()
    """,
    "import hashlib\nassert sha('a') == hashlib.sha256(b'a').hexdigest() and pack(1, -1) == b'\\x01\\x00\\xff\\xff'",
    "import zlib\nassert zlib.decompress(squeeze(b'x' * 9999)) == b'x' * 9999 and len(squeeze(b'x' * 9999)) < 60",
    "assert sign(b'k', b'm') == 'dytxyKKZfnaL4B2XEeSk80ok7zM='",
)
asserts(
    "library: json, csv, configparser and xml",
    """
    import configparser, csv, io, json
    import xml.etree.ElementTree as ET
    def to_csv(rows):
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        return out.getvalue()
    def parse_csv(text): return list(csv.DictReader(io.StringIO(text)))
    def dump(o): return json.dumps(o, sort_keys=True, indent=1, ensure_ascii=False)
    def ini(text):
        c = configparser.ConfigParser()
        c.read_string(text)
        return {s: dict(c[s]) for s in c.sections()}
    def tags(text): return [e.tag for e in ET.fromstring(text).iter()]
    """,
    r'''
    assert to_csv([[1, 'a,b'], ['"', None]]) == '1,"a,b"\r\n"""",\r\n' and parse_csv('a,b\n1,2\n') == [{'a': '1', 'b': '2'}]
    ''',
    r"""
    assert dump({'b': [1], 'a': 'é'}) == '{\n "a": "é",\n "b": [\n  1\n ]\n}' and ini('[s]\nk = v\n') == {'s': {'k': 'v'}}
    """,
    "assert tags('<a><b/><c><b/></c></a>') == ['a', 'b', 'c', 'b']",
)
asserts(
    "library: regular expressions with functions",
    r"""
    import re
    def camel(s): return re.sub(r'_(\w)', lambda m: m.group(1).upper(), s)
    def replace(s, pattern, f): return re.sub(pattern, f, s)
    def fields(s): return re.match(r'(?P<k>\w+)=(?P<v>\d+)', s).groupdict()
    """,
    "assert camel('a_bc_de') == 'aBcDe' and fields('x=12') == {'k': 'x', 'v': '12'}",
    "assert replace('a1b22', r'\\d+', lambda m: str(int(m.group()) * 2)) == 'a2b44'",
    "import re\nassert replace('abc', re.compile('b'), '-') == 'a-c'",
)
asserts(
    "library: time, sleep and perf_counter",
    """
    import time
    def timed(f):
        t = time.perf_counter()
        r = f()
        return r, time.perf_counter() - t
    class RateLimiter:
        def __init__(self, n, per): self.n, self.per, self.at = n, per, []
        def allow(self):
            now = time.monotonic()
            self.at = [t for t in self.at if now - t < self.per]
            if len(self.at) < self.n:
                self.at.append(now)
                return True
            return False
    """,
    "import time\nr, s = timed(lambda: time.sleep(0.05) or 5)\nassert r == 5 and 0.04 < s < 2",
    """
    l = RateLimiter(2, 0.2)
    assert [l.allow() for _ in range(3)] == [True, True, False]
    time.sleep(0.25)
    assert l.allow()
    """,
)
asserts(
    "library: random with its own seed, statistics, bisect, heapq",
    """
    import bisect, heapq, random, statistics
    def sample(n, seed): return random.Random(seed).sample(range(100), n)
    def stats(xs): return statistics.mean(xs), statistics.median(xs), statistics.pstdev(xs)
    def kth(xs, k): return heapq.nsmallest(k, xs)[-1]
    def rank(xs, x): return bisect.bisect_left(sorted(xs), x)
    """,
    "assert sample(5, 1) == sample(5, 1) != sample(5, 2) and stats([1, 2, 3, 4]) == (2.5, 2.5, 1.118033988749895)",
    "assert kth([5, 1, 4], 2) == 4 and rank([5, 1, 4], 4) == 1",
)
asserts(
    "library: locale, unicodedata, string templates and textwrap",
    """
    import locale, string, textwrap, unicodedata
    def money(n): return locale.format_string('%d', n, grouping=False)
    def plain(s): return ''.join(c for c in unicodedata.normalize('NFD', s) if not unicodedata.combining(c))
    def fill(t, **k): return string.Template(t).substitute(k)
    def wrap(s, n): return textwrap.wrap(s, n)
    """,
    "assert money(1234) == '1234' and plain('crème') == 'creme' and fill('$a-${b}', a=1, b='x') == '1-x'",
    "assert wrap('aa bb cc', 5) == ['aa bb', 'cc']",
)
asserts(
    "library: environment, platform and the current folder",
    """
    import os, platform, sys
    def info():
        os.environ['HONEST_Z'] = '1'
        return os.environ['HONEST_Z'], bool(os.getcwd()), platform.system(), sys.version_info >= (3, 11), os.cpu_count() > 0
    """,
    "assert info() == ('1', True, 'Linux', True, True)",
)
asserts(
    "library: getpass, user names and the home folder",
    """
    import os
    from pathlib import Path
    def home(): return str(Path.home()), os.path.expanduser('~/x').endswith('/x')
    def ids(): return os.getuid() >= 0, os.getpid() > 0
    """,
    "h, ok = home()\nassert h.startswith('/') and ok and ids() == (True, True)",
)
asserts(
    "library: logging to a handler of its own",
    """
    import io, logging
    def logged():
        out = io.StringIO()
        log = logging.getLogger('honest')
        log.setLevel(logging.INFO)
        log.addHandler(logging.StreamHandler(out))
        log.propagate = False
        log.info('x=%d', 3)
        log.debug('no')
        logging.getLogger('other').warning('to stderr')
        return out.getvalue()
    """,
    "assert logged() == 'x=3\\n'",
)
asserts(
    "library: sockets and pipes inside the box",
    """
    import socket, threading
    def echo(msg):
        a, b = socket.socketpair()
        t = threading.Thread(target=lambda: b.sendall(b.recv(100).upper()))
        t.start()
        a.sendall(msg)
        r = a.recv(100)
        t.join(); a.close(); b.close()
        return r
    """,
    "assert echo(b'hello') == b'HELLO'",
)
asserts(
    "library: signals and alarms of its own",
    """
    import signal, time
    class Timeout(Exception): pass
    def limited(seconds, f):
        def ring(*_): raise Timeout
        old = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return f()
        except Timeout:
            return 'timeout'
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
    def slow():
        while True:
            time.sleep(0.01)
    """,
    "assert limited(0.1, slow) == 'timeout' and limited(1, lambda: 5) == 5",
)
asserts(
    "library: garbage collection, weak references and finalizers",
    """
    import gc, weakref
    class Node: pass
    def collected():
        gone = []
        a, b = Node(), Node()
        a.b, b.a = b, a
        weakref.finalize(a, gone.append, 'a')
        del a, b
        gc.collect()
        return gone
    """,
    "assert collected() == ['a']",
)
asserts(
    "library: exec, eval, ast and compile inside the solution",
    r"""
    import ast
    def calc(expr):
        tree = ast.parse(expr, mode='eval')
        assert all(isinstance(n, (ast.Expression, ast.BinOp, ast.Constant, ast.operator)) for n in ast.walk(tree))
        return eval(compile(tree, '<calc>', 'eval'))
    def make(name, body):
        ns = {}
        exec(f'def {name}(x):\n    return {body}', ns)
        return ns[name]
    """,
    "assert calc('2 + 3 * 4') == 14 and make('sq', 'x * x')(5) == 25 and make('sq', 'x').__name__ == 'sq'",
)
asserts(
    "library: importing itself and its own module",
    """
    import sys
    def me():
        return sys.modules[__name__].me is me
    def where():
        return __name__ in sys.modules
    """,
    "assert where() and me()",
)
asserts(
    "library: pickles of its own classes",
    """
    import copy, pickle
    class P:
        def __init__(self, x): self.x = x
    def roundtrip(x):
        p = pickle.loads(pickle.dumps(P(x)))
        return type(p) is P, p.x, copy.deepcopy(p).x
    """,
    "assert roundtrip([1]) == (True, [1], [1])",
)
asserts(
    "library: dataclasses with postponed annotations",
    """
    from __future__ import annotations
    from dataclasses import dataclass, field, asdict
    from typing import ClassVar, get_type_hints
    @dataclass
    class Node:
        v: int
        kids: list[Node] = field(default_factory=list)
        made: ClassVar[int] = 0
    def build(n): return Node(n, [build(n - 1)] if n else [])
    def tree(n): return asdict(build(n))
    def hints(): return sorted(get_type_hints(Node))
    """,
    """
    assert tree(1) == {'v': 1, 'kids': [{'v': 0, 'kids': []}]} and hints() == ['kids', 'made', 'v']
    assert build(2).kids[0].v == 1
    """,
)

# -- source text: unusual ways to write a right answer ---------------------------------------------------------------

_FENCED = """Sure! First a sketch:

```python
def double(x):
    return x + x + 1  # wrong
```

That is off by one. Here is the right one:

```python
def double(x):
    return x * 2
```

It works because `x * 2` is twice x. **Hope this helps!**
"""
asserts("source: prose with two fenced blocks, the last counts", _FENCED, "assert double(4) == 8")
asserts(
    "source: a fence without a language and with an indent",
    "The answer:\n\n   ```\n   def inc(x):\n       return x + 1\n   ```\n",
    "assert inc(1) == 2",
)
asserts("source: tildes as a fence", "~~~py\ndef inc(x):\n    return x + 1\n~~~\nDone.", "assert inc(1) == 2")
asserts(
    "source: a fence that never closes",
    "Here you go:\n```python\ndef inc(x):\n    return x + 1\n",
    "assert inc(1) == 2",
)
asserts(
    "source: backticks inside a docstring",
    '```python\ndef inc(x):\n    """Adds one.\n\n    Use `inc(1)` or ``inc(2)``.\n    """\n    return x + 1\n```',
    "assert inc(1) == 2",
)
asserts(
    "source: a fence inside a docstring inside a longer fence",
    '````python\ndef inc(x):\n    """Adds one.\n\n    ```\n    inc(1)\n    ```\n    """\n    return x + 1\n````\n',
    "assert inc(1) == 2",
)
asserts(
    "source: a fence inside a docstring of bare code",
    'def inc(x):\n    """Adds one.\n\n    ```python\n    inc(1)\n    ```\n    """\n    return x + 1\n',
    "assert inc(1) == 2",
)
asserts(
    "source: CRLF line ends in a fence",
    "Hi\r\n```python\r\ndef inc(x):\r\n    return x + 1\r\n```\r\nBye\r\n",
    "assert inc(1) == 2",
)
asserts("source: CRLF line ends without a fence", "def inc(x):\r\n    y = x\r\n    return y + 1\r\n", "assert inc(1) == 2")
asserts("source: tabs", "def inc(x):\n\tif x:\n\t\treturn x + 1\n\treturn 1\n", "assert inc(1) == 2 and inc(0) == 1")
asserts("source: form feeds and odd blanks", "\x0cdef inc(x):\n\x0c\n    return x \\\n        + 1\n", "assert inc(1) == 2")
asserts("source: an encoding cookie", "# -*- coding: utf-8 -*-\ndef name():\n    return 'é'\n", "assert name() == 'é'")
asserts(
    "source: a latin-1 cookie in text that is Unicode already",
    "# coding: latin-1\ndef name():\n    return 'é'\n",
    "assert name() == 'é'",
)
asserts(
    "source: Unicode identifiers, normalised",
    """
    def Größe(λ, ﬁ=1):
        π = 3
        return π * λ + fi
    Δ = 5
    """,
    "assert Größe(2) == 7 and Größe(λ=1, fi=0) == 3 and Δ == 5",
)
asserts(
    "source: a shebang and a doc string",
    '''
    #!/usr/bin/env python3
    """Module."""
    from __future__ import annotations

    def inc(x: Undefined) -> Missing:
        return x + 1
    ''',
    "assert inc(1) == 2",
)
asserts(
    "source: semicolons and one-liners",
    "x = 2; y = 3; f = lambda z: (x, y, z)\nif x: g = lambda: 1\n",
    "assert f(4) == (2, 3, 4) and g() == 1",
)
asserts(
    "source: star imports",
    """
    from math import *
    from itertools import *
    from functools import *
    def area(r):
        return floor(pi * r * r)
    def first(n):
        return list(islice(count(1), n))
    """,
    "assert area(2) == 12 and first(3) == [1, 2, 3]",
)
asserts(
    "source: walrus, match, positional only and star unpacking",
    """
    def parse(cmd, /, *, strict=False):
        match cmd.split():
            case ['go', ('north' | 'south') as where]:
                return 'go', where
            case ['drop', *things] if (n := len(things)) > 1:
                return 'drop', n
            case [x]:
                return 'one', x
            case _ if strict:
                raise ValueError(cmd)
            case _:
                return None
    def merge(*ds): return {k: v for d in ds for k, v in d.items()} | {'n': len(ds)}
    """,
    "assert parse('go north') == ('go', 'north') and parse('drop a b') == ('drop', 2) and parse('hm') == ('one', 'hm')",
    "assert parse('go up') is None and merge({'a': 1}, {'b': 2}) == {'a': 1, 'b': 2, 'n': 2}",
    "try: parse('go up', strict=True)\nexcept ValueError: pass\nelse: assert False",
)
asserts(
    "source: global statements and module state over calls",
    """
    n = 0
    def bump():
        global n, m
        n += 1
        m = n * 10
        return m
    def read(): return m
    """,
    "assert bump() == 10 and bump() == 20 and read() == 20",
)
asserts(
    "source: tests and prints of its own at import",
    """
    def inc(x):
        return x + 1
    print('testing...')
    assert inc(1) == 2
    for i in range(3):
        print(i, inc(i))
    """,
    "assert inc(5) == 6",
)
asserts(
    "source: an input() guarded by main and unittest.main too",
    """
    import unittest
    def inc(x): return x + 1
    class TestInc(unittest.TestCase):
        def test(self): self.assertEqual(inc(1), 2)
    def main():
        print(inc(int(input())))
    if __name__ == '__main__':
        unittest.main()
        main()
    """,
    "assert inc(1) == 2",
)
asserts(
    "source: a function defined twice, the last counts, and conditionally",
    """
    import sys
    def f(): return 'old'
    if sys.version_info >= (3, 8):
        def f(): return 'new'
    else:
        f = None
    try:
        import nonexistent_module as np
    except ImportError:
        np = None
    def has_numpy(): return np is not None
    """,
    "assert f() == 'new' and has_numpy() is False",
)
asserts(
    "source: a very long line and a very long literal",
    f"def table(i):\n    return [{', '.join(map(str, range(20000)))}][i]\n",
    "assert table(19999) == 19999",
)
asserts(
    "source: deeply nested expressions",
    "def f(x):\n    return " + "(" * 80 + "x" + " + 1)" * 80 + "\n",
    "assert f(0) == 80",
)
asserts("source: the answer is only a lambda", "add = lambda a, b: a + b", "assert add(1, 2) == 3")
asserts("source: no newline at the end, comments after", "def f(): return 1\n# the end", "assert f() == 1")
asserts(
    "source: quotes, backslashes and escapes",
    "def f():\n    return 'a\\\\b' \"c'd\" r'\\n' '\\x41' '''e\"f'''\n",
    "assert f() == 'a\\\\bc\\'d\\\\nAe\"f'",
)
asserts(
    "source: print at import with no new line and a flush",
    """
    import sys
    sys.stdout.write('x' * 99)
    sys.stdout.flush()
    def f(): return 1
    """,
    "assert f() == 1",
)

# -- limits: big, deep, long and many, yet within bounds -------------------------------------------------------------

asserts(
    "limits: a million integers in",
    "def total(xs): return sum(xs)",
    "assert total(list(range(10 ** 6))) == 499999500000",
)
asserts(
    "limits: a million integers out",
    "def count(n): return list(range(n))",
    "r = count(10 ** 6)\nassert len(r) == 10 ** 6 and r[-1] == 999999",
)
asserts(
    "limits: a million integers in and out, sorted",
    "def back(xs): return sorted(xs, reverse=True)",
    "r = back(list(range(10 ** 6)))\nassert r[0] == 999999 and r[-1] == 0 and len(r) == 10 ** 6",
)
asserts(
    "limits: a million integers sorted in place",
    "def order(xs): xs.sort()",
    "a = list(range(10 ** 6, 0, -1))\norder(a)\nassert a[0] == 1 and a[-1] == 10 ** 6",
)
asserts(
    "limits: ten million letters out and in",
    "def twice(s): return s + s",
    "s = 'ab' * 2_500_000\nassert twice(s) == s * 2",
)
asserts(
    "limits: five million bytes",
    "def flip(b): return b[::-1]",
    "b = bytes(range(256)) * 20000\nassert flip(b) == b[::-1]",
)
asserts(
    "limits: a board of 1000 by 1000",
    "def transpose(m): return [list(r) for r in zip(*m)]",
    "m = [[i * j for j in range(1000)] for i in range(1000)]\nt = transpose(m)\nassert t[3][999] == 2997 and len(t) == 1000",
)
asserts(
    "limits: a dict of 200000 entries",
    "def invert(d): return {v: k for k, v in d.items()}",
    "d = {str(i): i for i in range(200000)}\nassert invert(d)[199999] == '199999'",
)
asserts(
    "limits: recursion to 10000 when the code raises the limit",
    """
    import sys
    sys.setrecursionlimit(50000)
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)
    """,
    "assert depth(10000) == 10000",
)
asserts(
    "limits: recursion to 900 without raising it",
    "def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)\n",
    "assert depth(900) == 900",
)
asserts(
    "limits: recursion in a thread with a big stack",
    """
    import sys, threading
    def deep(n):
        out = []
        def rec(k):
            return 0 if k == 0 else 1 + rec(k - 1)
        def run():
            out.append(rec(n))
        sys.setrecursionlimit(10 ** 6)
        threading.stack_size(64 * 1024 * 1024)
        t = threading.Thread(target=run)
        t.start()
        t.join()
        return out[0]
    """,
    "assert deep(50000) == 50000",
)
asserts(
    "limits: ten megabytes printed",
    """
    def f():
        for _ in range(100):
            print('x' * 10 ** 5)
        return 1
    """,
    "assert f() == 1",
)
asserts(
    "limits: ten megabytes to stderr",
    """
    import sys
    def f():
        print('x' * 10 ** 7, file=sys.stderr)
        return 1
    """,
    "assert f() == 1",
)
asserts(
    "limits: 3000 small calls",
    """
    class Acc:
        def __init__(self): self.n = 0
        def add(self, k):
            self.n += k
            return self.n
    """,
    """
    a = Acc()
    for i in range(3000):
        a.add(i)
    assert a.n == 4498500
    """,
)
asserts(
    "limits: 2000 objects held at once",
    """
    class P:
        def __init__(self, x): self.x = x
        def __lt__(self, o): return self.x < o.x
    def make(n): return [P(n - i) for i in range(n)]
    """,
    "ps = make(2000)\nassert [p.x for p in sorted(ps)[:3]] == [1, 2, 3]",
)
asserts(
    "limits: 200 MB used and freed",
    "def f():\n    b = bytearray(200 * 2 ** 20)\n    return len(b) >> 20\n",
    "assert f() == 200",
)
asserts(
    "limits: a MemoryError that the solution handles",
    """
    def f():
        try:
            return len(bytearray(10 ** 12))
        except MemoryError:
            return 'too much'
    """,
    "assert f() == 'too much'",
)
asserts(
    "limits: a second of work",
    r"""
    def sieve(n):
        s = bytearray([1]) * (n + 1)
        s[0:2] = b'\0\0'
        for i in range(2, int(n ** 0.5) + 1):
            if s[i]:
                s[i * i::i] = bytes(len(range(i * i, n + 1, i)))
        return sum(s)
    """,
    "assert sieve(5_000_000) == 348513",
)
asserts(
    "limits: a long text of many lines",
    "def number(text):\n    return '\\n'.join(f'{i}: {line}' for i, line in enumerate(text.splitlines(), 1))\n",
    "t = '\\n'.join('line' for _ in range(100000))\nassert number(t).endswith('100000: line')",
)

# -- programs: unusual ways to read and print ------------------------------------------------------------------------

program("stdio: input() and print", "a, b = map(int, input().split())\nprint(a + b)", ("3 4\n", "7\n"), ("-1 1\n", "0\n"))
program(
    "stdio: sys.stdin.read",
    "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
    ("1 2\n3\n", "6\n"),
    ("", "0\n"),
)
program(
    "stdio: sys.stdin.buffer and sys.stdout.buffer",
    "import sys\nd = sys.stdin.buffer.read().split()\nsys.stdout.buffer.write(b'\\n'.join(sorted(d)) + b'\\n')",
    ("pear fig\napple", "apple\nfig\npear\n"),
    checker="exact",
)
program(
    "stdio: fileinput",
    "import fileinput\nprint(sum(len(line.rstrip('\\n')) for line in fileinput.input()))",
    ("ab\nc\n", "3\n"),
)
program(
    "stdio: for line in sys.stdin",
    "import sys\nfor line in sys.stdin:\n    print(line.strip()[::-1])",
    ("abc\nde", "cba\ned\n"),
)
program("stdio: iter(input, '')", "print(sum(map(int, iter(input, ''))))", ("1\n2\n\n9\n", "3\n"))
program("stdio: open(0)", "print(max(map(int, open(0).read().split())))", ("4 9 2", "9"))
program("stdio: open('/dev/stdin')", "print(len(open('/dev/stdin').read()))", ("hello", "5"))
program(
    "stdio: an overridden input",
    """
    import sys
    input = sys.stdin.readline
    n = int(input())
    for _ in range(n):
        print(input().rstrip().upper())
    """,
    ("2\na\nb\n", "A\nB\n"),
)
program(
    "stdio: input read until EOFError",
    """
    t = 0
    while True:
        try:
            t += int(input())
        except EOFError:
            break
    print(t)
    """,
    ("1\n2\n", "3\n"),
    ("", "0\n"),
)
program("stdio: sys.exit(0) at the end", "import sys\nprint('ok')\nsys.exit(0)", ("", "ok\n"))
program("stdio: sys.exit() with nothing", "import sys\nprint('ok')\nsys.exit()", ("", "ok\n"))
program(
    "stdio: exit() and quit()",
    """
    n = input()
    print(n)
    if n == 'a':
        exit()
    quit()
    """,
    ("a", "a"),
    ("b", "b"),
)
program("stdio: raise SystemExit", "print('x')\nraise SystemExit", ("", "x"))
program(
    "stdio: exit(0) in a function of main",
    """
    def main():
        print(1)
        exit(0)
        print(2)
    main()
    """,
    ("", "1"),
)
program(
    "stdio: os._exit after a flush",
    """
    import os, sys
    print('done')
    sys.stdout.flush()
    os._exit(0)
    """,
    ("", "done\n"),
)
program("stdio: no newline at the end", "print('abc', end='')", ("", "abc\n"), checker="exact")
program("stdio: trailing blanks and blank lines", "print('1 2  ')\nprint()\nprint('3\\t')", ("", "1 2\n3\n"))
program("stdio: CRLF printed", "print('a\\r\\nb\\r')", ("", "a\nb\n"))
program("stdio: CRLF read", "print([int(input()) for _ in range(2)])", ("1\r\n2\r\n", "[1, 2]\n"))
program(
    "stdio: five megabytes read",
    "import sys\nd = sys.stdin.buffer.read().split()\nprint(len(d), sum(map(int, d)))",
    ("7 " * 2_500_000, "2500000 17500000\n"),
)
program(
    "stdio: five megabytes read by line",
    """
    n = 0
    import sys
    for line in sys.stdin:
        n += len(line)
    print(n)
    """,
    ("abcdefghi\n" * 500_000, "5000000"),
)
program("stdio: ten megabytes printed", "print('\\n'.join(['12345678'] * 1_100_000))", ("", "12345678\n" * 1_100_000))
program(
    "stdio: a hundred thousand prints",
    "for i in range(100_000):\n    print(i)",
    ("", "".join(f"{i}\n" for i in range(100_000))),
)
program(
    "stdio: output while input still comes",
    """
    import sys
    for line in sys.stdin:
        sys.stdout.write(line.upper())
        sys.stdout.flush()
    """,
    ("abc\n" * 50_000, "ABC\n" * 50_000),
)
program("stdio: input that is not read", "print('hi')", ("x" * 1_000_000, "hi\n"))
program(
    "stdio: stdin closed early",
    """
    import sys
    n = sys.stdin.readline()
    sys.stdin.close()
    print(n.strip())
    """,
    ("1\n" + "x" * 500_000, "1\n"),
)
program(
    "stdio: recursion in a thread with a big stack",
    """
    import sys, threading
    def main():
        n = int(input())
        def rec(k):
            return 0 if k == 0 else 1 + rec(k - 1)
        print(rec(n))
    sys.setrecursionlimit(1 << 25)
    threading.stack_size(1 << 27)
    t = threading.Thread(target=main)
    t.start()
    t.join()
    """,
    ("100000\n", "100000\n"),
)
program(
    "stdio: recursion limit raised",
    """
    import sys
    sys.setrecursionlimit(10**6)
    def r(n): return n and 1 + r(n - 1)
    print(r(20000))
    """,
    ("", "20000"),
)
program(
    "stdio: a thread that is not joined",
    """
    import threading
    def main():
        print(int(input()) * 2)
    threading.Thread(target=main).start()
    """,
    ("21\n", "42\n"),
)
program(
    "stdio: a non-daemon thread that ends late",
    """
    import threading, time
    def late():
        time.sleep(0.3)
        print('late')
    threading.Thread(target=late).start()
    print('early')
    """,
    ("", "early\nlate\n"),
)
program("stdio: atexit prints", "import atexit\natexit.register(print, 'bye')\nprint('hi')", ("", "hi\nbye\n"))
program(
    "stdio: os.write without a buffer",
    r"""
    import os
    os.write(1, b'a')
    os.write(1, b'b\n')
    os.write(2, b'noise')
    """,
    ("", "ab\n"),
)
program(
    "stdio: os.read from 0",
    """
    import os
    b = b''
    while c := os.read(0, 7):
        b += c
    print(len(b))
    """,
    ("x" * 1000, "1000"),
)
program(
    "stdio: Unicode in and out",
    "s = input()\nprint(s[::-1], len(s), 'ü', '\U0001f600')",
    ("aéß€\n", "€ßéa 4 ü \U0001f600\n"),
)
program("stdio: empty input and empty output", "import sys\nsys.stdout.write(sys.stdin.read())", ("", ""), ("a\n", "a\n"))
program(
    "stdio: stderr is for notes",
    """
    import sys
    print('debug', file=sys.stderr)
    sys.stderr.write('x' * 10**6)
    print(5)
    """,
    ("", "5\n"),
)
program(
    "stdio: main() under __name__",
    """
    def main():
        print(sum(int(x) ** 2 for x in input().split()))

    if __name__ == '__main__':
        main()
    """,
    ("1 2 3", "14"),
)
program(
    "stdio: sys.argv and __file__",
    "import sys, os\nprint(len(sys.argv), os.path.basename(__file__).endswith('.py'))",
    ("", "1 True"),
)
program(
    "stdio: __name__ and the main module",
    "import __main__, sys\nx = 3\nprint(__name__, __main__.x, sys.modules['__main__'].x)",
    ("", "__main__ 3 3"),
)
program("stdio: floats within tolerance", "print(2 ** 0.5, 1e-9, 'ok')", ("", "1.41421 0 ok\n"), checker={"float": 1e-4})
program(
    "stdio: floats in other notation",
    "print('1e3', '-0.0', f'{1/3:.3f}')",
    ("", "1000 0 0.333333"),
    checker={"float": 1e-3},
)
program(
    "stdio: a class with its own main",
    """
    class Main:
        def __init__(self): self.n = int(input())
        def run(self): return self.n + 1
    print(Main().run())
    """,
    ("4", "5"),
)
program(
    "stdio: asyncio",
    """
    import asyncio
    async def main():
        await asyncio.sleep(0.01)
        print(input())
    asyncio.run(main())
    """,
    ("hey", "hey"),
)
program(
    "stdio: input in several threads' order",
    """
    import sys
    from concurrent.futures import ThreadPoolExecutor
    xs = list(map(int, sys.stdin))
    with ThreadPoolExecutor(3) as p:
        print(*p.map(lambda x: x * x, xs))
    """,
    ("1\n2\n3\n", "1 4 9\n"),
)
program(
    "stdio: process pool",
    """
    from multiprocessing import Pool
    def f(x): return x * x
    if __name__ == '__main__':
        with Pool(2) as p:
            print(p.map(f, [1, 2, 3]))
    """,
    ("", "[1, 4, 9]"),
    time_limit_s=15,
)
program(
    "stdio: a subprocess writes to the same output",
    """
    import subprocess, sys
    print('a', flush=True)
    subprocess.run([sys.executable, '-c', 'print(1)'])
    print('b')
    """,
    ("", "a\n1\nb\n"),
    time_limit_s=15,
)
program(
    "stdio: a child of sh reads the same input",
    "import subprocess\nsubprocess.run(['/bin/sh', '-c', 'tr a-z A-Z'])",
    ("hello", "HELLO"),
    time_limit_s=15,
)
program(
    "stdio: interactive lines with prompts",
    """
    n = int(input())
    for i in range(n):
        a, b = map(int, input().split())
        print(a * b, flush=True)
    """,
    ("2\n1 2\n3 4\n", "2\n12\n"),
)
program(
    "stdio: print with sep, end and file",
    "import sys\nprint(1, 2, sep=',', end=';')\nprint('x', file=sys.stdout)",
    ("", "1,2;x"),
    checker="exact",
)
program(
    "stdio: stdout replaced by a buffer",
    """
    import io, os, sys
    sys.stdout = io.StringIO()
    print('late')
    os.write(1, sys.stdout.getvalue().encode())
    """,
    ("", "late"),
)
program(
    "stdio: fast output class",
    """
    import io, os, sys, atexit
    sys.stdout = io.StringIO()
    atexit.register(lambda: os.write(1, sys.stdout.getvalue().encode()))
    print(1)
    print(2)
    """,
    ("", "1\n2\n"),
)
program(
    "stdio: stdin wrapped in BytesIO",
    """
    import io, os, sys
    input = io.BytesIO(os.read(0, os.fstat(0).st_size or 10**6)).readline
    print(int(input()) + int(input()))
    """,
    ("3\n4\n", "7"),
)
program(
    "stdio: reconfigured streams",
    """
    import sys
    sys.stdout.reconfigure(line_buffering=True, encoding='utf-8')
    sys.stdin.reconfigure(encoding='latin-1')
    print(len(input()))
    """,
    ("é", "2"),
)
program(
    "stdio: huge integers printed",
    "import sys\nsys.set_int_max_str_digits(0)\nprint(10 ** 5000)",
    ("", "1" + "0" * 5000),
)
program(
    "stdio: a with-block around stdin",
    "import sys\nwith sys.stdin as f:\n    print(f.readline().strip(), f.isatty(), f.fileno())",
    ("q", "q False 0"),
)
program(
    "stdio: stdin.readlines and input mixed",
    """
    import sys
    first = input()
    rest = sys.stdin.readlines()
    print(first, len(rest))
    """,
    ("a\nb\nc\n", "a 2"),
)
program(
    "stdio: three cases, one program",
    "print(*sorted(input().split(), key=int))",
    ("3 1 2", "1 2 3"),
    ("10 9", "9 10"),
    ("5", "5"),
)
program("stdio: fenced with prose", "Read and print:\n```python\nprint(int(input()) ** 2)\n```\nThat's it.", ("5", "25"))
program("stdio: a byte order mark, as some editors write", "\ufeffprint('bom')\n", ("", "bom"))
program(
    "stdio: prelude and program",
    "print(helper(int(input())))",
    ("5", "15"),
    prelude="def helper(n):\n    return n * (n + 1) // 2\n",
)
program(
    "stdio: from __future__ after a prelude",
    """
    from __future__ import annotations
    def f(x: Later) -> int:
        return helper(x)
    print(f(2))
    """,
    ("", "4"),
    prelude="def helper(n):\n    return n * 2\n",
)
program("stdio: warnings go to stderr", "import warnings\nwarnings.warn('old')\nprint('x' is 'x')", ("", "True"))
program(
    "stdio: a traceback printed and gone on",
    """
    import traceback
    try:
        1 / 0
    except ZeroDivisionError:
        traceback.print_exc()
    print('on')
    """,
    ("", "on"),
)
program(
    "stdio: files in the current folder",
    "open('x.txt', 'w').write(input())\nprint(open('x.txt').read()[::-1])",
    ("abc", "cba"),
    ("de", "ed"),
)
program(
    "stdio: dataclasses and enums in a program",
    """
    from dataclasses import dataclass
    from enum import Enum
    @dataclass
    class P:
        x: int
    class E(Enum):
        A = 1
    print(P(int(input())), E.A)
    """,
    ("3", "P(x=3) E.A"),
)
program(
    "stdio: pickles of classes of main",
    """
    import pickle
    class P:
        def __init__(self, x): self.x = x
    print(pickle.loads(pickle.dumps(P(4))).x)
    """,
    ("", "4"),
)

# -- test modules for pytest: `import solution`, fixtures, parametrize, raises, approx, capsys ----------------------

module(
    "pytest: plain functions",
    "def add(a, b): return a + b",
    """
    from solution import add

    def test_numbers():
        assert add(1, 2) == 3

    def test_text():
        assert add('a', 'b') == 'ab'
    """,
)
module(
    "pytest: import solution as a module",
    """
    RATE = 3
    def times(x): return x * RATE
    class Box:
        def __init__(self, x): self.x = x
    """,
    """
    import solution

    def test_module():
        assert solution.times(2) == 6 and solution.RATE == 3
        assert solution.Box(1).x == 1 and not hasattr(solution, 'nothing')

    def test_alias():
        import solution as s
        from solution import Box as B
        assert s.times(1) == 3 and isinstance(B(2), s.Box)
    """,
)
module(
    "pytest: parametrize",
    "def fizz(n): return 'FizzBuzz' if n % 15 == 0 else 'Fizz' if n % 3 == 0 else 'Buzz' if n % 5 == 0 else str(n)",
    """
    import pytest
    from solution import fizz

    @pytest.mark.parametrize('n,want', [(1, '1'), (3, 'Fizz'), (5, 'Buzz'), (30, 'FizzBuzz')])
    def test_fizz(n, want):
        assert fizz(n) == want

    @pytest.mark.parametrize('a', [3, 6])
    @pytest.mark.parametrize('b', [1, 2], ids=['one', 'two'])
    def test_product(a, b):
        assert fizz(a * b).startswith('Fizz')

    @pytest.mark.parametrize('n', [pytest.param(9, id='nine'), pytest.param(10, marks=pytest.mark.xfail)])
    def test_marks(n):
        assert fizz(n) == 'Fizz'
    """,
)
module(
    "pytest: fixtures of objects of the solution",
    """
    class Stack:
        def __init__(self): self.items = []
        def push(self, x): self.items.append(x)
        def pop(self): return self.items.pop()
        def __len__(self): return len(self.items)
    """,
    """
    import pytest
    from solution import Stack

    @pytest.fixture
    def stack():
        s = Stack()
        s.push(1)
        yield s
        assert len(s) >= 0

    @pytest.fixture(scope='module')
    def shared():
        return Stack()

    def test_pop(stack):
        assert stack.pop() == 1 and len(stack) == 0

    def test_fresh(stack):
        assert len(stack) == 1

    def test_shared_a(shared):
        shared.push(1)

    def test_shared_b(shared):
        assert len(shared) == 1

    def test_empty():
        with pytest.raises(IndexError):
            Stack().pop()
    """,
)
module(
    "pytest: raises with match and the exception's own attributes",
    """
    class TooBig(ValueError):
        def __init__(self, n):
            super().__init__(f'{n} is too big')
            self.n = n
    def check(n):
        if n > 9:
            raise TooBig(n)
        if n < 0:
            raise KeyError('negative')
        return n
    """,
    r"""
    import pytest
    from solution import TooBig, check

    def test_own():
        with pytest.raises(TooBig, match=r'^\d+ is too big$') as info:
            check(10)
        assert info.value.n == 10 and info.type is TooBig and str(info.value) == '10 is too big'

    def test_base():
        with pytest.raises(ValueError):
            check(11)
        with pytest.raises((TypeError, KeyError), match='negative'):
            check(-1)

    def test_call_form():
        pytest.raises(TooBig, check, 99)

    def test_none():
        assert check(3) == 3
    """,
)
module(
    "pytest: approx of numbers, lists and dicts",
    """
    import math
    def stats(xs):
        m = sum(xs) / len(xs)
        return {'mean': m, 'sd': math.sqrt(sum((x - m) ** 2 for x in xs) / len(xs))}
    def thirds(n): return [i / 3 for i in range(n)]
    """,
    """
    import pytest
    from solution import stats, thirds

    def test_approx():
        assert stats([1, 2, 3, 4]) == pytest.approx({'mean': 2.5, 'sd': 1.1180339887})
        assert thirds(3) == pytest.approx([0, 0.333333, 0.666667], abs=1e-5)
        assert pytest.approx(0.3) == thirds(2)[1] - 1 / 30
        assert 0.1 + 0.2 == pytest.approx(0.3)
    """,
)
module(
    "pytest: capsys reads what is printed",
    """
    import sys
    def hello(name):
        print(f'Hello, {name}!')
        print('note', file=sys.stderr)
        return name
    """,
    r"""
    from solution import hello

    def test_out(capsys):
        assert hello('Ada') == 'Ada'
        got = capsys.readouterr()
        assert got.out == 'Hello, Ada!\n' and got.err == 'note\n'

    def test_twice(capsys):
        hello('a')
        hello('b')
        assert capsys.readouterr().out.split() == ['Hello,', 'a!', 'Hello,', 'b!']
        assert capsys.readouterr().out == ''
    """,
)
module(
    "pytest: capfd and capsysbinary",
    r"""
    import sys
    def raw():
        sys.stdout.write('x\n')
        sys.stdout.flush()
    """,
    r"""
    from solution import raw

    def test_fd(capfd):
        raw()
        assert capfd.readouterr().out == 'x\n'

    def test_binary(capsysbinary):
        raw()
        assert capsysbinary.readouterr().out == b'x\n'
    """,
    hard=True,
)
module(
    "pytest: test classes with setup",
    """
    class Counter:
        def __init__(self): self.n = 0
        def hit(self):
            self.n += 1
            return self.n
    """,
    """
    from solution import Counter

    class TestCounter:
        start = 0

        def setup_method(self):
            self.c = Counter()

        def test_one(self):
            assert self.c.n == self.start and self.c.hit() == 1

        def test_two(self):
            self.c.hit()
            assert self.c.hit() == 2

    def setup_module(module):
        module.ready = True

    def test_ready():
        assert ready
    """,
)
module(
    "pytest: unittest.TestCase classes",
    """
    def mean(xs):
        if not xs:
            raise ValueError('no data')
        return sum(xs) / len(xs)
    """,
    """
    import unittest
    from solution import mean

    class TestMean(unittest.TestCase):
        def setUp(self):
            self.xs = [1, 2, 3]

        def test_mean(self):
            self.assertEqual(mean(self.xs), 2)
            self.assertAlmostEqual(mean([0.1, 0.2]), 0.15)

        def test_empty(self):
            with self.assertRaisesRegex(ValueError, 'no data'):
                mean([])

    if __name__ == '__main__':
        unittest.main()
    """,
)
module(
    "pytest: tmp_path and files",
    "from pathlib import Path\ndef count(path):\n    return len(Path(path).read_text().splitlines())\n",
    r"""
    from solution import count

    def test_count(tmp_path):
        f = tmp_path / 'x.txt'
        f.write_text('a\nb\n')
        assert count(f) == 2 and count(str(f)) == 2
    """,
    hard=True,
)
module(
    "pytest: monkeypatch of the environment and of input",
    "import os\ndef who(): return os.environ.get('WHO', 'nobody')\ndef ask(): return input('? ').strip()\n",
    """
    from solution import ask, who

    def test_env(monkeypatch):
        monkeypatch.setenv('WHO', 'me')
        assert who() == 'me'

    def test_input(monkeypatch):
        monkeypatch.setattr('builtins.input', lambda prompt: ' yes ')
        assert ask() == 'yes'
    """,
    hard=True,
)
module(
    "pytest: skip, xfail and importorskip",
    "def f(): return 1",
    """
    import sys
    import pytest
    from solution import f

    @pytest.mark.skip(reason='not now')
    def test_skipped():
        assert False

    @pytest.mark.skipif(sys.version_info < (3, 8), reason='old')
    def test_new():
        assert f() == 1

    @pytest.mark.xfail(reason='known')
    def test_known():
        assert f() == 2

    def test_maybe():
        pytest.importorskip('no_such_module_at_all')
        assert False
    """,
)
module(
    "pytest: mutation in place through fixtures",
    "def sort(xs): xs.sort()\ndef push(d, k, v): d.setdefault(k, []).append(v)\n",
    """
    import pytest
    from solution import push, sort

    @pytest.fixture
    def numbers():
        return [3, 1, 2]

    def test_sort(numbers):
        assert sort(numbers) is None
        assert numbers == [1, 2, 3]

    def test_push():
        d = {}
        push(d, 'a', 1)
        push(d, 'a', 2)
        assert d == {'a': [1, 2]}
    """,
)
module(
    "pytest: generators and iterators",
    """
    def fib():
        a, b = 0, 1
        while True:
            yield a
            a, b = b, a + b
    """,
    """
    from itertools import islice
    import pytest
    from solution import fib

    @pytest.fixture
    def gen():
        g = fib()
        yield g
        g.close()

    def test_first(gen):
        assert list(islice(gen, 7)) == [0, 1, 1, 2, 3, 5, 8]

    def test_next(gen):
        assert next(gen) == 0 and next(gen) == 1

    def test_closed():
        g = fib()
        next(g)
        g.close()
        with pytest.raises(StopIteration):
            next(g)
    """,
)
module(
    "pytest: async functions through asyncio.run",
    """
    import asyncio
    async def fetch(x):
        await asyncio.sleep(0)
        if x < 0:
            raise ValueError(x)
        return x * 2
    """,
    """
    import asyncio
    import pytest
    from solution import fetch

    def test_fetch():
        assert asyncio.run(fetch(2)) == 4

    def test_gather():
        async def main():
            return await asyncio.gather(*map(fetch, range(3)))
        assert asyncio.run(main()) == [0, 2, 4]

    def test_error():
        with pytest.raises(ValueError):
            asyncio.run(fetch(-1))
    """,
)
module(
    "pytest: callbacks and mocks",
    """
    def notify(items, send):
        for i in items:
            send(i)
        return len(items)
    """,
    """
    from unittest.mock import Mock, call
    from solution import notify

    def test_mock():
        send = Mock()
        assert notify(['a', 'b'], send) == 2
        assert send.call_args_list == [call('a'), call('b')]

    def test_list():
        out = []
        notify([1, 2], out.append)
        assert out == [1, 2]
    """,
)
module(
    "pytest: decorators applied by the test",
    """
    import functools
    def twice(f):
        @functools.wraps(f)
        def w(*a):
            f(*a)
            return f(*a)
        return w
    """,
    """
    from solution import twice

    def test_twice():
        calls = []

        @twice
        def hit(x):
            calls.append(x)
            return len(calls)

        assert hit('a') == 2 and calls == ['a', 'a'] and hit.__name__ == 'hit'
    """,
)
module(
    "pytest: dataclasses, equality and repr",
    """
    from dataclasses import dataclass, field
    @dataclass(order=True, frozen=True)
    class Card:
        rank: int
        suit: str = 'S'
    def deck(n): return [Card(i) for i in range(n)]
    """,
    """
    import dataclasses
    import pytest
    from solution import Card, deck

    def test_equal():
        assert deck(2) == [Card(0), Card(1, 'S')] and Card(1) != Card(2) and Card(1) < Card(2)

    def test_repr():
        assert repr(Card(1)) == "Card(rank=1, suit='S')"

    def test_frozen():
        with pytest.raises(dataclasses.FrozenInstanceError):
            Card(1).rank = 3

    def test_set():
        assert len({Card(1), Card(1), Card(2)}) == 2 and max(deck(4)) == Card(3)
    """,
)
module(
    "pytest: enums by identity and in parametrize",
    """
    from enum import Enum
    class Color(Enum):
        RED = 'r'
        BLUE = 'b'
    def parse(s): return Color(s)
    """,
    """
    import pytest
    from solution import Color, parse

    @pytest.mark.parametrize('text, want', [('r', Color.RED), ('b', Color.BLUE)])
    def test_parse(text, want):
        assert parse(text) is want

    @pytest.mark.parametrize('color', list(Color))
    def test_round(color):
        assert parse(color.value) is color and color.name in ('RED', 'BLUE')

    def test_bad():
        with pytest.raises(ValueError, match='is not a valid Color'):
            parse('x')
    """,
)
module(
    "pytest: module state is read live",
    """
    hits = 0
    log = []
    def hit():
        global hits
        hits += 1
        log.append(hits)
    """,
    """
    import solution

    def test_state():
        before = solution.hits
        solution.hit()
        assert solution.hits == before + 1 and solution.log[-1] == solution.hits
    """,
)
module(
    "pytest: helper functions, constants and loops of the test module",
    "def is_prime(n): return n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1))",
    """
    import random
    from solution import is_prime

    N = 200

    def sieve(n):
        s = set(range(2, n))
        for d in range(2, n):
            s -= set(range(2 * d, n, d))
        return s

    def test_all():
        want = sieve(N)
        assert {n for n in range(N) if is_prime(n)} == want

    def test_random():
        rng = random.Random(1)
        for _ in range(50):
            n = rng.randrange(N)
            assert is_prime(n) == (n in sieve(N)), n
    """,
)
module(
    "pytest: messages of rewritten asserts never show up in a pass",
    "def parts(s): return s.partition(':')",
    """
    from solution import parts

    def test_parts():
        k, sep, v = got = parts('a:b')
        assert got == ('a', ':', 'b'), f'{got!r}'
        assert (k, v) != ('b', 'a') and sep in got and not parts('x')[1]
        assert all(isinstance(p, str) for p in got) and len(got) == 3
    """,
)
module(
    "pytest: context managers of the solution",
    """
    from contextlib import contextmanager
    @contextmanager
    def guarded(log):
        log.append('in')
        try:
            yield len(log)
        finally:
            log.append('out')
    """,
    """
    import pytest
    from solution import guarded

    def test_with():
        log = []
        with guarded(log) as n:
            assert n == 1 and log == ['in']
        assert log == ['in', 'out']

    def test_error():
        log = []
        with pytest.raises(KeyError):
            with guarded(log):
                raise KeyError('x')
        assert log == ['in', 'out']
    """,
)
module(
    "pytest: warnings and deprecations",
    """
    import warnings
    def old():
        warnings.warn('use new', DeprecationWarning, stacklevel=2)
        return 1
    """,
    """
    import pytest
    from solution import old

    def test_warns():
        with pytest.warns(DeprecationWarning, match='use new'):
            assert old() == 1
    """,
    hard=True,
)
module(
    "pytest: logging through caplog",
    """
    import logging
    log = logging.getLogger('app')
    def work(n):
        log.warning('n is %d', n)
        return n
    """,
    """
    from solution import work

    def test_log(caplog):
        assert work(3) == 3
        assert 'n is 3' in caplog.text and caplog.records[0].levelname == 'WARNING'
    """,
    hard=True,
)
module(
    "pytest: fixtures in conftest style, request and params",
    "def area(w, h): return w * h",
    """
    import pytest
    from solution import area

    @pytest.fixture(params=[1, 2, 3])
    def side(request):
        return request.param

    @pytest.fixture(autouse=True)
    def always():
        yield

    @pytest.fixture
    def factory():
        made = []
        def make(n):
            made.append(n)
            return made
        return make

    def test_square(side):
        assert area(side, side) == side ** 2

    def test_factory(factory, side):
        assert factory(side) == [side]
    """,
)
module(
    "pytest: inheritance of test classes and mixins",
    """
    class A:
        def go(self): return 'a'
    class B(A):
        def go(self): return super().go() + 'b'
    """,
    """
    from solution import A, B

    class Base:
        cls = None
        want = ''

        def test_go(self):
            assert self.cls().go() == self.want

    class TestA(Base):
        cls, want = A, 'a'

    class TestB(Base):
        cls, want = B, 'ab'

    def test_sub():
        assert issubclass(B, A) and isinstance(B(), A) and not isinstance(A(), B)
    """,
)
module(
    "pytest: star import and private helpers",
    "__all__ = ['pub']\ndef pub(): return _priv() + 1\ndef _priv(): return 1\n",
    """
    from solution import *
    from solution import _priv

    def test_pub():
        assert pub() == 2 and _priv() == 1
    """,
)
module(
    "pytest: imports inside tests and of submodule style names",
    "def f(x): return x + 1\ng = lambda x: x * 2\n",
    """
    def test_local_import():
        from solution import f
        assert f(1) == 2

    def test_importlib():
        import importlib
        s = importlib.import_module('solution')
        assert s.g(2) == 4 and s.__name__ == 'solution'

    def test_getattr():
        import solution
        for name, want in [('f', 6), ('g', 10)]:
            assert getattr(solution, name)(5) == want
    """,
)
module(
    "pytest: a missing name is an ImportError that the test expects",
    "def present(): return 1",
    """
    import pytest

    def test_missing():
        with pytest.raises(ImportError):
            from solution import absent
        import solution
        with pytest.raises(AttributeError):
            solution.absent
        assert solution.present() == 1
    """,
)
module(
    "pytest: operators of objects",
    """
    class V:
        def __init__(self, x): self.x = x
        def __add__(self, o): return V(self.x + o.x)
        def __eq__(self, o): return self.x == o.x
        def __lt__(self, o): return self.x < o.x
        def __repr__(self): return f'V({self.x})'
        def __getitem__(self, i): return self.x
    """,
    """
    from solution import V

    def test_ops():
        assert V(1) + V(2) == V(3) and V(1) != V(2) and V(1) < V(2) and V(9)[0] == 9
        assert sorted([V(3), V(1)])[0] == V(1) and repr(V(4)) == 'V(4)' and sum([V(2)], V(1)) == V(3)
        assert [V(1), V(2)] == [V(1), V(2)] and V(2) in [V(1), V(2)]
    """,
)
module(
    "pytest: linked nodes of the solution",
    """
    class Node:
        def __init__(self, v, nxt=None): self.v, self.nxt = v, nxt
    def build(xs):
        head = None
        for x in reversed(xs):
            head = Node(x, head)
        return head
    def rev(n):
        p = None
        while n:
            n.nxt, p, n = p, n, n.nxt
        return p
    """,
    """
    from solution import Node, build, rev

    def values(n):
        while n:
            yield n.v
            n = n.nxt

    def test_rev():
        assert list(values(rev(build([1, 2, 3])))) == [3, 2, 1] and rev(None) is None

    def test_by_hand():
        a = Node(1, Node(2))
        b = a.nxt
        assert rev(a) is b and b.nxt is a and a.nxt is None
    """,
)
module(
    "pytest: exact types of plain data",
    "def kinds(): return [1, 1.0, True, 'a', b'a', (1,), {1}, frozenset({1}), {'a': None}, None, 1j, range(2), ...]",
    """
    from solution import kinds

    def test_types():
        names = [type(k).__name__ for k in kinds()]
        assert names == ['int', 'float', 'bool', 'str', 'bytes', 'tuple', 'set', 'frozenset', 'dict', 'NoneType', 'complex',
                         'range', 'ellipsis']
    """,
)
module(
    "pytest: datetime, Decimal and Fraction",
    """
    import datetime as dt
    from decimal import Decimal
    from fractions import Fraction
    def age(b, t): return t.year - b.year - ((t.month, t.day) < (b.month, b.day))
    def vat(x): return (Decimal(x) * Decimal('1.19')).quantize(Decimal('0.01'))
    def half(n): return Fraction(n, 2)
    """,
    """
    from datetime import date
    from decimal import Decimal
    from fractions import Fraction
    import pytest
    from solution import age, half, vat

    @pytest.mark.parametrize('day, want', [(date(2020, 5, 1), 19), (date(2020, 5, 2), 20)])
    def test_age(day, want):
        assert age(date(2000, 5, 2), day) == want

    def test_money():
        assert vat('9.99') == Decimal('11.89') and half(3) == Fraction(3, 2)
    """,
)
module(
    "pytest: abstract base classes implemented by the test",
    """
    from abc import ABC, abstractmethod
    class Shape(ABC):
        @abstractmethod
        def area(self): ...
        def twice(self): return 2 * self.area()
    """,
    """
    import pytest
    from solution import Shape

    class Sq(Shape):
        def area(self):
            return 9

    def test_sub():
        assert Sq().twice() == 18 and isinstance(Sq(), Shape)

    def test_abstract():
        with pytest.raises(TypeError):
            Shape()
    """,
)
module(
    "pytest: exception chains and groups",
    """
    class AppError(Exception): pass
    def run():
        try:
            {}['k']
        except KeyError as e:
            raise AppError('wrapped') from e
    def many(): raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])
    """,
    """
    import pytest
    from solution import AppError, many, run

    def test_chain():
        with pytest.raises(AppError, match='wrapped') as info:
            run()
        assert isinstance(info.value.__cause__, KeyError)

    def test_group():
        with pytest.raises(ExceptionGroup) as info:
            many()
        assert len(info.value.exceptions) == 2
    """,
)
module(
    "pytest: prelude classes beside the solution",
    "def merge(a, b):\n    return Pair(a.left + b.left, a.right + b.right)\n",
    """
    from solution import merge, Pair

    def test_merge():
        p = merge(Pair(1, [1]), Pair(2, [2]))
        assert p.left == 3 and p.right == [1, 2] and isinstance(p, Pair)
    """,
    prelude="class Pair:\n    def __init__(self, left, right):\n        self.left, self.right = left, right\n",
)
module(
    "pytest: lru_cache, attributes and doc strings",
    """
    from functools import lru_cache
    @lru_cache(None)
    def fib(n):
        'Fibonacci.'
        return n if n < 2 else fib(n - 1) + fib(n - 2)
    """,
    """
    from solution import fib

    def test_fib():
        assert fib(40) == 102334155 and fib.__doc__ == 'Fibonacci.' and fib.__name__ == 'fib'
        assert fib.cache_info().currsize == 41
        fib.cache_clear()
        assert fib.cache_info().currsize == 0
    """,
)
module(
    "pytest: namedtuples by field",
    """
    from typing import NamedTuple
    class P(NamedTuple):
        x: int
        y: int = 0
    def move(p, d): return p._replace(x=p.x + d)
    """,
    """
    from solution import P, move

    def test_fields():
        p = move(P(1), 4)
        assert p.x == 5 and p.y == 0 and p == (5, 0) and p == P(5)
        x, y = p
        assert (x, y) == (5, 0)
    """,
)
module(
    "pytest: random data with a seed and a reference",
    """
    def merge(a, b):
        out, i, j = [], 0, 0
        while i < len(a) and j < len(b):
            if a[i] <= b[j]:
                out.append(a[i]); i += 1
            else:
                out.append(b[j]); j += 1
        return out + a[i:] + b[j:]
    """,
    """
    import random
    import pytest
    from solution import merge

    @pytest.mark.parametrize('seed', range(20))
    def test_merge(seed):
        rng = random.Random(seed)
        a, b = (sorted(rng.choices(range(50), k=rng.randrange(10))) for _ in range(2))
        assert merge(a, b) == sorted(a + b)
    """,
)
module(
    "pytest: time limits of the test's own",
    """
    import time
    def nap(s):
        time.sleep(s)
        return s
    """,
    """
    import time
    from solution import nap

    def test_nap():
        t = time.perf_counter()
        assert nap(0.05) == 0.05
        assert 0.04 < time.perf_counter() - t < 2
    """,
)
module(
    "pytest: threads of the test call the solution",
    """
    import threading
    class Safe:
        def __init__(self): self.n, self.lock = 0, threading.Lock()
        def add(self):
            with self.lock:
                self.n += 1
    """,
    """
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from solution import Safe

    def test_threads():
        s = Safe()
        ts = [threading.Thread(target=lambda: [s.add() for _ in range(20)]) for _ in range(4)]
        for t in ts: t.start()
        for t in ts: t.join()
        assert s.n == 80

    def test_pool():
        s = Safe()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: s.add(), range(40)))
        assert s.n == 40
    """,
)
module(
    "pytest: deep and large data",
    """
    def flat(x): return [z for y in x for z in (flat(y) if isinstance(y, list) else [y])]
    def big(n): return list(range(n))
    """,
    """
    from solution import big, flat

    def test_flat():
        x = [1]
        for _ in range(100):
            x = [x, 2]
        assert flat(x) == [1] + [2] * 100

    def test_big():
        assert sum(big(100_000)) == 4999950000
    """,
)
module(
    "pytest: str methods, regex and doctest text",
    "import re\ndef slug(s): return re.sub(r'[^a-z0-9]+', '-', s.lower()).strip('-')\n",
    """
    import re
    import string
    import pytest
    from solution import slug

    @pytest.mark.parametrize('s, want', [
        ('Hello, World!', 'hello-world'),
        ('  a  b ', 'a-b'),
        ('', ''),
        ('Ünï', 'n'),
    ])
    def test_slug(s, want):
        assert slug(s) == want
        assert re.fullmatch(r'[a-z0-9-]*', slug(s))

    def test_letters():
        assert slug(string.ascii_uppercase) == string.ascii_lowercase
    """,
)
module(
    "pytest: SystemExit and KeyboardInterrupt of the solution",
    """
    import sys
    def main(argv):
        if not argv:
            sys.exit(2)
        if argv == ['^C']:
            raise KeyboardInterrupt
        return 0
    """,
    """
    import pytest
    from solution import main

    def test_exit():
        with pytest.raises(SystemExit) as info:
            main([])
        assert info.value.code == 2

    def test_interrupt():
        with pytest.raises(KeyboardInterrupt):
            main(['^C'])

    def test_fine():
        assert main(['x']) == 0
    """,
)
module(
    "pytest: descriptors, properties and class attributes",
    """
    class T:
        count = 0
        def __init__(self, c):
            self._c = c
            T.count += 1
        @property
        def f(self): return self._c * 9 / 5 + 32
        @f.setter
        def f(self, v): self._c = (v - 32) * 5 / 9
        @classmethod
        def zero(cls): return cls(0)
        @staticmethod
        def name(): return 't'
    """,
    """
    import pytest
    from solution import T

    def test_property():
        t = T(100)
        assert t.f == 212
        t.f = 32
        assert t._c == 0

    def test_class():
        before = T.count
        assert T.zero().f == pytest.approx(32) and T.count == before + 1 and T.name() == 't'
    """,
)
module(
    "pytest: annotations and signature",
    "def pay(hours: float, rate: float = 10.0) -> float:\n    return hours * rate\n",
    """
    import inspect
    from solution import pay

    def test_signature():
        p = inspect.signature(pay).parameters
        assert list(p) == ['hours', 'rate'] and p['rate'].default == 10.0
        assert pay.__annotations__['return'] is float and pay(2) == 20.0
    """,
)
module(
    "pytest: fenced answer with prose",
    "My solution:\n\n```python\ndef triple(x):\n    return 3 * x\n```\n\nIt multiplies by three.",
    """
    from solution import triple

    def test_triple():
        assert triple(3) == 9
    """,
)
