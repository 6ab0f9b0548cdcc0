"""Rotation of signing keys by age."""

from __future__ import annotations

from scopewright.store import audit, signing_keys, workspaces
from scopewright.store.pages import Window
from tests.inprocess import Running, Tenant


def ids_of(tenant: Tenant) -> list[str]:
    with tenant.running.database.read() as tx:
        return sorted(key.id for key in signing_keys.of_workspace(tx, tenant.id))


def version(tenant: Tenant) -> int:
    with tenant.running.database.read() as tx:
        return workspaces.version(tx, tenant.id) or 0


def test_a_key_is_followed_so_that_the_new_one_signs_after_ninety_days(inside: Running) -> None:
    tenant, keys = Tenant(inside), inside.application.services.keys
    old, born = ids_of(tenant), inside.clock()
    inside.clock.advance(days=90, hours=-2, seconds=-1)
    keys.rotate_old(inside.clock())
    assert ids_of(tenant) == old
    inside.clock.advance(seconds=1)
    keys.rotate_old(inside.clock())
    with inside.database.read() as tx:
        now = signing_keys.of_workspace(tx, tenant.id)
    new = [key for key in now if key.id not in old]
    assert {key.algorithm for key in new} == {"ES256", "RS256"}
    assert {(key.signs_from - born).days for key in new} == {90}
    assert all(key.retired_at == new[0].signs_from for key in now if key.id in old)


def test_rotating_by_age_again_changes_nothing(inside: Running) -> None:
    tenant, keys = Tenant(inside), inside.application.services.keys
    inside.clock.advance(days=100)
    keys.rotate_old(inside.clock())
    once, seen = ids_of(tenant), version(tenant)
    keys.rotate_old(inside.clock())
    inside.clock.advance(days=30)
    keys.rotate_old(inside.clock())
    assert (ids_of(tenant), version(tenant)) == (once, seen)


def test_rotation_by_age_is_the_systems_act_in_the_log(inside: Running) -> None:
    tenant = Tenant(inside)
    inside.clock.advance(days=100)
    inside.application.services.keys.rotate_old(inside.clock())
    with inside.database.read() as tx:
        events = audit.page(tx, tenant.id, window=Window()).items
    assert {(e.operation, e.actor, e.via) for e in events} == {("keys:rotate", "system", "system")}


def test_a_new_key_is_seen_at_once_where_keys_are_kept_in_memory(inside: Running) -> None:
    tenant = Tenant(inside)
    url = f"/w/{tenant.id}/jwks"
    before = inside.http.request("GET", url).json()["keys"]
    inside.clock.advance(days=100)
    inside.application.services.keys.rotate_old(inside.clock())
    assert len(inside.http.request("GET", url).json()["keys"]) == len(before) + 2
