"""Signing in by letter over HTTP: what browsers, scanners and strangers can do with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scopewright.core.model import Identity, PrincipalKind
from scopewright.ids import new_id
from scopewright.store import assignments, principals, schema
from tests.clock import FrozenClock
from tests.people import ORIGIN, Browser, Forms, Stage, answer_of, open_stage

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def ann(stage: Stage) -> str:
    address = f"{new_id('ann')}@example.com"
    stage.person(address, "sensor:read")
    return address


def asked(stage: Stage, email: str) -> Browser:
    browser = stage.browser()
    browser.submit(browser.get("/sign-in"), email=email)
    return browser


# --- the way in ---------------------------------------------------------------------------------


def test_the_link_signs_in_by_one_button_in_the_browser_that_asked(stage: Stage, ann: str) -> None:
    browser = asked(stage, ann)
    page = browser.get(stage.letters.link)
    assert ann in page.text
    me = browser.submit(page)
    assert me.url.path == "/me"
    assert ann in me.text
    assert "sensor:read" in me.text


def test_the_code_signs_in_in_the_browser_that_asked(stage: Stage, ann: str) -> None:
    browser = stage.browser()
    check_mail = browser.submit(browser.get("/sign-in"), email=ann)
    assert check_mail.url.path == "/sign-in/code"
    wrong = browser.submit(check_mail, code="WRONGONE")
    assert wrong.status_code == 422
    assert "did not work" in wrong.text
    assert browser.submit(wrong, code=stage.letters.code).url.path == "/me"


def test_another_browser_asks_for_the_address_and_signs_in_there(stage: Stage, ann: str) -> None:
    first = stage.browser()
    first.submit(first.get(stage.authorize_url(stage.client())), email=ann)
    other = stage.browser()
    page = other.get(stage.letters.link)
    assert ann not in page.text
    wrong = other.submit(page, email="bob@example.com")
    assert wrong.status_code == 422
    signed_in = other.submit(wrong, email=ann)
    assert signed_in.url.path == "/me"
    assert first.get("/me").url.path == "/sign-in"


def test_the_code_goes_on_with_the_authorization(stage: Stage, ann: str) -> None:
    browser = stage.browser()
    client = stage.client()
    check_mail = browser.submit(browser.get(stage.authorize_url(client)), email=ann)
    consent = browser.submit(check_mail, code=stage.letters.code)
    assert "code" in answer_of(browser.submit(consent))


def test_the_answer_is_the_same_for_known_and_unknown_addresses(stage: Stage, ann: str) -> None:
    pages = []
    for email in (ann, "nobody@example.com"):
        browser = stage.browser()
        sent = browser.submit(browser.get("/sign-in"), email=email)
        token = stage.fields(sent)["anti_forgery"]
        wrong = browser.submit(sent, code="WRONGONE")
        pages.append([page.text.replace(token, "") for page in (sent, wrong)])
    assert pages[0] == pages[1]


def test_over_the_limit_of_an_address_the_answer_is_the_same(stage: Stage, ann: str) -> None:
    paths = {str(asked(stage, ann).get("/sign-in/code").status_code) for _ in range(7)}
    assert paths == {"200"}
    assert len(stage.letters.sent) == 5


def test_over_the_limit_of_a_source_the_page_says_when_to_come_back(stage: Stage) -> None:
    browser = stage.browser("192.0.2.77")
    form = browser.get("/sign-in")
    for number in range(20):
        browser.submit(form, email=f"{number}@example.com")
    refused = browser.submit(form, email="one-more@example.com")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "900"
    assert "Too many letters" in refused.text


def test_the_addresses_of_one_network_count_as_one_source(stage: Stage) -> None:
    """Any machine has 2^64 of them (RFC 4291 §2.5.4)."""
    for number in range(20):
        browser = stage.browser(f"2001:db8:7:7::{number:x}")
        browser.submit(browser.get("/sign-in"), email=f"{number}@example.com")
    for address, status in (("2001:db8:7:7:ffff::1", 429), ("2001:db8:7:8::1", 200)):
        browser = stage.browser(address)
        answer = browser.submit(browser.get("/sign-in"), email="one-more@example.com")
        assert answer.status_code == status


@pytest.mark.parametrize("email", ["", "no address", "a@b\ud7ff@", "x" * 100_000])
def test_what_is_no_address_is_said_beside_the_field(stage: Stage, email: str) -> None:
    browser = stage.browser()
    page = browser.submit(browser.get("/sign-in"), email=email)
    assert page.status_code == 422
    assert 'aria-describedby="email-fault"' in page.text
    assert 'id="email-fault"' in page.text
    assert stage.letters.sent == []


# --- what scanners do ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"])
def test_a_bare_request_of_any_kind_changes_nothing(stage: Stage, ann: str, method: str) -> None:
    browser = asked(stage, ann)
    for visitor in (stage.browser(), browser):
        for _ in range(10):
            visitor.ask(method, stage.letters.link)
            visitor.ask(
                method, "/sign-in/link", content=f"token={stage.letters.token}", headers=FORM
            )
    assert stage.grown(schema.sign_ins) == 0
    assert browser.submit(browser.get(stage.letters.link)).url.path == "/me"


def test_a_scanner_that_submits_the_form_gets_no_session_and_burns_nothing(
    stage: Stage, ann: str
) -> None:
    browser = asked(stage, ann)
    for typed in ({}, {"email": "test"}, {"email": "test@example.com"}):
        scanner = stage.browser()
        page = scanner.submit(scanner.get(stage.letters.link), **typed)
        assert page.status_code == 422
        assert "scopewright" not in scanner.http.cookies
    assert stage.grown(schema.sign_ins) == 0
    assert browser.submit(browser.get(stage.letters.link)).url.path == "/me"


def test_every_failure_of_a_link_looks_the_same(stage: Stage, ann: str) -> None:
    browser = asked(stage, ann)
    used = stage.letters.token
    browser.submit(browser.get(stage.letters.link))
    asked(stage, ann)
    live = stage.letters.token
    asked(stage, "nobody@example.com")
    stranger, pages = stage.browser(), set()
    for token in (used, live, "swm_unknown", "x" * 5000):
        form = stranger.get(f"/sign-in/link?token={token}")
        failed = stranger.submit(form, email="bob@example.com")
        pages.add(
            (form.text.replace(token, ""), failed.text.replace(token, ""), failed.status_code)
        )
    assert len(pages) == 1


def test_what_mail_programs_add_to_the_link_does_no_harm(stage: Stage, ann: str) -> None:
    browser = asked(stage, ann)
    assert browser.submit(browser.get(stage.letters.link + "&utm_source=x")).url.path == "/me"


# --- forms that are not quite ours --------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/sign-in/link"])
@pytest.mark.parametrize(
    "body",
    [
        "",
        "anti_forgery={token}&unknown=1",
        "anti_forgery={token}&unknown=",
        "anti_forgery={token}&anti_forgery={token}",
        "anti_forgery={token}&email=a@b.example&email=a@b.example",
        "anti_forgery={token}&email=%ff",
        "anti_forgery={token}&email=%00",
        "anti_forgery={token}&continue=https%3A%2F%2Fevil.example",
        "anti_forgery=wrong&email=a@b.example&code=x",
        "email=a@b.example",
    ],
)
def test_a_form_with_empty_doubled_or_unknown_fields_changes_nothing(
    stage: Stage, ann: str, path: str, body: str
) -> None:
    browser = asked(stage, ann)
    before = stage.grown(schema.magic_links)
    token = stage.fields(browser.get("/sign-in"))["anti_forgery"]
    answer = browser.ask("POST", path, content=body.replace("{token}", token), headers=FORM)
    assert answer.status_code in (400, 403, 422)
    assert answer.headers["content-type"].startswith("text/html")
    assert stage.grown(schema.magic_links) == before
    assert stage.grown(schema.sign_ins) == 0
    assert browser.submit(browser.get(stage.letters.link)).url.path == "/me"


@pytest.mark.parametrize(
    "extra", ["unknown=1", "unknown=", "email=b@example.com", "email=", "code=1"]
)
def test_one_field_too_many_and_no_letter_is_sent(stage: Stage, ann: str, extra: str) -> None:
    browser = stage.browser()
    token = stage.fields(browser.get("/sign-in"))["anti_forgery"]
    body = f"anti_forgery={token}&email={ann}&{extra}"
    assert browser.ask("POST", "/sign-in", content=body, headers=FORM).status_code == 400
    assert stage.letters.sent == []


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain", ""])
def test_another_media_type_is_no_form(stage: Stage, kind: str) -> None:
    browser = stage.browser()
    browser.get("/sign-in")
    headers = {"content-type": kind}
    assert browser.ask("POST", "/sign-in", content=b"{}", headers=headers).status_code == 400


def test_a_form_over_the_limit_is_refused(stage: Stage) -> None:
    browser = stage.browser()
    browser.get("/sign-in")
    body = b"email=" + b"x" * (1 << 20)
    assert browser.ask("POST", "/sign-in", content=body, headers=FORM).status_code == 413


def test_a_form_from_another_site_or_browser_is_refused(stage: Stage, ann: str) -> None:
    browser, other = stage.browser(), stage.browser()
    other.get("/sign-in")
    fields = stage.fields(browser.get("/sign-in")) | {"email": ann}
    fields.pop("continue", None)
    foreign = browser.ask(
        "POST", "/sign-in", data=fields, headers={"origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert other.post("/sign-in", fields).status_code == 403
    assert stage.browser().post("/sign-in", fields).status_code == 403
    assert stage.letters.sent == []
    own = browser.ask("POST", "/sign-in", data=fields, headers={"origin": ORIGIN})
    assert own.status_code == 303


@pytest.mark.parametrize(
    "continue_to",
    ["https://evil.example", "//evil.example", "/me", "aut_", "aut_" + "A" * 26, "aut_" + "0" * 27],
)
def test_nobody_is_sent_on_to_anywhere_else(stage: Stage, continue_to: str) -> None:
    assert stage.browser().get(f"/sign-in?continue={continue_to}").status_code == 400


# --- cookies and headers ------------------------------------------------------------------------


def test_cookies_are_for_this_server_alone(stage: Stage, ann: str) -> None:
    browser = asked(stage, ann)
    fields = stage.fields(browser.get(stage.letters.link))
    set_cookie = browser.ask("POST", "/sign-in/link", data=fields).headers["set-cookie"]
    name, _, rest = set_cookie.partition("=")
    assert name == "scopewright"
    assert rest.split("; ")[1:] == ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Lax"]
    with stage.database.read() as tx:
        assert rest.partition(";")[0] not in repr(tx.all(schema.sign_ins.select()))


def test_where_the_address_is_https_cookies_are_secure(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'https.db'}"
    with open_stage(url, FrozenClock(), server={"public_url": "https://auth.example"}) as stage:
        set_cookie = stage.browser().ask("GET", "/sign-in").headers["set-cookie"]
    assert set_cookie.startswith("__Host-scopewright_browser=")
    assert set_cookie.endswith("; Secure")


def test_a_planted_browser_cookie_is_replaced(stage: Stage) -> None:
    browser = stage.browser()
    headers = {"cookie": 'scopewright_browser=planted; other="{not a cookie,"'}
    assert "swb_" in browser.ask("GET", "/sign-in", headers=headers).headers["set-cookie"]


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/link?token=x", "/invitations/accept", "/sign-in?continue=x"]
)
def test_pages_may_not_be_framed_kept_or_scripted(stage: Stage, path: str) -> None:
    headers = stage.browser().get(path).headers
    policy = headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers.get_list("referrer-policy") == ["same-origin"]
    assert headers["x-content-type-options"] == "nosniff"


# --- in and out ---------------------------------------------------------------------------------


def test_signing_out_ends_it_here(stage: Stage, ann: str) -> None:
    browser, other = stage.signed_in(ann), stage.signed_in(ann)
    assert browser.get("/").url.path == "/me"
    page = browser.get("/me")
    token = page.text.partition('name="anti_forgery" value="')[2].partition('"')[0]
    assert browser.post("/sign-out", {"anti_forgery": "x"}).status_code == 403
    assert browser.post("/sign-out", {"anti_forgery": token}).url.path == "/sign-in"
    assert browser.get("/").url.path == "/sign-in"
    assert browser.get("/me").url.path == "/sign-in"
    assert other.get("/me").url.path == "/me"


def test_me_shows_each_record_apart_with_sessions_and_approvals(stage: Stage, ann: str) -> None:
    stage.person(ann, kind=PrincipalKind.MEMBER, role="iotman:viewer")
    client, browser = stage.client(), stage.signed_in(ann)
    code = answer_of(browser.submit(browser.get(stage.authorize_url(client))))["code"]
    stage.exchange(client, code)
    me = browser.get("/me").text
    assert me.count("<h2") == 2
    assert "end-user" in me
    assert "iotman:viewer" in me
    assert "Applications that you have allowed" in me
    assert "Open sessions" in me


def test_who_is_known_nowhere_is_told_so(stage: Stage) -> None:
    browser = stage.browser()
    browser.submit(browser.get("/sign-in"), email="nobody@example.com")
    assert stage.letters.sent == []
    browser = stage.browser()
    token = stage.end_user_link("nobody@example.com")
    me = browser.submit(browser.get(f"/sign-in/link?token={token}"), email="nobody@example.com")
    assert "no workspace knows this address" in me.text


def test_where_registration_is_open_a_new_address_gets_a_workspace_of_its_own(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'open.db'}"
    with open_stage(url, FrozenClock(), sign_in={"registration": "open"}) as stage:
        browser = stage.signed_in("new@example.com")
        me = browser.get("/me").text
        assert "<h2" in me
        assert "iotman:admin" in me
        stage.signed_in("new@example.com")
        assert browser.get("/me").text.count("<h2") == 1


# --- members' invitations -----------------------------------------------------------------------


def test_an_invitation_is_accepted_with_its_address_and_signs_in(stage: Stage) -> None:
    admin = stage.person("admin@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    bob = f"{new_id('bob')}@example.com"
    token = stage.invitation(bob, role="iotman:editor", sender=admin)
    browser = stage.browser()
    page = browser.get(f"/invitations/accept?token={token}")
    assert bob not in page.text
    assert browser.submit(page).status_code == 422
    assert browser.submit(page, email="eve@example.com").status_code == 422
    browser.ask("HEAD", f"/invitations/accept?token={token}")
    at_work = browser.submit(page, email=bob.upper())
    assert at_work.url.path == f"/workspaces/{stage.workspace.slug}"
    assert "iotman:editor" in browser.get("/me").text
    again = stage.browser()
    assert again.submit(again.get(str(page.url)), email=bob).status_code == 422
    with stage.database.read() as tx:
        (member,) = principals.of_identity(tx, Identity("email", bob))
        assert member.kind is PrincipalKind.MEMBER
        assert [a.role for a in assignments.of_principal(tx, member.id)] == ["iotman:editor"]


def test_an_invitation_lives_seven_days(stage: Stage) -> None:
    admin = stage.person("admin@example.com", kind=PrincipalKind.MEMBER, role="iotman:admin")
    token = stage.invitation("bob@example.com", role="iotman:editor", sender=admin)
    browser = stage.browser()
    page = browser.get(f"/invitations/accept?token={token}")
    stage.clock.advance(days=7)
    assert browser.submit(page, email="bob@example.com").status_code == 422
    assert stage.grown(schema.sign_ins) == 0


# --- as others read them ------------------------------------------------------------------------


def test_the_first_form_of_the_sign_in_page_asks_for_an_address(stage: Stage) -> None:
    page = stage.browser().get("/sign-in")
    assert "email" in Forms(page.text).found[0]["fields"]
    assert page.text.count('type="email"') == 1


def test_the_stylesheet_is_served(stage: Stage) -> None:
    sheet = stage.browser().get("/static/console.css")
    assert sheet.status_code == 200
    assert sheet.headers["content-type"].startswith("text/css")
    assert stage.browser().get("/static/../render.py").status_code == 404
