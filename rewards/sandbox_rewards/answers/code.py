"""The code that an answer gives to a task with unit tests.

Candidates are the fenced blocks of the task's language (and those without a tag), and Python that stands among sentences. The
last one that parses and binds what the tests ask for is the answer; where it reads names that other blocks define, all are
joined. Where none binds the entry point, the answer may go on behind the code of its prompt, as HumanEval's do. Of an answer to a
style that calls functions only the definitions count (`definitions`).
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence, Set
from typing import NamedTuple

from sandbox_tasks.task import Task, UnitTests

from sandbox_rewards.answers.asked import asks_for_all, names_asked_for
from sandbox_rewards.answers.definitions import bound_at_top, defined_at_top, definitions, unbound, without_own_imports
from sandbox_rewards.answers.markdown import parts, unix_text
from sandbox_rewards.answers.parsing import (
    UNPARSED,
    code_among_sentences,
    dedented,
    is_prose,
    of_session,
    parses,
    tree_of,
    whole_statements,
)
from sandbox_rewards.answers.spoken import spoken

TAGS = {
    "python": ("python", "py", "python3", "py3", "python2", "ipython", "ipython3", "sage", "tool_code", ".py"),
    "c": ("c", "h", "gnu-c", "ansi-c", ".c"), "cpp": ("cpp", "c++", "cc", "cxx", "hpp", ".cpp", ".cc", ".cxx"),
    "javascript": ("javascript", "js", "node", "nodejs", "mjs", "cjs", "jsx", "ecmascript", ".js", ".mjs"),
    "bash": ("bash", "sh", "shell", "zsh", "shellscript", ".sh"),
}  # fmt: skip
"""How blocks of a language are tagged; those that begin with a point are ends of file names."""
NEUTRAL = ("", "code", "solution", "answer", "program", "main", "snippet", "final")
"""Tags that name no language. Blocks with any other are output, text, or in another language, and never the answer."""
TRIED = 16
"""Candidates that are looked at, from the end."""
BODIES = 2
"""Parts that are tried behind the prompt's code."""


class Extracted(NamedTuple):
    code: str
    how: str
    """What was taken, in words; empty where it is the whole text."""


class _Candidate(NamedTuple):
    code: str
    how: str
    bound: frozenset[str]
    defined: frozenset[str]
    """Those of them that it does not import from the answer's own files."""
    whole: bool
    """All of it parses."""


def code_of(task: Task, spec: UnitTests, completion: str) -> Extracted:
    """What is judged of an answer to `task`; `code` is empty where it gives none."""
    if spec.extraction == "raw":
        return Extracted(completion, "")
    text = spoken(completion)
    if spec.extraction == "last_block":
        return _last_block(text, spec)
    if spec.language != "python":
        return _of_other_language(text, spec)
    return _program(text, spec) if spec.style == "stdio" else _functions(text, task, spec)


class _Text:
    """An answer's text, its parts, and those of them that may be code of the task's language."""

    def __init__(self, text: str, spec: UnitTests) -> None:
        may_be = _may_be(spec)
        self.text = text
        self.parts = parts(text, parses, may_be)
        self.own = [part for part in self.parts if part.code.strip() and (may_be(part.tag) or not part.fenced)]
        self.fenced = any(part.fenced for part in self.parts)


def _functions(text: str, task: Task, spec: UnitTests) -> Extracted:
    asked = names_asked_for(spec)
    if parses(text) and (tree := tree_of(text)) and (asked <= bound_at_top(tree) or not _has_fence(text)):
        return _only_definitions(Extracted(_without_own_imports(text, defined_at_top(tree)), ""), spec)
    read = _Text(text, spec)
    found = _candidates(read)
    if not any(asked & c.defined for c in found):
        found = [*found, *_sessions(read)]
    chosen = next((c for c in reversed(found) if asked <= c.defined), None)
    if chosen is None and spec.entry_point:
        chosen = next((c for c in reversed(found) if spec.entry_point in c.defined), None)
        if chosen is None and (behind := _behind_prompt(read, task, spec)):
            return _only_definitions(behind, spec)
    chosen = chosen or max(reversed(found), key=lambda c: len(asked & c.defined), default=None)
    if chosen is None or (asked and not asked & chosen.defined):
        return _fallback(read)
    return _only_definitions(_joined(chosen, found, spec, asked), spec)


def _program(text: str, spec: UnitTests) -> Extracted:
    if parses(text):
        return Extracted(text, "")
    read = _Text(text, spec)
    found = [c for c in _candidates(read) if c.whole]
    alone = [c for c in found if _does_something(c.code)]
    if any(case.stdin.strip() for case in spec.cases):
        alone = [c for c in alone if _READS.search(c.code)] or alone
    given = _bound_by(spec.prelude)
    complete = [c for c in alone if not _unbound(c.code) - given]
    if complete:
        return Extracted(complete[-1].code, complete[-1].how)
    return _joined(alone[-1], found, spec, frozenset()) if alone else _fallback(read)


_READS = re.compile(r"\binput\b|\bstdin\b|\bopen\(0|\bfileinput\b|\bos\.read\b")
"""Code that reads standard input."""


def _candidates(read: _Text) -> list[_Candidate]:
    """Python in the text, in order, each with the names that it binds."""
    blocks = [part for part in read.own if part.fenced]
    found = [] if blocks else _inline(read.text)
    for part in read.own[-TRIED:]:
        code = dedented(part.code) if part.fenced else code_among_sentences(part.code)
        how = "code among sentences"
        if part.fenced:
            how = f"block {blocks.index(part) + 1} of {len(blocks)}" if len(blocks) > 1 else ""
        prefix = whole_statements(code)
        if prefix != code:
            how = ", ".join(filter(None, (how, f"{prefix.count(chr(10))} of its {code.count(chr(10))} lines")))
        found += _candidate(prefix, how, whole=prefix == code)
    given = frozenset[str]().union(*(c.defined for c in found))
    return [c._replace(code=_without_own_imports(c.code, given)) for c in found]


def _without_own_imports(code: str, given: Set[str]) -> str:
    try:
        return without_own_imports(code, given)
    except UNPARSED:  # nested too deep to be looked into
        return code


def _candidate(code: str, how: str, *, whole: bool = True) -> list[_Candidate]:
    """One, or none where the code does not parse or is empty."""
    tree = tree_of(code)
    if not tree or not tree.body:
        return []
    return [_Candidate(code, how, frozenset(bound_at_top(tree)), frozenset(defined_at_top(tree)), whole)]


def _sessions(read: _Text) -> list[_Candidate]:
    """What was typed in blocks that are sessions of the interpreter."""
    typed = [of_session(part.code) for part in read.own[-TRIED:] if part.fenced]
    return [c for code in typed if parses(code) for c in _candidate(code, "what was typed in a session")]


def _inline(text: str) -> list[_Candidate]:
    """Code spans on a line, for what they are worth: `f = lambda x: x + 1`."""
    spans = [code for code in _SPAN.findall(text)[-TRIED:] if parses(code)]
    return [c for code in spans for c in _candidate(code, "a code span") if c.bound]


_SPAN = re.compile(r"(?<!`)`{1,3}(?:(?:python3?|py)[ ])?([^`\n]{1,1000})`{1,3}(?!`)")


def _joined(chosen: _Candidate, found: Sequence[_Candidate], spec: UnitTests, asked: frozenset[str]) -> Extracted:
    """The candidate alone, or with all others where it reads names, or lacks names that are asked for, which they bind."""
    lacks = (_unbound(chosen.code) - _bound_by(spec.prelude)) | (asked - chosen.defined)
    if not any(lacks & other.bound for other in found):
        return Extracted(chosen.code, chosen.how)
    code = "\n".join(other.code for other in found)
    return Extracted(code, f"{len(found)} pieces of code, joined") if parses(code) else Extracted(chosen.code, chosen.how)


def _only_definitions(taken: Extracted, spec: UnitTests) -> Extracted:
    """The code without what does not decide, where it binds what the tests ask for."""
    tree = tree_of(taken.code) if parses(taken.code) else None
    bound = bound_at_top(tree) if tree else set()
    asked = bound if asks_for_all(spec) else names_asked_for(spec)
    if not asked & bound:
        return taken
    try:
        kept = definitions(taken.code, asked)
    except UNPARSED:  # nested too deep to be looked into
        return taken
    if not kept.left_out:
        return taken
    statements = "1 statement" if kept.left_out == 1 else f"{kept.left_out} statements"
    return Extracted(kept.code, ", ".join(filter(None, (taken.how, f"without {statements} that nothing asked for needs"))))


def _behind_prompt(read: _Text, task: Task, spec: UnitTests) -> Extracted | None:
    """The answer as the body of the function that its prompt begins."""
    prompt = prompt_code(task.prompt, spec.entry_point) if spec.entry_point else None
    if prompt is None:
        return None
    begins = _begins(spec.entry_point or "")
    pieces = [part.code for part in read.own if not begins.search(part.code)]  # one that is cut or broken is no body either
    whole = [] if begins.search(read.text) else [read.text]
    for piece in dict.fromkeys([*reversed(pieces[-BODIES:]), *pieces[:1], *whole]):
        for body in _indented(piece):
            code = whole_statements(prompt + body)
            if len(code) > len(prompt) and _has_body(code, prompt, spec.entry_point or ""):
                return Extracted(code, "the prompt's code and what the answer adds to it")
    return None


def _indented(body: str) -> Iterator[str]:
    """A function's body, as it is, with its first line indented, and with all lines indented."""
    body = body.lstrip("\n") if body[:1] == "\n" else body
    yield body
    if body[:1] not in (" ", "\t"):
        yield "    " + body
        yield textwrap.indent(body, "    ")


def _has_body(code: str, prompt: str, entry_point: str) -> bool:
    """Whether the function ends behind the prompt's end."""
    tree = tree_of(code)
    last = next((n for n in reversed(tree.body) if getattr(n, "name", None) == entry_point), None) if tree else None
    return last is not None and (last.end_lineno or 0) > prompt.rstrip().count("\n") + 1


@functools.lru_cache(maxsize=1024)
def prompt_code(prompt: str, entry_point: str) -> str | None:
    """The code that a prompt asks to be completed: all of it, or its last block, that begins the function."""
    text = unix_text(prompt)
    begins = _begins(entry_point)
    blocks = [part.code for part in parts(text) if part.fenced]
    for code in (text, *reversed(blocks)):
        code = code.rstrip(" \t").rstrip("\n") + "\n"
        if begins.search(code) and parses(code + "    pass\n"):
            return code
    return None


def _begins(function: str) -> re.Pattern[str]:
    """A line that begins the function."""
    return re.compile(rf"^[ \t]*(?:async[ ]+)?def[ ]+{re.escape(function)}\b", re.MULTILINE)


def _fallback(read: _Text) -> Extracted:
    """What is judged where nothing parses and binds: the last block, or a text without blocks that is more than sentences."""
    if not read.fenced:
        return Extracted("" if is_prose(read.text) else read.text, "")
    blocks = [part for part in read.own if part.fenced]
    return Extracted(dedented(blocks[-1].code), "the last block") if blocks else Extracted("", "")


def _last_block(text: str, spec: UnitTests) -> Extracted:
    blocks = [part for part in parts(text) if part.fenced and _may_be(spec)(part.tag)]
    return Extracted(blocks[-1].code, "the last block") if blocks else Extracted(text, "")


def _of_other_language(text: str, spec: UnitTests) -> Extracted:
    """The last block that is tagged so, else the last without a tag; all of them where only together they have a `main`."""
    blocks = [part for part in parts(text) if part.fenced and part.code.strip()]
    kinds = [TAGS[spec.language], *([TAGS["c"] + TAGS["cpp"]] if spec.language in ("c", "cpp") else []), NEUTRAL]
    own = next((own for tags in kinds if (own := [part for part in blocks if _is_tagged(part.tag, tags)])), [])
    if not own:
        return Extracted("", "") if blocks else Extracted(text, "")
    if spec.language in ("c", "cpp") and len(own) > 1:
        mains = [part for part in own if re.search(r"\bmain\s*\(", part.code)]
        if mains and "#include" not in mains[-1].code:
            return Extracted("\n".join(part.code for part in own), f"{len(own)} blocks, joined")
        own = mains or own
    return Extracted(own[-1].code, "the last block")


def _is_tagged(tag: str, tags: Sequence[str]) -> bool:
    return tag in tags or any(end[:1] == "." and tag.endswith(end) for end in tags)


def _may_be(spec: UnitTests) -> Callable[[str], bool]:
    """Whether a block with a tag may hold code of the spec's language: the tag says so, or names none."""
    return functools.partial(_is_tagged, tags=(*TAGS[spec.language], *NEUTRAL))


def _has_fence(text: str) -> bool:
    return "```" in text or "~~~" in text


def _does_something(code: str) -> bool:
    """Whether a program prints: a sample output or a list of numbers parses too, and calls nothing."""
    return bool(re.search(r"\bprint\b|\bstdout\b|\bos\.write\b|\bexec\b", code))


@functools.lru_cache(maxsize=256)
def _bound_by(prelude: str) -> frozenset[str]:
    tree = tree_of(prelude)
    return frozenset(bound_at_top(tree)) if tree else frozenset()


def _unbound(code: str) -> frozenset[str]:
    tree = tree_of(code)
    try:
        return frozenset(unbound(code, tree)) if tree else frozenset()
    except UNPARSED:
        return frozenset()
