r"""The final answer of a completion, as its writer marked it; never any number that happens to stand in the text.

In this order, the last of its kind each: `\boxed{}`, `#### `, `<answer>`, "the answer is", a line beginning with `A:`, bold.
What was thought aloud in `<think>` is not looked at. Several boxes count as one answer only where nothing but separators stands
between them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 2000
"""Characters of an answer; nothing longer is one."""


class Found(NamedTuple):
    text: str
    how: str


_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=[{ \d\\])")
_SEPARATOR = re.compile(r"[\s$,;.]*(?:(?:and|or|,|;)[\s$]*)?", re.IGNORECASE)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL | re.IGNORECASE)
_SAID = re.compile(
    r"(?:(?:final|correct)\s+)?answer\s*(?:is|are|=|:)\s*:?\s*(?:equal to\s+)?(?P<answer>[^\n]+)", re.IGNORECASE
)  # fmt: skip
_LETTERED = re.compile(r"^A:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?:\s*(?:final\s+)?answer\s*:?\s*)?([^*\n]+?)\**\*\*", re.IGNORECASE)


def final_answer(completion: str) -> Found | None:
    """The marked answer, or None where there is none."""
    text = _THOUGHT.sub(" ", completion)
    for how, find in _WAYS:
        answer = find(text)
        if answer is not None:
            answer = answer.strip()
            return Found(answer, how) if answer and len(answer) <= LONGEST else None
    return None


def boxed(text: str) -> str | None:
    """What the last boxes hold, or None where none is closed."""
    boxes: list[tuple[int, int, str]] = []
    for match in _BOX.finditer(text):
        content = _braced(text, match.end())
        if content is not None and (not boxes or match.start() >= boxes[-1][1]):
            boxes.append((match.start(), *content))
    if not boxes:
        return None
    joined = [boxes[-1]]
    for before in reversed(boxes[:-1]):
        between = text[before[1] : joined[0][0]]
        if len(between) > 12 or not _SEPARATOR.fullmatch(between):
            break
        joined.insert(0, before)
    contents = [content for _, _, content in joined]
    return contents[0] if len(set(contents)) == 1 else ", ".join(contents)


def _braced(text: str, start: int) -> tuple[int, str] | None:
    """Where the group that begins at `start` ends, and what is in it."""
    if start < len(text) and text[start] != "{":
        match = re.compile(r"\s*([^\s$]+)").match(text, start)
        return (match.end(), match[1].rstrip(".,")) if match else None
    depth = 0
    for place in range(start, min(len(text), start + 2 * LONGEST)):
        if text[place] == "\\":
            continue
        escaped = place > 0 and text[place - 1] == "\\"
        if text[place] == "{" and not escaped:
            depth += 1
        elif text[place] == "}" and not escaped:
            depth -= 1
            if depth == 0:
                return place + 1, text[start + 1 : place]
    return None


def _hashes(text: str) -> str | None:
    found = _HASHES.findall(text)
    return found[-1] if found else None


def _lettered(text: str) -> str | None:
    found = _LETTERED.findall(text)
    return found[-1] if found else None


def _tagged(text: str) -> str | None:
    found = _TAGGED.findall(text)
    return found[-1] if found else None


def _said(text: str) -> str | None:
    found = [match["answer"] for match in _SAID.finditer(text)]
    return _sentence(found[-1]) if found else None


def _sentence(text: str) -> str:
    """Up to the end of the sentence; a point between digits is none."""
    text = re.split(r"(?<!\d)\.(?=\s|$)|(?<=\d)\.(?=\s|$)|(?<=\$)\.", text, maxsplit=1)[0]
    return text.strip().strip("*").strip()


def _bold(text: str) -> str | None:
    found = _BOLD.findall(text)
    return found[-1].strip() if found else None


_WAYS = (("boxed", boxed), ("####", _hashes), ("<answer>", _tagged), ("said", _said), ("A:", _lettered), ("bold", _bold))
