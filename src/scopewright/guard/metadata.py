"""Where tokens for this resource server come from, told to whoever knows its URL (RFC 9728)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopewright.core.scopes import Scopes
from scopewright.guard.dpop import ALGORITHMS

if TYPE_CHECKING:
    import httpx

WELL_KNOWN = "/.well-known/oauth-protected-resource"
METADATA_HEADERS = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}


def metadata_path(resource: str) -> str:
    """The path of the document: the well-known part stands before the resource's own (§3.1)."""
    return WELL_KNOWN + _url(resource).path.rstrip("/")


def metadata_url(resource: str) -> str:
    """Where the document stands (§3.1), with the resource's own host and query."""
    url = _url(resource)
    query = url.query or None
    return str(url.copy_with(path=metadata_path(resource), query=query))


def metadata(
    resource: str,
    *,
    issuer: str,
    scopes: Scopes = frozenset(),
    dpop_required: bool = False,
    certificates: bool = False,
) -> dict[str, Any]:
    """The document itself (§2). `scopes` are those that a client may need here.

    `certificates` says that tokens bound to a TLS client certificate can be used (RFC 8705 §3).

    Raises:
        ValueError: the resource is no absolute URL, or has a fragment (§1.2).
    """
    url = _url(resource)
    if not url.host or url.fragment:
        raise ValueError("a resource is an absolute URL without a fragment")
    document: dict[str, Any] = {
        "resource": resource,
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": dpop_required,
        "tls_client_certificate_bound_access_tokens": certificates,
    }
    if scopes:
        document["scopes_supported"] = sorted(scopes)
    return document


def _url(resource: str) -> httpx.URL:
    import httpx  # noqa: PLC0415, it brings much with it, and servers that tell no metadata are many

    return httpx.URL(resource)
