"""What tests of several rooms share."""

from __future__ import annotations

import pytest
from sandbox_rewards.sandbox.backends import BACKENDS, probe


@pytest.fixture(scope="module", params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend's name, where it works."""
    if reason := probe(request.param):
        pytest.skip(f"{request.param} does not work on this machine: {reason}")
    return str(request.param)
