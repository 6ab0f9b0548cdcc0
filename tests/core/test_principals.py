"""Who may be disabled, leave, and answer for a service."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scopewright.core.errors import Conflict, Invalid
from scopewright.core.model import ClientType, Principal, PrincipalKind
from scopewright.core.oauth import new_client
from scopewright.core.principals import (
    REMOVED_BY,
    check_can_present,
    check_disabling,
    check_not_last,
    check_owner,
    check_service,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = Principal("ann", "w", PrincipalKind.MEMBER, "ann", None, NOW)
BOB = replace(ANN, id="bob")
CREW = replace(ANN, id="crew", kind=PrincipalKind.GROUP)


def test_nobody_disables_themselves_a_group_or_the_last_administrator() -> None:
    for principal, by, administrators, conflict in (
        (ANN, ANN, [ANN, BOB], "self"),
        (CREW, ANN, [ANN, BOB], "kind"),
        (BOB, ANN, [BOB], "last"),
    ):
        with pytest.raises(Conflict) as refused:
            check_disabling(principal, by=by, administrators=administrators)
        assert refused.value.facts["conflict"] == conflict
    check_disabling(BOB, by=ANN, administrators=[ANN, BOB])
    check_disabling(BOB, by=ANN, administrators=[ANN])
    check_can_present(ANN)
    with pytest.raises(Conflict):
        check_can_present(CREW)


def test_the_last_administrator_stays() -> None:
    with pytest.raises(Conflict):
        check_not_last(ANN, [ANN])
    check_not_last(ANN, [ANN, BOB])
    check_not_last(ANN, [BOB])


def test_a_service_is_a_client_that_acts_for_itself() -> None:
    for type in ClientType:
        client = new_client("c", "w", type=type, at=NOW)
        if type is ClientType.CLIENT_CREDENTIALS:
            assert check_service(client) is client
        else:
            with pytest.raises(Conflict):
                check_service(client)
    with pytest.raises(Conflict):
        check_service(None)


def test_an_owner_is_a_person() -> None:
    assert check_owner(ANN) is ANN
    for kind in (PrincipalKind.CLIENT, PrincipalKind.GROUP):
        with pytest.raises(Invalid):
            check_owner(replace(ANN, kind=kind))


def test_every_kind_has_an_operation_that_removes_it() -> None:
    assert REMOVED_BY.keys() == set(PrincipalKind)
