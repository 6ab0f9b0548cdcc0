"""The client that every workspace has without registering it: the command line.

Its id follows from the workspace's, so the command line can compute it, and no registered client
can pass for it: registered ids are random.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from scopewright.core.model import (
    Client,
    ClientType,
    PrincipalKind,
    ScopeDefault,
    TokenOverrides,
)
from scopewright.core.oauth import DEVICE_CODE, GRANTS_OF_TYPE
from scopewright.core.resources import Resources, management_resource

COMMAND_LINE = "scopewright-cli"
LOOPBACK_REDIRECTS = ("http://127.0.0.1/callback", "http://[::1]/callback")  # RFC 8252 §7.3


def command_line_id(workspace_id: str) -> str:
    """The id of the command line's client in a workspace."""
    return str(uuid5(UUID(workspace_id), COMMAND_LINE))


def command_line(workspace_id: str, *, now: datetime) -> Client:
    """The command line as a public client: PKCE, answered on a port of this machine.

    Without a browser here it is approved on another device.
    """
    return Client(
        id=command_line_id(workspace_id),
        workspace_id=workspace_id,
        name=COMMAND_LINE,
        type=ClientType.PKCE,
        redirect_uris=LOOPBACK_REDIRECTS,
        secrets=(),
        require_pkce=True,
        allow_both_auth_methods=False,
        scope_default=ScopeDefault.HELD,
        grant_types=GRANTS_OF_TYPE[ClientType.PKCE] | {DEVICE_CODE},
        tokens=TokenOverrides(),
        created_at=now,
    )


def is_builtin(client: Client) -> bool:
    """Whether nobody registered this client."""
    return client.id == command_line_id(client.workspace_id)


def acts_for(client: Client, resources: Resources, *, issuer: str) -> PrincipalKind:
    """Whose record a person's client acts for: the member's, or the end-user's.

    Built-in clients act for the member, and any client that asks for the management resource and
    for nothing else: its tokens are of no use elsewhere. The same address may be both; the two
    records never mix.
    """
    if is_builtin(client) or resources == (management_resource(issuer),):
        return PrincipalKind.MEMBER
    return PrincipalKind.END_USER
