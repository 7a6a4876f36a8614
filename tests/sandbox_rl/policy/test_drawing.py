"""Drawing a token: by inversion of its distribution, with only tokens that have a probability, however near to 1 the number."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sandbox_rl.policy.generation import _triangle, drawn

LIKELY = 1000
"""A vocabulary in several blocks, whose last token is at log-probability -42."""


def logits() -> torch.Tensor:
    made = torch.zeros(1, 1500)
    made[0, LIKELY + 1 :] = -200.0
    made[0, -1] = -42.0 + torch.log(torch.tensor(1001.0))
    return made


@pytest.mark.parametrize("number", [1 - 2**-24, 1 - 2**-26, 1 - 2**-40, 1 - 2**-53])
def test_a_number_next_to_one_draws_no_token_of_no_probability(number: float) -> None:
    """As float32 1 - 2^-26 is 1, which is beyond every cumulative probability: the last id of the vocabulary was drawn."""
    token, logprob = drawn(logits(), 1.0, torch.tensor([number], dtype=torch.float64))
    assert token.item() == LIKELY
    assert logprob.item() == pytest.approx(-6.909, abs=0.01)


def test_zero_draws_the_first_token_that_has_a_probability() -> None:
    made = torch.full((1, 600), -torch.inf)
    made[0, [550, 580]] = 0.0
    numbers = torch.tensor([0.0, 0.49, 0.51, 1 - 2**-53], dtype=torch.float64)
    assert drawn(made.expand(4, -1), 1.0, numbers)[0].tolist() == [550, 550, 580, 580]


@given(st.integers(0, 10_000), st.integers(2, 1400))
def test_a_draw_is_the_plain_inversion_in_float64(seed: int, size: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    made = 3 * torch.randn(3, size, generator=generator)
    numbers = torch.rand(3, generator=generator, dtype=torch.float64)
    tokens, _ = drawn(made, 1.0, numbers)
    probabilities = torch.softmax(made, -1).double()
    cumulative = probabilities.cumsum(-1)
    for row, token in enumerate(tokens.tolist()):
        below = numbers[row] * cumulative[row, -1]
        # float64 sums in another order: a draw within 1e-12 of an edge may fall on either side
        assert cumulative[row, token] >= below - 1e-12
        assert cumulative[row, token] - probabilities[row, token] <= below + 1e-12


def test_the_sums_of_a_gpu_are_those_of_the_cpu() -> None:
    values = torch.rand(3, 700, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(values @ _triangle(700, values.device), values.cumsum(-1), rtol=1e-13)
