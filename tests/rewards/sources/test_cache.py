"""The cache of grades: what is kept, what is not, and what it does for several processes and broken files."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_rewards.sources.cache import CacheUnusable, GradeCache, grade_key
from sandbox_tasks.task import Task, UnitTests

ROOT = Path(__file__).parents[3]
PATHS = [str(ROOT), str(ROOT / "rewards"), str(ROOT / "tasks")]


def task(*tests: str, **spec: object) -> Task:
    reward = {"source": "unit_tests", "style": "asserts", "tests": tests or ["assert f() == 2"], "time_limit_s": 2, **spec}
    return Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})


def grade(cache: Path | None, tasks: list[Task], answers: list[str]) -> list[Grade]:
    with Grader("local", 2, cache=cache) as grader:
        return grader.grade(tasks, answers)


def rows(cache: Path) -> list[dict[str, object]]:
    with sqlite3.connect(cache) as database:
        found = [json.loads(row[0]) for row in database.execute("SELECT outcome FROM grades")]
    database.close()
    return found


RIGHT, WRONG = "import time\ndef f():\n    time.sleep(0.05)\n    return 2", "def f(): return 3"


def test_a_grade_that_is_known_is_given_again_as_it_was(tmp_path: Path) -> None:
    cache = tmp_path / "folder" / "grades.sqlite"
    first = grade(cache, [task()] * 2, [RIGHT, WRONG])
    assert [g.verdict for g in first] == ["passed", "failed"]
    assert grade(cache, [task()] * 2, [RIGHT, WRONG]) == first  # to the microsecond of `seconds`
    assert len(rows(cache)) == 2


def test_twins_in_a_batch_are_judged_once_and_only_with_a_cache(tmp_path: Path) -> None:
    answers = [RIGHT, WRONG] * 6
    grades = grade(tmp_path / "c.sqlite", [task()] * 12, answers)
    assert [g.verdict for g in grades] == ["passed", "failed"] * 6
    assert len({g.seconds for g in grades}) == 2
    assert len({g.seconds for g in grade(None, [task()] * 12, answers)}) > 2


def test_a_twin_of_an_answer_that_ran_out_of_time_gets_a_run_of_its_own(tmp_path: Path) -> None:
    endless = task(time_limit_s=0.5)
    grades = grade(tmp_path / "c.sqlite", [endless] * 3, ["def f():\n    while True: pass"] * 3)
    assert [g.verdict for g in grades] == ["time_limit"] * 3
    assert len({g.seconds for g in grades}) == 3


def test_what_load_or_faults_decide_is_not_kept(tmp_path: Path) -> None:
    tasks = [task(time_limit_s=0.5), task(prelude="1 / 0"), task()]
    grades = grade(tmp_path / "c.sqlite", tasks, ["def f():\n    while True: pass", "def f(): return 2", "def f(): return 2"])
    assert [g.verdict for g in grades] == ["time_limit", "no_verdict", "passed"]
    assert [row["verdict"] for row in rows(tmp_path / "c.sqlite")] == ["passed"]


def test_a_flaky_task_is_judged_each_time(tmp_path: Path) -> None:
    grades = grade(tmp_path / "c.sqlite", [task(flaky=True)] * 4, [RIGHT] * 4)
    assert len({g.seconds for g in grades}) == 4
    assert rows(tmp_path / "c.sqlite") == []


def test_the_key_holds_all_that_a_verdict_depends_on() -> None:
    def key(code: str = "x", backend: str = "b", **spec: object) -> bytes:
        (reward,) = task(**spec).rewards
        assert isinstance(reward, UnitTests)
        return grade_key(reward, code, backend)

    changed = [
        {"code": "y"}, {"backend": "c"}, {"tests": ["assert f() == 3"]}, {"time_limit_s": 3}, {"memory_limit_mb": 64},
        {"prelude": "a = 1"}, {"setup": "a = 1"}, {"entry_point": "f"}, {"code": "\ud800"},
    ]  # fmt: skip
    keys = {key(), *(key(**one) for one in changed)}  # type: ignore[arg-type]
    assert len(keys) == 1 + len(changed)
    assert key(weight=2.0) == key()  # the weight is not the verdict's business


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    cache = tmp_path / "c.sqlite"
    code = f"""
import sys
sys.path[:0] = {PATHS!r}
from pathlib import Path
from sandbox_rewards.sources.cache import GradeCache
cache = GradeCache(Path({str(cache)!r}))
for i in range(300):
    key = b"%d" % i
    cache.put(key, {{"verdict": "passed", "by": sys.argv[1]}})
    assert cache.get(key)["verdict"] == "passed"
"""
    running = [subprocess.Popen([sys.executable, "-c", code, str(i)], stderr=subprocess.PIPE, text=True) for i in range(4)]
    said = [process.communicate()[1] for process in running]
    assert said == [""] * 4
    assert len(rows(cache)) == 300


@pytest.mark.parametrize("content", ["rubbish", "truncated", "another program's", "a folder"])
def test_a_file_that_is_no_cache_is_told_in_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "c.sqlite"
    if content == "a folder":
        file.mkdir()
    elif content == "another program's":
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE recipes (name TEXT)")
        database.close()
    elif content == "rubbish":
        file.write_bytes(b"not a database " * 500)
    else:
        cache = GradeCache(file)
        for i in range(200):
            cache.put(b"%d" % i, {"verdict": "passed"})
        cache.close()
        file.write_bytes(file.read_bytes()[:4096])
    with pytest.raises(CacheUnusable, match=r"c\.sqlite can't be used as a cache of grades \(.+\); delete it, name another"):
        GradeCache(file)


def test_a_cache_that_breaks_while_it_is_used_costs_no_grade(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "c.sqlite"
    with Grader("local", 2, cache=file) as grader:
        assert grader.grade([task()], [RIGHT])[0].verdict == "passed"
        with sqlite3.connect(file) as database:
            database.execute("DROP TABLE grades")
        database.close()
        assert [g.verdict for g in grader.grade([task()] * 3, [RIGHT, WRONG, RIGHT])] == ["passed", "failed", "passed"]
    assert ["goes on without a cache" in record.message for record in caplog.records] == [True]
