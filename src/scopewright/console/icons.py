"""The icon of each place of the menu, by its path: decoration beside words."""

from __future__ import annotations

_ICONS = {
    "": "layout-dashboard",
    "/scopes": "tag",
    "/end-users": "users",
    "/clients": "app-window",
    "/sessions": "monitor-smartphone",
    "/applications": "boxes",
    "/roles": "layers",
    "/catalogue": "library",
    "/role-mappings": "puzzle",
    "/revisions": "history",
    "/principals": "user-cog",
    "/people": "user-cog",
    "/groups": "users-round",
    "/launchpad": "rocket",
    "/why": "circle-question-mark",
    "/members": "user-plus",
    "/invitations": "ticket",
    "/api-keys": "key-round",
    "/endpoints": "cpu",
    "/datapoints": "chart-line",
    "/exports": "download",
    "/mqtt-configs": "radio",
    "/audit": "scroll-text",
    "/signing-keys": "key-square",
    "/trusted-issuers": "handshake",
    "/registration-tokens": "badge-check",
    "/settings": "settings",
}
OTHER = "dot"


def icon_of(path: str) -> str:
    """The name of the icon in `static/icons.svg`."""
    return _ICONS.get(path, OTHER)
