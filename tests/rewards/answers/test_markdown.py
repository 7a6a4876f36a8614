# ruff: noqa: E501 - an answer is easier to read on a line
"""Fenced blocks: what CommonMark says where the text keeps to it, and a time that grows as the text does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sandbox_rewards.answers.code import code_of
from sandbox_rewards.answers.markdown import fenced_blocks
from sandbox_tasks.task import Task, UnitTests

WORDS = st.sampled_from(["x = 1", "  y", "# heading", "- item", "a b", "    deep", "`inline`", "```inline```", "~~ no", "``", "1. one"])


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A fenced block whose lines hold shorter fences, other fences, and fences that are too deep to end it."""
    mark = draw(st.sampled_from("`~"))
    fence = mark * draw(st.integers(3, 5))
    indent = " " * draw(st.integers(0, 3))
    inner = st.one_of(WORDS, st.just(""), st.just(mark * (len(fence) - 1)), st.just(("~" if mark == "`" else "`") * 6), st.just(f"        {fence}"))
    lines = draw(st.lists(inner, max_size=5))
    closing = f"{indent}{fence}{mark * draw(st.integers(0, 2))}"
    return "\n".join([f"{indent}{fence}{draw(st.sampled_from(['', 'python', ' c', 'py title=1']))}", *(indent + line for line in lines), closing])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Paragraphs and blocks, some in quotations or list items."""
    pieces = []
    for piece in draw(st.lists(st.one_of(WORDS, blocks()), max_size=6)):
        prefix = draw(st.sampled_from(["", "", "> ", "- "])) if "\n" in piece else ""
        rest = "  " if prefix == "- " else prefix
        pieces.append("\n".join((rest if n else prefix) + line for n, line in enumerate(piece.split("\n"))))
    return "\n\n".join(pieces) + "\n"


@settings(deadline=None, max_examples=300)
@given(documents())
def test_blocks_are_commonmarks(text: str) -> None:
    wanted = [token.content for token in MarkdownIt("commonmark").parse(text) if token.type == "fence"]
    assert [block.code.rstrip() for block in fenced_blocks(text)] == [content.rstrip() for content in wanted]


HOSTILE: dict[str, Callable[[int], str]] = {
    "unclosed fences": lambda n: "```python\n" * n,
    "fences around what does not parse": lambda n: "```python\nx = (\n" * n,
    "blocks": lambda n: "```python\nx = 1\n```\n" * n,
    "two kinds of fences": lambda n: "~~~\n```\n" * n,
    "fences behind text": lambda n: "a ``` b\n" * n,
    "quotations": lambda n: ">>>> ```\n" * n,
    "opened thoughts": lambda n: "<think>" * n,
    "closed thoughts": lambda n: "</think>" * n,
    "thoughts in blocks": lambda n: "```\n<think>\n```\n" * n,
    "tokens": lambda n: '<|im_end|>"' * n,
    "blanks": lambda n: "<x>" + " \n" * 10 * n + "x",
    "functions and sentences": lambda n: "def f(x):\n    return x\nbut no\n" * n,
    "strings that never end": lambda n: 'x = """\n' * n,
    "decorators": lambda n: "@a\n" * n,
    "answer tags": lambda n: "<answer>" * n,
    "calls of calls": lambda n: "".join(f"def g{i}(): g{i + 1}()\n" for i in range(n)) + f"T = []\ndef g{n}(): T.append(1)\ng0()\ndef f(x): return T\n",
    "statements": lambda n: "x = 1\n" * n + "def f(x): return x",
    "bodies": lambda n: "```python\n    return x +\n```\n" * n,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_reading_takes_time_in_proportion_to_the_text(case: str) -> None:
    """Of one run: eight times the text may take thirty times the processor time, where quadratic growth takes 64."""
    spec = {"source": "unit_tests", "style": "asserts", "entry_point": "f", "tests": ["assert f(1) == 2"]}
    task = Task.model_validate({"id": "t", "prompt": "def f(x):\n    '''Adds.'''\n", "rewards": [spec]})
    assert isinstance(task.rewards[0], UnitTests)

    def seconds(text: str) -> float:
        started = time.process_time()
        code_of(task, task.rewards[0], text)  # type: ignore[arg-type]
        return time.process_time() - started

    short, long = (min(seconds(HOSTILE[case](n)) for _ in range(3)) for n in (500, 4000))
    assert long <= 30 * short + 0.1
