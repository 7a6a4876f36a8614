"""A PPO step of this package against one of TRL's experimental PPOTrainer, on a model of SmolLM2-135M's architecture.

    python benchmarks/training.py --trl /path/to/an/environment/with/trl   16 x (64 + 64) tokens, 1 epoch, full weights
    python benchmarks/training.py --memory                                 PPO with shared trunk and LoRA against DPO

Each trainer runs in a process of its own, which says its seconds a step and its peak of resident memory. Random weights: neither
depends on them. TRL gets a policy, a reference, a value model and a reward model, as it asks; here the value head sits on the
policy's trunk, and the reward is a rule, as a sandbox would not use this process's memory either. Without --trl an environment is
made in a temporary folder (a few minutes).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, PROMPT, ANSWER = 16, 64, 64
SMOLLM2: dict[str, Any] = {
    "vocab_size": 49_152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
    "num_key_value_heads": 3, "max_position_embeddings": 8192, "tie_word_embeddings": True, "bos_token_id": None,
    "eos_token_id": 1, "pad_token_id": 0,
}  # fmt: skip


def make_models(folder: Path) -> None:
    """The policy, and what TRL wants beside it, as folders."""
    import torch
    import transformers

    from sandbox_rl.policy.tiny import new_tiny_policy

    torch.manual_seed(0)
    tokenizer = new_tiny_policy(["a b"], seed=0).tokenizer
    for name, kind in (("policy", transformers.LlamaForCausalLM), ("scorer", transformers.LlamaForSequenceClassification)):
        extra = {"num_labels": 1} if name == "scorer" else {}
        kind(transformers.LlamaConfig(**SMOLLM2, **extra)).save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)


def told(seconds: list[float]) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("RESULT " + json.dumps({"seconds": seconds, "peak_gib": round(peak, 2)}), flush=True)


def run_own(folder: Path, steps: int, settings: str) -> None:
    import torch
    from sandbox_rewards.grade import Grade, Verdict
    from sandbox_tasks.suite import load_suite

    from sandbox_rl.config import RunConfig
    from sandbox_rl.runs.run_folder import RunFolder
    from sandbox_rl.training.learner import start_learner
    from sandbox_rl.training.ppo import ppo_step
    from sandbox_rl.training.processes import Processes

    class Rule:
        def grade(self, tasks: Any, completions: Any, on_grade: object = None) -> list[Grade]:
            return [Grade(task_id=t.id, reward=float(len(c) % 2), verdict=Verdict.failed, seconds=0.0)
                    for t, c in zip(tasks, completions, strict=True)]  # fmt: skip

    config = RunConfig.model_validate({
        "model": {"max_new_tokens": ANSWER, **json.loads(settings)},
        "ppo": {"prompts_per_step": BATCH, "samples_per_prompt": 1, "minibatch_size": BATCH, "epochs": 1, "canaries": 0},
    })  # fmt: skip
    learner = start_learner(config, folder / "policy", RunFolder(folder / "run"), None, Processes())
    policy = learner.policy
    numbers = torch.Generator().manual_seed(0)
    policy.chat.encode_prompt = lambda _: torch.randint(2, 49_152, (PROMPT,), generator=numbers).tolist()  # type: ignore[method-assign]
    tasks, seconds = load_suite("quickstart").split("train"), []
    for step in range(1, steps + 1):
        started = time.perf_counter()
        ppo_step(learner, tasks, Rule(), step)  # type: ignore[arg-type]
        seconds.append(round(time.perf_counter() - started, 2))
    told(seconds)


def run_dpo(folder: Path, steps: int, settings: str) -> None:
    """Steps of DPO on pairs of the same lengths, as many sequences a step."""
    import torch
    from sandbox_rewards.grade import Grade, Verdict

    from sandbox_rl.config import RunConfig
    from sandbox_rl.policy.loading import policy_to_train
    from sandbox_rl.training.dpo import dpo_step, reference_logprobs
    from sandbox_rl.training.pairs import Pair

    config = RunConfig.model_validate({"model": {"max_new_tokens": ANSWER, **json.loads(settings)}})
    policy = policy_to_train(folder / "policy", config.model, 0, critic=False)
    optimizer = torch.optim.AdamW(policy.trainable, lr=1e-5, fused=True)
    grade = Grade(task_id="t", reward=1.0, verdict=Verdict.passed, seconds=0.0)
    ids = torch.randint(2, 49_152, (BATCH // 2, PROMPT + 2 * ANSWER), generator=torch.Generator().manual_seed(0)).tolist()
    texts = {"prompt": "", "chosen": "", "rejected": "", "task_id": "t", "chosen_grade": grade, "rejected_grade": grade}
    pairs = [Pair(**texts, prompt_ids=row[:PROMPT], chosen_ids=row[PROMPT:-ANSWER], rejected_ids=row[-ANSWER:]) for row in ids]
    ref_logprobs, seconds = reference_logprobs(config, policy, pairs), []
    for step in range(1, steps + 1):
        started = time.perf_counter()
        dpo_step(config, policy, optimizer, pairs, ref_logprobs, step, steps)
        seconds.append(round(time.perf_counter() - started, 2))
    told(seconds)


TRL = '''
import json, resource, sys, time
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer, TrainerCallback
from trl.experimental.ppo import PPOConfig, PPOTrainer
folder, steps, batch, prompt, answer = sys.argv[1], *map(int, sys.argv[2:6])
bf16 = len(sys.argv) > 6
tokenizer = AutoTokenizer.from_pretrained(f"{folder}/policy", padding_side="left")
numbers = torch.Generator().manual_seed(0)
data = Dataset.from_dict({"input_ids": torch.randint(2, 49152, (batch * steps, prompt), generator=numbers).tolist()})
load = lambda kind, name: kind.from_pretrained(f"{folder}/{name}", dtype=torch.float32)
seconds, last = [], [0.0]
class Clock(TrainerCallback):
    def on_train_begin(self, *a, **k): last[0] = time.perf_counter()
    def on_step_end(self, *a, **k):
        now = time.perf_counter(); seconds.append(round(now - last[0], 2)); last[0] = now
trainer = PPOTrainer(
    args=PPOConfig(
        output_dir=f"{folder}/out", per_device_train_batch_size=batch, gradient_accumulation_steps=1, num_mini_batches=1,
        num_ppo_epochs=1, total_episodes=batch * steps, response_length=answer, local_rollout_forward_batch_size=batch,
        num_sample_generations=0, report_to="none", save_strategy="no", use_cpu=True, bf16=bf16, gradient_checkpointing=False,
    ),
    processing_class=tokenizer, model=load(AutoModelForCausalLM, "policy"), ref_model=load(AutoModelForCausalLM, "policy"),
    reward_model=load(AutoModelForSequenceClassification, "scorer"),
    value_model=load(AutoModelForSequenceClassification, "scorer"),
    train_dataset=data, eval_dataset=data.select(range(batch)), callbacks=[Clock()],
)
trainer.train()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print("RESULT " + json.dumps({"seconds": seconds, "peak_gib": round(peak, 2)}))
'''


def result(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"{' '.join(command[:4])} failed:\n{done.stderr[-2000:]}")
    return dict(json.loads(lines[-1].removeprefix("RESULT ")))


def environment_with_trl(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", folder / "trl"], check=True)
    pip = [folder / "trl" / "bin" / "pip", "install", "-q", "torch==2.13.0", "trl==1.6.0"]
    subprocess.run(pip, check=True)
    return folder / "trl"


def main(trl: Path | None, memory: bool, steps: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_models(folder)

        def own(what: str, **settings: Any) -> dict[str, Any]:
            return result([sys.executable, __file__, what, str(folder), str(steps), json.dumps(settings)])

        if memory:
            lora = {"lora": {"rank": 16}, "micro_batch_size": BATCH}
            print(json.dumps({"ppo, lora": own("--own", **lora), "dpo, lora": own("--dpo", **lora)}, indent=1))
            return
        program = folder / "with_trl.py"
        program.write_text(TRL)
        python = (trl or environment_with_trl(folder)) / "bin" / "python"
        theirs = [str(python), str(program), str(folder), str(steps), str(BATCH), str(PROMPT), str(ANSWER)]
        for precision, flags in (("float32", []), ("bfloat16", ["bf16"])):
            found = {"own": own("--own", micro_batch_size=4, precision=precision), "trl 1.6.0": result(theirs + flags)}
            print(json.dumps({precision: found}, indent=1), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trl", type=Path, help="an environment that has trl 1.6.0")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--own", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--dpo", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    for name, work in (("own", run_own), ("dpo", run_dpo)):
        if given := getattr(chosen, name):
            work(Path(given[0]), int(given[1]), given[2])
            break
    else:
        main(chosen.trl, chosen.memory, chosen.steps)
