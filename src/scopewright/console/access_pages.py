"""The pages of the Access tab, with the operation that opens each."""

from __future__ import annotations

from scopewright.console import clients, end_users, grants, metadata, scopes, sessions
from scopewright.console.acts import asked
from scopewright.console.reception import WorkspacePage

ACCESS_PAGES: list[WorkspacePage] = [
    ("GET", "/scopes", scopes.index, "scopes:read"),
    ("POST", "/scopes", scopes.define, "scopes:create"),
    *asked("/scopes/{name}/delete", scopes.deleting, "scopes:delete"),
    ("GET", "/end-users", end_users.index, "end-users:read"),
    ("GET", "/end-users/invite", end_users.ask_invite, "end-users:create"),  # before an address
    ("POST", "/end-users/invite", end_users.invite, "end-users:create"),
    ("GET", "/end-users/{email}", end_users.show, "end-users:read"),
    ("GET", "/end-users/{email}/roles", grants.show, "grants:read"),
    ("POST", "/end-users/{email}/roles", grants.assign, "assignments:create"),
    ("POST", "/end-users/{email}/roles/revoke", grants.unassign, "assignments:revoke"),
    ("POST", "/end-users/{email}/invitation", end_users.send_again, "end-users:create"),
    *asked("/end-users/{email}/remove", end_users.removing, "end-users:remove"),
    ("GET", "/clients", clients.index, "clients:read"),
    ("GET", "/clients/new", clients.ask_register, "clients:create"),  # before an id
    ("POST", "/clients/new", clients.register, "clients:create"),
    ("GET", "/clients/{id}", clients.show, "clients:read"),
    ("POST", "/clients/{id}", clients.change, "clients:update"),
    ("GET", "/clients/{id}/secret", clients.ask_rotate, "clients:rotate-secret"),
    ("POST", "/clients/{id}/secret", clients.rotate, "clients:rotate-secret"),
    *asked("/clients/{id}/delete", clients.deleting, "clients:delete"),
    *(
        (method, f"{owner}{path}", handler, operation)
        for owner in ("/end-users/{email}", "/clients/{id}")
        for method, path, handler, operation in (
            ("GET", "/scopes", grants.show, "grants:read"),  # where a form was refused
            ("GET", "/scopes/preset", grants.show, "grants:read"),
            ("POST", "/scopes", grants.give, "grants:create"),
            ("POST", "/scopes/revoke", grants.revoke, "grants:revoke"),
            ("POST", "/scopes/preset", grants.preset, "grants:create"),
            ("GET", "/metadata", metadata.ask, "metadata:update"),
            ("POST", "/metadata", metadata.put, "metadata:update"),
            *asked("/metadata/{key}/delete", metadata.deleting, "metadata:delete"),
        )
    ),
    ("GET", "/sessions", sessions.index, "sessions:read"),
    *asked("/sessions/{id}/revoke", sessions.revoking, "sessions:revoke"),
]
