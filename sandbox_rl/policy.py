"""The policy: a causal language model, its tokenizer, and a value head on the shared trunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor, nn

VALUE_HEAD = "value_head.safetensors"


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
        self.eval()  # dropout stays off, in training too: ratios compare like with like

    @property
    def device(self) -> torch.device:
        return torch.device(self.lm.device)

    def encode_prompt(self, prompt: str) -> list[int]:
        """Token ids of a prompt: the chat template once where there is one, else the text and a newline."""
        if self.tokenizer.chat_template:
            message = [{"role": "user", "content": prompt}]
            text = self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self.tokenizer(prompt + "\n")["input_ids"])

    def encode_answer(self, answer: str) -> list[int]:
        """Token ids of a finished answer, with its one end of sequence."""
        return [*self.tokenizer(answer, add_special_tokens=False)["input_ids"], self.tokenizer.eos_token_id]

    def forward(self, batch: Batch, temperature: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probability, entropy and value at each position, all (b, t) over tokens 1..t of the sequences."""
        out = self.lm(input_ids=batch.ids, attention_mask=batch.attention, output_hidden_states=True, use_cache=False)
        logits = out.logits[:, :-1].float() / temperature
        distribution = logits.log_softmax(-1)
        logprobs = distribution.gather(-1, batch.ids[:, 1:, None]).squeeze(-1)
        entropy = -(distribution.exp() * distribution).sum(-1)
        values = self.value_head(out.hidden_states[-1][:, :-1].to(self.value_head.weight.dtype)).squeeze(-1)
        return logprobs, entropy, values


@dataclass(frozen=True)
class Batch:
    """Right-padded sequences: `ids` and `attention` (b, t+1); `mask` (b, t) is 1.0 where token i+1 is the answer's."""

    ids: Tensor
    attention: Tensor
    mask: Tensor

    @property
    def tokens(self) -> Tensor:
        return self.mask.sum()

    def rows(self, rows: Sequence[int]) -> Batch:
        return Batch(self.ids[rows], self.attention[rows], self.mask[rows])


@torch.no_grad()
def score(policy: Policy, batch: Batch, temperature: float, micro_batch_size: int) -> tuple[Tensor, Tensor]:
    """Log-probability and value at each position (b, t), without gradients, a few sequences at a time."""
    parts = [policy(batch.rows(rows), temperature) for rows in chunks(range(len(batch.ids)), micro_batch_size)]
    logprobs, _, values = (torch.cat(part) for part in zip(*parts, strict=True))
    return logprobs, values


def chunks(rows: Sequence[int], size: int) -> list[list[int]]:
    """`rows` in order, at most `size` at a time."""
    return [list(rows[i : i + size]) for i in range(0, len(rows), size)]


def make_batch(sequences: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int, device: torch.device) -> Batch:
    """A batch of (prompt ids, answer ids). Padding is told by the mask, not by its id."""
    length = max(len(p) + len(a) for p, a in sequences)
    ids = torch.full((len(sequences), length), pad)
    attention = torch.zeros(len(sequences), length, dtype=torch.long)
    mask = torch.zeros(len(sequences), length - 1)
    for row, (prompt, answer) in enumerate(sequences):
        end = len(prompt) + len(answer)
        ids[row, :end] = torch.tensor([*prompt, *answer])
        attention[row, :end] = 1
        mask[row, len(prompt) - 1 : end - 1] = 1.0
    return Batch(ids.to(device), attention.to(device), mask.to(device))


def load_policy(model: str | Path, gguf_file: str | None = None) -> Policy:
    """A Hugging Face causal LM by name or folder, with its value head where one was saved beside it."""
    options = {"gguf_file": gguf_file} if gguf_file else {}
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model), **options)
    lm = transformers.AutoModelForCausalLM.from_pretrained(str(model), dtype=torch.float32, **options)
    if gguf_file:
        _forget_quantization(lm)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    lm = nn.Module.to(lm, "cuda" if torch.cuda.is_available() else "cpu")
    policy = Policy(lm, tokenizer)
    head = Path(model) / VALUE_HEAD
    if head.exists():
        policy.value_head.load_state_dict(load_file(head))
    return policy


def _forget_quantization(lm: Any) -> None:
    """The weights were unpacked to floats on loading; transformers still refuses to save them as GGUF."""
    lm.hf_quantizer = None
    lm.is_quantized = False
    if hasattr(lm.config, "quantization_config"):
        del lm.config.quantization_config


def save_policy(policy: Policy, folder: Path) -> None:
    """Write model, tokenizer and value head as a folder that transformers loads too."""
    policy.lm.save_pretrained(folder)
    policy.tokenizer.save_pretrained(folder)
    save_file(policy.value_head.state_dict(), folder / VALUE_HEAD)


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
