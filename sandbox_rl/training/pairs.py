"""Preference pairs from the base policy's own graded answers to the training tasks, in TRL's format."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel
from sandbox_rewards.audits.noise import TaskNoise, flip_probability
from sandbox_rewards.environments.dispatch import Environments, most_turns
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import UserError
from sandbox_rl.numerics.statistics import mean
from sandbox_rl.policy.conversations import converse
from sandbox_rl.policy.generation import Sample
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import Randomness, RunFolder, write_atomically


class Pair(BaseModel):
    """`chosen` earned more than `rejected`, or that one was cut. The ids are what was sampled; our own DPO trains on them.

    Halves may be whole conversations, as texts with the replies in them; then `*_own` tells the policy's tokens from the
    environment's (none: all are its own).
    """

    prompt: str
    chosen: str
    rejected: str
    task_id: str
    chosen_grade: Grade
    rejected_grade: Grade
    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]
    chosen_own: list[bool] | None = None
    rejected_own: list[bool] | None = None
    rejected_truncated: bool = False
    """Whether the rejected half was cut, and is the worse one for it whatever it earned."""
    flip: float = 0.0
    """Chance that the pair is the wrong way round, by what is known of how often the task's tests err."""


def sample_pairs(
    config: RunConfig,
    base: Path,
    tasks: Sequence[Task],
    grader: Grader,
    path: Path,
    *,
    resume: bool,
    report: Report,
) -> Path:
    """Write `pairs.jsonl`: every answer with a verdict can be half of a pair, one that was cut only the rejected half."""
    run = RunFolder(path)
    target = path / "pairs.jsonl"
    if run.begin(config, ("suite", "seed", "model", "pairs"), resume=resume):
        return target
    grader.prepare(tasks)
    noise = noise_of(config.pairs.noise) if config.pairs.noise else {}
    policy = load_policy(base, config.model)
    chance = Randomness(config.seed)
    rng = random.Random(config.seed)
    pairs: list[Pair] = []
    tokens, sandbox_seconds, chunk, left_out = 0, 0.0, 32, 0
    for start in range(0, len(tasks), chunk):
        asked = [task for task in tasks[start : start + chunk] for _ in range(config.pairs.samples_per_prompt)]
        uniforms = chance.uniforms(len(asked), config.model.max_new_tokens * most_turns(tasks))
        temperature = config.pairs.temperature
        samples = converse(config.model, policy, asked, Environments(grader), temperature=temperature, uniforms=uniforms)
        grades = grader.grade(asked, [s.text for s in samples])
        tokens += sum(s.tokens for s in samples)
        sandbox_seconds += sum(g.seconds for g in grades)
        for rows in _rows(len(asked), config):
            task = asked[rows[0]]
            usable = [i for i in rows if samples[i].finished or config.pairs.truncated == "rejected"]
            answers = [(samples[i], grades[i]) for i in usable]
            found = pairs_of(task, answers, config.pairs.max_pairs_per_task, rng)
            known = noise.get(task.id)
            if known and known.worst > config.pairs.max_noise:
                left_out += len(found)
                continue
            passed = [grades[i].verdict is Verdict.passed for i in rows if grades[i].reward is not None]
            flip = flip_probability(known, mean(passed)) if known else 0.0
            pairs += [pair.model_copy(update={"flip": flip}) for pair in found]
        report(phase="pairs", step=min(start + chunk, len(tasks)), total=len(tasks), pairs=len(pairs))
    write_atomically(target, "".join(p.model_dump_json() + "\n" for p in pairs).encode())
    completions = len(tasks) * config.pairs.samples_per_prompt
    run.finish(
        {
            "pairs": len(pairs),
            "noisy_pairs_left_out": left_out,
            "completions": completions,
            "tokens": tokens,
            "sandbox_seconds": sandbox_seconds,
        }
    )
    return target


def noise_of(file: Path) -> dict[str, TaskNoise]:
    """What is known of each task, by id. Raises `UserError` where there is no such file."""
    if not file.is_file():
        raise UserError(
            f"pairs.noise names {file}, which is not there; `sandbox-rl tasks check SUITE --noise 20 --out {file}` makes it."
        )
    return {found.task_id: found for found in read_jsonl(file, TaskNoise)}


def _rows(total: int, config: RunConfig) -> list[range]:
    n = config.pairs.samples_per_prompt
    return [range(i, i + n) for i in range(0, total, n)]


def pairs_of(task: Task, answers: Sequence[tuple[Sample, Grade]], limit: int, rng: random.Random) -> list[Pair]:
    """Up to `limit` pairs of one task's answers, better with worse ones; no text is twice on a side. The best are chosen first.

    An answer that was cut is worse than every finished one, whatever it earned.
    """
    finished_last = sorted(answers, key=lambda answer: answer[0].finished)
    judged = list({sample.transcript: (sample, grade) for sample, grade in finished_last if grade.reward is not None}.values())
    rng.shuffle(judged)
    pairs: list[Pair] = []
    rejectable = list(judged)
    for better in sorted(judged, key=_worth, reverse=True):
        worse = next((answer for answer in rejectable if better[0].finished and _worth(answer) < _worth(better)), None)
        if worse and len(pairs) < limit:
            rejectable.remove(worse)
            (chosen, good), (rejected, bad) = better, worse
            pairs.append(Pair(
                prompt=task.prompt, chosen=chosen.transcript, rejected=rejected.transcript, task_id=task.id, chosen_grade=good,
                rejected_grade=bad, prompt_ids=chosen.prompt_ids, chosen_ids=chosen.answer_ids, rejected_ids=rejected.answer_ids,
                chosen_own=_own(chosen), rejected_own=_own(rejected), rejected_truncated=not rejected.finished,
            ))  # fmt: skip
    return pairs


def _worth(answer: tuple[Sample, Grade]) -> tuple[bool, float]:
    """By what answers are ordered: first whether they ended, then their reward."""
    sample, grade = answer
    return sample.finished, grade.reward or 0.0


def _own(sample: Sample) -> list[bool] | None:
    return sample.own if sample.replies else None
