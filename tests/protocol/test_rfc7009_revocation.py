"""RFC 7009: a client gives back a token; from then on nobody here accepts it."""

from __future__ import annotations

import pytest

from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, bearer


def assert_done(answer: Answer) -> None:
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["cache-control"] == "no-store"


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("a", "iotman:scopes:read")


def test_a_revoked_access_token_is_refused_everywhere_and_others_are_not(
    issuer: Issuer, machine: KnownClient
) -> None:
    token, other = issuer.access_token(machine), issuer.access_token(machine)
    assert issuer.is_active(machine, token)
    assert issuer.scopes_page(token).status_code == 200
    assert_done(issuer.revoke(machine, token))
    assert not issuer.is_active(machine, token)
    assert issuer.scopes_page(token).status_code == 401
    assert issuer.is_active(machine, other)
    assert issuer.scopes_page(other).status_code == 200


def test_revoking_twice_is_revoking_once(issuer: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    assert_done(issuer.revoke(machine, token))
    assert_done(issuer.revoke(machine, token))


def test_revoking_a_refresh_token_ends_its_session_with_every_access_token(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone, person = issuer.phone_app(), issuer.person("a")
    tokens, other = issuer.signed_in(phone, person), issuer.signed_in(phone, person)
    assert_done(issuer.revoke(phone, tokens["refresh_token"]))
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")
    assert not issuer.is_active(machine, tokens["access_token"])
    assert not issuer.is_active(machine, tokens["refresh_token"])
    assert issuer.userinfo(tokens["access_token"]).status_code == 401
    assert issuer.is_active(machine, other["access_token"])


def test_revoking_a_used_refresh_token_ends_the_session_too(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone = issuer.phone_app()
    first = issuer.signed_in(phone, issuer.person("a"))
    second = issuer.refresh(phone, first["refresh_token"]).json()
    assert_done(issuer.revoke(phone, first["refresh_token"]))
    assert_refused(issuer.refresh(phone, second["refresh_token"]), 400, "invalid_grant")
    assert not issuer.is_active(machine, second["access_token"])


def test_revoking_a_persons_access_token_leaves_the_session(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone = issuer.phone_app()
    tokens = issuer.signed_in(phone, issuer.person("a"))
    assert_done(issuer.revoke(phone, tokens["access_token"]))
    assert not issuer.is_active(machine, tokens["access_token"])
    assert issuer.refresh(phone, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "id_token", "no such hint"])
def test_the_hint_is_a_hint_only(issuer: Issuer, machine: KnownClient, hint: str) -> None:
    token = issuer.access_token(machine)
    assert_done(issuer.revoke(machine, token, token_type_hint=hint))
    assert not issuer.is_active(machine, token)


@pytest.mark.parametrize("token", ["x", "swr_unknown", "swk_unknown", "a.b.c", "é", "x" * 50_000])
def test_a_token_that_never_was_is_answered_alike(
    issuer: Issuer, machine: KnownClient, token: str
) -> None:
    assert_done(issuer.revoke(machine, token))


def test_a_client_cannot_revoke_what_is_anothers(issuer: Issuer, machine: KnownClient) -> None:
    phone, other = issuer.phone_app(), issuer.machine()
    tokens, token = issuer.signed_in(phone, issuer.person("a")), issuer.access_token(machine)
    for foreign in (token, tokens["access_token"], tokens["refresh_token"]):
        assert_done(issuer.revoke(other, foreign))
        assert issuer.is_active(machine, foreign)


def test_a_client_of_another_workspace_cannot_revoke(
    issuer: Issuer, stranger: Issuer, machine: KnownClient
) -> None:
    token, there = issuer.access_token(machine), stranger.machine()
    assert_done(stranger.revoke(there, token))
    assert_refused(issuer.revoke(there, token), 401, "invalid_client")
    assert issuer.is_active(machine, token)


def test_a_confidential_client_must_prove_itself(issuer: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    for impostor in (KnownClient(machine.id), KnownClient(machine.id, "sws_wrong")):
        assert_refused(issuer.revoke(impostor, token), 401, "invalid_client")
    assert_refused(issuer.post("revoke", {"token": token}), 401, "invalid_client")
    assert issuer.is_active(machine, token)


def test_the_token_must_be_there(issuer: Issuer, machine: KnownClient) -> None:
    assert_refused(issuer.revoke(machine, ""), 400, "invalid_request")


def test_the_holder_of_an_api_key_revokes_it_by_presenting_it(
    issuer: Issuer, machine: KnownClient
) -> None:
    key, other = issuer.api_key(machine.id), issuer.api_key(machine.id)
    assert_done(issuer.post("revoke", {"token": key}, headers=bearer(key)))
    assert not issuer.is_active(machine, key)
    assert issuer.scopes_page(key).status_code == 401
    assert issuer.is_active(machine, other)
    again = issuer.post("revoke", {"token": key}, headers=bearer(key))
    assert_refused(again, 401, "invalid_token")


def test_an_api_key_revokes_nothing_but_itself(issuer: Issuer, machine: KnownClient) -> None:
    key, other = issuer.api_key(machine.id), issuer.api_key(machine.id)
    answer = issuer.post("revoke", {"token": other}, headers=bearer(key))
    assert_refused(answer, 401, "invalid_client")
    assert issuer.is_active(machine, other)
    assert_done(issuer.revoke(machine, other))  # nor does a client, even its principal's own
    assert issuer.is_active(machine, other)
