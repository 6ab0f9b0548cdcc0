"""Signing keys over HTTP: published, then signing, then only verifying."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

from tests.inprocess import Tenant


def header_of(token: str) -> dict[str, Any]:
    encoded = token.split(".", maxsplit=1)[0]
    return dict(json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))


def states(tenant: Tenant, algorithm: str = "ES256") -> dict[str, str]:
    keys = tenant.call("GET", "/signing-keys").json()["data"]
    return {key["id"]: key["state"] for key in keys if key["algorithm"] == algorithm}


def kids(tenant: Tenant) -> set[str]:
    answer = tenant.running.http.request("GET", f"/w/{tenant.id}/jwks")
    return {key["kid"] for key in answer.json()["keys"]}


def works(tenant: Tenant, token: str) -> bool:
    return tenant.call("GET", "", bearer=token).status_code == 200


def test_keys_are_listed_with_their_public_half_only(tenant: Tenant) -> None:
    answer = tenant.call("GET", "/signing-keys")
    keys = answer.json()["data"]
    assert {key["algorithm"]: key["state"] for key in keys} == {
        "ES256": "signing",
        "RS256": "signing",
    }
    assert {key["id"] for key in keys} == kids(tenant)
    assert "PRIVATE" not in answer.text
    assert all(not set(key["public_jwk"]) & {"d", "p", "q", "dp", "dq", "qi"} for key in keys)


def test_a_new_key_is_published_first_and_signs_two_hours_later(tenant: Tenant) -> None:
    id, secret = tenant.client()
    [old] = states(tenant)
    answer = tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"})
    assert answer.status_code == 200
    [new] = [key["id"] for key in answer.json()["data"] if key["state"] == "next"]
    assert states(tenant) == {old: "signing", new: "next"}
    assert {old, new} <= kids(tenant)
    tenant.running.clock.advance(hours=2, seconds=-1)
    assert header_of(tenant.access_token(id, secret))["kid"] == old
    tenant.running.clock.advance(seconds=1)
    assert header_of(tenant.access_token(id, secret))["kid"] == new
    assert states(tenant) == {old: "verifying", new: "signing"}


def test_tokens_of_the_old_key_work_until_they_expire_and_then_it_is_forgotten(
    tenant: Tenant,
) -> None:
    tenant.call("PATCH", "", {"tokens": {"access_lifetime": 86400}})
    id, secret = tenant.client()
    tenant.grant(id, "iotman:workspace:read")
    [old] = states(tenant)
    tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"})
    tenant.running.clock.advance(hours=2, seconds=-1)
    last = tenant.access_token(id, secret)
    assert header_of(last)["kid"] == old
    tenant.running.clock.advance(hours=23, minutes=59)
    assert works(tenant, last)
    tenant.running.clock.advance(minutes=2)
    assert not works(tenant, last)
    assert old not in kids(tenant)
    assert old not in states(tenant)


def test_a_second_rotation_waits_until_the_first_key_signs(tenant: Tenant) -> None:
    assert tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"}).is_success
    again = tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"})
    assert again.status_code == 409
    assert tenant.call("POST", "/signing-keys/rotate").status_code == 409  # ES256 among all
    assert tenant.call("POST", "/signing-keys/rotate", {"algorithm": "RS256"}).is_success
    assert len(states(tenant)) == 2
    tenant.running.clock.advance(hours=2)
    assert tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"}).is_success


def test_without_an_algorithm_all_keys_are_followed(tenant: Tenant) -> None:
    assert tenant.call("POST", "/signing-keys/rotate").is_success
    for algorithm in ("ES256", "RS256"):
        assert sorted(states(tenant, algorithm).values()) == ["next", "signing"]


def test_other_workspaces_keys_stay_as_they_are(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    before = states(other)
    tenant.call("POST", "/signing-keys/rotate", {"algorithm": "ES256"})
    assert states(other) == before


def test_an_unknown_algorithm_is_refused(tenant: Tenant) -> None:
    answer = tenant.call("POST", "/signing-keys/rotate", {"algorithm": "HS256"})
    assert answer.status_code == 422
    assert answer.json()["field"] == "algorithm"


def test_each_call_needs_its_scope(tenant: Tenant) -> None:
    narrow = tenant.key_with("iotman:scopes:read")
    listing = tenant.call("GET", "/signing-keys", bearer=narrow)
    rotating = tenant.call("POST", "/signing-keys/rotate", bearer=narrow)
    assert listing.json()["missing"] == ["iotman:keys:read"]
    assert rotating.json()["missing"] == ["iotman:keys:rotate"]
    assert list(states(tenant).values()) == ["signing"]
