"""Tiled's own tables of roles: read, kept in a file as they were, and changed by a plan."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from tiled.alembic_utils import check_database
from tiled.authn_database import orm
from tiled.authn_database.core import ALL_REVISIONS, REQUIRED_REVISION

from scopewright.tiled.databases import opened
from scopewright.tiled.role_plan import Plan, Row, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection

ROLES, HAS = orm.Role.__table__, orm.principal_role_association_table
PRINCIPALS, IDENTITIES = orm.Principal.__table__, orm.Identity.__table__


class RoleTables:
    """One transaction in Tiled's database of people. People are known by one provider's names."""

    def __init__(self, connection: AsyncConnection, *, provider: str) -> None:
        self._connection, self._provider = connection, provider

    async def people(self) -> dict[str, int]:
        """By the name that we know them by, Tiled's numbers of people and services."""
        named = select(IDENTITIES.c.id, IDENTITIES.c.principal_id).where(
            IDENTITIES.c.provider == self._provider
        )
        services = select(PRINCIPALS.c.uuid, PRINCIPALS.c.id).where(PRINCIPALS.c.type == "service")
        found = [*await self._connection.execute(named)]
        found += [*await self._connection.execute(services)]
        return {str(name): number for name, number in found}

    async def roles(self, people: Mapping[str, int]) -> dict[str, Row]:
        """By name, every role, and who has it of those that we know."""
        names = {number: name for name, number in people.items()}
        holders: dict[int, set[str]] = {}
        for principal, role in await self._connection.execute(select(HAS)):
            holders.setdefault(role, set()).add(names.get(principal, f"#{principal}"))
        rows = await self._connection.execute(
            select(ROLES.c.id, ROLES.c.name, ROLES.c.description, ROLES.c.scopes)
        )
        return {
            name: Row(name, description or "", tuple(scopes), frozenset(holders.get(number, ())))
            for number, name, description, scopes in rows
        }

    async def backup(self) -> dict[str, list[dict[str, Any]]]:
        """Both tables as they are, for JSON; principals by their UUIDs."""
        roles = select(ROLES.c.name, ROLES.c.description, ROLES.c.scopes)
        has = (
            select(PRINCIPALS.c.uuid, ROLES.c.name)
            .join(HAS, HAS.c.principal_id == PRINCIPALS.c.id)
            .join(ROLES, ROLES.c.id == HAS.c.role_id)
        )
        return {
            "roles": [
                {"name": name, "description": description, "scopes": scopes}
                for name, description, scopes in await self._connection.execute(roles)
            ],
            "principal_role_association": [
                {"principal": str(uuid), "role": role}
                for uuid, role in await self._connection.execute(has)
            ],
        }

    async def carry_out(self, plan: Plan, people: Mapping[str, int]) -> None:
        """Change what the plan says."""
        numbers = await self._numbers()
        for role, holder in plan.take:
            number = people.get(holder) or int(holder.removeprefix("#"))
            await self._connection.execute(
                delete(HAS).where(HAS.c.role_id == numbers[role], HAS.c.principal_id == number)
            )
        for name in plan.delete:
            await self._connection.execute(delete(ROLES).where(ROLES.c.name == name))
        for wanted in plan.change:
            await self._connection.execute(
                update(ROLES).where(ROLES.c.name == wanted.name).values(**_columns(wanted))
            )
        for wanted in plan.add:
            columns = {"name": wanted.name, **_columns(wanted)}
            await self._connection.execute(insert(ROLES).values(columns))
        numbers = await self._numbers()
        for role, holder in plan.give:
            await self._connection.execute(
                insert(HAS).values(role_id=numbers[role], principal_id=people[holder])
            )

    async def _numbers(self) -> dict[str, int]:
        return dict([*await self._connection.execute(select(ROLES.c.name, ROLES.c.id))])


def _columns(wanted: Wanted) -> dict[str, Any]:
    return {"description": wanted.description, "scopes": list(wanted.scopes)}


@asynccontextmanager
async def role_tables(database: str, *, provider: str) -> AsyncIterator[RoleTables]:
    """The tables of a database that Tiled has made, within one transaction.

    Raises:
        Failure: there is no such database.
        Exception: it is none of Tiled's, or of another of its releases than is installed.
    """
    async with opened(database) as (_, engine):
        await check_database(engine, REQUIRED_REVISION, ALL_REVISIONS)
        async with engine.begin() as connection:
            yield RoleTables(connection, provider=provider)
