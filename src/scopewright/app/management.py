"""The operations of the management API, each with what it needs and no more."""

from __future__ import annotations

from scopewright.app.parts import Parts
from scopewright.services import Services
from scopewright.services.audit import Audit
from scopewright.services.clients import Clients
from scopewright.services.datapoints import Datapoints
from scopewright.services.end_users import EndUsers
from scopewright.services.endpoints import Endpoints
from scopewright.services.exports import Exports
from scopewright.services.founding import Founding
from scopewright.services.grants import Grants
from scopewright.services.ingest import Ingest
from scopewright.services.invitations import Invitations
from scopewright.services.keys import Keys
from scopewright.services.members import Members
from scopewright.services.metadata import Metadata
from scopewright.services.mqtt_configs import MqttConfigs
from scopewright.services.registration_tokens import RegistrationTokens
from scopewright.services.scopes import Scopes
from scopewright.services.sessions import Sessions
from scopewright.services.trusted_issuers import TrustedIssuers
from scopewright.services.workspaces import Workspaces


def make_services(parts: Parts) -> Services:
    """The management API's operations."""
    settings, public_url, mailer = parts.settings, parts.public_url, parts.mailer
    here = (parts.database, parts.clock)
    by_words = (*here, parts.catalogues)
    lifetime, keys = settings.sign_in.invitation_lifetime, settings.keys
    return Services(
        audit=Audit(parts.database),
        clients=Clients(*by_words),
        datapoints=Datapoints(*here),
        end_users=EndUsers(*by_words, mailer, public_url=public_url, invitation_lifetime=lifetime),
        endpoints=Endpoints(*by_words),
        exports=Exports(*by_words),
        founding=Founding(
            *by_words,
            parts.key_ring,
            public_url=public_url,
            creation=settings.workspaces.creation,
            administrators=settings.administrators,
        ),
        grants=Grants(*by_words),
        ingest=Ingest(*here),
        invitations=Invitations(*by_words, mailer, public_url=public_url, lifetime=lifetime),
        keys=Keys(
            *here,
            parts.key_ring,
            publish_before=keys.publish_before,
            rotate_after=keys.rotate_after,
        ),
        members=Members(*by_words),
        metadata=Metadata(*here, longest_value=settings.limits.metadata_value),
        mqtt_configs=MqttConfigs(*by_words),
        registration_tokens=RegistrationTokens(*here),
        scopes=Scopes(*by_words),
        sessions=Sessions(*by_words),
        trusted_issuers=TrustedIssuers(*by_words, public_url),
        workspaces=Workspaces(*by_words),
    )
