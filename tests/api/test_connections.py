"""Applications that act for oneself: listed, and ended by oneself."""

from __future__ import annotations

from scopewright.core.model import ClientType, Consent, Principal, PrincipalKind
from scopewright.core.scopes import Requested
from scopewright.store import consents, sessions
from tests.inprocess import Tenant

MINE = "/principals/me/connections"
READ = Requested(frozenset({"sensor:read"}))


def approve(tenant: Tenant, person: Principal, client: str, requested: Requested) -> None:
    with tenant.running.database.write() as tx:
        consents.put(tx, Consent(person.id, client, requested, tenant.running.clock()))


def approved(tenant: Tenant, person: Principal) -> list[str]:
    with tenant.running.database.read() as tx:
        return [one.client_id for one in consents.of_principal(tx, person.id)]


def opened(tenant: Tenant, person: Principal) -> list[str]:
    with tenant.running.database.read() as tx:
        now = tenant.running.clock()
        return [one.id for one in sessions.of_principal(tx, person.id, now=now)]


def test_an_application_is_listed_with_what_its_next_token_would_hold(tenant: Tenant) -> None:
    tenant.define("sensor:read", "video:gold")
    ann, (phone, _) = tenant.person("ann@example.com"), tenant.client(ClientType.PKCE)
    tenant.grant(ann, "sensor:read", "video:gold")
    approve(tenant, ann, phone, READ)
    tenant.session(ann, phone, READ)
    tenant.session(ann, phone, READ)
    [shown] = tenant.call("GET", MINE, bearer=tenant.key(ann)).json()["data"]
    assert shown["client_id"] == phone
    assert shown["client"] == "pkce"
    assert shown["scopes"] == ["sensor:read"]
    assert shown["sessions"] == 2
    assert shown["approved"] is True


def test_what_others_have_allowed_is_not_among_ones_own(tenant: Tenant) -> None:
    ann, ben = tenant.person("ann@example.com"), tenant.person("ben@example.com")
    phone, _ = tenant.client(ClientType.PKCE)
    approve(tenant, ann, phone, READ)
    key = tenant.key(ben)
    assert tenant.call("GET", MINE, bearer=key).json()["data"] == []
    assert tenant.call("DELETE", f"{MINE}/{phone}", bearer=key).status_code == 404
    assert approved(tenant, ann) == [phone]


def test_ending_one_takes_the_approval_back_and_ends_the_sessions_through_it_alone(
    tenant: Tenant,
) -> None:
    ann = tenant.person("ann@example.com")
    (phone, _), (desk, _) = tenant.client(ClientType.PKCE), tenant.client(ClientType.PKCE)
    for client in (phone, desk):
        approve(tenant, ann, client, READ)
    tenant.session(ann, phone)
    kept = tenant.session(ann, desk)
    ben = tenant.person("ben@example.com", kind=PrincipalKind.MEMBER)
    others = tenant.session(ben, phone)
    key = tenant.key(ann)
    assert tenant.call("DELETE", f"{MINE}/{phone}", bearer=key).status_code == 204
    assert approved(tenant, ann) == [desk]
    assert opened(tenant, ann) == [kept]
    assert opened(tenant, ben) == [others]
    assert tenant.call("DELETE", f"{MINE}/{phone}", bearer=key).status_code == 404
    events = tenant.call("GET", "/audit").json()["data"]
    [event] = [one for one in events if one["operation"] == "own-connection:end"]
    assert (event["target"], event["details"]["sessions"]) == (phone, 1)


def test_what_is_attached_to_oneself_may_be_read_without_a_scope(tenant: Tenant) -> None:
    ann, ben = tenant.person("ann@example.com"), tenant.person("ben@example.com")
    path = "/end-users/ann@example.com/metadata/ingest_context"
    tenant.call("PUT", path, {"value": {"room": 7}})
    mine = "/principals/me/metadata"
    [one] = tenant.call("GET", mine, bearer=tenant.key(ann)).json()["data"]
    assert (one["key"], one["value"]) == ("ingest_context", {"room": 7})
    assert tenant.call("GET", mine, bearer=tenant.key(ben)).json()["data"] == []
