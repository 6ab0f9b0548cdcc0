"""Scopes and the vocabulary: handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from scopewright.api.bodies import NewScope, ScopeChange
from scopewright.api.entrance import AskHere, sought_by
from scopewright.api.shapes import Listed, ScopeShape
from scopewright.api.vocabulary import VocabularyShape
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import NotFound
from scopewright.core.proposals import ScopeContents
from scopewright.store.pages import Window, part_of

ScopesWindow = Annotated[Window, Depends(sought_by("name"))]


def vocabulary(ask: AskHere) -> VocabularyShape:
    """All scopes and roles of the workspace by catalogue and resource, and the presets."""
    return VocabularyShape.of(ask.services.scopes.list_all(ask.caller))


def index(ask: AskHere, window: ScopesWindow) -> Listed[ScopeShape]:
    """The scopes of the workspace's own and its applications', by name."""
    words = ask.services.scopes.list_all(ask.caller)
    page = part_of(
        words.scopes, lambda scope: scope.name, window, by={"name": lambda scope: scope.name}
    )
    return ask.listed(page, lambda scope: ScopeShape.of(scope, words))


def show(ask: AskHere, name: str) -> ScopeShape:
    """One scope, the workspace's own or a catalogue's."""
    return _shown(ask.services.scopes.list_all(ask.caller), name)


def define(ask: AskHere, body: NewScope) -> ScopeShape:
    """Define a scope."""
    contents = ScopeContents(**body.model_dump(exclude={"name"}))
    return ScopeShape.of(*ask.services.scopes.define(ask.caller, name=body.name, contents=contents))


def change(ask: AskHere, name: str, body: ScopeChange) -> ScopeShape:
    """Change what is named: the description, or what else the scope gives."""
    contents = ScopeContents(**body.model_dump())
    return ScopeShape.of(*ask.services.scopes.change(ask.caller, name=name, contents=contents))


def delete(ask: AskHere, name: str, force: Annotated[bool, Query()] = False) -> Response:
    """Delete a scope and every grant of it; with `force` also where something lists or demands it.

    What demands it goes on demanding it.
    """
    ask.services.scopes.delete(ask.caller, name=name, force=force)
    return Response(status_code=204)


def _shown(words: Vocabulary, name: str) -> ScopeShape:
    scope = words.by_name.get(name)
    if scope is None:
        raise NotFound("There is no such scope.")
    return ScopeShape.of(scope, words)
