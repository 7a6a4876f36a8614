"""The policy: a causal language model, its tokenizer, and a value head on the shared trunk."""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sandbox_rl.config import LoRAConfig, ModelConfig
from sandbox_rl.errors import UserError
from sandbox_rl.policy.allocator import keep_freed_memory
from sandbox_rl.policy.batches import Batch, micro_batches
from sandbox_rl.policy.sharding import full_tensors

VALUE_HEAD = "value_head.safetensors"
CRITIC = "critic.safetensors"
"""The trunk of a separate critic; the value head beside it belongs to it, and else to the policy's own trunk."""
PART = 256
"""Tokens whose logits are there at once."""


class Policy(nn.Module):
    """`lm` gives the next token's distribution; `value_head` the expected return before it."""

    def __init__(self, lm: Any, tokenizer: Any) -> None:
        super().__init__()
        self.lm = lm
        self.tokenizer = tokenizer
        self.value_head = nn.Linear(lm.config.hidden_size, 1)
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)
        self.value_head.to(lm.device)
        self.critic: Any = None
        self._dtype = torch.float32
        self._checkpoints = False
        self._adapted: tuple[Any] | None = None
        keep_freed_memory()
        self.eval()  # dropout stays off, in training too: ratios compare like with like

    @property
    def trainable(self) -> list[nn.Parameter]:
        return [parameter for parameter in self.parameters() if parameter.requires_grad]

    @property
    def has_adapter(self) -> bool:
        return self._adapted is not None

    def add_adapter(self, settings: LoRAConfig) -> None:
        """Freeze the model and train a low-rank adapter, and the value head, in its place. It starts as no change at all."""
        import peft  # here: few runs need it

        chosen = peft.LoraConfig(
            r=settings.rank, lora_alpha=settings.alpha, target_modules=settings.targets, task_type="CAUSAL_LM"
        )  # fmt: skip
        with _deprecations_of_others():
            self._take_adapter(peft.get_peft_model(self.lm, chosen))

    def load_adapter(self, folder: Path) -> None:
        """Take up an adapter that `save` wrote; it goes on being trained."""
        import peft

        with _deprecations_of_others():
            self._take_adapter(peft.PeftModel.from_pretrained(self.lm, folder, is_trainable=True))

    def _take_adapter(self, adapted: Any) -> None:
        self._adapted = (adapted,)  # in a tuple, or its weights would be this module's twice
        self.eval()

    @contextlib.contextmanager
    def as_reference(self) -> Iterator[Policy]:
        """The policy without its adapter: what it was before training, at no memory."""
        assert self._adapted
        with self._adapted[0].disable_adapter():
            yield self

    def separate_critic(self, saved: Path | None = None) -> None:
        """Give the value head a trunk of its own: the one that was `saved`, else a copy of the policy's."""
        self.critic = copy.deepcopy(self.lm.base_model).requires_grad_(True)
        if saved:
            self.critic.load_state_dict(load_file(saved))

    def compute_in(self, dtype: torch.dtype) -> None:
        """Make matrix products in `dtype`; the weights stay as they are."""
        self._dtype = dtype

    def in_precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, self._dtype, enabled=self._dtype != torch.float32)

    def checkpoint_activations(self) -> None:
        """Make activations again for the backward pass in place of keeping them."""
        enable = getattr(self.lm, "activation_checkpointing_enable", self.lm.gradient_checkpointing_enable)  # its name until 5.23
        enable({"use_reentrant": False})
        for module in self.lm.modules():  # transformers checkpoints only in training mode, where nothing may drop out either
            if isinstance(module, nn.Dropout):
                module.p = 0.0
            if hasattr(module, "attention_dropout"):
                module.attention_dropout = 0.0
        self._checkpoints = True

    def save(self, folder: Path, *, writes: bool = True) -> None:
        """Model (or its adapter alone, which names its base), tokenizer, value head and separate critic. All processes of a run
        call this, and the one that `writes` does."""
        model = self._adapted[0] if self._adapted else self.lm
        weights, head = (full_tensors(module.state_dict(), keep=writes) for module in (model, self.value_head))
        critic = full_tensors(self.critic.state_dict(), keep=writes) if self.critic is not None else {}
        if writes:
            model.save_pretrained(folder, state_dict=weights)
            self.tokenizer.save_pretrained(folder)
            save_file(head, folder / VALUE_HEAD)
            if critic:
                save_file({name: value.contiguous() for name, value in critic.items()}, folder / CRITIC)

    def trained(self, *, keep: bool = True) -> dict[str, Tensor]:
        """What training changes, by name: all weights, or adapter and value head; nothing where a process does not `keep` it.
        All processes ask together."""
        names = self._trained_names()
        return full_tensors({name: value for name, value in self.state_dict().items() if name in names}, keep=keep)

    def restore(self, trained: dict[str, Tensor]) -> None:
        """Take back what `trained` gave. Raises `UserError` where it is not all of what is trained here."""
        wanted = self._trained_names()
        if wanted != set(trained):
            name = min(wanted ^ set(trained))
            raise UserError(f"the checkpoint and this model differ in {name}: they are not of one run; name the run's own base.")
        self.load_state_dict(trained, strict=False)

    def _trained_names(self) -> set[str]:
        return {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    @property
    def device(self) -> torch.device:
        return torch.device(self.lm.device)

    @property
    def end_ids(self) -> set[int]:
        """Tokens that end an answer: the tokenizer's, and those that the model's makers name (an end of turn)."""
        named = self.lm.generation_config.eos_token_id if self.lm.generation_config else None
        return {self.tokenizer.eos_token_id, *([named] if isinstance(named, int) else named or [])}

    def encode_prompt(self, prompt: str) -> list[int]:
        """Token ids of a prompt: the chat template once where there is one, else the text and a newline."""
        if self.tokenizer.chat_template:
            message = [{"role": "user", "content": prompt}]
            text = self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self.tokenizer(prompt + "\n")["input_ids"])

    def encode_reply(self, reply: str) -> list[int]:
        """Token ids of an environment's reply, from the end of the policy's turn to where its next turn begins."""
        if not self.tokenizer.chat_template:
            return list(self.tokenizer(f"\n{reply}\n", add_special_tokens=False)["input_ids"])
        turn = "<<the turn before>>"
        messages = [{"role": "user", "content": ""}, {"role": "assistant", "content": turn}, {"role": "user", "content": reply}]
        text = self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        after = text.split(turn, 1)[1].lstrip(" ").removeprefix(self.tokenizer.eos_token)  # the turn has its end already
        return list(self.tokenizer(after, add_special_tokens=False)["input_ids"])

    def encode_answer(self, answer: str) -> list[int]:
        """Token ids of a finished answer, with its one end of sequence."""
        return [*self.tokenizer(answer, add_special_tokens=False)["input_ids"], self.tokenizer.eos_token_id]

    def forward(self, batch: Batch, temperature: float = 1.0, *, detach_trunk: bool = False) -> Scores:
        """What the policy makes of the answers' tokens. Logits are made for those alone, a part at a time, and not kept.

        `detach_trunk`: values send no gradient into the policy's trunk, so that they train the value head alone.
        """
        with self.in_precision():
            return self._scores(batch, temperature, detach_trunk)

    def states(self, batch: Batch) -> Tensor:
        """What the answers' tokens are drawn from (n, h), without gradients."""
        with torch.no_grad(), self.in_precision():
            hidden = self.lm.base_model(input_ids=batch.ids, attention_mask=batch.attention, use_cache=False).last_hidden_state
            return hidden[batch.mask.nonzero(as_tuple=True)]  # type: ignore[no-any-return]

    def _scores(self, batch: Batch, temperature: float, detach_trunk: bool) -> Scores:
        given = {"input_ids": batch.ids, "attention_mask": batch.attention, "use_cache": False}
        self.lm.train(self._checkpoints and torch.is_grad_enabled())
        hidden = self.lm.base_model(**given).last_hidden_state
        self.lm.eval()
        own = hidden.detach() if detach_trunk else hidden
        values = self.value_of(own if self.critic is None else self.critic(**given).last_hidden_state)
        rows, places = batch.mask.nonzero(as_tuple=True)
        here, targets = hidden[rows, places], batch.ids[rows, places + 1]
        parts = [self._of_tokens(here[i : i + PART], targets[i : i + PART], temperature) for i in range(0, len(rows), PART)]
        logprobs, entropy = (torch.zeros_like(batch.mask, dtype=values.dtype) for _ in range(2))
        if parts:
            found, spread = (torch.cat(part) for part in zip(*parts, strict=True))
            logprobs = logprobs.index_put((rows, places), found.to(values.dtype))
            entropy = entropy.index_put((rows, places), spread.to(values.dtype))
        return Scores(logprobs, entropy, values)

    def value_of(self, hidden: Tensor) -> Tensor:
        """What is expected from states (..., h) on."""
        weight = self.value_head.weight
        values: Tensor = self.value_head(hidden.to(weight.dtype)).squeeze(-1).to(weight.dtype)
        return values

    def _of_tokens(self, hidden: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy (n,) of tokens from the states before them (n, h); logits are made again for gradients."""
        if torch.is_grad_enabled():
            return checkpoint(_logprobs, self.logits, hidden, targets, temperature, use_reentrant=False)  # type: ignore[no-any-return]
        return _logprobs(self.logits, hidden, targets, temperature)

    def logits(self, hidden: Tensor) -> Tensor:
        """The output layer, and what some families do to its result: Cohere scales, Granite divides, Gemma 2 caps it."""
        logits: Tensor = self.lm.get_output_embeddings()(hidden)
        if scale := getattr(self.lm.config, "logit_scale", None):
            logits = logits * scale
        if divisor := getattr(self.lm.config, "logits_scaling", None):
            logits = logits / divisor
        if cap := getattr(self.lm.config, "final_logit_softcapping", None):
            logits = torch.tanh(logits / cap) * cap
        return logits


@contextlib.contextmanager
def _deprecations_of_others() -> Iterator[None]:
    """peft asks transformers by names that transformers has deprecated; nobody here can mend that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


class Scores(NamedTuple):
    """Log-probability and entropy (nats) of each of the answers' tokens, both (b, t) and 0 elsewhere; values (b, t+1): what is
    expected before each token, and after the last."""

    logprobs: Tensor
    entropy: Tensor
    values: Tensor


def _logprobs(
    logits_of: Callable[[Tensor], Tensor], hidden: Tensor, targets: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    logits = logits_of(hidden)
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32)) / temperature
    normaliser = logits.logsumexp(-1)
    logprobs = logits.gather(-1, targets[:, None]).squeeze(-1) - normaliser
    expected = (torch.softmax(logits, -1) * logits).sum(-1)
    return logprobs, normaliser - expected


@torch.no_grad()
def score(policy: Policy, batch: Batch, temperature: float, settings: ModelConfig) -> Scores:
    """Scores of a batch, without gradients, a micro-batch at a time."""
    found = Scores(*(torch.zeros_like(like, dtype=torch.float32) for like in (batch.mask, batch.mask, batch.ids)))
    for rows in micro_batches(batch.lengths, range(len(batch.ids)), settings):
        for column, part in zip(found, policy(batch.rows(rows), temperature), strict=True):
            column[rows, : part.shape[1]] = part.to(column.dtype)
    return found
