"""What can be done: one file a noun, one transaction an operation.

Three rules: an operation that changes authority or liveness begins with `workspaces.touch`; it
writes down what it did with `audit.record` in the same transaction; and a service never calls
another (what two need is a decision for `core` or memory for `store`).
"""

from __future__ import annotations

from dataclasses import dataclass

from scopewright.services.access_tags import AccessTags
from scopewright.services.api_keys import ApiKeys
from scopewright.services.application_roles import ApplicationRoles
from scopewright.services.application_scopes import ApplicationScopes
from scopewright.services.applications import Applications
from scopewright.services.assignments import Assignments
from scopewright.services.audit import Audit
from scopewright.services.clients import Clients
from scopewright.services.connections import Connections
from scopewright.services.datapoints import Datapoints
from scopewright.services.end_users import EndUsers
from scopewright.services.endpoints import Endpoints
from scopewright.services.exports import Exports
from scopewright.services.founding import Founding
from scopewright.services.gateway_routes import GatewayRoutes
from scopewright.services.grants import Grants
from scopewright.services.groups import Groups
from scopewright.services.identities import Identities
from scopewright.services.ingest import Ingest
from scopewright.services.invitations import Invitations
from scopewright.services.keys import Keys
from scopewright.services.launchpad import Launchpad
from scopewright.services.lookups import Lookups
from scopewright.services.members import Members
from scopewright.services.metadata import Metadata
from scopewright.services.metrics import Metrics
from scopewright.services.mqtt_configs import MqttConfigs
from scopewright.services.needs import Needs
from scopewright.services.numbers import Numbers
from scopewright.services.preview import Preview
from scopewright.services.principals import Principals
from scopewright.services.registration_tokens import RegistrationTokens
from scopewright.services.revisions import Revisions
from scopewright.services.role_mappings import RoleMappings
from scopewright.services.roles import Roles
from scopewright.services.scopes import Scopes
from scopewright.services.sessions import Sessions
from scopewright.services.standing import Standing
from scopewright.services.trusted_issuers import TrustedIssuers
from scopewright.services.why import Why
from scopewright.services.workspaces import Workspaces


@dataclass(frozen=True, slots=True)
class Services:
    """Every operation of the management API, by noun."""

    access_tags: AccessTags
    api_keys: ApiKeys
    scopes: Scopes
    roles: Roles
    role_mappings: RoleMappings
    revisions: Revisions
    preview: Preview
    end_users: EndUsers
    grants: Grants
    principals: Principals
    standing: Standing
    identities: Identities
    assignments: Assignments
    groups: Groups
    why: Why
    clients: Clients
    connections: Connections
    metadata: Metadata
    metrics: Metrics
    lookups: Lookups
    numbers: Numbers
    founding: Founding
    workspaces: Workspaces
    datapoints: Datapoints
    endpoints: Endpoints
    exports: Exports
    ingest: Ingest
    mqtt_configs: MqttConfigs
    needs: Needs
    registration_tokens: RegistrationTokens
    invitations: Invitations
    audit: Audit
    keys: Keys
    members: Members
    sessions: Sessions
    trusted_issuers: TrustedIssuers
    applications: Applications
    application_scopes: ApplicationScopes
    application_roles: ApplicationRoles
    launchpad: Launchpad
    gateway_routes: GatewayRoutes
