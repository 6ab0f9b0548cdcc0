"""The client certificate of a request: from its TLS connection, or as a trusted proxy tells it.

Both end in the `tls` extension of the ASGI scope, the only place that is read.
"""

from __future__ import annotations

import ssl
from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from scopewright.core.client_authentication import ClientCertificate
from scopewright.core.errors import InvalidRequest

LARGEST_CERTIFICATE = 16 * 1024
_TRUSTED = "scopewright.client_cert_is_trusted"


def certificate_of(scope: Scope) -> ClientCertificate | None:
    """The certificate that the request's sender has shown and holds the key of, if any.

    Raises:
        InvalidRequest: a trusted proxy tells something that cannot be read.
    """
    tls = scope.get("extensions", _NOTHING).get("tls")
    if tls is None:
        return None
    if tls["client_cert_error"] is not None:
        raise InvalidRequest(tls["client_cert_error"])
    chain = tls["client_cert_chain"]
    if not chain:
        return None
    return ClientCertificate(ssl.PEM_cert_to_DER_cert(chain[0]), is_trusted=tls[_TRUSTED])


_NOTHING: dict[str, Any] = {}


def tls_extension(der: bytes | None, *, is_trusted: bool, error: str | None = None) -> Any:
    """What the ASGI TLS extension says of a client's certificate."""
    return {
        "client_cert_chain": [] if der is None else [ssl.DER_cert_to_PEM_cert(der)],
        "client_cert_error": error,
        _TRUSTED: is_trusted,
    }


@dataclass(frozen=True, slots=True)
class ProxiedCertificates:
    """Believes trusted proxies, and nobody else, which certificate they have been shown.

    `header` is in lower case. Its value is a structured field (RFC 9440 §2.1) or PEM with percent
    signs, as nginx writes `$ssl_client_escaped_cert`.
    """

    following: ASGIApp
    header: bytes
    trusted_proxies: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client") if scope["type"] == "http" else None
        if peer is not None and peer[0] in self.trusted_proxies:
            extensions = {**scope.get("extensions", {}), "tls": self._told(scope)}
            scope = {**scope, "extensions": extensions}
        await self.following(scope, receive, send)

    def _told(self, scope: Scope) -> Any:
        """A proxy's own certificate says nothing about who is behind it: it is left out."""
        values = [value for name, value in scope["headers"] if name == self.header and value]
        if not values:
            return tls_extension(None, is_trusted=False)
        try:
            [value] = values
            return tls_extension(_read(value), is_trusted=False)
        except ValueError:
            error = "The client certificate cannot be read."
            return tls_extension(None, is_trusted=False, error=error)


def _read(value: bytes) -> bytes:
    """The certificate in DER.

    Raises:
        ValueError: it is no certificate in either spelling, or too large.
    """
    if len(value) > LARGEST_CERTIFICATE:
        raise ValueError("too large")
    if value.startswith(b":"):
        if len(value) < 2 or not value.endswith(b":"):
            raise ValueError("not a byte sequence")
        return b64decode(value[1:-1], validate=True)
    return ssl.PEM_cert_to_DER_cert(unquote_to_bytes(value).decode("ascii"))
