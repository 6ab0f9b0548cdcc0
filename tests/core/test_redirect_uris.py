"""Redirect URIs (`core.oauth`): which may be registered, and which match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid, InvalidRedirect
from scopewright.core.oauth import check_redirect_uri, matching_redirect_uri
from tests.core.nouns import a_client

# --- redirect URIs that may be registered -------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "https://app.example",
        "https://app.example:8443/cb?tenant=1",
        "https://app.example/%2Fcb",
        "https://[2001:db8::1]/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8080/cb",
        "http://[::1]:8080/cb",
        "http://localhost:3000/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
    ],
)
def test_a_redirect_uri_of_a_safe_kind_may_be_registered(uri: str) -> None:
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "app.example/cb",
        "//app.example/cb",
        "https:",
        "https:///cb",
        "https://:443/cb",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.2/cb",
        "http://localhost.evil.example/cb",
        "http://localhost@evil.example/cb",
        "https://app.example/cb#",
        "https://app.example/cb#fragment",
        "https://user@app.example/cb",
        "https://user:secret@app.example/cb",
        "https://@app.example/cb",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://app.example/c b",
        "https://app.example/\n",
        "\thttps://app.example/cb",
        "ht\ntps://app.example/cb",
        "https://app.example\\@evil.example/",
        "https://app.exämple/cb",
        "https://app.example/\U0001f600",
        "https://app.example/\x7f",
        "https://app.example/<script>",
        'https://app.example/"onload',
        "https://app.example:port/cb",
        "https://app.example:99999/cb",
        "https://[::1/cb",
        "javascript:alert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "app:/cb",
        "https://app.example/" + "a" * 2000,
    ],
)
def test_a_redirect_uri_of_another_kind_is_refused_with_its_field(uri: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_redirect_uri(uri)
    assert refusal.value.facts == {"field": "redirect_uris"}


@given(st.text(max_size=6))
def test_what_may_be_registered_can_stand_in_a_location_header(text: str) -> None:
    try:
        uri = check_redirect_uri("https://app.example/" + text)
    except Invalid:
        return
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri


# --- redirect URIs that match -------------------------------------------------------------------


def answers(registered: str, presented: str | None) -> bool:
    client = a_client(redirect_uris=(registered,))
    try:
        return matching_redirect_uri(client, presented) == presented
    except InvalidRedirect:
        return False


@pytest.mark.parametrize(
    "presented",
    [
        "https://app.example/cb/",
        "https://app.example/Cb",
        "https://APP.example/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example/cb#",
        "https://app.example/cb#x",
        "https://app.example/cb?x=1",
        "https://app.example/c%62",
        "https://app.example/./cb",
        "https://app.example/x/../cb",
        "https://user@app.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example/cb\n",
        " https://app.example/cb",
        "https://app.example/c",
        "",
    ],
)
def test_a_redirect_uri_is_compared_character_by_character(presented: str) -> None:
    assert answers("https://app.example/cb", "https://app.example/cb")
    assert not answers("https://app.example/cb", presented)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize("port", ["", ":1", ":8080", ":65535"])
def test_an_app_on_this_machine_may_answer_on_any_port(host: str, port: str) -> None:
    for registered in (f"http://{host}/cb?x=1", f"http://{host}:5000/cb?x=1"):
        assert answers(registered, f"http://{host}{port}/cb?x=1")
        assert not answers(registered, f"http://{host}{port}/cb")
    assert answers(f"http://{host}", f"http://{host}{port}")


@pytest.mark.parametrize(
    ("registered", "presented"),
    [
        ("http://localhost/cb", "http://localhost:8080/cb"),
        ("http://localhost:3000/cb", "http://localhost:8080/cb"),
        ("http://localhost/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("https://127.0.0.1/cb", "https://127.0.0.1:8080/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1:8080/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb/"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080/cb#x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080.evil.example/cb"),
        ("http://127.0.0.1", "http://127.0.0.1.evil.example"),
        ("http://127.0.0.1.example/cb", "http://127.0.0.1:1.example/cb"),
        ("http://127.0.0.1", "http://127.0.0.1@evil.example"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:123456/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:x/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:１２/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8080\n/cb"),
        ("https://a.example/http://127.0.0.1/cb", "https://a.example/http://127.0.0.1:1/cb"),
    ],
)
def test_the_port_of_anything_else_is_part_of_the_uri(registered: str, presented: str) -> None:
    assert not answers(registered, presented)


def test_a_client_with_one_redirect_uri_may_leave_it_out() -> None:
    assert matching_redirect_uri(a_client(redirect_uris=("https://a/",)), None) == "https://a/"
    for uris in ((), ("https://a/", "https://b/")):
        with pytest.raises(InvalidRedirect):
            matching_redirect_uri(a_client(redirect_uris=uris), None)


def test_any_of_the_registered_uris_matches_and_answers_as_it_was_presented() -> None:
    client = a_client(redirect_uris=("https://a/", "http://127.0.0.1/cb"))
    for uri in ("https://a/", "http://127.0.0.1:7/cb"):
        assert matching_redirect_uri(client, uri) == uri
