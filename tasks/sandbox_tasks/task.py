"""What a task is: a prompt, the rewards that judge an answer, and a reference solution that earns them.

Units: `*_s` are seconds, `*_mb` are mebibytes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import regex
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

from sandbox_tasks.syntax import binds, compile_quietly, names_called, shadowed_builtins

Split = Literal["train", "validation", "test"]
Credit = Literal["all", "share"]


def _compiled(code: str) -> str:
    try:
        compile_quietly(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"is not valid Python ({error}); correct the code") from None
    return code


Code = Annotated[str, AfterValidator(_compiled)]
"""Python source that compiles; checked item by item, so that an error names the one test that doesn't."""


class RewardSpec(BaseModel):
    """What every reward of a task has: who computes it (`source`) and how much it counts (`weight`).

    A spec whose source is not built in keeps its extra fields untouched: they belong to the plug-in.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    source: str
    """Name of the reward source, as registered under the entry-point group `sandbox_rl.rewards`."""
    weight: FiniteFloat = 1.0
    """Factor of this source in the task's reward, which is the weighted sum over its sources; 0 only shows it."""
    gated: bool = False
    """Counts only when the verdict is `passed`, and has no say in the verdict."""

    @property
    def judges(self) -> bool:
        """Whether this source may have a say in the verdict; one that has none only shapes the reward."""
        return not self.gated

    @property
    def label(self) -> str:
        """What its part of a grade is called."""
        return self.source


class KnownSignSpec(RewardSpec):
    """Of a source whose better answers earn more, so that a weight below 0 would pay for the worse ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: Annotated[FiniteFloat, Field(ge=0)] = 1.0


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


class UnitTests(KnownSignSpec):
    """Tests that run against the solution's code in the sandbox."""

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
    seal: Literal["auto", "data", "objects"] = "auto"
    """What sealed tests get of an answer. `data`: plain data and nothing else, right wherever tests call functions and compare;
    anything else that comes back fails the test that touches it. `objects`: also handles to its objects, for tests about
    classes, operators, callbacks or stateful objects. `auto`: the first under which the task's reference passes; without one,
    what the tests' text shows. `sandbox-rl tasks check` tells which it is."""
    cases: tuple[StdioCase, ...] = ()
    checker: Literal["tokens", "exact"] | FloatChecker | CodeChecker = "tokens"
    language: Language = "python"
    """Of the answer; others than Python in style `stdio` only, where the sandbox's image has the tools."""
    extraction: Literal["definitions", "last_block", "raw"] = "definitions"
    """How an answer is read. `definitions`: without thoughts and special tokens, the last code that parses and binds what the
    tests ask for, and of it imports, definitions and what they depend on (a program of style `stdio` stays whole); `last_block`:
    the last fenced block of the language as it stands, else the whole text; `raw`: the text as it was written."""
    time_limit_s: FiniteFloat = Field(default=5.0, gt=0)
    """CPU and wall time of the whole test run (`stdio`: of each case)."""
    memory_limit_mb: int = Field(default=512, ge=32)
    credit: Credit = "all"
    """Reward of an answer that does not pass: 0, or the share of tests that passed (never all of it)."""
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
        if self.seal != "auto" and (self.style == "stdio" or self.isolation == "inline"):
            raise ValueError(f"seal '{self.seal}' is for tests of functions and classes that are sealed; leave `seal` out")
        if self.style == "check" and not self.entry_point:
            raise ValueError("style 'check' needs `entry_point`: the function that check(candidate) is given")
        if self.credit == "share" and self.style == "check":
            raise ValueError("style 'check' is one test, but credit is 'share'; use style 'asserts', or leave `credit` out")
        if self.credit == "share" and self.isolation == "inline":
            raise ValueError("credit 'share' would be the answer's own word under isolation 'inline'; leave one of them out")
        if isinstance(self.checker, CodeChecker) and not binds(self.checker.code, "check"):
            raise ValueError("`checker` needs `def check(stdin, stdout, expected)`, but its code defines no `check`; add it")
        if self.style == "check" and not any(binds(code, "check") for code in (*self.tests, self.setup)):
            raise ValueError("style 'check' needs `def check(candidate)`, but `tests` define none; add it or change the style")
        return self


GoldAnswer = Annotated[str, Field(min_length=1, max_length=2000)]


class MathAnswer(KnownSignSpec):
    r"""The answer to a mathematical question, in LaTeX or plain text: `\frac{1}{2}`, `(1, 2]`, `x = 3`."""

    source: Literal["math"] = "math"
    answer: GoldAnswer | Annotated[tuple[GoldAnswer, ...], Field(min_length=1, max_length=20)]
    """What is right; of several, any one is."""
    assume: Literal["real", "positive", "complex"] = "real"
    """What letters stand for. Real ones have either sign, so that `\\sqrt{x^2}` is `|x|`; `positive` makes it `x`."""
    tolerance: FiniteFloat = Field(default=0.0, ge=0, lt=1)
    """Distance from the answer, relative to it, up to which a number is right: with 0.01 an answer `3.14` is right for `\\pi`.
    With 0 a rounded number is wrong."""
    units: Literal["optional", "required"] = "optional"
    """Whether `5` is right for `5 cm`; another unit never is."""
    order: Literal["free", "matters"] = "free"
    """Whether `2, 1` is right for the list `1, 2`, and so for a set; tuples always have their order."""
    form: Literal["evaluated", "simplified", "factored", "expanded", "any"] = "evaluated"
    """What an equal answer has to look like. `evaluated`: worked out, a number as a number (`0.5`, `\\frac{2}{4}` and
    `\\sqrt{12}` are, `5 + 5` is not), a region as an interval or an inequality in the unknown alone, an expression that the
    prompt asks to rewrite in the gold's form; and a copy of what stands in the prompt earns nothing. `simplified`, `factored` and
    `expanded`: no longer, as factored, and as expanded as the answer given here. `any`: whatever is equal, copies of the
    prompt's expression included."""

    @property
    def answers(self) -> tuple[str, ...]:
        """Every answer that is right."""
        return (self.answer,) if isinstance(self.answer, str) else self.answer


class GymEntry(KnownSignSpec):
    """A question of reasoning-gym, told by the numbers it is made from; its family's own verifier judges the answer."""

    source: Literal["reasoning_gym"] = "reasoning_gym"
    family: str = Field(min_length=1)
    seed: int = Field(ge=0)
    size: int = Field(ge=1)
    """Of the set of questions that this one is from."""
    index: int = Field(ge=0)
    """Its place in that set."""
    config: dict[str, Any] = Field(default_factory=dict)
    """The family's own settings."""
    credit: Credit = "all"
    """Reward of an answer that the verifier gives less than 1: 0, or what it gives."""

    @model_validator(mode="after")
    def _index_is_in_the_set(self) -> GymEntry:
        if self.index >= self.size:
            raise ValueError(f"index is {self.index}, but the set has {self.size} questions, counted from 0; correct one of them")
        return self


class NegotiationSpec(KnownSignSpec):
    """The terms of a sale that the model negotiates as the buyer: its gain is what it pays less than `value`."""

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


class ShapingSpec(KnownSignSpec):
    """Of a source that looks at an answer's form only, and never says whether it is right."""

    @property
    def judges(self) -> bool:
        return False


def _compiles(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"is not a regular expression ({error}); correct it") from None
    return pattern


class Format(ShapingSpec):
    """1 for an answer of the form asked for, else 0."""

    source: Literal["format"] = "format"
    pattern: Annotated[str, AfterValidator(_compiles)] | None = None
    """What the whole completion has to match, in the syntax of the package `regex`; a dot is any character, line ends too."""
    needs: tuple[Literal["code_block", "boxed", "thinking"], ...] = ()
    r"""Things that have to be there: a closed fenced block; a closed `\boxed{...}`; one `<think>...</think>` at the beginning
    and text after it."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Format:
        if self.pattern is None and not self.needs:
            raise ValueError("source 'format' asks for nothing; give a `pattern`, or what it `needs`")
        return self


class Length(ShapingSpec):
    """The soft overlong punishment of DAPO (arXiv:2503.14476, eq. 13), from 0 to -1, in characters.

    Characters, because a count of words can be evaded by leaving out spaces, and a source has no tokenizer.
    """

    source: Literal["length"] = "length"
    max_characters: int = Field(gt=0)
    """From here on the reward is -1."""
    buffer_characters: int = Field(gt=0)
    """It begins to fall so many before."""

    @model_validator(mode="after")
    def _buffer_fits(self) -> Length:
        if self.buffer_characters > self.max_characters:
            raise ValueError(
                f"buffer_characters is {self.buffer_characters}, more than max_characters ({self.max_characters}); lower it"
            )
        return self


class Repetition(ShapingSpec):
    """Minus the share of runs of words that stood in the answer before: from 0 to -1."""

    source: Literal["repetition"] = "repetition"
    ngram_words: int = Field(default=4, ge=1)
    """Length of a run."""


def _http_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        reachable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        reachable = False
    if not reachable or parts.username or not url.isascii() or any(c <= " " for c in url):
        raise ValueError(f"is {url!r}, but an address like 'http://localhost:8000/judge' is needed; correct it")
    return url


class RangedSpec(RewardSpec):
    """Of a judge that is the user's own, and may say anything."""

    range: tuple[FiniteFloat, FiniteFloat] | None = None
    """Least and largest reward that it gives, before the weight: any other is a fault, and never counts."""

    @model_validator(mode="after")
    def _range_is_one(self) -> Self:
        if self.range and self.range[0] >= self.range[1]:
            raise ValueError(f"range is {list(self.range)}, but its first number has to be the smaller; correct it")
        return self

    def allows(self, reward: float) -> bool:
        """Whether a reward is within the range, where there is one."""
        return self.range is None or self.range[0] <= reward <= self.range[1]


_FRAMING = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "expect"})
"""Headers that say how a request is to be read."""


def _headers_by_variable(headers: dict[str, str]) -> dict[str, str]:
    for header, variable in headers.items():
        if not regex.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", header) or header.lower() in _FRAMING:
            raise ValueError(f"can't set the header {header!r}; leave it out")
        if not regex.fullmatch("[A-Z_][A-Z0-9_]*", variable):  # not shown: it may be the secret itself
            raise ValueError(
                f"has no name of an environment variable for {header!r}, such as 'JUDGE_TOKEN'; write the value into such a "
                "variable, and its name here"
            )
    return headers


class HttpJudge(RangedSpec):
    """A service of the user's own, asked by POST; `sandbox_rewards.sources.http_judge` says what it is sent and replies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["http"] = "http"
    url: Annotated[str, AfterValidator(_http_address)]
    timeout_s: FiniteFloat = Field(default=30.0, gt=0)
    """Of one request, from connecting to the end of the reply."""
    retries: int = Field(default=2, ge=0)
    """Further requests after one that failed."""
    at_once: int = Field(default=8, ge=1)
    """Requests under way at the same time."""
    headers_env: Annotated[dict[str, str], AfterValidator(_headers_by_variable)] = Field(default_factory=dict)
    """Headers of each request, by the names of the environment variables that hold their whole values (`Bearer ...` included),
    so that no secret stands in a file of tasks: `{"Authorization": "JUDGE_TOKEN"}`."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Whatever the service should know; sent with each answer."""


def _function_name(name: str) -> str:
    module, colon, attribute = name.partition(":")
    if not colon or not all(part.isidentifier() for part in f"{module}.{attribute}".split(".")):
        raise ValueError(f"is {name!r}, but 'package.module:function' is needed; correct it")
    return name


class PythonFunction(RangedSpec):
    """A function of the user's own, called in the grader's process; see `sandbox_rewards.sources.python_function`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["python"] = "python"
    function: Annotated[str, AfterValidator(_function_name)]
    """`package.module:function`."""

    @property
    def label(self) -> str:
        return self.function


_BUILT_IN = {"unit_tests", "math", "reasoning_gym", "negotiation", "format", "length", "repetition", "http", "python"}


def _spec_kind(value: Any) -> str:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return source if isinstance(source, str) and source in _BUILT_IN else "plugin"


AnyReward = Annotated[
    Annotated[UnitTests, Tag("unit_tests")]
    | Annotated[MathAnswer, Tag("math")]
    | Annotated[GymEntry, Tag("reasoning_gym")]
    | Annotated[NegotiationSpec, Tag("negotiation")]
    | Annotated[Format, Tag("format")]
    | Annotated[Length, Tag("length")]
    | Annotated[Repetition, Tag("repetition")]
    | Annotated[HttpJudge, Tag("http")]
    | Annotated[PythonFunction, Tag("python")]
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

    @model_validator(mode="after")
    def _rewards_add_up(self) -> Task:
        if not any(spec.weight for spec in self.rewards):
            raise ValueError("every weight in `rewards` is 0, so every answer would earn 0; give one a weight")
        gated = next((spec.source for spec in self.rewards if spec.gated), None)
        if gated and not any(spec.judges for spec in self.rewards):
            raise ValueError(f"source {gated!r} is gated, but no other source judges the answer; add one, or take `gated` away")
        return self

    @model_validator(mode="after")
    def _tests_reach_the_reference(self) -> Task:
        """A name that is a builtin's is the solution's only where `entry_point` says so."""
        shadowed = shadowed_builtins(self.reference or "")
        asserts = [spec for spec in self.rewards if isinstance(spec, UnitTests) and spec.style == "asserts"] if shadowed else []
        for spec in asserts:
            called = {name for test in spec.tests for name in names_called(test)}
            if names := sorted(called & shadowed - {spec.entry_point}):
                raise ValueError(
                    f"its tests call {names[0]!r}, which the reference defines and which is a builtin too, so they would call "
                    f"the builtin; say entry_point: {names[0]}"
                )
        return self
