"""Grades that need not be found again: the same code under the same tests gets the same verdict.

An SQLite file, safe for several processes at once. What the machine's load or a fault can change is never kept:
`time_limit` (in any case of a program) and `no_verdict`. The key holds all that a verdict depends on: the task's spec with
its limits, the code, the text of the runner, and the interpreter or image that the code runs in.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import logging
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from sandbox_tasks.task import UnitTests

from sandbox_rewards.errors import RewardError
from sandbox_rewards.sandbox.worker import runner_sources

NOT_KEPT = frozenset({"no_verdict", "time_limit"})
APPLICATION = 0x5D8C_11A3
"""Marks the file as ours (SQLite's application_id)."""
BUSY_S = 30.0
"""Seconds to wait for another process that writes."""

Outcome = dict[str, Any]


class CacheUnusable(RewardError):
    """The cache file can't be used; names it and says why."""


class GradeCache:
    """Outcomes by key. A fault after the opening (a full disk) ends the caching with a warning, and never a grade."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database: sqlite3.Connection | None = _opened(path)
        except (sqlite3.Error, OSError) as error:
            raise CacheUnusable(
                f"{path} can't be used as a cache of grades ({error}); delete it, name another file, or grade without a cache."
            ) from None

    def get(self, key: bytes) -> Outcome | None:
        row = self._execute("SELECT outcome FROM grades WHERE key = ?", (key,))
        return json.loads(row[0]) if row else None

    def put(self, key: bytes, outcome: Outcome) -> None:
        if outcome["verdict"] not in NOT_KEPT and not outcome.get("late"):
            self._execute("INSERT OR IGNORE INTO grades VALUES (?, ?)", (key, json.dumps(outcome)))

    def close(self) -> None:
        with self._lock:
            if self._database:
                self._database.close()
            self._database = None

    def _execute(self, command: str, values: tuple[Any, ...]) -> Any:
        """First row of the answer. None also when caching has ended."""
        with self._lock:
            if self._database is None:
                return None
            try:
                return self._database.execute(command, values).fetchone()
            except sqlite3.Error as error:
                logging.getLogger("sandbox_rl").warning("%s fails (%s); grading goes on without a cache.", self.path, error)
                self._database.close()
                self._database = None
                return None


def grade_key(spec: UnitTests, code: str, fingerprint: str, reference: str | None = None) -> bytes:
    """What a verdict depends on, as a digest. `fingerprint` is the backend's; the task's reference says which seal it has."""
    parts = [spec.model_dump(mode="json", exclude={"weight", "gated", "flaky"}), code, fingerprint, reference, _machinery()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()


@functools.cache
def _machinery() -> str:
    """Digest of all that judges: the runner's text, and pytest's version."""
    judges = [runner_sources(), importlib.metadata.version("pytest")]
    return hashlib.sha256(json.dumps(judges, sort_keys=True).encode()).hexdigest()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        _use_log(database)
        database.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last grades, never the file
        database.execute("BEGIN IMMEDIATE")
        (owner,) = database.execute("PRAGMA application_id").fetchone()
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if owner != APPLICATION and (owner or tables):
            raise sqlite3.DatabaseError("it is the database of another program")
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute("CREATE TABLE IF NOT EXISTS grades (key BLOB PRIMARY KEY, outcome TEXT NOT NULL) WITHOUT ROWID")
        database.execute("COMMIT")
    except BaseException:
        database.close()
        raise
    return database


def _use_log(database: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself while another process does the same."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
