"""The commands that the pages of access show do to a copy what the pages have done."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.presets import presets
from tests.console.members import AtWork
from tests.console.parts import command_text, run_in_shell
from tests.visitors import REDIRECT_URI, an_address
from tests.worlds import World

READING = sorted(presets(read_shipped(internal_prefix="iotman")[INTERNAL].scopes)[0].scopes)
MOST = READING[2:]  # so that a command that is repeated for the rest is soon done
ACTS: list[tuple[str, dict[str, str | list[str]]]] = [
    ("/scopes", {"name": "sensor:read", "description": "See what it measures, even $HOME"}),
    ("/scopes", {"name": "video:gold"}),
    ("/end-users/invite", {"email": "ANN", "scopes": "sensor:read", "roles": "iotman:viewer"}),
    ("/end-users/invite", {"email": "BOB", "internal_scopes": MOST}),
    ("/end-users/ANN/scopes", {"scope": "video:gold"}),
    ("/end-users/ANN/scopes/revoke", {"scope": "sensor:read"}),
    ("/end-users/BOB/scopes/preset", {"preset": "read-only"}),
    ("/end-users/BOB/roles", {"role": "iotman:editor"}),
    ("/end-users/ANN/roles/revoke", {"role": "iotman:viewer"}),
    ("/end-users/ANN/metadata", {"key": "ingest_context", "value": '{"tier": "go\'ld"}'}),
    ("/end-users/ANN/metadata", {"key": "other", "value": "null"}),
    ("/end-users/ANN/metadata/other/delete", {}),
    ("/clients/new", {"name": "Boiler 7", "type": "client_credentials"}),
    ("/clients/new", {"name": "Portal", "type": "pkce", "redirect_uris": REDIRECT_URI}),
    ("/clients/BOILER/scopes", {"scope": "sensor:read"}),
    ("/clients/BOILER/metadata", {"key": "place", "value": '["é", 1.5, {}]'}),
    ("/clients/BOILER/secret", {"overlap": "3600"}),
    (
        "/clients/PORTAL",
        {
            "part": "settings",
            "name": "The portal",
            "redirect_uris": f"{REDIRECT_URI}\nhttps://app.example/back",
            "scope_default": "none",
            "access_lifetime": "600",
            "refresh_lifetime": "",
        },
    ),
    ("/end-users/BOB/remove", {}),
]
NAMES = {"BOILER": "Boiler 7", "PORTAL": "Portal"}


def told(word: str, names: dict[str, str]) -> str:
    for name, meant in names.items():
        word = word.replace(name, meant)
    return word


def found(world: World, names: dict[str, str]) -> dict[str, str]:
    """The clients that there are by now, beside the addresses."""
    clients = {one["name"]: one["client_id"] for one in world.listed("/clients")}
    names = names | {short: clients[name] for short, name in NAMES.items() if name in clients}
    return names | {f"id of {one['email']}": one["id"] for one in world.listed("/end-users")}


def state(world: World) -> dict[str, Any]:
    """What the acts are about, without what is never the same twice."""
    kept = ("email", "scopes", "internal_scopes", "roles")
    facts = ("name", "type", "redirect_uris", "scope_default", "tokens", "scopes")
    people, clients = world.listed("/end-users"), world.listed("/clients")
    owners = [f"/end-users/{quote(one['email'])}" for one in people]
    owners += [f"/clients/{one['client_id']}" for one in clients]
    return {
        "scopes": [(one["name"], one["description"]) for one in world.listed("/scopes")],
        "end_users": [{name: one[name] for name in kept} for one in people],
        "clients": [{name: one[name] for name in facts} for one in clients],
        "internal": [one["internal_scopes"] for one in clients],
        "secrets": [len(one["secrets"]) for one in clients],
        "metadata": [
            [(one["key"], one["value"]) for one in world.listed(f"{owner}/metadata")]
            for owner in owners
        ],
    }


def test_every_shown_command_does_to_a_copy_what_the_page_did(
    admin: AtWork, world: World, first: World
) -> None:
    copy = first.another()
    people = {"ANN": an_address("ann+1"), "BOB": an_address("bob")}
    here, there = dict(people), dict(people)
    for path, fields in ACTS:
        here = found(world, here)
        sent = {k: told(v, here) if isinstance(v, str) else v for k, v in fields.items()}
        page = admin.open("/scopes")
        done = admin.send(page, told(path, here), **sent)
        assert done.status_code == 200, (path, done.text)
        here, there = found(world, here), found(copy, there)
        command = command_text(done).replace(world.slug, copy.slug)
        for name, meant in here.items():
            command = command.replace(meant, there.get(name, meant))
        run_in_shell(copy, command)
        assert state(world) == state(copy), path
