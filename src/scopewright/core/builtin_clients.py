"""The clients that nobody registers: the command line, and each application at the gateway.

Their ids follow from the workspace's and the application's, so the command line can compute its
own, and no registered client can pass for one of them: registered ids are random.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID, uuid5

from scopewright.core.applications import Application
from scopewright.core.errors import Forbidden
from scopewright.core.gateway_sessions import redirect_uris
from scopewright.core.model import (
    Client,
    ClientType,
    Consent,
    PrincipalKind,
    ScopeDefault,
    TokenOverrides,
)
from scopewright.core.oauth import DEVICE_CODE, GRANTS_OF_TYPE
from scopewright.core.resources import Resources, management_resource
from scopewright.core.scopes import EVERYTHING

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


def application_client_id(application: Application) -> str:
    """The id of an application's client; a later application of the same name has another."""
    return str(uuid5(UUID(application.workspace_id), application.id))


def application_client(
    application: Application, hosts: Collection[str], *, now: datetime
) -> Client:
    """An application's client, through which the gateway signs people in on these hosts.

    INVARIANT: it has no grant type, so nobody can begin or redeem anything in its name, neither at
    `/authorize` nor at `/token`: only the gateway does, beneath them. That is why nobody is asked
    for consent, and why a host that is declared gives nothing to whoever runs it.
    """
    return Client(
        id=application_client_id(application),
        workspace_id=application.workspace_id,
        name=application.title,
        type=ClientType.PKCE,
        redirect_uris=redirect_uris(hosts),
        secrets=(),
        require_pkce=True,
        allow_both_auth_methods=False,
        scope_default=ScopeDefault.HELD,
        grant_types=frozenset(),
        tokens=TokenOverrides(),
        created_at=now,
    )


def is_builtin(client: Client, applications: Iterable[Application] = ()) -> bool:
    """Whether nobody registered this client; `applications` are those of its workspace."""
    return client.id == command_line_id(client.workspace_id) or _is_of_any(client, applications)


def refuse_builtin(client: Client, applications: Iterable[Application]) -> None:
    """Let a client be changed, ended or removed that somebody has registered.

    Raises:
        Forbidden: nobody has.
    """
    if is_builtin(client, applications):
        raise Forbidden("This client is built in; it is read-only.")


def standing_consent(
    client: Client, applications: Iterable[Application], principal_id: str, *, now: datetime
) -> Consent | None:
    """What need not be asked: whoever assigns an application's role has agreed to its use."""
    if not _is_of_any(client, applications):
        return None
    return Consent(principal_id, client.id, EVERYTHING, now)


def _is_of_any(client: Client, applications: Iterable[Application]) -> bool:
    return any(client.id == application_client_id(each) for each in applications)


def acts_for(client: Client, resources: Resources, *, issuer: str) -> PrincipalKind:
    """Whose record a person's client acts for: the member's, or the end-user's.

    The command line acts for the member, and any client that asks for the management resource and
    for nothing else: its tokens are of no use elsewhere. The same address may be both; the two
    records never mix.
    """
    if is_builtin(client) or resources == (management_resource(issuer),):
        return PrincipalKind.MEMBER
    return PrincipalKind.END_USER
