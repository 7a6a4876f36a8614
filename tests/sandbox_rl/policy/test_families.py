"""Families of models as tiny random ones: right, or refused in a sentence. The whole table is docs/families.md."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from sandbox_rl.errors import UserError
from sandbox_rl.policy import families
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy

ROOT = Path(__file__).parents[3]
JUDGE = runpy.run_path(str(ROOT / "benchmarks" / "families.py"))["judge"]
PAGE = (ROOT / "docs" / "families.md").read_text()
TABLE = re.findall(r"^\| (\S+) \| (\S+) \| (right|refused|not built) \|", PAGE, re.MULTILINE)
ONCE_WRONG = {"falcon_h1", "hyperclovax", "recurrent_gemma", "modernbert-decoder", "inkling_text", "mamba", "opt"}
"""Families whose logits or samples were wrong in silence, and one whose states are projected."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("family", "kind", "verdict"),
    [pytest.param(*row, marks=[] if row[0] in ONCE_WRONG else pytest.mark.rest) for row in TABLE if row[2] != "not built"],
)
def test_a_family_is_right_or_refused(family: str, kind: str, verdict: str) -> None:
    found = JUDGE(family, kind)
    assert found.verdict == verdict, found.why


def test_the_table_has_every_class_of_its_version() -> None:
    if f"transformers {transformers.__version__}," not in PAGE:
        pytest.skip("the table is of another version of transformers")
    assert {(family, kind) for family, kind, _ in TABLE} == set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.items())


def llama(**settings: Any) -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, pad_token_id=0,
        eos_token_id=1, bos_token_id=None, **settings,
    ))  # fmt: skip


class Shifted(transformers.LlamaForCausalLM):
    """Another layer before the output, as its own forward pass has it: no setting tells of it."""

    def forward(self, *args: Any, **options: Any) -> Any:
        out = super().forward(*args, **options)
        out.logits = 3 * torch.tanh(out.logits) + 1
        return out


class LooksAhead(transformers.LlamaForCausalLM):
    def forward(self, *args: Any, **options: Any) -> Any:
        out = super().forward(*args, **options)
        out.logits = out.logits + out.logits.mean(1, keepdim=True)
        return out


def test_what_a_model_does_after_its_trunk_is_its_own() -> None:
    tokenizer = new_tiny_policy(["a b"], seed=0).tokenizer
    lm = Shifted(llama().config)
    policy, ids = Policy(lm, tokenizer), torch.tensor([[5, 6, 7, 8]])
    with torch.no_grad():
        states = families.states(policy.trunk, ids, torch.ones_like(ids))[0]
        assert torch.allclose(policy.logits(states), lm(input_ids=ids).logits[0], atol=1e-6)


def test_a_model_that_looks_ahead_is_refused() -> None:
    with pytest.raises(UserError, match=r"LooksAhead \(llama\) can't be trained here: its logits depend on what comes after"):
        families.reading_of(LooksAhead(llama().config))


def test_an_encoder_is_refused_until_it_is_a_decoder() -> None:
    settings = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 48}
    for decoder in (True, False):
        lm = transformers.BertLMHeadModel(transformers.BertConfig(**settings, is_decoder=decoder))
        if decoder:
            assert families.reading_of(lm).trunk == "bert"
        else:
            with pytest.raises(UserError, match="what comes after"):
                families.reading_of(lm)
