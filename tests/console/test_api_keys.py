"""The pages of API keys: one's own, and everybody's."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.parts import command_text, run_in_shell
from tests.worlds import World


def keys(world: World) -> dict[str, dict[str, Any]]:
    """The administrator's keys by their purposes."""
    return {one["note"]: one for one in world.listed("/api-keys")}


def secret_of(page: httpx.Response) -> str | None:
    found = re.search(r'id="secret">([^<]+)<', page.text)
    return found[1] if found else None


def make(world: World, **wanted: Any) -> dict[str, Any]:
    answer = world.admin.post("/api-keys", json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_key_is_made_with_chosen_scopes_and_shown_once(admin: AtWork, world: World) -> None:
    wanted: dict[str, Any] = {
        "note": "Backup",
        "carries": "only",
        "scopes": ["iotman:scopes:read", "iotman:roles:read"],
        "expires_in": "30",
        "expires_in_unit": "day",
    }
    done = admin.send(admin.open("/api-keys"), "/api-keys", **wanted)
    secret = secret_of(done)
    assert secret is not None
    assert world.api(secret).get("/scopes").status_code == 200
    assert secret not in str(done.url)
    assert secret not in admin.open("/api-keys").text
    made = keys(world)["Backup"]
    assert sorted(made["scopes"]) == ["iotman:roles:read", "iotman:scopes:read"]
    assert command_of(done)[:3] == ["scopewright", "api-keys", "create"]
    run_in_shell(world, command_text(done).replace("Backup", "Twin"))
    twin = keys(world)["Twin"]
    assert twin["scopes"] == made["scopes"]
    assert twin["expires_at"][:10] == made["expires_at"][:10]


def test_a_key_carries_everything_unless_scopes_are_chosen(admin: AtWork, world: World) -> None:
    scopes = ["iotman:scopes:read"]  # which are left over from a change of mind
    sent = admin.send(
        admin.open("/api-keys"), "/api-keys", note="All", carries="all", scopes=scopes
    )
    assert sent.status_code == 200
    assert keys(world)["All"]["scopes"] == ["inherit"]


def test_a_refused_key_keeps_what_was_typed_and_says_what_is_wrong_where(
    admin: AtWork, world: World
) -> None:
    before = set(keys(world))
    typed = {"note": "Night & day", "carries": "only", "expires_in": "soon", "tags": "a, b"}
    page = admin.send(admin.open("/api-keys"), "/api-keys", **typed)
    assert page.status_code == 422
    assert 'value="Night &amp; day"' in page.text
    assert 'value="soon"' in page.text
    assert 'value="a, b"' in page.text
    assert re.search(r'name="carries" value="only" checked', page.text)
    assert 'id="expires_in-fault"' in page.text or 'id="scopes-fault"' in page.text
    assert set(keys(world)) == before


def test_the_owner_s_scopes_and_the_key_s_stand_side_by_side(admin: AtWork, world: World) -> None:
    key = make(world, note="Reader", scopes=["iotman:scopes:read"])
    page = admin.open(f"/api-keys/{key['id']}")
    rows = {
        re.sub(r"<[^>]+>", "", row[0]): [text.strip() for text in row[1:]]
        for row in re.findall(
            r'(?s)<th scope="row"><code>(.*?)</code>.*?<td[^>]*>(.*?)</td>.*?<td[^>]*>(.*?)</td>',
            page.text,
        )
    }
    assert rows["iotman:scopes:read"] == ["yes", "<strong>yes</strong>"]
    assert rows["iotman:scopes:create"] == ["yes", "no"]


def test_what_the_owner_has_lost_the_key_is_said_not_to_give(admin: AtWork, world: World) -> None:
    world.define("sensor:read")
    world.admin.post("/roles", json={"name": "reader", "scopes": ["sensor:read"]})
    service = world.admin.post("/principals", json={"name": "Mixer", "roles": ["reader"]}).json()
    of_it = f"/principals/{service['id']}"
    key = world.admin.post(f"{of_it}/api-keys", json={"scopes": ["sensor:read"]}).json()
    at = f"/api-keys/of/{service['id']}/{key['id']}"
    lost = "not while its owner lacks it"
    assert lost not in text_of(admin.open(at))
    assert world.admin.delete(f"{of_it}/roles/reader").status_code == 204
    assert f"sensor:read no {lost}" in text_of(admin.open(at))


def test_where_and_for_what_a_key_was_used_last_stands_there(admin: AtWork, world: World) -> None:
    key = make(world, note="Used", scopes=["iotman:scopes:read"])
    world.api(key["secret"]).get("/scopes")
    said = text_of(admin.open(f"/api-keys/{key['id']}"))
    assert "127.0.0.1" in said
    assert "GET /api/workspaces/{ws}/scopes" in said


def test_a_purpose_is_changed(admin: AtWork, world: World) -> None:
    key = make(world, note="Old")
    path = f"/api-keys/{key['id']}"
    done = admin.send(admin.open(path), path, note="New")
    assert "purpose is changed" in text_of(done)
    assert set(keys(world)) >= {"New"}


def test_rotating_lets_both_keys_work_for_the_overlap_or_ends_the_first_at_once(
    admin: AtWork, world: World
) -> None:
    for overlap, first in (("1", 200), ("", 401)):
        key = make(world, note="Turned")
        path = f"/api-keys/{key['id']}/rotate"
        done = admin.send(admin.open(path), path, overlap=overlap, overlap_unit="hour")
        assert world.api(secret_of(done)).get("/scopes").status_code == 200
        assert world.api(key["secret"]).get("/scopes").status_code == first


def test_revoking_says_first_how_many_keys_end_with_it(admin: AtWork, world: World) -> None:
    key = make(world, note="Parent")
    child = world.api(key["secret"]).post("/api-keys", json={"note": "Child"})
    assert child.status_code == 201, child.text
    path = f"/api-keys/{key['id']}/revoke"
    question = admin.open(path)
    assert "2 API keys are refused from now on." in text_of(question)
    assert {"Parent", "Child"} <= set(keys(world))
    done = admin.send(question, path)
    assert "The key is revoked." in text_of(done)
    assert not {"Parent", "Child"} & set(keys(world))
    assert world.api(child.json()["secret"]).get("/scopes").status_code == 401


def test_somebody_else_s_keys_are_made_and_revoked_by_who_may(admin: AtWork, world: World) -> None:
    service = world.admin.post("/principals", json={"name": "Mixer"}).json()
    everybody = admin.open("/api-keys/everybody?q=Mix")
    assert f"/api-keys/of/{service['id']}" in everybody.text
    at = f"/api-keys/of/{service['id']}"
    made = admin.send(admin.open(at), at, note="At work", carries="all")
    assert secret_of(made)
    assert "--principal" in command_of(made)
    [key] = world.listed(f"/principals/{service['id']}/api-keys")
    path = f"{at}/{key['id']}/revoke"
    done = admin.send(admin.open(path), path)
    assert "The key is revoked." in text_of(done)
    assert world.listed(f"/principals/{service['id']}/api-keys") == []


def test_an_editor_has_keys_of_their_own_and_a_viewer_cannot_see_everybody_s(world: World) -> None:
    for role in ("editor", "viewer"):
        member = a_member(world, role)
        page = member.open("/api-keys")
        assert page.status_code == 200
        may_make = 'name="carries"' in page.text
        sent = member.send(page, "/api-keys", note="Mine", carries="all")
        assert sent.status_code == (200 if may_make else 403)
        closed = member.open("/api-keys/everybody")
        link = "/api-keys/everybody" in page.text
        assert link == (closed.status_code == 200)
