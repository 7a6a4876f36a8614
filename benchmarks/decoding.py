"""Tokens a second of the own decode loop against Hugging Face `generate`, in turn, on a model of SmolLM2-135M's architecture.

    python benchmarks/decoding.py --batch 32 --samples 4 --rounds 3

Random weights: speed does not depend on them. As in a training step each prompt gets several answers, all of the same length.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import transformers
from rich.console import Console
from rich.table import Table

from sandbox_rl.policy.generation import generate
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness

SMOLLM2 = transformers.LlamaConfig(
    vocab_size=49_152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
    num_key_value_heads=3, max_position_embeddings=8192, tie_word_embeddings=True, bos_token_id=None,
    eos_token_id=1, pad_token_id=0,
)  # fmt: skip


class Prompts:
    """Prompts of one length, each several times, as a policy encodes them."""

    def __init__(self, policy: Policy, count: int, samples: int, length: int) -> None:
        distinct = torch.randint(2, 49_152, (count // samples, length), generator=torch.Generator().manual_seed(0))
        self.ids = distinct.repeat_interleave(samples, 0)
        self.texts = [str(number * samples) for number in range(count // samples) for _ in range(samples)]
        policy.chat.encode_prompt = lambda text: self.ids[int(text)].tolist()  # type: ignore[method-assign]


def own(policy: Policy, prompts: Prompts, new: int) -> None:
    samples = generate(policy, prompts.ids.tolist(), temperature=1.0, uniforms=Randomness(0).uniforms(len(prompts.texts), new))
    assert sum(len(s.answer_ids) for s in samples) > 0.9 * new * len(prompts.texts)


def librarys(policy: Policy, prompts: Prompts, new: int) -> None:
    with torch.no_grad():
        policy.lm.generate(
            input_ids=prompts.ids, attention_mask=torch.ones_like(prompts.ids), do_sample=True, temperature=1.0, top_k=0,
            top_p=1.0, min_new_tokens=new, max_new_tokens=new, pad_token_id=0,
        )  # fmt: skip


def rate(work: Callable[[Policy, Prompts, int], None], policy: Policy, prompts: Prompts, new: int) -> float:
    started = time.perf_counter()
    work(policy, prompts, new)
    return len(prompts.texts) * new / (time.perf_counter() - started)


def main(batch: int, samples: int, length: int, new: int, rounds: int) -> None:
    title = f"{batch} answers of {new} tokens, {samples} to each prompt of {length}, {torch.get_num_threads()} threads"
    table = Table("precision", "own loop, tokens/s", "generate, tokens/s", "ratio (median of rounds)", title=title)
    for dtype in (torch.float32, torch.bfloat16):
        torch.manual_seed(0)
        lm = transformers.LlamaForCausalLM(SMOLLM2).to(dtype)  # type: ignore[arg-type]
        policy = Policy(lm, new_tiny_policy(["a b"], seed=0).tokenizer)
        prompts = Prompts(policy, batch, samples, length)
        found = []
        for round_ in range(rounds + 1):
            pair = rate(own, policy, prompts, new), rate(librarys, policy, prompts, new)
            if round_:  # the first warms up
                found.append(pair)
        ours, theirs = (statistics.median(column) for column in zip(*found, strict=True))
        ratio = statistics.median(a / b for a, b in found)
        table.add_row(str(dtype).removeprefix("torch."), f"{ours:.0f}", f"{theirs:.0f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--samples", type=int, default=4, help="answers to each prompt")
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--new", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    main(chosen.batch, chosen.samples, chosen.length, chosen.new, chosen.rounds)
