"""The example of Tiled's page on scopes on the real Tiled of today, and who sees what there.

Two module paths are changed: that of the policy, which Tiled has no more, and that of the example's
four arrays, which it has no more either.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.tiled import OURS, Tiled, running
from tests.toy_authentication import EXAMPLE

CHANGED = {
    "tiled.access_policies": "scopewright.tiled",
    "tiled.examples.toy_authentication": "scopewright.tiled.example",
}
PASSWORDS = {"alice": "secret1", "bob": "secret2", "cara": "secret3"}


@pytest.fixture(scope="module")
def tiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiled]:
    """The example; visitors are let in by an option of the command."""
    environment = {f"{who.upper()}_PASSWORD": word for who, word in PASSWORDS.items()}
    folder = tmp_path_factory.mktemp("example")
    example = EXAMPLE
    for path, ours in CHANGED.items():
        example = example.replace(path, ours)
    with running(folder, example, "--public", environment=environment) as tiled:
        yield tiled


@pytest.fixture(scope="module")
def credentials(tiled: Tiled) -> dict[str, str | None]:
    """What each of them presents: people tokens, a service of the role `user` its key."""
    found: dict[str, str | None] = {
        who: tiled.login("toy", who, word) for who, word in PASSWORDS.items()
    }
    alice = found["alice"]
    made = tiled.ask("POST", "/auth/principal?role=user", alice).json()
    asked = {"expires_in": None, "scopes": ["inherit"]}
    key = tiled.ask("POST", f"/auth/principal/{made['uuid']}/apikey", alice, json=asked).json()
    return {**found, "a service": f"Apikey {key['secret']}", "a visitor": None}


TABLE = {  # who, the names that they see, and what metrics and the list of principals answer
    "alice": ("AB", 200, 200),
    "bob": ("AC", 401, 401),
    "cara": ("ABCD", 401, 401),
    "a service": ("", 401, 401),
    "a visitor": ("D", 401, 401),
}


@pytest.mark.parametrize(("who", "row"), TABLE.items(), ids=TABLE)
def test_073_each_sees_what_the_lists_say_and_nothing_else(
    tiled: Tiled, credentials: dict[str, str | None], who: str, row: tuple[str, int, int]
) -> None:
    names, metrics, principals = row
    credential = credentials[who]
    assert tiled.listed(credential) == set(names)
    for name in "ABCD":
        read = tiled.get(f"/array/full/{name}?format=application/json", credential)
        assert read.status_code == (200 if name in names else 404), name
    assert tiled.get("/metrics", credential).status_code == metrics
    assert tiled.get("/auth/principal", credential).status_code == principals


@pytest.mark.parametrize("who", ["alice", "bob", "cara", "a visitor"])
def test_074_what_the_lists_cap_nobody_may_do(
    tiled: Tiled, credentials: dict[str, str | None], who: str
) -> None:
    seen = TABLE[who][0][0]
    answer = tiled.ask("PUT", f"/metadata/{seen}", credentials[who], json={"metadata": {}})
    assert answer.status_code == (401 if who == "a visitor" else 403)


def test_048_a_key_for_some_tags_is_good_for_nothing_where_lists_decide(
    tiled: Tiled, credentials: dict[str, str | None]
) -> None:
    asked = {"expires_in": 60, "scopes": ["read:metadata", "read:data"], "access_tags": ["A"]}
    key = tiled.ask("POST", "/auth/apikey", credentials["cara"], json=asked).json()["secret"]
    assert tiled.listed(f"Apikey {key}") == set()
    assert tiled.get("/array/full/A?format=application/json", f"Apikey {key}").status_code == 404


OTHER_THINGS = """
import asyncio
from types import SimpleNamespace
from scopewright.tiled import SimpleAccessPolicy

policy = SimpleAccessPolicy({"ann": SimpleAccessPolicy.ALL}, provider="toy", key="owner")
ann = SimpleNamespace(type="user", identities=[SimpleNamespace(provider="toy", id="ann")])
eve = SimpleNamespace(type="user", identities=[SimpleNamespace(provider="other", id="ann")])
node, entity = SimpleNamespace(structure_family="array"), SimpleNamespace(access_tags=["x"])
public = SimpleAccessPolicy({}, provider="toy", key="owner", public=["ann"])

async def asked():
    for who, what in ((ann, node), (ann, entity), (eve, node)):
        print(sorted(await policy.allowed_scopes(what, who, None, ["read:metadata"])))
    scopes = ["read:metadata"]
    (query,) = await public.filters(node, None, None, scopes, set(scopes))
    print(type(query).__name__, query.key, query.value)
    print(await policy.filters(node, eve, None, scopes, set(scopes)))

asyncio.run(asked())
"""


def test_074_lists_say_nothing_of_other_things_than_nodes_nor_of_others_names(
    tiled: Tiled,
) -> None:
    said = tiled.python(OTHER_THINGS, PYTHONPATH=str(OURS)).splitlines()
    assert said[:3] == ["['read:metadata']", "[]", "[]"]
    assert said[3] == "In owner ['ann']"
    assert said[4] == "<NO_ACCESS>"
