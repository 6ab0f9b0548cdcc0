"""A client certificate as servers and proxies pass it on, and its thumbprint (RFC 8705 §3.1)."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import unquote

from scopewright.core import base64url

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


def thumbprint(certificate: str) -> str | None:
    """The `x5t#S256` of a certificate: the first in PEM, percent-encoded or not, or base64 of DER.

    RFC 9440 writes it between colons, nginx percent-encodes PEM, Traefik leaves the frame out.
    Nothing within it is read: that its key is the sender's, the TLS handshake has proven.
    """
    text = unquote(certificate)
    framed = _PEM.search(text)
    body = framed[1] if framed else text.strip().strip(":")
    try:
        octets = b64decode("".join(body.split()), validate=True)
    except ValueError:
        return None
    if not octets:
        return None
    return base64url.sha256(octets)
