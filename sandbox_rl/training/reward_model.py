"""Learned reward models: a score for an answer, trained on the same pairs as DPO, and used as a reward source.

Scores mean nothing by themselves, so a model is stored with the mean and deviation of its scores on its training answers, and
gives them normalised by these. What is covered: any sequence-classification checkpoint with one label, ours or another's.
What is not: a score is a guess at a reward, and a policy that is trained on it learns to please it (Gao et al. 2022,
arXiv:2210.10760); hold it against rewards that are executed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import torch
import transformers
from pydantic import BaseModel
from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.source import RewardItem
from sandbox_tasks.jsonl import read_jsonl
from sandbox_tasks.task import RewardSpec, Task
from torch import Tensor, nn

from sandbox_rl.config import Precision, RewardModelConfig, RunConfig
from sandbox_rl.errors import TrainingError, UserError
from sandbox_rl.numerics.calibration import HeldOut, judged
from sandbox_rl.numerics.preference_losses import bradley_terry
from sandbox_rl.policy.batches import chunks
from sandbox_rl.runs.progress import Report
from sandbox_rl.runs.run_folder import Randomness, RunFolder, write_atomically
from sandbox_rl.training.pairs import Pair

SOURCE = "reward_model"
"""Name of the reward source."""
NORMALISATION = "normalisation.json"
BATCH = 32
"""Answers scored at once."""


class Normalisation(BaseModel):
    """What is stored beside a reward model: the mean and deviation of its scores on its training answers, and what it reads."""

    mean: float = 0.0
    deviation: float = 1.0
    template: bool = False
    """Whether prompts and answers come to it in its chat template; else as a prompt, a newline and an answer."""


class RewardModel(nn.Module):
    """A transformer with one number as its output, read at an answer's last token."""

    def __init__(self, classifier: Any, tokenizer: Any, known: Normalisation, precision: Precision = "float32") -> None:
        super().__init__()
        self.classifier = classifier
        self.tokenizer = tokenizer
        self.known = known
        self._precision = precision
        self.eval()

    def text_of(self, prompt: str, answer: str) -> str:
        """What is read of an answer."""
        if not self.known.template:
            return f"{prompt}\n{answer}"
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        text: str = self.tokenizer.apply_chat_template(messages, tokenize=False)
        return text

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Raw scores (b,). Padding is on the right, where no position before it moves."""
        given = self.tokenizer(
            list(texts), padding=True, padding_side="right", truncation=True, return_tensors="pt", max_length=self._longest,
            add_special_tokens=not self.known.template,
        )  # fmt: skip
        device = torch.device(self.classifier.device)
        given = {name: given[name].to(device) for name in ("input_ids", "attention_mask")}
        with torch.autocast(device.type, getattr(torch, self._precision), enabled=self._precision != "float32"):
            return self.classifier(**given).logits.squeeze(-1).float()  # type: ignore[no-any-return]

    @torch.no_grad()
    def scores(self, texts: Sequence[str]) -> list[float]:
        """Normalised scores, a batch at a time."""
        raw = [float(score) for part in chunks(range(len(texts)), BATCH) for score in self([texts[i] for i in part])]
        return [(score - self.known.mean) / self.known.deviation for score in raw]

    @property
    def _longest(self) -> int:
        """Tokens that are read, of a longer text its last ones."""
        return int(min(self.tokenizer.model_max_length, getattr(self.classifier.config, "max_position_embeddings", 4096)))


def load_reward_model(folder: str | Path, precision: Precision = "float32") -> RewardModel:
    """A sequence-classification checkpoint by name or folder, with the normalisation that was stored with it, if any.

    Raises `UserError` for a checkpoint without a score.
    """
    settings = _settings_of(folder)
    if not _scores(settings):
        kind = ", ".join(settings.architectures or ["a model of unknown kind"])
        raise UserError(
            f"{folder} holds {kind}, which has no trained score; train one from it by `sandbox-rl train reward-model`, or name a "
            "sequence-classification checkpoint."
        )
    stored = Path(folder) / NORMALISATION
    known = Normalisation.model_validate_json(stored.read_text()) if stored.exists() else None
    return _load(folder, settings, precision, known)


def _load(folder: str | Path, settings: Any, precision: Precision, known: Normalisation | None = None) -> RewardModel:
    """A model with one score, read from a checkpoint; a causal language model gets a new one that is untrained.

    Where nothing is `known` of it, it reads the tokenizer's chat template, if there is one.
    """
    if _scores(settings) and settings.num_labels != 1:
        raise UserError(f"{folder} has {settings.num_labels} labels, and a reward model has one score; name one with one label.")
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), truncation_side="left")  # an answer stands last
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    with _no_warning_of_a_new_head():
        classifier = transformers.AutoModelForSequenceClassification.from_pretrained(
            str(folder), num_labels=1, dtype=torch.float32
        )
    classifier.config.pad_token_id = tokenizer.pad_token_id
    classifier = nn.Module.to(classifier, "cuda" if torch.cuda.is_available() else "cpu")
    return RewardModel(classifier, tokenizer, known or Normalisation(template=bool(tokenizer.chat_template)), precision)


@contextlib.contextmanager
def _no_warning_of_a_new_head() -> Iterator[None]:
    """transformers warns of one at length; here it is about to be trained, or was found to be there."""
    before = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers.utils.logging.set_verbosity(before)


def _settings_of(folder: str | Path) -> Any:
    if (Path(folder) / "adapter_config.json").exists():
        raise UserError(f"{folder} holds an adapter, and a reward model is a whole model; merge it into its base first.")
    try:
        return transformers.AutoConfig.from_pretrained(str(folder))
    except (OSError, ValueError) as error:
        raise UserError(f"{folder} is no folder or name of a model ({str(error).splitlines()[0]}); correct it.") from None


def _scores(settings: Any) -> bool:
    """Whether a checkpoint was saved with the head that scores."""
    return any(name.endswith("ForSequenceClassification") for name in settings.architectures or ())


def train_reward_model(config: RunConfig, base: Path, pairs_file: Path, path: Path, *, resume: bool, report: Report) -> Path:
    """Folder of a reward model trained from `base` by Bradley-Terry; `done.json` holds its figures on held-out pairs."""
    run, target, settings = RunFolder(path), path / "model", config.reward_model
    if run.begin(config, ("seed", "reward_model"), resume=resume, base=base):
        return target
    pairs = read_jsonl(pairs_file, Pair)
    train, held_out = _split(pairs, settings, config.seed)
    torch.manual_seed(config.seed)
    model = _to_train(base, settings, config.model.precision)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    batches = _batches(settings, len(train), config.seed)
    state = run.newest() if resume else None
    if state:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    for step, rows in list(enumerate(batches, 1))[state["step"] if state else 0 :]:
        metrics = _step(model, optimizer, [train[i] for i in rows], settings, step, len(batches))
        run.log({"phase": "reward_model", "step": step, **metrics})
        report(phase="reward model", step=step, total=len(batches), loss=metrics["loss"], accuracy=metrics["accuracy"])
        if step % settings.checkpoint_every == 0:
            run.save(step, {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    _normalise(model, train)
    model.classifier.save_pretrained(target)
    model.tokenizer.save_pretrained(target)
    write_atomically(target / NORMALISATION, model.known.model_dump_json().encode())
    run.finish({"pairs": len(train), "held_out": len(held_out), **figures_of(model, held_out).model_dump()})
    return target


def _to_train(base: Path, settings: RewardModelConfig, precision: Precision) -> RewardModel:
    """What training starts from: a policy with a new score, or a model that scores already."""
    kind = _settings_of(base)
    if settings.epochs == 0 and not _scores(kind):
        raise UserError(f"{base} has no score yet, and reward_model.epochs is 0; train it, or name a base that scores.")
    return _load(base, kind, precision)


def _split(pairs: list[Pair], settings: RewardModelConfig, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on and held-out ones, by task, so that none of a held-out task's answers is trained on."""
    tasks = sorted({pair.task_id for pair in pairs})
    Randomness(seed).order.shuffle(tasks)
    apart = set(tasks[: max(1, round(len(tasks) * settings.held_out))])
    train, held_out = [p for p in pairs if p.task_id not in apart], [p for p in pairs if p.task_id in apart]
    if not train:
        raise UserError(f"the pairs are of {len(tasks)} task(s), and one must be held out; make pairs of at least two tasks.")
    return train, held_out


def _batches(settings: RewardModelConfig, pairs: int, seed: int) -> list[list[int]]:
    order, rows, batches = Randomness(seed).order, list(range(pairs)), []
    for _ in range(settings.epochs):
        order.shuffle(rows)
        batches += chunks(rows, settings.batch_size)
    return batches


def _step(
    model: RewardModel, optimizer: torch.optim.Optimizer, pairs: list[Pair], settings: RewardModelConfig, step: int, steps: int
) -> dict[str, Any]:
    """One optimizer step; the rate falls linearly to 0."""
    started = time.perf_counter()
    for group in optimizer.param_groups:
        group["lr"] = settings.learning_rate * (1 - (step - 1) / steps)
    optimizer.zero_grad()
    chosen, rejected = model(_texts(model, pairs)).reshape(2, -1)
    loss = bradley_terry(chosen, rejected).mean()
    if not torch.isfinite(loss):
        raise TrainingError(f"the reward model's loss is {float(loss)} at step {step}; lower reward_model.learning_rate.")
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    accuracy = float((chosen > rejected).float().mean())
    return {"loss": float(loss.detach()), "accuracy": accuracy, "seconds": {"update": time.perf_counter() - started}}


def _texts(model: RewardModel, pairs: Sequence[Pair]) -> list[str]:
    """Chosen answers, then rejected ones."""
    return [model.text_of(p.prompt, p.chosen) for p in pairs] + [model.text_of(p.prompt, p.rejected) for p in pairs]


def _normalise(model: RewardModel, pairs: list[Pair]) -> None:
    """Make the mean of its scores on these answers 0 and their deviation 1."""
    template = model.known.template
    model.known = Normalisation(template=template)
    raw = torch.tensor(model.scores(_texts(model, pairs)), dtype=torch.float64)
    deviation = float(raw.std(correction=0).clamp(min=1e-6))
    model.known = Normalisation(mean=float(raw.mean()), deviation=deviation, template=template)


def figures_of(model: RewardModel, pairs: Sequence[Pair]) -> HeldOut:
    """Figures of a model on pairs that it was not trained on."""
    raw = [score * model.known.deviation for score in model.scores(_texts(model, pairs))]
    lengths = [len(p.chosen) for p in pairs] + [len(p.rejected) for p in pairs]
    return judged(raw[: len(pairs)], raw[len(pairs) :], lengths)


def scored_by(model: str, tasks: Sequence[Task], precision: Precision) -> list[Task]:
    """The tasks, with the score of a reward model in place of their rewards."""
    spec = RewardSpec.model_validate({"source": SOURCE, "model": model, "precision": precision})
    return [task.model_copy(update={"rewards": (spec,)}) for task in tasks]


class UnnamedModel(UserError, RewardError):
    """A task's spec names no model, or none that can be."""


class RewardModelReward:
    """The reward source `reward_model`: `{"source": "reward_model", "model": "runs/reward-model/model"}`.

    With `"precision": "bfloat16"` it computes in that. Rewards are normalised scores, and their verdict is `scored`: no score
    says that an answer is right.
    """

    def __init__(self) -> None:
        self._models: dict[tuple[str, Precision], RewardModel] = {}

    def prepare(self, task: Task, spec: RewardSpec) -> None:
        """Load a spec's model now."""
        self._model(_named(spec))

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        rewards: dict[int, float] = {}
        for name in {_named(item.spec) for item in batch}:
            places = [place for place, item in enumerate(batch) if _named(item.spec) == name]
            model = self._model(name)
            texts = [model.text_of(batch[place].task.prompt, batch[place].completion) for place in places]
            rewards.update(zip(places, model.scores(texts), strict=True))
        return [Grade(task_id=item.task.id, reward=rewards[place], verdict=Verdict.scored) for place, item in enumerate(batch)]

    def _model(self, named: tuple[str, Precision]) -> RewardModel:
        if named not in self._models:
            self._models[named] = load_reward_model(*named)
        return self._models[named]


def _named(spec: RewardSpec) -> tuple[str, Precision]:
    """A spec's model and the precision that it computes in."""
    told = spec.model_extra or {}
    name, precision = told.get("model"), told.get("precision", "float32")
    if not isinstance(name, str):
        raise UnnamedModel(f"source 'reward_model' needs `model`, a folder or a name, but has {name!r}; add it to the task.")
    if precision not in get_args(Precision):
        raise UnnamedModel(f"source 'reward_model' has precision {precision!r}, and knows {get_args(Precision)}; correct it.")
    return name, precision
