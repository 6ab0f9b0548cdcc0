"""A preview over HTTP: who would gain and lose what, as it then comes; and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from scopewright.core.model import Principal
from scopewright.services import preview as service
from scopewright.store import schema
from tests.inprocess import Running, Tenant

MISSING, FULL = "mdsp:core:dvcinv.readonly", "mdsp:core:frmdpylmnt.fullaccess"


def everything(running: Running) -> dict[str, Any]:
    """Every row of every table."""
    with running.database.read() as tx:
        return {table.name: tx.all(select(table)) for table in schema.metadata.sorted_tables}


def preview(tenant: Tenant, body: Any, status: int = 200, **more: Any) -> Any:
    answer = tenant.call("POST", "/preview", body, **more)
    assert answer.status_code == status, answer.text
    return answer.json()


def told(changes: list[Any]) -> dict[str, set[str]]:
    return {each["principal"]["name"]: set(each["scopes"]) for each in changes}


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


@pytest.fixture
def people(tenant: Tenant) -> dict[str, Principal | str]:
    """Ann has a role, Bob by groups, Eve by a role around it; Dan has a grant, Joe nothing."""
    tenant.define("a:r", "b:r")
    tenant.call("POST", "/scopes", {"name": "a:w", "implies": ["a:r"]})
    tenant.role("inner", "asm.r")
    tenant.role("outer", "b:r", includes=("inner",))
    found: dict[str, Principal | str] = {
        name: tenant.person(f"{name}@example.com") for name in ("ann", "bob", "eve", "dan", "joe")
    }
    found["crew"] = tenant.group("crew", found["bob"])
    found["guild"] = tenant.group("guild", found["crew"])
    tenant.assign(found["ann"], "inner")
    tenant.assign(found["guild"], "inner")
    tenant.assign(found["eve"], "outer")
    tenant.grant(found["eve"], "a:r")
    tenant.grant(found["dan"], "a:w")
    return found


EDITS: list[dict[str, Any]] = [
    {"roles": {"inner": {"scopes": ["b:r", "asm.r"]}}},
    {"roles": {"inner": {"includes": ["mdsp:core:assetmanagement:reporter"]}}},
    {"roles": {"inner": None}},
    {"roles": {"inner": {"includes": ["new"]}, "new": {"scopes": ["asm.d"]}}},
    {"roles": {"outer": {"includes": []}, "inner": {"scopes": []}}},
    {"scopes": {"a:w": {"implies": []}}},
    {"scopes": {"a:r": {"implies": ["b:r"]}}},
    {"scopes": {"a:r": None}},
    {"scopes": {"c:r": {}}, "roles": {"inner": {"scopes": ["a:r", "c:r"]}}},
    {},
]


@pytest.mark.parametrize("edits", EDITS)
def test_what_was_previewed_is_what_comes(
    tenant: Tenant, people: dict[str, Principal | str], edits: dict[str, Any]
) -> None:
    previewed = preview(tenant, edits)
    before = {name: tenant.held_by(who) for name, who in people.items()}
    for noun, named in edits.items():
        for name, said in reversed(named.items()):
            make(tenant, noun, name, said)
    after = {name: tenant.held_by(who) for name, who in people.items()}
    gains = {name: after[name] - before[name] for name in people}
    losses = {name: before[name] - after[name] for name in people}

    def by_name(changes: list[Any]) -> dict[str, set[str]]:
        return {name.partition("@")[0]: scopes for name, scopes in told(changes).items()}

    assert by_name(previewed["gains"]) == {name: some for name, some in gains.items() if some}
    assert by_name(previewed["losses"]) == {name: some for name, some in losses.items() if some}
    assert previewed["principals"] == sum(before[name] != after[name] for name in people)


def test_a_preview_tells_what_a_changed_role_would_come_to(tenant: Tenant) -> None:
    tenant.role("inner", "asm.r")
    tenant.role("outer", includes=["inner"])
    edits = {"roles": {"outer": {"scopes": ["sinv.r"], "includes": ["inner"]}}}
    (would_be,) = preview(tenant, edits)["roles"]
    tenant.call("PATCH", "/roles/outer", edits["roles"]["outer"])
    assert would_be == tenant.call("GET", "/roles/outer").json()
    assert {one["scope"] for one in would_be["effective"]} == {"asm.r", "sinv.r"}


def make(tenant: Tenant, noun: str, name: str, said: Any) -> None:
    """Make one of the changes that were previewed."""
    if said is None:
        answer = tenant.call("DELETE", f"/{noun}/{name}?force=true")
    elif tenant.call("GET", f"/{noun}/{name}").status_code == 404:
        answer = tenant.call("POST", f"/{noun}", {"name": name, **said})
    else:
        answer = tenant.call("PATCH", f"/{noun}/{name}", said)
    assert answer.is_success, answer.text


def test_nothing_is_written(tenant: Tenant, people: dict[str, Principal | str]) -> None:
    before = everything(tenant.running)
    for edits in EDITS:
        preview(tenant, edits)
    preview(tenant, {"mappings": {MISSING: "inner"}})
    assert everything(tenant.running) == before


def test_a_mapping_is_previewed_for_those_who_have_what_includes_it(tenant: Tenant) -> None:
    tenant.role("mine", "sinv.r")
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, FULL)
    previewed = preview(tenant, {"mappings": {MISSING: "mine"}})
    assert previewed == {
        "principals": 1,
        "gains": [
            {
                "principal": {"id": ann.id, "kind": "end_user", "name": "ann@example.com"},
                "scopes": ["sinv.r"],
            }
        ],
        "losses": [],
        "roles": [],
    }
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    assert told(preview(tenant, {"mappings": {MISSING: None}})["losses"]) == {
        "ann@example.com": {"sinv.r"}
    }


def test_whoever_reads_roles_may_look_at_a_change_that_they_could_not_make(tenant: Tenant) -> None:
    tenant.role("inner")
    ann = tenant.person("ann@example.com")
    tenant.assign(ann, "inner")
    reader = tenant.key_with("iotman:roles:read")
    edits = {"roles": {"inner": {"scopes": ["iotman:keys:rotate"]}}}
    previewed = preview(tenant, edits, bearer=reader)
    assert told(previewed["gains"]) == {"ann@example.com": {"iotman:keys:rotate"}}
    preview(tenant, edits, 403, bearer=tenant.key_with("iotman:roles:update"))


@pytest.mark.parametrize(
    ("edits", "status"),
    [
        ({"roles": {"nobody": None}}, 404),
        ({"scopes": {"nothing": None}}, 404),
        ({"mappings": {"nothing": "inner"}}, 404),
        ({"roles": {FULL: {"scopes": []}}}, 403),
        ({"scopes": {"asm.r": {"implies": []}}}, 403),
        ({"roles": {"inner": {"scopes": ["gone"]}}}, 422),
        ({"roles": {"inner": {"includes": ["gone"]}}}, 422),
        ({"scopes": {"a:r": {"implies": ["gone"]}}}, 422),
        ({"mappings": {MISSING: "gone"}}, 422),
        ({"roles": {"inner": {"includes": ["outer"]}}}, 409),
        ({"roles": {"mdsp:core:new": {}}}, 409),
        ({"roles": {".": {}}}, 422),
        ({"roles": {f"r{n}": {} for n in range(101)}}, 422),
        ({"roles": {"inner": {"name": "other"}}}, 422),
        ({"roles": {"inner": []}}, 422),
        ({"roles": None}, 422),
        ({"grants": {}}, 422),
        ([], 422),
        (None, 422),
    ],
)
def test_a_change_that_would_be_refused_is_refused_here(
    tenant: Tenant, people: dict[str, Principal | str], edits: Any, status: int
) -> None:
    preview(tenant, edits, status)


def test_of_very_many_all_are_counted_and_some_told(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AT_A_TIME", 3)
    monkeypatch.setattr(service, "MOST_TOLD", 5)
    tenant.role("inner")
    for n in range(8):
        tenant.assign(tenant.person(f"person-{n}@example.com"), "inner")
    previewed = preview(tenant, {"roles": {"inner": {"scopes": ["asm.r"]}}})
    assert previewed["principals"] == 8
    assert list(told(previewed["gains"])) == [f"person-{n}@example.com" for n in range(5)]


def test_only_those_are_read_whom_it_can_concern(
    tenant: Tenant, people: dict[str, Principal | str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    given_to = service.holdings.given_to

    def noted(tx: Any, ids: list[str]) -> Any:
        read.extend(ids)
        return given_to(tx, ids)

    monkeypatch.setattr(service.holdings, "given_to", noted)
    preview(tenant, {"roles": {"outer": {"scopes": []}}})
    ids = {name: who if isinstance(who, str) else who.id for name, who in people.items()}
    assert set(read) - {tenant.admin.id} == {ids["eve"]}
