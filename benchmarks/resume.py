"""kill -9 at random moments, again and again: does the run end with the numbers and weights of one that nobody touched?

    python benchmarks/resume.py --kills 20

A small PPO run with tests in the sandbox is made once without a break. Then the same run is begun in other folders; its process
is killed after a random time, resumed, killed again, until it is done, and so on with the next, as often as asked. Metrics
(without what a clock measured) and the weights of the best policy must be the same bytes each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import RunConfig
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.ppo import train_ppo

TASKS = load_suite("quickstart").split("train")[:8]
CONFIG = RunConfig.model_validate({
    "model": {"max_new_tokens": 24},
    "ppo": {"steps": 40, "prompts_per_step": 4, "samples_per_prompt": 2, "minibatch_size": 4, "validate_every": 2},
    "eval": {"samples_per_task": 1},
})  # fmt: skip


def train(base: Path, folder: Path) -> None:
    """The run, gone on with where it is."""
    begun = (folder / "config.yaml").exists()
    with Grader("local", 2) as grader:
        train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, folder, resume=begun, report=lambda **_: None)


def killed_after(base: Path, folder: Path, seconds: float) -> bool:
    """Whether a process that goes on with the run was killed; it may have been done before."""
    process = subprocess.Popen([sys.executable, __file__, "--go-on", str(base), str(folder)], start_new_session=True)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return True
    if process.returncode:
        raise SystemExit(f"the run failed with status {process.returncode}")
    return False


def numbers(folder: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seconds" not in k and "memory" not in k} for line in lines]


def main(kills: int, seed: int) -> None:
    chance, spent, runs, different = random.Random(seed), 0, 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        base, whole = Path(scratch) / "base", Path(scratch) / "whole"
        new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0).save(base)
        started = time.perf_counter()
        killed_after(base, whole, 3600)
        longest = time.perf_counter() - started
        while spent < kills:
            runs += 1
            broken = Path(scratch) / f"broken-{runs}"
            while killed_after(base, broken, chance.uniform(0.2, 1.0) * longest):
                spent += 1
                print(f"kill {spent}: {logged(broken)} steps of {CONFIG.ppo.steps} logged", flush=True)
            weights = [(folder / "policy" / "model.safetensors").read_bytes() for folder in (whole, broken)]
            different += numbers(whole) != numbers(broken) or weights[0] != weights[1]
    print(json.dumps({"kills": spent, "runs": runs, "runs that ended with other numbers or weights": different}))


def logged(folder: Path) -> int:
    file = folder / "metrics.jsonl"
    return len(file.read_text().splitlines()) if file.exists() else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--go-on", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.go_on:
        train(*chosen.go_on)
    else:
        main(chosen.kills, chosen.seed)
