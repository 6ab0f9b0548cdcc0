"""How secrets are spelled: `<prefix>_`, 256 bits in base 62, and a CRC-32 of that in base 62.

Scanners can so tell a leaked secret from noise, and a mistyped one is refused before any look-up.
"""

from __future__ import annotations

from binascii import crc32

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY_LENGTH, _CHECKSUM_LENGTH = 43, 6


def spelled(prefix: str, octets: bytes) -> str:
    """The spelling of 32 octets: prefix, 43 characters, 6 of checksum."""
    body = _base62(int.from_bytes(octets, "big"), _BODY_LENGTH)
    return f"{prefix}_{body}{_checksum(body)}"


def is_spelled(rest: str) -> bool:
    """Whether what follows a prefix is body and checksum of a secret."""
    body, checksum = rest[:_BODY_LENGTH], rest[_BODY_LENGTH:]
    return checksum == _checksum(body)


def _checksum(body: str) -> str:
    return _base62(crc32(body.encode()), _CHECKSUM_LENGTH)


def _base62(value: int, length: int) -> str:
    letters = []
    for _ in range(length):
        value, digit = divmod(value, 62)
        letters.append(_BASE62[digit])
    return "".join(reversed(letters))
