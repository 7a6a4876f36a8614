"""The source `http`: a judge service of the user's own. It is sent by POST, as JSON,

    {"task_id": ..., "prompt": ..., "completion": ..., "reference": ..., "metadata": {...}, "settings": {...}}

and replies with status 200 and

    {"reward": 0.5}                                  a score, which has no say in the verdict
    {"reward": 0.0, "verdict": "failed"}             a judgement; `detail` may say why
    {"reward": null, "verdict": "no_verdict"}        no judgement

What is covered: whatever else comes, or does not come in time, is asked for again and then `no_verdict`, never a reward of 0.
Redirects are not followed, so that what `headers_env` names goes to no other host; its values are in no error and no grade,
also where a service repeats them.
What is not: whether the service may be trusted. A completion is what a model wrote; a service that is a language model can be
talked to by it.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, FiniteFloat, ValidationError, model_validator
from sandbox_tasks.task import HttpJudge, RewardSpec, Task

from sandbox_rewards.errors import RewardError, in_a_line
from sandbox_rewards.grade import LARGEST_REWARD, Grade, Verdict
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

    reward: Annotated[FiniteFloat, Field(ge=-LARGEST_REWARD, le=LARGEST_REWARD)] | None
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
    """Asks services, several answers at once. Raises `RewardError` when a variable that `headers_env` names is not set."""

    def __init__(self) -> None:
        self._threads: dict[tuple[str, int], ThreadPoolExecutor] = {}
        self._closing = threading.Event()

    def prepare(self, task: Task, spec: RewardSpec) -> None:
        """See that a spec's headers are there."""
        assert isinstance(spec, HttpJudge)
        secret_headers(spec)

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        secrets = [secret_headers(_judge(item)) for item in batch]  # all of them before anything is asked
        asked = [self._service(item).submit(self._grade, item, own) for item, own in zip(batch, secrets, strict=True)]
        return [grade.result() for grade in asked]

    def close(self) -> None:
        """Give up what is not asked yet, and wait for requests under way."""
        self._closing.set()
        for threads in self._threads.values():
            threads.shutdown(cancel_futures=True)

    def _service(self, item: RewardItem) -> ThreadPoolExecutor:
        spec = _judge(item)
        key = spec.url, spec.at_once
        if key not in self._threads:
            self._threads[key] = ThreadPoolExecutor(spec.at_once, thread_name_prefix="http-judge")
        return self._threads[key]

    def _grade(self, item: RewardItem, secrets: dict[str, str]) -> Grade:
        spec, pause, why = _judge(item), FIRST_PAUSE_S, ""
        for attempt in range(1 + spec.retries):
            if attempt and self._closing.wait(min(pause * 2 ** (attempt - 1), LONGEST_PAUSE_S)):
                break
            try:
                reply = post(spec, _question(item), secrets)
            except NoReply as error:
                why = str(error)
                if not error.again:
                    break
            else:
                if reply.reward is not None:
                    detail = without(secrets, reply.detail) if reply.detail else None
                    return Grade(task_id=item.task.id, reward=reply.reward, verdict=reply.meant, detail=detail)
                why = reply.detail or "it says that it has none"
                break
        detail = f"source 'http' got no judgement from {spec.url}: {without(secrets, why)}"
        return Grade(task_id=item.task.id, reward=None, verdict=Verdict.no_verdict, detail=detail)


def _judge(item: RewardItem) -> HttpJudge:
    assert isinstance(item.spec, HttpJudge)
    return item.spec


def _question(item: RewardItem) -> bytes:
    task = item.task
    return json.dumps({
        "task_id": task.id, "prompt": task.prompt, "completion": item.completion, "reference": task.reference,
        "metadata": task.metadata, "settings": _judge(item).settings,
    }, default=str).encode()  # fmt: skip


def secret_headers(spec: HttpJudge) -> dict[str, str]:
    """Headers with the values that their environment variables have now. Raises `RewardError`, which shows no value."""
    found = {}
    for header, variable in spec.headers_env.items():
        value = os.environ.get(variable, "").strip()
        if not value or not value.isascii() or not value.isprintable():
            wrong = "holds characters that no header may have" if value else "is not set"
            raise RewardError(
                f"source 'http' takes the header {header!r} for {spec.url} from the environment variable {variable!r}, which "
                f"{wrong}; set it, or correct `headers_env` in the task."
            )
        found[header] = value
    return found


def without(secrets: dict[str, str], text: str) -> str:
    """`text`, in which stars stand for the values of `secrets`, also without the word before them (`Bearer`)."""
    for value in secrets.values():
        for secret in (value, value.split()[-1]):
            text = text.replace(secret, "***")
    return text


def post(spec: HttpJudge, question: bytes, secrets: dict[str, str]) -> Reply:
    """One request, which ends `timeout_s` after it was connected whatever the service does, and takes as long at the most to
    be connected to each address of its host. Raises `NoReply`.
    """
    address = urlsplit(spec.url)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    assert address.hostname
    connection = kind(address.hostname, address.port)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    headers = {"Content-Type": "application/json", "Accept": "application/json", **secrets}
    late = threading.Event()
    try:
        line = socket.create_connection((address.hostname, connection.port), spec.timeout_s)
        with _cut(line, spec.timeout_s, late):
            secure = address.scheme == "https"
            connection.sock = _tls().wrap_socket(line, server_hostname=address.hostname) if secure else line
            connection.request("POST", target, question, headers)
            with connection.getresponse() as response:
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
        moved = "; redirects are not followed, name the new address" if 300 <= response.status < 400 else ""
        raise NoReply(f"status {response.status} {response.reason}{moved}", again=again)
    reply = _read(body)
    if reply.reward is not None and not spec.allows(reply.reward):
        raise NoReply(f"reward {reply.reward:g}, outside its range {list(spec.range or ())}")
    return reply


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextlib.contextmanager
def _cut(line: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Shut a connection down after `seconds`: its own time limit is of each read, and a service may drip.

    It is held by a copy, because whoever reads from it may close it, or wrap it up, before all is read.
    """
    with line.dup() as own:

        def cut() -> None:
            late.set()
            with contextlib.suppress(OSError):
                own.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # or it might still shut down what has the number of a closed copy by then


def _read(body: bytes) -> Reply:
    if len(body) > LONGEST_REPLY:
        raise NoReply(f"a reply of more than {LONGEST_REPLY} bytes")
    try:
        return Reply.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise NoReply(f"a reply that is no judgement ({place + ': ' if place else ''}{first['msg']})") from None
