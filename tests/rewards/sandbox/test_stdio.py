"""Programs by their input and output: languages, checkers, and how programs end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_rewards.audits.suite_check import check_tasks
from sandbox_rewards.grade import Grade
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import SandboxUnavailable, probe
from sandbox_tasks.task import Task
from typer.testing import CliRunner

from sandbox_rl.cli import app


@pytest.fixture(scope="module")
def grader(backend: str) -> Iterator[Grader]:
    with Grader(backend, workers=1) as grader:
        yield grader


def judged(grader: Grader, answer: str, stdin: str = "3 4\n", stdout: str = "7\n", **spec: Any) -> Grade:
    reward = {"source": "unit_tests", "style": "stdio", "cases": [{"stdin": stdin, "stdout": stdout}], "time_limit_s": 5, **spec}
    return grader.grade([Task.model_validate({"id": "t", "prompt": "", "rewards": [reward]})], [answer])[0]


SUM = {
    "c": '#include <stdio.h>\nint main(void) { int a, b; scanf("%d %d", &a, &b); printf("%d\\n", a + b); }',
    "cpp": "#include <iostream>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }",
    "javascript": "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number); console.log(a + b)",
    "bash": "read a b\necho $((a + b))",
}
TOOLS = {"c": "gcc", "cpp": "g++", "javascript": "node", "bash": "bash"}


def on(grader: Grader) -> str:
    return str(grader.source("unit_tests").pool.backend.name)  # type: ignore[attr-defined]


def skip_one_process(grader: Grader, language: str) -> None:
    if on(grader) == "landlock" and language != "javascript":
        pytest.skip(f"{language} needs several processes, and landlock gives an answer one")


@pytest.mark.parametrize("language", SUM)
def test_a_language_runs_where_its_tools_are_and_is_our_fault_where_not(grader: Grader, language: str) -> None:
    skip_one_process(grader, language)
    grade = judged(grader, SUM[language], language=language)
    if grade.verdict == "no_verdict":
        assert grade.reward is None
        assert grade.detail
        assert language in grade.detail  # names what is missing
        assert on(grader) == "docker" or not shutil.which(TOOLS[language])
    else:
        assert grade.verdict == "passed", grade.detail
        assert judged(grader, SUM[language], stdout="8\n", language=language).verdict == "failed"


NEED_SEVERAL_PROCESSES = "asks for answers in '{}', which need several processes, but sandbox landlock gives an answer one"


def test_a_sandbox_of_one_process_refuses_languages_that_need_more_before_grading(tmp_path: Path) -> None:
    if reason := probe("landlock"):
        pytest.skip(f"landlock does not work on this machine: {reason}")
    with Grader("landlock", workers=1) as grader:
        assert judged(grader, "print(7)").verdict == "passed"
        for language in ("c", "cpp", "bash"):
            with pytest.raises(SandboxUnavailable, match=NEED_SEVERAL_PROCESSES.format(language)):
                judged(grader, SUM[language], language=language)
    spec = {"source": "unit_tests", "style": "stdio", "cases": [{"stdin": "3 4", "stdout": "7"}]}
    tasks = [{"id": name, "prompt": "", "rewards": [{**spec, "language": name}]} for name in ("python", "c")]
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    answers = [{"task_id": "python", "completion": "print(7)"}, {"task_id": "c", "completion": SUM["c"]}]
    ran = {}
    for count in (1, 2):
        (tmp_path / "answers.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers[:count]))
        files = [str(tmp_path / name) for name in ("tasks.jsonl", "answers.jsonl")]
        out = tmp_path / f"grades-{count}.jsonl"
        ran[count] = CliRunner().invoke(app, ["grade", *files, "--out", str(out), "--sandbox", "landlock"])
    assert ran[1].exit_code == 0  # nobody answered the task in C
    assert isinstance(ran[2].exception, SandboxUnavailable)  # which the command's `main` tells in a sentence
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers.jsonl", "grades-1.jsonl", "tasks.jsonl"]


def test_what_does_not_compile_has_its_verdict(grader: Grader) -> None:
    skip_one_process(grader, "c")
    grade = judged(grader, "int main(void) { return x; }", language="c")
    if grade.verdict != "no_verdict":
        assert grade.verdict == "compile_error"
        assert "x" in str(grade.detail)


@pytest.mark.parametrize(
    ("printed", "expected", "passes"),
    [("0.33333", "0.333333", True), ("0.34", "0.333333", False), ("nan", "0.5", False), ("inf", "1e9", False),
     ("nan", "nan", True), ("1_0", "10", False), ("١", "1", False), ("1e400", "1", False), ("yes 1.0", "yes 1", True),
     ("1", "1 2", False)],
)  # fmt: skip
def test_floats(grader: Grader, printed: str, expected: str, passes: bool) -> None:
    grade = judged(grader, f"print({printed!r})", stdout=expected, checker={"float": 1e-3})
    assert grade.reward == float(passes)


SQUARE = "def check(stdin, stdout, expected):\n    return int(stdout) ** 2 == int(expected)"


@pytest.mark.parametrize(
    ("answer", "checker", "verdict"),
    [
        ("print(-3)", SQUARE, "passed"),
        ("print(2)", SQUARE, "failed"),
        ("print('x')", SQUARE, "failed"),  # the checker stumbles over the answer, not over the expected output
        ("print(3)", "def check(stdin, stdout, expected):\n    return 1 // 0", "no_verdict"),
        ("print(3)", "def check(stdin, stdout, expected):\n    return 1", "no_verdict"),
        ("print(3)", "def check(stdin, stdout, expected):\n    while True: pass", "no_verdict"),
        ("print(3)", "def check(stdin, stdout, expected):\n    return 7 ** 7 ** 9 > 1", "no_verdict"),  # no signal interrupts it
        ("print(9 ** 9)", "def check(stdin, stdout, expected):\n    return 7 ** int(stdout) > 1", "failed"),  # the answer's doing
    ],
)
def test_a_checker_of_the_tasks_own(grader: Grader, answer: str, checker: str, verdict: str) -> None:
    assert judged(grader, answer, stdout="9", checker={"code": checker}).verdict == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("print(7)\nimport sys\nsys.exit(0)", "passed"),
        ("print(7)\nexit()", "passed"),
        ("print(7)\nraise SystemExit(1)", "runtime_error"),
        ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print(7))).start()", "passed"),
        ("import atexit\natexit.register(print, 7)", "passed"),
        ("print(sum(map(int, open('/dev/stdin').read().split())))", "passed"),
        ("print('x' * 15_000_000 + '\\n7')", "failed"),  # much, but within the limit: compared, not cut
        ("print('x' * 17_000_000)", "output_limit"),
        ("print(7)\nimport os, time\nos.close(1)\ntime.sleep(60)", "time_limit"),
        ("print(7", "syntax_error"),
        ("import os\nos.write(3, b'{}')\nprint(7)", "runtime_error"),  # the channel is closed by then
    ],
)
def test_how_a_program_ends(grader: Grader, answer: str, verdict: str) -> None:
    assert judged(grader, answer, time_limit_s=limit_for(verdict)).verdict == verdict


def limit_for(verdict: str) -> float:
    """Seconds: short where the test waits for the limit, long where it must not be met on a machine with other work."""
    return 2 if verdict == "time_limit" else 30


HOGS = {
    "c": "#include <stdlib.h>\n#include <string.h>\nint main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }",
    "javascript": "const kept = []; for (;;) kept.push(Buffer.alloc(1 << 24, 1))",
}
ENDS = {
    "threads of C++": (
        "cpp", "#include <thread>\n#include <vector>\n#include <cstdio>\nint main() { std::vector<std::thread> t;\n"
        "for (int i = 0; i < 4; i++) t.emplace_back([] {}); for (auto &x : t) x.join(); puts(\"7\"); }", "passed",
    ),
    "half a gigabyte in C": ("c", HOGS["c"], "memory_limit"),
    "half a gigabyte in JavaScript": ("javascript", HOGS["javascript"], "memory_limit"),
    "a crash": ("c", "int main(void) { *(volatile int *)0 = 1; }", "runtime_error"),
    "a bad status": ("bash", "echo 7; exit 4", "runtime_error"),
    "a sleep": ("bash", "sleep 60", "time_limit"),
    "a flood": ("bash", "while :; do printf '%01000000d' 1; done", "output_limit"),
    "a module of ECMAScript": ("javascript", "import fs from 'fs'\nconsole.log(fs.readFileSync(0).length + 3)", "passed"),
    "carriage returns": ("bash", "read a b\r\necho $((a + b))\r\n", "passed"),
    "a closed pipe": ("bash", "yes 7 | head -1", "passed"),
    "an endless compilation": ("c", '#include "/dev/zero"', "compile_error"),
    "too large a program": ("c", "char a[30000000] = {1};\nint main(void) { return 0; }", "compile_error"),
}  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_how_a_program_of_another_language_ends(grader: Grader, case: str) -> None:
    language, answer, verdict = ENDS[case]
    skip_one_process(grader, language)
    grade = judged(grader, answer, language=language, time_limit_s=limit_for(verdict))
    if grade.verdict == "no_verdict":
        pytest.skip(str(grade.detail))
    assert grade.verdict == verdict, grade.detail


def test_streams_may_be_reconfigured(grader: Grader) -> None:
    out, given = "sys.stdout.reconfigure(line_buffering=True)", "sys.stdin.reconfigure(encoding='latin-1')"
    assert judged(grader, f"import sys\n{out}\n{given}\nprint(len(input()))", stdin="\u00e9", stdout="2").verdict == "passed"


def test_a_checker_remembers_nothing(grader: Grader) -> None:
    checker = {"code": "seen = []\ndef check(stdin, stdout, expected):\n    seen.append(stdout)\n    return len(seen) == 1"}
    assert [judged(grader, "print(1)", checker=checker).verdict for _ in range(2)] == ["passed", "passed"]


def test_a_reference_need_not_be_python() -> None:
    spec = {"source": "unit_tests", "style": "stdio", "language": "bash", "cases": [{"stdin": "3 4\n", "stdout": "7\n"}]}
    task = Task.model_validate({"id": "t", "prompt": "", "reference": SUM["bash"], "rewards": [spec]})
    if probe("namespaces"):
        pytest.skip("bash needs several processes; namespaces do not work on this machine")
    with Grader("namespaces", workers=1) as grader:
        found = check_tasks([task], grader)[0]
    assert not found.problems
    assert found.mutants == 0


def test_a_checker_evaluates_no_text_of_an_answer() -> None:
    """It is told as the task's fault: the expected output is refused as well."""
    checker = {"code": "def check(stdin, stdout, expected): return eval(stdout) == eval(expected)"}
    spec = {"source": "unit_tests", "style": "stdio", "cases": [{"stdin": "", "stdout": "[1]"}], "checker": checker}
    liar = "print(\"type('E', (), {'__eq__': lambda s, o: True})()\")"
    with Grader("local", workers=1) as grader:
        (grade,) = grader.grade([Task.model_validate({"id": "t", "prompt": "", "rewards": [spec]})], [liar])
    assert grade.verdict == "no_verdict"
    assert "eval" in str(grade.detail)
