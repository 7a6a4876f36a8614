"""A system-call filter that no solution can leave.

With namespaces the zygote puts it on itself once and every solution inherits it, which costs a fork nothing: it
still lets through the few namespaces and mounts that the zygote makes, and a solution has no capability to make any.
Without namespaces (`alone`) each solution puts it on itself: no new process, no socket, no signal to anybody else.

What is covered: calls that reach other processes' memory, kernel keyrings, SysV and POSIX message queues, memory
files without a limit, new namespaces and mounts, BPF, io_uring, perf, userfaultfd, modules, clocks and rare socket
families. What is not: bugs in the calls that ordinary programs need.

A refused call returns EPERM (ENOSYS for those that the C library replaces by an older one), so honest programs get
an ordinary error; a call of a foreign architecture (32-bit, x32) ends the process.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

# (x86_64, aarch64); None where the architecture lacks the call
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188),
    "msgctl": (71, 187), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "sethostname": (170, 161), "setdomainname": (171, 162),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
    "syslog": (103, 116), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None), "personality": (135, 92),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262), "vhangup": (153, 58),
    "lookup_dcookie": (212, 18), "uselib": (134, None), "ustat": (136, None), "sysfs": (139, None), "nfsservctl": (180, 42),
    "move_pages": (279, 239), "migrate_pages": (256, 238),
}  # fmt: skip
_ABSENT: dict[str, tuple[int | None, int | None]] = {
    "clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
}  # fmt: skip
_CLONE, _SOCKET, _SOCKETPAIR = (56, 220), (41, 198), (53, 199)
_UNSHARE = (272, 97)
_NEW_NAMESPACE = 0x7E020080
"""Every CLONE_NEW* flag."""
_OF_ZYGOTE = 0x20000000 | 0x00020000 | 0x08000000
"""The namespaces that the zygote makes: pid, mount, ipc. All of them ask for a capability; a user namespace would not."""
_CLONE_THREAD = 0x00010000
_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6: of which the sandbox's own network has nobody to reach."""
_ALONE: dict[str, tuple[int | None, int | None]] = {
    "mount": (165, 40), "umount2": (166, 39), "unshare": _UNSHARE, "setns": (308, 268), "fork": (57, None),
    "vfork": (58, None), "socket": _SOCKET,
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "sched_setaffinity": (203, 122), "setpriority": (141, 140),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274), "ioprio_set": (251, 30),
}  # fmt: skip
_SIGNALS: dict[str, tuple[int | None, int | None]] = {
    "kill": (62, 129), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
}  # fmt: skip
_TKILL = (200, 130)
_IGNORED: dict[str, tuple[int | None, int | None]] = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None),
    "futimesat": (261, None), "utimensat": (280, 88),
}  # fmt: skip
_UNSUPPORTED: dict[str, tuple[int | None, int | None]] = {
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "removexattrat": (466, 466), "file_setattr": (469, 469),
}  # fmt: skip
_OF_PATHS: dict[str, tuple[int | None, int | None]] = {"truncate": (76, 45)}
"""Landlock lets them through to every file that the user owns, the last one before its third version."""
_OPENAT2, _OPEN, _OPENAT = (437, 437), (2, None), (257, 56)
_O_ACCMODE, _O_TRUNC = 0o3, 0o1000
_PRLIMIT = (302, 261)

_LOAD, _EQUAL, _ANY_BIT, _RETURN, _AT_LEAST, _AND = 0x20, 0x15, 0x45, 0x06, 0x35, 0x54
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
"""Offsets in the kernel's seccomp_data: of the call, the architecture, the low half of the first three arguments."""

PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


Instruction = tuple[int, int, int, int]
"""Classic BPF: code, jump if true, jump if false, constant."""
_INSTRUCTION = "HBBI"


class Filter:
    """A filter for this machine, made once; `install` puts it on the calling process for good.

    `alone`: also refuse new processes, sockets, signals to anybody but the process itself, and what changes a file through
    its path or without having it open for writing: modes, owners and times stay as they are without a word.
    """

    def __init__(self, *, alone: bool) -> None:
        machine = os.uname().machine
        if machine not in _ARCHITECTURES:
            raise OSError(errno.ENOSYS, f"no system-call filter for {machine}")
        self._column = 0 if machine == "x86_64" else 1
        self._architecture = _ARCHITECTURES[machine]
        self._alone = alone
        self._rules = _packed(self._common())

    def install(self) -> None:
        """Filter this process. Needs no_new_privs. Raises OSError where the kernel refuses."""
        code = self._rules + _packed([*(self._own_process() if self._alone else []), _give(_ALLOW)])
        buffer = ctypes.create_string_buffer(code, len(code))
        program = _Program(len(code) // struct.calcsize(_INSTRUCTION), ctypes.cast(buffer, ctypes.c_void_p))
        if _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "seccomp filter refused")

    def _common(self) -> list[Instruction]:
        code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, self._architecture), _give(_KILL), (_LOAD, 0, 0, _NUMBER)]
        if self._column == 0:
            code += [(_AT_LEAST, 0, 1, _X32_BIT), _give(_KILL)]
        refused = {**_REFUSED, **(_ALONE if self._alone else {})}
        code += self._all(refused, errno.EPERM) + self._all(_ABSENT, errno.ENOSYS)
        code += self._when(_CLONE, _FIRST, [(_ANY_BIT, 0, 1, _NEW_NAMESPACE), _refuse(errno.EPERM)])
        code += self._when(_UNSHARE, _FIRST, [(_ANY_BIT, 0, 1, _NEW_NAMESPACE & ~_OF_ZYGOTE), _refuse(errno.EPERM)])
        if self._alone:
            code += self._when(_CLONE, _FIRST, [(_ANY_BIT, 1, 0, _CLONE_THREAD), _refuse(errno.EPERM)])
            code += self._files()
        families: list[Instruction] = []
        for left, family in enumerate(reversed(_FAMILIES)):
            families.insert(0, (_EQUAL, left + 1, 0, family))
        code += self._when(_SOCKET, _FIRST, [*families, _refuse(errno.EPERM)])
        return code + self._when(_SOCKETPAIR, _FIRST, [(_EQUAL, 1, 0, 1), _refuse(errno.EPERM)])

    def _files(self) -> list[Instruction]:
        """What Landlock leaves to the owner of a file, wherever it is."""
        code = self._all(_IGNORED, 0) + self._all(_UNSUPPORTED, errno.ENOTSUP) + self._all(_OF_PATHS, errno.EPERM)
        code += self._all({"openat2": _OPENAT2}, errno.ENOSYS)  # its flags are in memory, where no filter looks
        cutting = [(_AND, 0, 0, _O_TRUNC | _O_ACCMODE), (_EQUAL, 0, 1, _O_TRUNC), _refuse(errno.EPERM)]
        return code + self._when(_OPEN, _SECOND, cutting) + self._when(_OPENAT, _THIRD, cutting)

    def _own_process(self) -> list[Instruction]:
        """Signals and limits: for itself only. Its pid is known when the filter is installed."""
        code: list[Instruction] = []
        only_self = [(_EQUAL, 1, 0, os.getpid()), _refuse(errno.EPERM)]
        for numbers in _SIGNALS.values():
            code += self._when(numbers, _FIRST, only_self)
        self_or_zero = [(_EQUAL, 2, 0, 0), (_EQUAL, 1, 0, os.getpid()), _refuse(errno.EPERM)]
        code += self._when(_PRLIMIT, _FIRST, self_or_zero)
        return code + self._all({"tkill": _TKILL}, errno.EPERM)

    def _all(self, calls: dict[str, tuple[int | None, int | None]], number: int) -> list[Instruction]:
        wanted = [n for pair in calls.values() if (n := pair[self._column]) is not None]
        return [i for call in wanted for i in ((_EQUAL, 0, 1, call), _refuse(number))]

    def _when(self, numbers: tuple[int | None, int | None], offset: int, body: list[Instruction]) -> list[Instruction]:
        """`body` on an argument of one call; the call's number is loaded again behind it."""
        call = numbers[self._column]
        if call is None:
            return []
        inner = [(_LOAD, 0, 0, offset), *body, (_LOAD, 0, 0, _NUMBER)]
        return [(_EQUAL, 0, len(inner), call), *inner]


def _packed(code: list[Instruction]) -> bytes:
    return b"".join(struct.pack(_INSTRUCTION, *instruction) for instruction in code)


def _give(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _refuse(number: int) -> Instruction:
    return _give(_ERRNO | number)
