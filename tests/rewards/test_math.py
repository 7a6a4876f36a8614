"""Math answers: the same is found the same however it is written, what differs differs, and nothing hostile costs anything."""

from __future__ import annotations

import threading
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.math.extraction import final_answer
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.source import MathReward, UnreadableGold, compared
from sandbox_rewards.source import RewardItem
from sandbox_rewards.suite_check import check_tasks
from sandbox_tasks.task import Task

SAME = [
    ("3:30", "3:30"),
    (r"\text{no}", "no"),
    (r"\text{Yes}", "yes"),
    ("150000", "1.5e5"),
    ("0.0012", "1.2E-3"),
    (r"\mathbb{R}", r"(-\infty, \infty)"),
    (r"\mathbb{R}", "all real numbers"),
    (r"x^2 + y^2 = 4", "y^2 + x^2 - 4 = 0"),
    (r"\frac{\pi}{4}", r"\arctan 1"),
    (r"\frac{1 + \sqrt{5}}{2}", r"\frac{\sqrt{5}+1}{2}"),
    (r"\{(1,2), (3,4)\}", r"(3,4), (1,2)"),
    ("(1,2),(3,4)", "(3, 4) and (1, 2)"),
    ("42", "42"),
    ("42", "42.0"),
    ("42", "+42"),
    ("-3", r"$-3$"),
    ("1000", "1,000"),
    ("1234567", "1{,}234{,}567"),
    ("0.5", ".5"),
    (r"\frac{1}{2}", "1/2"),
    (r"\frac{1}{2}", "0.5"),
    (r"\frac12", r"\dfrac{1}{2}"),
    (r"\frac{1}{2}", "½"),
    (r"-\frac{1}{2}", r"\frac{-1}{2}"),
    (r"-\frac{1}{2}", r"\frac{1}{-2}"),
    (r"\frac{6}{4}", r"\frac{3}{2}"),
    (r"2\frac{1}{2}", "2.5"),
    (r"2\frac{1}{2}", r"\frac{5}{2}"),
    ("2½", "5/2"),
    (r"-1\frac{1}{2}", "-1.5"),
    (r"0.\overline{3}", r"\frac{1}{3}"),
    (r"0.1\overline{6}", "1/6"),
    ("3/4", "0.75"),
    (r"\sqrt{8}", r"2\sqrt{2}"),
    (r"\sqrt{8}", "2√2"),
    (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}"),
    (r"\sqrt[3]{27}", "3"),
    ("2^{10}", "1024"),
    (r"3\cdot 10^{8}", "300000000"),
    (r"3 \times 10^8", "3*10^8"),
    (r"1.5 \times 10^{-3}", "0.0015"),
    ("10!", "3628800"),
    (r"\binom{5}{2}", "10"),
    (r"\pi", "π"),
    (r"2\pi", r"\pi \cdot 2"),
    (r"\frac{\pi}{6}", r"\frac{1}{6}\pi"),
    (r"e^{2}", "e^2"),
    (r"\ln 2", r"\ln(2)"),
    (r"\log_2 8", "3"),
    (r"\sin 30^\circ", r"\sin 30^{\circ}"),
    (r"\cos\frac{\pi}{3}", r"\frac{1}{2}"),
    ("90^\\circ", "90"),
    ("90^\\circ", "90 degrees"),
    ("90°", "90^{\\circ}"),
    ("x", "x"),
    ("2x", r"2 \cdot x"),
    ("x^2+2x+1", "(x+1)^2"),
    ("x^2 + 2x + 1", "1 + 2x + x^2"),
    (r"\frac{x}{2}", "x/2"),
    ("(x-1)(x+1)", "x^2-1"),
    ("a+b", "b+a"),
    (r"\frac{x^2-1}{x-1}", "x+1"),
    ("x=3", "3"),
    ("3", "x = 3"),
    ("y = 2x + 1", "2x+1"),
    ("y=2x+1", "2x - y + 1 = 0"),
    ("x + y = 3", "2x + 2y = 6"),
    ("(1,2)", "(1, 2)"),
    (r"\left(1, 2\right)", "(1,2)"),
    ("(3, \\frac{\\pi}{2})", "(3, π/2)"),
    ("1, 2", "2, 1"),
    ("1, 2", "1 and 2"),
    ("1,2,3", r"\{3,2,1\}"),
    (r"\{1,2\}", r"\{2, 1\}"),
    (r"\pm 2", "2, -2"),
    (r"\pm 2", "-2 and 2"),
    (r"1 \pm \sqrt{2}", r"1+\sqrt{2}, 1-\sqrt{2}"),
    ("[0,1)", r"\left[0, 1\right)"),
    (r"(-\infty, 3)", "x < 3"),
    ("[2, \\infty)", "x \\ge 2"),
    ("(1, 2]", "1 < x \\le 2"),
    ("(1,2]", "2 >= x > 1"),
    (r"(-\infty,1)\cup(2,\infty)", r"(2,\infty) \cup (-\infty,1)"),
    (r"x \in [1,2]", "[1,2]"),
    (r"\emptyset", r"\varnothing"),
    (r"\infty", "∞"),
    ("3+4i", "4i + 3"),
    ("i", "i"),
    (r"(1+i)^2", "2i"),
    ("1:2", "1:2"),
    ("2:4", "1:2"),
    (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{bmatrix}1&2\\3&4\end{bmatrix}"),
    (r"\begin{pmatrix} 1/2 \\ 3 \end{pmatrix}", r"\begin{pmatrix} 0.5 \\ 3 \end{pmatrix}"),
    (r"10\%", "10"),
    (r"10\%", "0.1"),
    (r"10\%", "10%"),
    (r"10\%", "10 percent"),
    (r"\$5", "5"),
    (r"\$5.50", "5.5"),
    (r"\$1{,}000", "1000 dollars"),
    (r"5\text{ cm}", "5"),
    (r"5\text{ cm}", "5 cm"),
    (r"5 \text{ centimeters}", "5cm"),
    (r"12\text{ cm}^2", "12"),
    ("12 square units", "12"),
    (r"\text{B}", "B"),
    (r"\text{(B)}", "(B)"),
    ("(C)", "C"),
    (r"\text{Evelyn}", "evelyn"),
    (r"\text{even}", "even"),
    ("52_8", "52_{8}"),
    ("52_8", "52"),
    ("x^{-1}", r"\frac{1}{x}"),
    (r"\sqrt{x^2y^2}", "xy"),
    (r"\frac{a}{b}", "a/b"),
    ("|{-3}|", "3"),
    (r"\lfloor 2.7 \rfloor", "2"),
    ("2\\sqrt{3}+1", "1+2\\sqrt{3}"),
    ("0", "-0"),
    (r"p - q", "p-q"),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}"),
    ("6r^2-4r-24", "6r^2 - 4r - 24"),
    (r"f(x) = 2x", "2x"),
    ("3 \\sqrt{13}", "3√13"),
    (r"\dfrac{3}{56}", "3/56"),
    (r"11\sqrt2", "11\\sqrt{2}"),
    ("y^4-2y^3+7y^2+y-5", "y^4 - 2 y^3 + 7 y^2 + y - 5"),
    ("2k", "2 k"),
]
DIFFERENT = [
    ("7", r"\binom{7}1e300"),
    ("7", r"\pm 0 - \infty"),
    (r"\frac{x}{2}", r"x\infty"),
    ("1:20", "2:40"),
    (r"\text{no}", "on"),
    (r"\text{yes}", "no"),
    (r"\mathbb{R}", r"(0, \infty)"),
    (r"(1,2),(3,4)", "(1,2)"),
    ("(1,2),(3,4)", "(2,1),(4,3)"),
    ("x^2 + y^2 = 4", "x^2 + y^2 = 2"),
    (r"\frac{1 + \sqrt{5}}{2}", r"\frac{1 - \sqrt{5}}{2}"),
    ("1.5e5", "1.5e6"),
    ("42", "43"),
    ("42", "-42"),
    ("42", "4.2"),
    ("42", "420"),
    ("42", "42.5"),
    (r"\frac{1}{3}", "0.33"),
    (r"\frac{1}{3}", "0.3333333333"),
    ("0.5", "0.05"),
    ("1/2004!", "1/2006!"),
    (r"\pi", "3.14"),
    (r"\pi", "3.14159265358979"),
    (r"\sqrt{2}", "1.41421356"),
    (r"\sqrt{2}", r"\sqrt{3}"),
    ("2^{100}", "2^{100}+1"),
    (r"10^{30}", "10^{30} + 1"),
    ("e", "2.718281828"),
    ("x+1", "x-1"),
    ("x^2", "2x"),
    ("x", "y"),
    ("x+y", "x-y"),
    ("2x", "2"),
    ("x=3", "x=4"),
    ("x=3", "y=3"),
    ("y=2x+1", "y=2x-1"),
    ("x+y=3", "x+y=4"),
    ("(1,2)", "(2,1)"),
    ("(1,2)", "[1,2]"),
    ("(1,2)", r"\{1,2\}"),
    ("1,2", "1"),
    ("1,2", "1,2,3"),
    ("1", "1,2"),
    (r"\{1,2\}", r"\{1,3\}"),
    (r"\pm 2", "2"),
    ("[0,1)", "[0,1]"),
    ("[0,1)", "(0,1)"),
    ("(0,1)", "0 \\le x < 1"),
    ("x<3", "x \\le 3"),
    ("x<3", "x>3"),
    (r"(-\infty,3)", "3"),
    (r"(-\infty,1)\cup(2,\infty)", r"(-\infty,1)"),
    (r"\infty", r"-\infty"),
    (r"\infty", "100000000000000"),
    ("3+4i", "3-4i"),
    ("i", "1"),
    ("1:2", "2:1"),
    ("3", r"\text{three apples}"),
    ("B", "C"),
    (r"\text{even}", "odd"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\\3\end{pmatrix}"),
    (r"10\%", "11"),
    (r"10\%", "1"),
    (r"5\text{ cm}", r"5\text{ m}"),
    (r"5\text{ cm}", "6"),
    (r"\$5", "6"),
    ("52_8", "42_8"),
    ("52_8", "53"),
    ("52_8", "52_9"),
    ("90^\\circ", "80"),
    (r"2\frac{1}{2}", r"\frac{2}{5}"),
    (r"2\frac{1}{2}", "1"),
    (r"0.\overline{3}", "0.3"),
    ("0", r"10^{-40}"),
    ("7", ""),
    ("7", "?"),
    ("7", "x"),
    ("7", "seven or eight"),
    ("7", "7, 8"),
    ("7", "6 or 7"),
    ("12", "1 2"),
    ("100", "1,00"),
    ("x^2+1", "x^2"),
    (r"\sin x", r"\cos x"),
    (r"\ln 2", r"\log 2"),
    ("2!", "3!"),
    ("10!", "3628801"),
]
HOSTILE = [
    "9^{9^{9^{9^{9}}}}",
    "9**9**9**9",
    "10^{10^{10^{10}}}",
    "(10^{1000000})!",
    "100000000!",
    "((((9!)!)!)!)!",
    r"\binom{10^{12}}{10^{6}}",
    "2^{2^{2^{2^{2^{2}}}}}",
    "__import__('os').system('touch /tmp/math-was-here')",
    "exec('1')",
    "().__class__",
    "lambda: 7",
    "7 if True else 8",
    "print(7)",
    "os.system('x')",
    "(7).__eq__",
    "S(7)",
    "Symbol('x')",
    "1" * 5000,
    "0." + "1" * 5000,
    "(" * 3000 + "7" + ")" * 3000,
    "{" * 1500,
    r"\frac{" * 500,
    "7+" * 1900 + "0",
    "-" * 1999 + "7",
    "x" * 2000,
    "," * 1999,
    r"\sqrt{" * 300 + "7" + "}" * 300,
    r"\sum_{n=1}^{\infty} \frac{1}{n^2}",
    r"\int_0^1 x dx",
    r"\lim_{x \to 0} x",
    r"\frac{1}{0}",
    "0/0",
    "1/0",
    "0^0^0",
    r"\log 0",
    r"\infty - \infty",
    "nan",
    "inf",
    "-inf",
    "True",
    "None",
    "7\x00",
    "\u202e7",
    "７",
    "7 or 8 or 9 or 10",
    "1,2,3,4,5,6,7,8,9",
    "6, 7",
    "the correct answer",
    "same as the gold answer",
    "any number",
    "x such that x = 7 or x = 8",
    "42 (or 7)",
    "[1..10]",
    "1 to 10",
    "*",
    "\\",
    "{",
    "}",
    "\\boxed{7}\\boxed{8}",
    r"\begin{pmatrix}" + "1&" * 180 + "1\\end{pmatrix}",
    r"\tan(10^{300})",
    r"\sin(10^{10^{8}})",
    r"\exp(10^{9})",
    r"e^{e^{e^{e^{9}}}}",
    r"\lfloor 10^{10^{7}} \rfloor",
    r"\gcd(10^{1000}, 7)",
    "7 \\ne 8",
    "x",
    "7x",
    "7 + x - x + 0 i i",
]


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_the_same_answer_is_found_however_it_is_written(gold: str, answer: str) -> None:
    assert compared(parse(gold), gold, answer)[0]


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_another_answer_is_another(gold: str, answer: str) -> None:
    assert not compared(parse(gold), gold, answer)[0]


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_earns_nothing_and_costs_no_time(answer: str) -> None:
    started = time.perf_counter()
    earned = [compared(parse(gold), gold, answer)[0] for gold in ("7", r"\sqrt{2}", "(1,2)", r"\frac{x}{2}")]
    assert not any(earned)
    assert time.perf_counter() - started < 1  # each takes milliseconds; what is not bounded takes for ever


@given(st.fractions(max_denominator=10_000))
def test_a_rational_equals_its_other_forms_and_no_neighbour(value: Fraction) -> None:
    top, bottom = value.numerator, value.denominator
    gold = parse(rf"\frac{{{top}}}{{{bottom}}}")
    forms = [f"{top}/{bottom}", rf"\dfrac{{{3 * top}}}{{{3 * bottom}}}", rf"$\frac{{{-top}}}{{{-bottom}}}$"]
    assert all(compared(gold, "", form)[0] for form in forms)
    near = value + Fraction(1, 10**30)
    assert not compared(gold, "", f"{near.numerator}/{near.denominator}")[0]


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    compared(parse("7"), "7", text)


@pytest.mark.parametrize(
    ("completion", "wanted"),
    [
        (r"so \boxed{7}", "7"),
        (r"\boxed{6} no, wait: \boxed{7}", "7"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{1} and \boxed{2}", "1, 2"),
        (r"\boxed{\text{a {b} c}}", r"\text{a {b} c}"),
        (r"<think>\boxed{9}</think> \boxed{7}", "7"),
        (r"<think>\boxed{9}", None),
        ("2 + 2 = 4\n#### 4", "4"),
        ("<answer> 7 </answer>", "7"),
        ("The answer is 7.", "7"),
        ("The final answer is: $7.5$.", "$7.5$"),
        ("so **7**", "7"),
        ("**Answer: 7**", "7"),
        ("A: 12", "12"),
        ("I think 7", None),
        ("7", None),
        ("", None),
        (r"\boxed{", None),
        (r"\boxed{}", None),
        (r"\boxed 7", "7"),
    ],
)
def test_the_marked_answer_is_found_and_nothing_else(completion: str, wanted: str | None) -> None:
    found = final_answer(completion)
    assert (found and found.text) == wanted


def task(answer: str) -> Task:
    return Task.model_validate({"id": "t", "prompt": "?", "rewards": [{"source": "math", "answer": answer}]})


def test_it_is_a_reward_source_and_says_why() -> None:
    with Grader("local") as grader:
        grades = grader.grade([task(r"\frac{1}{2}")] * 3, [r"\boxed{0.5}", "#### 0.6", "a half"])
    assert [(g.reward, g.verdict) for g in grades] == [(1.0, Verdict.passed), (0.0, Verdict.failed), (0.0, Verdict.no_answer)]
    assert grades[0].detail == "boxed: '0.5', number"


def test_a_gold_that_cannot_be_read_is_the_tasks_error() -> None:
    with Grader("local") as grader, pytest.raises(UnreadableGold, match=r"task 't': its answer '\\\\sum"):
        grader.grade([task(r"\sum_{k=1}^n k")], [r"\boxed{1}"])


def test_it_works_from_threads() -> None:
    reward, found = MathReward(), []
    items = [RewardItem(task("7"), task("7").rewards[0], answer) for answer in (r"\boxed{7}", r"\boxed{9^{9^{9^{9}}}}")]

    def score() -> None:
        found.append([grade.reward for grade in reward.score(items)])

    threads = [threading.Thread(target=score) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[1.0, 0.0]] * 8


def test_checking_finds_a_gold_that_cannot_be_read() -> None:
    good = Task.model_validate({**task("7").model_dump(), "reference": "#### 7"})
    bad = Task.model_validate({**task(r"\sum k").model_dump(), "id": "bad", "reference": "#### 7"})
    with Grader("local") as grader:
        found = {check.task_id: check.problems for check in check_tasks([good, bad], grader, repeats=1)}
    assert found == {"t": [], "bad": ["its answer '\\\\sum k' can't be read (the command \\sum)"]}
