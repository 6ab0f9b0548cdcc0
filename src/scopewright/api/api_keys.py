"""API keys: handlers. A secret is in the answer that made its key, and in no other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from scopewright.api.bodies import Body, Name, Text, told
from scopewright.api.entrance import AskHere, sought_by
from scopewright.api.shapes import Listed
from scopewright.core.api_keys import (
    LONGEST_LIFETIME,
    LONGEST_NOTE,
    LONGEST_OVERLAP,
    MOST_TAGS,
    WantedKey,
    scopes_of,
)
from scopewright.core.model import ApiKey
from scopewright.store.pages import Window

MOST_SCOPES = 1000
Note = Annotated[str, told(maxLength=LONGEST_NOTE)]
Seconds = Annotated[int, told(minimum=1, maximum=LONGEST_LIFETIME)]

KeysWindow = Annotated[Window, Depends(sought_by("note", "created_at"))]


class NewApiKey(Body):
    """A key to make: `scopes` missing, null or `["inherit"]` is everything, resolved at each use.

    `expires_in` is in seconds; null: it needs no end of its own. `tags` restrict it to resources.
    """

    scopes: list[Name] | None = Field(None, max_length=MOST_SCOPES)
    expires_in: Seconds | None = None
    note: Note = ""
    tags: list[Text] = Field([], max_length=MOST_TAGS)

    @property
    def wanted(self) -> WantedKey:
        return WantedKey(self.scopes, self.expires_in, self.note, self.tags)


class ApiKeyChange(Body):
    """What to say of a key from now on."""

    note: Note


class KeyRotation(Body):
    """How many seconds the present key goes on; 0 ends it at once."""

    overlap: Annotated[int, told(minimum=0, maximum=LONGEST_OVERLAP)] = 0


class ApiKeyShape(BaseModel):
    """A key without its secret. `scopes` is `["inherit"]` or names; what it gives may be less.

    `tags` is empty for a key that nothing restricts, `parent` the key by which it was made.
    `last_used_for` is a method with the pattern of a route, or `introspection`.
    """

    id: str
    note: str
    scopes: list[str]
    tags: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str | None
    last_used_for: str | None
    parent: str | None

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyShape:
        return cls(
            id=key.id,
            note=key.note,
            scopes=scopes_of(key),
            tags=list(key.tags),
            created_by=key.created_by,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            last_used_from=key.last_used_from,
            last_used_for=key.last_used_for,
            parent=key.parent_id,
        )


class ApiKeyWithSecret(ApiKeyShape):
    """A key that was just made; `secret` is shown this once."""

    secret: str

    @classmethod
    def made(cls, key: ApiKey, secret: str) -> ApiKeyWithSecret:
        return cls(**ApiKeyShape.of(key).model_dump(), secret=secret)


def index(ask: AskHere, window: KeysWindow) -> Listed[ApiKeyShape]:
    """One's own live keys."""
    page = ask.services.api_keys.page(ask.caller, window=window)
    return ask.listed(page, ApiKeyShape.of)


def create(ask: AskHere, body: NewApiKey) -> ApiKeyWithSecret:
    """Make a key for oneself; asked for with a key, the new one is never more than that."""
    key, secret = ask.services.api_keys.create(ask.caller, wanted=body.wanted)
    return ApiKeyWithSecret.made(key, secret)


def current(ask: AskHere) -> ApiKeyShape:
    """The key that is presented."""
    return ApiKeyShape.of(ask.services.api_keys.current(ask.caller))


def revoke_current(ask: AskHere) -> Response:
    """Revoke the key that is presented, and all that were made with it."""
    ask.services.api_keys.revoke_current(ask.caller)
    return Response(status_code=204)


def show(ask: AskHere, id: str) -> ApiKeyShape:
    """One of one's own keys."""
    return ApiKeyShape.of(ask.services.api_keys.show(ask.caller, id=id))


def change(ask: AskHere, id: str, body: ApiKeyChange) -> ApiKeyShape:
    """Change the note of one's own key."""
    return ApiKeyShape.of(ask.services.api_keys.change(ask.caller, id=id, note=body.note))


def rotate(ask: AskHere, id: str, body: KeyRotation | None = None) -> ApiKeyWithSecret:
    """Let another key on the same terms follow one's own, which ends after an overlap."""
    overlap = (body or KeyRotation()).overlap
    key, secret = ask.services.api_keys.rotate(ask.caller, id=id, overlap=overlap)
    return ApiKeyWithSecret.made(key, secret)


def revoke(ask: AskHere, id: str) -> Response:
    """Revoke one's own key, and all that were made with it."""
    ask.services.api_keys.revoke(ask.caller, id=id)
    return Response(status_code=204)


def index_of(ask: AskHere, id: str, window: KeysWindow) -> Listed[ApiKeyShape]:
    """A principal's live keys."""
    page = ask.services.api_keys.page_of(ask.caller, name=id, window=window)
    return ask.listed(page, ApiKeyShape.of)


def create_for(ask: AskHere, id: str, body: NewApiKey) -> ApiKeyWithSecret:
    """Make a key for a principal, within what that one holds; who has it can act as that one."""
    key, secret = ask.services.api_keys.create_for(ask.caller, name=id, wanted=body.wanted)
    return ApiKeyWithSecret.made(key, secret)


def show_of(ask: AskHere, id: str, key: str) -> ApiKeyShape:
    """One of a principal's keys."""
    return ApiKeyShape.of(ask.services.api_keys.show_of(ask.caller, name=id, id=key))


def revoke_of(ask: AskHere, id: str, key: str) -> Response:
    """Revoke a principal's key, and all that were made with it."""
    ask.services.api_keys.revoke_of(ask.caller, name=id, id=key)
    return Response(status_code=204)
