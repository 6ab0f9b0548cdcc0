"""Identifiers and secrets; the only place that uses randomness.

Workspaces and principals are UUIDs of version 7 (RFC 9562 §5.7); everything else is
`<kind>_<ULID>`, lower case. After the millisecond both say which part of it (§6.2, method 3), so
what one process makes sorts as it was made. Secrets are spelled as `core/spelling.py` says.
"""

from __future__ import annotations

import os
import secrets
import time
import uuid
from functools import lru_cache

from scopewright.core.spelling import is_spelled, spelled

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_LETTER_OF_BYTE = (_BASE32 * 8).encode()  # by its last five bits
_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ23456789"  # no vowels, no look-alikes
_MILLISECOND = 1_000_000  # nanoseconds
_TIME_LENGTH, _PART_LENGTH, _RANDOM_LENGTH = 10, 3, 13  # letters of an identifier


def new_uuid() -> str:
    """A UUID that sorts by birth."""
    milliseconds, rest = divmod(time.time_ns(), _MILLISECOND)
    random = int.from_bytes(os.urandom(8), "big")
    value = milliseconds << 80 | 0x7 << 76 | (rest << 12) // _MILLISECOND << 64
    value |= 0b10 << 62 | random & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))


def new_id(kind: str) -> str:
    """`new_id("ses")` → `ses_01j…`: 63 bits of time, 65 random ones, in Crockford's base 32."""
    milliseconds, rest = divmod(time.time_ns(), _MILLISECOND)
    part = (rest << 15) // _MILLISECOND
    spelled_part = _BASE32[part >> 10] + _BASE32[part >> 5 & 31] + _BASE32[part & 31]
    random = os.urandom(_RANDOM_LENGTH).translate(_LETTER_OF_BYTE).decode()
    return f"{kind}_{_spelled_time(milliseconds)}{spelled_part}{random}"


def first_id(kind: str, milliseconds: int) -> str:
    """The least identifier born at this many milliseconds since 1970: older ones sort before it."""
    return f"{kind}_{_spelled_time(milliseconds)}{_BASE32[0] * (_PART_LENGTH + _RANDOM_LENGTH)}"


@lru_cache(maxsize=1)  # many are born in one millisecond
def _spelled_time(milliseconds: int) -> str:
    shifts = range(5 * _TIME_LENGTH - 5, -1, -5)
    return "".join([_BASE32[milliseconds >> shift & 31] for shift in shifts])


def new_ids(kind: str, count: int) -> list[str]:
    """That many identifiers, in ascending order: a batch keeps the order it came in."""
    return sorted(new_id(kind) for _ in range(count))


def is_id(text: str, *, kind: str) -> bool:
    """Whether this could be an identifier of that kind."""
    found, _, letters = text.rpartition("_")
    return found == kind and len(letters) == 26 and set(letters) <= set(_BASE32)


def least_id(id: str, *, sooner: int) -> str:
    """The least identifier that can have been born `sooner` milliseconds before this one."""
    kind, _, letters = id.rpartition("_")
    born = 0
    for letter in letters[:_TIME_LENGTH]:
        born = born << 5 | _BASE32.index(letter)
    return first_id(kind, max(born - sooner, 0))


def new_secret(prefix: str) -> str:
    """A secret such as `sws_…`, of 256 random bits."""
    return spelled(prefix, secrets.token_bytes(32))


def new_api_key_secret(key_id: str) -> str:
    """The secret of the API key `key_<ULID>`: `swk_<ULID>_<secret>`."""
    return new_secret(f"swk_{key_id.removeprefix('key_')}")


def api_key_id(secret: str) -> str | None:
    """The id within an API key's secret; None when it cannot be one."""
    parts = secret.split("_")
    if len(parts) != 3 or parts[0] != "swk" or len(parts[1]) != 26 or not is_spelled(parts[2]):
        return None
    return f"key_{parts[1]}"


def new_code() -> str:
    """A short code for people to type: 8 letters and digits."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(8))


def new_key_bytes() -> bytes:
    """256 random bits."""
    return secrets.token_bytes(32)
