"""What a request shows of its sender's keys, read from an ASGI scope or a WSGI environment."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from scopewright.guard.binding import Binding
from scopewright.guard.certificates import thumbprint
from scopewright.guard.possession import Possession

_KEY = "scopewright.possession"
_IN_A_PATH = "/-._~!$&'()*+,;=:@"  # RFC 3986 §3.3


def shown_in_asgi(scope: MutableMapping[str, Any], binding: Binding) -> Possession:
    """Proofs, and the certificate of ASGI's TLS extension or of a trusted proxy's header.

    It is read once: what one check of a request has spent, the next one may use.
    """
    known: Possession | None = scope.get(_KEY)
    if known is None:
        known = scope[_KEY] = _shown_in_asgi(scope, binding)
    return known


def _shown_in_asgi(scope: Mapping[str, Any], binding: Binding) -> Possession:
    raw = scope.get("raw_path")
    return Possession(
        method=scope.get("method", "GET"),
        path=quote(scope["path"], safe=_IN_A_PATH) if raw is None else raw.decode("latin-1"),
        proofs=tuple(_values(scope, "dpop")),
        x5t_s256=_thumbprint_in_asgi(scope, binding),
    )


def shown_in_wsgi(environ: Mapping[str, Any], binding: Binding) -> Possession:
    """Proofs, and the certificate of `SSL_CLIENT_CERT` or of a trusted proxy's header.

    WSGI joins headers that stand twice by a comma, which no proof contains.
    """
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    proof = environ.get("HTTP_DPOP")
    return Possession(
        method=environ["REQUEST_METHOD"],
        path=quote(path.encode("latin-1"), safe=_IN_A_PATH),
        proofs=() if proof is None else (proof,),
        x5t_s256=_thumbprint_in_wsgi(environ, binding),
    )


def _thumbprint_in_asgi(scope: Mapping[str, Any], binding: Binding) -> str | None:
    if not binding.certificates:
        return None
    if binding.certificate_header is not None:
        client = scope.get("client")
        named = _values(scope, binding.certificate_header.lower())
        is_trusted = client is not None and client[0] in binding.trusted_proxies
        return thumbprint(named[0]) if is_trusted and len(named) == 1 else None
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    return thumbprint(chain[0]) if chain else None


def _thumbprint_in_wsgi(environ: Mapping[str, Any], binding: Binding) -> str | None:
    if not binding.certificates:
        return None
    name = "SSL_CLIENT_CERT"
    if binding.certificate_header is not None:
        if environ.get("REMOTE_ADDR") not in binding.trusted_proxies:
            return None
        name = "HTTP_" + binding.certificate_header.upper().replace("-", "_")
    certificate = environ.get(name)
    return None if not certificate else thumbprint(certificate)


def _values(scope: Mapping[str, Any], name: str) -> list[str]:
    wanted = name.encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
