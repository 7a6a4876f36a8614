"""`sandbox-rl grade` as a user meets it: exact fields, mistakes told in a sentence, no torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TASK = {
    "id": "inc",
    "prompt": "",
    "rewards": [{"source": "unit_tests", "style": "asserts", "entry_point": "f", "tests": ["assert f(1) == 2"]}],
}
ANSWER = {"task_id": "inc", "completion": "Sure:\n```python\ndef f(x):\n    return x + 1\n```\nDone."}


def grade(tmp_path: Path, tasks: str, answers: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "tasks.jsonl").write_text(tasks)
    (tmp_path / "answers.jsonl").write_text(answers)
    command = ["grade", "tasks.jsonl", "answers.jsonl", "--out", "grades.jsonl", "--sandbox", "local"]
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
