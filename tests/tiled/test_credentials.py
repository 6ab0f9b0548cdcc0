"""What Tiled hears of a credential that is good here, and who asks it for something."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from scopewright.core.access_policies import Asker
from scopewright.core.errors import InvalidToken
from scopewright.guard import Claims
from scopewright.tiled.askers import asker_of
from scopewright.tiled.credentials import tiled_claims

ID = "01990b5e-0000-7000-8000-000000000000"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def claims(subject: str = ID, *scopes: str, **values: object) -> Claims:
    return Claims(
        issuer="https://auth.example/w/1",
        subject=subject,
        audience=("1",),
        client_id=subject,
        scopes=frozenset(scopes),
        issued_at=NOW,
        expires_at=NOW,
        token_id="tok_1",
        session_id=None,
        values=values,
    )


@pytest.mark.parametrize("name", ["user", "username"])
def test_a_person_is_called_by_their_user_name(name: str) -> None:
    said = tiled_claims(claims(ID, "read:data", "read:metadata", **{name: "ann@example.com"}))
    assert said == {
        "sub": ID.replace("-", ""),
        "user": "ann@example.com",
        "scope": "read:data read:metadata",
    }


def test_a_service_is_said_to_be_one_and_has_no_identity() -> None:
    said = tiled_claims(claims())
    assert (said["sub_typ"], said["ids"], said["scope"]) == ("service", [], "")
    assert "user" not in said


def test_a_client_that_is_known_by_an_address_is_always_the_same_uuid() -> None:
    first, again = (tiled_claims(claims("https://app.example/client.json")) for _ in range(2))
    other = tiled_claims(claims("https://app.example/other.json"))
    assert UUID(str(first["sub"]))
    assert first["sub"] == again["sub"] != other["sub"]


def test_scopes_whose_names_tiled_has_changed_are_said_by_those_of_today() -> None:
    said = str(tiled_claims(claims(ID, "create", "apikeys", "beam:open"))["scope"])
    assert said == "beam:open create:apikeys create:node revoke:apikeys"


@pytest.mark.parametrize("tags", [["A"], [], "A", None])
def test_what_is_restricted_to_tags_is_refused(tags: object) -> None:
    with pytest.raises(InvalidToken):
        tiled_claims(claims(user="ann@example.com", tags=tags))


# --- who asks -----------------------------------------------------------------------------------


def person(*identities: tuple[str, str]) -> Any:
    known = [SimpleNamespace(provider=provider, id=id) for provider, id in identities]
    return SimpleNamespace(type="user", uuid=UUID(int=7), identities=known)


def ask(principal: Any, provider: str | None = "ours", **more: Any) -> Asker | None:
    arguments = {"scopes": ["read:data"], "only_tags": None, **more}
    return asker_of(principal, provider=provider, **arguments)


def test_a_person_is_known_by_their_identity_of_the_provider() -> None:
    asker = ask(person(("theirs", "eve"), ("ours", "ann")))
    assert asker == Asker("ann", scopes=frozenset({"read:data"}))


@pytest.mark.parametrize(
    "principal", [person(), person(("theirs", "eve")), person(("ours", "a"), ("ours", "b"))]
)
def test_who_has_no_such_identity_or_two_is_nobody_that_a_policy_knows(principal: Any) -> None:
    assert ask(principal) is None


def test_without_a_provider_a_single_identity_will_do() -> None:
    asker = ask(person(("theirs", "eve")), None)
    assert asker is not None
    assert asker.name == "eve"
    assert ask(person(("theirs", "eve"), ("ours", "ann")), None) is None


def test_a_service_is_known_by_its_uuid() -> None:
    asker = ask(SimpleNamespace(type="service", uuid=UUID(ID), identities=[]))
    assert asker == Asker(ID, is_service=True, scopes=frozenset({"read:data"}))


def test_a_visitor_is_nobody_and_not_unknown() -> None:
    assert ask(None) == Asker(scopes=frozenset({"read:data"}))


def test_what_a_key_of_tiled_s_says_beside_its_scopes_is_not_one_of_them() -> None:
    asker = ask(None, scopes=["inherit", SimpleNamespace(value="read:data")], only_tags=["A"])
    assert asker == Asker(scopes=frozenset({"read:data"}), only_tags=frozenset({"A"}))
