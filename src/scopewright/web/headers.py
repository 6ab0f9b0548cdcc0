"""The headers that every page carries."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import urlsplit

_NOTHING_ELSE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)


def page_headers(*, leads_to: str | None = None, script: str | None = None) -> Mapping[str, str]:
    """Nobody may keep or frame the page, and its forms stay here.

    `leads_to` is where the answer to one of its forms may send the browser besides; `script` the
    one that stands in the page, and then no other may run.
    """
    policy = f"{_NOTHING_ELSE}; form-action 'self'"
    if leads_to is not None:
        policy = f"{policy} {_sources(leads_to)}"
    scripts = "'self'"
    if script is not None:
        digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
        scripts = f"'sha256-{digest}'"
    policy = f"{policy}; script-src {scripts}"
    return {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "x-frame-options": "DENY",
        # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        "referrer-policy": "same-origin",
    }


def _sources(uri: str) -> str:
    """What `form-action` must let pass for a redirect URI, and for where its client leads on.

    Chromium holds it against every redirect that follows, not only the first. A client that signs
    people in for others, or an app that ends on its maker's page, sends them on to an origin that
    nobody here knows: so no single origin would do, but any by https, or any port of this machine.
    """
    parts = urlsplit(uri)
    if parts.scheme == "https":
        return "https:"
    if parts.scheme != "http":
        return f"https: {parts.scheme}:"
    # A policy cannot name an IPv6 address (CSP Level 3 §2.3.1).
    return "https: http:" if parts.hostname == "::1" else f"https: http://{parts.hostname}:*"
