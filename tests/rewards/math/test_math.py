"""Math answers: the same is found the same however it is written, what differs differs, and nothing hostile costs anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_rewards.audits.suite_check import check_tasks
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.math.extraction import Found, final_answer
from sandbox_rewards.math.source import MathReward, UnreadableGold, compared, read_gold
from sandbox_rewards.source import RewardItem
from sandbox_tasks.task import Task

PAIRS = [json.loads(line) for line in Path(__file__).with_name("math_pairs.jsonl").read_text().splitlines()]
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
    "x<1" + " or x<2" * 80,
    ",".join(f"x<{k}" for k in range(90)),
    r" \cup ".join(rf"(\sin {k},\tan {k})" for k in range(30)),
    r"\begin{pmatrix}1&1\\1&1\end{pmatrix}" * 12,
    r"\begin{pmatrix}x&1\\1&x\end{pmatrix}" * 5,
    r"\sum_{k=1}^{200} \frac{100000!}{k!}",
    r"\sum_{k=1}^{10^{9}} k",
    r"\sum_{k=1}^{200} \sum_{j=1}^{200} j",
    r"\binom{99999}{49999}" * 30,
    r"\sin(" * 39 + "7" + ")" * 39,
    r"\sqrt[10^{-9}]{2}",
    r"x^{x^{x^{x^{x}}}} < 3",
    " or ".join(["(9x)!<3"] * 16),
    " and ".join(["tan(x^9)<sin(x^7)"] * 16),
    "Z" * 300 + "_{36}",
    r"\pm 1" * 100,
    "not 7",
    r"\neq 7",
    ">7",
    "7?8",
    "7|8",
    "7!!!!!!!!",
    "0x7",
    "٧",
    "⑦",
    "7=x=8=y",
    r"x = 7 \text{ or } x = 8",
    "The answer is 7 or 8",
]
"""What may not earn anything, and may not cost more than milliseconds."""


def found_same(gold: str, answer: str) -> bool:
    return compared(read_gold(gold), gold, Found(answer, "boxed"))[0]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['gold']} <- {pair['answer']}"[:80])
def test_what_is_the_same_is_found_the_same_and_nothing_else(pair: dict[str, Any]) -> None:
    assert found_same(pair["gold"], pair["answer"]) == pair["same"]


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_earns_nothing_and_costs_no_time(answer: str) -> None:
    started = time.thread_time()
    earned = [found_same(gold, answer) for gold in ("7", r"\sqrt{2}", "(1,2)", r"\frac{x}{2}")]
    assert not any(earned)
    assert time.thread_time() - started < 1  # of the processor: each takes milliseconds; what is not bounded takes for ever


@given(st.fractions(max_denominator=10_000))
def test_a_rational_equals_its_other_forms_and_no_neighbour(value: Fraction) -> None:
    top, bottom = value.numerator, value.denominator
    gold = rf"\frac{{{top}}}{{{bottom}}}"
    forms = [f"{top}/{bottom}", rf"\dfrac{{{3 * top}}}{{{3 * bottom}}}", rf"$\frac{{{-top}}}{{{-bottom}}}$"]
    assert all(found_same(gold, form) for form in forms)
    near = value + Fraction(1, 10**30)
    assert not found_same(gold, f"{near.numerator}/{near.denominator}")


PIECES = [
    r"1", r"10", r"0", r"0.5", r"x", r"n", r"i", r"e", r"\pi", r"+", r"-", r"*", r"/", r"^", r"_", r"(", r")", r"[", r"]",
    r"\{", r"\}", r"{", r"}", r"|", r",", r";", r"=", r"<", r">", r"\le", r"\ge", r"\ne", r"\in", r"\frac", r"\sqrt",
    r"\sin", r"\log", r"\ln", r"\pm", r"\cup", r"\setminus", r"\infty", r"\text{or}", r"\text{cm}", r"and", r"or", r"%",
    r"\%", r"\$", r"^\circ", r"\mathbb{R}", r"\mathbb{Z}", r"\begin{pmatrix}", r"\end{pmatrix}", r"&", r"\\",
    r"\begin{cases}", r"\end{cases}", r"!", r":", r".", r"\binom", r"\lfloor", r"\rfloor", r"\overline{3}",
    r"\sum_{k=1}^{5}", r"\pmod", r"\approx", r"\equiv", r"\cdot", r"\langle", r"\rangle", r"\mid", r"2x", r"\text{B}",
    r"_2", r"_{16}", r"pm", r"cm", r"'", r"\vec{i}", r"a_1", r"f(x)", r"1,000", r"1,2", r"½", r"√", r"²", r"\dot{3}",
    r"(3)", r"\over", r"\exp", r"\max",
]  # fmt: skip
GOLDS = [
    "7", r"\sqrt{2}", "(1,2)", r"\frac{x}{2}", r"(-\infty,3)\cup(5,\infty)", r"\{1,2\}",
    r"\begin{pmatrix}1\\2\end{pmatrix}", "x<3", "y=2x", "B", "yes", r"10\%", "3:30", "11_2", r"\pm 2", "1,2",
    r"x \equiv 3 \pmod 7", r"5\text{ cm}", "x=1,y=2", "x+y<3", r"\mathbb{R}",
]  # fmt: skip


@given(st.sampled_from(GOLDS), st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
def test_no_mixture_of_what_the_reader_knows_breaks_it(gold: str, pieces: list[str], between: str) -> None:
    found_same(gold, between.join(pieces))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found_same("7", text)


@pytest.mark.parametrize(
    ("completion", "wanted"),
    [
        (r"so \boxed{7}", "7"),
        (r"\boxed{6} no, wait: \boxed{7}", "7"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{1} and \boxed{2}", "1, 2"),
        (r"$\boxed{1} \quad \text{and} \quad \boxed{2}$", "1, 2"),
        (r"\(x = \boxed{1}\) and \(y = \boxed{2}\)", "1, 2"),
        (r"first \boxed{1} papers, then \boxed{2} bins", "2"),
        (r"\boxed{7} ... \boxed{7}", "7"),
        (r"\boxed{\boxed{7}}", r"\boxed{7}"),
        (r"\boxed{\text{a {b} c}}", r"\text{a {b} c}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{7} \boxed{", "7"),
        (r"interest is \boxed{255}. Final Answer: The final answer is $10,455$. I hope it is correct.", "$10,455$"),
        (r"<think>\boxed{9}</think> \boxed{7}", "7"),
        (r"<think>\boxed{9}", None),
        ("2 + 2 = 4\n#### 4", "4"),
        ("<answer> 7 </answer>", "7"),
        ("<answer>6</answer> or rather <answer>7</answer>", "7"),
        ("<answer>6 <answer>7</answer>", "6 <answer>7"),
        ("The answer is 7.", "7"),
        ("The answer is .75", ".75"),
        ("The final answer is: $7.5$.", "$7.5$"),
        ("Final Answer:\n\n42", "42"),
        ("The final answer is:\n\\[ 42 \\]", r"\[ 42 \]"),
        ("so **7**", "7"),
        ("**Answer: 7**", "7"),
        ("**Answer:** 7", "7"),
        ("A: 12", "12"),
        ("", None),
        (r"\boxed{}", None),
        (r"\boxed 7", "7"),
        ("7", "7"),
        (r"Therefore $x \ge 5$ is the solution.", r"Therefore $x \ge 5$ is the solution."),
        ("First we add.\nThen we find $7$ of them.", "7"),
        ("First we add $3$ and $4$.\n7", "7"),
    ],
)
def test_the_marked_answer_is_found_and_nothing_else(completion: str, wanted: str | None) -> None:
    found = final_answer(completion)
    assert (found and found.text) == wanted


@pytest.mark.parametrize(
    ("completion", "gold", "verdict"),
    [
        ("I think 7", "7", Verdict.no_answer),
        ("There are 7 apples and 12 pears", "12", Verdict.no_answer),
        ("There are 3 left.\nSo 12 apples and 7 pears", "7", Verdict.no_answer),
        ("a half", r"\frac{1}{2}", Verdict.no_answer),
        ("-1 + sqrt(3)", r"\sqrt{3} - 1", Verdict.passed),
        (r"Therefore $x \ge 5$ is the solution.", "[5, \\infty)", Verdict.passed),
        ("42 because geometry proves it", "42", Verdict.passed),
        ("The answer is 7 or 8", "7", Verdict.failed),
        (r"\boxed{7} or \boxed{8}", "7", Verdict.failed),
        (r"\boxed{\text{The answer is }12}", "12", Verdict.passed),
        ("The answer is 5 apples a day.", "5", Verdict.passed),
        ("The answer is not 7", "7", Verdict.failed),
        ("The answer is at least 7", "7", Verdict.failed),
        ("Final Answer: The largest $n$ is 34.", "34", Verdict.passed),
        (r"\boxed{\textbf{(B)}\ 12}", "B", Verdict.passed),
        (r"\boxed{\text{(A), (B)}}", "B", Verdict.failed),
    ],
)
def test_what_a_completion_is_graded(completion: str, gold: str, verdict: Verdict) -> None:
    item = RewardItem(task(gold), task(gold).rewards[0], completion)
    assert MathReward().score([item])[0].verdict is verdict


@pytest.mark.parametrize(
    "piece",
    [
        "<think>", "<answer>", r"\boxed{", r"\boxed{1},", r"\boxed 7 ", "**", "** a", "$", r"\(", "#### ", "answer", "answer: ",
        "answer\n",         "final answer is ", "A: 7 ", "\n", " ", "7", "\\", "{", "}",
    ],
)  # fmt: skip
def test_a_completion_of_a_million_signs_costs_no_time(piece: str) -> None:
    started = time.thread_time()
    for end in ("", "x", "7"):
        final_answer(piece * (1_000_000 // len(piece)) + end)
    assert time.thread_time() - started < 3  # of the processor: each takes tenths of a second; what is not linear takes hours


@pytest.mark.parametrize(
    ("gold", "answer", "how"),
    [
        (r"\frac{1}{2}", "0.5", "number, exact"),
        (r"\{1, 2\}", "2, 1", "group, exact"),
        ("2^{10}", "1024", "number, exact"),
        (r"\sqrt{8}", r"2\sqrt{2}", "apply, numeric"),
        ("(x+1)^2", "x^2+2x+1", "apply, numeric"),
        ("yes", "Yes", "text, exact"),
    ],
)
def test_a_grade_says_how_it_was_decided(gold: str, answer: str, how: str) -> None:
    assert compared(read_gold(gold), gold, Found(answer, "boxed")) == (True, how)


def test_of_several_answers_any_is_right() -> None:
    spec = {"source": "math", "answer": [r"\frac{1}{2}", r"30^\circ"]}
    either = Task.model_validate({"id": "t", "prompt": "?", "rewards": [spec]})
    items = [RewardItem(either, either.rewards[0], rf"\boxed{{{answer}}}") for answer in ("0.5", "30", "31")]
    assert [grade.reward for grade in MathReward().score(items)] == [1.0, 1.0, 0.0]


def task(answer: str) -> Task:
    return Task.model_validate({"id": "t", "prompt": "?", "rewards": [{"source": "math", "answer": answer}]})


def test_it_is_a_reward_source_and_says_why() -> None:
    with Grader("local") as grader:
        grades = grader.grade([task(r"\frac{1}{2}")] * 3, [r"\boxed{0.5}", "#### 0.6", "a half"])
    assert [(g.reward, g.verdict) for g in grades] == [(1.0, Verdict.passed), (0.0, Verdict.failed), (0.0, Verdict.no_answer)]
    assert grades[0].detail == "boxed: '0.5', number, exact"


def test_a_gold_that_cannot_be_read_is_the_tasks_error() -> None:
    with Grader("local") as grader, pytest.raises(UnreadableGold, match=r"task 't': its answer '\\\\sum"):
        grader.grade([task(r"\sum_{k=1}^n k")], [r"\boxed{1}"])


def test_it_works_from_threads(in_threads: Callable[[int, Callable[[], None]], None]) -> None:
    reward, found = MathReward(), []
    items = [RewardItem(task("7"), task("7").rewards[0], answer) for answer in (r"\boxed{7}", r"\boxed{9^{9^{9^{9}}}}")]

    def score() -> None:
        found.append([grade.reward for grade in reward.score(items)])

    in_threads(8, score)
    assert found == [[1.0, 0.0]] * 8


def test_checking_finds_a_gold_that_cannot_be_read() -> None:
    good = Task.model_validate({**task("7").model_dump(), "reference": "#### 7"})
    bad = Task.model_validate({**task(r"\int k").model_dump(), "id": "bad", "reference": "#### 7"})
    with Grader("local") as grader:
        found = {check.task_id: check.problems for check in check_tasks([good, bad], grader, repeats=1)}
    assert found == {"t": [], "bad": ["its answer '\\\\int k' can't be read (the command \\int)"]}
