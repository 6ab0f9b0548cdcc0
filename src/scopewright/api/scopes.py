"""Scopes and the vocabulary: handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from scopewright.api.bodies import NewScope, ScopeChange
from scopewright.api.entrance import AskHere, WindowHere
from scopewright.api.shapes import Listed, ScopeShape, VocabularyShape
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import NotFound


def vocabulary(ask: AskHere) -> VocabularyShape:
    """All scopes and roles of the workspace by catalogue and resource, and the presets."""
    return VocabularyShape.of(ask.services.scopes.list_all(ask.caller))


def index(ask: AskHere, window: WindowHere) -> Listed[ScopeShape]:
    """The scopes that the workspace has defined itself."""
    words = ask.services.scopes.list_all(ask.caller)
    rest = [s for s in words.scopes if window.cursor is None or s.name > window.cursor]
    shown = rest[: window.limit]
    cursor = shown[-1].name if len(rest) > window.limit else None
    return Listed(
        data=[ScopeShape.of(scope, words) for scope in shown], next_page=ask.next_page(cursor)
    )


def show(ask: AskHere, name: str) -> ScopeShape:
    """One scope, the workspace's own or a catalogue's."""
    return _shown(ask.services.scopes.list_all(ask.caller), name)


def define(ask: AskHere, body: NewScope) -> ScopeShape:
    """Define a scope."""
    ask.services.scopes.define(ask.caller, name=body.name, description=body.description)
    return ScopeShape(name=body.name, description=body.description or "")


def describe(ask: AskHere, name: str, body: ScopeChange) -> ScopeShape:
    """Change a scope's description."""
    scope = ask.services.scopes.describe(ask.caller, name=name, description=body.description)
    return ScopeShape(name=scope.name, description=scope.description)


def delete(ask: AskHere, name: str, force: Annotated[bool, Query()] = False) -> Response:
    """Delete a scope and every grant of it; what demands it goes on demanding it."""
    ask.services.scopes.delete(ask.caller, name=name, force=force)
    return Response(status_code=204)


def _shown(words: Vocabulary, name: str) -> ScopeShape:
    scope = words.by_name.get(name)
    if scope is None:
        raise NotFound("There is no such scope.")
    return ScopeShape.of(scope, words)
