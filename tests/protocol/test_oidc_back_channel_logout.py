"""OpenID Connect Back-Channel Logout 1.0: clients are told of ended sessions, until they answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from queue import Queue
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select

from scopewright.core.logout import EVENT, PAUSES
from scopewright.core.model import (
    ApiKey,
    ChangeKind,
    Client,
    Principal,
    PrincipalKind,
)
from scopewright.core.oauth import hash_secret
from scopewright.core.registration import ClientRegistration
from scopewright.core.scopes import EVERYTHING
from scopewright.ids import new_api_key_secret, new_id
from scopewright.keys import KeyRing
from scopewright.outbound import Fetcher
from scopewright.services.logout_notices import LogoutNotices
from scopewright.settings.tree import OutboundSettings
from scopewright.store import api_keys, schema, sessions, workspaces
from tests.people import Browser, Stage, answer_of
from tests.protocol.issuer import Issuer, running_site
from tests.tls import HERE, CertificateAuthority, HttpsSite, Received, Reply, https_site

EMAIL = "ann@example.com"
TAKEN = Reply(b"", 200)
NOBODY = "localhost:9"  # nothing listens there


@pytest.fixture(scope="module")
def site(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@dataclass
class Scene:
    """A person in session with clients that listen at `site`, and who tells them."""

    stage: Stage
    site: HttpsSite
    notices: LogoutNotices
    browser: Browser
    person: Principal
    paths: list[str] = field(default_factory=list)

    def client(self, *, answers: Reply = TAKEN, **said: Any) -> Client:
        """A client that listens at a path of its own."""
        path = f"/{new_id('out')}"
        self.paths.append(path)
        self.site.answers[path] = answers
        url = self.site.url(path)
        return self.stage.client(
            registration=ClientRegistration(backchannel_logout_uri=url, **said)
        )

    def session(self, client: Client, scope: str = "openid") -> dict[str, Any]:
        page = self.browser.get(self.stage.authorize_url(client, scope=scope))
        if page.status_code == 200:
            page = self.browser.submit(page)
        return dict(self.stage.exchange(client, answer_of(page)["code"]).json())

    def leave(self, tokens: dict[str, Any]) -> None:
        """The person signs out at the client's request."""
        url = httpx.URL(f"{self.stage.issuer}/end-session", params={
            "id_token_hint": tokens["id_token"]
        })  # fmt: skip
        assert "signed out" in self.browser.get(str(url)).text

    def deliver(self) -> int:
        return self.notices.deliver(self.stage.clock())

    @property
    def received(self) -> list[Received]:
        """What this scene's clients were told."""
        return [each for each in self.site.received if each.path in self.paths]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The claims of each logout token, as a stranger's library reads them."""
        return [dict(self.read(each).claims) for each in self.received]

    def read(self, received: Received) -> jwt.Token:
        (token,) = parse_qs(received.body.decode())["logout_token"]
        keys = self.stage.browser().ask("GET", f"{self.stage.issuer}/jwks").json()
        return jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256", "ES256"])

    @property
    def waiting(self) -> int:
        """How many notices are still to be delivered."""
        mine = schema.logout_notices.c.workspace_id == self.stage.workspace.id
        with self.stage.database.read() as tx:
            counted = select(func.count()).select_from(schema.logout_notices).where(mine)
            return int(tx.scalar(counted))

    def sid(self, tokens: dict[str, Any]) -> str:
        keys = self.stage.browser().ask("GET", f"{self.stage.issuer}/jwks").json()
        token = jwt.decode(tokens["id_token"], KeySet.import_key_set(keys), algorithms=["RS256"])
        return str(token.claims["sid"])


def who_tells(stage: Stage, outbound: OutboundSettings) -> LogoutNotices:
    return LogoutNotices(stage.database, KeyRing(), Fetcher(outbound), stage.origin)


@pytest.fixture
def scene(stage: Stage, site: HttpsSite, certificate_authority: CertificateAuthority) -> Scene:
    ca_file = str(certificate_authority.ca_file)
    outbound = OutboundSettings(allow=(site.allow, NOBODY), ca_file=ca_file)
    with stage.database.write() as tx:
        tx.run(schema.logout_notices.delete())  # what other tests have left
    person = stage.person(EMAIL, "sensor:read")
    return Scene(stage, site, who_tells(stage, outbound), stage.signed_in(EMAIL), person)


# --- what a client is told ----------------------------------------------------------------------


def test_a_client_is_told_whose_session_is_over(scene: Scene) -> None:
    client = scene.client()
    tokens = scene.session(client)
    scene.leave(tokens)
    assert scene.deliver() == 1
    (received,) = scene.received
    assert received.method == "POST"
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert set(parse_qs(received.body.decode())) == {"logout_token"}
    token, now = scene.read(received), int(scene.stage.clock().timestamp())
    assert token.header == {"alg": "RS256", "kid": token.header["kid"], "typ": "logout+jwt"}
    assert token.claims.pop("jti")
    assert token.claims == {
        "iss": scene.stage.issuer,
        "aud": client.id,
        "iat": now,
        "exp": now + 120,
        "events": {EVENT: {}},
        "sub": scene.person.id,
        "sid": scene.sid(tokens),
    }


def test_it_is_signed_as_the_clients_id_tokens_are(scene: Scene) -> None:
    tokens = scene.session(scene.client())
    scene.session(scene.client(id_token_signed_response_alg="ES256"))
    scene.leave(tokens)
    scene.deliver()
    assert {scene.read(each).header["alg"] for each in scene.received} == {"RS256", "ES256"}


def test_each_client_of_the_sign_in_is_told_of_its_own_session(scene: Scene) -> None:
    one, other, deaf = scene.client(), scene.client(), scene.stage.client()
    sids = {client.id: scene.sid(scene.session(client)) for client in (one, other)}
    scene.leave(scene.session(deaf))
    assert scene.deliver() == 2
    assert {told["aud"]: told["sid"] for told in scene.told} == sids
    assert scene.waiting == 0


def test_a_client_whose_session_goes_on_is_told_that_its_person_has_left(scene: Scene) -> None:
    client = scene.client()
    lasting = scene.session(client, "openid offline_access")
    scene.leave(scene.session(scene.stage.client()))
    scene.deliver()
    assert [told["sid"] for told in scene.told] == [scene.sid(lasting)]


# --- of which ends it is told -------------------------------------------------------------------


def as_admin(scene: Scene, method: str, path: str) -> None:
    """A call of the management API, with a key of the workspace's administrator."""
    stage, id = scene.stage, new_id("key")
    admin = stage.person("admin@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    secret = new_api_key_secret(id)
    key = ApiKey(
        id, admin.id, stage.workspace.id, hash_secret(secret), EVERYTHING, "", admin.id,
        stage.clock(),
    )  # fmt: skip
    with stage.database.write() as tx:
        workspaces.touch(tx, stage.workspace.id, ChangeKind.API_KEY, id, at=stage.clock())
        api_keys.add(tx, key)
    url = f"{stage.origin}/api/workspaces/{stage.workspace.id}{path}"
    answer = stage.browser().ask(method, url, headers={"authorization": f"Bearer {secret}"})
    assert answer.is_success, answer.text


def by_the_api(scene: Scene, _client: Client, tokens: dict[str, Any]) -> None:
    as_admin(scene, "DELETE", f"/sessions/{scene.sid(tokens)}")


def by_removing_the_person(scene: Scene, _client: Client, _tokens: dict[str, Any]) -> None:
    as_admin(scene, "DELETE", f"/end-users/{EMAIL}")


def by_revoking_the_refresh_token(scene: Scene, client: Client, tokens: dict[str, Any]) -> None:
    form = {"client_id": client.id, "token": tokens["refresh_token"]}
    answer = scene.stage.browser().ask("POST", f"{scene.stage.issuer}/revoke", data=form)
    assert answer.status_code == 200


def by_a_replay(scene: Scene, client: Client, tokens: dict[str, Any]) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": client.id,
        "refresh_token": tokens["refresh_token"],
    }
    url = f"{scene.stage.issuer}/token"
    assert scene.stage.browser().ask("POST", url, data=form).status_code == 200
    scene.stage.clock.advance(minutes=1)
    assert scene.stage.browser().ask("POST", url, data=form).status_code == 400


@pytest.mark.parametrize(
    "end", [by_the_api, by_removing_the_person, by_revoking_the_refresh_token, by_a_replay]
)
def test_a_client_is_told_however_its_session_ends(scene: Scene, end: Any) -> None:
    client = scene.client()
    tokens = scene.session(client)
    sid = scene.sid(tokens)
    end(scene, client, tokens)
    scene.deliver()
    assert [told["sid"] for told in scene.told] == [sid]


def test_a_client_is_told_of_a_member_who_is_removed(scene: Scene) -> None:
    stage, client = scene.stage, scene.client()
    bob = stage.person("bob@example.com", kind=PrincipalKind.MEMBER, role="iotman:viewer")
    anns = scene.sid(scene.session(client))
    with stage.database.write() as tx:
        session = sessions.get(tx, anns)
        assert session is not None
        sessions.add(tx, replace(session, id=new_id("ses"), principal_id=bob.id))
    as_admin(scene, "DELETE", "/members/bob@example.com")
    scene.deliver()
    assert [told["sub"] for told in scene.told] == [bob.id]


def test_a_logout_token_opens_nothing_and_signs_nobody_out(scene: Scene) -> None:
    client = scene.client()
    by_revoking_the_refresh_token(scene, client, scene.session(client))
    scene.deliver()
    (token,) = parse_qs(scene.received[0].body.decode())["logout_token"]
    answer = scene.browser.ask("GET", f"{scene.stage.issuer}/end-session?id_token_hint={token}")
    assert "Sign out?" in answer.text
    headers = {"authorization": f"Bearer {token}"}
    refused = scene.browser.ask("GET", f"{scene.stage.issuer}/userinfo", headers=headers)
    assert refused.status_code == 401


def test_of_what_was_rolled_back_nobody_is_told(scene: Scene) -> None:
    sid = scene.sid(scene.session(scene.client()))

    def refused() -> None:
        with scene.stage.database.write() as tx:
            assert sessions.end(tx, sid, at=scene.stage.clock(), why="tried")
            raise LookupError

    with pytest.raises(LookupError):
        refused()
    assert scene.waiting == 0


def test_a_session_ends_once_and_is_told_of_once(scene: Scene) -> None:
    sid = scene.sid(scene.session(scene.client()))
    with scene.stage.database.write() as tx:
        ended = [sessions.end(tx, sid, at=scene.stage.clock(), why="") for _ in range(2)]
    assert ended == [True, False]
    assert scene.deliver() == 1


# --- until it answers -----------------------------------------------------------------------------


def an_ended_session(scene: Scene, **said: Any) -> str:
    """The path at which the client of an ended session listens."""
    scene.leave(scene.session(scene.client(**said)))
    return scene.paths[-1]


def test_a_client_in_trouble_is_told_again_later_with_a_new_token(scene: Scene) -> None:
    path = an_ended_session(scene, answers=Reply(b"", 503))
    assert scene.deliver() == 1
    scene.stage.clock.advance(seconds=9)
    assert scene.deliver() == 0
    scene.stage.clock.advance(seconds=1)
    scene.site.answers[path] = TAKEN
    assert scene.deliver() == 1
    scene.stage.clock.advance(days=1)
    assert scene.deliver() == 0
    first, second = scene.told
    assert first["jti"] != second["jti"]
    assert (second["iat"], second["sid"]) == (first["iat"] + 10, first["sid"])


def test_after_the_last_try_in_vain_it_is_given_up(scene: Scene) -> None:
    an_ended_session(scene, answers=Reply(b"", 500))
    for pause in PAUSES:
        assert scene.deliver() == 1
        assert scene.waiting == 1
        scene.stage.clock.advance(seconds=int(pause.total_seconds()))
    assert scene.deliver() == 1
    assert scene.waiting == 0
    assert len(scene.received) == len(PAUSES) + 1


@pytest.mark.parametrize("status", [204, 302, 400, 404])
def test_an_answer_for_good_settles_it(scene: Scene, status: int) -> None:
    headers = {"location": scene.site.url("/elsewhere")}
    an_ended_session(scene, answers=Reply(b"", status, headers))
    assert scene.deliver() == 1
    assert scene.waiting == 0
    assert len(scene.received) == 1
    assert "/elsewhere" not in {each.path for each in scene.site.received}


def test_a_client_that_may_not_be_asked_is_never_asked(scene: Scene) -> None:
    an_ended_session(scene)
    told = who_tells(scene.stage, OutboundSettings())  # loopback is not allowed here
    assert told.deliver(scene.stage.clock()) == 1
    assert scene.received == []
    assert scene.waiting == 1


def test_one_that_cannot_be_reached_delays_no_other(scene: Scene) -> None:
    gone = ClientRegistration(backchannel_logout_uri=f"https://{NOBODY}/gone")
    tokens = scene.session(scene.stage.client(registration=gone))
    scene.session(scene.client())
    scene.leave(tokens)
    assert scene.deliver() == 2
    assert len(scene.received) == 1
    assert scene.waiting == 1


def test_two_processes_tell_it_once(scene: Scene) -> None:
    an_ended_session(scene)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: scene.deliver(), range(4)))
    assert sum(counts) == 1
    assert len(scene.received) == 1


def test_a_client_that_listens_no_more_is_left_alone(scene: Scene) -> None:
    an_ended_session(scene)
    with scene.stage.database.write() as tx:
        mine = schema.clients.c.workspace_id == scene.stage.workspace.id
        tx.run(schema.clients.update().where(mine).values(registration={}))
    assert scene.deliver() == 1
    assert scene.received == []
    assert scene.waiting == 0


# --- by a running server ------------------------------------------------------------------------


def test_a_server_tells_it_by_itself(
    migrated_database_url: str, site: HttpsSite, certificate_authority: CertificateAuthority
) -> None:
    bodies: Queue[bytes] = Queue()

    def take(handler: BaseHTTPRequestHandler) -> None:
        bodies.put(site.received[-1].body)
        handler.send_response(204)
        handler.end_headers()

    site.answers["/by-itself"] = take
    outbound = {"allow": [site.allow], "ca_file": str(certificate_authority.ca_file)}
    with running_site(migrated_database_url, outbound=outbound) as server:
        issuer = Issuer.new(server)
        url = site.url("/by-itself")
        phone = issuer.phone_app(registration=ClientRegistration(backchannel_logout_uri=url))
        tokens = issuer.signed_in(phone, issuer.person("a"), "openid")
        issuer.revoke(phone, tokens["refresh_token"])
        assert bodies.get(timeout=20).startswith(b"logout_token=")
