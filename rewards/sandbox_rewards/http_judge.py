"""The source `http`: a judge service of the user's own. It is sent by POST, as JSON,

    {"task_id": ..., "prompt": ..., "completion": ..., "reference": ..., "metadata": {...}, "settings": {...}}

and replies with status 200 and

    {"reward": 0.5}                                  a score, which has no say in the verdict
    {"reward": 0.0, "verdict": "failed"}             a judgement; `detail` may say why
    {"reward": null, "verdict": "no_verdict"}        no judgement

What is covered: whatever else comes, or does not come in time, is asked for again and then `no_verdict`, never a reward of 0.
What is not: whether the service may be trusted. A completion is what a model wrote; a service that is a language model can be
talked to by it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from pydantic import BaseModel, FiniteFloat, ValidationError, model_validator
from sandbox_tasks.task import HttpJudge

from sandbox_rewards.errors import in_a_line
from sandbox_rewards.grade import Grade, Verdict
from sandbox_rewards.source import RewardItem

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
"""Between two requests for one answer; each pause is twice the one before."""
LONGEST_REPLY = 2**20
"""Bytes."""
PASSING = frozenset({408, 425, 429})
"""Besides 5xx: statuses that may be others a moment later."""


class NoReply(Exception):
    """A request brought no valid reply; `again` says whether another may."""

    def __init__(self, why: str, *, again: bool = True) -> None:
        super().__init__(why)
        self.again = again


class Reply(BaseModel, strict=True):
    """What a service says of an answer."""

    reward: FiniteFloat | None
    verdict: str | None = None
    detail: str | None = None

    @model_validator(mode="after")
    def _is_a_grade(self) -> Reply:
        if self.verdict is not None and self.verdict not in set(Verdict):
            raise ValueError(f"verdict {self.verdict!r} is none of {', '.join(Verdict)}")
        if self.verdict is not None and (self.reward is None) != (self.verdict == Verdict.no_verdict):
            raise ValueError("reward is null exactly when verdict is 'no_verdict'")
        return self

    @property
    def meant(self) -> Verdict:
        """Of a reply with a reward: one that says no verdict is a score."""
        return Verdict(self.verdict or Verdict.scored)


class HttpReward:
    """Asks services, several answers at once."""

    def __init__(self) -> None:
        self._threads: dict[tuple[str, int], ThreadPoolExecutor] = {}
        self._closing = threading.Event()

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        asked = [self._service(item).submit(self._grade, item) for item in batch]
        return [grade.result() for grade in asked]

    def close(self) -> None:
        """Give up what is not asked yet, and wait for requests under way."""
        self._closing.set()
        for threads in self._threads.values():
            threads.shutdown(cancel_futures=True)

    def _service(self, item: RewardItem) -> ThreadPoolExecutor:
        assert isinstance(item.spec, HttpJudge)
        key = item.spec.url, item.spec.at_once
        if key not in self._threads:
            self._threads[key] = ThreadPoolExecutor(item.spec.at_once, thread_name_prefix="http-judge")
        return self._threads[key]

    def _grade(self, item: RewardItem) -> Grade:
        spec = item.spec
        assert isinstance(spec, HttpJudge)
        pause, why = FIRST_PAUSE_S, ""
        for attempt in range(1 + spec.retries):
            if attempt and self._closing.wait(min(pause * 2 ** (attempt - 1), LONGEST_PAUSE_S)):
                break
            try:
                reply = post(spec, _question(item))
            except NoReply as error:
                why = str(error)
                if not error.again:
                    break
            else:
                if reply.reward is not None:
                    return Grade(task_id=item.task.id, reward=reply.reward, verdict=reply.meant, detail=reply.detail)
                why = reply.detail or "it says that it has none"
                break
        detail = f"source 'http' got no judgement from {spec.url}: {why}"
        return Grade(task_id=item.task.id, reward=None, verdict=Verdict.no_verdict, detail=detail)


def _question(item: RewardItem) -> bytes:
    assert isinstance(item.spec, HttpJudge)
    task = item.task
    return json.dumps({
        "task_id": task.id, "prompt": task.prompt, "completion": item.completion, "reference": task.reference,
        "metadata": task.metadata, "settings": item.spec.settings,
    }, default=str).encode()  # fmt: skip


def post(spec: HttpJudge, question: bytes) -> Reply:
    """One request, which ends within `timeout_s` whatever the service does. Raises `NoReply`."""
    address = urlsplit(spec.url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    assert address.hostname
    connection = kind(address.hostname, address.port, timeout=spec.timeout_s)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    late = threading.Event()
    try:
        with _deadline(connection, spec.timeout_s, late):
            connection.connect()
            if late.is_set():  # there was nothing to cut yet
                raise TimeoutError
            connection.request("POST", target, question, {"Content-Type": "application/json", "Accept": "application/json"})
            response = connection.getresponse()
            body = response.read(LONGEST_REPLY + 1)
    except (OSError, http.client.HTTPException) as error:
        slow = late.is_set() or isinstance(error, TimeoutError)
        raise NoReply(f"no reply within {spec.timeout_s:g} s" if slow else in_a_line(error)) from None
    finally:
        connection.close()
    if late.is_set():
        raise NoReply(f"no reply within {spec.timeout_s:g} s")
    if response.status != 200:
        again = response.status in PASSING or response.status >= 500
        raise NoReply(f"status {response.status} {response.reason}", again=again)
    return _read(body)


@contextlib.contextmanager
def _deadline(connection: http.client.HTTPConnection, seconds: float, late: threading.Event) -> Iterator[None]:
    """Cut the connection after `seconds`: its own time limit is of each read, and a service may drip."""

    def cut() -> None:
        late.set()
        if connection.sock:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(body: bytes) -> Reply:
    if len(body) > LONGEST_REPLY:
        raise NoReply(f"a reply of more than {LONGEST_REPLY} bytes")
    try:
        return Reply.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NoReply(f"a reply that is no judgement ({place + ': ' if place else ''}{first['msg']})") from None
