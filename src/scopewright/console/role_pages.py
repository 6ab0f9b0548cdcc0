"""The pages about applications, roles and who has them, with the operation that opens each."""

from __future__ import annotations

from scopewright.console import (
    application_parts,
    applications,
    catalogue,
    groups,
    launchpad,
    principals,
    role_mappings,
    roles,
    standing,
    why,
)
from scopewright.console.acts import asked
from scopewright.console.reception import WorkspacePage

_APPLICATION, _APPLICATION_ROLE = "/applications/{name}", "/applications/{name}/roles/{role}"
_APPLICATIONS: list[WorkspacePage] = [
    ("GET", "/applications", applications.index, "applications:read"),
    ("POST", "/applications", applications.create, "applications:create"),
    ("GET", _APPLICATION, applications.show, "applications:read"),
    ("GET", f"{_APPLICATION}/settings", applications.ask_settings, "applications:update"),
    ("POST", f"{_APPLICATION}/settings", applications.change, "applications:update"),
    ("POST", f"{_APPLICATION}/register", applications.register, "applications:update"),
    *asked(f"{_APPLICATION}/delete", applications.deleting, "applications:delete"),
    ("POST", f"{_APPLICATION}/scopes", application_parts.define_scope, "applications:update"),
    *asked(
        f"{_APPLICATION}/scopes/{{scope}}/delete",
        application_parts.deleting_scope,
        "applications:update",
    ),
    ("GET", f"{_APPLICATION}/new-role", application_parts.ask_role, "applications:update"),
    ("POST", f"{_APPLICATION}/new-role", application_parts.define_role, "applications:update"),
    ("GET", _APPLICATION_ROLE, application_parts.show_role, "applications:read"),
    ("GET", f"{_APPLICATION_ROLE}/compose", application_parts.ask_compose, "applications:update"),
    ("POST", f"{_APPLICATION_ROLE}/compose", application_parts.save_role, "applications:update"),
    *asked(f"{_APPLICATION_ROLE}/delete", application_parts.deleting_role, "applications:update"),
    ("GET", "/launchpad", launchpad.lead, None),
    ("GET", "/catalogue", catalogue.browse, "scopes:read"),
]
_ROLES: list[WorkspacePage] = [
    ("GET", "/roles", roles.index, "roles:read"),
    ("POST", "/roles", roles.define, "roles:create"),
    ("GET", "/roles/{name}", roles.show, "roles:read"),
    ("GET", "/roles/{name}/compose", roles.ask_compose, "roles:update"),
    ("POST", "/roles/{name}/compose", roles.save, "roles:update"),
    *asked("/roles/{name}/delete", roles.deleting, "roles:delete"),
    ("GET", "/role-mappings", role_mappings.index, "roles:read"),
    ("POST", "/role-mappings", role_mappings.put, "roles:update"),
    *asked("/role-mappings/{include}/remove", role_mappings.removing, "roles:update"),
    ("GET", "/revisions", roles.revisions, "roles:read"),
    ("POST", "/revisions/{id}/undo", roles.undo, "roles:update"),
]
_PRINCIPAL, _GROUP = "/principals/{id}", "/groups/{id}"
_PRINCIPALS: list[WorkspacePage] = [
    ("GET", "/principals", principals.index, "principals:read"),
    ("POST", "/principals", principals.create, "principals:create"),
    ("GET", _PRINCIPAL, principals.show, "principals:read"),
    ("POST", f"{_PRINCIPAL}/roles", principals.assign, "assignments:create"),
    *asked(f"{_PRINCIPAL}/roles/{{role}}/unassign", standing.unassigning, "assignments:revoke"),
    ("POST", f"{_PRINCIPAL}/grants", principals.grant, "grants:create"),
    ("POST", f"{_PRINCIPAL}/identities", principals.link, "principals:update"),
    *asked(
        f"{_PRINCIPAL}/identities/{{provider}}/{{subject}}/unlink",
        standing.unlinking,
        "principals:update",
    ),
    *asked(f"{_PRINCIPAL}/disable", standing.disabling, "principals:update"),
    ("POST", f"{_PRINCIPAL}/enable", principals.enable, "principals:update"),
    *asked(f"{_PRINCIPAL}/sign-out", standing.signing_out, "sessions:revoke"),
    *asked(f"{_PRINCIPAL}/remove", standing.removing, "principals:remove"),
    ("GET", "/groups", groups.index, "groups:read"),
    ("POST", "/groups", groups.create, "groups:create"),
    ("GET", _GROUP, groups.show, "groups:read"),
    ("POST", f"{_GROUP}/members", groups.put, "groups:update"),
    *asked(f"{_GROUP}/members/{{principal}}/take-out", groups.taking_out, "groups:update"),
    *asked(f"{_GROUP}/delete", groups.deleting, "groups:delete"),
    ("GET", "/why", why.ask, "principals:read"),
    ("POST", "/why", why.ask_of_credential, "principals:read"),
    ("GET", "/who-can", why.who_can, "principals:read"),
]
ROLE_PAGES = [*_APPLICATIONS, *_ROLES, *_PRINCIPALS]
