"""A policy exported is a plain checkpoint: other tools read it, and it says what it is."""

import json
from pathlib import Path

import pytest
import torch
import transformers

from sandbox_rl.config import LoRAConfig, ModelConfig, RunConfig
from sandbox_rl.decide.export import export
from sandbox_rl.errors import UserError
from sandbox_rl.policy.loading import load_policy, policy_to_train
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import RunFolder

IDS = torch.tensor([[5, 6, 7, 8, 9]])
CONFIG = RunConfig.model_validate({"title": "A run", "ppo": {"temperature": 0.7}, "model": {"lora": {"rank": 2}}})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose policy is an adapter that changes something, beside a whole base."""
    base, folder = tmp_path / "base", tmp_path / "run"
    new_tiny_policy(["# list: sort up\ndef f(x):\n    return sorted(x)"], seed=0).save(base)
    policy = policy_to_train(base, ModelConfig(lora=LoRAConfig(rank=2)), 0)
    for name, parameter in policy.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(generator=torch.Generator().manual_seed(0), std=0.1)
    kept = RunFolder(folder)
    kept.begin(CONFIG, ("model",), resume=False, base=base)
    policy.save(folder / "policy")
    kept.finish({"best_step": 7, "validation_pass_rate": 0.25})
    return folder


def logits(lm: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = lm.eval()(input_ids=IDS).logits
    return found


def test_a_merged_adapter_is_one_plain_model_with_the_same_logits(run: Path, tmp_path: Path) -> None:
    to = export(run, tmp_path / "out", merge=True)
    assert sorted(file.suffix for file in to.glob("*model*")) == [".safetensors"]
    assert not list(to.glob("value_head*"))
    merged = transformers.AutoModelForCausalLM.from_pretrained(to, dtype=torch.float32)
    assert type(merged) is transformers.LlamaForCausalLM
    # float32: base and adapter are added before, not after, they are multiplied
    assert torch.allclose(logits(merged), logits(load_policy(run / "policy").lm), atol=1e-5)
    assert transformers.AutoTokenizer.from_pretrained(to)("x")["input_ids"]


def test_an_adapter_alone_names_its_base_from_anywhere(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = export(run, tmp_path / "out", merge=False)
    base = json.loads((to / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert base == str((tmp_path / "base").resolve())


def test_it_says_how_it_was_made_and_how_it_is_sampled(run: Path, tmp_path: Path) -> None:
    to = export(run, tmp_path / "out", merge=True)
    card = (to / "README.md").read_text()
    for said in ("library_name: transformers", "# A run", "best step: 7", "validation pass rate: 0.25", "temperature: 0.7"):
        assert said in card
    settings = transformers.GenerationConfig.from_pretrained(to)
    assert (settings.temperature, settings.top_p, settings.do_sample, settings.eos_token_id) == (0.7, 1.0, True, [1])


def test_nothing_is_replaced_and_what_is_no_policy_is_told(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not empty"):
        export(run, tmp_path / "base", merge=False)
    with pytest.raises(UserError, match="holds no policy"):
        export(tmp_path, tmp_path / "out", merge=False)
    with pytest.raises(UserError, match="nothing to merge"):
        export(tmp_path / "base", tmp_path / "out", merge=True)
