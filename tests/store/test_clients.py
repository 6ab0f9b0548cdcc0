"""Clients and their secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scopewright.core.errors import Conflict
from scopewright.core.model import ClientSecret, ClientType, ScopeDefault, TokenOverrides
from scopewright.ids import new_uuid
from scopewright.store import clients
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, TOMORROW, World

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("type", ClientType)
def test_a_client_comes_back_equal(world: World, type: ClientType) -> None:
    full = world.client(type=type)
    bare = world.client(
        type=type, redirect_uris=(), secrets=(), grant_types=frozenset(), tokens=TokenOverrides()
    )
    with world.database.read() as tx:
        assert clients.get(tx, full.id) == full
        assert clients.get(tx, bare.id) == bare
        assert clients.get(tx, new_uuid()) is None
        page = clients.page(tx, world.workspace_id, window=Window())
    assert set(page.items) == {full, bare}


def test_settings_change_and_secrets_stay(world: World) -> None:
    client = world.client()
    changed = replace(
        client,
        name="other",
        redirect_uris=("https://c.example/",),
        require_pkce=False,
        allow_both_auth_methods=True,
        scope_default=ScopeDefault.NONE,
        grant_types=frozenset({"refresh_token"}),
        tokens=TokenOverrides(live_scopes=True),
    )
    with world.database.write() as tx:
        clients.change(tx, replace(changed, secrets=()))
        assert clients.get(tx, client.id) == changed


def test_a_client_without_a_principal_is_refused(world: World) -> None:
    client = world.client()
    with pytest.raises(Conflict), world.database.write() as tx:
        clients.add(tx, replace(client, id=new_uuid()))


def test_a_rotation_lets_old_secrets_end_and_forgets_the_ended(world: World) -> None:
    client = world.client(secrets=(ClientSecret("gone", NOW, LATER), ClientSecret("old", LATER)))
    new = ClientSecret("new", TOMORROW)
    with world.database.write() as tx:
        clients.expire_secrets(tx, client.id, now=LATER, at=TOMORROW)
        clients.add_secret(tx, client.id, new)
    with world.database.read() as tx:
        found = clients.get(tx, client.id)
    assert found is not None
    assert found.secrets == (ClientSecret("old", LATER, TOMORROW), new)


def test_a_rotation_never_puts_an_end_off(world: World) -> None:
    ending = ClientSecret("ending", NOW, LATER)
    client = world.client(secrets=(ending,))
    with world.database.write() as tx:
        clients.expire_secrets(tx, client.id, now=NOW, at=TOMORROW)
        found = clients.get(tx, client.id)
    assert found is not None
    assert found.secrets == (ending,)
