"""The pages of a workspace that are read, each with what its command and it must both have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Read:
    """A page, and by what a row of its command's answer is known on it; a path by dots.

    `is_counted`: the page's table has a row for each.
    """

    path: str
    known_by: str | Callable[[Row], str] = "name"
    is_counted: bool = True

    def word(self, row: Row) -> str:
        """What stands for a row on the page."""
        if not isinstance(self.known_by, str):
            return self.known_by(row)
        found: Any = row
        for part in self.known_by.split("."):
            found = found[part]
        return str(found)


def _note(key: Row) -> str:
    return str(key["note"] or key["id"])


READ = [
    Read("", lambda told: str(told["numbers"]["end-users"])),
    Read("/scopes"),
    Read("/scopes?q=s&sort=-name"),
    Read("/end-users", "email"),
    Read("/end-users?q=a&sort=-email", "email"),
    Read("/end-users/ann@example.com", "id"),
    Read("/clients"),
    Read("/clients?q=p&sort=-name"),
    Read("/clients/$device", "client_id"),
    Read("/sessions", "principal.label"),
    Read("/sessions?q=ann", "principal.label"),
    Read("/api-keys", _note),
    Read("/api-keys/everybody"),
    Read("/api-keys/of/$zoe", _note),
    Read("/api-keys/of/$zoe/$key_zoe", "id"),
    Read("/api-keys/$key_mine", "id"),
    Read("/applications"),
    Read("/applications/viewer"),
    Read("/applications/viewer/roles/user"),
    Read("/catalogue", lambda told: told["catalogues"][0]["name"]),
    Read("/roles"),
    Read("/roles/crew"),
    Read("/revisions"),
    Read("/role-mappings", "include"),
    Read("/principals"),
    Read("/principals?q=h&kind=end_user&disabled=true"),
    Read("/principals/$ann", "id"),
    Read("/groups"),
    Read("/groups/$night", "principal.name"),
    Read("/why?principal=$ann&scope=sensor:read", "scope"),
    Read("/who-can?scope=sensor:read", "principal.name"),
    Read("/endpoints"),
    Read("/endpoints/$field", "url_path"),
    Read("/datapoints", "source_ip"),
    Read("/datapoints?endpoint=$field", "source_ip"),
    Read("/exports"),
    Read("/exports/$export_field_1", "id"),
    Read("/mqtt-configs"),
    Read("/mqtt-configs/$north"),
    Read("/members", "email"),
    Read("/members?q=m&sort=-email", "email"),
    Read("/audit", "operation", is_counted=False),
    Read("/audit?operation=roles:create", "target", is_counted=False),
    Read("/signing-keys", "id"),
    Read("/settings"),
    Read("/settings/trusted-issuers", "issuer"),
    Read("/settings/registration-tokens", "note"),
]
# Forms: the command of what they are for is shown when it is done, for it depends on what is typed.
FORMS = {
    "/end-users/invite",
    "/end-users/{email}/scopes",  # where a form of the person's page was refused
    "/end-users/{email}/scopes/preset",
    "/end-users/{email}/roles",
    "/end-users/{email}/metadata",
    "/clients/new",
    "/clients/{id}/scopes",
    "/clients/{id}/scopes/preset",
    "/clients/{id}/metadata",
    "/clients/{id}/secret",
    "/api-keys/{id}/rotate",
    "/signing-keys/rotate",
    "/applications/{name}/settings",
    "/applications/{name}/new-role",
    "/applications/{name}/roles/{role}/compose",
    "/roles/{name}/compose",
    "/endpoints/new",
    "/exports/new",
    "/mqtt-configs/new",
    "/launchpad",  # leads away
}
