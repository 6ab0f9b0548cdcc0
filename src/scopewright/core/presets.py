"""Presets: conveniences that tick boxes, as functions of the action word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scopewright.core.catalogue import ScopeDefinition
from scopewright.core.scopes import Scopes

READING = frozenset({"read"})
OPERATING = READING | {"create", "update", "activate"}


@dataclass(frozen=True, slots=True)
class Preset:
    """A convenience that ticks boxes; never stored."""

    id: str
    label: str
    scopes: Scopes


def presets(scopes: Iterable[ScopeDefinition]) -> tuple[Preset, ...]:
    """Read-only, Operator and Full access as functions of the action word, each within the next."""
    definitions = [scope for scope in scopes if scope.action is not None]

    def chosen(actions: frozenset[str] | None) -> Scopes:
        return frozenset(d.name for d in definitions if actions is None or d.action in actions)

    return (
        Preset("read-only", "Read-only", chosen(READING)),
        Preset("operator", "Operator", chosen(OPERATING)),
        Preset("full-access", "Full access", chosen(None)),
    )
