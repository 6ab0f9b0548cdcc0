"""What to add to a role so that it reaches something, over HTTP."""

from __future__ import annotations

import pytest

from tests.inprocess import Running, Tenant

CORE = "mdsp:core:"


@pytest.fixture
def tenant(inside: Running) -> Tenant:
    return Tenant(inside, catalogues=("internal", "mindsphere"))


def test_each_scope_has_its_roles_and_all_have_a_suggestion(tenant: Tenant) -> None:
    asked = tenant.call("GET", "/needs?scope=iot.bts.r&scope=iot.tim.r&scope=iot.bts.r")
    assert asked.status_code == 200
    assert asked.json() == {
        "scopes": [
            {"scope": "iot.bts.r", "roles": [{"role": f"{CORE}iot.timUser", "beside": 0}]},
            {
                "scope": "iot.tim.r",
                "roles": [
                    {"role": f"{CORE}iot.timUser", "beside": 0},
                    {"role": f"{CORE}iot.timAdmin", "beside": 4},
                ],
            },
        ],
        "suggestion": {"roles": [f"{CORE}iot.timUser"], "beside": []},
    }


def test_a_scope_that_no_catalogue_role_supplies_has_none(tenant: Tenant) -> None:
    tenant.define("sensor:read")
    asked = tenant.call("GET", "/needs?scope=sensor:read&scope=uts.qi").json()
    assert asked["scopes"][0] == {"scope": "sensor:read", "roles": []}
    assert asked["suggestion"]["roles"] == [f"{CORE}uts.analyst"]
    assert asked["suggestion"]["beside"] == ["uts.rc", "uts.ri", "uts.su"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("?scope=" + "a" * 129, 422),
        ("?" + "&".join(["scope=asm.r"] * 201), 422),
        ("?scope=", 404),
        ("?scope=asm.r&scope=nothing", 404),
        ("?scope=ASM.R", 404),
    ],
)
def test_bad_input_is_refused_by_name(tenant: Tenant, query: str, status: int) -> None:
    refused = tenant.call("GET", f"/needs{query}")
    assert refused.status_code == status
    assert refused.json()["field"].startswith("scope")


def test_only_who_may_read_roles_is_told(tenant: Tenant) -> None:
    reader, other = tenant.key_with("iotman:roles:read"), tenant.key_with("iotman:scopes:read")
    assert tenant.call("GET", "/needs?scope=asm.r", bearer=reader).status_code == 200
    refused = tenant.call("GET", "/needs?scope=asm.r", bearer=other)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["iotman:roles:read"])
