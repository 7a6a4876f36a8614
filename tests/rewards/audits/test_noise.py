"""How often tests err is counted as it is, and the chance that a pair is the wrong way round follows from it."""

import random
from collections.abc import Iterator

import pytest
from sandbox_rewards.audits.noise import MOST, Rate, TaskNoise, flip_probability, measure_noise
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task, UnitTests

REFERENCE = "def f(x):\n    if x > 0:\n        return x + 1\n    return 0"


def a_task(name: str, *tests: str) -> Task:
    spec = UnitTests(style="asserts", entry_point="f", tests=tests, flaky=True)
    return Task(id=name, prompt="p", rewards=(spec,), reference=REFERENCE)


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader("namespaces") as grader:
        yield grader


def test_steady_chancy_and_weak_tests_are_told_apart(grader: Grader) -> None:
    steady = a_task("steady", "assert f(1) == 2", "assert f(2) == 3", "assert f(0) == 0", "assert f(-1) == 0")
    chancy = a_task(
        "chancy", "import random", "assert random.random() < 0.7 and f(1) == 2 and f(0) == 0 and f(-1) == 0 and f(3) == 4"
    )
    lenient = a_task(
        "lenient", "import random", "assert random.random() < 0.2 or f(1) == 2 and f(0) == 0 and f(-1) == 0 and f(3) == 4"
    )
    weak = a_task("weak", "f(1)")
    runs = 120
    found = {n.task_id: n for n in measure_noise([steady, chancy, lenient, weak], grader, repeats=runs, mutants_per_task=3)}
    assert found["steady"].false_negative == Rate(count=0, runs=runs)
    assert found["steady"].false_positive.count == 0
    assert found["steady"].false_positive.runs >= runs
    # 120 tosses: outside of these bounds (six standard deviations) once in 10^8 runs of this test
    assert 11 <= found["chancy"].false_negative.count <= 66
    assert 0.2 - 6 * 0.037 < found["lenient"].false_positive.value < 0.2 + 6 * 0.037
    assert found["weak"].false_positive.runs == 0
    assert found["weak"].undecided >= 1


@pytest.mark.parametrize(
    ("count", "runs", "low", "high"),
    [(0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (5, 20, 0.1119, 0.4687), (0, 0, 0.0, 1.0)],
)
def test_wilsons_interval(count: int, runs: int, low: float, high: float) -> None:
    assert Rate(count=count, runs=runs).interval == pytest.approx((low, high), abs=1e-4)


def noise(a: float, b: float) -> TaskNoise:
    rates = [Rate(count=round(rate * 1000), runs=1000) for rate in (a, b)]
    return TaskNoise(task_id="t", false_negative=rates[0], false_positive=rates[1], undecided=0, no_verdict=0)


@pytest.mark.parametrize(("a", "b", "right"), [(0.2, 0.1, 0.4), (0.05, 0.3, 0.7), (0.3, 0.3, 0.5)])
def test_the_chance_of_a_flip_is_that_of_a_simulation(a: float, b: float, right: float) -> None:
    rng = random.Random(0)
    passed, failed = [], []
    for _ in range(200_000):
        truth = rng.random() < right
        (passed if (rng.random() >= a if truth else rng.random() < b) else failed).append(truth)
    flipped = passed.count(False) / len(passed) * failed.count(True) / len(failed)
    pass_rate = len(passed) / 200_000
    assert flip_probability(noise(a, b), pass_rate) == pytest.approx(flipped, abs=0.005)  # 4 errors of the simulation


def test_there_is_no_flip_without_noise_and_never_half_of_them() -> None:
    assert flip_probability(noise(0.0, 0.0), 0.5) == 0
    assert flip_probability(noise(0.2, 0.0), 0.5) == 0  # who passed is right, so the pair is never the wrong way round
    assert flip_probability(noise(0.6, 0.6), 0.5) == MOST
    assert flip_probability(noise(0.2, 0.1), 0.0) == 0
