"""The headers that every page carries."""

from __future__ import annotations

# No form-action: Chromium holds it against redirects too, and the answer to our forms may end at
# any registered redirect URI. Forms cannot be injected where nothing is rendered unescaped.
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"

PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    # Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
}
