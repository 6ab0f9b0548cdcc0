"""Signing in at another OpenID provider: the way there and back, and what is not believed."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import select

from scopewright.core.id_tokens import half_hash
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.ids import new_uuid
from scopewright.settings.authentication import ProviderSettings
from scopewright.store import principals, schema
from tests.client_keys import ClientKey
from tests.people import Browser, Stage
from tests.providers.stages import Open, record, sent_away
from tests.providers.upstreams import NOW, WELL_KNOWN, Upstream
from tests.tls import CertificateAuthority, Reply


@pytest.fixture
def stage(opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority) -> Stage:
    return staged(opened, upstream, certificate_authority)


def staged(
    opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority, **said: Any
) -> Stage:
    args = {"issuer": upstream.issuer, "client_id": "us", "client_secret": "s e:cret"}
    args |= said.pop("args", {})
    provider = {"provider": "up", "authenticator": "oidc", "title": "Upstream",
                "on_first_sign_in": "create", "args": args} | said  # fmt: skip
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


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/idp/token", slowly),
        ("/idp/token", Reply(b"<html>")),
        ("/idp/jwks", Reply(status=503)),
        ("/idp/jwks", Reply(b'{"keys": []}')),
    ],
    ids=["slow", "no json", "no keys now", "no key"],
)
def test_whatever_else_goes_wrong_there_is_one_clear_page(
    stage: Stage, upstream: Upstream, path: str, answer: Any
) -> None:
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    upstream.site.answers[path] = answer
    refused = back(browser, code="c", state=asked["state"])
    assert refused.status_code == 503
    assert "Try again later" in refused.text
    assert browser.get("/me").url.path == "/sign-in"


def test_a_password_is_not_taken_where_none_is_asked_for(stage: Stage) -> None:
    browser = stage.browser()
    fields = stage.fields(browser.get("/sign-in"), form=1)
    sent = {**fields, "username": "a", "password": "b"}
    assert browser.ask("POST", "/sign-in/with/up", data=sent).status_code == 400
    assert browser.ask("GET", "/sign-in/from/none?state=x").status_code == 404


# --- pages of the operator's ----------------------------------------------------------------------

WELCOME, SORRY = "https://ui.example/welcome", "https://ui.example/sorry?from=up"


@pytest.fixture
def leading(opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority) -> Stage:
    """A stage whose provider leads to pages of the operator's."""
    pages = {"redirect_on_success": WELCOME, "redirect_on_failure": SORRY}
    return staged(opened, upstream, certificate_authority, on_first_sign_in="invited_only", **pages)


def test_whoever_no_client_waits_for_goes_to_the_page_of_success(
    leading: Stage, upstream: Upstream
) -> None:
    leading_in(leading, upstream)
    browser = leading.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    answer = back(browser, code="c", state=asked["state"])
    assert (answer.status_code, answer.headers["location"]) == (303, WELCOME)
    assert browser.get("/me").url.path == "/me"


def leading_in(stage: Stage, upstream: Upstream) -> None:
    """Somebody has invited whom the upstream calls u-1."""
    now, identity = stage.clock(), Identity("up", "u-1")
    kind = PrincipalKind.END_USER
    person = Principal(new_uuid(), stage.workspace.id, kind, "u-1", identity, now)
    with stage.database.write() as tx:
        principals.add(tx, person)


def test_whoever_a_client_waits_for_goes_on_to_it_all_the_same(
    leading: Stage, upstream: Upstream
) -> None:
    leading_in(leading, upstream)
    browser = leading.browser()
    shown = sent_away(browser, browser.get(leading.authorize_url(leading.client())))
    url = shown.headers["refresh"].removeprefix("0; url=")
    asked = dict(parse_qsl(urlsplit(url).query))
    upstream.grant(asked["nonce"])
    assert "/authorize/" in back(browser, code="c", state=asked["state"]).url.path


def test_the_operators_message_stands_before_the_page_of_success(
    opened: Open, upstream: Upstream, certificate_authority: CertificateAuthority
) -> None:
    args = {"redirect_on_success": WELCOME, "confirmation_message": "Hello {id}"}
    stage = staged(opened, upstream, certificate_authority, args=args)
    browser = stage.browser()
    asked = away(browser)
    upstream.grant(asked["nonce"])
    shown = back(browser, code="c", state=asked["state"])
    assert "Hello u-1" in shown.text
    assert f'href="{WELCOME}"' in shown.text


@pytest.mark.parametrize(
    ("query", "granted", "code"),
    [
        ({"code": "c"}, {}, "access_denied"),  # a stranger here
        ({"error": "access_denied"}, {}, "access_denied"),
        ({"error": "server_error", "error_description": "secret"}, {}, "invalid_request"),
        ({"code": "c", "state": "junk"}, {}, "invalid_request"),
        ({"code": "c"}, {"nonce": "another"}, "invalid_request"),
        ({"code": "c"}, None, "temporarily_unavailable"),
    ],
    ids=str,
)
def test_a_failure_goes_to_the_other_page_with_one_word_and_no_more(
    leading: Stage,
    upstream: Upstream,
    query: dict[str, str],
    granted: dict[str, Any] | None,
    code: str,
) -> None:
    browser = leading.browser()
    asked = away(browser)
    if granted is None:
        upstream.answer("/idp/token", {"error": "invalid_grant"}, 400)
    else:
        upstream.grant(**{"nonce": asked["nonce"], **granted})
    answer = back(browser, **{"state": asked["state"], **query})
    location = answer.headers["location"]
    assert (answer.status_code, location) == (303, f"{SORRY}&error={code}")
    assert browser.get("/me").url.path == "/sign-in"


@pytest.mark.parametrize(
    "url",
    ["//evil.example", "/me", "javascript:alert(1)", "com.example.app:/x", "http://ui.example/",
     "https://ui.example/#x", "https://me@ui.example/", "https://ui.example/a b", "https:///x"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["redirect_on_success", "redirect_on_failure"])
def test_only_a_page_can_be_led_to(name: str, url: str) -> None:
    for said in ({name: url}, {"args": {name: url}}):
        with pytest.raises(ValidationError, match=name):
            ProviderSettings.model_validate({"provider": "up", "authenticator": "oidc", **said})
