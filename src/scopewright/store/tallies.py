"""How many there are of everything that people see in a workspace, for rehearsals to compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
)

from scopewright.core.model import PrincipalKind
from scopewright.store.database import Transaction
from scopewright.store.schema import (
    access_tags,
    api_keys,
    applications,
    assignments,
    consents,
    datapoints,
    endpoints,
    exports,
    gateway_routes,
    grants,
    identities,
    invitations,
    memberships,
    mqtt_configs,
    principal_metadata,
    principals,
    registration_tokens,
    role_mappings,
    roles,
    scopes,
    sessions,
    signing_keys,
    trusted_issuers,
    workspaces,
)

Tally = Counter[str]
_HERE: BindParameter[str] = bindparam("workspace")
_NOW: BindParameter[datetime] = bindparam("now")
# What one says of those that are there no more, where they are not removed.
GONE = {"sessions": "ended", "api-keys": "revoked"}
KINDS = {
    PrincipalKind.MEMBER.value: "members",
    PrincipalKind.END_USER.value: "end-users",
    PrincipalKind.CLIENT.value: "clients",
    PrincipalKind.GROUP.value: "groups",
}
TABLES: dict[str, Table] = {
    "access-tags": access_tags,
    "api-keys": api_keys,
    "applications": applications,
    "assignments": assignments,
    "consents": consents,
    "endpoints": endpoints,
    "exports": exports,
    "gateway-routes": gateway_routes,
    "grants": grants,
    "identities": identities,
    "invitations": invitations,
    "memberships": memberships,
    "metadata": principal_metadata,
    "mqtt-configs": mqtt_configs,
    "registration-tokens": registration_tokens,
    "role-mappings": role_mappings,
    "roles": roles,
    "scopes": scopes,
    "sessions": sessions,
    "signing-keys": signing_keys,
    "trusted-issuers": trusted_issuers,
    "workspaces": workspaces,
}
COUNTED = (*TABLES.values(), principals)
NOUNS = {table.name: noun for noun, table in TABLES.items()}
_THAT: dict[str, tuple[ColumnElement[bool], ...]] = {  # else all of them
    "invitations": (invitations.c.expires_at > _NOW,),
    "registration-tokens": (registration_tokens.c.expires_at > _NOW,),
    "sessions": (sessions.c.ended_at.is_(None), sessions.c.expires_at > _NOW),
    "api-keys": (
        api_keys.c.revoked_at.is_(None),
        or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > _NOW),
    ),
}


def _number_of(noun: str) -> Select[Any]:
    table = TABLES[noun]
    if table is workspaces:
        here = table.c.id == _HERE
    elif "workspace_id" in table.c:
        here = table.c.workspace_id == _HERE
    else:  # it knows its workspace by its principals alone
        here = (
            select(principals.c.id)
            .where(principals.c.id == table.c.principal_id, principals.c.workspace_id == _HERE)
            .exists()
        )
    return select(func.count()).select_from(table).where(here, *_THAT.get(noun, ()))


@cache
def _numbers_of(nouns: frozenset[str]) -> Select[Any]:
    return select(*(_number_of(noun).scalar_subquery().label(noun) for noun in sorted(nouns)))


_OF_KINDS = (
    select(principals.c.kind, func.count().label("number"))
    .where(principals.c.workspace_id == _HERE)
    .group_by(principals.c.kind)
)
_DATAPOINTS = select(func.count()).where(datapoints.c.workspace_id == _HERE)


def tally(tx: Transaction, here: dict[str, Any], *, of: Collection[Table] = COUNTED) -> Tally:
    """How many there are in these tables; of datapoints, which may be millions, nothing is said."""
    found: Tally = Counter()
    if nouns := frozenset(NOUNS[table.name] for table in of if table.name in NOUNS):
        numbers = tx.one(_numbers_of(nouns), **here)
        assert numbers is not None
        found.update(dict(numbers._mapping))
    if principals in of:
        for row in tx.all(_OF_KINDS, workspace=here["workspace"]):
            found[KINDS[row.kind]] = row.number
    return found


def datapoints_of(tx: Transaction, here: dict[str, Any]) -> int:
    """How many datapoints a workspace has."""
    return int(tx.scalar(_DATAPOINTS, workspace=here["workspace"]))
