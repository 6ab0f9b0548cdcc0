"""The pages of OAuth clients: registering, changing, secrets that follow one another, scopes."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.parts import chips, rows_of
from tests.visitors import REDIRECT_URI, an_address
from tests.worlds import KnownClient, World

FIELD = 'name="redirect_uris"'


@pytest.fixture
def device(world: World) -> KnownClient:
    return world.device(scopes=["sensor:read", "iotman:endpoints:read"])


def register(admin: AtWork, **fields: str) -> httpx.Response:
    return admin.send(admin.open("/clients/new"), "/clients/new", **fields)


def secret_in(page: httpx.Response) -> str | None:
    found = re.search(r'id="secret">([^<]+)<', page.text)
    return found[1] if found else None


def stored(world: World, client: KnownClient) -> dict[str, Any]:
    answer = world.admin.get(f"/clients/{client.id}")
    return dict(answer.json())


def unscripted(page: httpx.Response) -> str:
    """What a browser shows of a page without scripts."""
    return re.sub(r"(?s)<template.*?</template>", "", page.text)


def test_a_machine_is_registered_and_its_secret_is_shown_once(admin: AtWork, world: World) -> None:
    done = register(admin, name="Boiler 7", type="client_credentials")
    assert "The client Boiler 7 is registered." in text_of(done)
    secret = secret_in(done)
    assert secret is not None
    assert secret not in str(done.url)
    assert 'data-copy="secret"' in done.text
    client = KnownClient(done.url.path.rpartition("/")[2], secret)
    assert world.token(client).status_code == 200
    again = admin.browser.get(done.url)
    assert again.status_code == 200
    assert secret not in again.text
    assert command_of(done)[:5] == [
        "scopewright", "clients", "create", "Boiler 7", "client_credentials",
    ]  # fmt: skip


def test_a_redirect_uri_is_asked_for_where_people_will_act_in_the_next_step(
    admin: AtWork, world: World
) -> None:
    assert FIELD not in unscripted(admin.open("/clients/new"))
    asked = register(admin, name="Portal", type="pkce")
    assert asked.status_code == 200
    assert FIELD in unscripted(asked)
    assert 'value="Portal"' in asked.text
    assert re.search(r'value="pkce" required checked', asked.text)
    assert 'role="alert"' not in asked.text
    assert world.listed("/clients") == []
    fields = {"name": "Portal", "type": "pkce", "redirect_uris": REDIRECT_URI}
    done = admin.send(asked, "/clients/new", **fields)
    assert secret_in(done) is None
    (client,) = world.listed("/clients")
    assert client["redirect_uris"] == [REDIRECT_URI]


@pytest.mark.parametrize("typed", ["", "not a uri", "http://example.com/#part"])
def test_a_redirect_uri_that_will_not_do_is_said_beside_the_field(
    admin: AtWork, world: World, typed: str
) -> None:
    page = register(admin, name="Portal", type="authorization_code", redirect_uris=typed)
    assert page.status_code == 422
    assert 'id="redirect_uris-fault"' in page.text
    assert f">{typed}</textarea>" in page.text
    assert world.listed("/clients") == []


def test_a_client_without_a_type_is_refused_beside_the_types(admin: AtWork, world: World) -> None:
    page = register(admin, name="Portal")
    assert page.status_code == 422
    legend = page.text.index("<legend>")
    assert page.text.index('role="alert"') > legend
    assert world.listed("/clients") == []


def test_a_scope_panel_unfolds_in_the_row_of_machines_only(
    admin: AtWork, world: World, device: KnownClient
) -> None:
    phone = world.phone_app()
    page = admin.open("/clients")
    rows = {row.split('"')[1]: row for row in rows_of(page).values()}
    assert f"scopes={device.id}" in rows[device.id]
    assert "scopes=" not in rows[phone.id]
    assert "panel" not in page.text
    unfolded = admin.open(f"/clients?scopes={device.id}")
    panel = re.search(r'(?s)<tr class="panel">.*?</tr>', unfolded.text)
    assert panel is not None
    own, internal = panel[0].split('class="internal"')
    assert "sensor:read" in own
    assert "iotman:endpoints:read" in internal
    assert [*chips(unfolded, "preset")] == ["read-only", "operator", "full-access"]
    assert "panel" not in admin.open(f"/clients?scopes={phone.id}").text


def test_giving_in_the_panel_leads_back_to_the_unfolded_panel(
    admin: AtWork, world: World, device: KnownClient
) -> None:
    world.define("video:gold")
    page = admin.open(f"/clients?scopes={device.id}")
    back = re.search(r'name="back" value="([^"]+)"', page.text)
    assert back is not None
    path = f"/clients/{device.id}/scopes"
    given = admin.send(page, path, scope="video:gold", kind="own", back=back[1])
    assert 'class="panel"' in given.text
    assert "video:gold" in stored(world, device)["scopes"]
    preset = admin.send(given, f"{path}/preset", preset="read-only", back=back[1])
    assert chips(preset, "preset")["read-only"] is True
    taken = admin.send(preset, f"{path}/revoke", scope="iotman:audit:read", back=back[1])
    assert chips(taken, "preset")["read-only"] is False
    assert "iotman:audit:read" not in stored(world, device)["internal_scopes"]
    assert "iotman:audit:read" in taken.text  # to be given again


def test_clients_for_people_take_no_scopes(admin: AtWork, world: World) -> None:
    phone = world.phone_app()
    page = admin.open(f"/clients/{phone.id}")
    assert 'list="own-scopes"' not in page.text
    refused = admin.send(page, f"/clients/{phone.id}/scopes", scope="iotman:data:read")
    assert refused.status_code == 422
    assert stored(world, phone)["internal_scopes"] == []


def test_settings_are_changed_and_only_what_differs_is_sent(admin: AtWork, world: World) -> None:
    portal = world.server_app(name="Portal")
    page = admin.open(f"/clients/{portal.id}")
    fields = {
        "part": "settings", "name": "Portal 2", "redirect_uris": REDIRECT_URI,
        "require_pkce": "yes", "scope_default": "none", "access_lifetime": "600",
        "refresh_lifetime": "",
    }  # fmt: skip
    done = admin.send(page, f"/clients/{portal.id}", **fields)
    assert "The client Portal 2 is changed." in text_of(done)
    now = stored(world, portal)
    assert (now["name"], now["scope_default"]) == ("Portal 2", "none")
    assert now["tokens"]["access_lifetime"] == 600
    command = command_of(done)
    assert command[:4] == ["scopewright", "clients", "update", portal.id]
    assert "--redirect-uri" not in command
    emptied = admin.send(done, f"/clients/{portal.id}", **{**fields, "access_lifetime": ""})
    assert emptied.status_code == 200
    assert stored(world, portal)["tokens"]["access_lifetime"] is None


def test_a_setting_that_will_not_do_is_said_beside_it_and_nothing_typed_is_lost(
    admin: AtWork, world: World
) -> None:
    portal = world.server_app(name="Portal")
    fields = {
        "part": "settings", "name": "Renamed", "redirect_uris": "https://app.example/one",
        "scope_default": "none", "access_lifetime": "soon", "refresh_lifetime": "",
    }  # fmt: skip
    page = admin.send(admin.open(f"/clients/{portal.id}"), f"/clients/{portal.id}", **fields)
    assert page.status_code == 422
    assert 'value="Renamed"' in page.text
    assert ">https://app.example/one</textarea>" in page.text
    assert stored(world, portal)["name"] == "Portal"


def test_a_secret_follows_another_with_the_chosen_overlap(
    admin: AtWork, world: World, device: KnownClient
) -> None:
    path = f"/clients/{device.id}/secret"
    done = admin.send(admin.open(path), path, overlap="3600")
    secret = secret_in(done)
    assert secret is not None
    assert world.token(device).status_code == 200
    assert world.token(KnownClient(device.id, secret)).status_code == 200
    assert len(stored(world, device)["secrets"]) == 2
    assert secret_in(admin.open(f"/clients/{device.id}")) is None
    at_once = admin.send(admin.open(path), path, overlap="0")
    assert world.token(device).status_code == 401
    assert world.token(KnownClient(device.id, secret)).status_code == 401
    assert world.token(KnownClient(device.id, secret_in(at_once))).status_code == 200


def test_deleting_says_what_it_comes_to_and_that_is_what_happens(
    admin: AtWork, world: World
) -> None:
    phone = world.phone_app()
    for _ in range(2):
        address = an_address("ann")
        world.end_user(address, scopes=["sensor:read"])
        assert world.mailbox(address).link()  # else the invitation is taken for the next letter
        world.person(address, phone).session()
    path = f"/clients/{phone.id}/delete"
    question = admin.open(path)
    said = text_of(question)
    assert "2 sessions end at once." in said
    assert "One client is deleted." in said
    assert len(world.listed("/sessions")) == 2
    done = admin.send(question, path)
    assert "is deleted." in text_of(done)
    assert command_of(done)[:4] == ["scopewright", "clients", "delete", phone.id]
    assert world.listed("/sessions") == world.listed("/clients") == []


def test_a_viewer_sees_clients_and_can_change_none(world: World, device: KnownClient) -> None:
    viewer = a_member(world, "viewer")
    page = viewer.open(f"/clients?scopes={device.id}")
    assert "sensor:read" in text_of(page)
    assert 'name="scope"' not in page.text
    assert 'name="preset"' not in page.text
    one = viewer.open(f"/clients/{device.id}")
    assert 'name="part"' not in one.text
    assert "It needs the scope iotman:clients:create" in text_of(page)
    assert "It needs the scope iotman:clients:update" in text_of(one)
    assert "Make a new secret" not in one.text
    for path in ("/scopes", "/scopes/revoke", "/scopes/preset", "", "/secret", "/delete"):
        assert viewer.send(page, f"/clients/{device.id}{path}", scope="x").status_code == 403
    assert viewer.send(page, "/clients/new", name="x", type="device").status_code == 403
    assert stored(world, device)["scopes"] == ["sensor:read"]
