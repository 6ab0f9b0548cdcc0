"""What an outside assertion is worth: every claim of a rule, exactly, or nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid, InvalidGrant
from scopewright.core.trusted_issuers import (
    LEEWAY,
    LONGEST_ASSERTION,
    Rule,
    TrustedIssuer,
    accepted,
    check,
)
from tests.core.nouns import NOW

AT = int(NOW.timestamp())
TRUSTED = TrustedIssuer(
    id="tri",
    workspace_id="workspace",
    issuer="https://builds.example",
    audience="https://auth.example/w/1",
    jwks_uri=None,
    jwks={"keys": []},
    rules=(Rule({"repository": "acme/site"}, "deployer"),),
    is_single_use=True,
    created_at=NOW,
)
SAID = {
    "iss": "https://builds.example", "aud": "https://auth.example/w/1", "sub": "job 7",
    "exp": AT + 300, "repository": "acme/site",
}  # fmt: skip
SCALARS = st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "true", "1"])
JSON = SCALARS | st.none() | st.floats(allow_nan=False) | st.lists(SCALARS) | st.just({"a": "b"})


def said(**replaced: Any) -> dict[str, Any]:
    claims = {**SAID, **replaced}
    return {name: value for name, value in claims.items() if value is not None}


def is_accepted(claims: dict[str, Any], *, now: datetime = NOW) -> bool:
    try:
        accepted(TRUSTED, claims, now=now)
    except InvalidGrant:
        return False
    return True


@given(
    st.dictionaries(st.sampled_from("abc"), SCALARS), st.dictionaries(st.sampled_from("abc"), JSON)
)
def test_a_rule_fits_exactly_when_each_of_its_claims_stands_there_in_type_and_value(
    wanted: dict[str, Any], claims: dict[str, Any]
) -> None:
    def stands(name: str) -> bool:
        found = claims.get(name)
        members = found if isinstance(found, list) else [found]
        return any(repr(member) == repr(wanted[name]) for member in members)

    assert Rule(wanted, "client").fits(claims) is (bool(wanted) and all(map(stands, wanted)))


def test_a_rule_without_claims_fits_nobody() -> None:
    assert not Rule({}, "client").fits(SAID)


@given(st.dictionaries(st.sampled_from([*SAID, "iat", "nbf", "jti"]), JSON))
def test_whatever_is_claimed_it_is_accepted_or_refused_and_nothing_else(
    replaced: dict[str, Any],
) -> None:
    claims = {**SAID, **replaced}
    if is_accepted(claims):
        assert claims["iss"] == TRUSTED.issuer
        assert TRUSTED.audience in (claims["aud"], *(claims["aud"] or ()))


@pytest.mark.parametrize(
    "value",
    [None, 0, -1, AT, "soon", True, math.inf, 1e300, 10**30, [AT + 1]],
)
def test_an_end_that_is_none_or_past_is_refused(value: Any) -> None:
    assert not is_accepted(said(exp=value))


def test_the_latest_end_is_an_hour_from_now_with_some_leeway() -> None:
    furthest = NOW + LONGEST_ASSERTION + LEEWAY
    assert is_accepted(said(exp=furthest.timestamp()))
    assert not is_accepted(said(exp=furthest.timestamp() + 1))


def test_it_begins_now_with_some_leeway() -> None:
    leeway = LEEWAY.total_seconds()
    for name in ("iat", "nbf"):
        assert is_accepted(said(**{name: AT + leeway}))
        for value in (AT + leeway + 1, "now", -1, True, math.inf):
            assert not is_accepted(said(**{name: value}))


def test_fractions_of_a_second_are_read() -> None:
    assertion = accepted(TRUSTED, said(exp=AT + 0.5), now=NOW)
    assert assertion.expires_at == datetime.fromtimestamp(AT + 0.5, UTC)
    assert not is_accepted(said(exp=AT + 0.5), now=NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    "replaced",
    [
        {"iss": None}, {"iss": "https://builds.example/"}, {"aud": None}, {"aud": []},
        {"aud": ["https://auth.example/w/2"]}, {"aud": {"https://auth.example/w/1": 1}},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"jti": ""}, {"jti": 7},
        {"repository": "acme/other"}, {"repository": None},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_meant_for_us_or_fits_no_rule_is_refused(replaced: dict[str, Any]) -> None:
    assert not is_accepted(said(**replaced))


def test_the_client_is_the_one_that_the_fitting_rules_agree_on_or_that_is_named() -> None:
    rules = (
        Rule({"repository": "acme/site"}, "deployer"),
        Rule({"sub": "job 7"}, "deployer"),
        Rule({"sub": "job 7"}, "tester"),
        Rule({"sub": "job 8"}, "other"),
    )
    one = accepted(replace(TRUSTED, rules=rules[:2]), SAID, now=NOW)
    assert one.client(None) == one.client("deployer") == "deployer"
    two = accepted(replace(TRUSTED, rules=rules), SAID, now=NOW)
    assert two.clients == {"deployer", "tester"}
    assert two.client("tester") == "tester"
    for assertion, named in ((one, "tester"), (two, None), (two, "other")):
        with pytest.raises(InvalidGrant):
            assertion.client(named)


@pytest.mark.parametrize(
    ("replaced", "field"),
    [
        ({"issuer": "http://builds.example"}, "issuer"),
        ({"issuer": "https://"}, "issuer"),
        ({"issuer": "https://builds.example/\n"}, "issuer"),
        ({"issuer": "https://builds.example/a b"}, "issuer"),
        ({"issuer": "https://builds.example/#a"}, "issuer"),
        ({"issuer": "https://" + "a" * 2000}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"audience": "a" * 2001}, "audience"),
        ({"jwks": None}, "jwks"),
        ({"jwks_uri": "https://builds.example/keys"}, "jwks"),
        ({"jwks": None, "jwks_uri": "file:///keys"}, "jwks_uri"),
        ({"rules": ()}, "rules"),
        ({"rules": (Rule({}, "client"),)}, "rules"),
        ({"rules": (Rule({"aud": "x"}, "client"),)}, "rules"),
        ({"rules": (Rule({"sub": "x"}, "client"),) * 101}, "rules"),
        ({"rules": (Rule({f"c{n}": 1 for n in range(21)}, "client"),)}, "rules"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_trusted_is_refused_by_its_field(
    replaced: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        check(replace(TRUSTED, **replaced))
    assert refusal.value.facts["field"] == field


def test_what_is_in_order_passes_as_it_is() -> None:
    assert check(TRUSTED) is TRUSTED
    remote = replace(TRUSTED, jwks=None, jwks_uri="https://builds.example/keys")
    assert check(remote) is remote
    assert remote.clients == {"deployer"}
