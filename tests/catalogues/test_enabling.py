"""Catalogues in workspaces: which go together, what they keep to themselves, a site's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.inprocess import Running, Tenant, running

GARDEN = """
[applications]
role = "{application}:{role}"
roles = ["admin"]

[[scope]]
name = "roses.cut"
description = "Cut roses."

[[role]]
name = "gardener"
description = "Cuts roses."
scopes = ["roses.cut"]
"""
SHRUBS = GARDEN.replace("[applications]", "").replace('role = "{application}:{role}"', "")
SHRUBS = SHRUBS.replace('roles = ["admin"]', "").replace("gardener", "shrubber")


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A site with two catalogues of its own."""
    folder = tmp_path_factory.mktemp("site")
    files = folder / "garden.toml", folder / "shrubs.toml"
    for file, text in zip(files, (GARDEN, SHRUBS), strict=True):
        file.write_text(text)
    url = f"sqlite:///{folder / 'scopewright.db'}"
    with running(url, folder, catalogues=[str(file) for file in files]) as started:
        yield started


def create(inside: Running, **body: Any) -> httpx.Response:
    key = Tenant(inside).admin_key
    headers = {"authorization": f"Bearer {key}"}
    return inside.http.request("POST", "/api/workspaces", json=body, headers=headers)


def test_no_tenant_is_called_core_where_the_core_roles_are_enabled(inside: Running) -> None:
    refused = create(inside, name="Core", slug="core", catalogues=["mindsphere"])
    assert refused.status_code == 409
    assert refused.json()["field"] == "slug"
    assert refused.json()["conflict"] == "mindsphere"
    assert "The catalogue mindsphere reserves this slug" in refused.json()["detail"]
    made = create(inside, name="Core", catalogues=["mindsphere"])
    assert (made.status_code, made.json()["slug"]) == (201, "core-2")
    assert create(inside, name="Core", slug="core").status_code == 201


def test_a_workspace_has_one_way_to_name_applications(inside: Running) -> None:
    refused = create(inside, name="Both", catalogues=["mindsphere", "garden"])
    assert (refused.status_code, refused.json()["field"]) == (422, "catalogues")
    assert "Both mindsphere and garden say how applications are named" in refused.json()["detail"]
    made = create(inside, name="Plain", catalogues=["plain", "garden"])
    assert made.json()["catalogues"] == ["internal", "garden"]  # plain is for who names no other


def test_catalogues_that_define_the_same_name_do_not_go_together(inside: Running) -> None:
    refused = create(inside, name="Both", catalogues=["shrubs", "garden"])
    assert (refused.status_code, refused.json()["field"]) == (422, "catalogues")
    assert "Both shrubs and garden define roses.cut" in refused.json()["detail"]
    assert create(inside, name="Alone", catalogues=["shrubs"]).status_code == 201


def test_a_sites_own_catalogue_is_a_vocabulary_like_any_other(inside: Running) -> None:
    tenant = Tenant(inside, catalogues=("internal", "garden"))
    shown = tenant.call("GET", "/scopes/roses.cut").json()
    assert (shown["description"], shown["roles"]) == ("Cut roses.", ["gardener"])
    assert tenant.call("POST", "/scopes", {"name": "roses.mine"}).status_code == 409
