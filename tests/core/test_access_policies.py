"""Access policies: a database shows exactly what each resource allows, asked one by one."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.access_lists import ALL, AccessLists
from scopewright.core.access_policies import PUBLIC_SCOPES, SEEING, Asker, anonymous, missing_on
from scopewright.core.access_tags import PUBLIC, AccessTags
from scopewright.core.errors import Forbidden, Invalid, NotFound
from scopewright.core.scopes import NONE, Scopes
from scopewright.core.visibility import EVERYTHING, NOTHING, Columns, Filter, any_of_tags, named

SCOPES = (SEEING, "read:data", "write:metadata", "write:data")
ALL_SCOPES = frozenset(SCOPES)
PEOPLE, RESOURCES = ("alice", "bob", "o'hara; --"), ("A", "B", "C", "D", "E")
TAGS = ("physics", "secret", "open", PUBLIC, "user:alice", "user:bob", "service:alice", "")
SOME_SCOPES = st.frozensets(st.sampled_from(SCOPES))
SOME_TAGS = st.frozensets(st.sampled_from(TAGS), max_size=4)
ASKERS = st.builds(
    Asker,
    name=st.none() | st.sampled_from(PEOPLE),
    is_service=st.booleans(),
    scopes=st.frozensets(st.sampled_from((*SCOPES, "admin:apikeys"))),
    only_tags=st.none() | SOME_TAGS,
)
LISTS = st.builds(
    AccessLists,
    st.dictionaries(
        st.sampled_from(PEOPLE), st.just(ALL) | st.frozensets(st.sampled_from(RESOURCES))
    ),
    public=st.frozensets(st.sampled_from(RESOURCES)),
    scopes=st.none() | SOME_SCOPES,
)
OWN_TAGS = st.sampled_from(("physics", "secret", "open"))
GRANTS = st.dictionaries(OWN_TAGS, st.dictionaries(st.sampled_from(PEOPLE), SOME_SCOPES))
TAGGED = st.builds(
    AccessTags,
    GRANTS,
    owners=st.dictionaries(OWN_TAGS, st.frozensets(st.sampled_from(PEOPLE))),
    public=st.frozensets(OWN_TAGS, max_size=1),
)
CATALOGUES = st.fixed_dictionaries(dict.fromkeys(RESOURCES, SOME_TAGS))
COLUMNS = Columns("nodes.name", tag_table="tags", tagged="tags.node", tag="tags.tag")


# --- seen in a database, and one by one ---------------------------------------------------------


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE nodes (name TEXT PRIMARY KEY)")
    connection.execute("CREATE TABLE tags (node TEXT, tag TEXT, PRIMARY KEY (node, tag))")
    connection.executemany("INSERT INTO nodes VALUES (?)", [(name,) for name in RESOURCES])
    return connection


def in_database(
    database: sqlite3.Connection, seen: Filter, catalogue: dict[str, frozenset[str]]
) -> set[str]:
    database.execute("DELETE FROM tags")
    rows = [(name, tag) for name, tags in catalogue.items() for tag in tags]
    database.executemany("INSERT INTO tags VALUES (?, ?)", rows)
    condition = seen.condition(COLUMNS)
    statement = f"SELECT name FROM nodes WHERE {condition.sql}"
    return {name for (name,) in database.execute(statement, condition.parameters)}


@given(policy=LISTS | TAGGED, asker=ASKERS, scopes=SOME_SCOPES, catalogue=CATALOGUES)
def test_a_database_shows_what_is_allowed_resource_by_resource(
    database: sqlite3.Connection,
    policy: AccessLists | AccessTags,
    asker: Asker,
    scopes: Scopes,
    catalogue: dict[str, frozenset[str]],
) -> None:
    expected = {
        name
        for name, tags in catalogue.items()
        if scopes | {SEEING} <= policy.allowed(asker, name, tags)
    }
    seen = policy.visible(asker, scopes)
    assert {name for name, tags in catalogue.items() if seen.passes(name, tags)} == expected
    assert in_database(database, seen, catalogue) == expected


@given(LISTS | TAGGED, ASKERS, CATALOGUES)
def test_no_policy_gives_what_the_credential_has_not(
    policy: AccessLists | AccessTags, asker: Asker, catalogue: dict[str, frozenset[str]]
) -> None:
    for name, tags in catalogue.items():
        assert policy.allowed(asker, name, tags) <= asker.scopes


@given(LISTS | TAGGED, ASKERS, st.sampled_from(RESOURCES), SOME_TAGS)
def test_a_credential_with_less_is_never_allowed_more(
    policy: AccessLists | AccessTags, asker: Asker, name: str, tags: frozenset[str]
) -> None:
    less = Asker(asker.name, asker.is_service, asker.scopes - {"read:data"}, asker.only_tags)
    assert policy.allowed(less, name, tags) <= policy.allowed(asker, name, tags)


def test_what_a_filter_comes_to_is_parametrised() -> None:
    assert EVERYTHING.condition(COLUMNS).sql == "1 = 1"
    assert (
        NOTHING.condition(COLUMNS).sql == any_of_tags(frozenset()).condition(COLUMNS).sql == "1 = 0"
    )
    condition = named(["A' OR '1'='1"]).condition(COLUMNS)
    assert condition.sql == "nodes.name IN (:scopewright_0)"
    assert condition.parameters == {"scopewright_0": "A' OR '1'='1"}
    assert condition.pyformat == "nodes.name IN (%(scopewright_0)s)"
    many = named(map(str, range(12))).condition(COLUMNS)
    assert all(f"%({name})s" in many.pyformat for name in many.parameters)
    assert ":" not in many.pyformat


# --- lists --------------------------------------------------------------------------------------


@given(LISTS, ASKERS)
def test_who_was_led_to_a_resource_has_there_what_the_list_allows(
    policy: AccessLists, asker: Asker
) -> None:
    has = {name for name in RESOURCES if policy.allowed(asker, name)}
    reached = policy.on_reached(asker)
    assert all(policy.allowed(asker, name) == reached for name in has)
    assert reached <= asker.scopes
    if not has:
        assert reached <= {SEEING}


SEED = AccessLists(
    {"alice": frozenset("AB"), "bob": frozenset("AC"), "cara": ALL},
    public=frozenset("D"),
    scopes=PUBLIC_SCOPES,
)


@pytest.mark.parametrize(
    ("name", "sees"), [("alice", "AB"), ("bob", "AC"), ("cara", "ABCD"), ("robot", ""), (None, "D")]
)
def test_a_list_says_what_somebody_sees_and_the_cap_what_anybody_may_do(
    name: str | None, sees: str
) -> None:
    asker = Asker(name, scopes=ALL_SCOPES | {"admin:apikeys"}) if name else anonymous(admitted=True)
    seen = {one for one in "ABCD" if SEED.allowed(asker, one)}
    assert "".join(sorted(seen)) == sees
    for one in seen:
        assert SEED.allowed(asker, one) == PUBLIC_SCOPES
    assert SEED.visible(asker, frozenset({"write:data"})) == NOTHING


def test_visitors_see_nothing_where_they_are_not_admitted() -> None:
    assert SEED.allowed(anonymous(admitted=False), "D") == NONE


def test_what_cannot_be_seen_is_not_there_and_what_can_names_what_is_missing() -> None:
    with pytest.raises(NotFound):
        missing_on(frozenset({"read:data"}), allowed=frozenset({"read:data"}))
    assert missing_on(frozenset({"write:data"}), allowed=PUBLIC_SCOPES) == {"write:data"}
    assert missing_on(frozenset({"read:data"}), allowed=PUBLIC_SCOPES) == NONE


# --- tags ---------------------------------------------------------------------------------------

POLICY = AccessTags(
    {
        "physics": {"alice": ALL_SCOPES, "bob": PUBLIC_SCOPES},
        "open": {},
        "mine": {"alice": frozenset({"write:data"})},
    },
    owners={"physics": frozenset({"alice", "bob"}), "open": frozenset({"alice"}),
            "mine": frozenset({"alice"})},
    public=frozenset({"open"}),
)  # fmt: skip
ALICE, BOB = Asker("alice", scopes=ALL_SCOPES), Asker("bob", scopes=ALL_SCOPES)
ROBOT = Asker("alice", is_service=True, scopes=ALL_SCOPES)
ADMIN = Asker("root", scopes=ALL_SCOPES | {"admin:apikeys"})
PHYSICS = frozenset({"physics"})


def test_public_is_read_by_all_and_put_on_by_administrators_alone() -> None:
    for tag in (PUBLIC, "open"):
        assert POLICY.allowed(anonymous(admitted=True), "x", frozenset({tag})) == PUBLIC_SCOPES
        assert POLICY.allowed(BOB, "x", frozenset({tag})) == PUBLIC_SCOPES
    with pytest.raises(Forbidden, match="Only an administrator"):
        POLICY.retagged(ALICE, before=PHYSICS, after=PHYSICS | {PUBLIC})
    with pytest.raises(Forbidden, match="Only an administrator"):
        POLICY.retagged(ALICE, before=PHYSICS | {PUBLIC}, after=PHYSICS)
    assert POLICY.retagged(ADMIN, before=PHYSICS, after=PHYSICS | {PUBLIC})


def test_what_somebody_makes_without_a_tag_is_theirs_alone() -> None:
    assert POLICY.tags_of_new(ALICE) == {"user:alice"}
    assert POLICY.tags_of_new(ROBOT) == {"service:alice"}
    assert POLICY.allowed(ALICE, "x", frozenset({"user:alice"})) == ALL_SCOPES
    assert POLICY.allowed(ROBOT, "x", frozenset({"user:alice"})) == NONE
    assert POLICY.allowed(BOB, "x", frozenset({"user:alice"})) == NONE
    with pytest.raises(Forbidden, match="unknown"):
        POLICY.tags_of_new(anonymous(admitted=True))


@pytest.mark.parametrize(
    ("asker", "before", "after", "says"),
    [
        (BOB, {"physics"}, {"physics", "mine"}, "The tag mine is not yours"),
        (BOB, {"physics", "mine"}, {"physics"}, "The tag mine is not yours"),
        (BOB, {"physics"}, {"physics", "user:alice"}, "The tag user:alice is not yours"),
        (ALICE, {"physics", "mine"}, {"mine"}, "lose read:metadata write:metadata"),
        (ALICE, {"physics", "open"}, {"open"}, "lose write:metadata"),
        (ALICE, {"physics"}, set(), "lose read:metadata write:metadata"),
        (BOB, None, {"physics"}, "lose write:metadata"),
    ],
)
def test_nobody_tags_with_what_is_not_theirs_or_locks_themselves_out(
    asker: Asker, before: set[str] | None, after: set[str], says: str
) -> None:
    old = None if before is None else frozenset(before)
    with pytest.raises(Forbidden, match=says):
        POLICY.retagged(asker, before=old, after=frozenset(after))


def test_owners_put_tags_on_and_take_them_off() -> None:
    both = PHYSICS | {"open"}
    assert POLICY.retagged(ALICE, before=PHYSICS, after=both) == both
    assert POLICY.retagged(ALICE, before=both, after=PHYSICS) == PHYSICS
    assert POLICY.tags_of_new(ALICE, PHYSICS) == PHYSICS
    assert POLICY.retagged(BOB, before=frozenset({"open"}), after=both) == both


def test_a_tag_that_nobody_defined_is_refused_even_to_an_administrator() -> None:
    for asker in (ALICE, ADMIN):
        with pytest.raises(Invalid, match="There is no tag nowhere"):
            POLICY.retagged(asker, before=PHYSICS, after=PHYSICS | {"nowhere"})


@given(TAGGED, ASKERS, SOME_TAGS, SOME_TAGS)
def test_whatever_somebody_does_with_tags_they_still_see_and_change_what_they_did(
    policy: AccessTags, asker: Asker, before: frozenset[str], after: frozenset[str]
) -> None:
    had = policy.allowed(asker, "x", before) & {SEEING, "write:metadata"}
    try:
        tags = policy.retagged(asker, before=before, after=after)
    except (Forbidden, Invalid):
        return
    if "admin:apikeys" not in asker.scopes:
        assert had <= policy.allowed(asker, "x", tags)


def test_a_credential_restricted_to_tags_sees_no_other() -> None:
    restricted = Asker("alice", scopes=ALL_SCOPES, only_tags=PHYSICS)
    assert POLICY.allowed(restricted, "x", PHYSICS | {PUBLIC}) == ALL_SCOPES
    assert POLICY.allowed(restricted, "x", frozenset({PUBLIC})) == NONE
    assert POLICY.allowed(restricted, "x", frozenset({"user:alice"})) == NONE


def test_lists_may_be_written_as_lists() -> None:
    written = AccessLists(
        {"alice": ["A", "B"], "cara": ALL}, public=["D"], scopes=["read:metadata"]
    )
    for name, sees in (("alice", "AB"), ("cara", "ABCD"), (None, "D")):
        asker = Asker(name, scopes=ALL_SCOPES)
        assert {one for one in "ABCD" if written.allowed(asker, one)} == set(sees)
        seen = written.visible(asker, NONE)
        assert {one for one in "ABCD" if seen.passes(one)} == set(sees)


def test_lists_give_nothing_to_a_credential_that_is_restricted_to_tags() -> None:
    restricted = Asker("cara", scopes=ALL_SCOPES, only_tags=PHYSICS)
    assert SEED.allowed(restricted, "A", PHYSICS) == NONE
    assert SEED.visible(restricted, NONE).is_nothing
