"""An environment that has the core dependencies alone grades, checks and red-teams, and names the extra that training needs."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
TASK = {
    "id": "inc", "prompt": "Write f(x) that returns x + 1.", "reference": "def f(x):\n    return x + 1",
    "rewards": [{
        "source": "unit_tests", "style": "asserts", "entry_point": "f", "tests": ["assert f(1) == 2", "assert f(-4) == -3"],
    }],
}  # fmt: skip


def core_distributions() -> set[str]:
    """Names of what sandbox-rl needs without an extra, and of what that needs."""
    found: set[str] = set()
    waiting = ["sandbox-rl"]
    while waiting:
        name = waiting.pop()
        for line in importlib.metadata.requires(name) or []:
            wanted = Requirement(line)
            if wanted.name not in found and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
                found.add(wanted.name)
                waiting.append(wanted.name)
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to those distributions, and to nothing else that is installed here."""
    folder = tmp_path_factory.mktemp("core")
    for name in ("sandbox-rl", *core_distributions()):
        for file in importlib.metadata.files(name) or []:
            top = Path(file.parts[0])
            if ".." not in file.parts and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(importlib.metadata.distribution(name).locate_file(top))).resolve())
    return folder


def run(environment: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The command line without `site`: what is found is what is in `environment`, and this checkout."""
    paths = [str(environment), str(ROOT), str(ROOT / "rewards"), str(ROOT / "tasks")]
    code = f"import sys\nsys.path[:0] = {paths!r}\nsys.argv[1:] = {list(command)!r}\nfrom sandbox_rl.cli import main\nmain()"
    return subprocess.run([sys.executable, "-S", "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_torch_is_no_core_dependency() -> None:
    assert not core_distributions() & {"torch", "transformers", "accelerate", "peft", "matplotlib", "numpy"}


def test_grading_checking_and_red_teaming_need_the_core_alone(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "tasks.jsonl").write_text(json.dumps(TASK) + "\n")
    answers = [{"task_id": "inc", "completion": body} for body in (TASK["reference"], "def f(x):\n    return x")]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    graded = run(environment, tmp_path, "grade", "tasks.jsonl", "answers.jsonl", "--out", "grades.jsonl", "--sandbox", "local")
    assert graded.returncode == 0, graded.stderr
    assert [json.loads(line)["reward"] for line in (tmp_path / "grades.jsonl").read_text().splitlines()] == [1.0, 0.0]
    for command in (("tasks", "check"), ("tasks", "red-team")):
        done = run(environment, tmp_path, *command, "tasks.jsonl", "--sandbox", "local")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [("compare", "quickstart"), ("train", "sft", "--out", "sft"), ("eval", "policy")])
def test_a_command_that_needs_the_extra_says_so_and_leaves_nothing(
    environment: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    done = run(environment, tmp_path, *command)
    assert done.returncode == 2
    assert "pip install 'sandbox-rl[train]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
