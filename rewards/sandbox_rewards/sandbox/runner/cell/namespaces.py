"""Linux namespaces through libc: the box around everything, and the cell around each solution.

What is covered: the box sees no network, no process, no IPC object and no file of the host but the system
directories it needs, read-only; each solution sees none of the box's processes and starts with an empty /tmp
and /dev/shm. What is not: the host's kernel is shared, and CPU and total memory are bounded by rlimits only
(by the container's limits under docker).
"""

from __future__ import annotations

import ctypes
import os
import signal

from . import seccomp

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPSET = {"x86_64": 126, "aarch64": 91}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


_unshare, _setns, _mount, _prctl, _syscall = _libc.unshare, _libc.setns, _libc.mount, _libc.prctl, _libc.syscall
"""Looked up once: in a forked child all that is new, or touched for the first time, costs a page fault."""


def unshare(flags: int) -> None:
    _check(_unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _mount_here(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())


def _mount_here(source: bytes, target: bytes, kind: bytes, flags: ctypes.c_ulong, options: bytes) -> None:
    if _mount(source, target, kind, flags, options) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target.decode()}: {os.strerror(number)}")


def prctl(option: int, value: int) -> None:
    _check(_prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


class NamespaceCells:
    """Where solutions run: each in pid, mount and IPC namespaces of its own, below the box that holds them all.

    `solution_uid` is None when only one uid is mapped (an ordinary user's namespace): the solution keeps it, without
    capabilities, and the other processes of the box are out of its pid namespace.
    """

    def __init__(self, solution_uid: int | None) -> None:
        self._uid = solution_uid
        self._shm_is_tmp = os.path.islink("/dev/shm")
        for capability in range(64):
            if _prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
                break
        mount("none", "/", "", MS_REC | MS_PRIVATE)
        if os.path.isdir("/dev/mqueue"):  # a container's; names in it would outlive a solution
            mount("tmpfs", "/dev/mqueue", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k")
        self._own_pid_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        seccomp.Filter(alone=False).install()

    def before_fork(self) -> None:
        unshare(CLONE_NEWPID)

    def after_fork(self) -> None:
        _check(_setns(self._own_pid_namespace, CLONE_NEWPID), "setns")

    def enter(self) -> None:
        """From fork to unprivileged: own mounts and IPC objects, an empty /tmp, a /proc of its own pids, no capability."""
        unshare(CLONE_NEWNS | CLONE_NEWIPC)
        _mount_here(b"proc", b"/proc", b"proc", _PROC_FLAGS, b"")
        _mount_here(b"tmpfs", b"/tmp", b"tmpfs", _TMP_FLAGS, b"mode=1777,size=64m,nr_inodes=4096")
        if not self._shm_is_tmp:
            _mount_here(b"/tmp", b"/dev/shm", b"", _BIND_FLAGS, b"")
        os.chdir("/tmp")
        if self._uid is not None:
            become(self._uid)
        drop_capabilities()
        prctl(PR_SET_DUMPABLE, 1)  # so that its own /proc/self belongs to it, as programs expect

    def sweep(self) -> None:
        """Nothing: what a solution leaves goes with its namespaces."""

    def processes(self, first: int) -> list[int]:
        """Pids, as seen from the box, of a cell's first process and of all others in it: whose parent ends becomes its child."""
        children: dict[int, list[int]] = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            children.setdefault(_parent(name), []).append(int(name))
        found = [first]
        for pid in found:
            found += children.get(pid, [])
        return found


def _parent(pid: str) -> int:
    """Pid of the process that started one, 0 where it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def become(uid: int) -> None:
    """Drop to an ordinary user and group of that number, for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()
_CAPSET_NUMBER = _CAPSET.get(os.uname().machine, 0)
_PROC_FLAGS = ctypes.c_ulong(MS_NOSUID | MS_NODEV | MS_NOEXEC)
_TMP_FLAGS = ctypes.c_ulong(MS_NOSUID | MS_NODEV)
_BIND_FLAGS = ctypes.c_ulong(MS_BIND)


def drop_capabilities() -> None:
    _check(_syscall(_CAPSET_NUMBER, _CAPABILITY_HEADER, _NO_CAPABILITIES), "capset")


def build_box(readable: list[str], hidden: list[str]) -> bool:
    """Put this process and its children into a box that shows `readable` without `hidden`.

    True when more than one uid is available inside. Returns in the box's first process; the caller's process stays
    outside only to wait for it.
    """
    as_root = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
    unshare(flags if as_root else flags | CLONE_NEWUSER)
    if not as_root:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
    child = os.fork()
    if child:
        for fd in (0, 1):
            os.close(fd)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 255)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _new_root(readable, hidden)
    return as_root


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _new_root(readable: list[str], hidden: list[str]) -> None:
    """A root of read-only binds on an empty tmpfs; the old root is out of reach when this returns."""
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    root = "/sys"  # exists everywhere and is of no use inside
    mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=755,size=1m")
    for path in readable:
        _bind_read_only(path, root + path)
    for path in hidden:
        if os.path.isdir(root + path):
            mount("tmpfs", root + path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=4k")
    for name in ("dev", "proc", "tmp", "old", "etc"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    for name in ("null", "zero", "full", "random", "urandom"):
        _bind_device(f"/dev/{name}", f"{root}/dev/{name}")
    os.symlink("/tmp", f"{root}/dev/shm")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    _write(f"{root}/etc/passwd", "root:x:0:0:root:/tmp:/bin/sh\n")
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(root)
    _check(_syscall(_PIVOT_ROOT[os.uname().machine], b".", b"old"), "pivot_root")
    os.chdir("/")
    _check(_libc.umount2(b"/old", MNT_DETACH), "umount")
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=16m")  # the judge's
    mount("none", "/", "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID)


def _bind_read_only(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        _write(target, "")
    mount(source, target, "", MS_BIND | MS_REC)
    locked = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("none", target, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | locked)


def _bind_device(source: str, target: str) -> None:
    _write(target, "")
    mount(source, target, "", MS_BIND)
