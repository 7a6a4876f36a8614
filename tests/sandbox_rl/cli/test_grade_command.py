"""`sandbox-rl grade` as a user meets it: exact fields, mistakes told in a sentence, no torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_rewards.sandbox.backends import LEAVES_OPEN, probe

TASK = {
    "id": "inc",
    "prompt": "",
    "rewards": [{"source": "unit_tests", "style": "asserts", "entry_point": "f", "tests": ["assert f(1) == 2"]}],
}
ANSWER = {"task_id": "inc", "completion": "Sure:\n```python\ndef f(x):\n    return x + 1\n```\nDone."}


def grade(tmp_path: Path, tasks: str, answers: str, *options: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "tasks.jsonl").write_text(tasks)
    (tmp_path / "answers.jsonl").write_text(answers)
    command = ["grade", "tasks.jsonl", "answers.jsonl", "--out", "grades.jsonl", *(options or ("--sandbox", "local"))]
    call = "from sandbox_rl.cli import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    code = f"import sys; sys.argv[1:] = {command!r}\n{call}"
    return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)


def test_the_grades_have_the_fields_that_others_read(tmp_path: Path) -> None:
    ran = grade(tmp_path, json.dumps(TASK), json.dumps(ANSWER))
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "False"  # torch was not imported
    (line,) = (tmp_path / "grades.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert found.pop("seconds") > 0
    wanted = {"task_id": "inc", "reward": 1.0, "verdict": "passed", "tests_passed": 1, "tests_total": 1, "detail": None}
    assert found == wanted


@pytest.mark.parametrize(
    ("tasks", "answers", "said"),
    [
        (json.dumps(TASK), '{"task_id": "inc"}', ["answers.jsonl", "line 1", "completion"]),
        (json.dumps(TASK), json.dumps(ANSWER) + "\n{", ["answers.jsonl", "line 2"]),
        (json.dumps(TASK), json.dumps(ANSWER | {"task_id": "dec"}), ["'dec'"]),
        (json.dumps(TASK | {"rewards": [{"source": "unit_test"}]}), json.dumps(ANSWER), ["did you mean 'unit_tests'"]),
        (json.dumps(TASK).replace("f(1) == 2", "f(1) == "), json.dumps(ANSWER), ["tasks.jsonl", "line 1", "tests"]),
    ],
)
def test_a_mistake_stops_before_any_work_in_one_sentence(tmp_path: Path, tasks: str, answers: str, said: list[str]) -> None:
    ran = grade(tmp_path, tasks, answers)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert all(part in ran.stderr for part in said), ran.stderr
    assert not (tmp_path / "grades.jsonl").exists()


def said(ran: subprocess.CompletedProcess[str]) -> str:
    """Its standard error, whatever the width of the terminal."""
    return " ".join(ran.stderr.split())


@pytest.mark.parametrize("sandbox", ["auto", "local"])
def test_which_sandbox_was_chosen_is_said_once(tmp_path: Path, sandbox: str) -> None:
    ran = grade(tmp_path, json.dumps(TASK), "\n".join([json.dumps(ANSWER)] * 3), "--sandbox", sandbox)
    assert ran.returncode == 0, ran.stderr
    assert said(ran).count("answers run in sandbox") == 1


def test_what_landlock_does_not_cover_is_said(tmp_path: Path) -> None:
    if reason := probe("landlock"):
        pytest.skip(f"landlock does not work on this machine: {reason}")
    ran = grade(tmp_path, json.dumps(TASK), json.dumps(ANSWER), "--sandbox", "landlock")
    assert ran.returncode == 0, ran.stderr
    assert LEAVES_OPEN["landlock"] in said(ran)


def test_no_isolation_is_had_only_by_its_name_and_with_a_warning(tmp_path: Path) -> None:
    ran = grade(tmp_path, json.dumps(TASK), json.dumps(ANSWER), "--unsafe-no-isolation")
    assert ran.returncode == 0, ran.stderr
    assert "WARNING: without isolation an answer can do whatever you can" in said(ran)
    assert json.loads((tmp_path / "grades.jsonl").read_text())["verdict"] == "passed"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (
            ["--sandbox", "docker", "--runtime", "no-such-runtime"],
            ["sandbox 'docker' does not work here", "--unsafe-no-isolation"],
        ),
        (["--sandbox", "landlock", "--runtime", "runsc"], ["'runsc' is one of docker's", "'landlock' was asked for"]),
        (["--sandbox", "local", "--cache", "answers.jsonl"], ["answers.jsonl can't be used as a cache of grades"]),
        (["--sandbox", "local", "--out", "/proc/grades.jsonl"], ["/proc/grades.jsonl.part can't be written"]),
    ],
)
def test_a_refusal_is_one_sentence(tmp_path: Path, options: list[str], wanted: list[str]) -> None:
    ran = grade(tmp_path, json.dumps(TASK), json.dumps(ANSWER), *options)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert all(part in said(ran) for part in wanted), ran.stderr


def test_half_a_surrogate_pair_in_a_detail_is_told_all_the_same(tmp_path: Path) -> None:
    answer = ANSWER | {"completion": "def f(x):\n    raise ValueError('\\ud800' * 999)"}
    ran = grade(tmp_path, json.dumps(TASK), json.dumps(answer))
    assert ran.returncode == 0, ran.stderr
    detail = json.loads((tmp_path / "grades.jsonl").read_text())["detail"]
    assert detail.startswith("ValueError: ?")
    assert len(detail) <= 300


def test_an_answer_is_judged_once_with_a_cache(tmp_path: Path) -> None:
    files = []
    for _ in range(2):
        ran = grade(tmp_path, json.dumps(TASK), json.dumps(ANSWER), "--sandbox", "local", "--cache", "cache.sqlite")
        assert ran.returncode == 0, ran.stderr
        files.append((tmp_path / "grades.jsonl").read_text())
    assert files[0] == files[1]  # the seconds of the first run among them


@pytest.mark.parametrize("which", ["tasks.jsonl", "answers.jsonl", "folder"])
def test_results_never_replace_an_input_or_what_is_no_file(tmp_path: Path, which: str) -> None:
    from sandbox_rl.cli.options import refuse_to_overwrite
    from sandbox_rl.errors import UserError

    for name in ("tasks.jsonl", "answers.jsonl"):
        (tmp_path / name).write_text("kept")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="name another"):
        refuse_to_overwrite(tmp_path / which, tmp_path / "tasks.jsonl", tmp_path / "answers.jsonl")
    refuse_to_overwrite(tmp_path / "new", tmp_path / "tasks.jsonl", tmp_path / "answers.jsonl")
