"""What Tiled's scopes, roles and policies can do, a test a behaviour, over HTTP.

The number in a test's name is the behaviour's; its docstring says the behaviour in our own words
and is what `docs/seeds.md` shows. `shelf` is a workspace that nobody changes; `world` one of the
test's own, both with the catalogue of Tiled's scopes. `nodes.py` is the service behind the guard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from scopewright.guard.access_lists import access_lists
from scopewright.guard.access_tags import access_tags
from tests.dialects.conftest import Site
from tests.dialects.nodes import nodes
from tests.dialects.test_mindsphere import assign, claims, made, may, refused, scopes_of
from tests.visitors import Person, an_address
from tests.worlds import KnownClient, World

PAGE = {
    "read:metadata", "read:data", "create", "write:metadata", "write:data", "apikeys", "metrics",
    "admin:apikeys", "read:principals",
}  # fmt: skip
TODAY = {
    "create:node", "create:apikeys", "revoke:apikeys", "delete:node", "delete:revision",
    "register", "write:principals", "read:webhooks", "write:webhooks",
}  # fmt: skip
USER = PAGE - {"metrics", "admin:apikeys", "read:principals"}
USER_MEANS = USER | {"create:node", "create:apikeys", "revoke:apikeys"}
CURRENT = {
    "read:metadata", "read:data", "create:node", "write:metadata", "write:data",
    "delete:revision", "delete:node", "create:apikeys", "revoke:apikeys",
}  # fmt: skip


@pytest.fixture(scope="module")
def shelf(site: Site) -> World:
    """A workspace that nobody changes."""
    return site.first.another(catalogues=["tiled"])


@pytest.fixture(scope="module")
def service(shelf: World) -> Iterator[TestClient]:
    """Nodes that whoever holds a scope may use it on."""
    with nodes(shelf) as started:
        yield started


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["tiled"])


# --- what the tests say often -------------------------------------------------------------------


def robot(world: World, *scopes: str) -> KnownClient:
    """A program with these scopes, and no role."""
    client = world.register("client_credentials")
    for scope in scopes:
        made(world.admin.post(f"/clients/{client.id}/scopes", json={"scope": scope}))
    return client


def token(world: World, *scopes: str) -> dict[str, str]:
    """The header of a program that holds exactly these scopes."""
    return world.as_bearer(world.access_token(robot(world, *scopes)))


def person(world: World, address: str | None = None, *roles: str) -> Person:
    """Somebody who was invited, with the default role and these."""
    address = address or an_address()
    made(world.admin.post("/end-users", json={"email": address, "roles": [*roles]}))
    return world.person(address, world.phone_app())


def signed_in(world: World, someone: Person) -> dict[str, str]:
    return world.as_bearer(someone.session()["access_token"])


def opens(
    service: TestClient, world: World, method: str, path: str, *needed: str, **more: Any
) -> None:
    """Asserts that a route opens with these scopes, and with no fewer."""
    assert service.request(method, path, **more).status_code == 401
    answer = service.request(method, path, headers=token(world, *needed), **more)
    assert answer.is_success, answer.text
    for missing in needed:
        others = {*PAGE, *TODAY} - {missing}
        for same in ({"create", "create:node"}, {"apikeys", "create:apikeys", "revoke:apikeys"}):
            others -= same if missing in same else set()
        denied = service.request(method, path, headers=token(world, *sorted(others)), **more)
        assert denied.status_code == 403
        said = denied.headers["www-authenticate"]
        assert f'scope="{" ".join(sorted(needed))}"' in said
        assert missing in denied.json()["detail"]


def catalogue(world: World) -> dict[str, Any]:
    """The catalogue as the vocabulary shows it."""
    shown = made(world.admin.get("/vocabulary"))["catalogues"]
    return next(dict(one) for one in shown if one["name"] == "tiled")


def words(world: World) -> dict[str, str]:
    """Every scope of the catalogue with its description."""
    resources = catalogue(world)["resources"]
    return {one["name"]: one["description"] for each in resources for one in each["scopes"]}


def role(world: World, name: str) -> dict[str, Any]:
    return made(world.admin.get(f"/roles/{name}"))


def portrait(world: World, headers: dict[str, str]) -> dict[str, Any]:
    """What somebody is told about themselves."""
    return made(world.http.get(f"{world.address}/principals/me", headers=headers))


# --- scopes and enforcement ---------------------------------------------------------------------


def test_001_the_nine_scopes_of_the_page(shelf: World) -> None:
    """The registry lists the nine scopes of the page, each with a description."""
    shown = words(shelf)
    assert shown.keys() >= PAGE
    assert all(shown[name] for name in PAGE)
    for name in PAGE:
        assert made(shelf.admin.get(f"/scopes/{name}"))["name"] == name


def test_002_the_names_of_today(shelf: World) -> None:
    """The registry lists the names that came since, and nothing else."""
    shown = words(shelf)
    assert shown.keys() == PAGE | TODAY
    assert all(shown[name] for name in TODAY)


def test_003_old_names_and_new_ones_are_the_same(world: World) -> None:
    """Whoever asks for or was given an old name has the new ones, and the other way round; a half
    alone is not the whole."""
    by_old, by_new = robot(world, "create"), robot(world, "create:node")
    for client in (by_old, by_new):
        for asked in ("create", "create:node"):
            assert scopes_of(world.access_token(client, scope=asked)) == {"create", "create:node"}
        may_both = world.access_token(client)
        assert may(world, may_both, "create") == may(world, may_both, "create:node") == 204
    halves = robot(world, "create:apikeys", "revoke:apikeys")
    everything = {"apikeys", "create:apikeys", "revoke:apikeys"}
    assert scopes_of(world.access_token(halves)) == everything
    assert scopes_of(world.access_token(halves, scope="apikeys")) == everything
    half = robot(world, "create:apikeys")
    assert scopes_of(world.access_token(half)) == {"create:apikeys"}
    assert world.token(half, scope="apikeys").json()["error"] == "invalid_scope"
    made(world.admin.post("/roles", json={"name": "maker", "scopes": ["create"]}))
    effective = {each["scope"] for each in role(world, "maker")["effective"]}
    assert effective == {"create", "create:node"}


def test_both_names_of_a_scope_last_through_a_refresh(world: World) -> None:
    someone = person(world)
    session = someone.session(scope="create apikeys")
    expected = {"create", "create:node", "apikeys", "create:apikeys", "revoke:apikeys"}
    assert scopes_of(session["access_token"]) == expected
    client = KnownClient(someone.client_id)
    again = made(world.refresh(client, session["refresh_token"], scope="create:node"))
    assert scopes_of(again["access_token"]) == {"create", "create:node"}


def test_004_read_metadata_lists_and_searches(service: TestClient, shelf: World) -> None:
    """Listing and searching need `read:metadata`."""
    opens(service, shelf, "GET", "/search", "read:metadata")
    opens(service, shelf, "GET", "/metadata/A", "read:metadata")


def test_005_read_data_fetches_data(service: TestClient, shelf: World) -> None:
    """Fetching data needs `read:data`: a credential that may only see metadata is refused."""
    opens(service, shelf, "GET", "/array/A", "read:data")
    only_metadata = token(shelf, "read:metadata")
    assert service.get("/array/A", headers=only_metadata).status_code == 403


def test_006_create_makes_nodes(service: TestClient, shelf: World) -> None:
    """Making a node needs `create`, by either of its names, together with `write:metadata`."""
    opens(service, shelf, "POST", "/metadata/new", "create:node", "write:metadata")
    by_old_name = token(shelf, "create", "write:metadata")
    assert service.post("/metadata/new", headers=by_old_name).status_code == 201


def test_007_write_metadata_edits_metadata(service: TestClient, shelf: World) -> None:
    """Editing metadata needs `write:metadata`."""
    opens(service, shelf, "PUT", "/metadata/A", "write:metadata")


def test_008_write_data_writes_data(service: TestClient, shelf: World) -> None:
    """Writing data needs `write:data`."""
    opens(service, shelf, "PUT", "/array/A", "write:data")


def test_009_two_scopes_delete_a_node(service: TestClient, shelf: World) -> None:
    """Deleting a node needs `delete:node` and `delete:revision`; deleting a revision the latter."""
    opens(service, shelf, "DELETE", "/metadata/A", "delete:node", "delete:revision")
    opens(service, shelf, "DELETE", "/revisions/A", "delete:revision")


def test_010_register_takes_in_outside_data(service: TestClient, shelf: World) -> None:
    """Registering outside data needs `register` besides `create` and `write:metadata`."""
    opens(
        service, shelf, "POST", "/register/new", "create:node", "register", "write:metadata"
    )  # fmt: skip


def test_011_metrics_are_for_who_holds_the_scope(
    service: TestClient, shelf: World, world: World
) -> None:
    """The figures need `metrics`; somebody with the default role is refused."""
    opens(service, shelf, "GET", "/metrics", "metrics")
    someone = signed_in(world, person(world))
    with nodes(world) as here:
        assert here.get("/metrics", headers=someone).status_code == 403
        assert here.get("/search", headers=someone).status_code == 200


def test_012_principals_are_shown_to_who_holds_the_scope(world: World) -> None:
    """Listing and showing principals needs `read:principals`; somebody with the default role is
    refused, with the scope's name in the platform's own spelling."""
    reader = world.api(world.access_token(robot(world, "read:principals")))
    assert {one["kind"] for one in made(reader.get("/principals"))["data"]} >= {"member", "client"}
    shown = made(reader.get(f"/principals/{world.admin_email}"))
    assert {"user", "iotman:admin"} <= {one["role"] for one in shown["roles"]}
    someone = world.api(person(world).session()["access_token"])
    for path in ("/principals", f"/principals/{world.admin_email}"):
        assert refused(someone.get(path), 403)["missing"] == ["iotman:principals:read"]


def test_013_services_are_made_by_who_holds_the_scope(world: World) -> None:
    """Making a service principal needs `write:principals`; somebody with the default role is
    refused."""
    maker = world.api(world.access_token(robot(world, "write:principals")))
    made_one = made(maker.post("/principals", json={"name": "beamline"}))
    assert made_one["name"] == "beamline"
    someone = world.api(person(world).session()["access_token"])
    answer = someone.post("/principals", json={"name": "another"})
    assert refused(answer, 403)["missing"] == ["iotman:principals:create"]


def test_014_keys_of_others_are_for_who_administers_them(world: World) -> None:
    """Making, seeing and revoking somebody else's key needs `admin:apikeys`, and holding whatever
    the key is to be good for."""
    service = robot(world, "read:data")
    keys = f"/principals/{service.id}/api-keys"
    body = {"scopes": ["read:data"]}
    boss = robot(world)
    assign(world, boss.id, "admin")
    admin = world.api(world.access_token(boss))
    key = made(admin.post(keys, json=body))
    assert key["scopes"] == ["read:data"]
    assert [one["id"] for one in made(admin.get(keys))["data"]] == [key["id"]]
    someone = world.api(person(world).session()["access_token"])
    for answer in (someone.get(keys), someone.post(keys, json=body)):
        refused(answer, 403)
    refused(someone.delete(f"{keys}/{key['id']}"), 403)
    assert admin.delete(f"{keys}/{key['id']}").status_code == 204


def test_015_own_keys_are_made_and_revoked_by_either_half_alone(world: World) -> None:
    """`apikeys` makes and revokes one's own keys; each half of it does its part, and not the
    other's."""
    body = {"scopes": ["read:data"]}

    def holding(*scopes: str) -> httpx.Client:
        return world.api(world.access_token(robot(world, "read:data", *scopes)))

    whole, creating, revoking = (
        holding(name) for name in ("apikeys", "create:apikeys", "revoke:apikeys")
    )
    key = made(whole.post("/api-keys", json=body))
    assert whole.delete(f"/api-keys/{key['id']}").status_code == 204
    key = made(creating.post("/api-keys", json=body))
    refused(creating.delete(f"/api-keys/{key['id']}"), 403)
    refused(revoking.post("/api-keys", json=body), 403)
    assert made(revoking.get("/api-keys"))["data"] == []
    refused(revoking.delete(f"/api-keys/{key['id']}"), 404)
    refused(holding().post("/api-keys", json=body), 403)


def test_016_a_refusal_says_what_is_needed_and_missing(service: TestClient, shelf: World) -> None:
    """A refusal names the scopes that are needed and, of those, the ones that are missing."""
    half = token(shelf, "write:metadata")
    answer = service.post("/metadata/x", headers=half)
    assert answer.status_code == 403
    assert 'scope="create:node write:metadata"' in answer.headers["www-authenticate"]
    assert answer.json()["detail"] == "This needs create:node."
    nobody = service.post("/metadata/x")
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"] == 'Bearer scope="create:node write:metadata"'
    own = refused(shelf.api(shelf.access_token(robot(shelf))).get("/principals"), 403)
    assert own["missing"] == ["iotman:principals:read"]


def test_017_the_document_shows_what_each_route_needs(service: TestClient, shelf: World) -> None:
    """The OpenAPI document of a guarded service shows the scopes of each route; our own shows the
    operation, which the scope of that name opens."""
    paths = service.get("/openapi.json").json()["paths"]
    shown = paths["/metadata/{name}"]
    assert shown["post"]["security"] == [{"Scopewright": ["create:node", "write:metadata"]}]
    assert shown["get"]["security"] == [{"Scopewright": ["read:metadata"]}]
    ours = made(shelf.http.get("/openapi.json"))["paths"]
    said = ours["/api/workspaces/{ws}/principals"]["get"]["x-operation"]
    assert made(shelf.admin.get(f"/scopes/iotman:{said}"))["name"] == "iotman:principals:read"


LISTS = access_lists(
    {
        "access_lists": {"alice@lab.example": ["A", "B"], "bob@lab.example": ["A", "C"],
                         "cara@lab.example": "tiled.access_policies:SimpleAccessPolicy.ALL"},
        "scopes": ["read:metadata", "read:data"],
        "public": ["D"],
    }
)  # fmt: skip


def test_018_visitors_read_what_is_public_where_they_are_admitted(world: World) -> None:
    """Somebody without a credential may read metadata and data where visitors are admitted, of
    what is public; elsewhere nothing."""
    with nodes(world, LISTS, visitors=True) as here:
        assert here.get("/search").json() == ["D"]
        assert [here.get(f"/array/{name}").status_code for name in "AD"] == [404, 200]
        for method, path in (("PUT", "/metadata/D"), ("PUT", "/array/D"), ("GET", "/metrics")):
            assert here.request(method, path).status_code == 401
    with nodes(world, LISTS) as here:
        assert here.get("/search").status_code == here.get("/array/D").status_code == 401


# --- roles --------------------------------------------------------------------------------------


def test_026_the_default_role_has_the_scopes_of_the_page(shelf: World) -> None:
    """The role `user` has the six scopes of the page; a profile of it the nine of today."""
    assert set(role(shelf, "user")["scopes"]) == USER
    assert set(role(shelf, "user-current")["scopes"]) == CURRENT
    assert len(CURRENT) == 9


def test_027_the_role_admin_has_every_scope(world: World) -> None:
    """The role `admin` has all scopes, literally."""
    boss = robot(world)
    assign(world, boss.id, "admin")
    assert scopes_of(world.access_token(boss)) == PAGE | TODAY


def test_028_roles_add_up(world: World) -> None:
    """A principal may have several roles, and holds what any of them gives."""
    made(world.admin.post("/roles", json={"name": "observer", "scopes": ["metrics"]}))
    someone = person(world, None, "observer")
    assert scopes_of(someone.session()["access_token"]) == USER_MEANS | {"metrics"}


def test_029_who_comes_in_has_the_default_role(world: World) -> None:
    """Somebody who signs in for the first time has the role `user`, until it is taken away;
    programs never get it by themselves."""
    address = an_address()
    someone = person(world, address)
    assert scopes_of(someone.session()["access_token"]) == USER_MEANS
    assert scopes_of(world.access_token(robot(world))) == set()
    assert world.admin.delete(f"/principals/{address}/roles/user").is_success
    assert claims(someone.session()["access_token"])["scope"] == ""


def test_031_a_role_of_ones_own_counts_and_is_shown(world: World) -> None:
    """A role that the workspace made itself is enforced, and shown to whoever has it."""
    made(world.admin.post("/roles", json={"name": "curator", "scopes": ["register", "create"]}))
    headers = signed_in(world, person(world, None, "curator"))
    with nodes(world) as here:
        assert here.post("/register/x", headers=headers).status_code == 201
        assert here.delete("/metadata/A", headers=headers).status_code == 403
    assert {one["role"] for one in portrait(world, headers)["roles"]} == {"curator", "user"}


def test_032_everybody_is_told_their_roles_with_what_they_give(shelf: World, world: World) -> None:
    """Whoever asks about themselves is told their roles, and of each scope from which role it
    comes."""
    address = an_address()
    headers = signed_in(world, person(world, address))
    shown = portrait(world, headers)
    assert [one["role"] for one in shown["roles"]] == ["user"]
    held = {one["scope"]: one["paths"][0]["names"] for one in shown["held"]}
    assert held.keys() == USER_MEANS
    assert all(names[-1] == "user" for names in held.values())
    assert held["create:node"] == ["create", "user"]
    said = made(world.http.get("/api/whoami", headers=headers))
    assert (said["principal"]["name"], set(said["scopes"])) == (address, USER_MEANS)


def test_033_a_service_can_have_any_role(world: World) -> None:
    """A service gets any role by its name; a role that does not exist is told as such."""
    service = robot(world)
    for name in ("user", "admin", "user-current"):
        assign(world, service.id, name)
    shown = made(world.admin.get(f"/principals/{service.id}"))
    assert {one["role"] for one in shown["roles"]} == {"user", "admin", "user-current"}
    answer = world.admin.put(f"/principals/{service.id}/roles/nothing")
    assert refused(answer, 404)["field"] == "role"


# --- policies -----------------------------------------------------------------------------------


def people(world: World, *names: str) -> dict[str, dict[str, str]]:
    """The headers of these people, of whom each has every scope there is."""
    found = {}
    for name in names:
        someone = person(world, f"{name}@lab.example", "admin")
        found[name] = signed_in(world, someone)
    return found


def statuses(http: TestClient, method: str, path: str, headers: dict[str, str]) -> list[int]:
    """What the answer is for each of the nodes A to D."""
    answers: list[httpx.Response] = [
        http.request(method, path.format(name), headers=headers) for name in "ABCD"
    ]
    return [answer.status_code for answer in answers]


def test_048_a_key_restricted_to_tags_sees_no_other_node(world: World) -> None:
    """A key that is restricted to tags is good for nodes with one of them, and for no others."""
    client = robot(world, "create:apikeys", "read:data", "read:metadata")
    holder = world.api(world.access_token(client))
    body = {"scopes": ["read:metadata", "read:data"], "tags": ["public"]}
    restricted = world.as_bearer(made(holder.post("/api-keys", json=body))["secret"])
    reader = [{"name": client.id, "scopes": ["read:metadata", "read:data"]}]
    policy = access_tags({"tags": {"data": {"users": reader}}})
    tagged = {"A": {"data"}, "B": {"public"}, "C": {"data", "public"}, "D": set[str]()}
    with nodes(world, policy, tags=tagged) as here:
        whole = world.as_bearer(world.access_token(client))
        assert here.get("/search", headers=whole).json() == ["A", "B", "C"]
        assert here.get("/search", headers=restricted).json() == ["B", "C"]
        assert statuses(here, "GET", "/array/{}", restricted) == [404, 200, 200, 404]


def test_074_a_policy_caps_what_anybody_may_do(world: World) -> None:
    """Access lists may cap the scopes: then nobody who is listed writes, whatever they hold."""
    with nodes(world, LISTS) as here:
        for name, headers in people(world, "alice", "bob", "cara").items():
            sees = {"alice": "AB", "bob": "AC", "cara": "ABCD"}[name]
            assert here.get("/search", headers=headers).json() == list(sees)
            wanted = [403 if node in sees else 404 for node in "ABCD"]
            assert statuses(here, "PUT", "/metadata/{}", headers) == wanted
            assert statuses(here, "PUT", "/array/{}", headers) == wanted
            read = [200 if node in sees else 404 for node in "ABCD"]
            assert statuses(here, "GET", "/array/{}", headers) == read


def test_075_what_one_may_not_see_is_not_there(world: World) -> None:
    """A node without `read:metadata` for somebody answers 404 and stands in no list; another
    scope that is missing answers 403 and is named."""
    with nodes(world, LISTS) as here:
        alice = people(world, "alice")["alice"]
        hidden, absent = (here.get(f"/array/{name}", headers=alice) for name in ("C", "nothing"))
        assert (hidden.status_code, hidden.text) == (absent.status_code, absent.text)
        assert hidden.status_code == 404
        assert here.get("/search", headers=alice).json() == ["A", "B"]
        forbidden = here.put("/array/A", headers=alice)
        assert forbidden.status_code == 403
        assert 'scope="write:data"' in forbidden.headers["www-authenticate"]


TAGS = {
    "roles": {"reader": {"scopes": ["read:metadata", "read:data"]},
              "editor": {"scopes": ["read:metadata", "read:data", "write:metadata", "write:data"]}},
    "tags": {
        "alices": {"users": [{"name": "alice@lab.example", "role": "editor"}]},
        "chemists": {"groups": [{"name": "chemists", "role": "reader"}]},
        "shared": {"users": [{"name": "dan@lab.example", "scopes": ["read:metadata"]}],
                   "auto_tags": [{"name": "alices"}, {"name": "chemists"}]},
    },
    "tag_owners": {"alices": {"users": [{"name": "alice@lab.example"}]},
                   "shared": {"users": [{"name": "alice@lab.example"}]}},
}  # fmt: skip
WORKERS = {"read:metadata", "read:data", "create", "write:metadata", "write:data"}


def test_076_tags_say_who_may_do_what(world: World) -> None:
    """Tags give users, groups and whoever nested tags name a role or scopes; `public` lets all
    read and is an administrator's to give; what is made without a tag is its maker's alone; only
    owners put tags on and off, and nobody locks themselves out."""
    policy = access_tags(TAGS, members_of={"chemists": ["bob@lab.example"]}.__getitem__)
    names = ("alice", "bob", "dan")
    of = {name: signed_in(world, person(world, f"{name}@lab.example")) for name in names}
    root = world.as_bearer(made_admin_token(world))
    tagged = {"A": {"alices"}, "B": {"chemists"}, "C": {"shared"}, "D": {"public"}}
    with nodes(world, policy, tags=tagged) as here:

        def seen(name: str) -> str:
            return "".join(here.get("/search", headers=of[name]).json())

        assert {name: seen(name) for name in names} == {"alice": "ACD", "bob": "BCD", "dan": "CD"}
        assert here.get("/search", headers=root).json() == list("ABCD")
        assert statuses(here, "PUT", "/array/{}", of["alice"]) == [200, 404, 200, 403]
        assert statuses(here, "GET", "/array/{}", of["dan"]) == [404, 404, 403, 200]

        def retag(who: dict[str, str], node: str, *tags: str) -> int:
            body = {"access_tags": tags}
            return here.put(f"/metadata/{node}", json=body, headers=who).status_code

        assert retag(of["alice"], "A", "alices", "public") == 403
        assert retag(of["alice"], "A", "alices", "chemists") == 403
        assert retag(of["alice"], "A") == 403
        assert retag(of["alice"], "A", "alices", "nowhere") == 422
        assert retag(of["alice"], "A", "alices", "shared") == 200
        assert seen("dan") == "ACD"
        assert retag(root, "B", "chemists", "public") == 200
        assert seen("dan") == "ABCD"

        own = here.post("/metadata/own", headers=of["bob"])
        assert own.json() == ["user:bob@lab.example"]
        assert here.put("/array/own", headers=of["bob"]).status_code == 200
        assert here.get("/array/own", headers=of["alice"]).status_code == 404
        program = robot(world, *sorted(WORKERS))
        mine = world.as_bearer(world.access_token(program))
        assert here.post("/metadata/made", headers=mine).json() == [f"service:{program.id}"]
        assert here.get("/search", headers=mine).json() == ["B", "D", "made"]


def made_admin_token(world: World) -> str:
    """A program with every scope, `admin:apikeys` among them."""
    client = robot(world)
    assign(world, client.id, "admin")
    return world.access_token(client)
