"""Python in what a model wrote: whether it parses, and what of it does. Every function takes a bounded number of parses."""

from __future__ import annotations

import ast
import re
import textwrap

from sandbox_tasks.syntax import compile_quietly, parse_quietly

from sandbox_rewards.answers.markdown import WRAPPER

UNPARSED = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
"""What Python raises for text that it can't parse, null bytes and trees that are too deep among it."""
CUTS = 8
"""Statements that may be dropped from the end until the rest parses."""
ROUNDS = 8
"""Stretches of prose that are skipped in a text."""
LONGEST = 400_000
"""Characters; nothing longer is looked into."""
_STATEMENT = re.compile(r"^(?![ \t#\n)\]}]|(?:else|elif|except|finally)\b)", re.MULTILINE)
_CODE = re.compile(
    r"^(?:(?:async[ ])?def[ ]+\w+[ ]*[(\[]|class[ ]+\w+[ ]*[:(\[]|import[ ]+\w|from[ ]+[\w.]+[ ]+import\b|@\w|try:|print\("
    r"|(?:if|while|with)[ (][^\n]{1,200}:|for[ (][^\n]{1,100}[ ]in[ (][^\n]{1,100}:|[A-Za-z_][\w.]{0,80}\([^\n]{0,200}\)[ ]*$"
    r"|[A-Za-z_][\w.,\[\]'\" ]{0,100}(?::[ ]?[\w.\[\], ]{1,60})?[-+*/|&]?=(?!=))",
    re.MULTILINE,
)
"""A line that begins code rather than a sentence."""
_LISTED = re.compile(r"(?:[-*+•]|[0-9]{1,2}[.)]|#{1,6})[ ]+")
_SPAN = re.compile(r"`[\w.()]{1,40}`")
_UNSAID = re.compile(r"[=\[\]{}`\\_<>@#\"]")
"""Characters that sentences do without."""
_BEGINS_STATEMENT = re.compile(
    r"(?:async|def|class|import|from|return|print|while|for|if|elif|else|with|try|except|finally|raise|assert|yield|del|global)\b"
)


def parses(code: str) -> bool:
    """Whether it is a Python module that could run."""
    return error_line(code) is None


def error_line(code: str) -> int | None:
    """Line of the first error, counted from 1; None where there is none."""
    if len(code) > LONGEST:
        return 1
    try:
        compile_quietly(code)
    except SyntaxError as error:
        return max(1, error.lineno or 1)
    except UNPARSED:
        return 1
    return None


def tree_of(code: str) -> ast.Module | None:
    """The tree of code that parses."""
    try:
        return parse_quietly(code)
    except UNPARSED:
        return None


def dedented(code: str) -> str:
    """The code without an indentation that all of it has, where it parses only so."""
    shorter = textwrap.dedent(code)
    return shorter if shorter != code and not parses(code) and parses(shorter) else code


def whole_statements(code: str) -> str:
    """The longest beginning of top-level statements that parses: a statement that is cut or broken goes with all behind it."""
    for _ in range(CUTS if len(code) <= LONGEST else 0):
        line = error_line(code)
        if line is None:
            return code
        code = code[: _statement_at(code, line)]
    return ""


def code_among_sentences(text: str) -> str:
    """The Python statements of a text without fences; empty where there are none."""
    text = WRAPPER.sub("\n", text)
    text = text.lstrip(" ") if _CODE.match(text.lstrip(" ")) else text
    found = []
    start = _next_code(text, 0)
    for _ in range(ROUNDS):
        if start is None:
            break
        code = whole_statements(text[start:])
        found.append(_without_last_words(code))
        start = _next_code(text, text.find("\n", start + len(code)) + 1 or len(text))
    return "\n".join(part for part in found if part.strip())


def is_prose(text: str) -> bool:
    """Whether a text that does not parse is sentences, without anything that may have been meant as code."""
    lines = [line.rstrip() for line in text.split("\n")]
    if any(line[:1] == "\t" or line[:4] == "    " or _BEGINS_STATEMENT.match(line.lstrip()) for line in lines):
        return False
    if len(text) > LONGEST or _CODE.search(text):
        return False
    paragraphs: list[list[str]] = [[]]
    for line in map(str.strip, lines):
        listed = _LISTED.match(line)
        if not line or listed:
            paragraphs.append([])
        paragraphs[-1].append(line)
        if listed:  # `# ...` may be a comment: what follows has to be sentences by itself
            paragraphs.append([])
    return all(_says_something(" ".join(paragraph).strip()) for paragraph in paragraphs if any(paragraph))


def _says_something(paragraph: str) -> bool:
    """Whether it is a list's item, a heading, or sentences of three words or more."""
    listed = _LISTED.match(paragraph)
    words = _SPAN.sub("it", paragraph[listed.end() if listed else 0 :])
    if _UNSAID.search(words):
        return False
    ends = words[-1:] in (".", "!", "?") or (words[-1:] == ":" and words[:1].isupper())
    return bool(listed) or (words[:1].isalpha() and words.count(" ") > 1 and ends)


def of_session(text: str) -> str:
    """What was typed in a session of Python's interpreter, `>>> ` and `... ` before each line; empty where there is none."""
    return "".join(f"{line[4:]}\n" for line in text.split("\n") if line[:4].rstrip() in (">>>", "..."))


def _without_last_words(code: str) -> str:
    """The code without statements at its end that do nothing: `Explanation` is a name to Python."""
    tree = tree_of(code)
    while tree and tree.body and isinstance(last := tree.body[-1], ast.Expr) and isinstance(last.value, _WORDS):
        tree.body.pop()
        code = "\n".join(code.split("\n")[: last.lineno - 1])
    return code


_WORDS = (ast.Name, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.Compare)


def _next_code(text: str, start: int) -> int | None:
    match = _CODE.search(text, start)
    return match.start() if match else None


def _statement_at(code: str, line: int) -> int:
    """Offset of the top-level statement that holds a line."""
    end = 0
    for _ in range(line):
        end = code.find("\n", end) + 1
        if not end:
            end = len(code)
            break
    while (start := code.rfind("\n", 0, max(0, end - 1)) + 1) > 0 and not _STATEMENT.match(code, start):
        end = start
    return start
