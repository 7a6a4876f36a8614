"""A run on disk: its settings, metrics, samples, and checkpoints that are there whole or not at all.

config.yaml  changes.jsonl  environment.json  metrics.jsonl  samples.jsonl  checkpoints/step-N/{state.pt,manifest.json}  done.json
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy
import torch
import yaml
from pydantic import ValidationError
from torch import Tensor

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.runs.environment import environment
from sandbox_rl.runs.trackers import Trackers

LOGS = ("metrics.jsonl", "samples.jsonl")
CHANGES = "changes.jsonl"
KEEP = 2
"""Checkpoints kept."""
CHANGEABLE = {
    "model": {"micro_batch_size", "micro_batch_tokens", "gradient_checkpointing", "offload_reference"},
    "sft": {"learning_rate"},
    "ppo": {"learning_rate", "kl_coefficient", "kl_target", "kl_stop", "max_grad_norm", "canaries"},
    "dpo": {"learning_rate", "max_grad_norm"},
    "reward_model": {"learning_rate"},
}
"""Settings that a run may go on with changed: what a diverging run wants lower, and what takes less memory for the same
gradients. The change is kept in changes.jsonl."""


class RunFolder:
    """One training phase's folder. `log` appends a metrics line; `save` and `newest` keep the state to go on from."""

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        """`writes`: whether this process is the one that writes; the others only read."""
        self.path = path
        self._writes = writes
        self._trackers: Trackers | None = None
        self._changed: list[str] = []
        """Settings that were changed for the step that is logged next."""
        path.mkdir(parents=True, exist_ok=True)

    def begin(self, config: RunConfig, sections: tuple[str, ...], *, resume: bool, base: Path | None = None) -> bool:
        """Keep settings, environment and the base's folder; gives whether the phase is finished already.

        Raises `UserError` when the folder holds a run and this is no resume, or one whose `sections` differ in more than what is
        CHANGEABLE.
        """
        file = self.path / "config.yaml"
        if not resume and (self.finished() or (self.path / "checkpoints").exists()):
            raise UserError(f"{self.path} holds a run already; resume it, or name another folder.")
        if resume and file.exists():
            before, now = config_of(self.path).model_dump(mode="json"), config.model_dump(mode="json")
            changes = {name: change for section in sections for name, change in _changes(section, before, now).items()}
            for name, (old, new) in changes.items():
                section, _, setting = name.partition(".")
                if setting not in CHANGEABLE.get(section, ()):
                    raise UserError(
                        f"{self.path} was begun with other settings of `{section}` ({setting or section}: {old!r} before, "
                        f"{new!r} now); resume with those that its config.yaml holds, or name another folder."
                        f"{_may_change(section)}"
                    )
            if changes and not self.finished():
                self._append(CHANGES, [{"after_step": self._newest_step(), "changes": changes}])
                self._keep(config)
        elif self._writes:
            self._keep(config)
            facts = environment() | ({"base": str(base.resolve())} if base else {})
            write_atomically(self.path / "environment.json", json.dumps(facts, indent=2).encode())
        if self._writes and not (resume and self.finished()):
            self._trackers = Trackers(config, self.path)
        return resume and self.finished()

    def _keep(self, config: RunConfig) -> None:
        if self._writes:
            settings = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
            write_atomically(self.path / "config.yaml", settings.encode())

    def _newest_step(self) -> int:
        """Of the newest checkpoint, 0 without one."""
        return max((int(folder.name.removeprefix("step-")) for folder in (self.path / "checkpoints").glob("step-*")), default=0)

    def changed_since(self, step: int, setting: str) -> bool:
        """Whether a setting (`ppo.kl_coefficient`) was changed on a resume after the checkpoint of `step`."""
        return any(line["after_step"] >= step and setting in line["changes"] for line in changes_of(self.path))

    def log(self, metrics: dict[str, Any]) -> None:
        """Append a line; what is not a number (a pass rate when nothing could be judged) is written as null. The first after a
        resume with other settings names them, as `changed`."""
        if self._changed:
            metrics, self._changed = metrics | {"changed": self._changed}, []
        self._append("metrics.jsonl", [metrics])
        if self._trackers:
            self._trackers.log(metrics)

    def log_samples(self, samples: list[dict[str, Any]]) -> None:
        self._append("samples.jsonl", samples)

    def _append(self, name: str, records: list[dict[str, Any]]) -> None:
        if not self._writes:
            return
        with (self.path / name).open("a") as file:
            for record in records:
                clean = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
                file.write(json.dumps(clean, allow_nan=False) + "\n")

    def finished(self) -> bool:
        return (self.path / "done.json").exists()

    def finish(self, facts: dict[str, Any]) -> None:
        if not self._writes:
            return
        if self._trackers:
            self._trackers.close()
        write_atomically(self.path / "done.json", json.dumps(facts).encode())
        shutil.rmtree(self.path / "checkpoints", ignore_errors=True)

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Checkpoint after `step`: written aside, synced, then renamed into place; older ones are dropped."""
        if not self._writes:
            return
        folder = self.path / "checkpoints"
        part = folder / f"part-{step:08d}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        state = state | {"log_bytes": {name: self._sync(name) for name in LOGS}, "step": step}
        torch.save(state, part / "state.pt")
        with (part / "state.pt").open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        write_atomically(part / "manifest.json", json.dumps({"sha256": digest}).encode())
        target = folder / f"step-{step:08d}"
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        _sync_folder(folder)
        for old in sorted(folder.glob("step-*"))[:-KEEP]:
            shutil.rmtree(old)

    def newest(self) -> dict[str, Any] | None:
        """State of the newest whole checkpoint, and the metrics cut back to it; None starts from the beginning."""
        for folder in sorted((self.path / "checkpoints").glob("step-*"), reverse=True):
            if _is_whole(folder):
                # weights_only: a run folder may come from elsewhere, and a pickle could run anything
                state: dict[str, Any] = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
                self._cut(state["log_bytes"])
                since = [line["changes"] for line in changes_of(self.path) if line["after_step"] >= state["step"]]
                self._changed = sorted({name for changes in since for name in changes})
                return state
        self._cut(dict.fromkeys(LOGS, 0))
        return None

    def _sync(self, name: str) -> int:
        """Bytes of a log, all of them on disk."""
        if not (self.path / name).exists():
            return 0
        with (self.path / name).open("rb") as file:
            os.fsync(file.fileno())
            return os.fstat(file.fileno()).st_size

    def _cut(self, sizes: dict[str, int]) -> None:
        if not self._writes:
            return
        for name, size in sizes.items():
            if (self.path / name).exists():
                os.truncate(self.path / name, size)


def config_of(run: Path) -> RunConfig:
    """The settings that a run was begun with. Raises `UserError` where there is no run."""
    file = run / "config.yaml"
    if not file.exists():
        raise UserError(f"{run} holds no run: there is no {file.name} in it; name a folder that `train` or `compare` wrote.")
    try:
        return RunConfig.model_validate(yaml.safe_load(file.read_text()))
    except ValidationError as error:
        what = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(f"{file} holds settings of an older version that are refused now: {what}.") from None


def changes_of(run: Path) -> list[dict[str, Any]]:
    """Each resume that changed settings: `after_step`, and `changes` from setting to [before, after]."""
    file = run / CHANGES
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def base_of(run: Path) -> Path:
    """Folder of the policy that a run began from. Raises `UserError` where it is gone."""
    base = json.loads((run / "environment.json").read_text()).get("base")
    if base is None or not Path(base).is_dir():
        raise UserError(f"{run} began from {base or 'a base that it does not name'}, which is not there; bring it back.")
    return Path(base)


def _changes(section: str, before: dict[str, Any], now: dict[str, Any]) -> dict[str, list[Any]]:
    """Settings of a section that differ, as `ppo.steps: [before, now]`."""
    old, new = before[section], now[section]
    if not isinstance(new, dict):
        return {section: [old, new]} if old != new else {}
    return {f"{section}.{key}": [old.get(key), new[key]] for key in new if old.get(key) != new[key]}


def _may_change(section: str) -> str:
    """What may change in a section, as a sentence."""
    names = sorted(CHANGEABLE.get(section, ()))
    return f" Of `{section}` a resume may change {', '.join(names)}." if names else ""


def _sync_folder(folder: Path) -> None:
    """A rename lasts through a power cut only when its folder is synced too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_whole(folder: Path) -> bool:
    try:
        wanted = json.loads((folder / "manifest.json").read_text())["sha256"]
        with (folder / "state.pt").open("rb") as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == wanted)
    except (OSError, ValueError, KeyError):
        return False


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


class Randomness:
    """The run's own sources of chance, saved with its checkpoints."""

    def __init__(self, seed: int) -> None:
        self.order = random.Random(seed)
        self.sampling = torch.Generator().manual_seed(seed)

    def uniforms(self, rows: int, columns: int) -> Tensor:
        """Numbers in [0, 1), (rows, columns) of float64: a row for each answer to be sampled, whoever samples it."""
        return torch.rand(rows, columns, generator=self.sampling, dtype=torch.float64)

    def state(self) -> dict[str, Any]:
        """Also of the generators that everybody shares: a reward source or a model of the user's may draw from them."""
        shared: Any = numpy.random.get_state()
        kind, keys, *place = shared
        return {
            "order": self.order.getstate(), "sampling": self.sampling.get_state(), "python": random.getstate(),
            "torch": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            "numpy": [kind, torch.from_numpy(keys.copy()), *place],
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        self.order.setstate(state["order"])
        self.sampling.set_state(state["sampling"])
        random.setstate(state["python"])
        torch.set_rng_state(state["torch"])
        if state["cuda"]:
            torch.cuda.set_rng_state_all(state["cuda"])
        kind, keys, *place = state["numpy"]
        numpy.random.set_state((kind, keys.numpy(), *place))
