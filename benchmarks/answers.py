"""Grades a second of the source `math` against Math-Verify, on the same pairs, one process each.

    python benchmarks/answers.py GSM8K_SOLUTIONS MATH500 --peer ENVIRONMENT

GSM8K_SOLUTIONS: `example_model_solutions.jsonl.gz` of github.com/openai/grade-school-math (completions with labels); MATH500: its
`test.jsonl`, whose solutions are graded against their own answers. Math-Verify comes from an environment that has it (pip install
math-verify); it gets what `A:` marks in a GSM8K completion, for it does not look for that.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PEER = """
import json, sys, time
from math_verify import parse, verify
for name in sys.argv[1:]:
    pairs = [json.loads(line) for line in open(name)]
    golds = {gold: parse(f"${gold}$") for gold in {pair["gold"] for pair in pairs}}
    started = time.perf_counter()
    right = sum(bool(verify(golds[p["gold"]], parse(p["completion"]))) == p["right"] for p in pairs)
    print(json.dumps({"seconds": time.perf_counter() - started, "agree": right, "of": len(pairs)}))
"""


def gsm8k(path: Path) -> list[dict[str, Any]]:
    pairs = []
    with gzip.open(path, "rt") as file:
        for row in map(json.loads, file):
            gold = row["ground_truth"].rpartition("A:")[2].strip()
            said = [value for value in row.values() if isinstance(value, dict)]
            pairs += [{"gold": gold, "completion": v["solution"], "right": v["is_correct"]} for v in said]
    return pairs


def math500(path: Path) -> list[dict[str, Any]]:
    rows = map(json.loads, path.read_text().splitlines())
    return [{"gold": row["answer"], "completion": row["solution"], "right": True} for row in rows]


def own(pairs: list[dict[str, Any]], judge: Callable[[str, str], bool]) -> dict[str, Any]:
    started = time.perf_counter()
    agree = sum(judge(pair["gold"], pair["completion"]) == pair["right"] for pair in pairs)
    return {"seconds": time.perf_counter() - started, "agree": agree, "of": len(pairs)}


def judge() -> Callable[[str, str], bool]:
    from sandbox_rewards.math.source import MathReward
    from sandbox_rewards.source import RewardItem
    from sandbox_tasks.task import Task

    reward, tasks = MathReward(), dict[str, Task]()

    def right(gold: str, completion: str) -> bool:
        if gold not in tasks:
            spec = {"source": "math", "answer": gold}
            tasks[gold] = Task.model_validate({"id": gold, "prompt": "", "rewards": [spec]})
        task = tasks[gold]
        return reward.score([RewardItem(task, task.rewards[0], completion)])[0].reward == 1.0

    return right


def main(solutions: Path, problems: Path, peer: Path) -> None:
    sets = {"gsm8k": gsm8k(solutions), "math500": math500(problems)}
    with tempfile.TemporaryDirectory() as scratch:
        names = []
        for name, pairs in sets.items():
            shown = [{**p, "completion": p["completion"].replace("\nA:", "\nThe answer is")} for p in pairs]
            names.append(str(Path(scratch) / name))
            Path(names[-1]).write_text("".join(json.dumps(pair) + "\n" for pair in shown))
        command = [str(peer / "bin" / "python"), "-c", PEER, *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    for (name, pairs), line in zip(sets.items(), done.stdout.splitlines(), strict=True):
        ours, theirs = own(pairs, judge()), json.loads(line)
        ratio = theirs["seconds"] / ours["seconds"]
        print(json.dumps({"set": name, "own": ours, "math-verify": theirs, "times as fast": round(ratio, 1)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("solutions", type=Path)
    parser.add_argument("problems", type=Path)
    parser.add_argument("--peer", type=Path, required=True)
    chosen = parser.parse_args()
    main(chosen.solutions, chosen.problems, chosen.peer)
