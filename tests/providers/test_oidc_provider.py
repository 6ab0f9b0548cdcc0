"""People of oidc-provider (npm), a certified OpenID provider: signed in by code, and by its tokens.

It runs as a process of its own, by https, and keeps its own time.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pytest

from scopewright.core.model import ChangeKind, Grant
from scopewright.store import grants, workspaces
from tests.clock import FrozenClock
from tests.people import CHALLENGE, ORIGIN, VERIFIER, Stage, answer_of, claims_of
from tests.providers.stages import Open, record, sent_away
from tests.providers.upstreams import AUDIENCE
from tests.tls import HERE, CertificateAuthority
from tests.visitors import a_browser

PEERS = Path(__file__).parent / "peers"
SECRET = "s e:cret"
BACK = f"{ORIGIN}/sign-in/from/up"
PROGRAM = {"client_id": "a-program", "redirect_uri": "http://127.0.0.1/callback"}
SECONDS = 60
STEPS = 10


@dataclass(frozen=True)
class Peer:
    """The provider as it runs."""

    issuer: str
    process: subprocess.Popen[str]

    def rotate(self) -> None:
        """From now on it signs with other keys, and has forgotten who was signed in."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print("rotate", file=self.process.stdin, flush=True)
        assert json.loads(self.process.stdout.readline()) == {"done": "rotate"}

    def visited(self, url: str, who: str, *, ending: str) -> str:
        """Where the browser of somebody ends who opens this URL and agrees to all that is asked."""
        with a_browser() as browser:
            page = browser.get(url)
            for _ in range(STEPS):
                if page.is_redirect:
                    location = urljoin(str(page.url), page.headers["location"])
                    if location.startswith(ending):
                        return location
                    page = browser.get(location)
                else:
                    page = self._agreed(browser, page, who)
        raise AssertionError(f"no answer after {STEPS} steps: {page.text}")

    @staticmethod
    def _agreed(browser: httpx.Client, page: httpx.Response, who: str) -> httpx.Response:
        action = re.search(r'action="([^"]+)"', page.text)
        prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
        assert action is not None, page.text
        assert prompt is not None, page.text
        fields = {"prompt": prompt[1], "login": who, "password": "any"}
        return browser.post(urljoin(str(page.url), action[1]), data=fields)

    def access_token(self, who: str, scope: str) -> str:
        """What a program of somebody's gets there by code with PKCE."""
        asked = {**PROGRAM, "response_type": "code", "scope": scope, "state": "s",
                 "code_challenge": CHALLENGE, "code_challenge_method": "S256"}  # fmt: skip
        url = f"{self.issuer}/auth?{urlencode(asked)}"
        location = self.visited(url, who, ending=PROGRAM["redirect_uri"])
        code = dict(parse_qsl(urlsplit(location).query))["code"]
        form = {**PROGRAM, "grant_type": "authorization_code", "code": code,
                "code_verifier": VERIFIER}  # fmt: skip
        with a_browser() as program:
            answer = program.post(f"{self.issuer}/token", data=form)
        return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def peer(certificate_authority: CertificateAuthority) -> Iterator[Peer]:
    own = certificate_authority.issue(*HERE)
    use = {"certificate": str(own.chain), "key": str(own.key), "redirect_uri": BACK,
           "secret": SECRET, "audience": AUDIENCE}  # fmt: skip
    process = subprocess.Popen(
        ["node", "oidc-provider.mjs"], cwd=PEERS, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    limit = Timer(SECONDS, process.kill)
    limit.start()
    try:
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            print(json.dumps(use), file=process.stdin, flush=True)
            yield Peer(json.loads(process.stdout.readline())["issuer"], process)
            process.stdin.close()
    finally:
        limit.cancel()
        process.kill()


@pytest.fixture
def stage(opened: Open, peer: Peer, certificate_authority: CertificateAuthority) -> Stage:
    provider = {
        "provider": "up",
        "authenticator": "proxied",
        "args": {
            "issuer": peer.issuer,
            "audience": AUDIENCE,
            "client_id": "us",
            "client_secret": SECRET,
            "scope": "openid profile groups",
        },
        "on_first_sign_in": "create",
        "rules": [{"claim": "groups", "value": "staff", "roles": ["iotman:viewer"]}],
    }
    allow = [peer.issuer.removeprefix("https://")]
    outbound = {"allow": allow, "ca_file": str(certificate_authority.ca_file)}
    clock = FrozenClock(datetime.now(UTC))
    return opened(provider, sections={"outbound": outbound}, clock=clock)


def scopes(stage: Stage, token: str) -> list[str] | int:
    headers = {"authorization": f"Bearer {token}"}
    answer = stage.browser().ask("GET", "/api/whoami", headers=headers)
    found: list[str] | int = answer.status_code
    if answer.status_code == 200:
        found = answer.json()["scopes"]
    return found


def test_somebody_signs_in_there_by_code_and_goes_on_with_what_a_client_wants(
    stage: Stage, peer: Peer
) -> None:
    browser, client = stage.browser(), stage.client()
    shown = sent_away(browser, browser.get(stage.authorize_url(client)))
    url = shown.headers["refresh"].removeprefix("0; url=")
    consent = browser.get(peer.visited(url, "ann", ending=BACK))
    code = answer_of(browser.submit(consent))["code"]
    token = claims_of(stage.exchange(client, code).json()["access_token"])
    ann = record(stage, "ann", provider="up")
    assert ann is not None
    assert ann.name == "ann of the staff"
    assert token["sub"] == ann.id
    assert "iotman:scopes:read" in token["scope"].split()


def test_its_access_tokens_open_what_they_name_of_what_is_held_here(
    stage: Stage, peer: Peer
) -> None:
    token = peer.access_token("bob", "openid sensor:read video:gold")
    assert claims_of(token)["aud"] == AUDIENCE
    assert scopes(stage, token) == []
    bob = record(stage, "bob", provider="up")
    assert bob is not None
    given = Grant(bob.id, "sensor:read", "admin", stage.clock())
    with stage.database.write() as tx:
        here = stage.workspace.id
        workspaces.touch(tx, here, ChangeKind.HOLDINGS, bob.id, at=stage.clock())
        grants.add(tx, here, grant=given)
    assert scopes(stage, token) == ["sensor:read"]
    assert scopes(stage, peer.access_token("bob", "openid video:gold")) == []
    head, body, signature = token.split(".")
    assert scopes(stage, f"{head}.{body}.{signature[::-1]}") == 401


def test_its_new_keys_are_looked_for(stage: Stage, peer: Peer) -> None:
    assert scopes(stage, peer.access_token("carl", "openid sensor:read")) == []
    peer.rotate()
    rotated = peer.access_token("carl", "openid sensor:read")
    assert scopes(stage, rotated) == 401  # its keys were fetched a moment ago
    stage.clock.advance(seconds=31)
    assert scopes(stage, rotated) == []
    browser = stage.browser()
    url = sent_away(browser).headers["refresh"].removeprefix("0; url=")
    assert browser.get(peer.visited(url, "carl", ending=BACK)).url.path == "/me"
