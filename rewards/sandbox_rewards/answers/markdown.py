"""Fenced blocks of a Markdown text: by CommonMark (section 4.5), and by what models write that it does not allow.

Allowed beyond it: any indentation of an opening fence; an opening fence behind text on its line; a closing one behind code, or
with text behind it; tags like `<answer>` around fences; a block that a new opening fence ends. Where that leaves several ends,
the block takes the first with which its code parses; without a parser, CommonMark's. So a fence in a docstring ends nothing.
Steps are linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Parses = Callable[[str], bool]

WRAPPER = re.compile(
    r"</?(?:answer|final_answer|code|solution|response|python|cpp|c|javascript|bash|pre|output|result)(?: [^<>\n]{0,80})?>"
    r"|\[/?(?:PYTHON|ANSWER|CODE|SOLUTION|ANS|CPP|JAVASCRIPT|C|BASH|RESPONSE|FINAL)\]|<\|(?:begin|end)_of_solution\|>",
    re.IGNORECASE,
)
"""Tags that say where the answer is, and are none of it."""
_FENCE = re.compile(
    rf"^(?P<lead>(?:[ \t]|>|[-*+][ \t]|[0-9]{{1,9}}[.)][ \t]|{WRAPPER.pattern})*)(?P<run>`{{3,}}|~{{3,}})(?P<info>[^\n]*)$"
    r"|(?P<behind>(?<=[^`\n])`{3,})(?P<tag>[ \t]*[\w+#.-]*|[ \t]+[^`\n]*)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_TAG = re.compile(r"\s*\{?\.?([\w+#.-]*)")
_ATTRIBUTES = re.compile(r"\s*\{?\.?[\w+#./-]*\}?\s*(?:[:,;({\[].*|\S+=.*|[\w./-]+\.\w{1,4}\s*)?")
_LAST_TAG = re.compile(r"\s*(?:</\w{1,20}>|\[/\w{1,20}\])\s*\Z")
LOOK_AHEAD = 40
"""Fences behind an opening one among which its end is looked for."""
MOST_ENDS = 12
"""Ends with which a block is tried."""
MOST_TRIES = 100
"""In a text; blocks behind these end as CommonMark says."""


@dataclass(frozen=True)
class Part:
    """A piece of the text: a fenced block, or (`fenced` False) what stands between blocks. `start` and `end` are where its
    content begins and ends."""

    start: int
    end: int
    code: str
    tag: str = ""
    """What the opening fence says, in lower case: `python`."""
    fenced: bool = False
    closed: bool = False


@dataclass(frozen=True)
class _Fence:
    start: int
    """Where the run begins, tags before it included."""
    end: int
    """Where its line ends."""
    lead: str
    run: str
    info: str
    glued: bool
    """Text stands before it on its line."""

    @property
    def behind(self) -> int:
        """Where what stands behind the run begins."""
        return self.start + len(self.lead) + len(self.run)

    @property
    def bare(self) -> bool:
        return not self.info

    @property
    def tag(self) -> str:
        found = _TAG.match(self.info)
        return found[1].lower() if found else ""

    @property
    def speaks(self) -> bool:
        """Whether what stands behind it is a sentence, and no tag of a language."""
        return bool(self.info) and not _ATTRIBUTES.fullmatch(self.info)


def unix_text(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def fenced_blocks(text: str, parses: Parses | None = None) -> list[Part]:
    """The fenced blocks, in order; the last may be unclosed."""
    return [part for part in parts(text, parses) if part.fenced]


def parts(text: str, parses: Parses | None = None, is_code: Callable[[str], bool] = bool) -> list[Part]:
    """Blocks and what stands between them, in order. `parses` is asked about blocks whose tag `is_code` accepts."""
    fences = list(_fences(text))
    found: list[Part] = []
    tries = iter(range(MOST_TRIES))

    def tried(code: str) -> bool:
        return next(tries, None) is not None and parses is not None and parses(code)

    since, number = 0, 0
    while number < len(fences):
        fence = fences[number]
        found.append(_between(text, since, fence.start))
        if fence.speaks or (fence.glued and fence.bare):  # a closing fence whose opening one stands in the prompt, say
            since, number = fence.behind, number + 1
            if fence.tag and is_code(fence.tag):  # code on the line of its fence
                since += text[since : fence.end].lower().index(fence.tag) + len(fence.tag)
            continue
        block, number, since = _block(text, fences, number, tried if parses and is_code(fence.tag) else None)
        found.append(block)
    return [*found, _between(text, since, len(text))]


def _fences(text: str) -> Iterator[_Fence]:
    if "```" not in text and "~~~" not in text:
        return
    for match in _FENCE.finditer(text):
        if match["behind"] is not None:
            line = text[text.rfind("\n", max(0, match.start() - 2000), match.start()) + 1 : match.start()]
            if line.count("```") % 2 == 0:
                yield _Fence(match.start(), match.end(), "", match["behind"], match["tag"].strip(), glued=True)
        elif match["run"][0] == "~" or "`" not in match["info"]:
            info = WRAPPER.sub("", match["info"]).strip()
            yield _Fence(match.start(), match.end(), match["lead"], match["run"], info, glued=False)


def _between(text: str, start: int, end: int) -> Part:
    return Part(start, end, text[start:end])


def _block(text: str, fences: list[_Fence], number: int, parses: Parses | None) -> tuple[Part, int, int]:
    """The block that a fence opens, the number of the next fence, and where the text behind the block begins."""
    opening = fences[number]
    start = min(opening.end + 1, len(text))
    ends = list(_ends(fences, number))
    strict = next((n for n, is_strict in ends if is_strict), None)
    before = [n for n, is_strict in ends if not is_strict and (strict is None or n < strict)]
    later = [n for n, is_strict in ends if is_strict and n != strict]
    unclosed = [] if strict is not None or len(ends) == LOOK_AHEAD else [len(fences)]
    tried = [*([] if strict is None else [strict]), *before, *unclosed, *later][:MOST_ENDS]
    chosen = next((n for n in tried if parses(_content(text, start, fences, n, opening))), None) if parses else None
    if chosen is None:
        broken_off = next((n for n in before if not fences[n].glued and not fences[n].bare), None)  # a new block, or a sentence
        chosen = next((n for n in (broken_off, strict, *before[:1]) if n is not None), len(fences))
    content = _content(text, start, fences, chosen, opening)
    if chosen == len(fences):
        return Part(start, len(text), content, opening.tag, fenced=True), chosen, len(text)
    closing = fences[chosen]
    block = Part(start, closing.start, content, opening.tag, fenced=True, closed=not closing.tag or closing.speaks)
    if closing.bare or closing.speaks:
        return block, chosen + 1, closing.behind
    return block, chosen, closing.start


def _ends(fences: list[_Fence], number: int) -> Iterator[tuple[int, bool]]:
    """Fences that may end a block, and whether CommonMark says so."""
    opening = fences[number]
    for place in range(number + 1, min(number + 1 + LOOK_AHEAD, len(fences))):
        fence = fences[place]
        if fence.run[0] != opening.run[0] or len(fence.run) < len(opening.run):
            continue
        strict = fence.bare and not fence.glued and len(fence.lead) <= len(opening.lead) + 3
        if strict or not fence.glued or fence.bare or fence.speaks:
            yield place, strict


def _content(text: str, start: int, fences: list[_Fence], end: int, opening: _Fence) -> str:
    """A block's lines without what its list or quotation puts before each."""
    stop = fences[end].start if end < len(fences) else len(text)
    content = text[start:stop].removeprefix("\ufeff")
    quotes, lead = min(opening.lead.count(">"), 20), WRAPPER.sub("", opening.lead).rpartition(">")[2]
    width = len(lead.removeprefix(" ") if quotes else lead)
    if quotes:
        content = re.sub(rf"^(?:[ ]{{0,3}}>[ ]?){{0,{quotes}}}", "", content, flags=re.MULTILINE)
    if width and not opening.glued:
        content = re.sub(rf"^[ \t]{{1,{min(width, 200)}}}", "", content, flags=re.MULTILINE)
    if end == len(fences):
        content = content[:-200] + _LAST_TAG.sub("\n", content[-200:])
    return content
