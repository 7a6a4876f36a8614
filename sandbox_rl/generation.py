"""Sampling answers: token ids and the log-probabilities that they were sampled with.

Plain sampling at the given temperature, no top-k or top-p: what is recorded is the distribution that PPO's
ratio needs. Nothing is decoded and encoded again on the way to training.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from sandbox_rl.policy import Policy


@dataclass(frozen=True)
class Sample:
    """One sampled answer. `finished`: it ended by itself (the end token is among `answer_ids`)."""

    prompt_ids: list[int]
    answer_ids: list[int]
    logprobs: list[float]
    finished: bool
    text: str


@torch.no_grad()
def generate(
    policy: Policy,
    prompts: Sequence[str],
    *,
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator,
    batch: int = 128,
) -> list[Sample]:
    """One sample a prompt, in order. `temperature` 0 takes the likeliest token."""
    samples: list[Sample] = []
    for start in range(0, len(prompts), batch):
        encoded = [policy.encode_prompt(p) for p in prompts[start : start + batch]]
        samples += _generate_batch(policy, encoded, max_new_tokens, temperature, generator)
    return samples


def _generate_batch(
    policy: Policy,
    prompts: list[list[int]],
    max_new_tokens: int,
    temperature: float,
    generator: torch.Generator,
) -> list[Sample]:
    eos = policy.tokenizer.eos_token_id
    ids, attention = _left_padded(prompts, policy.tokenizer.pad_token_id, policy.device)
    alive = torch.arange(len(prompts), device=policy.device)
    answers: list[list[int]] = [[] for _ in prompts]
    logprobs: list[list[float]] = [[] for _ in prompts]
    cache = DynamicCache(config=policy.lm.config)
    positions = attention.cumsum(-1) - 1
    for _ in range(max_new_tokens):
        out = policy.lm(
            input_ids=ids, attention_mask=attention, position_ids=positions.clamp(min=0), use_cache=True, logits_to_keep=1,
            **{_cache_argument(policy.lm): cache},
        )  # fmt: skip
        tokens, chosen = _pick(out.logits[:, -1].float(), temperature, generator)
        for row, token, logprob in zip(alive.tolist(), tokens.tolist(), chosen.tolist(), strict=True):
            answers[row].append(token)
            logprobs[row].append(logprob)
        going = (tokens != eos).nonzero().squeeze(-1)
        if len(going) == 0:
            break
        if len(going) < len(tokens):  # finished sequences leave the batch
            cache.batch_select_indices(going)
            alive, attention, positions, tokens = (
                alive[going],
                attention[going],
                positions[going],
                tokens[going],
            )
        ids = tokens[:, None]
        attention = torch.cat([attention, attention.new_ones(len(attention), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return [_sample(policy, *row, eos) for row in zip(prompts, answers, logprobs, strict=True)]


def _cache_argument(lm: Any) -> str:
    """Name of the model's cache argument: transformers 5.24 renamed `past_key_values` to `cache`."""
    return "cache" if "cache" in inspect.signature(lm.forward).parameters else "past_key_values"


def _pick(logits: Tensor, temperature: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Next token (b,) and its log-probability (b,). Gumbel's trick: the maximum of noisy logits is a sample."""
    distribution = (logits / (temperature or 1.0)).log_softmax(-1)
    noise = torch.rand(logits.shape, generator=generator).clamp(min=1e-20).to(logits.device)
    scores = distribution - torch.log(-torch.log(noise)) if temperature else distribution
    tokens = scores.argmax(-1)
    return tokens, distribution.gather(-1, tokens[:, None]).squeeze(-1)


def _left_padded(prompts: list[list[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    length = max(map(len, prompts))
    ids = torch.tensor([[pad] * (length - len(p)) + p for p in prompts], device=device)
    attention = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in prompts], device=device)
    return ids, attention


def _sample(policy: Policy, prompt: list[int], answer: list[int], logprobs: list[float], eos: int) -> Sample:
    text = policy.tokenizer.decode(answer, skip_special_tokens=True)
    return Sample(prompt, answer, logprobs, answer[-1] == eos, text)
