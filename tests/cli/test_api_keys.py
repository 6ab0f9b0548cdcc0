"""API keys from the command line: made for a while, listed, rotated, revoked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Site


def ran(site: Site, *arguments: str, key: str | None = None) -> Any:
    """What a command that succeeds answers."""
    code, said, errors = site.run(*arguments, "--json", key=key)
    assert code == 0, errors
    return json.loads(said)


def lifetime(key: dict[str, Any]) -> timedelta:
    return datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])


def test_a_key_is_made_for_a_while_with_scopes_and_a_note_listed_and_revoked(site: Site) -> None:
    scopes = ("--scope", "iotman:scopes:read", "--scope", "iotman:api-keys:create")
    key = ran(site, "api-keys", "create", "--expires-in", "10m", *scopes, "--note", "the pump")
    assert key["scopes"] == ["iotman:api-keys:create", "iotman:scopes:read"]
    assert (lifetime(key), key["note"]) == (timedelta(minutes=10), "the pump")
    assert key["id"] in [one["id"] for one in ran(site, "api-keys", "list")]
    assert "secret" not in ran(site, "api-keys", "show", key["id"])
    assert ran(site, "api-keys", "current", key=key["secret"])["id"] == key["id"]
    assert ran(site, "api-keys", "update", key["id"], "a valve")["note"] == "a valve"
    next_one = ran(site, "api-keys", "rotate", key["id"], "--overlap", "1h")
    assert next_one["note"] == "a valve"
    assert site.run("scopes", "list", key=key["secret"])[0] == 0
    assert site.run("api-keys", "revoke", key["id"])[:2] == (0, "done\n")
    assert site.run("scopes", "list", key=key["secret"])[0] == 1
    assert site.run("api-keys", "revoke-current", key=next_one["secret"])[0] == 0
    assert site.run("scopes", "list", key=next_one["secret"])[0] == 1


def test_a_key_is_made_for_somebody_else(site: Site) -> None:
    ran(site, "scopes", "create", "pump:read")
    ran(site, "end-users", "invite", "kim@example.com", "--scope", "pump:read")
    whose = ("--principal", "kim@example.com")
    key = ran(site, "api-keys", "create", "--scope", "pump:read", "--tag", "room:1", *whose)
    assert (key["scopes"], key["tags"]) == (["pump:read"], ["room:1"])
    assert [one["id"] for one in ran(site, "api-keys", "list", *whose)] == [key["id"]]
    assert ran(site, "api-keys", "show", key["id"], *whose)["id"] == key["id"]
    assert site.run("api-keys", "show", key["id"])[0] == 1
    assert site.run("api-keys", "revoke", key["id"], *whose)[0] == 0
    assert ran(site, "api-keys", "list", *whose) == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [("90", 90), ("90s", 90), ("2m", 120), ("1h", 3600), ("1d", 86_400), ("1y", 31_536_000)],
)
def test_a_duration_has_a_unit(site: Site, said: str, meant: int) -> None:
    key = ran(site, "api-keys", "create", "--expires-in", said)
    assert lifetime(key) == timedelta(seconds=meant)
    site.run("api-keys", "revoke", key["id"])


@pytest.mark.parametrize("said", ["", "m", "-1m", "1.5h", "10 m", "10w", "1" * 13, "0", "11y"])
def test_a_duration_that_cannot_be_is_wrong_usage(site: Site, said: str) -> None:
    code, _, errors = site.run("api-keys", "create", f"--expires-in={said}")
    assert code == 2, errors
