"""Grades a second of the source `math` against Math-Verify, on the same pairs, one process each.

    python benchmarks/answers.py GSM8K_SOLUTIONS MATH500 --peer ENVIRONMENT

GSM8K_SOLUTIONS: `example_model_solutions.jsonl.gz` of github.com/openai/grade-school-math (completions with labels); MATH500: its
`test.jsonl`, whose solutions are graded against their own answers. A third set is made here: expressions that are equal by an
identity, or nearly, so that each needs algebra. Math-Verify comes from an environment that has it (pip install
math-verify); it gets what `A:` marks in a GSM8K completion, for it does not look for that.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
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


def expressions(count: int = 400) -> list[dict[str, Any]]:
    """Equal pairs and near misses of a few kinds, the same in every run."""
    chance, pairs = random.Random(0), list[dict[str, Any]]()
    for k in range(count):
        a, b, c = (chance.randint(2, 9) for _ in range(3))
        wrong = k // 6 % 2
        gold, answer = (
            (rf"\frac{{{a}}}{{\sqrt{{{b}}}}}", rf"\frac{{{a}\sqrt{{{b}}}}}{{{b + wrong}}}"),
            (rf"(x+{a})(x-{b})+{c}", rf"x^2+{a - b + 20 + wrong}x-20x-{a * b - c}"),
            (rf"\sin({a}x)\cos({a}x)", rf"\frac{{\sin({2 * a + wrong}x)}}{{2}}"),
            (rf"\ln({a}x)+\ln({b})", rf"\ln({a * b + wrong}x)"),
            (rf"\frac{{1}}{{x-{a}}}-\frac{{1}}{{x+{b}}}", rf"\frac{{{a + b + wrong}}}{{(x-{a})(x+{b})}}"),
            (rf"{a}^{{x+{b}}}", rf"{a**b + wrong}\cdot {a}^x"),
        )[k % 6]
        pairs.append({"gold": gold, "completion": rf"\boxed{{{answer}}}", "right": not wrong})
    return pairs


def own(pairs: list[dict[str, Any]], judge: Callable[[str, str], bool]) -> dict[str, Any]:
    started = time.perf_counter()
    agree = sum(judge(pair["gold"], pair["completion"]) == pair["right"] for pair in pairs)
    return {"seconds": time.perf_counter() - started, "agree": agree, "of": len(pairs)}


def judge() -> Callable[[str, str], bool]:
    from sandbox_rewards.math.source import MathReward
    from sandbox_rewards.source import RewardItem
    from sandbox_tasks.task import Task

    reward, tasks = MathReward(), dict[str, Task]()
    # the worker starts as Math-Verify's imports do: before the clock
    started = Task.model_validate({"id": "0", "prompt": "", "rewards": [{"source": "math", "answer": r"\sqrt{2}"}]})
    reward.score([RewardItem(started, started.rewards[0], r"\boxed{\frac{2}{\sqrt{2}}}")])

    def right(gold: str, completion: str) -> bool:
        if gold not in tasks:
            spec = {"source": "math", "answer": gold, "form": "any"}
            tasks[gold] = Task.model_validate({"id": gold, "prompt": "", "rewards": [spec]})
        task = tasks[gold]
        return reward.score([RewardItem(task, task.rewards[0], completion)])[0].reward == 1.0

    return right


def main(solutions: Path, problems: Path, peer: Path) -> None:
    sets = {"gsm8k": gsm8k(solutions), "math500": math500(problems), "expressions": expressions()}
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
