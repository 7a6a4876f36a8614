"""The languages of programs that are not Python: their tools, and what a task's limits mean for them."""

from __future__ import annotations

from typing import NamedTuple

COMPILE_S, COMPILE_MB = 20.0, 1024
"""Limits of one compilation: seconds of wall and of CPU time, and address space of each of the compiler's processes."""


class Language(NamedTuple):
    """How programs of one language are made and started."""

    tool: tuple[str, ...]
    """Names of the program that compiles or runs it, the first that is there is taken."""
    file: str
    options: tuple[str, ...] = ()
    proof: str = ""
    """What a whole toolchain compiles; only compiled languages have it."""
    forks: bool = False
    """Its tool or its programs need to start processes."""
    reserved_mb: int | None = 0
    """Address space that programs reserve beyond what they use, for the stacks of threads say; None: no limit would do, for
    V8 reserves all it may ever need. Where it is not 0 the zygote watches what a program really holds."""
    runtime_mb: int = 0
    """What the runtime itself holds before a program starts; not counted against the program."""


LANGUAGES = {
    "c": Language(
        ("gcc", "clang", "cc"), "solution.c", ("-O2", "-std=gnu17", "-w"),
        "#include <stdio.h>\nint main(void) { puts(\"\"); }\n", forks=True, reserved_mb=1024,
    ),
    "cpp": Language(
        ("g++", "clang++", "c++"), "solution.cpp", ("-O2", "-std=gnu++20", "-w"),
        "#include <iostream>\nint main() { std::cout << 1; }\n", forks=True, reserved_mb=1024,
    ),
    "javascript": Language(("node", "nodejs"), "solution.js", reserved_mb=None, runtime_mb=64),
    "bash": Language(("bash",), "solution.sh", forks=True),
}  # fmt: skip


def is_compiled(language: str) -> bool:
    return language in LANGUAGES and bool(LANGUAGES[language].proof)


class Memory(NamedTuple):
    """How a program is held to its memory, in MB."""

    address_space: int | None
    """Limit of one process, None for none."""
    held: int
    """Limit of what is watched."""
    watched: bool
    """Whether what it really holds is watched even of a single process."""


def memory(language: str, limit_mb: int) -> Memory:
    """What a limit of a task's means for programs of `language`."""
    if language not in LANGUAGES:
        return Memory(limit_mb, limit_mb, False)
    _, _, _, _, _, reserved, runtime = LANGUAGES[language]
    return Memory(None if reserved is None else limit_mb + reserved, limit_mb + runtime, reserved != 0)
