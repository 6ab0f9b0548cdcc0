"""Every hostile token is refused by every endpoint that takes tokens, and none is a bug."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jws

from scopewright.store import signing_keys
from tests.guard import hostile
from tests.protocol.issuer import Issuer, KnownClient, Site

LONGEST_HEADER = 32 * 1024  # a longer one is the HTTP server's to refuse


@pytest.fixture(scope="module")
def issuer(sqlite_site: Site) -> Issuer:
    """On SQLite alone: a token is verified before any database is asked."""
    return Issuer.new(sqlite_site)


@pytest.fixture(scope="module")
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("sensor:read", "iotman:scopes:read")


@pytest.fixture(scope="module")
def forge(issuer: Issuer, machine: KnownClient) -> hostile.Forge:
    """The issuer's own key and the claims of a good token."""
    with issuer.database.read() as tx:
        keys = signing_keys.of_workspace(tx, issuer.id)
    key = next(key for key in keys if key.algorithm == "ES256")
    private = load_pem_private_key(key.private_key, password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    claims = json.loads(jws.extract_compact(issuer.access_token(machine).encode()).payload)
    return hostile.Forge(private, key.id, claims, key.public_jwk)


@pytest.fixture(scope="module")
def corpus(forge: hostile.Forge) -> dict[str, str]:
    return dict(hostile.tokens(forge))


def test_the_forge_makes_tokens_that_are_good_everywhere(
    issuer: Issuer, machine: KnownClient, forge: hostile.Forge
) -> None:
    person = issuer.person("a")
    phone = issuer.phone_app()
    assert issuer.is_active(machine, forge.good())
    assert issuer.scopes_page(forge.good()).status_code == 200
    assert issuer.userinfo(forge.good(sub=person, client_id=phone.id)).status_code == 200


def test_none_is_active(issuer: Issuer, machine: KnownClient, corpus: dict[str, str]) -> None:
    accepted = {}
    for name, token in corpus.items():
        answer = issuer.post("introspect", {"token": token.encode(errors="replace")}, machine)  # type: ignore[dict-item]
        is_refused = answer.status_code == 200 and answer.json() == {"active": False}
        is_unreadable = answer.status_code in (400, 413) and "error" in answer.json()
        if not (is_refused or is_unreadable):
            accepted[name] = (answer.status_code, answer.text)
    assert accepted == {}


def presentable(corpus: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Those that a header can carry to the server."""
    for name, token in corpus.items():
        octets = token.encode(errors="replace")
        is_sent = octets.strip() == octets and not set(octets) & {0, 10, 13}
        if octets and is_sent and len(octets) < LONGEST_HEADER:
            yield name, octets


@pytest.mark.parametrize("path", ["/w/{id}/userinfo", "/api/workspaces/{id}/scopes", "/api/whoami"])
def test_none_is_a_bearers(issuer: Issuer, corpus: dict[str, str], path: str) -> None:
    accepted, sent = {}, 0
    with httpx.Client(base_url=issuer.site.url, timeout=30) as http:
        for name, token in presentable(corpus):
            headers = {b"authorization": b"Bearer " + token}
            answer = http.get(path.format(id=issuer.id), headers=headers)
            sent += 1
            if answer.status_code != 401 or "www-authenticate" not in answer.headers:
                accepted[name] = (answer.status_code, answer.text)
    assert accepted == {}
    assert sent > 150


def test_none_may_ask_about_tokens_or_revoke_them(
    issuer: Issuer, machine: KnownClient, corpus: dict[str, str]
) -> None:
    good = issuer.access_token(machine)
    for name, token in [*presentable(corpus)][::10]:  # no token at all is taken there
        headers = {b"authorization": b"Bearer " + token}
        for path in ("introspect", "revoke"):
            answer = issuer.post(path, {"token": good}, headers=headers)
            assert answer.status_code == 401, (name, path, answer.text)
    assert issuer.is_active(machine, good)


def test_a_good_token_of_nobody_is_refused(
    issuer: Issuer, machine: KnownClient, forge: hostile.Forge
) -> None:
    """Rightly signed, but by nobody's leave: what a stolen key would sign."""
    nobody = "0192f0c1-0000-7000-8000-000000000000"
    for token in (
        forge.good(sub=nobody),
        forge.good(client_id=nobody),
        forge.good(sid="ses_unknown"),
        forge.good(sub="x" * 5000),
        forge.good(client_id="' OR 1=1 --"),
    ):
        assert not issuer.is_active(machine, token)
        assert issuer.scopes_page(token).status_code == 401


def test_a_token_of_another_workspace_is_refused_by_the_management_api(
    issuer: Issuer, stranger: Issuer
) -> None:
    token = stranger.access_token(stranger.machine("iotman:scopes:read"))
    assert stranger.scopes_page(token).status_code == 200
    assert issuer.scopes_page(token).status_code == 401
