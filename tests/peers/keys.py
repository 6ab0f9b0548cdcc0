"""API keys of people and services of a workspace, made by its administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.worlds import World


@dataclass(frozen=True)
class Key:
    """An API key and whose it is."""

    id: str
    secret: str
    principal: str


def a_key(world: World, principal: str, *scopes: str, **more: Any) -> Key:
    """A key of somebody's with these scopes, or with all that they hold."""
    body = {"scopes": [*scopes] or ["inherit"], **more}
    answer = world.admin.post(f"/principals/{principal}/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    return Key(answer.json()["id"], answer.json()["secret"], principal)


def revoke(world: World, key: Key) -> None:
    """End a key."""
    path = f"/principals/{key.principal}/api-keys/{key.id}"
    assert world.admin.delete(path).status_code == 204
