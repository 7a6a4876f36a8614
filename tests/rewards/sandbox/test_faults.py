"""Faults of our own machinery, real ones: whatever dies or fills up, no answer is paid less for it and nothing is left behind."""

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import BACKENDS, LABEL, DockerBackend, probe
from sandbox_rewards.sandbox.pool import SandboxPool
from sandbox_tasks.task import Task

ROOT = Path(__file__).parents[3]
PATHS = [str(ROOT), str(ROOT / "rewards"), str(ROOT / "tasks")]
COUNT = 30
GONE_S = 8
"""Seconds after which what a killed run leaves must be gone: docker takes one or two to remove a container."""


def task(number: int, **spec: object) -> Task:
    """Only the answer of the same number passes."""
    reward = {"source": "unit_tests", "style": "asserts", "tests": [f"assert f() == {number}"], "time_limit_s": 10, **spec}
    return Task.model_validate({"id": str(number), "prompt": "", "rewards": [reward]})


def answer(number: int, pause_s: float = 0.02) -> str:
    return f"import time\ndef f():\n    time.sleep({pause_s})\n    return {number}"


TASKS, ANSWERS = [task(i) for i in range(COUNT)], [answer(i) for i in range(COUNT)]


def skip_unless_it_works(backend: str) -> None:
    if reason := probe(backend):
        pytest.skip(f"{backend} does not work on this machine: {reason}")


@pytest.fixture
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=2) as grader:
        yield grader


def grade_with(fault: Callable[[], None], grader: Grader, after: int = 6) -> list[Grade]:
    grades = []
    for grade in grader.stream(zip(TASKS, ANSWERS, strict=True)):
        grades.append(grade)
        if len(grades) == after:
            fault()
    return grades


def assert_all_passed_in_order(grades: list[Grade]) -> None:
    assert [g.task_id for g in grades] == [t.id for t in TASKS]
    assert [(g.verdict, g.detail) for g in grades] == [(Verdict.passed, None)] * COUNT


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def children(pid: int) -> list[int]:
    """Oldest first."""
    try:
        return sorted(int(p) for t in Path(f"/proc/{pid}/task").iterdir() for p in (t / "children").read_text().split())
    except OSError:
        return []


def family(pid: int) -> list[int]:
    return [pid, *(p for child in children(pid) for p in family(child))]


def containers(pid: int) -> list[str]:
    return _run(["docker", "ps", "-aq", "--filter", f"label={LABEL}={pid}"]).split()


def stewards(host: int, backend: str) -> list[int]:
    """The first process of each box of a grading process."""
    if backend != "docker":
        return [child for child in children(host) if b"importlib.machinery" in Path(f"/proc/{child}/cmdline").read_bytes()]
    command = ["docker", "inspect", "-f", "{{.State.Pid}}", *containers(host)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # one may have ended since it was listed
    return [int(pid) for pid in shown.stdout.split() if pid != "0"]


def box(steward: int) -> dict[str, int]:
    """Processes of a box by their part: the judge is the first in line with two children, a zygote and a compiler."""
    judge = steward
    while len(found := children(judge)) < 2:
        (judge,) = found
    zygote, compiler = found[:2]
    return {"steward": steward, "judge": judge, "zygote": zygote, "compiler": compiler}


@pytest.mark.parametrize("part", ["steward", "judge", "zygote", "compiler"])
def test_a_killed_process_of_a_box_costs_no_grade(grader: Grader, part: str) -> None:
    backend = grader.source("unit_tests").pool.backend.name  # type: ignore[attr-defined]

    def fault() -> None:
        os.kill(box(stewards(os.getpid(), backend)[0])[part], signal.SIGKILL)

    assert_all_passed_in_order(grade_with(fault, grader))


@pytest.mark.parametrize("part", ["judge", "zygote"])
def test_a_process_of_a_box_that_stands_still_costs_no_grade(grader: Grader, part: str) -> None:
    backend = grader.source("unit_tests").pool.backend.name  # type: ignore[attr-defined]
    grades = []
    for grade in grader.stream(zip([task(i, time_limit_s=1) for i in range(COUNT)], ANSWERS, strict=True)):
        grades.append(grade)
        if len(grades) == 4:
            os.kill(box(stewards(os.getpid(), backend)[0])[part], signal.SIGSTOP)
    assert_all_passed_in_order(grades)


@pytest.mark.parametrize("command", [["docker", "kill"], ["docker", "rm", "-f"]])
def test_a_killed_container_costs_no_grade(command: list[str]) -> None:
    skip_unless_it_works("docker")
    with Grader("docker", workers=2) as grader:
        grades = grade_with(lambda: print(_run([*command, *containers(os.getpid())])), grader)
    assert_all_passed_in_order(grades)
    assert_soon(lambda: not containers(os.getpid()))


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # docker's client leaves what it could not connect
def test_a_docker_daemon_that_is_gone_gives_no_verdict_and_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    skip_unless_it_works("docker")
    jobs = [{"spec": t.rewards[0].model_dump(), "code": a} for t, a in zip(TASKS, ANSWERS, strict=True)]
    pool = SandboxPool(DockerBackend(), 2)
    try:
        outcomes = []
        for outcome in pool.run(jobs[:14]):  # at most ten have begun when two are told
            outcomes.append(outcome)
            if len(outcomes) == 2:
                monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
                _run(["docker", "-H", "unix:///var/run/docker.sock", "kill", *_containers_without(monkeypatch)])
        assert [o and o["verdict"] for o in outcomes[:2]] == ["passed"] * 2
        assert len(outcomes) == 14
        lost = [o for o in outcomes if o and o["verdict"] == "no_verdict"]
        assert lost
        assert all("docker cannot be reached" in o["detail"] for o in lost)
        assert all(o and o["verdict"] in ("passed", "no_verdict") for o in outcomes)
        monkeypatch.delenv("DOCKER_HOST")
        assert [o and o["verdict"] for o in pool.run(jobs[:4])] == ["passed"] * 4
    finally:
        pool.close()
        gc.collect()  # those sockets, while their warning is expected


def _containers_without(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with monkeypatch.context() as at_home:
        at_home.delenv("DOCKER_HOST")
        return containers(os.getpid())


FULL_TABLE = """
import json, sys
from pathlib import Path
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
group, backend = Path(sys.argv[1]), sys.argv[2]
task = Task.model_validate(json.loads(sys.argv[3]))
with Grader(backend, 2) as grader:
    grader.source("unit_tests").pool
    said = []
    for most in ("1", "max", "1", "max"):
        (group / "pids.max").write_text(most)
        said.append([(g.verdict, g.reward) for g in grader.grade([task] * 6, ["def f(): return 0"] * 6)])
print(json.dumps(said))
"""


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_a_full_table_of_processes_gives_no_verdict_and_no_zero(backend: str) -> None:
    skip_unless_it_works(backend)
    group = Path("/sys/fs/cgroup/pids") / f"sandbox-rl-test-{os.getpid()}-{backend}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup (v1) for pids can be made here: {error}")
    try:
        enter = f"import os\nopen({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
        code = f"import sys\nsys.path[:0] = {PATHS!r}\n{enter}{FULL_TABLE}"
        command = [sys.executable, "-c", code, str(group), backend, task(0).model_dump_json()]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        passed, lost = ["passed", 1.0], ["no_verdict", None]
        without, after, full, at_last = json.loads(ran.stdout)
        assert (without, after, at_last) == ([lost] * 6, [passed] * 6, [passed] * 6)
        assert full.count(lost) >= 4  # each of two boxes may have forked a process already when the table filled up
        assert full.count(lost) + full.count(passed) == 6
    finally:
        assert_soon(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


HANG_THE_JUDGE = ("assert sum(f()) == 6", "def f(): return range(10**12)")


SPENDS = "import time\ndef f():\n    while time.process_time() < 1: pass\n    return 2"


def test_no_grade_takes_much_longer_than_its_limit(grader: Grader) -> None:
    tests, hanging = HANG_THE_JUDGE
    hung = task(0, tests=[tests], time_limit_s=1)
    endless = task(1, time_limit_s=1)
    grades = grader.grade([hung, TASKS[2], endless, hung], [hanging, SPENDS, "def f():\n    while True: pass", hanging])
    assert [g.verdict for g in grades] == ["time_limit", "passed", "time_limit", "time_limit"]
    fair = grades[1].seconds  # of one that needs as much of the processor as the others may have, on the machine as it is
    assert all(1 <= g.seconds < 5 * fair for g in grades if g.verdict == "time_limit"), grades


KILLED = """
import sys
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
with Grader(sys.argv[1], 2) as grader:
    grader.grade([Task.model_validate_json(sys.argv[2])] * 4, [sys.argv[3]] * 4)
"""


@pytest.mark.parametrize("what", ["a solution that waits", "a judge that computes"])
@pytest.mark.parametrize("backend", list(BACKENDS))
def test_a_killed_grading_process_leaves_nothing(backend: str, what: str, tmp_path: Path) -> None:
    skip_unless_it_works(backend)
    waiting = what == "a solution that waits"
    judged = task(0, time_limit_s=60) if waiting else task(0, tests=[HANG_THE_JUDGE[0]], time_limit_s=60)
    given = answer(0, pause_s=50) if waiting else HANG_THE_JUDGE[1]
    code = f"import sys\nsys.path[:0] = {PATHS!r}\n{KILLED}"
    host = subprocess.Popen([sys.executable, "-c", code, backend, judged.model_dump_json(), given],
                            env=os.environ | {"TMPDIR": str(tmp_path)})  # fmt: skip
    try:
        # two boxes, each of a steward, a judge, a zygote, a compiler and a solution
        assert_soon(lambda: [len(family(s)) >= 5 for s in stewards(host.pid, backend)] == [True] * 2, within_s=30)
        time.sleep(0.5)  # so that answers are at work
        boxes = [pid for steward in stewards(host.pid, backend) for pid in family(steward)]
        if backend == "landlock":
            assert list(tmp_path.iterdir())
    finally:
        host.kill()
        host.wait()
    assert_soon(lambda: not [pid for pid in boxes if Path(f"/proc/{pid}").exists()])
    assert_soon(lambda: not list(tmp_path.iterdir()))
    if backend == "docker":
        assert_soon(lambda: not containers(host.pid))
    assert str(tmp_path) not in Path("/proc/mounts").read_text()


DEEP = """
import os
os.mkdir("shut", 0); os.symlink("/etc", "link"); open("file", "w").close()
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
def f():
    return 0
"""


def test_folders_of_an_answer_are_removed_however_deep(grader: Grader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    grades = grader.grade([task(0)] * 4, [DEEP] * 4)
    assert [(g.verdict, g.detail) for g in grades] == [("passed", None)] * 4
    assert not [folder for home in tmp_path.iterdir() for folder in home.iterdir() if list(folder.iterdir())]
    grader.__exit__(None, None, None)
    assert not list(tmp_path.iterdir())


NEVER_STARTED = """
import os, signal, docker.models.containers
from sandbox_rewards.sandbox.backends import DockerBackend
def start(container):
    print(container.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
docker.models.containers.Container.start = start
DockerBackend().open_worker(0)
"""


def test_a_container_that_was_made_and_never_started_goes_at_the_next_start() -> None:
    skip_unless_it_works("docker")
    code = f"import sys\nsys.path[:0] = {PATHS!r}\n{NEVER_STARTED}"
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    made = killed.stdout.strip()
    assert made
    DockerBackend().open_worker(0).close()  # or the start of any other grading process meanwhile
    assert made not in _run(["docker", "ps", "-aq", "--no-trunc"]).split()


def assert_soon(holds: Callable[[], bool], within_s: float = GONE_S) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, f"not so within {within_s} s"
        time.sleep(0.05)


def start_grading(folder: Path, out: str, *options: str, count: int = 200) -> "subprocess.Popen[str]":
    """`sandbox-rl grade` on `count` answers, every fourth of them wrong."""
    (folder / "tasks.jsonl").write_text("".join(task(i % COUNT).model_dump_json() + "\n" for i in range(COUNT)))
    lines = [{"task_id": str(i % COUNT), "completion": answer(i % COUNT if i % 4 else 99)} for i in range(count)]
    (folder / "answers.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = ["grade", "tasks.jsonl", "answers.jsonl", "--out", out, "--sandbox", "local", *options]
    code = f"import sys\nsys.path[:0] = {PATHS!r}\nsys.argv[1:] = {command!r}\nimport signal\n"
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell that started us may ignore it
    code += "from sandbox_rl.cli import main\nmain()"
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, text=True)


def finished(process: "subprocess.Popen[str]", status: int = 0) -> str:
    _, said = process.communicate(timeout=120)
    assert process.returncode == status, said
    assert "Traceback" not in said
    return said


def without_times(file: Path) -> list[dict[str, object]]:
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in file.read_text().splitlines()]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_what_was_finished_survives_and_resume_gives_the_same_file(tmp_path: Path, end: signal.Signals) -> None:
    part = tmp_path / "grades.jsonl.part"
    process = start_grading(tmp_path, "grades.jsonl")
    assert_soon(lambda: part.exists() and part.read_text().count("\n") >= 20, within_s=60)
    process.send_signal(end)
    said = finished(process, 130 if end == signal.SIGINT else -9)
    kept = part.read_text().splitlines()
    if end == signal.SIGINT:
        assert f"stopped: {len(kept)} of 200 grades are in grades.jsonl.part" in " ".join(said.split())
        assert "--resume" in said
    assert 20 <= len(kept) < 200
    assert not (tmp_path / "grades.jsonl").exists()
    assert "--resume" in finished(start_grading(tmp_path, "grades.jsonl"), 2)  # nobody throws them away by accident
    with part.open("a") as file:
        file.write('{"task_id":"cut sho')  # as a crash of the machine would leave it
    finished(start_grading(tmp_path, "grades.jsonl", "--resume"))
    assert (tmp_path / "grades.jsonl").read_text().splitlines()[: len(kept)] == kept
    assert not part.exists()
    finished(start_grading(tmp_path, "whole.jsonl"))
    assert without_times(tmp_path / "grades.jsonl") == without_times(tmp_path / "whole.jsonl")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["answers.jsonl", "grades.jsonl", "tasks.jsonl", "whole.jsonl"]


def test_grades_of_other_inputs_are_not_gone_on_with(tmp_path: Path) -> None:
    process = start_grading(tmp_path, "grades.jsonl")
    part = tmp_path / "grades.jsonl.part"
    assert_soon(lambda: part.exists() and part.read_text().count("\n") >= 2, within_s=60)
    process.send_signal(signal.SIGINT)
    finished(process, 130)
    said = finished(start_grading(tmp_path, "grades.jsonl", "--resume", count=199), 2)
    assert "was begun with other completions" in " ".join(said.split())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk of our own can be mounted: {mounted.stderr.strip()}")
    yield place
    _run(["umount", str(place)])


def test_a_full_disk_stops_in_a_sentence_and_loses_no_grade(tmp_path: Path, small_disk: Path) -> None:
    said = " ".join(finished(start_grading(tmp_path, "small/grades.jsonl"), 2).split())
    assert "No space left on device" in said
    kept = (small_disk / "grades.jsonl.part").read_text().count("\n")
    assert f"holds {kept} grades" in said
    _run(["mount", "-o", "remount,size=1m", str(small_disk)])
    finished(start_grading(tmp_path, "small/grades.jsonl", "--resume"))
    finished(start_grading(tmp_path, "whole.jsonl"))
    assert without_times(small_disk / "grades.jsonl") == without_times(tmp_path / "whole.jsonl")


def test_a_full_disk_for_the_cache_costs_the_cache_and_no_grade(tmp_path: Path, small_disk: Path) -> None:
    _run(["mount", "-o", "remount,size=80k", str(small_disk)])  # room for the file and its log's first pages
    said = " ".join(finished(start_grading(tmp_path, "grades.jsonl", "--cache", "small/c.sqlite")).split())
    assert "small/c.sqlite fails" in said
    assert "goes on without a cache" in said
    verdicts = [line["verdict"] for line in without_times(tmp_path / "grades.jsonl")]
    assert verdicts == ["passed" if i % 4 else "failed" for i in range(200)]
