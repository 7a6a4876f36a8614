"""Policies from checkpoints, as they are evaluated and as they are trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file
from torch import nn

from sandbox_rl.config import ModelConfig
from sandbox_rl.policy.model import CRITIC, VALUE_HEAD, Policy


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
    if head.exists() and not (Path(model) / CRITIC).exists():
        policy.value_head.load_state_dict(load_file(head))
    return policy


def policy_to_train(base: str | Path, settings: ModelConfig, seed: int, *, critic: bool = True) -> Policy:
    """The base with what the settings add for training. A base that is an adapter's folder goes on with that adapter, and one
    with a separate critic's goes on with that. `critic`: whether values are trained at all."""
    policy = load_policy(base)
    if settings.lora and not policy.has_adapter:
        torch.manual_seed(seed)  # half of an adapter starts at random
        policy.add_adapter(settings.lora)
    if critic and settings.critic == "separate":
        saved = Path(base) / CRITIC
        policy.separate_critic(saved if saved.exists() else None)
        if saved.exists():
            policy.value_head.load_state_dict(load_file(Path(base) / VALUE_HEAD))
    policy.value_head.requires_grad_(critic)
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
