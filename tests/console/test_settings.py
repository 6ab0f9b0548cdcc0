"""The pages of settings, signing keys, the audit log and the overview."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.console.members import AtWork, a_member, at_work, command_of, text_of
from tests.console.parts import command_text, run_in_shell
from tests.worlds import World


def settings_of(world: World) -> dict[str, Any]:
    answer = world.http.get(world.address, headers=world.as_bearer(world.api_key))
    found: dict[str, Any] = answer.json()
    return found


def typed_in(page: httpx.Response) -> dict[str, str]:
    """What the form of settings says now."""
    form = page.text[page.text.index('<fieldset class="bare"') :]
    fields = dict(re.findall(r'<input id="(\w+)" name="\w+"[^>]* value="([^"]*)"', form))
    for name, options in re.findall(r'(?s)<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', form):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', options)[0]
    return {name: html.unescape(value) for name, value in fields.items()}


# --- settings -----------------------------------------------------------------------------------


def test_lives_are_said_in_units_and_only_what_is_different_is_sent(
    admin: AtWork, world: World
) -> None:
    world.change(tokens={"access_lifetime": 5400})
    page = admin.open("/settings")
    typed = typed_in(page)
    assert (typed["access_lifetime"], typed["access_lifetime_unit"]) == ("90", "minute")
    typed |= {"access_lifetime": "2", "access_lifetime_unit": "hour"}
    done = admin.send(page, "/settings", **typed)
    assert "The settings are saved." in text_of(done)
    assert settings_of(world)["tokens"]["access_lifetime"] == 7200
    assert command_of(done) == [
        "scopewright", "workspaces", "update", "--tokens", '{"access_lifetime": 7200}',
        "--workspace", world.slug,
    ]  # fmt: skip


def test_the_key_policy_is_set_here_and_by_the_command_that_is_shown(
    admin: AtWork, world: World
) -> None:
    other = world.another()
    page = admin.open("/settings")
    sent = typed_in(page) | {
        "maximum_lifetime": "30",
        "maximum_lifetime_unit": "day",
        "must_expire": "yes",
        "scopes": "iotman:scopes:read",
    }
    done = admin.send(page, "/settings", **sent)
    saved = typed_in(admin.open("/settings"))
    assert (saved["maximum_lifetime"], saved["maximum_lifetime_unit"]) == ("30", "day")
    assert saved["scopes"] == "iotman:scopes:read"
    assert 'name="must_expire" value="yes" checked' in admin.open("/settings").text
    run_in_shell(other, command_text(done).replace(world.slug, other.slug))
    there = typed_in(admin.at(other).open("/settings"))  # the key that ran it carries less now
    assert {**there, "name": ""} == {**saved, "name": ""}


def test_a_life_that_is_too_long_is_said_beside_its_field(admin: AtWork, world: World) -> None:
    page = admin.open("/settings")
    typed = typed_in(page) | {"access_lifetime": "900", "access_lifetime_unit": "day"}
    refused = admin.send(page, "/settings", **typed | {"name": "Another name"})
    assert refused.status_code == 422
    assert 'id="access_lifetime-fault"' in refused.text
    assert typed_in(refused)["access_lifetime"] == "900"
    assert settings_of(world)["tokens"]["access_lifetime"] is None


def test_a_viewer_sees_the_settings_and_can_change_none(world: World) -> None:
    viewer = a_member(world, "viewer")
    page = viewer.open("/settings")
    assert '<fieldset class="bare" disabled>' in page.text
    assert "/settings/delete" not in page.text
    assert viewer.send(page, "/settings", name="Mine").status_code == 403
    assert settings_of(world)["name"] != "Mine"


def test_a_workspace_is_deleted_by_typing_its_name_after_its_numbers_were_said(
    admin: AtWork, world: World
) -> None:
    world.define("sensor:read")
    doomed = world.another("Doomed & gone")
    doomed.define("video:gold")
    there = admin.at(doomed)
    question = there.open("/settings/delete")
    assert "One scope is deleted." in text_of(question)
    assert "The workspace is gone for good." in text_of(question)
    warned = there.send(question, "/settings/delete", typed="Doomed")
    assert warned.status_code == 422
    assert 'id="typed-fault"' in warned.text
    assert there.open("").status_code == 200
    gone = there.send(warned, "/settings/delete", typed="Doomed & gone")
    assert gone.status_code == 200
    assert there.open("").status_code == 404
    assert world.admin.get("/scopes/sensor:read").status_code == 200


def test_a_registration_token_is_shown_once_and_revoked(admin: AtWork, world: World) -> None:
    at = "/settings/registration-tokens"
    done = admin.send(admin.open(at), at, note="Builds", expires_in="2", expires_in_unit="day")
    assert re.search(r'id="secret">[^<]+<', done.text)
    assert 'id="secret"' not in admin.open(at).text
    [token] = world.listed("/registration-tokens")
    path = f"{at}/{token['id']}/revoke"
    question = admin.open(path)
    assert "One registration token is revoked." in text_of(question)
    admin.send(question, path)
    assert world.listed("/registration-tokens") == []


def test_an_issuer_is_trusted_by_a_rule_and_distrusted(admin: AtWork, world: World) -> None:
    at, client = "/settings/trusted-issuers", world.device()
    typed = {
        "issuer": "https://ci.example",
        "jwks_uri": "https://ci.example/keys",
        "audience": "scopewright",
        "client_id": client.id,
        "claims": "{sub: deployer}",
    }
    wrong = admin.send(admin.open(at), at, **typed)
    assert wrong.status_code == 422
    assert 'id="claims-fault"' in wrong.text
    assert 'value="https://ci.example"' in wrong.text
    done = admin.send(wrong, at, **{**typed, "claims": '{"sub": "deployer"}'})
    assert "https://ci.example is trusted." in text_of(done)
    [trusted] = world.listed("/trusted-issuers")
    assert trusted["rules"] == [{"claims": {"sub": "deployer"}, "client_id": client.id}]
    path = f"{at}/{trusted['id']}/distrust"
    question = admin.open(path)
    assert "One outside issuer is trusted no more." in text_of(question)
    admin.send(question, path)
    assert world.listed("/trusted-issuers") == []


# --- signing keys -------------------------------------------------------------------------------


def test_rotating_tells_what_happens_when_and_publishes_the_next_key(
    admin: AtWork, world: World
) -> None:
    before = len(world.listed("/signing-keys"))
    question = admin.open("/signing-keys/rotate")
    assert "No token is refused by this" in text_of(question)
    done = admin.send(question, "/signing-keys/rotate", algorithm="ES256")
    assert len(world.listed("/signing-keys")) == before + 1
    assert "signs next" in text_of(done)
    assert command_of(done)[:3] == ["scopewright", "keys", "rotate"]
    again = admin.send(admin.open("/signing-keys/rotate"), "/signing-keys/rotate")
    assert again.status_code == 422
    assert "published already" in text_of(again)


# --- the audit log ------------------------------------------------------------------------------


def test_a_change_stands_with_before_and_after_side_by_side(admin: AtWork, world: World) -> None:
    name = settings_of(world)["name"]
    world.change(name="Bakery", tokens={"access_lifetime": 600})
    page = admin.open("/audit")
    sides = [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row]
        for row in re.findall(
            r"(?s)<tr><th scope=\"row\">(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td>", page.text
        )
    ]
    assert ["name", name, "Bakery"] in sides
    assert ["tokens.access_lifetime", "–", "600"] in sides
    said = text_of(page)
    assert "workspace:update" in said
    assert "by api_key" in said
    assert world.admin_email in said


def test_the_audit_log_is_filtered_by_what_who_and_when(admin: AtWork, world: World) -> None:
    world.define("sensor:read")
    world.change(name="Bakery")
    found = text_of(admin.open("/audit?operation=scopes:create"))
    assert "sensor:read" in found
    assert "workspace:update" not in found
    assert "sensor:read" in text_of(admin.open(f"/audit?actor={world.admin_email}"))
    assert "Nothing that fits" in text_of(admin.open("/audit?to=2001-01-01T00:00:00Z"))
    wrong = admin.open("/audit?from=yesterday")
    assert wrong.status_code == 422
    assert 'value="yesterday"' in wrong.text


def test_the_audit_log_is_for_those_who_may_read_it(world: World) -> None:
    viewer = a_member(world, "viewer")
    menu = '/audit"' in viewer.open("").text
    assert menu == (viewer.open("/audit").status_code == 200)


# --- the overview -------------------------------------------------------------------------------


def test_the_overview_counts_what_there_is_and_says_what_is_to_do(
    admin: AtWork, world: World
) -> None:
    said = text_of(admin.open(""))
    assert "1 Members" in said
    assert "0 End-users" in said
    assert "Define a scope: what may be done. done" not in said
    world.define("sensor:read")
    world.device()
    world.admin.post("/api-keys", json={"note": "Ends soon", "expires_in": 864_000})
    world.admin.post("/api-keys", json={"note": "Ends late", "expires_in": 8_640_000})
    said = text_of(admin.open(""))
    assert "1 Clients" in said
    assert "Define a scope: what may be done. done" in said
    assert "Ends soon" in said
    assert "Ends late" not in said
    assert f"{world.issuer}/token" in said


def test_the_root_leads_who_manages_one_workspace_there_and_others_to_a_choice(
    admin: AtWork, world: World
) -> None:
    viewer = a_member(world, "viewer")
    assert str(viewer.browser.get(f"{world.url}/").url) == viewer.address("")
    choice = admin.browser.get(f"{world.url}/")
    assert str(choice.url) == f"{world.url}/workspaces"
    assert f'href="/workspaces/{world.slug}"' in choice.text


def test_an_end_user_is_led_to_what_they_are(world: World) -> None:
    world.define("sensor:read")
    world.end_user("ann@example.com", scopes=["sensor:read"])
    ann = at_work(world, "ann@example.com")
    assert str(ann.browser.get(f"{world.url}/").url) == f"{world.url}/me"
    assert "You manage no workspace." in text_of(ann.browser.get(f"{world.url}/workspaces"))
