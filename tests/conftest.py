"""What tests of several rooms share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from datetime import date

import pytest
from sandbox_rewards.sandbox.backends import BACKENDS, probe

os.environ.setdefault("OMP_NUM_THREADS", "1")  # idle threads of a tiny model spin, and take the cores of what runs beside them
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts us in the background has it ignored


def pytest_addoption(parser: pytest.Parser) -> None:
    today = int(date.today().strftime("%Y%m%d"))
    told = "what part of the adversarial corpora is no `rest`; the date unless given, so that each day sees another"
    parser.addoption("--corpus-seed", type=int, default=today, help=told)


def pytest_report_header(config: pytest.Config) -> str:
    return f"corpora: --corpus-seed={config.getoption('corpus_seed')}"


@pytest.fixture(scope="module", params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend's name, where it works."""
    if reason := probe(request.param):
        pytest.skip(f"{request.param} does not work on this machine: {reason}")
    return str(request.param)


@pytest.fixture
def in_threads() -> Callable[[int, Callable[[], None]], None]:
    """Runs the same work in several threads at once, and waits for all."""

    def run(count: int, work: Callable[[], None]) -> None:
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
