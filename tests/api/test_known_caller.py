"""A caller whom another edge has found out: known in one workspace, with no more than it holds."""

from __future__ import annotations

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Vocabulary
from scopewright.store import vocabulary
from scopewright.web.calling import Answer, Call, answer_to
from tests.inprocess import Running, Tenant

READ = "iotman:scopes:read"


def words_of(tenant: Tenant) -> Vocabulary:
    shipped = tenant.running.application.services.scopes.catalogues
    with tenant.running.database.read() as tx:
        return vocabulary.here(tx, tenant.id, shipped)


def answer(tenant: Tenant, path: str, *held: str, method: str = "GET") -> Answer:
    """What the API tells this workspace's administrator, who holds just these scopes now."""
    caller = Caller(tenant.admin, frozenset(held), words_of(tenant), "mcp")
    call = Call(method, f"/api/workspaces/{path}", "", None)
    runner = tenant.running.http.runner
    return runner.run(answer_to(tenant.running.application.asgi, call, caller))


def test_a_known_caller_needs_no_credential_and_the_scope_all_the_same(tenant: Tenant) -> None:
    assert answer(tenant, f"{tenant.id}/scopes", READ).status == 200
    refused = answer(tenant, f"{tenant.id}/scopes")
    assert (refused.status, refused.value["missing"]) == (403, [READ])


def test_a_known_caller_is_nobody_in_another_workspace(tenant: Tenant, inside: Running) -> None:
    stranger = Tenant(inside)
    assert answer(tenant, f"{stranger.id}/scopes", READ).status == 401


def test_no_header_makes_a_caller_known(tenant: Tenant) -> None:
    name = "scopewright.caller"
    path = f"/api/workspaces/{tenant.id}/scopes"
    asked = tenant.running.http.request("GET", path, headers={name: tenant.admin.id})
    assert asked.status_code == 401
