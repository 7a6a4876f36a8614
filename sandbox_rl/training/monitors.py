"""Monitors of a PPO run: what tells early that its numbers are no longer worth having.

Each looks at one step's metrics (and answers) and says in a sentence what is wrong and what to try, or nothing. Whoever trains
writes the sentences beside the step; those of monitors that the settings name stop the run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sandbox_rewards.sources.shaping import repeated

from sandbox_rl.config import Monitor, MonitorsConfig
from sandbox_rl.errors import TrainingError
from sandbox_rl.numerics.statistics import mean
from sandbox_rl.runs.metrics import renamed

Metrics = dict[str, Any]


class Monitors:
    """Those of one run: it remembers the first step, and how long rewards have been equal."""

    def __init__(self, settings: MonitorsConfig) -> None:
        self._settings = settings
        self._first: dict[str, float] = {}
        self._equal = 0
        self._lost: Counter[str] = Counter()
        """By word: answers with it that ended without a verdict, of words with which none ended otherwise since."""

    def watch(self, metrics: Metrics, samples: Sequence[dict[str, Any]]) -> dict[Monitor, str]:
        """The alarms of a step, by monitor; a sample has its `text`, and its `reward`, None where there is no verdict.

        `metrics` gets `repetition`, the figure that only this room makes.
        """
        texts, rewards = [sample["text"] for sample in samples], [sample["reward"] for sample in samples]
        self._sort_words(texts, rewards)
        told = {reward for reward in rewards if reward is not None}
        metrics["repetition"] = mean([repeated(text) for text in texts])
        for name in ("entropy", "response_length"):
            self._first.setdefault(name, metrics.get(name, 0.0))
        self._equal = self._equal + 1 if len(told) == 1 else 0
        said = {name: look(self, metrics) for name, look in _MONITORS.items()}
        return {name: sentence for name, sentence in said.items() if sentence}

    def stopping(self, alarms: Iterable[Monitor]) -> list[Monitor]:
        return [name for name in alarms if name in self._settings.stop]

    def stop_if_named(self, alarms: dict[Monitor, str], step: int) -> None:
        """Raise `TrainingError` when the settings let one of these alarms stop the run."""
        if stopping := self.stopping(alarms):
            raise TrainingError(f"at step {step} {alarms[stopping[0]]} (monitors.stop names {stopping[0]}.)")

    def state(self) -> dict[str, Any]:
        return {"first": self._first, "equal": self._equal, "lost": dict(self._lost)}

    def restore(self, state: dict[str, Any]) -> None:
        self._first, self._equal = renamed(state["first"]), state["equal"]
        self._lost = Counter(state.get("lost", {}))

    def _sort_words(self, texts: Sequence[str], rewards: Sequence[float | None]) -> None:
        """Count the words of what was lost, unless so much was that the machine must be at fault, which has its own alarm."""
        lost = [text for text, reward in zip(texts, rewards, strict=True) if reward is None]
        if len(lost) <= self._settings.no_verdict * len(texts):
            for text in lost:
                self._lost.update(set(_WORD.findall(text)))
        for text, reward in zip(texts, rewards, strict=True):
            if reward is not None:
                for word in _WORD.findall(text):
                    self._lost.pop(word, None)

    def _kl(self, metrics: Metrics) -> str | None:
        if metrics.get("kl", 0.0) <= self._settings.kl:
            return None
        return (
            f"KL to the base is {metrics['kl']:.1f} nats an answer, above monitors.kl ({self._settings.kl:g}); lower "
            "ppo.learning_rate or raise ppo.kl_coefficient."
        )

    def _ratio(self, metrics: Metrics) -> str | None:
        if metrics.get("first_ratio_error", 0.0) <= self._settings.ratio:
            return None
        return (
            f"with unchanged weights the ratio is off by {metrics['first_ratio_error']:.2g}, above monitors.ratio "
            f"({self._settings.ratio:g}), so sampling and training disagree; sample in the precision of training."
        )

    def _entropy(self, metrics: Metrics) -> str | None:
        floor = self._settings.entropy * self._first["entropy"]
        if metrics.get("entropy", floor) >= floor:
            return None
        return (
            f"entropy is {metrics['entropy']:.3g} nats a token, {self._first['entropy']:.3g} in the first step, so every answer "
            "is the same; raise ppo.temperature or ppo.kl_coefficient, or stop earlier."
        )

    def _equal_rewards(self, metrics: Metrics) -> str | None:
        if self._equal < self._settings.equal_rewards:
            return None
        return (
            f"all answers of the last {self._equal} steps got reward {metrics['reward']:g}, so there is nothing to learn from; "
            "take tasks that the base solves sometimes, or more samples a prompt."
        )

    def _repetition(self, metrics: Metrics) -> str | None:
        if metrics["repetition"] <= self._settings.repetition:
            return None
        return (
            f"{metrics['repetition']:.0%} of what answers say they have said before, above monitors.repetition "
            f"({self._settings.repetition:.0%}); read samples.jsonl."
        )

    def _length(self, metrics: Metrics) -> str | None:
        first, now, factor = self._first["response_length"], metrics.get("response_length", 0.0), self._settings.length
        if not first or first / factor <= now <= first * factor:
            return None
        return (
            f"answers are {now:.0f} tokens long in the mean, {first:.0f} in the first step (monitors.length allows a factor of "
            f"{factor:g}); read samples.jsonl: length may be what is rewarded."
        )

    def _no_verdict(self, metrics: Metrics) -> str | None:
        share = metrics["no_verdict"] / max(1, metrics["completions"])
        if share <= self._settings.no_verdict:
            return None
        return f"{share:.0%} of the answers could not be judged; `sandbox-rl doctor` says what works here."

    def _lost_kind(self, _: Metrics) -> str | None:
        word, count = max(self._lost.items(), key=lambda found: found[1], default=("", 0))
        if count < self._settings.lost_kind:
            return None
        return (
            f"all {count} answers with {word!r} in them ended without a verdict, by which a policy may learn to escape its zero; "
            "read them in samples.jsonl, and grade them alone."
        )


_WORD = re.compile(r"[^\W\d]\w{2,}")
_MONITORS: dict[Monitor, Callable[[Monitors, Metrics], str | None]] = {
    "kl": Monitors._kl, "ratio": Monitors._ratio, "entropy": Monitors._entropy, "equal_rewards": Monitors._equal_rewards,
    "repetition": Monitors._repetition, "length": Monitors._length, "no_verdict": Monitors._no_verdict,
    "lost_kind": Monitors._lost_kind,
}  # fmt: skip
