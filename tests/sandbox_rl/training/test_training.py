"""A whole run on a micro model: what is sampled is what is trained on, and a killed run goes on as if never killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from sandbox_rewards.grading import Grader
from sandbox_tasks.suite import load_suite

from sandbox_rl.config import ModelConfig, RunConfig, load_config
from sandbox_rl.errors import UserError
from sandbox_rl.policy.batches import make_batch
from sandbox_rl.policy.generation import generate
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.reference import Reference, exact_kl
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness, RunFolder
from sandbox_rl.training.ppo import train_ppo

TASKS = load_suite("quickstart").split("train")[:6]
CONFIG = RunConfig.model_validate(
    {
        "model": {"max_new_tokens": 12},
        "ppo": {"steps": 4, "prompts_per_step": 2, "samples_per_prompt": 2, "minibatch_size": 2, "validate_every": 1},
        "eval": {"samples_per_task": 1},
    }
)


def silent(**_: object) -> None:
    """No progress shown."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    new_tiny_policy([f"{t.prompt}\n{t.reference}" for t in TASKS], seed=0).save(folder)
    return folder


def sampled_logprobs_match(policy: Policy, prompts: list[str]) -> None:
    ids = [policy.chat.encode_prompt(prompt) for prompt in prompts]
    samples = generate(policy, ids, temperature=0.7, uniforms=Randomness(1).uniforms(len(prompts), 12))
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], policy.tokenizer.pad_token_id, policy.device)
    scores = policy(batch, 0.7)
    logprobs = scores.logprobs
    for row, sample in enumerate(samples):
        again = logprobs[row][batch.mask[row] > 0]
        # float32 sums in another order (cache and left padding against whole sequences): about 1e-6 a layer
        assert torch.allclose(again, torch.tensor(sample.logprobs), atol=1e-4)
        assert torch.allclose(scores.values[row][:-1][batch.mask[row] > 0], torch.tensor(sample.values), atol=1e-4)


def test_sampling_and_training_agree_on_log_probabilities_and_values(base: Path) -> None:
    policy = load_policy(base)
    policy.value_head.weight.data.normal_(generator=torch.Generator().manual_seed(0))
    sampled_logprobs_match(policy, [TASKS[0].prompt, "# a much longer prompt " * 3, TASKS[1].prompt])


def test_kl_to_the_base_is_the_sum_over_tokens_and_vocabulary(base: Path) -> None:
    """Against a loop over answers and tokens, with whole logits, one answer at a time."""
    policy, before = load_policy(base), load_policy(base)
    reference = Reference(policy, base, ModelConfig())
    prompts = [policy.chat.encode_prompt(t.prompt) for t in TASKS[:3]]
    samples = generate(policy, prompts, temperature=1.0, uniforms=Randomness(1).uniforms(3, 12))
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], policy.tokenizer.pad_token_id, policy.device)
    settings = ModelConfig(micro_batch_size=2)
    assert exact_kl(policy, reference, batch, 0.7, settings).mean() == 0.0
    policy.lm.base_model.layers[0].mlp.down_proj.weight.data *= 2
    wanted = 0.0
    for sample in samples:
        ids = torch.tensor([[*sample.prompt_ids, *sample.answer_ids]])
        with torch.no_grad():
            now, then = (torch.log_softmax(one.lm(ids).logits[0] / 0.7, -1) for one in (policy, before))
        for place in range(len(sample.prompt_ids) - 1, ids.shape[1] - 1):
            wanted += float((now[place].exp() * (now[place] - then[place])).sum()) / len(samples)
    assert wanted > 0.01
    # float32 sums in another order
    assert float(exact_kl(policy, reference, batch, 0.7, settings).mean()) == pytest.approx(wanted, rel=1e-4)


def test_the_first_minibatch_has_ratio_one(base: Path, tmp_path: Path) -> None:
    with Grader("auto", 2) as grader:
        train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, tmp_path, resume=False, report=silent)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    # float32 sums in another order: one token at a time with a cache, against whole sequences
    assert all(line["first_ratio_error"] < 1e-4 for line in lines)
    assert lines[0]["kl"] == pytest.approx(0, abs=1e-6)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests_training import CONFIG, TASKS
from sandbox_rewards.grading import Grader
from sandbox_rl.training.ppo import train_ppo
def killer(*, phase, step, total, **figures):
    if step == 3:
        os.kill(os.getpid(), signal.SIGKILL)
with Grader("auto", 1) as grader:
    train_ppo(CONFIG, Path(sys.argv[1]), TASKS, TASKS[:2], grader, Path(sys.argv[2]), resume=False, report=killer)
"""


def test_a_killed_run_resumes_to_the_same_numbers(base: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    code = KILLED.replace("tests_training", Path(__file__).stem)
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    command = [sys.executable, "-c", code, str(base), str(killed)]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert ended.returncode == -signal.SIGKILL
    with Grader("auto", 1) as grader:
        train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, whole, resume=False, report=silent)
        train_ppo(CONFIG, base, TASKS, TASKS[:2], grader, killed, resume=True, report=silent)
    first, second = (comparable(folder) for folder in (whole, killed))
    assert first == second


def comparable(folder: Path) -> list[dict[str, object]]:
    """Metrics without what a clock measured."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if "seconds" not in k and k != "memory_mb"} for line in lines]


def test_a_broken_checkpoint_is_never_loaded(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.save(1, {"x": 1})
    run.save(2, {"x": 2})
    state = tmp_path / "checkpoints" / "step-00000002" / "state.pt"
    state.write_bytes(state.read_bytes()[:-10])
    found = run.newest()
    assert found is not None
    assert found["x"] == 1


@pytest.mark.parametrize(
    ("override", "said"),
    [("ppo.learning_rat=1", "did you mean 'learning_rate'?"), ("ppo.steps=0", "ppo.steps is 0"), ("ppo.steps", "has no '='")],
)
def test_a_wrong_setting_is_told_in_one_sentence(override: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config("quickstart", [override])
    assert said in str(caught.value)
