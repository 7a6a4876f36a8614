"""Policies from checkpoints, as they are evaluated and as they are trained."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file
from torch import nn

from sandbox_rl.config import ModelConfig, Preset
from sandbox_rl.errors import UserError
from sandbox_rl.policy.model import CRITIC, VALUE_HEAD, Policy, named_ends

SMALLEST, LARGEST = 50_000_000, 3_000_000_000
"""Parameters of the models that the preset `small` is for."""


def load_policy(
    model: str | Path, settings: ModelConfig | None = None, *, gguf_file: str | None = None, revision: str | None = None
) -> Policy:
    """A Hugging Face causal LM by name or folder, or an adapter's folder, with the value head that was saved beside it.

    Raises `UserError` for one that can't be read rightly, and where its tokenizer has no end of sequence or more tokens than it.
    """
    settings = settings or ModelConfig()
    if settings.deterministic:
        compute_deterministically()
    adapter = Path(model) / "adapter_config.json"
    base = json.loads(adapter.read_text())["base_model_name_or_path"] if adapter.exists() else str(model)
    base = str(Path(base).resolve()) if Path(base).is_dir() else base  # what an adapter's folder names, from wherever it is read
    given = {"gguf_file": gguf_file, "revision": revision}
    options = {name: value for name, value in given.items() if value}
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model), **options)
    lm = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, **options)
    if gguf_file:
        _forget_quantization(lm)
    _check_tokens(tokenizer, lm, str(model))
    lm = nn.Module.to(lm, "cuda" if torch.cuda.is_available() else "cpu")
    policy = Policy(lm, tokenizer, settings)
    if adapter.exists():
        policy.load_adapter(Path(model))
    head = Path(model) / VALUE_HEAD
    if head.exists() and not (Path(model) / CRITIC).exists():
        policy.value_head.load_state_dict(load_file(head))
    return policy


def policy_to_train(base: str | Path, settings: ModelConfig, seed: int, *, critic: bool = True) -> Policy:
    """The base with what the settings add for training. A base that is an adapter's folder goes on with that adapter, and one
    with a separate critic's goes on with that. `critic`: whether values are trained at all."""
    policy = load_policy(base, settings)
    if settings.lora and not policy.has_adapter:
        torch.manual_seed(seed)  # half of an adapter starts at random
        policy.add_adapter(settings.lora)
    if critic and settings.critic == "separate":
        saved = Path(base) / CRITIC
        policy.separate_critic(saved if saved.exists() else None)
        if saved.exists():
            policy.value_head.load_state_dict(load_file(Path(base) / VALUE_HEAD))
    policy.value_head.requires_grad_(critic)
    if settings.gradient_checkpointing:
        policy.checkpoint_activations()
    return policy


def _check_tokens(tokenizer: Any, lm: Any, model: str) -> None:
    """Raise `UserError` where answers could not end, or a token has no embedding; a tokenizer without padding gets one."""
    ends = named_ends(lm)
    if tokenizer.eos_token_id is None and not ends:
        raise UserError(f"the tokenizer of {model} has no end of sequence, so no answer would end; set eos_token in its files.")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(min(ends))
    rows = lm.get_input_embeddings().weight.shape[0]
    if (most := max(tokenizer.get_vocab().values())) >= rows:
        raise UserError(
            f"the tokenizer of {model} has token {most}, and the model embeds {rows}; resize the model's embeddings, or take the "
            "tokenizer that it was trained with."
        )


def compute_deterministically() -> None:
    """Take only operations that give the same bits each time; attention by plain products, whose gradient is one of them."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)


def preset_for(model: str | None, revision: str | None = None, gguf_file: str | None = None) -> tuple[Preset, int]:
    """The preset for a model by its size, and how many parameters that is; none is the tiny model that is made here."""
    if model is None:
        return "tiny", 0
    adapter = Path(model) / "adapter_config.json"
    base = json.loads(adapter.read_text())["base_model_name_or_path"] if adapter.exists() else model
    given = {"revision": revision} if revision and not Path(base).is_dir() else {}
    if gguf_file and (Path(base) / gguf_file).exists():
        given["gguf_file"] = gguf_file
    try:
        settings = transformers.AutoConfig.from_pretrained(base, **given)
        with torch.device("meta"):
            size = sum(weight.numel() for weight in _shape_of(settings).parameters())
    except (OSError, ValueError) as error:
        raise UserError(f"{model} is no causal LM ({str(error).splitlines()[0]}); name another, or choose by --preset.") from None
    return ("tiny" if size < SMALLEST else "small" if size < LARGEST else "7b"), size


def _shape_of(settings: Any) -> nn.Module:
    model: nn.Module = transformers.AutoModelForCausalLM.from_config(settings)  # type: ignore[no-untyped-call]
    return model


def _forget_quantization(lm: Any) -> None:
    """The weights were unpacked to floats on loading; transformers still refuses to save them as GGUF."""
    lm.hf_quantizer = None
    lm.is_quantized = False
    if hasattr(lm.config, "quantization_config"):
        del lm.config.quantization_config
