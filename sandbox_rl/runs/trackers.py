"""A run's numbers in the tracker that a team looks at, by accelerate: tensorboard, wandb, mlflow and what else it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import filter_trackers

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError


class Trackers:
    """Those that the settings name; none costs nothing. Each phase of a run is a run of its own there."""

    def __init__(self, config: RunConfig, folder: Path) -> None:
        self._accelerator: Accelerator | None = None
        if not config.trackers:
            return
        here = {str(tracker) for tracker in filter_trackers(list(config.trackers), str(folder))}
        if missing := [name for name in config.trackers if name not in here]:
            name = missing[0]
            raise UserError(f"tracker {name!r} is not installed here; `pip install {name}`, or leave it out of `trackers`.")
        self._accelerator = Accelerator(log_with=list(config.trackers), project_dir=folder)
        self._accelerator.init_trackers("trackers", config=_flat(config.model_dump(mode="json")))

    def log(self, metrics: dict[str, Any]) -> None:
        """The numbers of a step, those in groups as `group/name`."""
        if self._accelerator:
            numbers = {name: value for name, value in _flat(metrics).items() if isinstance(value, (int, float))}
            self._accelerator.log(numbers, step=int(metrics["step"]))

    def close(self) -> None:
        if self._accelerator:
            self._accelerator.end_training()


def _flat(values: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{above}{name}/")
        elif isinstance(value, (int, float, str, bool)):
            found[above + name] = value
    return found
