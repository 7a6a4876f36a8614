"""No liar is paid in any idiom or style, and no way out of a zero works. Plain Python's honest answer is the oracle: an idiom
counts where its right answer passes and no plain wrong one does; then no answer that is made to lie may earn anything.
"""

from __future__ import annotations

import pytest
from sandbox_rewards.grading import Grader
from sandbox_rewards.sandbox.backends import BACKENDS

from tests.adversarial import idioms, matrix

STYLES = ("asserts", "check", "pytest")
A_FEW = {"asserts": 250, "check": 100, "pytest": 25}
"""Cells of each style in the everyday tests."""
MANY = {"asserts": 1_200, "check": 400, "pytest": 120}
"""Cells of each style in the rest; with another seed each time all 280,000 are met in the end."""


@pytest.fixture(scope="module", params=[pytest.param("a few", id="few"), pytest.param("many", marks=pytest.mark.rest)])
def share(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("corpus_seed"))


def test_plain_python_tells_right_from_wrong_by_every_idiom() -> None:
    weak = [idiom.name for idiom in matrix.pure() if not idioms.separates(idiom)]
    assert not weak
    assert len({idiom.name for idiom in matrix.pure()}) == len(matrix.pure()) > 300


@pytest.mark.parametrize("style", STYLES)
def test_right_answers_pass(style: str, backend: str, share: str, seed: int) -> None:
    asked = matrix.fitting(style)
    asked = matrix.sample(asked, 12 if share == "a few" else len(asked), seed)
    with Grader(backend, workers=2) as grader:
        grades = grader.grade([matrix.task(style, idiom) for idiom in asked], [idiom.right for idiom in asked])
    failed = {i.name: (g.verdict, g.detail) for i, g in zip(asked, grades, strict=True) if g.verdict != "passed"}
    assert set(failed) <= idioms.KNOWN_LIMITS | (idioms.STARTS_PROCESSES if backend == "landlock" else frozenset()), failed


@pytest.mark.parametrize("style", STYLES)
def test_no_liar_is_paid_or_hides_its_zero(style: str, backend: str, share: str, seed: int) -> None:
    count = (A_FEW if share == "a few" else MANY)[style]
    with Grader(backend, workers=2) as grader:
        wrong = matrix.graded(grader, matrix.drawn(style, count, seed))
    assert not wrong, f"--corpus-seed={seed}: {len(wrong)} of {count}: {wrong[:20]}"


def test_no_way_out_of_a_zero_and_the_next_answer_is_judged_as_ever(backend: str, share: str, seed: int) -> None:
    count = 60 if share == "a few" else 400
    with Grader(backend, workers=1) as grader:
        wrong = matrix.ended(grader, matrix.drawn_ends(count, seed))
    assert not wrong, f"--corpus-seed={seed}: {len(wrong)} of {count}: {wrong[:20]}"


def test_what_a_test_starts_for_an_answer_ends_with_it() -> None:
    """A daemon that a test's own `subprocess.run` starts rewrites, signals and answers for whoever is judged next."""
    for backend in BACKENDS:
        with Grader(backend, workers=1) as grader:
            wrong = matrix.stayed(grader)
        assert not wrong, f"{backend}: {wrong}"
