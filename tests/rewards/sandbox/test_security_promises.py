"""docs/security.md names tests that hold its promises; each is there, and what it tells of numbers is so."""

import re
from pathlib import Path

import pytest
from sandbox_rewards.audits.cheats import CHEATS

from sandbox_rl.config import PPOConfig

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "security.md").read_text()
HELD = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)


@pytest.mark.parametrize(("file", "test"), HELD)
def test_a_promise_has_its_test(file: str, test: str) -> None:
    assert (ROOT / file).exists()
    assert f"def {test}" in (ROOT / file).read_text()


def test_the_numbers_in_the_text_are_those_of_the_code() -> None:
    assert len(HELD) >= 15
    assert f"0 of {len(CHEATS)} cheats" in TEXT
    assert f"`ppo.canaries` ({PPOConfig().canaries})" in TEXT
