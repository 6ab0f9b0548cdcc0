"""What access tags give to one principal, itself and through its groups: read for a decision.

Each question goes from what it names along indexes, so a decision takes no longer for all the tags
that it is not about. Whose grants count is read first: a planner knows more of ids than of a walk.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, BindParameter, Row, Select, and_, bindparam, select

from scopewright.core.access_tags import PUBLIC
from scopewright.core.model import Principal
from scopewright.core.tag_definitions import TagGrant
from scopewright.store import groups
from scopewright.store.database import Transaction
from scopewright.store.schema import (
    access_tag_grants,
    access_tag_nestings,
    access_tag_owners,
    access_tags,
)

_HERE: BindParameter[str] = bindparam("here")
_HOLDERS: BindParameter[list[str]] = bindparam("holders", expanding=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What there is about some tags: which exist, which let everybody read, who owns them.

    `given` are the grants to a principal and its groups, each by a tag that gives it, itself or by
    one nested in it.
    """

    known: frozenset[str]
    public: frozenset[str]
    given: tuple[tuple[str, TagGrant], ...]
    owned: frozenset[str] = frozenset()


def _below() -> CTE:
    """Each of some tags with itself and every tag that is nested in it."""
    name = access_tags.c.name
    start = select(name.label("tag"), name.label("below")).where(
        access_tags.c.workspace_id == _HERE, name.in_(bindparam("names", expanding=True))
    )
    below = start.cte("below", recursive=True)
    nested = select(below.c.tag, access_tag_nestings.c.nested).join(
        below, access_tag_nestings.c.tag == below.c.below
    )
    return below.union(nested.where(access_tag_nestings.c.workspace_id == _HERE))


def _on_tags() -> Select[Any]:
    below, grants = _below(), access_tag_grants
    given = and_(
        grants.c.workspace_id == _HERE,
        grants.c.tag == below.c.below,
        grants.c.principal_id.in_(_HOLDERS),
    )
    columns = (below.c.tag, below.c.below, grants.c.principal_id, grants.c.word, grants.c.is_role)
    return select(*columns).select_from(below.outerjoin(grants, given))


def _by_any_tag() -> Select[Any]:
    """Every tag that gives something, with what it gives: from the grants upwards."""
    grants = access_tag_grants
    start = select(grants.c.tag, grants.c.principal_id, grants.c.word, grants.c.is_role).where(
        grants.c.principal_id.in_(_HOLDERS)  # who are of this workspace already
    )
    given = start.cte("given", recursive=True)
    columns = (access_tag_nestings.c.tag, given.c.principal_id, given.c.word, given.c.is_role)
    above = select(*columns).join(given, access_tag_nestings.c.nested == given.c.tag)
    return select(given.union(above.where(access_tag_nestings.c.workspace_id == _HERE)))


def _public() -> Select[Any]:
    """Every tag in which `public` is nested, however deep."""
    nested_in = access_tag_nestings.c.workspace_id == _HERE
    start = select(access_tag_nestings.c.tag).where(
        nested_in, access_tag_nestings.c.nested == PUBLIC
    )
    public = start.cte("public_tags", recursive=True)
    above = select(access_tag_nestings.c.tag).join(
        public, access_tag_nestings.c.nested == public.c.tag
    )
    return select(public.union(above.where(nested_in)))


def _owned() -> Select[Any]:
    owners = access_tag_owners
    return select(owners.c.tag).where(
        owners.c.workspace_id == _HERE,
        owners.c.tag.in_(bindparam("names", expanding=True)),
        owners.c.principal_id.in_(_HOLDERS),
    )


_ON_TAGS, _BY_ANY_TAG, _PUBLIC, _OWNED = _on_tags(), _by_any_tag(), _public(), _owned()


def holders(tx: Transaction, principal: Principal | None) -> list[str]:
    """The ids of a principal and of every group that it is in; of nobody for None."""
    if principal is None:
        return []
    above = groups.above(tx, [principal.id])
    return sorted({principal.id, *(membership.group_id for membership in above)})


def on_tags(
    tx: Transaction,
    workspace_id: str,
    holders: list[str],
    names: Iterable[str],
    *,
    owned: bool = False,
) -> Found:
    """What some tags give to `holders`, who are of this workspace; `owned`: and which they own."""
    asked = {"here": workspace_id, "holders": holders, "names": sorted(names)}
    rows = tx.all(_ON_TAGS, **asked)
    owning = tx.all(_OWNED, **asked) if owned else []
    return Found(
        known=frozenset(row.tag for row in rows),
        public=frozenset(row.tag for row in rows if row.below == PUBLIC),
        given=tuple(_given(row) for row in rows if row.word is not None),
        owned=frozenset(row.tag for row in owning),
    )


def by_any_tag(tx: Transaction, workspace_id: str, holders: list[str]) -> Found:
    """All that any tag gives to `holders`, and the tags that let everybody read."""
    rows = tx.all(_BY_ANY_TAG, here=workspace_id, holders=holders)
    public = frozenset(row.tag for row in tx.all(_PUBLIC, here=workspace_id))
    given = tuple(_given(row) for row in rows)
    return Found(public | {tag for tag, _ in given}, public, given)


def _given(row: Row[Any]) -> tuple[str, TagGrant]:
    return row.tag, TagGrant(row.principal_id, row.word, row.is_role)
