"""Policies of several families: log-probabilities made in parts equal the plain ones, and sampling equals the forward pass."""

from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from sandbox_rl.policy import model
from sandbox_rl.policy.batches import Batch, make_batch
from sandbox_rl.policy.generation import generate
from sandbox_rl.policy.model import Policy
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.runs.run_folder import Randomness

TOKENIZER = new_tiny_policy(["# list: sort up\ndef f(x):\n    return sorted(x)"], seed=0).tokenizer
SMALL: dict[str, Any] = {
    "vocab_size": len(TOKENIZER), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 128, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": None,
}  # fmt: skip
FAMILIES = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SMALL)),
    "mistral, window 6": lambda: transformers.MistralForCausalLM(transformers.MistralConfig(**SMALL, sliding_window=6)),
    "gemma2": lambda: transformers.Gemma2ForCausalLM(
        transformers.Gemma2Config(**SMALL, head_dim=8, sliding_window=6, attn_implementation="eager")
    ),
    "cohere": lambda: transformers.CohereForCausalLM(transformers.CohereConfig(**SMALL)),
    "granite": lambda: transformers.GraniteForCausalLM(transformers.GraniteConfig(**SMALL, logits_scaling=3.0)),
    "gpt2": lambda: transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=len(TOKENIZER), n_embd=32, n_layer=2, n_head=4, n_positions=128, eos_token_id=1)
    ),
}
PROMPTS = ["# list: sort up", "x", "# list: sort up", "def f(x):\n    return sorted(x)\n" * 2]


@pytest.fixture(scope="module", params=FAMILIES)
def policy(request: pytest.FixtureRequest) -> Policy:
    torch.manual_seed(0)
    return Policy(FAMILIES[request.param](), TOKENIZER)


def ids_of(policy: Policy, prompts: list[str]) -> list[list[int]]:
    return [policy.chat.encode_prompt(prompt) for prompt in prompts]


def plain(policy: Policy, batch: Batch, temperature: float) -> tuple[Tensor, Tensor]:
    """Log-probability and entropy from the model's own logits at every position."""
    logits = policy.lm(input_ids=batch.ids, attention_mask=batch.attention).logits[:, :-1].float() / temperature
    spread = logits.log_softmax(-1)
    return spread.gather(-1, batch.ids[:, 1:, None]).squeeze(-1) * batch.mask, -(spread.exp() * spread).sum(-1) * batch.mask


def a_batch() -> Batch:
    return make_batch([([5, 6, 7], [8, 9, 10, 1]), ([5], [20, 1]), ([9] * 9, [30])], 0, torch.device("cpu"))


def test_log_probabilities_in_parts_equal_the_plain_ones(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, found = a_batch(), []
    for part in (3, 1000):
        monkeypatch.setattr(model, "PART", part)
        policy.zero_grad()
        scores = policy(batch, 0.7)
        (scores.logprobs.sum() + scores.entropy.sum()).backward()
        found.append([p.grad.clone() for p in policy.lm.parameters() if p.grad is not None])
        for mine, wanted in zip(scores[:2], plain(policy, batch, 0.7), strict=True):
            assert torch.allclose(mine, wanted, atol=1e-5)
    policy.zero_grad()
    sum(part.sum() for part in plain(policy, batch, 0.7)).backward()  # type: ignore[union-attr]
    wanted_gradients = [p.grad.clone() for p in policy.lm.parameters() if p.grad is not None]
    for gradients in found:
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(gradients, wanted_gradients, strict=True))


def test_sampled_log_probabilities_are_those_of_a_forward_pass(policy: Policy) -> None:
    samples = generate(policy, ids_of(policy, PROMPTS), temperature=0.7, uniforms=Randomness(3).uniforms(4, 14))
    batch = make_batch([(s.prompt_ids, s.answer_ids) for s in samples], 0, policy.device)
    logprobs = policy(batch, 0.7).logprobs
    for row, sample in enumerate(samples):
        # sums in another order (a cache and left padding against whole sequences)
        assert torch.allclose(logprobs[row][batch.mask[row] > 0], torch.tensor(sample.logprobs), atol=1e-4)


def test_greedy_sampling_equals_the_librarys(policy: Policy) -> None:
    for prompt in PROMPTS:
        ids = torch.tensor([policy.chat.encode_prompt(prompt)])
        wanted = policy.lm.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=14, eos_token_id=1, pad_token_id=0
        )[0, ids.shape[1] :].tolist()  # fmt: skip
        (sample,) = generate(policy, ids_of(policy, [prompt]), temperature=0, uniforms=Randomness(0).uniforms(1, 14))
        assert sample.answer_ids == wanted


def test_an_answer_depends_on_its_own_uniforms_alone(policy: Policy) -> None:
    uniforms = Randomness(5).uniforms(4, 14)
    together = generate(policy, ids_of(policy, PROMPTS), temperature=1.0, uniforms=uniforms)
    prompts = ids_of(policy, PROMPTS)
    alone = [generate(policy, [ids], temperature=1.0, uniforms=uniforms[i : i + 1])[0] for i, ids in enumerate(prompts)]
    assert [s.answer_ids for s in together] == [s.answer_ids for s in alone]


def test_tokens_are_drawn_as_often_as_their_probability_says() -> None:
    policy = new_tiny_policy(["a b"], seed=0)
    count = 4000
    samples = generate(policy, ids_of(policy, ["a"] * count), temperature=0.5, uniforms=Randomness(0).uniforms(count, 1))
    batch = make_batch([(policy.chat.encode_prompt("a"), [0])], 0, policy.device)
    with torch.no_grad():
        logits = policy.lm(input_ids=batch.ids, attention_mask=batch.attention).logits[0, -2] / 0.5
    expected = torch.softmax(logits, -1) * count
    found = torch.zeros(len(expected)).index_add(0, torch.tensor([s.answer_ids[0] for s in samples]), torch.ones(count))
    often = expected >= 5
    statistic = float(((found - expected)[often] ** 2 / expected[often]).sum())
    freedom = int(often.sum()) - 1
    assert statistic < freedom + 4 * (2 * freedom) ** 0.5  # four standard deviations of chi-square
