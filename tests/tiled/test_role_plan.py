"""What the role connector decides to change at Tiled, and what it never touches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.errors import Invalid
from scopewright.tiled.role_plan import (
    LONGEST_DESCRIPTION,
    Plan,
    Row,
    Wanted,
    mark_of,
    plan,
    wanted_roles,
)
from scopewright.tiled.workspace import Known, Role

MARK, OTHERS = mark_of("w1"), mark_of("w2")
TILED = frozenset({"read:metadata", "read:data", "write:metadata", "create:node"})
PEOPLE = ("ann", "bob", "eve")
READER = Role("reader", "Reads.", frozenset({"read:metadata", "read:data"}))


def known(name: str, *roles: str, kind: str = "end_user", is_disabled: bool = False) -> Known:
    return Known(name, kind, is_disabled, frozenset(roles))


def wanted(*roles: Role, principals: dict[str, Known] | None = None) -> dict[str, Wanted]:
    members = {"g": ("1", "2")}
    found = wanted_roles(
        roles, principals or {}, members=members.__getitem__, known=TILED, mark=MARK
    )
    return {role.name: role for role in found}


# --- which roles, and for whom ------------------------------------------------------------------


def test_only_roles_that_consist_of_tiled_s_scopes_go_there() -> None:
    mixed = Role("mixed", "", READER.scopes | {"iotman:members:read"})
    found = wanted(READER, mixed, Role("empty", "", frozenset()))
    assert list(found) == ["reader"]
    assert found["reader"].scopes == ("read:data", "read:metadata")
    assert found["reader"].description == f"Reads. {MARK}"


def test_scopes_by_their_names_of_old_are_written_by_those_of_today() -> None:
    assert wanted(Role("maker", "", frozenset({"create"})))["maker"].scopes == ("create:node",)


def test_a_role_is_for_who_has_it_and_for_the_members_of_groups_that_have_it() -> None:
    principals = {
        "1": known("ann"),
        "2": known("bob", is_disabled=True),
        "3": known("eve", "reader"),
        "4": known("a-service", "reader", kind="client"),
        "5": known("mia", "reader", kind="member"),
        "g": known("crew", "reader", kind="group"),
    }
    assert wanted(READER, principals=principals)["reader"].holders == {"ann", "eve", "a-service"}


def test_what_does_not_fit_into_tiled_s_tables_is_refused_by_name() -> None:
    many = frozenset(f"scope-{n:03}" for n in range(60))
    with pytest.raises(Invalid, match="wide: its scopes take more than the 511"):
        wanted_roles(
            [Role("wide", "", many)], {}, members=dict[str, list[str]]().get, known=many, mark=MARK
        )  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="255"):
        wanted(replace(READER, name="r" * 256))


def test_a_long_description_is_cut_and_bears_the_mark_all_the_same() -> None:
    found = wanted(replace(READER, description="x" * 5000))["reader"].description
    assert len(found) == LONGEST_DESCRIPTION
    assert found.endswith(MARK)


# --- what changes -------------------------------------------------------------------------------


def shown(changes: Plan) -> list[str]:
    return list(changes.lines())


def row(role: Wanted) -> Row:
    return Row(role.name, role.description, role.scopes, role.holders)


def test_a_new_role_is_added_and_given_to_those_that_are_there() -> None:
    principals = {"1": known("ann", "reader"), "2": known("bob", "reader")}
    changes = plan(wanted(READER, principals=principals).values(), {}, people=["ann"], mark=MARK)
    assert shown(changes) == ["+ role reader: read:data read:metadata", "+ ann has reader"]
    assert changes.notes == ("bob: not known at Tiled yet",)


def test_what_was_given_once_is_taken_and_nothing_else() -> None:
    rows = {
        "user": Row("user", "Tiled's own.", ("read:data",), frozenset({"ann"})),
        "theirs": Row("theirs", f"x {OTHERS}", ("read:data",), frozenset({"ann"})),
        "old": Row("old", f"x {MARK}", ("read:data",), frozenset({"ann", "#7"})),
    }
    changes = plan([], rows, people=PEOPLE, mark=MARK)
    assert shown(changes) == ["- #7 no longer has old", "- ann no longer has old", "- role old"]


def test_a_role_of_another_s_by_the_same_name_is_left_alone() -> None:
    rows = {"reader": Row("reader", "made by hand", (), frozenset({"ann"}))}
    principals = {"2": known("bob", "reader")}
    changes = plan(wanted(READER, principals=principals).values(), rows, people=PEOPLE, mark=MARK)
    assert changes.is_empty
    assert changes.notes == ("role reader: Tiled has one of its own by this name, left alone",)


NAMES = st.sampled_from(["a", "b", "c", "user"])
WANTED = st.builds(
    Wanted,
    NAMES,
    st.sampled_from([f"one {MARK}", f"two {MARK}"]),
    st.sampled_from([("read:data",), ("read:data", "read:metadata")]),
    st.frozensets(st.sampled_from((*PEOPLE, "absent"))),
)
ROWS = st.builds(
    Row,
    NAMES,
    st.sampled_from([f"one {MARK}", f"two {MARK}", "Tiled's own.", f"x {OTHERS}", ""]),
    st.sampled_from([("read:data",), ("write:data",)]),
    st.frozensets(st.sampled_from((*PEOPLE, "#9"))),
)


@given(
    st.lists(WANTED, unique_by=lambda one: one.name), st.lists(ROWS, unique_by=lambda one: one.name)
)
def test_a_plan_makes_our_rows_what_is_wanted_touches_no_other_and_then_is_done(
    roles: list[Wanted], present: list[Row]
) -> None:
    rows = {one.name: one for one in present}
    foreign = {name: one for name, one in rows.items() if not one.description.endswith(MARK)}
    changes = plan(roles, rows, people=PEOPLE, mark=MARK)
    after = carried_out(changes, rows)
    assert {name: after[name] for name in foreign} == foreign
    assert {name: one for name, one in after.items() if name not in foreign} == {
        role.name: replace(row(role), holders=role.holders & set(PEOPLE))
        for role in roles
        if role.name not in foreign
    }
    assert plan(roles, after, people=PEOPLE, mark=MARK).is_empty


def carried_out(changes: Plan, rows: dict[str, Row]) -> dict[str, Row]:
    """Rows after a plan: what nobody has taken from whom they have it is not deleted."""
    after = dict(rows)
    for role, holder in changes.take:
        after[role] = replace(after[role], holders=after[role].holders - {holder})
    for name in changes.delete:
        assert not after.pop(name).holders
    for role in (*changes.change, *changes.add):
        held = after[role.name].holders if role.name in after else frozenset[str]()
        after[role.name] = replace(row(role), holders=held)
    for role, holder in changes.give:
        after[role] = replace(after[role], holders=after[role].holders | {holder})
    return after
