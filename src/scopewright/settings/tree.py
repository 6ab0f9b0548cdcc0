"""The tree of settings: every key, its type and its default."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from scopewright.core.model import TokenOverrides
from scopewright.core.tokens import TokenSettings, check_overrides
from scopewright.settings.authentication import AccessControlSettings, AuthenticationSettings
from scopewright.settings.section import Section

_UNITS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
SHORTEST_FRESH = timedelta(minutes=1)
_LONGEST = 3650 * 86400
_DURATION = re.compile(r"(\d+)\s*(s|min|m|h|d|)")


def _duration(value: Any) -> Any:
    """Whole seconds, or a number with its unit: `90 s`, `15 min`, `1 h`, `30 d`."""
    if isinstance(value, timedelta):
        return value
    parts = None if isinstance(value, bool) else _DURATION.fullmatch(str(value).strip())
    if parts is None:
        raise ValueError("write a whole number with a unit: 90 s, 15 min, 1 h, 30 d")
    seconds = int(parts[1]) * _UNITS[parts[2]]
    if seconds > _LONGEST:
        raise ValueError("ten years are the longest")
    return timedelta(seconds=seconds)


Duration = Annotated[timedelta, BeforeValidator(_duration)]


def _checked_addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    for address in addresses:
        try:
            ip_address(address)
        except ValueError:
            raise ValueError(f"{address} is no address: write one such as 10.0.0.1") from None
    return addresses


class ServerSettings(Section):
    """Where the server listens, and how the world reaches it."""

    host: str = "127.0.0.1"
    """The address to listen at; `0.0.0.0` and `::` are all of the machine."""
    port: int = Field(8080, ge=0, le=65535)
    """The port to listen at; 0 takes a free one."""
    workers: int = Field(1, ge=1, le=64)
    """How many processes serve."""
    public_url: str = ""
    """How the world reaches the server, without a path; default: the address listened at."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose word counts: who is behind them, and what they ask the gateway about."""
    tls_certificate: str = ""
    """A PEM file: the server's certificate with those above it. With it, https is served."""
    tls_key: str = ""
    """A PEM file: the private key of that certificate."""
    tls_client_ca: str = ""
    """A PEM file: the authorities whose certificates prove clients (`tls_client_auth`)."""
    client_certificate_header: str = ""
    """Where trusted proxies tell a client's certificate: as RFC 9440 has it, or escaped PEM."""
    query_api_keys: bool = False
    """Whether an API key may stand in the address of a request to the API or for data."""

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, url: str) -> str:
        parts = urlsplit(url.rstrip("/"))
        if url and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("write a whole URL, such as https://auth.example")
        if parts.path or parts.query or parts.fragment:
            raise ValueError("the public URL has no path of its own: https://auth.example")
        return url.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_addresses(proxies)

    @field_validator("client_certificate_header")
    @classmethod
    def _is_a_header(cls, name: str) -> str:
        if re.fullmatch(r"[A-Za-z0-9-]*", name) is None:
            raise ValueError("write the name of a header, such as Client-Cert")
        return name

    @model_validator(mode="after")
    def _fit_together(self) -> ServerSettings:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key belong together: name both")
        if self.tls_certificate and self.public_url.startswith("http://"):
            raise ValueError("with tls_certificate the public_url begins with https://")
        if self.client_certificate_header and not self.trusted_proxies:
            raise ValueError(
                "client_certificate_header is believed from trusted_proxies only: name them"
            )
        if self.tls_client_ca and not self.takes_client_certificates:
            raise ValueError(
                "tls_client_ca needs tls_certificate or client_certificate_header:"
                " without them no client can show a certificate"
            )
        return self

    @property
    def takes_client_certificates(self) -> bool:
        """Whether a client's certificate can arrive: by our own TLS, or from a proxy."""
        by_tls = bool(self.tls_certificate and self.tls_client_ca)
        return by_tls or bool(self.client_certificate_header)

    @property
    def url(self) -> str:
        """The public URL; where none is set, the address that is listened at."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.tls_certificate else "http"
        return self.public_url or f"{scheme}://{host}:{self.port}"


class DatabaseSettings(Section):
    """Where everything is remembered."""

    url: str = "sqlite:///./scopewright-data/scopewright.db"
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        return url


class MailSettings(Section):
    """How letters leave: `console:`, `file:DIR`, `smtp://host:port` or `smtps://host:port`."""

    url: str = "console:"
    """`console:` prints letters, `file:DIR` writes them; or `smtp://…`, `smtps://…`."""
    sender: str = "Scopewright <scopewright@localhost>"
    """Whom letters come from."""


class NamingSettings(Section):
    """How this instance spells its own words; fixed at the first start."""

    internal_prefix: str = Field("iotman", pattern=r"^[a-z][a-z0-9-]{0,31}$")
    """How scopes that open operations here begin."""
    role_prefix: str = Field("mdsp", pattern=r"^[a-z][a-z0-9-]{0,31}$")
    """How roles of applications begin."""


class TokensSettings(Section):
    """How long tokens live, and by which algorithm they are signed."""

    access_lifetime: Duration = timedelta(hours=1)
    """How long an access token is good."""
    refresh_lifetime: Duration = timedelta(days=30)
    """How long a session lives without being refreshed."""
    session_lifetime: Duration = timedelta(days=365)
    """How long a session lives at most, however often it is refreshed."""
    refresh_grace: Duration = timedelta(seconds=10)
    """How long a used refresh token gets the same answer again; 0 is never."""
    live_scopes: bool = False
    """Whether our own endpoints look at what is held now, not at the token."""
    signing_algorithm: Literal["ES256", "RS256"] = "ES256"
    """How access tokens are signed."""
    dpop_nonces: bool = False
    """Whether every DPoP proof must carry a nonce of ours."""

    def policy(self) -> TokenSettings:
        """These settings as the core takes them."""
        check_overrides(
            TokenOverrides(
                access_lifetime=int(self.access_lifetime.total_seconds()),
                refresh_lifetime=int(self.refresh_lifetime.total_seconds()),
                session_lifetime=int(self.session_lifetime.total_seconds()),
                refresh_grace=int(self.refresh_grace.total_seconds()),
            )
        )
        return TokenSettings(
            access_lifetime=self.access_lifetime,
            refresh_lifetime=self.refresh_lifetime,
            session_lifetime=self.session_lifetime,
            refresh_grace=self.refresh_grace,
            live_scopes=self.live_scopes,
            signing_algorithm=self.signing_algorithm,
        )


class SignInSettings(Section):
    """How people sign in by letter."""

    link_lifetime: Duration = timedelta(minutes=15)
    """How long a sign-in link is good."""
    invitation_lifetime: Duration = timedelta(days=7)
    """How long an invitation is good."""
    browser_lifetime: Duration = timedelta(days=30)
    """How long a browser stays signed in."""
    fresh_for: Duration = timedelta(minutes=15)
    """How long after its sign-in a browser may do what is dangerous; then it signs in again."""
    letters: int = Field(5, ge=1)
    """How many letters one address gets within the window."""
    letters_a_source: int = Field(20, ge=1)
    """How many letters one network address may ask for within the window."""
    letters_window: Duration = timedelta(minutes=15)
    """The window in which letters are counted."""
    code_tries: int = Field(5, ge=1)
    """How often a code may be mistyped."""
    passwords: int = Field(10, ge=1)
    """How many passwords may be tried for one name from one network address within the window."""
    passwords_a_source: int = Field(100, ge=1)
    """How many passwords may be tried from one network address within the window."""
    passwords_a_name: int = Field(100, ge=1)
    """From how many tries for one name on every network address has only a few of its own."""
    passwords_window: Duration = timedelta(minutes=15)
    """The window in which passwords are counted."""
    registration: Literal["closed", "open"] = "closed"
    """`open`: a new address gets a workspace of its own."""

    @field_validator("fresh_for")
    @classmethod
    def _leaves_time_to_act(cls, span: timedelta) -> timedelta:
        if span < SHORTEST_FRESH:
            raise ValueError("a minute is the shortest: nobody can fill in a form in less")
        return span


class KeysSettings(Section):
    """How signing keys follow one another, and how they are kept."""

    publish_before: Duration = timedelta(hours=2)
    """How long a key is published before it signs."""
    rotate_after: Duration = timedelta(days=90)
    """How long a key signs before the next one follows."""
    encryption_key: SecretStr | None = None
    """32 bytes in base64url that encrypt private keys in the database."""


class MetricsSettings(Section):
    """Who may read the figures of the whole process, beside the instance's administrators."""

    addresses: tuple[str, ...] = ()
    """Addresses that read `/metrics` without a credential, such as a Prometheus server's."""

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        return _checked_addresses(addresses)


class WorkspacesSettings(Section):
    """Who may create workspaces."""

    creation: Literal["members", "administrators"] = "members"
    """Who may create workspaces."""


class LimitsSettings(Section):
    """How much is taken in at once."""

    body: int = Field(1 << 20, ge=1024)
    """Bytes of a request."""
    batch_body: int = Field(10 << 20, ge=1024)
    """Bytes of a batch of datapoints."""
    batch_rows: int = Field(10_000, ge=1)
    """Datapoints in a batch."""
    json_depth: int = Field(64, ge=4, le=200)
    """Levels of nesting in JSON."""
    metadata_value: int = Field(8 << 10, ge=64)
    """Bytes of one attached value."""
    roles: int = Field(10_000, ge=10)
    """Roles of a workspace's own."""
    role_depth: int = Field(100, ge=2)
    """How deep roles may stand in one another."""
    api_keys: int = Field(100, ge=1)
    """Live API keys of a principal."""


class OutboundSettings(Section):
    """What the server asks of others: clients' keys and metadata documents, logout notices."""

    allow: tuple[str, ...] = ()
    """Hosts, `host` or `host:port`, that may have private addresses or another port than 443."""
    ca_file: str = ""
    """Certificate authorities in PEM to believe besides the public ones."""
    timeout: Duration = timedelta(seconds=5)
    """How long one request may take as a whole."""
    limit: int = Field(256 << 10, ge=1024)
    """Bytes of an answer."""


class Settings(Section):
    """The whole tree."""

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    mail: MailSettings = MailSettings()
    naming: NamingSettings = NamingSettings()
    tokens: TokensSettings = TokensSettings()
    sign_in: SignInSettings = SignInSettings()
    keys: KeysSettings = KeysSettings()
    workspaces: WorkspacesSettings = WorkspacesSettings()
    metrics: MetricsSettings = MetricsSettings()
    limits: LimitsSettings = LimitsSettings()
    outbound: OutboundSettings = OutboundSettings()
    authentication: AuthenticationSettings = AuthenticationSettings()
    access_control: AccessControlSettings = AccessControlSettings()
    catalogues: tuple[str, ...] = ()
    """Files of the site's own catalogues; each is called as its file is, without the ending."""
    administrators: tuple[str, ...] = ()
    """Addresses that administer the whole instance."""
    trees: tuple[Any, ...] = ()
    """Tiled's; without a meaning here."""
