"""RFC 6749 §6 with rotation (RFC 9700 §4.14): one unused refresh token a session."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws

from scopewright.core.model import TokenOverrides
from scopewright.store import sessions
from tests.protocol.issuer import Answer, Issuer, KnownClient, Site, assert_refused


@pytest.fixture
def phone(issuer: Issuer) -> KnownClient:
    return issuer.phone_app()


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    """Somebody who may ask what a token is worth."""
    return issuer.machine()


def good(answer: Answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refreshed(
    issuer: Issuer, client: KnownClient, tokens: dict[str, Any], **parameters: str
) -> dict[str, Any]:
    return good(issuer.refresh(client, tokens["refresh_token"], **parameters))


def session_of(issuer: Issuer, asker: KnownClient, tokens: dict[str, Any]) -> str:
    return str(issuer.introspect(asker, tokens["access_token"])["sid"])


# --- rotation ------------------------------------------------------------------------------------


def test_each_refresh_hands_out_a_new_access_and_a_new_refresh_token(
    issuer: Issuer, phone: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("sensor:read"))
    second = refreshed(issuer, phone, first)
    third = refreshed(issuer, phone, second)
    assert second["token_type"] == "Bearer"
    assert second["expires_in"] == 3600
    assert second["scope"] == "sensor:read"
    assert len({tokens["access_token"] for tokens in (first, second, third)}) == 3
    assert len({tokens["refresh_token"] for tokens in (first, second, third)}) == 3


def test_a_refreshed_token_stands_for_the_same_person_and_session(
    issuer: Issuer, phone: KnownClient, machine: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("sensor:read"))
    issuer.clock.advance(minutes=10)
    before = issuer.introspect(machine, first["access_token"])
    after = issuer.introspect(machine, refreshed(issuer, phone, first)["access_token"])
    kept = ("sub", "sid", "client_id", "aud", "username")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["iat"] == before["iat"] + 600


def test_a_confidential_client_must_prove_itself_at_each_refresh(issuer: Issuer) -> None:
    app = issuer.server_app()
    tokens = issuer.signed_in(app, issuer.person("a"))
    impostor = KnownClient(app.id, "sws_wrong")
    assert_refused(issuer.refresh(impostor, tokens["refresh_token"]), 401, "invalid_client")
    assert_refused(
        issuer.refresh(KnownClient(app.id), tokens["refresh_token"]), 401, "invalid_client"
    )
    refreshed(issuer, app, tokens)


def test_another_client_can_neither_use_nor_end_a_session(
    issuer: Issuer, phone: KnownClient
) -> None:
    tokens, other = issuer.signed_in(phone, issuer.person("a")), issuer.phone_app()
    assert_refused(issuer.refresh(other, tokens["refresh_token"]), 400, "invalid_grant")
    after = refreshed(issuer, phone, tokens)
    issuer.clock.advance(seconds=60)
    assert_refused(issuer.refresh(other, tokens["refresh_token"]), 400, "invalid_grant")
    refreshed(issuer, phone, after)


def test_a_session_of_another_workspace_is_unknown(issuer: Issuer, stranger: Issuer) -> None:
    tokens = stranger.signed_in(stranger.phone_app(), stranger.person("a"))
    answer = issuer.refresh(issuer.phone_app(), tokens["refresh_token"])
    assert_refused(answer, 400, "invalid_grant")


@pytest.mark.parametrize("presented", ["swr_", "swr_nobody", "x", "ⵣ", "swr_" + "A" * 100_000])
def test_an_unknown_refresh_token_is_invalid_grant(
    issuer: Issuer, phone: KnownClient, presented: str
) -> None:
    assert_refused(issuer.refresh(phone, presented), 400, "invalid_grant")


def test_the_refresh_token_must_be_there(issuer: Issuer, phone: KnownClient) -> None:
    assert_refused(issuer.refresh(phone, ""), 400, "invalid_request")


# --- the grace -----------------------------------------------------------------------------------


def test_within_the_grace_the_same_successor_comes_again_with_a_new_access_token(
    issuer: Issuer, phone: KnownClient, machine: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("a"))
    second = refreshed(issuer, phone, first)
    issuer.clock.advance(seconds=9)
    again = refreshed(issuer, phone, first)
    assert again["refresh_token"] == second["refresh_token"]
    assert again["access_token"] != second["access_token"]
    assert issuer.is_active(machine, again["access_token"])
    refreshed(issuer, phone, again)


def test_after_the_grace_a_second_use_ends_the_session(
    issuer: Issuer, phone: KnownClient, machine: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("a"))
    session = session_of(issuer, machine, first)
    second = refreshed(issuer, phone, first)
    issuer.clock.advance(seconds=10)
    assert_refused(issuer.refresh(phone, first["refresh_token"]), 400, "invalid_grant")
    assert issuer.session_ended_why(session) == "replayed"
    assert_refused(issuer.refresh(phone, second["refresh_token"]), 400, "invalid_grant")
    assert not issuer.is_active(machine, second["access_token"])
    assert issuer.userinfo(second["access_token"]).status_code == 401


def test_a_second_use_ends_the_session_once_the_successor_was_used(
    issuer: Issuer, phone: KnownClient, machine: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("a"))
    session = session_of(issuer, machine, first)
    third = refreshed(issuer, phone, refreshed(issuer, phone, first))
    assert_refused(issuer.refresh(phone, first["refresh_token"]), 400, "invalid_grant")
    assert issuer.session_ended_why(session) == "replayed"
    assert_refused(issuer.refresh(phone, third["refresh_token"]), 400, "invalid_grant")


def test_a_replay_ends_that_session_alone(issuer: Issuer, phone: KnownClient) -> None:
    person = issuer.person("a")
    replayed, other = issuer.signed_in(phone, person), issuer.signed_in(phone, person)
    refreshed(issuer, phone, replayed)
    issuer.clock.advance(minutes=1)
    assert_refused(issuer.refresh(phone, replayed["refresh_token"]), 400, "invalid_grant")
    refreshed(issuer, phone, other)


def test_without_a_grace_any_second_use_ends_the_session(
    issuer: Issuer, machine: KnownClient
) -> None:
    strict = issuer.phone_app(tokens=TokenOverrides(refresh_grace=0))
    first = issuer.signed_in(strict, issuer.person("a"))
    second = refreshed(issuer, strict, first)
    assert_refused(issuer.refresh(strict, first["refresh_token"]), 400, "invalid_grant")
    assert issuer.session_ended_why(session_of_ended(issuer, first)) == "replayed"
    assert_refused(issuer.refresh(strict, second["refresh_token"]), 400, "invalid_grant")


def session_of_ended(issuer: Issuer, tokens: dict[str, Any]) -> str:
    """The session of a token that introspection answers no more."""
    claims = jws.extract_compact(tokens["access_token"].encode()).payload
    return str(json.loads(claims)["sid"])


def test_of_many_uses_at_once_all_get_the_one_successor(issuer: Issuer, phone: KnownClient) -> None:
    first = issuer.signed_in(phone, issuer.person("a"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: refreshed(issuer, phone, first), range(8)))
    assert len({tokens["refresh_token"] for tokens in answers}) == 1
    assert len({tokens["access_token"] for tokens in answers}) == 8


def test_of_many_uses_that_are_redeemed_together_all_get_the_one_successor(
    issuer: Issuer, phone: KnownClient
) -> None:
    first = issuer.signed_in(phone, issuer.person("a"))
    before = issuer.signed_in(phone, issuer.person("a", email="other@example.com"))
    with ThreadPoolExecutor(12) as pool:
        for _ in range(10):
            # While the others' are redeemed, these come together.
            others = [pool.submit(refreshed, issuer, phone, before) for _ in range(2)]
            answers = [pool.submit(refreshed, issuer, phone, first) for _ in range(10)]
            (successor,) = {answer.result()["refresh_token"] for answer in answers}
            first, before = {"refresh_token": successor}, others[0].result()


def test_of_many_uses_at_once_without_a_grace_at_most_one_wins(issuer: Issuer) -> None:
    strict = issuer.phone_app(tokens=TokenOverrides(refresh_grace=0))
    first = issuer.signed_in(strict, issuer.person("a"))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: issuer.refresh(strict, first["refresh_token"]), range(8)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {a.json()["error"] for a in answers if a not in won} == {"invalid_grant"}


@pytest.mark.postgres
def test_a_refresh_that_waits_for_a_long_change_keeps_no_other_waiting(
    postgresql_site: Site,
) -> None:
    issuer = Issuer.new(postgresql_site)
    phone, machine = issuer.phone_app(), issuer.machine()
    held = issuer.signed_in(phone, issuer.person("a"))
    free = issuer.signed_in(phone, issuer.person("a", email="other@example.com"))
    id, now = session_of(issuer, machine, held), issuer.clock()
    with ThreadPoolExecutor() as pool, issuer.database.write() as tx:
        sessions.use(tx, id, at=now, until=now + timedelta(days=1))
        waiting = pool.submit(refreshed, issuer, phone, held)
        for _ in range(5):
            free = refreshed(issuer, phone, free)
        assert not waiting.done()
    refreshed(issuer, phone, waiting.result())


# --- scopes --------------------------------------------------------------------------------------


def test_scopes_are_decided_anew_both_wider_and_narrower(
    issuer: Issuer, phone: KnownClient
) -> None:
    person = issuer.person("a")
    tokens = issuer.signed_in(phone, person)
    assert tokens["scope"] == "a"
    issuer.grant(person, "b")
    tokens = refreshed(issuer, phone, tokens)
    assert tokens["scope"] == "a b"
    issuer.revoke_grant(person, "a")
    tokens = refreshed(issuer, phone, tokens)
    assert tokens["scope"] == "b"
    issuer.grant(person, "a")
    assert refreshed(issuer, phone, tokens)["scope"] == "a b"


def test_a_session_that_named_its_scopes_never_gets_others(
    issuer: Issuer, phone: KnownClient
) -> None:
    person = issuer.person("a", "b")
    tokens = issuer.signed_in(phone, person, "a c")
    assert tokens["scope"] == "a"
    issuer.grant(person, "c", "d")
    assert refreshed(issuer, phone, tokens)["scope"] == "a c"


def test_a_token_may_end_up_without_scopes_and_that_is_no_error(
    issuer: Issuer, phone: KnownClient
) -> None:
    person = issuer.person("a")
    tokens = issuer.signed_in(phone, person)
    issuer.revoke_grant(person, "a")
    tokens = refreshed(issuer, phone, tokens)
    assert tokens["scope"] == ""
    assert issuer.userinfo(tokens["access_token"]).json()["scopes"] == []


def test_a_refresh_may_narrow_its_one_token(issuer: Issuer, phone: KnownClient) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a", "b", "c"), "a b")
    narrow = refreshed(issuer, phone, tokens, scope="b")
    assert narrow["scope"] == "b"
    assert refreshed(issuer, phone, narrow)["scope"] == "a b"


def test_a_refresh_may_name_only_what_was_asked_for_and_spends_nothing(
    issuer: Issuer, phone: KnownClient
) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a", "b"), "a openid")
    for scope in ("b", "a b", "a profile", "never:defined"):
        answer = issuer.refresh(phone, tokens["refresh_token"], scope=scope)
        assert_refused(answer, 400, "invalid_scope")
    assert refreshed(issuer, phone, tokens, scope="a openid")["scope"] == "a openid"


def test_a_resource_that_is_not_known_spends_nothing(issuer: Issuer, phone: KnownClient) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a"))
    answer = issuer.refresh(phone, tokens["refresh_token"], resource="https://api.example/")
    assert_refused(answer, 400, "invalid_target")
    refreshed(issuer, phone, tokens)


def test_a_session_that_asked_for_everything_may_name_anything_and_gets_what_is_held(
    issuer: Issuer, phone: KnownClient
) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a", "b"))
    tokens = refreshed(issuer, phone, tokens, scope="a z")
    assert tokens["scope"] == "a"
    assert refreshed(issuer, phone, tokens)["scope"] == "a b"


def test_protocol_words_are_answered_back(issuer: Issuer, phone: KnownClient) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a"), "openid offline_access")
    assert tokens["scope"] == "a offline_access openid"
    assert refreshed(issuer, phone, tokens)["scope"] == "a offline_access openid"


# --- the session's end ---------------------------------------------------------------------------


def test_each_use_puts_the_end_off(issuer: Issuer, phone: KnownClient) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a"))
    for _ in range(3):
        issuer.clock.advance(days=29)
        tokens = refreshed(issuer, phone, tokens)
    issuer.clock.advance(days=30)
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")


def test_a_client_may_have_shorter_sessions(issuer: Issuer) -> None:
    brief = issuer.phone_app(tokens=TokenOverrides(refresh_lifetime=60))
    tokens = issuer.signed_in(brief, issuer.person("a"))
    issuer.clock.advance(seconds=59)
    tokens = refreshed(issuer, brief, tokens)
    issuer.clock.advance(seconds=60)
    assert_refused(issuer.refresh(brief, tokens["refresh_token"]), 400, "invalid_grant")


def test_no_use_puts_the_end_off_beyond_the_longest_life(issuer: Issuer) -> None:
    week = TokenOverrides(refresh_lifetime=4 * 86_400, session_lifetime=7 * 86_400)
    brief = issuer.phone_app(tokens=week)
    tokens = issuer.signed_in(brief, issuer.person("a"))
    assert tokens["refresh_token_expires_in"] == 4 * 86_400
    issuer.clock.advance(days=3)
    tokens = refreshed(issuer, brief, tokens)
    assert tokens["refresh_token_expires_in"] == 4 * 86_400
    issuer.clock.advance(days=3)
    tokens = refreshed(issuer, brief, tokens)
    assert tokens["refresh_token_expires_in"] == 86_400
    issuer.clock.advance(days=1)
    assert_refused(issuer.refresh(brief, tokens["refresh_token"]), 400, "invalid_grant")


def test_a_shorter_life_counts_for_sessions_that_there_are(issuer: Issuer) -> None:
    phone = issuer.phone_app()
    tokens = issuer.signed_in(phone, issuer.person("a"))
    issuer.clock.advance(days=2)
    issuer.set_tokens(TokenOverrides(session_lifetime=86_400))
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")


def test_an_ended_session_is_not_continued(
    issuer: Issuer, phone: KnownClient, machine: KnownClient
) -> None:
    person = issuer.person("a")
    tokens, other = issuer.signed_in(phone, person), issuer.signed_in(phone, person)
    issuer.end_session(session_of(issuer, machine, tokens))
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")
    refreshed(issuer, phone, other)


@pytest.mark.parametrize("fate", ["removed", "disabled"])
def test_a_person_who_is_gone_gets_nothing_more(
    issuer: Issuer, phone: KnownClient, fate: str
) -> None:
    person = issuer.person("a")
    tokens = issuer.signed_in(phone, person)
    (issuer.remove_person if fate == "removed" else issuer.disable)(person)
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")


def test_the_sessions_of_a_deleted_client_are_gone(issuer: Issuer, phone: KnownClient) -> None:
    tokens = issuer.signed_in(phone, issuer.person("a"))
    issuer.delete_client(phone)
    assert_refused(issuer.refresh(phone, tokens["refresh_token"]), 400, "invalid_grant")
    other = issuer.phone_app()
    assert_refused(issuer.refresh(other, tokens["refresh_token"]), 400, "invalid_grant")
