"""What tests of several rooms share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sandbox_rewards.sandbox.backends import BACKENDS, probe


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
