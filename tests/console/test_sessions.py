"""The page of active sessions, and ending one."""

from __future__ import annotations

import re

import httpx

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.visitors import an_address
from tests.worlds import World


def signed_in(world: World, address: str) -> tuple[str, dict[str, str]]:
    """A session of a new end-user, and its tokens."""
    world.end_user(address, scopes=["sensor:read"], internal_scopes=["iotman:data:read"])
    assert world.mailbox(address).link()  # else the invitation is taken for the next letter
    tokens = world.person(address, world.register("pkce", name="Field app")).session()
    return world.listed("/sessions")[-1]["id"], tokens


def userinfo(world: World, tokens: dict[str, str]) -> int:
    headers = world.as_bearer(tokens["access_token"])
    return world.http.get(world.metadata["userinfo_endpoint"], headers=headers).status_code


def test_a_row_says_who_through_what_with_which_scopes_and_when(
    admin: AtWork, world: World
) -> None:
    address = an_address("ann")
    signed_in(world, address)
    page = admin.open("/sessions")
    body = page.text[page.text.index("<tbody>") :]
    for said in (address, "Field app", "sensor:read", "iotman:data:read", " UTC"):
        assert said in body
    assert re.search(r'class="token internal"><code>iotman:data:read', body)
    assert re.search(r'class="token"><code>sensor:read', body)


def test_revoking_is_asked_first_and_then_the_tokens_are_refused(
    admin: AtWork, world: World
) -> None:
    address = an_address("ann")
    id, tokens = signed_in(world, address)
    question = admin.open(f"/sessions/{id}/revoke")
    assert address in text_of(question)
    assert "One session ends at once." in text_of(question)
    assert userinfo(world, tokens) == 200
    done = admin.send(question, f"/sessions/{id}/revoke")
    assert f"The session of {address} at Field app is over." in text_of(done)
    assert command_of(done)[:4] == ["scopewright", "sessions", "revoke", id]
    assert userinfo(world, tokens) == 401
    assert world.listed("/sessions") == []
    assert gone(admin.open(f"/sessions/{id}/revoke"))


def gone(page: httpx.Response) -> bool:
    return page.status_code == 404


def test_an_editor_ends_sessions_and_a_viewer_does_not_see_them(world: World) -> None:
    address = an_address("ann")
    id, tokens = signed_in(world, address)
    viewer, editor = a_member(world, "viewer"), a_member(world, "editor")
    assert viewer.open("/sessions").status_code == 403
    assert "/sessions" not in viewer.open("/scopes").text
    refused = viewer.send(viewer.open("/scopes"), f"/sessions/{id}/revoke")
    assert refused.status_code == 403
    assert userinfo(world, tokens) == 200
    assert f"/sessions/{id}/revoke" in editor.open("/sessions").text
    editor.send(editor.open("/sessions"), f"/sessions/{id}/revoke")
    assert userinfo(world, tokens) == 401
