"""The role graph: its closure against a slow oracle, and the cycles that are refused."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.roles import Bundle, Expansion, RoleGraph

NAMES = tuple("ABCDEF")
DANGLING = "missing"
SCOPES = st.frozensets(st.sampled_from("xyz"))
BUNDLES = st.builds(Bundle, SCOPES, st.frozensets(st.sampled_from((*NAMES, DANGLING))))
GRAPHS = st.dictionaries(st.sampled_from(NAMES), BUNDLES)
SOME_ROLES = st.frozensets(st.sampled_from((*NAMES, DANGLING)))
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20)


def fixpoint(bundles: dict[str, Bundle], names: frozenset[str]) -> Expansion:
    """The closure in the slowest way: go over all roles until nothing changes."""
    named = set(names)
    while True:
        more = named.union(*(b.includes for role, b in bundles.items() if role in named))
        if more == named:
            break
        named = more
    roles = named & bundles.keys()
    scopes = frozenset().union(*(bundles[role].scopes for role in roles))
    return Expansion(frozenset(roles), scopes, frozenset(named - bundles.keys()))


@given(GRAPHS, SOME_ROLES)
def test_the_closure_equals_the_fixpoint_on_cyclic_and_dangling_graphs(
    bundles: dict[str, Bundle], names: frozenset[str]
) -> None:
    assert RoleGraph(bundles).expand(names) == fixpoint(bundles, names)


@given(GRAPHS, SOME_ROLES)
def test_the_closure_contains_what_it_closes_and_closing_twice_changes_nothing(
    bundles: dict[str, Bundle], names: frozenset[str]
) -> None:
    graph = RoleGraph(bundles)
    once = graph.expand(names)
    assert names <= once.roles | once.missing
    assert graph.expand(once.roles | once.missing) == once


@given(GRAPHS, SOME_ROLES, SOME_ROLES)
def test_the_closure_distributes_over_union(
    bundles: dict[str, Bundle], some: frozenset[str], others: frozenset[str]
) -> None:
    graph = RoleGraph(bundles)
    both, one, other = graph.expand(some | others), graph.expand(some), graph.expand(others)
    assert both == Expansion(
        one.roles | other.roles, one.scopes | other.scopes, one.missing | other.missing
    )


def test_an_include_without_a_role_is_named_and_does_no_harm() -> None:
    graph = RoleGraph({"full": Bundle(frozenset({"x"}), frozenset({"gone"}))})
    assert graph.expand(["full"]) == Expansion(
        frozenset({"full"}), frozenset({"x"}), frozenset({"gone"})
    )
    assert "full" in graph
    assert "gone" not in graph


def test_an_empty_role_is_a_role_without_scopes() -> None:
    assert RoleGraph({"tenantUser": Bundle()}).expand(["tenantUser"]).scopes == frozenset()


def test_ten_thousand_roles_in_a_chain_are_no_limit() -> None:
    last = 9_999
    bundles = {
        f"r{i}": Bundle(frozenset({f"s{i}"}), frozenset({f"r{i + 1}"}) if i < last else frozenset())
        for i in range(last + 1)
    }
    graph = RoleGraph(bundles)
    assert len(graph.expand(["r0"]).scopes) == last + 1
    assert len(graph.would_cycle(f"r{last}", "r0")) == last + 2
    assert graph.would_cycle("r0", f"r{last}") == ()


@given(EDGES)
def test_refusing_what_would_cycle_keeps_the_graph_acyclic(edges: list[tuple[str, str]]) -> None:
    bundles = {name: Bundle() for name in NAMES}
    for role, include in edges:
        if not RoleGraph(bundles).would_cycle(role, include):
            includes = bundles[role].includes | {include}
            bundles[role] = Bundle(includes=includes)
        assert is_acyclic(bundles)


@given(GRAPHS, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_refused_include_is_explained_by_a_path_that_exists(
    bundles: dict[str, Bundle], role: str, include: str
) -> None:
    path = RoleGraph(bundles).would_cycle(role, include)
    closes = role in fixpoint(bundles, frozenset({include})).roles or role == include
    closes = closes or role in fixpoint(bundles, frozenset({include})).missing
    assert bool(path) == closes
    if path:
        assert path[0] == path[-1] == role
        assert path[1] == include
        assert len(set(path)) == len(path) - 1
        for one, following in pairwise(path[1:]):
            assert following in bundles[one].includes


def test_a_role_cannot_include_itself() -> None:
    assert RoleGraph({"a": Bundle()}).would_cycle("a", "a") == ("a", "a")


@given(GRAPHS, SOME_ROLES)
def test_above_are_exactly_those_from_which_one_is_reached(
    bundles: dict[str, Bundle], names: frozenset[str]
) -> None:
    reaching = {
        role
        for role in bundles
        if names & (closure := fixpoint(bundles, frozenset({role}))).roles
        or names & closure.missing
    }
    assert RoleGraph(bundles).above(names) == names | reaching


@given(GRAPHS)
def test_what_is_missing_is_what_somebody_includes_and_nobody_defines(
    bundles: dict[str, Bundle],
) -> None:
    assert RoleGraph(bundles).missing == fixpoint(bundles, frozenset(bundles)).missing


def test_an_alias_resolves_an_include_and_a_role_of_its_name_comes_before_it() -> None:
    bundles = {"full": Bundle(includes=frozenset({"other"})), "A": Bundle(frozenset({"x"}))}
    assert RoleGraph(bundles).missing == {"other"}
    aliased = RoleGraph(bundles, aliases={"other": "A"})
    assert not aliased.missing
    assert aliased.expand(["full"]).scopes == {"x"}
    defined = RoleGraph({**bundles, "other": Bundle(frozenset({"y"}))}, aliases={"other": "A"})
    assert defined.expand(["full"]).scopes == {"y"}


def longest(bundles: dict[str, Bundle], name: str) -> int:
    """The longest way down from a role of a graph without circles, in the slowest way."""
    below = [longest(bundles, include) for include in bundles[name].includes & bundles.keys()]
    return 1 + max(below, default=0)


@given(GRAPHS)
def test_depth_is_the_longest_way_down_outside_of_circles(bundles: dict[str, Bundle]) -> None:
    alone = {
        name: bundle
        for name, bundle in bundles.items()
        if is_acyclic({role: bundles[role] for role in fixpoint(bundles, frozenset({name})).roles})
    }
    assert RoleGraph(bundles).depth == max((longest(alone, name) for name in alone), default=0)


@given(GRAPHS, st.sampled_from(NAMES))
def test_a_circle_is_found_exactly_where_a_role_reaches_itself(
    bundles: dict[str, Bundle], role: str
) -> None:
    circle = RoleGraph(bundles).circle(role)
    includes = bundles.get(role, Bundle()).includes
    assert bool(circle) is (role in fixpoint(bundles, includes).roles)
    for one, following in pairwise(circle):
        assert following in bundles[one].includes
    assert not circle or circle[0] == circle[-1] == role


def test_depth_and_circles_of_ten_thousand_roles_in_a_chain() -> None:
    chain = {f"r{n}": Bundle(includes=frozenset({f"r{n + 1}"})) for n in range(10_000)}
    assert RoleGraph(chain).depth == 10_000
    assert RoleGraph(chain).above(["r10000"]) >= chain.keys()
    closed = RoleGraph({**chain, "r10000": Bundle(includes=frozenset({"r0"}))})
    assert (closed.depth, len(closed.circle("r5000"))) == (0, 10_002)


def is_acyclic(bundles: dict[str, Bundle]) -> bool:
    return not any(
        name in fixpoint(bundles, bundle.includes).roles for name, bundle in bundles.items()
    )
