"""A reward in a package of its own, installed apart, is found by name and counts beside the tests."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "plugins.md"
USE = """
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
task = Task(id="t", prompt="", rewards=[{"source": "short_answers"}])
with Grader() as grader:
    print([g.reward for g in grader.grade([task, task, task], ["x" * 100, "x" * 300, "x" * 900])])
"""


def test_the_pages_reward_works_as_an_installed_package(tmp_path: Path) -> None:
    code = re.search(r"```python\n(# short_answers.py.*?)```", PAGE.read_text(), re.DOTALL)
    assert code
    info = tmp_path / "short_answers-1.0.dist-info"
    info.mkdir()
    (tmp_path / "short_answers.py").write_text(code[1])
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: short-answers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sandbox_rl.rewards]\nshort_answers = short_answers:ShortAnswers\n")
    script = f"import sys; sys.path[:0] = {[str(tmp_path), *sys.path]!r}\n{USE}"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "[1.0, 0.5, 0.0]", ran.stderr
