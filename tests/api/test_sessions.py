"""Sessions over HTTP: listed as the next token would be, ended at once."""

from __future__ import annotations

import pytest

from scopewright.core.model import ClientType, PrincipalKind, RefreshToken
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import NONE, Requested
from scopewright.ids import new_id, new_secret
from scopewright.store import changes, sessions, workspaces
from tests.inprocess import Tenant


def address() -> str:
    return f"{new_id('ann')}@example.com"


def refresh_token(tenant: Tenant, session_id: str) -> str:
    token = new_secret("swr")
    with tenant.running.database.write() as tx:
        sessions.add_token(tx, RefreshToken(hash_secret(token), session_id, tenant.running.clock()))
    return token


def refresh(tenant: Tenant, client_id: str, token: str) -> tuple[int, dict[str, str]]:
    answer = tenant.running.http.request(
        "POST",
        f"/w/{tenant.id}/token",
        data={"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id},
    )
    return answer.status_code, answer.json()


def test_a_session_shows_who_through_what_since_when_and_with_which_scopes(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read", "video:gold")
    email = address()
    ann, (phone, _) = tenant.person(email), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read", "video:gold")
    id = tenant.session(ann, phone)
    now = tenant.running.clock().isoformat().replace("+00:00", "Z")
    shown = {
        "id": id,
        "principal": {"kind": "end_user", "label": email},
        "client": "pkce",
        "scopes": ["sensor:read", "video:gold"],
        "created_at": now,
        "last_used_at": now,
    }
    assert tenant.call("GET", "/sessions").json() == {"data": [shown], "next_page": None}
    assert tenant.call("GET", f"/sessions/{id}").json() == shown


def test_the_scopes_shown_are_those_of_the_next_token(tenant: Tenant) -> None:
    tenant.define("sensor:read", "video:gold")
    ann, (phone, _) = tenant.person(address()), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read")
    everything = tenant.session(ann, phone)
    one = tenant.session(ann, phone, Requested(frozenset({"video:gold"})))
    nothing = tenant.session(ann, phone, Requested(NONE, frozenset({"openid"})))
    tenant.grant(ann, "video:gold")
    tenant.revoke(ann, "sensor:read")
    shown = {s["id"]: s["scopes"] for s in tenant.call("GET", "/sessions").json()["data"]}
    assert shown == {everything: ["video:gold"], one: ["video:gold"], nothing: []}
    _, tokens = refresh(tenant, phone, refresh_token(tenant, everything))
    assert tokens["scope"] == "video:gold"


def test_a_clients_own_tokens_add_no_session(tenant: Tenant) -> None:
    id, secret = tenant.client()
    tenant.access_token(id, secret)
    assert tenant.call("GET", "/sessions").json()["data"] == []


def test_expired_ended_and_foreign_sessions_are_not_shown(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    for place in (tenant, other):
        place.session(place.person(address()), place.client(ClientType.PKCE)[0])
    [foreign] = other.call("GET", "/sessions").json()["data"]
    [mine] = tenant.call("GET", "/sessions").json()["data"]
    assert mine["id"] != foreign["id"]
    for method in ("GET", "DELETE"):
        assert tenant.call(method, f"/sessions/{foreign['id']}").status_code == 404
    with tenant.running.database.write() as tx:
        session = sessions.get(tx, mine["id"])
        assert session is not None
        now = tenant.running.clock()
        sessions.use(tx, mine["id"], at=now, until=now)
    assert tenant.call("GET", "/sessions").json()["data"] == []
    assert tenant.call("GET", f"/sessions/{mine['id']}").status_code == 404
    assert tenant.call("DELETE", f"/sessions/{mine['id']}").status_code == 404


def test_a_revoked_session_ends_at_once_and_others_of_the_person_go_on(tenant: Tenant) -> None:
    ann, (phone, _) = tenant.person(address()), tenant.client(ClientType.PKCE)
    lost, kept = tenant.session(ann, phone), tenant.session(ann, phone)
    status, tokens = refresh(tenant, phone, refresh_token(tenant, lost))
    assert status == 200
    access = {"authorization": f"Bearer {tokens['access_token']}"}
    userinfo = f"/w/{tenant.id}/userinfo"
    assert tenant.running.http.request("GET", userinfo, headers=access).status_code == 200
    assert tenant.call("DELETE", f"/sessions/{lost}").status_code == 204
    assert tenant.running.http.request("GET", userinfo, headers=access).status_code == 401
    assert refresh(tenant, phone, tokens["refresh_token"]) == (
        400,
        {"error": "invalid_grant", "error_description": "The refresh token is not valid."},
    )
    assert refresh(tenant, phone, refresh_token(tenant, kept))[0] == 200
    assert [s["id"] for s in tenant.call("GET", "/sessions").json()["data"]] == [kept]
    assert tenant.call("DELETE", f"/sessions/{lost}").status_code == 404


def test_a_revoked_session_is_in_the_feed_for_as_long_as_its_tokens_live(tenant: Tenant) -> None:
    id = tenant.session(tenant.person(address()), tenant.client(ClientType.PKCE)[0])
    with tenant.running.database.read() as tx:
        before = workspaces.version(tx, tenant.id) or 0
    tenant.call("DELETE", f"/sessions/{id}")
    now = tenant.running.clock()
    with tenant.running.database.read() as tx:
        [change] = changes.revoked_since(tx, tenant.id, after=before, now=now, limit=10)
    assert (change.kind, change.subject_id) == ("session", id)
    assert change.forget_at is not None
    assert (change.forget_at - now).days == 1


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("editor", 200), ("admin", 200)])
def test_editors_and_administrators_see_and_revoke_sessions(
    tenant: Tenant, role: str, status: int
) -> None:
    person = tenant.person(address(), kind=PrincipalKind.MEMBER)
    tenant.assign(person, f"iotman:{role}")
    key = tenant.key(person)
    id = tenant.session(tenant.person(address()), tenant.client(ClientType.PKCE)[0])
    assert tenant.call("GET", "/sessions", bearer=key).status_code == status
    revoked = tenant.call("DELETE", f"/sessions/{id}", bearer=key)
    assert revoked.status_code == (204 if status == 200 else 403)
    left = tenant.call("GET", "/sessions").json()["data"]
    assert len(left) == (0 if status == 200 else 1)


def test_people_see_and_end_their_own_sessions_without_a_scope_and_no_others(
    tenant: Tenant,
) -> None:
    tenant.define("sensor:read")
    ann, bob = tenant.person(address()), tenant.person(address())
    tenant.grant(ann, "sensor:read")
    phone, _ = tenant.client(ClientType.PKCE)
    first, second = tenant.session(ann, phone), tenant.session(ann, phone)
    others = tenant.session(bob, phone)
    token, key = refresh_token(tenant, first), tenant.key(ann)
    mine = tenant.call("GET", "/principals/me/sessions", bearer=key).json()["data"]
    assert {one["id"] for one in mine} == {first, second}
    assert [one["scopes"] for one in mine] == [["sensor:read"]] * 2
    page = tenant.call("GET", "/principals/me/sessions?limit=1", bearer=key).json()
    assert len(page["data"]) == 1
    assert page["next_page"] is not None
    path = "/principals/me/sessions"
    assert tenant.call("DELETE", f"{path}/{first}", bearer=key).status_code == 204
    assert refresh(tenant, phone, token)[1]["error"] == "invalid_grant"
    for id in (first, others, "nothing"):
        assert tenant.call("DELETE", f"{path}/{id}", bearer=key).status_code == 404
    kept = {one["id"] for one in tenant.call("GET", "/sessions").json()["data"]}
    assert kept == {second, others}
