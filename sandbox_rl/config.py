"""A run's settings. Unknown keys are errors; each field says what it means and in which unit."""

from __future__ import annotations

import datetime
import difflib
import importlib.resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sandbox_rl.errors import UserError

Estimator = Literal["gae", "grpo", "dr_grpo", "rloo", "reinforce_pp", "reinforce_pp_baseline"]
Kind = Literal["k1", "k2", "k3"]
Preset = Literal["tiny", "small", "7b"]
Precision = Literal["float32", "bfloat16"]
Aggregation = Literal["token-mean", "seq-mean-token-mean", "seq-mean-token-sum"]
PreferenceLoss = Literal["sigmoid", "robust", "ipo", "hinge", "length_normalised", "simpo"]
"""Names that the formulas' modules know their variants by."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class LoRAConfig(_Section):
    """A low-rank adapter (Hu et al. 2021, arXiv:2106.09685) beside frozen weights; PPO's and DPO's reference is the policy
    without it."""

    rank: int = Field(default=16, ge=1)
    """Of the two factors."""
    alpha: int = Field(default=32, ge=1)
    """The adapter's output is scaled by alpha / rank."""
    targets: list[str] | Literal["all-linear"] = "all-linear"
    """Names of the layers that get one; all-linear: all but the output layer."""


class ModelConfig(_Section):
    name: str | None = None
    """Hugging Face name or folder of a causal LM; none makes the tiny model of the quickstart."""
    revision: str | None = None
    """Branch, tag or commit of a Hugging Face name; none: its main branch. The commit that was loaded is kept with the run."""
    gguf_file: str | None = None
    """File inside that folder when the weights are GGUF."""
    max_new_tokens: int = Field(default=96, ge=1)
    """Longest answer, in tokens."""
    micro_batch_size: int = Field(default=128, ge=1)
    """Sequences in one forward and backward pass: less takes less memory and gives the same gradients."""
    micro_batch_tokens: int | None = Field(default=None, ge=1)
    """Tokens in one pass, padding included, in place of micro_batch_size: sequences of like length go together; none: by size."""
    precision: Precision = "float32"
    """Of matrix products, in sampling, training, tests and every other use of a model; weights, values, sums and losses are
    float32 either way."""
    deterministic: bool = False
    """Take only operations that give the same bits each time, on a GPU too, where they are slower; an operation that has no such
    form is an error."""
    generator: Literal["own", "transformers", "vllm"] = "own"
    """Who samples: the own loop, `generate` of transformers for models that it does not read, or vLLM on a GPU."""
    generation_batch_size: int = Field(default=128, ge=1)
    """Answers sampled at once: less takes less memory and gives the same answers."""
    system_prompt: str | None = None
    """What the chat template is given as the system's message; none: what it writes by itself."""
    template_options: dict[str, Any] = {}
    """What the chat template is told besides, such as `{enable_thinking: false}`."""
    date: datetime.date = datetime.date(2026, 1, 1)
    """Today, for chat templates that write the date: a prompt does not change at midnight."""
    offload_reference: bool = False
    """Keep the reference's weights in the machine's memory, and on the GPU only while it is asked."""
    critic: Literal["shared", "separate"] = "shared"
    """Whether the value head sits on the policy's trunk or on a second one that starts as its copy."""
    lora: LoRAConfig | None = None
    """Train an adapter in place of all weights; none: all weights."""
    gradient_checkpointing: bool = False
    """Make activations again for the backward pass in place of keeping them: less memory, more time, the same gradients."""


class SFTConfig(_Section):
    steps: int = Field(default=0, ge=0)
    """Optimizer steps of the warm start on imperfect solutions; 0 starts from the model as it is."""
    batch_size: int = Field(default=64, ge=1)
    """Solutions in one optimizer step, drawn with replacement from the training tasks."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Rises over 20 steps, then falls linearly to 0. For a tiny model; a pretrained one wants about 1e-5."""
    wrong_probability: float = Field(default=0.3, ge=0, le=1)
    """Chance that a step of an imitated solution is wrong (quickstart suites; others imitate their references)."""


class PPOConfig(_Section):
    steps: int = Field(default=40, ge=1)
    """Rounds of sampling and updating."""
    prompts_per_step: int = Field(default=32, ge=1)
    """Training tasks drawn in a step, with replacement."""
    samples_per_prompt: int = Field(default=4, ge=1)
    """Answers sampled for each of them."""
    epochs: int = Field(default=2, ge=1)
    """Passes over each step's samples (Ziegler et al. 2019 and TRL: 4; fewer stay closer to the policy)."""
    minibatch_size: int = Field(default=32, ge=1)
    """Sequences per optimizer step."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Decays linearly to a tenth of it."""
    estimator: Estimator = "gae"
    """Advantages: by a critic (gae), or of answers against each other (grpo, dr_grpo, rloo, reinforce_pp[_baseline])."""
    kl_coefficient: float = Field(default=0.02, ge=0)
    """Price of a nat of KL to the base, in reward, token by token (Ziegler et al. 2019, eq. 2)."""
    kl_in: Literal["reward", "loss"] = "reward"
    """Where that price is paid: in each token's reward, or as a term of the loss (Shao et al. 2024)."""
    kl_kind: Kind = "k1"
    """Estimator of the KL that is paid (Schulman 2020): k1 in the reward; in the loss each has the gradient of k2."""
    kl_target: float | None = Field(default=None, gt=0)
    """KL to the base, in nats an answer, that the coefficient adapts to (Ziegler et al. 2019: 6); none keeps it fixed."""
    gamma: float = Field(default=1.0, ge=0, le=1)
    """Discount a token (Ziegler et al. 2019: 1, so that long answers are not worth less)."""
    lam: float = Field(default=0.95, ge=0, le=1)
    """GAE's lambda (Schulman et al. 2016: 0.95-0.99)."""
    clip_low: float = Field(default=0.2, gt=0, lt=1)
    """How far below 1 the ratio counts (Schulman et al. 2017: 0.2)."""
    clip_high: float = Field(default=0.2, gt=0)
    """How far above 1 the ratio counts (Schulman et al. 2017: 0.2; DAPO: 0.28)."""
    dual_clip: float | None = Field(default=None, gt=1)
    """Bound of the loss of tokens with negative advantage, in advantages (Ye et al. 2020: 3); none: no bound."""
    aggregation: Aggregation = "token-mean"
    """What the loss is a mean over: tokens, sequences of token means, or sequences of token sums."""
    entropy_coefficient: float = Field(default=0.0, ge=0)
    """Reward of a nat of the policy's entropy, in the loss (Schulman et al. 2017, eq. 9)."""
    value_clip: float = Field(default=0.2, gt=0)
    """How far a value may move from the rollout's before its gradient stops (baselines' ppo2: the policy's clip)."""
    critic_warmup: int = Field(default=0, ge=0)
    """First steps that train the critic alone."""
    value_coefficient: float = Field(default=0.5, ge=0)
    """Weight of the value loss beside the policy's (baselines' ppo2: 0.5)."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Norm that gradients are clipped to."""
    kl_stop: float = Field(default=0.05, gt=0)
    """Mean KL to the sampling policy at which a step's epochs end early (nats a token)."""
    truncated: Literal["penalty", "bootstrap", "mask"] = "penalty"
    """Answers cut at max_new_tokens: priced by missing_eos_penalty, worth what the critic expects of going on, or left out of
    the update and of every statistic that it is made of."""
    turn_rewards: bool = False
    """In conversations: pay what each turn adds to the reward when the turn ends, in place of all of it after the last."""
    missing_eos_penalty: float = 1.0
    """Taken from the reward of an answer cut at max_new_tokens, which is never paid for being right."""
    temperature: float = Field(default=1.0, gt=0)
    """Of sampling, and of the log-probabilities that ratios are made of."""
    validate_every: int = Field(default=10, ge=1)
    """Steps between evaluations on the validation split and checkpoints."""
    canaries: int = Field(default=4, ge=0)
    """Rewarded answers a step that are also graded on tests which contradict each other; reward there stops the run."""
    reward_model: str | None = None
    """Folder or name of a reward model whose score is trained on in place of the tasks' rewards, which validation still uses."""

    @model_validator(mode="after")
    def _fits(self) -> PPOConfig:
        if self.estimator in ("grpo", "dr_grpo", "rloo", "reinforce_pp_baseline") and self.samples_per_prompt < 2:
            raise ValueError(
                f"estimator {self.estimator!r} compares the answers to one prompt, but samples_per_prompt is 1; raise it"
            )
        if self.kl_in == "reward" and self.kl_coefficient:
            if self.estimator in ("grpo", "reinforce_pp_baseline"):
                raise ValueError(
                    f"estimator {self.estimator!r} divides by the rewards' deviation, so where a task's answers are all wrong it "
                    "would amplify differences in KL alone, and kl_in is 'reward'; set ppo.kl_in=loss, as the papers have it"
                )
            if self.kl_kind != "k1":
                raise ValueError(
                    f"kl_kind {self.kl_kind!r} in the reward has not the gradient of the KL, which only k1 has there; set "
                    "ppo.kl_kind=k1, or ppo.kl_in=loss"
                )
        if self.truncated == "bootstrap" and self.estimator != "gae":
            raise ValueError(f"truncated 'bootstrap' asks the critic, and estimator {self.estimator!r} trains none; take 'mask'")
        if self.critic_warmup and self.estimator != "gae":
            raise ValueError(f"critic_warmup is set, but estimator {self.estimator!r} trains no critic; leave it out")
        return self


Monitor = Literal["kl", "ratio", "entropy", "equal_rewards", "repetition", "length", "no_verdict", "lost_kind"]


class MonitorsConfig(_Section):
    """What is watched during PPO. Each alarm is written beside its step and into the report; some may stop the run."""

    kl: float = Field(default=30.0, gt=0)
    """Nats of KL to the base, in the mean over a step's answers, that are too many."""
    ratio: float = Field(default=0.2, gt=0)
    """How far the ratio of unchanged weights may be from 1: beyond it, sampling and training disagree."""
    entropy: float = Field(default=0.05, ge=0, lt=1)
    """Share of the first step's entropy below which the policy has collapsed."""
    equal_rewards: int = Field(default=5, ge=1)
    """Steps in a row in which all answers got the same reward: there is nothing to learn from them."""
    repetition: float = Field(default=0.6, gt=0, le=1)
    """Share of an answer's runs of four words that it has had before, in the mean."""
    length: float = Field(default=3.0, gt=1)
    """How many times as long, or as short, as in the first step answers may get, in the mean."""
    no_verdict: float = Field(default=0.2, ge=0, lt=1)
    """Share of a step's answers that the sandbox could not judge."""
    lost_kind: int = Field(default=8, ge=2)
    """Answers with a word in common, so far in the run, that the sandbox could not judge, while it judged none with that word."""
    stop: list[Monitor] = []
    """Monitors whose alarm stops the run, after a checkpoint."""


class PairsConfig(_Section):
    samples_per_prompt: int = Field(default=12, ge=2)
    """Answers of the base policy to each training task."""
    max_pairs_per_task: int = Field(default=4, ge=1)
    """So that tasks with many answers of both kinds don't outweigh the others."""
    temperature: float = Field(default=1.0, gt=0)
    """Of sampling."""
    truncated: Literal["rejected", "left_out"] = "rejected"
    """Answers cut at max_new_tokens: worse than every finished one, as PPO's penalty has it, or no half of a pair."""
    noise: Path | None = None
    """What `tasks check --noise` wrote: each pair then carries the chance that it is the wrong way round."""
    max_noise: float = Field(default=0.1, ge=0, le=1)
    """Tasks whose tests err more often than that make no pairs (where `noise` is given)."""


class DPOConfig(_Section):
    loss: PreferenceLoss = "sigmoid"
    """DPO's own (sigmoid), or a relative of it: robust, ipo, hinge, length_normalised, simpo."""
    beta: float = Field(default=0.1, gt=0)
    """Strength of the pull to the reference (Rafailov et al. 2023: 0.1; on means over tokens more: SimPO 2, Tulu 3: 5)."""
    label_smoothing: Annotated[float, Field(ge=0, lt=0.5)] | Literal["noise"] = 0.0
    """Share of pairs taken to be the wrong way round (sigmoid: conservative DPO, Mitchell 2023; robust: Chowdhury 2024); noise:
    for each pair what pairs.noise found of its task."""
    margin: float = Field(default=0.0, ge=0)
    """How much likelier a chosen token must be than a rejected one, in nats times beta (simpo: 0.5 to 1.5)."""
    epochs: int = Field(default=2, ge=1)
    """Passes over the pairs."""
    batch_size: int = Field(default=32, ge=1)
    """Pairs in one optimizer step."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """Rises over the first tenth of the steps, then falls linearly to 0."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Norm that gradients are clipped to."""
    validate_every: int = Field(default=20, ge=1)
    """Steps between evaluations on the validation split and checkpoints."""

    @model_validator(mode="after")
    def _fits(self) -> DPOConfig:
        for name, value, losses in (("label_smoothing", self.label_smoothing, _SMOOTHED), ("margin", self.margin, ("simpo",))):
            if value and self.loss not in losses:
                raise ValueError(f"{name} is {value}, and loss {self.loss!r} has no such thing; leave it out")
        return self


_SMOOTHED = ("sigmoid", "robust", "length_normalised", "simpo")


class RewardModelConfig(_Section):
    epochs: int = Field(default=2, ge=0)
    """Passes over the pairs; 0 takes a sequence-classification checkpoint as it is, and only normalises and judges it."""
    batch_size: int = Field(default=32, ge=1)
    """Pairs in one optimizer step."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """Falls linearly to 0."""
    held_out: float = Field(default=0.1, gt=0, lt=1)
    """Share of the tasks whose pairs are not trained on, for the report; scores are normalised on the others' answers."""
    checkpoint_every: int = Field(default=20, ge=1)
    """Steps between checkpoints."""


class EvalConfig(_Section):
    samples_per_task: int = Field(default=4, ge=1)
    """Answers to each task."""
    temperature: float = Field(default=1.0, ge=0)
    """Of sampling; 0 takes the likeliest token."""
    k: int = Field(default=4, ge=1)
    """The k of pass@k beside pass@1."""


class CompareConfig(_Section):
    learned_reward: bool = False
    """Also train a reward model on DPO's pairs, and PPO on its scores as long as on executed rewards: the arm `ppo_learned`."""


class SandboxConfig(_Section):
    backend: Literal["auto", "docker", "local", "namespaces", "landlock"] = "auto"
    """Where answers run; auto takes the strongest that works here, local the strongest that needs no container engine."""
    runtime: str | None = None
    """Docker's OCI runtime, such as runsc (gVisor); none: docker's own default."""
    unsafe_no_isolation: bool = False
    """Run answers without any isolation, free to do whatever you can: for a machine that has nothing to lose."""
    workers: int | None = Field(default=None, ge=1)
    """Answers judged at once; none: one more than there are cores."""
    cache: bool = True
    """Keep grades in the run's folder (grades.sqlite), so that the same answer to a task is judged once."""


class RunConfig(_Section):
    title: str = "PPO or DPO?"
    """Of the report."""
    suite: str = "quickstart"
    """A shipped suite's name or a file of tasks."""
    skip_unreadable: bool = False
    """Whether tasks whose own mathematical answer can't be read are left out of the training, where else it does not begin."""
    seed: int = 0
    """Of weights made here, drawing, sampling and order."""
    model: ModelConfig = ModelConfig()
    sft: SFTConfig = SFTConfig()
    ppo: PPOConfig = PPOConfig()
    monitors: MonitorsConfig = MonitorsConfig()
    pairs: PairsConfig = PairsConfig()
    dpo: DPOConfig = DPOConfig()
    reward_model: RewardModelConfig = RewardModelConfig()
    eval: EvalConfig = EvalConfig()
    compare: CompareConfig = CompareConfig()
    sandbox: SandboxConfig = SandboxConfig()
    trackers: list[str] = []
    """Where steps are shown beside metrics.jsonl, by accelerate: tensorboard, wandb, mlflow ..."""


def load_config(name: str, overrides: list[str], defaults: dict[str, Any] | None = None) -> RunConfig:
    """A shipped config by name or a YAML file, with `key.sub=value` overrides. Raises `UserError`.

    `defaults`: settings that hold where the config says nothing, such as a preset's.
    """
    settings, path = read_settings(name, overrides)
    try:
        return RunConfig.model_validate(_over(defaults or {}, settings))
    except ValidationError as error:
        raise UserError(f"{path}: {_first_problem(error)}") from None


def preset(name: Preset) -> dict[str, Any]:
    """Learning rates, lambda and the KL's price for models of a size."""
    found: dict[str, Any] = yaml.safe_load((_shipped_folder() / "presets" / f"{name}.yaml").read_text())
    return found


def _shipped_folder() -> Path:
    return Path(str(importlib.resources.files("sandbox_rl"))) / "configs"


def _over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Settings of which the second win."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def read_settings(name: str, overrides: list[str]) -> tuple[dict[str, Any], Path]:
    """What a config and its overrides set, and its file. Raises `UserError`."""
    shipped = {p.stem: p for p in _shipped_folder().glob("*.yaml")}
    path = shipped.get(name, Path(name))
    if not path.is_file():
        close = difflib.get_close_matches(name, shipped, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"shipped are {', '.join(sorted(shipped))}; or give a YAML file."
        raise UserError(f"no config is called {name!r}; {hint}")
    try:
        settings = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML ({error}); correct it.") from None
    if not isinstance(settings, dict):
        raise UserError(f"{path} holds a {type(settings).__name__}, and a config is a mapping; write `section: {{key: value}}`.")
    for override in overrides:
        _override(settings, override)
    return settings, path


def _override(settings: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise UserError(f"--set {override!r} has no '='; write it as ppo.learning_rate=1e-5.")
    *sections, last = key.strip().split(".")
    for section in sections:
        inner = settings[section] = settings.get(section) or {}
        if not isinstance(inner, dict):
            raise UserError(f"--set {override!r}: {section} is {inner!r} in the config and holds no settings; make it a mapping.")
        settings = inner
    try:
        settings[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"--set {override!r}: {value!r} is no YAML value; quote it.") from None


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] != "extra_forbidden":
        return f"{key} is {problem['input']!r}: {problem['msg']}; change it there or with --set {key}=VALUE."
    section: Any = RunConfig
    for part in problem["loc"][:-1]:
        section = section.model_fields[str(part)].annotation
    close = difflib.get_close_matches(str(problem["loc"][-1]), section.model_fields, n=1, cutoff=0.4)
    known = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(section.model_fields)}."
    return f"{key} is not a setting; {known}"
