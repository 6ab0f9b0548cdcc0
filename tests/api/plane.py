"""The data plane of a tenant, as producers and readers use it, and what its tables hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import Table, select

from scopewright.core.model import (
    Approved,
    Asked,
    Authorization,
    ChangeKind,
    ClientType,
    Metadata,
    Principal,
)
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import new_id, new_secret
from scopewright.store import authorizations, clients, metadata, principals, schema, workspaces
from tests.inprocess import REDIRECT_URI, Tenant

VERIFIER = "v" * 43
CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"  # of it, S256 (RFC 7636 §4.2)
TABLES = (schema.endpoints, schema.exports, schema.datapoints, schema.mqtt_configs, schema.audit)


@dataclass
class Plane:
    """`post`, `read` ask; `endpoint`, `export` make what is asked."""

    tenant: Tenant

    @property
    def slug(self) -> str:
        return f"w-{self.tenant.id[-12:]}"

    # --- what there is --------------------------------------------------------------------------

    def endpoint(self, name: str = "Field Sensors", **settings: Any) -> dict[str, Any]:
        return _made(self.tenant.call("POST", "/endpoints", {"name": name, **settings}))

    def export(self, name: str = "Field Sensors", **settings: Any) -> dict[str, Any]:
        return _made(self.tenant.call("POST", "/exports", {"name": name, **settings}))

    def machine(self, *granted: str) -> str:
        """The access token of a new client."""
        return self.tenant.access_token(
            *self.tenant.client(ClientType.CLIENT_CREDENTIALS, *granted)
        )

    def person_token(self, person: Principal, client: tuple[str, str]) -> str:
        """The access token of a person who has signed in through a client of either kind."""
        tenant, code, now = self.tenant, new_secret("swc"), self.tenant.running.clock()
        pending = Authorization(
            id=new_id("aut"), workspace_id=tenant.id, client_id=client[0],
            redirect_uri=REDIRECT_URI, redirect_uri_was_sent=True, requested=EVERYTHING,
            code_challenge=CHALLENGE, state=None, nonce=None, prompt=frozenset(), stage=Asked(),
            created_at=now, expires_at=now + timedelta(minutes=10),
        )  # fmt: skip
        with tenant.running.database.write() as tx:
            authorizations.add(tx, pending)
            approved = Approved(person.id, hash_secret(code), now, now)
            authorizations.approve(tx, pending.id, approved, until=pending.expires_at)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            "client_id": client[0],
        }
        with tenant.running.database.read() as tx:
            registered = clients.get(tx, client[0])
        if registered is not None and registered.is_confidential:
            form["client_secret"] = client[1]
        answer = tenant.running.http.request("POST", f"/w/{tenant.id}/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def attach(self, principal: str, key: str, value: Any) -> None:
        """Metadata, as a worker writes it."""
        entry = Metadata(principal, key, value, "worker", self.tenant.running.clock())
        with self.tenant.running.database.write() as tx:
            metadata.put(tx, entry)

    def remove(self, principal: str) -> None:
        """Let a person or client be gone."""
        now = self.tenant.running.clock()
        with self.tenant.running.database.write() as tx:
            workspaces.touch(
                tx, self.tenant.id, ChangeKind.PRINCIPAL, principal,
                at=now, forget_at=now + timedelta(hours=1),
            )  # fmt: skip
            principals.remove(tx, principal)

    # --- what is asked --------------------------------------------------------------------------

    def post(
        self, path: str, payload: Any = None, *, bearer: str | None = None, **more: Any
    ) -> httpx.Response:
        if payload is not None:
            more["json"] = payload
        headers = {**more.pop("headers", {}), **_bearer(bearer)}
        http = self.tenant.running.http
        return http.request("POST", f"/data/{self.slug}/{path}", headers=headers, **more)

    def post_lines(self, path: str, content: bytes, *, bearer: str | None = None) -> httpx.Response:
        headers = {"content-type": "application/x-ndjson"}
        return self.post(path, content=content, headers=headers, bearer=bearer)

    def read(self, path: str, *, bearer: str | None = None, **query: Any) -> httpx.Response:
        http, url = self.tenant.running.http, f"/exports/{self.slug}/{path}"
        return http.request("GET", url, headers=_bearer(bearer), params=query)

    def points(self, **query: Any) -> list[dict[str, Any]]:
        """The workspace's datapoints, newest first, as its administrator sees them."""
        answer = self.tenant.call("GET", "/datapoints", params={"limit": 1000, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    # --- what the tables hold -------------------------------------------------------------------

    def rows(self, table: Table) -> list[Any]:
        with self.tenant.running.database.read() as tx:
            mine = select(table).where(table.c.workspace_id == self.tenant.id)
            return sorted(tx.all(mine), key=lambda row: row.id)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Whatever is refused within leaves every table as it was."""
        before = [self.rows(table) for table in TABLES]
        yield
        assert [self.rows(table) for table in TABLES] == before

    def audited(self) -> list[tuple[str, dict[str, Any]]]:
        return [(row.operation, row.details) for row in self.rows(schema.audit)]


def assert_refused(answer: httpx.Response, status: int, **facts: Any) -> dict[str, Any]:
    """A problem document with these facts (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert {name: problem.get(name) for name in facts} == facts
    return problem


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"authorization": f"Bearer {token}"}
