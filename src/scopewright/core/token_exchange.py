"""What a token may be exchanged for (RFC 8693): never for more, nor for longer, than it is.

Whoever exchanges a token holds it already, so its scopes are no gain. Its audience could be: a
service that was sent a token must not turn it into one for the workspace's own operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright.core.authorization_details import Details
from scopewright.core.confirmation import is_confirmed
from scopewright.core.errors import InvalidRequest, InvalidScope, InvalidTarget
from scopewright.core.names import PROTOCOL_WORDS
from scopewright.core.particulars import Confirmation
from scopewright.core.resources import Audiences, Resources
from scopewright.core.scopes import NONE, Requested

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
DEEPEST_CHAIN = 5

Act = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a good subject token says: for whom, and within which bounds.

    `ceiling` are its scopes; everything for an outside assertion, which speaks for a client whole.
    """

    principal_id: str
    ceiling: Requested
    audience: Resources
    expires_at: datetime
    act: Act | None = None
    may_act: object = None
    cnf: object = None
    authorization_details: Details = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the exchanging client itself, or whom its actor token names."""

    principal_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the exchanging client asks for, with the key that it has proven to hold."""

    requested: Requested
    resources: Resources
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What the new token may be; it ends at `not_after` at the latest."""

    requested: Requested
    resources: Resources
    not_after: datetime
    act: Act


def exchange(subject: Subject, actor: Actor, asked: Asked, audiences: Audiences) -> Exchanged:
    """The most that this subject token can become in the hands of this actor.

    Raises:
        InvalidRequest: the subject token is bound to a key that was not shown, may not be acted
            for by this actor, or has passed through too many hands.
        InvalidScope: a scope was named that the subject token does not carry.
        InvalidTarget: the audience would be the workspace itself, and was not; or would no longer
            be its management.
    """
    _check_binding(subject.cnf, asked.confirmation)
    _check_may_act(subject.may_act, actor)
    ends = [end for end in (subject.expires_at, actor.expires_at) if end is not None]
    return Exchanged(
        requested=_requested(subject.ceiling, asked.requested),
        resources=_resources(subject.audience, asked.resources, audiences),
        not_after=min(ends),
        act=_act(subject.act, actor),
    )


def depth(act: Act | None) -> int:
    """How many have acted, one for another."""
    count = 0
    while isinstance(act, Mapping):
        count, act = count + 1, act.get("act")
    return count


def _check_binding(cnf: object, shown: Confirmation | None) -> None:
    """A bound token stays with its key (RFC 9449 §6, RFC 8705 §3)."""
    jkt, x5t = (None, None) if shown is None else (shown.jkt, shown.x5t_s256)
    if cnf is not None and not is_confirmed(cnf, jkt=jkt, x5t_s256=x5t):
        raise InvalidRequest("The subject_token is bound to a key that was not shown.")


def _check_may_act(may_act: object, actor: Actor) -> None:
    """RFC 8693 §4.4."""
    if may_act is None:
        return
    if not isinstance(may_act, Mapping) or may_act.get("sub") != actor.principal_id:
        raise InvalidRequest("The subject_token names another actor.")


def _requested(ceiling: Requested, asked: Requested) -> Requested:
    """Protocol words say something to the client that signed the person in, and to no other."""
    names = None if ceiling.names is None else ceiling.names - PROTOCOL_WORDS
    carried = Requested(names, NONE)
    named = asked.names or NONE
    if asked.protocol or named - carried.within(named):
        raise InvalidScope("The subject_token does not carry a requested scope.")
    return asked.narrowed_to(carried)


def _resources(audience: Resources, named: Resources, audiences: Audiences) -> Resources:
    if not named:
        return audience
    own = {audiences.workspace_id, audiences.management}
    if (own & set(named)) - set(audience):
        raise InvalidTarget("The subject_token is not meant for this workspace itself.")
    if audiences.management in audience and named != audience:
        raise InvalidTarget("A subject_token for the management, a member's, stays one.")
    return named


def _act(before: Act | None, actor: Actor) -> Act:
    """The newest outermost, those before it within (RFC 8693 §4.1)."""
    if depth(before) >= DEEPEST_CHAIN:
        raise InvalidRequest("The subject_token has passed through too many hands.")
    return {"sub": actor.principal_id} | ({} if before is None else {"act": before})
