"""Public keys that others keep: fetched once, kept for a while, looked for again within bounds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from scopewright.core.client_metadata_members import CLIENT_ALGORITHMS
from scopewright.core.registration import PLAIN, ClientRegistration
from scopewright.guard import jws
from scopewright.outbound import Fetcher, Unfetchable
from scopewright.remote_keys import COOL_DOWN, LARGEST_SET, MOST_SETS, MOST_WAITING, RemoteKeys
from scopewright.settings.tree import OutboundSettings
from tests.client_keys import ClientKey
from tests.clock import FrozenClock
from tests.tls import HERE, CertificateAuthority, HttpsSite, Reply, https_site

KEY = ClientKey(FrozenClock()(), kid="one").public
NEXT = ClientKey(FrozenClock()(), kid="next").public


@pytest.fixture(scope="module")
def elsewhere(certificate_authority: CertificateAuthority) -> Iterator[HttpsSite]:
    with https_site(certificate_authority.issue(*HERE)) as running:
        yield running


@pytest.fixture
def site(elsewhere: HttpsSite) -> HttpsSite:
    elsewhere.answers.clear()
    elsewhere.received.clear()
    publish(elsewhere, KEY)
    return elsewhere


@pytest.fixture
def keys(
    certificate_authority: CertificateAuthority, site: HttpsSite, clock: FrozenClock
) -> RemoteKeys:
    ca_file = str(certificate_authority.ca_file)
    return RemoteKeys(Fetcher(OutboundSettings(allow=(site.allow,), ca_file=ca_file)), clock)


def publish(
    site: HttpsSite, *published: dict[str, Any], path: str = "/jwks", age: str = ""
) -> None:
    body = json.dumps({"keys": published}).encode()
    site.answers[path] = Reply(body, headers={"cache-control": age} if age else {})


def test_a_set_is_fetched_once_while_it_is_fresh(
    keys: RemoteKeys, site: HttpsSite, clock: FrozenClock
) -> None:
    publish(site, KEY, age="max-age=1800")
    for _ in range(3):
        assert "one" in keys.of(site.url("/jwks"))
    clock.advance(minutes=29)
    keys.of(site.url("/jwks"))
    assert len(site.received) == 1
    clock.advance(minutes=2)
    keys.of(site.url("/jwks"))
    assert len(site.received) == 2
    assert "jwk-set" in site.received[0].headers["accept"]


@pytest.mark.parametrize(("age", "minutes"), [("max-age=1", 1), ("max-age=99999999", 60)])
def test_how_long_counts_within_bounds(
    keys: RemoteKeys, site: HttpsSite, clock: FrozenClock, age: str, minutes: int
) -> None:
    publish(site, KEY, age=age)
    keys.of(site.url("/jwks"))
    clock.advance(minutes=minutes, seconds=-1)
    keys.of(site.url("/jwks"))
    assert len(site.received) == 1
    clock.advance(seconds=2)
    keys.of(site.url("/jwks"))
    assert len(site.received) == 2


def test_an_unknown_kid_is_looked_for_once_and_not_again_too_soon(
    keys: RemoteKeys, site: HttpsSite, clock: FrozenClock
) -> None:
    keys.of(site.url("/jwks"), kid="one")
    publish(site, KEY, NEXT)
    assert "next" not in keys.of(site.url("/jwks"), kid="next")  # it was looked just now
    clock.advance(seconds=COOL_DOWN.total_seconds())
    assert "next" in keys.of(site.url("/jwks"), kid="next")
    assert len(site.received) == 2
    for invented in ("a", "b", "c"):
        assert invented not in keys.of(site.url("/jwks"), kid=invented)
    assert len(site.received) == 2


def test_a_failure_is_not_repeated_at_once(
    keys: RemoteKeys, site: HttpsSite, clock: FrozenClock
) -> None:
    site.answers["/jwks"] = Reply(b"", 500)
    for _ in range(3):
        with pytest.raises(Unfetchable):
            keys.of(site.url("/jwks"))
    assert len(site.received) == 1
    publish(site, KEY)
    clock.advance(seconds=COOL_DOWN.total_seconds())
    assert "one" in keys.of(site.url("/jwks"))


def test_known_keys_outlive_a_short_outage_only(
    keys: RemoteKeys, site: HttpsSite, clock: FrozenClock
) -> None:
    publish(site, KEY, age="max-age=60")
    keys.of(site.url("/jwks"))
    site.answers["/jwks"] = Reply(b"", 503)
    clock.advance(minutes=10, seconds=59)
    assert "one" in keys.of(site.url("/jwks"))
    clock.advance(minutes=1)
    with pytest.raises(Unfetchable):
        keys.of(site.url("/jwks"))


def test_many_that_ask_at_once_share_one_fetch(keys: RemoteKeys, site: HttpsSite) -> None:
    good = site.answers["/jwks"]
    assert isinstance(good, Reply)

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        waiting.submit(lambda: None).result()  # whoever came later is in the queue by now
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(good.body)

    site.answers["/jwks"] = slowly
    with ThreadPoolExecutor(1) as waiting, ThreadPoolExecutor(8) as asking:
        found = list(asking.map(lambda _: keys.of(site.url("/jwks")), range(8)))
    assert all(one is found[0] for one in found)
    assert len(site.received) == 1


def test_only_so_many_wait_for_a_slow_host(keys: RemoteKeys, site: HttpsSite) -> None:
    may_go = threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        may_go.wait(4)

    site.answers["/jwks"] = slowly
    publish(site, KEY, path="/quick")
    keys.of(site.url("/quick"))
    with ThreadPoolExecutor(MOST_WAITING + 1) as threads:
        asked = [threads.submit(keys.of, site.url("/jwks")) for _ in range(MOST_WAITING + 1)]
        try:
            first = next(as_completed(asked, timeout=3))  # the one for whom no place was left
            assert isinstance(first.exception(), Unfetchable)
            assert "one" in keys.of(site.url("/quick"))
        finally:
            may_go.set()
        assert all(isinstance(one.exception(), Unfetchable) for one in asked)
    assert len(site.received) == 2


def test_only_so_many_sets_are_kept(keys: RemoteKeys, site: HttpsSite) -> None:
    keys.of(site.url("/jwks"))
    for n in range(MOST_SETS):  # nobody is asked: the port is not allowed
        with pytest.raises(Unfetchable):
            keys.of(f"https://localhost:1/{n}")
    keys.of(site.url("/jwks"))
    assert len(site.received) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"keys":[]}',
        b'{"keys":[{"kty":"oct","k":"AAAA","kid":"one"}]}',
        json.dumps({"keys": [KEY, KEY]}).encode(),
        json.dumps({"keys": [KEY], "padding": "x" * LARGEST_SET}).encode(),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_usable_set_is_none(keys: RemoteKeys, site: HttpsSite, body: bytes) -> None:
    site.answers["/jwks"] = Reply(body)
    with pytest.raises(Unfetchable):
        keys.of(site.url("/jwks"))


def test_private_addresses_are_not_asked_for_keys(clock: FrozenClock, site: HttpsSite) -> None:
    by_default = RemoteKeys(Fetcher(OutboundSettings()), clock)
    for url in (site.url("/jwks"), "https://169.254.169.254/jwks", "https://[::1]/jwks"):
        with pytest.raises(Unfetchable):
            by_default.of(url)
    assert site.received == []


def test_a_clients_keys_stand_in_its_registration_or_at_its_url(
    keys: RemoteKeys, site: HttpsSite
) -> None:
    inline = ClientRegistration(jwks={"keys": [NEXT]})
    assert "next" in keys.keys_of(inline)
    assert site.received == []
    assert "one" in keys.keys_of(ClientRegistration(jwks_uri=site.url("/jwks")), kid="one")
    for unusable in (PLAIN, ClientRegistration(jwks={"keys": [{"kty": "EC"}]})):
        with pytest.raises(Unfetchable):
            keys.keys_of(unusable)


def test_clients_may_register_the_algorithms_that_are_verified() -> None:
    assert CLIENT_ALGORITHMS == jws.CLIENT_ALGORITHMS
