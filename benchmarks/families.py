"""Every causal LM class of the installed transformers as a tiny random model: is it read rightly, or refused?

    python benchmarks/families.py                  all of them, as a table (docs/families.md)
    python benchmarks/families.py llama mamba      these

Each is built from its own configuration with its sizes made small, sampled from by our own loop, and trained by one step of
PPO's loss; log-probabilities are held against the model's own forward pass, one answer at a time. A family is right, or refused
in a sentence, or can't be built tiny (with the reason); anything else is a fault.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

SMALL: dict[str, Any] = {
    "vocab_size": 64, "hidden_size": 32, "d_model": 32, "n_embd": 32, "dim": 32, "emb_dim": 32, "model_dim": 32,
    "n_positions": 64, "intermediate_size": 48, "ffn_dim": 48, "d_ff": 48, "n_inner": 48, "num_hidden_layers": 2, "n_layer":
    2, "n_layers": 2, "num_layers": 2, "num_attention_heads": 4, "n_head": 4, "n_heads": 4, "num_heads": 4,
    "num_key_value_heads": 2, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 128, "head_dim":
    8, "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size":
    16, "moe_topk": 2, "top_k": 2, "shared_expert_intermediate_size": 16, "max_seq_len": 128, "n_ctx": 64, "embedding_size":
    32, "sliding_window": 8, "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8,
    "v_head_dim": 8, "n_group": 1, "topk_group": 1, "num_decoder_layers": 2, "num_encoder_layers": 2, "mamba_n_heads": 8,
    "mamba_d_state": 8, "mamba_d_head": 8, "mamba_num_heads": 8, "mamba_head_dim": 8, "state_size": 8, "lru_width": 32,
    "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
    "rotary_dim": 4, "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 64, "first_k_dense_replace": 1,
    "attention_window": 8, "word_embed_proj_dim": 32, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0,
    "decoder_start_token_id": 2, "is_decoder": True, "decoder_hidden_size": 32, "image_token_id": 60, "video_token_id": 61,
    "audio_token_id": 62, "image_token_index": 60, "audio_token_index": 62, "boi_token_id": 58, "eoi_token_id": 59,
    "num_labels": 2,
}  # fmt: skip
"""Sizes, by the names that configurations have for them."""
SPECIAL: dict[str, dict[str, Any]] = {
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_expand": 2, "mamba_n_groups": 1},
    "mamba2": {"num_heads": 8, "head_dim": 8, "expand": 2, "n_groups": 1},
    "gpt_neo": {"num_layers": 2, "attention_types": [[["global", "local"], 1]], "window_size": 8},
    "reformer": {"axial_pos_embds": False, "attn_layers": ["local", "local"], "is_decoder": True, "local_attn_chunk_length": 4},
    "dots1": {"first_k_dense_replace": 1, "n_shared_experts": 1, "n_routed_experts": 4},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "prophetnet": {"is_decoder": True, "add_cross_attention": False},
    "xlm": {"causal": True},
    "xmod": {"default_language": "en_XX"},
    "zamba2": {"layers_block_type": ["mamba", "hybrid"], "num_mem_blocks": 1},
    "qwen3_5_text": {"layer_types": ["linear_attention", "full_attention"]},
    "qwen3_5_moe_text": {"layer_types": ["linear_attention", "full_attention"]},
    "qwen3_next": {"layer_types": ["linear_attention", "full_attention"]},
    "qwen4_exp_text": {"layer_types": ["linear_attention", "full_attention"]},
    "bamba": {"attn_layer_indices": [1]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "zamba": {"layers_block_type": ["mamba", "hybrid"]},
    "gemma3n_text": {"num_kv_shared_layers": 0, "layer_types": ["sliding_attention", "full_attention"]},
}
"""What small sizes of one family must agree on."""


@dataclass(frozen=True)
class Result:
    family: str
    kind: str
    verdict: str
    """right, refused, not built, or WRONG."""
    why: str


def small_config(family: str) -> Any:
    """The family's configuration with small sizes, the text's own where it is a wrapper."""
    kind = transformers.models.auto.configuration_auto.CONFIG_MAPPING[family]
    return kind(**_shrunk(kind))


def _shrunk(kind: Any) -> dict[str, Any]:
    default = kind()
    given = default.to_dict()
    chosen = {name: value for name, value in SMALL.items() if name in given or name in getattr(kind, "attribute_map", {})}
    if "kv_lora_rank" in chosen:  # all heads share latent keys and values
        chosen |= {name: value for name, value in (("num_key_value_heads", 4), ("head_dim", 16)) if name in chosen}
    chosen |= SPECIAL.get(kind.model_type, {})
    for name, sub in getattr(kind, "sub_configs", {}).items():
        if isinstance(given.get(name), dict) and isinstance(sub, type) and hasattr(sub, "model_type"):
            with contextlib.suppress(Exception):
                chosen[name] = _shrunk(sub)
    return chosen


def build(family: str, name: str) -> Any:
    kind = getattr(transformers, name)
    config = small_config(family)
    if not isinstance(config, kind.config_class):  # a wrapper's: the class reads its text alone
        config = config.get_text_config(decoder=True)
    with torch.device("meta"):
        size = sum(p.numel() for p in kind(config).parameters())
    if size > 120_000_000:
        raise ValueError(f"{size / 1e6:.0f} million parameters with small sizes")
    torch.manual_seed(0)
    lm = kind(config)
    with torch.no_grad():
        for parameter in lm.parameters():  # some families start layers as nothing, or leave memory as it was
            if not torch.isfinite(parameter).all() or parameter.abs().max() > 1e3 or not parameter.any():
                parameter.normal_(std=0.02)
    return lm.eval()


def judge(family: str, name: str) -> Result:
    from sandbox_rl.errors import UserError
    from sandbox_rl.policy.model import Policy
    from sandbox_rl.policy.tiny import new_tiny_policy

    try:
        lm = build(family, name)
    except Exception as error:  # noqa: BLE001 - whatever a configuration dislikes is the reason
        reason = (str(error).strip().splitlines() or [""])[0]
        return Result(family, name, "not built", f"{type(error).__name__}: {reason[:110]}")
    tokenizer = new_tiny_policy(["# list: sort up\ndef f(x):\n    return sorted(x)"], seed=0).tokenizer
    try:
        policy = Policy(lm, tokenizer)
    except UserError as error:
        why = str(error).split("here: ", 1)[-1].removesuffix("; take a model of another family.")
        return Result(family, name, "refused", why)
    return trained(family, name, policy)


def trained(family: str, name: str, policy: Any) -> Result:
    """One sampling and one step of PPO's loss, held against the model's own forward pass."""
    from sandbox_rl.policy.batches import make_batch
    from sandbox_rl.policy.generation import generate
    from sandbox_rl.runs.run_folder import Randomness

    prompts = [[5, 9, 7, 11, 6], [12, 8], [9] * 8]
    samples = generate(policy, prompts, temperature=0.7, uniforms=Randomness(3).uniforms(3, 6))
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], 0, policy.device)
    scores = policy(batch, 0.7)
    worst = 0.0
    for row, sample in enumerate(samples):
        ids = torch.tensor([sample.prompt_ids + sample.answer_ids])
        with torch.no_grad():
            own = policy.lm(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits[0].float() / 0.7
        wanted = own.log_softmax(-1)[:-1].gather(-1, ids[0, 1:, None]).squeeze(-1)[len(sample.prompt_ids) - 1 :]
        found = scores.logprobs[row][batch.mask[row] > 0]
        worst = max(worst, float((found - wanted).abs().max()), float((torch.tensor(sample.logprobs) - wanted).abs().max()))
    (scores.logprobs.sum() + scores.values.sum()).backward()
    finite = all(torch.isfinite(p.grad).all() for p in policy.parameters() if p.grad is not None)
    trains = any(p.grad is not None and bool(p.grad.any()) for p in policy.lm.parameters())
    how = {"padded": "", "unpadded": "prompts of one length together", "none": "no cache: sampling is slow"}[policy.reading.cache]
    if worst > 1e-3 or not finite or not trains:
        return Result(family, name, "WRONG", f"log-probabilities off by {worst:.2g}, finite {finite}, trains {trains}")
    return Result(family, name, "right", how)


def main(families: list[str]) -> None:
    warnings.simplefilter("ignore")
    transformers.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    results = []
    for family, name in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items():
        if families and family not in families:
            continue
        names = name if isinstance(name, tuple) else (name,)
        for one in names:
            with contextlib.redirect_stdout(io.StringIO()):
                try:
                    found = judge(family, one)
                except Exception as error:  # noqa: BLE001 - what is neither right nor refused is a fault to show
                    found = Result(family, one, "WRONG", f"{type(error).__name__}: {str(error)[:150]}")
            results.append(found)
            print(f"| {found.family} | {found.kind} | {found.verdict} | {found.why} |", flush=True)
    print(dict(collections.Counter(result.verdict for result in results)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*")
    main(parser.parse_args().families)
