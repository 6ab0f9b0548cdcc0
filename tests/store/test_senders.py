"""Whoever loses what opens something here loses what they have sent."""

from __future__ import annotations

from scopewright.core.catalogue import Catalogue, ScopeDefinition, Vocabulary
from scopewright.store import grants, invitations, senders
from scopewright.store.pages import Window
from tests.store.world import World

WORDS = Vocabulary(
    (Catalogue("core", "Core", scopes=(ScopeDefinition("opening", opens=frozenset({"x:y"})),)),),
    scopes=(ScopeDefinition("plain"),),
)


def test_only_what_those_sent_is_cancelled_who_lost_something_guarded(world: World) -> None:
    ann, bob, eve = (world.principal() for _ in range(3))
    for one in (ann, bob, eve):
        world.grant(one, "opening")
        world.grant(one, "plain")
    World(world.database).invitation(invited_by=eve.id)
    for one in (ann, ann, bob):
        world.invitation(invited_by=one.id)
    here = world.workspace_id
    with world.database.write() as tx:
        had = senders.held_by_each(tx, here, WORDS)
        assert had == dict.fromkeys((ann.id, bob.id), frozenset({"opening", "plain"}))
        grants.remove(tx, principal_id=ann.id, scope="opening")
        grants.remove(tx, principal_id=bob.id, scope="plain")
        grants.remove(tx, principal_id=eve.id, scope="opening")
        assert senders.cancel_of_deprived(tx, here, WORDS, had=had) == 2
        left = invitations.page(tx, here, window=Window()).items
        assert [one.invited_by for one in left] == [bob.id]
        assert senders.cancel_of_deprived(tx, here, WORDS, had=had) == 0
