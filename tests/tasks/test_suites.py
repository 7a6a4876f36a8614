"""The suites that ship, the published files, and what a mistake in a suite says."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_tasks.errors import TaskError
from sandbox_tasks.imperfect import MAKERS, imperfect_answer
from sandbox_tasks.leaks import find_leaks
from sandbox_tasks.math_quickstart import SIZES, math_tasks
from sandbox_tasks.mutants import mutants
from sandbox_tasks.negotiation_quickstart import negotiation_tasks
from sandbox_tasks.quickstart import STAGES, imperfect_solution, quickstart_tasks, solution
from sandbox_tasks.readers import read_format
from sandbox_tasks.repair_quickstart import repair_tasks
from sandbox_tasks.suite import TaskSuite, load_suite, shipped_suites
from sandbox_tasks.task import Task, UnitTests

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the published files are not beside this checkout")


def passes(task: Task, code: str) -> bool:
    """Plain exec: only for code that we ship."""
    namespace: dict[str, object] = {}
    exec(code, namespace)
    try:
        for spec in task.rewards:
            exec("\n".join(spec.tests), namespace)  # type: ignore[attr-defined]
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize("name", [info.name for info in shipped_suites()])
def test_a_shipped_suite_loads_with_references_and_without_leaks(name: str) -> None:
    suite = load_suite(name)
    assert all(suite.split(split) for split in ("train", "validation", "test"))
    assert all(task.reference for task in suite.tasks)
    assert [leak for leak in find_leaks(suite) if leak.severity == "leak"] == []


def test_the_quickstart_files_are_what_their_generators_make() -> None:
    assert tuple(quickstart_tasks()) == load_suite("quickstart").tasks
    assert tuple(repair_tasks()) == load_suite("repair-quickstart").tasks
    assert tuple(math_tasks()) == load_suite("math-quickstart").tasks
    assert tuple(negotiation_tasks()) == load_suite("negotiation-quickstart").tasks


def test_no_composition_is_in_two_splits() -> None:
    suite = load_suite("quickstart")
    keys = [(task.metadata["family"], *task.metadata["stages"]) for task in suite.tasks]
    assert len(set(keys)) == len(keys) == 400 + 64 + 80


def test_quickstart_tests_tell_a_replaced_stage() -> None:
    for task in load_suite("quickstart").split("test")[:20]:
        family, stages = task.metadata["family"], task.metadata["stages"]
        assert passes(task, task.reference or "")
        wrong = [[other, *stages[1:]] for other in STAGES[family] if other != stages[0]]
        # some replacements are the same function (sorting twice); most are not
        assert sum(passes(task, solution(family, w)) for w in wrong) <= len(wrong) / 2


def test_imperfect_solutions_are_wrong_as_often_as_asked() -> None:
    task, rng = load_suite("quickstart").tasks[0], random.Random(0)
    assert imperfect_solution(rng, task, 0.0) == task.reference
    same = sum(imperfect_solution(rng, task, 0.3) == task.reference for _ in range(2000)) / 2000
    assert abs(same - 0.343) < 0.04  # 0.7 ** 3; four standard errors of 2000 draws


def test_no_question_of_the_math_suite_is_asked_again_in_another_order() -> None:
    asked = [(task.metadata["kind"], *sorted(task.metadata["numbers"])) for task in load_suite("math-quickstart").tasks]
    assert len(set(asked)) == len(asked) == 4 * sum(SIZES.values())


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_suite_with_imperfect_answers_has_them_for_each_of_its_tasks(name: str) -> None:
    rng = random.Random(0)
    tasks = load_suite(name).tasks
    answers = [imperfect_answer(rng, task, 1.0) for task in tasks]
    assert all(answers)
    assert not any(answer == task.reference for answer, task in zip(answers, tasks, strict=True))


def test_no_imperfect_answers_are_made_for_a_task_of_another_suite() -> None:
    metadata = {"suite": "kitchen", "stages": ["boil"], "ask": 3, "kind": "tea"}
    task = Task.model_validate({"id": "s", "prompt": "?", "rewards": [{"source": "mine"}], "metadata": metadata})
    assert imperfect_answer(random.Random(0), task, 1.0) is None


@needs_data
@pytest.mark.parametrize(
    ("name", "file", "count"),
    [
        ("humaneval", "humaneval/HumanEval.jsonl.gz", 164),
        ("mbpp", "mbpp/mbpp.jsonl", 974),
        ("gsm8k", "gsm8k/train.jsonl.gz", 7473),
        ("gsm8k", "gsm8k/test.jsonl", 1319),
        ("math500", "math500/test.jsonl", 500),
    ],
)
def test_published_files_convert_whole(name: str, file: str, count: int, tmp_path: Path) -> None:
    suite = read_format(name, DATA / file)
    assert len(suite.tasks) == count
    suite.save(tmp_path / "suite.jsonl")
    assert load_suite(tmp_path / "suite.jsonl").tasks == suite.tasks


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", ["line 2"]),
        ('{"id": "a", "prompt": "", "rewards": [{"source": "unit_tests", "style": "asserts"}]}', ["line 2", "tests"]),
        ('{"id": "a", "promt": "", "rewards": [{"source": "x"}]}', ["line 2"]),
        ('{"id": "first", "prompt": "", "rewards": [{"source": "x"}]}', ["line 2", "first"]),
    ],
)
def test_a_mistake_is_told_by_file_line_and_field(line: str, said: list[str], tmp_path: Path) -> None:
    path = tmp_path / "suite.jsonl"
    path.write_text('{"id": "first", "prompt": "", "rewards": [{"source": "x"}]}\n' + line + "\n")
    with pytest.raises(TaskError) as caught:
        load_suite(path)
    assert "suite.jsonl" in str(caught.value)
    assert all(part in str(caught.value) for part in said)


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"tests": ["assert f() == 1", "return"]}, "tests.1", "'return' outside function"),
        ({"tests": ["assert f() == 1"], "setup": "yield"}, "setup", "'yield' outside function"),
        ({"tests": ["assert f() == 1"], "prelude": "break"}, "prelude", "'break' outside loop"),
        ({"style": "check", "tests": ["assert f() == 1"]}, "", "but `tests` define none; add it"),
        (
            {"style": "stdio", "cases": [{"stdin": "", "stdout": ""}], "checker": {"code": "def chek(): pass"}},
            "",
            "its code defines no `check`",
        ),
    ],
)
def test_tests_that_could_never_run_are_refused(spec: dict[str, Any], field: str, said: str, tmp_path: Path) -> None:
    reward = {"source": "unit_tests", "style": "asserts", "entry_point": "f", **spec}
    (tmp_path / "suite.jsonl").write_text(json.dumps({"id": "a", "prompt": "", "rewards": [reward]}) + "\n")
    with pytest.raises(TaskError, match="line 1") as caught:
        load_suite(tmp_path / "suite.jsonl")
    assert field in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("tests", [["def check(g): pass"], ["check = print"], ["from m import x as check"]])
def test_check_may_be_bound_in_any_way(tests: list[str]) -> None:
    UnitTests.model_validate({"style": "check", "entry_point": "f", "tests": tests})


@given(st.text(min_size=1), st.text(), st.sampled_from(["suite.jsonl", "suite.yaml"]))
def test_saving_and_loading_gives_the_same(tmp_path_factory: pytest.TempPathFactory, name: str, text: str, file: str) -> None:
    task = Task.model_validate({"id": name, "prompt": text, "rewards": [{"source": "mine", "extra": text}]})
    path = tmp_path_factory.mktemp("suite") / file
    TaskSuite(name="suite", tasks=(task,)).save(path)
    assert load_suite(path).tasks == (task,)


def test_mutants_differ_from_the_reference_and_parse() -> None:
    reference = "def f(x, y):\n    if x < y:\n        return x + 1\n    return y"
    found = mutants(reference, "f")
    assert len(found) == len(set(found)) >= 5
    for code in found:
        compile(code, "mutant", "exec")
        assert code != reference
