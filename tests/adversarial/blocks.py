"""Pieces of code by name, from the text files of `corpus`: each starts at a line `### NAME` and goes to the next."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent


def read(name: str) -> dict[str, str]:
    """The blocks of `corpus/NAME.txt`."""
    found: dict[str, str] = {}
    for block in f"\n{Path(__file__).with_name('corpus').joinpath(f'{name}.txt').read_text()}".split("\n### ")[1:]:
        title, _, code = block.partition("\n")
        assert title not in found, title
        found[title] = code.strip("\n")
    return found


def filled(frame: str, mark: str, code: str) -> str:
    """`frame` with `code` in the place of its lines that hold `mark` alone, indented as they are."""
    lines = [indent(code, line[: -len(mark)]) if line.strip() == mark else line for line in frame.splitlines()]
    return "\n".join(lines)
