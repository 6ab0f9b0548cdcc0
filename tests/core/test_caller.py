"""A caller, and an operation that is open to it or not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.core.errors import Forbidden
from scopewright.core.model import Principal, PrincipalKind

VOCABULARY = Vocabulary(
    (
        Catalogue(
            "internal",
            "Internal",
            scopes=(ScopeDefinition("iotman:keys:read", opens=frozenset({"keys:read"})),),
        ),
        Catalogue(
            "tiled",
            "Tiled",
            scopes=(ScopeDefinition("apikeys", opens=frozenset({"keys:read", "keys:own"})),),
        ),
    ),
    scopes=(ScopeDefinition("keys:read:mine"),),
)


def caller(*held: str) -> Caller:
    born = datetime(2026, 1, 1, tzinfo=UTC)
    principal = Principal("p", "w", PrincipalKind.MEMBER, "Ada", None, born)
    return Caller(principal, frozenset(held), VOCABULARY, "token")


class Keys:
    """A service as services are: its first argument is the caller."""

    def __init__(self) -> None:
        self.ran = 0

    @needs("keys:read")
    def index(self, caller: Caller, *, limit: int) -> tuple[str, int]:
        """List the keys."""
        self.ran += 1
        return caller.workspace_id, limit


@pytest.mark.parametrize("scope", ["iotman:keys:read", "apikeys"])
def test_whichever_scope_opens_the_operation_lets_the_caller_in(scope: str) -> None:
    assert caller(scope).may("keys:read")
    assert Keys().index(caller(scope), limit=3) == ("w", 3)


@pytest.mark.parametrize("held", [(), ("keys:read",), ("keys:read:mine",), ("iotman:keys",)])
def test_without_it_the_body_never_runs_and_the_missing_scope_is_named(
    held: tuple[str, ...],
) -> None:
    keys = Keys()
    with pytest.raises(Forbidden) as refusal:
        keys.index(caller(*held), limit=3)
    assert refusal.value.missing == ("iotman:keys:read",)
    assert "iotman:keys:read" in refusal.value.detail
    assert keys.ran == 0


def test_an_operation_that_no_scope_opens_is_closed_to_everybody() -> None:
    with pytest.raises(Forbidden) as refusal:
        caller("iotman:keys:read", "apikeys").check("keys:destroy")
    assert refusal.value.missing == ()
    assert "None" not in refusal.value.detail


def test_a_callers_operations_are_those_its_scopes_open() -> None:
    assert caller("apikeys", "keys:read:mine").operations == {"keys:read", "keys:own"}


def test_a_guarded_method_says_which_operation_it_is_and_keeps_its_name() -> None:
    assert Keys.index.operation == "keys:read"  # type: ignore[attr-defined]
    assert Keys.index.__name__ == "index"
    assert Keys.index.__doc__ == "List the keys."
