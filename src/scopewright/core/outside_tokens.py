"""Access tokens that another OpenID provider has made, presented here as they are (RFC 9068 §4).

What one says is decided here, once its signature is known to be good or before. It gives what its
scopes, in our words, have in common with what its person holds here now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright.core.errors import InvalidToken
from scopewright.core.numeric_dates import moment
from scopewright.core.scopes import NONE, Requested, Scopes
from scopewright.core.trusted_issuers import LEEWAY, is_meant_for
from scopewright.core.upstream import is_subject
from scopewright.core.wholes import NO_WHOLES, Wholes

ACCESS_TOKEN = ("at+jwt", "application/at+jwt")  # RFC 9068 §2.1
# What stands in an ID token (OpenID Connect Core §3.1.3.6) or a logout token, and in none of ours.
_OF_OTHER_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "events"})
_BEARER = "Bearer"  # what some write into a claim `typ`, beside ID, Refresh and Logout

Translation = Mapping[str, Scopes] | None
"""Our scopes for each of the provider's; None: they have the same names."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose tokens are taken, for whom they must be made, and what their scopes mean here."""

    issuer: str
    audience: str
    translation: Translation = None


@dataclass(frozen=True, slots=True)
class OutsideToken:
    """What a good one says.

    INVARIANT: `requested` names its scopes, perhaps none, and never means everything.
    """

    subject: str
    requested: Requested
    issued_at: datetime
    expires_at: datetime


def accepted(
    said: Mapping[str, Any], expected: Expected, *, type: object, now: datetime
) -> OutsideToken:
    """What these claims are worth here; `type` is the header's `typ`.

    Raises:
        InvalidToken: with a cause for the log: it is another's, for another, of another kind, over,
            not yet good, or bound to a key that nobody asks for here.
    """
    if said.get("iss") != expected.issuer:
        raise _refused("iss")
    if not is_meant_for(said.get("aud"), expected.audience):
        raise _refused("aud")
    scopes = _scopes(said)
    if type not in ACCESS_TOKEN and not _seems_access_token(said, scopes):
        raise _refused("no access token")
    if "cnf" in said:
        raise _refused("bound to a key")
    subject = said.get("sub")
    if not is_subject(subject):
        raise _refused("sub")
    issued_at, expires_at = _times(said, now)
    requested = Requested(translated(scopes or NONE, expected.translation))
    return OutsideToken(subject, requested, issued_at, expires_at)


def translated(scopes: Scopes, translation: Translation) -> Scopes:
    """The provider's scopes in our words; where there are any, a word without one means nothing."""
    if translation is None:
        return scopes
    return NONE.union(*(translation.get(scope, NONE) for scope in scopes))


def given(token: OutsideToken, *, held: Scopes, wholes: Wholes = NO_WHOLES) -> Scopes:
    """What the token opens: of what its person holds now, that which it names.

    Whoever names a whole means its parts, and the other way round.
    """
    return wholes.meant_by(token.requested).within(held)


def _seems_access_token(said: Mapping[str, Any], scopes: Scopes | None) -> bool:
    """Of a token that does not say its type: whether it is for us and not about a sign-in.

    An ID token is signed by the same keys, and may be meant for the same name.
    """
    of_another = not _OF_OTHER_TOKENS.isdisjoint(said) or said.get("typ", _BEARER) != _BEARER
    return scopes is not None and not of_another


def _scopes(said: Mapping[str, Any]) -> Scopes | None:
    """`scope` (RFC 9068 §2.2.3), or else `scp`, in one text or a list; None where it has neither.

    An empty one is empty: nobody gets everything by naming nothing.
    """
    name = next((one for one in ("scope", "scp") if one in said), None)
    if name is None:
        return None
    value = said[name]
    words = value.split(" ") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise _refused(name)
    return frozenset(words) - {""}


def _times(said: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """When it was made, for its person may have been signed out since, and when it ends."""
    expires_at, issued_at = moment(said.get("exp")), moment(said.get("iat"))
    if expires_at is None or now >= expires_at:
        raise _refused("exp")
    if issued_at is None or issued_at > now + LEEWAY:
        raise _refused("iat")
    begins_at = moment(said.get("nbf", 0))
    if begins_at is None or begins_at > now + LEEWAY:
        raise _refused("nbf")
    return issued_at, expires_at


def _refused(cause: str) -> InvalidToken:
    return InvalidToken("The access token is not valid here.", cause=cause)
