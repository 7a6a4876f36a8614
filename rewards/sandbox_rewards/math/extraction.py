r"""The final answer of a completion, as its writer marked it; never any number that happens to stand in the text.

In this order, the last of its kind each: `\boxed{}`, `#### `, `<answer>`, "the answer is", a line that begins with `A:`, bold;
a "final answer" that is said behind the last box corrects it, "wait, it is 8" any of them; with "or it could be 8" both are said.
Where nothing is marked: the whole of a text that is a single line, its only formula, its last line; they count only where all of
them can be read as mathematics. What was thought aloud
(`answers.spoken`) is not looked at. Several boxes count as one answer only where nothing but separators stands between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sandbox_rewards.answers.spoken import spoken

LONGEST = 2000
"""Characters of an answer; nothing longer is one."""
ALONE = 300
"""Characters of a completion, or of its last line, that is nothing but its answer."""
JOINED = 60
"""Boxes side by side that are one answer, at the most."""


class Found(NamedTuple):
    text: str
    how: str


_BOX = re.compile(r"\\(?:begin)?(?:boxed|fbox)\s*(?=[{ \d\\])")
_GAP = r"(?:\s|\$|\\[,;:!()\[\]]|\\q?quad(?![a-zA-Z]))*"
_SEPARATOR = re.compile(
    rf"{_GAP}(?:[,;]{_GAP})?(?:(?:and|or|\\text\s*\{{\s*(?:and|or)\s*\}})(?<![,;]){_GAP})?(?:[a-zA-Z](?:_\{{?\w\}}?)?\s*=\s*)?",
    re.IGNORECASE,
)
"""What may stand between boxes that are one answer; at least a comma or a word must."""
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BARE = re.compile(r"\s*+([^\s$]{1,200})")
_HASHES = re.compile(r"^[ \t]*+####[ \t]*+(\S[^\n]*)$", re.MULTILINE)
_TAG = re.compile(r"<(/?)answer>", re.IGNORECASE)
_LINE_OR_DISPLAY = r"(?P<answer>\\\[[^\]]{0,500}\\\]|\$\$[^$]{0,500}\$\$|[^\n]+)"
_SAID = re.compile(
    r"(?P<final>(?:final|correct)\s++)?answer[ \t]*+(?:\*\*)?[ \t]*+"
    r"(?:(?:is|are|=|:|equals|would be|should be|must be|comes out to)\s*+:?(?:\*\*)?\s*+(?:equal to\s++)?"
    r"|(?=\$|\\\(|\\\[)|\n\s*+)" + _LINE_OR_DISPLAY,
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"^[ \t#>*_-]*+(?:(?:so |thus |therefore,? |hence,? )?(?:the|my) )?answer[ \t*_]*+"
    r"(?::|is:?(?=[ \t*]*(?:[-0-9$\\(]|[A-J]\b)))[ \t*_]*+(?P<answer>\S[^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
"""A line that says what the answer is; behind a box it corrects it."""
_VALUE = (
    r"(?P<answer>\$[^$\n]{1,80}\$|\\\((?:(?!\\\))[^\n]){1,80}\\\)|-?\\[dt]?frac\{[^{}\n]{1,40}\}\{[^{}\n]{1,40}\}"
    r"|-?\$?[0-9][0-9,]{0,30}(?<!,)(?:\.[0-9]{1,30})?(?:/[0-9]{1,30})?(?![\w^+=<>/\\-]|\*(?!\*))%?"
    r"(?:[ ](?!times|more|less|out|in|of|to|mod)[a-z]{1,20})?|(?-i:\(?[A-J]\)?)(?!\w))"
    r"(?=\*{0,2}[ \t]*(?:[.,;!?)]|$|because\b|since\b|instead\b))"
)
"""A value that is all that its clause says."""
_STATED = (
    r"(?:it|that|this|(?:the|my)[ ](?:(?:final|correct|right|actual|real|true)[ ])?answer)"
    r"(?:'s|[ ]is|[ ]should[ ]be|[ ]must[ ]be|[ ]equals|:)[ ](?:actually[ ]|really[ ]|rather[ ])?\*{0,2}"
)
_RETRACTED = re.compile(
    r"(?:\b(?:actually|wait|hmm+|oops|sorry|scratch[ ]that|on[ ]second[ ]thoughts?|no(?=,|[ ](?:it|the)\b)|i[ ]was[ ]wrong"
    rf"|correction|i[ ]made[ ]an?[ ](?:mistake|error))(?:[^\n:=]{{0,60}}?[,.;:!?])?[ ]{{0,3}}{_STATED}"
    rf"|(?:^|[.!?][ ]{{1,3}})(?:(?:so|thus|hence|then|therefore),?[ ])?(?=the|my){_STATED}"
    rf"|\b(?:correction:|make[ ]that|i[ ]meant?|(?:actually|wait|sorry|rather)(?:,?[ ]no)?,)[ ]\*{{0,2}}){_VALUE}",
    re.IGNORECASE | re.MULTILINE,
)
"""What takes an answer back that was marked before it, and says another."""
_OR = re.compile(
    r"(?:\A[\s$).,*]{0,9}(?:\\\)|\\\])?[\s,]{0,9}\(?(?:or|maybe|perhaps|possibly)[ ](?:maybe[ ]|perhaps[ ]|possibly[ ])?"
    r"(?:it's[ ]|it[ ]is[ ])?"
    r"|\b(?:maybe|perhaps|possibly)[ ](?:it's|it[ ]is|the[ ]answer[ ]is)[ ]"
    rf"|\b(?:it|that|this|(?:the|my)[ ]answer)[ ](?:could|might|may|can)[ ](?:also[ ]|(?:just[ ]as[ ])?well[ ])?be[ ]){_VALUE}",
    re.IGNORECASE | re.MULTILINE,
)
"""What leaves it open whether it is the answer that was marked before it."""
_LETTERED = re.compile(r"^A:[ \t]*+(\S[^\n]*)$", re.MULTILINE)
_BOLD = re.compile(r"(?<![\w*)}\]])\*\*(?!\s)(?:(?:final\s++)?answer\s*+:?\s*+)?([^*\n]+)(?<!\s)\*\*(?![\w*({\[])", re.IGNORECASE)
"""As CommonMark sees it, but not within a word: `10**10**10` is a power."""
_ANSWERS = re.compile(r"\b(?:yes|no|not|true|false|never|always|or|either|neither|could|might)\b", re.IGNORECASE)
"""What says something itself: behind it an "is" begins a second answer."""
_HEDGED = re.compile(r"\bnot\b|n't\b|\bor\b|\bbetween\b|\b(?:less|more|greater|fewer|most|least)\b")
_COUNTED = re.compile(r"(?<![\w.])(-?\$?[0-9][0-9,]*(?:\.[0-9]+)?(?:/[0-9]+)?%?)(?![\w])\s*([a-zA-Z]*)")
_NUMBER_LINE = re.compile(r"\s*\$?\s*-?[0-9][0-9.,/]{0,60}\s*[%$]?\.?\s*")
_FORMULA = re.compile(
    r"\$\$([^$]{1,500})\$\$|(?<!\\)\$((?:[^$\\]|\\.){1,500})\$|\\\(((?:(?!\\\)).){1,500})\\\)|\\\[((?:(?!\\\]).){1,500})\\\]",
    re.DOTALL,
)


def final_answer(completion: str) -> Found | None:
    """The marked answer, or None where there is none."""
    text = spoken(completion)
    for how, find in _WAYS:
        answer = find(text)
        if answer is not None:
            answer = answer.strip(" \t\n\r")
            if how in _MARKED and (other := _OR.search(_behind(text))) and other[0] not in answer:
                answer = f"{answer} or {other['answer']}"
            return Found(answer, how) if answer and len(answer) <= LONGEST else None
    return None


def statements(found: Found) -> Iterator[str]:
    """What a marked text may state, in the order in which it is tried: all of it but its reason, what stands behind its "is", its
    only formula, its only number with its unit. The first that can be read is the answer, whatever the gold is.
    """
    marked = found.text
    reasoned = _reasoned(marked)
    yield reasoned
    marked_by_word = found.how not in UNMARKED
    colon = r"|(?<=[a-z]):" if marked[:1].isupper() else ""
    before, *behind = re.split(r"\b(?:is|are|equals|be)\b:?(?!\s+not\b)" + colon, reasoned)
    if marked_by_word and behind and not _ANSWERS.search(" ".join((before, *behind[:-1]))):
        yield behind[-1].strip()
    if len(set(found_formulas := formulas(marked))) == 1:
        yield found_formulas[0]
    worded = re.fullmatch(r"[-\w\s.,$%'/]*[A-Za-z]{2}[-\w\s.,$%'/]*", reasoned, re.ASCII)
    if marked_by_word and worded and not _HEDGED.search(reasoned) and len(numbers := _COUNTED.findall(reasoned)) == 1:
        yield rf"{numbers[0][0].strip('$,')} \text{{{numbers[0][1]}}}"


def _reasoned(text: str) -> str:
    """What stands before its reason."""
    return re.split(r",?\s+\(?(?:because|since|which|as|so that|when)\b", text, maxsplit=1)[0]


def boxed(text: str) -> str | None:
    """What the last boxes hold, or None where none is closed. Linear in the length of the text."""
    boxes = _boxes(text)
    if not boxes:
        return None
    joined = [boxes[-1]]
    for before in reversed(boxes[-JOINED:-1]):
        between = text[before[1] : joined[0][0]]
        if len(between) > 40 or not re.search(r"[,;]|and|or", between) or not _SEPARATOR.fullmatch(between):
            break
        joined.insert(0, before)
    contents = list(dict.fromkeys(content for _, _, content in joined))
    return ", ".join(contents)


def _boxes(text: str) -> list[tuple[int, int, str]]:
    """Where each closed box begins and ends, and what is in it."""
    if "boxed" not in text and "fbox" not in text:
        return []
    ends = _ends_of_braces(text)
    boxes: list[tuple[int, int, str]] = []
    for match in _BOX.finditer(text):
        if boxes and match.start() < boxes[-1][1]:
            continue  # a box in a box
        content = _boxed_at(text, match.end(), ends)
        if content is not None:
            boxes.append((match.start(), *content))
    return boxes


def _ends_of_braces(text: str) -> dict[int, int]:
    """Where the group ends that begins at a brace, for each that ends."""
    opened: list[int] = []
    ends: dict[int, int] = {}
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            ends[opened.pop()] = match.end()
    return ends


def _boxed_at(text: str, start: int, ends: dict[int, int]) -> tuple[int, str] | None:
    """Where the box ends whose content begins at `start`, and what is in it."""
    if start < len(text) and text[start] == "{":
        return (ends[start], text[start + 1 : ends[start] - 1]) if start in ends else None
    match = _BARE.match(text, start)
    return (match.end(), match[1].rstrip(".,")) if match else None


def _corrected(text: str) -> str | None:
    """What is said to be the answer behind the marked one: a "final answer", a line that begins with it, another value."""
    behind = _behind(text)
    boxed_before = _BOX.search(text) is not None
    said = list(_RETRACTED.finditer(behind))
    said += [match for match in _SAID.finditer(behind) if match["final"]] if boxed_before else []
    said += _CORRECTED.finditer(behind) if boxed_before else []
    last = max(said, key=lambda match: match.start("answer"), default=None)
    if last is None:
        return None
    return last["answer"] if last.re is _RETRACTED else _sentence(last["answer"])


def _behind(text: str) -> str:
    """What stands behind the answer that is marked: the last box, else tag, line of hashes, or sentence."""
    if boxes := _boxes(text):
        return text[boxes[-1][1] :]
    if tags := [tag.end() for tag in _TAG.finditer(text) if tag[1]]:
        return text[tags[-1] :]
    if hashes := list(_HASHES.finditer(text)):
        return text[hashes[-1].end() :]
    if said := [match.start("answer") for match in _SAID.finditer(text)] if "answer" in text.lower() else []:
        return text[said[-1] :]
    bold = list(_BOLD.finditer(text))
    return text[bold[-1].end() :] if bold else ""


def _last_of(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    """Finds the last answer that is marked so."""

    def last(text: str) -> str | None:
        found = pattern.findall(text)
        return found[-1] if found else None

    return last


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
    if "answer" not in text.lower():
        return None
    found = [match["answer"] for match in _SAID.finditer(text)]
    return _sentence(found[-1]) if found else None


def _sentence(text: str) -> str:
    """Up to the end of the sentence; a point between digits is none. What a heading's sentence says again is what it says."""
    if (again := _SAID.search(text)) and "{" not in text[: again.start()]:
        text = again["answer"]
    text = re.split(r"(?<!\d)\.(?=\s|$)|(?<=\d)\.(?=\s|$)|(?<=\$)\.(?!\d)", text, maxsplit=1)[0]
    return text.strip().strip("*").strip()


def formulas(text: str) -> list[str]:
    """What stands between dollar signs and the brackets of formulas."""
    return [next(part for part in match.groups() if part is not None).strip() for match in _FORMULA.finditer(text)]


def _only_formula(text: str) -> str | None:
    found = formulas(text) if len(text) <= 2 * LONGEST else []
    return found[0] if len(found) == 1 else None


def _alone(text: str) -> str | None:
    text = text.strip()
    return text if len(text) <= ALONE and "\n" not in text and "boxed" not in text else None


def _last_number(text: str) -> str | None:
    """A last line that is a number, behind a line of work."""
    before, _, line = text.rstrip().rpartition("\n")
    return line if before and _NUMBER_LINE.fullmatch(line) else None


def _last_line(text: str) -> str | None:
    return _alone(text.rstrip().rpartition("\n")[2])


UNMARKED = ("alone", "only formula", "last line")
"""Ways of finding an answer that nothing says to be one: it counts as it stands, and nothing is looked for in it."""
_MARKED = ("boxed", "####", "<answer>", "said", "bold")
_WAYS = (
    ("said last", _corrected), ("boxed", boxed), ("####", _last_of(_HASHES)), ("<answer>", tagged_answer), ("said", _said),
    ("A:", _last_of(_LETTERED)), ("bold", _last_of(_BOLD)), ("alone", _alone), ("last line", _last_number),
    ("only formula", _only_formula), ("last line", _last_line),
)  # fmt: skip
