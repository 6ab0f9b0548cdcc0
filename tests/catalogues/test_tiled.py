"""The catalogue of Tiled's scopes and roles: what it says, and what is known to be odd about it."""

from __future__ import annotations

import tomllib

import pytest

from scopewright.catalogues import read, read_shipped
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.catalogue_faults import Fault, faults
from scopewright.core.errors import Invalid

SHIPPED = read_shipped(internal_prefix="iotman")
PAGE = {
    "read:metadata",
    "read:data",
    "create",
    "write:metadata",
    "write:data",
    "apikeys",
    "metrics",
    "admin:apikeys",
    "read:principals",
}
TODAY = {
    "create:node",
    "create:apikeys",
    "revoke:apikeys",
    "delete:node",
    "delete:revision",
    "register",
    "write:principals",
    "read:webhooks",
    "write:webhooks",
}
CURRENT = {
    "read:metadata",
    "read:data",
    "create:node",
    "write:metadata",
    "write:data",
    "delete:revision",
    "delete:node",
    "create:apikeys",
    "revoke:apikeys",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return SHIPPED["tiled"]


@pytest.fixture(scope="module")
def words(catalogue: Catalogue) -> Vocabulary:
    return Vocabulary((SHIPPED["internal"], catalogue))


def test_it_has_the_names_of_the_page_and_those_of_today(catalogue: Catalogue) -> None:
    assert {scope.name for scope in catalogue.scopes} == PAGE | TODAY
    described = [one.description for one in (*catalogue.scopes, *catalogue.roles)]
    assert all(text.endswith(".") and len(text) <= 80 for text in described)
    assert len(set(described)) == len(described)


def test_the_default_role_has_six_scopes_its_current_profile_nine_and_the_admin_all(
    catalogue: Catalogue, words: Vocabulary
) -> None:
    assert words.default_roles == {"user"}
    assert words.administrator_role == "admin"
    user = words.every_role["user"].scopes
    assert user == PAGE - {"metrics", "admin:apikeys", "read:principals"}
    assert words.every_role["user-current"].scopes == CURRENT
    assert words.scopes_of(["admin"]) == PAGE | TODAY


def test_names_that_were_changed_or_split_are_their_successors(words: Vocabulary) -> None:
    assert words.close(frozenset({"create"})) == {"create", "create:node"}
    halves = frozenset({"create:apikeys", "revoke:apikeys"})
    assert words.close(halves) == words.close(frozenset({"apikeys"})) == halves | {"apikeys"}
    assert words.close(frozenset({"create:apikeys"})) == {"create:apikeys"}


OPENS = {
    "read:principals": {"principals:read"},
    "write:principals": {"principals:create"},
    "metrics": {"metrics:read"},
    "admin:apikeys": {"api-keys:read", "api-keys:create", "api-keys:revoke"},
    "create:apikeys": {"own-api-keys:read", "own-api-keys:create"},
    "revoke:apikeys": {"own-api-keys:read", "own-api-keys:revoke"},
    "apikeys": {"own-api-keys:read", "own-api-keys:create", "own-api-keys:revoke"},
}


def test_scopes_open_the_operations_of_the_platform_as_the_internal_ones_do(
    catalogue: Catalogue, words: Vocabulary
) -> None:
    opening = {scope.name: set(scope.opens) for scope in catalogue.scopes if scope.opens}
    assert opening == OPENS
    for operation in set().union(*OPENS.values()):
        opener = words.opener(operation)
        assert opener is not None
        assert opener.startswith("iotman:")


def test_four_names_are_spelled_unlike_the_others_as_published_and_nothing_else_is_odd(
    catalogue: Catalogue,
) -> None:
    found = {(fault.rule, fault.subject) for fault in faults(catalogue)}
    odd = ("create", "apikeys", "metrics", "register")
    assert found == {("odd-spelling", name) for name in odd}


# --- what a file may say ------------------------------------------------------------------------

GARDEN = """
default_role = "gardener"
[[scope]]
name = "garden:tend"
made_of = ["garden:cut", "garden:water"]
[[scope]]
name = "garden:cut"
opens = ["groups:create"]
[[scope]]
name = "garden:water"
opens = ["groups:read"]
[[role]]
name = "gardener"
scopes = ["garden:tend"]
"""


def garden(text: str = GARDEN) -> Catalogue:
    return read(tomllib.loads(text), name="garden")


def test_a_whole_opens_what_its_parts_open() -> None:
    words = Vocabulary((garden(),))
    assert words.by_name["garden:tend"].opens == {"groups:create", "groups:read"}
    assert words.guarded == words.by_name.keys()


@pytest.mark.parametrize("said", ['opens = ["groups:update"]', 'implies = ["garden:water"]'])
def test_a_whole_says_nothing_beyond_its_parts(said: str) -> None:
    text = GARDEN.replace('name = "garden:tend"', f'name = "garden:tend"\n{said}')
    with pytest.raises(Invalid, match=r"scope 1 \(garden:tend\): it is made of others"):
        garden(text)


@pytest.mark.parametrize(
    ("before", "after", "rule", "detail"),
    [
        ('made_of = ["garden:cut"', 'made_of = ["garden:dig"', "unknown-name",
         "is made of garden:dig, which nobody defines"),
        ('default_role = "gardener"', 'default_role = "cutter"', "unknown-name",
         "assigns people cutter, which nobody defines"),
        ('opens = ["groups:create"]', 'made_of = ["garden:tend"]', "cycle",
         "comes back to itself: garden:cut → garden:tend → garden:cut"),
    ],
)  # fmt: skip
def test_the_linter_knows_wholes_and_the_default_role(
    before: str, after: str, rule: str, detail: str
) -> None:
    def told(text: str) -> set[Fault]:
        return set(faults(garden(text)))

    new = told(GARDEN.replace(before, after)) - told(GARDEN)
    assert (rule, detail) in {(fault.rule, fault.detail) for fault in new}
