"""The fixture that the plugin gives to the tests of resource servers."""

from __future__ import annotations

import httpx
import pytest

from scopewright.core.errors import InvalidToken
from scopewright.guard.fake_issuer import FakeIssuer


def test_the_fixture_mints_what_its_guard_accepts(fake_issuer: FakeIssuer) -> None:
    claims = fake_issuer.guard().verify(fake_issuer.token("sensor:read", sub="device-1"))
    assert (claims.subject, claims.scopes) == ("device-1", {"sensor:read"})


def test_each_test_has_an_issuer_of_its_own(fake_issuer: FakeIssuer) -> None:
    with FakeIssuer() as other, pytest.raises(InvalidToken):
        fake_issuer.guard().verify(other.token())


def test_a_claim_can_be_left_out(fake_issuer: FakeIssuer) -> None:
    with pytest.raises(InvalidToken):
        fake_issuer.guard().verify(fake_issuer.token(jti=None))


def test_the_fake_has_a_token_endpoint_for_devices(fake_issuer: FakeIssuer) -> None:
    answer = httpx.post(f"{fake_issuer.issuer}/token", data={"scope": "sensor:read"}).json()
    assert fake_issuer.guard().verify(answer["access_token"]).scopes == {"sensor:read"}
    assert httpx.get(f"{fake_issuer.issuer}/nothing").status_code == 404


def test_the_plugin_is_found_by_pytest(pytestconfig: pytest.Config) -> None:
    plugin = pytestconfig.pluginmanager.get_plugin("scopewright")
    assert plugin is not None
    assert plugin.__name__ == "scopewright.guard.pytest_plugin"
