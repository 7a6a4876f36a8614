"""Programs that are not Python: compiled and started in a solution's process, by the tools that the image has.

`carry_out` runs in the untrusted process, after it lost its privileges and before a line of the answer ran there, so what
it tells the judge on the channel is still ours: `{"missing": why}` is our machinery's fault. Starting a program closes the
channel.

What is covered: the compiler reads the answer in a sandbox of its own, under limits of its own, and what comes out is to the
judge a string of bounded size, which it hands on and never opens. What is not: a compiler that is broken into can send
another program, which is as sealed off as any.
"""

from __future__ import annotations

import binascii
import os
import re
import resource
import signal
from typing import Any

from ..wire.channel import Channel
from ..wire.languages import LANGUAGES, Language

LARGEST_BINARY = 16 * 2**20
"""Bytes."""
STACK = 64 * 2**20
"""Bytes of stack of a program's first thread, and (as the C library takes it over) of address space for each other one."""
_MESSAGES_READ = 1 << 16


def carry_out(channel: Channel, job: dict[str, Any]) -> None:
    """Compile, or become the program; returns only where that fails or there is nothing to run."""
    name, language = job["language"], LANGUAGES[job["language"]]
    import tempfile  # here: what is imported before the fork makes each fork dearer

    os.chdir(tempfile.mkdtemp(prefix="program-"))
    if language.proof and not job["compile"]:
        _write("program", binascii.a2b_base64(job["code"]), executable=True)
        _become(channel, "./program", ["program"])
        return
    tool = _found(language.tool)
    if tool is None:
        missing = f"language {name!r} needs {language.tool[0]}, which this sandbox lacks; install it in the image"
        channel.send({"missing": missing})
    elif language.forks and not _may_fork():
        channel.send({"missing": f"language {name!r} needs several processes, and this sandbox allows a solution one"})
    elif job["compile"]:
        channel.send(_compiled(tool, language, job["code"], prove=job["prove"]))
    else:
        file = "solution.mjs" if name == "javascript" and _ES_MODULE.search(job["code"]) else language.file
        _write(file, job["code"].encode(errors="replace"))
        options = (f"--max-old-space-size={job['limits']['memory_mb']}",) if name == "javascript" else language.options
        _become(channel, tool, [os.path.basename(tool), *options, file])


_ES_MODULE = re.compile(r"^\s*(import\s+[\w{*'\"]|export\s)", re.MULTILINE)
"""What only a module of ECMAScript has; node tells the two kinds apart by a file's name."""


def _found(names: tuple[str, ...]) -> str | None:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return next((p for name in names for f in folders if os.access(p := os.path.join(f, name), os.X_OK)), None)


def _may_fork() -> bool:
    try:
        pid = os.fork()
    except PermissionError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _write(name: str, content: bytes, *, executable: bool = False) -> None:
    with open(name, "wb") as file:
        file.write(content)
    if executable:
        os.chmod(name, 0o755)


def _become(channel: Channel, path: str, arguments: list[str]) -> None:
    """Replace this process by a program; its signals are those that every program starts with."""
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    soft = resource.getrlimit(resource.RLIMIT_STACK)[0]
    if soft == resource.RLIM_INFINITY or soft > STACK:
        resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))
    try:
        os.execve(path, arguments, {**os.environ, **_ENVIRONMENT})
    except PermissionError as error:
        channel.send({"missing": f"{path} could not be started: {error.strerror}"})


_ENVIRONMENT = {"OPENSSL_CONF": "/dev/null"}
"""node ends where it may not read the system's settings of OpenSSL, as under Landlock."""


def _compiled(tool: str, language: Language, source: str, *, prove: bool) -> dict[str, Any]:
    """`{"binary": base64}`, `{"error": line}`, or `{"missing": why}` where not even a proof of the toolchain compiles."""
    problem = _compile(tool, language, source)
    if problem is None:
        if os.stat("program").st_size > LARGEST_BINARY:
            return {"error": f"the compiled program is larger than {LARGEST_BINARY} bytes"}
        with open("program", "rb") as file:
            return {"binary": binascii.b2a_base64(file.read(), newline=False).decode()}
    if prove and (fault := _compile(tool, language, language.proof)) is not None:
        return {"missing": f"{os.path.basename(tool)} of this sandbox compiles nothing: {fault}; install all of its toolchain"}
    return {"error": problem, "proven": prove}


def _compile(tool: str, language: Language, source: str) -> str | None:
    """None when `program` was made, else the compiler's first line about an error."""
    _write(language.file, source.encode(errors="replace"))
    arguments = [tool, *language.options, "-fmax-errors=3", "-o", "program", language.file, "-lm"]
    if "clang" in tool:
        arguments.remove("-fmax-errors=3")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawn(tool, arguments, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 2, "messages", flags, 0o600)])
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status == 0:
        return None
    with open("messages", "rb") as file:
        lines = file.read(_MESSAGES_READ).decode(errors="replace").splitlines()
    told = [line for line in lines if "error" in line.lower()] or [line for line in lines if line.strip()]
    return told[0][:300] if told else f"the compiler ended with status {status}"
