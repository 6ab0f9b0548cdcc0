"""Every path, its operation and its handler: the API on one page.

A route without an operation is open to every authenticated principal of the workspace; there are
few, and `interfaces` names them. Nothing else is reachable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from scopewright.api import (
    access_tags,
    api_keys,
    applications,
    assignments,
    audit,
    clients,
    connections,
    datapoints,
    end_users,
    endpoints,
    exports,
    gateway_routes,
    grants,
    groups,
    identities,
    identity,
    ingest,
    lookups,
    members,
    metadata,
    metrics,
    mqtt_configs,
    needs,
    numbers,
    preview,
    principals,
    registration_tokens,
    revisions,
    role_mappings,
    roles,
    scopes,
    sessions,
    signing_keys,
    standing,
    trusted_issuers,
    why,
    workspaces,
)

WORKSPACE = "/api/workspaces/{ws}"


@dataclass(frozen=True, slots=True)
class Route:
    """One path and method. `status` is that of success, `also` another that the handler sets.

    `restricted`: open to keys too that tags restrict, as nothing else here is. `dangerous`: a
    browser must have signed in lately (docs/decisions/0026).
    """

    method: str
    path: str
    operation: str | None
    handler: Callable[..., Any]
    status: int = 200
    also: int | None = None
    restricted: bool = field(default=False, kw_only=True)
    dangerous: bool = field(default=False, kw_only=True)


def _in_workspace(
    method: str,
    path: str,
    operation: str | None,
    handler: Callable[..., Any],
    *statuses: int,
) -> Route:
    return Route(method, WORKSPACE + path, operation, handler, *statuses)


def _dangerous(
    method: str, path: str, operation: str, handler: Callable[..., Any], *statuses: int
) -> Route:
    return replace(_in_workspace(method, path, operation, handler, *statuses), dangerous=True)


ROUTES: list[Route] = [
    Route("GET", "/api/whoami", None, identity.whoami),
    Route("GET", "/api/launchpad", None, identity.launchpad),
    Route("GET", "/api/workspaces", "workspace:read", workspaces.index),
    Route("POST", "/api/workspaces", None, workspaces.create, 201),
    _in_workspace("GET", "", "workspace:read", workspaces.show),
    _dangerous("PATCH", "", "workspace:update", workspaces.change),
    _dangerous("DELETE", "", "workspace:delete", workspaces.delete, 204),
    _in_workspace("GET", "/members", "members:read", members.index),
    _dangerous("POST", "/members", "members:create", members.invite, 201),
    _in_workspace("GET", "/members/{email}", "members:read", members.show),
    _dangerous("PATCH", "/members/{email}", "members:update", members.change),
    _dangerous("DELETE", "/members/{email}", "members:remove", members.remove, 204),
    _in_workspace("GET", "/invitations", "invitations:read", members.invitations),
    _dangerous("POST", "/invitations", "members:create", members.send_invitation, 201),
    _in_workspace("GET", "/invitations/{id}", "invitations:read", members.show_invitation),
    _in_workspace(
        "DELETE", "/invitations/{id}", "invitations:revoke", members.revoke_invitation, 204
    ),
    _in_workspace("GET", "/sessions", "sessions:read", sessions.index),
    _in_workspace("GET", "/sessions/{id}", "sessions:read", sessions.show),
    _in_workspace("DELETE", "/sessions/{id}", "sessions:revoke", sessions.revoke, 204),
    _in_workspace("GET", "/signing-keys", "keys:read", signing_keys.index),
    _dangerous("POST", "/signing-keys/rotate", "keys:rotate", signing_keys.rotate),
    _in_workspace("GET", "/trusted-issuers", "clients:read", trusted_issuers.index),
    _dangerous("POST", "/trusted-issuers", "clients:update", trusted_issuers.trust, 201),
    _in_workspace("GET", "/trusted-issuers/{id}", "clients:read", trusted_issuers.show),
    _dangerous("PATCH", "/trusted-issuers/{id}", "clients:update", trusted_issuers.change),
    _in_workspace(
        "DELETE", "/trusted-issuers/{id}", "clients:update", trusted_issuers.distrust, 204
    ),
    _in_workspace("GET", "/metrics", "metrics:read", metrics.of_workspace),
    _in_workspace("GET", "/lookups", "workspace:read", lookups.find),
    _in_workspace("GET", "/numbers", "workspace:read", numbers.show),
    _in_workspace("GET", "/audit", "audit:read", audit.index),
    _in_workspace("GET", "/vocabulary", "scopes:read", scopes.vocabulary),
    _in_workspace("GET", "/scopes", "scopes:read", scopes.index),
    _in_workspace("POST", "/scopes", "scopes:create", scopes.define, 201),
    _in_workspace("GET", "/scopes/{name}", "scopes:read", scopes.show),
    _in_workspace("PATCH", "/scopes/{name}", "scopes:update", scopes.change),
    _dangerous("DELETE", "/scopes/{name}", "scopes:delete", scopes.delete, 204),
    _in_workspace("GET", "/roles", "roles:read", roles.index),
    _in_workspace("POST", "/roles", "roles:create", roles.define, 201),
    _in_workspace("GET", "/roles/{name}", "roles:read", roles.show),
    _in_workspace("PATCH", "/roles/{name}", "roles:update", roles.change),
    _dangerous("DELETE", "/roles/{name}", "roles:delete", roles.delete, 204),
    _in_workspace("GET", "/role-mappings", "roles:read", role_mappings.index),
    _dangerous("PUT", "/role-mappings/{include}", "roles:update", role_mappings.put),
    _in_workspace("DELETE", "/role-mappings/{include}", "roles:update", role_mappings.delete, 204),
    _in_workspace("GET", "/revisions", "roles:read", revisions.index),
    _in_workspace("POST", "/revisions/{id}/undo", "roles:update", revisions.undo),
    _in_workspace("POST", "/preview", "roles:read", preview.preview),
    _in_workspace("GET", "/end-users", "end-users:read", end_users.index),
    _in_workspace("POST", "/end-users", "end-users:create", end_users.invite, 201, 200),
    _in_workspace("GET", "/end-users/{email}", "end-users:read", end_users.show),
    _dangerous("DELETE", "/end-users/{email}", "end-users:remove", end_users.remove, 204),
    _in_workspace(
        "POST", "/end-users/{email}/invitation", "end-users:create", end_users.invite_again
    ),
    _in_workspace("GET", "/end-users/{email}/scopes", "grants:read", grants.of_end_user),
    _in_workspace(
        "POST", "/end-users/{email}/scopes", "grants:create", grants.give_end_user, 201, 200
    ),
    _in_workspace("PATCH", "/end-users/{email}/scopes", "grants:create", grants.exchange_end_user),
    _in_workspace(
        "DELETE", "/end-users/{email}/scopes/{scope}", "grants:revoke", grants.revoke_end_user, 204
    ),
    _in_workspace("GET", "/end-users/{email}/metadata", "metadata:read", metadata.of_end_user),
    _in_workspace(
        "GET", "/end-users/{email}/metadata/{key}", "metadata:read", metadata.show_of_end_user
    ),
    _in_workspace(
        "PUT", "/end-users/{email}/metadata/{key}", "metadata:update", metadata.put_on_end_user
    ),
    _in_workspace(
        "DELETE",
        "/end-users/{email}/metadata/{key}",
        "metadata:delete",
        metadata.delete_of_end_user,
        204,
    ),
    _in_workspace("GET", "/principals", "principals:read", principals.index),
    _in_workspace("GET", "/principals/me", None, principals.me),  # before those of an id
    _in_workspace("POST", "/principals/me/sign-out", None, standing.sign_out_me),
    _in_workspace("GET", "/principals/me/sessions", None, sessions.own),
    _in_workspace("DELETE", "/principals/me/sessions/{id}", None, sessions.revoke_own, 204),
    _in_workspace("GET", "/principals/me/connections", None, connections.own),
    _in_workspace("DELETE", "/principals/me/connections/{id}", None, connections.end_own, 204),
    _in_workspace("GET", "/principals/me/metadata", None, metadata.own),
    _in_workspace("POST", "/principals", "principals:create", principals.create, 201),
    _in_workspace("GET", "/principals/{id}", "principals:read", principals.show),
    _in_workspace("PATCH", "/principals/{id}", "principals:update", principals.update),
    _dangerous("DELETE", "/principals/{id}", "principals:remove", standing.remove, 204),
    _dangerous("POST", "/principals/{id}/disable", "principals:update", standing.disable),
    _dangerous("POST", "/principals/{id}/enable", "principals:update", standing.enable),
    _in_workspace("POST", "/principals/{id}/sign-out", "sessions:revoke", standing.sign_out),
    _in_workspace("GET", "/principals/{id}/identities", "principals:read", identities.index),
    _dangerous(
        "PUT",
        "/principals/{id}/identities/{provider}/{subject}",
        "principals:update",
        identities.link,
        201,
        200,
    ),
    _dangerous(
        "DELETE",
        "/principals/{id}/identities/{provider}/{subject}",
        "principals:update",
        identities.unlink,
        204,
    ),
    _in_workspace("GET", "/principals/{id}/roles", "assignments:read", assignments.index),
    _in_workspace(
        "PUT", "/principals/{id}/roles/{role}", "assignments:create", assignments.assign, 201, 200
    ),
    _in_workspace(
        "DELETE", "/principals/{id}/roles/{role}", "assignments:revoke", assignments.unassign, 204
    ),
    _in_workspace("GET", "/principals/{id}/api-keys", "api-keys:read", api_keys.index_of),
    _dangerous("POST", "/principals/{id}/api-keys", "api-keys:create", api_keys.create_for, 201),
    _in_workspace("GET", "/principals/{id}/api-keys/{key}", "api-keys:read", api_keys.show_of),
    _in_workspace(
        "DELETE", "/principals/{id}/api-keys/{key}", "api-keys:revoke", api_keys.revoke_of, 204
    ),
    _in_workspace("GET", "/api-keys", "own-api-keys:read", api_keys.index),
    _dangerous("POST", "/api-keys", "own-api-keys:create", api_keys.create, 201),
    replace(  # before those of an id
        _in_workspace("GET", "/api-keys/current", None, api_keys.current), restricted=True
    ),
    replace(
        _in_workspace("DELETE", "/api-keys/current", None, api_keys.revoke_current, 204),
        restricted=True,
    ),
    _in_workspace("GET", "/api-keys/{id}", "own-api-keys:read", api_keys.show),
    _in_workspace("PATCH", "/api-keys/{id}", "own-api-keys:create", api_keys.change),
    _dangerous("POST", "/api-keys/{id}/rotate", "own-api-keys:create", api_keys.rotate, 201),
    _in_workspace("DELETE", "/api-keys/{id}", "own-api-keys:revoke", api_keys.revoke, 204),
    _in_workspace("GET", "/why", "principals:read", why.explain),
    _in_workspace("GET", "/who-can", "principals:read", why.who_can),
    _in_workspace("GET", "/needs", "roles:read", needs.show),
    _in_workspace("GET", "/groups", "groups:read", groups.index),
    _in_workspace("POST", "/groups", "groups:create", groups.create, 201),
    _in_workspace("GET", "/groups/{id}", "groups:read", groups.show),
    _dangerous("DELETE", "/groups/{id}", "groups:delete", groups.delete, 204),
    _in_workspace("GET", "/groups/{id}/members", "groups:read", groups.members),
    _in_workspace("PUT", "/groups/{id}/members/{principal}", "groups:update", groups.put, 201, 200),
    _in_workspace(
        "DELETE", "/groups/{id}/members/{principal}", "groups:update", groups.take_out, 204
    ),
    _in_workspace("GET", "/access-tags", "access-tags:read", access_tags.index),
    _in_workspace("POST", "/access-tags", "access-tags:create", access_tags.define, 201),
    _in_workspace("GET", "/access-tags/{name}", "access-tags:read", access_tags.show),
    _in_workspace("PATCH", "/access-tags/{name}", "access-tags:update", access_tags.change),
    _in_workspace("DELETE", "/access-tags/{name}", "access-tags:delete", access_tags.delete, 204),
    _in_workspace("GET", "/clients", "clients:read", clients.index),
    _dangerous("POST", "/clients", "clients:create", clients.register, 201),
    _in_workspace("GET", "/clients/{id}", "clients:read", clients.show),
    _dangerous("PATCH", "/clients/{id}", "clients:update", clients.update),
    _dangerous("DELETE", "/clients/{id}", "clients:delete", clients.delete, 204),
    _dangerous(
        "POST", "/clients/{id}/rotate-secret", "clients:rotate-secret", clients.rotate_secret
    ),
    _in_workspace("GET", "/registration-tokens", "clients:read", registration_tokens.index),
    _dangerous("POST", "/registration-tokens", "clients:create", registration_tokens.create, 201),
    _in_workspace(
        "DELETE", "/registration-tokens/{id}", "clients:delete", registration_tokens.revoke, 204
    ),
    _in_workspace("GET", "/clients/{id}/scopes", "grants:read", grants.of_client),
    _in_workspace("POST", "/clients/{id}/scopes", "grants:create", grants.give_client, 201, 200),
    _in_workspace("PATCH", "/clients/{id}/scopes", "grants:create", grants.exchange_client),
    _in_workspace(
        "DELETE", "/clients/{id}/scopes/{scope}", "grants:revoke", grants.revoke_client, 204
    ),
    _in_workspace("GET", "/clients/{id}/metadata", "metadata:read", metadata.of_client),
    _in_workspace("GET", "/clients/{id}/metadata/{key}", "metadata:read", metadata.show_of_client),
    _in_workspace("PUT", "/clients/{id}/metadata/{key}", "metadata:update", metadata.put_on_client),
    _in_workspace(
        "DELETE", "/clients/{id}/metadata/{key}", "metadata:delete", metadata.delete_of_client, 204
    ),
    _in_workspace("GET", "/endpoints", "endpoints:read", endpoints.index),
    _in_workspace("POST", "/endpoints", "endpoints:create", endpoints.create, 201),
    _in_workspace("GET", "/endpoints/{id}", "endpoints:read", endpoints.show),
    _in_workspace("PATCH", "/endpoints/{id}", "endpoints:update", endpoints.change),
    _in_workspace("DELETE", "/endpoints/{id}", "endpoints:delete", endpoints.delete, 204),
    _in_workspace("POST", "/endpoints/{id}/activate", "endpoints:activate", endpoints.activate),
    _in_workspace("GET", "/exports", "exports:read", exports.index),
    _in_workspace("POST", "/exports", "exports:create", exports.create, 201),
    _in_workspace("GET", "/exports/{id}", "exports:read", exports.show),
    _in_workspace("PATCH", "/exports/{id}", "exports:update", exports.change),
    _in_workspace("DELETE", "/exports/{id}", "exports:delete", exports.delete, 204),
    _in_workspace("GET", "/datapoints", "data:read", datapoints.index),
    _dangerous("DELETE", "/datapoints", "data:delete", datapoints.delete),
    _in_workspace("GET", "/mqtt-configs", "mqtt-configs:read", mqtt_configs.index),
    _in_workspace("POST", "/mqtt-configs", "mqtt-configs:create", mqtt_configs.create, 201),
    _in_workspace("GET", "/mqtt-configs/{id}", "mqtt-configs:read", mqtt_configs.show),
    _in_workspace("PATCH", "/mqtt-configs/{id}", "mqtt-configs:update", mqtt_configs.change),
    _in_workspace("DELETE", "/mqtt-configs/{id}", "mqtt-configs:delete", mqtt_configs.delete, 204),
    _in_workspace(
        "POST", "/mqtt-configs/{id}/activate", "mqtt-configs:activate", mqtt_configs.activate
    ),
    _in_workspace("GET", "/applications", "applications:read", applications.index),
    _in_workspace("POST", "/applications", "applications:create", applications.create, 201),
    _in_workspace("GET", "/applications/{name}", "applications:read", applications.show),
    _in_workspace("PATCH", "/applications/{name}", "applications:update", applications.change),
    _dangerous("DELETE", "/applications/{name}", "applications:delete", applications.delete, 204),
    _in_workspace(
        "POST", "/applications/{name}/register", "applications:update", applications.register
    ),
    _in_workspace("GET", "/applications/{name}/scopes", "applications:read", applications.scopes),
    _in_workspace(
        "POST", "/applications/{name}/scopes", "applications:update", applications.define_scope, 201
    ),
    _dangerous(
        "DELETE",
        "/applications/{name}/scopes/{scope}",
        "applications:update",
        applications.delete_scope,
        204,
    ),
    _in_workspace("GET", "/applications/{name}/roles", "applications:read", applications.roles),
    _in_workspace(
        "POST", "/applications/{name}/roles", "applications:update", applications.define_role, 201
    ),
    _in_workspace(
        "GET", "/applications/{name}/roles/{role}", "applications:read", applications.show_role
    ),
    _in_workspace(
        "PATCH",
        "/applications/{name}/roles/{role}",
        "applications:update",
        applications.change_role,
    ),
    _dangerous(
        "DELETE",
        "/applications/{name}/roles/{role}",
        "applications:update",
        applications.delete_role,
        204,
    ),
    _in_workspace(
        "GET", "/applications/{name}/routes", "gateway-routes:read", gateway_routes.index
    ),
    _in_workspace(
        "POST", "/applications/{name}/routes", "gateway-routes:create", gateway_routes.declare, 201
    ),
    _in_workspace(
        "POST",
        "/applications/{name}/routes/import",
        "gateway-routes:create",
        gateway_routes.import_document,
    ),
    _in_workspace(
        "GET", "/applications/{name}/routes/{id}", "gateway-routes:read", gateway_routes.show
    ),
    _in_workspace(
        "PATCH", "/applications/{name}/routes/{id}", "gateway-routes:update", gateway_routes.change
    ),
    _in_workspace(
        "DELETE",
        "/applications/{name}/routes/{id}",
        "gateway-routes:delete",
        gateway_routes.delete,
        204,
    ),
    # The whole process, for administrators of the instance and named addresses.
    Route("GET", "/metrics", None, metrics.of_process),
    # The data plane: what an endpoint or export asks for is its own setting, not an operation.
    Route("POST", "/data/{workspace}/{url_path}", None, ingest.submit, 202),
    Route("GET", "/exports/{workspace}/{path}", None, ingest.read),
    Route("GET", "/exports/{workspace}/{path}/events", None, ingest.follow),
]
