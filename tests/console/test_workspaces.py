"""The page of all the workspaces that one manages, where one more is made."""

from __future__ import annotations

import httpx

from tests.console.members import AtWork, a_member, at_work, text_of
from tests.visitors import an_address, anti_forgery_token
from tests.worlds import World


def make(member: AtWork, **typed: str) -> httpx.Response:
    """Press the button of the form with this typed."""
    url = f"{member.world.url}/workspaces"
    token = anti_forgery_token(member.browser.get(url))
    return member.browser.post(url, data={"anti_forgery": token, **typed})


def test_a_member_makes_a_workspace_with_a_catalogue_and_is_led_there(
    admin: AtWork, world: World
) -> None:
    slug = f"plant-{world.slug}"
    made = make(admin, name="Plant", slug=slug, **{"catalogue:mindsphere": "on"})
    assert str(made.url) == f"{world.url}/workspaces/{slug}"
    assert "First steps" in text_of(made)
    catalogue = admin.browser.get(f"{world.url}/workspaces/{slug}/catalogue")
    assert "Asset Management" in text_of(catalogue)
    assert "Plant" in text_of(admin.browser.get(f"{world.url}/workspaces"))


def test_a_slug_that_is_taken_is_said_beside_its_field_and_nothing_typed_is_lost(
    admin: AtWork, world: World
) -> None:
    again = make(admin, name="Plant", slug=world.slug, **{"catalogue:tiled": "on"})
    assert again.status_code == 409
    assert 'id="slug-fault"' in again.text
    assert 'value="Plant"' in again.text
    assert 'name="catalogue:tiled" checked' in again.text


def test_who_manages_nothing_is_offered_no_form_and_refused_without_it(world: World) -> None:
    world.define("sensor:read")
    address = an_address("ann")
    world.end_user(address, scopes=["sensor:read"])
    ann = at_work(world, address)
    page = ann.browser.get(f"{world.url}/workspaces")
    assert "New workspace" not in text_of(page)
    token = anti_forgery_token(page)
    data = {"anti_forgery": token, "name": "Mine"}
    assert ann.browser.post(f"{world.url}/workspaces", data=data).status_code == 403
    assert "Mine" not in text_of(ann.browser.get(f"{world.url}/workspaces"))


def test_one_is_led_to_the_only_workspace_that_one_manages_by_signing_in(world: World) -> None:
    member = a_member(world, "viewer")
    assert str(member.browser.get(f"{world.url}/sign-in").url) == member.address("")
