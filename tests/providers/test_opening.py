"""Providers are made at start, and whatever is wrong with one names it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from argon2 import PasswordHasher

from scopewright.core.errors import Invalid
from scopewright.outbound import Fetcher
from scopewright.providers import (
    Bearer,
    Form,
    Opened,
    Proven,
    Redirect,
    Surroundings,
    open_providers,
)
from scopewright.remote_keys import RemoteKeys
from scopewright.settings.authentication import ProviderSettings
from scopewright.settings.tree import OutboundSettings
from tests.clock import FrozenClock

HTTP, HTTPS = "http://127.0.0.1:8080", "https://auth.example"
HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$5pmMYO85VBFIHf0KyVyGxzOX9vvsq4oJ4ZPmCcrXk9g"


class Custom:
    """Somebody else's."""

    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def authenticate(self, username: str, password: str) -> Proven | None:
        return Proven(username, state={"greeting": self.greeting})


class NoProvider:
    """It authenticates nobody."""


def broken(secret: str) -> None:
    raise RuntimeError(f"no {secret}")


def opened(authenticator: str, url: str = HTTP, **args: Any) -> Opened:
    settings = ProviderSettings(provider="toy", authenticator=authenticator, args=args)
    clock, fetcher = FrozenClock(), Fetcher(OutboundSettings())

    def here(name: str) -> Surroundings:
        return Surroundings(name, url, b"secret", clock, fetcher, RemoteKeys(fetcher, clock))

    return open_providers([settings], here)["toy"]


def refused(authenticator: str, url: str = HTTP, **args: Any) -> str:
    with pytest.raises(Invalid) as error:
        opened(authenticator, url, **args)
    assert "toy" in error.value.detail
    return error.value.detail


def proven(one: Opened, name: str, password: str) -> Proven | None:
    assert isinstance(one.provider, Form)
    return one.provider.authenticate(name, password)


def test_somebody_elses_provider_is_found_by_its_import_path() -> None:
    found = proven(opened(f"{__name__}:Custom", greeting="hello"), "ann", "any")
    assert found == Proven("ann", state={"greeting": "hello"})


@pytest.mark.parametrize(
    ("authenticator", "args", "why"),
    [
        ("no.such.module:Thing", {}, "imported"),
        (f"{__name__}:Missing", {}, "imported"),
        (f"{__name__}:NoProvider", {}, "no provider"),
        (f"{__name__}:HTTP", {}, "no provider"),
        (f"{__name__}:Custom", {}, "greeting"),
        (f"{__name__}:Custom", {"greeting": "", "more": 1}, "more"),
        (f"{__name__}:broken", {"secret": "hunter2"}, "RuntimeError"),
        ("dictionary", {}, "users_to_passwords"),
        ("dictionary", {"users_to_passwords": ["ann"]}, "mapping"),
        ("dictionary", {"users_to_passwords": {"ann": ""}}, "empty"),
        ("dictionary", {"users_to_passwords": {"ann": 5}}, "no text"),
        ("dictionary", {"users_to_passwords": {"ann": "$argon2id$v=19$junk"}}, "hash"),
        ("dictionry", {}, "dictionary"),
        ("oidc", {"client_id": "c"}, "issuer"),
        ("oidc", {"client_id": "c", "issuer": "http://idp.example"}, "https"),
        ("oidc", {"client_id": "c", "well_known_uri": "https://idp.example/x"}, "well_known_uri"),
        ("oidc", {"client_id": "c", "issuer": "https://i.example", "isuer": "x"}, "isuer"),
        ("oidc", {"client_id": "c", "issuer": "https://i.example", "scope": "email"}, "openid"),
        ("tiled.authenticators:DummyAuthenticator", {}, "force"),
        ("proxied", {"issuer": HTTPS}, "audience"),
        ("proxied", {"issuer": HTTPS, "audience": ""}, "audience"),
        ("proxied", {"issuer": HTTPS, "audience": 5}, "audience"),
        ("proxied", {"audience": "us"}, "https"),
        ("proxied", {"audience": "us", "issuer": HTTP}, "https"),
        ("proxied", {"audience": "us", "issuer": HTTPS, "scopes_map": ["a"]}, "scopes_map"),
        ("proxied", {"audience": "us", "issuer": HTTPS, "scopes_map": {"a": 5}}, "scopes_map"),
        ("proxied", {"audience": "us", "issuer": HTTPS, "scopes_map": {"a": [5]}}, "scopes_map"),
        ("proxied", {"audience": "us", "issuer": HTTPS, "audiense": "x"}, "audiense"),
        ("proxied", {"audience": "us", "issuer": HTTPS, "client_id": "c", "x": 1}, "argument x"),
        (f"{__name__}:Custom", {"greeting": "", "redirect_on_success": HTTPS}, "comes back"),
    ],
)
def test_what_cannot_be_used_says_why_and_never_its_arguments(
    authenticator: str, args: dict[str, Any], why: str
) -> None:
    said = refused(authenticator, **args)
    assert why in said
    assert "hunter2" not in said


@pytest.mark.parametrize("issuer", [HTTPS, f"{HTTPS}/w/1"])
def test_this_server_is_no_provider_of_its_own_tokens(issuer: str) -> None:
    assert "own tokens" in refused("proxied", HTTPS, audience="us", issuer=issuer)
    assert opened("proxied", HTTPS, audience="us", issuer=f"{HTTPS}.evil.example/w/1")


def test_entra_as_tiled_knows_it_translates_its_scopes() -> None:
    one = opened(
        "tiled.authenticators:EntraAuthenticator",
        audience="us",
        client_id="c",
        well_known_uri=f"{HTTPS}/tenant/v2.0/.well-known/openid-configuration",
        device_flow_client_id="cli",
        extra_scopes=["api://us/Data.Read"],
        scopes_map={"Data.Read": ["read:data"]},
    )
    assert isinstance(one.provider, Bearer)
    assert isinstance(one.provider, Redirect)
    assert one.provider.issuer == f"{HTTPS}/tenant/v2.0"


# --- passwords in the settings ------------------------------------------------------------------


@pytest.mark.parametrize("path", ["dictionary", "tiled.authenticators:DictionaryAuthenticator"])
def test_a_password_in_clear_or_its_hash_lets_its_owner_in_and_nobody_else(path: str) -> None:
    one = opened(path, users_to_passwords={"ann": "secret1", "bob": HASH})
    assert proven(one, "ann", "secret1") == Proven("ann", "ann")
    for name, password in [
        ("ann", "secret2"), ("ann", ""), ("Ann", "secret1"), ("nobody", "secret1"), ("nobody", ""),
        ("bob", HASH), ("bob", "secret1"), ("", ""), ("ann", "x" * 2000), ("\0", "\0"),
    ]:  # fmt: skip
        assert proven(one, name, password) is None, (name, password)


def test_a_hash_is_compared_by_its_own_parameters() -> None:
    hash = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("secret2")
    assert proven(opened("dictionary", users_to_passwords={"b": hash}), "b", "secret2") is not None


def test_passwords_in_the_settings_are_refused_where_the_server_is_public() -> None:
    args = {"users_to_passwords": {"ann": "secret1"}}
    assert "force" in refused("dictionary", HTTPS, **args)
    assert opened("dictionary", HTTPS, **args, force=True)


def test_nobody_can_be_told_from_somebody_by_how_long_it_takes() -> None:
    one = opened("dictionary", users_to_passwords={"ann": "secret1"})

    def seconds(name: str) -> float:
        begun = time.perf_counter()
        assert proven(one, name, "wrong") is None
        return time.perf_counter() - begun

    known, unknown = (min(seconds(name) for _ in range(3)) for name in ("ann", "nobody"))
    assert unknown > known / 2


def test_everybody_is_let_in_only_where_that_is_forced() -> None:
    one = opened("tiled.authenticators:DummyAuthenticator", force=True)
    assert proven(one, "whoever", "x") == Proven("whoever", "whoever")
