r"""The final answer of a completion, as its writer marked it; never any number that happens to stand in the text.

In this order, the last of its kind each: `\boxed{}`, `#### `, `<answer>`, "the answer is", a line beginning with `A:`, bold; then,
where nothing is marked, the only formula of the text, and the text itself where it is a single short line. A "final answer" that is
said behind the last box corrects it. What was thought aloud in `<think>` is not looked at. Several boxes count as one answer only
where nothing but separators stands between them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST = 2000
"""Characters of an answer; nothing longer is one."""
ALONE = 80
"""Characters of a completion that is nothing but its answer."""


class Found(NamedTuple):
    text: str
    how: str


_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=[{ \d\\])")
_SEPARATOR = re.compile(
    r"(?:\s|[$,;.]|\\[,;:!()\[\]]|\\q?quad(?![a-zA-Z]))*(?:(?:and|or|\\text\s*\{\s*(?:and|or)\s*\})(?:\s|\$|\\[,;:!()\[\]]|\\q?quad(?![a-zA-Z]))*)?"
    r"(?:[a-zA-Z](?:_\{?\w\}?)?\s*=\s*)?",
    re.IGNORECASE,
)
_HASHES = re.compile(r"^[ \t]*####[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_LINE_OR_DISPLAY = r"(?P<answer>\\\[[^\]]{0,500}\\\]|\$\$[^$]{0,500}\$\$|[^\n]+)"
_SAID = re.compile(
    r"(?P<final>final\s+|correct\s+)?answer\s*(?:\*\*)?\s*"
    r"(?:(?:is|are|=|:|equals|would be|should be|must be|comes out to)\s*:?(?:\*\*)?\s*(?:equal to\s+)?|(?=\$|\\\(|\\\[)|\n\s*)" + _LINE_OR_DISPLAY,
    re.IGNORECASE,
)
_LETTERED = re.compile(r"^A:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?:\s*(?:final\s+)?answer\s*:?\s*)?([^*\n]+?)\**\*\*", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])-?\$?[0-9][0-9,]*(?:\.[0-9]+)?(?:/[0-9]+)?%?(?![\w])")
_FORMULA = re.compile(r"\$\$([^$]{1,500})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,500})\$|\\\(((?:(?!\\\)).){1,500})\\\)|\\\[((?:(?!\\\]).){1,500})\\\]", re.DOTALL)


def final_answer(completion: str) -> Found | None:
    """The marked answer, or None where there is none."""
    text = _THOUGHT.sub(" ", completion)
    for how, find in _WAYS:
        answer = find(text)
        if answer is not None:
            answer = answer.strip()
            return Found(answer, how) if answer and len(answer) <= LONGEST else None
    return None


def said_in(marked: str) -> list[str]:
    """What a marked sentence may state: its only formula, what stands behind its last "is", its only number."""
    if len(marked) > LONGEST:
        return []
    found: list[str] = []
    stated = re.split(r"\b(?:is|are|equals|be)\b:?(?!\s+not\b)" + (r"|(?<=[a-z]):" if marked[:1].isupper() else ""), marked)
    if len(stated) > 1:
        found.append(re.split(r",?\s+(?:because|since|which|as|so that|when|where)\b", stated[-1])[0].strip())
    formulas = _formulas(marked)
    if len(set(formulas)) == 1:
        found.append(formulas[0])
    if re.fullmatch(r"[-\w\s.,$%'/!?]+", marked, re.ASCII) and not re.search(r"\bnot\b|n't\b|\bor\b|\bbetween\b", marked):
        numbers = _NUMBER.findall(marked)
        found += [numbers[0].strip("$,")] if len(numbers) == 1 else []
    return found


def boxed(text: str) -> str | None:
    """What the last boxes hold, or None where none is closed or a later "final answer" takes their place."""
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
        if len(between) > 40 or not _SEPARATOR.fullmatch(between):
            break
        joined.insert(0, before)
    contents = [content for _, _, content in joined]
    return contents[0] if len(set(contents)) == 1 else ", ".join(contents)


def _corrected(text: str) -> str | None:
    """A "final answer" that is said behind the last box."""
    boxes = list(_BOX.finditer(text))
    if not boxes:
        return None
    said = [match for match in _SAID.finditer(text, boxes[-1].end()) if match["final"]]
    return _sentence(said[-1]["answer"]) if said else None


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


def tagged_answer(text: str) -> str | None:
    """What stands in the last closed `<answer>`, or None; linear in the length of the text."""
    opened, found = None, None
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened = tag.end() if opened is None else opened
        elif opened is not None:
            found, opened = text[opened : tag.start()], None
    return found


def _said(text: str) -> str | None:
    found = [match["answer"] for match in _SAID.finditer(text)]
    return _sentence(found[-1]) if found else None


def _sentence(text: str) -> str:
    """Up to the end of the sentence; a point between digits is none. What a heading's sentence says again is what it says."""
    if again := _SAID.search(text):
        text = again["answer"]
    text = re.split(r"(?<!\d)\.(?=\s|$)|(?<=\d)\.(?=\s|$)|(?<=\$)\.", text, maxsplit=1)[0]
    return text.strip().strip("*").strip()


def _bold(text: str) -> str | None:
    found = _BOLD.findall(text)
    return found[-1].strip() if found else None


def _formulas(text: str) -> list[str]:
    return [next(part for part in match.groups() if part is not None).strip() for match in _FORMULA.finditer(text)]


def _only_formula(text: str) -> str | None:
    found = _formulas(text) if len(text) <= 2 * LONGEST else []
    return found[0] if len(found) == 1 else None


def _alone(text: str) -> str | None:
    text = text.strip()
    return text if len(text) <= ALONE and "\n" not in text and r"\boxed" not in text and "<" not in text[:1] else None


_WAYS = (
    ("said last", _corrected), ("boxed", boxed), ("####", _hashes), ("<answer>", tagged_answer), ("said", _said), ("A:", _lettered),
    ("bold", _bold), ("only formula", _only_formula), ("alone", _alone),
)  # fmt: skip
