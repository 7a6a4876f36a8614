"""Honest programs that do notice the sealing today, by name. A list to shorten: a name goes when its program passes.

Some would have the judge evaluate an answer's text. Most need the very process of the test (its files, environment, standard
input, random state, patches), or a class or function of the test or the library itself on the other side of the channel.
"""

from __future__ import annotations

EVERYWHERE = frozenset({
    "async: a coroutine driven by hand",
    "classes: TypedDict and Literal",
    "classes: metaclass registry and __init_subclass__",
    "classes: pickled and back by the test",
    "classes: protocols at run time",
    "data: functions of the standard library as values",
    "data: tuples nested 600 deep, as a Lisp list",
    "exceptions: builtin types with their text",
    "module: found by eval, globals and getattr of names in text",
    "module: the test replaces a function that the solution calls",
    "pytest: logging through caplog",
    "pytest: tmp_path and files",
    "tests: doctests of the solution are run by the test",
    "tests: enums of the test go in and come out",
    "tests: environment and files made by the test for the solution",
    "tests: files written by the solution are read by the test",
    "tests: prints on every way to standard output",
    "tests: the decimal context of the test counts",
    "tests: the solution captures its own prints",
})

ONE_PROCESS = frozenset({
    "exceptions: OSError with its number and file",
    "library: an open file is given to the test",
    "library: fork and wait",
    "library: multiprocessing with a queue and a pool",
    "library: process pools",
    "library: subprocesses of python and sh",
    "stdio: a child of sh reads the same input",
    "stdio: a subprocess writes to the same output",
    "stdio: process pool",
})
"""What the level without namespaces does not allow on top: a second process, sockets, files outside its folder."""

KNOWN_LIMITS = {"docker": EVERYWHERE, "namespaces": EVERYWHERE, "landlock": EVERYWHERE | ONE_PROCESS}
