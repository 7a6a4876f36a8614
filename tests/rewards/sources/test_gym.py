"""Questions of reasoning-gym: its verifiers judge as they do, and nothing that a model writes holds the grader up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reasoning_gym.factory import DATASETS
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.source import RewardItem
from sandbox_rewards.sources import gym
from sandbox_rewards.sources.gym import GymReward, UnusableEntry
from sandbox_tasks.errors import TaskError, UnknownNameError
from sandbox_tasks.gym import HINT, REFUSED
from sandbox_tasks.suite import load_suite
from sandbox_tasks.task import GymEntry, Task

FAMILIES = sorted(set(DATASETS) - set(REFUSED))
UNANSWERED = {"boxnet", "graph_color", "rubiks_cube", "rush_hour"}
"""Families whose questions come without an answer."""
SEVERAL_ANSWERS = {"knight_swap", "word_ladder"}
"""Families whose own answer is one of several, and not the same in every process."""
SLOW = {"futoshiki", "knight_swap", "sokoban", "zebra_puzzles"}
"""Families that may take seconds to make a question."""


@pytest.fixture(scope="module")
def reward() -> Iterator[GymReward]:
    source = GymReward(workers=2)
    yield source
    source.close()


def graded(reward: GymReward, task: Task, completion: str) -> Grade:
    return reward.score([RewardItem(task, task.rewards[0], completion)])[0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a data package leaves its file open
@pytest.mark.parametrize("family", FAMILIES)
def test_each_familys_own_answer_passes_and_nonsense_does_not(family: str, reward: GymReward) -> None:
    tasks = load_suite(f"reasoning-gym:{family}?size=1&seed=3").tasks
    known = [task for task in tasks if task.reference]
    assert bool(known) == (family not in UNANSWERED)
    assert [graded(reward, task, task.reference or "").verdict for task in known] == [Verdict.passed] * len(known)
    for task in tasks:
        answer = (task.reference or "").removeprefix("<answer>").removesuffix("</answer>")
        cheats = ["", "xyzzy", "nan", "[]", "{}", task.prompt, re.sub(r"\d+(\.\d+)?", "NaN", answer)]
        cheats += ["0"] if re.match(r"0\.0*[1-9]", answer) else []
        earned = {text: graded(reward, task, f"<answer>{text}</answer>").reward for text in cheats if text != answer}
        assert not any(earned.values())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_family_asks_another_question_or_has_another_answer_in_a_process_with_other_hashes() -> None:
    """Sets of strings have another order there. Families whose verifiers take any of several answers may give another of them."""
    dump = (
        "import json, sys; from sandbox_tasks.suite import load_suite;"
        "print(json.dumps([[t.id, t.prompt, t.reference] for f in sys.argv[1:]"
        " for t in load_suite(f'reasoning-gym:{f}?size=20&seed=5').split('train')]))"
    )
    quick = [family for family in FAMILIES if family not in SLOW | SEVERAL_ANSWERS]
    found = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        told = subprocess.run([sys.executable, "-c", dump, *quick], env=environment, capture_output=True, text=True, check=True)
        found.append(json.loads(told.stdout.splitlines()[-1]))
    assert [one for one, other in zip(*found, strict=True) if one != other] == []


def test_a_suite_goes_through_a_file_and_another_process(tmp_path: Path) -> None:
    name, file = "reasoning-gym:leg_counting,gcd?size=5&seed=1", tmp_path / "gym.jsonl"
    subprocess.run([sys.executable, "-m", "sandbox_rl", "tasks", "save", name, str(file)], check=True, capture_output=True)
    saved, made = load_suite(file), load_suite(name)
    assert saved.tasks == made.tasks
    assert {split: len(saved.split(split)) for split in ("train", "validation", "test")} == {
        "train": 10,
        "validation": 2,
        "test": 2,
    }
    with Grader("local") as grader:
        grades = grader.grade(saved.tasks, [task.reference or "" for task in saved.tasks])
    assert [grade.reward for grade in grades] == [1.0] * len(saved.tasks)


def test_no_question_is_in_two_splits() -> None:
    prompts = [task.prompt for task in load_suite("reasoning-gym:gcd?size=300").tasks]
    assert len(set(prompts)) == len(prompts)


def test_settings_of_a_family_reach_it() -> None:
    short, long = (load_suite(f"reasoning-gym:chain_sum?size=3&min_terms={n}&max_terms={n}") for n in (2, 20))
    assert max(len(task.prompt) for task in short.tasks) < min(len(task.prompt) for task in long.tasks)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("reasoning-gym:leg_countin", "did you mean 'leg_counting'"),
        ("reasoning-gym:countdown", "runs a model's text as code"),
        ("reasoning-gym:gcd?size=0", "size is 0"),
        ("reasoning-gym:gcd?size=many", "size is 'many'"),
        ("reasoning-gym:gcd?colour=red", "can't make 'gcd'"),
        ("reasoning-gym:gcd?credit=half", "credit is 'half'"),
        ("reasoning-gym:gcd,gcd?size=1", "'gcd' is named twice"),
        ("reasoning-gym:complex_arithmetic", "pays in full for 'nan'"),
        ("reasoning-gym:", "no family of reasoning-gym ''"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name: str, problem: str) -> None:
    with pytest.raises((TaskError, UnknownNameError), match=problem):
        load_suite(name)


def test_a_verifiers_share_counts_only_where_it_is_asked_for(reward: GymReward) -> None:
    whole, share = (load_suite(f"reasoning-gym:rectangle_count?size=1&credit={credit}").tasks[0] for credit in ("all", "share"))
    near = str(int((whole.reference or "")[len("<answer>") : -len("</answer>")]) + 1)
    nothing, something = (graded(reward, task, f"<answer>{near}</answer>") for task in (whole, share))
    assert (nothing.verdict, nothing.reward, something.verdict) == (Verdict.failed, 0.0, Verdict.failed)
    assert something.reward == pytest.approx(0.8 * (1 - 1 / 5))  # its verifier's D and CONST_TERM: 5 and 0.8
    assert graded(reward, share, share.reference or "").reward == 1.0


def test_a_task_whose_question_is_made_no_more_is_an_error_of_the_task(reward: GymReward) -> None:
    task = load_suite("reasoning-gym:gcd?size=1").tasks[0]
    with pytest.raises(UnusableEntry, match="another question"):
        graded(reward, task.model_copy(update={"prompt": "another"}), "<answer>1</answer>")


def test_a_refused_family_is_refused_in_a_file_too(reward: GymReward) -> None:
    entry = {"source": "reasoning_gym", "family": "puzzle24", "seed": 0, "size": 1, "index": 0}
    task = Task.model_validate({"id": "t", "prompt": "?", "rewards": [entry]})
    with pytest.raises(UnusableEntry, match="runs a model's text"):
        graded(reward, task, "<answer>__import__('os').system('true')</answer>")
    with pytest.raises(UnusableEntry, match="runs a model's text"):
        reward.prepare(task, task.rewards[0])  # before any work begins


@pytest.mark.parametrize(
    "answer",
    ["9**9**9**9**9", "1" * 200_000, "__import__('os')._exit(0)", "[" * 50_000, "\x00", "9" * 5000 + "!", "\ud800"],
)
def test_a_hostile_answer_earns_nothing_and_ends_in_time(answer: str, reward: GymReward) -> None:
    families = ("basic_arithmetic", "polynomial_equations", "fraction_simplification", "game_of_life", "gsm_symbolic")
    tasks = [load_suite(f"reasoning-gym:{family}?size=1").tasks[0] for family in families]
    for task in tasks:
        graded(reward, task, "<answer>0</answer>")  # the set is made
    grades = [graded(reward, task, f"<answer>{answer}</answer>") for task in tasks]
    assert not any(grade.reward for grade in grades)
    assert not any(grade.verdict is Verdict.no_verdict for grade in grades)


def test_a_verifier_that_dies_of_an_answer_is_the_answers_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, source = dying_family(tmp_path, monkeypatch)
    told = [
        graded(source, task, f"<answer>{answer}</answer>") for answer in ("abort", "right", "spin", "memory", "right", "raise")
    ]
    source.close()
    assert [grade.verdict for grade in told] == [
        Verdict.runtime_error, Verdict.passed, Verdict.time_limit, Verdict.memory_limit, Verdict.passed, Verdict.failed,
    ]  # fmt: skip
    assert [grade.reward for grade in told] == [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    assert "SIGABRT" in (told[0].detail or "")


@pytest.mark.parametrize("sent", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_process_that_is_killed_from_outside_gives_no_verdict(
    sent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    task, source = dying_family(tmp_path, monkeypatch)
    grade = graded(source, task, f"<answer>{sent}</answer>")
    source.close()
    assert (grade.verdict, grade.reward) == (Verdict.no_verdict, None)


def test_making_a_question_again_takes_none_of_the_answers_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, source = dying_family(tmp_path, monkeypatch, made_in_s=3.0)
    grade = graded(source, task, "<answer>right</answer>")
    source.close()
    assert grade.verdict is Verdict.passed


def test_a_process_that_does_not_start_gives_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, source = dying_family(tmp_path, monkeypatch)
    (tmp_path / "reasoning_gym" / "__init__.py").write_text("import os; os._exit(3)")
    grade = graded(source, task, "<answer>right</answer>")
    source.close()
    assert (grade.verdict, grade.reward) == (Verdict.no_verdict, None)
    assert "exit status 3" in (grade.detail or "")


def dying_family(folder: Path, monkeypatch: pytest.MonkeyPatch, made_in_s: float = 0.0) -> tuple[Task, GymReward]:
    """A task of a package that stands where reasoning-gym would, whose verifier does what the answer says."""
    package = folder / "reasoning_gym"
    package.mkdir()
    package.joinpath("factory.py").write_text("DATASETS = {'dying': None}")
    package.joinpath("__init__.py").write_text(STAND_IN.format(made_in_s=made_in_s))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(gym, "LIMIT_S", 1.0)
    entry = GymEntry(family="dying", seed=0, size=1, index=0)
    return Task(id="t", prompt="?" + HINT, rewards=(entry,)), GymReward(workers=1)


STAND_IN = """
import os, signal, time

class Dying:
    def __getitem__(self, index):
        until = time.process_time() + {made_in_s}
        while time.process_time() < until:
            pass
        return {{"question": "?"}}

    def score_answer(self, answer, entry):
        if answer == "abort":
            os.abort()
        if answer.startswith("SIG"):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.Signals[answer])
        if answer == "raise":
            raise ValueError("no")
        while answer == "spin":
            pass
        if answer == "memory":
            bytearray(1 << 40)
        return 1.0

def create_dataset(family, seed, size):
    return Dying()
"""


def test_it_works_from_threads_and_ends_its_processes(
    in_threads: Callable[[int, Callable[[], None]], None],
) -> None:
    before = verifiers()
    source, found = GymReward(workers=2), []
    tasks = load_suite("reasoning-gym:leg_counting?size=8").split("train")

    def score() -> None:
        items = [RewardItem(task, task.rewards[0], task.reference or "") for task in tasks]
        found.append([grade.reward for grade in source.score(items)])

    in_threads(4, score)
    source.close()
    assert found == [[1.0] * 8] * 4
    assert verifiers() == before


def verifiers() -> set[str]:
    """Processes of verifiers that are ours."""
    command = ["pgrep", "-P", str(os.getpid()), "-f", "gym_verifier"]
    return set(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def test_the_spec_is_plain_data() -> None:
    task = load_suite("reasoning-gym:gcd?size=1&seed=7").tasks[0]
    assert json.loads(task.model_dump_json())["rewards"][0] == {
        "source": "reasoning_gym", "weight": 1.0, "gated": False, "family": "gcd", "seed": 7, "size": 1, "index": 0, "config": {},
        "credit": "all",
    }  # fmt: skip
