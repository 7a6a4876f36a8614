"""The own loop that samples answers: token ids and the log-probabilities that they were sampled with.

Plain sampling at the given temperature, no top-k or top-p: what is recorded is the distribution that PPO's ratio needs.
Nothing is decoded and encoded again on the way to training. Each answer has its own row of uniform numbers, drawn beforehand,
so an answer does not depend on which others were sampled with it, nor by how many processes.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from sandbox_rl.policy.model import Policy

BATCH = 128
"""Answers sampled at once."""
WORTH_DROPPING = 0.25
"""Share of a batch that must have ended before it is made smaller: that copies the cache of all others."""


@dataclass(frozen=True)
class Sample:
    """One sampled answer, or a conversation. `finished`: it ended by itself (an end token is the last of `answer_ids`). For each
    of its tokens the log-probability that it was sampled with, and what the value head on the policy's trunk expected before it.
    """

    prompt_ids: list[int]
    answer_ids: list[int]
    """All tokens after the prompt; in a conversation also those of the environment's replies."""
    logprobs: list[float]
    values: list[float]
    finished: bool
    text: str
    """What is judged."""
    own: list[bool]
    """Which of `answer_ids` the policy chose."""
    turns: tuple[str, ...]
    """What the policy said."""
    replies: tuple[str, ...] = ()
    """What came back between the turns."""
    outcomes: tuple[str, ...] = ()
    """What would have been judged after each turn; the last is `text`."""

    @property
    def transcript(self) -> str:
        """All that was said after the prompt."""
        replies = [*self.replies, ""]
        return "\n".join(said for turn, reply in zip(self.turns, replies, strict=True) for said in (turn, reply) if said)

    @property
    def tokens(self) -> int:
        """Tokens that the policy chose."""
        return sum(self.own)


def sampled(
    policy: Policy, prompt_ids: list[int], answer_ids: list[int], logprobs: list[float], values: list[float]
) -> Sample:  # fmt: skip
    """An answer of one turn."""
    text = policy.tokenizer.decode(answer_ids, skip_special_tokens=True)
    finished = answer_ids[-1] in policy.end_ids
    return Sample(prompt_ids, answer_ids, logprobs, values, finished, text, [True] * len(answer_ids), (text,))


@torch.no_grad()
def generate(policy: Policy, prompts: Sequence[list[int]], *, temperature: float, uniforms: Tensor) -> list[Sample]:
    """One sample a prompt (of token ids), in order. `temperature` 0 takes the likeliest token.

    `uniforms` (prompts, most new tokens): a number in [0, 1) for each token, by which it is drawn from its distribution.
    """
    samples: list[Sample] = []
    with policy.in_precision():
        for start in range(0, len(prompts), BATCH):
            rows = slice(start, start + BATCH)
            samples += _Decoding(policy, list(prompts[rows]), temperature, uniforms[rows].to(policy.device)).samples()
    return samples


class _Decoding:
    """Answers that are sampled together: rows leave the batch when they have ended."""

    def __init__(self, policy: Policy, prompts: list[list[int]], temperature: float, uniforms: Tensor) -> None:
        self._policy = policy
        self._prompts = prompts
        self._temperature = temperature
        self._uniforms = uniforms
        self._answers: list[list[int]] = [[] for _ in prompts]
        self._logprobs: list[list[float]] = [[] for _ in prompts]
        self._values: list[list[float]] = [[] for _ in prompts]
        self._rows = torch.arange(len(prompts), device=policy.device)
        """Number of the answer that each row of the batch is; the batch holds some that have ended, too."""

    def samples(self) -> list[Sample]:
        policy = self._policy
        ends = torch.tensor(sorted(policy.end_ids), device=policy.device)
        hidden, cache, attention = self._read_prompts()
        ended = torch.zeros(len(self._rows), dtype=torch.bool, device=policy.device)
        for place in range(self._uniforms.shape[1]):
            tokens, logprobs = _drawn(policy.logits(hidden), self._temperature, self._uniforms[self._rows, place])
            self._note(tokens, logprobs, policy.value_of(hidden), ended)
            ended = ended | torch.isin(tokens, ends)
            going = (~ended).nonzero().squeeze(-1)
            if len(going) == 0:
                break
            if len(going) <= (1 - WORTH_DROPPING) * len(ended):
                cache.batch_select_indices(going)
                self._rows, attention, tokens, ended = self._rows[going], attention[going], tokens[going], ended[going]
            attention = torch.cat([attention, attention.new_ones(len(attention), 1)], dim=1)
            hidden = self._forward(tokens[:, None], attention, cache)
        return [self._sample(row) for row in range(len(self._prompts))]

    def _read_prompts(self) -> tuple[Tensor, DynamicCache, Tensor]:
        """State after each prompt (rows, h), the cache of its tokens, and its mask; each distinct prompt is read once."""
        distinct = list({tuple(prompt): prompt for prompt in self._prompts}.values())
        place = {tuple(prompt): number for number, prompt in enumerate(distinct)}
        ids, attention = left_padded(distinct, self._policy.tokenizer.pad_token_id, self._policy.device)
        cache = _roomy_cache(self._policy.lm.config, ids.shape[1] + self._uniforms.shape[1])
        hidden = self._forward(ids, attention, cache)
        which = torch.tensor([place[tuple(prompt)] for prompt in self._prompts], device=self._policy.device)
        if len(distinct) < len(self._prompts):
            cache.batch_select_indices(which)
            hidden, attention = hidden[which], attention[which]
        return hidden, cache, attention

    def _forward(self, ids: Tensor, attention: Tensor, cache: DynamicCache) -> Tensor:
        """The last token's state (rows, h); what was read is added to the cache."""
        positions = (attention.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        model = self._policy.lm.base_model
        out = model(
            input_ids=ids, attention_mask=attention, position_ids=positions, use_cache=True, **{_cache_argument(model): cache}
        )  # fmt: skip
        return out.last_hidden_state[:, -1]  # type: ignore[no-any-return]

    def _note(self, *columns: Tensor) -> None:
        """Keep tokens, log-probabilities and values of the rows that have not ended."""
        for row, token, logprob, value, over in zip(self._rows.tolist(), *(c.tolist() for c in columns), strict=True):
            if not over:
                self._answers[row].append(token)
                self._logprobs[row].append(logprob)
                self._values[row].append(value)

    def _sample(self, row: int) -> Sample:
        return sampled(self._policy, self._prompts[row], self._answers[row], self._logprobs[row], self._values[row])


def _drawn(logits: Tensor, temperature: float, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Token and its log-probability, both (b,), from logits (b, v): the first whose cumulative probability exceeds its number."""
    logits = logits.float()
    if temperature == 0:
        tokens = logits.argmax(-1)
    else:
        logits = logits / temperature
        cumulative = torch.softmax(logits, -1).cumsum(-1)
        below = uniforms.to(cumulative.dtype) * cumulative[:, -1]
        tokens = torch.searchsorted(cumulative, below[:, None], right=True).squeeze(-1).clamp(max=logits.shape[-1] - 1)
    return tokens, logits.gather(-1, tokens[:, None]).squeeze(-1) - logits.logsumexp(-1)


class _RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, in a room that is made once: growing by a token copies nothing."""

    keys: Tensor
    values: Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._capacity = capacity

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._rooms = [self._room(key_states), self._room(value_states)]
            start = 0
        else:
            start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[:, :, start:end] = states
        self.keys, self.values = (room[:, :, :end] for room in self._rooms)
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        kept = self.keys.shape[-2]
        chosen = [states[indices] for states in (self.keys, self.values)]
        self._rooms = [self._room(states) for states in chosen]
        for room, states in zip(self._rooms, chosen, strict=True):
            room[:, :, :kept] = states
        self.keys, self.values = (room[:, :, :kept] for room in self._rooms)

    def _room(self, states: Tensor) -> Tensor:
        batch, heads, _, size = states.shape
        return states.new_empty(batch, heads, self._capacity, size)


def _roomy_cache(config: Any, capacity: int) -> DynamicCache:
    """A cache for `capacity` tokens; layers that only look back through a window keep their own kind."""
    cache = DynamicCache(config=config)
    cache.layers = [_RoomyLayer(capacity) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def _cache_argument(model: Any) -> str:
    """Name of the model's cache argument: transformers 5.24 renamed `past_key_values` to `cache`."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def left_padded(prompts: Sequence[list[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    length = max(map(len, prompts))
    ids = torch.tensor([[pad] * (length - len(p)) + p for p in prompts], device=device)
    attention = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in prompts], device=device)
    return ids, attention
