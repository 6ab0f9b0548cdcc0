"""`why` and `who-can`, and the nouns behind them, against a real server."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.cli.conftest import Site

SCOPE, ROLE, ADMIN = "iotman:audit:read", "iotman:viewer", "admin@example.com"
LINE = re.compile(r"iotman:audit:read, from ([\w:, ]+), assigned by (\S+) on \d{4}-\d\d-\d\d")


@pytest.fixture(scope="module")
def crew(site: Site) -> str:
    """The id of a group with a role and one end-user in it."""
    address = f"{site.installation.url}/api/workspaces/acme"
    headers = {"authorization": f"Bearer {site.api_key}"}
    with httpx.Client(base_url=address, headers=headers) as api:
        for name in ("sensor:read", "nobody:holds"):
            api.post("/scopes", json={"name": name})
        for person in ("ann@example.com", "bob@example.com"):
            api.post("/end-users", json={"email": person, "scopes": ["sensor:read"]})
        group = str(api.post("/groups", json={"name": "Crew"}).json()["id"])
        api.put(f"/groups/{group}/members/ann@example.com")
        assert api.put(f"/principals/{group}/roles/{ROLE}").status_code == 201
    return group


def test_why_says_one_line_a_path_and_ends_with_0(site: Site, crew: str) -> None:
    code, said, _ = site.run("why", "ann@example.com", SCOPE)
    assert code == 0
    found = LINE.fullmatch(said.strip())
    assert found is not None, said
    assert found.groups() == (f"{ROLE}, through the group Crew", ADMIN)
    code, answer, _ = site.run("why", "ann@example.com", SCOPE, "--json")
    assert (code, [path["text"] for path in json.loads(answer)["paths"]]) == (0, [said.strip()])


def test_why_not_names_the_roles_that_would_give_it_and_ends_with_1(site: Site, crew: str) -> None:
    code, said, _ = site.run("why", "bob@example.com", SCOPE)
    assert (code, said.splitlines()) == (
        1,
        [
            f"bob@example.com does not hold {SCOPE}.",
            "Roles that give it: iotman:admin iotman:editor iotman:viewer",
        ],
    )
    code, said, _ = site.run("why", crew, "sensor:read")
    assert (code, said.splitlines()) == (
        1,
        ["the group Crew does not hold sensor:read.", "No role gives it."],
    )


def test_who_can_says_one_line_for_each_and_path(site: Site, crew: str) -> None:
    code, said, _ = site.run("who-can", SCOPE)
    assert code == 0
    named = [line.partition(": ") for line in said.splitlines()]
    assert [name for name, _, _ in named] == [ADMIN, "ann@example.com", "the group Crew"]
    assert all(LINE.fullmatch(text) for _, _, text in named)
    code, listed, _ = site.run("who-can", SCOPE, "--json")
    assert code == 0
    names = [one["principal"]["name"] for one in json.loads(listed)]
    assert names == [ADMIN, "ann@example.com", "Crew"]


def test_who_can_ends_with_1_where_nobody_does(site: Site, crew: str) -> None:
    assert site.run("who-can", "nobody:holds")[:2] == (1, "Nobody holds nobody:holds.\n")


def test_a_scope_that_is_not_there_is_said_so_on_standard_error(site: Site, crew: str) -> None:
    code, said, errors = site.run("why", "ann@example.com", "not:there")
    assert (code, said) == (1, "")
    assert "There is no scope of this name here." in errors
    assert site.run("who-can")[0] == 2


def test_roles_are_assigned_and_groups_entered_by_command(site: Site, crew: str) -> None:
    code, assigned, _ = site.run("assignments", "assign", "bob@example.com", ROLE, "--json")
    assert (code, json.loads(assigned)["role"]) == (0, ROLE)
    assert site.run("groups", "add", crew, "bob@example.com")[0] == 0
    code, shown, _ = site.run("principals", "show", "bob@example.com", "--json")
    assert [role["type"] for role in json.loads(shown)["roles"]] == ["DIRECT", "INDIRECT"]
    code, listed, _ = site.run("groups", "members", crew)
    assert code == 0
    assert "bob@example.com" in listed
