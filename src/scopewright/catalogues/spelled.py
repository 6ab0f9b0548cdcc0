"""`[resources]` and `[roles]`: scopes spelled by resource and action, roles by patterns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from scopewright.catalogues.table import Table
from scopewright.core import names
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.scopes import NONE, Scopes

LEFT_OUT = "!"  # before a pattern


def scopes(
    file: Table, owner: str, prefix: str, operations: frozenset[str], *, opening: bool
) -> Iterator[ScopeDefinition]:
    """`{prefix}{resource}:{action}` for each; `opening` also the operation `{resource}:{action}`.

    It opens as well what `[also_opens]` names of these operations.

    Raises:
        Invalid: a description is of none of them, or so is what they also open.
    """
    resources, descriptions = file.table("resources"), file.table("descriptions")
    also_opened = file.table("also_opens")
    for resource in resources:
        for action in resources.texts(resource):
            operation = f"{resource}:{action}"
            yield ScopeDefinition(
                name=resources.passing(names.check_name, f"{prefix}{operation}", resource),
                description=descriptions.checked(operation, names.check_description, ""),
                owner=owner,
                resource=resource,
                action=action,
                opens=(frozenset({operation}) if opening else NONE)
                | _opens(also_opened, operation, operations),
            )
    descriptions.end()
    also_opened.end()


def roles(
    file: Table, scopes: Sequence[ScopeDefinition], owner: str, prefix: str
) -> Iterator[RoleDefinition]:
    """The roles `{prefix}{name}`; their patterns match `{resource}:{action}` of these scopes.

    Raises:
        Invalid: a pattern matches nothing.
    """
    every = file.table("roles")
    for name in every:
        table = every.table(name)
        chosen, left_out = _matched(table, scopes)
        yield RoleDefinition(
            name=table.passing(names.check_name, f"{prefix}{name}", "name"),
            description=table.description(),
            owner=owner,
            scopes=chosen,
            without=left_out,
            every_guarded=table.flag("every_guarded"),
        )
        table.end()


def _opens(table: Table, key: str, operations: frozenset[str]) -> frozenset[str]:
    opens = frozenset(table.texts(key))
    for unknown in sorted(opens - operations):
        raise table.refusal(f"{key}: there is no operation {unknown}.")
    return opens


def _matched(table: Table, scopes: Sequence[ScopeDefinition]) -> tuple[Scopes, Scopes]:
    """The scopes that are chosen by patterns, one after the other, and those taken away again."""
    chosen, left_out = set[str](), set[str]()
    for pattern in table.texts("scopes"):
        wanted = pattern.removeprefix(LEFT_OUT)
        matching = {s.name for s in scopes if fnmatchcase(f"{s.resource}:{s.action}", wanted)}
        if not matching:
            raise table.refusal(f"scopes: {pattern} matches nothing.")
        if pattern.startswith(LEFT_OUT):
            chosen, left_out = chosen - matching, left_out | matching
        else:
            chosen, left_out = chosen | matching, left_out - matching
    return frozenset(chosen), frozenset(left_out)
