"""Client metadata: whatever comes in, what is kept is sound, and says the same when read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from scopewright.core.client_authentication import METHODS, has_secret
from scopewright.core.client_documents import check_url, id_of, kept_id, read_document
from scopewright.core.client_metadata import (
    changed,
    described,
    read_metadata,
    read_registration,
    refusal,
    said,
    undescribed,
)
from scopewright.core.client_metadata_members import READERS
from scopewright.core.errors import Invalid, UnapprovedSoftwareStatement
from scopewright.core.model import Client, ClientType, ScopeDefault
from scopewright.core.oauth import GRANTS_OF_TYPE, GRANTS_ON_REQUEST, USER_FLOWS
from scopewright.core.registration import PLAIN, ClientRegistration
from tests.core.nouns import NOW

Read = TypeVar("Read")
KEY = {"kty": "EC", "crv": "P-256", "x": "x" * 43, "y": "y" * 43}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = (
    scalars
    | st.lists(scalars, max_size=3)
    | st.dictionaries(st.text(max_size=4), scalars, max_size=2)
)
likely: dict[str, st.SearchStrategy[Any]] = {
    "token_endpoint_auth_method": st.sampled_from(METHODS),
    "grant_types": st.lists(
        st.sampled_from(
            ["authorization_code", "refresh_token", "client_credentials", DEVICE, EXCHANGE,
             "implicit"]
        ),
        max_size=4,
    ),
    "redirect_uris": st.lists(
        st.sampled_from(
            ["https://a.example/", "http://127.0.0.1/", "http://a.example/", "app.a:/b"]
        ),
        max_size=2,
    ),
    "response_types": st.sampled_from([[], ["code"], ["token"], ["code", "token"]]),
    "jwks": st.just({"keys": [KEY]}),
    "jwks_uri": st.just("https://a.example/jwks"),
    "tls_client_auth_san_dns": st.just("a.example"),
    "client_name": st.sampled_from(["Editor", "", None]),
    "contacts": st.lists(st.just("ann@example.com"), max_size=2),
}  # fmt: skip
NAMES = sorted({*READERS, *likely, "software_statement", "subject_type"})
members = st.sampled_from(NAMES).flatmap(
    lambda name: st.tuples(st.just(name), likely.get(name, anything) | anything)
)
documents = st.lists(members, max_size=5).map(dict)
plausible = st.fixed_dictionaries({}, optional=likely)


def blank() -> Client:
    return undescribed("workspace", id="client", name="client", at=NOW)


def registered(document: dict[str, Any]) -> Client:
    return read_metadata(document, default_method="client_secret_basic").applied_to(blank())


def attempt(read: Callable[[], Read]) -> Read:
    """What is read; a refusal ends this example, once it has been seen to name a member."""
    try:
        return read()
    except Invalid as error:
        code, field = refusal(error).code, error.facts["field"]
    except UnapprovedSoftwareStatement as error:
        code, field = error.code, "software_statement"
    event(f"refused: {code}")
    assert field in NAMES
    raise UnsatisfiedAssumption


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(plausible | documents)
def test_whatever_is_said_is_kept_soundly_or_refused_by_name(document: dict[str, Any]) -> None:
    client = attempt(lambda: registered(document))
    possible = GRANTS_OF_TYPE[client.type] | GRANTS_ON_REQUEST[client.type]
    assert client.grant_types
    assert client.grant_types <= possible - {EXCHANGE}
    assert bool(client.redirect_uris) is (client.type in USER_FLOWS)
    assert client.require_pkce
    assert client.scope_default is ScopeDefault.NONE
    method = client.registration.token_endpoint_auth_method
    assert (method == "none") is not client.is_confidential
    assert has_secret(client) is (method in ("client_secret_basic", "client_secret_post"))
    assert registered(described(client)) == client


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(documents)
def test_a_registration_says_the_same_when_it_is_read_again(document: dict[str, Any]) -> None:
    registration = attempt(lambda: read_registration(document))
    assert read_registration(said(registration)) == registration
    assert (registration is PLAIN) is (said(registration) == {})


def test_every_part_of_a_registration_can_be_said() -> None:
    assert set(READERS) == {field.name for field in fields(ClientRegistration)}


@pytest.mark.parametrize("method", [*METHODS, None])
@pytest.mark.parametrize(
    ("grant_types", "public", "confidential"),
    [
        (["authorization_code"], "pkce", "authorization_code"),
        (["authorization_code", DEVICE], "pkce", "authorization_code"),
        (["authorization_code", "client_credentials"], "pkce", "authorization_code"),
        (["client_credentials"], None, "client_credentials"),
        ([DEVICE, "refresh_token"], "device", None),
        (["refresh_token"], None, None),
        (["implicit"], None, None),
        (None, "pkce", "authorization_code"),
    ],
)
def test_the_type_is_that_of_the_grant_types_and_the_method(
    method: str | None, grant_types: list[str] | None, public: str | None, confidential: str | None
) -> None:
    needs = {"private_key_jwt": "jwks_uri", "self_signed_tls_client_auth": "jwks_uri"}
    document: dict[str, Any] = {"token_endpoint_auth_method": method, "grant_types": grant_types}
    document |= {needs[method]: "https://a.example/jwks"} if method in needs else {}
    document |= {"tls_client_auth_san_dns": "a"} if method == "tls_client_auth" else {}
    expected = public if method == "none" else confidential
    if expected is None:
        with pytest.raises(Invalid):
            read_metadata(document, default_method="client_secret_basic")
    else:
        read = read_metadata(document, default_method="client_secret_basic")
        assert read.type is ClientType(expected)


def test_a_change_keeps_what_it_does_not_name() -> None:
    before = read_registration({"contacts": ["ann@example.com"], "default_max_age": 0})
    after = changed(before, {"tos_uri": "https://a.example/", "contacts": None})
    assert said(after) == {"tos_uri": "https://a.example/", "default_max_age": 0}
    assert changed(after, {"tos_uri": None, "default_max_age": None}) is PLAIN
    with pytest.raises(Invalid):
        changed(before, {"client_name": "x"})


# --- clients that are named by a URL ------------------------------------------------------------

URL = "https://app.example/client.json"
DOCUMENT = {"client_id": URL, "client_name": "Editor", "redirect_uris": ["https://app.example/"]}


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(plausible | documents)
def test_a_document_never_makes_a_client_with_a_secret(said: dict[str, Any]) -> None:
    document = {**DOCUMENT, **said}
    metadata = attempt(lambda: read_document(URL, "application/json", document))
    client = attempt(lambda: metadata.applied_to(blank()))
    assert not has_secret(client)
    assert client.type in USER_FLOWS
    assert client.registration.token_endpoint_auth_method in ("none", "private_key_jwt")


def test_ids_are_of_the_workspace_and_the_exact_url() -> None:
    others = [id_of("w", f"{URL}/"), id_of("w", URL.upper()), id_of("v", URL)]
    assert id_of("w", URL) not in others
    assert len(set(others)) == 3
    assert kept_id("w", URL) == id_of("w", URL)
    assert kept_id("w", "any-other-id") == "any-other-id"


@pytest.mark.parametrize("url", [URL, "https://a.example/", "https://a.example:8443/a?b=c"])
def test_urls_with_a_path_are_client_ids(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example?b=c", "https://a.example/../b", "https://[/"]
)
def test_others_are_none(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url)
