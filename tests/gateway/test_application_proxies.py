"""The samples for applications as they ship, in real nginx and Caddy: whatever a client sends.

Nothing of what only the gateway says reaches the application from anybody else, and what reaches it
is what the slow reference lets in.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from scopewright.core.errors import Malformed
from scopewright.core.gateway import GatewayRoute
from scopewright.core.request_paths import read_path
from scopewright.settings import Settings
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.core.test_gateway import reference
from tests.gateway.echo import Echo, echo
from tests.gateway.proxies import SAMPLES, application_proxy
from tests.gateway.viewer import READ, USER, WRITE, Viewer
from tests.people import Letters, Stage
from tests.ports import free_port
from tests.serving import serving
from tests.visitors import Mailbox, a_browser, sign_in

ANN = "ann@example.com"
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}
MISLEADING = {
    "x-forwarded-method", "x-forwarded-uri", "x-original-method", "x-original-uri",
    "x-original-url", "x-rewrite-url", "x-http-method-override",
}  # fmt: skip
OURS = re.compile(r"x[-_.]auth[-_.]|x[-_.]auth$", re.IGNORECASE)


@dataclass
class Behind:
    """An application behind a proxy, with what is declared of it."""

    host: str
    url: str
    viewer: Viewer
    routes: list[GatewayRoute]
    application: Echo
    token: str
    server: str
    mailbox: Mailbox

    def send(self, line: str, *headers: str) -> tuple[int, list[Any]]:
        """The status of the answer to a request written by hand, and what arrived behind it."""
        self.application.arrived.clear()
        told = [f"host: {self.host}", *headers, "connection: close"]
        if not any(header.lower().startswith("authorization") for header in headers):
            told.append(f"authorization: Bearer {self.token}")
        wire = "\r\n".join((f"{line} HTTP/1.1", *told, "", ""))
        port = int(self.host.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(wire.encode("latin-1"))
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        return int(said.split(b" ", 2)[1]), list(self.application.arrived)

    def lets_in(self, method: str, target: str) -> bool:
        """Whether the slow reference does, for somebody who holds `viewer.read` alone."""
        try:
            path = "/" + "/".join(read_path(target))
        except Malformed:
            return False
        decides = reference(self.routes, method, self.host, path)
        return bool(decides) and decides[0].scopes <= {READ}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, str, Path]]:
    folder = tmp_path_factory.mktemp("proxies")
    url, letters, clock = (
        f"sqlite:///{folder / 'scopewright.db'}",
        folder / "letters",
        FrozenClock(),
    )
    settings = Settings.model_validate(
        {
            "database": {"url": url},
            "mail": {"url": f"file:{letters}"},
            "server": {"trusted_proxies": ["127.0.0.1"]},
        }
    )
    with serving(settings, clock=clock) as public_url:
        database = Database(url)
        # Only what is in the database is used of it: its requests go over the network.
        stage = Stage(database, clock, Letters(), None, None, public_url)  # type: ignore[arg-type]
        yield stage, public_url, letters
        database.close()


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def behind(request: pytest.FixtureRequest, server: tuple[Stage, str, Path]) -> Iterator[Behind]:
    stage, url, letters = server
    stage = Stage(stage.database, stage.clock, Letters(), None, None, url)  # type: ignore[arg-type]
    port = free_port()
    viewer = Viewer(stage, scheme="http", host=f"127.0.0.1:{port}")
    routes = [
        viewer.route("/data/**"),
        viewer.route("/data/*", "POST"),
        viewer.route("/data/{}/admin", needs=(WRITE,)),
        viewer.route("/admin/**", needs=(WRITE,)),
        viewer.route("/", "GET"),
        viewer.route("/public/*", needs=()),
    ]
    viewer.person(ANN, USER)
    client, secret = viewer.machine(READ)
    token = httpx.post(
        f"{stage.issuer}/token",
        data={"grant_type": "client_credentials"},
        auth=(client.id, secret),
    ).json()["access_token"]
    with (
        echo() as application,
        application_proxy(
            request.param,
            server=url,
            workspace_id=stage.workspace.id,
            application="viewer",
            upstream=application.url,
            port=port,
        ) as reached,
    ):
        yield Behind(
            viewer.host, reached, viewer, routes, application, token, url, Mailbox(letters, ANN)
        )


# --- which address is decided about -------------------------------------------------------------

PLAIN = [
    "/", "/data", "/data/", "/data/1", "/data/1/2", "/data/%31", "/data/1?x=/../;", "/data/größe",
    "/data/gr%C3%B6%C3%9Fe", "/data/1/admin", "/admin", "/admin/", "/admin/x", "/Admin", "/%61dmin",
    "/public/x", "/public/x/y", "/nothing",
]  # fmt: skip
DISPUTED = [
    "/data/../admin", "/data/%2e%2e/admin", "/data/..%2fadmin", "/data/.%2e/admin", "/data/./1",
    "/public/..;/admin", "/public/x;/../../admin", "/data;x=1", "/data/1%3Bx", "//data/1",
    "/data//1", "/public//admin", "/data%2fadmin", "/data/1%2Fadmin", "/data\\admin",
    "/data/%5c..%5cadmin", "/data/%00", "/data/%zz", "/data/%", "/data/%ff", "/data/%c0%af",
    "/data/%252e%252e/admin", "/data/1%0d%0aX-Auth-Subject:%20a", "/data/1#x", "*", "data/1",
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_the_slow_reference_lets_in_arrives_as_it_was_sent_and_nothing_else(
    behind: Behind, method: str
) -> None:
    for target in PLAIN:
        status, arrived = behind.send(f"{method} {target}", "content-length: 0")
        expected = [(method, target)] if behind.lets_in(method, target) else []
        assert [(request.method, request.target) for request in arrived] == expected, target
        assert (status == 200) is bool(expected), (target, status)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_could_be_read_differently_does_not_arrive(behind: Behind, method: str) -> None:
    """Unless the proxy has made a clear one of it, about which it has asked then."""
    for target in DISPUTED:
        _, arrived = behind.send(f"{method} {target}", "content-length: 0")
        for request in arrived:
            assert request.target != target
            assert behind.lets_in(method, request.target), (target, request.target)


@pytest.mark.parametrize("host", ["{host}", "evil.example"])
@pytest.mark.parametrize("path", ["/data/1", "/admin", "/data/../admin", "//admin", "/nothing"])
def test_an_absolute_target_is_decided_by_its_path(behind: Behind, host: str, path: str) -> None:
    for scheme in ("http", "https"):
        target = f"{scheme}://{host.format(host=behind.host)}{path}"
        _, arrived = behind.send(f"GET {target}")
        if arrived:
            assert behind.lets_in("GET", path), target
            assert arrived[0].target.endswith(path)
            assert arrived[0].all("host") == [behind.host]


# --- what a client says of itself ---------------------------------------------------------------

SPOOFED = [
    f"{name}: admin"
    for name in (
        "X-Auth-Subject", "x-auth-scopes", "X-AUTH-CLIENT", "X-Auth-Anything", "X_Auth_Subject",
        "X-Auth_Scopes", "X_Auth-Client", "X.Auth.Subject", "X-Auth.Scopes", "x_auth_subject",
    )
]  # fmt: skip


@pytest.mark.parametrize("target", ["/data/1", "/public/x", "/admin/x", "/nothing"])
def test_nothing_that_only_the_gateway_says_arrives_from_anybody_else(
    behind: Behind, target: str
) -> None:
    for spoofed in SPOOFED:
        for headers in ((spoofed,), (spoofed, spoofed), ("X-Auth-Subject: x", spoofed)):
            _, arrived = behind.send(f"GET {target}", *headers)
            for request in arrived:
                assert behind.lets_in("GET", target)
                said = {k.lower(): v for k, v in request.headers if OURS.match(k) and v}
                assert "admin" not in said.values(), headers
                assert said.keys() <= {"x-auth-subject", "x-auth-scopes", "x-auth-client"}


FORWARDED = [
    "X-Forwarded-Uri: /public/x", "X-Forwarded-Method: GET", "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: https", "X-Original-Uri: /public/x", "X-Original-Method: GET",
    "X-Original-Url: /public/x", "X-Rewrite-Url: /public/x", "X-Http-Method-Override: GET",
    "X_Forwarded_Uri: /public/x", "X.Forwarded.Uri: /public/x", "X_Original_Uri: /public/x",
    "X-Forwarded-Uri: /public/x\r\nX-Forwarded-Uri: /public/y",
    "X-Forwarded-Host: evil.example\r\nX-Forwarded-Host: evil.example",
    "X-Original-Uri: /public/x\r\nX-Original-Uri: /public/x",
    "Forwarded: host=evil.example;proto=https", "X-Forwarded-For: 127.0.0.1",
    "Authorization: Bearer x", "Authorization: Bearer x\r\nAuthorization: Bearer y",
    "Content-Length: 0", "Connection: close, X-Forwarded-Uri", "Connection: close, Authorization",
    "Connection: close, X-Original-Uri",
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/admin/x"), ("POST", "/data/1/2/3/admin"), ("GET", "/nothing")]
)
def test_no_header_of_the_clients_opens_what_is_closed(
    behind: Behind, method: str, target: str
) -> None:
    closed = not behind.lets_in(method, target)
    for header in FORWARDED:
        status, arrived = behind.send(f"{method} {target}", header)
        if closed:
            assert arrived == [], header
            assert status >= 400, header


def test_what_the_client_says_of_itself_does_not_reach_the_application(behind: Behind) -> None:
    for header in FORWARDED:
        _, arrived = behind.send("GET /data/1", header)
        for request in arrived:
            assert request.target == "/data/1"
            assert request.all("host") == [behind.host]
            assert request.all("x-forwarded-host") == [behind.host]
            assert request.all("x-forwarded-proto") == ["http"]
            assert request.all("authorization") in ([f"Bearer {behind.token}"], [])
            assert request.all("x-forwarded-for") == ["127.0.0.1"]
            names = {
                name.lower().replace("_", "-").replace(".", "-") for name, _ in request.headers
            }
            assert not names & MISLEADING, header


def test_who_passes_is_told_to_the_application(behind: Behind) -> None:
    _, [request] = behind.send("GET /data/1", "cookie: a=1; scopewright_session=x; b=2")
    assert request.all("x-auth-scopes") == [READ]
    assert request.all("x-auth-subject") == request.all("x-auth-client")
    assert request.all("authorization") == [f"Bearer {behind.token}"]
    assert request.all("cookie") == ["a=1; b=2"]
    _, [anonymous] = behind.send("GET /public/x", "authorization: Basic eA==", "cookie: a=1")
    assert not any(OURS.match(name) and value for name, value in anonymous.headers)
    assert anonymous.all("authorization") == ["Basic eA=="]


def test_an_answer_with_long_headers_passes(behind: Behind) -> None:
    cookie = "a=" + "b" * 7000
    status, [request] = behind.send("GET /data/1", f"cookie: {cookie}")
    assert (status, request.all("cookie")) == (200, [cookie])


def test_a_program_is_told_what_is_missing(behind: Behind) -> None:
    for headers in ({}, {"authorization": "Bearer junk"}, {"cookie": "scopewright_session=x"}):
        answer = httpx.get(f"{behind.url}/data/1", headers=headers)
        assert answer.status_code == 401
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith('Bearer realm="scopewright"')
        assert ("invalid_token" in challenge) is bool(headers)
        assert "location" not in answer.headers


# --- a person -----------------------------------------------------------------------------------


def test_a_person_signs_in_uses_the_application_and_leaves(behind: Behind) -> None:
    with a_browser(headers=PAGE, follow_redirects=True) as browser:
        asked = browser.get(f"{behind.url}/data/1?x=y&z=/a", follow_redirects=False)
        assert asked.status_code == 302
        assert "no-store" in asked.headers["cache-control"]
        assert asked.headers["location"] == (
            f"{behind.url}/.scopewright/login?continue=/data/1%3Fx%3Dy%26z%3D/a"
        )
        sign_in(browser, behind.server, behind.mailbox)
        page = browser.get(f"{behind.url}/data/1?x=y&z=/a")
        assert (str(page.url), page.json()["target"]) == (
            f"{behind.url}/data/1?x=y&z=/a",
            "/data/1?x=y&z=/a",
        )
        arrived = behind.application.arrived[-1]
        assert arrived.all("authorization")[0].startswith("Bearer ey")
        assert arrived.all("x-auth-scopes") == [READ]
        assert arrived.all("cookie") == []  # all that it has are ours
        assert browser.get(f"{behind.url}/admin/x").status_code == 403
        changed = f"{behind.url}/data/1"
        assert browser.post(changed).status_code == 403
        assert browser.post(changed, headers={"origin": "http://evil.example"}).status_code == 403
        assert browser.post(changed, headers={"origin": behind.url}).status_code == 200
        assert browser.post(changed, headers={"sec-fetch-site": "same-origin"}).status_code == 200
        leaving = f"{behind.url}/.scopewright/logout"
        assert "Sign out?" in browser.get(leaving).text
        assert browser.post(leaving).status_code == 403
        left = browser.post(leaving, headers={"sec-fetch-site": "same-origin"})
        assert "Signed out" in left.text
        assert browser.get(changed, headers={"accept": "*/*"}).status_code == 401
        again = browser.get(changed)
        assert again.url.path == "/sign-in"


# --- Traefik, of which there is no package to run ------------------------------------------------


def test_the_sample_for_traefik_takes_from_our_answer_all_that_the_others_take() -> None:
    sample = yaml.safe_load((SAMPLES / "application.traefik.yml").read_text())
    forward = sample["http"]["middlewares"]["application-verify"]["forwardAuth"]
    assert forward["trustForwardHeader"] is False
    assert forward["address"] == "AUTH/w/WORKSPACE/verify?application=APPLICATION"
    caddy = (SAMPLES / "application.Caddyfile").read_text()
    copied = set(re.findall(r"request_header @\w+ ([A-Za-z-]+) \{rp\.header\.\1\}", caddy))
    assert set(forward["authResponseHeaders"]) == copied
    used = {m for r in sample["http"]["routers"].values() for m in r["middlewares"]}
    assert used == sample["http"]["middlewares"].keys()
