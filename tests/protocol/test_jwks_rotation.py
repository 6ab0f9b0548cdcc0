"""Signing keys follow one another: published, then signing, then verifying, then forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from scopewright.keys import KeyRing
from scopewright.services.keys import Keys
from tests.protocol.issuer import Issuer, KnownClient, Site, bearer

PUBLISH_BEFORE = timedelta(hours=2)
ROTATE_AFTER = timedelta(days=90)
DAY = timedelta(days=1)  # the longest that an access token may live


@pytest.fixture
def issuer(own_site: Site) -> Issuer:
    return Issuer.new(own_site)


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("iotman:keys:rotate", "iotman:keys:read")


def rotate(issuer: Issuer, machine: KnownClient, **body: str) -> Any:
    url = f"{issuer.site.url}/api/workspaces/{issuer.id}/signing-keys/rotate"
    return issuer.http.post(url, json=body, headers=bearer(issuer.access_token(machine)))


def kids(issuer: Issuer, algorithm: str = "ES256") -> list[str]:
    return [key["kid"] for key in issuer.jwks()["keys"] if key["alg"] == algorithm]


def signed_by(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def verifies(issuer: Issuer, token: str) -> bool:
    keys = KeySet.import_key_set(issuer.jwks())
    jwt.decode(token, keys, algorithms=["ES256", "RS256"])
    return True


def test_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_are_gone(
    issuer: Issuer, machine: KnownClient
) -> None:
    (old,) = kids(issuer)
    assert rotate(issuer, machine, algorithm="ES256").is_success
    _, new = kids(issuer)
    assert signed_by(issuer.access_token(machine)) == old
    issuer.clock.advance(seconds=PUBLISH_BEFORE.total_seconds() - 1)
    last = issuer.access_token(machine)
    assert signed_by(last) == old
    issuer.clock.advance(seconds=1)
    first = issuer.access_token(machine)
    assert signed_by(first) == new
    assert issuer.is_active(machine, last)
    assert verifies(issuer, last)
    assert verifies(issuer, first)
    issuer.clock.advance(seconds=DAY.total_seconds() - 1)
    assert kids(issuer) == [old, new]
    issuer.clock.advance(seconds=1)
    assert kids(issuer) == [new]


def test_a_key_that_is_still_to_sign_is_not_followed_by_another(
    issuer: Issuer, machine: KnownClient
) -> None:
    assert rotate(issuer, machine).is_success
    assert rotate(issuer, machine).status_code == 409
    assert len(kids(issuer)) == len(kids(issuer, "RS256")) == 2
    issuer.clock.advance(hours=2)
    assert rotate(issuer, machine).is_success
    assert len(kids(issuer)) == 3


def test_keys_of_one_algorithm_rotate_alone(issuer: Issuer, machine: KnownClient) -> None:
    assert rotate(issuer, machine, algorithm="RS256").is_success
    assert (len(kids(issuer)), len(kids(issuer, "RS256"))) == (1, 2)


def test_the_keys_of_other_workspaces_stay(own_site: Site, issuer: Issuer) -> None:
    other = Issuer.new(own_site)
    before = kids(other)
    assert rotate(issuer, issuer.machine("iotman:keys:rotate")).is_success
    assert kids(other) == before


def test_every_token_verifies_for_as_long_as_it_lives_through_rotations(
    issuer: Issuer, machine: KnownClient
) -> None:
    living: list[str] = []
    for _ in range(6):
        rotate(issuer, machine)
        living.append(issuer.access_token(machine))
        issuer.clock.advance(minutes=50)
        living = living[-1:]
        assert all(verifies(issuer, token) for token in living)
        assert all(issuer.is_active(machine, token) for token in living)


def test_old_keys_are_followed_by_age_in_time_to_be_published(
    issuer: Issuer, machine: KnownClient
) -> None:
    keys = Keys(
        issuer.database,
        issuer.clock,
        KeyRing(),
        publish_before=PUBLISH_BEFORE,
        rotate_after=ROTATE_AFTER,
    )
    (old,) = kids(issuer)
    issuer.clock.advance(seconds=(ROTATE_AFTER - PUBLISH_BEFORE).total_seconds() - 60)
    keys.rotate_old(issuer.clock())
    assert kids(issuer) == [old]
    issuer.clock.advance(minutes=2)
    keys.rotate_old(issuer.clock())
    keys.rotate_old(issuer.clock())
    _, new = kids(issuer)
    assert signed_by(issuer.access_token(machine)) == old
    issuer.clock.advance(hours=2)
    assert signed_by(issuer.access_token(machine)) == new


def test_without_the_scope_no_key_is_rotated(issuer: Issuer) -> None:
    before = kids(issuer)
    answer = rotate(issuer, issuer.machine("iotman:keys:read"))
    assert answer.status_code == 403
    assert kids(issuer) == before
