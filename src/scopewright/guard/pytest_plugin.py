"""For the tests of resource servers: the fixture `fake_issuer`, a Scopewright to itself.

def test_reading_needs_its_scope(fake_issuer):
    client = TestClient(create_app(guard=fake_issuer.guard()))
    client.get("/readings", headers=fake_issuer.headers("sensor:read"))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scopewright.guard.fake_issuer import FakeIssuer


@pytest.fixture
def fake_issuer() -> Iterator[FakeIssuer]:
    """An issuer on the loopback interface: mints tokens, serves its keys, knows API keys."""
    from scopewright.guard.fake_issuer import FakeIssuer  # noqa: PLC0415, only if used

    with FakeIssuer() as issuer:
        yield issuer
