"""What is found by how its id begins, as far as whoever looks may read it."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.model import ClientType
from tests.inprocess import Running, Tenant


def found(tenant: Tenant, begins: str, *, bearer: str = "") -> list[dict[str, Any]]:
    answer = tenant.call("GET", "/lookups", params={"q": begins}, bearer=bearer)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


@pytest.mark.parametrize("beginning", [10, 20, 30, 200])
def test_a_key_is_found_by_the_visible_beginning_of_its_secret(
    tenant: Tenant, beginning: int
) -> None:
    ann = tenant.person("ann@example.com")
    path = f"/principals/{ann.id}/api-keys"
    made = tenant.call("POST", path, {"note": "for the pump"}).json()
    wanted = {
        "kind": "api_key", "id": made["id"], "name": "for the pump", "principal": ann.id,
    }  # fmt: skip
    assert wanted in found(tenant, made["secret"][:beginning])
    assert wanted in found(tenant, made["secret"][:beginning].upper())
    assert found(tenant, made["id"]) == [wanted]
    tenant.call("DELETE", f"{path}/{made['id']}")
    assert found(tenant, made["id"]) == []


def test_people_clients_groups_and_sessions_are_found_by_how_their_ids_begin(
    tenant: Tenant,
) -> None:
    ann, (phone, _) = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    session, group = tenant.session(ann, phone), tenant.group("Crew", ann.id)
    for id, kind in ((ann.id, "end_user"), (phone, "client"), (group, "group")):
        (one,) = found(tenant, id)
        assert (one["kind"], one["id"], one["principal"]) == (kind, id, id)
        assert one["id"] in [each["id"] for each in found(tenant, id[:30])]
    assert found(tenant, session) == [
        {"kind": "session", "id": session, "name": "ann@example.com", "principal": ann.id}
    ]
    assert found(tenant, "") == found(tenant, "%") == found(tenant, "nothing") == []


def test_nothing_of_another_workspace_is_found(tenant: Tenant) -> None:
    other = Tenant(tenant.running)
    made = other.call("POST", "/api-keys", {}).json()
    for id in (other.admin.id, other.client()[0], made["id"]):
        assert found(tenant, id) == []


def test_one_finds_what_one_may_read_and_no_more(tenant: Tenant) -> None:
    ann, (phone, _) = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    session, key = tenant.session(ann, phone), tenant.call("POST", "/api-keys", {}).json()["id"]
    ids = (ann.id, phone, session, key)

    def sees(*scopes: str) -> list[bool]:
        bearer = tenant.key_with("iotman:workspace:read", *scopes)
        return [bool(found(tenant, id, bearer=bearer)) for id in ids]

    assert sees() == [False, False, False, False]
    assert sees("iotman:end-users:read") == [True, False, False, False]
    assert sees("iotman:clients:read") == [False, True, False, False]
    assert sees("iotman:principals:read") == [True, True, False, False]
    assert sees("iotman:sessions:read") == [False, False, True, False]
    assert sees("iotman:api-keys:read") == [False, False, False, True]


def test_who_may_read_their_own_keys_only_finds_those(inside: Running) -> None:
    tenant = Tenant(inside, catalogues=("internal", "tiled"))
    ann = tenant.person("ann@example.com")
    tenant.grant(ann, "iotman:workspace:read", "create:apikeys")
    mine, others = tenant.key(ann), tenant.key(tenant.admin)
    (one,) = found(tenant, mine[:30], bearer=mine)
    assert (one["kind"], one["principal"]) == ("api_key", ann.id)
    assert found(tenant, others[:30], bearer=mine) == []
    assert len(found(tenant, others[:30])) == 1
