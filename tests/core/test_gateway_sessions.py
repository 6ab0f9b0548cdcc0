"""Browsers before an application: whose requests they are, and how they sign in there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Forbidden, InvalidGrant, NotFound
from scopewright.core.gateway_sessions import (
    ForwardedRequest,
    Login,
    Origin,
    check_origin,
    check_same_origin,
    own_address,
    wants_page,
    without_own,
)
from scopewright.core.oauth import check_code_verifier

HERE = Origin("https", "viewer.example")
SECRET, OTHER = "swl_one", "swl_other"


# --- pages and programs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "accept", "mode", "page"),
    [
        ("GET", "text/html", None, True),
        ("GET", "application/json, Text/HTML;q=0.8", "navigate", True),
        ("HEAD", "text/html", None, True),
        ("POST", "text/html", "navigate", False),
        ("GET", "text/html", "cors", False),
        ("GET", "*/*", None, False),
        ("GET", "application/json", None, False),
        ("GET", None, None, False),
        ("GET", "text/htmlx", None, False),
    ],
)
def test_only_who_goes_to_a_page_can_be_sent_to_sign_in(
    method: str, accept: str | None, mode: str | None, page: bool
) -> None:
    assert wants_page(method, accept=accept, fetch_mode=mode) is page


@pytest.mark.parametrize(
    ("method", "site", "origin", "socket", "passes"),
    [
        ("GET", None, None, False, True),
        ("HEAD", "cross-site", "https://evil.example", False, True),
        ("POST", "same-origin", None, False, True),
        ("POST", "same-origin", "null", False, True),
        ("POST", None, HERE.url, False, True),
        ("POST", None, None, False, False),
        ("POST", "same-site", None, False, False),
        ("POST", "none", None, False, False),
        ("POST", "cross-site", "https://evil.example", False, False),
        ("POST", None, "http://viewer.example", False, False),
        ("POST", None, "https://viewer.example.evil.example", False, False),
        ("DELETE", None, "null", False, False),
        ("get", None, None, False, False),
        ("GET", None, None, True, False),
        ("GET", "same-origin", None, True, True),
    ],
)
def test_what_changes_something_comes_from_the_same_origin(
    method: str, site: str | None, origin: str | None, socket: bool, passes: bool
) -> None:
    given = {"fetch_site": site, "origin": origin}
    if passes:
        check_same_origin(method, HERE, opens_socket=socket, **given)
    else:
        with pytest.raises(Forbidden):
            check_same_origin(method, HERE, opens_socket=socket, **given)


def test_people_sign_in_where_something_is_declared_and_nothing_travels_in_clear() -> None:
    hosts = {"viewer.example", "127.0.0.1:9000"}
    for good in (HERE, Origin("https", "127.0.0.1:9000"), Origin("http", "127.0.0.1:9000")):
        assert check_origin(good, hosts) == good
    with pytest.raises(Forbidden):
        check_origin(Origin("http", "viewer.example"), hosts)
    with pytest.raises(NotFound):
        check_origin(Origin("https", "other.example"), hosts)


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ("", ""),
        ("a=1", "a=1"),
        ("a=1; __Host-scopewright_session=swg_x; b=2", "a=1; b=2"),
        ("scopewright_session=x", ""),
        (" scopewright_login =x;;a=1;", "a=1"),
        ("scopewright=x; __Host-scopewright=y; __Host-scopewright_browser=z", ""),
        (
            "xscopewright=1; scopewrights=2; Scopewright=3",
            "xscopewright=1; scopewrights=2; Scopewright=3",
        ),
        ('a="b; scopewright_session=x"', 'a="b'),
    ],
)
def test_the_application_never_sees_our_cookies(sent: str, left: str) -> None:
    assert without_own(sent) == left


# --- signing in ---------------------------------------------------------------------------------

addresses = st.from_regex(r"/(?:[a-z?&=%.][a-z/?&=%.]*)?", fullmatch=True)


@given(addresses)
def test_a_login_comes_back_to_its_browser_and_goes_on_where_it_wanted_to(address: str) -> None:
    login = Login(SECRET, "log_1", address)
    assert Login.returned(SECRET, login.state) == login
    check_code_verifier(login.code_challenge, login.code_verifier)


@given(addresses)
def test_no_other_browser_takes_it_up(address: str) -> None:
    login = Login(SECRET, "log_1", address)
    for secret in (OTHER, "", None):
        with pytest.raises(Forbidden):
            Login.returned(secret, login.state)


@pytest.mark.parametrize("state", [None, "", "x", "..", "log_1..", "log_1.ä.x", "a.b.c.d"])
def test_a_state_that_nobody_made_is_refused(state: str | None) -> None:
    with pytest.raises(Forbidden):
        Login.returned(SECRET, state)


def test_a_state_cannot_be_changed_on_its_way() -> None:
    one, two = Login(SECRET, "log_1", "/a"), Login(SECRET, "log_2", "/b")
    for place in range(3):
        parts = one.state.split(".")
        parts[place] = two.state.split(".")[place]
        with pytest.raises(Forbidden):
            Login.returned(SECRET, ".".join(parts))


def test_each_login_has_a_verifier_of_its_own_that_the_state_does_not_tell() -> None:
    one, two = Login(SECRET, "log_1", "/a"), Login(SECRET, "log_2", "/a")
    assert one.code_verifier not in one.state
    with pytest.raises(InvalidGrant):
        check_code_verifier(one.code_challenge, two.code_verifier)


@pytest.mark.parametrize("address", ["/", "/a", "/a?b=//c&d=https://e", "/a//b", "/%2F"])
def test_an_address_on_the_same_host_is_gone_on_to(address: str) -> None:
    assert own_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "//evil.example",
        "/\\evil.example",
        "/a\\b",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\r\nset-cookie: x=1",
        "/ä",
        "/" + "a" * 2000,
    ],
)
def test_any_other_address_is_not(address: str) -> None:
    assert own_address(address) == "/"


def test_the_address_to_sign_in_at_brings_back_to_what_was_asked_for() -> None:
    asked = ForwardedRequest("GET", HERE, "/a/b?c=d&e=%2F", ("a", "b"))
    assert asked.login_url == (
        "https://viewer.example/.scopewright/login?continue=/a/b%3Fc%3Dd%26e%3D%252F"
    )
