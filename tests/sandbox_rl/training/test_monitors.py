"""Monitors speak when a step's figures leave the range that their settings name, and not before."""

from typing import Any

import pytest
import torch

from sandbox_rl.config import MonitorsConfig
from sandbox_rl.policy.fingerprint import fingerprint
from sandbox_rl.training.monitors import Monitors, repeated

FINE: dict[str, Any] = {
    "kl": 1.0, "first_ratio_error": 1e-6, "entropy": 2.0, "reward": 0.5, "response_length": 40.0, "no_verdict": 0,
    "completions": 8,
}  # fmt: skip


def alarms(monitors: Monitors, text: str = "f(x) = x + 1", rewards: tuple[float, ...] = (0.0, 1.0), **changes: Any) -> set[str]:
    samples = [{"text": text, "reward": reward} for reward in rewards]
    return set(monitors.watch(FINE | changes, samples))


@pytest.mark.parametrize(
    ("monitor", "within", "beyond"),
    [
        ("kl", {"kl": 30.0}, {"kl": 30.1}),
        ("ratio", {"first_ratio_error": 0.2}, {"first_ratio_error": 0.21}),
        ("entropy", {"entropy": 0.1}, {"entropy": 0.09}),
        ("length", {"response_length": 120.0}, {"response_length": 121.0}),
        ("length", {"response_length": 13.4}, {"response_length": 13.0}),
        ("no_verdict", {"no_verdict": 1}, {"no_verdict": 2}),
        ("repetition", {"text": "a b c d e"}, {"text": "no " * 20}),
    ],
)
def test_each_speaks_beyond_its_limit_and_not_before(monitor: str, within: dict[str, Any], beyond: dict[str, Any]) -> None:
    monitors = Monitors(MonitorsConfig())
    assert alarms(monitors) == set()
    assert alarms(monitors, **within) == set()
    assert alarms(monitors, **beyond) == {monitor}


def test_equal_rewards_count_only_in_a_row_and_over_a_resume() -> None:
    monitors = Monitors(MonitorsConfig(equal_rewards=3))
    said = [alarms(monitors, rewards=r) for r in ((0.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 1.0))]
    assert said == [set()] * 5
    resumed = Monitors(MonitorsConfig(equal_rewards=3))
    resumed.restore(monitors.state())
    assert alarms(resumed, rewards=(1.0, 1.0)) == {"equal_rewards"}


def test_a_step_without_any_verdict_raises_only_that_alarm() -> None:
    figures = {"kl": 0.0, "reward": 0.0, "response_length": 40.0, "no_verdict": 8, "completions": 8}
    assert set(Monitors(MonitorsConfig()).watch(figures, [{"text": "return x", "reward": None}] * 8)) == {"no_verdict"}


def test_a_word_whose_answers_never_get_a_verdict_is_an_alarm_until_one_does() -> None:
    settings = MonitorsConfig(lost_kind=3, no_verdict=0.7)
    monitors = Monitors(settings)

    def said(*answers: tuple[str, float | None]) -> str | None:
        samples = [{"text": text, "reward": reward} for text, reward in answers]
        return monitors.watch(dict(FINE), samples).get("lost_kind")

    honest = ("return sum(xs)", 1.0)
    assert said(("return xs.__hash__()", None), ("return __hash__", None), honest) is None
    state, monitors = monitors.state(), Monitors(settings)
    monitors.restore(state)
    assert "all 3 answers with '__hash__'" in str(said(("return 1 if __hash__ else 2", None), honest))  # 'return' was judged
    assert said(("__hash__", 0.0), honest) is None


def test_only_what_the_settings_name_stops() -> None:
    assert Monitors(MonitorsConfig(stop=["kl"])).stopping(["ratio", "kl"]) == ["kl"]


def test_repetition_is_the_share_of_runs_seen_before() -> None:
    assert repeated("a b c d") == 0.0
    assert repeated("a b c") == 0.0
    assert repeated("a b c d a b c d") == pytest.approx(1 / 5)  # abcd bcda cdab dabc abcd


def test_a_fingerprint_tells_a_single_bit_a_place_a_shape_and_a_type() -> None:
    tensor = torch.arange(3 * 2**19, dtype=torch.float32).reshape(3, -1)
    bit = tensor.clone()
    bit[2, 7] = torch.nextafter(bit[2, 7], torch.tensor(torch.inf))
    odd = torch.tensor([1.0, 2.0, 3.0])
    others = [bit, tensor[[1, 0, 2]], tensor.reshape(-1), tensor.double(), tensor[:2], odd, -odd, odd.flip(0)]
    assert len({fingerprint([t]) for t in [tensor, *others]}) == 9
    assert fingerprint([tensor, odd]) != fingerprint([odd, tensor])
    assert fingerprint([tensor[1:]]) == fingerprint([tensor[1:].clone()])
