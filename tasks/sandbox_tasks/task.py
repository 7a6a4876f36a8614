"""What a task is: a prompt, the rewards that judge an answer, and a reference solution that earns them.

Units: `*_s` are seconds, `*_mb` are mebibytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    Tag,
    model_validator,
)

from sandbox_tasks.syntax import parse_quietly

Split = Literal["train", "validation", "test"]


def _parsed(code: str) -> str:
    try:
        parse_quietly(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"is not valid Python ({error}); correct the code") from None
    return code


Code = Annotated[str, AfterValidator(_parsed)]
"""Python source that parses; checked item by item, so that an error names the one test that doesn't."""


class RewardSpec(BaseModel):
    """What every reward of a task has: who computes it (`source`) and how much it counts (`weight`).

    A spec whose source is not built in keeps its extra fields untouched: they belong to the plug-in.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    source: str
    """Name of the reward source, as registered under the entry-point group `sandbox_rl.rewards`."""
    weight: FiniteFloat = 1.0
    """Factor of this source in the task's reward (weighted mean over its sources)."""


class StdioCase(BaseModel):
    """One run of a program: what it reads and what it must print."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stdin: str
    stdout: str


class FloatChecker(BaseModel):
    """Compare token by token; numbers agree to this relative or absolute tolerance."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    float: Annotated[FiniteFloat, Field(gt=0)]


class CodeChecker(BaseModel):
    """The task's own comparison, run by the judge: `def check(stdin, stdout, expected) -> bool`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code


Language = Literal["python", "c", "cpp", "javascript", "bash"]


class UnitTests(RewardSpec):
    """Tests that run against the solution's code in the sandbox."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["unit_tests"] = "unit_tests"
    style: Literal["asserts", "check", "pytest", "stdio"]
    """`asserts`: statements; `check`: HumanEval's `def check(candidate)`; `pytest`: one test module that imports `solution`;
    `stdio`: a program's input and output."""
    entry_point: str | None = None
    """Name that the tests call (needed by `check`)."""
    prelude: Code = ""
    """Code that solution and judge both get first (helper functions, a `ListNode` class)."""
    setup: Code = ""
    """Code that only the judge runs, before the tests."""
    tests: tuple[Code, ...] = ()
    isolation: Literal["sealed", "inline"] = "sealed"
    """`sealed`: the tests run apart from the solution; `inline`: in its own process, where it can cheat them (styles
    `asserts` and `check`, for tests that reach into its objects)."""
    cases: tuple[StdioCase, ...] = ()
    checker: Literal["tokens", "exact"] | FloatChecker | CodeChecker = "tokens"
    language: Language = "python"
    """Of the answer; others than Python in style `stdio` only, where the sandbox's image has the tools."""
    time_limit_s: FiniteFloat = Field(default=5.0, gt=0)
    """CPU and wall time of the whole test run (`stdio`: of each case)."""
    memory_limit_mb: int = Field(default=512, ge=32)
    flaky: bool = False
    """The same answer may fare differently (a matter of chance or of time): its grades are never taken from a cache."""

    @model_validator(mode="after")
    def _style_has_its_fields(self) -> UnitTests:
        if self.style == "stdio":
            if not self.cases:
                raise ValueError("style 'stdio' needs `cases`; give at least one {stdin, stdout}")
            if self.tests or self.setup:
                raise ValueError("style 'stdio' takes `cases`, not `tests` or `setup`; move them or change the style")
        elif not self.tests:
            raise ValueError(f"style '{self.style}' needs `tests`; give at least one")
        elif self.cases:
            raise ValueError(f"style '{self.style}' takes `tests`, not `cases`; move them or use style 'stdio'")
        if self.language != "python" and (self.style != "stdio" or self.prelude):
            raise ValueError(f"language '{self.language}' goes with style 'stdio' and no `prelude`; change one of them")
        if self.style == "pytest" and len(self.tests) != 1:
            raise ValueError("style 'pytest' takes one test module in `tests`; join them into one")
        if self.isolation == "inline" and self.style not in ("asserts", "check"):
            raise ValueError(f"style '{self.style}' is always sealed, but isolation is 'inline'; leave `isolation` out")
        if self.style == "check" and not self.entry_point:
            raise ValueError("style 'check' needs `entry_point`: the function that check(candidate) is given")
        return self


class MathAnswer(RewardSpec):
    r"""The answer to a mathematical question, in LaTeX or plain text: `\frac{1}{2}`, `(1, 2]`, `x = 3`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["math"] = "math"
    answer: str = Field(min_length=1, max_length=2000)


class NegotiationSpec(RewardSpec):
    """The terms of a sale that the model negotiates as the buyer: its gain is what it pays less than `value`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["negotiation"] = "negotiation"
    value: int = Field(ge=1)
    """What the thing is worth to the buyer."""
    ask: int = Field(ge=1)
    """What the seller asks first."""
    floor: int = Field(ge=0)
    """What it would take at the least, and never says."""
    par: FiniteFloat = 0.5
    """Share of the possible gain from which on the deal counts as passed."""

    @model_validator(mode="after")
    def _there_is_a_gain(self) -> NegotiationSpec:
        if not self.floor < min(self.value, self.ask):
            raise ValueError(
                f"floor is {self.floor}, value {self.value} and ask {self.ask}: nothing can be gained; lower the floor"
            )
        return self


_BUILT_IN = {"unit_tests", "math", "negotiation"}


def _spec_kind(value: Any) -> str:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return source if isinstance(source, str) and source in _BUILT_IN else "plugin"


AnyReward = Annotated[
    Annotated[UnitTests, Tag("unit_tests")]
    | Annotated[MathAnswer, Tag("math")]
    | Annotated[NegotiationSpec, Tag("negotiation")]
    | Annotated[RewardSpec, Tag("plugin")],
    Discriminator(_spec_kind),
]


class EnvironmentSpec(BaseModel):
    """Who answers the model's turns, in a task that is a conversation.

    An environment that is not built in keeps its extra fields untouched.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(min_length=1)
    """As registered under the entry-point group `sandbox_rl.environments`."""
    turns: int = Field(default=2, ge=1, le=100)
    """The model's, at most."""


class RepairSpec(EnvironmentSpec):
    """A failing test comes back as the next turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["repair"] = "repair"
    tests: tuple[Code, ...] = ()
    """Those that the model is told of; none: those that judge it."""
    longest: int = Field(default=300, ge=1)
    """Characters of what it is told."""


def _environment_kind(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return "repair" if name == "repair" else "plugin"


AnyEnvironment = Annotated[
    Annotated[RepairSpec, Tag("repair")] | Annotated[EnvironmentSpec, Tag("plugin")], Discriminator(_environment_kind)
]


class Task(BaseModel):
    """One thing to be solved, and how an answer is judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    split: Split = "train"
    prompt: str
    """What the model is asked; in a conversation, what opens it."""
    rewards: tuple[AnyReward, ...] = Field(min_length=1)
    environment: AnyEnvironment | None = None
    """Who answers the model's turns; none: there is one turn."""
    reference: str | None = None
    """A solution that earns full reward; `sandbox-rl tasks check` runs it."""
    metadata: dict[str, Any] = Field(default_factory=dict)
