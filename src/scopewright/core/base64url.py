"""Octets as text for URLs, headers and tokens: base64url without padding (RFC 7515 §2)."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode


def encoded(octets: bytes) -> str:
    """The spelling of these octets."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def sha256(octets: bytes) -> str:
    """The spelling of their hash: code challenges and thumbprints are written so."""
    return encoded(hashlib.sha256(octets).digest())


def decoded(text: str) -> bytes:
    """The octets of which this is the spelling.

    Raises:
        ValueError: it is none.
    """
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
