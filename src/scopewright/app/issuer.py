"""What answers under an issuer without a page, and every way to get a token."""

from __future__ import annotations

from collections.abc import Mapping

from scopewright.app.parts import Parts
from scopewright.core import oauth
from scopewright.core.client_authentication import METHODS, TLS, TLS_METHODS
from scopewright.oauth.decisions import DecisionEndpoints
from scopewright.oauth.device_authorization import DeviceAuthorizationEndpoint
from scopewright.oauth.discovery import Discovery
from scopewright.oauth.introspection import IntrospectionEndpoints
from scopewright.oauth.par import ParEndpoint
from scopewright.oauth.revocations import RevocationFeed
from scopewright.oauth.routes import Handler, IssuerEndpoints
from scopewright.oauth.token import TokenEndpoint
from scopewright.oauth.userinfo import UserinfoEndpoint
from scopewright.services.decisions import Decisions
from scopewright.services.device_authorization import DeviceAuthorizations
from scopewright.services.introspection import Introspection
from scopewright.services.pushed_requests import PushedRequests
from scopewright.services.revocations import Revocations
from scopewright.services.tokens.asking import GrantType
from scopewright.services.tokens.assertions import Assertions
from scopewright.services.tokens.authorization_code import AuthorizationCode
from scopewright.services.tokens.client_credentials import ClientCredentials
from scopewright.services.tokens.device_code import DeviceCode
from scopewright.services.tokens.exchange import Tokens
from scopewright.services.tokens.jwt_bearer import JwtBearer
from scopewright.services.tokens.minting import Mint
from scopewright.services.tokens.refresh_token import Refresh
from scopewright.services.tokens.token_exchange import TokenExchange
from scopewright.services.userinfo import Userinfo
from scopewright.settings import ServerSettings
from scopewright.store.journal import Journal


def token_engine(parts: Parts) -> Tokens:
    """What makes tokens, at the token endpoint and for the gateway."""
    return Tokens(
        grant_types=_grant_types(parts),
        journal=Journal(parts.database),
        clock=parts.clock,
        authentication=parts.authentication,
        mint=Mint(parts.key_ring, parts.public_url),
    )


def issuer_endpoints(parts: Parts, tokens: Tokens, verify: Handler) -> IssuerEndpoints:
    """What answers under an issuer without a page; `verify` is the gateway's."""
    database, clock, access = parts.database, parts.clock, parts.access
    return IssuerEndpoints(
        token=TokenEndpoint(tokens, parts.proofs, parts.metrics),
        introspection=IntrospectionEndpoints(
            Introspection(database, clock, access, parts.authentication, parts.key_ring)
        ),
        par=ParEndpoint(
            PushedRequests(
                database, clock, parts.authentication, parts.request_objects, parts.public_url
            ),
            parts.proofs,
        ),
        userinfo=UserinfoEndpoint(
            Userinfo(database, clock, parts.key_ring, parts.public_url), access
        ),
        discovery=Discovery(access, clock, authentication_methods(parts.settings.server)),
        revocations=RevocationFeed(
            Revocations(database, clock), parts.versions.current, parts.clock, parts.metrics
        ),
        device_authorization=DeviceAuthorizationEndpoint(devices(parts)),
        decisions=DecisionEndpoints(
            Decisions(database), access, json_depth=parts.settings.limits.json_depth
        ),
        verify=verify,
    )


def _grant_types(parts: Parts) -> Mapping[str, GrantType]:
    """Every way to get a token."""
    assertions = Assertions(parts.database, parts.remote_keys)
    return {
        oauth.CLIENT_CREDENTIALS: ClientCredentials(),
        oauth.AUTHORIZATION_CODE: AuthorizationCode(parts.database),
        oauth.DEVICE_CODE: DeviceCode(parts.database),
        oauth.JWT_BEARER: JwtBearer(assertions, parts.authentication, parts.clock),
        oauth.REFRESH_TOKEN: Refresh(parts.database, parts.this.server_secret),
        oauth.TOKEN_EXCHANGE: TokenExchange(parts.database, parts.access, assertions),
    }


def devices(parts: Parts) -> DeviceAuthorizations:
    """Requests of devices; they come in at an endpoint and are answered on a page."""
    return DeviceAuthorizations(
        parts.database,
        parts.clock,
        parts.catalogues,
        parts.authentication,
        parts.public_url,
        parts.settings.sign_in.fresh_for,
    )


def authentication_methods(server: ServerSettings) -> list[str]:
    """By which methods clients can prove themselves here."""
    possible = set(METHODS)
    if not server.takes_client_certificates:
        possible -= TLS_METHODS
    if not server.tls_client_ca:
        possible.discard(TLS)
    return [method for method in METHODS if method in possible]
