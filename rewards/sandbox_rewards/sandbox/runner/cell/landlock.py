"""Cells without namespaces, for unprivileged pods: Landlock, a system-call filter and rlimits.

What is covered: the solution reads system directories and one empty folder of its own, and writes only there; no
/proc; it starts no process, opens no socket and signals nobody but itself, so it can reach neither the judge nor
the trainer, and ends whole when its one process is killed. What is not: it shares uid, pid and network namespace
with the judge (which is not dumpable, so its memory stays closed), the space of its folder is bounded by file size
and number only, and programs that need a second process (subprocess, multiprocessing) fail.
"""

from __future__ import annotations

import ctypes
import os
import struct

from . import seccomp
from .leftovers import empty
from .namespaces import PR_SET_NO_NEW_PRIVS, drop_capabilities, prctl

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All file-system rights that each version of Landlock knows; later versions add none that matter here."""
_NETWORK = 0b11
_SCOPES = 0b11
"""Abstract sockets and signals to outside (from version 6 on)."""

_libc = ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"landlock: {os.strerror(code)}")
    return result


def version() -> int:
    """Of Landlock in this kernel; raises OSError where there is none."""
    return _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))


class LandlockCells:
    """Where solutions run when the machine grants no namespace.

    `folder`: made here, and theirs alone; `readable`: directories and
    files that a solution may read and execute; `hidden`: paths below them that it may not.
    """

    def __init__(self, folder: str, readable: list[str], hidden: list[str]) -> None:
        found = version()
        rights = _RIGHTS[min(found, 5)]
        self._file_rights = rights & (_EXECUTE | _WRITE_FILE | _READ_FILE | (rights & (1 << 14)))
        self._rights = rights
        self._network, self._scopes = (_NETWORK if found >= 4 else 0), (_SCOPES if found >= 6 else 0)
        self._filter = seccomp.Filter(alone=True)
        self._folder = folder
        os.mkdir(self._folder, 0o700)
        self._ruleset = self._rules([part for path in readable for part in _without(path, hidden)])

    def before_fork(self) -> None:
        """Nothing: rules and folder are the same for all, and a solution can set no mode, owner or attribute of the folder."""

    def after_fork(self) -> None:
        """Nothing: the fork needs no namespace of its own."""

    def enter(self) -> None:
        """From fork to confined."""
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        os.environ.update(TMPDIR=self._folder, HOME=self._folder)
        os.chdir(self._folder)
        drop_capabilities()
        _call(_RESTRICT_SELF, ctypes.c_int(self._ruleset), ctypes.c_uint32(0))
        self._filter.install()

    def sweep(self) -> None:
        """Remove what the dead solution left. Its one process is gone, so nobody can swap a path meanwhile."""
        empty(self._folder)

    def processes(self, first: int) -> list[int]:
        """None to add up: a solution is one process here, held by its address-space limit."""
        return []

    def _rules(self, readable: list[str]) -> int:
        """A descriptor of what solutions may reach."""
        attributes = struct.pack("QQQ", self._rights, self._network, self._scopes)
        size = 24 if self._scopes else 16 if self._network else 8
        ruleset = _call(_CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
        for path in readable:
            self._allow(ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"):
            self._allow(ruleset, path, _READ_FILE | _WRITE_FILE)
        self._allow(ruleset, self._folder, self._rights)
        return ruleset

    def _allow(self, ruleset: int, path: str, rights: int) -> None:
        try:
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError):  # what we can't open, the solution can't either
            return
        try:
            allowed = rights if os.path.isdir(path) else rights & self._file_rights
            rule = struct.pack("=Qi", allowed & self._rights, handle)
            _call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.c_char_p(rule), ctypes.c_uint32(0))
        finally:
            os.close(handle)


def _without(path: str, hidden: list[str]) -> list[str]:
    """`path`, taken apart as far as needed to leave out everything `hidden`."""
    if path in hidden:
        return []
    if not any(h.startswith(path.rstrip("/") + "/") for h in hidden):
        return [path]
    return [part for name in sorted(os.listdir(path)) for part in _without(os.path.join(path, name), hidden)]
