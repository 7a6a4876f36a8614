"""The policy: a causal language model, its tokenizer, and a value head on the shared trunk."""

from __future__ import annotations

import contextlib
import copy
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sandbox_rl.config import LoRAConfig, ModelConfig
from sandbox_rl.numerics.kl import whole_kl
from sandbox_rl.policy.allocator import keep_freed_memory
from sandbox_rl.policy.sharding import full, full_state

VALUE_HEAD = "value_head.safetensors"
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
        """Take up an adapter that `save_policy` wrote; it goes on being trained."""
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

    def separate_critic(self) -> None:
        """Give the value head a trunk of its own, which starts as a copy of the policy's."""
        self.critic = copy.deepcopy(self.lm.base_model).requires_grad_(True)

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

    def save(self, folder: Path, *, writes: bool) -> None:
        """Model (or its adapter alone, which names its base), tokenizer and value head. All processes of a run call this, and the
        one that `writes` does."""
        model = self._adapted[0] if self._adapted else self.lm
        weights, head = full_state(model), full_state(self.value_head)
        if writes:
            model.save_pretrained(folder, state_dict=weights)
            self.tokenizer.save_pretrained(folder)
            save_file(head, folder / VALUE_HEAD)

    def trained(self) -> dict[str, Tensor]:
        """What training changes, by name: all weights, or adapter and value head."""
        names = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        return {name: full(value) for name, value in self.state_dict().items() if name in names}

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

    def forward(self, batch: Batch, temperature: float = 1.0) -> Scores:
        """What the policy makes of the answers' tokens. Logits are made for those alone, a part at a time, and not kept."""
        with self.in_precision():
            return self._scores(batch, temperature)

    def states(self, batch: Batch) -> Tensor:
        """What the answers' tokens are drawn from (n, h), without gradients."""
        with torch.no_grad(), self.in_precision():
            hidden = self.lm.base_model(input_ids=batch.ids, attention_mask=batch.attention, use_cache=False).last_hidden_state
            return hidden[batch.mask.nonzero(as_tuple=True)]  # type: ignore[no-any-return]

    def _scores(self, batch: Batch, temperature: float) -> Scores:
        given = {"input_ids": batch.ids, "attention_mask": batch.attention, "use_cache": False}
        self.lm.train(self._checkpoints and torch.is_grad_enabled())
        hidden = self.lm.base_model(**given).last_hidden_state
        self.lm.eval()
        seen = hidden if self.critic is None else self.critic(**given).last_hidden_state
        values = self.value_of(seen)
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


class Reference:
    """What a policy is held against: its own weights without their adapter, or a second copy of the base.

    `offload`: the copy stays in the machine's memory, and is on the GPU while it is asked.
    """

    def __init__(self, policy: Policy, base: str | Path, *, offload: bool = False) -> None:
        self._policy = policy
        self._copy = None if policy.has_adapter else load_policy(base)
        self._home = torch.device("cpu") if offload else policy.device
        if self._copy:
            self._copy.to(self._home)

    def __enter__(self) -> Policy:
        frozen = self._copy.to(self._policy.device) if self._copy else None
        self._open = contextlib.nullcontext(frozen) if frozen else self._policy.as_reference()
        return self._open.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)
        if self._copy:
            self._copy.to(self._home)


    @contextlib.contextmanager
    def at_hand(self) -> Iterator[None]:
        """Keep an offloaded copy on the GPU, to be asked many times."""
        home, self._home = self._home, self._policy.device
        try:
            yield
        finally:
            self._home = home
            if self._copy:
                self._copy.to(home)


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


@dataclass(frozen=True)
class Batch:
    """Right-padded sequences: `ids` and `attention` (b, t+1); `mask` (b, t) is 1.0 where token i+1 is the answer's."""

    ids: Tensor
    attention: Tensor
    mask: Tensor

    @property
    def lengths(self) -> list[int]:
        """Tokens of each sequence, its prompt's included."""
        return [int(length) for length in self.attention.sum(1)]

    def rows(self, rows: Sequence[int]) -> Batch:
        """Those rows, without the columns that are padding in all of them."""
        attention = self.attention[rows]
        width = max(1, int(attention.sum(1).max())) if len(rows) else attention.shape[1]
        return Batch(self.ids[rows, :width], attention[:, :width], self.mask[rows, : width - 1])


@torch.no_grad()
def score(policy: Policy, batch: Batch, temperature: float, settings: ModelConfig) -> Scores:
    """Scores of a batch, without gradients, a micro-batch at a time."""
    found = Scores(*(torch.zeros_like(like, dtype=torch.float32) for like in (batch.mask, batch.mask, batch.ids)))
    for rows in micro_batches(batch.lengths, range(len(batch.ids)), settings):
        for whole, part in zip(found, policy(batch.rows(rows), temperature), strict=True):
            whole[rows, : part.shape[1]] = part.to(whole.dtype)
    return found


@torch.no_grad()
def whole_kl_to(policy: Policy, reference: Reference, batch: Batch, temperature: float, settings: ModelConfig) -> float:
    """KL to the reference in nats an answer, at each of the answers' tokens over the whole vocabulary."""
    total = 0.0
    with reference.at_hand():
        for rows in micro_batches(batch.lengths, range(len(batch.ids)), settings):
            part = batch.rows(rows)
            now = policy.states(part)
            with reference as frozen:
                before = frozen.states(part)
            for place in range(0, len(now), PART):
                with policy.in_precision():
                    logits = policy.logits(now[place : place + PART]).float()
                with reference as frozen, frozen.in_precision():
                    others = frozen.logits(before[place : place + PART]).float()
                total += float(whole_kl(logits / temperature, others / temperature).sum())
    return total / len(batch.ids)


def micro_batches(lengths: Sequence[int], rows: Sequence[int], settings: ModelConfig) -> list[list[int]]:
    """`rows` in passes: so many at a time, or sorted by length and so many tokens at a time (one that is longer goes alone)."""
    if settings.micro_batch_tokens is None:
        return chunks(rows, settings.micro_batch_size)
    passes: list[list[int]] = []
    for row in sorted(rows, key=lambda row: lengths[row]):  # the last of a pass is its longest
        if passes and (len(passes[-1]) + 1) * lengths[row] <= settings.micro_batch_tokens:
            passes[-1].append(row)
        else:
            passes.append([row])
    return passes


def chunks(rows: Sequence[int], size: int) -> list[list[int]]:
    """`rows` in order, at most `size` at a time."""
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def make_batch(
    sequences: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int, device: torch.device,
    own: Sequence[Sequence[bool]] | None = None,
) -> Batch:  # fmt: skip
    """A batch of (prompt ids, answer ids). Padding is told by the mask, not by its id.

    `own`: which of each answer's tokens are the policy's, the others being an environment's; all of them, unless told.
    """
    length = max(len(p) + len(a) for p, a in sequences)
    ids = torch.full((len(sequences), length), pad)
    attention = torch.zeros(len(sequences), length, dtype=torch.long)
    mask = torch.zeros(len(sequences), length - 1)
    for row, (prompt, answer) in enumerate(sequences):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor([*prompt, *answer])
        attention[row, :end] = 1
        mask[row, len(prompt) - 1 : end - 1] = torch.tensor(own[row], dtype=mask.dtype) if own else 1.0
    return Batch(ids.to(device), attention.to(device), mask.to(device))


def load_policy(model: str | Path, gguf_file: str | None = None) -> Policy:
    """A Hugging Face causal LM by name or folder, or an adapter's folder, with the value head that was saved beside it."""
    adapter = Path(model) / "adapter_config.json"
    base = json.loads(adapter.read_text())["base_model_name_or_path"] if adapter.exists() else str(model)
    options = {"gguf_file": gguf_file} if gguf_file else {}
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model), **options)
    lm = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, **options)
    if gguf_file:
        _forget_quantization(lm)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    lm = nn.Module.to(lm, "cuda" if torch.cuda.is_available() else "cpu")
    policy = Policy(lm, tokenizer)
    if adapter.exists():
        policy.load_adapter(Path(model))
    head = Path(model) / VALUE_HEAD
    if head.exists():
        policy.value_head.load_state_dict(load_file(head))
    return policy


def policy_to_train(base: str | Path, settings: ModelConfig, seed: int) -> Policy:
    """The base with what the settings add for training. A base that is an adapter's folder goes on with that adapter."""
    policy = load_policy(base)
    if settings.lora and not policy.has_adapter:
        torch.manual_seed(seed)  # half of an adapter starts at random
        policy.add_adapter(settings.lora)
    if settings.critic == "separate":
        policy.separate_critic()
    policy.compute_in(getattr(torch, settings.precision))
    if settings.gradient_checkpointing:
        policy.checkpoint_activations()
    return policy


def _forget_quantization(lm: Any) -> None:
    """The weights were unpacked to floats on loading; transformers still refuses to save them as GGUF."""
    lm.hf_quantizer = None
    lm.is_quantized = False
    if hasattr(lm.config, "quantization_config"):
        del lm.config.quantization_config


def save_policy(policy: Policy, folder: Path) -> None:
    """Write a policy as a folder that transformers (and peft) loads too."""
    policy.save(folder, writes=True)


def new_tiny_policy(texts: Iterable[str], seed: int, vocabulary: int = 360) -> Policy:
    """An untrained Llama of about 0.9 million parameters with its own byte-pair tokenizer, learned from `texts`."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=["<pad>", "<eos>"], show_progress=False),
    )
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token="<pad>", eos_token="<eos>")  # type: ignore[no-untyped-call]
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=384, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=512, tie_word_embeddings=True,
        bos_token_id=None, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip
    torch.manual_seed(seed)
    return Policy(transformers.LlamaForCausalLM(config), tokenizer)
