"""Applications: names at the borders of their grammar, who owns a name, and the way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scopewright.core.application_parts import (
    check_parts,
    check_registrable,
    every_application,
    free_application_name,
    free_role_name,
    free_scope_name,
    launchable,
    parts_of,
    refuse_closing,
)
from scopewright.core.applications import (
    Application,
    ApplicationNames,
    check_application_name,
    check_application_scope,
    check_launch_url,
)
from scopewright.core.catalogue import Catalogue, RoleDefinition, ScopeDefinition, Vocabulary
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.scopes import NONE, Scopes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPELLED = ApplicationNames("acme:{tenant}:{application}.{role}", ("admin", "user"))
CATALOGUE = Catalogue(
    "core",
    "Core",
    prefix="acme:core:",
    scopes=(ScopeDefinition("asm.r"), ScopeDefinition("create")),
    roles=(RoleDefinition("acme:core:reader", scopes=frozenset({"asm.r"})),),
    applications=SPELLED,
)


def application(name: str, *, registered: bool = True) -> Application:
    return Application(
        f"app_{name}", "w", name, name, NOW, registered_at=NOW if registered else None
    )


def scope(application: str, name: str = "all", *implied: str) -> ScopeDefinition:
    full = f"{application}.{name}"
    return ScopeDefinition(full, application=application, implies=frozenset(implied))


def role(
    application: str, name: str, *scopes: str, includes: frozenset[str] = NONE
) -> RoleDefinition:
    full = SPELLED.role_name(tenant="t", application=application, role=name)
    return RoleDefinition(
        full, application=application, scopes=frozenset(scopes), includes=includes
    )


def words(*applications: Application, **more: tuple[object, ...]) -> Vocabulary:
    return Vocabulary((CATALOGUE,), applications=applications, tenant="t", **more)  # type: ignore[arg-type]


# --- the grammar --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "z9", "timeseriesviewer", "a" * 20])
def test_a_name_within_the_grammar_is_kept_as_it_is(name: str) -> None:
    assert check_application_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a" * 21, "A", "aB", "9a", "-a", "a-b", "a_b", "a.b", "a:b", "ä", "ａ", "а", "a ", " a",
     "a\n", "a\x00", "a/b", "①"],
)  # fmt: skip
def test_a_name_outside_the_grammar_is_refused_with_its_field(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_application_name(name)
    assert refusal.value.facts == {"field": "name"}


@given(st.text(max_size=22) | st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True))
def test_a_name_is_refused_exactly_outside_the_grammar(name: str) -> None:
    try:
        check_application_name(name)
    except Invalid:
        good = False
    else:
        good = True
    plain = name.isascii() and name.isalnum() and name == name.lower()
    assert good is (plain and 1 <= len(name) <= 20 and not name[:1].isdigit())


@pytest.mark.parametrize("name", ["viewer.all", "viewer.a", "viewer.amp.oee.r", "viewer.A:b_c-d"])
def test_a_scope_begins_with_its_application_and_may_have_dots_of_its_own(name: str) -> None:
    assert check_application_scope(name, application="viewer") == name


@pytest.mark.parametrize(
    "name",
    ["all", "other.all", "asm.r", "viewer.", ".all", "viewer", "viewer..all", "viewer.all.",
     "viewer:all", "viewerx.all", "Viewer.all", "viewer.a b", "viewer.ä", "viewer. ", "",
     "viewer." + "a" * 128],
)  # fmt: skip
def test_a_scope_of_another_beginning_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_application_scope(name, application="viewer")
    assert refusal.value.facts == {"field": "name"}
    assert "viewer." in refusal.value.detail or "128" in refusal.value.detail


@pytest.mark.parametrize("own", ["admin", "user", "analytics.adb.user", "timUser", "9", "a_b-c"])
def test_the_name_of_a_role_goes_into_the_pattern_and_comes_back(own: str) -> None:
    full = SPELLED.role_name(tenant="my-tenant", application="viewer", role=own)
    assert full == f"acme:my-tenant:viewer.{own}"
    assert SPELLED.short_role(full, tenant="my-tenant", application="viewer") == own


names = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True)
slugs = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
own_roles = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?", fullmatch=True)


@given(names, names, own_roles)
def test_a_scope_is_of_one_application_alone(name: str, other: str, own: str) -> None:
    assume(name != other)
    assert check_application_scope(f"{name}.{own}", application=name) == f"{name}.{own}"
    with pytest.raises(Invalid):
        check_application_scope(f"{name}.{own}", application=other)


@given(st.tuples(slugs, names, own_roles), st.tuples(slugs, names, own_roles))
def test_two_roles_have_one_name_only_where_they_are_one(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    full, full_other = (
        SPELLED.role_name(tenant=tenant, application=name, role=own)
        for tenant, name, own in (one, other)
    )
    assert (full == full_other) is (one == other)


@pytest.mark.parametrize(
    "own", ["", ".", "a.", ".a", "a b", "ä", "a:b", "a/b", "-", "a\n", "a" * 120]
)
def test_a_role_outside_the_grammar_is_refused(own: str) -> None:
    with pytest.raises(Invalid):
        SPELLED.role_name(tenant="my-tenant", application="viewer", role=own)


# --- who owns a name ----------------------------------------------------------------------------


def taken(**more: tuple[object, ...]) -> Vocabulary:
    return words(application("viewer"), **more)


@pytest.mark.parametrize(
    ("name", "owner"),
    [("viewer", "viewer"), ("asm", "core"), ("core", "core"), ("create", "core"),
     ("workspace", "workspace"), ("sensor", "Sensor.read"), ("team", "team.lead")],
)  # fmt: skip
def test_a_name_that_would_be_confused_with_an_owner_is_refused(name: str, owner: str) -> None:
    here = taken(
        scopes=(ScopeDefinition("Sensor.read"), ScopeDefinition("video:gold")),
        roles=(RoleDefinition("team.lead"),),
    )
    with pytest.raises(Conflict) as refusal:
        free_application_name(here, name)
    assert refusal.value.facts == {"conflict": owner}


@pytest.mark.parametrize("name", ["viewers", "as", "asmx", "video", "acme", "r", "t"])
def test_a_name_that_only_resembles_is_free(name: str) -> None:
    here = taken(scopes=(ScopeDefinition("video:gold"), ScopeDefinition("asmx")))
    assert free_application_name(here, name) == name


def test_an_application_defines_nothing_twice_and_nothing_that_differs_by_case_only() -> None:
    here = taken(scopes=(scope("viewer", "all"),), roles=(role("viewer", "user"),))
    assert free_scope_name(here, "viewer", "viewer.more") == "viewer.more"
    assert free_role_name(here, "viewer", "more") == "acme:t:viewer.more"
    for name in ("viewer.all", "viewer.ALL"):
        with pytest.raises(Conflict):
            free_scope_name(here, "viewer", name)
    for name in ("user", "User"):
        with pytest.raises(Conflict):
            free_role_name(here, "viewer", name)


def test_where_roles_are_spelled_as_scopes_are_one_name_is_not_both() -> None:
    plain = Vocabulary(
        scopes=(scope("viewer", "all"),),
        roles=(RoleDefinition("viewer.user", application="viewer"),),
        applications=(application("viewer"),),
    )
    with pytest.raises(Conflict):
        free_scope_name(plain, "viewer", "viewer.user")
    with pytest.raises(Conflict):
        free_role_name(plain, "viewer", "all")


# --- launch URLs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["https://viewer.example", "https://viewer.example:8443/a?b=c", "HTTPS://viewer.example/",
     "http://127.0.0.1:8080/", "http://[::1]/", "http://localhost:9000"],
)  # fmt: skip
def test_a_launch_url_is_https_or_on_this_machine(url: str) -> None:
    assert check_launch_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "viewer", "/viewer", "//viewer.example", "http://viewer.example", "ftp://viewer.example",
     "javascript:alert(1)", "data:text/html,x", "https:viewer.example", "https:///x", "https://",
     "https://ann@viewer.example", "https://ann:pw@viewer.example", "https://@viewer.example",
     "https://viewer.example/#x", "https://viewer.example/#", "https://viewer.example/a b",
     "https://viewer.example/\n", "https://viewer.example\\@evil.example", "https://[::1",
     "https://viewer.example:port/", "https://fjörður.example", "http://localhost.evil.example",
     "http://127.0.0.1.evil.example", "https://viewer.example/" + "a" * 2000],
)  # fmt: skip
def test_any_other_launch_url_is_refused_with_its_field(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_launch_url(url)
    assert refusal.value.facts == {"field": "launch_url"}


# --- what an application is made of -------------------------------------------------------------


def test_an_application_has_its_own_scopes_and_roles_and_no_others() -> None:
    here = words(
        application("a"),
        application("b"),
        scopes=(scope("a", "x"), scope("b", "y"), ScopeDefinition("plain")),
        roles=(role("a", "admin"), role("b", "b.c"), RoleDefinition("own")),
    )
    parts = parts_of(here, "b")
    assert [one.name for one in parts.scopes] == ["b.y"]
    assert [(one.name, one.title) for one in parts.roles] == [("b.c", "B.C")]
    assert parts.scope("b.y") == scope("b", "y")
    assert parts.role("b.c") == role("b", "b.c")
    assert every_application(here) == [parts_of(here, "a"), parts]
    with pytest.raises(NotFound):
        parts.scope("a.x")
    with pytest.raises(NotFound):
        parts.role("admin")
    with pytest.raises(NotFound):
        parts_of(here, "c")


@pytest.mark.parametrize(
    ("scopes", "roles", "missing"),
    [
        ((), (role("a", "user"),), "no scope"),
        ((scope("a"),), (), "no role of its own"),
        ((scope("a"),), (role("a", "user"),), "nobody could enter"),
        ((scope("a"),), (role("a", "user", includes=frozenset({"acme:core:reader"})),), "nobody"),
        ((scope("a"), scope("b")), (role("a", "user", "b.all"),), "nobody"),
    ],
)
def test_without_a_way_in_an_application_is_not_registered_and_says_why(
    scopes: tuple[ScopeDefinition, ...], roles: tuple[RoleDefinition, ...], missing: str
) -> None:
    here = words(application("a"), scopes=scopes, roles=roles)
    with pytest.raises(Conflict, match=missing):
        check_registrable(here, parts_of(here, "a"))
    with pytest.raises(Conflict, match=f"registered, and would have .*{missing}"):
        refuse_closing(here)
    refuse_closing(replace(here, applications=(application("a", registered=False),)))


def test_a_way_in_may_lead_over_other_roles_and_implications() -> None:
    base = role("a", "base", "a.all")
    over = words(
        application("a"),
        scopes=(scope("a"),),
        roles=(base, role("a", "user", includes=frozenset({base.name}))),
    )
    check_registrable(over, parts_of(over, "a"))
    workspace_role = RoleDefinition("team", scopes=frozenset({"a.all"}))
    through = words(
        application("a"),
        scopes=(scope("a"),),
        roles=(role("a", "user", includes=frozenset({"team"})), workspace_role),
    )
    check_registrable(through, parts_of(through, "a"))


@pytest.mark.parametrize("foreign", ["b.all", "asm.r", "plain"])
def test_what_is_not_its_own_comes_into_a_role_only_by_another_role(foreign: str) -> None:
    before = words(
        application("a"),
        scopes=(scope("a"), scope("b"), ScopeDefinition("plain")),
        roles=(role("a", "user", "a.all"),),
    )
    listing = replace(before, roles=(role("a", "user", "a.all", foreign),))
    with pytest.raises(Invalid, match=f"{foreign} is no scope of a"):
        check_parts(before, listing)
    implying = replace(before, scopes=(scope("a", "all", foreign), *before.scopes[1:]))
    with pytest.raises(Invalid, match=f"{foreign} is no scope of a"):
        check_parts(before, implying)
    check_parts(listing, listing)  # what stands so already does not stand against other changes


APPLICATIONS = ("a", "b", "c")
OWN = tuple(f"{name}.{own}" for name in APPLICATIONS for own in ("x", "y"))
held_scopes = st.frozensets(st.sampled_from((*OWN, "asm.r", "gone.x")))


@given(held_scopes, st.frozensets(st.sampled_from(APPLICATIONS)))
def test_the_launchpad_has_exactly_the_registered_applications_of_which_a_scope_is_held(
    held: Scopes, registered: frozenset[str]
) -> None:
    here = words(
        *(application(name, registered=name in registered) for name in APPLICATIONS),
        scopes=tuple(scope(name, own) for name in APPLICATIONS for own in ("x", "y")),
    )
    shown = [one.name for one in launchable(here, held)]
    assert shown == [
        name for name in APPLICATIONS if name in registered and ({f"{name}.x", f"{name}.y"} & held)
    ]


included = st.dictionaries(
    st.sampled_from(APPLICATIONS), st.frozensets(st.sampled_from(APPLICATIONS))
)


@given(included)
def test_a_role_holds_scopes_of_another_application_only_where_its_role_was_attached(
    attached: dict[str, frozenset[str]],
) -> None:
    full = {name: role(name, "user", f"{name}.all").name for name in APPLICATIONS}
    here = words(
        *map(application, APPLICATIONS),
        scopes=tuple(scope(name) for name in APPLICATIONS),
        roles=tuple(
            role(
                name,
                "user",
                f"{name}.all",
                includes=frozenset(full[i] for i in attached.get(name, ())),
            )
            for name in APPLICATIONS
        ),
    )
    check_parts(words(*map(application, APPLICATIONS), scopes=here.scopes), here)
    for name in APPLICATIONS:
        reached = {name}
        for _ in APPLICATIONS:
            reached |= {i for one in reached for i in attached.get(one, ())}
        assert here.scopes_of([full[name]]) == {f"{one}.all" for one in reached}
