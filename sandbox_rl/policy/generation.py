"""The own loop that samples answers: token ids and the log-probabilities that they were sampled with.

Plain sampling at the given temperature, no top-k or top-p: what is recorded is the distribution that PPO's ratio needs.
Nothing is decoded and encoded again on the way to training. Each answer has its own row of uniform numbers, drawn beforehand,
so an answer does not depend on which others were sampled with it, nor by how many processes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import DynamicCache

from sandbox_rl.policy import families
from sandbox_rl.policy.batches import chunks
from sandbox_rl.policy.cache import roomy_cache, select_rows
from sandbox_rl.policy.model import Policy

BLOCK = 512
"""Tokens of the vocabulary that are summed together before one is drawn."""
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
    finished = answer_ids[-1] in policy.chat.end_ids
    return Sample(prompt_ids, answer_ids, logprobs, values, finished, text, [True] * len(answer_ids), (text,))


@torch.no_grad()
def generate(
    policy: Policy, prompts: Sequence[list[int]], *, temperature: float, uniforms: Tensor, batch_size: int = 128
) -> list[Sample]:
    """One sample a prompt (of token ids), in order, `batch_size` of them at once. `temperature` 0 takes the likeliest token.

    `uniforms` (prompts, most new tokens): a number in [0, 1) for each token, by which it is drawn from its distribution.
    """
    if policy.reading.cache == "none":
        return _generate_uncached(policy, prompts, temperature, uniforms, batch_size)
    samples: dict[int, Sample] = {}
    with policy.in_precision():
        for rows in _together(policy, prompts, batch_size):
            own = uniforms[rows].to(policy.device)
            found = _Decoding(policy, [prompts[row] for row in rows], temperature, own).samples()
            samples.update(zip(rows, found, strict=True))
    return [samples[row] for row in range(len(prompts))]


def _together(policy: Policy, prompts: Sequence[list[int]], batch_size: int) -> list[list[int]]:
    """Rows of the prompts that are sampled at once: of one length, where a model takes no padding."""
    if policy.reading.cache == "padded":
        return chunks(range(len(prompts)), batch_size)
    by_length = [[row for row, prompt in enumerate(prompts) if len(prompt) == length] for length in {len(p) for p in prompts}]
    return [rows for same in by_length for rows in chunks(same, batch_size)]


def _generate_uncached(
    policy: Policy, prompts: Sequence[list[int]], temperature: float, uniforms: Tensor, batch_size: int
) -> list[Sample]:  # fmt: skip
    """The same for a model that keeps no cache: whole sequences are read again for each token."""
    samples: dict[int, Sample] = {}
    ends = torch.tensor(sorted(policy.chat.end_ids), device=policy.device)
    for rows in _together(policy, prompts, batch_size):
        ids = torch.tensor([prompts[row] for row in rows], device=policy.device)
        length, ended = ids.shape[1], torch.zeros(len(rows), dtype=torch.bool, device=policy.device)
        notes: list[tuple[Tensor, Tensor]] = []
        for place in range(uniforms.shape[1]):
            with policy.in_precision():
                state = families.states(policy.trunk, ids, None)[:, -1]
                tokens, logprobs = drawn(policy.logits(state), temperature, uniforms[rows, place].to(policy.device))
                notes.append((logprobs, policy.value_of(state)))
            ids = torch.cat([ids, tokens[:, None]], dim=1)
            ended |= torch.isin(tokens, ends)
            if ended.all():
                break
        columns = [torch.stack(column, dim=1).tolist() for column in zip(*notes, strict=True)]
        for place, row in enumerate(rows):
            answer = until_end(ids[place, length:].tolist(), policy.chat.end_ids)
            samples[row] = sampled(policy, prompts[row], answer, *(column[place][: len(answer)] for column in columns))
    return [samples[row] for row in range(len(prompts))]


def until_end(answer: list[int], ends: set[int]) -> list[int]:
    """The tokens up to the first that ends an answer, it included."""
    end = next((place for place, token in enumerate(answer) if token in ends), len(answer))
    return answer[: end + 1]


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
        ends = torch.tensor(sorted(policy.chat.end_ids), device=policy.device)
        hidden, cache, attention = self._read_prompts()
        ended = torch.zeros(len(self._rows), dtype=torch.bool, device=policy.device)
        for place in range(self._uniforms.shape[1]):
            tokens, logprobs = drawn(policy.logits(hidden), self._temperature, self._uniforms[self._rows, place])
            self._note(tokens, logprobs, policy.value_of(hidden), ended)
            ended = ended | torch.isin(tokens, ends)
            going = (~ended).nonzero().squeeze(-1)
            if len(going) == 0:
                break
            if len(going) <= (1 - WORTH_DROPPING) * len(ended):
                select_rows(cache, going)
                self._rows, attention, tokens, ended = self._rows[going], attention[going], tokens[going], ended[going]
            attention = torch.cat([attention, attention.new_ones(len(attention), 1)], dim=1)
            hidden = self._read(tokens[:, None], attention, cache)
        return [self._sample(row) for row in range(len(self._prompts))]

    def _read_prompts(self) -> tuple[Tensor, DynamicCache, Tensor]:
        """State after each prompt (rows, h), the cache of its tokens, and its mask; each distinct prompt is read once."""
        distinct = list({tuple(prompt): prompt for prompt in self._prompts}.values())
        place = {tuple(prompt): number for number, prompt in enumerate(distinct)}
        ids, attention = left_padded(distinct, self._policy.tokenizer.pad_token_id, self._policy.device)
        cache = roomy_cache(self._policy.lm.config, ids.shape[1] + self._uniforms.shape[1])
        hidden = self._read(ids, attention, cache)
        which = torch.tensor([place[tuple(prompt)] for prompt in self._prompts], device=self._policy.device)
        if len(distinct) < len(self._prompts):
            select_rows(cache, which)
            hidden, attention = hidden[which], attention[which]
        return hidden, cache, attention

    def _read(self, ids: Tensor, attention: Tensor, cache: DynamicCache) -> Tensor:
        return families.read(self._policy.trunk, ids, attention, cache, padded=self._policy.reading.cache == "padded")

    def _note(self, *columns: Tensor) -> None:
        """Keep tokens, log-probabilities and values of the rows that have not ended."""
        for row, token, logprob, value, over in zip(self._rows.tolist(), *(c.tolist() for c in columns), strict=True):
            if not over:
                self._answers[row].append(token)
                self._logprobs[row].append(logprob)
                self._values[row].append(value)

    def _sample(self, row: int) -> Sample:
        return sampled(self._policy, self._prompts[row], self._answers[row], self._logprobs[row], self._values[row])


def drawn(logits: Tensor, temperature: float, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """Token and its log-probability, both (b,), from logits (b, v): the first whose cumulative probability exceeds its number."""
    logits = logits.float()
    if temperature == 0:
        tokens = logits.argmax(-1)
    else:
        logits = logits / temperature
        tokens = _by_inversion(torch.softmax(logits, -1), uniforms.double())
    return tokens, logits.gather(-1, tokens[:, None]).squeeze(-1) - logits.logsumexp(-1)


def _by_inversion(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Tokens (b,) by inversion of the cumulative probabilities (b, v), summed in float64: first a block, then a token in it.

    Only a token with a probability is drawn, however near to 1 the number is.
    """
    blocks = F.pad(probabilities, (0, -probabilities.shape[1] % BLOCK)).reshape(len(probabilities), -1, BLOCK)
    sums = blocks.sum(-1, dtype=torch.float64)
    ends = _cumulative(sums)
    below = uniforms * ends[:, -1]
    block = _first_above(ends, below, sums)
    here = blocks[torch.arange(len(blocks), device=blocks.device), block].double()
    rest = (below - (ends - sums).gather(1, block[:, None]).squeeze(1)).clamp(min=0)
    return block * BLOCK + _first_above(_cumulative(here), rest, here)


def _first_above(ends: Tensor, numbers: Tensor, weights: Tensor) -> Tensor:
    """Place (b,) of the first of the rising `ends` (b, n) that is above each number, at most the last that has a weight."""
    last = (torch.arange(ends.shape[1], device=ends.device) * (weights > 0)).amax(1)
    return torch.minimum((ends <= numbers[:, None]).sum(1), last)


def _cumulative(values: Tensor) -> Tensor:
    """Cumulative sums of rows (b, n). On a GPU by a product with a triangle: its own are not the same each time."""
    return values.cumsum(-1) if values.device.type == "cpu" else values @ _triangle(values.shape[1], values.device)


@functools.lru_cache(maxsize=4)
def _triangle(size: int, device: torch.device) -> Tensor:
    return torch.ones(size, size, dtype=torch.float64, device=device).triu()


def left_padded(prompts: Sequence[list[int]], pad: int, device: torch.device) -> tuple[Tensor, Tensor]:
    length = max(map(len, prompts))
    ids = torch.tensor([[pad] * (length - len(p)) + p for p in prompts], device=device)
    attention = torch.tensor([[0] * (length - len(p)) + [1] * len(p) for p in prompts], device=device)
    return ids, attention
