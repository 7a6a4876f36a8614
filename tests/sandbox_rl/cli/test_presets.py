"""Presets: learning rates, lambda and the KL's price for a model's size hold where the config says nothing."""

from pathlib import Path

import pytest
import transformers

from sandbox_rl.cli.options import settled
from sandbox_rl.config import Preset, RunConfig, load_config, preset
from sandbox_rl.policy.loading import preset_for


@pytest.mark.parametrize(
    ("hidden", "layers", "name"), [(64, 2, "tiny"), (768, 12, "small"), (4096, 32, "7b")]
)  # about 1, 160 and 6600 million parameters
def test_a_model_gets_the_preset_of_its_size(tmp_path: Path, hidden: int, layers: int, name: Preset) -> None:
    transformers.LlamaConfig(
        hidden_size=hidden, num_hidden_layers=layers, intermediate_size=hidden * 8 // 3, num_attention_heads=hidden // 64,
        vocab_size=320 if hidden == 64 else 32000, tie_word_embeddings=False,
    ).save_pretrained(tmp_path)  # fmt: skip
    assert preset_for(str(tmp_path))[0] == name
    chosen = settled("quickstart", ["ppo.kl_coefficient=0.5"], None, None, tmp_path)
    wanted = preset(name)["ppo"]
    assert (chosen.ppo.learning_rate, chosen.ppo.lam) == (wanted["learning_rate"], wanted["lam"])
    assert chosen.ppo.kl_coefficient == 0.5  # what is set wins


def test_the_tiny_preset_is_the_defaults() -> None:
    assert load_config("quickstart", [], preset("tiny")) == load_config("quickstart", [])


def test_a_run_that_goes_on_keeps_what_it_was_begun_with(tmp_path: Path) -> None:
    begun = RunConfig.model_validate({"ppo": {"learning_rate": 3e-5}})
    (tmp_path / "config.json").write_text(begun.model_dump_json())
    assert settled("quickstart", [], tmp_path / "config.json", None).ppo.learning_rate == 3e-5
