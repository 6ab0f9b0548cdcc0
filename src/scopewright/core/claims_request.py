"""The `claims` parameter: single claims asked for by name (OpenID Connect Core §5.5).

Kept of it: `{"id_token": {name: asked}, "userinfo": {name: asked}}`, where `asked` has `essential`,
`value` and `values` as far as they were sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scopewright.core.errors import InvalidRequest

PLACES = ("id_token", "userinfo")
MOST_CLAIMS = 50
LONGEST_NAME = 200
Claims = Mapping[str, Mapping[str, Mapping[str, Any]]]
_SCALARS = (str, int, bool)
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def parse_claims(parameter: str) -> Claims:
    """The parameter's claims; members that are not known here are left out, as §5.5 wants it.

    Raises:
        InvalidRequest: not such an object, or claims without end.
    """
    try:
        said = json.loads(parameter, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidRequest("The claims are not JSON.") from None
    if not isinstance(said, dict):
        raise InvalidRequest("The claims are not a JSON object.")
    return {place: _read_place(said[place]) for place in PLACES if said.get(place) is not None}


def demanded(claims: Mapping[str, Any] | None, name: str) -> frozenset[str]:
    """The values of which an essential claim of the ID token must have one; empty for any."""
    asked = _asked(claims, name)
    return _values(asked) if asked.get("essential") is True else frozenset()


def values_of(claims: Mapping[str, Any] | None, name: str) -> frozenset[str]:
    """The values asked for in a claim of the ID token, essential or not."""
    return _values(_asked(claims, name))


def asked_names(claims: Mapping[str, Any] | None) -> frozenset[str]:
    """Every claim asked for by name, in whatever place."""
    return frozenset().union(*(claims or {}).values())


def _asked(claims: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (claims or {}).get("id_token", {}).get(name, {})
    return found


def _values(asked: Mapping[str, Any]) -> frozenset[str]:
    single = [asked["value"]] if "value" in asked else []
    return frozenset(value for value in [*asked.get("values", single)] if isinstance(value, str))


# --- reading ------------------------------------------------------------------------------------


def _read_place(said: object) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(said, dict) or len(said) > MOST_CLAIMS:
        raise InvalidRequest(f"The claims name at most {MOST_CLAIMS} of each place.")
    for name in said:
        _check_text(name)
        if len(name) > LONGEST_NAME:
            raise InvalidRequest(f"The name of a claim has at most {LONGEST_NAME} characters.")
    return {name: _read_asked(asked) for name, asked in said.items()}


def _read_asked(said: object) -> Mapping[str, Any]:
    """What is asked of one claim; null asks for it in no special way."""
    if said is None:
        return {}
    if not isinstance(said, dict) or not isinstance(said.get("essential", False), bool):
        raise InvalidRequest("A claim is asked for by null, or by an object with essential.")
    values = said.get("values", [])
    if not isinstance(values, list) or len(values) > MOST_CLAIMS:
        raise InvalidRequest(f"The values of a claim are at most {MOST_CLAIMS}.")
    for value in [*values, *([said["value"]] if "value" in said else [])]:
        if not isinstance(value, _SCALARS):
            raise InvalidRequest("The value of a claim is a text, a whole number, true or false.")
        _check_text(value)
    return {key: said[key] for key in ("essential", "value", "values") if key in said}


def _check_text(value: object) -> None:
    """Refuse what is no text that can be kept: NUL, or half a surrogate pair."""
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise InvalidRequest("The claims contain what is no text.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _no_constant(_name: str) -> object:
    raise ValueError("NaN and Infinity are not JSON")
