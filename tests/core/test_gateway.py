"""Route rules: the most specific one decides, and what is not declared is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.applications import Application
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Forbidden, Invalid, Malformed
from scopewright.core.gateway import (
    BROWSER,
    CREDENTIALS,
    MOST_ROUTES,
    TOKEN,
    Gate,
    GatewayRoute,
    RouteTable,
    check_host,
    check_place,
    check_route,
    gate_of,
    rival_of,
)
from scopewright.core.request_paths import read_path, read_pattern
from tests.core.nouns import NOW

HOST, OTHER = "viewer.example", "viewer.example:8443"
READ, WRITE = "viewer.read", "viewer.write"


def a_route(path: str = "/**", *methods: str, **said: object) -> GatewayRoute:
    """A rule that demands the scope `viewer.read`."""
    route = GatewayRoute(
        id=f"{' '.join(sorted(methods))} {path}",
        application_id="app_1",
        host=HOST,
        path=path,
        methods=frozenset(methods),
        scopes=frozenset({READ}),
        credentials=CREDENTIALS,
        is_public=False,
        created_at=NOW,
    )
    return replace(route, **said)  # type: ignore[arg-type]


# --- the slow reference -------------------------------------------------------------------------


def expression(pattern: str) -> str:
    """The pattern as a regular expression over the whole decoded path."""
    if pattern.endswith("/**"):
        return expression_of(pattern[:-3]) + "(/.*)?"
    if pattern.endswith("/*"):
        return expression_of(pattern[:-2]) + "/[^/]*"
    return expression_of(pattern)


def expression_of(plain: str) -> str:
    return re.escape(plain).replace(r"\{\}", "[^/]+")


def kind(pattern: str) -> int:
    return 3 if pattern.endswith("/**") else 2 if pattern.endswith("/*") else 1


def compared(one: GatewayRoute, two: GatewayRoute) -> int:
    """Negative where the first is the more specific of two that match the same request."""
    if kind(one.path) != kind(two.path):
        return kind(one.path) - kind(two.path)
    parts, others = one.path.split("/"), two.path.split("/")
    if len(parts) != len(others):
        return len(others) - len(parts)
    for part, other in zip(parts, others, strict=True):
        if (part == "{}") != (other == "{}"):
            return 1 if part == "{}" else -1
    return (0 if one.methods else 1) - (0 if two.methods else 1)


def reference(routes: list[GatewayRoute], method: str, host: str, path: str) -> list[GatewayRoute]:
    """The rules that nothing is more specific than: all of them, should there be several."""
    matching = [
        route
        for route in routes
        if route.host == host
        and (route.methods == frozenset() or method in route.methods)
        and re.fullmatch(expression(route.path), path)
    ]
    return [route for route in matching if all(compared(route, other) <= 0 for other in matching)]


segments = st.sampled_from(("a", "b", "ab"))
endings = st.sampled_from(("", "/", "/*", "/**"))
methods = st.sets(st.sampled_from(("GET", "POST", "PUT")), max_size=2).map(frozenset)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    parts = draw(st.lists(segments | st.just("{}"), max_size=3))
    return "".join(f"/{part}" for part in parts) + draw(endings) or "/"


@st.composite
def rules(draw: st.DrawFn) -> list[GatewayRoute]:
    """Rules as they can come to stand beside each other."""
    accepted: list[GatewayRoute] = []
    for number in range(draw(st.integers(0, 12))):
        route = replace(
            a_route(draw(patterns())),
            id=f"rte_{number}",
            host=draw(st.sampled_from((HOST, OTHER))),
            methods=draw(methods),
        )
        if rival_of(route, accepted) is None:
            accepted.append(route)
    return accepted


paths = st.tuples(st.lists(segments, max_size=4), st.booleans()).map(
    lambda drawn: "".join(f"/{part}" for part in drawn[0]) + ("/" if drawn[1] else "") or "/"
)
requests = st.tuples(st.sampled_from(("GET", "POST", "DELETE")), st.sampled_from((HOST, OTHER)))


@given(rules(), requests, paths)
def test_the_rule_that_decides_is_the_slow_references(
    routes: list[GatewayRoute], request: tuple[str, str], path: str
) -> None:
    method, host = request
    found = RouteTable(routes).find(method=method, host=host, path=read_path(path))
    assert reference(routes, method, host, path) == ([] if found is None else [found])


@given(rules(), requests, paths, st.randoms())
def test_the_order_in_which_rules_were_declared_decides_nothing(
    routes: list[GatewayRoute], request: tuple[str, str], path: str, chance: object
) -> None:
    method, host = request
    read = read_path(path)
    shuffled = list(routes)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (
        RouteTable(each).find(method=method, host=host, path=read) for each in (routes, shuffled)
    )
    assert first == second


@given(patterns(), patterns())
def test_specificity_is_an_order(one: str, two: str) -> None:
    by_key = sorted((one, two), key=lambda each: read_pattern(each).precedence)
    by_pairs = sorted((one, two), key=cmp_to_key(lambda a, b: compared(a_route(a), a_route(b))))
    assert by_key == by_pairs


@pytest.mark.parametrize(
    ("path", "decides"),
    [
        ("/", "/**"),
        ("/a", "/a"),
        ("/a/", "/a/*"),
        ("/a/b", "/a/b"),
        ("/a/c", "/a/{}"),
        ("/a/b/c", "/a/b/**"),
        ("/a/c/d", "/a/{}/d"),
        ("/a/c/e", "/a/**"),
        ("/ab", "/**"),
        ("/b", "/b/**"),
        ("/A", "/**"),
    ],
)
def test_the_nearest_pattern_decides(path: str, decides: str) -> None:
    declared = ["/**", "/a", "/a/*", "/a/**", "/a/b", "/a/{}", "/a/b/**", "/a/{}/d", "/b/**"]
    table = RouteTable(a_route(pattern) for pattern in declared)
    found = table.find(method="GET", host=HOST, path=read_path(path))
    assert found is not None
    assert found.path == decides


def test_a_rule_that_names_the_method_goes_before_one_for_all_at_the_same_path_only() -> None:
    every, reading, nearer = a_route("/a/**"), a_route("/a/**", "GET"), a_route("/a/b")
    table = RouteTable([every, reading, nearer])
    assert table.find(method="GET", host=HOST, path=("a", "x")) == reading
    assert table.find(method="PUT", host=HOST, path=("a", "x")) == every
    assert table.find(method="GET", host=HOST, path=("a", "b")) == nearer


def test_what_no_rule_declares_is_decided_by_none() -> None:
    table = RouteTable([a_route("/a/*", "GET")])
    assert table.find(method="POST", host=HOST, path=("a", "b")) is None
    assert table.find(method="GET", host=OTHER, path=("a", "b")) is None
    assert table.find(method="GET", host=HOST, path=("b",)) is None
    assert table.hosts == {HOST}


# --- paths --------------------------------------------------------------------------------------

DISPUTED = {
    "dot segments": ["/a/../b", "/./a", "/..", "/a/.", "/%2e%2e/a", "/a/.%2E", "/a/%2e"],
    "encoded slashes": ["/a%2Fb", "/a%2fb", "/a/%2F"],
    "backslashes": ["/a\\b", "/a%5Cb", "/%5c..%5cb"],
    "parameters": ["/a;b", "/a;v=1/b", "/a%3Bb", "/a/..;/b"],
    "empty segments": ["//", "//a", "/a//b", "/a//"],
    "NUL and other controls": ["/a%00", "/%0a", "/a%0d%0ab", "/a%7f", "/\x7f", "/a\tb"],
    "broken escapes": ["/%", "/a%2", "/%zz", "/a%u0041"],
    "encoded twice": ["/%252e%252e/a", "/a%252Fb", "/%2541"],
    "not UTF-8": ["/%ff", "/%c0%af", "/%ed%a0%80", "/%e4"],
    "not in origin form": ["", "a", "http://viewer.example/a", "*", "viewer.example:443"],
    "not ASCII": ["/ä", "/a b", "/a#b"],
}


@pytest.mark.parametrize("target", [each for few in DISPUTED.values() for each in few])
def test_what_could_be_read_differently_is_refused(target: str) -> None:
    with pytest.raises(Malformed):
        read_path(target)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/", ("",)),
        ("/a", ("a",)),
        ("/a/", ("a", "")),
        ("/a?b=/../c;d//%2F", ("a",)),
        ("/%41%2d%7e", ("A-~",)),
        ("/gr%C3%B6%C3%9Fe/x", ("größe", "x")),
        ("/100%25", ("100%",)),
        ("/a.b/...", ("a.b", "...")),
        ("/a:b@c,d=e&f'g", ("a:b@c,d=e&f'g",)),
    ],
)
def test_a_path_is_read_decoded_and_without_its_query(target: str, path: tuple[str, ...]) -> None:
    assert read_path(target) == path


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4), st.data())
def test_however_a_path_is_encoded_it_is_read_alike_or_refused(
    parts: list[str], data: st.DataObject
) -> None:
    def spelled(part: str) -> str:
        encoded = part.encode(errors="surrogatepass")
        shown = st.sampled_from(("%{:02x}", "%{:02X}"))
        return "".join(
            chr(byte)
            if chr(byte).isalnum() and byte < 128 and data.draw(st.booleans())
            else data.draw(shown).format(byte)
            for byte in encoded
        )

    try:
        read = read_path("".join(f"/{spelled(part)}" for part in parts))
    except Malformed:
        assert any(re.search(r"[\x00-\x1f\x7f/\\;%\ud800-\udfff]|^\.\.?$", part) for part in parts)
    else:
        assert read == tuple(parts)


# --- rules as they may be declared --------------------------------------------------------------

KNOWN = frozenset({READ, WRITE})


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("path", {"path": ""}),
        ("path", {"path": "a"}),
        ("path", {"path": "/a//b"}),
        ("path", {"path": "/a/../b"}),
        ("path", {"path": "/a/*/b"}),
        ("path", {"path": "/a/**/b"}),
        ("path", {"path": "/a*"}),
        ("path", {"path": "/{id}"}),
        ("path", {"path": "/a{}"}),
        ("path", {"path": "/%41"}),
        ("path", {"path": "/a;b"}),
        ("path", {"path": "/a?b"}),
        ("path", {"path": "/" + "a" * 1000}),
        ("path", {"path": "/.scopewright/login"}),
        ("path", {"path": "/.scopewright/**"}),
        ("host", {"host": ""}),
        ("host", {"host": "https://viewer.example"}),
        ("host", {"host": "viewer.example/a"}),
        ("host", {"host": "*.example"}),
        ("host", {"host": "a, b"}),
        ("host", {"host": "größe.example"}),
        ("host", {"host": "viewer.example:0"}),
        ("host", {"host": "viewer.example."}),
        ("methods", {"methods": frozenset({"get"})}),
        ("methods", {"methods": frozenset({"GET", ""})}),
        ("credentials", {"credentials": frozenset()}),
        ("credentials", {"credentials": frozenset({"cookie"})}),
        ("scopes", {"scopes": frozenset()}),
        ("scopes", {"scopes": frozenset({READ, "nothing"})}),
        ("scopes", {"is_public": True}),
        (
            "credentials",
            {"is_public": True, "scopes": frozenset(), "credentials": frozenset({TOKEN})},
        ),
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused(field: str, said: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        check_route(a_route(**said), known=KNOWN)  # type: ignore[arg-type]
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Viewer.Example", "viewer.example"),
        ("viewer.example:443", "viewer.example"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("[::1]:8080", "[::1]:8080"),
        ("localhost", "localhost"),
    ],
)
def test_a_host_is_kept_as_browsers_name_it(written: str, kept: str) -> None:
    assert check_route(a_route(host=written), known=KNOWN).host == kept
    assert check_host(kept) == kept


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (a_route("/a"), a_route("/a")),
        (a_route("/a", "GET"), a_route("/a", "GET", "PUT")),
        (a_route("/{}/**"), a_route("/{}/**")),
    ],
)
def test_two_rules_that_would_tie_do_not_stand_beside_each_other(
    one: GatewayRoute, two: GatewayRoute
) -> None:
    with pytest.raises(Conflict) as refused:
        check_place(two, [replace(one, id="rte_one")])
    assert refused.value.facts["conflict"] == "rte_one"


@pytest.mark.parametrize(
    "other",
    [
        a_route("/a", "GET"),
        a_route("/a/"),
        a_route("/a", host=OTHER),
        a_route("/{}"),
        a_route("/a/**"),
    ],
)
def test_rules_of_which_one_is_more_specific_do(other: GatewayRoute) -> None:
    check_place(a_route("/a"), [other])


def test_an_application_has_so_many_rules_and_no_more() -> None:
    routes = [a_route(f"/{number}") for number in range(MOST_ROUTES)]
    check_place(a_route("/a"), routes[1:])
    with pytest.raises(Conflict, match=str(MOST_ROUTES)):
        check_place(a_route("/a"), routes)


# --- who is let in ------------------------------------------------------------------------------

VIEWER = Application("app_1", "workspace", "viewer", "Viewer", NOW)
WORDS = Vocabulary(
    scopes=(
        ScopeDefinition(READ, application="viewer"),
        ScopeDefinition(WRITE, application="viewer", implies=frozenset({"other"})),
        ScopeDefinition("sensor:read"),
        ScopeDefinition("video:gold"),
        ScopeDefinition("other"),
    ),
    roles=(
        RoleDefinition("viewer.user", application="viewer", scopes=frozenset({READ, "gone"})),
        RoleDefinition("viewer.admin", application="viewer", includes=frozenset({"reader"})),
        RoleDefinition("reader", scopes=frozenset({"sensor:read"})),
    ),
    applications=(VIEWER,),
)


def the_gate(*routes: GatewayRoute) -> Gate:
    gate = gate_of(WORDS, routes, "viewer")
    assert gate is not None
    return gate


def test_an_application_is_about_its_own_scopes_and_what_its_roles_come_to() -> None:
    gate = the_gate(a_route(), a_route("/b", application_id="app_2"))
    assert gate.own == {READ, WRITE}
    assert gate.about == {READ, WRITE, "other", "sensor:read"}
    assert gate.routes.find(method="GET", host=HOST, path=("b",)) == a_route()
    assert gate_of(WORDS, (), "nothing") is None


def test_who_holds_the_scopes_of_a_rule_passes() -> None:
    the_gate().check(a_route(), credential=BROWSER, held=frozenset({READ}))


def test_a_missing_scope_is_named() -> None:
    route = a_route(scopes=frozenset({READ, "sensor:read"}))
    with pytest.raises(Forbidden) as refused:
        the_gate().check(route, credential=BROWSER, held=frozenset({READ}))
    assert refused.value.missing == ("sensor:read",)


def test_a_kind_of_credential_that_a_rule_does_not_name_stays_out() -> None:
    route = a_route(credentials=frozenset({BROWSER}))
    with pytest.raises(Forbidden, match="browser"):
        the_gate().check(route, credential=TOKEN, held=frozenset({READ}))


def test_who_holds_none_of_the_applications_scopes_stays_out_of_all_of_it() -> None:
    route = a_route(scopes=frozenset({"sensor:read"}))
    with pytest.raises(Forbidden, match="viewer"):
        the_gate().check(route, credential=BROWSER, held=frozenset({"sensor:read"}))
    the_gate().check(route, credential=BROWSER, held=frozenset({"sensor:read", WRITE}))
