"""Disabled, enabled, signed out, removed: over HTTP, with every kind of credential."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from scopewright.core.model import ClientType, Principal, PrincipalKind, RefreshToken
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_secret
from scopewright.store import builtin_clients, changes, sessions
from tests.api.plane import Plane, assert_refused
from tests.inprocess import Tenant

MEMBER = PrincipalKind.MEMBER


@pytest.fixture
def plane(tenant: Tenant) -> Plane:
    tenant.define("sensor:read")
    return Plane(tenant)


def whoami(tenant: Tenant, credential: str) -> int:
    headers = {"authorization": f"Bearer {credential}"}
    return tenant.running.http.request("GET", "/api/whoami", headers=headers).status_code


def verified(tenant: Tenant, credential: str) -> int:
    url, headers = f"/w/{tenant.id}/verify?any=1", {"authorization": f"Bearer {credential}"}
    return tenant.running.http.request("GET", url, headers=headers).status_code


def is_active(tenant: Tenant, asker: tuple[str, str], credential: str) -> bool:
    answer = tenant.running.http.request(
        "POST", f"/w/{tenant.id}/introspect", data={"token": credential}, auth=asker
    )
    return bool(answer.json()["active"])


def refresh_token(tenant: Tenant, session_id: str) -> str:
    """One of a session, beneath the API."""
    secret = new_secret("swr")
    with tenant.running.database.write() as tx:
        token = RefreshToken(hash_secret(secret), session_id, tenant.running.clock())
        sessions.add_token(tx, token)
    return secret


def refreshed(tenant: Tenant, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": secret}
    return tenant.running.http.request("POST", f"/w/{tenant.id}/token", data=form)


def shown(tenant: Tenant, id: str) -> dict[str, Any]:
    return dict(tenant.call("GET", f"/principals/{id}").json())


def post(tenant: Tenant, path: str, **more: Any) -> httpx.Response:
    return tenant.call("POST", f"/principals/{path}", **more)


# --- disabling ----------------------------------------------------------------------------------


def test_a_disabled_person_is_refused_at_once_everywhere(plane: Plane) -> None:
    tenant = plane.tenant
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    asker = tenant.client()
    tenant.grant(ann, "sensor:read")
    key, token = tenant.key(ann), plane.person_token(ann, app)
    secret = refresh_token(tenant, tenant.session(ann, app[0]))
    for credential in (key, token, secret):
        assert is_active(tenant, asker, credential)
    answer = post(tenant, f"{ann.id}/disable")
    assert answer.status_code == 200
    assert answer.json()["disabled_at"] is not None
    assert answer.json()["live_sessions"] == 0
    for credential in (key, token):
        assert whoami(tenant, credential) == 401
        assert verified(tenant, credential) == 401
        assert not is_active(tenant, asker, credential)
    assert not is_active(tenant, asker, secret)
    assert refreshed(tenant, app[0], secret).json()["error"] == "invalid_grant"
    [one] = tenant.call("GET", "/principals?disabled=true").json()["data"]
    assert one["id"] == ann.id


def test_offline_guards_are_told_of_the_person_and_each_session(plane: Plane) -> None:
    tenant = plane.tenant
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    session = tenant.session(ann, app[0])
    with tenant.running.database.read() as tx:
        before = changes.revoked_since(
            tx, tenant.id, after=0, now=tenant.running.clock(), limit=100
        )
    assert post(tenant, f"{ann.id}/disable").is_success
    with tenant.running.database.read() as tx:
        after = changes.revoked_since(tx, tenant.id, after=0, now=tenant.running.clock(), limit=100)
    assert [one.subject_id for one in after[len(before) :]] == [ann.id, session]


def test_enabling_gives_the_keys_back_and_neither_tokens_nor_sessions(plane: Plane) -> None:
    tenant, clock = plane.tenant, plane.tenant.running.clock
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read")
    key, token = tenant.key(ann), plane.person_token(ann, app)
    assert whoami(tenant, token) == 200  # whoever remembers that it was good must forget
    secret = refresh_token(tenant, tenant.session(ann, app[0]))
    clock.advance(seconds=2)
    assert post(tenant, f"{ann.id}/disable").is_success
    clock.advance(seconds=2)
    enabled = post(tenant, f"{ann.id}/enable")
    assert (enabled.status_code, enabled.json()["disabled_at"]) == (200, None)
    assert whoami(tenant, key) == 200
    assert whoami(tenant, token) == 401
    assert refreshed(tenant, app[0], secret).json()["error"] == "invalid_grant"
    assert whoami(tenant, plane.person_token(ann, app)) == 200


def test_a_disabled_service_loses_secret_token_and_keys_until_it_is_enabled(
    plane: Plane,
) -> None:
    tenant, clock = plane.tenant, plane.tenant.running.clock
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "sensor:read")
    token, key = tenant.access_token(id, secret), tenant.key(id)
    assert whoami(tenant, token) == 200
    clock.advance(seconds=2)
    assert post(tenant, f"{id}/disable").is_success
    assert [whoami(tenant, one) for one in (token, key)] == [401, 401]
    assert tenant.token(id, secret).status_code == 400
    clock.advance(seconds=2)
    assert post(tenant, f"{id}/enable").is_success
    assert [whoami(tenant, one) for one in (token, key)] == [401, 200]
    assert whoami(tenant, tenant.access_token(id, secret)) == 200


def test_disabling_a_client_ends_what_people_do_through_it(plane: Plane) -> None:
    tenant, clock = plane.tenant, plane.tenant.running.clock
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read")
    token = plane.person_token(ann, app)
    secret = refresh_token(tenant, tenant.session(ann, app[0]))
    other = plane.person_token(ann, tenant.client(ClientType.PKCE))
    clock.advance(seconds=2)
    assert post(tenant, f"{app[0]}/disable").is_success
    assert [whoami(tenant, one) for one in (token, other)] == [401, 200]
    asked = {"client_id": app[0], "response_type": "code"}
    page = tenant.running.http.request("GET", f"/w/{tenant.id}/authorize", params=asked)
    assert page.status_code == 400
    clock.advance(seconds=2)
    assert post(tenant, f"{app[0]}/enable").is_success
    assert whoami(tenant, token) == 401
    assert refreshed(tenant, app[0], secret).json()["error"] == "invalid_grant"


def test_nobody_disables_themselves_the_last_administrator_or_a_group(tenant: Tenant) -> None:
    machine = tenant.key(
        tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:principals:update")[0]
    )
    assert_refused(post(tenant, f"{tenant.admin.id}/disable"), 409, conflict="self")
    refused = post(tenant, f"{tenant.admin.id}/disable", bearer=machine)
    assert_refused(refused, 409, conflict="last")
    other = tenant.person("bob@example.com", kind=MEMBER)
    tenant.assign(other, "iotman:admin")
    assert post(tenant, f"{other.id}/disable").is_success
    refused = post(tenant, f"{tenant.admin.id}/disable", bearer=machine)
    assert_refused(refused, 409, conflict="last")  # who is disabled is no administrator
    refused = tenant.call("PATCH", f"/members/{tenant.admin.id}", {"role": "viewer"})
    assert refused.status_code == 409
    crew = tenant.group("Crew")
    for verb in ("disable", "enable"):
        assert_refused(post(tenant, f"{crew}/{verb}"), 409, conflict="kind")
        assert_refused(post(tenant, f"nobody/{verb}"), 404)
    assert whoami(tenant, tenant.admin_key) == 200


def test_disabling_and_enabling_twice_is_doing_it_once(tenant: Tenant) -> None:
    ann = tenant.person("ann@example.com")
    first = post(tenant, f"{ann.id}/disable").json()["disabled_at"]
    tenant.running.clock.advance(minutes=1)
    assert post(tenant, f"{ann.id}/disable").json()["disabled_at"] == first
    for _ in range(2):
        assert post(tenant, f"{ann.id}/enable").json()["disabled_at"] is None
    audited = [row["operation"] for row in tenant.call("GET", "/audit").json()["data"]]
    assert audited[:2] == ["principals:enable", "principals:disable"]


def test_whoever_enables_must_hold_what_the_principal_holds(tenant: Tenant) -> None:
    id, _ = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:audit:read")
    keeper = tenant.key(tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:principals:update")[0])
    assert post(tenant, f"{id}/disable", bearer=keeper).is_success
    refused = post(tenant, f"{id}/enable", bearer=keeper)
    assert_refused(refused, 403, missing=["iotman:audit:read"])
    assert shown(tenant, id)["disabled_at"] is not None
    assert post(tenant, f"{id}/enable").is_success


def test_a_client_that_is_built_in_is_neither_disabled_nor_removed(tenant: Tenant) -> None:
    with tenant.running.database.write() as tx:
        cli = builtin_clients.command_line_of(tx, tenant.id, now=tenant.running.clock())
    assert_refused(post(tenant, f"{cli.id}/disable"), 403)
    assert_refused(tenant.call("DELETE", f"/principals/{cli.id}"), 403)
    assert shown(tenant, cli.id)["disabled_at"] is None


# --- signing out --------------------------------------------------------------------------------


def test_signing_somebody_out_ends_sessions_and_tokens_and_says_that_keys_stay(
    plane: Plane,
) -> None:
    tenant, clock = plane.tenant, plane.tenant.running.clock
    ann, app = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read")
    key, token = tenant.key(ann), plane.person_token(ann, app)
    secret = refresh_token(tenant, tenant.session(ann, app[0]))
    clock.advance(seconds=2)
    answer = post(tenant, f"{ann.id}/sign-out")
    assert (answer.status_code, answer.json()) == (200, {"sessions_ended": 2, "api_keys_kept": 1})
    assert [whoami(tenant, one) for one in (token, key)] == [401, 200]
    assert refreshed(tenant, app[0], secret).json()["error"] == "invalid_grant"
    assert {one["ended"] for one in shown(tenant, ann.id)["sessions"]} == {True}
    assert post(tenant, f"{ann.id}/sign-out").json()["sessions_ended"] == 0
    clock.advance(seconds=2)
    assert whoami(tenant, plane.person_token(ann, app)) == 200


def test_people_sign_themselves_out_without_a_scope_and_nobody_else(plane: Plane) -> None:
    tenant = plane.tenant
    ann, bob = tenant.person("ann@example.com"), tenant.person("bob@example.com")
    app = tenant.client(ClientType.PKCE)
    tenant.session(ann, app[0])
    tenant.session(bob, app[0])
    key = tenant.key(ann)
    assert post(tenant, f"{bob.id}/sign-out", bearer=key).status_code == 403
    assert post(tenant, "me/sign-out", bearer=key).json()["sessions_ended"] == 1
    live = {one["name"]: one["live_sessions"] for one in listed(tenant, "?kind=end_user")}
    assert live == {"ann@example.com": 0, "bob@example.com": 1}
    service = tenant.key(tenant.client()[0])
    assert_refused(post(tenant, "me/sign-out", bearer=service), 409, conflict="kind")
    assert_refused(post(tenant, f"{app[0]}/sign-out"), 409, conflict="kind")


def listed(tenant: Tenant, query: str = "") -> list[dict[str, Any]]:
    return list(tenant.call("GET", f"/principals{query}").json()["data"])


# --- removing -----------------------------------------------------------------------------------


def test_whoever_it_is_can_be_removed_by_who_may_remove_the_kind(tenant: Tenant) -> None:
    ids = {
        "members:remove": tenant.person("mia@example.com", kind=MEMBER).id,
        "end-users:remove": tenant.person("ann@example.com").id,
        "clients:delete": tenant.client()[0],
        "groups:delete": tenant.group("Crew"),
    }
    tenant.assign(ids["members:remove"], "iotman:viewer")
    for operation, id in ids.items():
        others = {f"iotman:{one}" for one in ids if one != operation}
        narrow = tenant.key_with("iotman:principals:remove", *others)
        refused = tenant.call("DELETE", f"/principals/{id}", bearer=narrow)
        assert_refused(refused, 403, missing=[f"iotman:{operation}"])
        enough = tenant.key_with("iotman:principals:remove", f"iotman:{operation}")
        assert tenant.call("DELETE", f"/principals/{id}", bearer=enough).status_code == 204
        assert_refused(tenant.call("GET", f"/principals/{id}"), 404)
        assert_refused(tenant.call("DELETE", f"/principals/{id}"), 404)
    assert [one["id"] for one in listed(tenant)] == [tenant.admin.id]


def test_the_last_administrator_is_not_removed_and_nobody_elsewhere(tenant: Tenant) -> None:
    assert_refused(tenant.call("DELETE", f"/principals/{tenant.admin.id}"), 409, conflict="last")
    stranger: Principal = Tenant(tenant.running).person("eve@example.com")
    assert_refused(tenant.call("DELETE", f"/principals/{stranger.id}"), 404)
