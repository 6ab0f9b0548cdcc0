"""Nonces that a server hands out and recognizes without keeping any (RFC 9449 §8)."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

PERIOD = timedelta(minutes=2)
LIFETIME = 2 * PERIOD  # the longest that a nonce is good; the shortest is PERIOD


@dataclass(frozen=True, slots=True)
class Nonces:
    """One nonce a period, made of the time and a secret that all processes of a server share."""

    secret: bytes

    def at(self, now: datetime) -> str:
        """The nonce to hand out at this moment."""
        return self._of(_period(now))

    def is_fresh(self, nonce: str, now: datetime) -> bool:
        """Whether this was handed out in the present period or the one before."""
        known = [self._of(_period(now)), self._of(_period(now) - 1)]
        presented = nonce.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(one.encode(), presented) for one in known)

    def _of(self, period: int) -> str:
        digest = hmac.digest(self.secret, b"dpop-nonce:%d" % period, hashlib.sha256)
        return urlsafe_b64encode(digest[:24]).decode()


def _period(now: datetime) -> int:
    return int(now.timestamp() // PERIOD.total_seconds())
