"""Principals: equal when they come back, and what goes with them when they go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert

from scopewright.core.errors import Conflict, NotFound
from scopewright.core.model import Assignment, Consent, Identity, Metadata, PrincipalKind
from scopewright.ids import new_id, new_uuid
from scopewright.store import (
    api_keys,
    assignments,
    clients,
    consents,
    datapoints,
    grants,
    metadata,
    principals,
    schema,
    sessions,
)
from scopewright.store.datapoints import Selection
from scopewright.store.pages import Window
from scopewright.store.principals import FEW
from tests.store.world import LATER, NOW, REQUESTED, World


@pytest.mark.parametrize("kind", PrincipalKind)
def test_a_principal_comes_back_equal(world: World, kind: PrincipalKind) -> None:
    known = world.principal(kind=kind, name="Zoë 🎈", disabled_at=LATER)
    nameless = world.principal(kind=kind, name="", identity=None)
    with world.database.read() as tx:
        assert principals.get(tx, known.id) == known
        assert principals.get(tx, nameless.id) == nameless
        assert principals.get(tx, new_uuid()) is None


def test_the_same_identity_may_be_a_member_and_an_end_user_but_neither_twice(world: World) -> None:
    identity = Identity("email", f"{new_id('ann')}@example.com")
    end_user = world.principal(identity=identity)
    member = world.principal(identity=identity, kind=PrincipalKind.MEMBER)
    with pytest.raises(Conflict):
        world.principal(identity=identity)
    with world.database.read() as tx:
        found = principals.by_identity(
            tx, world.workspace_id, kind=PrincipalKind.MEMBER, identity=identity
        )
        assert found == member
        assert principals.of_identity(tx, identity) == sorted(
            [end_user, member], key=lambda principal: principal.id
        )


def test_identities_differ_by_provider_and_by_case(world: World) -> None:
    subject = new_id("Ann")
    world.principal(identity=Identity("email", subject))
    world.principal(identity=Identity("email", subject.upper()))
    world.principal(identity=Identity("toy", subject))
    with world.database.read() as tx:
        assert len(principals.of_identity(tx, Identity("email", subject))) == 1


def test_a_removed_principal_takes_along_all_it_had_and_leaves_its_datapoints(
    world: World,
) -> None:
    ann = world.principal()
    client = world.client()
    world.grant(ann, "sensor:read")
    session = world.session(principal_id=ann.id, client_id=client.id)
    token = world.refresh_token(session)
    key = world.api_key(ann)
    child = world.api_key(ann, parent_id=key.id)
    (point,) = world.datapoints(1, principal_id=ann.id)
    with world.database.write() as tx:
        assignment = Assignment(ann.id, "user", assigned_by="admin", assigned_at=NOW)
        assignments.add(tx, world.workspace_id, assignment=assignment)
        consents.put(tx, Consent(ann.id, client.id, REQUESTED, NOW))
        metadata.put(tx, Metadata(ann.id, "site", 1, updated_by="admin", updated_at=NOW))
    with world.database.write() as tx:
        assert principals.remove(tx, ann.id)
        assert not principals.remove(tx, ann.id)
    with world.database.read() as tx:
        assert grants.of_principal(tx, ann.id) == []
        assert assignments.of_principal(tx, ann.id) == []
        assert metadata.of_principal(tx, ann.id) == []
        assert consents.principals_of_client(tx, client.id) == []
        assert sessions.get(tx, session.id) is None
        assert sessions.token(tx, token.hash) is None
        assert api_keys.get(tx, key.id) is api_keys.get(tx, child.id) is None
        assert clients.get(tx, client.id) == client
        left = datapoints.page(tx, world.workspace_id, selection=Selection(), window=Window())
        assert left.items == (point,)


def test_a_removed_client_principal_takes_its_client_and_the_sessions_along(world: World) -> None:
    client = world.client()
    ann = world.principal()
    session = world.session(principal_id=ann.id, client_id=client.id)
    with world.database.write() as tx:
        principals.remove(tx, client.id)
    with world.database.read() as tx:
        assert clients.get(tx, client.id) is None
        assert sessions.get(tx, session.id) is None
        assert principals.get(tx, ann.id) == ann


def test_a_page_has_one_kind_of_one_workspace(world: World) -> None:
    ann = world.principal()
    world.principal(kind=PrincipalKind.MEMBER)
    World(world.database).principal()
    with world.database.read() as tx:
        page = principals.page(tx, world.workspace_id, kind=PrincipalKind.END_USER, window=Window())
    assert page.items == (ann,)


def test_a_page_of_every_kind_has_everybody_in_one_workspace(world: World) -> None:
    everybody = [world.principal(kind=kind, identity=None) for kind in PrincipalKind]
    World(world.database).principal()
    with world.database.read() as tx:
        page = principals.page(tx, world.workspace_id, kind=None, window=Window())
        names = principals.names(tx, world.workspace_id, kind=PrincipalKind.GROUP)
    assert page.items == tuple(sorted(everybody, key=lambda one: one.id))
    assert names == [everybody[-1].name]


def test_an_address_names_the_end_user_before_the_member_and_an_id_anybody(world: World) -> None:
    identity = Identity("email", f"{new_id('ann')}@example.com")
    here = world.workspace_id
    member = world.principal(identity=identity, kind=PrincipalKind.MEMBER)
    with world.database.read() as tx:
        assert principals.find_any(tx, here, name=identity.subject.upper()) == member
    end_user = world.principal(identity=identity)
    group = world.group()
    with world.database.read() as tx:
        assert principals.find_any(tx, here, name=identity.subject) == end_user
        for one in (member, end_user, group):
            assert principals.find_any(tx, here, name=one.id.upper()) == one
        for name in ("nobody@example.com", new_uuid(), ""):
            with pytest.raises(NotFound):
                principals.find_any(tx, here, name=name)
        for name in (identity.subject, group.id):
            with pytest.raises(NotFound):
                principals.find_any(tx, World(world.database).workspace_id, name=name)


def test_a_principal_of_no_workspace_is_refused(world: World) -> None:
    with pytest.raises(Conflict):
        world.principal(workspace_id=new_uuid())


def test_people_are_found_by_address_or_id_in_any_letter_case(world: World) -> None:
    address = f"{new_id('ann')}@example.com"
    person = world.principal(identity=Identity("email", address))
    kind = PrincipalKind.END_USER
    with world.database.read() as tx:
        for name in (address, address.upper(), person.id, person.id.upper()):
            assert principals.find(tx, world.workspace_id, kind=kind, name=name) == person


def test_nobody_is_found_under_another_kind_workspace_or_provider(world: World) -> None:
    address = f"{new_id('ann')}@example.com"
    person = world.principal(identity=Identity("email", address))
    outsider = world.principal(identity=Identity("oidc", f"b{address}"))
    elsewhere = World(world.database)
    end_user, member = PrincipalKind.END_USER, PrincipalKind.MEMBER
    with world.database.read() as tx:
        for workspace_id, kind, name in (
            (world.workspace_id, member, address),
            (world.workspace_id, member, person.id),
            (elsewhere.workspace_id, end_user, address),
            (elsewhere.workspace_id, end_user, person.id),
            (world.workspace_id, end_user, f"b{address}"),
            (world.workspace_id, end_user, ""),
        ):
            with pytest.raises(NotFound):
                principals.find(tx, workspace_id, kind=kind, name=name)
        found = principals.find(tx, world.workspace_id, kind=end_user, name=outsider.id)
        assert found == outsider


def test_a_principal_can_be_called_something_else(world: World) -> None:
    person, other = world.principal(), world.principal()
    with world.database.write() as tx:
        principals.rename(tx, person.id, name="Anna")
    with world.database.read() as tx:
        assert principals.get(tx, person.id) == replace(person, name="Anna")
        assert principals.get(tx, other.id) == other


def test_many_who_are_called_alike_are_found_as_few_are(world: World) -> None:
    """Beyond `FEW` they are sought another way."""
    there = {f"many-{number:04}@example.com": new_uuid() for number in range(FEW + 100)}
    everybody = [
        {
            "id": id, "workspace_id": world.workspace_id, "kind": "end_user", "name": name,
            "provider": None, "subject": None, "created_at": NOW,
        }
        for name, id in there.items()
    ]  # fmt: skip
    with world.database.write() as tx:
        tx.run_many(insert(schema.principals), everybody)
    world.principal(name="other@example.com")
    kind = PrincipalKind.END_USER
    for prefix in ("many-", "many-00", "MANY-01", "nobody"):
        wanted = {name: id for name, id in there.items() if name.startswith(prefix.lower())}
        for sort in (None, "-created_at", "email", "-name"):
            window = Window(1000, sort=sort, prefix=prefix)
            by_window = _walked(world, principals.Selection(kind), window)
            by_selection = _walked(
                world, principals.Selection(kind, prefix=prefix), Window(1000, sort=sort)
            )
            assert by_window == by_selection
            assert len(by_window) == len(wanted)
            assert set(by_window) == set(wanted.values())


def _walked(world: World, selection: principals.Selection, window: Window) -> list[str]:
    met: list[str] = []
    while True:
        with world.database.read() as tx:
            page = principals.page_of(tx, world.workspace_id, selection=selection, window=window)
        met += [one.id for one in page.items]
        if page.cursor is None:
            return met
        window = replace(window, cursor=page.cursor)
