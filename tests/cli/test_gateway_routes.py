"""Routes of applications by command: declared, and imported from a file of JSON or YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Site
from tests.cli.test_manage import ran

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Viewer", "version": "1"},
    "paths": {"/things/{id}": {"get": {"security": [{"oauth": ["viewer.read"]}]}}},
}


@pytest.fixture(scope="module")
def application(site: Site) -> str:
    ran(site, "applications", "create", "viewer")
    ran(site, "application-scopes", "create", "viewer", "viewer.read")
    return "viewer"


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_a_document_is_imported_from_a_file(
    site: Site, application: str, tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"openapi.{suffix}"
    spelled = json.dumps(DOCUMENT) if suffix == "json" else yaml.safe_dump(DOCUMENT)
    file.write_text(spelled)
    host = f"{suffix}.example"
    answer = ran(site, "gateway-routes", "import", application, host, str(file))
    (made,) = answer["made"]
    assert (made["host"], made["path"], made["scopes"]) == (host, "/things/{}", ["viewer.read"])
    assert made in ran(site, "gateway-routes", "list", application)


def test_a_route_is_declared_changed_and_taken_away(site: Site, application: str) -> None:
    given = ("viewer.example", "/a/**", "--scope", "viewer.read", "--method", "GET")
    made = ran(site, "gateway-routes", "declare", application, *given)
    changed = ran(
        site, "gateway-routes", "update", application, made["id"], "--credential", "browser"
    )
    assert changed == {**made, "credentials": ["browser"]}
    assert site.run("gateway-routes", "delete", application, made["id"])[:2] == (0, "done\n")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("a.json", "{", "is not JSON"), ("a.yaml", "{", "is not YAML")],
)
def test_a_file_that_cannot_be_read_is_wrong_usage(
    site: Site, tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    code, _, errors = site.run("gateway-routes", "import", "viewer", "a.b", str(tmp_path / name))
    assert code == 2
    assert says in errors
