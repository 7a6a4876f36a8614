"""How fast is sealed grading, against the least that any such grading must do?

    make bench                                   everything below
    python benchmarks/grading.py --soak 100000   memory, descriptors and zombies over many grades

The yardstick is `fork + namespaces + wait` of a warm Python, on as many processes as there are cores: with the modules that
solutions import most, and the namespaces that seal an answer off (pid, mount, IPC and network). Beside it the leanest that
could be asked for: no asyncio (which the zygote leaves out too, for it makes every fork dearer), and no network namespace (all
answers of a box share one that holds no interface). For scale, `docker run` and `docker exec` of a Python that does nothing.
Ratios are of one run on one machine.
"""

from __future__ import annotations

import argparse
import ctypes
import inspect
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import BACKENDS, IMAGE, probe
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import Task

CORES = len(os.sched_getaffinity(0))
NEW_PID, NEW_MOUNT, NEW_IPC, NEW_NETWORK = 0x20000000, 0x00020000, 0x08000000, 0x40000000
SEALED = NEW_PID | NEW_MOUNT | NEW_IPC | NEW_NETWORK
MODULES = ("bisect", "collections", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "itertools", "json", "math",
           "operator", "random", "re", "statistics", "string", "typing")  # fmt: skip
YARDSTICKS = {
    "fork + namespaces + wait": (SEALED, ("asyncio", *MODULES)),
    "the leanest of its kind": (SEALED & ~NEW_NETWORK, MODULES),
}
"""Namespaces and modules of each."""
SEALS = ("data", "objects")
screen = Console()


def small_tasks(count: int, seal: str = "data") -> tuple[list[Task], list[str]]:
    """`count` gradings of MBPP tasks with three asserts, each with an answer of its own text."""
    suite = [under(seal, t) for t in load_suite("mbpp-mini").tasks if t.reference and len(t.rewards[0].tests) == 3]
    chosen = [suite[i % len(suite)] for i in range(count)]
    return chosen, [f"{task.reference}\n# variant {i}" for i, task in enumerate(chosen)]


def under(seal: str, task: Task) -> Task:
    """A task whose tests have that seal, whatever they need."""
    return task.model_copy(update={"rewards": tuple(spec.model_copy(update={"seal": seal}) for spec in task.rewards)})


def bare(count: int, flags: int, modules: tuple[str, ...]) -> float:
    """Seconds for `count` forks of a warm Python into new namespaces, each waited for."""
    for name in modules:
        __import__(name)
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY)
    started = time.perf_counter()
    for _ in range(count):
        if libc.unshare(0x20000000):
            raise OSError(ctypes.get_errno(), "unshare (run the benchmark as root)")
        pid = os.fork()
        if pid == 0:
            os._exit(0 if libc.unshare(flags & ~0x20000000) == 0 else 1)
        _, status = os.waitpid(pid, 0)
        assert status == 0
        libc.setns(own, 0x20000000)
    return time.perf_counter() - started


def bare_rate(count: int, flags: int, modules: tuple[str, ...]) -> float:
    """Bare forks a second on all cores at once, in interpreters that hold nothing but the warm modules and this file."""
    code = f"{_bare_source()}\nprint(bare({count // CORES}, {flags}, {modules}))"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(CORES)]
    seconds = [float(process.communicate()[0]) for process in running]
    return sum(count // CORES / s for s in seconds)


def _bare_source() -> str:
    return f"from __future__ import annotations\nimport ctypes, os, time\n{inspect.getsource(bare)}"


def grading_rate(backend: str, count: int, seal: str = "data") -> float:
    """Grades a second with a warm pool."""
    tasks, answers = small_tasks(count, seal)
    with Grader(backend) as grader:
        grader.grade(tasks[:32], answers[:32])
        started = time.perf_counter()
        grades = grader.grade(tasks, answers)
        seconds = time.perf_counter() - started
    wrong = [g for g in grades if g.reward != 1.0]
    if wrong:
        raise SystemExit(f"{len(wrong)} right answers were not passed, the first: {wrong[0]}")
    return count / seconds


def docker_rates(count: int) -> dict[str, float]:
    """`docker run` and `docker exec` of an empty Python, one after another."""
    name = f"sandbox-rl-bench-{os.getpid()}"
    subprocess.run(["docker", "run", "-d", "--rm", "--network", "none", "--name", name, IMAGE, "sleep", "600"],
                   check=True, capture_output=True)  # fmt: skip
    commands = {
        "docker run": ["docker", "run", "--rm", "--network", "none", IMAGE, "python3", "-c", "pass"],
        "docker exec": ["docker", "exec", name, "python3", "-c", "pass"],
    }
    rates = {}
    try:
        for what, command in commands.items():
            started = time.perf_counter()
            for _ in range(count):
                subprocess.run(command, check=True, capture_output=True)
            rates[what] = count / (time.perf_counter() - started)
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
    return rates


def bench(rounds: int, count: int) -> None:
    working = [name for name in BACKENDS if probe(name) is None]
    sealed = {f"{name}, seal {seal}": (name, seal) for name in working for seal in SEALS}
    rates: dict[str, list[float]] = {name: [] for name in (*YARDSTICKS, *sealed)}
    for _ in range(rounds):  # in turn, so that a machine that changes its pace changes it for all
        for name, (flags, modules) in YARDSTICKS.items():
            rates[name].append(bare_rate(count, flags, modules))
        for name, (backend, seal) in sealed.items():
            rates[name].append(grading_rate(backend, count, seal))
    title = f"{count} grades of 3 asserts, {CORES} cores"
    table = Table("what", "a second (median)", "of the first", "of the second", title=title)
    for name, found in rates.items():
        ratios = [statistics.median(f / b for f, b in zip(found, rates[yardstick], strict=True)) for yardstick in YARDSTICKS]
        table.add_row(name, f"{statistics.median(found):.0f}", *(f"{ratio:.2f}" for ratio in ratios))
    if "docker" in working:
        for name, rate in docker_rates(10).items():
            table.add_row(name, f"{rate:.1f}", *(f"{rate / statistics.median(rates[y]):.3f}" for y in YARDSTICKS))
    screen.print(table)
    for name in working:
        screen.print(f"{name}: 4,096 variants of one training step in {4096 / grading_rate(name, 4096):.1f} s")


def family(pid: int) -> list[int]:
    """A process and all below it (each thread has its own children)."""
    children = [p for task in Path(f"/proc/{pid}/task").glob("*/children") for p in task.read_text().split()]
    return [pid, *(below for child in children for below in family(int(child)))]


def resident_mb(pids: list[int]) -> dict[int, float]:
    return {p: int(Path(f"/proc/{p}/statm").read_text().split()[1]) * 4 / 1024 for p in pids if Path(f"/proc/{p}/statm").exists()}


def soak(backend: str, count: int) -> None:
    """Memory of this process and all boxes over `count` grades, in tenths."""
    tasks, answers = small_tasks(count // 10)
    with Grader(backend) as grader:
        for tenth in range(10):
            grades = grader.grade(tasks, [f"{a} {tenth}" for a in answers])
            assert all(g.reward == 1.0 for g in grades)
            del grades  # or those of two tenths would be here at once from the second on
            pids = family(os.getpid()) if backend != "docker" else [os.getpid(), *container_pids()]
            states = [Path(f"/proc/{p}/stat").read_text().rsplit(")")[-1].split()[0] for p in pids if Path(f"/proc/{p}").exists()]
            row = {"grades": (tenth + 1) * len(tasks), "resident_mb": {p: round(m, 1) for p, m in resident_mb(pids).items()},
                   "descriptors": len(os.listdir("/proc/self/fd")), "zombies": states.count("Z")}  # fmt: skip
            print(json.dumps(row), flush=True)


def container_pids() -> list[int]:
    """Pids of all processes of our containers."""
    listed = subprocess.run(["docker", "ps", "-q", "--filter", f"label=sandbox-rl={os.getpid()}"], capture_output=True, text=True)
    found = []
    for container in listed.stdout.split():
        top = subprocess.run(["docker", "top", container, "-o", "pid"], capture_output=True, text=True)
        found += [int(line) for line in top.stdout.split()[1:]]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--soak", type=int, help="grades, in place of the rates")
    parser.add_argument("--backend", default="namespaces", help="for --soak")
    chosen = parser.parse_args()
    if chosen.soak:
        soak(chosen.backend, chosen.soak)
    else:
        bench(chosen.rounds, chosen.count)
