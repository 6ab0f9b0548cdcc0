"""The sign-in cookie, and the anti-forgery token that changing requests with it must carry."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from scopewright.core.errors import Forbidden

LANGUAGE_COOKIE = "scopewright_language"  # what the person at this browser has chosen
ANTI_FORGERY_HEADER = b"x-anti-forgery"
ANTI_FORGERY_FIELD = "anti_forgery"
OUTLIVES = timedelta(hours=1)
LONGEST_MOMENT = 11  # digits of seconds, until the year 5138


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and spells cookies: `Secure` and `__Host-` exactly where the public URL is https."""

    public_url: str
    server_secret: bytes

    def name(self, plain: str) -> str:
        """The cookie's name as it is sent."""
        return f"__Host-{plain}" if self._is_https else plain

    def spelled(self, plain: str, value: str, *, max_age: int) -> str:
        """The `Set-Cookie` value; `max_age` in seconds, 0 to take the cookie back."""
        secure = "; Secure" if self._is_https else ""
        rest = f"; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"
        return f"{self.name(plain)}={value}{rest}"

    def anti_forgery(self, cookie: str) -> str:
        """The token for forms and scripts of the browser that has this cookie."""
        return self._sealed(f"anti-forgery:{cookie}")

    def check_anti_forgery(self, cookie: str, presented: str | None, *, origin: str | None) -> None:
        """Let a changing request with this cookie pass, if one of our own pages sent it.

        Without an `Origin` header the token suffices; a foreign `Origin` is refused whatever the
        token.

        Raises:
            Forbidden: the token is missing or wrong, or the origin foreign.
        """
        if origin is not None and origin.rstrip("/") != self._origin:
            raise Forbidden(f"This comes from another site. Open {self._origin} and repeat.")
        expected = self.anti_forgery(cookie).encode()
        if not hmac.compare_digest(expected, (presented or "").encode()):
            raise Forbidden("The page is too old, or was not ours. Load it again and repeat.")

    def anti_forgery_for(self, person: str, at: datetime) -> str:
        """A token that outlives the browser's cookie: for the forms of whoever signs in again."""
        moment = int(at.timestamp())
        return f"{moment}.{self._sealed(f'anti-forgery-for:{moment}:{person}')}"

    def is_anti_forgery_for(self, person: str, presented: str, *, now: datetime) -> bool:
        """Whether it is such a token, of this person and of the last hour."""
        moment = presented.partition(".")[0]
        if not (moment.isascii() and moment.isdecimal() and len(moment) <= LONGEST_MOMENT):
            return False
        made = datetime.fromtimestamp(int(moment), UTC)
        expected = self.anti_forgery_for(person, made)
        is_ours = hmac.compare_digest(expected.encode(), presented.encode())
        return is_ours and made <= now <= made + OUTLIVES

    def _sealed(self, purpose: str) -> str:
        return hmac.new(self.server_secret, purpose.encode(), hashlib.sha256).hexdigest()

    @property
    def _is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def _origin(self) -> str:
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"
