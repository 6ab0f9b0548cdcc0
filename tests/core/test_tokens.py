"""Token policy: which scopes, how long, which claims, and what a refresh token means now."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid, InvalidGrant, InvalidScope
from scopewright.core.model import IssuedToken, RefreshToken, TokenOverrides
from scopewright.core.names import is_name
from scopewright.core.oauth import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from scopewright.core.scopes import EVERYTHING, NONE, Requested, Scopes, parse
from scopewright.core.spelling import is_spelled
from scopewright.core.tokens import (
    TokenSettings,
    Use,
    access_claims,
    check_overrides,
    check_refresh_scope,
    check_session,
    decide,
    successor,
    use_of,
)
from tests.core.nouns import MOMENT, NOW, a_refresh_token, a_session

SCOPES = st.frozensets(st.sampled_from("abcd"))
PROTOCOL = st.frozensets(st.sampled_from(["openid", "email", "offline_access"]))
REQUESTED = st.builds(Requested, st.none() | SCOPES, PROTOCOL)
PEOPLES = (AUTHORIZATION_CODE, REFRESH_TOKEN)


# --- which scopes -------------------------------------------------------------------------------


@pytest.mark.parametrize("grant_type", PEOPLES)
@given(requested=REQUESTED, held=SCOPES)
def test_a_persons_token_has_what_is_held_of_what_was_asked_and_the_protocol_words(
    grant_type: str, requested: Requested, held: Scopes
) -> None:
    scopes = decide(grant_type, requested, held)
    assert scopes == requested.within(held) | requested.protocol
    assert scopes - requested.protocol <= held


@given(requested=REQUESTED, held=SCOPES)
def test_a_client_by_itself_gets_exactly_what_it_asks_for_or_nothing_at_all(
    requested: Requested, held: Scopes
) -> None:
    if requested.protocol or (requested.names or NONE) - held:
        with pytest.raises(InvalidScope):
            decide(CLIENT_CREDENTIALS, requested, held)
    else:
        expected = held if requested.names is None else requested.names
        assert decide(CLIENT_CREDENTIALS, requested, held) == expected


def test_a_client_without_grants_gets_a_token_without_scopes() -> None:
    assert decide(CLIENT_CREDENTIALS, EVERYTHING, NONE) == NONE


# --- the scope parameter of a refresh -----------------------------------------------------------


def refresh_asks(session_asked: str | None, parameter: str | None) -> Requested:
    return check_refresh_scope(parse(parameter), a_session(requested=parse(session_asked)))


@pytest.mark.parametrize(
    ("at_first", "now", "asks_for"),
    [
        ("a b", None, Requested(frozenset("ab"))),
        ("a b", "a", Requested(frozenset("a"))),
        ("a b openid", "a", Requested(frozenset("a"))),
        ("a openid", "a openid", Requested(frozenset("a"), frozenset({"openid"}))),
        ("a openid", "openid", Requested(NONE, frozenset({"openid"}))),
        (None, None, EVERYTHING),
        (None, "a", Requested(frozenset("a"))),
        ("openid", "a", Requested(frozenset("a"))),
    ],
)
def test_a_refresh_asks_for_what_was_asked_at_first_or_for_a_part_of_it(
    at_first: str | None, now: str | None, asks_for: Requested
) -> None:
    assert refresh_asks(at_first, now) == asks_for


@pytest.mark.parametrize(
    ("at_first", "now"), [("a", "b"), ("a", "a b"), ("a", "openid"), ("a openid", "a email")]
)
def test_a_refresh_cannot_name_what_was_not_asked_for_at_first(at_first: str, now: str) -> None:
    with pytest.raises(InvalidScope):
        refresh_asks(at_first, now)


def test_a_session_that_asked_for_nothing_cannot_ask_for_more() -> None:
    session = a_session(requested=Requested(NONE))
    assert check_refresh_scope(EVERYTHING, session) == Requested(NONE)
    with pytest.raises(InvalidScope):
        check_refresh_scope(Requested(frozenset("a")), session)


@given(REQUESTED, REQUESTED, SCOPES)
def test_a_refresh_never_gives_more_than_the_session_would(
    at_first: Requested, asked: Requested, held: Scopes
) -> None:
    session = a_session(requested=at_first)
    try:
        narrowed = check_refresh_scope(asked, session)
    except InvalidScope:
        return
    assert narrowed.within(held) <= at_first.within(held)
    assert narrowed.protocol <= at_first.protocol


# --- how long -----------------------------------------------------------------------------------


def test_each_level_says_only_what_differs_and_the_last_one_wins() -> None:
    server = TokenSettings()
    workspace = server.overridden(TokenOverrides(access_lifetime=60, live_scopes=True))
    client = workspace.overridden(
        TokenOverrides(access_lifetime=5, refresh_grace=0, signing_algorithm="RS256")
    )
    assert server.overridden(TokenOverrides()) == server
    assert workspace == replace(server, access_lifetime=timedelta(seconds=60), live_scopes=True)
    assert client == TokenSettings(
        access_lifetime=timedelta(seconds=5),
        refresh_lifetime=server.refresh_lifetime,
        session_lifetime=server.session_lifetime,
        refresh_grace=timedelta(0),
        live_scopes=True,
        signing_algorithm="RS256",
    )
    assert not client.overridden(TokenOverrides(live_scopes=False)).live_scopes


def test_every_difference_that_can_be_set_is_a_setting() -> None:
    assert {f.name for f in fields(TokenOverrides)} == {f.name for f in fields(TokenSettings)}
    server, every = (
        TokenSettings(),
        TokenOverrides(6, 7, 8, 9, live_scopes=True, signing_algorithm="RS256"),
    )
    changed = server.overridden(every)
    for field in fields(TokenSettings):
        assert getattr(changed, field.name) != getattr(server, field.name)


@pytest.mark.parametrize(
    "good",
    [
        TokenOverrides(),
        TokenOverrides(access_lifetime=1, refresh_lifetime=1, refresh_grace=0),
        TokenOverrides(access_lifetime=86_400, refresh_lifetime=400 * 86_400, refresh_grace=300),
        TokenOverrides(session_lifetime=1),
        TokenOverrides(session_lifetime=3650 * 86_400),
        TokenOverrides(signing_algorithm="ES256"),
        TokenOverrides(signing_algorithm="RS256"),
    ],
)
def test_a_difference_within_its_bounds_may_be_set(good: TokenOverrides) -> None:
    assert check_overrides(good) is good


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_lifetime", 0),
        ("access_lifetime", -1),
        ("access_lifetime", 86_401),
        ("refresh_lifetime", 0),
        ("refresh_lifetime", 400 * 86_400 + 1),
        ("session_lifetime", 0),
        ("session_lifetime", 3650 * 86_400 + 1),
        ("refresh_grace", -1),
        ("refresh_grace", 301),
        ("signing_algorithm", "none"),
        ("signing_algorithm", "HS256"),
        ("signing_algorithm", "es256"),
        ("signing_algorithm", ""),
    ],
)
def test_a_difference_out_of_bounds_is_refused_with_its_field(field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        check_overrides(TokenOverrides(**{field: value}))  # type: ignore[arg-type]
    assert refusal.value.facts == {"field": field}


# --- which claims -------------------------------------------------------------------------------


def issued(**said: object) -> IssuedToken:
    token = IssuedToken(
        id="tok_1",
        workspace_id="workspace",
        principal_id="ada",
        client_id="client",
        session_id="ses_1",
        scopes=frozenset({"b", "a"}),
        issued_at=NOW + timedelta(milliseconds=900),
        expires_at=NOW + timedelta(hours=1, milliseconds=900),
    )
    return replace(token, **said)  # type: ignore[arg-type]


def test_a_persons_access_token_has_the_claims_of_rfc_9068_in_whole_seconds() -> None:
    claims = access_claims(
        issued(),
        issuer="https://auth.example/w/workspace",
        audience="workspace",
        client_id="client",
        user="ada@example.org",
        authenticated_at=NOW - timedelta(milliseconds=1),
    )
    seconds = int(NOW.timestamp())
    assert claims == {
        "iss": "https://auth.example/w/workspace",
        "sub": "ada",
        "aud": "workspace",
        "client_id": "client",
        "scope": "a b",
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds + 3600,
        "jti": "tok_1",
        "user": "ada@example.org",
        "sid": "ses_1",
        "auth_time": seconds - 1,
    }
    assert all(type(claims[name]) is int for name in ("iat", "nbf", "exp", "auth_time"))


def test_a_clients_own_token_names_no_person_and_no_session() -> None:
    token = issued(principal_id="client", session_id=None, scopes=NONE)
    claims = access_claims(token, issuer="https://issuer", audience="workspace", client_id="client")
    assert claims["sub"] == claims["client_id"] == "client"
    assert claims["scope"] == ""
    assert not {"user", "sid", "auth_time"} & claims.keys()


# --- refresh tokens -----------------------------------------------------------------------------

GRACE = timedelta(seconds=10)
UNUSED, USED = a_refresh_token(), a_refresh_token(consumed_at=NOW + timedelta(seconds=1))

TABLE = [
    # the token, its successor, how long after its use, what it means
    (UNUSED, None, timedelta(0), Use.ROTATE),
    (UNUSED, None, timedelta(days=9), Use.ROTATE),
    (USED, UNUSED, timedelta(0), Use.REPEAT),
    (USED, UNUSED, GRACE - MOMENT, Use.REPEAT),
    (USED, UNUSED, GRACE, Use.REPLAY),
    (USED, UNUSED, timedelta(days=9), Use.REPLAY),
    (USED, USED, timedelta(0), Use.REPLAY),
    (USED, USED, GRACE - MOMENT, Use.REPLAY),
    (USED, None, timedelta(0), Use.REPLAY),
]


@pytest.mark.parametrize(("token", "following", "after", "use"), TABLE)
def test_what_a_refresh_token_means_depends_on_its_use_and_its_successors(
    token: RefreshToken, following: RefreshToken | None, after: timedelta, use: Use
) -> None:
    now = (token.consumed_at or NOW) + after
    assert use_of(token, following, now=now, grace=GRACE) is use


@pytest.mark.parametrize("following", [UNUSED, USED, None])
def test_without_a_grace_every_second_use_is_a_replay(following: RefreshToken | None) -> None:
    used_at = USED.consumed_at or NOW
    assert use_of(USED, following, now=used_at, grace=timedelta(0)) is Use.REPLAY


def test_a_successor_can_be_computed_again_and_only_with_the_servers_secret() -> None:
    once = successor(b"secret", "swr_first")
    assert successor(b"secret", "swr_first") == once
    assert once != successor(b"other", "swr_first")
    assert once != successor(b"secret", "swr_second")
    assert once.startswith("swr_")
    assert is_spelled(once.removeprefix("swr_"))
    assert is_name(once.replace("swr_", "").replace("-", "").replace("_", ""))


@pytest.mark.parametrize(
    ("client_id", "now", "ended_at"),
    [
        ("other", NOW, None),
        ("client", NOW + timedelta(days=1), None),
        ("client", NOW, NOW - timedelta(hours=1)),
        ("client", NOW, NOW),
    ],
)
def test_a_session_that_is_anothers_ended_or_expired_cannot_be_continued(
    client_id: str, now: datetime, ended_at: datetime | None
) -> None:
    with pytest.raises(InvalidGrant):
        check_session(
            a_session(ended_at=ended_at), client_id=client_id, now=now, settings=TokenSettings()
        )


def test_a_live_session_is_continued_by_its_client_until_the_last_moment() -> None:
    session, settings = a_session(), TokenSettings()
    last = session.expires_at - MOMENT
    assert check_session(session, client_id="client", now=last, settings=settings) is session
    with pytest.raises(InvalidGrant):
        check_session(None, client_id="client", now=NOW, settings=settings)


def test_a_session_is_continued_no_longer_than_any_may_be_now() -> None:
    session, day = a_session(), timedelta(days=1)
    settings = TokenSettings(session_lifetime=day)
    end = session.created_at + day
    lasting = replace(session, expires_at=end + day)  # begun when it was to last longer
    at = {"client_id": "client", "settings": settings}
    assert check_session(lasting, now=end - MOMENT, **at) is lasting  # type: ignore[arg-type]
    with pytest.raises(InvalidGrant):
        check_session(lasting, now=end, **at)  # type: ignore[arg-type]


@given(idle=st.integers(1, 1000), longest=st.integers(1, 1000), age=st.integers(0, 2000))
def test_a_session_goes_on_after_each_use_and_never_beyond_its_longest(
    idle: int, longest: int, age: int
) -> None:
    settings = TokenSettings(
        refresh_lifetime=timedelta(seconds=idle), session_lifetime=timedelta(seconds=longest)
    )
    used = NOW + timedelta(seconds=age)
    until = settings.until(began=NOW, used=used)
    assert until == min(used + settings.refresh_lifetime, NOW + settings.session_lifetime)
