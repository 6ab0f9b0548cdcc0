"""RFC 7662: what is true of a token now, told to those whom it concerns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scopewright.core.model import ChangeKind, TokenOverrides
from scopewright.store import schema
from tests.protocol.issuer import Issuer, KnownClient, Site, assert_refused, bearer

INACTIVE = {"active": False}


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    return issuer.machine("sensor:read")


# --- who may ask ---------------------------------------------------------------------------------


def test_any_confidential_client_of_the_workspace_may_ask(
    issuer: Issuer, machine: KnownClient
) -> None:
    token = issuer.access_token(machine)
    for asker in (machine, issuer.machine(), issuer.server_app()):
        assert issuer.is_active(asker, token)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Apikey"])
def test_the_holder_of_an_api_key_may_ask(
    issuer: Issuer, machine: KnownClient, scheme: str
) -> None:
    headers = {"authorization": f"{scheme} {issuer.api_key(issuer.person())}"}
    form = {"token": issuer.access_token(machine)}
    assert issuer.post("introspect", form, headers=headers).json()["active"]


def test_nobody_else_may_ask(issuer: Issuer, stranger: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    form = {"token": token}
    dead = issuer.api_key(machine.id, expires_at=issuer.clock())
    strangers = [
        issuer.post("introspect", form),
        issuer.post("introspect", form, issuer.phone_app()),
        issuer.post("introspect", form, KnownClient(machine.id, "sws_wrong")),
        issuer.post("introspect", form, stranger.machine()),
        issuer.post("introspect", form, headers=bearer(token)),
        issuer.post("introspect", form, headers=bearer(dead)),
        issuer.post("introspect", form, headers=bearer(stranger.api_key(stranger.person()))),
    ]
    for answer in strangers:
        assert_refused(answer, 401, "invalid_client")
        assert "active" not in answer.json()


def test_a_disabled_client_may_not_ask(issuer: Issuer, machine: KnownClient) -> None:
    token, asker = issuer.access_token(machine), issuer.machine()
    issuer.disable(asker.id)
    assert_refused(issuer.post("introspect", {"token": token}, asker), 401, "invalid_client")


def test_the_token_must_be_there(issuer: Issuer, machine: KnownClient) -> None:
    assert_refused(issuer.post("introspect", {}, machine), 400, "invalid_request")


# --- what is answered ----------------------------------------------------------------------------


def test_a_programs_token_is_described(issuer: Issuer, machine: KnownClient) -> None:
    now = int(issuer.clock().timestamp())
    said = issuer.introspect(machine, issuer.access_token(machine))
    assert said.pop("jti")
    assert said == {
        "active": True,
        "scope": "sensor:read",
        "client_id": machine.id,
        "sub": machine.id,
        "aud": issuer.id,
        "iss": issuer.issuer,
        "exp": now + 3600,
        "iat": now,
        "nbf": now,
        "token_type": "Bearer",
    }


def test_the_answer_is_for_nobody_to_keep(issuer: Issuer, machine: KnownClient) -> None:
    answer = issuer.post("introspect", {"token": issuer.access_token(machine)}, machine)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_a_persons_token_names_the_person_and_the_session(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone, person = issuer.phone_app(), issuer.person("a", email="bob@example.com")
    tokens = issuer.signed_in(phone, person)
    said = issuer.introspect(machine, tokens["access_token"])
    assert (said["sub"], said["username"]) == (person, "bob@example.com")
    assert said["client_id"] == phone.id
    assert said["sid"].startswith("ses_")


def test_a_refresh_token_is_described_until_it_is_used(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone, person = issuer.phone_app(), issuer.person("a")
    tokens = issuer.signed_in(phone, person)
    said = issuer.introspect(machine, tokens["refresh_token"])
    assert said["active"]
    assert (said["client_id"], said["sub"], said["iss"]) == (phone.id, person, issuer.issuer)
    assert said["exp"] - said["iat"] == 30 * 86400
    after = issuer.refresh(phone, tokens["refresh_token"]).json()
    assert issuer.introspect(machine, tokens["refresh_token"]) == INACTIVE
    assert issuer.is_active(machine, after["refresh_token"])


def test_an_inheriting_key_is_worth_what_its_principal_holds_now(
    issuer: Issuer, machine: KnownClient
) -> None:
    person = issuer.person("a")
    key = issuer.api_key(person)
    said = issuer.introspect(machine, key)
    assert "username" in said  # a person's; policies know people by it
    assert (said["sub"], said["scope"], said["aud"]) == (person, "a", issuer.id)
    assert "exp" not in said
    issuer.grant(person, "b")
    assert issuer.introspect(machine, key)["scope"] == "a b"


def test_a_narrow_key_is_worth_what_is_left_of_its_scopes(
    issuer: Issuer, machine: KnownClient
) -> None:
    person = issuer.person("a", "b")
    now = issuer.clock()
    key = issuer.api_key(person, "b c", expires_at=now + timedelta(hours=1))
    said = issuer.introspect(machine, key)
    assert (said["scope"], said["exp"]) == ("b", int(now.timestamp()) + 3600)
    issuer.revoke_grant(person, "b")
    assert issuer.introspect(machine, key)["scope"] == ""


def test_with_live_scopes_a_token_is_worth_what_is_still_held(
    issuer: Issuer, machine: KnownClient
) -> None:
    live = issuer.machine("a", "b", tokens=TokenOverrides(live_scopes=True))
    token = issuer.access_token(live)
    issuer.revoke_grant(live.id, "a")
    issuer.grant(live.id, "c")
    assert issuer.introspect(machine, token)["scope"] == "b"


# --- what is not active --------------------------------------------------------------------------


def test_nothing_is_told_of_what_is_not_active(issuer: Issuer, machine: KnownClient) -> None:
    for token in ("x", "swr_x", "swk_x", "a.b.c", "é" * 1000, "x" * 100_000, machine.secret or ""):
        assert issuer.introspect(machine, token) == INACTIVE


def test_tokens_of_another_workspace_are_not_active_here(
    issuer: Issuer, stranger: Issuer, machine: KnownClient
) -> None:
    there = stranger.machine("sensor:read")
    tokens = stranger.signed_in(stranger.phone_app(), stranger.person("a"))
    foreign = [
        stranger.access_token(there),
        stranger.api_key(there.id),
        tokens["access_token"],
        tokens["refresh_token"],
    ]
    for token in foreign:
        assert stranger.is_active(there, token)
        assert issuer.introspect(machine, token) == INACTIVE


def test_a_token_is_active_until_the_second_it_expires(
    issuer: Issuer, machine: KnownClient
) -> None:
    token = issuer.access_token(machine)
    issuer.clock.advance(seconds=3599)
    assert issuer.is_active(machine, token)
    issuer.clock.advance(seconds=1)
    assert issuer.introspect(machine, token) == INACTIVE


def test_a_key_that_names_a_scope_by_one_of_its_names_is_good_for_the_others(site: Site) -> None:
    tiled = Issuer.new(site, catalogues=("internal", "tiled"))
    asker, person = tiled.machine(), tiled.person("create:node", "create:apikeys")
    key = tiled.api_key(person, "create apikeys")
    assert tiled.introspect(asker, key)["scope"] == "create create:apikeys create:node"


def test_an_expired_or_revoked_key_is_not_active(issuer: Issuer, machine: KnownClient) -> None:
    person, now = issuer.person("a"), issuer.clock()
    revoked = issuer.api_key(person)
    assert issuer.is_active(machine, revoked)
    issuer.revoke_key(revoked)
    assert issuer.introspect(machine, revoked) == INACTIVE
    brief = issuer.api_key(person, expires_at=now + timedelta(seconds=60))
    assert issuer.is_active(machine, brief)
    issuer.clock.advance(seconds=60)
    assert issuer.introspect(machine, brief) == INACTIVE


def test_a_key_must_be_whole(issuer: Issuer, machine: KnownClient) -> None:
    key = issuer.api_key(issuer.person("a"))
    other = issuer.api_key(issuer.person("a", email="bob@example.com"))
    mixed = key[: len(key) - 49] + other[-49:]  # the id of one, the secret of the other
    for wrong in (key[:-1], key + "x", key.upper(), mixed, f" {key}"):
        assert issuer.introspect(machine, wrong) == INACTIVE


def test_the_tokens_of_a_deleted_client_end_at_once_and_others_do_not(
    issuer: Issuer, machine: KnownClient
) -> None:
    phone, person, doomed = issuer.phone_app(), issuer.person("a"), issuer.machine("a")
    tokens, own = issuer.signed_in(phone, person), issuer.access_token(doomed)
    kept = issuer.signed_in(issuer.phone_app(), person)
    issuer.delete_client(phone)
    issuer.delete_client(doomed)
    for token in (tokens["access_token"], tokens["refresh_token"], own):
        assert issuer.introspect(machine, token) == INACTIVE
    assert issuer.is_active(machine, kept["access_token"])
    assert issuer.is_active(machine, kept["refresh_token"])


def test_the_tokens_of_an_ended_session_end_at_once(issuer: Issuer, machine: KnownClient) -> None:
    tokens = issuer.signed_in(issuer.phone_app(), issuer.person("a"))
    issuer.end_session(issuer.introspect(machine, tokens["access_token"])["sid"])
    assert issuer.introspect(machine, tokens["access_token"]) == INACTIVE
    assert issuer.introspect(machine, tokens["refresh_token"]) == INACTIVE


@pytest.mark.parametrize("fate", ["removed", "disabled"])
def test_the_credentials_of_a_person_who_is_gone_end_at_once(
    issuer: Issuer, machine: KnownClient, fate: str
) -> None:
    person = issuer.person("a")
    tokens, key = issuer.signed_in(issuer.phone_app(), person), issuer.api_key(person)
    (issuer.remove_person if fate == "removed" else issuer.disable)(person)
    for token in (tokens["access_token"], tokens["refresh_token"], key):
        assert issuer.introspect(machine, token) == INACTIVE


def test_a_revoked_scope_leaves_the_token_as_it_was_minted(
    issuer: Issuer, machine: KnownClient
) -> None:
    token = issuer.access_token(machine)
    issuer.revoke_grant(machine.id, "sensor:read")
    assert issuer.introspect(machine, token)["scope"] == "sensor:read"


def test_a_deleted_workspace_answers_nobody(issuer: Issuer, machine: KnownClient) -> None:
    token = issuer.access_token(machine)
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.WORKSPACE, issuer.id)
        tx.run(schema.workspaces.delete().where(schema.workspaces.c.id == issuer.id))
    answer = issuer.post("introspect", {"token": token}, machine)
    assert_refused(answer, 404, "invalid_request")
