"""What a run logs is in the tracker, too; one that is not there is told before anything is trained."""

from pathlib import Path

import pytest

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.runs.run_folder import RunFolder


def test_numbers_of_a_step_are_in_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = RunFolder(tmp_path)
    run.begin(RunConfig(trackers=["tensorboard"]), ("seed",), resume=False)
    for step in (1, 2):
        run.log({"phase": "ppo", "step": step, "reward": step / 4, "seconds": {"update": 1.5}})
    run.finish({})
    found = EventAccumulator(str(tmp_path / "trackers"))
    found.Reload()
    assert [(event.step, event.value) for event in found.Scalars("reward")] == [(1, 0.25), (2, 0.5)]
    assert [event.value for event in found.Scalars("seconds/update")] == [1.5, 1.5]


def test_a_tracker_that_is_not_here_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tracker 'comet_ml' is not installed here; `pip install comet_ml`"):
        RunFolder(tmp_path).begin(RunConfig(trackers=["comet_ml"]), ("seed",), resume=False)
