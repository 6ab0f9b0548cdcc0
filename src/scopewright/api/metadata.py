"""Metadata of end-users and clients: handlers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel

from scopewright.api.bodies import NAME_GRAMMAR, NewMetadata
from scopewright.api.entrance import Ask, AskHere, WindowHere
from scopewright.api.shapes import Listed
from scopewright.core.model import Metadata, PrincipalKind
from scopewright.store.pages import Page

Key = Annotated[str, Path(json_schema_extra=NAME_GRAMMAR)]
END_USER, CLIENT = PrincipalKind.END_USER, PrincipalKind.CLIENT


class MetadataShape(BaseModel):
    """A JSON value under its key."""

    key: str
    value: Any
    updated_at: datetime

    @classmethod
    def of(cls, entry: Metadata) -> MetadataShape:
        return cls(key=entry.key, value=entry.value, updated_at=entry.updated_at)


class MetadataListed(Listed[MetadataShape]):
    """What is attached to somebody; a value has at most `longest_value` bytes as JSON."""

    longest_value: int


def of_end_user(ask: AskHere, email: str, window: WindowHere) -> MetadataListed:
    """Everything attached to an end-user."""
    page = ask.services.metadata.page(ask.caller, kind=END_USER, name=email, window=window)
    return _listed(ask, page)


def of_client(ask: AskHere, id: str, window: WindowHere) -> MetadataListed:
    """Everything attached to a client."""
    page = ask.services.metadata.page(ask.caller, kind=CLIENT, name=id, window=window)
    return _listed(ask, page)


def own(ask: AskHere, window: WindowHere) -> Listed[MetadataShape]:
    """Everything attached to whoever asks."""
    return _listed(ask, ask.services.metadata.own(ask.caller, window))


def show_of_end_user(ask: AskHere, email: str, key: Key) -> MetadataShape:
    """One value attached to an end-user."""
    entry = ask.services.metadata.show(ask.caller, kind=END_USER, name=email, key=key)
    return MetadataShape.of(entry)


def show_of_client(ask: AskHere, id: str, key: Key) -> MetadataShape:
    """One value attached to a client."""
    entry = ask.services.metadata.show(ask.caller, kind=CLIENT, name=id, key=key)
    return MetadataShape.of(entry)


def put_on_end_user(ask: AskHere, email: str, key: Key, body: NewMetadata) -> MetadataShape:
    """Attach a value to an end-user; `ingest_context` is stamped on what comes in from then on."""
    entry = ask.services.metadata.put(
        ask.caller, kind=END_USER, name=email, key=key, value=body.value
    )
    return MetadataShape.of(entry)


def put_on_client(ask: AskHere, id: str, key: Key, body: NewMetadata) -> MetadataShape:
    """Attach a value to a client."""
    entry = ask.services.metadata.put(ask.caller, kind=CLIENT, name=id, key=key, value=body.value)
    return MetadataShape.of(entry)


def delete_of_end_user(ask: AskHere, email: str, key: Key) -> Response:
    """Take a value off an end-user; data that is in keeps what it was stamped with."""
    ask.services.metadata.delete(ask.caller, kind=END_USER, name=email, key=key)
    return Response(status_code=204)


def delete_of_client(ask: AskHere, id: str, key: Key) -> Response:
    """Take a value off a client."""
    ask.services.metadata.delete(ask.caller, kind=CLIENT, name=id, key=key)
    return Response(status_code=204)


def _listed(ask: Ask, page: Page[Metadata]) -> MetadataListed:
    return MetadataListed(
        data=[MetadataShape.of(entry) for entry in page.items],
        next_page=ask.next_page(page.cursor),
        longest_value=ask.entrance.settings.limits.metadata_value,
    )
