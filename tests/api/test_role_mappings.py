"""Mappings over HTTP: an include that no catalogue resolves follows the role that is named."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inprocess import Running, Tenant

MISSING, FULL = "mdsp:core:dvcinv.readonly", "mdsp:core:frmdpylmnt.fullaccess"
READONLY = "mdsp:core:devicemanagement.devicereadonly"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    tenant = Tenant(inside, catalogues=("internal", "mindsphere"))
    tenant.role("mine", "sinv.r")
    return tenant


def effective(tenant: Tenant) -> set[str]:
    shown = tenant.call("GET", f"/roles/{FULL}").json()
    return {each["scope"] for each in shown["effective"]}


def test_a_missing_include_is_listed_until_a_role_stands_for_it(tenant: Tenant) -> None:
    def listed() -> Any:
        return tenant.call("GET", "/role-mappings").json()

    assert listed() == {"data": [{"include": MISSING, "role": None}], "next_page": None}
    before = effective(tenant)
    put = tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    assert (put.status_code, put.json()) == (200, {"include": MISSING, "role": "mine"})
    assert listed()["data"] == [put.json()]
    assert effective(tenant) == before | {"sinv.r"}
    path = next(
        each["paths"]
        for each in tenant.call("GET", f"/roles/{FULL}").json()["effective"]
        if each["scope"] == "sinv.r"
    )
    assert path == [["mine", MISSING, FULL]]
    assert tenant.call("DELETE", f"/role-mappings/{MISSING}").status_code == 204
    assert effective(tenant) == before
    assert tenant.call("DELETE", f"/role-mappings/{MISSING}").status_code == 404


def test_what_is_mapped_follows_the_role_and_may_be_mapped_anew(tenant: Tenant) -> None:
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    before = effective(tenant)
    tenant.call("PATCH", "/roles/mine", {"scopes": ["sinv.r", "asm.c"]})
    assert effective(tenant) == before | {"asm.c"}
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": READONLY})
    assert effective(tenant) == before
    tenant.call("PATCH", "/roles/mine", {"scopes": ["asm.d"]})
    assert effective(tenant) == before


@pytest.mark.parametrize(
    ("include", "role", "status", "fact"),
    [
        (MISSING, "nobody", 422, {"field": "role"}),
        (MISSING, "", 422, {"field": "role"}),
        (MISSING, 1, 422, {"field": "role"}),
        ("nothing", "mine", 404, {}),
        (MISSING.upper(), "mine", 404, {}),
        ("mine", READONLY, 409, {"conflict": "mine"}),
        (READONLY, "mine", 409, {"conflict": READONLY}),
        ("mdsp:core:assetmanagement:reporter", "mine", 409, {}),
    ],
)
def test_only_what_is_missing_is_mapped_and_only_to_what_exists(
    tenant: Tenant, include: str, role: Any, status: int, fact: dict[str, Any]
) -> None:
    answer = tenant.call("PUT", f"/role-mappings/{include}", {"role": role})
    assert answer.status_code == status
    assert fact.items() <= answer.json().items()
    assert tenant.call("GET", "/role-mappings").json()["data"] == [
        {"include": MISSING, "role": None}
    ]


def test_the_role_may_be_spelled_in_any_way_and_is_kept_in_one(tenant: Tenant) -> None:
    alias, name = "mdsp:core:assetmanagement:reporter", "mdsp:core:assetmanagement.reporter"
    put = tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": alias})
    assert put.json() == {"include": MISSING, "role": name}


def test_a_mapping_that_would_close_a_circle_is_refused_with_the_path(tenant: Tenant) -> None:
    tenant.role("around", includes=(FULL,))
    answer = tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "around"})
    assert answer.status_code == 409
    assert answer.json()["conflict"] == [MISSING, "around", FULL, MISSING]


def test_a_mapped_name_is_taken(tenant: Tenant) -> None:
    tenant.call("PUT", f"/role-mappings/{MISSING}", {"role": "mine"})
    assert tenant.call("POST", "/roles", {"name": MISSING}).status_code == 409


def test_nobody_lets_a_role_stand_that_holds_what_they_do_not(tenant: Tenant) -> None:
    tenant.role("keys", "iotman:keys:rotate")
    narrow = tenant.key_with("iotman:roles:update")
    path = f"/role-mappings/{MISSING}"
    answer = tenant.call("PUT", path, {"role": "keys"}, bearer=narrow)
    assert (answer.status_code, answer.json()["missing"]) == (403, ["iotman:keys:rotate"])
    assert tenant.call("PUT", path, {"role": "mine"}, bearer=narrow).status_code == 200
    assert tenant.call("PUT", path, {"role": "keys"}).status_code == 200
    assert tenant.call("PUT", path, {"role": "keys"}, bearer=narrow).status_code == 200  # as it is
