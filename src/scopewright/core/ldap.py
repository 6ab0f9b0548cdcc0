"""How names are put into LDAP's filters and distinguished names, so that they stay names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_HARMLESS = frozenset("-_.@ ")
_SPECIAL_IN_DN = frozenset('"+,;<>\\=#')
_PLACE = re.compile(r"\{(\w*)\}")

Escape = Callable[[str], str]


def in_filter(value: str) -> str:
    """A value in a filter (RFC 4515 §3): whatever is not harmless as its octets."""
    return "".join(map(_octets_unless_harmless, value))


def _octets_unless_harmless(character: str) -> str:
    if character.isascii() and (character.isalnum() or character in _HARMLESS):
        return character
    return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))


def in_dn(value: str) -> str:
    """A value in a distinguished name (RFC 4514 §2.4)."""
    characters = [_escaped_in_dn(character) for character in value]
    if value[:1] == " ":
        characters[0] = "\\ "
    if len(value) > 1 and value[-1] == " ":
        characters[-1] = "\\ "
    return "".join(characters)


def _escaped_in_dn(character: str) -> str:
    if character == "\0":
        return "\\00"
    return f"\\{character}" if character in _SPECIAL_IN_DN else character


def places(template: str) -> frozenset[str]:
    """Which values a template waits for: `{login}` is one."""
    return frozenset(_PLACE.findall(template))


def filled(template: str, values: Mapping[str, str], escape: Escape) -> str:
    """A template with every value in its place, escaped; what a value says is no place again."""
    return _PLACE.sub(lambda place: escape(values[place[1]]), template)
