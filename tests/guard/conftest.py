"""What the guard's tests share: an issuer that reads the frozen clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scopewright.guard.fake_issuer import FakeIssuer
from tests.clock import FrozenClock


@pytest.fixture
def issuer(clock: FrozenClock) -> Iterator[FakeIssuer]:
    with FakeIssuer(clock=clock) as fake:
        yield fake
