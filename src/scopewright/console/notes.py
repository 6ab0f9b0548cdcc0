"""What the next page says, once: that something is done, and a secret that will not be shown again.

It travels in a cookie that is sealed for this browser, and the page that shows it takes it back: so
loading that page again neither repeats what was done nor shows the secret.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from scopewright import ids

COOKIE = "scopewright_note"
SECONDS = 120  # in which the next page is loaded
_NONCE_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Note:
    """What is said; `command` does the same, `secret` is shown with its `secret_name`."""

    said: str
    command: str | None = None
    secret: str | None = None
    secret_name: str = ""


class Notes:
    """Seals notes with a key of their own."""

    def __init__(self, server_secret: bytes) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"console notes")
        self._cipher = AESGCM(derived.derive(server_secret))

    def sealed(self, note: Note, *, browser: str) -> str:
        """The cookie's value, for the browser with this sign-in cookie."""
        nonce = ids.new_key_bytes()[:_NONCE_LENGTH]
        # A command may name a hundred scopes, and a cookie has 4096 bytes. The length of what is
        # compressed tells of what is in it, so nothing is beside a secret.
        told = zlib.compress(json.dumps(asdict(note)).encode(), 0 if note.secret else 9)
        sealed = self._cipher.encrypt(nonce, told, browser.encode())
        return urlsafe_b64encode(nonce + sealed).decode()

    def opened(self, value: str | None, *, browser: str) -> Note | None:
        """The note in a cookie, if it was sealed here for this browser."""
        try:
            stored = urlsafe_b64decode(value or "")
            nonce, sealed = stored[:_NONCE_LENGTH], stored[_NONCE_LENGTH:]
            told = zlib.decompress(self._cipher.decrypt(nonce, sealed, browser.encode()))
            return Note(**json.loads(told))
        except (ValueError, InvalidTag, zlib.error):
            return None
