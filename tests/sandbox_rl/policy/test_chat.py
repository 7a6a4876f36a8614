"""Chat templates of several kinds: one end to each turn, the one that the template writes, and nothing of the day."""

import datetime
from typing import Any

import pytest
import torch
import transformers
from sandbox_tasks.task import Task

from sandbox_rl.config import ModelConfig
from sandbox_rl.errors import UserError
from sandbox_rl.policy.chat import Chat
from sandbox_rl.policy.conversations import _conversation
from sandbox_rl.policy.generation import sampled
from sandbox_rl.policy.loading import _check_tokens
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy

GEMMA = (
    "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<end_of_turn>\n"
    "{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
TURNS = [("user", "hi"), ("assistant", "yo"), ("user", "and?"), ("assistant", "so")]


def tokenizer(template: str | None, *added: str) -> Any:
    made = new_tiny_policy(["user model system hi yo and? so Today is\n think enabled 2024-02-29"], seed=0).tokenizer
    made.add_special_tokens({"additional_special_tokens": list(added)})
    made.chat_template = template
    return made


def chat(template: str | None, *added: str, ends: set[int] | None = None, **settings: Any) -> Chat:
    return Chat(tokenizer(template, *added), ends or set(), ModelConfig.model_validate(settings))


def spoken(one: Chat) -> list[int]:
    return one.encode_prompt("hi") + one.encode_answer("yo") + one.encode_reply("and?") + one.encode_answer("so")


def test_a_turn_ends_once_and_by_what_the_template_writes() -> None:
    """eos is <eos>, and turns end in <end_of_turn>: conversations had the end twice, and the warm start taught <eos>."""
    made = tokenizer(GEMMA, "<start_of_turn>", "<end_of_turn>")
    one = Chat(made, set(), ModelConfig())
    whole = made.apply_chat_template([{"role": role, "content": text} for role, text in TURNS], tokenize=False)
    assert made.decode(spoken(one)) == whole.rstrip("\n")
    assert one.end_id == made.convert_tokens_to_ids("<end_of_turn>")
    assert one.end_ids == {one.end_id, made.eos_token_id}


def test_a_turn_without_an_end_of_the_templates_ends_in_eos() -> None:
    plain = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}model:{% endif %}"
    one = chat(plain)
    assert one.encode_answer("yo")[-1] == one.end_id == tokenizer(plain).eos_token_id


def test_the_day_is_the_settings() -> None:
    dated = "Today is {{ strftime_now('%Y-%m-%d') }}" + GEMMA
    made = tokenizer(dated, "<start_of_turn>", "<end_of_turn>")
    ids = Chat(made, set(), ModelConfig(date=datetime.date(2024, 2, 29))).encode_prompt("hi")
    assert made.decode(ids).startswith("Today is 2024-02-29")


def test_the_systems_message_and_options_reach_the_template() -> None:
    template = "{% if enable_thinking %}think {% endif %}" + GEMMA
    made = tokenizer(template, "<start_of_turn>", "<end_of_turn>")
    settings = ModelConfig(system_prompt="so", template_options={"enable_thinking": True})
    assert made.decode(Chat(made, set(), settings).encode_prompt("hi")) == (
        "think <start_of_turn>system\nso<end_of_turn>\n<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n"
    )


def test_a_thought_that_the_template_opened_is_judged_as_a_thought() -> None:
    template = GEMMA.replace("model\n{% endif %}", "model\n<think>\n{% endif %}")
    policy = new_tiny_policy(["user model hi yo think x</think> 4"], seed=0)
    policy.tokenizer.chat_template = template
    policy = Policy(policy.lm, policy.tokenizer)
    assert policy.chat.opened_thought == "<think>"
    sample = sampled(policy, [5], [*policy.tokenizer("x</think> 4")["input_ids"], 1], [0.0], [0.0])
    task = Task.model_validate({"id": "t", "prompt": "p", "rewards": [{"source": "short_answers"}]})
    assert _conversation(policy, task, sample).turns == ("<think>x</think> 4",)
    assert sample.turns == ("x</think> 4",)  # as it was sampled, for pairs and what comes after it
    assert chat(GEMMA, "<end_of_turn>").opened_thought == ""


def test_a_tokenizer_that_ends_every_text_does_not_end_a_prompt() -> None:
    made = tokenizer(None)
    made._tokenizer.post_processor = __import__("tokenizers").processors.TemplateProcessing(
        single="$A <eos>", special_tokens=[("<eos>", made.eos_token_id)]
    )
    one = Chat(made, set(), ModelConfig())
    assert made("hi\n")["input_ids"][-1] == made.eos_token_id
    assert made.eos_token_id not in one.encode_prompt("hi")
    assert one.encode_answer("yo").count(made.eos_token_id) == 1


def test_tokenizers_without_an_end_or_with_too_many_tokens_are_refused_and_one_without_padding_is_not() -> None:
    lm, made = new_tiny_policy(["a b"], seed=0).lm, tokenizer(None)
    with pytest.raises(UserError, match=r"has token \d+, and the model embeds \d+"):
        _check_tokens(made, lm, "m")
    small = new_tiny_policy(["a b"], seed=0).tokenizer
    small.pad_token = None
    _check_tokens(small, lm, "m")
    assert small.pad_token_id == small.eos_token_id
    small.eos_token = None
    lm.generation_config.eos_token_id = None
    with pytest.raises(UserError, match="has no end of sequence"):
        _check_tokens(small, lm, "m")


def test_a_model_that_embeds_more_than_the_tokenizer_knows_is_sampled_and_decoded() -> None:
    made = new_tiny_policy(["a b"], seed=0).tokenizer
    torch.manual_seed(0)
    lm = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=len(made) + 50, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        pad_token_id=0, eos_token_id=1, bos_token_id=None,
    ))  # fmt: skip
    _check_tokens(made, lm, "m")
    assert sampled(Policy(lm, made), [4], [len(made) + 7, 1], [0.0], [0.0]).text == ""
