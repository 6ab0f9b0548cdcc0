"""API keys as Tiled's users look for them, a test a behaviour, over HTTP and by the command line.

`world` is a workspace of the test's own on `scopewright serve`, which takes keys in addresses too;
`timed` one on a server whose clock the test moves. Both have the catalogue of Tiled's scopes.
"""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from scopewright.store import schema
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.dialects.conftest import PLENTY, Site
from tests.dialects.test_mindsphere import assign, define, made, refused, unassign
from tests.dialects.test_tiled import robot
from tests.servers import Installation
from tests.visitors import a_browser
from tests.worlds import KnownClient, World

SEES_PRINCIPALS = "read:principals"
MAKES_KEYS = ("create:apikeys", "revoke:apikeys")
LIMIT = 100
LOG_SECONDS = 10


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {
        "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": str(PLENTY),
        "SCOPEWRIGHT_SERVER__QUERY_API_KEYS": "true",
    }


@pytest.fixture
def world(site: Site) -> World:
    """A workspace of the test's own."""
    return site.first.another(catalogues=["tiled"])


@pytest.fixture
def timed(frozen_site: Site) -> World:
    """One on the server with the frozen clock."""
    return frozen_site.first.another(catalogues=["tiled"])


# --- what the tests say often -------------------------------------------------------------------


def owner(world: World, *scopes: str) -> tuple[KnownClient, httpx.Client]:
    """A program that may make and revoke keys and holds these scopes, and how it asks."""
    program = robot(world, *MAKES_KEYS, *scopes)
    return program, world.api(world.access_token(program))


def key_of(api: httpx.Client, **body: Any) -> dict[str, Any]:
    """A new key of whoever asks."""
    return made(api.post("/api-keys", json=body))


def carries(world: World, secret: str) -> set[str]:
    """The scopes of a key now."""
    return set(made(world.http.get("/api/whoami", headers=world.as_bearer(secret)))["scopes"])


def is_good(world: World, secret: str) -> bool:
    answer = world.http.get("/api/whoami", headers=world.as_bearer(secret))
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def opens(world: World, secret: str) -> int:
    """What the list of principals answers, which needs `read:principals`."""
    return world.api(secret).get("/principals").status_code


# --- inherit ------------------------------------------------------------------------------------


def test_019_a_key_that_names_no_scope_inherits(world: World) -> None:
    """A key that is made without scopes inherits all that its owner holds."""
    _, mine = owner(world, "read:data")
    held = {"read:data", *MAKES_KEYS, "apikeys"}
    for body in ({}, {"scopes": None}, {"scopes": ["inherit"]}):
        key = key_of(mine, **body)
        assert key["scopes"] == ["inherit"]
        assert carries(world, key["secret"]) == held


def test_020_what_is_gained_counts_for_keys_that_inherit(world: World) -> None:
    """A role that the owner is given, or a scope that a role gains, is in force at the next
    request of a key that inherits."""
    program, mine = owner(world)
    define(world, "watcher", "metrics")
    secret = key_of(mine)["secret"]
    assert opens(world, secret) == 403
    assign(world, program.id, "watcher")
    assert "metrics" in carries(world, secret)
    assert opens(world, secret) == 403
    made(world.admin.patch("/roles/watcher", json={"scopes": [SEES_PRINCIPALS]}))
    assert opens(world, secret) == 200


def test_021_what_is_lost_is_refused_to_keys_that_inherit(world: World) -> None:
    """A role that the owner loses, or a scope that a role loses, is out of force at the next
    request of a key that inherits."""
    program, mine = owner(world)
    define(world, "watcher", SEES_PRINCIPALS)
    secret = key_of(mine)["secret"]
    assign(world, program.id, "watcher")
    assert opens(world, secret) == 200
    unassign(world, program.id, "watcher")
    assert opens(world, secret) == 403
    assign(world, program.id, "watcher")
    assert opens(world, secret) == 200
    made(world.admin.patch("/roles/watcher", json={"scopes": []}))
    assert opens(world, secret) == 403


def test_022_a_key_gives_no_more_than_its_owner_still_holds(world: World) -> None:
    """Of the scopes that a key names, those that its owner has lost are gone at once, and are back
    with the owner's; what the owner gains does not reach it."""
    program, mine = owner(world, "read:data", SEES_PRINCIPALS)
    secret = key_of(mine, scopes=["read:data", SEES_PRINCIPALS])["secret"]
    assert carries(world, secret) == {"read:data", SEES_PRINCIPALS}
    assert opens(world, secret) == 200
    where = f"/clients/{program.id}/scopes"
    assert world.admin.delete(f"{where}/{SEES_PRINCIPALS}").status_code == 204
    made(world.admin.post(where, json={"scope": "metrics"}))
    assert carries(world, secret) == {"read:data"}
    assert opens(world, secret) == 403
    made(world.admin.post(where, json={"scope": SEES_PRINCIPALS}))
    assert opens(world, secret) == 200


def test_023_a_scope_that_is_not_held_is_refused_with_both_sets(world: World) -> None:
    """Asking for what one does not hold is refused, with what was asked for and what is held."""
    _, mine = owner(world, "read:data")
    body = {"scopes": ["read:data", "write:data"]}
    answer = refused(mine.post("/api-keys", json=body), 403)
    assert answer["missing"] == ["write:data"]
    asked, held = answer["detail"].split("; ")
    assert asked.endswith("read:data write:data")
    assert {"read:data", *MAKES_KEYS} <= set(held.rstrip(".").split())
    assert made(mine.get("/api-keys"))["data"] == []


def test_024_a_scope_that_nobody_knows_is_refused(world: World) -> None:
    """A scope that the workspace does not have is refused by its name."""
    _, mine = owner(world, "read:data")
    answer = refused(mine.post("/api-keys", json={"scopes": ["read:data", "read:minds"]}), 422)
    assert answer["field"] == "scopes"
    assert "read:minds" in answer["detail"]
    assert made(mine.get("/api-keys"))["data"] == []


def test_025_a_key_that_inherits_is_restricted_by_no_tags(world: World) -> None:
    """Tags stand beside named scopes only: not beside `inherit`, said or meant, and not beside the
    scopes that manage keys."""
    _, mine = owner(world, "read:data")
    for scopes in ({}, {"scopes": ["inherit"]}, {"scopes": [MAKES_KEYS[0]]}):
        answer = refused(mine.post("/api-keys", json={**scopes, "tags": ["lab"]}), 422)
        assert answer["field"] == "tags"
    assert made(mine.get("/api-keys"))["data"] == []


# --- what a key is ------------------------------------------------------------------------------


def test_034_the_secret_is_in_the_answer_that_makes_the_key_and_in_no_other(world: World) -> None:
    """Making a key shows its secret, its id, when it ends, its note, scopes and tags; afterwards
    all but the secret is shown."""
    program, mine = owner(world, "read:data")
    key = key_of(mine, scopes=["read:data"], expires_in=600, note="for the pump", tags=["lab"])
    secret = key.pop("secret")
    assert secret.startswith(f"swk_{key['id'].removeprefix('key_')}_")
    lives = datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])
    assert lives == timedelta(minutes=10)
    shown = (key["note"], key["scopes"], key["tags"])
    assert shown == ("for the pump", ["read:data"], ["lab"])
    own, whole = f"/api-keys/{key['id']}", key_of(mine)["secret"]
    assert made(mine.get(own)) == key
    later = [mine.get(own), mine.get("/api-keys"), world.admin.get(f"/principals/{program.id}")]
    later += [world.api(whole).get(path) for path in ("/api-keys/current", "/principals/me")]
    for answer in [*later, world.admin.get("/audit")]:
        assert answer.status_code == 200
        assert secret[-49:] not in answer.text


def test_035_who_has_the_database_has_no_key(world: World, site: Site) -> None:
    """The database holds a hash of the secret: nothing in it lets anybody in."""
    _, mine = owner(world, "read:data")
    key = key_of(mine)
    database, kept = Database(site.database_url), []
    with database.read() as tx:
        for table in schema.metadata.sorted_tables:
            kept += [str(value) for row in tx.all(select(table)) for value in row]
        of_key = select(schema.api_keys).where(schema.api_keys.c.id == key["id"])
        (row,) = tx.all(of_key)
    database.close()
    assert is_good(world, key["secret"])
    assert not any(key["secret"][-49:] in value for value in kept)
    assert row.secret_hash in kept
    for value in {str(value) for value in row if value} | {
        f"{key['secret'][:31]}{row.secret_hash}"
    }:
        assert not is_good(world, value)


# --- how a key is presented ---------------------------------------------------------------------


def test_036_a_key_is_taken_under_the_scheme_apikey(world: World) -> None:
    """`Authorization: Apikey` with a key lets in, as `Bearer` does."""
    _, mine = owner(world, SEES_PRINCIPALS)
    secret = key_of(mine)["secret"]
    for scheme in ("Apikey", "apikey", "Bearer"):
        headers = {"authorization": f"{scheme} {secret}"}
        answer = world.http.get(f"{world.address}/principals", headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


def test_037_a_key_in_the_address_is_in_no_log_and_no_cookie(
    world: World, installed: Installation
) -> None:
    """Where a setting has it so, a key may stand in the address; it does not come back in links,
    stands in no line of the log, and never becomes a cookie; none is taken from one either."""
    _, mine = owner(world, SEES_PRINCIPALS)
    secret = key_of(mine)["secret"]
    address = f"{world.address}/principals"
    browser = a_browser()
    answer = browser.get(address, params={"limit": 1, "api_key": secret})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert not browser.cookies
    assert "limit=1" in answer.json()["next_page"]
    assert secret not in answer.text + str(answer.headers)
    wrong = browser.get(address, params={"api_key": secret[:-1]})
    assert wrong.status_code == 401
    for one in (answer, wrong):
        assert line_of(installed, one)["path"] == httpx.URL(address).path
    assert secret[-49:-1] not in installed.servers[-1].said
    for name in ("tiled_api_key", "api_key", "scopewright"):
        with_cookie = a_browser(cookies={name: secret})
        assert with_cookie.get(address).status_code == 401


def line_of(installed: Installation, answer: httpx.Response) -> dict[str, Any]:
    """The line that the log has of this answer's request, once it is there."""
    deadline = time.monotonic() + LOG_SECONDS
    while time.monotonic() < deadline:
        for line in installed.servers[-1].said.splitlines():
            if answer.headers["x-request-id"] in line and '"event": "request"' in line:
                return dict(json.loads(line))
        time.sleep(0.01)
    raise AssertionError(installed.servers[-1].said)


def test_038_a_cookie_alone_changes_nothing(world: World) -> None:
    """A signed-in browser's request that changes something needs the anti-forgery token of its
    page; with another's, an empty one or none it is refused."""
    with_token = world.member("admin")
    cookie = dict(with_token.cookies)
    without = a_browser(base_url=world.address, cookies=cookie)
    assert made(without.get("/api-keys"))["data"] == []
    other = world.member("admin").headers["x-anti-forgery"]
    changing = [
        ("POST", "/api-keys"), ("DELETE", "/api-keys/key_none"), ("PATCH", world.address),
        ("PUT", "/principals/x/roles/user"),
    ]  # fmt: skip
    for headers in ({}, {"x-anti-forgery": ""}, {"x-anti-forgery": other}):
        for method, path in changing:
            assert without.request(method, path, headers=headers, json={}).status_code == 403
    assert made(without.get("/api-keys"))["data"] == []
    made(with_token.post("/api-keys", json={"scopes": ["read:data"]}))


def test_039_other_schemes_and_junk_are_refused(world: World) -> None:
    """A scheme that is not taken is refused with those that are; what is no key, is cut short or
    of another workspace is refused without a word why."""
    good, address = key_of(owner(world)[1])["secret"], f"{world.address}/principals/me"
    schemes = ("Basic YTpi", "Digest x", "Token x", good)
    told = refused_alike(world, address, schemes)
    assert "Bearer" in told
    assert "Apikey" in told
    elsewhere = world.another().api_key
    junk = ("zz", "ab" * 36, good[:-1], good[:30], f"{good}0", good[:30] + good[30:].swapcase(),
            elsewhere)  # fmt: skip
    for scheme in ("Apikey", "Bearer"):
        refused_alike(world, address, [f"{scheme} {secret}" for secret in junk])


def refused_alike(world: World, address: str, presented: Any) -> str:
    """What all of these are told, which is the same."""
    answers = [world.http.get(address, headers={"authorization": one}) for one in presented]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"].partition(" ")[0] for answer in answers} == {
        "Bearer"
    }
    (told,) = {answer.text for answer in answers}
    return told


# --- how long a key lives -----------------------------------------------------------------------


def test_040_a_key_ends_when_it_was_said_to(timed: World, clock: FrozenClock) -> None:
    """A key that was made for so many seconds is good until then and refused from then on, like
    any other that is no good."""
    _, mine = owner(timed, "read:data")
    secret = key_of(mine, expires_in=600)["secret"]
    clock.advance(seconds=599)
    assert is_good(timed, secret)
    clock.advance(seconds=1)
    answer = timed.http.get("/api/whoami", headers=timed.as_bearer(secret))
    junk = timed.http.get("/api/whoami", headers=timed.as_bearer("swk_x"))
    assert (answer.status_code, answer.text) == (junk.status_code, junk.text)
    assert answer.status_code == 401
    assert made(mine.get("/api-keys"))["data"] == []


def test_041_a_key_without_an_end_has_none(timed: World, clock: FrozenClock) -> None:
    """A key for which no end is named, or null, is good until it is revoked."""
    _, mine = owner(timed, "read:data")
    keys = [key_of(mine), key_of(mine, expires_in=None)]
    assert [key["expires_at"] for key in keys] == [None, None]
    clock.advance(days=4000)
    assert all(is_good(timed, key["secret"]) for key in keys)


# --- keys are seen ------------------------------------------------------------------------------


def test_042_a_key_describes_itself(world: World) -> None:
    """Whoever presents a key is told what it is, without its secret and without any scope; with
    anything else there is nothing to tell."""
    _, mine = owner(world, "read:data")
    key = key_of(mine, scopes=["read:data"], note="for the pump", expires_in=60)
    told = made(world.api(key["secret"]).get("/api-keys/current"))
    assert told.keys() == key.keys() - {"secret"}
    same = ("id", "note", "scopes", "tags", "expires_at")
    assert [told[name] for name in same] == [key[name] for name in same]
    refused(mine.get("/api-keys/current"), 404)


def test_043_ones_own_keys_are_listed(world: World) -> None:
    """Everybody sees their own live keys: id, end, last use, note, scopes and tags; nobody else's
    are among them."""
    _, mine = owner(world, "read:data")
    assert key_of(owner(world)[1])
    keys = [
        key_of(mine, note="one", scopes=["read:data"], tags=["lab"]),
        key_of(mine, note="two", expires_in=60),
    ]
    listed = made(mine.get("/api-keys"))["data"]
    assert [one["id"] for one in listed] == [key["id"] for key in keys]
    for one, key in zip(listed, keys, strict=True):
        assert one == {name: value for name, value in key.items() if name != "secret"}
        assert {"expires_at", "last_used_at", "note", "scopes", "tags"} <= one.keys()


def test_044_a_use_is_seen(timed: World, clock: FrozenClock) -> None:
    """When a key was last used moves with each use, and with nothing else."""
    _, mine = owner(timed, "read:data")
    key = key_of(mine)

    def last_used() -> datetime | None:
        said = made(mine.get(f"/api-keys/{key['id']}"))["last_used_at"]
        return None if said is None else datetime.fromisoformat(said)

    assert last_used() is None
    for minutes in (1, 2):
        assert is_good(timed, key["secret"])
        used = clock.now
        assert last_used() == used
        clock.advance(minutes=minutes)
        assert last_used() == used


# --- keys end -----------------------------------------------------------------------------------


def test_045_a_key_is_revoked_by_its_id_and_once(world: World) -> None:
    """A key is revoked by its id: the next request with it is refused, and it is not there to be
    revoked again."""
    _, mine = owner(world, "read:data")
    key, other = key_of(mine), key_of(mine)
    assert mine.delete(f"/api-keys/{key['id']}").status_code == 204
    assert not is_good(world, key["secret"])
    assert is_good(world, other["secret"])
    refused(mine.delete(f"/api-keys/{key['id']}"), 404)
    refused(mine.delete(f"/api-keys/{other['secret'][:12]}"), 404)


def test_046_nobody_revokes_anothers_key_as_their_own(world: World) -> None:
    """On the way to one's own keys those of others are not there, even for who administers."""
    key = key_of(owner(world, "read:data")[1])
    _, other = owner(world)
    for api in (other, world.admin):
        refused(api.delete(f"/api-keys/{key['id']}"), 404)
        refused(api.get(f"/api-keys/{key['id']}"), 404)
    assert is_good(world, key["secret"])


def test_047_an_administrator_makes_and_revokes_keys_for_others(world: World) -> None:
    """Whoever administers keys makes one for somebody else, of what that one holds and no more,
    and revokes it."""
    target = robot(world, "read:data", "write:data")
    boss = robot(world)
    assign(world, boss.id, "admin")
    admin, keys = world.api(world.access_token(boss)), f"/principals/{target.id}/api-keys"
    beyond = refused(admin.post(keys, json={"scopes": ["read:data", "metrics"]}), 403)
    assert beyond["missing"] == ["metrics"]
    key = made(admin.post(keys, json={"scopes": ["read:data"], "note": "for them"}))
    me = made(world.http.get("/api/whoami", headers=world.as_bearer(key["secret"])))
    assert (me["principal"]["id"], me["scopes"]) == (target.id, ["read:data"])
    assert [one["id"] for one in made(admin.get(keys))["data"]] == [key["id"]]
    assert admin.delete(f"{keys}/{key['id']}").status_code == 204
    assert not is_good(world, key["secret"])


def test_049_there_is_an_end_to_keys(world: World) -> None:
    """A principal has a hundred live keys; one more is refused until one of them ends."""
    _, mine = owner(world, "read:data")
    keys = [key_of(mine) for _ in range(LIMIT)]
    full = refused(mine.post("/api-keys", json={}), 409)
    assert full["conflict"] == "api_keys"
    assert str(LIMIT) in full["detail"]
    assert mine.delete(f"/api-keys/{keys[0]['id']}").status_code == 204
    assert is_good(world, key_of(mine)["secret"])
    refused(mine.post("/api-keys", json={}), 409)


def test_050_the_command_makes_lists_and_revokes_keys(
    world: World, installed: Installation
) -> None:
    """`scopewright api-keys` makes a key for ten minutes with scopes and a note, lists it, and
    revokes it."""

    environment = {
        "SCOPEWRIGHT_URL": world.url,
        "SCOPEWRIGHT_API_KEY": key_of(owner(world, "read:data", "read:metadata")[1])["secret"],
        "XDG_CONFIG_HOME": str(installed.folder / "home"),
    }
    elsewhere = Installation(installed.folder, "unused", environment)

    def ran(*arguments: str) -> Any:
        return json.loads(elsewhere.command("api-keys", *arguments, "--json").stdout)

    scopes = ("--scope", "read:data", "--scope", "read:metadata")
    key = ran("create", "--expires-in", "10m", *scopes, "--note", "the pump")
    lives = datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])
    assert (lives, key["note"]) == (timedelta(minutes=10), "the pump")
    assert carries(world, key["secret"]) == {"read:data", "read:metadata"}
    assert key["id"] in [one["id"] for one in ran("list")]
    elsewhere.command("api-keys", "revoke", key["id"])
    assert not is_good(world, key["secret"])
    assert key["id"] not in [one["id"] for one in ran("list")]
