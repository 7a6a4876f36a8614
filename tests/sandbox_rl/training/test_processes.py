"""Two processes train as one does: the same samples, losses and weights, whoever holds how many rows."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from sandbox_tasks.suite import load_suite

from sandbox_rl.policy.tiny import new_tiny_policy

TASKS = load_suite("quickstart").split("train")[:3]
SETTINGS: dict[str, Any] = {
    "model": {"max_new_tokens": 12},
    "ppo": {
        "steps": 3, "prompts_per_step": 3, "samples_per_prompt": 3, "minibatch_size": 4, "validate_every": 2, "canaries": 0,
        "kl_in": "loss", "kl_kind": "k3",
    },
    "eval": {"samples_per_task": 1},
}  # fmt: skip

PROGRAM = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rl.config import RunConfig
from sandbox_rl.training.ppo import train_ppo
from test_processes import SETTINGS, TASKS

class OddLengths:
    def prepare(self, tasks): pass

    def grade(self, tasks, completions, on_grade=None):
        rewards = [None if len(c) % 7 == 0 else float(len(c) % 2) for c in completions]
        return [Grade(task_id=t.id, reward=r, verdict=Verdict.no_verdict if r is None else Verdict.failed, seconds=0.0)
                for t, r in zip(tasks, rewards)]

estimator, precision = sys.argv[3].split()
config = RunConfig.model_validate({
    **SETTINGS, "model": {**SETTINGS["model"], "precision": precision}, "ppo": {**SETTINGS["ppo"], "estimator": estimator},
})
def report(**told):
    if sys.argv[4] == "stop" and told["step"] == 3:
        sys.exit("stopped after the checkpoint")

train_ppo(config, Path(sys.argv[1]), TASKS, TASKS, OddLengths(), Path(sys.argv[2]), resume=sys.argv[4] == "resume", report=report)
"""


FSDP = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
"""What `accelerate launch --use_fsdp --fsdp_version 2` tells its processes."""


def trained(
    base: Path, folder: Path, processes: int, estimator: str, how: str = "new", sharded: bool = False, precision: str = "float32"
) -> list[dict[str, Any]]:
    """Metrics of a run by that many processes."""
    program = folder.parent / "program.py"
    program.write_text(PROGRAM)
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone"] if processes > 1 else []
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, *launcher, str(program), str(base), str(folder), f"{estimator} {precision}", how]
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    environment |= FSDP if sharded else {}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def alone(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A run by one process, with GAE, and its metrics."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    return folder, trained(base, folder, 1, "gae")


def test_two_processes_give_the_losses_of_one(base: Path, alone: tuple[Path, list[dict[str, Any]]], tmp_path: Path) -> None:
    assert_the_same(*alone, tmp_path / "run", trained(base, tmp_path / "run", 2, "gae"))


@pytest.mark.rest
@pytest.mark.parametrize("estimator", ["grpo", "reinforce_pp"])
def test_two_processes_give_the_losses_of_one_with_other_estimators(base: Path, tmp_path: Path, estimator: str) -> None:
    one, two = (trained(base, tmp_path / f"run-{n}", n, estimator) for n in (1, 2))
    assert_the_same(tmp_path / "run-1", one, tmp_path / "run-2", two)


def test_two_processes_give_the_losses_of_one_in_bfloat16(tmp_path: Path) -> None:
    """Samples are the same; sums of products of 8 bits, over other shapes, are off by more: a part in a hundred."""
    base = a_base(tmp_path / "base")
    one, two = (trained(base, tmp_path / f"run-{n}", n, "gae", precision="bfloat16") for n in (1, 2))
    assert [line["inputs"] for line in one[:1]] == [line["inputs"] for line in two[:1]]
    for name in ("policy_loss", "value_loss", "entropy", "approx_kl", "kl", "reward", "grad_norm"):
        assert one[0][name] == pytest.approx(two[0][name], rel=0.02, abs=2e-3), name


def test_weights_shared_out_by_fsdp_give_the_losses_of_one_process(
    base: Path, alone: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    assert_the_same(*alone, tmp_path / "run", trained(base, tmp_path / "run", 2, "gae", sharded=True))


def test_a_checkpoint_of_sharded_weights_goes_on_in_one_process(
    base: Path, alone: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    with pytest.raises(AssertionError, match="stopped after the checkpoint"):
        trained(base, tmp_path / "run", 2, "gae", how="stop", sharded=True)
    assert_the_same(*alone, tmp_path / "run", trained(base, tmp_path / "run", 1, "gae", how="resume"))


def a_base(folder: Path) -> Path:
    policy = new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0)
    policy.value_head.weight.data.normal_(generator=torch.Generator().manual_seed(1), std=0.1)
    policy.save(folder)
    return folder


def assert_the_same(folder: Path, one: list[dict[str, Any]], other_folder: Path, two: list[dict[str, Any]]) -> None:
    assert [line["inputs"] for line in one] == [line["inputs"] for line in two]
    assert len(one) == len(two) == 3
    for mine, other in zip(one, two, strict=True):
        for name in ("policy_loss", "value_loss", "entropy", "approx_kl", "kl", "reward", "grad_norm"):
            assert mine[name] == pytest.approx(other[name], abs=1e-5, rel=1e-4), name
        assert (mine["no_verdict"], mine["completions"]) == (other["no_verdict"], 9)
    weights = [load_file(run / "policy" / "model.safetensors") for run in (folder, other_folder)]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-5) for name in weights[0])


PICKY = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
from torch.testing._internal.distributed.fake_pg import FakeStore
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rl.config import RunConfig
from sandbox_rl.runs.run_folder import RunFolder
from sandbox_rl.training.learner import start_learner
from sandbox_rl.training.ppo import ppo_step
from sandbox_rl.training.processes import Processes
from test_processes import SETTINGS, TASKS

class Picky(Processes):
    '''Two processes by name. What they sum goes through a group that takes tensors of one device alone, and not the CPU's.'''
    count, device = 2, torch.device("meta")

    def sum(self, values):
        assert super().sum(values).shape == values.shape
        return values

    def together(self, items):
        return items

class Rule:
    def grade(self, tasks, completions, on_grade=None):
        rewards = [float(len(c) % 2) for c in completions]
        return [Grade(task_id=t.id, reward=r, verdict=Verdict.failed, seconds=0.5) for t, r in zip(tasks, rewards)]

config = RunConfig.model_validate(SETTINGS)
learner = start_learner(config, Path(sys.argv[1]), RunFolder(Path(sys.argv[2])), None, Picky())
dist.init_process_group("meta:fake", rank=0, world_size=2, store=FakeStore())
try:
    dist.all_reduce(torch.ones(2))
except RuntimeError as error:
    print(error)
metrics, _ = ppo_step(learner, TASKS, Rule(), 1)
print(metrics["optimizer_steps"])
"""


def test_a_step_sums_nothing_on_the_cpu_where_the_group_is_of_gpus(tmp_path: Path) -> None:
    """A plain nccl group: "No backend type associated with device type cpu" in the first minibatch."""
    base = a_base(tmp_path / "base")
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    command = [sys.executable, "-c", PICKY, str(base), str(tmp_path / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    refused, steps = done.stdout.splitlines()
    assert "No backend type associated with device type cpu" in refused
    assert int(steps) > 0
