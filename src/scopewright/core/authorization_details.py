"""Scopes for named things only: `authorization_details` in the one form it has here (RFC 9396).

`{"type": "sensor:read", "identifiers": ["pump-7"]}` asks for the scope `sensor:read`, but for
`pump-7` alone. Every scope is such a type, so no types need declaring. It is given if the scope is
held, and says nothing to whoever reads only `scope`: a limit can be overlooked, but not lifted.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping, Sequence
from typing import Any

from scopewright.core.errors import InvalidAuthorizationDetails
from scopewright.core.scopes import NONE, Requested, Scopes

Details = tuple[Mapping[str, Any], ...]

MOST_DETAILS = 20
MOST_IDENTIFIERS = 100
LONGEST_IDENTIFIER = 256
_MEMBERS = {"type", "identifiers"}


def parse_details(parameter: str | None, *, types: Container[str]) -> Details:
    """The parameter as it was sent; `types` are the scopes that exist here (RFC 9396 §5).

    Raises:
        InvalidAuthorizationDetails: not JSON of that form, an unknown type, or too many.
    """
    if parameter is None:
        return ()
    try:
        details = json.loads(parameter)
    except (ValueError, RecursionError):
        raise InvalidAuthorizationDetails("The authorization_details are not JSON.") from None
    if not isinstance(details, list) or not 0 < len(details) <= MOST_DETAILS:
        raise InvalidAuthorizationDetails(f"Send 1 to {MOST_DETAILS} authorization_details.")
    return tuple(_detail(one, types) for one in details)


def _detail(one: object, types: Container[str]) -> Mapping[str, Any]:
    if not isinstance(one, dict) or set(one) != _MEMBERS:
        raise InvalidAuthorizationDetails("Each detail has a type and identifiers, nothing else.")
    if not isinstance(one["type"], str) or one["type"] not in types:
        raise InvalidAuthorizationDetails("The type of a detail is a scope that exists here.")
    identifiers = one["identifiers"]
    if not isinstance(identifiers, list) or not 0 < len(identifiers) <= MOST_IDENTIFIERS:
        raise InvalidAuthorizationDetails(f"A detail has 1 to {MOST_IDENTIFIERS} identifiers.")
    if not all(_is_identifier(identifier) for identifier in identifiers):
        raise InvalidAuthorizationDetails(
            f"An identifier is one visible line of at most {LONGEST_IDENTIFIER} characters."
        )
    return {"type": one["type"], "identifiers": list(dict.fromkeys(identifiers))}


def _is_identifier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_IDENTIFIER and value.isprintable()


def agreed_details(named: Details, agreed: Details) -> Details:
    """Those of a session that a token is for: those named now, all if none are (RFC 9396 §6).

    Raises:
        InvalidAuthorizationDetails: it names what was not asked for at `/authorize`.
    """
    for one in named:
        if not any(_is_part_of(one, whole) for whole in agreed):
            raise InvalidAuthorizationDetails("A token may only have what was asked for at first.")
    return named or agreed


def _is_part_of(one: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    return one["type"] == whole["type"] and set(one["identifiers"]) <= set(whole["identifiers"])


def beside_details(requested: Requested, details: Details) -> Requested:
    """What else is asked for: without a scope parameter nothing, or the limit would be none."""
    if details and requested.names is None:
        return Requested(NONE, requested.protocol)
    return requested


def types_of(details: Sequence[Mapping[str, Any]]) -> Scopes:
    """The scopes that are asked for in this way."""
    return frozenset(one["type"] for one in details)


def details_within(details: Sequence[Mapping[str, Any]], held: Scopes) -> Details:
    """Those whose scope is held now: what a token gets."""
    return tuple(one for one in details if one["type"] in held)
