"""People before an application: they sign in, the application gets tokens, and they leave."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from scopewright.core.builtin_clients import application_client_id
from scopewright.core.model import ChangeKind, PrincipalKind, TokenOverrides
from scopewright.core.oauth import hash_secret
from scopewright.store import builtin_clients, principals, schema, sessions, workspaces
from tests.gateway.viewer import ADMIN, PAGE, READ, USER, WRITE, Viewer, Visitor
from tests.people import Stage, claims_of, next_stage

SESSION, LOGIN = "__Host-scopewright_session", "__Host-scopewright_login"
RESOURCE = "https://viewer.example/api"


@pytest.fixture
def ann(viewer: Viewer) -> str:
    """The address of somebody who may use the application, all of which is declared."""
    viewer.route("/**")
    viewer.route("/admin/**", needs=(WRITE,))
    viewer.person("ann@example.com", USER)
    return "ann@example.com"


def token_of(answer: httpx.Response) -> str:
    scheme, _, token = answer.headers["authorization"].partition(" ")
    assert (answer.status_code, scheme) == (204, "Bearer")
    return str(token)


# --- signing in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["Caddy", "nginx"])
def test_a_person_is_sent_to_sign_in_and_brought_back_to_the_page(
    viewer: Viewer, ann: str, proxy: str
) -> None:
    visitor = Visitor.signed_in(viewer, ann, proxy=proxy)
    sent = visitor.open("/a/b?c=d&e=f")
    assert sent.status_code == (401 if proxy == "nginx" else 302)
    assert "no-store" in sent.headers["cache-control"]
    back = visitor.log_in("/a/b?c=d&e=f")
    assert (back.status_code, back.headers["location"]) == (
        303,
        "https://viewer.example/a/b?c=d&e=f",
    )
    answer = visitor.open("/a/b")
    assert answer.status_code == 204
    assert answer.headers["x-auth-scopes"] == READ
    assert answer.headers["x-auth-client"] == application_client_id(viewer.application)


def test_nobody_is_asked_for_consent_and_who_is_not_signed_in_signs_in(
    viewer: Viewer, ann: str
) -> None:
    visitor = Visitor(viewer, viewer.stage.browser())
    begun = visitor.own(visitor.login_address("/a"))
    visitor.browser.submit(visitor.browser.get(begun.headers["location"]), email=ann)
    back = visitor.browser.submit(visitor.browser.get(viewer.stage.letters.link))
    callback = back.headers["location"]
    assert callback.startswith("https://viewer.example/.scopewright/callback?code=")
    assert visitor.own(callback).headers["location"] == "https://viewer.example/a"
    assert visitor.ask("/a").status_code == 204


def test_the_cookies_are_bound_to_the_host_and_no_script_sees_them(
    viewer: Viewer, ann: str
) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    begun = visitor.own(visitor.login_address("/"))
    back = visitor.own(visitor.sent_back("/"))
    for answer, name in ((begun, LOGIN), (back, SESSION)):
        line = answer.headers["set-cookie"]
        assert line.startswith(f"{name}=sw")
        assert line.endswith("; HttpOnly; SameSite=Lax; Secure")
        assert "; Path=/; " in line
        assert "domain" not in line.lower()
        assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_is_stored_as_its_hash(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    cookie = visitor.cookies[SESSION]
    with viewer.stage.database.read() as tx:
        rows = tx.all(select(schema.gateway_sessions.c.cookie_hash, schema.gateway_sessions.c.host))
    assert (hash_secret(cookie), "viewer.example") in [tuple(row) for row in rows]
    assert all(cookie not in row for row in rows)


def test_on_this_machine_plain_http_will_do_and_nowhere_else(gateway_stage: Stage) -> None:
    local = Viewer(next_stage(gateway_stage), scheme="http", host="127.0.0.1:9000")
    local.route("/**")
    local.person("ann@example.com", USER)
    visitor = Visitor.inside(local, "ann@example.com")
    assert visitor.cookies.keys() == {"scopewright_session", "scopewright_login"}
    assert visitor.ask("/").status_code == 204
    local.route("/**", host="viewer.example")
    local.host = "viewer.example"
    refused = Visitor.signed_in(local, "ann@example.com").own("/.scopewright/login")
    assert refused.status_code == 403
    assert "https" in refused.text


def test_several_tabs_sign_in_at_once(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    first, second = visitor.sent_back("/one"), visitor.sent_back("/two")
    assert visitor.own(first).headers["location"].endswith("/one")
    assert visitor.own(second).headers["location"].endswith("/two")
    assert visitor.ask("/").status_code == 204


def test_why_nobody_signed_in_is_said_soon_however_long_it_is(viewer: Viewer, ann: str) -> None:
    """Anybody may write it into the address to which their own browser comes back."""
    visitor, started = Visitor.signed_in(viewer, ann), time.monotonic()
    said = quote("There is no" + " a" * 10_000)
    refusal = f"error=access_denied&error_description={said}"
    callback = re.sub(r"\bcode=[^&]+", refusal, visitor.sent_back("/a"))
    answer = visitor.own(callback, accept_language="de")
    assert (answer.status_code, "a a a" in answer.text) == (403, True)
    assert time.monotonic() - started < 3


def test_an_answer_that_comes_twice_ends_nothing(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    callback = visitor.sent_back("/a")
    for _ in range(2):
        assert visitor.own(callback).headers["location"].endswith("/a")
        assert visitor.ask("/a").status_code == 204


def test_a_code_lets_one_browser_in_and_once(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    callback = visitor.sent_back("/a")
    thief = Visitor(viewer, viewer.stage.browser())
    assert thief.own(callback).status_code == 403
    assert SESSION not in thief.cookies
    thief.own(f"{thief.origin}/.scopewright/login")
    assert thief.own(callback).status_code == 403  # with a login of its own
    visitor.own(callback)
    lost = replace(visitor, cookies={LOGIN: visitor.cookies[LOGIN]})
    again = lost.own(callback)  # the code again, without the session that it began
    assert (again.status_code, SESSION in lost.cookies) == (400, False)


@pytest.mark.parametrize("name", ["state", "iss", "code"])
def test_an_answer_that_was_changed_on_its_way_lets_nobody_in(
    viewer: Viewer, ann: str, name: str
) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    callback = httpx.URL(visitor.sent_back("/a"))
    for changed in (callback.copy_remove_param(name), callback.copy_set_param(name, "x")):
        assert visitor.own(str(changed)).status_code in (400, 403)
        assert SESSION not in visitor.cookies


@pytest.mark.parametrize(
    "address", ["//evil.example/", "https://evil.example/", "/\\evil.example", "%0d%0aa:b", ""]
)
def test_a_stranger_cannot_choose_where_it_goes_on(viewer: Viewer, ann: str, address: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    begun = visitor.own(f"{visitor.origin}/.scopewright/login?continue={address}")
    back = visitor.browser.get(begun.headers["location"]).headers["location"]
    assert visitor.own(back).headers["location"] == "https://viewer.example/"


def test_who_has_no_record_here_is_told_so_and_sent_nowhere_again(viewer: Viewer, ann: str) -> None:
    viewer.stage.person("mia@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    stranger = Visitor.signed_in(viewer, "mia@example.com")
    answer = stranger.log_in("/")
    assert answer.status_code == 403
    assert "no access here" in answer.text
    assert SESSION not in stranger.cookies
    (another,) = re.findall(r'href="(/.scopewright/login[^"]+)"', answer.text)
    viewer.stage.clock.advance(minutes=1)
    chosen = stranger.browser.get(stranger.own(another).headers["location"])
    assert "mia@example.com" in chosen.text  # and may be somebody else now


def test_only_a_trusted_proxy_passes_a_browser_on(viewer: Viewer, ann: str) -> None:
    told = {"x-forwarded-host": "viewer.example", "x-forwarded-proto": "https"}
    for step in ("login", "callback", "logout"):
        url = f"{viewer.stage.issuer}/gateway/viewer/{step}"
        for peer, headers, status in (
            ("10.9.9.9", told, 403),
            ("127.0.0.1", {}, 400),
            ("127.0.0.1", {**told, "x-forwarded-host": "evil.example"}, 404),
            ("127.0.0.1", {**told, "X_Forwarded_Host": "viewer.example"}, 400),
        ):
            answer = viewer.stage.browser(peer).ask("GET", url, headers=headers)
            assert answer.status_code == status, (step, headers)
            assert "set-cookie" not in answer.headers
    nothing = url.replace("/viewer/", "/editor/")
    assert viewer.stage.browser().ask("GET", nothing, headers=told).status_code == 404


def test_the_applications_client_is_of_no_use_to_anybody_else(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    callback = visitor.sent_back("/")
    id = application_client_id(viewer.application)
    asked = {
        "client_id": id,
        "redirect_uri": "https://viewer.example/.scopewright/callback",
        **{k: v for k, v in viewer.stage.sent().items() if k != "redirect_uri"},
    }
    begun = visitor.browser.ask(
        "GET", str(httpx.URL(f"{viewer.stage.issuer}/authorize", params=asked))
    )
    assert "error=unauthorized_client" in begun.headers["location"]
    form = {
        "grant_type": "authorization_code",
        "client_id": id,
        "code": parse_qs(urlsplit(callback).query)["code"][0],
        "code_verifier": "v" * 43,
    }
    redeemed = visitor.browser.ask("POST", f"{viewer.stage.issuer}/token", data=form)
    assert redeemed.json()["error"] == "unauthorized_client"
    assert visitor.own(callback).status_code == 303  # and the code is not spent


def test_who_comes_back_when_all_has_been_forgotten_is_not_let_in(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    callback = visitor.sent_back("/")
    with viewer.stage.database.write() as tx:
        builtin_clients.forget_application(tx, viewer.application, now=viewer.stage.clock())
    assert visitor.own(callback).status_code == 404
    assert SESSION not in visitor.cookies
    assert visitor.log_in("/").status_code == 303  # who begins again gets in


def test_a_host_that_is_declared_later_is_signed_in_at_too(viewer: Viewer, ann: str) -> None:
    Visitor.inside(viewer, ann)
    viewer.route("/**", host="other.example")
    viewer.host = "other.example"
    assert Visitor.inside(viewer, ann).ask("/").status_code == 204


def test_a_cookie_counts_at_the_host_and_application_that_it_was_made_for(
    viewer: Viewer, ann: str
) -> None:
    viewer.route("/**", host="other.example")
    visitor = Visitor.inside(viewer, ann)
    viewer.host = "other.example"
    assert visitor.ask("/").status_code == 401
    viewer.host = "viewer.example"
    assert visitor.ask("/").status_code == 204


# --- inside -------------------------------------------------------------------------------------


def test_the_application_gets_a_token_of_what_it_is_about_and_never_our_cookies(
    viewer: Viewer, ann: str
) -> None:
    viewer.person("bob@example.com", ADMIN, holding=("video:gold", "sensor:write"))
    visitor = Visitor.inside(viewer, "bob@example.com")
    visitor.cookies["theme"] = "dark"
    answer = visitor.ask("/")
    claims = claims_of(token_of(answer))
    assert claims["scope"] == f"sensor:read {READ} {WRITE}"
    assert claims["aud"] == viewer.workspace_id
    assert claims["user"] == "bob@example.com"
    assert answer.headers["cookie"] == "theme=dark"
    assert answer.headers["x-auth-subject"] == claims["sub"]
    assert answer.headers["x-auth-scopes"].split() == [
        "sensor:read", "sensor:write", "video:gold", READ, WRITE,
    ]  # fmt: skip
    assert viewer.bearing(token_of(answer)).status_code == 204


def test_an_application_that_is_a_resource_gets_tokens_for_it_and_for_the_workspace(
    gateway_stage: Stage,
) -> None:
    viewer = Viewer(next_stage(gateway_stage), resource=RESOURCE)
    viewer.route("/**")
    viewer.person("ann@example.com", USER)
    token = token_of(Visitor.inside(viewer, "ann@example.com").ask("/"))
    assert claims_of(token)["aud"] == [viewer.workspace_id, RESOURCE]
    assert viewer.bearing(token).status_code == 204


def test_a_token_is_used_again_until_near_its_end(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    before = issued(viewer.stage)
    first = token_of(visitor.ask("/a"))
    assert {token_of(visitor.ask(f"/{n}")) for n in range(5)} == {first}
    viewer.stage.clock.advance(minutes=47)
    assert token_of(visitor.ask("/a")) == first
    viewer.stage.clock.advance(minutes=2)
    assert token_of(visitor.ask("/a")) != first
    assert issued(viewer.stage) == before + 2


def issued(stage: Stage) -> int:
    with stage.database.read() as tx:
        return int(tx.scalar(select(func.count()).select_from(schema.issued_tokens)))


def test_what_is_held_now_decides_and_shows_in_the_token(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    assert visitor.ask("/admin/a").status_code == 403
    with viewer.stage.database.read() as tx:
        person = principals.get(tx, visitor.ask("/").headers["x-auth-subject"])
    assert person is not None
    viewer.assign(person, ADMIN)
    assert WRITE in claims_of(token_of(visitor.ask("/admin/a")))["scope"].split()
    viewer.unassign(person, ADMIN)
    assert visitor.ask("/admin/a").status_code == 403
    assert claims_of(token_of(visitor.ask("/")))["scope"] == READ
    viewer.unassign(person, USER)
    assert visitor.open("/").status_code == 403


def test_who_has_none_of_the_applications_scopes_is_refused_everywhere_and_sent_nowhere(
    viewer: Viewer, ann: str
) -> None:
    viewer.person("bob@example.com", holding=("sensor:read",))
    viewer.route("/sensors", needs=("sensor:read",))
    visitor = Visitor.inside(viewer, "bob@example.com")
    for target in ("/", "/sensors", "/admin/a"):
        answer = visitor.open(target)
        assert (answer.status_code, "location" in answer.headers) == (403, False)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PROPFIND"])
def test_a_change_comes_from_the_applications_own_pages(
    viewer: Viewer, ann: str, method: str
) -> None:
    visitor = Visitor.inside(viewer, ann)
    assert visitor.ask("/", method=method).status_code == 403
    assert visitor.ask("/", method=method, sec_fetch_site="cross-site").status_code == 403
    assert visitor.ask("/", method=method, sec_fetch_site="same-site").status_code == 403
    assert visitor.ask("/", method=method, origin="https://evil.example").status_code == 403
    assert visitor.ask("/", method=method, sec_fetch_site="same-origin").status_code == 204
    assert visitor.ask("/", method=method, origin="https://viewer.example").status_code == 204


def test_a_socket_is_opened_by_the_applications_own_pages(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    key = {"sec_websocket_key": "x"}
    assert visitor.ask("/live", origin="https://evil.example", **key).status_code == 403
    assert visitor.ask("/live", origin="https://viewer.example", **key).status_code == 204


def test_where_a_route_takes_no_browsers_a_cookie_is_none(viewer: Viewer, ann: str) -> None:
    viewer.route("/api/**", credentials=frozenset({"token", "api_key"}))
    visitor = Visitor.inside(viewer, ann)
    answer = visitor.open("/api/a")
    assert (answer.status_code, "location" in answer.headers) == (401, False)


def test_where_tokens_are_bound_to_keys_the_application_gets_none(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    assert "authorization" in visitor.ask("/").headers
    viewer.stage.policy(security_profile="fapi2")
    answer = visitor.ask("/")
    assert (answer.status_code, answer.headers["x-auth-scopes"]) == (204, READ)
    assert "authorization" not in answer.headers


# --- the end ------------------------------------------------------------------------------------


def assert_over(visitor: Visitor) -> None:
    """Programs are told, and people sent to sign in."""
    program = visitor.ask("/")
    assert program.status_code == 401
    assert 'error="invalid_token"' in program.headers["www-authenticate"]
    assert "location" not in program.headers
    assert visitor.ask("/", method="POST", sec_fetch_site="same-origin").status_code == 401
    assert visitor.open("/").status_code == 302


def test_a_session_that_has_expired_is_over(viewer: Viewer, ann: str) -> None:
    here = replace(viewer.stage.workspace, tokens=TokenOverrides(refresh_lifetime=7200))
    viewer.change(ChangeKind.WORKSPACE, here.id, lambda tx: workspaces.change(tx, here))
    visitor = Visitor.inside(viewer, ann)
    viewer.stage.clock.advance(minutes=90)
    token = token_of(visitor.ask("/"))
    assert claims_of(token)["exp"] - claims_of(token)["iat"] == 30 * 60  # it ends with the session
    viewer.stage.clock.advance(minutes=30)
    assert_over(visitor)


def test_a_cookie_lasts_no_longer_than_a_session_may(viewer: Viewer, ann: str) -> None:
    brief = TokenOverrides(refresh_lifetime=7200, session_lifetime=3600)
    here = replace(viewer.stage.workspace, tokens=brief)
    viewer.change(ChangeKind.WORKSPACE, here.id, lambda tx: workspaces.change(tx, here))
    visitor = Visitor.inside(viewer, ann)
    viewer.stage.clock.advance(minutes=59)
    assert visitor.ask("/").status_code == 204
    viewer.stage.clock.advance(minutes=1)
    assert_over(visitor)


def test_a_cookie_that_nobody_knows_is_none(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.signed_in(viewer, ann)
    visitor.cookies[SESSION] = "swg_made-up"
    assert_over(visitor)


def test_signing_out_with_us_ends_it(viewer: Viewer, ann: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    token = token_of(visitor.ask("/"))
    visitor.browser.submit(visitor.browser.get(f"{viewer.stage.issuer}/end-session"))
    assert_over(visitor)
    assert viewer.bearing(token).status_code == 401


def test_what_is_said_on_the_applications_host_is_in_the_language_of_the_browser(
    viewer: Viewer, ann: str
) -> None:
    visitor = Visitor.inside(viewer, ann)
    asked = visitor.own("/.scopewright/logout", accept_language="fr, en;q=0.5")
    assert '<html lang="fr">' in asked.text
    assert "Vous quittez" in asked.text
    german = visitor.own(
        "/.scopewright/logout", "POST", sec_fetch_site="same-origin", accept_language="de"
    )
    assert "Zur ersten Seite" in german.text


def test_leaving_one_application_leaves_them_all(viewer: Viewer, ann: str) -> None:
    viewer.route("/**", host="other.example")
    visitor = Visitor.inside(viewer, ann)
    viewer.host = "other.example"
    elsewhere = replace(visitor, cookies={})
    elsewhere.log_in("/")
    assert elsewhere.ask("/").status_code == 204
    left = elsewhere.own("/.scopewright/logout", "POST", sec_fetch_site="same-origin")
    assert (left.status_code, "Signed out" in left.text) == (200, True)
    assert SESSION not in elsewhere.cookies
    assert elsewhere.ask("/").status_code == 401
    viewer.host = "viewer.example"
    assert_over(visitor)
    assert visitor.browser.get("/me").url.path == "/sign-in"


def test_leaving_is_asked_about_first_and_nobody_else_makes_a_person_leave(
    viewer: Viewer, ann: str
) -> None:
    visitor = Visitor.inside(viewer, ann)
    page = visitor.own("/.scopewright/logout")
    assert page.status_code == 200
    assert 'method="post"' in page.text
    assert "Viewer &lt;1&gt;" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    for headers in ({}, {"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
        assert visitor.own("/.scopewright/logout", "POST", **headers).status_code == 403
    assert visitor.ask("/").status_code == 204


def test_who_was_not_signed_in_may_leave_too(viewer: Viewer, ann: str) -> None:
    visitor = Visitor(viewer, viewer.stage.browser())
    left = visitor.own("/.scopewright/logout", "POST", sec_fetch_site="same-origin")
    assert left.status_code == 200


@pytest.mark.parametrize("ended", ["session", "person", "client"])
def test_whatever_ends_the_session_ends_it_here(viewer: Viewer, ann: str, ended: str) -> None:
    visitor = Visitor.inside(viewer, ann)
    claims = claims_of(token_of(visitor.ask("/")))
    now = viewer.stage.clock()
    if ended == "session":
        viewer.change(
            ChangeKind.SESSION,
            claims["sid"],
            lambda tx: sessions.end(tx, claims["sid"], at=now, why="revoked"),
        )
    elif ended == "person":
        id = claims["sub"]
        viewer.change(ChangeKind.PRINCIPAL, id, lambda tx: principals.remove(tx, id))
    else:
        with viewer.stage.database.write() as tx:
            builtin_clients.forget_application(tx, viewer.application, now=now)
    assert_over(visitor)


def test_the_page_that_asks_is_found_by_what_it_accepts(viewer: Viewer, ann: str) -> None:
    assert viewer.ask("/", headers=PAGE).status_code == 302
    assert viewer.ask("/", method="HEAD", headers=PAGE).status_code == 302
    assert viewer.ask("/", headers={**PAGE, "sec-fetch-mode": "cors"}).status_code == 401
    assert viewer.ask("/", headers={"accept": "*/*"}).status_code == 401
