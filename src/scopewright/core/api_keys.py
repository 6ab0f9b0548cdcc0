"""What an API key may be when it is made; `key_chain` says what it carries afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scopewright.core import delegation
from scopewright.core.catalogue import Vocabulary
from scopewright.core.errors import Conflict, Escalation, Forbidden, Invalid
from scopewright.core.model import ApiKey, KeyPolicy, Principal
from scopewright.core.names import check_line, check_title
from scopewright.core.scopes import EVERYTHING, INHERIT, NONE, Requested, Scopes, spell

LONGEST_LIFETIME = 3650 * 86_400  # seconds
LONGEST_OVERLAP = 30 * 86_400  # seconds
LONGEST_NOTE = 255
MOST_TAGS = 100
DEEPEST_CHAIN = 10
_ABOUT_KEYS = ("api-keys:", "own-api-keys:")  # how operations on keys begin


@dataclass(frozen=True, slots=True)
class WantedKey:
    """What a key is asked to be; nothing of it checked yet.

    `scopes` None is `inherit`. `expires_in` is in seconds; None: the key needs no end of its own.
    """

    scopes: Sequence[str] | None = None
    expires_in: int | None = None
    note: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key is to be, as far as that does not depend on who asks."""

    requested: Requested
    lifetime: timedelta | None
    note: str
    tags: tuple[str, ...]

    def put_into(self, key: ApiKey) -> ApiKey:
        """The key on these terms, less when it ends."""
        return replace(key, requested=self.requested, note=self.note, tags=self.tags)


def check_new(wanted: WantedKey, *, words: Vocabulary, policy: KeyPolicy) -> KeyTerms:
    """What a key may be in a workspace with these words and this policy.

    Raises:
        Invalid: with `field`.
    """
    terms = KeyTerms(
        requested=_requested(wanted.scopes, words, policy),
        lifetime=_lifetime(wanted.expires_in, policy),
        note=check_note(wanted.note),
        tags=_tags(wanted.tags),
    )
    if terms.tags:
        _refuse_tags(terms.requested, words)
    return terms


def check_note(note: str) -> str:
    """What a key is for: one line, perhaps empty.

    Raises:
        Invalid: it is longer, or holds what no line can.
    """
    return check_line(note, longest=LONGEST_NOTE, field="note")


def check_overlap(seconds: int) -> timedelta:
    """How long a key goes on beside the one that follows it.

    Raises:
        Invalid: out of bounds.
    """
    if not 0 <= seconds <= LONGEST_OVERLAP:
        raise Invalid(f"Choose 0 to {LONGEST_OVERLAP} seconds.", field="overlap")
    return timedelta(seconds=seconds)


def _requested(scopes: Sequence[str] | None, words: Vocabulary, policy: KeyPolicy) -> Requested:
    named = frozenset({INHERIT} if scopes is None else scopes)
    if not named:
        raise Invalid("Name at least one scope, or none at all: to inherit.", field="scopes")
    if named == {INHERIT}:
        return EVERYTHING
    if INHERIT in named:
        raise Invalid("To inherit is everything: name no scope beside it.", field="scopes")
    unknown = sorted(named - words.by_name.keys())
    if unknown:
        raise Invalid(f"There is no scope {unknown[0]} here.", field="scopes")
    if policy.scopes is not None and named - frozenset(policy.scopes):
        allowed = spell(frozenset(policy.scopes))
        raise Invalid(f"Keys of this workspace may carry {allowed} only.", field="scopes")
    return Requested(named)


def _lifetime(seconds: int | None, policy: KeyPolicy) -> timedelta | None:
    longest = policy.maximum_lifetime or LONGEST_LIFETIME
    if seconds is None:
        # Whoever names no end gets the latest that the workspace allows.
        return None if policy.maximum_lifetime is None else timedelta(seconds=longest)
    if not 1 <= seconds <= longest:
        raise Invalid(f"Choose 1 to {longest} seconds.", field="expires_in")
    return timedelta(seconds=seconds)


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    if len(tags) > MOST_TAGS:
        raise Invalid(f"Name at most {MOST_TAGS} tags.", field="tags")
    return tuple(sorted({check_title(tag, field="tags") for tag in tags}))


def _refuse_tags(requested: Requested, words: Vocabulary) -> None:
    """Tags narrow what is reached; such a key must not get hold of one that they do not narrow."""
    if requested.names is None:
        raise Invalid("A key that inherits is restricted by no tags.", field="tags")
    if any(one.startswith(_ABOUT_KEYS) for one in words.operations(requested.names)):
        raise Invalid("A key that manages keys is restricted by no tags.", field="tags")


def end_of(
    lifetime: timedelta | None, *, now: datetime, chain: Sequence[ApiKey], policy: KeyPolicy
) -> datetime | None:
    """When a key ends that is made now; `chain` are its parent and that one's makers.

    It ends with the first of them, whatever was asked for.

    Raises:
        Invalid: it would never end, and must here.
    """
    ends = [key.expires_at for key in chain if key.expires_at is not None]
    if lifetime is not None:
        ends.append(now + lifetime)
    if policy.must_expire and not ends:
        raise Invalid("Keys of this workspace must expire: say when.", field="expires_in")
    return min(ends, default=None)


def refuse_beyond(*, held: Scopes, given: Scopes, counted: Scopes | None = None) -> None:
    """Let a key carry what is given, or say what was asked for and what is held.

    `counted` are the scopes that count against who lets it; None: every one.

    Raises:
        Escalation: with `missing`.
    """
    counted = given if counted is None else counted
    try:
        delegation.refuse_escalation(held=held, given=given, guarded=counted)
    except Escalation as error:
        raise Escalation(
            f"The key would carry {spell(given & counted)}; you hold {spell(held) or 'none'}.",
            missing=error.missing,
        ) from None


def check_held(requested: Requested, holds: Scopes) -> None:
    """Let a key be made for somebody who holds all that it names.

    Raises:
        Forbidden: with `missing`.
    """
    missing = requested.beyond(holds)
    if missing:
        raise Forbidden(
            f"The key would carry {spell(missing)}; its principal holds {spell(holds) or 'none'}.",
            missing=missing,
        )


def check_child(chain: Sequence[ApiKey]) -> None:
    """Let one more key be made by the first of this chain.

    Raises:
        Conflict: it is too deep already.
    """
    if len(chain) >= DEEPEST_CHAIN:
        raise Conflict(f"Keys are made by keys {DEEPEST_CHAIN} deep at most.", conflict="parent")


def check_room(live: int, *, most: int) -> None:
    """Let a principal that has so many live keys have one more.

    Raises:
        Conflict: it has as many as it may.
    """
    if live >= most:
        raise Conflict(f"There are {live} keys already: revoke one first.", conflict="api_keys")


def check_follows(chain: Sequence[ApiKey], presented: str | None) -> None:
    """Let the first key of a chain be followed by another, as asked with the key of this id.

    Else a key could live on in one that is not its child.

    Raises:
        Forbidden: it is asked with a key that is neither that one nor one of its makers.
    """
    if presented is not None and presented not in {key.id for key in chain}:
        raise Forbidden("With a key, rotate that key, or one that was made with it.")


def same_again(key: ApiKey) -> WantedKey:
    """What to ask for to get such a key again, for as long as this one was to live."""
    names, end = key.requested.names, key.expires_at
    return WantedKey(
        scopes=None if names is None else sorted(names),
        expires_in=None if end is None else max(1, int((end - key.created_at).total_seconds())),
        note=key.note,
        tags=key.tags,
    )


def scopes_of(key: ApiKey) -> list[str]:
    """What a key says of its scopes: `inherit` alone, or their names."""
    names = key.requested.names
    return [INHERIT] if names is None else sorted(names)


def new_key(id: str, *, of: Principal, by: Principal, at: datetime) -> ApiKey:
    """A key that gives nothing yet, and has no secret."""
    return ApiKey(
        id=id,
        principal_id=of.id,
        workspace_id=of.workspace_id,
        secret_hash="",
        requested=Requested(NONE),
        note="",
        created_by=by.id,
        created_at=at,
    )


def described(key: ApiKey) -> dict[str, Any]:
    """A key as it is written down in the audit log; nothing secret is in it."""
    return {
        "principal": key.principal_id,
        "note": key.note,
        "scopes": scopes_of(key),
        "tags": list(key.tags),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "parent": key.parent_id,
    }
