"""A server that trusts a proxy on this machine, and an application of the test's own behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.clock import FrozenClock
from tests.gateway.viewer import Viewer
from tests.people import Stage, next_stage, open_stage


@pytest.fixture(scope="session")
def gateway_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    url = f"sqlite:///{tmp_path_factory.mktemp('gateway') / 'scopewright.db'}"
    trusting = {"trusted_proxies": ["127.0.0.1"]}
    with open_stage(url, FrozenClock(), server=trusting) as stage:
        yield stage


@pytest.fixture
def viewer(gateway_stage: Stage) -> Viewer:
    return Viewer(next_stage(gateway_stage))
