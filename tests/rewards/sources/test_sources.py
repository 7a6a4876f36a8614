"""Sources beside tests: form, length, repetition, a service, a function; and what is said of a plug-in that is broken."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sandbox_rewards.conformance import check_source
from sandbox_rewards.contract import ask, make_source
from sandbox_rewards.errors import BrokenReward, RewardError
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.grading import Grader
from sandbox_rewards.source import RewardItem
from sandbox_rewards.sources.shaping import FormatReward, LengthReward, RepetitionReward, repeated
from sandbox_tasks.task import Task


def task(reward: dict[str, Any], **fields: Any) -> Task:
    return Task.model_validate({"id": "t", "prompt": "say", "rewards": [reward], **fields})


def graded(reward: dict[str, Any], *completions: str) -> list[Grade]:
    with Grader("local") as grader:
        return grader.grade([task(reward)] * len(completions), completions)


def rewards(reward: dict[str, Any], *completions: str) -> list[float | None]:
    return [grade.reward for grade in graded(reward, *completions)]


# -- form ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need", "has", "lacks"),
    [
        ("code_block", "so:\n```python\nx = 1\n```\n", "```python\nx = 1"),
        ("code_block", "```\r\nx\r\n```", "`x`"),
        ("boxed", r"it is \boxed{\frac{1}{2}}", r"it is \boxed{\frac{1}{2}"),
        ("thinking", "<think>\nhm\n</think>\n4", "<think>hm</think>"),
        ("thinking", " <think></think>4", "so <think>hm</think> 4"),
        ("thinking", "<think>a</think> b", "<think>a</think><think>b</think> c"),
        ("thinking", "<think>a</think> b", "<think>a"),
    ],
)
def test_a_form_is_there_or_not(need: str, has: str, lacks: str) -> None:
    yes, no = graded({"source": "format", "needs": [need]}, has, lacks)
    assert (yes.reward, yes.verdict, yes.detail) == (1.0, "passed", None)
    assert (no.reward, no.verdict, no.detail) == (0.0, "failed", f"no {need.replace('_', ' ')}")


def test_a_pattern_has_to_match_the_whole_answer() -> None:
    assert rewards({"source": "format", "pattern": r"A: \d+.*"}, "A: 7", "A: 7\nso", "so A: 7", "") == [1.0, 1.0, 0.0, 0.0]
    both = {"source": "format", "pattern": ".*7.*", "needs": ["boxed"]}
    assert rewards(both, r"\boxed{7}", r"\boxed{8}", "7") == [1.0, 0.0, 0.0]


def test_a_pattern_that_finds_no_end_holds_nobody_up() -> None:
    (grade,) = graded({"source": "format", "pattern": "(a|aa)+b.*"}, "a" * 60 + "!b")
    assert (grade.reward, grade.verdict) == (0.0, "failed")
    assert "within 1 s" in str(grade.detail)


def test_the_length_penalty_by_hand() -> None:
    # DAPO, eq. 13, with L_max = 20 and L_cache = 10: 0 up to 10, (10 - n) / 10 up to 20, then -1
    spec = {"source": "length", "max_characters": 20, "buffer_characters": 10}
    lengths = (0, 10, 11, 15, 20, 21, 999)
    assert rewards(spec, *("x" * n for n in lengths)) == [0.0, 0.0, -0.1, -0.5, -1.0, -1.0, -1.0]


def test_the_repetition_penalty_by_hand() -> None:
    assert rewards({"source": "repetition", "ngram_words": 2}, "a b a b", "a b c", "a", "", "a a a a") == [
        pytest.approx(-1 / 3),  # ab ba ab
        0.0,
        0.0,
        0.0,
        pytest.approx(-2 / 3),  # aa aa aa
    ]


@given(st.lists(st.sampled_from("abc"), max_size=20), st.integers(1, 5))
def test_repetition_against_a_naive_count(words: list[str], ngram: int) -> None:
    runs = [words[i : i + ngram] for i in range(len(words)) if i + ngram <= len(words)]
    again = sum(run in runs[:i] for i, run in enumerate(runs))
    assert repeated(" ".join(words), ngram) == pytest.approx(again / len(runs) if runs else 0.0)


# -- a service ---------------------------------------------------------------------------------------------------------------

Handle = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class Service:
    """A judge on this machine: `handle` answers each request; `asked` are the questions, `most` were under way at once."""

    def __init__(self, handle: Handle) -> None:
        self.asked: list[dict[str, Any]] = []
        self.most = 0
        under_way, lock = [0], threading.Lock()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    service.asked.append(question)
                    under_way[0] += 1
                    service.most = max(service.most, under_way[0])
                try:
                    handle(self, question)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the grader gave up
                finally:
                    self.end()

            def end(self) -> None:
                """Under way no more: before the reply leaves, for the next request may come before this thread goes on."""
                with lock:
                    under_way[0] -= not self.ended
                self.ended = True

            def setup(self) -> None:
                super().setup()
                self.ended = False

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def spec(self, **fields: Any) -> dict[str, Any]:
        return {"source": "http", "url": f"http://127.0.0.1:{self.server.server_address[1]}/judge?v=1", "retries": 0, **fields}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.end()  # type: ignore[attr-defined]
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def serve() -> Iterator[Callable[[Handle], Service]]:
    services: list[Service] = []

    def start(handle: Handle) -> Service:
        services.append(Service(handle))
        return services[-1]

    yield start
    for service in services:
        service.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox_rewards.sources.http_judge.FIRST_PAUSE_S", 0.01)


def test_a_service_is_told_the_task_and_its_answers_stay_in_order(serve: Callable[[Handle], Service]) -> None:
    four = threading.Barrier(4, timeout=NEVER_S)

    def judge(handler: BaseHTTPRequestHandler, question: dict[str, Any]) -> None:
        four.wait()
        number = int(question["completion"])
        time.sleep(0.02 * (7 - number))  # the first asked are the last to be answered
        reply(handler, json.dumps({"reward": number / 10, "verdict": "failed", "detail": f"is {number}"}).encode())

    service = serve(judge)
    one = task(service.spec(at_once=4, settings={"rubric": "brief"}), reference="r", metadata={"level": 3})
    with Grader("local") as grader:
        grades = grader.grade([one] * 8, [str(n) for n in range(8)])
    assert [(g.reward, g.verdict, g.detail) for g in grades] == [(n / 10, "failed", f"is {n}") for n in range(8)]
    asked = next(question for question in service.asked if question["completion"] == "3")
    assert asked == {
        "task_id": "t", "prompt": "say", "completion": "3", "reference": "r", "metadata": {"level": 3},
        "settings": {"rubric": "brief"},
    }  # fmt: skip
    assert service.most == 4


def test_a_reward_alone_is_a_score(serve: Callable[[Handle], Service]) -> None:
    service = serve(lambda handler, _: reply(handler, b'{"reward": -2, "more": "ignored"}'))
    (grade,) = graded(service.spec(), "half of a pair: \ud83d")
    assert (grade.reward, grade.verdict) == (-2.0, "scored")
    assert service.asked[0]["completion"] == "half of a pair: \ud83d"


NEVER_S = 30
"""Seconds after which a service that never replies hangs up, and a grader that still waits tells that instead."""


def hang(handler: BaseHTTPRequestHandler, _: object) -> None:
    handler.connection.settimeout(NEVER_S)
    handler.connection.recv(1)  # until the grader goes away


def drip(handler: BaseHTTPRequestHandler, _: object) -> None:
    """Headers that never end, a byte at a time: no single read is slow."""
    for _ in range(NEVER_S * 20):
        handler.wfile.write(b"H")
        time.sleep(0.05)


def die(handler: BaseHTTPRequestHandler, _: object) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


FAULTS: dict[str, tuple[Handle, str]] = {
    "hangs": (hang, "no reply within 0.3 s"),
    "drips": (drip, "no reply within 0.3 s"),
    "dies": (die, "RemoteDisconnected"),
    "is broken": (lambda handler, _: reply(handler, b"oops", 500), "status 500"),
    "is no judge": (lambda handler, _: reply(handler, b"oops", 404), "status 404"),
    "says no JSON": (lambda handler, _: reply(handler, b"<html>"), "no judgement"),
    "says a word": (lambda handler, _: reply(handler, b'{"reward": "good"}'), "reward: "),
    "says true": (lambda handler, _: reply(handler, b'{"reward": true}'), "reward: "),
    "says nan": (lambda handler, _: reply(handler, b'{"reward": NaN}'), "no judgement"),
    "says nothing": (lambda handler, _: reply(handler, b"{}"), "reward: Field required"),
    "says too much": (lambda handler, _: reply(handler, b" " * (2**20 + 1)), "more than 1048576 bytes"),
    "contradicts itself": (lambda handler, _: reply(handler, b'{"reward": null, "verdict": "passed"}'), "reward is null exactly"),
    "invents a verdict": (lambda handler, _: reply(handler, b'{"reward": 1, "verdict": "great"}'), "'great' is none of"),
    "gives up": (lambda handler, _: reply(handler, b'{"reward": null, "detail": "busy"}'), "busy"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_service_that_fails_gives_no_verdict_and_is_named(serve: Callable[[Handle], Service], fault: str) -> None:
    handle, wanted = FAULTS[fault]
    service = serve(handle)
    spec = service.spec(timeout_s=0.3)
    (grade,) = graded(spec, "x")
    assert (grade.reward, grade.verdict) == (None, "no_verdict")
    assert str(grade.detail).startswith(f"source 'http' got no judgement from {spec['url']}: ")
    assert wanted in str(grade.detail)


def test_nobody_there_is_no_verdict_and_leaves_other_parts(serve: Callable[[Handle], Service]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        spec = {"source": "http", "url": f"http://127.0.0.1:{taken.getsockname()[1]}", "retries": 1}
        one = Task.model_validate({"id": "t", "prompt": "", "rewards": [{"source": "format", "needs": ["boxed"]}, spec]})
        with Grader("local") as grader:
            grade = grader.grade([one], [r"\boxed{1}"])[0]
    assert (grade.reward, grade.verdict) == (None, "no_verdict")
    assert "ConnectionRefusedError" in str(grade.detail)
    assert [part.reward for part in grade.parts] == [1.0, None]


@pytest.mark.parametrize(("status", "requests"), [(503, 3), (429, 3), (400, 1)])
def test_what_may_pass_is_asked_for_again(serve: Callable[[Handle], Service], status: int, requests: int) -> None:
    def judge(handler: BaseHTTPRequestHandler, _: object) -> None:
        last = len(service.asked) == 3
        reply(handler, b'{"reward": 1}' if last else b"busy", 200 if last else status)

    service = serve(judge)
    (grade,) = graded(service.spec(retries=2), "x")
    assert len(service.asked) == requests
    assert grade.reward == (1.0 if requests == 3 else None)


# -- a function ----------------------------------------------------------------------------------------------------------------

FUNCTIONS = """
from fractions import Fraction
from sandbox_rewards.grade import Grade, Verdict

def length(task, completion): return len(completion) + len(task.prompt)
def right(task, completion): return completion == "x"
def third(task, completion): return Fraction(1, 4)
def graded(task, completion): return Grade(task_id=task.id, reward=None, verdict=Verdict.no_verdict, detail="unsure")
class Group:
    score = staticmethod(lambda task, completion: 2)
def foreign(task, completion): return Grade(task_id="other", reward=1, verdict=Verdict.passed)
def nothing(task, completion): pass
def nan(task, completion): return float("nan")
def huge(task, completion): return 10 ** 400
def word(task, completion): return "1.0"
def fails(task, completion):
    raise ValueError("two\\nlines")
def leaves(task, completion): raise SystemExit(0)
def greedy(task): return 1
def greedy_for_data(task, completion):
    task.metadata["seen"] = True
    return "seen" in task.metadata
def beyond(task, completion): return 3
async def later(task, completion): return 1
number = 7
"""


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `my_functions`, and one that can't be imported, in the current folder."""
    (tmp_path / "my_functions.py").write_text(FUNCTIONS)
    (tmp_path / "my_broken.py").write_text("import no_such_module\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    monkeypatch.delitem(sys.modules, "my_functions", raising=False)


def python(name: str) -> dict[str, Any]:
    return {"source": "python", "function": name}


@pytest.mark.usefixtures("functions")
def test_a_function_scores_judges_or_grades() -> None:
    assert rewards(python("my_functions:length"), "", "abc") == [3.0, 6.0]
    assert [(g.reward, g.verdict) for g in graded(python("my_functions:right"), "x", "y")] == [(1.0, "passed"), (0.0, "failed")]
    assert [(g.reward, g.verdict) for g in graded(python("my_functions:third"), "x")] == [(0.25, "scored")]
    assert rewards(python("my_functions:Group.score"), "x") == [2.0]
    (unsure,) = graded(python("my_functions:graded"), "x")
    assert (unsure.reward, unsure.verdict, unsure.detail) == (None, "no_verdict", "unsure")


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("my_functions:nothing", "gave None (NoneType) for task 't'; it must return"),
        ("my_functions:nan", "gave nan (float) for task 't'"),
        ("my_functions:huge", "gave 1000"),
        ("my_functions:word", "gave '1.0' (str) for task 't'"),
        ("my_functions:foreign", "grade of task 'other' for an answer to task 't'"),
        ("my_functions:fails", "fails on task 't': ValueError: two lines (my_functions.py, line 17)"),
        ("my_functions:leaves", "fails on task 't': SystemExit: 0"),
        ("my_functions:greedy", "fails on task 't': TypeError"),
        ("my_functions:number", "and no function"),
        ("my_functions:later", "is async, and nothing awaits it"),
        ("my_functions:absent", "can't be imported (AttributeError: "),
        ("my_absent:f", "can't be imported (ModuleNotFoundError: No module named 'my_absent')"),
        ("my_broken:f", "can't be imported (ModuleNotFoundError: No module named 'no_such_module')"),
    ],
)
def test_a_function_that_fails_is_named_and_never_a_zero(name: str, wanted: str) -> None:
    with pytest.raises(BrokenReward) as caught:
        graded(python(name), "x")
    assert name in str(caught.value)
    assert wanted in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("functions")
def test_what_a_function_changes_it_changes_alone() -> None:
    one = task(python("my_functions:greedy_for_data"), metadata={})
    with Grader("local") as grader:
        assert [grade.reward for grade in grader.grade([one], ["x"])] == [1.0]
    assert one.metadata == {}


@pytest.mark.usefixtures("functions")
def test_a_reward_outside_of_its_range_is_a_fault_and_never_counts() -> None:
    assert rewards({**python("my_functions:beyond"), "range": [0, 3]}, "x") == [3.0]
    with pytest.raises(BrokenReward, match=r"gave reward 3.0 for task 't', whose spec says that its range is \[0.0, 1.0\]"):
        graded({**python("my_functions:beyond"), "range": [0, 1]}, "x")


def test_a_secret_goes_to_the_service_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Handle], Service]
) -> None:
    sent: list[str | None] = []

    def tell(handler: BaseHTTPRequestHandler, _: object) -> None:
        sent.append(handler.headers["Authorization"])
        reply(handler, b'{"reward": 1, "detail": "you sent Bearer s3cret, s3cret"}')

    monkeypatch.setenv("JUDGE_TOKEN", "Bearer s3cret")
    (grade,) = graded(serve(tell).spec(headers_env={"Authorization": "JUDGE_TOKEN"}), "x")
    assert sent == ["Bearer s3cret"]
    assert (grade.reward, grade.detail) == (1.0, "you sent ***, ***")


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch, serve: Callable[[Handle], Service]) -> None:
    elsewhere = serve(lambda handler, _: reply(handler, b'{"reward": 1}'))

    def away(handler: BaseHTTPRequestHandler, _: object) -> None:
        handler.send_response(307)
        handler.send_header("Location", elsewhere.spec()["url"])
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setenv("JUDGE_TOKEN", "Bearer s3cret")
    (grade,) = graded(serve(away).spec(headers_env={"Authorization": "JUDGE_TOKEN"}), "x")
    assert (grade.reward, grade.verdict, elsewhere.asked) == (None, "no_verdict", [])
    assert "307" in (grade.detail or "")


def test_a_variable_that_is_not_set_is_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[Handle], Service]
) -> None:
    service = serve(lambda handler, _: reply(handler, b'{"reward": 1}'))
    monkeypatch.delenv("JUDGE_TOKEN", raising=False)
    with pytest.raises(RewardError, match="environment variable 'JUDGE_TOKEN', which is not set"):
        graded(service.spec(headers_env={"Authorization": "JUDGE_TOKEN"}), "x")
    assert service.asked == []


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer s3cret"}, {"Host": "TOKEN"}, {"a b": "TOKEN"}])
def test_a_secret_in_a_file_of_tasks_is_refused_and_not_shown(headers: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        task({"source": "http", "url": "http://localhost:1/", "headers_env": headers})
    assert "s3cret" not in str(caught.value.errors()[0]["msg"])


# -- the contract --------------------------------------------------------------------------------------------------------------

PLUGINS = """
import sys
from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import Grade, Verdict

def grade(item, **fields):
    return Grade(**{"task_id": item.task.id, "reward": 1.0, "verdict": Verdict.passed} | fields)

class Scores:
    def score(self, batch): return [grade(item) for item in batch]
class NoScore: pass
class Floats:
    def score(self, batch): return [1.0 for _ in batch]
class Generator:
    def score(self, batch): yield from map(grade, batch)
class Nothing:
    def score(self, batch): pass
class Short:
    def score(self, batch): return [grade(item) for item in batch][1:]
class Unknown:
    def score(self, batch): return [grade(item, reward=None) for item in batch]
class Zero:
    def score(self, batch): return [grade(item, reward=0.0, verdict=Verdict.no_verdict) for item in batch]
class Nan:
    def score(self, batch): return [grade(item, reward=float("nan")) for item in batch]
class Foreign:
    def score(self, batch): return [grade(item, task_id="other") for item in batch]
class Fails:
    def score(self, batch): raise KeyError("model")
class Exits:
    def score(self, batch): sys.exit()
class Unmakable:
    def __init__(self): raise RuntimeError("no GPU")
class Demanding:
    def __init__(self, model): pass
class Tells:
    def score(self, batch): raise RewardError("the sky is overcast; wait.")
class BadClose(Scores):
    def close(self): raise OSError("stuck")
class Surrogate:
    def score(self, batch): return [grade(item, detail="\\ud83d" + "x" * 999) for item in batch]
class Neighbours:
    def score(self, batch): return [grade(item, reward=1.0 / len(batch)) for item in batch]
class Stumbles:
    def score(self, batch):
        if any("raise" in item.completion for item in batch): raise RecursionError("too deep")
        return [grade(item, reward=float("nan") if "nan" in item.completion else 1.0) for item in batch]
instance = Scores()
"""

BROKEN = {
    "NoScore": "makes a NoScore that has no method `score(batch)`",
    "Floats": "gave 1.0 (float) for task 't'; every answer gets a `Grade`",
    "Generator": "gave a generator; `score` must return a list",
    "Nothing": "gave a NoneType; `score` must return a list",
    "Short": "gave 1 grades for 2 answers",
    "Unknown": "gave reward None with verdict 'passed' for task 't'",
    "Zero": "gave reward 0.0 with verdict 'no_verdict' for task 't'",
    "Nan": "gave reward nan for task 't'",
    "Foreign": "gave a grade of task 'other' for an answer to task 't'",
    "Fails": "fails: KeyError: 'model' (plugins.py, line ",
    "Exits": "fails: SystemExit",
    "Unmakable": "can't be made: RuntimeError: no GPU (plugins.py, line ",
    "Demanding": "can't be made: TypeError: ",
    "instance": "an entry point names a class",
    "Absent": "can't be imported from 'plugins:Absent' (AttributeError: ",
    "BadClose": "can't be closed: OSError: stuck",
}


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the path where a package of plug-ins is installed, each under the name of its class."""
    folder = tmp_path_factory.mktemp("plugins")
    info = folder / "plugins-1.0.dist-info"
    info.mkdir()
    (folder / "plugins.py").write_text(PLUGINS)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugins\nVersion: 1.0\n")
    names = [*BROKEN, "Scores", "Tells", "Surrogate", "Neighbours", "Stumbles"]
    points = [f"{name} = plugins:{name}" for name in names] + ["elsewhere = no_such_module:Source"]
    (info / "entry_points.txt").write_text("[sandbox_rl.rewards]\n" + "\n".join(points))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", BROKEN)
def test_a_plugin_that_breaks_the_contract_is_named(name: str) -> None:
    with pytest.raises(BrokenReward) as caught:
        graded({"source": name}, "x", "y")
    assert str(caught.value).startswith(f"reward source {name!r} ")
    assert BROKEN[name] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("plugins")
def test_an_answer_on_which_a_source_fails_has_no_verdict_and_ends_no_run() -> None:
    said: list[str] = []
    with Grader("local", on_warning=said.append) as grader:
        answers = ["one", "raise", "two", "nan"]
        grades = grader.grade([task({"source": "Stumbles"})] * 4, answers)
        assert grader.grade([task({"source": "Stumbles"})], ["raise"])[0].verdict == "no_verdict"
        assert grader.faults == {"Stumbles": 3}
    assert [grade.reward for grade in grades] == [1.0, None, 1.0, None]
    assert "'Stumbles' fails: RecursionError: too deep (plugins.py, line " in str(grades[1].detail)
    assert "'Stumbles' gave reward nan" in str(grades[3].detail)
    assert len(said) == 1
    assert "'Stumbles' fails: RecursionError" in said[0]


@pytest.mark.usefixtures("plugins")
def test_a_plugins_own_sentence_is_told_as_it_is() -> None:
    with pytest.raises(RewardError, match=r"^the sky is overcast; wait\.$"):
        graded({"source": "Tells"}, "x")


@pytest.mark.usefixtures("plugins")
def test_a_detail_of_a_plugin_can_be_written() -> None:
    (grade,) = graded({"source": "Surrogate"}, "x")
    assert json.loads(grade.model_dump_json())["detail"] == "?" + "x" * 299


@pytest.mark.parametrize("name", ["Short", "Fails", "elsewhere", "BadClose"])
def test_the_command_line_names_a_broken_plugin_in_one_sentence(plugins: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "tasks.jsonl").write_text(json.dumps({"id": "t", "prompt": "", "rewards": [{"source": name}]}))
    (tmp_path / "answers.jsonl").write_text('{"task_id": "t", "completion": "x"}\n')
    command = ["grade", "tasks.jsonl", "answers.jsonl", "--out", "grades.jsonl", "--sandbox", "local"]
    start = f"import sys; sys.path[:0] = {[str(plugins), *sys.path]!r}; sys.argv[1:] = {command!r}"
    code = f"{start}\nfrom sandbox_rl.cli import main; main()"
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert f"error: reward source '{name}' " in ran.stderr


# -- the check that authors run --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("plugins")
def test_the_check_finds_what_is_broken_and_passes_what_is_not() -> None:
    check_source(make_source("Scores", {}), {"source": "Scores"})
    for name in ("Floats", "Generator", "Unknown", "Nan", "Foreign", "Fails"):
        with pytest.raises(BrokenReward, match=f"reward source '{name}'"):
            check_source(make_source(name, {}), {"source": name})
    with pytest.raises(BrokenReward, match="when it was asked alone; an answer's reward must not depend on the other"):
        check_source(make_source("Neighbours", {}), {"source": "Neighbours"})


@pytest.mark.parametrize(
    ("source", "spec"),
    [
        (FormatReward(), {"source": "format", "needs": ["code_block", "boxed", "thinking"], "pattern": ".*"}),
        (LengthReward(), {"source": "length", "max_characters": 100, "buffer_characters": 50}),
        (RepetitionReward(), {"source": "repetition"}),
    ],
)
def test_our_own_sources_keep_the_contract(source: Any, spec: dict[str, Any]) -> None:
    assert len({grade.reward for grade in check_source(source, spec)}) > 1 or spec["source"] == "format"


def test_math_keeps_the_contract_too() -> None:
    grades = check_source(make_source("math", {}), {"source": "math", "answer": "1/2"})
    assert sum(grade.verdict is Verdict.passed for grade in grades) == 1


def test_grades_swapped_between_tasks_are_noticed() -> None:
    class Swaps:
        def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
            return [Grade(task_id=item.task.id, reward=1.0, verdict=Verdict.passed) for item in reversed(batch)]

    tasks = [task({"source": "s"}), task({"source": "s"}).model_copy(update={"id": "u"})]
    with pytest.raises(BrokenReward, match="grade of task 'u' for an answer to task 't'"):
        ask("s", Swaps(), [RewardItem(one, one.rewards[0], "") for one in tasks])
