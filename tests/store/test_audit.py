"""The audit log: append-only, newest first."""

from __future__ import annotations

from scopewright.core.model import AuditEvent
from scopewright.ids import new_ids
from scopewright.store import audit
from scopewright.store.pages import Window
from tests.store.world import NOW, World


def test_events_come_back_equal_newest_first(world: World) -> None:
    events = [
        AuditEvent(id, world.workspace_id, NOW, "ann", "cookie", "grants:create", "bob", details)
        for id, details in zip(new_ids("evt", 2), ({}, {"before": None, "é": [1]}), strict=True)
    ]
    with world.database.write() as tx:
        for event in events:
            audit.add(tx, event)
        page = audit.page(tx, world.workspace_id, window=Window())
    assert list(page.items) == events[::-1]
