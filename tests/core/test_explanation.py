"""Paths: each scope that is held has one, each is real, and the shortest come first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core import explanation
from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.explanation import MOST_PATHS, Holder, Kind, Path, Paths, Place
from scopewright.core.holdings import held
from scopewright.core.scopes import NONE, Scopes

ROLES, SCOPES, GROUPS = tuple("ABCDE"), tuple("vwxyz"), tuple("GH")
ALIAS, GONE, LAST = "D-alias", "D-gone", "E"  # all stand for what comes later in the alphabet
SOME_SCOPES = st.frozensets(st.sampled_from((*SCOPES, "unknown")), max_size=3)
SOME_ROLES = st.frozensets(st.sampled_from((*ROLES, ALIAS, GONE)), max_size=3)
SOME_GROUPS = st.frozensets(st.sampled_from(GROUPS))


@st.composite
def vocabularies(draw: st.DrawFn, *, circles: bool = True) -> Vocabulary:
    def without_circles(name: str, listed: frozenset[str]) -> frozenset[str]:
        return listed if circles else frozenset(other for other in listed if other > name)

    scopes = tuple(
        ScopeDefinition(name, implies=without_circles(name, draw(SOME_SCOPES)))
        for name in sorted(draw(st.sets(st.sampled_from(SCOPES))))
    )
    roles = tuple(
        RoleDefinition(
            name, scopes=draw(SOME_SCOPES), includes=without_circles(name, draw(SOME_ROLES))
        )
        for name in sorted(draw(st.sets(st.sampled_from(ROLES))))
    )
    catalogue = Catalogue("site", "Site", aliases={ALIAS: LAST})
    stands_for = draw(st.sampled_from(ROLES)) if circles else LAST
    return Vocabulary((catalogue,), scopes, roles, mappings={GONE: stands_for})


@st.composite
def holders(draw: st.DrawFn) -> dict[str, Holder]:
    return {
        id: Holder(draw(SOME_SCOPES), draw(SOME_ROLES), draw(SOME_GROUPS))
        for id in ("ann", *GROUPS)
    }


def held_by(vocabulary: Vocabulary, known: dict[str, Holder]) -> Scopes:
    """What Ann holds, in the slowest way."""
    mine = {"ann"}
    while True:
        more = mine.union(*(known[id].groups for id in mine))
        if more == mine:
            break
        mine = more
    granted = frozenset().union(*(known[id].granted for id in mine))
    return held(vocabulary, granted, frozenset().union(*(known[id].assigned for id in mine)))


def lists(vocabulary: Vocabulary, known: dict[str, Holder], above: Place, below: Place) -> bool:
    """Whether one place of a path really stands in the other."""
    if above.kind is Kind.HOLDER:
        holder = known[above.name]
        inside = {
            Kind.HOLDER: holder.groups, Kind.SCOPE: holder.granted, Kind.ROLE: holder.assigned,
        }  # fmt: skip
        return below.name in inside[below.kind]
    if above.kind is Kind.SCOPE:
        implies = vocabulary.by_name[above.name].implies
        return below.kind is Kind.SCOPE and below.name in implies
    if (role := vocabulary.every_role.get(above.name)) is not None:
        inside = {Kind.HOLDER: NONE, Kind.SCOPE: role.scopes, Kind.ROLE: role.includes}
        return below.name in inside[below.kind]
    stands_for = {**vocabulary.aliases, **vocabulary.mappings}.get(above.name)
    return below == Place(Kind.ROLE, str(stands_for))


@given(vocabularies(), holders())
def test_a_scope_has_a_path_exactly_when_it_is_held_and_each_path_is_real(
    vocabulary: Vocabulary, known: dict[str, Holder]
) -> None:
    found = explanation.of_principal(vocabulary, "ann", known)
    assert found.keys() == held_by(vocabulary, known)
    for scope, paths in found.items():
        for path in paths.shown:
            places = list(path)
            assert places[0] == Place(Kind.SCOPE, scope)
            assert places[-1] == Place(Kind.HOLDER, "ann")
            assert len(set(places)) == len(places)
            for below, above in pairwise(places):
                assert lists(vocabulary, known, above, below)


PLACES = [
    *(Place(Kind.SCOPE, name) for name in SCOPES),
    *(Place(Kind.ROLE, name) for name in (*ROLES, ALIAS, GONE)),
    *(Place(Kind.HOLDER, id) for id in GROUPS),
]


def every_path(
    vocabulary: Vocabulary, known: dict[str, Holder], so_far: list[Place]
) -> Iterator[list[Place]]:
    """Every path that goes on from here, in the slowest way."""
    if so_far[-1].kind is Kind.SCOPE:
        yield so_far[::-1]
    for place in PLACES:
        exists = place.kind is not Kind.SCOPE or place.name in vocabulary.by_name
        if exists and lists(vocabulary, known, so_far[-1], place):
            yield from every_path(vocabulary, known, [*so_far, place])


def unwind(known: dict[str, Holder]) -> None:
    """Let the groups be in no circle."""
    known["G"], known["H"] = (
        replace(known["G"], groups=NONE),
        replace(known["H"], groups=frozenset("G")),
    )


@given(vocabularies(circles=False), holders())
def test_without_circles_the_shortest_of_all_paths_are_shown_and_the_rest_is_owned_up_to(
    vocabulary: Vocabulary, known: dict[str, Holder]
) -> None:
    unwind(known)
    slowly: dict[str, list[list[Place]]] = {}
    for path in every_path(vocabulary, known, [Place(Kind.HOLDER, "ann")]):
        slowly.setdefault(path[0].name, []).append(path)
    found = explanation.of_principal(vocabulary, "ann", known)
    assert found.keys() == slowly.keys()
    for scope, paths in found.items():
        ways = sorted(slowly[scope], key=len)
        assert paths.more is (len(ways) > MOST_PATHS)
        assert [len(list(path)) for path in paths.shown] == [len(way) for way in ways[:MOST_PATHS]]
        assert all_different(paths.shown)
        assert all(list(path) in ways for path in paths.shown)


@given(vocabularies(), holders(), st.sampled_from(SCOPES))
def test_from_the_scope_everybody_who_holds_it_is_found_by_a_path_as_short(
    vocabulary: Vocabulary, known: dict[str, Holder], scope: str
) -> None:
    found = explanation.of_scope(vocabulary, scope, known)
    for id in known:
        directly = explanation.of_principal(vocabulary, id, known).get(scope)
        assert (directly is not None) is (id in found)
        if directly is not None:
            assert len(list(found[id].shown[0])) == len(list(directly.shown[0]))
            for path in found[id].shown:
                places = list(path)
                assert places[0] == Place(Kind.SCOPE, scope)
                assert places[-1] == Place(Kind.HOLDER, id)
                for below, above in pairwise(places):
                    assert lists(vocabulary, known, above, below)


@given(vocabularies(circles=False), holders(), st.sampled_from(SCOPES))
def test_without_circles_the_paths_from_the_scope_are_those_from_the_principal(
    vocabulary: Vocabulary, known: dict[str, Holder], scope: str
) -> None:
    unwind(known)
    found = explanation.of_scope(vocabulary, scope, known)
    for id in found:
        directly = explanation.of_principal(vocabulary, id, known)[scope]
        assert found[id].more is directly.more
        assert [len(list(p)) for p in found[id].shown] == [len(list(p)) for p in directly.shown]
        if not directly.more:
            assert {tuple(p) for p in found[id].shown} == {tuple(p) for p in directly.shown}


def all_different(paths: tuple[Path, ...]) -> bool:
    return len({tuple(path) for path in paths}) == len(paths)


# --- how a path reads ---------------------------------------------------------------------------

WORDS = Vocabulary(
    (Catalogue("core", "Core", aliases={"core:reporter": "core.reporter"}),),
    scopes=(
        ScopeDefinition("asm.r"),
        ScopeDefinition("pl.w", implies=frozenset({"pl.r"})),
        ScopeDefinition("pl.r"),
    ),
    roles=(
        RoleDefinition("core.reporter", scopes=frozenset({"asm.r"})),
        RoleDefinition("user", includes=frozenset({"core:reporter"})),
        RoleDefinition("planner", scopes=frozenset({"pl.w"}), includes=frozenset({"gone"})),
    ),
    mappings={"gone": "user"},
)


def names(paths: Paths) -> list[tuple[str, ...]]:
    return [path.names for path in paths.shown]


def test_a_path_is_read_from_what_lists_the_scope_up_to_the_role_asked_about() -> None:
    found = explanation.of_roles(WORDS, ["planner"])
    assert {scope: names(paths) for scope, paths in found.items()} == {
        "asm.r": [("core.reporter", "core:reporter", "user", "gone", "planner")],
        "pl.w": [("planner",)],
        "pl.r": [("pl.w", "planner")],
    }
    assert found["asm.r"].shown[0].holders == ()


def test_a_path_through_groups_tells_to_whom_it_was_given_and_whom_it_reaches() -> None:
    known = {
        "ann": Holder(granted=frozenset({"pl.w"}), groups=frozenset({"crew"})),
        "crew": Holder(groups=frozenset({"guild"})),
        "guild": Holder(assigned=frozenset({"core.reporter"}), granted=frozenset({"pl.w"})),
    }
    found = explanation.of_principal(WORDS, "ann", known)
    (through,) = found["asm.r"].shown
    assert (through.names, through.holders) == (("core.reporter",), ("guild", "crew", "ann"))
    assert [(path.names, path.holders) for path in found["pl.w"].shown] == [
        ((), ("ann",)),
        ((), ("guild", "crew", "ann")),
    ]
    assert names(found["pl.r"]) == [("pl.w",), ("pl.w",)]


@pytest.mark.parametrize("beyond", [0, 1])
def test_of_more_paths_than_are_shown_that_there_are_more_is_told(beyond: int) -> None:
    middle = [f"m{number}" for number in range(MOST_PATHS + beyond)]
    roles = [RoleDefinition(name, scopes=frozenset({"s"})) for name in middle]
    top = RoleDefinition("top", includes=frozenset(middle))
    words = Vocabulary(scopes=(ScopeDefinition("s"),), roles=(*roles, top))
    paths = explanation.of_roles(words, ["top"])["s"]
    assert len(paths.shown) == MOST_PATHS
    assert paths.more is bool(beyond)


def test_of_a_thousand_million_paths_the_shortest_are_found_without_walking_all() -> None:
    levels = [(f"a{n:02}", f"b{n:02}") for n in range(30)]
    roles = [
        RoleDefinition(name, includes=frozenset(following))
        for pair, following in pairwise(levels)
        for name in pair
    ]
    ends = [RoleDefinition(name, scopes=frozenset({"s"})) for name in levels[-1]]
    words = Vocabulary(scopes=(ScopeDefinition("s"),), roles=(*roles, *ends))
    paths = explanation.of_roles(words, levels[0])["s"]
    assert [len(path.names) for path in paths.shown] == [len(levels)] * MOST_PATHS
    assert paths.more


def test_ten_thousand_roles_in_a_chain_are_explained() -> None:
    last = 9_999
    roles = [
        RoleDefinition(
            f"r{n}",
            scopes=frozenset({f"s{n}"}),
            includes=frozenset({f"r{n + 1}"} if n < last else ()),
        )
        for n in range(last + 1)
    ]
    words = Vocabulary(
        scopes=tuple(ScopeDefinition(f"s{n}") for n in range(last + 1)), roles=tuple(roles)
    )
    found = explanation.of_roles(words, ["r0"])
    assert len(found) == last + 1
    assert found[f"s{last}"].shown[0].names == tuple(f"r{n}" for n in range(last, -1, -1))
