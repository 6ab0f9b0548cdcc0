"""Principals as a list shows them: counted, filtered, and read in a few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import event

from scopewright.core.key_chain import KeyUse
from scopewright.core.model import Identity, Principal, PrincipalKind
from scopewright.core.principals import Activity
from scopewright.ids import new_id
from scopewright.store import api_keys, overviews, principals, sessions, standing
from scopewright.store.database import Database
from scopewright.store.pages import Window
from scopewright.store.principals import Selection
from tests.store.world import LATER, NOW, TOMORROW, World

MINUTE = timedelta(minutes=1)


def selected(world: World, selection: Selection) -> list[Principal]:
    with world.database.read() as tx:
        page = principals.page_of(
            tx, world.workspace_id, selection=selection, window=Window(limit=1000)
        )
    return list(page.items)


def used(at: datetime) -> KeyUse:
    return KeyUse(at, address=None, route="GET /api/whoami")


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def test_keys_and_sessions_count_while_they_live_and_their_use_for_good(world: World) -> None:
    person, idle = world.principal(), world.principal()
    for key in (
        world.api_key(person),
        world.api_key(person, expires_at=TOMORROW),
        world.api_key(person, expires_at=LATER),
    ):
        with world.database.write() as tx:
            api_keys.note_uses(tx, {key.id: used(NOW + MINUTE)})
    revoked = world.api_key(person)
    world.session(principal_id=person.id, last_used_at=NOW, expires_at=TOMORROW)
    ended = world.session(principal_id=person.id, last_used_at=NOW + 3 * MINUTE)
    with world.database.write() as tx:
        api_keys.note_uses(tx, {revoked.id: used(NOW + 2 * MINUTE)})
        api_keys.revoke(tx, revoked.id, at=LATER)
        sessions.end(tx, ended.id, at=LATER, why="revoked")
    with world.database.read() as tx:
        found = overviews.activity_of(tx, [person.id, idle.id], now=LATER)
    assert found == {
        person.id: Activity(2, NOW + 2 * MINUTE, 1, NOW + 3 * MINUTE),
        idle.id: Activity(),
    }
    assert found[person.id].latest == NOW + 3 * MINUTE
    assert found[person.id].without_sessions().latest == NOW + 2 * MINUTE
    assert found[idle.id].latest is None


def test_an_overview_has_the_owner_the_identities_and_the_roles(world: World) -> None:
    owner = world.principal(name="Olga")
    service = world.principal(
        kind=PrincipalKind.CLIENT, identity=None, owner_id=owner.id, name="Pump"
    )
    orphan = world.principal(kind=PrincipalKind.CLIENT, identity=None, owner_id="gone")
    world.assign(owner, "b")
    world.assign(owner, "a")
    with world.database.read() as tx:
        shown = overviews.of(tx, [service, owner, orphan], now=NOW)
    assert [one.principal for one in shown] == [service, owner, orphan]
    assert [one.owner for one in shown] == [owner, None, None]
    assert [one.roles for one in shown] == [(), ("a", "b"), ()]
    assert [linked.identity for linked in shown[1].identities] == [owner.identity]
    assert [len(one.identities) for one in shown] == [0, 1, 0]


def test_a_page_of_any_length_takes_the_same_few_statements(world: World) -> None:
    people = [world.principal() for _ in range(30)]
    for person in people:
        world.api_key(person)
        world.assign(person, "user")
    lengths = set()
    for few in (people[:1], people):
        with counted(world.database) as said, world.database.read() as tx:
            overviews.of(tx, few, now=NOW)
        lengths.add(len(said))
    assert len(lengths) == 1
    assert lengths.pop() <= 5


def test_a_selection_has_who_fits_all_of_it(world: World) -> None:
    owner = world.principal(kind=PrincipalKind.MEMBER, name="olga@example.com")
    mine = world.principal(kind=PrincipalKind.CLIENT, identity=None, owner_id=owner.id, name="Pump")
    other = world.principal(kind=PrincipalKind.CLIENT, identity=None, name="pumpkin")
    World(world.database).principal(owner_id=owner.id, name="Pump")
    with world.database.write() as tx:
        standing.disable(tx, other.id, at=LATER)
    clients = PrincipalKind.CLIENT
    for selection, wanted in (
        (Selection(), {owner.id, mine.id, other.id}),
        (Selection(owner_id=owner.id), {mine.id}),
        (Selection(owner_id="gone"), set()),
        (Selection(is_disabled=True), {other.id}),
        (Selection(is_disabled=False), {owner.id, mine.id}),
        (Selection(kind=PrincipalKind.MEMBER), {owner.id}),
        (Selection(kind=clients, prefix="Pump"), {mine.id, other.id}),
        (Selection(kind=clients, prefix="Pump", is_disabled=True), {other.id}),
    ):
        assert {one.id for one in selected(world, selection)} == wanted, selection


def test_a_prefix_begins_a_name_or_an_identity_as_spelled_or_in_lower_case(world: World) -> None:
    subject = f"{new_id('zoe')}@example.com"
    person = world.principal(name="Ärmel %_", identity=Identity("email", subject))
    other = world.principal(name="bob", identity=Identity("lab", "BOB%"))
    for prefix in ("Ä", "Ärmel %", "Ärmel %_", subject[:8], subject, "ZOE", subject.upper()):
        assert selected(world, Selection(prefix=prefix)) == [person], prefix
    for prefix in ("b", "BOB", "BOB%"):
        assert selected(world, Selection(prefix=prefix)) == [other], prefix
    for prefix in ("rmel", "%", "_", "Ärmel %_x", "\U0010ffff"):
        assert selected(world, Selection(prefix=prefix)) == [], prefix


def test_a_page_of_a_selection_goes_on_where_the_last_ended(world: World) -> None:
    people = [world.principal(name=f"ann {number}") for number in range(5)]
    seen: list[Principal] = []
    window = Window(limit=2)
    while True:
        with world.database.read() as tx:
            page = principals.page_of(
                tx, world.workspace_id, selection=Selection(prefix="ann"), window=window
            )
        seen += page.items
        if page.cursor is None:
            break
        window = Window(limit=2, cursor=page.cursor)
    assert seen == sorted(people, key=lambda one: one.id)
