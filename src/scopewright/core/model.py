"""The nouns: every entity as a frozen dataclass, with its states and their transitions.

A change is a transition that returns the new value or raises `NotNow`. Timestamps that may be
missing stand instead of booleans: when, not merely whether. Times are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from scopewright.core.errors import NotNow
from scopewright.core.particulars import NO_PARTICULARS, NO_TERMS, Particulars, SessionTerms
from scopewright.core.registration import PLAIN, ClientRegistration
from scopewright.core.scopes import EVERYTHING, Requested, Scopes

# --- workspaces and who is in them ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenOverrides:
    """What a workspace or client says differently about tokens; None means: as the level above.

    Lifetimes are in seconds.
    """

    access_lifetime: int | None = None
    refresh_lifetime: int | None = None
    session_lifetime: int | None = None
    refresh_grace: int | None = None
    live_scopes: bool | None = None
    signing_algorithm: str | None = None


NO_OVERRIDES = TokenOverrides()


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """What a workspace demands of API keys.

    `maximum_lifetime` is in seconds; `scopes` are those that keys may carry. None: any.
    """

    maximum_lifetime: int | None = None
    must_expire: bool = False
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WorkspacePolicy:
    """What a workspace lets its clients do.

    `security_profile` is `default` or `fapi2`; `client_registration` is `closed`, `token` (behind
    an initial access token) or `open`. `resources` names audiences by URI with the scopes of each.
    """

    security_profile: str = "default"
    client_registration: str = "token"
    client_id_metadata_documents: bool = False
    resources: Mapping[str, list[str]] = field(default_factory=dict)
    api_keys: KeyPolicy = KeyPolicy()


@dataclass(frozen=True, slots=True)
class Workspace:
    """The container that isolates everything; its id is the audience of its tokens."""

    id: str
    slug: str
    name: str
    catalogues: tuple[str, ...]
    created_at: datetime
    authority_version: int = 0
    tokens: TokenOverrides = field(default_factory=TokenOverrides)
    policy: WorkspacePolicy = field(default_factory=WorkspacePolicy)


class PrincipalKind(StrEnum):
    """What a principal is: a person who manages, one who uses, a program, or several of them."""

    MEMBER = "member"
    END_USER = "end_user"
    CLIENT = "client"
    GROUP = "group"


EMAIL_PROVIDER = "email"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as a provider knows them. The provider `email` proves an address by letter."""

    provider: str
    subject: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever can hold scopes in one workspace; `owner_id` is a person who answers for it."""

    id: str
    workspace_id: str
    kind: PrincipalKind
    name: str
    identity: Identity | None
    created_at: datetime
    disabled_at: datetime | None = None
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope given to a principal."""

    principal_id: str
    scope: str
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role given to a principal."""

    principal_id: str
    role: str
    assigned_by: str
    assigned_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A person asked to become a member. `secret_hash` is the mailed link's."""

    id: str
    workspace_id: str
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    secret_hash: str

    def is_pending(self, now: datetime) -> bool:
        return now < self.expires_at


# --- clients ----------------------------------------------------------------------------------


class ClientType(StrEnum):
    """The kinds of client. Which grant types each may use: `core.oauth.GRANTS_OF_TYPE`."""

    PKCE = "pkce"
    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"
    DEVICE = "device"


class ScopeDefault(StrEnum):
    """What a person's client gets when it names no scope: everything held, or nothing."""

    HELD = "held"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One of a client's secrets; after a rotation the old one goes on until `expires_at`."""

    hash: str
    created_at: datetime
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Client:
    """An application or device registered for OAuth. Every client is a principal of the same id.

    `document_url` is there for a client whose id in the protocol is the address of its metadata
    document, `registration_token_hash` for one that registered itself (RFC 7592 §3).
    """

    id: str
    workspace_id: str
    name: str
    type: ClientType
    redirect_uris: tuple[str, ...]
    secrets: tuple[ClientSecret, ...]
    require_pkce: bool
    allow_both_auth_methods: bool
    scope_default: ScopeDefault
    grant_types: frozenset[str]
    tokens: TokenOverrides
    created_at: datetime
    registration: ClientRegistration = PLAIN
    document_url: str | None = None
    document_expires_at: datetime | None = None
    registration_token_hash: str | None = None

    @property
    def client_id(self) -> str:
        """The client's name in the protocol."""
        return self.document_url or self.id

    @property
    def principal(self) -> Principal:
        """The principal that the client is."""
        return Principal(
            self.id, self.workspace_id, PrincipalKind.CLIENT, self.name, None, self.created_at
        )

    @property
    def is_confidential(self) -> bool:
        return self.type in (ClientType.AUTHORIZATION_CODE, ClientType.CLIENT_CREDENTIALS)


@dataclass(frozen=True, slots=True)
class RegistrationToken:
    """What lets clients register themselves, as often as they like until it expires."""

    id: str
    workspace_id: str
    hash: str
    note: str
    created_by: str
    created_at: datetime
    expires_at: datetime


# --- authorizations, sessions, keys ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization that waits for the person."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An authorization whose code is on its way."""

    principal_id: str
    code_hash: str
    authenticated_at: datetime
    approved_at: datetime
    sign_in_hash: str | None = None
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """An authorization whose code has been exchanged; a second exchange ends its session."""

    session_id: str
    redeemed_at: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """An authorization that was refused, or whose code was tried wrongly too often."""

    denied_at: datetime


Stage = Asked | Approved | Redeemed | Denied


@dataclass(frozen=True, slots=True)
class Authorization:
    """One request at `/authorize`, from asking to redemption."""

    id: str
    workspace_id: str
    client_id: str
    redirect_uri: str
    redirect_uri_was_sent: bool
    requested: Requested
    code_challenge: str | None
    state: str | None
    nonce: str | None
    prompt: frozenset[str]
    stage: Stage
    created_at: datetime
    expires_at: datetime
    particulars: Particulars = NO_PARTICULARS

    def approve(
        self,
        principal_id: str,
        code_hash: str,
        *,
        sign_in: SignIn,
        at: datetime,
        acr: str | None = None,
    ) -> Authorization:
        """The person said yes in this signed-in browser: a code exists from now on."""
        if not isinstance(self.stage, Asked) or at >= self.expires_at:
            raise NotNow("This request has been answered already or is too old. Start again.")
        approved = Approved(
            principal_id,
            code_hash,
            sign_in.authenticated_at,
            approved_at=at,
            sign_in_hash=sign_in.cookie_hash,
            acr=acr,
        )
        return replace(self, stage=approved)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has approved for a client: what was asked, not what was given."""

    principal_id: str
    client_id: str
    requested: Requested
    at: datetime

    def added_to(self, earlier: Consent | None) -> Consent:
        """Approvals add up: or requests that alternate would be asked about for ever."""
        if earlier is None:
            return self
        return replace(self, requested=self.requested.joined_with(earlier.requested))


@dataclass(frozen=True, slots=True)
class Session:
    """What a refresh token continues. It holds what was asked for, never what was given.

    `sign_in_hash` is the browser's sign-in that it began with: signing out there ends it.
    """

    id: str
    workspace_id: str
    principal_id: str
    client_id: str
    requested: Requested
    authenticated_at: datetime
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_why: str | None = None
    terms: SessionTerms = NO_TERMS
    sign_in_hash: str | None = None

    def is_active(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of a session's chain; one unconsumed token a session."""

    hash: str
    session_id: str
    issued_at: datetime
    consumed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """One refresh token, by its hash, follows another: a use of the session, which goes on."""

    session_id: str
    hash: str
    following: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a principal. `requested = EVERYTHING` is `inherit`, resolved at each use.

    `parent_id` is the key by which it was made, `tags` what it is restricted to (none: to nothing).
    Where it was last used from is a network address, what for the pattern of a route.
    """

    id: str
    principal_id: str
    workspace_id: str
    secret_hash: str
    requested: Requested
    note: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    parent_id: str | None = None
    tags: tuple[str, ...] = ()
    last_used_from: str | None = None
    last_used_for: str | None = None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def inherits(self) -> bool:
        return self.requested == EVERYTHING


# --- signing in -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MagicLink:
    """A mailed link with its short code: used once, and only by POST.

    `browser_hash` is of the cookie set with the form; None for letters that no browser asked for.
    `code_hash` is of the short code, which counts only in that browser. `principal_id` is the
    end-user whom the letter invites.
    """

    hash: str
    email: str
    browser_hash: str | None
    code_hash: str | None
    continue_to: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    principal_id: str | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser that proved an identity; `state` is what its provider said, for tokens."""

    cookie_hash: str
    identity: Identity
    authenticated_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    state: Mapping[str, Any] = field(default_factory=dict)


# --- data -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Metadata:
    """A JSON value by principal and key."""

    principal_id: str
    key: str
    value: Any
    updated_by: str
    updated_at: datetime


class EndpointAuthentication(StrEnum):
    """Who may post to an endpoint: bearers of tokens and keys, or anybody."""

    OAUTH2 = "oauth2"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where datapoints come in. No `active_since` means: switched off."""

    id: str
    workspace_id: str
    name: str
    url_path: str
    authentication: EndpointAuthentication
    write_scope: str | None
    clients: frozenset[str]
    read: bool
    created_at: datetime
    active_since: datetime | None


@dataclass(frozen=True, slots=True)
class Export:
    """Where datapoints come out. `endpoint_id` None means: of all endpoints."""

    id: str
    workspace_id: str
    name: str
    path: str
    endpoint_id: str | None
    auth_methods: frozenset[str]
    required_scope: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One measurement as it came, and who sent it. Append-only; the context is a frozen copy."""

    id: str
    workspace_id: str
    endpoint_id: str
    received_at: datetime
    payload: Any
    source_ip: str | None
    authentication_method: str
    principal_id: str | None
    client_id: str | None
    ingest_context: Any


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """An outside broker to subscribe to. It is kept; the connector that reads it comes later."""

    id: str
    workspace_id: str
    name: str
    broker_url: str
    topic_filter: str
    write_scope: str | None
    created_at: datetime
    active_since: datetime | None


# --- keys, revocations, audit -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of a workspace: published, then signing from `signs_from`, then only verifying.

    `private_key` is PKCS#8 PEM, or its encryption where a key for that is configured.
    """

    id: str
    workspace_id: str
    algorithm: str
    private_key: bytes
    public_jwk: dict[str, str]
    published_at: datetime
    signs_from: datetime
    retired_at: datetime | None = None
    forget_at: datetime | None = None


class ChangeKind(StrEnum):
    """What a change of authority was about. The first four are served as the revocation feed."""

    TOKEN = "token"
    SESSION = "session"
    CLIENT = "client"
    PRINCIPAL = "principal"
    API_KEY = "api_key"
    HOLDINGS = "holdings"
    GROUP = "group"
    ACCESS_TAG = "access_tag"
    VOCABULARY = "vocabulary"
    WORKSPACE = "workspace"
    SIGNING_KEY = "signing_key"


REVOCATIONS = frozenset(
    {ChangeKind.TOKEN, ChangeKind.SESSION, ChangeKind.CLIENT, ChangeKind.PRINCIPAL}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of authority or liveness in a workspace; `version` counts without gaps.

    `forget_at` is when no credential can outlive it any more; None for what revokes nothing.
    """

    workspace_id: str
    version: int
    kind: ChangeKind
    subject_id: str
    at: datetime
    forget_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What is remembered of an access token, so that each can be accounted for and revoked."""

    id: str
    workspace_id: str
    principal_id: str
    client_id: str
    session_id: str | None
    scopes: Scopes
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Who did what, by which means, with values before and after; never a secret."""

    id: str
    workspace_id: str
    at: datetime
    actor: str
    via: str
    operation: str
    target: str
    details: dict[str, Any]
