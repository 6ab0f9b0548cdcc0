"""RFC 6749 §4.4: a program gets a token for itself, with exactly what is granted to it."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from scopewright.core.model import ClientSecret, TokenOverrides
from scopewright.core.oauth import hash_secret
from tests.protocol.issuer import Issuer, KnownClient, assert_refused


def test_a_program_gets_a_bearer_token_for_an_hour_and_no_refresh_token(issuer: Issuer) -> None:
    answer = issuer.token(issuer.machine("sensor:read"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said.pop("access_token")
    assert said == {"token_type": "Bearer", "expires_in": 3600, "scope": "sensor:read"}


def test_no_scope_means_all_that_is_granted_of_either_kind(issuer: Issuer) -> None:
    machine = issuer.machine("video:gold", "sensor:read", "iotman:endpoints:read")
    assert issuer.token(machine).json()["scope"] == "iotman:endpoints:read sensor:read video:gold"


def test_an_empty_scope_is_an_omitted_one(issuer: Issuer) -> None:
    assert issuer.token(issuer.machine("sensor:read"), scope="").json()["scope"] == "sensor:read"


def test_named_scopes_are_given_exactly_and_once(issuer: Issuer) -> None:
    machine = issuer.machine("a", "b", "c", "iotman:scopes:read")
    answer = issuer.token(machine, scope="c  a a iotman:scopes:read")
    assert answer.json()["scope"] == "a c iotman:scopes:read"


@pytest.mark.parametrize(
    "scope", ["sensor:write", "sensor:read sensor:write", "never:defined", "openid", 'no"name', "*"]
)
def test_asking_for_what_is_not_granted_gives_nothing_at_all(issuer: Issuer, scope: str) -> None:
    issuer.define("sensor:write")
    assert_refused(issuer.token(issuer.machine("sensor:read"), scope=scope), 400, "invalid_scope")


def test_a_program_without_grants_gets_a_token_without_scopes(issuer: Issuer) -> None:
    machine = issuer.machine()
    assert issuer.token(machine).json()["scope"] == ""
    assert_refused(issuer.token(machine, scope="sensor:read"), 400, "invalid_scope")


def test_a_grant_shows_in_the_next_token_and_the_one_before_is_unchanged(issuer: Issuer) -> None:
    machine = issuer.machine("sensor:read")
    before = issuer.access_token(machine)
    issuer.grant(machine.id, "sensor:write")
    assert issuer.token(machine).json()["scope"] == "sensor:read sensor:write"
    issuer.revoke_grant(machine.id, "sensor:read")
    assert issuer.token(machine).json()["scope"] == "sensor:write"
    assert issuer.introspect(machine, before)["scope"] == "sensor:read"


def test_two_programs_stay_apart(issuer: Issuer) -> None:
    one, two = issuer.machine("a"), issuer.machine("b")
    assert issuer.token(one).json()["scope"] == "a"
    assert issuer.token(two).json()["scope"] == "b"


def test_the_lifetime_of_a_client_is_its_own(issuer: Issuer) -> None:
    brief = issuer.machine(tokens=TokenOverrides(access_lifetime=90))
    assert issuer.token(brief).json()["expires_in"] == 90


def test_a_resource_that_is_not_known_is_no_audience(issuer: Issuer) -> None:
    """RFC 8707 §2: a token for our own audience is not what was asked for."""
    answer = issuer.token(issuer.machine(), resource="https://api.example/")
    assert_refused(answer, 400, "invalid_target")


# --- client authentication (§2.3) ---------------------------------------------------------------


def posted(issuer: Issuer, client: KnownClient, **more: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client.id,
        "client_secret": client.secret or "",
        **more,
    }


def test_a_secret_in_the_form_is_as_good_as_one_in_the_header(issuer: Issuer) -> None:
    assert issuer.post("token", posted(issuer, issuer.machine())).status_code == 200


def test_a_basic_header_is_form_encoded_within(issuer: Issuer) -> None:
    machine = issuer.machine()
    spelled = "".join(f"%{ord(letter):02x}" for letter in f"{machine.secret}")
    basic = base64.b64encode(f"{machine.id}:{spelled}".encode()).decode()
    for scheme in ("Basic", "basic", "BASIC"):
        answer = issuer.post(
            "token",
            {"grant_type": "client_credentials"},
            headers={"authorization": f"{scheme} {basic}"},
        )
        assert answer.status_code == 200


def test_a_client_id_beside_the_header_must_be_the_same(issuer: Issuer) -> None:
    machine = issuer.machine()
    assert issuer.token(machine, client_id=machine.id).status_code == 200
    assert_refused(issuer.token(machine, client_id=issuer.machine().id), 400, "invalid_request")


def test_two_methods_at_once_are_refused_unless_the_client_may(issuer: Issuer) -> None:
    strict, lenient = issuer.machine(), issuer.machine(allow_both_auth_methods=True)
    both = {"auth": strict.basic}
    assert_refused(issuer.post("token", posted(issuer, strict), **both), 400, "invalid_request")
    answer = issuer.post("token", posted(issuer, lenient), auth=lenient.basic)
    assert answer.status_code == 200
    wrong = posted(issuer, lenient, client_secret=strict.secret or "")
    assert_refused(issuer.post("token", wrong, auth=lenient.basic), 400, "invalid_request")


@pytest.mark.parametrize("method", ["basic", "post"])
@pytest.mark.parametrize("wrong", ["unknown client", "wrong secret", "another's secret", "hash"])
def test_a_client_that_is_not_proven_is_invalid_client(
    issuer: Issuer, method: str, wrong: str
) -> None:
    machine, other = issuer.machine("a"), issuer.machine("a")
    client = {
        "unknown client": KnownClient("0192f0c1-0000-7000-8000-000000000000", machine.secret),
        "wrong secret": KnownClient(machine.id, f"{machine.secret}x"),
        "another's secret": KnownClient(machine.id, other.secret),
        "hash": KnownClient(machine.id, hash_secret(machine.secret or "")),
    }[wrong]
    in_form = posted(issuer, client)
    answer = issuer.token(client) if method == "basic" else issuer.post("token", in_form)
    assert_refused(answer, 401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_every_failure_of_authentication_is_told_alike(issuer: Issuer) -> None:
    known, unknown = issuer.machine(), KnownClient("nobody", "sws_x")
    answers = [
        issuer.token(KnownClient(known.id, "sws_x")),
        issuer.token(unknown),
        issuer.post("token", {"grant_type": "client_credentials", "client_id": known.id}),
        issuer.post("token", {"grant_type": "client_credentials"}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_a_client_of_another_workspace_is_unknown_here(issuer: Issuer, stranger: Issuer) -> None:
    assert_refused(issuer.token(stranger.machine()), 401, "invalid_client")


def test_a_rotated_secret_is_good_until_its_end_and_the_new_one_at_once(issuer: Issuer) -> None:
    now = issuer.clock()
    secrets = (
        ClientSecret(hash_secret("sws_old"), now, now + timedelta(hours=1)),
        ClientSecret(hash_secret("sws_new"), now),
    )
    id = issuer.machine(secrets=secrets).id
    old, new = KnownClient(id, "sws_old"), KnownClient(id, "sws_new")
    assert issuer.token(old).status_code == issuer.token(new).status_code == 200
    issuer.clock.advance(hours=1)
    assert_refused(issuer.token(old), 401, "invalid_client")
    assert issuer.token(new).status_code == 200


def test_a_deleted_client_is_unknown_at_once(issuer: Issuer) -> None:
    machine = issuer.machine()
    issuer.access_token(machine)
    issuer.delete_client(machine)
    assert_refused(issuer.token(machine), 401, "invalid_client")


def test_a_disabled_client_gets_nothing(issuer: Issuer) -> None:
    machine = issuer.machine("a")
    issuer.disable(machine.id)
    assert_refused(issuer.token(machine), 400, "unauthorized_client")


# --- grant types ---------------------------------------------------------------------------------


def test_a_grant_type_that_is_not_offered_is_unsupported(issuer: Issuer) -> None:
    machine = issuer.machine()
    for grant_type in ("password", "implicit", "CLIENT_CREDENTIALS", "client_credentials "):
        answer = issuer.post("token", {"grant_type": grant_type}, machine)
        assert_refused(answer, 400, "unsupported_grant_type")
    assert_refused(issuer.post("token", {}, machine), 400, "invalid_request")


def test_each_type_of_client_has_its_own_grant_types(issuer: Issuer) -> None:
    for client in (issuer.phone_app(), issuer.server_app()):
        assert_refused(issuer.token(client), 400, "unauthorized_client")
    machine = issuer.machine()
    assert_refused(issuer.redeem(machine, "swc_x"), 400, "unauthorized_client")
    assert_refused(issuer.refresh(machine, "swr_x"), 400, "unauthorized_client")
