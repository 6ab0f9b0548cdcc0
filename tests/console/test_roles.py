"""The pages of roles: composing one, looking before saving, deleting and undoing."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.shown import run_shown
from tests.worlds import World

REPORTER = "mdsp:core:assetmanagement.reporter"
MISSING, FULL = "mdsp:core:dvcinv.readonly", "mdsp:core:frmdpylmnt.fullaccess"


@pytest.fixture
def tenant(first: World) -> World:
    """A workspace with a catalogue of roles, and two scopes and a role of its own."""
    return filled(first.another(catalogues=["mindsphere"]))


def filled(world: World) -> World:
    world.define("pump:read", "pump:write")
    define(world, "keeper", scopes=["pump:read"])
    return world


def define(world: World, name: str, **contents: list[str]) -> None:
    world.admin.post("/roles", json={"name": name, **contents}).raise_for_status()


def role(world: World, name: str) -> dict[str, list[str]]:
    return dict(world.admin.get(f"/roles/{name}").raise_for_status().json())


def mappings(world: World) -> dict[str, str | None]:
    return {one["include"]: one["role"] for one in world.listed("/role-mappings")}


def ticked(page: httpx.Response, name: str) -> set[str]:
    boxes: list[str] = re.findall(rf'<input type="checkbox" name="{name}"[^>]*>', page.text)
    return {
        found[1] for box in boxes if "checked" in box and (found := re.search('value="(.*?)"', box))
    }


def test_a_new_role_is_composed_of_what_is_ticked(
    administrator: AtWork, tenant: World, first: World
) -> None:
    admin = administrator.at(tenant)
    composer = admin.send(
        admin.open("/roles"), "/roles", name="crew", description="Who works here."
    )
    assert "The role crew is defined." in text_of(composer)
    assert "brings 4 scopes" in text_of(composer)
    fields: dict[str, str | list[str]] = {
        "description": "Who works here.",
        "scopes": ["pump:write"],
        "includes": ["keeper", REPORTER],
        "do": "save",
    }
    saved = admin.send(composer, "/roles/crew/compose", **fields)
    assert "The role crew is saved." in text_of(saved)
    made = role(tenant, "crew")
    assert made["includes"] == ["keeper", REPORTER]
    assert made["scopes"] == ["pump:write"]
    assert "asm.r mdsp:core:assetmanagement.reporter" in text_of(saved)
    assert "pump:write the role itself" in text_of(saved)

    twin = filled(first.another(catalogues=["mindsphere"]))
    define(twin, "crew")
    run_shown(command_of(saved), tenant, twin)
    assert role(twin, "crew") == made


def test_a_change_is_looked_at_before_it_is_made(administrator: AtWork, tenant: World) -> None:
    admin = administrator.at(tenant)
    tenant.end_user("ann@example.com", scopes=["pump:write"])
    tenant.admin.put("/principals/ann@example.com/roles/keeper").raise_for_status()
    composer = admin.open("/roles/keeper/compose")
    assert ticked(composer, "scopes") == {"pump:read"}
    fields = {"description": "", "scopes": [], "includes": [REPORTER], "do": "preview"}
    looked = admin.send(composer, "/roles/keeper/compose", **fields)
    said = text_of(looked)
    assert looked.status_code == 200, said
    assert "1 person, service or group would gain or lose something." in said
    assert "ann@example.com + asm.f.r + asm.r + atm.apt.r + atm.r − pump:read" in said
    assert f"asm.r {REPORTER}" in said
    assert ticked(looked, "includes") == {REPORTER}
    assert ticked(looked, "scopes") == set()
    assert role(tenant, "keeper")["scopes"] == ["pump:read"]


def test_searching_in_the_composer_loses_nothing_that_was_ticked(
    administrator: AtWork, tenant: World
) -> None:
    admin = administrator.at(tenant)
    fields = {"description": "New words", "scopes": ["pump:write"], "find": "asm.rep", "do": "find"}
    found = admin.send(admin.open("/roles/keeper/compose"), "/roles/keeper/compose", **fields)
    assert ticked(found, "scopes") == {"pump:write"}
    assert 'value="New words"' in found.text
    assert 'value="asm.rep.r"' in found.text
    assert 'value="pump:read"' not in found.text


def test_a_refused_role_is_shown_with_all_that_was_ticked(
    administrator: AtWork, tenant: World
) -> None:
    admin = administrator.at(tenant)
    define(tenant, "crew", includes=["keeper"])
    fields = {"description": "Mine", "includes": ["crew"], "scopes": ["pump:write"], "do": "save"}
    circle = admin.send(admin.open("/roles/keeper/compose"), "/roles/keeper/compose", **fields)
    assert circle.status_code == 422
    assert "keeper → crew → keeper" in text_of(circle)
    assert ticked(circle, "includes") == {"crew"}
    assert ticked(circle, "scopes") == {"pump:write"}
    assert 'value="Mine"' in circle.text
    assert role(tenant, "keeper")["includes"] == []


def test_a_deleted_role_comes_back_with_those_who_had_it(
    administrator: AtWork, tenant: World
) -> None:
    admin = administrator.at(tenant)
    tenant.end_user("ann@example.com", scopes=["pump:write"])
    tenant.admin.put("/principals/ann@example.com/roles/keeper").raise_for_status()
    question = admin.open("/roles/keeper/delete")
    assert "One assignment of a role is taken away." in text_of(question)
    warned = admin.send(question, "/roles/keeper/delete")
    assert warned.status_code == 409
    assert role(tenant, "keeper")["scopes"] == ["pump:read"]
    gone = admin.send(warned, "/roles/keeper/delete", force="yes")
    assert "The role keeper is deleted." in text_of(gone)
    assert tenant.admin.get("/roles/keeper").status_code == 404
    changes = admin.open("/revisions")
    assert "taken from 1 holder" in text_of(changes)
    id = tenant.listed("/revisions")[0]["id"]
    assert "The change of keeper is undone." in text_of(
        admin.send(changes, f"/revisions/{id}/undo")
    )
    assert [one["role"] for one in tenant.listed("/principals/ann@example.com/roles")] == ["keeper"]


def test_includes_that_are_missing_are_named(administrator: AtWork, tenant: World) -> None:
    page = administrator.at(tenant).open("/roles/mdsp:core:frmdpylmnt.fullaccess")
    shown = role(tenant, "mdsp:core:frmdpylmnt.fullaccess")
    assert shown["missing"]
    assert "It includes roles that do not exist" in text_of(page)
    assert shown["missing"][0] in text_of(page)
    assert f"/role-mappings?include={quote(MISSING)}" in page.text
    assert "/compose" not in page.text


def test_a_role_is_let_stand_for_what_is_missing_after_looking_at_who_gains(
    administrator: AtWork, tenant: World, first: World
) -> None:
    admin = administrator.at(tenant)
    tenant.end_user("ann@example.com", scopes=["pump:write"])
    tenant.admin.put(f"/principals/ann@example.com/roles/{FULL}").raise_for_status()
    page = admin.open(f"/role-mappings?include={quote(MISSING)}")
    assert f"{MISSING} none: it is missing Choose a role" in text_of(page)
    assert f'<option value="{MISSING}" selected>' in page.text
    wanted = {"include": MISSING, "role": "keeper"}
    looked = admin.send(page, "/role-mappings", **wanted, do="preview")
    assert "ann@example.com + pump:read" in text_of(looked)
    assert mappings(tenant) == {MISSING: None}
    wrong = admin.send(page, "/role-mappings", include=MISSING, role="keeepr", do="save")
    assert wrong.status_code == 422
    assert 'value="keeepr"' in wrong.text
    assert 'aria-describedby="role-hint role-fault"' in wrong.text
    saved = admin.send(looked, "/role-mappings", **wanted, do="save")
    assert f"keeper stands for {MISSING} from now on." in text_of(saved)
    assert mappings(tenant) == {MISSING: "keeper"}
    assert f'<a href="/workspaces/{tenant.slug}/roles/keeper">' in saved.text
    twin = filled(first.another(catalogues=["mindsphere"]))
    run_shown(command_of(saved), tenant, twin)
    assert mappings(twin) == {MISSING: "keeper"}


def test_a_mapping_is_taken_away_after_its_numbers(administrator: AtWork, tenant: World) -> None:
    admin = administrator.at(tenant)
    tenant.end_user("ann@example.com", scopes=["pump:write"])
    tenant.admin.put(f"/principals/ann@example.com/roles/{FULL}").raise_for_status()
    tenant.admin.put(f"/role-mappings/{MISSING}", json={"role": "keeper"}).raise_for_status()
    question = admin.open(f"/role-mappings/{quote(MISSING)}/remove")
    said = text_of(question)
    assert "People, services and groups that lose something by it: 1." in said
    assert "Would be held no more: pump:read" in said
    assert mappings(tenant) == {MISSING: "keeper"}
    done = admin.send(question, f"/role-mappings/{quote(MISSING)}/remove")
    assert f"No role stands for {MISSING} any more." in text_of(done)
    assert command_of(done)[:4] == ["scopewright", "role-mappings", "delete", MISSING]
    assert mappings(tenant) == {MISSING: None}


def test_a_viewer_sees_mappings_and_cannot_change_them(tenant: World) -> None:
    viewer = a_member(tenant, "viewer")
    page = viewer.open("/role-mappings")
    assert MISSING in text_of(page)
    assert "It needs the scope iotman:roles:update" in text_of(page)
    assert 'name="role"' not in page.text
    assert "/remove" not in page.text
    sent = viewer.send(page, "/role-mappings", include=MISSING, role="keeper", do="save")
    assert sent.status_code == 403
    assert viewer.open(f"/role-mappings/{quote(MISSING)}/remove").status_code == 403
    assert mappings(tenant) == {MISSING: None}


def test_a_viewer_sees_roles_and_no_control_that_would_be_refused(tenant: World) -> None:
    viewer = a_member(tenant, "viewer")
    page = viewer.open("/roles")
    assert "It needs the scope iotman:roles:create" in text_of(page)
    one = viewer.open("/roles/keeper")
    assert "/compose" not in one.text
    assert "/delete" not in one.text
    for path in ("/roles/keeper/compose", "/roles/keeper/delete"):
        assert viewer.open(path).status_code == 403
    sent = viewer.send(page, "/roles/keeper/compose", scopes=["pump:write"], do="save")
    assert sent.status_code == 403
    assert role(tenant, "keeper")["scopes"] == ["pump:read"]


def test_the_catalogue_is_searched_by_scope(administrator: AtWork, tenant: World) -> None:
    admin = administrator.at(tenant)
    everything = text_of(admin.open("/catalogue"))
    assert "Asset Management" in everything
    assert "Analytics Services" in everything
    found = text_of(admin.open("/catalogue?q=asm.rep.r"))
    assert "Asset Management" in found
    assert "mdsp:core:assetmanagement.admin" in found
    assert REPORTER not in found
    assert "Analytics Services" not in found
