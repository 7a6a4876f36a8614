"""Math answers: the same is found the same however it is written, what differs differs, and nothing hostile costs anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_rewards.audits.red_team import red_team
from sandbox_rewards.audits.suite_check import check_tasks
from sandbox_rewards.errors import UnreadableGold
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.math.conventions import Rules
from sandbox_rewards.math.extraction import final_answer
from sandbox_rewards.math.parser import parse
from sandbox_rewards.math.pool import AlgebraUnavailable, Pool
from sandbox_rewards.math.prompt import formulas_of, restates
from sandbox_rewards.math.source import MathReward, decided
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.source import RewardItem
from sandbox_tasks.math_quickstart import math_tasks
from sandbox_tasks.task import Task

from sandbox_rl.cli.math import math
from sandbox_rl.errors import UserError

PAIRS, FORMS = (
    [json.loads(line) for line in Path(__file__).with_name(name).read_text().splitlines()]
    for name in ("math_pairs.jsonl", "math_forms.jsonl")
)
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


def task(answer: str | list[str], prompt: str = "", **settings: Any) -> Task:
    spec = {"source": "math", "answer": answer, **settings}
    return Task.model_validate({"id": "t", "prompt": prompt, "rewards": [spec]})


def graded(gold: str | list[str], completion: str, prompt: str = "", **settings: Any) -> Grade:
    one = task(gold, prompt, **settings)
    return MathReward().score([RewardItem(one, one.rewards[0], completion)])[0]


def found_same(gold: str, answer: str, **settings: Any) -> bool:
    return graded(gold, rf"\boxed{{{answer}}}", **settings).reward == 1.0


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['gold']} <- {pair['answer']}"[:80])
def test_what_is_the_same_is_found_the_same_and_nothing_else(pair: dict[str, Any]) -> None:
    assert found_same(pair["gold"], pair["answer"]) == pair["same"]


@pytest.mark.parametrize("pair", FORMS, ids=lambda pair: f"{pair['gold']} <- {pair['answer']}"[:80])
def test_what_is_equal_counts_where_it_is_worked_out(pair: dict[str, Any]) -> None:
    grade = graded(pair["gold"], rf"\boxed{{{pair['answer']}}}", "What are 51 and 72 and 93 together?")
    assert (grade.verdict is Verdict.passed) == pair["worked_out"]
    assert pair["worked_out"] or "not worked out" in (grade.detail or "")
    assert found_same(pair["gold"], pair["answer"], form="any")


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_earns_nothing_and_costs_no_time(answer: str) -> None:
    started = time.thread_time()
    earned = [found_same(gold, answer) for gold in ("7", r"\sqrt{2}", "(1,2)", r"\frac{x}{2}")]
    assert not any(earned)
    assert time.thread_time() - started < 1  # of the processor: each takes milliseconds; what is not bounded takes for ever


@settings(deadline=None)  # workers start, and the machine may be loaded
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


@settings(deadline=None)  # workers start, and the machine may be loaded
@given(st.sampled_from(GOLDS), st.lists(st.sampled_from(PIECES), max_size=40), st.sampled_from(["", " "]))
def test_no_mixture_of_what_the_reader_knows_breaks_it(gold: str, pieces: list[str], between: str) -> None:
    found_same(gold, between.join(pieces))


@settings(deadline=None)  # workers start, and the machine may be loaded
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
    assert time.thread_time() - started < 20  # of the processor: each takes seconds at most; what is not linear takes hours


@pytest.mark.parametrize(
    ("gold", "answer", "how"),
    [
        (r"\frac{1}{2}", "0.5", "exact"),
        (r"\{1, 2\}", "2, 1", "exact"),
        ("2^{10}", "1024", "exact"),
        (r"\sqrt{8}", r"2\sqrt{2}", "proved"),
        ("(x+1)^2", "x^2+2x+1", "proved"),
        ("x^2", "x^2+1", "refuted at x = 453449/1000000"),  # the points are the same in every run
        (r"\sqrt[3]{(x-5)^2}", "(x-5)^{2/3}", "numeric"),
        ("yes", "Yes", "exact"),
        ("60", "80", "differs from the task's answer, exact"),
        ("60", "60 or 80 km/h", "gives several values, the task has one, exact"),
        ("1, 2", "1, 3", "differs from the task's answer, exact"),
    ],
)
def test_a_grade_says_how_it_was_decided(gold: str, answer: str, how: str) -> None:
    assert graded(gold, rf"\boxed{{{answer}}}").detail == f"boxed: {answer!r}, {how}"


# -- the question again --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", list(math_tasks())[::40], ids=lambda one: one.id)
def test_a_copied_question_earns_nothing_and_its_solution_everything(one: Task) -> None:
    copies = [form.format(text) for text in formulas_of(one.prompt) for form in ("{}", "{} + 0", r"1 \cdot ({})", "({})")]
    items = [RewardItem(one, one.rewards[0], rf"\boxed{{{copy}}}") for copy in copies]
    assert len(copies) >= 4
    assert [grade.reward for grade in MathReward().score(items)] == [0.0] * len(items)
    assert one.reference is not None
    assert MathReward().score([RewardItem(one, one.rewards[0], one.reference)])[0].reward == 1.0


@pytest.mark.parametrize(
    ("prompt", "gold", "answer", "passes"),
    [
        ("Simplify $(-k+4)+(-2+3k)$.", "2k+2", "2(k+1)", False),  # in another form than the gold's
        ("Simplify $(-k+4)+(-2+3k)$.", "2k+2", "2+2k", True),
        ("Simplify $(-k+4)+(-2+3k)$.", "2k+2", "4-k-2+3k", False),
        ("Factor $x^2-1$.", "(x-1)(x+1)", "x^2-1", False),
        ("Factor $x^2-1$.", "(x-1)(x+1)", "-1+x^2", False),
        ("Factor $x^2-1$.", "(x-1)(x+1)", "(x+1)(x-1)", True),
        ("Expand $(x+1)^2$.", "x^2+2x+1", "(x+1)(x+1)", False),
        ("What is its square? It is 3.", "x^2+2x+1", "(x+1)^2", True),  # nothing in the prompt is equal to it
        ("Write $\\frac{3}{20}$ as a decimal.", "0.15", "\\frac{3}{20}", False),
        ("Which is larger, $3$ or $4$?", "4", "4", True),
        ("Solve $2x+3=7$.", "x=2", "2x+3=7", False),
        ("Solve $|x|<3$.", "(-3,3)", "|x|<3", False),
        ("Solve $|x|<3$.", "(-3,3)", "-3<x<3", True),
        ("Rewrite $2x-y=-1$ with y alone.", "y=2x+1", "2x-y=-1", False),
        ("Rewrite $2x-y=-1$ with y alone.", "y=2x+1", "y-2x=1", False),
        ("Solve x^2 - 5x + 6 = 0.", "2, 3", "x=3 or x=2", True),  # the 2 of x^2 is no answer that could be copied
        ("Solve x^2 - 5x + 6 = 0.", "2, 3", "x_1=3, x_2=2", True),
        ("Solve x^2 - 6x + 5 = 0.", "1, 5", "x=1 and x=5", True),
        ("Solve x^2 + x - 6 = 0.", "-3, 2", "x=-3 or x=2", True),
        (r"Simplify $a=\sqrt{12}$, $b=\sqrt{18}$.", r"2\sqrt3, 3\sqrt2", r"b=\sqrt{18}, a=\sqrt{12}", False),
    ],
)
def test_a_task_to_rewrite_asks_for_the_golds_form(prompt: str, gold: str, answer: str, passes: bool) -> None:
    assert (graded(gold, rf"\boxed{{{answer}}}", prompt).verdict is Verdict.passed) == passes
    assert graded(gold, rf"\boxed{{{answer}}}", prompt, form="any").verdict is Verdict.passed


def test_a_copy_is_found_however_it_is_written() -> None:
    prompt = r"Write $\dfrac{1}{2} \cdot x$, at most 0.75, as you like."
    assert restates(r"\frac12 * x", ("y",), prompt)
    assert restates("0.75", (r"\frac34",), prompt)
    assert not restates("0.7", (r"\frac{7}{10}",), prompt)
    assert not restates("x = 5", ("5",), "Of 5 apples, how many?")
    assert not restates("0.75", ("you",), prompt)  # the gold's own text stands there


@pytest.mark.parametrize("answer", ["7 or 8", "7, 8", r"7 \text{ and } 8", r"\pm 7", r"7 \pm 1", r"\{7, 8\}", "7 (or 8)"])
def test_more_than_one_answer_is_none(answer: str) -> None:
    assert not found_same("7", answer)


@pytest.mark.parametrize(
    "completion",
    [
        r"I think \boxed{7}, but it could be 8.",
        r"Either \boxed{7} or 8.",
        r"$\boxed{7}$ (or maybe $8$).",
        r"\boxed{7}. Perhaps 17.",  # its digits are not those of 7
        r"\boxed{7}. But maybe it is 8.",
        "The answer is 7, but it could be 8.",
        "The answer is $7$. It might be $8$.",
        "<answer>7</answer>, or possibly 8 apples",
    ],
)
@pytest.mark.parametrize("gold", ["7", "8", "17"])
def test_a_second_value_left_open_behind_the_answer_is_a_hedge(completion: str, gold: str) -> None:
    assert graded(gold, completion).verdict is Verdict.failed


def test_a_hedge_is_one_though_the_box_holds_its_digits_and_none_where_both_are_the_same() -> None:
    assert graded("18", r"\boxed{18} or 8").reward == 0.0
    assert graded(r"\frac12", r"\boxed{\frac12} or 0.5.").reward == 1.0


@pytest.mark.parametrize(
    ("completion", "taken"),
    [
        ("The answer is 7. Actually no, it's 8.", "8"),
        ("\\boxed{7}\nHmm, on second thought the answer is 8.", "8"),
        ("\\[\\boxed{7}\\]\n\nWait, I made a mistake: it should be $8$.", "$8$"),
        (r"\boxed{7}. So the answer is **8**.", "8"),
        (r"\boxed{7}. Correction: \frac{1}{2}.", r"\frac{1}{2}"),
        ("#### 7\nSorry, that is wrong. The correct answer is 8 apples.", "8 apples"),
        ("<answer>B</answer> No, the answer is C.", "C"),
        ("**7**. Actually, it is 8.", "8"),
        (r"\boxed{7}. Wait, it is 8. No, it is 7 because 3+4=7.", "7"),
        (r"\boxed{7}. Wait, it is \boxed{8}.", "8"),
    ],
)
def test_what_takes_an_answer_back_decides(completion: str, taken: str) -> None:
    found = final_answer(completion)
    assert (found and found.text) == taken


@pytest.mark.parametrize(
    "behind",
    [
        " apples.", ". This is less than 8.", "\n\nCheck: 3 + 4 = 7.", ", so 8 is too many.", ". Note that it is 2 more than 5.",
        ". No other value works, since it is 3 mod 4.", ". If x were 8, the answer would be 9.", ". It can be written as 14/2.",
        ". Actually, half of that is 8.", ". Is it 8? No, 8 fails.", ". Wait: 3+4=7.", ". The wrong answer is 8.", " or $7$",
    ],
)  # fmt: skip
def test_what_else_stands_behind_the_answer_changes_nothing(behind: str) -> None:
    assert graded("7", rf"\boxed{{7}}{behind}").reward == 1.0
    assert graded("8", rf"\boxed{{7}}{behind}").reward == 0.0


@pytest.mark.parametrize("gold", ["yes", "no"])
@pytest.mark.parametrize("said", ["yes or no", "yes and no", "yes, it is no", "no, it is yes", "neither yes nor no", "maybe yes"])
def test_a_hedge_in_words_is_no_answer(gold: str, said: str) -> None:
    assert graded(gold, f"The answer is {said}").reward == 0.0


def test_the_reason_is_no_second_answer() -> None:
    said = "The answer is yes because it is no"
    assert [graded(gold, said).reward for gold in ("yes", "no")] == [1.0, 0.0]


# -- what a task asks for ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "answer", "settings", "right"),
    [
        (r"\sqrt{x^2}", "x", {"assume": "positive"}, True),
        (r"\ln(x^2)", r"2\ln x", {"assume": "positive"}, True),
        (r"\sqrt{x^2}", "x", {"assume": "complex"}, False),
        (r"\pi", "3.14", {"tolerance": 0.01}, True),
        (r"\pi", "3.1", {"tolerance": 0.01}, False),  # off by 1.3 %
        ("200", "201", {"tolerance": 0.005}, True),  # off by just 0.5 %
        ("200", "201.1", {"tolerance": 0.005}, False),
        ("(1, 2)", "(1.001, 2)", {"tolerance": 0.01}, True),
        ("5 cm", "5", {"units": "required"}, False),
        ("5 cm", r"5\text{ centimeters}", {"units": "required"}, True),
        (r"5\sqrt{2}\text{ cm}", r"5\sqrt{2}", {"units": "required"}, False),
        ("1, 2", "2, 1", {"order": "matters"}, False),
        (r"\{1, 2\}", r"\{1, 2\}", {"order": "matters"}, True),
        ("(x-1)(x+1)", "x^2-1", {"form": "factored"}, False),
        ("(x-1)(x+1)", "(1+x)(x-1)", {"form": "factored"}, True),
        ("x^2-1", "(x-1)(x+1)", {"form": "expanded"}, False),
        ("x+1", "x+1+x-x", {"form": "simplified"}, False),
    ],
)
def test_a_task_says_how_it_is_compared(gold: str, answer: str, settings: dict[str, Any], right: bool) -> None:
    assert found_same(gold, answer, **settings) == right


def test_of_several_answers_any_is_right() -> None:
    found = [graded([r"\frac{1}{2}", r"30^\circ"], rf"\boxed{{{answer}}}").reward for answer in ("0.5", "30", "31")]
    assert found == [1.0, 1.0, 0.0]


# -- the source ----------------------------------------------------------------------------------------------------------------


def test_it_is_a_reward_source_and_says_why() -> None:
    with Grader("local") as grader:
        grades = grader.grade([task(r"\frac{1}{2}")] * 3, [r"\boxed{0.5}", "#### 0.6", "a half"])
    assert [(g.reward, g.verdict) for g in grades] == [(1.0, Verdict.passed), (0.0, Verdict.failed), (0.0, Verdict.no_answer)]
    assert grades[0].detail == "boxed: '0.5', exact"


def test_all_answers_that_cannot_be_read_are_told_together_and_can_be_skipped() -> None:
    tasks = [task("7"), *(task(gold).model_copy(update={"id": gold}) for gold in (r"\int x", r"\lim x"))]
    with Grader("local") as grader, pytest.raises(UnreadableGold, match=r"(?s)2 tasks.*int x'.*lim x'"):
        grader.prepare(tasks)
    with Grader("local", skip_unreadable=True) as grader:
        assert len(grader.prepare(tasks)) == 2
        grades = grader.grade(tasks, [r"\boxed{7}"] * 3)
    assert [grade.reward for grade in grades] == [1.0, None, None]
    assert "can't be read (the command \\int)" in (grades[1].detail or "")


def test_checking_finds_a_gold_that_cannot_be_read_and_one_that_can_be_copied() -> None:
    tasks = [
        Task.model_validate({**task(gold, prompt).model_dump(), "id": name, "reference": "#### 7"})
        for name, gold, prompt in (
            ("good", "7", "Is $3+4$ 8?"),
            ("bad", r"\int k", ""),
            ("there", "7", "Is $6$ or $7$ prime?"),
        )
    ]
    with Grader("local") as grader:
        found = {check.task_id: (check.problems, check.notes) for check in check_tasks(tasks, grader, repeats=1)}
    assert found == {
        "good": ([], []),
        "bad": (["its answer '\\\\int k' can't be read (the command \\int)"], []),
        "there": ([], ["its answer can be copied: \\boxed{7} stands in the prompt"]),
    }


def test_the_red_team_copies_and_hedges_and_names_what_pays() -> None:
    strict, lax = task("20", "Find $5 + 5 + 5 + 5$."), task("20", "Find $5 + 5 + 5 + 5$.", form="any")
    with Grader("local") as grader:
        assert [result.rewarded for result in red_team([strict], grader).results] == [[], [], [], []]
        assert {result.cheat.name for result in red_team([lax], grader).earned} == {"copied formula", "dressed copy"}


@pytest.mark.parametrize(
    ("gold", "settings", "says"),
    [("", [], "answer is empty"), ("7", ["foo"], "gives a field no value"), ("7", ["assume=odd"], "'real', 'positive' or")],
)
def test_the_command_says_in_a_sentence_what_it_was_given_wrongly(gold: str, settings: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says) as raised:
        math(gold, "3", settings=settings)
    assert "\n" not in str(raised.value)


# -- processes -----------------------------------------------------------------------------------------------------------------

HARD = r"\sqrt{2}\sqrt{3}"
"""Needs a worker."""


def is_decided() -> bool:
    return found_same(r"\sqrt{6}", HARD, form="any")


def test_it_works_from_threads(in_threads: Callable[[int, Callable[[], None]], None]) -> None:
    found: list[bool] = []
    in_threads(8, lambda: found.append(is_decided()))
    assert found == [True] * 8


def test_it_works_within_a_running_loop() -> None:
    async def within() -> bool:
        return is_decided()

    assert asyncio.run(within())


@pytest.mark.parametrize("way", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forked with threads: what is tried here
def test_it_works_in_a_daemon_process(way: str) -> None:
    assert is_decided()  # a forked child has the parent's workers in its memory
    context = multiprocessing.get_context(way)
    child = context.Process(target=_exit_with, daemon=True)
    child.start()
    child.join()
    assert child.exitcode == 0


def _exit_with() -> None:
    raise SystemExit(0 if is_decided() else 1)


def test_neither_importing_nor_grading_numbers_imports_sympy() -> None:
    code = (
        "import sys; from sandbox_rewards.math.source import MathReward; from sandbox_rewards.source import RewardItem\n"
        "from sandbox_tasks.task import Task\n"
        "task = Task.model_validate({'id': 't', 'prompt': '', 'rewards': [{'source': 'math', 'answer': '1/2'}]})\n"
        "assert MathReward().score([RewardItem(task, task.rewards[0], '#### 0.5')])[0].reward == 1\n"
        "assert not {'sympy', 'flint', 'mpmath', 'numpy', 'torch'} & set(sys.modules)\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})


QUESTION = ("compare", parse(HARD), parse(r"\sqrt{6}"), Rules())


def test_a_worker_that_is_lost_is_replaced() -> None:
    pool = Pool()
    assert pool.ask(QUESTION)["equal"] is True
    (worker,) = pool._idle
    os.kill(worker._process.pid, signal.SIGKILL)
    assert pool.ask(QUESTION)["equal"] is True
    pool.close()


def test_a_question_that_ends_workers_is_undecided_and_one_that_ends_all_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool()
    assert pool.ask(("no such question",))["equal"] is None  # a fault within a worker leaves it alive
    assert pool.ask((_Ending(),))["how"] == "undecided: it ended 3 processes"
    pool.close()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(AlgebraUnavailable, match="sympy ends at once"):
        pool.ask(QUESTION)
    one = task(r"\sqrt{6}")
    monkeypatch.setattr("sandbox_rewards.math.source.POOL", pool)
    grade = MathReward().score([RewardItem(one, one.rewards[0], rf"\boxed{{{HARD}}}")])[0]
    assert (grade.verdict, grade.reward) == (Verdict.no_verdict, None)


class _Ending:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_what_takes_too_long_is_undecided_and_its_worker_goes_on() -> None:
    many = "+".join(rf"\sin(x^{{{k}}})\cos(y^{{{k}}})" for k in range(2, 8))
    pool = Pool()
    reply = pool.ask(("compare", parse(f"({many})^{{9}}"), parse(f"({many})^{{8}}({many}+0y)"), Rules()))
    (worker,) = pool._idle
    assert reply["how"] in ("proved", "numeric")  # no time for a proof: the points decide
    assert pool.ask(QUESTION)["equal"] is True
    assert pool._idle == [worker]
    pool.close()


@settings(deadline=None)  # workers start, and the machine may be loaded
@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 20), st.integers(2, 30))
def test_values_and_near_misses_of_roots(a: int, b: int, c: int, d: int) -> None:
    r"""(a + b sqrt d) / c by hand: equal when enlarged by 3, rationalised; different with another a."""
    gold = rf"\frac{{{a}+{b}\sqrt{{{d}}}}}{{{c}}}"
    assert decided(parse(gold), parse(rf"\frac{{{3 * a}+{b}\sqrt{{{9 * d}}}}}{{{3 * c}}}"), Rules())[0]
    assert not decided(parse(gold), parse(rf"\frac{{{a + 1}+{b}\sqrt{{{d}}}}}{{{c}}}"), Rules())[0]


@settings(deadline=None)  # workers start, and the machine may be loaded
@given(st.text(alphabet="0123456789xyin()+-*/^_{}[]|,.<>=!\\ '", max_size=80))
def test_the_reader_raises_nothing_but_that_it_cannot_read(text: str) -> None:
    with contextlib.suppress(Unreadable):
        parse(text)
