"""Client authentication (RFC 6749 §2.3, RFC 7591 §2): secrets, and clients that have none.

Keys and certificates have files of their own, named after RFC 7523 and RFC 8705.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

import pytest

from scopewright.core.model import ClientType
from scopewright.core.registration import ClientRegistration
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused

GRANT = {"grant_type": "client_credentials"}
UNKNOWN = KnownClient("0192f0c1-7e57-7000-8000-00000000dead", "sws_wrong")


def posted(client: KnownClient) -> dict[str, str]:
    return {"client_id": client.id, "client_secret": client.secret or ""}


def by_basic(issuer: Issuer, client: KnownClient, **form: str) -> Answer:
    return issuer.post("token", {**GRANT, **form}, client)


def by_post(issuer: Issuer, client: KnownClient) -> Answer:
    return issuer.post("token", {**GRANT, **posted(client)})


def by_both(issuer: Issuer, client: KnownClient) -> Answer:
    return issuer.post("token", {**GRANT, **posted(client)}, client)


def by_nothing(issuer: Issuer, client: KnownClient) -> Answer:
    return issuer.post("token", {**GRANT, "client_id": client.id})


WAYS = {
    "client_secret_basic": by_basic,
    "client_secret_post": by_post,
    "both": by_both,
    "none": by_nothing,
}


@contextmanager
def counted_comparisons() -> Iterator[list[int]]:
    """The lengths of all that this process compares in constant time, by the real comparison."""
    compared: list[int] = []
    honest = hmac.compare_digest

    def counting(one: Any, other: Any) -> bool:
        compared.append(len(other))
        return honest(one, other)

    hmac.compare_digest = counting
    try:
        yield compared
    finally:
        hmac.compare_digest = honest


def refused(answer: Answer) -> None:
    assert_refused(answer, 401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


# --- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [by_basic, by_post])
def test_a_secret_comes_by_the_header_or_by_the_form(issuer: Issuer, way: Any) -> None:
    machine = issuer.machine("sensor:read")
    assert way(issuer, machine).json()["scope"] == "sensor:read"
    for wrong in ("sws_wrong", "", f"{machine.secret} ", machine.id):
        refused(way(issuer, KnownClient(machine.id, wrong)))


def test_both_at_once_count_where_the_client_is_marked_so(issuer: Issuer) -> None:
    lenient, strict = issuer.machine(allow_both_auth_methods=True), issuer.machine()
    assert by_both(issuer, lenient).status_code == 200
    assert_refused(by_both(issuer, strict), 400, "invalid_request")
    refused(by_both(issuer, KnownClient(lenient.id, "sws_wrong")))


@pytest.mark.parametrize("differing", ["client_id", "client_secret"])
def test_header_and_form_must_present_the_same(issuer: Issuer, differing: str) -> None:
    lenient = issuer.machine(allow_both_auth_methods=True)
    form = {**GRANT, **posted(lenient), differing: UNKNOWN.id}
    assert_refused(issuer.post("token", form, lenient), 400, "invalid_request")


def test_id_and_secret_are_form_encoded_within_the_header(issuer: Issuer) -> None:
    machine = issuer.machine()
    encoded = ":".join(quote_plus(part).replace("-", "%2D") for part in machine.basic)
    for spelled in (f"Basic {b64(encoded)}", f"basic {b64(encoded)}", f"BASIC  {b64(encoded)}"):
        answer = issuer.post("token", GRANT, headers={"authorization": spelled})
        assert answer.status_code == 200


def b64(text: str) -> str:
    return b64encode(text.encode("utf-8", "surrogateescape")).decode()


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !",
        "Basic AAA",
        f"Basic {b64('no colon')}",
        f"Basic {b64(':')}",
        f"Basic {b64('a:b%00')}",
        f"Basic {b64('a:%ff')}",
        "Basic gICA",
        "Negotiate AAAA",
        "Bearer x",
        "Digest username=x",
    ],
)
def test_a_header_that_names_nobody_is_refused(issuer: Issuer, header: str) -> None:
    refused(issuer.post("token", GRANT, headers={"authorization": header}))


def test_nobody_at_all_is_refused(issuer: Issuer) -> None:
    refused(issuer.post("token", GRANT))
    refused(issuer.post("token", {**GRANT, "client_secret": "sws_x"}))


def test_a_confidential_client_needs_its_secret_and_a_public_one_must_not_bring_any(
    issuer: Issuer,
) -> None:
    refused(by_nothing(issuer, issuer.machine()))
    public = issuer.phone_app()
    code = issuer.code(public, issuer.person("sensor:read"))
    refused(issuer.redeem(KnownClient(public.id, "sws_x"), code))
    refused(issuer.redeem(KnownClient(public.id), code, client_secret="sws_x"))
    assert issuer.redeem(public, code).status_code == 200


# --- the registered method ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("allow_both", [False, True])
def test_a_client_that_names_its_method_may_use_only_that(
    issuer: Issuer, method: str, allow_both: bool
) -> None:
    registration = ClientRegistration(method)
    machine = issuer.machine(registration=registration, allow_both_auth_methods=allow_both)
    assert {name: way(issuer, machine).status_code == 200 for name, way in WAYS.items()} == {
        name: name == method for name in WAYS
    }
    form = {"token": "swk_x"}
    for endpoint in ("introspect", "revoke"):
        used = {"client_secret_basic": machine, "client_secret_post": None}
        for name, client in used.items():
            more = {} if client else posted(machine)
            answer = issuer.post(endpoint, {**form, **more}, client)
            assert (answer.status_code == 200) == (name == method)


def test_no_confidential_client_becomes_public_by_naming_no_method(issuer: Issuer) -> None:
    for type in (ClientType.CLIENT_CREDENTIALS, ClientType.AUTHORIZATION_CODE):
        client = issuer.register(type, registration=ClientRegistration("none"))
        for way in WAYS.values():
            assert way(issuer, client).status_code in (400, 401)


@pytest.mark.parametrize("method", ["client_secret_jwt", "something_else"])
def test_a_method_that_is_not_offered_opens_nothing(issuer: Issuer, method: str) -> None:
    machine = issuer.machine(registration=ClientRegistration(method))
    for way in WAYS.values():
        assert way(issuer, machine).status_code in (400, 401)


def test_the_advertised_methods_are_those_there_are(issuer: Issuer) -> None:
    said = issuer.http.get(f"{issuer.issuer}/.well-known/oauth-authorization-server").json()
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    assert said["token_endpoint_auth_methods_supported"] == methods
    assert said["revocation_endpoint_auth_methods_supported"] == methods
    assert said["introspection_endpoint_auth_methods_supported"] == methods[:3]
    for endpoint in ("token", "revocation", "introspection"):
        algorithms = said[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        assert set(algorithms) == {"ES256", "PS256", "RS256", "EdDSA", "Ed25519"}


# --- nothing is learned -------------------------------------------------------------------------


@pytest.mark.parametrize("way", [by_basic, by_post, by_nothing])
def test_unknown_client_and_wrong_secret_run_the_same_comparisons(issuer: Issuer, way: Any) -> None:
    machine = issuer.machine()
    with counted_comparisons() as unknown:
        answer = way(issuer, UNKNOWN)
    with counted_comparisons() as wrong:
        same = way(issuer, KnownClient(machine.id, "sws_wrong"))
    assert unknown == wrong
    assert len(wrong) == 1
    assert (answer.status_code, answer.text) == (same.status_code, same.text)
    assert set(answer.headers) == set(same.headers)


def test_a_client_of_another_workspace_is_nobody_here(issuer: Issuer, stranger: Issuer) -> None:
    refused(by_basic(issuer, stranger.machine()))


def test_a_deleted_client_is_nobody_at_once(issuer: Issuer) -> None:
    machine = issuer.machine()
    assert by_basic(issuer, machine).status_code == 200
    issuer.delete_client(machine)
    refused(by_basic(issuer, machine))
