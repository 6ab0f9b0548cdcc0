"""Builders for tests over HTTP: a workspace, its clients and people, as a script would make them.

world = World.at(server_url, init_answer, letters)
device = world.device(scopes=["sensor:read"])
token = world.token(device).json()["access_token"]
person = world.end_user("ann@example.com", scopes=["sensor:read"])
tokens = world.person("ann@example.com", world.phone_app()).session()
editor = world.member("editor")
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from tests.visitors import (
    REDIRECT_URI,
    Mailbox,
    Person,
    a_browser,
    an_address,
    anti_forgery_token,
    submit,
)


class Refused(AssertionError):
    """A call that a builder needs was refused."""


@dataclass(frozen=True)
class KnownClient:
    """A registered client; `secret` is None for public ones."""

    id: str
    secret: str | None = None

    @property
    def basic(self) -> tuple[str, str]:
        return self.id, self.secret or ""


@dataclass
class World:
    """One workspace of a running server, with an API key that may do everything in it."""

    url: str
    id: str
    slug: str
    issuer: str
    api_key: str
    letters: Path
    admin_email: str = "admin@example.com"

    @classmethod
    def at(cls, url: str, init: dict[str, Any], letters: Path) -> World:
        """The workspace that `scopewright init --json` answered with."""
        return cls(
            url, init["workspace_id"], init["slug"], init["issuer"], init["api_key"], letters,
            init["admin_email"],
        )  # fmt: skip

    def another(self, name: str | None = None, **more: Any) -> World:
        """One more workspace of the same administrator, with a key of its own."""
        body = {"name": name or f"Workspace {secrets.token_hex(4)}", **more}
        headers = self.as_bearer(self.api_key)
        made = _made(self.http.post("/api/workspaces", json=body, headers=headers))
        return World(
            self.url, made["id"], made["slug"], made["issuer"], made["api_key"], self.letters,
            self.admin_email,
        )  # fmt: skip

    # --- calls ----------------------------------------------------------------------------------

    @cached_property
    def admin(self) -> httpx.Client:
        """The management API of this workspace as its administrator."""
        return self.api(self.api_key)

    @cached_property
    def http(self) -> httpx.Client:
        """The server, as nobody."""
        return a_browser(base_url=self.url)

    def api(self, credential: str | None) -> httpx.Client:
        """The management API of this workspace with a token or key, or with none."""
        return a_browser(base_url=self.address, headers=self.as_bearer(credential))

    def by_cookie(self, browser: httpx.Client) -> httpx.Client:
        """The management API of this workspace as a signed-in browser's scripts call it."""
        token = anti_forgery_token(browser.get(f"{self.url}/me"))
        headers = {"x-anti-forgery": token}
        return a_browser(base_url=self.address, headers=headers, cookies=browser.cookies)

    @property
    def address(self) -> str:
        """Where the management API of this workspace answers."""
        return f"{self.url}/api/workspaces/{self.slug}"

    def as_bearer(self, credential: str | None) -> dict[str, str]:
        """The header that presents a token or key; none without one."""
        return {} if credential is None else {"authorization": f"Bearer {credential}"}

    def change(self, **settings: Any) -> None:
        """Change the workspace's own name or token settings."""
        url = f"{self.url}/api/workspaces/{self.slug}"
        _made(self.http.patch(url, json=settings, headers=self.as_bearer(self.api_key)))

    # --- what a workspace has -------------------------------------------------------------------

    def define(self, *names: str) -> None:
        """Scopes of the workspace's own; those that exist are left."""
        for name in names:
            answer = self.admin.post("/scopes", json={"name": name})
            if answer.status_code not in (201, 409):
                raise Refused(answer.text)

    def register(self, type: str, *, name: str | None = None, **more: Any) -> KnownClient:
        """A client; people's clients get the tests' redirect URI unless told otherwise."""
        body = {"name": name or f"{type} {secrets.token_hex(3)}", "type": type, **more}
        if type in ("pkce", "authorization_code"):
            body.setdefault("redirect_uris", [REDIRECT_URI])
        made = _made(self.admin.post("/clients", json=body))
        return KnownClient(made["client_id"], made.get("client_secret"))

    def device(self, *, scopes: Iterable[str] = ()) -> KnownClient:
        """A client-credentials client with these scopes of either kind granted."""
        client = self.register("client_credentials")
        for scope in scopes:
            self.grant_client(client, scope)
        return client

    def grant_client(self, client: KnownClient, scope: str) -> httpx.Response:
        """Give a client a scope, defining it first where it is the workspace's own."""
        self._define_own([scope])
        return self.admin.post(f"/clients/{client.id}/scopes", json={"scope": scope})

    def phone_app(self) -> KnownClient:
        """A public client with PKCE."""
        return self.register("pkce")

    def server_app(self, **more: Any) -> KnownClient:
        """A confidential client for people."""
        return self.register("authorization_code", **more)

    def end_user(
        self, email: str, *, scopes: Iterable[str] = (), internal_scopes: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Invite an end-user."""
        self._define_own(scopes)
        body = {"email": email, "scopes": [*scopes], "internal_scopes": [*internal_scopes]}
        return _made(self.admin.post("/end-users", json=body))

    def person(self, email: str, client: KnownClient) -> Person:
        """A person with a browser of their own, at a client for people."""
        return Person(email, client.id, self.metadata, self.letters, client.secret)

    def mailbox(self, email: str) -> Mailbox:
        """The letters to somebody."""
        return Mailbox(self.letters, email)

    def member(self, role: str, email: str | None = None) -> httpx.Client:
        """The management API as a new member, who has accepted an invitation by letter."""
        email = email or an_address(role)
        mailbox = self.mailbox(email)
        letters = len(mailbox.letters())
        _made(self.admin.post("/members", json={"email": email, "role": role}))
        browser = a_browser()
        submit(browser, browser.get(mailbox.link(letters + 1)), address=email)
        return self.by_cookie(browser)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The issuer's discovery document."""
        return dict(_made(self.http.get(f"{self.issuer}/.well-known/openid-configuration")))

    def _define_own(self, scopes: Iterable[str]) -> None:
        self.define(*(scope for scope in scopes if not scope.startswith("iotman:")))

    # --- tokens ---------------------------------------------------------------------------------

    def token(self, client: KnownClient, **parameters: str) -> httpx.Response:
        """The token endpoint's answer to a client's own credentials."""
        form = {"grant_type": "client_credentials", **parameters}
        return self.http.post(f"{self.issuer}/token", data=form, auth=client.basic)

    def access_token(self, client: KnownClient, **parameters: str) -> str:
        """A client's own access token."""
        return str(_made(self.token(client, **parameters))["access_token"])

    def refresh(self, client: KnownClient, refresh_token: str, **parameters: str) -> httpx.Response:
        """The token endpoint's answer to a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, **parameters}
        if client.secret is None:
            return self.http.post(f"{self.issuer}/token", data={**form, "client_id": client.id})
        return self.http.post(f"{self.issuer}/token", data=form, auth=client.basic)

    def introspect(self, client: KnownClient, token: str) -> dict[str, Any]:
        """What a confidential client is told about a token."""
        url = f"{self.issuer}/introspect"
        return dict(_made(self.http.post(url, data={"token": token}, auth=client.basic)))

    # --- data -----------------------------------------------------------------------------------

    def endpoint(self, name: str = "Field sensors", **more: Any) -> dict[str, Any]:
        """An endpoint where data comes in."""
        return _made(self.admin.post("/endpoints", json={"name": name, **more}))

    def export(self, name: str = "Readings", **more: Any) -> dict[str, Any]:
        """An export where data comes out."""
        return _made(self.admin.post("/exports", json={"name": name, **more}))

    def submit(
        self, endpoint: dict[str, Any], payload: Any, credential: str | None = None
    ) -> httpx.Response:
        """Post to an endpoint."""
        return self.http.post(endpoint["url"], json=payload, headers=self.as_bearer(credential))

    def read(
        self, export: dict[str, Any], credential: str | None = None, **query: Any
    ) -> httpx.Response:
        """Read an export."""
        return self.http.get(export["url"], params=query, headers=self.as_bearer(credential))

    def listed(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every row of a list, as its administrator sees it."""
        rows: list[dict[str, Any]] = []
        page: str | None = str(httpx.URL(f"{self.address}{path}", params=query))
        while page is not None:
            answer = _made(self.admin.get(page))
            rows += answer["data"]
            page = answer["next_page"]
        return rows


def _made(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise Refused(f"{answer.request.method} {answer.request.url}: {answer.text}")
    return dict(answer.json())
