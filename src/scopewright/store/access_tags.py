"""The access tags of a workspace: what each gives to whom, what is nested in it, who owns it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, delete, exists, insert, select, update

from scopewright.core.tag_definitions import GivenTagGrant, TagDefinition, TagGrant, TagGraph
from scopewright.store.database import Transaction
from scopewright.store.pages import Page, Window, rows_of
from scopewright.store.schema import (
    access_tag_grants,
    access_tag_nestings,
    access_tag_owners,
    access_tags,
    principals,
)

_HERE = access_tags.c.workspace_id == bindparam("here")
_ADD = insert(access_tags)
_ADD_GRANT, _ADD_NESTING = insert(access_tag_grants), insert(access_tag_nestings)
_ADD_OWNER = insert(access_tag_owners)
_DESCRIBE = (
    update(access_tags)
    .where(_HERE, access_tags.c.name == bindparam("of_tag"))
    .values(description=bindparam("text"))
)
_OF_NAMES = select(access_tags).where(
    _HERE, access_tags.c.name.in_(bindparam("names", expanding=True))
)
_NAMES = select(access_tags.c.name).where(_HERE)
_REMOVE = delete(access_tags).where(_HERE, access_tags.c.name == bindparam("of_tag"))


def _all(table: Table) -> Any:
    return select(table).where(table.c.workspace_id == bindparam("here"))


def _of_tags(table: Table) -> Any:
    return _all(table).where(table.c.tag.in_(bindparam("names", expanding=True)))


def _taken(table: Table, *columns: str) -> Any:
    same = (table.c[name] == bindparam(f"of_{name}") for name in ("workspace_id", "tag", *columns))
    return delete(table).where(*same)


_TAKE_GRANT = _taken(access_tag_grants, "principal_id", "word", "is_role")
_TAKE_NESTED = _taken(access_tag_nestings, "nested")
_TAKE_OWNER = _taken(access_tag_owners, "principal_id")
_IN = access_tag_nestings.c.nested == bindparam("nested")
_NESTED_IN = access_tag_nestings.c.workspace_id == bindparam("here"), _IN
_ABOVE = select(access_tag_nestings.c.tag).where(*_NESTED_IN).order_by(access_tag_nestings.c.tag)
_UNNEST = delete(access_tag_nestings).where(*_NESTED_IN)
_OF_WORD = (
    access_tag_grants.c.workspace_id == bindparam("here"),
    access_tag_grants.c.word == bindparam("said"),
    access_tag_grants.c.is_role == bindparam("as_role"),
)
_GIVING = select(access_tag_grants).where(*_OF_WORD).order_by(access_tag_grants.c.tag)
_FORGET_WORD = delete(access_tag_grants).where(*_OF_WORD)
_RESTORED = ("tag", "word", "is_role", "given_by", "given_at")
_RESTORE = insert(access_tag_grants).from_select(
    ["workspace_id", "principal_id", *_RESTORED],
    select(
        principals.c.workspace_id,
        principals.c.id,
        *(bindparam(name, type_=access_tag_grants.c[name].type) for name in _RESTORED),
    ).where(
        principals.c.id == bindparam("principal"),
        exists().where(
            access_tags.c.workspace_id == principals.c.workspace_id,
            access_tags.c.name == bindparam("tag", type_=access_tags.c.name.type),
        ),
    ),
)


def add(tx: Transaction, workspace_id: str, tag: TagDefinition, *, by: str, at: datetime) -> None:
    """Remember a new tag, with all that it gives."""
    row = {"name": tag.name, "description": tag.description, "created_at": at}
    tx.run(_ADD, workspace_id=workspace_id, **row)
    _add_parts(tx, {"workspace_id": workspace_id, "tag": tag.name}, tag, by=by, at=at)


def change(
    tx: Transaction,
    workspace_id: str,
    before: TagDefinition,
    after: TagDefinition,
    *,
    by: str,
    at: datetime,
) -> None:
    """Keep a tag as it is now; what it gave before goes on being given by whoever gave it."""
    tx.run(_DESCRIBE, here=workspace_id, of_tag=after.name, text=after.description)
    key = {"of_workspace_id": workspace_id, "of_tag": after.name}
    for grant in before.grants - after.grants:
        tx.run(_TAKE_GRANT, **key, **{f"of_{k}": v for k, v in asdict(grant).items()})
    for nested in before.nested - after.nested:
        tx.run(_TAKE_NESTED, **key, of_nested=nested)
    for owner in before.owners - after.owners:
        tx.run(_TAKE_OWNER, **key, of_principal_id=owner)
    more = replace(
        after,
        grants=after.grants - before.grants,
        nested=after.nested - before.nested,
        owners=after.owners - before.owners,
    )
    _add_parts(tx, {"workspace_id": workspace_id, "tag": after.name}, more, by=by, at=at)


def _add_parts(
    tx: Transaction, key: dict[str, str], tag: TagDefinition, *, by: str, at: datetime
) -> None:
    given = {"given_by": by, "given_at": at}
    tx.run_many(_ADD_GRANT, [{**key, **asdict(one), **given} for one in sorted(tag.grants)])
    tx.run_many(_ADD_NESTING, [{**key, "nested": one} for one in sorted(tag.nested)])
    tx.run_many(_ADD_OWNER, [{**key, "principal_id": one} for one in sorted(tag.owners)])


def get(tx: Transaction, workspace_id: str, *, name: str) -> TagDefinition | None:
    """The tag of this name."""
    asked = {"here": workspace_id, "names": [name]}
    return next(iter(_tags(tx, tx.all(_OF_NAMES, **asked), asked)), None)


def page(tx: Transaction, workspace_id: str, *, window: Window) -> Page[TagDefinition]:
    """The tags of a workspace, by name."""
    statement = select(access_tags).where(access_tags.c.workspace_id == workspace_id)
    rows, cursor = rows_of(tx, statement, access_tags.c.name, window)
    asked = {"here": workspace_id, "names": [row.name for row in rows]}
    return Page(tuple(_tags(tx, rows, asked)), cursor)


def _tags(
    tx: Transaction, rows: Sequence[Row[Any]], asked: dict[str, Any]
) -> Iterable[TagDefinition]:
    grants = _grants(tx.all(_of_tags(access_tag_grants), **asked))
    nested = _by_tag(tx.all(_of_tags(access_tag_nestings), **asked), "nested")
    owners = _by_tag(tx.all(_of_tags(access_tag_owners), **asked), "principal_id")
    for row in rows:
        name = row.name
        yield TagDefinition(
            name, row.description, frozenset(grants[name]), nested[name], owners[name]
        )


def _grants(rows: Iterable[Row[Any]]) -> defaultdict[str, frozenset[TagGrant]]:
    found = defaultdict[str, frozenset[TagGrant]](frozenset)
    for row in rows:
        found[row.tag] |= {TagGrant(row.principal_id, row.word, row.is_role)}
    return found


def _by_tag(rows: Iterable[Row[Any]], column: str) -> defaultdict[str, frozenset[str]]:
    found = defaultdict[str, frozenset[str]](frozenset)
    for row in rows:
        found[row.tag] |= {getattr(row, column)}
    return found


def graph(tx: Transaction, workspace_id: str) -> TagGraph:
    """What all tags of a workspace give, and what is nested in which; for changes only."""
    grants = tx.all(_all(access_tag_grants), here=workspace_id)
    nestings = tx.all(_all(access_tag_nestings), here=workspace_id)
    return TagGraph(_grants(grants), _by_tag(nestings, "nested"))


def names(tx: Transaction, workspace_id: str) -> frozenset[str]:
    """What the tags of a workspace are called."""
    return frozenset(row.name for row in tx.all(_NAMES, here=workspace_id))


def above(tx: Transaction, workspace_id: str, *, name: str) -> list[str]:
    """The tags that a tag is nested in itself."""
    return [row.tag for row in tx.all(_ABOVE, here=workspace_id, nested=name)]


def remove(tx: Transaction, workspace_id: str, *, name: str) -> bool:
    """Forget a tag, also where it is nested; whether it was there."""
    tx.run(_UNNEST, here=workspace_id, nested=name)
    return tx.run(_REMOVE, here=workspace_id, of_tag=name) == 1


# --- deleted roles and scopes -------------------------------------------------------------------


def giving(tx: Transaction, workspace_id: str, *, word: str, is_role: bool) -> list[GivenTagGrant]:
    """Every grant of a role, or of a scope, by a tag."""
    rows = tx.all(_GIVING, here=workspace_id, said=word, as_role=is_role)
    return [_given(row) for row in rows]


def forget_word(tx: Transaction, workspace_id: str, *, word: str, is_role: bool) -> None:
    """Let no tag give a role, or a scope, any more."""
    tx.run(_FORGET_WORD, here=workspace_id, said=word, as_role=is_role)


def restore(tx: Transaction, taken: Iterable[GivenTagGrant]) -> None:
    """Remember again what was taken from tags, as far as tag and principal are still there."""
    rows = [
        {
            "principal": one.grant.principal_id,
            "tag": one.tag,
            "word": one.grant.word,
            "is_role": one.grant.is_role,
            "given_by": one.given_by,
            "given_at": one.given_at,
        }
        for one in taken
    ]
    tx.run_many(_RESTORE, rows)


def _given(row: Row[Any]) -> GivenTagGrant:
    grant = TagGrant(row.principal_id, row.word, row.is_role)
    return GivenTagGrant(row.tag, grant, row.given_by, row.given_at)
