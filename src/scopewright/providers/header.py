"""A proxy that has signed people in already says who they are, in a header of each request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scopewright.core.errors import Invalid
from scopewright.providers.ways import Headers, Proven, Surroundings

LONGEST = 255
_NAME = re.compile(r"[A-Za-z0-9-]+")


class ProxyHeader:
    """Believes `header`, and what stands in two more; the server asks it for trusted proxies only.

    The proxy must take these headers out of what it is sent.
    """

    def __init__(
        self, header: str, *, here: Surroundings, groups_header: str = "", email_header: str = ""
    ) -> None:
        """Raises Invalid where no proxy is trusted, or a name is that of no header."""
        if not here.trusted_proxies:
            raise Invalid("a header is believed from server.trusted_proxies only: name them")
        for name in (header, groups_header or "-", email_header or "-"):
            if not isinstance(name, str) or _NAME.fullmatch(name) is None:
                raise Invalid("write names of headers, such as Remote-User")
        self._subject, self._groups, self._email = (
            name.lower() for name in (header, groups_header, email_header)
        )

    def recognise(self, headers: Headers) -> Proven | None:
        """Who the proxy says it is; None where it says nothing, or two things."""
        subject = _only(headers, self._subject)
        if not subject or len(subject) > LONGEST:
            return None
        groups = _only(headers, self._groups) or ""
        email = _only(headers, self._email)
        return Proven(
            subject,
            name=subject,
            email=email,
            email_verified=bool(email),
            groups=frozenset(part.strip() for part in groups.split(",") if part.strip()),
        )


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header; a second one could be the visitor's own, so none counts then."""
    values: Sequence[str] = [value for other, value in headers if other.lower() == name]
    return values[0].strip() if len(values) == 1 else None
