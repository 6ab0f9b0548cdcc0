"""What MindSphere's roles and scopes can do, a test a behaviour, over HTTP.

The number in a test's name is the behaviour's; its docstring says the behaviour in our own words
and is what `docs/seeds.md` shows. `shelf` is a workspace that nobody changes; `world` one of the
test's own, both with the catalogue of core roles.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from scopewright.guard import Guard
from tests.dialects.conftest import Site
from tests.dialects.test_iotman import forgeries
from tests.visitors import Form, Person, an_address, submit
from tests.worlds import KnownClient, World

CATALOGUE: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("core_roles.json").read_text()
)
ROLES = {
    name: set(scopes.split()) for roles in CATALOGUE.values() for name, scopes in roles.items()
}
CORE = "mdsp:core:"
REPORTER = f"{CORE}assetmanagement.reporter"
REPORTER_MISSPELT = f"{CORE}assetmanagement:reporter"
TIM_USER, TIM_ADMIN = f"{CORE}iot.timUser", f"{CORE}iot.timAdmin"
FIRMWARE, MISSING = f"{CORE}frmdpylmnt.fullaccess", f"{CORE}dvcinv.readonly"
VIEWER = "timeseriesviewer"
FIVE = {"asm.f.r", "asm.r", "atm.apt.r", "atm.r", f"{VIEWER}.all"}
SEVEN = FIVE | {"iot.tim.r", "iot.bts.r"}


@pytest.fixture(scope="module")
def shelf(site: Site) -> World:
    """A workspace that nobody changes."""
    return site.first.another(catalogues=["mindsphere"])


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["mindsphere"])


# --- what the tests say often -------------------------------------------------------------------


def made(answer: httpx.Response) -> dict[str, Any]:
    """What a call that must succeed has answered."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return dict(answer.json()) if answer.content else {}


def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a call that must be refused."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return dict(answer.json())


def mindsphere(world: World) -> dict[str, Any]:
    """The catalogue as the vocabulary shows it."""
    shown = made(world.admin.get("/vocabulary"))["catalogues"]
    return next(dict(catalogue) for catalogue in shown if catalogue["name"] == "mindsphere")


def role(world: World, name: str) -> dict[str, Any]:
    return made(world.admin.get(f"/roles/{quote(name)}"))


def effective(world: World, name: str) -> set[str]:
    """All scopes that a role comes to."""
    return {each["scope"] for each in role(world, name)["effective"]}


def define(world: World, name: str, *scopes: str, includes: Iterable[str] = ()) -> str:
    """A role of the workspace's own."""
    body = {"name": name, "scopes": [*scopes], "includes": [*includes]}
    return str(made(world.admin.post("/roles", json=body))["name"])


def own_role(world: World, application: str, short: str) -> str:
    """The full name of an application's role."""
    return f"mdsp:{world.slug}:{application}.{short}"


def change(world: World, application: str, short: str, **parts: list[str]) -> httpx.Response:
    return world.admin.patch(f"/applications/{application}/roles/{short}", json=parts)


def application(
    world: World, name: str = VIEWER, *, scopes: Iterable[str] = ("all",), registered: bool = True
) -> str:
    """An application whose two roles hold all of its scopes."""
    made(world.admin.post("/applications", json={"name": name}))
    full = [f"{name}.{scope}" for scope in scopes]
    for scope in full:
        made(world.admin.post(f"/applications/{name}/scopes", json={"name": scope}))
    for short in ("admin", "user"):
        made(change(world, name, short, scopes=full))
    if registered:
        made(world.admin.post(f"/applications/{name}/register"))
    return name


def assign(world: World, principal: str, *roles: str) -> None:
    for name in roles:
        made(world.admin.put(f"/principals/{principal}/roles/{quote(name)}"))


def unassign(world: World, principal: str, name: str) -> None:
    made(world.admin.delete(f"/principals/{principal}/roles/{quote(name)}"))


def person(world: World, *roles: str, app: KnownClient | None = None) -> Person:
    """An end-user with these roles, or with nothing but a scope of no interest."""
    address = an_address()
    if not roles:
        world.define("of:no:interest")
    given = {"roles": [*roles]} if roles else {"scopes": ["of:no:interest"]}
    made(world.admin.post("/end-users", json={"email": address, **given}))
    return world.person(address, app or world.phone_app())


def claims(token: str) -> dict[str, Any]:
    """What a token says, believed without a look at its signature."""
    payload = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def scopes_of(token: str) -> set[str]:
    return set(claims(token)["scope"].split())


def held(world: World, principal: str) -> set[str]:
    """What somebody holds now, as it is explained."""
    return {each["scope"] for each in made(world.admin.get(f"/principals/{principal}"))["held"]}


def machine(world: World, *roles: str) -> KnownClient:
    """A program with these roles."""
    client = world.register("client_credentials")
    assign(world, client.id, *roles)
    return client


def may(world: World, token: str, *scopes: str) -> int:
    """What a proxy is told about a request with this token that needs these scopes."""
    query = [("scope", scope) for scope in scopes]
    answer = world.http.get(f"{world.issuer}/verify", params=query, headers=world.as_bearer(token))
    return answer.status_code


def launchpad(world: World, token: str) -> list[str]:
    answer = world.http.get("/api/launchpad", headers=world.as_bearer(token))
    return [tile["name"] for tile in made(answer)["data"]]


# --- catalogue ----------------------------------------------------------------------------------


def test_001_the_catalogue_is_whole(shelf: World) -> None:
    """The catalogue of core roles has 24 services, 48 roles, 169 scopes and 255 pairs of them."""
    shown = mindsphere(shelf)
    scopes = {scope["name"] for service in shown["resources"] for scope in service["scopes"]}
    roles = [role(shelf, each["name"]) for each in shown["roles"]]
    assert (len(shown["resources"]), len(roles), len(scopes)) == (24, 48, 169)
    assert sum(len(each["scopes"]) for each in roles) == 255
    assert {service["name"] for service in shown["resources"]} == set(CATALOGUE)


@pytest.mark.parametrize("service", CATALOGUE)
def test_002_every_role_lists_its_scopes(shelf: World, service: str) -> None:
    """Each core role lists exactly the scopes of its table, and belongs to its service."""
    for name, scopes in CATALOGUE[service].items():
        shown = role(shelf, name)
        assert (shown["scopes"], shown["resource"]) == (sorted(scopes.split()), service)
        assert shown["owner"] == "mindsphere"


def test_003_words_are_looked_up_by_name(shelf: World) -> None:
    """A role or scope is found by its name, with a description and its service; a scope with all
    roles that hold it."""
    scope = made(shelf.admin.get("/scopes/dinv.r"))
    assert len(scope["roles"]) == 6
    assert scope["description"]
    services = {role(shelf, name)["resource"] for name in scope["roles"]}
    assert len(services) == 3
    assert scope["resource"] in services
    found = role(shelf, REPORTER)
    assert (found["resource"], bool(found["description"])) == ("Asset Management", True)
    refused(shelf.admin.get("/scopes/dinv.x"), 404)
    refused(shelf.admin.get(f"/roles/{CORE}nothing"), 404)


def test_004_which_roles_supply_what_is_needed(shelf: World) -> None:
    """Asked for scopes, the workspace names the core roles that supply them, and the set that
    brings the least beside."""
    asked = made(shelf.admin.get("/needs", params={"scope": "asm.r"}))
    (supplied,) = asked["scopes"]
    assert {each["role"] for each in supplied["roles"]} == {
        name for name in ROLES if name.startswith(f"{CORE}assetmanagement.")
    }
    assert asked["suggestion"]["roles"] == [REPORTER]
    asked = made(shelf.admin.get("/needs", params={"scope": "iot.tim.r"}))
    assert {each["role"] for each in asked["scopes"][0]["roles"]} == {TIM_ADMIN, TIM_USER}
    both = made(shelf.admin.get("/needs", params=[("scope", "iot.bts.r"), ("scope", "asm.r")]))
    assert set(both["suggestion"]["roles"]) == {REPORTER, TIM_USER}


def test_005_a_role_may_be_empty(world: World) -> None:
    """The tenant user's role exists, can be assigned, and gives nothing."""
    empty = f"{CORE}tm.tenantUser"
    client = machine(world, empty)
    assert effective(world, empty) == set()
    assert scopes_of(world.access_token(client)) == set()


def test_006_a_shared_scope_is_one_scope(world: World) -> None:
    """A scope that stands under several services is one: either role gives it, and it stands in a
    token once."""
    one, other = f"{CORE}dwf.readonly", f"{CORE}devicemanagement.devicereadonly"
    assert "dinv.r" in ROLES[one] & ROLES[other]
    for roles in ([one], [other], [one, other]):
        token = world.access_token(machine(world, *roles))
        assert claims(token)["scope"].split().count("dinv.r") == 1
        assert may(world, token, "dinv.r") == 204


def test_007_an_admin_is_no_user(world: World) -> None:
    """The time series admin cannot read what only the user's role gives."""
    admin, user = (world.access_token(machine(world, name)) for name in (TIM_ADMIN, TIM_USER))
    assert may(world, admin, "iot.bts.r") == 403
    assert may(world, user, "iot.bts.r") == 204


def test_008_writing_implies_reading(world: World) -> None:
    """Who may write exchanged data may read it; who may read it may not write it."""
    writes = world.access_token(world.device(scopes=["pl.de.w"]))
    reads = world.access_token(world.device(scopes=["pl.de.r"]))
    assert (may(world, writes, "pl.de.r"), may(world, reads, "pl.de.w")) == (204, 403)


def test_009_what_is_of_no_use_alone_is_said(world: World) -> None:
    """The anomaly detection role without the analytics role is reported as incomplete and gives
    its one scope; with it, nothing is missing."""
    client, alone = world.register("client_credentials"), f"{CORE}analytics.adb.user"
    told = made(world.admin.put(f"/principals/{client.id}/roles/{alone}"))
    beside = f"{CORE}analytics.user"
    assert told["incomplete"] == [{"role": alone, "requires": [beside]}]
    assert held(world, client.id) == {"as.adb.u"}
    assert made(world.admin.put(f"/principals/{client.id}/roles/{beside}"))["incomplete"] == []


def test_010_a_missing_role_is_reported_and_gives_nothing(world: World) -> None:
    """The firmware role gives its 18 scopes; the role it includes does not exist, which is told
    and gives nothing."""
    shown = role(world, FIRMWARE)
    assert shown["missing"] == [MISSING]
    assert effective(world, FIRMWARE) == ROLES[FIRMWARE]
    assert len(ROLES[FIRMWARE]) == 18
    client = machine(world, FIRMWARE)
    assert made(world.admin.get(f"/principals/{client.id}"))["missing"] == [MISSING]


def test_011_a_missing_role_can_be_mapped(world: World) -> None:
    """An administrator lets a role stand for the missing one; what it comes to follows that role,
    also when that role changes later."""
    stands_in = define(world, "inventory:reading", "sinv.r")
    before = effective(world, FIRMWARE)
    path = f"/role-mappings/{MISSING}"
    assert made(world.admin.put(path, json={"role": stands_in}))
    assert effective(world, FIRMWARE) == before | {"sinv.r"}
    assert role(world, FIRMWARE)["missing"] == []
    made(world.admin.patch(f"/roles/{stands_in}", json={"scopes": ["sinv.r", "asm.r"]}))
    assert effective(world, FIRMWARE) == before | {"sinv.r", "asm.r"}
    made(world.admin.delete(path))
    assert effective(world, FIRMWARE) == before


def test_012_two_descriptions_make_no_second_scope(shelf: World) -> None:
    """A scope that a catalogue describes twice is one scope, and the linter reports it."""
    names = [s["name"] for r in mindsphere(shelf)["resources"] for s in r["scopes"]]
    for name in ("edgerlsmng.r", "jbcntl.c", "jbcntl.d", "jbcntl.r", "jbcntl.u", "emds.ent.r"):
        shown = [made(shelf.admin.get(f"/scopes/{name}"))["description"] for _ in names[:1]]
        assert len(set(shown)) == 1
        assert name in names


def test_013_letters_are_told_apart(world: World) -> None:
    """A core role in other letters is no role."""
    refused(world.admin.get(f"/roles/{TIM_USER.lower()}"), 404)
    client = world.register("client_credentials")
    refused(world.admin.put(f"/principals/{client.id}/roles/{TIM_USER.lower()}"), 404)
    assert held(world, client.id) == set()


def test_014_the_catalogue_is_read_only(world: World) -> None:
    """Not even the administrator changes, deletes or adds a core role or scope."""
    before = mindsphere(world)
    refused(world.admin.patch(f"/roles/{REPORTER}", json={"scopes": ["asm.c"]}), 403)
    refused(world.admin.delete(f"/roles/{REPORTER}?force=true"), 403)
    refused(world.admin.patch("/scopes/asm.r", json={"description": "mine"}), 403)
    refused(world.admin.delete("/scopes/asm.r?force=true"), 403)
    refused(world.admin.post("/roles", json={"name": f"{CORE}mine"}), 409)
    refused(world.admin.post("/scopes", json={"name": "asm.mine"}), 409)
    assert mindsphere(world) == before


# --- names --------------------------------------------------------------------------------------


def test_015_a_scope_begins_with_its_application(world: World) -> None:
    """An application's scope is its name, a dot and more; anything else is refused with the
    reason."""
    made(world.admin.post("/applications", json={"name": VIEWER}))
    path = f"/applications/{VIEWER}/scopes"
    for name in ("all", "other.all", "asm.r", f"{VIEWER}.", ".all", f"{VIEWER}.all.", "", VIEWER):
        problem = refused(world.admin.post(path, json={"name": name}), 422)
        assert problem["field"] == "name"
        assert len(problem["detail"]) > 20
    assert made(world.admin.get(path))["data"] == []
    assert made(world.admin.post(path, json={"name": f"{VIEWER}.all"}))


def test_016_nobody_defines_under_anothers_name(world: World) -> None:
    """No application takes the name or a prefix of another one or of the core, so none gives
    itself a scope of theirs."""
    refused(world.admin.post("/applications", json={"name": "asm"}), 409)
    application(world, "one")
    made(world.admin.post("/applications", json={"name": "two"}))
    refused(world.admin.post("/applications/two/scopes", json={"name": "one.more"}), 422)
    refused(world.admin.post("/applications", json={"name": "one"}), 409)
    refused(world.admin.post("/scopes", json={"name": "one.more"}), 409)
    refused(world.admin.post("/scopes", json={"name": "asm.d"}), 409)
    name = own_role(world, "one", "mine")
    refused(world.admin.post("/roles", json={"name": name}), 409)


def test_017_a_scopes_own_part_may_have_dots(world: World) -> None:
    """`amp.oee.r` is a scope of the application `amp`."""
    application(world, "amp", scopes=["oee.r"])
    assert effective(world, own_role(world, "amp", "user")) == {"amp.oee.r"}


def test_018_a_role_is_named_after_tenant_and_application(world: World) -> None:
    """An application's roles carry the tenant's name; the same application elsewhere has others."""
    other = world.another(catalogues=["mindsphere"])
    for each in (world, other):
        application(each)
    mine, theirs = (own_role(each, VIEWER, "user") for each in (world, other))
    assert mine != theirs
    assert role(world, mine)["application"] == VIEWER
    refused(world.admin.get(f"/roles/{theirs}"), 404)


def test_019_a_role_name_with_more_dots_is_whole(world: World) -> None:
    """A role with two dots in its name is looked up, assigned and shown by that very name."""
    name = f"{CORE}analytics.adb.user"
    client = machine(world, name)
    assert role(world, name)["name"] == name
    (assigned,) = made(world.admin.get(f"/principals/{client.id}/roles"))["data"]
    assert assigned["role"] == name


def test_020_no_tenant_is_called_core(site: Site) -> None:
    """A workspace with this catalogue cannot take the slug that its core roles stand under."""
    admin, key = site.first.http, site.first.as_bearer(site.first.api_key)
    body = {"name": "Core", "slug": "core", "catalogues": ["mindsphere"]}
    answer = admin.post("/api/workspaces", json=body, headers=key)
    assert refused(answer, 409)["field"] == "slug"


def test_021_a_colon_for_a_dot_is_understood(world: World) -> None:
    """The spelling of the worked example is a declared alias: it is taken, and shown as what it
    stands for."""
    assert role(world, REPORTER_MISSPELT)["name"] == REPORTER
    client = machine(world, REPORTER_MISSPELT)
    (assigned,) = made(world.admin.get(f"/principals/{client.id}/roles"))["data"]
    assert assigned["role"] == REPORTER
    assert held(world, client.id) == ROLES[REPORTER]


# --- application, roles, scopes -----------------------------------------------------------------


def test_022_an_application_is_born_with_two_roles(world: World) -> None:
    """Creating an application makes the roles admin and user, shown as ADMIN and USER."""
    shown = made(world.admin.post("/applications", json={"name": VIEWER}))
    assert [(each["name"], each["title"]) for each in shown["roles"]] == [
        ("admin", "ADMIN"),
        ("user", "USER"),
    ]
    for each in shown["roles"]:
        assert each["role"] == own_role(world, VIEWER, each["name"])
        assert role(world, each["role"])["scopes"] == []


def test_023_registering_needs_a_scope(world: World) -> None:
    """An application without a scope cannot be registered."""
    made(world.admin.post("/applications", json={"name": VIEWER}))
    assert "scope" in refused(world.admin.post(f"/applications/{VIEWER}/register"), 409)["detail"]
    assert made(world.admin.get(f"/applications/{VIEWER}"))["registered_at"] is None


def test_024_registering_needs_a_role(world: World) -> None:
    """An application without a role cannot be registered."""
    application(world, registered=False)
    for short in ("admin", "user"):
        made(world.admin.delete(f"/applications/{VIEWER}/roles/{short}"))
    assert "role" in refused(world.admin.post(f"/applications/{VIEWER}/register"), 409)["detail"]
    made(world.admin.post(f"/applications/{VIEWER}/roles", json={"name": "admin"}))
    made(change(world, VIEWER, "admin", scopes=[f"{VIEWER}.all"]))
    assert made(world.admin.post(f"/applications/{VIEWER}/register"))["registered_at"]


def test_025_registering_needs_a_way_in(world: World) -> None:
    """An application none of whose scopes is in a role cannot be registered: nobody could enter."""
    made(world.admin.post("/applications", json={"name": VIEWER}))
    made(world.admin.post(f"/applications/{VIEWER}/scopes", json={"name": f"{VIEWER}.all"}))
    refused(world.admin.post(f"/applications/{VIEWER}/register"), 409)
    made(change(world, VIEWER, "user", scopes=[f"{VIEWER}.all"]))
    made(world.admin.post(f"/applications/{VIEWER}/register"))


def test_026_a_scope_is_in_one_role_or_several(world: World) -> None:
    """A scope stands in the roles that it was put into; putting it there twice changes nothing."""
    application(world, scopes=["read", "write"])
    made(change(world, VIEWER, "user", scopes=[f"{VIEWER}.read", f"{VIEWER}.read"]))
    for _ in range(2):
        made(change(world, VIEWER, "admin", scopes=[f"{VIEWER}.read", f"{VIEWER}.write"]))
    assert effective(world, own_role(world, VIEWER, "user")) == {f"{VIEWER}.read"}
    assert len(effective(world, own_role(world, VIEWER, "admin"))) == 2


def test_027_a_core_role_can_be_attached(world: World) -> None:
    """A core role attached to an application's role brings all of its scopes there."""
    application(world)
    made(change(world, VIEWER, "user", includes=[REPORTER]))
    assert effective(world, own_role(world, VIEWER, "user")) == FIVE


def test_028_detaching_takes_what_no_other_path_gives(world: World) -> None:
    """Detaching a core role takes exactly the scopes that nothing else brings."""
    application(world)
    user, standard = f"{CORE}assetmanagement.standarduser", own_role(world, VIEWER, "user")
    made(change(world, VIEWER, "user", includes=[REPORTER, user]))
    assert effective(world, standard) == {f"{VIEWER}.all"} | ROLES[REPORTER] | ROLES[user]
    made(change(world, VIEWER, "user", includes=[REPORTER]))
    assert effective(world, standard) == FIVE
    made(change(world, VIEWER, "user", includes=[]))
    assert effective(world, standard) == {f"{VIEWER}.all"}


def test_029_roles_nest(world: World) -> None:
    """A role in a role in a role gives all that any of them says."""
    inner = define(world, "inner", "asm.r", includes=[TIM_USER])
    middle = define(world, "middle", "atm.r", includes=[inner])
    outer = define(world, "outer", "dinv.r", includes=[middle])
    assert effective(world, outer) == {"asm.r", "atm.r", "dinv.r"} | ROLES[TIM_USER]
    token = world.access_token(machine(world, outer))
    assert scopes_of(token) == effective(world, outer)


def test_030_roles_never_go_round(world: World) -> None:
    """A role that would include itself, directly or over others, is refused with the path."""
    one = define(world, "one", "asm.r")
    two = define(world, "two", includes=[one])
    three = define(world, "three", includes=[two])
    problem = refused(world.admin.patch(f"/roles/{one}", json={"includes": [three]}), 409)
    assert set(problem["conflict"]) >= {"one", "two", "three"}
    refused(world.admin.patch(f"/roles/{one}", json={"includes": [one]}), 409)
    assert effective(world, three) == {"asm.r"}


def test_031_an_application_gets_nothing_of_another(world: World) -> None:
    """A role of one application holds a scope of another only if that one's role was attached."""
    application(world, "one")
    application(world, "two")
    assert change(world, "one", "user", scopes=["two.all"]).status_code == 422
    assert effective(world, own_role(world, "one", "user")) == {"one.all"}
    made(change(world, "one", "user", includes=[own_role(world, "two", "user")]))
    assert effective(world, own_role(world, "one", "user")) == {"one.all", "two.all"}


def test_032_deleting_says_whom_it_meets_and_takes_effect(world: World) -> None:
    """Deleting a role or scope that is in use names who is affected; done all the same, it is gone
    everywhere."""
    application(world, scopes=["read", "write"])
    client = machine(world, own_role(world, VIEWER, "user"))
    mine = define(world, "mine", "asm.r")
    outer = define(world, "outer", includes=[mine])
    assign(world, client.id, outer)
    problem = refused(world.admin.delete(f"/roles/{mine}"), 409)
    assert any("outer" in str(each) for each in problem["conflict"])
    assert "asm.r" in held(world, client.id)
    made(world.admin.delete(f"/roles/{mine}?force=true"))
    assert held(world, client.id) == {f"{VIEWER}.read", f"{VIEWER}.write"}
    path = f"/applications/{VIEWER}/scopes/{VIEWER}.write"
    refused(world.admin.delete(path), 409)
    made(world.admin.delete(f"{path}?force=true"))
    assert held(world, client.id) == {f"{VIEWER}.read"}


def test_033_roles_do_not_depend_on_a_version(world: World) -> None:
    """Two deployments of an application are one application: a change of its roles is seen by
    both."""
    application(world)
    refused(world.admin.post("/applications", json={"name": VIEWER}), 409)
    hosts = ("one.example", "two.example")
    for host in hosts:
        route = {"host": host, "path": "/**", "scopes": ["asm.r"]}
        made(world.admin.post(f"/applications/{VIEWER}/routes", json=route))
    client = machine(world, own_role(world, VIEWER, "user"))
    before = world.access_token(client)
    assert [at(world, before, host) for host in hosts] == [403, 403]
    made(change(world, VIEWER, "user", includes=[REPORTER]))
    after = world.access_token(client)
    assert [at(world, after, host) for host in hosts] == [204, 204]


def at(world: World, token: str | None, host: str, path: str = "/", method: str = "GET") -> int:
    """What a proxy in front of the application is told about a request."""
    forwarded = {
        "x-forwarded-method": method,
        "x-forwarded-proto": "https",
        "x-forwarded-host": host,
        "x-forwarded-uri": path,
    }
    answer = world.http.get(
        f"{world.issuer}/verify",
        params={"application": VIEWER},
        headers={**forwarded, **world.as_bearer(token)},
    )
    return answer.status_code


def test_034_a_role_can_have_any_name(world: World) -> None:
    """Besides the two roles it is born with, an application has roles of any name and number."""
    application(world, scopes=["read"])
    for short in ("operator", "night.shift", "auditor", "guest"):
        made(world.admin.post(f"/applications/{VIEWER}/roles", json={"name": short}))
        made(change(world, VIEWER, short, scopes=[f"{VIEWER}.read"]))
    shown = made(world.admin.get(f"/applications/{VIEWER}"))["roles"]
    assert len(shown) == 6
    client = machine(world, own_role(world, VIEWER, "night.shift"))
    assert held(world, client.id) == {f"{VIEWER}.read"}


# --- the worked example, step by step -----------------------------------------------------------


def test_035_the_application_can_be_selected(world: World) -> None:
    """The application is found in the list and by its name."""
    application(world, registered=False)
    assert VIEWER in [each["name"] for each in world.listed("/applications")]
    assert made(world.admin.get(f"/applications/{VIEWER}"))["name"] == VIEWER


def test_036_both_roles_exist_before_any_action(world: World) -> None:
    """Both roles are there before anything was done about them."""
    made(world.admin.post("/applications", json={"name": VIEWER}))
    for short in ("admin", "user"):
        assert effective(world, own_role(world, VIEWER, short)) == set()


def test_037_the_scope_can_be_defined(world: World) -> None:
    """A scope for every endpoint of the application is defined with its description."""
    made(world.admin.post("/applications", json={"name": VIEWER}))
    body = {"name": f"{VIEWER}.all", "description": "Open every page of the viewer."}
    assert world.admin.post(f"/applications/{VIEWER}/scopes", json=body).status_code == 201
    assert made(world.admin.get(f"/applications/{VIEWER}"))["scopes"] == [f"{VIEWER}.all"]


def test_038_the_scope_goes_into_both_roles(world: World) -> None:
    """Put into both roles, each holds exactly it."""
    application(world, registered=False)
    for short in ("admin", "user"):
        assert effective(world, own_role(world, VIEWER, short)) == {f"{VIEWER}.all"}


def worked_example(world: World) -> None:
    """The worked example up to its last step, registered."""
    application(world, registered=False)
    for short in ("admin", "user"):
        made(change(world, VIEWER, short, includes=[REPORTER_MISSPELT, TIM_USER]))
    made(world.admin.post(f"/applications/{VIEWER}/register"))


def test_039_with_the_reporter_each_role_has_five(world: World) -> None:
    """With the reporter attached, by the example's own spelling, each role comes to five scopes."""
    application(world, registered=False)
    for short in ("admin", "user"):
        made(change(world, VIEWER, short, includes=[REPORTER_MISSPELT]))
        assert effective(world, own_role(world, VIEWER, short)) == FIVE


def test_040_with_time_series_each_role_has_seven(world: World) -> None:
    """With the time series user attached, each role comes to exactly seven scopes."""
    worked_example(world)
    for short in ("admin", "user"):
        assert effective(world, own_role(world, VIEWER, short)) == SEVEN


@pytest.mark.parametrize("short", ["admin", "user"])
def test_041_a_users_token_has_these_seven(world: World, short: str) -> None:
    """A person with either role gets a token with exactly the seven scopes, and is let in wherever
    one of them suffices."""
    worked_example(world)
    token = person(world, own_role(world, VIEWER, short)).session()["access_token"]
    assert scopes_of(token) == SEVEN
    assert {may(world, token, scope) for scope in SEVEN} == {204}


def test_042_the_same_user_is_refused_the_rest(world: World) -> None:
    """The same person may not create assets, write time series or read aggregates."""
    worked_example(world)
    token = person(world, own_role(world, VIEWER, "user")).session()["access_token"]
    assert [may(world, token, scope) for scope in ("asm.c", "iot.tim.w", "iot.tsa.r")] == [403] * 3


def test_043_the_example_can_be_replayed(world: World) -> None:
    """Every step of the example can be repeated, with the same end state."""
    worked_example(world)
    before = made(world.admin.get(f"/applications/{VIEWER}"))
    for short in ("admin", "user"):
        again = change(
            world, VIEWER, short, scopes=[f"{VIEWER}.all"], includes=[REPORTER_MISSPELT, TIM_USER]
        )
        assert again.status_code == 200
    assert world.admin.post(f"/applications/{VIEWER}/register").status_code == 200
    assert made(world.admin.get(f"/applications/{VIEWER}")) == before


# --- settings and launchpad ---------------------------------------------------------------------


def test_044_roles_are_assignable_from_registration_on(world: World) -> None:
    """Before an application is registered its roles cannot be assigned; afterwards they can."""
    application(world, registered=False)
    client, name = world.register("client_credentials"), own_role(world, VIEWER, "user")
    path = f"/principals/{client.id}/roles/{name}"
    assert refused(world.admin.put(path), 409)["conflict"] == VIEWER
    assert held(world, client.id) == set()
    made(world.admin.post(f"/applications/{VIEWER}/register"))
    assert world.admin.put(path).status_code == 201
    assert held(world, client.id) == {f"{VIEWER}.all"}


def routed(world: World) -> str:
    """The application with a page that needs its scope; its host."""
    application(world)
    route = {"host": "viewer.example", "path": "/**", "scopes": [f"{VIEWER}.all"]}
    made(world.admin.post(f"/applications/{VIEWER}/routes", json=route))
    return "viewer.example"


def test_045_without_the_role_it_is_neither_shown_nor_opened(world: World) -> None:
    """Who has no role of an application does not see it on the launchpad and is refused at its
    address, signed in or not."""
    host = routed(world)
    token = person(world).session()["access_token"]
    assert launchpad(world, token) == []
    assert at(world, token, host) == 403
    assert at(world, None, host) == 401


def test_046_with_the_role_it_is_shown_and_opens(world: World) -> None:
    """Who was assigned a role of the application sees it on the launchpad and may open it."""
    host = routed(world)
    token = person(world, own_role(world, VIEWER, "user")).session()["access_token"]
    assert launchpad(world, token) == [VIEWER]
    assert at(world, token, host) == 204


def test_047_with_the_last_role_taken_it_is_gone(world: World) -> None:
    """When the last role is taken away, the application leaves the launchpad and refuses again."""
    host = routed(world)
    user, admin = (own_role(world, VIEWER, short) for short in ("user", "admin"))
    somebody = person(world, user, admin)
    session = somebody.session()
    unassign(world, somebody.address, user)
    assert launchpad(world, session["access_token"]) == [VIEWER]
    unassign(world, somebody.address, admin)
    assert launchpad(world, session["access_token"]) == []
    again = made(world.refresh(KnownClient(somebody.client_id), session["refresh_token"]))
    assert at(world, again["access_token"], host) == 403


def test_048_a_role_changes_nothing_for_others(world: World) -> None:
    """A role assigned to one person changes nothing for another."""
    routed(world)
    one, other = person(world), person(world)
    assign(world, one.address, own_role(world, VIEWER, "user"))
    assert f"{VIEWER}.all" in held(world, one.address)
    assert held(world, other.address) == {"of:no:interest"}


def test_049_a_core_role_works_without_an_application(world: World) -> None:
    """A core role assigned directly gives its scopes without any application of one's own."""
    token = person(world, REPORTER).session()["access_token"]
    assert scopes_of(token) == ROLES[REPORTER]


def test_050_only_an_administrator_assigns_and_only_here(world: World) -> None:
    """Viewers, editors and the persons themselves cannot assign, nor can another tenant's
    administrator."""
    somebody = person(world)
    path = f"/principals/{somebody.address}/roles/{REPORTER}"
    own = world.api(somebody.session()["access_token"])
    for caller in (world.member("viewer"), world.member("editor"), own):
        assert refused(caller.put(path), 403)["missing"] == ["iotman:assignments:create"]
    stranger = world.api(world.another(catalogues=["mindsphere"]).api_key)
    refused(stranger.put(path), 401)
    assert held(world, somebody.address) == {"of:no:interest"}
    assert world.admin.put(path).status_code == 201


def test_051_every_path_is_shown(world: World) -> None:
    """For each scope of a person all ways are shown by which it comes: roles, includes, groups,
    with who gave it and when."""
    worked_example(world)
    somebody = person(world, own_role(world, VIEWER, "user"))
    group = made(world.admin.post("/groups", json={"name": "Reporters"}))["id"]
    assign(world, group, REPORTER)
    id = made(world.admin.get(f"/principals/{somebody.address}"))["id"]
    made(world.admin.put(f"/groups/{group}/members/{id}"))
    shown = made(world.admin.get(f"/principals/{id}"))
    (reading,) = (each["paths"] for each in shown["held"] if each["scope"] == "asm.r")
    by_way = {tuple(path["names"]): path for path in reading}
    assert set(by_way) == {(REPORTER,), (REPORTER, own_role(world, VIEWER, "user"))}
    assert by_way[(REPORTER,)]["groups"] == ["Reporters"]
    text = by_way[REPORTER, own_role(world, VIEWER, "user")]["text"]
    assert text.startswith(
        f"asm.r, from {REPORTER}, from {own_role(world, VIEWER, 'user')}, assigned by"
    )
    why = made(world.admin.get("/why", params={"principal": id, "scope": "asm.r"}))
    assert (why["held"], len(why["paths"])) == (True, 2)
    who = made(world.admin.get("/who-can", params={"scope": f"{VIEWER}.all"}))["data"]
    assert [each["principal"]["id"] for each in who] == [id]


# --- tokens -------------------------------------------------------------------------------------


def test_052_the_token_is_a_bearer_token(world: World) -> None:
    """Without a token the answer is 401 with a challenge, with a bad one 401 that says so, without
    the scope 403 that says so."""
    token = world.access_token(machine(world, REPORTER))
    bare = world.api(None).get("/roles")
    assert (bare.status_code, "error=" in bare.headers["www-authenticate"]) == (401, False)
    bad = world.api("bad").get("/roles")
    assert bad.status_code == 401
    assert 'error="invalid_token"' in bad.headers["www-authenticate"]
    weak = world.api(token).get("/roles")
    assert weak.status_code == 403
    assert 'error="insufficient_scope"' in weak.headers["www-authenticate"]
    assert bare.headers["www-authenticate"].startswith("Bearer")


def test_053_scopes_stand_in_the_token_sorted(world: World) -> None:
    """The scope claim names each scope once, in order, with spaces between."""
    token = world.access_token(machine(world, REPORTER, TIM_USER))
    said = claims(token)["scope"].split(" ")
    assert said == sorted(ROLES[REPORTER] | ROLES[TIM_USER])


def test_054_nobody_gets_what_they_lack(world: World) -> None:
    """A scope that is not held is in no token, also when a client asks for it."""
    app = world.phone_app()
    somebody = person(world, REPORTER, app=app)
    token = somebody.session(scope="asm.r asm.c iot.tim.w")["access_token"]
    assert scopes_of(token) == {"asm.r"}
    client = machine(world, REPORTER)
    assert world.token(client, scope="asm.c").json()["error"] == "invalid_scope"


def test_055_overlapping_roles_give_each_scope_once(world: World) -> None:
    """With two roles that overlap each scope stands in the token once."""
    standard = f"{CORE}assetmanagement.standarduser"
    said = claims(world.access_token(machine(world, REPORTER, standard)))["scope"].split()
    assert len(said) == len(set(said)) == len(ROLES[REPORTER] | ROLES[standard])


def test_056_a_token_is_worth_what_its_person_holds(world: World) -> None:
    """A token carries all its person's scopes, unless it was asked for an application's resource:
    then those alone that the application's roles come to. Another application's endpoints let it
    in only with that one's scope."""
    application(world, "one")
    application(world, "two")
    resource = "https://one.example/"
    made(world.admin.patch("/applications/one", json={"resource": resource}))
    roles = [own_role(world, name, "user") for name in ("one", "two")]
    only_one = world.access_token(machine(world, roles[0]))
    assert [may(world, only_one, f"{name}.all") for name in ("one", "two")] == [204, 403]
    both = machine(world, *roles)
    assert scopes_of(world.access_token(both)) == {"one.all", "two.all"}
    limited = claims(world.access_token(both, resource=resource))
    assert (limited["aud"], limited["scope"]) == (resource, "one.all")


def test_057_a_change_of_roles_is_in_the_next_token(world: World) -> None:
    """What is assigned or taken shows in the very next token, of a machine at once and of a person
    at the next refresh."""
    client = machine(world, REPORTER)
    assert scopes_of(world.access_token(client)) == ROLES[REPORTER]
    assign(world, client.id, TIM_USER)
    assert scopes_of(world.access_token(client)) == ROLES[REPORTER] | ROLES[TIM_USER]
    somebody = person(world, REPORTER)
    session = somebody.session()
    assign(world, somebody.address, TIM_USER)
    unassign(world, somebody.address, REPORTER)
    next_one = made(world.refresh(KnownClient(somebody.client_id), session["refresh_token"]))
    assert scopes_of(next_one["access_token"]) == ROLES[TIM_USER]


def test_058_forged_tokens_are_refused(world: World, site: Site) -> None:
    """Unsigned, signed by the public key, of an unknown key, expired, too early, or meant for
    somebody else: no such token lets anybody in."""
    token = person(world, REPORTER).session()["access_token"]
    assert may(world, token, "asm.r") == 204
    for name, wrong in forgeries(site, world, token).items():
        assert may(world, wrong, "asm.r") == 401, name


# --- enforcement --------------------------------------------------------------------------------


def test_059_what_declares_nothing_is_refused(world: World) -> None:
    """An endpoint of an application for which nothing is declared lets nobody in, however much
    they hold."""
    application(world)
    route = {"host": "viewer.example", "path": "/series/*", "scopes": [f"{VIEWER}.all"]}
    made(world.admin.post(f"/applications/{VIEWER}/routes", json=route))
    token = world.access_token(machine(world, own_role(world, VIEWER, "admin")))
    assert at(world, token, "viewer.example", "/series/1") == 204
    assert at(world, token, "viewer.example", "/series/1/points") == 403
    assert at(world, token, "viewer.example", "/other") == 403
    assert at(world, token, "other.example", "/series/1") == 403


def test_060_an_endpoint_lets_in_by_its_scope(world: World) -> None:
    """With the scope a request passes, without it the answer is 403, and 401 or the way to sign in
    for who is not signed in."""
    host = routed(world)
    allowed = world.access_token(machine(world, own_role(world, VIEWER, "user")))
    other = world.access_token(machine(world, REPORTER))
    assert at(world, allowed, host) == 204
    assert at(world, other, host) == 403
    assert at(world, None, host) == 401
    page = asked(world, host, accept="text/html")
    assert page.status_code == 302
    assert page.headers["location"].startswith(f"https://{host}/.scopewright/")


def test_061_an_application_checks_in_one_line(world: World) -> None:
    """One line of the library checks signature, issuer, audience, time and scope."""
    guard = Guard(issuer=world.issuer, audience=world.id)
    viewer = FastAPI()

    @viewer.get("/assets", dependencies=[Depends(guard.requires("asm.r"))])
    def assets() -> list[str]:
        return ["pump"]

    reporter, other = (
        world.access_token(machine(world, name)) for name in (REPORTER, f"{CORE}nose.user")
    )
    stranger = world.another(catalogues=["mindsphere"])
    foreign = stranger.access_token(machine(stranger, REPORTER))
    with TestClient(viewer) as http:
        statuses = [
            http.get("/assets", headers=world.as_bearer(token)).status_code
            for token in (reporter, other, foreign, reporter[:-2] + "xx", None)
        ]
    assert statuses == [200, 403, 401, 401, 401]


def test_062_identity_scopes_open_our_own_operations(world: World) -> None:
    """The core roles for users and groups open what they say here: a viewer of users lists groups
    but not users, an administrator of users lists and invites them; what needs sub-tenants opens
    nothing, and the catalogue says so."""
    viewer = world.api(world.access_token(machine(world, f"{CORE}im.userIamViewer")))
    admin = world.api(world.access_token(machine(world, f"{CORE}im.userIamAdmin")))
    own = world.api(world.access_token(machine(world, f"{CORE}im.meIamViewer")))
    assert viewer.get("/groups").status_code == 200
    assert viewer.get("/principals").status_code == 403
    assert admin.get("/principals").status_code == 200
    world.define("of:no:interest")
    body = {"email": an_address(), "scopes": ["of:no:interest"]}
    assert admin.post("/end-users", json=body).status_code == 201
    assert admin.delete(f"/end-users/{body['email']}").status_code == 204
    assert own.get("/principals/me").status_code == 200
    assert own.get("/principals").status_code == 403
    for name in ("im.ug.r", "im.dg.c", "tm.st.c"):
        assert "sub-tenant" in made(world.admin.get(f"/scopes/{name}"))["description"]
        nobody = world.api(world.access_token(world.device(scopes=[name])))
        assert nobody.get("/groups").status_code == 403


# --- parity with the product around it ----------------------------------------------------------


def asked(
    world: World,
    host: str,
    path: str = "/",
    *,
    method: str = "GET",
    by: httpx.Client | None = None,
    **headers: str,
) -> httpx.Response:
    """What a proxy is told about a request of a browser at the application's host."""
    forwarded = {
        "x-forwarded-method": method,
        "x-forwarded-proto": "https",
        "x-forwarded-host": host,
        "x-forwarded-uri": path,
    }
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    browser = by or world.http
    url = f"{world.issuer}/verify"
    return browser.get(url, params={"application": VIEWER}, headers={**forwarded, **sent})


class AtTheGateway:
    """A person's browser in front of an application; the proxy between is the test itself."""

    def __init__(self, world: World, host: str, somebody: Person) -> None:
        self.world, self.host, self.somebody = world, host, somebody
        self.cookies: dict[str, str] = {}

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> httpx.Response:
        """What the proxy is told about a request with the browser's cookies of this host."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return asked(self.world, self.host, path, method=method, **{"cookie": cookie, **headers})

    def passed_on(self, path: str, **headers: str) -> httpx.Response:
        """A request below `/.scopewright/`, which the proxy hands to us as it is."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = {"x-forwarded-proto": "https", "x-forwarded-host": self.host, "cookie": cookie}
        below = path.removeprefix("/.scopewright/")
        url = f"{self.world.issuer}/gateway/{VIEWER}/{below}"
        answer = httpx.get(url, headers={**told, **headers}, follow_redirects=False)
        for said in answer.headers.get_list("set-cookie"):
            name, _, value = said.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sign_in(self) -> None:
        """From the page that was asked for, by letter, back to it."""
        url = self.ask(accept="text/html").headers["location"]
        for _ in range(10):
            if not url.startswith(f"https://{self.host}"):
                url = self._at_our_pages(url)
                continue
            path = url.removeprefix(f"https://{self.host}")
            if not path.startswith("/.scopewright/"):
                return
            url = self.passed_on(path).headers["location"]
        raise AssertionError(f"the way ends at {url}")

    def _at_our_pages(self, url: str) -> str:
        """Press what is asked for until the browser is sent back to the application's host."""
        browser, page = self.somebody.browser, self.somebody.browser.get(url)
        for _ in range(10):
            if page.is_redirect:
                following = urljoin(str(page.url), page.headers["location"])
                if following.startswith(f"https://{self.host}"):
                    return following
                page = browser.get(following)
            elif Form(page).address_field is None:
                page = submit(browser, page)
            else:
                before = len(self.somebody.mailbox.letters())
                submit(browser, page, address=self.somebody.address)
                page = browser.get(self.somebody.mailbox.link(before + 1))
        raise AssertionError(f"no way back from {page.url}")


def signed_in(world: World) -> AtTheGateway:
    """A person with a role of the application, signed in at its host."""
    host = routed(world)
    browser = AtTheGateway(world, host, person(world, own_role(world, VIEWER, "user")))
    browser.sign_in()
    return browser


def test_064_a_change_by_cookie_must_come_from_the_application(world: World) -> None:
    """With the cookie alone, a request that changes something is refused; it passes where the
    browser says that the application's own page has sent it."""
    browser = signed_in(world)
    let_in = browser.ask()
    assert let_in.status_code == 204
    assert let_in.headers["authorization"].startswith("Bearer ")
    assert scopes_of(let_in.headers["authorization"].removeprefix("Bearer ")) == {f"{VIEWER}.all"}
    assert browser.ask(method="POST").status_code == 403
    assert browser.ask(method="POST", origin="https://evil.example").status_code == 403
    assert browser.ask(method="POST", sec_fetch_site="cross-site").status_code == 403
    assert browser.ask(method="POST", sec_fetch_site="same-origin").status_code == 204
    assert browser.ask(method="POST", origin=f"https://{browser.host}").status_code == 204


def test_065_leaving_ends_the_session_everywhere(world: World) -> None:
    """Who signs out is signed out of the application too: the next request with its old cookie is
    a stranger's."""
    browser = signed_in(world)
    assert browser.ask().status_code == 204
    page = browser.somebody.browser.get(f"{world.issuer}/end-session")
    assert submit(browser.somebody.browser, page).status_code == 303
    assert browser.ask().status_code == 401
    assert browser.ask(accept="text/html").status_code == 302


def test_066_keys_are_published_and_follow_one_another(world: World) -> None:
    """Public keys stand at an address; a new one is published before it signs, and tokens of the
    old one stay good."""
    client = machine(world, REPORTER)
    old = world.access_token(client)
    keys = world.http.get(f"{world.issuer}/jwks").json()["keys"]
    made(world.admin.post("/signing-keys/rotate", json={"algorithm": "ES256"}))
    more = world.http.get(f"{world.issuer}/jwks").json()["keys"]
    assert {key["kid"] for key in keys} < {key["kid"] for key in more}
    assert may(world, old, "asm.r") == may(world, world.access_token(client), "asm.r") == 204


def test_068_an_application_has_credentials_of_its_own(world: World) -> None:
    """A program gets a secret, shown once, with chosen roles; a new secret follows the old one with
    overlap, and deleting the program refuses its tokens at once."""
    client = machine(world, own_role(world, application(world), "user"))
    assert client.secret not in world.admin.get(f"/clients/{client.id}").text
    token = world.access_token(client)
    assert scopes_of(token) == {f"{VIEWER}.all"}
    path = f"/clients/{client.id}/rotate-secret"
    rotated = made(world.admin.post(path, json={"overlap": 3600}))["client_secret"]
    both = [KnownClient(client.id, secret) for secret in (client.secret, rotated)]
    assert [world.token(each).status_code for each in both] == [200, 200]
    made(world.admin.delete(f"/clients/{client.id}"))
    assert may(world, token, f"{VIEWER}.all") == 401


def test_070_groups_have_roles_and_nest(world: World) -> None:
    """What is assigned to a group its members hold, through groups in it too; each member is shown
    as direct or indirect."""
    inner, outer = (
        made(world.admin.post("/groups", json={"name": n}))["id"] for n in ("in", "out")
    )
    assign(world, outer, REPORTER)
    client = world.register("client_credentials")
    made(world.admin.put(f"/groups/{inner}/members/{client.id}"))
    assert held(world, client.id) == set()
    made(world.admin.put(f"/groups/{outer}/members/{inner}"))
    assert scopes_of(world.access_token(client)) == ROLES[REPORTER]
    types = {
        each["principal"]["id"]: each["type"] for each in world.listed(f"/groups/{outer}/members")
    }
    assert types == {inner: "DIRECT", client.id: "INDIRECT"}
    shown = made(world.admin.get(f"/principals/{client.id}"))
    assert {(group["name"], group["type"]) for group in shown["groups"]} == {
        ("in", "DIRECT"),
        ("out", "INDIRECT"),
    }
    refused(world.admin.put(f"/groups/{inner}/members/{outer}"), 409)
    made(world.admin.delete(f"/groups/{outer}/members/{inner}"))
    assert scopes_of(world.access_token(client)) == set()


def test_071_a_custom_role_bundles_any_roles(world: World) -> None:
    """A role of the workspace's own bundles core roles, applications' roles and other custom
    ones."""
    user = own_role(world, application(world), "user")
    custom = define(world, "night-shift", includes=[REPORTER, user])
    broader = define(world, "day-shift", includes=[custom, TIM_USER])
    assert effective(world, broader) == SEVEN
    assert scopes_of(world.access_token(machine(world, broader))) == SEVEN


def test_075_rules_are_read_from_an_openapi_document(world: World) -> None:
    """What an OpenAPI document says of the security of its operations becomes the rules at the
    gateway; what it says nothing of stays refused."""
    application(world, scopes=["read", "write"])
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {}}}}
    operations: dict[str, Any] = {
        "/subtenants": {
            "get": {"security": [{"oauth": [f"{VIEWER}.read"]}]},
            "post": {"security": [{"oauth": [f"{VIEWER}.write"]}]},
            "delete": {},
        },
        "/about": {"get": {"security": []}},
    }
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Viewer", "version": "1"},
        "paths": operations,
        "components": {"securitySchemes": {"oauth": scheme}},
    }
    body = {"host": "viewer.example", "document": document}
    made(world.admin.post(f"/applications/{VIEWER}/routes/import", json=body))
    made(change(world, VIEWER, "user", scopes=[f"{VIEWER}.read"]))
    token = world.access_token(machine(world, own_role(world, VIEWER, "user")))
    by_method = {
        method: at(world, token, "viewer.example", "/subtenants", method)
        for method in ("GET", "POST", "DELETE")
    }
    assert by_method == {"GET": 204, "POST": 403, "DELETE": 403}
    assert at(world, None, "viewer.example", "/about") == 204
