"""Reward models learn what pairs say, tell how well on pairs that they never saw, and score as a reward source."""

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_tasks.task import Task

from sandbox_rl.config import RunConfig
from sandbox_rl.decide.report import write_scorer_report
from sandbox_rl.errors import UserError
from sandbox_rl.numerics.calibration import HeldOut, judged
from sandbox_rl.policy.tiny import new_tiny_policy
from sandbox_rl.training.pairs import Pair
from sandbox_rl.training.reward_model import figures_of, load_reward_model, train_reward_model

SETTINGS: dict[str, Any] = {"reward_model": {"epochs": 10, "batch_size": 16, "learning_rate": 1e-3, "held_out": 0.2}}
CONFIG = RunConfig.model_validate(SETTINGS)


def silent(**_: object) -> None:
    """No progress shown."""


def pair(number: int, chance: random.Random) -> Pair:
    """The better answer says `good`; length says nothing."""
    words = [" ".join(chance.choice("abcdef") for _ in range(chance.randint(2, 6))) for _ in range(2)]
    grades = [Grade(task_id=f"t{number % 20}", reward=float(r), verdict=Verdict.passed, seconds=0.0) for r in (1, 0)]
    return Pair(
        prompt="say", chosen=f"{words[0]} good", rejected=f"{words[1]} bad", task_id=f"t{number % 20}", chosen_grade=grades[0],
        rejected_grade=grades[1], prompt_ids=[5], chosen_ids=[6], rejected_ids=[7],
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder."""
    folder = tmp_path_factory.mktemp("reward")
    chance = random.Random(0)
    pairs = [pair(number, chance) for number in range(160)]
    (folder / "pairs.jsonl").write_text("".join(p.model_dump_json() + "\n" for p in pairs))
    new_tiny_policy([p.chosen + p.rejected + p.prompt for p in pairs], seed=0).save(folder / "base")
    train_reward_model(CONFIG, folder / "base", folder / "pairs.jsonl", folder / "run", resume=False, report=silent)
    return folder


def test_it_learns_what_the_pairs_say(trained: Path) -> None:
    figures = json.loads((trained / "run" / "done.json").read_text())
    assert (figures["pairs"], figures["held_out"]) == (128, 32)
    assert figures["accuracy"] > 0.9
    assert figures["calibration_error"] < 0.2
    assert abs(figures["length_correlation"]) < 0.5


def test_its_scores_are_normalised_and_stored_so(trained: Path) -> None:
    model = load_reward_model(trained / "run" / "model")
    lines = [json.loads(line) for line in (trained / "pairs.jsonl").read_text().splitlines()]
    scores = torch.tensor(model.scores([f"say\n{line[side]}" for line in lines for side in ("chosen", "rejected")]))
    assert abs(float(scores.mean())) < 0.1  # over all pairs; exactly 0 over those that were trained on
    assert float(scores.std()) == pytest.approx(1.0, abs=0.1)


def test_padding_does_not_change_a_score(trained: Path) -> None:
    model = load_reward_model(trained / "run" / "model")
    together = model.scores(["say\na good", "say\na b c d e f a b c d bad"])
    alone = [model.scores([text])[0] for text in ("say\na good", "say\na b c d e f a b c d bad")]
    assert together == pytest.approx(alone, abs=1e-4)


def test_it_is_a_reward_source(trained: Path) -> None:
    spec = {"source": "reward_model", "model": str(trained / "run" / "model")}
    task = Task.model_validate({"id": "t", "prompt": "say", "rewards": [spec]})
    with Grader("local") as grader:
        good, bad = grader.grade([task, task], ["a b good", "a b bad"])
    assert good.reward is not None
    assert bad.reward is not None
    assert good.reward > 0 > bad.reward


def test_a_spec_without_a_model_is_told() -> None:
    task = Task.model_validate({"id": "t", "prompt": "say", "rewards": [{"source": "reward_model"}]})
    with Grader("local") as grader, pytest.raises(UserError, match="source 'reward_model' needs `model`"):
        grader.grade([task], ["x"])


def test_an_interrupted_run_ends_with_the_same_model(trained: Path, tmp_path: Path) -> None:
    def stopping(*, step: int, **_: object) -> None:
        if step == 50:
            raise KeyboardInterrupt

    arguments = (CONFIG, trained / "base", trained / "pairs.jsonl", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_reward_model(*arguments, resume=False, report=stopping)
    train_reward_model(*arguments, resume=True, report=silent)
    one, other = ((folder / "model" / "model.safetensors").read_bytes() for folder in (trained / "run", tmp_path))
    assert one == other


def test_calibration_and_length_correlation_by_hand() -> None:
    """Differences ln 3, ln 3, -ln 3, 0, 9 of better and worse: sure .75 three times, .5 once, .9999 once.

    Right: 1, 1, 0, 1/2, 1. Bins: [.5, .55) sure .5 right .5; [.75, .8) sure .75 right 2/3; [.95, 1] sure .9999 right 1.
    Error: .2 * 0 + .6 * (.75 - 2/3) + .2 * .0001 = .05 + .2 * 1 / (1 + e^9).
    """
    three = math.log(3)
    found = judged([three, three, 0.0, 2.0, 9.0], [0.0, 0.0, three, 2.0, 0.0], range(10))
    assert found.accuracy == pytest.approx(3.5 / 5)
    assert [(bin.share, bin.right) for bin in found.reliability] == [
        (pytest.approx(0.2), 0.5), (pytest.approx(0.6), pytest.approx(2 / 3)), (pytest.approx(0.2), 1.0)
    ]  # fmt: skip
    assert [bin.sure for bin in found.reliability] == pytest.approx([0.5, 0.75, 1 / (1 + math.exp(-9))])
    assert found.calibration_error == pytest.approx(0.05 + 0.2 / (1 + math.exp(9)))
    # scores 3, 1 and 2, 0 with lengths 4, 2, 2, 0: centred 1.5 -.5 .5 -1.5 and 2 0 0 -2, 6 / sqrt(5 * 8)
    assert judged([3.0, 1.0], [2.0, 0.0], [4, 2, 2, 0]).length_correlation == pytest.approx(6 / math.sqrt(40))
    assert judged([3.0, 1.0], [2.0, 0.0], [5, 5, 5, 5]).length_correlation == 0.0


def test_length_is_that_of_the_answer(trained: Path) -> None:
    """A prompt that is long where scores are high explains nothing."""
    model = load_reward_model(trained / "run" / "model")
    chance = random.Random(1)
    pairs = [pair(number, chance) for number in range(12)]
    longer = [p.model_copy(update={"prompt": p.prompt + " a" * number}) for number, p in enumerate(pairs)]
    scores = np.array(model.scores([f"{p.prompt}\n{p.chosen}" for p in longer] + [f"{p.prompt}\n{p.rejected}" for p in longer]))
    lengths = [len(p.chosen) for p in longer] + [len(p.rejected) for p in longer]
    assert figures_of(model, longer).length_correlation == pytest.approx(np.corrcoef(scores, lengths)[0, 1])


@pytest.fixture
def classifier(trained: Path, tmp_path: Path) -> Path:
    """A sequence-classification checkpoint from elsewhere: another architecture, untrained, with our tokenizer."""
    return saved_classifier(trained, tmp_path / "bert", labels=1)


def saved_classifier(trained: Path, folder: Path, labels: int) -> Path:
    tokenizer = transformers.AutoTokenizer.from_pretrained(trained / "base")
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=64, num_labels=labels, pad_token_id=tokenizer.pad_token_id, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_checkpoint_from_elsewhere_is_normalised_on_a_reference_set(trained: Path, classifier: Path, tmp_path: Path) -> None:
    config = RunConfig.model_validate({"reward_model": {"epochs": 0, "held_out": 0.2}})
    raw = load_reward_model(classifier)
    model = load_reward_model(
        train_reward_model(config, classifier, trained / "pairs.jsonl", tmp_path / "run", resume=False, report=silent)
    )
    lines = [Pair.model_validate_json(line) for line in (trained / "pairs.jsonl").read_text().splitlines()]
    texts = [f"{p.prompt}\n{side}" for p in reference_set(lines) for side in (p.chosen, p.rejected)]
    scores = np.array(model.scores(texts))
    assert len(texts) == 2 * 128
    assert scores.mean() == pytest.approx(0.0, abs=1e-5)  # float32 scores of about 1, padded with other neighbours
    assert scores.std() == pytest.approx(1.0, abs=1e-5)
    assert scores * model.known.deviation + model.known.mean == pytest.approx(np.array(raw.scores(texts)), abs=1e-5)


def reference_set(pairs: list[Pair]) -> list[Pair]:
    """Pairs of the tasks that are not held out: the first fifth of the shuffled tasks is."""
    tasks = sorted({p.task_id for p in pairs})
    random.Random(0).shuffle(tasks)
    return [p for p in pairs if p.task_id not in tasks[:4]]


def test_of_a_long_text_the_end_is_read(classifier: Path) -> None:
    model = load_reward_model(classifier)
    ends = [f"say\n{'a b c ' * 60}{end}" for end in ("good", "bad")]
    assert len(model.tokenizer(ends[0])["input_ids"]) > 64
    good, bad = model.scores(ends)
    assert good != bad


def test_a_policy_must_be_trained_before_it_scores(trained: Path, tmp_path: Path) -> None:
    config = RunConfig.model_validate({"reward_model": {"epochs": 0}})
    with pytest.raises(UserError, match=r"has no score yet, and reward_model\.epochs is 0"):
        train_reward_model(config, trained / "base", trained / "pairs.jsonl", tmp_path / "run", resume=False, report=silent)


@pytest.mark.parametrize("what", ["policy", "two labels", "nothing"])
def test_what_has_no_score_is_told_in_a_sentence(trained: Path, tmp_path: Path, what: str) -> None:
    folder, said = {
        "policy": (trained / "base", "holds LlamaForCausalLM, which has no trained score"),
        "two labels": (saved_classifier(trained, tmp_path / "two", labels=2), "has 2 labels, and a reward model has one score"),
        "nothing": (tmp_path / "nowhere", "is no folder or name of a model"),
    }[what]
    with pytest.raises(UserError, match=said):
        load_reward_model(folder)


def test_a_score_tells_no_verdict_beside_tests(trained: Path) -> None:
    """A task's tests say whether an answer passed; a learned score beside them only counts in its reward."""
    score = {"source": "reward_model", "model": str(trained / "run" / "model"), "weight": 0.1}
    two = {"source": "math", "answer": "2"}
    both = Task.model_validate({"id": "t", "prompt": "say", "rewards": [score, two]})
    alone = Task.model_validate({"id": "t", "prompt": "say", "rewards": [score]})
    with Grader("local") as grader:
        grades = grader.grade([both, both, alone], ["#### 2", "#### 3", "#### 2"])
    assert [grade.verdict for grade in grades] == [Verdict.passed, Verdict.failed, Verdict.scored]
    assert grades[2].reward is not None
    assert grades[0].reward == pytest.approx(1.0 + grades[2].reward)
    assert grades[2].reward == pytest.approx(0.1 * load_reward_model(trained / "run" / "model").scores(["say\n#### 2"])[0])


def test_the_page_holds_the_figures(trained: Path, tmp_path: Path) -> None:
    figures = HeldOut.model_validate_json((trained / "run" / "done.json").read_text())
    page = write_scorer_report(figures, tmp_path).read_text()
    assert f"<td>{figures.accuracy:.3f}</td><td>{figures.calibration_error:.3f}</td>" in page
    assert "<svg" in page
    assert not re.search(r'(src|href)="?http', page)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_score_does_not_depend_on_its_company_whatever_side_the_tokenizer_pads_on(tmp_path: Path, side: str) -> None:
    """A GPT-2 classifier counts positions from the first token of the padding: its score moved by 6.7 in a batch."""
    tokenizer = new_tiny_policy(["a b c d e f g"], seed=0).tokenizer
    tokenizer.padding_side = side
    torch.manual_seed(0)
    settings = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=16, n_layer=2, n_head=2, n_positions=64, num_labels=1, pad_token_id=0, eos_token_id=1,
        bos_token_id=None, initializer_range=1.0,
    )  # fmt: skip
    transformers.GPT2ForSequenceClassification(settings).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = load_reward_model(tmp_path)
    (alone,) = model.scores(["a b"])
    assert model.scores(["a b", "a b c d e f g" * 3])[0] == pytest.approx(alone, abs=1e-4)


def test_a_classifier_with_a_chat_template_reads_answers_in_it(tmp_path: Path) -> None:
    tokenizer = new_tiny_policy(["[user] [assistant] p a"], seed=0).tokenizer
    tokenizer.chat_template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
    settings = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_labels=1,
        pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    transformers.LlamaForSequenceClassification(settings).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert load_reward_model(tmp_path).text_of("p", "a") == "[user] p[assistant] a"
    (tmp_path / "normalisation.json").write_text('{"mean": 1.0, "deviation": 2.0}')  # ours of before, which read plain text
    assert load_reward_model(tmp_path).text_of("p", "a") == "p\na"
