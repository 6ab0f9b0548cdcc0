"""What may be sent, as pydantic models. Members that are not named here are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from scopewright.core.client_metadata_members import READERS

LONGEST_TEXT = 4000
MOST_CLIENTS = 1000
MOST_NAMES = 1000
MOST_EDITS = 100


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("NUL is not allowed")
    return text


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_without_nul)]


NAME_GRAMMAR: dict[str, Any] = {
    "pattern": "^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$",
    "minLength": 1,
    "maxLength": 128,
}


# The grammar is the core's to keep; here it is only told, to those who read the document.
def told(**schema: Any) -> Any:
    return Field(json_schema_extra=schema)


Email = Annotated[Text, told(format="email", maxLength=254)]
Name = Annotated[Text, told(**NAME_GRAMMAR)]
Title = Annotated[Text, told(pattern=r"^[^\x00-\x1f\x7f-\x9f]+$", minLength=1, maxLength=128)]
Slug = Annotated[Text, told(pattern="^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", maxLength=63)]
UrlPath = Annotated[Text, told(pattern="^[a-z0-9_-]+$", maxLength=64)]
BrokerUrl = Annotated[Text, told(pattern="^mqtts?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?$")]
HttpsUrl = Annotated[Text, told(pattern="^https://[^#]+$")]
RedirectUri = Annotated[Text, told(format="uri")]
Algorithm = Annotated[Text, told(enum=["ES256", "RS256"])]


class Body(BaseModel):
    """A JSON object with exactly these members; no value is converted to another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]


class NewScope(Body):
    """A scope to define; whoever holds it holds what it implies as well."""

    name: Name
    description: Text | None = None
    implies: Names = []


class ScopeChange(Body):
    """What to change about a scope; `implies` replaces the present list."""

    description: Text | None = None
    implies: Names | None = None


class NewRole(Body):
    """A role to define; `includes` are roles, by any of their spellings."""

    name: Name
    description: Text | None = None
    scopes: Names = []
    includes: Names = []


class RoleChange(Body):
    """What to change about a role; each list that is named replaces the present one."""

    description: Text | None = None
    scopes: Names | None = None
    includes: Names | None = None


class RoleMappingBody(Body):
    """The role that is to stand for an include."""

    role: Name


class RoleEdit(Body):
    """What a role is to say; each list that is named replaces the present one."""

    scopes: Names | None = None
    includes: Names | None = None


class ScopeEdit(Body):
    """What a scope is to imply."""

    implies: Names | None = None


class Edits(Body):
    """A change to look at before it is made, by name; null: the role, scope or mapping goes."""

    roles: dict[Name, RoleEdit | None] = Field({}, max_length=MOST_EDITS)
    scopes: dict[Name, ScopeEdit | None] = Field({}, max_length=MOST_EDITS)
    mappings: dict[Name, Name | None] = Field({}, max_length=MOST_EDITS)


class NewEndUser(Body):
    """An address to invite, with at least one scope of either kind or role."""

    email: Email
    scopes: list[Name] = []
    internal_scopes: list[Name] = []
    roles: list[Name] = []


class NewGrant(Body):
    """A scope to grant."""

    scope: Name


class NewGroup(Body):
    """A group to make; no other of the workspace has its name, in whatever letter case."""

    name: Title


class NewPrincipal(Body):
    """A service principal to make, with its first roles; `owner` is a person's id or address."""

    name: Title
    roles: Names = []
    owner: Text | None = None


class PrincipalChange(Body):
    """What to change about a service principal; null takes the owner away."""

    name: Title | None = None
    owner: Text | None = None


class NewMetadata(Body):
    """A value to attach; null is a value too."""

    value: Any


class TokenChange(Body):
    """Token settings to change, in seconds; null: as the level above says."""

    access_lifetime: int | None = None
    refresh_lifetime: int | None = None
    session_lifetime: int | None = None
    refresh_grace: int | None = None
    live_scopes: bool | None = None
    signing_algorithm: Algorithm | None = None


class KeyPolicyChange(Body):
    """What keys must be; what is not named, or null, is demanded of none. Seconds; names."""

    maximum_lifetime: int | None = None
    must_expire: bool = False
    scopes: Names | None = None


class PolicyChange(Body):
    """What to change about a workspace's policy; `resources` and `api_keys` are replaced."""

    security_profile: Literal["default", "fapi2"] | None = None
    client_registration: Literal["closed", "token", "open"] | None = None
    client_id_metadata_documents: bool | None = None
    resources: dict[Text, list[Name]] | None = None
    api_keys: KeyPolicyChange | None = None


# The core reads the values; here it is only told which members there are.
Registration = Annotated[
    dict[str, Any], told(propertyNames={"enum": sorted(READERS)}), Field(max_length=len(READERS))
]


class ClientChange(Body):
    """What to change about a client; null counts as not named; a list replaces the present one."""

    name: Title | None = None
    redirect_uris: list[RedirectUri] | None = None
    require_pkce: bool | None = None
    allow_both_auth_methods: bool | None = None
    scope_default: Literal["held", "none"] | None = None
    grant_types: list[Text] | None = None
    tokens: TokenChange | None = None
    registration: Registration | None = None


class NewClient(Body):
    """A client to register. Redirect URIs belong to the types through which people act."""

    name: Title
    type: Literal["pkce", "authorization_code", "client_credentials", "device"]
    redirect_uris: list[RedirectUri] = []
    require_pkce: bool = True
    allow_both_auth_methods: bool = False
    scope_default: Literal["held", "none"] | None = None
    tokens: TokenChange | None = None
    registration: Registration | None = None


class NewRegistrationToken(Body):
    """A token by which clients register themselves, for so many seconds: a day if none is named."""

    note: Text = ""
    expires_in: int = Field(86_400, ge=1, le=90 * 86_400)


class SecretRotation(Body):
    """How many seconds the earlier secrets go on; 0 ends them at once."""

    overlap: int = Field(86_400, ge=0, le=30 * 86_400)


class Activation(Body):
    """Whether something is to be switched on."""

    active: bool


class NewEndpoint(Body):
    """An endpoint to create; `url_path` is made from the name where it is missing."""

    name: Title
    url_path: UrlPath | None = None
    auth: Literal["oauth2", "none"] = "oauth2"
    write_scope: Name | None = None
    clients: list[Text] = Field([], max_length=MOST_CLIENTS)
    read: bool = False


class EndpointChange(Body):
    """What to change about an endpoint; null takes the scope away, elsewhere it is not named."""

    name: Title | None = None
    url_path: UrlPath | None = None
    auth: Literal["oauth2", "none"] | None = None
    write_scope: Name | None = None
    clients: list[Text] | None = Field(None, max_length=MOST_CLIENTS)
    read: bool | None = None


class NewExport(Body):
    """An export to create; without an endpoint it is of all of them."""

    name: Title
    path: UrlPath | None = None
    endpoint: Text | None = None
    auth_methods: list[Literal["oauth2", "none"]] = Field(["oauth2"], max_length=2)
    required_scope: Name | None = None


class ExportChange(Body):
    """What to change about an export; null takes the scope or endpoint away."""

    name: Title | None = None
    path: UrlPath | None = None
    endpoint: Text | None = None
    auth_methods: list[Literal["oauth2", "none"]] | None = Field(None, max_length=2)
    required_scope: Name | None = None


class NewMqttConfig(Body):
    """An outside broker to read; `topic_filter` has at most 65535 bytes."""

    name: Title
    broker_url: BrokerUrl
    topic_filter: str
    write_scope: Name | None = None


class MqttConfigChange(Body):
    """What to change about an outside broker; null takes the scope away."""

    name: Title | None = None
    broker_url: BrokerUrl | None = None
    topic_filter: str | None = None
    write_scope: Name | None = None


class IssuerRule(Body):
    """Which assertions speak for a client: those that carry each of these claims so."""

    claims: dict[Text, Text | int | bool] = Field(max_length=20)
    client_id: Text


class TrustedIssuerChange(Body):
    """What to change about a trusted issuer; null counts as not named; rules are replaced."""

    audience: Text | None = None
    jwks_uri: HttpsUrl | None = None
    jwks: dict[str, Any] | None = None
    rules: list[IssuerRule] | None = Field(None, max_length=100)
    single_use: bool | None = None


class NewTrustedIssuer(Body):
    """An outside issuer to trust, with its keys or where they are."""

    issuer: HttpsUrl
    audience: Text | None = None
    jwks_uri: HttpsUrl | None = None
    jwks: dict[str, Any] | None = None
    rules: list[IssuerRule] = Field(min_length=1, max_length=100)
    single_use: bool | None = None
