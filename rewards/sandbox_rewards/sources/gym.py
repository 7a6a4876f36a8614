"""The reward source `reasoning_gym`: each family's own verifier judges the answer, in a process that can be killed.

What is covered: a verifier that computes for ever, takes all memory or crashes on an answer costs that answer its reward, and the
grader some seconds and a new process; families whose verifiers run a model's text as code, or pay in full for texts that answer
nothing, are refused. What is not: the verifiers' other judgement, which is taken as it is, and faults of theirs that an answer
could use; the process has the grader's own rights.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import LifoQueue
from typing import Any

from sandbox_tasks.errors import TaskError
from sandbox_tasks.gym import dataset_of
from sandbox_tasks.task import GymEntry, RewardSpec, Task

from sandbox_rewards.answers.spoken import spoken
from sandbox_rewards.errors import RewardError
from sandbox_rewards.grade import Grade, Verdict, of_one_question
from sandbox_rewards.math.extraction import final_answer, tagged_answer
from sandbox_rewards.sandbox.runner.cell.clock import Clock
from sandbox_rewards.source import RewardItem

LIMIT_S = 5.0
"""Seconds of the processor that a verifier gets for an answer."""
PATIENCE = 4.0
"""Times as many seconds, those in which it waited for a processor left out, before a process is killed."""
START_S = 60.0
"""Seconds of the processor that a process gets to import the package, and to make a question."""
ATTEMPTS = 2
"""Processes that may die over an answer."""
BUSY = 1000
"""In the place of an exit status: the machine was too busy to tell whether a process was late."""
CRASHES = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV}
"""Signals that a process brings upon itself. Others come from outside: SIGKILL from a machine that is out of memory."""


class UnusableEntry(RewardError):
    """A task names a question that the installed reasoning-gym doesn't make, or must not judge."""


class _Gone(Exception):
    """A process ended without a reply."""

    def __init__(self, code: int | None, *, judging: bool) -> None:
        """`code` is its exit status, or None where it was too late and had to be killed; BUSY where that could not be told."""
        late = code in (None, -signal.SIGXCPU)
        if code == BUSY:
            self.verdict, how = Verdict.no_verdict, "got no time, the machine is too busy"
        elif judging and late:
            self.verdict, how = Verdict.time_limit, f"took more than {LIMIT_S:g} s"
        elif code is None:
            self.verdict, how = Verdict.no_verdict, "was not ready in time"
        else:
            by_itself = code >= 0 or -code in CRASHES
            self.verdict = Verdict.runtime_error if judging and by_itself else Verdict.no_verdict
            how = f"died ({signal.Signals(-code).name if code < 0 else f'exit status {code}'})"
        super().__init__(f"the verifier {how}")


class GymReward:
    """Asks the verifiers of reasoning-gym; works from any thread. `close` ends its processes."""

    def __init__(self, workers: int | None = None) -> None:
        count = workers or min(4, os.cpu_count() or 1)
        self._idle: LifoQueue[_Verifier | None] = LifoQueue()
        for _ in range(count):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="reasoning-gym")

    def score(self, batch: Sequence[RewardItem]) -> list[Grade]:
        return list(self._threads.map(self._grade, batch))

    def prepare(self, task: Task, spec: RewardSpec) -> None:
        """See that the family is there and may judge. Raises `UnusableEntry`."""
        assert isinstance(spec, GymEntry)
        try:
            dataset_of(spec)
        except TaskError as error:
            raise UnusableEntry(f"task {task.id!r}: {error}.") from None

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        while not self._idle.empty():
            if verifier := self._idle.get():
                verifier.end()

    def _grade(self, item: RewardItem) -> Grade:
        assert isinstance(item.spec, GymEntry)
        answer = answer_in(item.completion)
        if answer is None:
            return _told(item, Verdict.no_answer, detail="no answer is marked: <answer>, \\boxed{}, 'the answer is'")
        return self._verified(item, item.spec, answer)

    def _verified(self, item: RewardItem, entry: GymEntry, answer: str) -> Grade:
        for _ in range(ATTEMPTS):
            verifier = self._idle.get()
            try:
                verifier = verifier or _Verifier()
                return _judged(item, entry, verifier.ask(entry, item.task.prompt, answer))
            except _Gone as gone:
                verifier, told = None, _told(item, gone.verdict, detail=str(gone))
                if gone.verdict is Verdict.time_limit:
                    break
            except OSError as error:
                verifier, told = None, _told(item, Verdict.no_verdict, detail=f"the verifier can't be started ({error})")
            finally:
                self._idle.put(verifier)
        return told


class _Verifier:
    """A process with the verifiers, warm from its start to its death. All that waits for it raises `_Gone` when it has ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox_rewards.sources.gym_verifier"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True,  # Ctrl-C is not for it
        )  # fmt: skip
        self._rest = b""
        self._read(START_S, judging=False)

    def ask(self, entry: GymEntry, prompt: str, answer: str) -> dict[str, Any]:
        """The reply. What it takes to make the question again is not the answer's time, and what fails then not its failure."""
        made = self._replied({"entry": entry.model_dump_json(), "prompt": prompt}, START_S, judging=False)
        return made if "problem" in made else self._replied({"answer": answer}, LIMIT_S, judging=True)

    def _replied(self, asked: dict[str, Any], limit: float, *, judging: bool) -> dict[str, Any]:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, which reading tells
            self._process.stdin.write(json.dumps({**asked, "cpu_s": limit}).encode() + b"\n")
            self._process.stdin.flush()
        return self._read(limit, judging=judging)

    def _read(self, limit: float, *, judging: bool) -> dict[str, Any]:
        assert self._process.stdout is not None
        pid = self._process.pid
        clock = Clock(PATIENCE * limit, lambda: [[pid]], at_first=[pid])
        left = clock.limit_s
        while b"\n" not in self._rest:
            if not select.select([self._process.stdout], [], [], left)[0]:
                if left := clock.left():
                    continue
                self.end()
                raise _Gone(BUSY if clock.undecided else None, judging=judging)
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                self.end()
                raise _Gone(self._process.returncode, judging=judging)
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was not written to a dead process is lost
                if pipe:
                    pipe.close()


def answer_in(completion: str) -> str | None:
    """What stands in the last `<answer>`, else the answer that is marked in another way; None where there is none."""
    tagged = tagged_answer(spoken(completion))
    found = final_answer(completion) if tagged is None else None
    return found.text.strip() if found else tagged.strip() if tagged is not None else None


def _judged(item: RewardItem, entry: GymEntry, reply: dict[str, Any]) -> Grade:
    """What a verifier's reply is as a grade. Raises `UnusableEntry` for what is wrong with the task."""
    if "problem" in reply:
        raise UnusableEntry(f"task {item.task.id!r}: {reply['problem']}.")
    if reply.get("failed") == "memory_limit":
        return _told(item, Verdict.memory_limit, detail="the verifier ran out of memory")
    if "failed" in reply:
        return _told(item, Verdict.failed, detail=f"the verifier can't read it ({reply['detail']})")
    score = reply["score"]
    if not 0 <= score <= 1:
        return _told(item, Verdict.failed, detail=f"the verifier gave {score}, which is no share")
    if score == 1:
        return _told(item, Verdict.passed, 1.0)
    return _told(item, Verdict.failed, score if entry.credit == "share" else 0.0, detail=f"the verifier gave {score:g} of 1")


def _told(item: RewardItem, verdict: Verdict, reward: float = 0.0, detail: str | None = None) -> Grade:
    return of_one_question(item.task.id, verdict, reward, detail)
