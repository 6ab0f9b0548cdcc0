"""A stage with the providers that a test names, on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.clock import FrozenClock
from tests.people import Stage, open_stage
from tests.providers.stages import Open
from tests.providers.upstreams import Upstream
from tests.tls import HERE, CertificateAuthority, HttpsSite, https_site


@pytest.fixture(scope="module")
def elsewhere(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture
def upstream(elsewhere: HttpsSite) -> Upstream:
    found = Upstream(elsewhere)
    found.publish()
    return found


@pytest.fixture
def opened(migrated_database_url: str) -> Iterator[Open]:
    """Opens a stage with a provider; what else is said of authentication by keyword."""
    with ExitStack() as stack:

        def with_settings(
            provider: dict[str, Any],
            *,
            sections: dict[str, Any] | None = None,
            clock: FrozenClock | None = None,
            **authentication: Any,
        ) -> Stage:
            said = {"providers": [provider], **authentication}
            stage = open_stage(
                migrated_database_url,
                clock or FrozenClock(),
                authentication=said,
                **(sections or {}),
            )
            return stack.enter_context(stage)

        yield with_settings
