"""What an answer says to its reader: the text without thoughts and special tokens.

A thought is told by its tags, of whatever spelling. What stands before a closing tag alone was thought too (the prompt had
opened it: templates of R1, QwQ and others end in the opening tag), and so was all that follows a tag which is never closed.
A tag between quotes, or in a string or comment of a fenced Python block, is text and no tag. Linear in the length of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sandbox_rewards.answers.markdown import fenced_blocks, unix_text
from sandbox_rewards.answers.parsing import parses

_THINK = "(?:think(?:ing)?|thoughts?)(?:[_ -]process)?|(?:inner|internal)[_ -]?monologue|chain[_ -]?of[_ -]?thought|cot"
_REASON = "reason(?:ing)?(?:[_ -]process)?|deliberation|brainstorm(?:ing)?|scratch[_ -]?pad|reflection|analysis"
_TAGS = re.compile(
    rf"""
      (?P<quoted>["'`](?=</?\w))?                                      # <think>, </think>, <seed:think>, <longcat_think>
      (?: (?<!\w)<[ ]?(?P<open>(?:\w{{1,12}}[:_])??(?:{_THINK})|{_REASON})(?:\s[^<>\n]{{0,80}})?>
        | <[ ]?/[ ]?(?P<close>(?:\w{{1,12}}[:_])??(?:{_THINK})|{_REASON})[ ]?> )
    | <\|(?:(?:begin|start)[_▁](?:of[_▁])?)?(?P<bar_open>{_THINK}|{_REASON})\|>       # <|begin_of_thought|>, <|START_THINKING|>
    | <\|(?:end[_▁](?:of[_▁])?|/)(?P<bar_close>{_THINK}|{_REASON})\|>
    | (?:(?<=\n)|(?<=\A))[ \t]*\[(?P<square_open>THINK(?:ING)?|THOUGHT|REASONING)\]        # Magistral
    | \[/(?P<square_close>THINK(?:ING)?|THOUGHT|REASONING)\]
    | ◁(?P<kimi_open>think)▷ | ◁/(?P<kimi_close>think)▷
    | <unused94>(?P<gemma_open>thought) | <(?P<gemma_close>unused95)>
    | (?:<\|start\|>assistant)?<\|channel\|>(?P<channel_open>analysis|commentary)[^<]{{0,80}}<\|message\|>      # gpt-oss
    | (?:<\|start\|>assistant)?<\|channel\|>(?P<channel_close>final)[^<]{{0,80}}<\|message\|>
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BRACKETS = re.compile(r"[<\[◁]")
_END_OF_TURN = re.compile(
    r"<[|｜](?:im_end|im_start|endoftext|end_of_text|eot_id|eom_id|end|return|end_of_turn|eos|start_header_id|endofturn|"
    r"end▁of▁sentence|user|User|END_OF_TURN_TOKEN|end_of_solution|EOT)[|｜]>"
    r"|<end_of_turn>|<\|?eos\|?>|</s>(?=\s*(?:\Z|\n|<))|\[EOS\](?=\s*\Z)"
)
"""Tokens behind which nothing is the answer's any more."""
_CUT_TOKEN = re.compile(r"(?:<[|｜][\w▁]{0,30}[|｜]?|</\w{0,20}|<(?:end(?:_\w{0,12})?|eos?|s)|<\|?)\Z")
"""A token at the end of the text that a limit cut short."""
_FIRST_TOKENS = re.compile(
    r"(?:\s*(?:<s>|<bos>|<\|begin_of_text\|>|<\|endoftext\|>|<\|assistant\|>|<[|｜]Assistant[|｜]>|<\|im_start\|>(?:assistant\n)?"
    r"|<\|start_header_id\|>assistant<\|end_header_id\|>|<start_of_turn>(?:model\n)?|<\|start\|>assistant))+"
)
_LAST_TOKEN = re.compile(
    r"\s{0,40}(?:<[|｜][^<>|｜\s]{1,40}[|｜]>|</?s>|<(?:eos|bos|pad|unk|end_of_turn|start_of_turn)>|\[(?:EOS|PAD|/?INST)\])\s{0,40}\Z"
)


class _Tag(NamedTuple):
    start: int
    end: int
    closes: bool
    name: str


def spoken(completion: str) -> str:
    """The answer without thoughts, and without special tokens at its ends; line ends are `\\n`."""
    text = unix_text(completion)
    if not _BRACKETS.search(text) or parses(text):  # text that is Python as a whole holds tags in strings only
        return text
    return _without_tokens(_without_thoughts(text))


def thinks_first(completion: str) -> bool:
    """Whether it is one thought, which the prompt may have opened, and text behind it."""
    text = unix_text(completion)
    tags = list(_tags(text))
    opened, closed = [tag for tag in tags if not tag.closes], [tag for tag in tags if tag.closes]
    if len(closed) != 1 or len(opened) > 1 or not _without_tokens(text[closed[0].end :]).strip():
        return False
    return not opened or not _FIRST_TOKENS.sub("", text[: opened[0].start], count=1).strip()


def _without_thoughts(text: str) -> str:
    tags = list(_tags(text))
    if not tags:
        return text
    last_close = {tag.name: tag.start for tag in tags if tag.closes}
    said, since, opened = [""], 0, None
    for tag in tags:
        if opened is None and tag.closes:
            said = [""]  # the prompt had opened it: all before it was thought
        elif opened is None:
            said.append(text[since : tag.start])
            opened = tag
            continue
        elif opened and not (tag.closes and (tag.name == opened.name or last_close.get(opened.name, 0) < tag.start)):
            continue
        opened, since = None, tag.end
    if opened is None:
        said.append(text[since:])
    return "\n".join(part for part in said if part)


def _tags(text: str) -> Iterator[_Tag]:
    """Tags of thoughts, in order, but for those that are quoted."""
    found = [(match, _tag(match)) for match in _TAGS.finditer(text)]
    kept = [tag for match, tag in found if not _is_quoted(text, match, tag)]
    literal = _in_code(text, [tag.start for tag in kept])
    return (tag for tag in kept if tag.start not in literal)


def _in_code(text: str, places: Sequence[int]) -> set[int]:
    """Those of the places, which are in order, that are in a fenced block of Python that parses: in a string, or a comment."""
    inside = set[int]()
    for block in fenced_blocks(text) if places else ():
        held = places[bisect_right(places, block.start - 1) : bisect_left(places, block.end)]
        if held and parses(block.code):
            inside.update(held)
    return inside


def _tag(match: re.Match[str]) -> _Tag:
    kind, name = next((k, v) for k, v in match.groupdict().items() if v is not None and k != "quoted")
    name = {"unused95": "thought", "final": "channel"}.get(name.lower(), name.lower())
    name = "channel" if kind == "channel_open" else name
    return _Tag(match.start(), match.end(), kind.endswith("close"), re.sub(r"[\s_-]", "", name))


def _is_quoted(text: str, match: re.Match[str], tag: _Tag) -> bool:
    """Whether it is named rather than used: a quote before an opening tag, or behind a closing one that began on its line."""
    behind = _quote(text[tag.end : tag.end + 3])
    if not tag.closes:
        return bool(match["quoted"]) and not text.startswith("``", max(0, match.start() - 2))
    line = text[max(0, tag.start - 500) : tag.start].rpartition("\n")[2]
    return bool(behind) and behind in line and not line.endswith("```")


def _quote(text: str) -> str:
    """The quote that a text begins with; a fence is none."""
    return text[:1] if text[:1] in ("'", '"', "`") and text != "```" else ""


def _without_tokens(text: str) -> str:
    if first := _FIRST_TOKENS.match(text):
        text = text[first.end() :]
    ends = [match.start() for match in _END_OF_TURN.finditer(text) if not _in_quotes(text, match)]
    in_code = _in_code(text, ends)
    text = text[: next((end for end in ends if end not in in_code), len(text))]
    while last := _LAST_TOKEN.search(text, max(0, len(text) - 120)):
        text = text[: last.start()]
    return _CUT_TOKEN.sub("", text)


def _in_quotes(text: str, match: re.Match[str]) -> bool:
    """Whether a token is named in a string or as inline code, rather than used."""
    before, behind = text[max(0, match.start() - 3) : match.start()], text[match.end() : match.end() + 1]
    return before[-1:] in ("'", '"') or behind in ("'", '"') or (before[-1:] == "`" and before != "```")
