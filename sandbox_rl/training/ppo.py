"""PPO with a critic: sample, grade, estimate advantages, update. Schulman et al. 2017 (arXiv:1707.06347)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from sandbox_rewards.environments.dispatch import Environments, most_turns
from sandbox_rewards.grade import Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task
from torch import Tensor

from sandbox_rl.config import RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.numerics.kl import adapted, k3, kl_loss
from sandbox_rl.numerics.losses import kept, policy_loss, token_weights, value_loss
from sandbox_rl.numerics.statistics import mean, means_by_name
from sandbox_rl.policy.batches import chunks, make_batch, micro_batches
from sandbox_rl.policy.conversations import converse
from sandbox_rl.policy.evaluation import answer, judge
from sandbox_rl.policy.fingerprint import digest, fingerprint
from sandbox_rl.policy.loading import policy_to_train
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.reference import Reference, whole_kl_to
from sandbox_rl.policy.sharding import full, optimizer_state, restore_optimizer, shard, whole
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import Randomness, RunFolder
from sandbox_rl.training.best_policy import BestPolicy
from sandbox_rl.training.canaries import Canaries
from sandbox_rl.training.experience import Judged, Rollout, batch_of, grade_samples, make_rollout, sample_line, score_samples
from sandbox_rl.training.monitors import Monitors
from sandbox_rl.training.phases import Phases
from sandbox_rl.training.processes import Processes
from sandbox_rl.training.reward_model import scored_by


def train_ppo(
    config: RunConfig, base: Path, train: Sequence[Task], validation: Sequence[Task], grader: Grader, path: Path,
    *, resume: bool, report: Report,
) -> Path:  # fmt: skip
    """Folder of the policy that did best on `validation` during `config.ppo.steps` of PPO from `base`.

    With `config.ppo.reward_model` its score is trained on, and answers to `validation` get both: their own tests and the score.
    """
    processes = Processes()
    if config.ppo.prompts_per_step < processes.count:
        raise UserError(
            f"ppo.prompts_per_step is {config.ppo.prompts_per_step}, and {processes.count} processes were started; each needs a "
            "prompt a step: raise it, or start fewer."
        )
    run = RunFolder(path, writes=processes.main)
    best = BestPolicy(path / "policy", writes=processes.main)
    finished = run.begin(config, ("suite", "seed", "model", "ppo", "eval"), resume=resume, base=base)
    processes.wait()
    if finished:
        return best.folder
    learned = config.ppo.reward_model
    train = scored_by(learned, train) if learned else train
    grader.prepare([*train, *validation])
    policy = policy_to_train(base, config.model, config.seed)
    reference = Reference(policy, base, offload=config.model.offload_reference)
    state = run.newest() if resume else None
    processes.wait()
    if state:
        policy.load_state_dict(state["policy"], strict=False)
    if processes.sharded:
        shard(policy, set(policy.lm._no_split_modules), processes.count, policy.device)
        _idle_pass(policy)
    optimizer = torch.optim.AdamW(policy.trainable, lr=config.ppo.learning_rate, weight_decay=0.0, fused=True)
    chance = Randomness(config.seed)
    first = _restore(state, optimizer, chance, best)
    kl_coefficient: float = state["kl_coefficient"] if state else config.ppo.kl_coefficient
    if learned and not first:
        with whole(policy):
            run.log({"phase": "ppo", "step": 0, **validate(config, policy, reference, validation, grader, processes)})
    canaries = Canaries(train, grader, config.ppo.canaries, path)
    monitors = Monitors(config.monitors)
    if state:
        monitors.restore(state["monitors"])
    for step in range(first + 1, config.ppo.steps + 1):
        metrics, samples = ppo_step(
            config, policy, reference, optimizer, train, grader, chance, step, kl_coefficient, processes
        )  # fmt: skip
        metrics |= canaries.watch(step, samples)
        texts, rewards = [sample["text"] for sample in samples], [sample["reward"] for sample in samples]
        alarms = metrics["alarms"] = monitors.watch(metrics, texts, rewards)
        stopping = monitors.stopping(alarms)
        with whole(policy):
            metrics |= {"inputs": digest(samples), "weights": fingerprint(policy.trainable)}
        if config.ppo.kl_target and metrics["no_verdict"] < metrics["completions"]:
            kl_coefficient = adapted(kl_coefficient, metrics["kl"], config.ppo.kl_target)
        if step % config.ppo.validate_every == 0 or step == config.ppo.steps:
            with whole(policy):
                metrics |= validate(config, policy, reference, validation, grader, processes)
            best.offer(policy, metrics["validation_pass_rate"], step)
        run.log({"phase": "ppo", "step": step, **metrics})
        run.log_samples([{"step": step, **sample} for sample in samples])
        shown = {name: metrics[name] for name in ("reward", "kl", "pass_rate") if not math.isnan(metrics[name])}
        if processes.main:
            report(phase="PPO, learned reward" if learned else "PPO", step=step, total=config.ppo.steps, **shown)
        if step % config.ppo.validate_every == 0 or canaries.rewarded or stopping:
            run.save(step, {"policy": policy.trained(), "optimizer": optimizer_state(optimizer), "chance": chance.state(),
                            "best": best.state(), "kl_coefficient": kl_coefficient, "monitors": monitors.state()})  # fmt: skip
        canaries.stop_if_rewarded()
        if stopping:
            raise TrainingError(f"at step {step} {alarms[stopping[0]]} (monitors.stop names {stopping[0]}.)")
    run.finish({"best_step": best.step, "validation_pass_rate": best.score})
    return best.folder


def validate(
    config: RunConfig, policy: Policy, reference: Reference, validation: Sequence[Task], grader: Grader, processes: Processes
) -> dict[str, float]:  # fmt: skip
    """How often answers to the validation split pass; what a learned reward thinks of these very answers; and their KL to the
    base, where learned and executed rewards are held against each other."""
    if not processes.main:
        return dict(processes.from_main({}))
    samples = answer(config, policy, validation, grader, config.seed)
    figures = {"validation_pass_rate": judge(validation, samples, grader).pass_rate()}
    learned = config.ppo.reward_model
    if learned:
        scores = judge(scored_by(learned, validation), samples, grader)
        figures["validation_proxy_reward"] = scores.reward()
    if learned or config.compare.learned_reward:
        batch = batch_of(samples, policy)
        figures["validation_kl"] = whole_kl_to(policy, reference, batch, config.ppo.temperature, config.model)
    return dict(processes.from_main(figures))


def ppo_step(
    config: RunConfig, policy: Policy, reference: Reference, optimizer: torch.optim.Optimizer, tasks: Sequence[Task],
    grader: Grader, chance: Randomness, step: int, kl_coefficient: float, processes: Processes,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    """Sample, grade and update once; gives the step's metrics and what was sampled, of all processes."""
    settings, phases = config.ppo, Phases()
    drawn = [chance.order.choice(tasks) for _ in range(settings.prompts_per_step)]
    mine = processes.share(len(drawn))
    numbers = [number for number in mine for _ in range(settings.samples_per_prompt)]
    asked = [drawn[number] for number in numbers]
    luck = chance.uniforms(len(drawn) * settings.samples_per_prompt, config.model.max_new_tokens * most_turns(drawn))
    own = slice(mine.start * settings.samples_per_prompt, mine.stop * settings.samples_per_prompt)
    with whole(policy), phases("generate"):
        samples = converse(config.model, policy, asked, Environments(grader), temperature=settings.temperature, luck=luck[own])
    with ThreadPoolExecutor(1) as beside:
        grading = beside.submit(grade_samples, grader, asked, samples, each_turn=settings.turn_rewards)
        with whole(policy), phases("score"):
            scored = score_samples(config, policy, reference, samples)
        with phases("grade"):  # what is left of it
            grades, earlier = grading.result()
    places = [place for place, grade in enumerate(grades) if grade.reward is not None]
    judged = Judged(samples, grades, numbers, earlier).rows(places)
    figures: dict[str, Any] = {"pass_rate": 0.0, "kl": 0.0, "reward": 0.0}
    if sum(processes.together([len(places)])):
        rollout = make_rollout(config.ppo, scored.rows(places), judged, kl_coefficient, processes)
        with phases("update"):
            figures = update(config, policy, optimizer, rollout, chance, step, kl_coefficient, processes)
        divergence = kept(k3(rollout.logprobs, rollout.reference), rollout.mask).sum()
        figures["kl"] = float(processes.sum(divergence) / rollout.size)
    shown = processes.together([sample_line(s, g) for s, g in zip(samples, grades, strict=True)])
    told = [line for line in shown if line["reward"] is not None]
    figures |= {
        "reward": mean([line["reward"] for line in told]),
        "pass_rate": mean([float(line["verdict"] == Verdict.passed.value) for line in told if line["verdict"] != Verdict.scored]),
        "answer_tokens": mean([line["tokens"] for line in shown]),
        "unfinished": mean([float(not line["finished"]) for line in shown]),
        "kl_coefficient": kl_coefficient,
        "no_verdict": len(shown) - len(told),
        "completions": len(shown),
        "tokens": sum(line["tokens"] for line in shown),
        "sandbox_seconds": float(processes.sum(torch.tensor(sum(g.seconds for g in grades), device=policy.device))),
        "seconds": phases.seconds,
        "memory_mb": phases.memory_mb,
    }
    if parts := means_by_name(line.get("parts", {}) for line in shown):
        figures["parts"] = parts
    return figures, shown


def update(
    config: RunConfig, policy: Policy, optimizer: torch.optim.Optimizer, rollout: Rollout, chance: Randomness, step: int,
    kl_coefficient: float, processes: Processes,
) -> dict[str, Any]:  # fmt: skip
    """Epochs of minibatches over one rollout, ended early when the policy has moved far enough."""
    settings = config.ppo
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * (1 - 0.9 * (step - 1) / settings.steps)
    rows = list(range(rollout.size))
    figures: list[dict[str, float]] = []
    for _ in range(settings.epochs):
        chance.order.shuffle(rows)
        for minibatch in chunks(rows, settings.minibatch_size):
            own = [row - rollout.first for row in minibatch if 0 <= row - rollout.first < len(rollout.mask)]
            figures.append(_minibatch(config, policy, optimizer, rollout, own, step, kl_coefficient, processes))
        if figures[-1]["moved"] > settings.kl_stop:
            break
    names = figures[0]
    return {name: mean([f[name] for f in figures]) for name in names} | {
        "first_ratio_error": figures[0]["ratio_error"], "learning_rate": optimizer.param_groups[0]["lr"],
        "optimizer_steps": len(figures),
    }  # fmt: skip


def _minibatch(
    config: RunConfig, policy: Policy, optimizer: torch.optim.Optimizer, rollout: Rollout, rows: list[int], step: int,
    kl_coefficient: float, processes: Processes,
) -> dict[str, float]:  # fmt: skip
    """One optimizer step on the minibatch of which `rows` are this process's; its micro-batches only save memory."""
    mask = rollout.mask[rows]
    counts = processes.sum(torch.stack([mask.sum(), (mask.sum(1) > 0).sum()]))
    optimizer.zero_grad()
    passes = micro_batches(rollout.batch.lengths, rows, config.model)
    idle = max(processes.together([len(passes)])) - len(passes) if processes.sharded else 0
    parts = [backward(config, policy, rollout.rows(part), counts, step, kl_coefficient) for part in passes]
    for _ in range(idle):
        _idle_pass(policy)
    processes.sum_gradients(policy.trainable)
    norm = full(torch.nn.utils.clip_grad_norm_(policy.trainable, config.ppo.max_grad_norm))
    if not torch.isfinite(norm):
        raise TrainingError(f"PPO's gradient is {float(norm)} at step {step}; the weights are unchanged. {_CALMER}")
    optimizer.step()
    summed = processes.sum(torch.tensor([[part[name] for name in FIGURES] for part in parts or [_NOTHING]]).sum(0))
    ratio_error = max(processes.together([max((part["ratio_error"] for part in parts), default=0.0)]))
    return dict(zip(FIGURES, summed.tolist(), strict=True)) | {"gradient_norm": float(norm), "ratio_error": ratio_error}


def _idle_pass(policy: Policy) -> None:
    """A pass forward and backward that adds nothing, for a process that has none of its own while others have one."""
    scores = policy(make_batch([([0], [0])], 0, policy.device))
    (0 * (scores.logprobs.sum() + scores.values.sum())).backward()


FIGURES = ("policy_loss", "value_loss", "entropy", "clip_fraction", "moved")
"""What each micro-batch gives its share of, so that shares add up to the minibatch's figure."""
_NOTHING = dict.fromkeys(FIGURES, 0.0)
_CALMER = "Lower ppo.learning_rate or raise ppo.kl_coefficient, and resume."


def backward(
    config: RunConfig, policy: Policy, part: Rollout, counts: Tensor, step: int, kl_coefficient: float
) -> dict[str, float]:  # fmt: skip
    """Add the gradient of a part of a minibatch to the policy's, and give its share of each figure.

    `counts`: trainable tokens, and sequences that have any, of the whole minibatch on all processes.
    """
    settings, mask, old = config.ppo, part.mask, part.logprobs
    tokens, sequences = counts.unbind()
    weights = token_weights(mask, settings.aggregation, tokens, sequences)
    alike = token_weights(mask, "token-mean", tokens, sequences)
    logprobs, entropy, values = policy(part.batch, settings.temperature)
    surrogate = policy_loss(logprobs, old, part.advantages, weights, settings.clip_low, settings.clip_high, settings.dual_clip)
    critic = value_loss(values[:, :-1], part.values, part.returns, alike, settings.value_clip)
    loss = surrogate
    if settings.entropy_coefficient:
        loss = loss - settings.entropy_coefficient * (entropy * weights).sum()
    if settings.kl_in == "loss":
        loss = loss + kl_coefficient * kl_loss(logprobs, part.reference, weights, settings.kl_kind)
    if step <= settings.critic_warmup:
        loss = 0 * loss
    if settings.estimator == "gae":
        loss = loss + settings.value_coefficient * critic
    if not torch.isfinite(loss):
        raise TrainingError(f"PPO's loss is {float(loss)} at step {step}; the weights are unchanged. {_CALMER}")
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        ratio = torch.exp(kept(logprobs - old, mask))
        outside = (ratio < 1 - settings.clip_low) | (ratio > 1 + settings.clip_high)
        return {
            "policy_loss": float(surrogate), "value_loss": float(critic), "entropy": float((entropy * alike).sum()),
            "clip_fraction": float((outside * alike).sum()), "moved": float((kept(k3(old, logprobs), mask) * alike).sum()),
            "ratio_error": float((ratio - 1).abs().max()),
        }  # fmt: skip


def _restore(
    state: dict[str, Any] | None, optimizer: torch.optim.Optimizer, chance: Randomness, best: BestPolicy
) -> int:  # fmt: skip
    """Go on where a checkpoint left off; gives its step, 0 without one."""
    if state is None:
        return 0
    restore_optimizer(optimizer, state["optimizer"])
    chance.restore(state["chance"])
    best.restore(state["best"])
    return int(state["step"])
