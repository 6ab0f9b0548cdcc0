"""The pages of a workspace that one goes to by the menu, and what opens each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from scopewright.core.caller import Caller
from scopewright.languages import N_


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu; `path` is below the workspace, `operation` opens it, None for all."""

    path: str
    title: str
    operation: str | None
    group: str


ACCESS, DATA, WORKSPACE = N_("Access"), N_("Data"), N_("Workspace")
APPLICATIONS = N_("Applications and roles")

PLACES = (
    Place("", N_("Overview"), None, ""),
    Place("/scopes", N_("Scopes"), "scopes:read", ACCESS),
    Place("/end-users", N_("End-users"), "end-users:read", ACCESS),
    Place("/clients", N_("OAuth2 clients"), "clients:read", ACCESS),
    Place("/sessions", N_("Active sessions"), "sessions:read", ACCESS),
    Place("/api-keys", N_("API keys"), "own-api-keys:read", ACCESS),
    Place("/applications", N_("Applications"), "applications:read", APPLICATIONS),
    Place("/roles", N_("Roles"), "roles:read", APPLICATIONS),
    Place("/catalogue", N_("Catalogue"), "scopes:read", APPLICATIONS),
    Place("/role-mappings", N_("Role mappings"), "roles:read", APPLICATIONS),
    Place("/principals", N_("People and roles"), "principals:read", APPLICATIONS),
    Place("/groups", N_("Groups"), "groups:read", APPLICATIONS),
    Place("/launchpad", N_("Launchpad"), None, APPLICATIONS),
    Place("/why", N_("Why"), "principals:read", APPLICATIONS),
    Place("/revisions", N_("Changes"), "roles:read", APPLICATIONS),
    Place("/endpoints", N_("Endpoints"), "endpoints:read", DATA),
    Place("/datapoints", N_("Datapoints"), "data:read", DATA),
    Place("/exports", N_("Exports"), "exports:read", DATA),
    Place("/mqtt-configs", N_("MQTT brokers"), "mqtt-configs:read", DATA),
    Place("/members", N_("Members"), "members:read", WORKSPACE),
    Place("/audit", N_("Audit log"), "audit:read", WORKSPACE),
    Place("/signing-keys", N_("Signing keys"), "keys:read", WORKSPACE),
    Place("/settings", N_("Settings"), "workspace:read", WORKSPACE),
)


def open_to(caller: Caller) -> Iterator[tuple[str, list[Place]]]:
    """The entries that somebody may go to, by group."""
    seen = [one for one in PLACES if one.operation is None or caller.may(one.operation)]
    for group, places in groupby(seen, key=lambda one: one.group):
        yield group, list(places)
