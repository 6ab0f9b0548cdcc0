"""The operations of the management API, each with what it needs and no more."""

from __future__ import annotations

from scopewright.app.parts import Parts
from scopewright.core.proposals import Limits
from scopewright.services import Services
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


def make_services(parts: Parts) -> Services:
    """The management API's operations."""
    here, bounds = (parts.database, parts.clock), parts.settings.limits
    by_words, limits = (*here, parts.catalogues), Limits(bounds.roles, bounds.role_depth)
    return Services(
        access_tags=AccessTags(*by_words),
        api_keys=ApiKeys(*by_words, parts.key_uses, bounds.api_keys),
        assignments=Assignments(*by_words),
        application_scopes=ApplicationScopes(*by_words),
        clients=Clients(*by_words),
        endpoints=Endpoints(*by_words),
        exports=Exports(*by_words),
        gateway_routes=GatewayRoutes(*by_words),
        grants=Grants(*by_words),
        groups=Groups(*by_words),
        identities=Identities(*by_words),
        principals=Principals(*by_words),
        standing=Standing(*by_words),
        application_roles=ApplicationRoles(*by_words, limits),
        applications=Applications(*by_words, limits, parts.public_url),
        audit=Audit(parts.database),
        datapoints=Datapoints(*here),
        end_users=_end_users(parts),
        founding=_founding(parts),
        ingest=Ingest(*here),
        invitations=_invitations(parts),
        keys=_keys(parts),
        launchpad=Launchpad(parts.database, parts.catalogues),
        members=Members(*by_words),
        metadata=Metadata(*here, longest_value=bounds.metadata_value),
        metrics=Metrics(*here),
        lookups=Lookups(*here),
        numbers=Numbers(*here),
        mqtt_configs=MqttConfigs(*by_words),
        preview=Preview(parts.database, parts.catalogues, limits),
        needs=Needs(parts.database, parts.catalogues),
        registration_tokens=RegistrationTokens(*here),
        revisions=Revisions(*by_words, limits),
        role_mappings=RoleMappings(*by_words, limits),
        roles=Roles(*by_words, limits),
        trusted_issuers=TrustedIssuers(*by_words, parts.public_url),
        scopes=Scopes(*by_words),
        sessions=Sessions(*by_words),
        connections=Connections(*by_words),
        workspaces=Workspaces(*by_words),
        why=Why(parts.database, parts.catalogues),
    )


def _end_users(parts: Parts) -> EndUsers:
    return EndUsers(
        parts.database,
        parts.clock,
        parts.catalogues,
        parts.mailer,
        public_url=parts.public_url,
        invitation_lifetime=parts.settings.sign_in.invitation_lifetime,
    )


def _invitations(parts: Parts) -> Invitations:
    return Invitations(
        parts.database,
        parts.clock,
        parts.catalogues,
        parts.mailer,
        public_url=parts.public_url,
        lifetime=parts.settings.sign_in.invitation_lifetime,
    )


def _founding(parts: Parts) -> Founding:
    return Founding(
        parts.database,
        parts.clock,
        parts.catalogues,
        parts.key_ring,
        public_url=parts.public_url,
        creation=parts.settings.workspaces.creation,
        administrators=parts.settings.administrators,
    )


def _keys(parts: Parts) -> Keys:
    keys = parts.settings.keys
    return Keys(
        parts.database,
        parts.clock,
        parts.key_ring,
        publish_before=keys.publish_before,
        rotate_after=keys.rotate_after,
    )
