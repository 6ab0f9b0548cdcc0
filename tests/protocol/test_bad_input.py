"""Whatever is sent to the protocol endpoints: the standard's error, and nothing is changed."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes, urlencode, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from scopewright.store import schema
from scopewright.store.database import Database
from tests.protocol.issuer import REDIRECT_URI, Issuer, KnownClient, Site, bearer

ENDPOINTS = ("token", "introspect", "revoke")
FORM = "application/x-www-form-urlencoded"
MIB = 1 << 20


@pytest.fixture(scope="module")
def issuer(own_site: Site) -> Issuer:
    return Issuer.new(own_site)


@pytest.fixture(scope="module")
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("sensor:read")


@pytest.fixture(scope="module")
def phone(issuer: Issuer) -> KnownClient:
    return issuer.phone_app()


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with database.read() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.all(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
        }


@pytest.fixture
def unchanged(issuer: Issuer, machine: KnownClient, phone: KnownClient) -> Iterator[None]:
    """Nothing of what happens in this block is remembered."""
    before = dump(issuer.database)
    yield
    assert dump(issuer.database) == before


def assert_is_error(answer: httpx.Response, *, statuses: frozenset[int] = frozenset()) -> None:
    assert answer.status_code in (statuses or range(400, 500)), answer.text
    assert answer.headers["content-type"] == "application/json", answer.headers
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert set(said) == {"error", "error_description"}
    assert said["error"] in CODES
    assert said["error_description"].isascii()


CODES = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "invalid_scope",
    "invalid_target",
    "invalid_token",
    "unauthorized_client",
    "unsupported_grant_type",
}
REFUSED = frozenset({400, 401})


def send(
    issuer: Issuer, path: str, body: bytes, client: KnownClient | None = None, **headers: str
) -> httpx.Response:
    known = {"content-type": FORM, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return issuer.http.post(
        f"{issuer.issuer}/{path}",
        content=body,
        headers=known,
        **({"auth": client.basic} if client else {}),
    )


def good_form(path: str) -> dict[str, str]:
    """Parameters that would do, but for a token or grant that is real."""
    if path == "token":
        return {"grant_type": "client_credentials"}
    return {"token": "x"}


# --- bodies --------------------------------------------------------------------------------------

UNREADABLE = {
    "invalid UTF-8": b"grant_type=client_credentials&token=x&a=%ff%fe",
    "overlong UTF-8": b"grant_type=client_credentials&token=x&a=%c0%ae",
    "half a surrogate pair": b"grant_type=client_credentials&token=x&a=%ed%a0%80",
    "octets beyond ASCII": b"grant_type=client_credentials&token=x&a=\xff",
    "raw UTF-8": "grant_type=client_credentials&token=x&a=é".encode(),
    "NUL in a value": b"grant_type=client_credentials&token=x%00&a=b",
    "NUL in a name": b"grant_type=client_credentials&token=x&%00=b",
    "a raw NUL": b"grant_type=client_credentials&token=x\x00",
    "a parameter twice": b"grant_type=client_credentials&grant_type=client_credentials&token=x",
    "a token twice": b"grant_type=client_credentials&token=x&token=x",
    "an unknown parameter twice": b"grant_type=client_credentials&token=x&a=1&a=2",
    "an empty parameter twice": b"grant_type=client_credentials&token=x&a=&a=",
    "too many parameters": b"grant_type=client_credentials&token=x&"
    + b"&".join(b"p%d=1" % number for number in range(200)),
    "a megabyte and more": b"grant_type=client_credentials&token=" + b"x" * MIB,
    "a megabyte of separators": b"&" * MIB,
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("body", UNREADABLE)
def test_a_body_that_cannot_be_read_one_way_only_is_refused(
    issuer: Issuer, machine: KnownClient, body: str
) -> None:
    for path in ENDPOINTS:
        answer = send(issuer, path, UNREADABLE[body], machine)
        assert_is_error(answer, statuses=frozenset({400, 413}))
        assert answer.json()["error"] == "invalid_request"


@pytest.mark.usefixtures("unchanged")
def test_too_many_parameters_are_refused_before_any_of_them_is_read(
    issuer: Issuer, machine: KnownClient
) -> None:
    """Reading half a million of them would take this process from all others for a second."""
    for path in ENDPOINTS:
        answer = send(issuer, path, b"a=&" * 200_000 + b"unreadable=%ff", machine)
        assert_is_error(answer, statuses=frozenset({400}))
        assert answer.json()["error_description"] == "Send at most 100 parameters."


def test_the_same_body_without_its_fault_is_taken(issuer: Issuer, machine: KnownClient) -> None:
    """So the refusals above are about the faults."""
    for path in ENDPOINTS:
        body = b"grant_type=client_credentials&token=x&a=%c3%a9&unknown=1&empty=&flag&=nameless"
        assert send(issuer, path, body, machine).status_code == 200


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data; boundary=x", "text/plain", "x", f"{FORM}x", "é"],
)
def test_another_media_type_is_refused(
    issuer: Issuer, machine: KnownClient, content_type: str
) -> None:
    for path in ENDPOINTS:
        body = urlencode(good_form(path)).encode()
        answer = issuer.http.post(
            f"{issuer.issuer}/{path}",
            content=body,
            headers={b"content-type": content_type.encode("latin-1")},
            auth=machine.basic,
        )
        assert_is_error(answer, statuses=frozenset({400}))


@pytest.mark.usefixtures("unchanged")
def test_a_missing_media_type_is_refused(issuer: Issuer, machine: KnownClient) -> None:
    for path in ENDPOINTS:
        body = urlencode(good_form(path)).encode()
        url = f"{issuer.issuer}/{path}"
        request = issuer.http.build_request("POST", url, content=body)
        assert "content-type" not in request.headers
        request.headers["authorization"] = basic(*machine.basic)
        assert_is_error(issuer.http.send(request), statuses=frozenset({400}))


@pytest.mark.parametrize("content_type", [FORM.upper(), f"{FORM}; charset=UTF-8", f"{FORM} ;x"])
def test_the_media_type_may_be_spelled_in_any_way(
    issuer: Issuer, machine: KnownClient, content_type: str
) -> None:
    body = urlencode(good_form("token")).encode()
    assert send(issuer, "token", body, machine, content_type=content_type).status_code == 200


def pieces(body: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_a_body_in_chunks_is_read_as_the_same_body(issuer: Issuer, machine: KnownClient) -> None:
    for path in ENDPOINTS:
        body = urlencode({**good_form(path), "filling": "x" * 5000}).encode()
        answer = issuer.http.post(
            f"{issuer.issuer}/{path}",
            content=pieces(body),
            headers={"content-type": FORM},
            auth=machine.basic,
        )
        assert answer.status_code == 200


@pytest.mark.usefixtures("unchanged")
def test_a_body_in_chunks_that_never_ends_is_cut_off(issuer: Issuer, machine: KnownClient) -> None:
    for path in ENDPOINTS:
        body = urlencode({**good_form(path), "filling": "x" * (MIB + 1)}).encode()
        answer = issuer.http.post(
            f"{issuer.issuer}/{path}",
            content=pieces(body, 1 << 16),
            headers={"content-type": FORM},
            auth=machine.basic,
        )
        assert_is_error(answer, statuses=frozenset({413}))


# --- parameters ----------------------------------------------------------------------------------

BAD_PARAMETERS: dict[str, dict[str, str]] = {
    "nothing": {},
    "an empty grant_type": {"grant_type": ""},
    "an unknown grant_type": {"grant_type": "magic"},
    "a very long grant_type": {"grant_type": "x" * 100_000},
    "a list for a grant_type": {"grant_type": '["client_credentials"]'},
    "a scope of a megabyte": {"grant_type": "client_credentials", "scope": "a" * 900_000},
    "a hundred thousand scopes": {"grant_type": "client_credentials", "scope": "a " * 100_000},
    "a scope with a quote": {"grant_type": "client_credentials", "scope": '"'},
    "a scope with a tab": {"grant_type": "client_credentials", "scope": "sensor:read\tx"},
    "a scope with a line": {"grant_type": "client_credentials", "scope": "sensor:read\nx"},
    "a scope beyond ASCII": {"grant_type": "client_credentials", "scope": "é"},
    "a scope that looks like SQL": {"grant_type": "client_credentials", "scope": "'; DROP --"},
    "another client": {"grant_type": "client_credentials", "client_id": "other"},
    "another secret": {"grant_type": "client_credentials", "client_secret": "other"},
    "no token": {"token": ""},
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_bad_parameters_are_refused_by_the_token_endpoint(
    issuer: Issuer, machine: KnownClient, name: str
) -> None:
    assert_is_error(issuer.post("token", BAD_PARAMETERS[name], machine), statuses=REFUSED)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token"])
@pytest.mark.parametrize("value", ["", "x", "é", "x" * 200_000, "swr_", "'; DROP --", " ", "\n"])
def test_grants_that_never_were_are_refused(
    issuer: Issuer, phone: KnownClient, grant_type: str, value: str
) -> None:
    form = {
        "grant_type": grant_type,
        "code": value,
        "refresh_token": value,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": value,
    }
    assert_is_error(issuer.post("token", form, phone), statuses=frozenset({400}))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["introspect", "revoke"])
@pytest.mark.parametrize("form", [{}, {"token": ""}, {"tokens": "x"}, {"Token": "x"}])
def test_a_missing_token_is_refused(
    issuer: Issuer, machine: KnownClient, path: str, form: dict[str, str]
) -> None:
    assert_is_error(issuer.post(path, form, machine), statuses=frozenset({400}))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["introspect", "revoke"])
def test_any_token_may_be_asked_about(issuer: Issuer, machine: KnownClient, path: str) -> None:
    for token in (
        "x" * 500_000,
        "." * 100_000,
        "swk_" + "_" * 1000,
        "swr_é",
        "é" * 999,
        "\t",
        "\n",
    ):
        assert issuer.post(path, {"token": token}, machine).status_code == 200


# --- clients -------------------------------------------------------------------------------------


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


JUNK_HEADERS: dict[str, bytes] = {
    "nothing": b"",
    "a scheme alone": b"Basic",
    "no base64": b"Basic !!!",
    "half of base64": b"Basic YQ",
    "base64 with holes": b"Basic YW Jj",
    "octets beyond ASCII": b"Basic \xff\xfe\xe9",
    "no colon": b"Basic " + base64.b64encode(b"nobody"),
    "invalid UTF-8 within": b"Basic " + base64.b64encode(b"\xff\xfe:\xff"),
    "NUL within": b"Basic " + base64.b64encode(b"a\x00b:c"),
    "an escaped NUL within": b"Basic " + base64.b64encode(b"a%00b:c"),
    "an escaped NUL in the secret": b"Basic " + base64.b64encode(b"a:c%00"),
    "escaped invalid UTF-8": b"Basic " + base64.b64encode(b"%ff:%ed%a0%80"),
    "a colon alone": b"Basic " + base64.b64encode(b":"),
    "many colons": b"Basic " + base64.b64encode(b"a:b:c:d"),
    "a very long id": b"Basic " + base64.b64encode(b"a" * 20_000 + b":b"),
    "another scheme": b"Digest username=x",
    "a bearer of nothing": b"Bearer",
    "a bearer of junk": b"Bearer \xff\xfe",
    "an unknown key": b"Apikey swk_x_y",
    "a very long key": b"Apikey swk_" + b"x" * 20_000,
    "a very long word": b"x" * 20_000,
}


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("name", JUNK_HEADERS)
def test_a_junk_authorization_header_is_invalid_client(issuer: Issuer, name: str) -> None:
    for path in ENDPOINTS:
        answer = issuer.http.post(
            f"{issuer.issuer}/{path}",
            data=good_form(path),
            headers={b"authorization": JUNK_HEADERS[name]},
        )
        assert_is_error(answer, statuses=frozenset({401}))
        assert answer.json()["error"] == "invalid_client"
        assert "www-authenticate" in answer.headers


@pytest.mark.usefixtures("unchanged")
def test_two_authorization_headers_are_refused(issuer: Issuer, machine: KnownClient) -> None:
    for path in ENDPOINTS:
        twice = [("authorization", basic(*machine.basic))] * 2
        answer = issuer.http.post(f"{issuer.issuer}/{path}", data=good_form(path), headers=twice)
        assert_is_error(answer, statuses=frozenset({400}))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("client_id", ["", "x", "é", "x" * 100_000, "'; DROP --", "\n", "../.."])
def test_a_client_that_never_was_is_invalid_client(issuer: Issuer, client_id: str) -> None:
    for path in ENDPOINTS:
        for secret in ({}, {"client_secret": "x"}, {"client_secret": "é" * 10_000}):
            answer = issuer.post(path, {**good_form(path), "client_id": client_id, **secret})
            assert_is_error(answer, statuses=frozenset({401}))
            assert answer.json()["error"] == "invalid_client"


# --- addresses and methods -----------------------------------------------------------------------


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_not_allowed(issuer: Issuer, method: str) -> None:
    for path in ENDPOINTS:
        answer = issuer.http.request(
            method, f"{issuer.issuer}/{path}?grant_type=client_credentials"
        )
        assert_is_error(answer, statuses=frozenset({405}))
        assert answer.headers["allow"] == "POST"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", ["jwks", "userinfo", ".well-known/openid-configuration"])
def test_a_reading_endpoint_cannot_be_written(issuer: Issuer, path: str) -> None:
    answer = issuer.http.request("DELETE", f"{issuer.issuer}/{path}")
    assert_is_error(answer, statuses=frozenset({405}))
    assert "GET" in answer.headers["allow"]
    assert "HEAD" in answer.headers["allow"]


def test_head_answers_like_get_without_a_body(issuer: Issuer) -> None:
    for path in ("jwks", ".well-known/oauth-authorization-server"):
        got, headed = (issuer.http.request(m, f"{issuer.issuer}/{path}") for m in ("GET", "HEAD"))
        assert (headed.status_code, headed.content) == (200, b"")
        assert headed.headers["content-length"] == str(len(got.content))


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", [*ENDPOINTS, "userinfo", "jwks"])
@pytest.mark.parametrize(
    "id", ["", "x", "%00", "%ff", "..", "x" * 3000, "0192f0c1-0000-7000-8000-000000000000", "%20"]
)
def test_an_issuer_that_never_was_is_not_found(issuer: Issuer, path: str, id: str) -> None:
    method = "GET" if path in ("userinfo", "jwks") else "POST"
    answer = raw_request(issuer, method, f"/w/{id}/{path}")
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer


@pytest.mark.usefixtures("unchanged")
def test_a_query_is_no_form(issuer: Issuer, machine: KnownClient) -> None:
    for path in ENDPOINTS:
        query = quote_from_bytes(urlencode(good_form(path)).encode(), safe="=&")
        answer = issuer.post(f"{path}?{query}", {}, machine)
        assert_is_error(answer, statuses=frozenset({400}))


def raw_request(issuer: Issuer, method: str, target: str, *, headers: bytes = b"") -> bytes:
    """A request as octets, past every client library's good manners; the answer's first octets."""
    at = urlsplit(issuer.site.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        head = f"{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".encode()
        connection.sendall(head + headers + b"\r\n")
        return connection.recv(4096)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "length", [b"-1", b"x", b"\xb2", b"9" * 30, b"1.5", b"1, 1", b"99999999999", b"0x10"]
)
def test_a_length_that_is_none_or_too_large_is_refused(issuer: Issuer, length: bytes) -> None:
    headers = b"content-type: " + FORM.encode() + b"\r\ncontent-length: " + length + b"\r\n"
    answer = raw_request(issuer, "POST", f"/w/{issuer.id}/token", headers=headers)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")), answer


@pytest.mark.usefixtures("unchanged")
def test_huge_headers_are_refused(issuer: Issuer, machine: KnownClient) -> None:
    for value in ("x" * 60_000, basic(machine.id, "x" * 40_000), "Bearer " + "x" * 60_000):
        try:
            answer = issuer.post("introspect", {"token": "x"}, headers={"authorization": value})
        except httpx.RemoteProtocolError:
            continue  # the HTTP server hung up on it
        assert 400 <= answer.status_code < 500


# --- anything at all -----------------------------------------------------------------------------

names = st.sampled_from(
    ["grant_type", "scope", "code", "refresh_token", "redirect_uri", "code_verifier", "token",
     "token_type_hint", "client_id", "client_secret", "resource", "x", ""]
)  # fmt: skip
values = st.one_of(
    st.sampled_from(["authorization_code", "refresh_token", "password", "openid", "swr_x", "*"]),
    st.text(max_size=40).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)),
)
forms = st.lists(st.tuples(names, values), max_size=8).map(lambda pairs: urlencode(pairs).encode())
bodies = st.one_of(forms, st.binary(max_size=200))


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    path=st.sampled_from(ENDPOINTS),
    body=bodies,
    authorization=st.one_of(st.none(), st.binary(max_size=60).filter(lambda b: b.strip() == b)),
    is_client=st.booleans(),
)
def test_no_form_at_all_is_a_bug_or_changes_anything(
    issuer: Issuer,
    machine: KnownClient,
    path: str,
    body: bytes,
    authorization: bytes | None,
    is_client: bool,
) -> None:
    headers: dict[bytes, bytes] = {b"content-type": FORM.encode()}
    if is_client:
        headers[b"authorization"] = basic(*machine.basic).encode()
    elif authorization is not None and not set(authorization) & {*range(32), 127}:
        headers[b"authorization"] = authorization
    before = dump(issuer.database)
    answer = issuer.http.post(f"{issuer.issuer}/{path}", content=body, headers=headers)
    if answer.status_code == 200:  # of a token that is none
        assert is_client
        assert path != "token"
        assert answer.content in (
            b"",
            json.dumps({"active": False}, separators=(",", ":")).encode(),
        )
    else:
        assert_is_error(answer)
    assert dump(issuer.database) == before


@pytest.mark.usefixtures("unchanged")
def test_a_bearer_of_junk_learns_nothing_from_userinfo(issuer: Issuer) -> None:
    for token in ("x", "a.b.c", "swk_x_y", "é", "x" * 10_000, ".", "swr_x"):
        headers = {k.encode(): v.encode() for k, v in bearer(token).items()}
        answer = issuer.http.get(f"{issuer.issuer}/userinfo", headers=headers)
        assert_is_error(answer, statuses=frozenset({401}))
