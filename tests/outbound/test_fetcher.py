"""The one way out: what it fetches, and all that it refuses to be talked into.

The refusals run with an empty list of allowed hosts; what is fetched is on loopback, by name.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from itertools import chain, repeat
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from scopewright.core.errors import Invalid
from scopewright.outbound import Fetcher, Unfetchable
from scopewright.outbound.destinations import Resolve, is_public
from scopewright.outbound.fetcher import MOST_AT_ONCE
from scopewright.settings.tree import OutboundSettings
from tests.tls import HERE, CertificateAuthority, HttpsSite, Reply, https_site


@pytest.fixture(scope="module")
def site(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture
def fetcher(certificate_authority: CertificateAuthority, site: HttpsSite) -> Fetcher:
    """One that may fetch from the site."""
    site.received.clear()
    return fetcher_for(certificate_authority, site)


def fetcher_for(authority: CertificateAuthority, site: HttpsSite, **settings: object) -> Fetcher:
    values = {"allow": [site.allow], "ca_file": str(authority.ca_file), **settings}
    return Fetcher(OutboundSettings.model_validate(values))


def refusing(resolve: Resolve | None = None) -> Fetcher:
    """One that is allowed nothing in particular."""
    settings = OutboundSettings(timeout=10)
    return Fetcher(settings) if resolve is None else Fetcher(settings, resolve=resolve)


def cause_of(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(Unfetchable) as refused:
        fetcher.get(url)
    assert not url or url not in str(refused.value)
    return refused.value.cause


# --- what is fetched ----------------------------------------------------------------------------


def test_a_document_comes_with_its_type_and_age(fetcher: Fetcher, site: HttpsSite) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8", "cache-control": "max-age=90"}
    site.answers["/document?a=b"] = Reply(b'{"a":1}', headers=headers)
    fetched = fetcher.get(site.url("/document?a=b"), accept="application/jwk-set+json")
    assert fetched.json_object() == {"a": 1}
    assert fetched.content_type == "application/json"
    assert fetched.max_age == 90
    asked = site.received[-1]
    assert asked.headers["host"] == site.allow
    assert asked.headers["accept"] == "application/jwk-set+json"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["cookie"] is None


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [("", None), ("public", None), ("no-store", 0), ("max-age=60, no-cache", 0), ("max-age=0", 0)],
)
def test_how_long_to_keep_it_is_what_cache_control_says(
    fetcher: Fetcher, site: HttpsSite, cache_control: str, seconds: int | None
) -> None:
    site.answers["/age"] = Reply(headers={"cache-control": cache_control})
    assert fetcher.get(site.url("/age")).max_age == seconds


def test_a_form_is_posted_and_its_status_told(fetcher: Fetcher, site: HttpsSite) -> None:
    site.answers["/logout"] = Reply(b"", 400)
    assert fetcher.post_form(site.url("/logout"), {"logout_token": "a+b c"}) == 400
    asked = site.received[-1]
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"logout_token": ["a+b c"]}


def test_an_allowed_host_is_allowed_at_that_port_alone(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    site.answers["/"] = Reply()
    for allow in (["localhost"], ["localhost:443"], [f"localhost:{site.port + 1}"], ["127.0.0.1"]):
        other = fetcher_for(certificate_authority, site, allow=allow)
        assert "port" in cause_of(other, site.url())


def test_a_second_address_is_tried_when_the_first_does_not_answer(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    settings = OutboundSettings(
        allow=(site.allow,), ca_file=str(certificate_authority.ca_file), timeout=5
    )
    fetcher = Fetcher(settings, resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    site.answers["/"] = Reply()
    assert fetcher.get(site.url()).body == b"{}"


def test_proxies_of_the_environment_are_not_used(
    fetcher: Fetcher, site: HttpsSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.answers["/"] = Reply()
    assert fetcher.get(site.url()).body == b"{}"


# --- where it does not go -----------------------------------------------------------------------

LOOPBACK = [
    "localhost",
    "LOCALHOST",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_this_machine_is_not_asked_however_it_is_spelled(host: str) -> None:
    assert "not public" in cause_of(refusing(), f"https://{host}/")


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",  # where clouds keep credentials
        "2852039166",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.100.100.200",
        "[fe80::1]",
        "[fc00::1]",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_private_networks_are_not_asked(host: str) -> None:
    assert "not public" in cause_of(refusing(), f"https://{host}/latest/meta-data/")


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "198.18.0.1", "192.88.99.1", "fec0::1", "100::1", "2001::1", "2001:db8::1",
     "3fff::1", "64:ff9b:1::a00:1", "64:ff9b::808:808", "2002:808:808::1", "::8.8.8.8",
     "::ffff:8.8.8.8", "fe80::1%eth0", "4000::1", "not an address"],
)  # fmt: skip
def test_addresses_that_are_not_one_host_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["2606:4700::1111", "::1"], ["::ffff:10.0.0.1"]],
)
def test_a_name_that_leads_to_one_private_address_leads_nowhere(addresses: list[str]) -> None:
    fetcher = refusing(lambda _host, _port: addresses)
    assert "not public" in cause_of(fetcher, "https://innocent.example/")


def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    asked: list[str] = []

    def moving(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    settings = OutboundSettings(
        allow=(site.allow,), ca_file=str(certificate_authority.ca_file), timeout=SECOND
    )
    certificate = certificate_authority.issue("localhost")
    with https_site(certificate, address=("127.0.0.2", site.port)) as judged:
        site.answers["/"] = Reply(b'"not judged"')
        judged.answers["/"] = Reply(b'"judged"')
        assert Fetcher(settings, resolve=moving).get(site.url()).body == b'"judged"'
    assert asked == ["localhost"]


def test_a_name_that_does_not_resolve_is_refused() -> None:
    def lost(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert "resolve" in cause_of(refusing(lost), "https://nowhere.example/")
    assert "resolve" in cause_of(refusing(lambda _host, _port: []), "https://nowhere.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "HTTP://localhost/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "//localhost/",
        "https:/localhost/",
        "https://",
        "https://:443/",
        "https://example.com:80/",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com/#fragment",
        "https://example.com/#",
        "https://example.com\\@localhost/",
        "https://example.com /",
        "https://example.com/\r\nhost: other",
        "https://ex%61mple.com/",
        "https://ex\u00e4mple.com/",
        "https://.example.com/",
        "https://example..com/",
        "https://[::1/",
        "https://example.com/" + "a" * 2000,
        "",
    ],
)
def test_what_is_not_a_plain_https_url_is_not_even_resolved(url: str) -> None:
    def never(_host: str, _port: int) -> list[str]:
        raise AssertionError("resolved")

    cause_of(refusing(never), url)


# --- what is not believed -----------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(fetcher: Fetcher, site: HttpsSite, status: int) -> None:
    headers = {"location": site.url("/elsewhere")}
    site.answers["/"] = Reply(b"", status, headers)
    site.answers["/elsewhere"] = Reply()
    assert cause_of(fetcher, site.url()) == f"status {status}"
    assert fetcher.post_form(site.url(), {}) == status
    assert {asked.path for asked in site.received} == {"/"}


@pytest.mark.parametrize("status", [201, 204, 404, 500])
def test_only_status_200_is_a_document(fetcher: Fetcher, site: HttpsSite, status: int) -> None:
    site.answers["/"] = Reply(b"", status)
    assert cause_of(fetcher, site.url()) == f"status {status}"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff{}", b"[" * 100_000])
def test_what_is_no_json_object_is_no_document(
    fetcher: Fetcher, site: HttpsSite, body: bytes
) -> None:
    site.answers["/"] = Reply(body)
    with pytest.raises(Unfetchable):
        fetcher.get(site.url()).json_object()


def test_a_large_answer_is_not_read(fetcher: Fetcher, site: HttpsSite) -> None:
    site.answers["/"] = Reply(b"x" * 5001)
    with pytest.raises(Unfetchable, match="could not be fetched"):
        fetcher.get(site.url(), limit=5000)
    assert len(fetcher.get(site.url(), limit=5001).body) == 5001


def test_the_setting_bounds_what_a_caller_may_ask_for(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    site.answers["/"] = Reply(b"x" * 2000)
    small = fetcher_for(certificate_authority, site, limit=1024)
    with pytest.raises(Unfetchable):
        small.get(site.url(), limit=1 << 20)


def test_an_endless_answer_ends_at_the_limit(fetcher: Fetcher, site: HttpsSite) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 10_000)

    site.answers["/"] = endless
    assert cause_of(fetcher, site.url()) == "too large"


def test_a_compressed_answer_is_not_opened(fetcher: Fetcher, site: HttpsSite) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    site.answers["/"] = Reply(bomb, headers={"content-encoding": "gzip"})
    assert cause_of(fetcher, site.url()) == "it is encoded"


SECOND = 1  # what slow answers may cost a test


def drip(pieces: Iterator[bytes], pause: float = 0.02) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer in small pieces, each well within any timeout of its own."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)

    return answer


SLOW = {
    "body": b"HTTP/1.1 200 OK\r\n\r\n",
    "header": b"HTTP/1.1 200 OK\r\nx-long: ",
    "chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1000\r\n",
}


@pytest.mark.parametrize("beginning", SLOW.values(), ids=SLOW)
def test_an_answer_that_drips_ends_in_time(
    certificate_authority: CertificateAuthority, site: HttpsSite, beginning: bytes
) -> None:
    site.answers["/"] = drip(chain([beginning], repeat(b"x", 200)))
    fetcher = fetcher_for(certificate_authority, site, timeout=SECOND)
    started = time.monotonic()
    cause_of(fetcher, site.url())
    assert time.monotonic() - started < 2 * SECOND


def test_endless_interim_answers_end_in_time(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    site.answers["/"] = drip(repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n", 200))
    fetcher = fetcher_for(certificate_authority, site, timeout=SECOND)
    started = time.monotonic()
    cause_of(fetcher, site.url())
    assert time.monotonic() - started < 2 * SECOND


def test_a_server_that_never_says_anything_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"localhost:{silent.getsockname()[1]}"
        fetcher = Fetcher(OutboundSettings(allow=(host,), timeout=SECOND))
        started = time.monotonic()
        cause_of(fetcher, f"https://{host}/")
        assert time.monotonic() - started < 2 * SECOND


def test_only_so_many_are_asked_at_once(
    certificate_authority: CertificateAuthority, site: HttpsSite
) -> None:
    arrived, may_go = threading.Semaphore(0), threading.Event()

    def wait(handler: BaseHTTPRequestHandler) -> None:
        arrived.release()
        may_go.wait(10)
        handler.send_response(200)
        handler.end_headers()

    site.answers["/"] = wait
    fetcher = fetcher_for(certificate_authority, site, timeout=10)
    with ThreadPoolExecutor(MOST_AT_ONCE + 1) as threads:
        fetching = [threads.submit(fetcher.get, site.url()) for _ in range(MOST_AT_ONCE + 1)]
        try:
            assert all(arrived.acquire(timeout=10) for _ in range(MOST_AT_ONCE))
            assert not arrived.acquire(timeout=0.2)
        finally:
            may_go.set()
        assert [fetched.result().body for fetched in fetching] == [b""] * len(fetching)


# --- certificates -------------------------------------------------------------------------------


def test_a_certificate_of_another_name_is_refused(
    certificate_authority: CertificateAuthority,
) -> None:
    with https_site(certificate_authority.issue("other.example")) as other:
        assert "certificate" in cause_of(fetcher_for(certificate_authority, other), other.url())
        assert other.received == []


def test_an_expired_certificate_is_refused(certificate_authority: CertificateAuthority) -> None:
    with https_site(certificate_authority.issue(*HERE, days=-1)) as late:
        assert "expired" in cause_of(fetcher_for(certificate_authority, late), late.url())


def test_an_unknown_authority_is_refused(site: HttpsSite) -> None:
    stranger = Fetcher(OutboundSettings(allow=(site.allow,)))
    assert "certificate" in cause_of(stranger, site.url())


def test_the_name_decides_about_the_certificate_and_not_the_address(
    certificate_authority: CertificateAuthority,
) -> None:
    with https_site(certificate_authority.issue("127.0.0.1")) as by_address:
        by_address.answers["/"] = Reply()
        assert "certificate" in cause_of(
            fetcher_for(certificate_authority, by_address), by_address.url()
        )


def test_a_ca_file_without_certificates_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(Invalid):
            Fetcher(OutboundSettings(ca_file=str(tmp_path / name)))


def test_a_form_is_answered_with_a_document_of_bounded_size(
    fetcher: Fetcher, site: HttpsSite
) -> None:
    site.answers["/token"] = Reply(b'{"a":1}')
    answer = fetcher.post_for_answer(
        site.url("/token"), {"a": "b c"}, headers={"authorization": "Basic eA=="}
    )
    assert answer.json_object() == {"a": 1}
    asked = site.received[-1]
    assert (asked.method, parse_qs(asked.body.decode())) == ("POST", {"a": ["b c"]})
    assert asked.headers["authorization"] == "Basic eA=="
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    for reply in (Reply(status=400), Reply(b"x" * (257 << 10)), Reply(status=302)):
        site.answers["/token"] = reply
        with pytest.raises(Unfetchable):
            fetcher.post_for_answer(site.url("/token"), {}, headers={})
