"""API keys over HTTP: made, described, chained, rotated, revoked; for oneself and for others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scopewright.core.model import ClientType, Principal, PrincipalKind
from scopewright.core.oauth import hash_secret
from scopewright.core.scopes import Requested
from scopewright.ids import new_id
from scopewright.store import api_keys, audit
from scopewright.store.pages import Window
from tests.api.browsers import signed_in
from tests.inprocess import Running, Tenant, running
from tests.migrated import migrated_file

KEYS, CURRENT = "/api-keys", "/api-keys/current"
MINT, REVOKE, READ = "iotman:api-keys:create", "iotman:api-keys:revoke", "iotman:api-keys:read"
BOUNDS = {"maximum_lifetime": 3600, "must_expire": True, "scopes": ["a", MINT]}


@pytest.fixture
def ann(tenant: Tenant) -> Principal:
    """An end-user who holds two plain scopes and may make, see and revoke keys."""
    tenant.define("a", "b", "c")
    person = tenant.person(f"{new_id('ann')}@example.com")
    tenant.grant(person, "a", "b", MINT, REVOKE, READ)
    return person


def made(tenant: Tenant, bearer: str, path: str = KEYS, **body: Any) -> dict[str, Any]:
    answer = tenant.call("POST", path, body, bearer=bearer)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def whoami(tenant: Tenant, secret: str, scheme: str = "Bearer") -> httpx.Response:
    headers = {"authorization": f"{scheme} {secret}"}
    return tenant.running.http.request("GET", "/api/whoami", headers=headers)


def carries(tenant: Tenant, secret: str) -> set[str] | None:
    """What a key gives now; None for one that is no good."""
    answer = whoami(tenant, secret)
    return set(answer.json()["scopes"]) if answer.status_code == 200 else None


def keys_of(tenant: Tenant, person: Principal) -> str:
    return f"/principals/{person.id}/api-keys"


# --- making -------------------------------------------------------------------------------------


def test_a_secret_is_shown_once_and_kept_as_its_hash(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    key = made(tenant, mine, note="for the pump", scopes=["b", "a"], expires_in=60)
    secret = key.pop("secret")
    assert secret.startswith(f"swk_{key['id'].removeprefix('key_')}_")
    assert key["scopes"] == ["a", "b"]
    assert (key["created_by"], key["tags"], key["note"]) == (ann.id, [], "for the pump")
    assert datetime.fromisoformat(key["created_at"]) == tenant.running.clock()
    assert datetime.fromisoformat(key["expires_at"]) == tenant.running.clock() + timedelta(
        minutes=1
    )
    assert tenant.call("GET", f"{KEYS}/{key['id']}", bearer=mine).json() == key
    assert key in tenant.call("GET", KEYS, bearer=mine).json()["data"]
    with tenant.running.database.read() as tx:
        kept = api_keys.get(tx, key["id"])
        logged = str(audit.page(tx, tenant.id, window=Window()).items)
    assert kept is not None
    assert kept.secret_hash == hash_secret(secret)
    assert secret not in logged
    assert "own-api-keys:create" in logged


@pytest.mark.parametrize("body", [{}, {"scopes": None}, {"scopes": ["inherit"]}])
def test_a_key_without_scopes_follows_what_is_held(
    tenant: Tenant, ann: Principal, body: dict[str, Any]
) -> None:
    key = made(tenant, tenant.key(ann), **body)
    assert key["scopes"] == ["inherit"]
    assert carries(tenant, key["secret"]) == {"a", "b", MINT, REVOKE, READ}
    tenant.grant(ann, "c")
    tenant.revoke(ann, "a")
    assert carries(tenant, key["secret"]) == {"b", "c", MINT, REVOKE, READ}


def test_a_key_with_scopes_gives_those_that_are_still_held(tenant: Tenant, ann: Principal) -> None:
    key = made(tenant, tenant.key(ann), scopes=["a", "b"])
    tenant.revoke(ann, "b")
    tenant.grant(ann, "c")
    assert carries(tenant, key["secret"]) == {"a"}


def test_a_scope_beyond_what_is_held_is_refused_with_both_sets(
    tenant: Tenant, ann: Principal
) -> None:
    refused = tenant.call("POST", KEYS, {"scopes": ["a", "c"]}, bearer=tenant.key(ann))
    assert (refused.status_code, refused.json()["missing"]) == (403, ["c"])
    assert "carry a c; you hold a b" in refused.json()["detail"]


def test_a_narrow_credential_makes_no_key_that_inherits(tenant: Tenant, ann: Principal) -> None:
    narrow = tenant.key(ann, Requested(frozenset({"a", MINT})))
    refused = tenant.call("POST", KEYS, {}, bearer=narrow)
    assert (refused.status_code, set(refused.json()["missing"])) == (403, {"b", READ, REVOKE})
    assert carries(tenant, made(tenant, narrow, scopes=["a"])["secret"]) == {"a"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["no:such"]}, "scopes"),
        ({"scopes": ["inherit", "a"]}, "scopes"),
        ({"scopes": "a"}, "scopes"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": 10**18}, "expires_in"),
        ({"expires_in": 1.5}, "expires_in"),
        ({"expires_in": "60"}, "expires_in"),
        ({"note": "x" * 256}, "note"),
        ({"note": "x" * 100_000}, "note"),
        ({"note": "a\nb"}, "note"),
        ({"note": "\x00"}, "note"),
        ({"tags": ["x"]}, "tags"),
        ({"tags": ["x"], "scopes": [MINT]}, "tags"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_a_key_cannot_be_is_refused_and_nothing_is_made(
    tenant: Tenant, ann: Principal, body: dict[str, Any], field: str
) -> None:
    mine = tenant.key(ann)
    answer = tenant.call("POST", KEYS, body, bearer=mine)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert len(tenant.call("GET", KEYS, bearer=mine).json()["data"]) == 1


@pytest.mark.parametrize("length", [0, 255])
def test_a_note_is_one_line_of_at_most_255_characters(
    tenant: Tenant, ann: Principal, length: int
) -> None:
    mine = tenant.key(ann)
    key = made(tenant, mine, note="x" * length)
    assert key["note"] == "x" * length
    changed = tenant.call("PATCH", f"{KEYS}/{key['id']}", {"note": "y" * length}, bearer=mine)
    assert (changed.status_code, changed.json()["note"]) == (200, "y" * length)
    assert changed.json() == tenant.call("GET", f"{KEYS}/{key['id']}", bearer=mine).json()
    refused = tenant.call("PATCH", f"{KEYS}/{key['id']}", {"note": "z" * 256}, bearer=mine)
    assert (refused.status_code, refused.json()["field"]) == (422, "note")


def test_a_key_ends_when_its_time_is_over(tenant: Tenant, ann: Principal) -> None:
    brief, endless = made(tenant, tenant.key(ann), expires_in=60), made(tenant, tenant.key(ann))
    assert endless["expires_at"] is None
    tenant.running.clock.advance(seconds=59)
    assert carries(tenant, brief["secret"]) is not None
    tenant.running.clock.advance(seconds=1)
    assert carries(tenant, brief["secret"]) is None
    assert carries(tenant, endless["secret"]) is not None


def test_a_principal_has_no_more_live_keys_than_the_limit(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    first = made(tenant, mine)
    for _ in range(98):
        tenant.key(ann)
    refused = tenant.call("POST", KEYS, {}, bearer=mine)
    assert (refused.status_code, refused.json()["conflict"]) == (409, "api_keys")
    assert tenant.call("POST", f"{KEYS}/{first['id']}/rotate", bearer=mine).status_code == 201
    path = keys_of(tenant, ann)
    assert tenant.call("POST", path, {}).status_code == 409
    [last] = tenant.call("GET", f"{KEYS}?limit=1", bearer=mine).json()["data"]
    assert tenant.call("DELETE", f"{path}/{last['id']}").status_code == 204
    assert tenant.call("POST", path, {}).status_code == 201


# --- the chain ----------------------------------------------------------------------------------


def test_a_key_made_with_a_key_is_narrowed_and_ended_with_it(
    tenant: Tenant, ann: Principal
) -> None:
    mine = tenant.key(ann)
    parent = made(tenant, mine, scopes=["a", "b", MINT], expires_in=3600)
    child = made(tenant, parent["secret"], scopes=["a", "b", MINT])
    grandchild = made(tenant, child["secret"], scopes=["a"], expires_in=86_400)
    assert child["parent"] == parent["id"]
    assert child["expires_at"] == grandchild["expires_at"] == parent["expires_at"]
    assert carries(tenant, grandchild["secret"]) == {"a"}
    assert tenant.call("DELETE", f"{KEYS}/{parent['id']}", bearer=mine).status_code == 204
    for gone in (parent, child, grandchild):
        assert whoami(tenant, gone["secret"]).status_code == 401
        assert tenant.call("GET", f"{KEYS}/{gone['id']}", bearer=mine).status_code == 404
    assert carries(tenant, mine) is not None


def test_keys_are_made_by_keys_ten_deep_at_most(tenant: Tenant, ann: Principal) -> None:
    key = tenant.key(ann)
    for _ in range(9):
        key = made(tenant, key)["secret"]
    assert carries(tenant, key) is not None
    refused = tenant.call("POST", KEYS, {}, bearer=key)
    assert (refused.status_code, refused.json()["conflict"]) == (409, "parent")


def test_only_a_chain_that_inherits_founds_a_workspace(tenant: Tenant) -> None:
    child = made(tenant, tenant.admin_key, expires_in=60)
    headers = {"authorization": f"Bearer {child['secret']}"}
    answer = tenant.running.http.request(
        "POST", "/api/workspaces", json={"name": "Plant"}, headers=headers
    )
    assert answer.status_code == 201
    secret = answer.json()["api_key"]
    tenant.running.clock.advance(seconds=60)
    assert whoami(tenant, secret).status_code == 401


# --- the workspace's policy ---------------------------------------------------------------------


def test_the_workspace_says_how_long_keys_live_and_what_they_carry(
    tenant: Tenant, ann: Principal
) -> None:
    mine = tenant.key(ann)
    assert tenant.call("PATCH", "", {"policy": {"api_keys": BOUNDS}}).status_code == 200
    assert carries(tenant, mine) == {"a", MINT}
    for body, field in (({"expires_in": 3601}, "expires_in"), ({"scopes": ["b"]}, "scopes")):
        refused = tenant.call("POST", KEYS, body, bearer=mine)
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    key = made(tenant, mine, scopes=["a"])
    tenant.running.clock.advance(seconds=3600)
    assert carries(tenant, key["secret"]) is None


def test_keys_must_expire_where_the_workspace_says_so(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    tenant.call("PATCH", "", {"policy": {"api_keys": {"must_expire": True}}})
    refused = tenant.call("POST", KEYS, {}, bearer=mine)
    assert (refused.status_code, refused.json()["field"]) == (422, "expires_in")
    assert tenant.call("POST", keys_of(tenant, ann), {}).status_code == 422
    brief = made(tenant, mine, expires_in=60)
    assert made(tenant, brief["secret"])["expires_at"] == brief["expires_at"]


# --- one's own ----------------------------------------------------------------------------------


def test_own_keys_come_page_by_page_and_nobody_elses_among_them(
    tenant: Tenant, ann: Principal
) -> None:
    mine = tenant.key(ann)
    ids = [made(tenant, mine)["id"] for _ in range(3)]
    seen, path = [], f"{KEYS}?limit=2"
    while path:
        page = tenant.call("GET", path, bearer=mine).json()
        seen += [key["id"] for key in page["data"]]
        path = (page["next_page"] or "").partition(tenant.id)[2]
    assert set(ids) < set(seen)
    assert len(seen) == 4


def test_another_persons_key_is_not_there_on_the_way_to_ones_own(
    tenant: Tenant, ann: Principal
) -> None:
    bob = tenant.person(f"{new_id('bob')}@example.com")
    tenant.grant(bob, MINT, REVOKE, READ)
    theirs = made(tenant, tenant.key(bob))
    for method, beneath, body in (
        ("GET", "", None), ("PATCH", "", {"note": "x"}), ("DELETE", "", None),
        ("POST", "/rotate", {}),
    ):  # fmt: skip
        path = f"{KEYS}/{theirs['id']}{beneath}"
        assert tenant.call(method, path, body, bearer=tenant.key(ann)).status_code == 404
    assert carries(tenant, theirs["secret"]) is not None


def test_revoking_takes_effect_at_once_and_once(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    key = made(tenant, mine)
    assert carries(tenant, key["secret"]) is not None
    path = f"{KEYS}/{key['id']}"
    assert tenant.call("DELETE", path, bearer=mine).status_code == 204
    assert carries(tenant, key["secret"]) is None
    assert tenant.call("DELETE", path, bearer=mine).status_code == 404
    assert tenant.call("PATCH", path, {"note": "x"}, bearer=mine).status_code == 404


def test_each_half_works_alone(tenant: Tenant, ann: Principal) -> None:
    makes = tenant.key(ann, Requested(frozenset({MINT})))
    revokes = tenant.key(ann, Requested(frozenset({REVOKE})))
    key = made(tenant, makes, scopes=[MINT])
    path = f"{KEYS}/{key['id']}"
    refused = tenant.call("DELETE", path, bearer=makes)
    assert (refused.status_code, refused.json()["missing"]) == (403, [REVOKE])
    refused = tenant.call("POST", KEYS, {}, bearer=revokes)
    assert (refused.status_code, refused.json()["missing"]) == (403, [MINT])
    assert tenant.call("DELETE", path, bearer=revokes).status_code == 204


# --- the one that is presented ------------------------------------------------------------------


def test_whoever_presents_a_key_may_see_and_revoke_it_without_a_scope(tenant: Tenant) -> None:
    somebody = tenant.person(f"{new_id('kim')}@example.com")
    key = tenant.key(somebody)
    shown = tenant.call("GET", CURRENT, bearer=key)
    assert (shown.status_code, shown.json()["scopes"]) == (200, ["inherit"])
    assert "secret" not in shown.json()
    assert tenant.call("GET", KEYS, bearer=key).status_code == 403
    assert tenant.call("DELETE", CURRENT, bearer=key).status_code == 204
    assert tenant.call("GET", CURRENT, bearer=key).status_code == 401


def test_without_a_key_there_is_no_current_one(tenant: Tenant) -> None:
    token = tenant.access_token(*tenant.client(ClientType.CLIENT_CREDENTIALS, READ))
    for method in ("GET", "DELETE"):
        answer = tenant.call(method, CURRENT, bearer=token)
        assert (answer.status_code, answer.json()["detail"]) == (404, "No API key is presented.")


def test_a_use_is_seen_with_time_address_and_the_routes_pattern(
    tenant: Tenant, ann: Principal
) -> None:
    mine = tenant.key(ann)
    key = made(tenant, mine, scopes=[READ])
    assert (key["last_used_at"], key["last_used_from"], key["last_used_for"]) == (None, None, None)
    tenant.running.clock.advance(seconds=5)
    tenant.call("GET", f"{KEYS}/{key['id']}", bearer=key["secret"])
    shown = tenant.call("GET", f"{KEYS}/{key['id']}", bearer=mine).json()
    assert shown["last_used_at"] == tenant.running.clock().isoformat().replace("+00:00", "Z")
    assert shown["last_used_from"] == "127.0.0.1"
    assert shown["last_used_for"] == "GET /api/workspaces/{ws}/api-keys/{id}"
    whoami(tenant, key["secret"])
    shown = tenant.call("GET", f"{KEYS}/{key['id']}", bearer=mine).json()
    assert shown["last_used_for"] == "GET /api/whoami"


# --- rotating -----------------------------------------------------------------------------------


def test_a_rotated_key_is_followed_by_one_on_the_same_terms(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    old = made(tenant, mine, scopes=["a"], expires_in=600, note="pump", tags=["room:1"])
    tenant.running.clock.advance(seconds=100)
    answer = tenant.call("POST", f"{KEYS}/{old['id']}/rotate", bearer=mine)
    assert answer.status_code == 201
    new = answer.json()
    assert [new[name] for name in ("scopes", "note", "tags", "parent")] == [
        ["a"], "pump", ["room:1"], old["parent"],
    ]  # fmt: skip
    assert new["expires_at"] > old["expires_at"]
    assert carries(tenant, old["secret"]) is None
    assert carries(tenant, new["secret"]) == {"a"}


def test_both_keys_work_while_they_overlap(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    old = made(tenant, mine, scopes=["a", MINT])
    child = made(tenant, old["secret"], scopes=["a"])
    new = made(tenant, mine, f"{KEYS}/{old['id']}/rotate", overlap=60)
    for key in (old, child, new):
        assert carries(tenant, key["secret"]) is not None
    tenant.running.clock.advance(seconds=60)
    assert carries(tenant, old["secret"]) is carries(tenant, child["secret"]) is None
    assert carries(tenant, new["secret"]) is not None


def test_a_key_rotates_itself_and_lives_no_longer_by_that(tenant: Tenant, ann: Principal) -> None:
    mine = tenant.key(ann)
    old = made(tenant, mine, expires_in=600)
    tenant.running.clock.advance(seconds=100)
    new = made(tenant, old["secret"], f"{KEYS}/{old['id']}/rotate")
    assert new["expires_at"] == old["expires_at"]
    assert carries(tenant, old["secret"]) is None


def test_with_a_key_no_other_is_rotated_but_one_made_with_it(
    tenant: Tenant, ann: Principal
) -> None:
    mine, other = tenant.key(ann), tenant.key(ann)
    child = made(tenant, mine, scopes=["a"])
    path = f"{KEYS}/{child['id']}/rotate"
    assert tenant.call("POST", path, bearer=other).status_code == 403
    assert made(tenant, mine, path)["parent"] == child["parent"]


def test_a_narrow_credential_rotates_no_wider_key(tenant: Tenant, ann: Principal) -> None:
    id, secret = tenant.client(ClientType.CLIENT_CREDENTIALS, "a", MINT)
    wide = made(tenant, tenant.admin_key, f"/principals/{id}/api-keys")
    token = tenant.access_token(id, secret, scope=MINT)
    refused = tenant.call("POST", f"{KEYS}/{wide['id']}/rotate", bearer=token)
    assert (refused.status_code, refused.json()["missing"]) == (403, ["a"])
    assert carries(tenant, wide["secret"]) == {"a", MINT}


@pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1, 10**18, "60"])
def test_an_overlap_has_its_bounds(tenant: Tenant, ann: Principal, overlap: Any) -> None:
    mine = tenant.key(ann)
    path = f"{KEYS}/{made(tenant, mine)['id']}/rotate"
    answer = tenant.call("POST", path, {"overlap": overlap}, bearer=mine)
    assert (answer.status_code, answer.json()["field"]) == (422, "overlap")


# --- on behalf of others ------------------------------------------------------------------------


def test_a_key_is_made_seen_and_revoked_for_somebody(tenant: Tenant, ann: Principal) -> None:
    path = keys_of(tenant, ann)
    key = made(tenant, tenant.admin_key, path, scopes=["a"], note="for Ann")
    secret = key.pop("secret")
    assert (key["created_by"], key["parent"]) == (tenant.admin.id, None)
    assert whoami(tenant, secret).json()["principal"]["id"] == ann.id
    assert carries(tenant, secret) == {"a"}
    shown = {**key, "last_used_at": key["created_at"], "last_used_from": "127.0.0.1",
             "last_used_for": "GET /api/whoami"}  # fmt: skip
    assert tenant.call("GET", f"{path}/{key['id']}").json() == shown
    assert tenant.call("GET", path).json()["data"] == [shown]
    assert tenant.call("DELETE", f"{path}/{key['id']}").status_code == 204
    assert carries(tenant, secret) is None
    assert tenant.call("DELETE", f"{path}/{key['id']}").status_code == 404


def test_such_a_key_stays_within_what_that_one_holds(tenant: Tenant, ann: Principal) -> None:
    refused = tenant.call("POST", keys_of(tenant, ann), {"scopes": ["a", "c"]})
    assert (refused.status_code, refused.json()["missing"]) == (403, ["c"])
    assert "holds a b" in refused.json()["detail"]


def test_nobody_makes_a_key_for_one_who_may_do_more_here(tenant: Tenant, ann: Principal) -> None:
    path = keys_of(tenant, tenant.admin)
    refused = tenant.call("POST", path, {}, bearer=tenant.key(ann))
    assert refused.status_code == 403
    assert "iotman:members:update" in refused.json()["missing"]
    mine = tenant.call("POST", path, {"scopes": [READ]}, bearer=tenant.key(ann))
    assert mine.status_code == 201


def test_making_a_key_for_oneself_that_way_makes_a_child_all_the_same(
    tenant: Tenant, ann: Principal
) -> None:
    parent = made(tenant, tenant.key(ann), scopes=["a", MINT], expires_in=60)
    path = keys_of(tenant, ann)
    child = made(tenant, parent["secret"], path, scopes=["a"])
    assert (child["parent"], child["expires_at"]) == (parent["id"], parent["expires_at"])
    refused = tenant.call("POST", path, {"scopes": ["b"]}, bearer=parent["secret"])
    assert (refused.status_code, refused.json()["missing"]) == (403, ["b"])


def test_groups_and_clients_through_which_people_act_have_no_keys(tenant: Tenant) -> None:
    group, (phone, _) = tenant.group("crew"), tenant.client(ClientType.PKCE)
    for id, conflict in ((group, "kind"), (phone, "type")):
        refused = tenant.call("POST", f"/principals/{id}/api-keys", {})
        assert (refused.status_code, refused.json()["conflict"]) == (409, conflict)


def test_principals_and_keys_of_another_workspace_are_not_there(
    tenant: Tenant, ann: Principal
) -> None:
    stranger = Tenant(tenant.running)
    theirs = made(stranger, stranger.admin_key)
    assert tenant.call("POST", keys_of(stranger, stranger.admin), {}).status_code == 404
    for path in (f"{KEYS}/{theirs['id']}", f"{keys_of(tenant, ann)}/{theirs['id']}"):
        assert tenant.call("DELETE", path).status_code == 404
    assert tenant.call("GET", CURRENT, bearer=theirs["secret"]).status_code == 401
    assert carries(stranger, theirs["secret"]) is not None


# --- restricted by tags -------------------------------------------------------------------------


def test_a_key_restricted_by_tags_says_so_and_opens_nothing_here_but_itself(
    tenant: Tenant, ann: Principal
) -> None:
    tenant.grant(ann, "iotman:scopes:read")
    mine = tenant.key(ann)
    key = made(tenant, mine, scopes=["a", "iotman:scopes:read"], tags=["room:2", "room:1"])
    assert key["tags"] == ["room:1", "room:2"]
    secret, headers = key["secret"], {"authorization": f"Bearer {key['secret']}"}
    http = tenant.running.http
    for query in ("", f"?workspace={tenant.id}"):
        told = http.request("GET", f"/api/whoami{query}", headers=headers).json()
        assert told["tags"] == ["room:1", "room:2"]
    assert "tags" not in whoami(tenant, mine).json()
    assert tenant.call("GET", CURRENT, bearer=secret).status_code == 200
    closed = [f"/api/workspaces/{tenant.id}{path}" for path in ("/scopes", "/principals/me", KEYS)]
    for path in (*closed, "/api/launchpad", "/api/workspaces", f"/w/{tenant.id}/userinfo",
                 f"/w/{tenant.id}/verify?scope=a"):  # fmt: skip
        refused = http.request("GET", path, headers=headers)
        assert refused.status_code == 403, path
        assert "tags" in refused.text
    asked = {"token": secret}
    told = http.request(
        "POST",
        f"/w/{tenant.id}/introspect",
        data=asked,
        headers={"authorization": f"Bearer {mine}"},
    ).json()
    assert (told["active"], told["tags"]) == (True, ["room:1", "room:2"])
    own = http.request("POST", f"/w/{tenant.id}/introspect", data=asked, headers=headers)
    assert own.status_code == 401
    assert tenant.call("DELETE", CURRENT, bearer=secret).status_code == 204


# --- how a key is presented ---------------------------------------------------------------------


def test_junk_truncated_foreign_and_unknown_keys_are_refused_alike(tenant: Tenant) -> None:
    stranger, good = Tenant(tenant.running), tenant.admin_key
    never = good.replace(good[4:30], new_id("key").removeprefix("key_"))
    answers = [
        tenant.call("GET", "/scopes", bearer=one)
        for one in ("junk", good[:-1], f"{good}0", good.upper(), never, stranger.admin_key)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


def test_another_scheme_is_answered_with_those_that_are_taken(tenant: Tenant) -> None:
    path = f"/api/workspaces/{tenant.id}/scopes"
    for basic in ("Basic YTpi", "Token x", "swk_x"):
        headers = {"authorization": basic}
        for where in (path, "/api/whoami", f"/exports/w-{tenant.id[-12:]}/none"):
            refused = tenant.running.http.request("GET", where, headers=headers)
            assert refused.status_code == 401
            assert "Bearer" in refused.json()["detail"]
            assert "Apikey" in refused.json()["detail"]


@pytest.fixture(scope="module")
def open_query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that takes keys in addresses."""
    folder = tmp_path_factory.mktemp("query")
    server = {"query_api_keys": True}
    with running(migrated_file(folder / "scopewright.db"), folder, server=server) as started:
        yield started


def test_a_key_in_the_address_counts_where_a_setting_allows_it(
    tenant: Tenant, open_query: Running
) -> None:
    there = Tenant(open_query)
    there.define("a", "b")
    path = f"/api/workspaces/{there.id}/scopes?limit=1"
    answer = open_query.http.request("GET", f"{path}&api_key={there.admin_key}")
    assert answer.status_code == 200
    assert there.admin_key not in f"{answer.text}{answer.headers}"
    assert "api_key" not in answer.json()["next_page"]
    assert "set-cookie" not in answer.headers
    assert open_query.http.request("GET", f"/api/whoami?api_key={there.admin_key}").is_success
    refused = tenant.call("GET", f"/scopes?api_key={tenant.admin_key}")
    assert (refused.status_code, refused.json()["field"]) == (422, "api_key")
    bare = tenant.call("GET", f"/scopes?api_key={tenant.admin_key}", bearer=None)
    assert bare.status_code in (401, 422)
    assert tenant.admin_key not in refused.text + bare.text


def test_nothing_but_a_key_may_stand_in_the_address(open_query: Running) -> None:
    there = Tenant(open_query)
    token = there.access_token(*there.client(ClientType.CLIENT_CREDENTIALS, "iotman:scopes:read"))
    address = f"{new_id('eve')}@example.com"
    there.assign(there.person(address, kind=PrincipalKind.MEMBER), "iotman:admin")
    browser = signed_in(open_query, address)
    path = f"/api/workspaces/{there.id}/scopes"
    assert there.call("GET", "/scopes", bearer=token).status_code == 200
    assert open_query.http.request("GET", path, headers=browser).status_code == 200
    for wrong in (token, "", "swk_x", there.admin_key[:-1]):
        for headers in ({}, browser):  # whoever presents a bad key is not let in by a cookie
            answer = open_query.http.request("GET", f"{path}?api_key={wrong}", headers=headers)
            assert answer.status_code == 401
            assert not wrong or wrong not in answer.text
    elsewhere = f"/w/{there.id}/userinfo?api_key={there.admin_key}"
    assert open_query.http.request("GET", elsewhere).status_code == 401


def test_two_credentials_in_one_request_are_refused(open_query: Running) -> None:
    there = Tenant(open_query)
    one, other = there.admin_key, there.key(there.person(f"{new_id('eve')}@example.com"))
    for path in (f"/api/workspaces/{there.id}/scopes", "/api/whoami", "/api/launchpad"):
        for query, bearer in (
            (f"api_key={other}", one),
            (f"api_key={one}&api_key={other}", None),
            (f"api_key={one}&api%5Fkey={other}", None),
        ):
            headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
            refused = open_query.http.request("GET", f"{path}?{query}", headers=headers)
            assert (refused.status_code, "two credentials" in refused.text) == (400, True)
            assert one not in refused.text
            assert other not in refused.text
    twice = {"authorization": f"Bearer {one}"}
    assert open_query.http.request("GET", f"/api/whoami?api_key={one}", headers=twice).is_success


def test_a_scanner_finds_a_key_by_the_documented_pattern(tenant: Tenant, ann: Principal) -> None:
    page = (Path(__file__).parents[2] / "docs" / "api-keys.md").read_text()
    [pattern] = re.findall(r"^\\bswk_.*$", page, re.MULTILINE)
    secret = made(tenant, tenant.key(ann))["secret"]
    assert re.findall(pattern, f"key={secret}; other={secret[:-1]}") == [secret]
