"""Roles of a workspace's own: what is changed about them counts at once for keys.

For sessions it counts at the next refresh.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scopewright.core.model import ClientType, Principal, RefreshToken
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_secret
from scopewright.store import sessions
from tests.api.plane import assert_refused
from tests.inprocess import Tenant

BEAM, SHUTTER = "beam:open", "shutter:open"


@pytest.fixture
def ann(tenant: Tenant) -> Principal:
    """Somebody with a role `operator`, which comes to `beam:open`."""
    tenant.define(BEAM, SHUTTER)
    person = tenant.person("ann@example.com")
    made = tenant.call("POST", "/roles", {"name": "operator", "scopes": [BEAM]})
    assert made.status_code == 201
    assert tenant.call("PUT", f"/principals/{person.id}/roles/operator").status_code == 201
    return person


def by_key(tenant: Tenant, person: Principal) -> Callable[[], set[str]]:
    headers = {"authorization": f"Bearer {tenant.key(person)}"}

    def held() -> set[str]:
        answer = tenant.running.http.request("GET", "/api/whoami", headers=headers)
        return set(answer.json()["scopes"])

    return held


def by_refresh(tenant: Tenant, person: Principal) -> Callable[[], set[str]]:
    client, secret = tenant.client(ClientType.PKCE)[0], new_secret("swr")
    session = tenant.session(person, client)
    with tenant.running.database.write() as tx:
        token = RefreshToken(hash_secret(secret), session, tenant.running.clock())
        sessions.add_token(tx, token)

    def held() -> set[str]:
        nonlocal secret
        form = {"grant_type": "refresh_token", "client_id": client, "refresh_token": secret}
        answer = tenant.running.http.request("POST", f"/w/{tenant.id}/token", data=form).json()
        secret = answer["refresh_token"]
        return set(answer["scope"].split())

    return held


def test_what_changes_about_a_role_shows_at_each_use_and_each_refresh(
    tenant: Tenant, ann: Principal
) -> None:
    role, assigned = "/roles/operator", f"/principals/{ann.id}/roles/operator"
    key, refresh = by_key(tenant, ann), by_refresh(tenant, ann)
    seen = [(key(), refresh())]
    for method, path, body in (
        ("PATCH", role, {"scopes": [BEAM, SHUTTER]}),
        ("PATCH", role, {"scopes": [SHUTTER]}),
        ("DELETE", assigned, None),
        ("PUT", assigned, None),
        ("DELETE", f"{role}?force=true", None),
    ):
        assert tenant.call(method, path, body).is_success
        seen.append((key(), refresh()))
    wanted: list[set[str]] = [{BEAM}, {BEAM, SHUTTER}, {SHUTTER}, set(), {SHUTTER}, set()]
    assert seen == [(scopes, scopes) for scopes in wanted]


def test_a_principal_may_have_several_roles_and_holds_what_all_come_to(
    tenant: Tenant, ann: Principal
) -> None:
    tenant.call("POST", "/roles", {"name": "keeper", "scopes": [SHUTTER]})
    tenant.call("PUT", f"/principals/{ann.id}/roles/keeper")
    assert by_key(tenant, ann)() == by_refresh(tenant, ann)() == {BEAM, SHUTTER}
    portrait = tenant.call("GET", f"/principals/{ann.id}").json()
    assert {one["role"] for one in portrait["roles"]} == {"keeper", "operator"}


def test_a_service_has_any_role_from_the_start_and_its_key_follows_it(
    tenant: Tenant, ann: Principal
) -> None:
    service = tenant.call("POST", "/principals", {"name": "Pump", "roles": ["operator"]}).json()
    key = tenant.key(service["id"])
    headers = {"authorization": f"Bearer {key}"}
    seen = []
    for scopes in ([BEAM, SHUTTER], []):
        assert tenant.call("PATCH", "/roles/operator", {"scopes": scopes}).is_success
        answer = tenant.running.http.request("GET", "/api/whoami", headers=headers)
        seen.append(sorted(answer.json()["scopes"]))
    assert seen == [[BEAM, SHUTTER], []]


def test_a_role_that_is_not_there_is_refused_by_name(tenant: Tenant, ann: Principal) -> None:
    before = tenant.call("GET", f"/principals/{ann.id}").json()
    for answer in (
        tenant.call("PUT", f"/principals/{ann.id}/roles/gone"),
        tenant.call("POST", "/principals", {"name": "Pump", "roles": ["operator", "gone"]}),
    ):
        assert_refused(answer, 404, field="role")
    assert tenant.call("GET", f"/principals/{ann.id}").json() == before
    assert tenant.call("GET", "/principals?q=Pump").json()["data"] == []
