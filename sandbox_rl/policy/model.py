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
from sandbox_rl.policy import families
from sandbox_rl.policy.allocator import keep_freed_memory
from sandbox_rl.policy.batches import Batch, micro_batches
from sandbox_rl.policy.chat import Chat
from sandbox_rl.policy.sharding import full_tensors

VALUE_HEAD = "value_head.safetensors"
CRITIC = "critic.safetensors"
"""The trunk of a separate critic; the value head beside it belongs to it, and else to the policy's own trunk."""
PART = 256
"""Tokens whose logits are there at once."""


class Policy(nn.Module):
    """`lm` gives the next token's distribution; `value_head` the expected return before it; `chat` makes tokens of texts.

    Raises `UserError` for a model that can't be read rightly (`families`).
    """

    def __init__(self, lm: Any, tokenizer: Any, settings: ModelConfig | None = None) -> None:
        super().__init__()
        settings = settings or ModelConfig()
        self.lm = lm
        self.tokenizer = tokenizer
        self.reading = families.reading_of(lm)
        self._trunk = (lm.get_submodule(self.reading.trunk),)  # in a tuple, or its weights would be this module's twice
        self.chat = Chat(tokenizer, named_ends(lm), settings)
        self.value_head = nn.Linear(self.reading.width, 1)
        nn.init.zeros_(self.value_head.weight)
        nn.init.zeros_(self.value_head.bias)
        self.value_head.to(lm.device)
        self.critic: Any = None
        self._dtype: torch.dtype = getattr(torch, settings.precision)
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
        self.critic = copy.deepcopy(self.trunk).requires_grad_(True)
        if saved:
            self.critic.load_state_dict(load_file(saved))

    @property
    def trunk(self) -> Any:
        """The module whose states the logits are made of."""
        return self._trunk[0]

    def in_precision(self, *, cast_once: bool = True) -> torch.autocast:
        """Makes matrix products in the settings' precision; the weights stay as they are. `cast_once`: a weight that is used
        often is cast once, and its gradients are then summed in that precision."""
        enabled = self._dtype != torch.float32
        return torch.autocast(self.device.type, self._dtype, enabled=enabled, cache_enabled=cast_once)

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

    def write_plain(self, folder: Path, *, merge: bool) -> None:
        """Write model and tokenizer alone, for other tools; `merge`: an adapter is added to the base's weights, and is then gone
        from this policy."""
        model = self._adapted[0] if self._adapted else self.lm
        if merge and self._adapted:
            model, self._adapted = model.merge_and_unload(), None
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)

    def trained(self, *, keep: bool = True) -> dict[str, Tensor]:
        """What training changes, by name: all weights, or adapter and value head; nothing where a process does not `keep` it.
        All processes ask together."""
        names = self._trained_names()
        return full_tensors({name: value for name, value in self.state_dict().items() if name in names}, keep=keep)

    def restore(self, trained: dict[str, Tensor]) -> None:
        """Take back what `trained` gave. Raises `UserError` where that is not all of what is trained here."""
        wrong = (self._trained_names() - set(trained)) | (set(trained) - set(self.state_dict()))
        if wrong:
            name = min(wrong)
            raise UserError(f"the checkpoint and this model differ in {name}: they are not of one run; name the run's own base.")
        self.load_state_dict(trained, strict=False)

    def _trained_names(self) -> set[str]:
        return {name for name, parameter in self.named_parameters() if parameter.requires_grad}

    @property
    def device(self) -> torch.device:
        return torch.device(self.lm.device)

    def forward(self, batch: Batch, temperature: float = 1.0, *, detach_trunk: bool = False) -> Scores:
        """What the policy makes of the answers' tokens. Logits are made for those alone, a part at a time, and not kept.

        `detach_trunk`: values send no gradient into the policy's trunk, so that they train the value head alone.
        """
        with self.in_precision():
            return self._scores(batch, temperature, detach_trunk)

    @torch.no_grad()
    def states(self, batch: Batch) -> Tensor:
        """What the answers' tokens are drawn from (n, h), without gradients."""
        with self.in_precision():
            return families.states(self.trunk, batch.ids, batch.attention)[batch.mask.nonzero(as_tuple=True)]

    def _scores(self, batch: Batch, temperature: float, detach_trunk: bool) -> Scores:
        self.lm.train(self._checkpoints and torch.is_grad_enabled())
        hidden = families.states(self.trunk, batch.ids, batch.attention)
        self.lm.eval()
        seen = hidden.detach() if detach_trunk else hidden
        values = self.value_of(seen if self.critic is None else families.states(self.critic, batch.ids, batch.attention))
        rows, places = batch.mask.nonzero(as_tuple=True)
        here, targets = hidden[rows, places], batch.ids[rows, places + 1]
        with self.in_precision(cast_once=False):  # the output layer's gradients are summed over parts, in float32
            parts = [self._of_tokens(here[i : i + PART], targets[i : i + PART], temperature) for i in range(0, len(rows), PART)]
        logprobs, entropy = (torch.zeros_like(batch.mask, dtype=values.dtype) for _ in range(2))
        if parts:
            found, spread = (torch.cat(part) for part in zip(*parts, strict=True))
            logprobs = logprobs.index_put((rows, places), found.to(values.dtype))
            entropy = entropy.index_put((rows, places), spread.to(values.dtype))
        return Scores(logprobs, entropy, values)

    def value_of(self, hidden: Tensor) -> Tensor:
        """What is expected from states (..., h) on, in float32."""
        with torch.autocast(self.device.type, enabled=False):
            values: Tensor = self.value_head(hidden.to(self.value_head.weight.dtype)).squeeze(-1)
        return values

    def _of_tokens(self, hidden: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """Log-probability and entropy (n,) of tokens from the states before them (n, h); logits are made again for gradients."""
        if torch.is_grad_enabled():
            return checkpoint(_logprobs, self.logits, hidden, targets, temperature, use_reentrant=False)  # type: ignore[no-any-return]
        return _logprobs(self.logits, hidden, targets, temperature)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (n, v) of states (n, h), by what the model itself does after its trunk."""
        return families.logits(self.lm, self.trunk, hidden)


@contextlib.contextmanager
def _deprecations_of_others() -> Iterator[None]:
    """peft asks transformers by names that transformers has deprecated; nobody here can mend that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def named_ends(lm: Any) -> set[int]:
    """Tokens that the model's makers name as ends of an answer (an end of turn)."""
    named = lm.generation_config.eos_token_id if lm.generation_config else None
    return {named} if isinstance(named, int) else set(named or ())


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
