"""The pages of applications: from nothing to a tile on the launchpad."""

from __future__ import annotations

import re

import pytest

from tests.console.members import AtWork, a_member, at_work, command_of, text_of
from tests.console.shown import run_shown
from tests.visitors import an_address
from tests.worlds import World

REPORTER, TIME = "mdsp:core:assetmanagement.reporter", "mdsp:core:iot.timUser"


@pytest.fixture
def tenant(first: World) -> World:
    return first.another(catalogues=["mindsphere"])


def an_application(world: World, *, registered: bool = True) -> None:
    """The application `viewer`, whose role USER holds its scope."""
    for path, body in (
        ("", {"name": "viewer", "title": "Viewer", "launch_url": "https://viewer.example/"}),
        ("/viewer/scopes", {"name": "viewer.all"}),
    ):
        world.admin.post(f"/applications{path}", json=body).raise_for_status()
    contents = {"scopes": ["viewer.all"], "includes": [REPORTER]}
    world.admin.patch("/applications/viewer/roles/user", json=contents).raise_for_status()
    if registered:
        world.admin.post("/applications/viewer/register").raise_for_status()


def test_a_person_is_invited_with_a_scope_of_a_platform_and_with_a_role(
    administrator: AtWork, tenant: World
) -> None:
    admin, given = administrator.at(tenant), {"scopes": "asm.r", "roles": "mdsp:core:iot.timUser"}
    again = admin.send(admin.open("/end-users/invite"), "/end-users/invite", email="no", **given)
    assert re.search(r"<details open>\s*<summary>Asset Management", again.text)
    assert re.search(r"<details>\s*<summary>IoT Time Series", again.text)
    done = admin.send(again, "/end-users/invite", email=an_address("ann"), **given)
    assert "A letter with a link is on its way" in text_of(done)


def test_a_role_is_begun_with_what_another_of_the_application_is_made_of(
    administrator: AtWork, tenant: World
) -> None:
    admin, at = administrator.at(tenant), "/applications/pumps/roles/{}/compose"
    made = {"scopes": "pumps.all", "includes": "mdsp:core:iot.timUser"}
    page = admin.send(admin.open("/applications"), "/applications", name="pumps")
    admin.send(page, "/applications/pumps/scopes", name="pumps.all")
    admin.send(page, at.format("admin"), do="save", description="", **made)
    page = admin.send(page, at.format("user"), do="like:ADMIN", description="Runs them.")
    assert 'value="Runs them."' in page.text
    for value in made.values():
        assert f'value="{value}" checked' in page.text
    assert tenant.admin.get("/applications/pumps/roles/user").json()["includes"] == []


def test_a_role_is_found_by_another_spelling_of_its_name(
    administrator: AtWork, tenant: World
) -> None:
    admin, find = administrator.at(tenant), "mdsp:core:assetmanagement:reporter"
    page = admin.send(admin.open("/applications"), "/applications", name="assets")
    page = admin.send(page, "/applications/assets/roles/user/compose", do="find", find=find)
    assert 'value="mdsp:core:assetmanagement.reporter"' in page.text


def test_an_application_is_made_composed_and_registered(
    administrator: AtWork, tenant: World
) -> None:
    admin = administrator.at(tenant)
    fields = {"name": "viewer", "title": "Viewer", "launch_url": "https://viewer.example/"}
    page = admin.send(admin.open("/applications"), "/applications", **fields)
    assert "The application viewer is made." in text_of(page)
    assert "not registered yet" in text_of(page)
    assert "ADMIN" in text_of(page)
    assert "USER" in text_of(page)

    too_early = admin.send(page, "/applications/viewer/register")
    assert too_early.status_code == 422
    assert "not registered yet" in text_of(too_early)

    page = admin.send(page, "/applications/viewer/scopes", name="viewer.all", description="All.")
    assert "The scope viewer.all is defined." in text_of(page)
    composer = admin.open("/applications/viewer/roles/user/compose")
    assert 'value="viewer.all"' in composer.text
    assert 'name="scopes" value="asm.r"' not in composer.text
    fields_of_role = {"scopes": ["viewer.all"], "includes": [REPORTER, TIME], "do": "save"}
    saved = admin.send(composer, "/applications/viewer/roles/user/compose", **fields_of_role)
    assert "What it comes to 7" in text_of(saved)
    page = admin.open("/applications/viewer")
    assert "USER comes to 7 scopes" in text_of(page)
    assert "brings iot.bts.r iot.tim.r" in text_of(page)
    page = admin.send(page, "/applications/viewer/register")
    assert "its roles can be assigned" in text_of(page)
    assert tenant.admin.get("/applications/viewer").json()["registered_at"]


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    admin: AtWork, world: World
) -> None:
    page = admin.send(admin.open("/applications"), "/applications", name="My App", title='A "b"')
    assert page.status_code == 422
    assert 'value="My App"' in page.text
    assert 'id="name-fault"' in page.text
    assert 'value="A &#34;b&#34;"' in page.text
    assert world.listed("/applications") == []


def test_a_scope_of_another_name_is_refused_beside_its_field(admin: AtWork, world: World) -> None:
    world.admin.post("/applications", json={"name": "viewer"}).raise_for_status()
    page = admin.open("/applications/viewer")
    assert 'value="viewer."' in page.text
    page = admin.send(page, "/applications/viewer/scopes", name="other.all", description="Mine")
    assert page.status_code == 422
    assert 'id="name-fault"' in page.text
    assert 'value="other.all"' in page.text
    assert 'value="Mine"' in page.text


def test_settings_are_changed_and_taken_away(
    administrator: AtWork, tenant: World, first: World
) -> None:
    an_application(tenant)
    admin = administrator.at(tenant)
    fields = {"title": "Seer", "launch_url": "https://seer.example/", "resource": ""}
    form = admin.open("/applications/viewer/settings")
    changed = admin.send(form, "/applications/viewer/settings", **fields)
    assert "The application viewer is changed." in text_of(changed)
    twin = first.another(catalogues=["mindsphere"])
    an_application(twin)
    run_shown(command_of(changed), tenant, twin)
    for world in (tenant, twin):
        now = world.admin.get("/applications/viewer").json()
        assert (now["title"], now["launch_url"]) == ("Seer", "https://seer.example/")


def test_deleting_says_in_numbers_what_goes(administrator: AtWork, tenant: World) -> None:
    an_application(tenant)
    role = f"mdsp:{tenant.slug}:viewer.user"
    tenant.admin.post("/end-users", json={"email": "ann@example.com", "roles": [role]})
    admin = administrator.at(tenant)
    question = admin.open("/applications/viewer/delete")
    for line in ("One assignment of a role is taken away.", "2 roles are deleted."):
        assert line in text_of(question)
    warned = admin.send(question, "/applications/viewer/delete")
    assert warned.status_code == 409
    assert tenant.admin.get("/applications/viewer").status_code == 200
    gone = admin.send(warned, "/applications/viewer/delete", force="yes")
    assert "The application viewer is deleted." in text_of(gone)
    assert tenant.admin.get("/applications/viewer").status_code == 404
    assert tenant.listed("/principals/ann@example.com/roles") == []


def test_a_viewer_sees_applications_and_no_control(tenant: World) -> None:
    an_application(tenant)
    viewer = a_member(tenant, "viewer")
    page = viewer.open("/applications/viewer")
    assert "USER" in text_of(page)
    assert "It needs the scope iotman:applications:update" in text_of(page)
    for control in ("/compose", "/delete", "viewer/settings", 'name="description"'):
        assert control not in page.text
    sent = viewer.send(page, "/applications/viewer/scopes", name="viewer.more")
    assert sent.status_code == 403
    assert [one["name"] for one in tenant.listed("/applications/viewer/scopes")] == ["viewer.all"]


def test_the_launchpad_has_a_tile_for_what_one_may_open_and_for_nothing_else(
    tenant: World,
) -> None:
    an_application(tenant)
    tenant.admin.post("/applications", json={"name": "other", "title": "Another"})
    address = an_address()
    body = {"email": address, "roles": [f"mdsp:{tenant.slug}:viewer.user"]}
    tenant.admin.post("/end-users", json=body).raise_for_status()
    tenant.mailbox(address).link()  # the invitation has come
    ann = at_work(tenant, address)
    page = ann.browser.get(f"{tenant.url}/launchpad")
    assert page.status_code == 200
    assert '<a href="https://viewer.example/"' in page.text
    assert "Another" not in text_of(page)
    tenant.admin.delete(f"/principals/{address}/roles/mdsp:{tenant.slug}:viewer.user")
    assert "No application is open to you yet." in text_of(
        ann.browser.get(f"{tenant.url}/launchpad")
    )
