"""Figures for Prometheus: each moves when what it counts happens, and tells nobody's secrets."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from scopewright.core.model import ClientType, PrincipalKind
from scopewright.core.scopes import NONE, Requested
from tests.inprocess import Running, Tenant, running
from tests.migrated import migrated_file

Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(answer: httpx.Response) -> Figures:
    """Every sample by its name and labels."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["cache-control"] == "no-store"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(tenant: Tenant) -> Figures:
    return read(tenant.call("GET", "/metrics"))


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures.get((f"scopewright_{name}", frozenset(labels.items())), 0.0)


@pytest.fixture
def operated(tmp_path: Path) -> Running:
    """A server of its own, whose administrator is admin@example.com."""
    with running(
        migrated_file(tmp_path / "x.db"), tmp_path, administrators=("Admin@Example.com",)
    ) as started:
        yield started


# --- a workspace's ------------------------------------------------------------------------------


def test_each_token_is_counted_by_grant_type_and_outcome(tenant: Tenant) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS)
    for _ in range(3):
        tenant.access_token(id, secret)
    tenant.token(id, "wrong")
    tenant.token(id, secret, scope="nobody:has-it")
    figures = of(tenant)
    credentials = "client_credentials"
    assert value(figures, "tokens_total", grant_type=credentials, outcome="issued") == 3
    assert value(figures, "tokens_total", grant_type=credentials, outcome="invalid_client") == 1
    assert value(figures, "tokens_total", grant_type=credentials, outcome="invalid_scope") == 1


def test_denials_are_counted_by_reason(tenant: Tenant) -> None:
    narrow = tenant.key(tenant.admin, Requested(frozenset({"iotman:metrics:read"})))
    assert tenant.call("GET", "/clients", bearer=narrow).status_code == 403
    assert tenant.call("GET", "/clients", bearer="swk_junk").status_code == 401
    assert tenant.call("GET", "/clients/unknown").status_code == 404  # no denial
    tenant.running.http.request("GET", f"/w/{tenant.id}/userinfo")
    figures = of(tenant)
    assert value(figures, "denials_total", reason="forbidden") == 1
    assert value(figures, "denials_total", reason="unauthenticated") == 1
    assert value(figures, "denials_total", reason="invalid_token") == 1
    assert sum(v for (name, _), v in figures.items() if name == "scopewright_denials_total") == 3


def test_answers_are_counted_by_method_route_and_status_and_timed(tenant: Tenant) -> None:
    tenant.call("GET", "/clients/unknown")
    tenant.running.http.request("GET", f"/w/{tenant.id}/jwks")
    figures = of(tenant)
    route = "/api/workspaces/{ws}/clients/{id}"
    assert value(figures, "requests_total", method="GET", route=route, status="404") == 1
    assert value(figures, "request_seconds_count", route=route) == 1
    jwks = "/w/{workspace}/jwks"
    assert value(figures, "requests_total", method="GET", route=jwks, status="200") == 1


def test_sessions_and_keys_alive_are_those_of_now(tenant: Tenant) -> None:
    app, _ = tenant.client(ClientType.PKCE)
    session = tenant.session(tenant.person("ann@example.com"), app)
    tenant.key(tenant.admin)
    figures = of(tenant)
    assert (value(figures, "sessions_alive"), value(figures, "api_keys_alive")) == (1, 2)
    assert tenant.call("DELETE", f"/sessions/{session}").status_code == 204
    assert value(of(tenant), "sessions_alive") == 0


def test_one_workspace_reads_nothing_of_another(inside: Running) -> None:
    mine, other = Tenant(inside), Tenant(inside)
    id, secret = other.client(ClientType.CLIENT_CREDENTIALS)
    other.access_token(id, secret)
    other.key(other.admin)
    figures = of(mine)
    assert not any(name == "scopewright_tokens_total" for name, _ in figures)
    assert value(figures, "api_keys_alive") == 1
    assert not any("connections" in name for name, _ in figures)


def test_without_the_scope_the_figures_are_refused(tenant: Tenant) -> None:
    answer = tenant.call("GET", "/metrics", bearer=tenant.key(tenant.admin, Requested(NONE)))
    assert answer.status_code == 403
    assert answer.json()["missing"] == ["iotman:metrics:read"]


# --- labels -------------------------------------------------------------------------------------


def test_no_label_holds_what_a_stranger_chose(tenant: Tenant) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS)
    http, hidden = tenant.running.http, ["ann@example.com", "marzipan", tenant.admin_key, secret]
    tenant.access_token(id, secret)
    tenant.call("GET", "/end-users/ann@example.com")
    tenant.call("GET", "/marzipan")
    http.request("MARZIPAN", f"/w/{tenant.id}/jwks")
    http.request("GET", "/marzipan")
    http.request(
        "POST", f"/w/{tenant.id}/token", data={"grant_type": "marzipan"}, auth=(id, secret)
    )
    told = tenant.call("GET", "/metrics").text
    assert not [word for word in (*hidden, id, tenant.id) if word in told]
    assert value(of(tenant), "requests_total", method="other", route="/w/{workspace}/jwks",
                 status="405") == 1  # fmt: skip


def test_asking_for_workspaces_that_are_not_there_adds_no_figures(operated: Running) -> None:
    Tenant(operated)
    for n in range(20):
        operated.http.request("GET", f"/w/00000000-0000-7000-8000-{n:012}/jwks")
        operated.http.request("GET", f"/api/workspaces/nobody-{n}/clients")
    figures = process(operated, Tenant(operated).admin_key)
    assert value(figures, "requests_total", method="GET", route="/w/{workspace}/jwks",
                 status="404") == 20  # fmt: skip


# --- the process's ------------------------------------------------------------------------------


def process(running: Running, key: str | None) -> Figures:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return read(running.http.request("GET", "/metrics", headers=headers))


def refused(running: Running, key: str | None) -> int:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return running.http.request("GET", "/metrics", headers=headers).status_code


def test_the_process_s_figures_are_for_administrators_of_the_instance(operated: Running) -> None:
    tenant = Tenant(operated)
    member = tenant.person("mia@example.com", kind=PrincipalKind.MEMBER)
    tenant.assign(member, "iotman:admin")
    as_end_user = tenant.person("admin@example.com")
    tenant.grant(as_end_user, "iotman:metrics:read")
    assert refused(operated, None) == 401
    assert refused(operated, tenant.key(member)) == 403
    assert refused(operated, tenant.key(tenant.admin, Requested(NONE))) == 403
    figures = process(operated, tenant.admin_key)
    assert value(figures, "api_keys_alive") == 3
    assert value(figures, "database_connections", state="in_use") >= 0
    assert value(figures, "denials_total", reason="forbidden") == 2


def test_a_named_address_needs_no_credential(tmp_path: Path) -> None:
    named = {"addresses": ("127.0.0.1",)}  # where the tests' requests come from
    with running(migrated_file(tmp_path / "x.db"), tmp_path, metrics=named) as started:
        assert refused(started, None) == 200
