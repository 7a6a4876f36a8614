"""Finding the answer in what a model wrote."""

from __future__ import annotations

import re
import textwrap

from sandbox_tasks.syntax import parse_quietly

FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>```+|~~~+)[^\n`]*\n(?P<code>.*?)^[ \t]*(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_OPEN_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?:```+|~~~+)[^\n`]*\n(?P<code>.*)\Z", re.MULTILINE | re.DOTALL)
_BYTE_ORDER_MARK = "\ufeff"


def extract_code(completion: str) -> str:
    """The last fenced block (an unclosed one at the end counts), else the whole text. Empty when there is none.

    Text that is Python as a whole is taken whole: a fence in it is part of a string.
    """
    text = completion.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")
    blocks = list(FENCE.finditer(text))
    rest = text[blocks[-1].end() :] if blocks else text
    block = _OPEN_FENCE.search(rest) or (blocks[-1] if blocks else None)
    if block is None or _is_python(text):
        return text
    code = block["code"].removeprefix(_BYTE_ORDER_MARK)
    return textwrap.dedent(code) if block["indent"] else code


def _is_python(text: str) -> bool:
    try:
        parse_quietly(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
