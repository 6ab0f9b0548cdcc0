"""Which identities may be linked to whom, and unlinked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Conflict, Invalid
from scopewright.core.identities import (
    LinkedIdentity,
    check_identity,
    check_person,
    check_unlinkable,
)
from scopewright.core.model import Identity, Principal, PrincipalKind, SignIn

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWN = Identity("email", "ann@example.com")
ANN = Principal("ann", "w", PrincipalKind.MEMBER, "ann@example.com", OWN, NOW)
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(signed_out_at=INSTANTS, at=INSTANTS)
def test_a_sign_in_counts_only_from_after_the_person_was_signed_out(
    signed_out_at: datetime, at: datetime
) -> None:
    linked = LinkedIdentity("ann", OWN, "admin", NOW)
    sign_in = SignIn("cookie", OWN, at, at, at)
    assert linked.accepts(sign_in)
    assert replace(linked, signed_out_at=signed_out_at).accepts(sign_in) is (at > signed_out_at)


def test_a_use_is_worth_noting_once_a_minute() -> None:
    linked = LinkedIdentity("ann", OWN, "admin", NOW)
    assert linked.is_worth_noting(NOW)
    used = replace(linked, last_used_at=NOW)
    assert not used.is_worth_noting(NOW + timedelta(seconds=59))
    assert used.is_worth_noting(NOW + timedelta(seconds=60))


def test_an_address_is_linked_in_lower_case_and_other_subjects_as_they_are() -> None:
    assert check_identity("email", "Ann@Example.COM") == OWN
    assert check_identity("lab-1_x", "CN=Ann|7") == Identity("lab-1_x", "CN=Ann|7")


@pytest.mark.parametrize("provider", ["", "-", "a b", "a/b", "ä", "a" * 65, "a\n", "x-"])
def test_a_provider_outside_the_grammar_is_refused(provider: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_identity(provider, "ann")
    assert refused.value.facts["field"] == "provider"


@pytest.mark.parametrize(
    "subject", ["", " ", "a b", "a/b", "a\x00", "a\n", "\ud800", "a" * 256, "a\u2028"]
)
def test_a_subject_that_no_path_could_name_is_refused(subject: str) -> None:
    for provider in ("lab", "email"):
        with pytest.raises(Invalid) as refused:
            check_identity(provider, subject)
        assert refused.value.facts["field"] == "subject"


def test_only_people_sign_in() -> None:
    for kind in (PrincipalKind.MEMBER, PrincipalKind.END_USER):
        check_person(replace(ANN, kind=kind))
    for kind in (PrincipalKind.CLIENT, PrincipalKind.GROUP):
        with pytest.raises(Conflict):
            check_person(replace(ANN, kind=kind))


def test_the_identity_that_somebody_is_called_by_stays() -> None:
    with pytest.raises(Conflict):
        check_unlinkable(ANN, OWN)
    check_unlinkable(ANN, Identity("lab", OWN.subject))
