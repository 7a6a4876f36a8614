"""Python code on its way to the process that runs it: compiled already, or text that is compiled there."""

from __future__ import annotations

import marshal
from types import CodeType

Code = bytes | str
"""Python as a job has it: compiled, as marshal writes it, or text that a solution's own process is to compile."""


def packed(source: str, name: str) -> bytes:
    """Compiled source, as marshal writes it. Raises SyntaxError and what else `compile` raises."""
    return marshal.dumps(compile(source, name, "exec", dont_inherit=True))


def unpacked(code: Code, name: str) -> CodeType:
    """What can be executed, in the process that the job is for. Raises for text what `compile` raises."""
    return marshal.loads(code) if isinstance(code, bytes) else compile(code, name, "exec", dont_inherit=True)
