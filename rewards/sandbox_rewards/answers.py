"""Finding the answer in what a model wrote."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^[ \t]*(?P<fence>```+|~~~+)[^\n`]*\n(?P<code>.*?)^[ \t]*(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
_OPEN_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[^\n`]*\n(?P<code>.*)\Z", re.MULTILINE | re.DOTALL)


def extract_code(completion: str) -> str:
    """The last fenced block (an unclosed one at the end counts), else the whole text. Empty when there is none."""
    blocks = list(_FENCE.finditer(completion))
    rest = completion[blocks[-1].end() :] if blocks else completion
    unclosed = _OPEN_FENCE.search(rest)
    if unclosed:
        return unclosed["code"]
    return blocks[-1]["code"] if blocks else completion
