"""The real Tiled with our decision point as its policy, and a catalogue that people write to.

The number in a test's name is the behaviour's.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.guard.loopback import Loopback, Respond, loopback, says
from tests.peers.keys import a_key
from tests.peers.tiled import FORGETFUL, OURS, Tiled, plugin, serving
from tests.worlds import World

ANN, BOB = "ann@example.com", "bob@example.com"
READ = ("read:metadata", "read:data")
WRITE = (*READ, "write:metadata", "create:node")
TIMEOUT_SECONDS = 3


@dataclass(frozen=True)
class Site:
    """A workspace, a Tiled that asks it, and what stands between them, which may fail."""

    world: World
    tiled: Tiled
    between: Loopback
    folder: Path
    keys: dict[str, str]

    def make(self, who: str, name: str, **more: Any) -> httpx.Response:
        """Somebody makes a container at the root."""
        body = {
            "id": name,
            "structure_family": "container",
            "metadata": {},
            "specs": [],
            "data_sources": [],
            **more,
        }
        return self.tiled.ask("POST", "/metadata/", self.keys[who], json=body)

    def retag(self, who: str, name: str, *tags: str) -> httpx.Response:
        """Somebody gives a node other tags."""
        body = {"metadata": {}, "specs": [], "access_tags": tags}
        return self.tiled.ask("PUT", f"/metadata/{name}", self.keys[who], json=body)

    def tags(self, who: str, name: str) -> set[str]:
        """The tags of a node, as somebody sees them."""
        answer = self.tiled.get(f"/metadata/{name}", self.keys[who])
        return set(answer.json()["data"]["attributes"]["access_tags"])

    def sees(self, who: str | None, name: str) -> bool:
        """Whether a node is there for somebody: in the list, and by its name."""
        key = None if who is None else self.keys[who]
        answer = self.tiled.get(f"/metadata/{name}", key)
        assert answer.status_code in (200, 404), answer.text
        assert (name in self.tiled.listed(key)) is answer.is_success
        return answer.is_success


def forwarded(handler: BaseHTTPRequestHandler) -> tuple[bytes, dict[str, str]]:
    """What was asked: its body and headers."""
    body = handler.rfile.read(int(handler.headers["Content-Length"]))
    kept = ("authorization", "content-type")
    return body, {name: handler.headers[name] for name in kept if name in handler.headers}


@pytest.fixture(scope="module")
def between(world: World) -> Iterator[Loopback]:
    """Hands every question on to the workspace."""

    def ask(handler: BaseHTTPRequestHandler) -> None:
        body, headers = forwarded(handler)
        answer = world.http.post(f"{world.issuer}{handler.path}", content=body, headers=headers)
        says(answer.content, answer.status_code)(handler)

    with loopback(ask) as served:
        yield served


def define_tags(world: World) -> None:
    """`lab` and `shared` are ann's, `open` too and public besides; `secret` is bob's."""
    ann, bob = {"name": ANN, "scopes": [*WRITE]}, {"name": BOB, "scopes": [*WRITE]}
    anns = {"users": [{"name": ANN}]}
    for tag in (
        {"name": "lab", "users": [ann, {"name": BOB, "scopes": ["read:metadata"]}], "owners": anns},
        {
            "name": "open",
            "users": [ann],
            "auto_tags": [{"name": "public"}],
            "owners": anns,
        },
        {"name": "shared", "users": [ann], "owners": anns},
        {"name": "secret", "users": [bob], "owners": {"users": [{"name": BOB}]}},
        {"name": "root", "users": [ann, bob], "auto_tags": [{"name": "public"}]},
    ):
        answer = world.admin.post("/access-tags", json=tag)
        assert answer.status_code == 201, answer.text


@pytest.fixture(scope="module")
def site(
    world: World, between: Loopback, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    keys = {}
    for who, address, scopes in (("ann", ANN, (*WRITE, "create:apikeys")), ("bob", BOB, WRITE)):
        keys[who] = a_key(world, world.end_user(address, scopes=scopes)["id"]).secret
    define_tags(world)
    folder = tmp_path_factory.mktemp("policy")
    with serving(folder, **configuration(world, folder, between)) as tiled:
        assert "5 tags" in plugin("sync-tags", "--database", catalogue(folder), world=world)
        yield Site(world, tiled, between, folder, keys)


def catalogue(folder: Path) -> str:
    """Where a Tiled that serves from a folder keeps nodes and tags."""
    return f"sqlite:///{folder / 'catalog.db'}"


def configuration(world: World, folder: Path, between: Loopback | None) -> dict[str, Any]:
    """Of a Tiled that lets visitors in; without a decision point its own tags decide."""
    web = world.server_app(name="tiled")
    arguments = {
        "audience": world.id,
        "client_id": web.id,
        "client_secret": web.secret,
        "device_flow_client_id": world.register("device").id,
        "well_known_uri": f"{world.issuer}/.well-known/openid-configuration",
    }
    authenticator = "scopewright.tiled:Authenticator"
    ours = {"provider": "ours", "authenticator": authenticator, "args": arguments}
    tree = {
        "uri": catalogue(folder),
        "writable_storage": str(folder / "data"),
        "init_if_not_exists": True,
        "top_level_access_tags": ["root"],
    }
    asking = world.device(scopes=["iotman:decisions:read"])
    return {
        "authentication": {"providers": [ours], "allow_anonymous_access": True},
        "trees": [{"path": "/", "tree": "catalog", "args": tree}],
        "access_control": asked(between) if between else TAGGED,
        "database": FORGETFUL,
        "environment": {"SCOPEWRIGHT_GUARD_KEY": a_key(world, asking.id).secret},
    }


def asked(between: Loopback) -> dict[str, Any]:
    """Tiled's part about us as its policy."""
    arguments = {
        "authorization_provider": f"{between.url}/pdp/",
        "provider": "ours",
        "kept": 0,
        "timeout": TIMEOUT_SECONDS,
        "empty_access_tags_public": None,
    }
    return {"access_policy": "scopewright.tiled:Policy", "args": arguments}


TAGGED = {
    "access_policy": "tiled.access_control.access_policies:TagBasedAccessPolicy",
    "args": {
        "provider": "ours",
        "access_tags_parser": "tiled.access_control.access_tags:AccessTagsParser",
    },
}


def test_083_a_node_is_made_with_tags_that_one_owns_and_no_others(site: Site) -> None:
    """The real Tiled asks our decision point what may be made, retagged and seen, by keys
    and for visitors too, and keeps shut while nobody answers.
    """
    made = site.make("ann", "made", access_tags=["lab"])
    assert made.status_code == 200, made.text
    assert site.tags("ann", "made") == {"lab"}
    refused = site.make("ann", "refused", access_tags=["secret"])
    assert refused.status_code == 403
    assert "secret" in refused.text
    assert site.make("ann", "refused", access_tags=["nowhere"]).status_code == 403
    assert site.make("ann", "refused", access_tags=["Public"]).status_code == 403
    assert not site.sees("ann", "refused")


def test_083_a_node_made_without_tags_is_its_maker_s_own(site: Site) -> None:
    assert site.make("ann", "own").status_code == 200
    assert site.tags("ann", "own") == {f"user:{ANN}"}
    assert site.sees("ann", "own")
    assert not site.sees("bob", "own")
    assert not site.sees(None, "own")


def test_083_tags_are_changed_to_what_one_owns_and_to_nothing_else(site: Site) -> None:
    assert site.make("ann", "retagged", access_tags=["lab"]).is_success
    assert site.retag("ann", "retagged", "lab", "open").is_success
    assert site.tags("ann", "retagged") == {"lab", "open"}
    assert site.retag("ann", "retagged", "secret").status_code == 403
    assert site.retag("ann", "retagged").status_code == 403  # nothing would be left to her
    assert site.retag("bob", "retagged", "secret").status_code == 403
    assert site.tags("ann", "retagged") == {"lab", "open"}
    assert site.retag("ann", "retagged", "open").is_success
    assert not site.make("bob", "made-by-bob", access_tags=["open"]).is_success


def test_083_each_sees_what_tags_show_and_visitors_what_is_public(site: Site) -> None:
    for name, who, tag in (
        ("hall", "ann", "open"),
        ("bench", "ann", "lab"),
        ("safe", "bob", "secret"),
    ):
        assert site.make(who, name, access_tags=[tag]).is_success
    seen = {
        who: {name for name in ("hall", "bench", "safe") if site.sees(who, name)}
        for who in ("ann", "bob", None)
    }
    assert seen == {"ann": {"hall", "bench"}, "bob": {"hall", "bench", "safe"}, None: {"hall"}}
    looked = site.tiled.ask("PUT", "/metadata/bench", site.keys["bob"], json={"metadata": {}})
    assert looked.status_code == 403  # he sees it, and no more


def test_083_a_change_of_a_tag_here_counts_there(site: Site) -> None:
    assert site.make("ann", "shared", access_tags=["shared"]).is_success
    assert not site.sees("bob", "shared")
    ann = {"name": ANN, "scopes": [*WRITE]}
    both = {"users": [ann, {"name": BOB, "scopes": [*READ]}]}
    assert site.world.admin.patch("/access-tags/shared", json=both).is_success
    assert site.sees("bob", "shared")
    assert site.world.admin.patch("/access-tags/shared", json={"users": [ann]}).is_success
    assert not site.sees("bob", "shared")


def test_083_tiled_s_own_keys_do_there_what_their_owner_may_here(site: Site) -> None:
    asked = {"expires_in": None, "scopes": ["inherit"]}
    made = site.tiled.ask("POST", "/auth/apikey", site.keys["ann"], json=asked)
    site.keys["tiled's"] = f"Apikey {made.json()['secret']}"
    assert site.make("tiled's", "by-key", access_tags=["lab"]).is_success
    assert site.make("tiled's", "by-key-2", access_tags=["secret"]).status_code == 403
    assert site.sees("tiled's", "by-key")
    answer = site.world.admin.delete(f"/end-users/{ANN}/scopes/create:node")
    assert answer.is_success, answer.text
    try:
        assert site.make("tiled's", "by-key-3", access_tags=["lab"]).status_code == 403
    finally:
        given = {"scope": "create:node"}
        assert site.world.admin.post(f"/end-users/{ANN}/scopes", json=given).is_success


def test_083_a_key_of_tiled_s_for_some_tags_reaches_those_alone(site: Site) -> None:
    asked = {"expires_in": None, "scopes": [*READ], "access_tags": ["root", "lab"]}
    made = site.tiled.ask("POST", "/auth/apikey", site.keys["ann"], json=asked)
    site.keys["narrow"] = f"Apikey {made.json()['secret']}"
    assert site.make("ann", "narrow-lab", access_tags=["lab"]).is_success
    assert site.make("ann", "narrow-open", access_tags=["open"]).is_success
    assert site.sees("narrow", "narrow-lab")
    assert not site.sees("narrow", "narrow-open")


def test_083_a_service_has_nodes_of_its_own(site: Site) -> None:
    service = site.world.device(scopes=WRITE)
    site.keys["service"] = a_key(site.world, service.id).secret
    tag = {"users": [{"name": service.id, "scopes": [*WRITE]}]}
    rooted = site.world.admin.get("/access-tags/root").json()["users"]
    both = {"users": [{"name": one["name"], "scopes": one["scopes"]} for one in rooted]}
    both["users"] += tag["users"]
    assert site.world.admin.patch("/access-tags/root", json=both).is_success
    assert site.make("service", "of-service").is_success
    assert site.tags("service", "of-service") == {f"service:{service.id}"}
    assert not site.sees("ann", "of-service")


def gone(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(TIMEOUT_SECONDS * 1.3)
    with contextlib.suppress(OSError):
        says({"result": True, "tags": ["lab"]})(handler)


FAILURES = {
    "gone": gone,
    "slow": slow,
    "broken": says({"result": True, "tags": ["lab"]}, 500),
    "junk": says(b"<html>"),
    "of another shape": says({"result": 1, "tags": "lab", "all_of": "lab"}),
    "empty": says({}),
    "no": says({"result": False}),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_083_without_a_plain_yes_nothing_is_seen_or_done(site: Site, failure: Respond) -> None:
    site.make("ann", "stays", access_tags=["lab"])
    asks, site.between.respond = site.between.respond, failure
    try:
        assert site.tiled.listed(site.keys["ann"]) == set()
        if failure is not slow:
            assert site.tiled.listed() == set()
            assert site.tiled.get("/metadata/stays", site.keys["ann"]).status_code == 404
            assert site.make("ann", "sneaked", access_tags=["lab"]).status_code in (403, 404)
            assert site.retag("ann", "stays", "open").status_code in (403, 404)
    finally:
        site.between.respond = asks
    assert site.tags("ann", "stays") == {"lab"}
    assert not site.sees("ann", "sneaked")


def test_083_a_no_to_making_or_retagging_alone_is_kept_to(site: Site) -> None:
    asks = site.between.respond

    def refuse(handler: BaseHTTPRequestHandler) -> None:
        if handler.path in ("/pdp/allow", "/pdp/modify"):
            forwarded(handler)
            says({"result": False, "tags": ["lab"]})(handler)
        else:
            asks(handler)

    assert site.make("ann", "kept", access_tags=["lab"]).is_success
    site.between.respond = refuse
    try:
        assert site.make("ann", "not-made", access_tags=["lab"]).status_code == 403
        assert site.retag("ann", "kept", "open").status_code == 403
    finally:
        site.between.respond = asks
    assert site.tags("ann", "kept") == {"lab"}


BEFORE = """
import asyncio, json, os
from types import SimpleNamespace
from scopewright.tiled import Policy

policy = Policy(authorization_provider=os.environ["POINT"], credential="key", kept=0)
ann = SimpleNamespace(type="user", identities=[SimpleNamespace(provider="ours", id="ann")])
asks, node = (ann, None, ["read:metadata"]), SimpleNamespace(access_blob={"tags": ["open"]})

async def asked():
    return [
        await policy.init_node(*asks, access_blob={"tags": ["lab"]}),
        await policy.init_node(*asks, access_blob=None),
        await policy.modify_node(node, *asks, {"tags": ["lab"]}),
        await policy.modify_node(node, *asks, {"tags": ["open"]}),
        await policy.modify_node(node, *asks, None),
    ]

print(json.dumps(asyncio.run(asked())))
"""


def test_083_releases_that_kept_tags_in_a_blob_are_answered_in_their_own_way(site: Site) -> None:
    with loopback(says({"result": True, "tags": ["lab"]})) as point:
        said = json.loads(
            site.tiled.python(BEFORE, POINT=f"{point.url}/pdp/", PYTHONPATH=str(OURS))
        )
    lab, same = {"tags": ["lab"]}, {"tags": ["open"]}
    assert said == [[False, lab], [True, lab], [False, lab], [False, same], [False, same]]
    assert point.requests == ["/pdp/allow", "/pdp/allow", "/pdp/modify"]


def test_083_tiled_s_own_policy_of_tags_decides_alike_once_they_are_there(site: Site) -> None:
    assert site.make("ann", "for-all", access_tags=["open"]).is_success
    assert site.make("bob", "for-bob", access_tags=["secret"]).is_success
    command = ("sync-tags", "--database", catalogue(site.folder))
    said = json.loads(plugin(*command, "--dry-run", world=site.world))
    assert said["tag_owners"]["secret"] == {"users": [{"name": BOB}]}
    assert site.world.admin.delete("/access-tags/shared").is_success
    assert "4 tags" in plugin(*command, world=site.world)
    settings = configuration(site.world, site.folder, None)
    with serving(site.folder / "own", **settings) as own:
        listed = {
            who: own.listed(site.keys.get(who)) & {"for-all", "for-bob"}
            for who in ("ann", "bob", "a visitor")
        }
    assert listed == {
        "ann": {"for-all"},
        "bob": {"for-all", "for-bob"},
        "a visitor": {"for-all"},
    }
