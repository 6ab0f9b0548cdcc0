"""An application behind the gateway: its route rules, the proxy's questions, a person's browser.

The proxy is played here: `ask` puts the question as one of them does, and `Visitor` is a browser
whose requests to the application's host go through it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from scopewright.core.applications import Application
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.gateway import CREDENTIALS, GatewayRoute
from scopewright.core.model import (
    ApiKey,
    Assignment,
    ChangeKind,
    Client,
    ClientSecret,
    ClientType,
    Grant,
    Identity,
    Principal,
    SignIn,
)
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import EVERYTHING, Requested
from scopewright.ids import new_api_key_secret, new_id, new_secret
from scopewright.store import (
    api_keys,
    applications,
    assignments,
    gateway_routes,
    grants,
    roles,
    scopes,
    sign_ins,
    workspaces,
)
from scopewright.store.database import Transaction
from tests.people import Browser, Stage

HOST = "viewer.example"
PAGE = {"accept": "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate"}
READ, WRITE = "viewer.read", "viewer.write"
USER, ADMIN = "viewer.user", "viewer.admin"


def told(proxy: str, method: str, target: str, *, scheme: str, host: str) -> dict[str, str]:
    """The headers in which a proxy tells which request it asks about."""
    kind = "original" if proxy == "nginx" else "forwarded"
    return {
        f"x-{kind}-method": method,
        f"x-{kind}-uri": target,
        "x-forwarded-proto": scheme,
        "x-forwarded-host": host,
    }


@dataclass
class Viewer:
    """The application `viewer` of a stage's workspace; scopes `viewer.read` and `viewer.write`."""

    stage: Stage
    resource: str | None = None
    scheme: str = "https"
    host: str = HOST
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        now = self.stage.clock()
        self.application = Application(
            new_id("app"),
            self.workspace_id,
            "viewer",
            "Viewer <1>",
            now,
            resource=self.resource,
            registered_at=now,
        )
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.VOCABULARY, "viewer")
            applications.add(tx, self.application)
            for name in (READ, WRITE):
                scope = ScopeDefinition(name, application="viewer")
                scopes.add(tx, self.workspace_id, scope=scope, at=now)
            for name, own in ((USER, {READ}), (ADMIN, {READ, WRITE, "sensor:read"})):
                role = RoleDefinition(name, application="viewer", scopes=frozenset(own))
                roles.add(tx, self.workspace_id, role=role, at=now)

    @property
    def workspace_id(self) -> str:
        return self.stage.workspace.id

    # --- what is declared and given -------------------------------------------------------------

    def route(
        self,
        path: str,
        *methods: str,
        needs: tuple[str, ...] = (READ,),
        credentials: frozenset[str] = CREDENTIALS,
        host: str | None = None,
    ) -> GatewayRoute:
        """One more rule; one that needs nothing is public."""
        route = GatewayRoute(
            id=new_id("rte"),
            application_id=self.application.id,
            host=host or self.host,
            path=path,
            methods=frozenset(methods),
            scopes=frozenset(needs),
            credentials=credentials,
            is_public=not needs,
            created_at=self.stage.clock(),
        )
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.VOCABULARY, route.id)
            gateway_routes.add(tx, self.workspace_id, route=route)
        return route

    def person(self, email: str, *assigned: str, holding: tuple[str, ...] = ()) -> Principal:
        """An end-user with these roles, and these scopes granted."""
        person = self.stage.person(email, *holding)
        for role in assigned:
            self.assign(person, role)
        return person

    def assign(self, person: Principal, role: str) -> None:
        now = self.stage.clock()
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.HOLDINGS, person.id)
            given = Assignment(person.id, role, "admin", now)
            assignments.add(tx, self.workspace_id, assignment=given)

    def unassign(self, person: Principal, role: str) -> None:
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.HOLDINGS, person.id)
            assignments.remove(tx, principal_id=person.id, role=role)

    def grant(self, id: str, *names: str) -> None:
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.HOLDINGS, id)
            for name in names:
                given = Grant(id, name, "admin", self.stage.clock())
                grants.add(tx, self.workspace_id, grant=given)

    def revoke(self, principal: Principal | str, scope: str) -> None:
        id = principal if isinstance(principal, str) else principal.id
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.HOLDINGS, id)
            grants.remove(tx, principal_id=id, scope=scope)

    def machine(self, *holding: str) -> tuple[Client, str]:
        """A client that acts for itself, and its secret."""
        secret = "sws_secret"
        known = (ClientSecret(hash_secret(secret), self.stage.clock()),)
        client = self.stage.client(
            type=ClientType.CLIENT_CREDENTIALS, secrets=known, redirect_uris=()
        )
        self.grant(client.id, *holding)
        return client, secret

    def token(self, client: Client, secret: str, **form: str) -> str:
        """A client's own token."""
        answer = self.stage.browser().ask(
            "POST",
            f"{self.stage.issuer}/token",
            data={"grant_type": "client_credentials", **form},
            auth=(client.id, secret),
        )
        return str(answer.json()["access_token"])

    def machine_token(self, *holding: str, **form: str) -> str:
        """The token of a client that holds these scopes."""
        return self.token(*self.machine(*holding), **form)

    def key(self, principal: Principal, requested: Requested = EVERYTHING) -> str:
        """The secret of an API key."""
        now, id = self.stage.clock(), new_id("key")
        secret = new_api_key_secret(id)
        key = ApiKey(
            id, principal.id, self.workspace_id, hash_secret(secret), requested, "", "admin", now
        )
        with self.stage.database.write() as tx:
            self._touch(tx, ChangeKind.API_KEY, id)
            api_keys.add(tx, key)
        return secret

    def change(self, kind: ChangeKind, subject: str, work: Any) -> None:
        """Anything else, beneath the API: `work(tx)`."""
        with self.stage.database.write() as tx:
            self._touch(tx, kind, subject)
            work(tx)

    def _touch(self, tx: Transaction, kind: ChangeKind, subject: str) -> None:
        until = self.stage.clock() + timedelta(days=1)
        workspaces.touch(
            tx, self.workspace_id, kind, subject, at=self.stage.clock(), forget_at=until
        )

    # --- what a proxy asks ----------------------------------------------------------------------

    def ask(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        proxy: str = "Caddy",
        query: str = "application=viewer",
        peer: str = "127.0.0.1",
        headers: Any = (),
    ) -> httpx.Response:
        """The answer to a question; `headers` are the client's own."""
        told_of = told(proxy, method, target, scheme=self.scheme, host=self.host)
        sent = [*told_of.items(), *dict(headers).items()]
        return self.put(sent, query=query, peer=peer)

    def put(
        self,
        headers: list[tuple[str, str]],
        *,
        query: str = "application=viewer",
        peer: str = "127.0.0.1",
    ) -> httpx.Response:
        """A question with exactly these headers."""
        url = f"{self.stage.issuer}/verify?{query}"
        plain = {"accept": "*/*"} if "accept" not in dict(headers) else {}
        return self.stage.browser(peer).ask("GET", url, headers=[*headers, *plain.items()])

    def bearing(self, credential: str, target: str = "/", **more: Any) -> httpx.Response:
        """The same about a request with a token or key."""
        return self.ask(target, headers={"authorization": f"Bearer {credential}"}, **more)


@dataclass
class Visitor:
    """A person's browser at the application; `browser` is the same one at our own pages."""

    viewer: Viewer
    browser: Browser
    proxy: str = "Caddy"
    cookies: dict[str, str] = field(default_factory=dict)

    @classmethod
    def signed_in(cls, viewer: Viewer, email: str, **more: Any) -> Visitor:
        """A browser that is signed in with us, and has not been at the application yet."""
        stage, cookie, now = viewer.stage, new_secret("swi"), viewer.stage.clock()
        proven = SignIn(
            hash_secret(cookie), Identity("email", email), now, now, now + timedelta(days=30)
        )
        with stage.database.write() as tx:
            sign_ins.add(tx, proven)
        browser = stage.browser()
        browser.http.cookies.set("scopewright", cookie)
        return cls(viewer, browser, **more)

    @classmethod
    def inside(cls, viewer: Viewer, email: str, **more: Any) -> Visitor:
        """A browser that is signed in at the application."""
        visitor = cls.signed_in(viewer, email, **more)
        visitor.log_in("/")
        return visitor

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def ask(self, target: str = "/", *, method: str = "GET", **headers: str) -> httpx.Response:
        """What the proxy is answered about a request of this browser."""
        sent = {**headers, **({"cookie": self.cookie_header} if self.cookies else {})}
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        return self.viewer.ask(target, method=method, proxy=self.proxy, headers=named)

    def open(self, target: str = "/") -> httpx.Response:
        """The same about a page that the person goes to."""
        return self.ask(target, accept=PAGE["accept"], sec_fetch_mode="navigate")

    def own(self, address: str, method: str = "GET", **headers: str) -> httpx.Response:
        """An address of the gateway's own on the application's host, passed to us by the proxy."""
        parts = urlsplit(address)
        step = parts.path.removeprefix("/.scopewright/")
        url = f"{self.viewer.stage.issuer}/gateway/viewer/{step}?{parts.query}"
        sent = {
            "x-forwarded-proto": self.viewer.scheme,
            "x-forwarded-host": self.viewer.host,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.cookies:
            sent["cookie"] = self.cookie_header
        answer = self.viewer.stage.browser().ask(method, url, headers=sent)
        self._keep(answer)
        return answer

    def log_in(self, target: str) -> httpx.Response:
        """Go to a page, and all the way through signing in; the answer of the callback."""
        return self.own(self.sent_back(target))

    def sent_back(self, target: str) -> str:
        """The callback's address to which the browser is sent with a code, or an error."""
        begun = self.own(self.login_address(target))
        assert begun.status_code == 303, begun.text
        page = self.browser.get(begun.headers["location"])
        assert page.status_code == 303, page.text
        return urljoin(self.origin, page.headers["location"])

    def login_address(self, target: str) -> str:
        answer = self.open(target)
        header = "location" if self.proxy != "nginx" else "x-auth-redirect"
        assert answer.headers[header].startswith(f"{self.origin}/.scopewright/login?"), answer
        return str(answer.headers[header])

    @property
    def origin(self) -> str:
        return f"{self.viewer.scheme}://{self.viewer.host}"

    def _keep(self, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
