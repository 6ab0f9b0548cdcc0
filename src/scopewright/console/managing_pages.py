"""The pages about managing a workspace, with the operation that opens each."""

from __future__ import annotations

from scopewright.console import api_keys, audit, members, settings, signing_keys, trust
from scopewright.console.acts import asked
from scopewright.console.reception import WorkspacePage

_KEYS: list[WorkspacePage] = [
    ("GET", "/api-keys", api_keys.index, "own-api-keys:read"),
    ("POST", "/api-keys", api_keys.create, "own-api-keys:create"),
    ("GET", "/api-keys/everybody", api_keys.of_everybody, "api-keys:read"),  # before an id
    ("GET", "/api-keys/of/{principal}", api_keys.index, "api-keys:read"),
    ("POST", "/api-keys/of/{principal}", api_keys.create, "api-keys:create"),
    ("GET", "/api-keys/of/{principal}/{id}", api_keys.show, "api-keys:read"),
    *asked("/api-keys/of/{principal}/{id}/revoke", api_keys.revoking, "api-keys:revoke"),
    ("GET", "/api-keys/{id}", api_keys.show, "own-api-keys:read"),
    ("POST", "/api-keys/{id}", api_keys.change, "own-api-keys:create"),
    ("GET", "/api-keys/{id}/rotate", api_keys.ask_rotate, "own-api-keys:create"),
    ("POST", "/api-keys/{id}/rotate", api_keys.rotate, "own-api-keys:create"),
    *asked("/api-keys/{id}/revoke", api_keys.revoking, "own-api-keys:revoke"),
    ("GET", "/signing-keys", signing_keys.index, "keys:read"),
    ("GET", "/signing-keys/rotate", signing_keys.ask_rotate, "keys:rotate"),
    ("POST", "/signing-keys/rotate", signing_keys.rotate, "keys:rotate"),
]
_PEOPLE: list[WorkspacePage] = [
    ("GET", "/members", members.index, "members:read"),
    ("POST", "/members", members.invite, "members:create"),
    *asked("/members/invitations/{id}/cancel", members.cancelling, "invitations:revoke"),
    ("POST", "/members/{email}/role", members.change_role, "members:update"),
    *asked("/members/{email}/remove", members.removing, "members:remove"),
]
_SETTINGS: list[WorkspacePage] = [
    ("GET", "/audit", audit.index, "audit:read"),
    ("GET", "/settings", settings.show, "workspace:read"),
    ("POST", "/settings", settings.change, "workspace:update"),
    *asked("/settings/delete", settings.deleting, "workspace:delete"),
    ("GET", "/settings/trusted-issuers", trust.issuers, "clients:read"),
    ("POST", "/settings/trusted-issuers", trust.trust, "clients:update"),
    *asked("/settings/trusted-issuers/{id}/distrust", trust.distrusting, "clients:update"),
    ("GET", "/settings/registration-tokens", trust.tokens, "clients:read"),
    ("POST", "/settings/registration-tokens", trust.make_token, "clients:create"),
    *asked("/settings/registration-tokens/{id}/revoke", trust.revoking, "clients:delete"),
]
MANAGING_PAGES = [*_KEYS, *_PEOPLE, *_SETTINGS]
