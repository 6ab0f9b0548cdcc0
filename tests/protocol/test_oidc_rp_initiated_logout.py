"""OpenID Connect RP-Initiated Logout 1.0: a person leaves, and nobody else makes them leave."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from scopewright.core.model import Client
from scopewright.core.registration import ClientRegistration
from scopewright.store import schema
from tests.people import CALLBACK, VERIFIER, Browser, Forms, Stage, answer_of

THERE = "https://app.example/signed-out"
EVIL = "https://evil.example/"
REGISTRATION = ClientRegistration(
    post_logout_redirect_uris=(THERE, "https://app.example/bye?lang=en")
)
EMAIL = "ann@example.com"


@dataclass
class Visit:
    """A person's browser, signed in and in session with a client."""

    stage: Stage
    client: Client
    browser: Browser
    tokens: dict[str, Any]

    @property
    def url(self) -> str:
        return f"{self.stage.issuer}/end-session"

    def leave(self, **parameters: str) -> httpx.Response:
        """The browser as the client sends it; no redirect followed."""
        return self.browser.ask("GET", str(httpx.URL(self.url, params=parameters)))

    def leave_with_hint(self, **parameters: str) -> httpx.Response:
        return self.leave(id_token_hint=self.tokens["id_token"], **parameters)

    def press(self, page: httpx.Response, **typed: str) -> httpx.Response:
        """The button of the page; no redirect followed."""
        form = Forms(page.text).found[0]
        fields = {**form["fields"], **typed}
        return self.browser.ask("POST", form["action"], data=fields)

    def another_session(self, client: Client, scope: str = "openid") -> dict[str, Any]:
        return begun(self.stage, self.browser, client, scope)

    @property
    def is_signed_in(self) -> bool:
        return self.browser.get("/me").url.path == "/me"

    def is_refreshable(self, client: Client, tokens: dict[str, Any]) -> bool:
        form = {
            "grant_type": "refresh_token",
            "client_id": client.id,
            "refresh_token": tokens["refresh_token"],
        }
        answer = self.browser.ask("POST", f"{self.stage.issuer}/token", data=form)
        assert answer.status_code in (200, 400)
        return answer.status_code == 200

    @property
    def is_in_session(self) -> bool:
        return self.is_refreshable(self.client, self.tokens)


def begun(stage: Stage, browser: Browser, client: Client, scope: str) -> dict[str, Any]:
    """The tokens of a new session."""
    page = browser.get(stage.authorize_url(client, scope=scope))
    if page.status_code == 200:
        page = browser.submit(page)
    return dict(stage.exchange(client, answer_of(page)["code"]).json())


@pytest.fixture
def visit(stage: Stage) -> Visit:
    stage.person(EMAIL, "sensor:read")
    client = stage.client(registration=REGISTRATION)
    browser = stage.signed_in(EMAIL)
    return Visit(stage, client, browser, begun(stage, browser, client, "openid"))


def location(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def assert_asked(answer: httpx.Response) -> None:
    """The person is asked, and the browser is sent nowhere."""
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert "<h1>Sign out?</h1>" in answer.text


# --- with an ID token of this sign-in ------------------------------------------------------------


def test_a_client_that_shows_its_id_token_signs_the_browser_out(visit: Visit) -> None:
    answer = visit.leave_with_hint(post_logout_redirect_uri=THERE, state="s t&u")
    assert location(answer) == f"{THERE}?state=s+t%26u"
    assert answer.headers["cache-control"] == "no-store"
    assert "scopewright=; " in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not visit.is_signed_in
    assert not visit.is_in_session


def test_the_state_follows_a_query_that_is_registered(visit: Visit) -> None:
    bye = "https://app.example/bye?lang=en"
    answer = visit.leave_with_hint(post_logout_redirect_uri=bye, state="s")
    assert location(answer) == f"{bye}&state=s"


def test_without_a_state_none_is_added(visit: Visit) -> None:
    assert location(visit.leave_with_hint(post_logout_redirect_uri=THERE)) == THERE


def test_without_an_address_a_page_says_that_nobody_is_signed_in(visit: Visit) -> None:
    answer = visit.leave_with_hint()
    assert answer.status_code == 200
    assert "You are signed out" in answer.text
    assert not visit.is_signed_in


def test_a_cookie_that_somebody_has_kept_is_worth_nothing_afterwards(visit: Visit) -> None:
    cookies = dict(visit.browser.http.cookies)
    visit.leave_with_hint()
    visit.browser.http.cookies.update(cookies)
    assert not visit.is_signed_in


def test_an_id_token_that_has_expired_counts_too(visit: Visit) -> None:
    visit.stage.clock.advance(hours=20)
    assert location(visit.leave_with_hint(post_logout_redirect_uri=THERE)) == THERE
    assert not visit.is_signed_in


def test_the_tokens_of_the_session_are_refused_at_once(visit: Visit) -> None:
    headers = {"authorization": f"Bearer {visit.tokens['access_token']}"}
    url = f"{visit.stage.issuer}/userinfo"
    assert visit.browser.ask("GET", url, headers=headers).status_code == 200
    visit.leave_with_hint()
    assert visit.browser.ask("GET", url, headers=headers).status_code == 401


def test_hints_about_person_and_language_are_taken_and_change_nothing(visit: Visit) -> None:
    answer = visit.leave_with_hint(
        post_logout_redirect_uri=THERE, logout_hint="x", ui_locales="de fr", unknown="y"
    )
    assert location(answer) == THERE


# --- without one, the person is asked -------------------------------------------------------------


def test_without_an_id_token_the_person_is_asked_first(visit: Visit) -> None:
    page = visit.leave(client_id=visit.client.id, post_logout_redirect_uri=THERE, state="s")
    assert_asked(page)
    assert EMAIL in page.text
    assert "app.example" in page.text
    assert "<script" not in page.text
    assert visit.is_signed_in
    assert visit.is_in_session
    answer = visit.press(page)
    assert location(answer) == f"{THERE}?state=s"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not visit.is_signed_in
    assert not visit.is_in_session


def test_a_bare_request_is_asked_about_and_ends_on_our_page(visit: Visit) -> None:
    page = visit.leave()
    assert_asked(page)
    answer = visit.press(page)
    assert location(answer) == f"/w/{visit.stage.workspace.id}/end-session"
    assert "You are signed out" in visit.browser.get(location(answer)).text
    assert not visit.is_in_session


def test_an_id_token_of_another_browsers_sign_in_is_asked_about(visit: Visit) -> None:
    elsewhere = visit.stage.signed_in(EMAIL)
    other = Visit(visit.stage, visit.client, elsewhere, visit.tokens)
    assert_asked(other.leave_with_hint(post_logout_redirect_uri=THERE))
    assert other.is_signed_in
    assert visit.is_signed_in
    assert visit.is_in_session


def test_an_id_token_of_another_person_is_asked_about(visit: Visit, stage: Stage) -> None:
    stage.person("eve@example.com")
    eve = stage.signed_in("eve@example.com")
    lure = begun(stage, eve, visit.client, "openid")
    assert_asked(visit.leave(id_token_hint=lure["id_token"], post_logout_redirect_uri=THERE))
    assert visit.is_signed_in


def test_the_page_can_neither_be_framed_nor_kept(visit: Visit) -> None:
    headers = visit.leave(client_id=visit.client.id, post_logout_redirect_uri=THERE).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"


def test_a_form_that_is_not_ours_signs_nobody_out(visit: Visit) -> None:
    url = f"{visit.url}/confirmation"
    for fields in ({"state": "s"}, {"anti_forgery": "x"}):
        assert visit.browser.ask("POST", url, data=fields).status_code == 403
    form = Forms(visit.leave().text).found[0]["fields"]
    foreign = visit.browser.ask("POST", url, data=form, headers={"origin": EVIL.rstrip("/")})
    assert foreign.status_code == 403
    stranger = visit.stage.browser().ask("POST", url, data=form)
    assert stranger.status_code == 403
    assert visit.is_signed_in
    assert visit.is_in_session


def test_pressing_twice_does_no_harm(visit: Visit) -> None:
    page = visit.leave(client_id=visit.client.id, post_logout_redirect_uri=THERE)
    cookies = dict(visit.browser.http.cookies)
    first = visit.press(page)
    visit.browser.http.cookies.update(cookies)
    second = visit.press(page)
    assert location(first) == location(second) == THERE


# --- where the browser may go ---------------------------------------------------------------------

STRANGERS = [
    EVIL,
    f"{THERE}/",
    f"{THERE}?next={EVIL}",
    f"{THERE}#x",
    "https://app.example@evil.example/signed-out",
    "https://app.example.evil.example/signed-out",
    "//evil.example",
    "javascript:alert(1)",
    CALLBACK,  # a redirect URI is no address for afterwards
]


@pytest.mark.parametrize("uri", STRANGERS)
def test_the_browser_is_sent_nowhere_that_the_client_has_not_registered(
    visit: Visit, uri: str
) -> None:
    answer = visit.leave_with_hint(post_logout_redirect_uri=uri, state="s")
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert uri not in answer.text
    assert not visit.is_signed_in


@pytest.mark.parametrize("uri", STRANGERS)
def test_nor_from_the_page_nor_by_a_changed_form(visit: Visit, uri: str) -> None:
    page = visit.leave(client_id=visit.client.id, post_logout_redirect_uri=uri)
    assert_asked(page)
    assert uri not in page.text
    carried = {"client_id": visit.client.id, "post_logout_redirect_uri": uri}
    answer = visit.press(page, **carried)
    assert location(answer) == f"/w/{visit.stage.workspace.id}/end-session"


def test_an_address_without_a_client_is_not_followed(visit: Visit) -> None:
    page = visit.leave(post_logout_redirect_uri=THERE)
    assert_asked(page)
    assert "app.example" not in page.text
    assert location(visit.press(page)).startswith("/w/")


def test_another_clients_address_is_not_followed(visit: Visit, stage: Stage) -> None:
    other = stage.client(registration=ClientRegistration(post_logout_redirect_uris=(EVIL,)))
    answer = visit.leave_with_hint(post_logout_redirect_uri=EVIL)
    assert "location" not in answer.headers
    assert EVIL not in answer.text
    assert other.id not in answer.text


def test_a_client_id_that_is_not_the_id_tokens_makes_both_worthless(
    visit: Visit, stage: Stage
) -> None:
    other = stage.client(registration=REGISTRATION)
    page = visit.leave_with_hint(client_id=other.id, post_logout_redirect_uri=THERE)
    assert_asked(page)
    assert "app.example" not in page.text
    assert visit.is_signed_in


def test_a_matching_client_id_beside_the_id_token_is_fine(visit: Visit) -> None:
    answer = visit.leave_with_hint(client_id=visit.client.id, post_logout_redirect_uri=THERE)
    assert location(answer) == THERE


def hostile_hints(visit: Visit) -> dict[str, str]:
    head, body, signature = visit.tokens["id_token"].split(".")
    return {
        "nonsense": "nonsense",
        "an access token": visit.tokens["access_token"],
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "another signature": f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        "oversized": "x" * 20_000,
    }


@pytest.mark.parametrize(
    "name", ["nonsense", "an access token", "unsigned", "another signature", "oversized"]
)
def test_an_id_token_that_is_none_of_ours_is_not_used(visit: Visit, name: str) -> None:
    hint = hostile_hints(visit)[name]
    page = visit.leave(
        id_token_hint=hint, client_id=visit.client.id, post_logout_redirect_uri=THERE
    )
    assert_asked(page)
    assert "app.example" not in page.text
    assert visit.is_signed_in


def test_an_id_token_of_another_workspace_is_not_used(visit: Visit, stage: Stage) -> None:
    other = stage.add_workspace("Other")
    url = f"{stage.origin}/w/{other.id}/end-session"
    query = {"id_token_hint": visit.tokens["id_token"], "post_logout_redirect_uri": THERE}
    page = visit.browser.ask("GET", str(httpx.URL(url, params=query)))
    assert_asked(page)
    assert "app.example" not in page.text


def test_where_nobody_is_signed_in_only_an_id_token_sends_the_browser_on(visit: Visit) -> None:
    visit.browser = visit.stage.browser()
    answer = visit.leave_with_hint(post_logout_redirect_uri=THERE, state="s")
    assert location(answer) == f"{THERE}?state=s"
    page = visit.leave(client_id=visit.client.id, post_logout_redirect_uri=THERE)
    assert page.status_code == 200
    assert re.findall(r'<a href="(https?://[^"]+)"', page.text) == [THERE]
    assert visit.is_in_session


# --- which sessions end ---------------------------------------------------------------------------


def test_every_session_of_this_sign_in_ends_and_no_other(visit: Visit, stage: Stage) -> None:
    here, other = stage.client(), stage.client()
    beside = visit.another_session(here)
    elsewhere = begun(stage, stage.signed_in(EMAIL), other, "openid")
    visit.leave_with_hint()
    assert not visit.is_in_session
    assert not visit.is_refreshable(here, beside)
    assert visit.is_refreshable(other, elsewhere)


def test_sessions_in_other_workspaces_end_too(visit: Visit, stage: Stage) -> None:
    home = stage.workspace
    stage.workspace = stage.add_workspace("Other")
    stage.person(EMAIL)
    client = stage.client()
    tokens = begun(stage, visit.browser, client, "openid")
    assert visit.is_refreshable(client, tokens)
    stage.workspace = home
    visit.leave_with_hint()
    form = {"grant_type": "refresh_token", "client_id": client.id}
    url = f"{stage.origin}/w/{client.workspace_id}/token"
    answer = visit.browser.ask("POST", url, data={**form, "refresh_token": tokens["refresh_token"]})
    assert answer.json()["error"] == "invalid_grant"


def test_a_session_that_was_to_last_while_its_person_is_away_goes_on(
    visit: Visit, stage: Stage
) -> None:
    client = stage.client()
    lasting = visit.another_session(client, "openid offline_access")
    visit.leave_with_hint()
    assert visit.is_refreshable(client, lasting)


def test_signing_in_again_in_the_same_browser_keeps_its_sessions_together(
    visit: Visit, stage: Stage
) -> None:
    stage.clock.advance(minutes=5)
    again = stage.authorize_url(visit.client, prompt="login", scope="openid")
    visit.browser.submit(visit.browser.get(again), email=EMAIL)
    visit.browser.submit(visit.browser.get(stage.letters.link))
    assert location(visit.leave_with_hint(post_logout_redirect_uri=THERE)) == THERE
    assert not visit.is_in_session


def test_a_code_on_its_way_is_worth_nothing_afterwards(visit: Visit, stage: Stage) -> None:
    page = visit.browser.get(stage.authorize_url(visit.client, scope="openid"))
    code = answer_of(page)["code"]
    visit.leave_with_hint()
    answer = stage.exchange(visit.client, code, code_verifier=VERIFIER)
    assert answer.json()["error"] == "invalid_grant"


def test_the_consoles_own_sign_out_leaves_applications_alone(visit: Visit) -> None:
    me = visit.browser.get("/me")
    token = re.search(r'name="anti_forgery" value="([^"]+)"', me.text)
    assert token is not None
    visit.browser.post("/sign-out", {"anti_forgery": token[1]})
    assert not visit.is_signed_in
    assert visit.is_in_session


def test_each_ended_session_stands_in_the_audit_log(visit: Visit, stage: Stage) -> None:
    visit.leave_with_hint()
    with stage.database.read() as tx:
        events = tx.all(
            select(schema.audit).where(schema.audit.c.workspace_id == stage.workspace.id)
        )
    (event,) = [event for event in events if event.operation == "own-session:end"]
    assert (event.via, event.details) == ("cookie", {"why": "signed out"})


# --- how it is asked ------------------------------------------------------------------------------


def test_it_can_be_asked_by_a_form(visit: Visit) -> None:
    form = {"id_token_hint": visit.tokens["id_token"], "post_logout_redirect_uri": THERE}
    assert location(visit.browser.ask("POST", visit.url, data=form)) == THERE
    assert not visit.is_signed_in


def test_a_form_from_another_site_comes_without_cookie_and_is_asked_again_with_it(
    visit: Visit,
) -> None:
    form = {"client_id": visit.client.id, "post_logout_redirect_uri": THERE, "state": "s"}
    without_cookie = visit.stage.browser()
    answer = without_cookie.ask("POST", visit.url, data=form)
    assert "set-cookie" not in answer.headers
    assert_asked(visit.browser.ask("GET", location(answer)))


def test_a_parameter_that_stands_twice_is_refused(visit: Visit) -> None:
    query = f"state=a&state=b&id_token_hint={visit.tokens['id_token']}"
    answer = visit.browser.ask("GET", f"{visit.url}?{query}")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert visit.is_signed_in


def test_an_issuer_that_is_not_there_has_no_such_page(stage: Stage) -> None:
    url = f"{stage.origin}/w/0192f0c1-0000-7000-8000-000000000000/end-session"
    assert stage.browser().ask("GET", url).status_code == 404
