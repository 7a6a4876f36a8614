"""A tiny model made on the spot: what runs where there is no checkpoint and no network."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sandbox_rl.config import ModelConfig
from sandbox_rl.policy.model import Policy


def new_tiny_policy(texts: Iterable[str], seed: int, vocabulary: int = 360, settings: ModelConfig | None = None) -> Policy:
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
    return Policy(transformers.LlamaForCausalLM(config), tokenizer, settings)
