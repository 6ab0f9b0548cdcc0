"""The page of scopes."""

from __future__ import annotations

import re

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.worlds import World


def names(world: World) -> set[str]:
    return {one["name"] for one in world.listed("/scopes")}


def test_the_workspace_s_uuid_stands_there(admin: AtWork, world: World) -> None:
    assert world.id in text_of(admin.open("/scopes"))


def test_a_scope_is_defined_and_the_page_says_so_once(admin: AtWork, world: World) -> None:
    fields = {"name": "sensor:read", "description": "See what it measures."}
    done = admin.send(admin.open("/scopes"), "/scopes", **fields)
    assert done.status_code == 200
    assert "The scope sensor:read is defined." in text_of(done)
    assert command_of(done) == [
        "scopewright", "scopes", "create", "sensor:read",
        "--description", "See what it measures.", "--workspace", world.slug,
    ]  # fmt: skip
    again = admin.open("/scopes")
    assert "is defined" not in text_of(again)
    assert "See what it measures." in text_of(again)
    assert names(world) == {"sensor:read"}


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    admin: AtWork, world: World
) -> None:
    typed = {"name": "sensor read", "description": 'Read "it" & more'}
    page = admin.send(admin.open("/scopes"), "/scopes", **typed)
    assert page.status_code == 422
    field = re.search(r'<input id="name"[^>]*>', page.text)
    assert field is not None
    assert 'value="sensor read"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="name-hint name-fault"' in field[0]
    assert 'value="Read &#34;it&#34; &amp; more"' in page.text
    assert names(world) == set()


def test_deleting_a_scope_that_is_in_use_names_who_uses_it_first(
    admin: AtWork, world: World
) -> None:
    world.define("sensor:read")
    world.admin.post("/roles", json={"name": "reader", "scopes": ["sensor:read"]})
    for address in ("ann@example.com", "bea@example.com"):
        world.admin.post("/end-users", json={"email": address, "scopes": ["sensor:read"]})
    question = admin.open("/scopes/sensor:read/delete")
    assert "2 grants of scopes are taken away." in text_of(question)
    assert "One scope is deleted." in text_of(question)
    assert names(world) == {"sensor:read"}
    warned = admin.send(question, "/scopes/sensor:read/delete")
    assert warned.status_code == 409
    assert "reader" in text_of(warned)
    assert names(world) == {"sensor:read"}
    done = admin.send(warned, "/scopes/sensor:read/delete", force="yes")
    assert "The scope sensor:read is deleted." in text_of(done)
    assert "--force" in command_of(done)
    assert names(world) == set()


def test_a_viewer_sees_what_there_is_and_no_control_that_would_be_refused(world: World) -> None:
    world.define("sensor:read")
    viewer = a_member(world, "viewer")
    page = viewer.open("/scopes")
    assert "sensor:read" in text_of(page)
    assert "/delete" not in page.text
    assert 'name="description"' not in page.text
    assert "It needs the scope iotman:scopes:create" in text_of(page)
    refused = viewer.open("/scopes/sensor:read/delete")
    assert refused.status_code == 403
    assert "iotman:scopes:delete" in text_of(refused)
    assert world.admin_email in text_of(refused)
    sent = viewer.send(page, "/scopes", name="another")
    assert sent.status_code == 403
    assert names(world) == {"sensor:read"}


def test_a_form_of_another_site_changes_nothing(admin: AtWork, world: World) -> None:
    address, page = admin.address("/scopes"), admin.open("/scopes")
    assert admin.browser.post(address, data={"name": "x"}).status_code == 403
    token = re.findall(r'name="anti_forgery" value="([^"]+)"', page.text)[-1]
    foreign = {"origin": "https://evil.example"}
    sent = {"anti_forgery": token, "name": "x"}
    assert admin.browser.post(address, data=sent, headers=foreign).status_code == 403
    assert names(world) == set()


def test_the_list_is_filtered_and_sorted_by_its_address_and_says_so(
    admin: AtWork, world: World
) -> None:
    world.define("alpha:read", "beta:read", "beta:write")
    page = admin.open("/scopes?q=beta&sort=-name")
    assert re.findall(r'<th scope="row"><code>(.*?)</code>', page.text) == [
        "beta:write",
        "beta:read",
    ]
    assert '<th scope="col" aria-sort="descending">' in page.text
    assert f'href="/workspaces/{world.slug}/scopes?q=beta&amp;sort=name"' in page.text
    assert 'value="beta"' in page.text
    assert command_of(page)[:7] == [
        "scopewright", "scopes", "list", "--q", "beta", "--sort", "-name",
    ]  # fmt: skip
    assert "None begins so." in text_of(admin.open("/scopes?q=gamma"))
    unknown = admin.open("/scopes?sort=colour")
    assert unknown.status_code == 422
    assert "name, -name" in text_of(unknown)
