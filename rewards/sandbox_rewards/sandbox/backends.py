"""Backends: ways to start a box. Each opens workers that pass the same conformance suite.

What is covered: a backend (but `open`) is chosen only when a correct answer passed in it (`probe`), and none isolates less than
its name says: a box that can't be made does not start. What each is made of is in `COVERS`; what it leaves open, beside the
kernel that all share with the host, in `LEAVES_OPEN`.
What is not: the docker daemon, the image and whoever may start either: they are trusted.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import sandbox_tasks

from sandbox_rewards.errors import RewardError
from sandbox_rewards.sandbox.runner.wire.channel import Channel
from sandbox_rewards.sandbox.runner.wire.languages import LANGUAGES
from sandbox_rewards.sandbox.worker import BOOTSTRAP, ENVIRONMENT, KEPT_STDERR, ProcessConnection, Worker, WorkerLost

if TYPE_CHECKING:
    import docker

IMAGE = "sandbox-rl-runner"
"""The sandbox image; `make image` builds it from docker/Dockerfile."""
LABEL, HOST_LABEL = "sandbox-rl", "sandbox-rl.host"
"""Of a container: the pid of the process that it works for, and where that number means this process."""
DOCKER_PATIENCE_S = 30
"""Seconds that the docker daemon gets to answer a request."""

COVERS = {
    "docker": "a container without network, in it a cell of namespaces for each answer; memory and processes bounded together",
    "namespaces": "namespaces of its own for each answer, no network; memory and CPU time bounded for each answer",
    "landlock": "Landlock, a system-call filter and rlimits; an answer is one process, so none in C, C++ or Bash",
}
"""What each backend is made of, in a line."""
LEAVES_OPEN = {
    "landlock": (
        "landlock gives an answer no uid, pid or network namespace of its own, bounds what it writes to disk only by each "
        "file's size, and refuses answers that start processes."
    ),
    "open": (
        "without isolation an answer can do whatever you can: read and change your files, use the network, signal your "
        "processes and leave some behind."
    ),
}
"""What a backend does not cover that stronger ones do, in a sentence."""

ONE_PROCESS = frozenset({"landlock"})
"""Backends in which an answer can't start a second process."""


class SandboxUnavailable(RewardError):
    """No isolation of the wanted kind can be had on this machine."""


class Backend(Protocol):
    name: str

    def open_worker(self, number: int) -> Worker:
        """A started worker; raises `WorkerLost` when that fails."""
        ...

    def fingerprint(self) -> str:
        """Of the interpreter and image that answers run in: where it differs, verdicts may differ."""
        ...


class LocalBackend:
    """Boxes on this machine, without a container engine.

    `level` is `namespaces` (as root, or as an ordinary user where user namespaces are allowed), `landlock` (where none
    are to be had; see `runner/landlock.py` for what that leaves open) or `open` (no isolation).
    """

    def __init__(self, level: str) -> None:
        self.name = level

    def open_worker(self, number: int) -> Worker:
        python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
        if not python.exists():
            python = Path(sys.base_prefix, "bin", "python3")
        home = None
        try:
            if self.name != "namespaces":  # a box of namespaces has a /tmp of its own
                home = tempfile.mkdtemp(prefix="sandbox-rl-")
            connection = ProcessConnection([str(python), "-I", "-S", "-B", "-c", BOOTSTRAP], home)
        except OSError as error:
            if home:
                os.rmdir(home)
            raise WorkerLost(f"a process could not be started: {error}") from None
        return Worker(connection, box_settings(self.name, number, home or "/tmp"))

    def fingerprint(self) -> str:
        return f"{self.name}, Python {sys.version}"


def box_settings(level: str, number: int, home: str) -> dict[str, Any]:
    """What `runner.main` is started with."""
    readable = readable_paths() if level != "container" else []
    return {
        "level": level, "solution_uid": solution_uid(number), "home": home, "readable": readable,
        "hidden": [str(Path(sandbox_tasks.__file__).parent)],
    }  # fmt: skip


def solution_uid(number: int) -> int:
    """A uid that no other worker on this machine is likely to have: the kernel counts processes by uid."""
    return 40_000 + (os.getpid() * 64 + number) % 20_000


def readable_paths() -> list[str]:
    """What a Python needs of the host, outermost first."""
    system = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives"]
    kept: list[str] = []
    for path in [*system, sys.base_prefix, os.path.realpath(sys.base_prefix)]:
        if os.path.lexists(path) and not any(path == k or path.startswith(k + "/") for k in kept):
            kept.append(path)
    return kept


class DockerBackend:
    """Warm containers: no network, read-only root, one set of capabilities that only the zygote holds.

    `memory_mb` bounds a whole container; `runtime` names another OCI runtime, such as `runsc` for gVisor.
    """

    name = "docker"

    def __init__(self, image: str = IMAGE, memory_mb: int = 4096, runtime: str | None = None) -> None:
        self.image = image
        self.memory_mb = memory_mb
        self.runtime = runtime

    def open_worker(self, number: int) -> Worker:
        import docker

        client = self._client()
        try:
            _remove_forsaken(client)
            connection = ContainerConnection(client, self.image, self.memory_mb, self.runtime)
        except (docker.errors.DockerException, OSError) as error:
            client.close()
            raise WorkerLost(f"docker could not start a container: {error}") from None
        return Worker(connection, box_settings("container", number, "/tmp"))

    def fingerprint(self) -> str:
        """The image's content, not its name: a rebuilt image may hold another Python."""
        import docker

        client = self._client()
        try:
            return f"docker {client.images.get(self.image).id}, runtime {self.runtime}"
        except (docker.errors.DockerException, OSError) as error:
            raise WorkerLost(f"docker does not tell about its image {self.image}: {error}") from None
        finally:
            client.close()

    def _client(self) -> docker.DockerClient:
        import docker

        try:
            return docker.from_env(timeout=DOCKER_PATIENCE_S)
        except (docker.errors.DockerException, OSError) as error:
            raise WorkerLost(f"docker cannot be reached: {error}") from None


class ContainerConnection:
    """A box that is a container; its multiplexed attach stream is taken apart by a thread."""

    def __init__(self, client: docker.DockerClient, image: str, memory_mb: int, runtime: str | None) -> None:
        self._client = client
        self._container = client.containers.create(
            image,
            ["python3", "-I", "-S", "-B", "-c", BOOTSTRAP],
            entrypoint=[],
            environment=ENVIRONMENT,
            user="0:0",
            working_dir="/",
            stdin_open=True,
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": "size=64m,mode=1777"},
            cap_drop=["ALL"],
            # for the zygote: namespaces, uids, ending what it started; every solution has none of them
            cap_add=["SYS_ADMIN", "SETUID", "SETGID", "SETPCAP", "KILL"],
            security_opt=["no-new-privileges", "apparmor=unconfined"],
            pids_limit=256,
            mem_limit=f"{memory_mb}m",
            memswap_limit=f"{memory_mb}m",
            auto_remove=True,
            runtime=runtime,
            labels={LABEL: str(os.getpid()), HOST_LABEL: _host()},
        )
        try:
            attached = client.api.attach_socket(
                str(self._container.id), params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            self._socket: socket.socket = getattr(attached, "_sock", attached)
            self._attached = attached
            self._container.start()
        except BaseException:
            self._container.remove(force=True)
            raise
        self._stderr = bytearray()
        read_end, self._write_end = os.pipe()
        self.channel = Channel(read_end, self._socket.fileno())
        self._reader = threading.Thread(target=self._take_apart, daemon=True)
        self._reader.start()

    def _take_apart(self) -> None:
        """Docker's stream: 1 byte which stream, 3 zero bytes, 4 bytes of length, then the content."""
        try:
            while header := self._exactly(8):
                stream, size = struct.unpack(">BxxxI", header)
                content = self._exactly(size)
                if stream == 1:
                    _write_all(self._write_end, content)
                else:
                    self._stderr += content
                    del self._stderr[:-KEPT_STDERR]
        except OSError:
            pass  # closed from our side, or the daemon is gone: the pipe's end tells the reader
        finally:
            os.close(self._write_end)

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            more = self._socket.recv(size - len(content))
            if not more:
                return b""
            content += more
        return content

    def kill(self) -> None:
        import docker

        with contextlib.suppress(docker.errors.DockerException, OSError):
            self._container.kill()

    def tidy(self) -> None:
        """Nothing: its text is cut as it comes."""

    def close(self) -> str:
        import docker

        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(docker.errors.DockerException, OSError):  # auto_remove may have been first
            self._container.remove(force=True)
        self._reader.join(timeout=5)
        os.close(self.channel.read_fd)
        self._attached._response.close()  # before its socket: collected after it, a response of Python 3.13 complains
        self._attached.close()
        self._socket.close()
        self._client.close()
        return self._stderr.decode(errors="replace")


def _host() -> str:
    """This machine since it was started, and the pid namespace we are in."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + " " + os.readlink("/proc/self/ns/pid")


def _remove_forsaken(client: docker.DockerClient) -> None:
    """Remove containers of processes that were killed between making and starting one: nothing else ever ends these."""
    import docker

    for container in client.containers.list(all=True, sparse=True, filters={"label": f"{HOST_LABEL}={_host()}"}):
        if not os.path.exists(f"/proc/{container.attrs['Labels'][LABEL]}"):
            with contextlib.suppress(docker.errors.APIError):  # another process does the same, or it ends by itself
                container.remove(force=True)


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


BACKENDS: dict[str, Callable[[], Backend]] = {
    "docker": DockerBackend,
    "namespaces": lambda: LocalBackend("namespaces"),
    "landlock": lambda: LocalBackend("landlock"),
}
"""Strongest first: the order in which `auto` tries them."""
LOCAL = ("namespaces", "landlock")
"""Those that `local` tries: they need no container engine."""


def probe(name: str, runtime: str | None = None) -> str | None:
    """None when backend `name` works here, else why not. Opens a worker and lets it judge one answer."""
    job: dict[str, Any] = {"code": "def f(x):\n    return x + 1\n", "spec": {
        "style": "asserts", "tests": ["assert f(1) == 2"], "cases": [], "setup": "", "prelude": "", "entry_point": "f",
        "checker": "tokens", "time_limit_s": 10, "memory_limit_mb": 512,
    }}  # fmt: skip
    try:
        worker = _made(name, runtime).open_worker(0)
        try:
            outcome = worker.run(job, 10)
        finally:
            worker.close()
    except WorkerLost as error:
        return str(error)
    return None if outcome["verdict"] == "passed" else f"a correct answer was judged {outcome['verdict']}: {outcome['detail']}"


def require_language(backend: str, language: str, task_id: str) -> None:
    """Raise `SandboxUnavailable` where answers in a language can't run in a backend, whatever tools there are."""
    if backend in ONE_PROCESS and language in LANGUAGES and LANGUAGES[language].forks:
        raise SandboxUnavailable(
            f"task {task_id!r} asks for answers in {language!r}, which need several processes, but sandbox {backend} gives an "
            "answer one; grade on a machine where docker or namespaces work (`sandbox-rl doctor` says), or leave such tasks out."
        )


def choose_backend(name: str, runtime: str | None = None) -> Backend:
    """The named backend, or for `auto` and `local` the strongest that works here. Raises `SandboxUnavailable`.

    `runtime` is docker's OCI runtime, and asks for docker. `open` isolates nothing and is never chosen for anybody: it has
    to be named.
    """
    if runtime and name not in ("auto", "docker"):
        raise SandboxUnavailable(f"runtime {runtime!r} is one of docker's, but sandbox {name!r} was asked for; leave one out.")
    if name == "open":
        return LocalBackend("open")
    candidates = ("docker",) if runtime else {"auto": tuple(BACKENDS), "local": LOCAL}.get(name, (name,))
    reasons = {}
    for candidate in candidates:
        reason = probe(candidate, runtime)
        if reason is None:
            return _made(candidate, runtime)
        reasons[candidate] = reason.strip().rstrip(".")
    several = len(candidates) > 1
    said = "; ".join(f"{backend}: {reason}" if several else reason for backend, reason in reasons.items())
    fact = "no sandbox works here" if several else f"sandbox {candidates[0]!r} does not work here"
    raise SandboxUnavailable(
        f"{fact} ({said}); install docker and run `make image`, run where namespaces or Landlock are "
        "allowed, or accept that answers can do whatever you can with --unsafe-no-isolation."
    )


def _made(name: str, runtime: str | None) -> Backend:
    return DockerBackend(runtime=runtime) if name == "docker" else BACKENDS[name]()
