"""The management nouns as people and programs use them, against a real server."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Site
from tests.ports import free_port
from tests.tls import CertificateAuthority, https_site

ROWS = 1500  # more than one page


def ran(site: Site, *arguments: str) -> Any:
    """What a command that succeeds answers."""
    code, said, errors = site.run(*arguments, "--json")
    assert code == 0, errors
    return json.loads(said)


def test_a_noun_is_created_shown_changed_and_deleted(site: Site) -> None:
    made = ran(site, "scopes", "create", "video:gold", "--description", "Gold.")
    assert made["name"] == "video:gold"
    assert "video:gold" in [scope["name"] for scope in ran(site, "scopes", "list")]
    ran(site, "scopes", "update", "video:gold", "--description", "Better.")
    assert ran(site, "scopes", "show", "video:gold")["description"] == "Better."
    code, said, _ = site.run("scopes", "delete", "video:gold")
    assert (code, said) == (0, "done\n")
    assert site.run("scopes", "show", "video:gold")[0] == 1


def test_a_change_can_be_rehearsed_and_then_nothing_has_changed(site: Site) -> None:
    told = ran(site, "scopes", "create", "video:never", "--dry-run")
    assert told == {"changes": {"scopes": {"added": 1}}}
    assert site.run("scopes", "show", "video:never")[0] == 1
    ran(site, "scopes", "create", "video:silver")
    code, said, _ = site.run("scopes", "delete", "video:silver", "--dry-run")
    assert (code, said.split()) == (0, ["what", "how", "many", "scopes", "removed", "1"])
    assert ran(site, "scopes", "show", "video:silver")["name"] == "video:silver"
    assert site.run("scopes", "delete", "video:gone", "--dry-run")[0] == 1
    ran(site, "end-users", "invite", "dry@example.com", "--scope", "video:silver")
    code, said, _ = site.run("grants", "create", "dry@example.com", "video:silver", "--dry-run")
    assert (code, said) == (0, "nothing would change\n")
    assert site.run("scopes", "list", "--dry-run")[0] == 2


def test_an_owner_is_an_address_or_a_client(site: Site) -> None:
    ran(site, "scopes", "create", "sensor:read")
    client = ran(site, "clients", "create", "Reader", "client_credentials")["client_id"]
    ran(site, "end-users", "invite", "eve@example.com", "--scope", "sensor:read")
    for owner in (client, "eve@example.com"):
        ran(site, "grants", "create", owner, "sensor:read")
        granted = ran(site, "grants", "list", owner)
        assert "sensor:read" in json.dumps(granted)
        ran(site, "metadata", "set", owner, "tier", '{"level": [1, null, "gold"]}')
        shown = ran(site, "metadata", "show", owner, "tier")
        assert shown["value"] == {"level": [1, None, "gold"]}
        assert site.run("grants", "revoke", owner, "sensor:read")[0] == 0
        assert "sensor:read" not in json.dumps(ran(site, "grants", "list", owner))


def test_people_and_services_are_listed_disabled_linked_and_signed_out(site: Site) -> None:
    service = ran(site, "principals", "create", "Pump", "--owner", "admin@example.com")
    named = {"name": "Valve", "id": service["id"]}
    assert (
        named.items() <= ran(site, "principals", "update", service["id"], "--name", "Valve").items()
    )
    ran(site, "principals", "disable", service["id"])
    assert [one["id"] for one in ran(site, "principals", "list", "--disabled")] == [service["id"]]
    ran(site, "principals", "enable", service["id"])
    owned = ran(site, "principals", "list", "--owner", "admin@example.com", "--no-disabled")
    assert [one["name"] for one in owned] == ["Valve"]
    ran(site, "end-users", "invite", "liz@example.com", "--role", "iotman:viewer")
    ran(site, "identities", "link", "liz@example.com", "lab", "liz")
    linked = ran(site, "identities", "list", "liz@example.com")
    assert [one["provider"] for one in linked] == ["email", "lab"]
    assert site.run("identities", "unlink", "liz@example.com", "email", "liz@example.com")[0] == 1
    assert site.run("identities", "unlink", "liz@example.com", "lab", "liz")[0] == 0
    answer = ran(site, "principals", "sign-out", "liz@example.com")
    assert answer == {"sessions_ended": 0, "api_keys_kept": 0}
    assert "liz@example.com" in site.run("principals", "list", "--q", "liz")[1]
    assert site.run("principals", "remove", service["id"]) == (0, "done\n", "")


def test_roles_are_composed_previewed_and_what_was_done_is_undone(site: Site) -> None:
    ran(site, "scopes", "create", "pump:r")
    ran(site, "scopes", "create", "pump:w", "--implies", "pump:r")
    ran(site, "roles", "create", "keeper", "--scope", "pump:w")
    made = ran(site, "roles", "create", "crew", "--include", "keeper")
    assert [each["scope"] for each in made["effective"]] == ["pump:r", "pump:w"]
    ran(site, "end-users", "invite", "kim@example.com", "--role", "crew")
    change = json.dumps({"roles": {"keeper": {"scopes": ["pump:r"]}}})
    previewed = ran(site, "preview", change)
    assert [each["scopes"] for each in previewed["losses"]] == [["pump:w"]]
    code, said, _ = site.run("preview", change)
    assert (code, said.splitlines()[-1]) == (0, "1 would gain or lose something.")
    assert site.run("preview", "{")[0] == site.run("preview", "[]")[0] == 2
    ran(site, "roles", "update", "keeper", "--scope", "pump:r")
    newest = ran(site, "revisions", "list", "--limit", "1")[0]
    ran(site, "revisions", "undo", newest["id"])
    assert ran(site, "roles", "show", "keeper")["scopes"] == ["pump:w"]
    code, _, errors = site.run("roles", "delete", "crew")
    assert (code, "end-user kim@example.com" in errors) == (1, True)
    assert site.run("roles", "delete", "crew", "--force")[0] == 0
    assert ran(site, "role-mappings", "list") == []
    assert site.run("role-mappings", "set", "gone", "keeper")[0] == 1


def test_every_page_of_a_list_is_walked(site: Site) -> None:
    endpoint = ran(site, "endpoints", "create", "Rows")
    rows = "\n".join(f'{{"n":{n}}}' for n in range(ROWS))
    sent = httpx.post(
        f"{site.installation.url}/data/acme/rows",
        content=rows,
        headers={
            "authorization": f"Bearer {site.api_key}",
            "content-type": "application/x-ndjson",
        },
    )
    assert sent.status_code == 202
    listed = ran(site, "datapoints", "list", "--endpoint", endpoint["id"])
    assert [point["payload"]["n"] for point in listed] == list(reversed(range(ROWS)))
    assert len(ran(site, "datapoints", "list", "--limit", "3")) == 3


def test_people_get_a_table_without_colours_or_control_characters(site: Site) -> None:
    ran(site, "scopes", "create", "evil:name", "--description", "red \x1b[31m[bold]text[/bold]")
    code, said, _ = site.run("scopes", "list")
    assert code == 0
    assert "\x1b" not in said
    assert "[bold]text[/bold]" in said
    assert said.startswith("name")


def test_a_denied_command_names_the_missing_scope_and_ends_with_1(site: Site) -> None:
    client = ran(site, "clients", "create", "Narrow", "client_credentials")
    ran(site, "grants", "create", client["client_id"], "iotman:scopes:read")
    issuer = ran(site, "workspaces", "show")["issuer"]
    by = (client["client_id"], client["client_secret"])
    answer = httpx.post(f"{issuer}/token", data={"grant_type": "client_credentials"}, auth=by)
    token = answer.json()["access_token"]
    assert site.run("scopes", "list", key=token)[0] == 0
    code, said, errors = site.run("scopes", "create", "x:y", key=token)
    assert (code, said) == (1, "")
    assert "iotman:scopes:create" in errors
    assert token not in errors


def test_a_bad_key_is_denied_with_what_to_do_and_is_not_repeated(site: Site) -> None:
    code, _, errors = site.run("scopes", "list", key="swk_wrong")
    assert code == 1
    assert "scopewright login" in errors
    assert "swk_wrong" not in errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["scopes", "create", "sensor read"], 2),
        (["scopes", "create"], 2),
        (["scopes", "create", "a", "b"], 2),
        (["scopes", "frobnicate"], 2),
        (["metadata", "set", "a@b.example", "k", "{not json"], 2),
        (["datapoints", "list", "--limit", "0"], 2),
        (["datapoints", "list", "--from", "yesterday"], 2),
        (["clients", "create", "X", "telepathy"], 2),
        (["clients", "show", "../workspaces"], 1),
        (["metadata", "show", "nobody@example.com", "k"], 1),
        (["scopes", "list", "--workspace", "no-such"], 1),
        (["whoami", "--url", "http://127.0.0.1:1"], 3),
        (["whoami", "--url", "http://auth.example"], 2),
        (["whoami", "--url", "nonsense"], 2),
        (["whoami", "--url", "http://[::1"], 2),
    ],
)
def test_an_exit_code_tells_denied_from_wrong_from_failed(
    site: Site, arguments: list[str], code: int
) -> None:
    got, said, errors = site.run(*arguments)
    assert (got, said) == (code, "")
    assert "Traceback" not in errors


def test_a_server_that_is_something_else_is_a_failure(site: Site) -> None:
    code, _, errors = site.run("scopes", "list", "--url", f"http://127.0.0.1:{free_port()}")
    assert code == 3
    assert "does not answer" in errors


def test_a_server_whose_certificate_is_not_trusted_is_told_with_what_to_do(
    site: Site, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path)
    with https_site(authority.issue()) as stranger:
        code, _, errors = site.run("scopes", "list", "--url", stranger.url().rstrip("/"))
        issuer = stranger.url(f"/w/{site.issuer.rpartition('/')[2]}")
        by_device = site.run("login", "--device", "--issuer", issuer)
    assert (code, by_device[0]) == (3, 3)
    for said in (errors, by_device[2]):
        assert "SSL_CERT_FILE" in said
        assert len(said.splitlines()) == 1


def test_lifetimes_and_overlaps_are_written_with_their_unit(site: Site) -> None:
    token = ran(site, "registration-tokens", "create", "--expires-in", "2h")
    shown = datetime.fromisoformat(token["expires_at"]) - datetime.fromisoformat(
        token["created_at"]
    )
    assert shown == timedelta(hours=2)
    client = ran(site, "clients", "create", "Overlapping", "client_credentials")
    before = (client["client_id"], client["client_secret"])
    ran(site, "clients", "rotate-secret", client["client_id"], "--overlap", "1m")
    form = {"grant_type": "client_credentials"}
    assert httpx.post(f"{site.issuer}/token", auth=before, data=form).status_code == 200


def test_what_answers_a_change_with_a_list_is_shown_as_one(site: Site) -> None:
    code, said, _ = site.run("keys", "rotate", "--algorithm", "ES256")
    assert code == 0
    assert said.split()[:3] == ["id", "algorithm", "state"]
    assert "next_page" not in said


def test_whoami_shows_the_member_behind_the_key(site: Site) -> None:
    assert ran(site, "whoami")["principal"]["name"] == "admin@example.com"
    code, said, _ = site.run("whoami")
    assert code == 0
    assert "admin@example.com" in said


def test_needs_names_the_roles_that_supply_scopes_and_ends_with_1_where_none_does(
    site: Site,
) -> None:
    asked = ran(site, "needs", "iotman:audit:read", "iotman:groups:read")
    assert [one["scope"] for one in asked["scopes"]] == ["iotman:audit:read", "iotman:groups:read"]
    assert asked["suggestion"]["roles"] == ["iotman:viewer"]
    code, said, _ = site.run("needs", "iotman:sessions:revoke")
    assert (code, "The least: iotman:editor" in said) == (0, True)
    ran(site, "scopes", "create", "needed:by-nobody")
    assert site.run("needs", "needed:by-nobody")[0] == 1
