"""A workspace of a test's own, and nouns in it: `world.session()` is stored with all it needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from scopewright.core.device_authorization import DeviceAuthorization
from scopewright.core.groups import Membership
from scopewright.core.model import (
    ApiKey,
    Asked,
    Assignment,
    Authorization,
    Client,
    ClientSecret,
    ClientType,
    Datapoint,
    Endpoint,
    EndpointAuthentication,
    Grant,
    Identity,
    Invitation,
    MagicLink,
    Principal,
    PrincipalKind,
    RefreshToken,
    ScopeDefault,
    Session,
    TokenOverrides,
    Workspace,
)
from scopewright.core.particulars import Particulars
from scopewright.core.scopes import Requested
from scopewright.ids import new_id, new_ids, new_uuid
from scopewright.store import (
    api_keys,
    assignments,
    authorizations,
    clients,
    datapoints,
    device_authorizations,
    endpoints,
    grants,
    groups,
    invitations,
    magic_links,
    principals,
    sessions,
    workspaces,
)
from scopewright.store.database import Database

NOW = datetime(2026, 1, 1, 12, 0, 0, 123457, tzinfo=UTC)  # to the microsecond, an odd one
LATER = NOW + timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)
REQUESTED = Requested(frozenset({"sensor:read", "sensor:write"}), frozenset({"openid"}))


@dataclass
class World:
    """Nouns are remembered as they are made; keywords replace what is not to be as usual."""

    database: Database
    workspace_id: str = field(default_factory=new_uuid)

    def __post_init__(self) -> None:
        with self.database.write() as tx:
            workspaces.add(tx, self.workspace)

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(
            id=self.workspace_id,
            slug=f"w-{self.workspace_id}",
            name="Fjörður ✓",
            catalogues=("internal", "tiled"),
            created_at=NOW,
            tokens=TokenOverrides(access_lifetime=300, live_scopes=False),
        )

    def principal(self, **replaced: Any) -> Principal:
        fields: dict[str, Any] = {
            "id": new_uuid(),
            "workspace_id": self.workspace_id,
            "kind": PrincipalKind.END_USER,
            "name": "ann@example.com",
            "identity": Identity("email", f"{new_id('ann')}@example.com"),
            "created_at": NOW,
        }
        principal = Principal(**(fields | replaced))
        with self.database.write() as tx:
            principals.add(tx, principal)
        return principal

    def grant(self, principal: Principal, scope: str) -> Grant:
        grant = Grant(principal.id, scope, granted_by="admin", granted_at=NOW)
        with self.database.write() as tx:
            grants.add(tx, self.workspace_id, grant=grant)
        return grant

    def assign(self, principal: Principal, role: str) -> Assignment:
        assignment = Assignment(principal.id, role, assigned_by="admin", assigned_at=NOW)
        with self.database.write() as tx:
            assignments.add(tx, self.workspace_id, assignment=assignment)
        return assignment

    def group(self, *members: Principal, name: str = "Crew") -> Principal:
        group = self.principal(kind=PrincipalKind.GROUP, name=name, identity=None)
        for member in members:
            self.put(group, member)
        return group

    def put(self, group: Principal, member: Principal) -> Membership:
        membership = Membership(group.id, member.id, added_by="admin", added_at=NOW)
        with self.database.write() as tx:
            groups.add(tx, self.workspace_id, membership=membership)
        return membership

    def client(self, **replaced: Any) -> Client:
        principal = self.principal(kind=PrincipalKind.CLIENT, identity=None)
        fields: dict[str, Any] = {
            "id": principal.id,
            "workspace_id": self.workspace_id,
            "name": "viewer",
            "type": ClientType.AUTHORIZATION_CODE,
            "redirect_uris": ("https://b.example/cb", "https://a.example/cb"),
            "secrets": (ClientSecret("hash-1", NOW), ClientSecret("hash-2", LATER, TOMORROW)),
            "require_pkce": True,
            "allow_both_auth_methods": False,
            "scope_default": ScopeDefault.HELD,
            "grant_types": frozenset({"authorization_code", "refresh_token"}),
            "tokens": TokenOverrides(refresh_lifetime=60, signing_algorithm="RS256"),
            "created_at": NOW,
        }
        client = Client(**(fields | replaced))
        with self.database.write() as tx:
            clients.add(tx, client)
        return client

    def authorization(self, client: Client, **replaced: Any) -> Authorization:
        fields: dict[str, Any] = {
            "id": new_id("aut"),
            "workspace_id": self.workspace_id,
            "client_id": client.id,
            "redirect_uri": "https://a.example/cb",
            "redirect_uri_was_sent": True,
            "requested": REQUESTED,
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "state": "ß",
            "nonce": None,
            "prompt": frozenset({"login", "consent"}),
            "stage": Asked(),
            "created_at": NOW,
            "expires_at": LATER,
        }
        authorization = Authorization(**(fields | replaced))
        with self.database.write() as tx:
            authorizations.add(tx, authorization)
        return authorization

    def device_authorization(self, client: Client, **replaced: Any) -> DeviceAuthorization:
        fields: dict[str, Any] = {
            "id": new_id("dva"),
            "workspace_id": self.workspace_id,
            "client_id": client.id,
            "requested": REQUESTED,
            "device_code_hash": new_id("device"),
            "user_code_hash": new_id("user"),
            "stage": Asked(),
            "interval": timedelta(seconds=5),
            "created_at": NOW,
            "expires_at": LATER,
            "particulars": Particulars(resources=("https://a.example/", "https://b.example/")),
        }
        authorization = DeviceAuthorization(**(fields | replaced))
        with self.database.write() as tx:
            device_authorizations.add(tx, authorization)
        return authorization

    def session(self, **replaced: Any) -> Session:
        fields: dict[str, Any] = {
            "id": new_id("ses"),
            "workspace_id": self.workspace_id,
            "requested": REQUESTED,
            "authenticated_at": NOW,
            "created_at": NOW,
            "last_used_at": NOW,
            "expires_at": LATER,
        }
        if "principal_id" not in replaced:
            fields["principal_id"] = self.principal().id
        if "client_id" not in replaced:
            fields["client_id"] = self.client().id
        session = Session(**(fields | replaced))
        with self.database.write() as tx:
            sessions.add(tx, session)
        return session

    def refresh_token(self, session: Session) -> RefreshToken:
        token = RefreshToken(new_id("hash"), session.id, NOW)
        with self.database.write() as tx:
            sessions.add_token(tx, token)
        return token

    def api_key(self, principal: Principal, **replaced: Any) -> ApiKey:
        fields: dict[str, Any] = {
            "id": new_id("key"),
            "principal_id": principal.id,
            "workspace_id": self.workspace_id,
            "secret_hash": "hash",
            "requested": REQUESTED,
            "note": "for the pump",
            "created_by": "admin",
            "created_at": NOW,
        }
        key = ApiKey(**(fields | replaced))
        with self.database.write() as tx:
            api_keys.add(tx, key)
        return key

    def invitation(self, **replaced: Any) -> Invitation:
        fields: dict[str, Any] = {
            "id": new_id("inv"),
            "workspace_id": self.workspace_id,
            "email": f"{new_id('new')}@example.com",
            "role": "iotman:viewer",
            "invited_by": "admin",
            "created_at": NOW,
            "expires_at": LATER,
            "secret_hash": new_id("hash"),
        }
        invitation = Invitation(**(fields | replaced))
        with self.database.write() as tx:
            invitations.add(tx, invitation)
        return invitation

    def magic_link(self, **replaced: Any) -> MagicLink:
        fields: dict[str, Any] = {
            "hash": new_id("hash"),
            "email": "ann@example.com",
            "browser_hash": new_id("browser"),
            "code_hash": "code",
            "continue_to": "/w/1/authorize/aut_1",
            "created_at": NOW,
            "expires_at": LATER,
        }
        link = MagicLink(**(fields | replaced))
        with self.database.write() as tx:
            magic_links.add(tx, link)
        return link

    def endpoint(self, **replaced: Any) -> Endpoint:
        fields: dict[str, Any] = {
            "id": new_id("end"),
            "workspace_id": self.workspace_id,
            "name": "Pump",
            "url_path": new_id("pump"),
            "authentication": EndpointAuthentication.OAUTH2,
            "write_scope": "sensor:write",
            "clients": frozenset({"c2", "c1"}),
            "read": False,
            "created_at": NOW,
            "active_since": NOW,
        }
        endpoint = Endpoint(**(fields | replaced))
        with self.database.write() as tx:
            endpoints.add(tx, endpoint)
        return endpoint

    def datapoints(self, count: int, **replaced: Any) -> list[Datapoint]:
        fields: dict[str, Any] = {
            "workspace_id": self.workspace_id,
            "endpoint_id": "end_1",
            "received_at": NOW,
            "payload": {"t": 21.5},
            "source_ip": None,
            "authentication_method": "bearer",
            "principal_id": None,
            "client_id": None,
            "ingest_context": None,
        }
        points = [Datapoint(**({"id": id} | fields | replaced)) for id in new_ids("dat", count)]
        with self.database.write() as tx:
            datapoints.add_many(tx, points)
        return points
