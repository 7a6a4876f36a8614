r"""What is agreed about answers that more than one thing could be meant by, in one place.

- Letters are real numbers, of either sign, unless the task says `positive` or `complex`; where `i` occurs, values are complex.
- Odd roots of real numbers are real, as `\sqrt[3]{-8}` and as `(-8)^{1/3}`; the even root of an even power is an absolute value.
- `\ln` is natural, `\log` has base 10 unless it names another; `\sin 30^\circ` is in degrees, `\sin 30` in radians.
- Two expressions are compared where both are defined: `\frac{x^2-1}{x-1}` is `x+1`.
- `0^0` is 1; what is divided by zero has no value, and equals nothing.
- `2,5` is 2.5 where it is the whole answer and the task's is one number, else a list; `1,000` is a thousand.
- A per cent by itself is its number or its hundredth, within an expression its hundredth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rules:
    """What a task says about how its answer is compared; see `MathAnswer`, which explains each."""

    assume: Literal["real", "positive", "complex"] = "real"
    tolerance: float = 0.0
    units: Literal["optional", "required"] = "optional"
    order: Literal["free", "matters"] = "free"


class NeedsAlgebra(Exception):
    """A comparison that exact arithmetic does not decide."""


class Undecided(Exception):
    """A comparison that nothing here decides: too large, or without a value."""
