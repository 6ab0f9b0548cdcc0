"""Invitations: one an address, accepted once, never after their end."""

from __future__ import annotations

from datetime import timedelta

from scopewright.store import invitations
from scopewright.store.pages import Window
from tests.store.world import LATER, NOW, World


def test_an_invitation_comes_back_equal(world: World) -> None:
    invitation = world.invitation()
    with world.database.read() as tx:
        assert invitations.by_hash(tx, invitation.secret_hash) == invitation
        page = invitations.page(tx, world.workspace_id, window=Window())
    assert page.items == (invitation,)


def test_a_second_invitation_replaces_the_first(world: World) -> None:
    first = world.invitation(email="ann@example.com")
    second = world.invitation(email="ann@example.com")
    with world.database.read() as tx:
        assert invitations.by_hash(tx, first.secret_hash) is None
        assert invitations.by_hash(tx, second.secret_hash) == second


def test_an_invitation_is_taken_once(world: World) -> None:
    invitation = world.invitation()
    with world.database.write() as tx:
        assert invitations.take(tx, invitation.secret_hash, now=NOW) == invitation
        assert invitations.take(tx, invitation.secret_hash, now=NOW) is None


def test_an_expired_invitation_is_not_taken_and_listed_until_it_is_forgotten(world: World) -> None:
    invitation = world.invitation()
    assert not invitation.is_pending(LATER)
    with world.database.write() as tx:
        assert invitations.take(tx, invitation.secret_hash, now=LATER) is None
        assert invitations.page(tx, world.workspace_id, window=Window()).items == (invitation,)
        invitations.purge(tx, before=LATER)
        assert invitations.by_hash(tx, invitation.secret_hash) == invitation
        assert invitations.purge(tx, before=LATER + timedelta(microseconds=1)) >= 1
        assert invitations.by_hash(tx, invitation.secret_hash) is None


def test_invitations_are_cancelled_one_by_one_or_with_their_sender(world: World) -> None:
    first, second, third = (
        world.invitation(invited_by=by)
        for by in (f"eve {world.workspace_id}", f"eve {world.workspace_id}", "bob")
    )
    with world.database.write() as tx:
        assert not invitations.remove(tx, "another", id=first.id)
        assert invitations.remove(tx, world.workspace_id, id=first.id)
        assert not invitations.remove(tx, world.workspace_id, id=first.id)
        assert invitations.remove_of_sender(tx, second.invited_by) == 1
        assert invitations.by_hash(tx, third.secret_hash) == third
