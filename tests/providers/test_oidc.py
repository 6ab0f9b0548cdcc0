"""Signing in at another OpenID provider: the way there and back, and what is not believed."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import select

from scopewright.core.id_tokens import half_hash
from scopewright.store import schema
from tests.client_keys import ClientKey
from tests.clock import FrozenClock
from tests.people import Browser, Stage
from tests.providers.stages import Open, record, sent_away
from tests.tls import HERE, CertificateAuthority, HttpsSite, Reply, https_site

WELL_KNOWN = "/.well-known/openid-configuration"
NOW = FrozenClock()()
ACCESS = "an-access-token"


@dataclass
class Upstream:
    """An OpenID provider that says what a test wants."""

    site: HttpsSite
    key: ClientKey = field(default_factory=lambda: ClientKey(NOW, kid="one"))
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return self.site.url("/idp")

    def publish(self, *keys: ClientKey, **document: Any) -> None:
        self.site.answers.clear()
        self.site.received.clear()
        described = {
            "issuer": self.issuer,
            "authorization_endpoint": self.site.url("/idp/authorize"),
            "token_endpoint": self.site.url("/idp/token"),
            "jwks_uri": self.site.url("/idp/jwks"),
        } | document
        self.answer(f"/idp{WELL_KNOWN}", described)
        self.answer("/idp/jwks", {"keys": [key.public for key in keys or (self.key,)]})

    def answer(self, path: str, value: Any, status: int = 200) -> None:
        self.site.answers[path] = Reply(json.dumps(value).encode(), status)

    def grant(self, nonce: str, *, key: ClientKey | None = None, **said: Any) -> None:
        """What the token endpoint answers; a claim of None is left out."""
        claims = {
            "iss": self.issuer,
            "sub": "u-1",
            "aud": "us",
            "exp": int(NOW.timestamp()) + 300,
            "iat": int(NOW.timestamp()),
            "nonce": nonce,
            "at_hash": half_hash(ACCESS),
            "name": "Ann",
            "groups": ["staff"],
        } | said
        kept = {name: value for name, value in claims.items() if value is not None}
        token = (key or self.key).sign(kept)
        self.answer("/idp/token", {"id_token": token, "access_token": ACCESS})


@pytest.fixture(scope="module")
def elsewhere(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture
def upstream(elsewhere: HttpsSite) -> Upstream:
    found = Upstream(elsewhere)
    found.publish()
    return found


@pytest.fixture
def stage(opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority) -> Stage:
    args = {"issuer": upstream.issuer, "client_id": "us", "client_secret": "s e:cret"}
    provider = {"provider": "up", "authenticator": "oidc", "title": "Upstream",
                "on_first_sign_in": "create", "args": args}  # fmt: skip
    outbound = {
        "allow": [upstream.site.allow],
        "ca_file": str(certificate_authority.ca_file),
        "timeout": 2,
    }
    return opened(provider, sections={"outbound": outbound})


def away(browser: Browser) -> dict[str, str]:
    """The parameters with which the browser is sent there."""
    page = sent_away(browser)
    assert page.status_code == 200, page.text
    url = page.headers["refresh"].removeprefix("0; url=")
    assert url.replace("&", "&amp;") in page.text
    return dict(parse_qsl(urlsplit(url).query))


def back(browser: Browser, **query: str) -> httpx.Response:
    return browser.get(f"/sign-in/from/up?{urlencode(query)}")


# --- there and back -----------------------------------------------------------------------------


def test_the_browser_goes_there_and_comes_back_signed_in(stage: Stage, upstream: Upstream) -> None:
    browser = stage.browser()
    asked = away(browser)
    assert asked["response_type"] == "code"
    assert asked["client_id"] == "us"
    assert asked["redirect_uri"] == f"{stage.origin}/sign-in/from/up"
    assert asked["code_challenge_method"] == "S256"
    upstream.grant(asked["nonce"])
    me = back(browser, code="c", state=asked["state"])
    assert me.url.path == "/me"
    found = record(stage, "u-1", provider="up")
    assert found is not None
    assert found.name == "Ann"


def test_the_code_is_exchanged_with_the_verifier_and_the_secret(
    stage: Stage, upstream: Upstream
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    back(browser, code="the code", state=asked["state"])
    sent = next(one for one in upstream.site.received if one.path == "/idp/token")
    form = {name: values[0] for name, values in parse_qs(sent.body.decode()).items()}
    assert form["code"] == "the code"
    assert form["redirect_uri"] == asked["redirect_uri"]
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert sent.headers["authorization"] == "Basic dXM6cytlJTNBY3JldA=="


def test_it_goes_on_with_what_the_browser_was_on_its_way_to(
    stage: Stage, upstream: Upstream
) -> None:
    browser = stage.browser()
    page = browser.get(stage.authorize_url(stage.client()))
    shown = sent_away(browser, page)
    url = shown.headers["refresh"].removeprefix("0; url=")
    asked = dict(parse_qsl(urlsplit(url).query))
    upstream.grant(asked["nonce"])
    assert "/authorize/" in back(browser, code="c", state=asked["state"]).url.path


def test_neither_state_nor_verifier_nor_nonce_is_stored(stage: Stage) -> None:
    asked = away(stage.browser())
    with stage.database.read() as tx:
        (row,) = tx.all(select(schema.upstream_sign_ins))
    for secret in (asked["state"], asked["nonce"]):
        assert secret not in str(row)


# --- what the browser brings --------------------------------------------------------------------


def test_a_state_works_once(stage: Stage, upstream: Upstream) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    assert back(browser, code="c", state=asked["state"]).url.path == "/me"
    assert back(browser, code="c", state=asked["state"]).status_code == 400


def test_a_state_works_in_its_own_browser_alone(stage: Stage, upstream: Upstream) -> None:
    asked = away(stage.browser())
    upstream.grant(asked["nonce"])
    other = stage.browser()
    other.get("/sign-in")
    for browser in (other, stage.browser()):
        refused = back(browser, code="c", state=asked["state"])
        assert refused.status_code == 400
        assert browser.get("/me").url.path == "/sign-in"


def test_whoever_stays_away_for_ten_minutes_begins_anew(stage: Stage, upstream: Upstream) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"], exp=int(NOW.timestamp()) + 3600)
    stage.clock.advance(minutes=10)
    assert back(browser, code="c", state=asked["state"]).status_code == 400


@pytest.mark.parametrize(
    "query",
    [{}, {"code": "c"}, {"code": "c", "state": "junk"}, {"state": None},
     {"error": "access_denied", "state": None}, {"code": "c", "state": None, "iss": "https://e.x"}],
)  # fmt: skip
def test_an_answer_that_proves_nothing_is_one_clear_page(
    stage: Stage, upstream: Upstream, query: dict[str, str | None]
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    known = {name: asked["state"] if value is None else value for name, value in query.items()}
    refused = back(browser, **known)
    assert refused.status_code == 400
    assert "Start again" in refused.text
    assert browser.get("/me").url.path == "/sign-in"


def test_where_the_issuer_says_its_name_it_must_not_be_missing(
    stage: Stage, upstream: Upstream
) -> None:
    upstream.publish(authorization_response_iss_parameter_supported=True)
    for iss, path in (({}, "/sign-in/from/up"), ({"iss": upstream.issuer}, "/me")):
        browser = stage.browser()
        asked = away(browser)
        upstream.grant(asked["nonce"])
        assert back(browser, code="c", state=asked["state"], **iss).url.path == path


# --- what the ID token says ---------------------------------------------------------------------

SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    "said",
    [
        {"iss": "https://other.example"},
        {"aud": "somebody"},
        {"aud": ["us", "somebody"]},
        {"aud": ["us", "somebody"], "azp": "somebody"},
        {"azp": "somebody"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": SECONDS - 60},
        {"exp": None},
        {"exp": True},
        {"iat": SECONDS + 61},
        {"iat": None},
        {"nbf": SECONDS + 61},
        {"at_hash": half_hash("another")},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 5},
    ],
    ids=str,
)
def test_an_id_token_for_anything_else_signs_nobody_in(
    stage: Stage, upstream: Upstream, said: dict[str, Any]
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(**({"nonce": asked["nonce"]} | said))
    assert back(browser, code="c", state=asked["state"]).status_code == 400
    assert browser.get("/me").url.path == "/sign-in"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_algorithm_that_proves_nothing_is_refused(
    stage: Stage, upstream: Upstream, algorithm: str
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    body = json.loads(upstream.site.answers["/idp/token"].body)  # type: ignore[union-attr]
    head, claims, signature = body["id_token"].split(".")
    header = _encoded({"alg": algorithm, "kid": upstream.key.kid})
    forged = f"{header}.{claims}.{'' if algorithm == 'none' else signature}"
    upstream.answer("/idp/token", {"id_token": forged})
    assert head != header
    assert back(browser, code="c", state=asked["state"]).status_code == 400


def _encoded(header: dict[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()


def test_a_key_that_is_new_is_looked_for_and_a_strangers_is_not_believed(
    stage: Stage, upstream: Upstream
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    assert back(browser, code="c", state=asked["state"]).url.path == "/me"
    rotated = ClientKey(NOW, kid="two")
    stage.clock.advance(seconds=31)
    upstream.publish(upstream.key, rotated)
    for key, path in ((rotated, "/me"), (ClientKey(NOW, kid="two"), "/sign-in/from/up")):
        browser = stage.browser()
        asked = away(browser)
        upstream.grant(asked["nonce"], key=key)
        assert back(browser, code="c", state=asked["state"]).url.path == path


# --- an upstream that is not well ---------------------------------------------------------------


def slowly(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(4)
    handler.send_response(200)
    handler.end_headers()


def broken(upstream: Upstream) -> dict[str, Callable[[], None]]:
    def document(**said: Any) -> Callable[[], None]:
        return lambda: upstream.publish(**said)

    def put(answer: Any) -> Callable[[], None]:
        return lambda: upstream.site.answers.__setitem__(f"/idp{WELL_KNOWN}", answer)

    return {
        "slow": put(slowly),
        "gone": put(Reply(status=404)),
        "failing": put(Reply(status=500)),
        "no json": put(Reply(b"<html>")),
        "a list": put(Reply(b"[]")),
        "another issuer": document(issuer="https://other.example"),
        "no endpoint": document(token_endpoint=None),
        "no https": document(token_endpoint="http://idp.example/token"),
        "a header": document(authorization_endpoint="https://idp.example/a\r\nx: y"),
    }


@pytest.mark.parametrize(
    "case",
    ["slow", "gone", "failing", "no json", "a list", "another issuer", "no endpoint", "no https",
     "a header"],
)  # fmt: skip
def test_an_upstream_that_answers_wrongly_or_not_is_one_clear_page(
    stage: Stage, upstream: Upstream, case: str
) -> None:
    broken(upstream)[case]()
    browser = stage.browser()
    page = sent_away(browser)
    assert page.status_code == 503
    assert "Try again later" in page.text
    assert "other.example" not in page.text


@pytest.mark.parametrize("status", [400, 500])
def test_a_code_that_is_refused_there_is_one_clear_page(
    stage: Stage, upstream: Upstream, status: int
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.answer("/idp/token", {"error": "invalid_grant"}, status)
    assert back(browser, code="c", state=asked["state"]).status_code == 503


def test_a_password_is_not_taken_where_none_is_asked_for(stage: Stage) -> None:
    browser = stage.browser()
    fields = stage.fields(browser.get("/sign-in"), form=1)
    sent = {**fields, "username": "a", "password": "b"}
    assert browser.ask("POST", "/sign-in/with/up", data=sent).status_code == 400
    assert browser.ask("GET", "/sign-in/from/none?state=x").status_code == 404
