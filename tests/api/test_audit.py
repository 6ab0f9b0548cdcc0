"""The audit log over HTTP."""

from __future__ import annotations

from scopewright.core.model import ClientType
from tests.inprocess import Tenant


def test_the_log_says_who_did_what_by_which_means_newest_first(tenant: Tenant) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "iotman:scopes:create")
    token = tenant.access_token(id, secret)
    tenant.call("POST", "/scopes", {"name": "a:b", "description": "A"})
    tenant.call("POST", "/scopes", {"name": "a:c"}, bearer=token)
    tenant.call("PATCH", "", {"name": "Other"})
    events = tenant.call("GET", "/audit").json()["data"]
    assert [(e["operation"], e["actor"], e["via"], e["target"]) for e in events] == [
        ("workspace:update", tenant.admin.id, "api_key", tenant.id),
        ("scopes:create", id, "token", "a:c"),
        ("scopes:create", tenant.admin.id, "api_key", "a:b"),
    ]
    assert events[0]["details"]["before"]["name"] == "Acme"
    assert events[0]["details"]["after"]["name"] == "Other"


def test_what_was_refused_leaves_no_event(tenant: Tenant) -> None:
    tenant.call("POST", "/scopes", {"name": "a b"})
    tenant.call("POST", "/scopes", {"name": "iotman:b"})
    tenant.call("DELETE", f"/members/{tenant.admin.id}")
    assert tenant.call("GET", "/audit").json()["data"] == []


def test_walking_the_pages_loses_and_doubles_no_event(tenant: Tenant) -> None:
    for number in range(5):
        tenant.call("POST", "/scopes", {"name": f"s:{number}"})
    targets, url = [], "/audit?limit=2"
    page = tenant.call("GET", url).json()
    while True:
        targets += [event["target"] for event in page["data"]]
        if page["next_page"] is None:
            break
        key = {"authorization": f"Bearer {tenant.admin_key}"}
        page = tenant.running.http.request("GET", page["next_page"], headers=key).json()
    assert targets == ["s:4", "s:3", "s:2", "s:1", "s:0"]


def test_another_workspaces_events_are_not_shown(tenant: Tenant) -> None:
    Tenant(tenant.running).call("POST", "/scopes", {"name": "a:b"})
    assert tenant.call("GET", "/audit").json()["data"] == []


def test_reading_the_log_needs_its_scope(tenant: Tenant) -> None:
    refused = tenant.call("GET", "/audit", bearer=tenant.key_with("iotman:scopes:read"))
    assert refused.json()["missing"] == ["iotman:audit:read"]
