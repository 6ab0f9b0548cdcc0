"""What a principal holds, read with the workspace's vocabulary."""

from __future__ import annotations

from scopewright.catalogues import read_shipped
from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.model import Assignment
from scopewright.store import assignments, holdings, scopes, vocabulary
from tests.store.world import NOW, World


def test_it_holds_grants_and_roles_that_the_vocabulary_knows(world: World) -> None:
    ann, bob = world.principal(), world.principal()
    world.grant(ann, "sensor:read")
    world.grant(ann, "gone:read")
    assignment = Assignment(ann.id, "iotman:viewer", assigned_by="admin", assigned_at=NOW)
    with world.database.write() as tx:
        scopes.add(tx, world.workspace_id, scope=ScopeDefinition("sensor:read"), at=NOW)
        assignments.add(tx, world.workspace_id, assignment=assignment)
    with world.database.read() as tx:
        words = vocabulary.of_workspace(tx, world.workspace, read_shipped(internal_prefix="iotman"))
        held = holdings.of(tx, ann.id, words)
        together = holdings.of_many(tx, [ann.id, bob.id], words)
    assert {"sensor:read", "iotman:workspace:read"} <= held
    assert "gone:read" not in held
    assert together == {ann.id: held, bob.id: frozenset()}
