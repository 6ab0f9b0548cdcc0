"""Which hosts are this machine."""

from __future__ import annotations

import pytest

from scopewright.core.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_what_is_sent_to_these_stays_here(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.example", "0.0.0.0", "10.0.0.1", "127.0.0.1.nip"])
def test_what_is_sent_to_these_does_not(host: str) -> None:
    assert not is_loopback(host)
