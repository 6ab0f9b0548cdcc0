"""Mutual TLS (RFC 8705): clients proved by certificates, and tokens bound to them.

Certificates arrive in the header of a proxy, which is this test itself, nginx, or nobody trusted;
and by TLS that `scopewright serve` ends itself.
"""

from __future__ import annotations

import ssl
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey
from pydantic import ValidationError

from scopewright.core.model import ClientType, WorkspacePolicy
from scopewright.core.registration import ClientRegistration
from scopewright.settings import Settings
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.gateway.proxies import tls_proxy
from tests.migrated import migrated_file
from tests.protocol.issuer import (
    Answer,
    Issuer,
    KnownClient,
    Site,
    assert_refused,
    bearer,
    running_site,
)
from tests.servers import Installation
from tests.tls import HERE, Certificate, CertificateAuthority

HEADER = "Client-Cert"
SUBJECT = x509.Name(
    [
        x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]),
        x509.RelativeDistinguishedName(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Pumps, Valves & Co")]
        ),
        x509.RelativeDistinguishedName(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, "pump 7"),
                x509.NameAttribute(NameOID.USER_ID, "7"),
            ]
        ),
    ]
)
DN = "CN=pump 7+UID=7,O=Pumps\\, Valves & Co,C=DE"


def as_structured_field(certificate: Certificate) -> str:
    """RFC 9440 §2.1."""
    return f":{b64encode(certificate.der).decode()}:"


def as_escaped_pem(certificate: Certificate) -> str:
    """nginx's `$ssl_client_escaped_cert`."""
    return quote(certificate.pem, safe="")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """Who issues clients' certificates; it lives when the frozen clock does."""
    return CertificateAuthority(tmp_path_factory.mktemp("clients"), now=FrozenClock().now)


@pytest.fixture(scope="module")
def proxied(
    authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server behind a trusted proxy: whoever calls from this machine."""
    url = migrated_file(tmp_path_factory.mktemp("proxied") / "scopewright.db")
    server = {
        "trusted_proxies": ("127.0.0.1",),
        "client_certificate_header": HEADER,
        "tls_client_ca": str(authority.ca_file),
    }
    with running_site(url, server=server) as running:
        yield running


@pytest.fixture
def issuer(proxied: Site) -> Issuer:
    return Issuer.new(proxied)


@dataclass(frozen=True)
class Device:
    """A client that shows a certificate."""

    issuer: Issuer
    client: KnownClient
    certificate: Certificate

    def ask(self, certificate: Certificate | None = None, **form: str) -> Answer:
        shown = {HEADER: as_structured_field(certificate or self.certificate)}
        return self.ask_with(shown, **form)

    def ask_with(self, headers: Any, **form: str) -> Answer:
        asked = {"grant_type": "client_credentials", "client_id": self.client.id, **form}
        return self.issuer.post("token", asked, headers=headers)


def device(issuer: Issuer, certificate: Certificate, *held: str, **said: Any) -> Device:
    """A client with `tls_client_auth` that registers these members."""
    registration = ClientRegistration("tls_client_auth", **said)
    client = issuer.register(ClientType.CLIENT_CREDENTIALS, held, registration=registration)
    return Device(issuer, client, certificate)


def own_key(issuer: Issuer, certificate: Certificate, **said: Any) -> Device:
    """A client with `self_signed_tls_client_auth` that registers the certificate's key."""
    jwk = ECKey.import_key(certificate.key.read_bytes()).as_dict(private=False)
    jwks = {"keys": [{**jwk, "x5c": [b64encode(certificate.der).decode()]}]}
    registration = ClientRegistration("self_signed_tls_client_auth", **{"jwks": jwks, **said})
    client = issuer.register(ClientType.CLIENT_CREDENTIALS, registration=registration)
    return Device(issuer, client, certificate)


def refused(answer: Answer) -> None:
    assert_refused(answer, 401, "invalid_client")


def thumbprint(certificate: Certificate) -> str:
    return urlsafe_b64encode(sha256(certificate.der).digest()).rstrip(b"=").decode()


# --- tls_client_auth (§2.1) ---------------------------------------------------------------------


@pytest.mark.parametrize("spelled", [as_structured_field, as_escaped_pem])
def test_a_client_is_proved_by_the_subject_of_its_certificate(
    issuer: Issuer, authority: CertificateAuthority, spelled: Any
) -> None:
    pump = device(
        issuer, authority.issue(subject=SUBJECT), "sensor:read", tls_client_auth_subject_dn=DN
    )
    answer = pump.ask_with({HEADER: spelled(pump.certificate)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "sensor:read"


@pytest.mark.parametrize(
    "dn",
    [
        "UID=7+CN=pump 7,O=Pumps\\, Valves & Co,C=DE",
        "cn=Pump  7+uid=7,o=PUMPS\\2C valves & co,c=de",
        "2.5.4.3=pump 7+0.9.2342.19200300.100.1.1=7,O=Pumps\\, Valves & Co,C=DE",
    ],
)
def test_subjects_are_compared_as_names_and_not_as_texts(
    issuer: Issuer, authority: CertificateAuthority, dn: str
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=dn)
    assert pump.ask().status_code == 200


@pytest.mark.parametrize(
    "dn",
    [
        "CN=pump 8+UID=7,O=Pumps\\, Valves & Co,C=DE",
        "C=DE,O=Pumps\\, Valves & Co,CN=pump 7+UID=7",
        "CN=pump 7,UID=7,O=Pumps\\, Valves & Co,C=DE",
        "CN=pump 7+UID=7",
        "CN=pump 7+UID=7,O=Pumps\\, Valves & Co,C=DE,DC=x",
        "CN=Pumps\\, Valves & Co+UID=7,O=pump 7,C=DE",
        "CN=*+UID=7,O=Pumps\\, Valves & Co,C=DE",
        "",
        "pump 7",
        "CN=",
        "CN=pump 7+UID=7, O=Pumps",
    ],
)
def test_another_subject_is_another_client(
    issuer: Issuer, authority: CertificateAuthority, dn: str
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=dn)
    refused(pump.ask())


NAMES = ("pump7.example", "urn://pump/7", "192.0.2.7", "2001:db8::7", "pump7@example.com")


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        ("dns", ["pump7.example", "PUMP7.example"], ["example", "*.example", "pump7.example."]),
        ("uri", ["urn://pump/7"], ["urn://pump/8", "URN://pump/7", "urn://pump"]),
        ("ip", ["192.0.2.7", "2001:DB8:0:0::7"], ["192.0.2.8", "192.0.2.0/24", "pump7.example"]),
        ("email", ["pump7@example.com"], ["pump8@example.com", "example.com"]),
    ],
)
def test_a_client_is_proved_by_an_alternative_name(
    issuer: Issuer, authority: CertificateAuthority, member: str, good: list[str], bad: list[str]
) -> None:
    certificate = authority.issue(*NAMES)
    for value in good:
        assert device(issuer, certificate, **{MEMBER + member: value}).ask().status_code == 200
    for value in bad:
        refused(device(issuer, certificate, **{MEMBER + member: value}).ask())
    refused(device(issuer, authority.issue(), **{MEMBER + member: good[0]}).ask())


MEMBER = "tls_client_auth_san_"


def test_a_client_that_registered_two_names_needs_both(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    both = {"tls_client_auth_subject_dn": DN, "tls_client_auth_san_dns": "pump7.example"}
    named = authority.issue("pump7.example", subject=SUBJECT)
    assert device(issuer, named, **both).ask().status_code == 200
    refused(device(issuer, authority.issue(subject=SUBJECT), **both).ask())
    refused(device(issuer, authority.issue("pump7.example"), **both).ask())


def test_a_client_that_registered_no_name_is_proved_by_none(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    refused(device(issuer, authority.issue(subject=SUBJECT)).ask())


def test_the_same_name_from_another_authority_proves_nothing(
    issuer: Issuer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    other = CertificateAuthority(tmp_path, now=FrozenClock().now)  # of the same name, too
    for forged in (other.issue(subject=SUBJECT), authority.self_signed(SUBJECT)):
        refused(pump.ask(forged))


def test_a_certificate_for_servers_alone_proves_no_client(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    server_only = authority.issue(subject=SUBJECT, usage=[ExtendedKeyUsageOID.SERVER_AUTH])
    refused(device(issuer, server_only, tls_client_auth_subject_dn=DN).ask())


def test_the_authority_itself_is_no_client(issuer: Issuer, authority: CertificateAuthority) -> None:
    itself = Certificate(authority.ca_file, authority.ca_file)
    dn = itself.parsed.subject.rfc4514_string()
    refused(device(issuer, itself, tls_client_auth_subject_dn=dn).ask())


def test_a_certificate_counts_while_it_is_good(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, now=FrozenClock().now)
    server = {
        "trusted_proxies": ("127.0.0.1",),
        "client_certificate_header": HEADER,
        "tls_client_ca": str(authority.ca_file),
    }
    with running_site(migrated_file(tmp_path / "x.db"), server=server) as site:
        certificate = authority.issue(subject=SUBJECT, days=0.5)
        pump = device(Issuer.new(site), certificate, tls_client_auth_subject_dn=DN)
        assert pump.ask().status_code == 200
        site.clock.advance(hours=13)
        refused(pump.ask())
        site.clock.advance(days=-3)
        refused(pump.ask())


# --- self_signed_tls_client_auth (§2.2) ---------------------------------------------------------


def test_a_client_is_proved_by_the_key_it_has_registered(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    pump = own_key(issuer, authority.self_signed())
    assert pump.ask().status_code == 200
    refused(pump.ask(authority.self_signed()))
    refused(pump.ask(authority.issue(subject="Self-signed")))


def test_who_issued_it_and_until_when_says_nothing_of_a_registered_key(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    assert own_key(issuer, authority.self_signed(days=-1)).ask().status_code == 200


def test_another_clients_key_is_another_client(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    one, other = (own_key(issuer, authority.self_signed()) for _ in range(2))
    refused(one.ask(other.certificate))
    assert one.ask(client_id=other.client.id).status_code == 401


@pytest.mark.parametrize("jwks", [None, {"keys": []}, {"keys": [{"kty": "RSA"}]}, {}])
def test_a_client_without_a_usable_key_is_proved_by_none(
    issuer: Issuer, authority: CertificateAuthority, jwks: Any
) -> None:
    refused(own_key(issuer, authority.self_signed(), jwks=jwks).ask())


# --- what is beside it --------------------------------------------------------------------------


def test_without_a_certificate_or_with_a_secret_instead_it_is_refused(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    refused(pump.ask_with({}))
    refused(pump.ask_with({HEADER: ""}))
    refused(pump.ask(client_secret=pump.client.secret or ""))
    refused(issuer.token(pump.client))


def test_a_certificate_proves_no_client_of_another_method(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    machine = Device(issuer, issuer.machine("sensor:read"), authority.issue(subject=SUBJECT))
    refused(machine.ask())
    assert machine.ask(client_secret=machine.client.secret or "").status_code == 200


def test_an_unknown_client_is_refused_with_the_same_words(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    pump = device(issuer, authority.issue(), tls_client_auth_subject_dn=DN)
    unknown = pump.ask(client_id="0192f0c1-7e57-7000-8000-00000000dead")
    refused(unknown)
    assert unknown.text == pump.ask().text


@pytest.mark.parametrize(
    "value",
    [":", "::", ":!:", ":AAAA", "AAAA:", "AAAA", "%", "-----BEGIN%20CERTIFICATE-----", ":AA AA:"],
)
def test_what_is_no_certificate_is_refused(
    issuer: Issuer, authority: CertificateAuthority, value: str
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    assert pump.ask_with({HEADER: value}).status_code in (400, 401)


def test_octets_that_are_no_certificate_prove_nothing(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    whole = as_structured_field(authority.issue(subject=SUBJECT))
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    for octets in (":AAAA:", f"{whole[:401]}:", ":" + "A" * 20_000 + ":"):
        assert pump.ask_with({HEADER: octets}).status_code in (400, 401)
    refused(own_key(issuer, pump.certificate).ask_with({HEADER: ":AAAA:"}))


def test_two_certificates_at_once_are_refused(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    value = as_structured_field(pump.certificate)
    twice = pump.ask_with([(HEADER, value), (HEADER, value)])
    assert_refused(twice, 400, "invalid_request")
    assert_refused(pump.ask_with({HEADER: f"{value}, {value}"}), 400, "invalid_request")


def test_introspection_and_revocation_take_it_too(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    pump = device(issuer, authority.issue(subject=SUBJECT), tls_client_auth_subject_dn=DN)
    token = pump.ask().json()["access_token"]
    shown = {HEADER: as_structured_field(pump.certificate)}
    form = {"token": token, "client_id": pump.client.id}
    assert issuer.post("introspect", form, headers=shown).json()["active"] is True
    refused(issuer.post("introspect", form))
    refused(issuer.post("revoke", form))
    assert issuer.post("revoke", form, headers=shown).status_code == 200
    assert issuer.post("introspect", form, headers=shown).json()["active"] is False


# --- bound tokens (§3) --------------------------------------------------------------------------

BOUND: dict[str, Any] = {"tls_client_certificate_bound_access_tokens": True}


def test_a_token_is_bound_to_the_certificate_where_the_client_registered_so(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    certificate = authority.issue(subject=SUBJECT)
    pump = device(issuer, certificate, tls_client_auth_subject_dn=DN, **BOUND)
    told = issuer.introspect(issuer.machine(), pump.ask().json()["access_token"])
    assert told["cnf"] == {"x5t#S256": thumbprint(certificate)}
    free = device(issuer, certificate, tls_client_auth_subject_dn=DN)
    assert "cnf" not in issuer.introspect(issuer.machine(), free.ask().json()["access_token"])


def test_a_client_proved_by_a_secret_may_bind_its_tokens_too(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    certificate = authority.self_signed()
    machine = issuer.machine(registration=ClientRegistration(**BOUND))
    shown = {HEADER: as_structured_field(certificate)}
    form = {"grant_type": "client_credentials"}
    answer = issuer.post("token", form, machine, headers=shown)
    told = issuer.introspect(issuer.machine(), answer.json()["access_token"])
    assert told["cnf"] == {"x5t#S256": thumbprint(certificate)}
    assert_refused(issuer.post("token", form, machine), 400, "invalid_request")


def test_a_bound_token_needs_its_certificate_where_it_is_shown(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    certificate = authority.self_signed()
    machine = issuer.machine("iotman:scopes:read", registration=ClientRegistration(**BOUND))
    shown = {HEADER: as_structured_field(certificate)}
    form = {"grant_type": "client_credentials"}
    token = issuer.post("token", form, machine, headers=shown).json()["access_token"]
    page = f"{issuer.site.url}/api/workspaces/{issuer.id}/scopes"
    other = {HEADER: as_structured_field(authority.self_signed())}
    assert issuer.http.get(page, headers={**bearer(token), **shown}).status_code == 200
    for wrong in ({}, other, {HEADER: ""}):
        assert issuer.http.get(page, headers={**bearer(token), **wrong}).status_code == 401


def test_a_public_clients_session_is_bound_to_its_certificate(
    issuer: Issuer, authority: CertificateAuthority
) -> None:
    certificate = authority.self_signed()
    app = issuer.phone_app(registration=ClientRegistration(**BOUND))
    code = issuer.code(app, issuer.person("sensor:read"))
    shown = {HEADER: as_structured_field(certificate)}
    redeemed = issuer.http.post(
        f"{issuer.issuer}/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://127.0.0.1:9/callback",
            "code_verifier": "v" * 43,
            "client_id": app.id,
        },
        headers=shown,
    )
    assert redeemed.status_code == 200, redeemed.text
    form = {"grant_type": "refresh_token", "refresh_token": redeemed.json()["refresh_token"]}
    other = {HEADER: as_structured_field(authority.self_signed())}
    assert_refused(issuer.post("token", form, app, headers=other), 400, "invalid_grant")
    assert_refused(issuer.post("token", form, app), 400, "invalid_request")
    assert issuer.post("token", form, app, headers=shown).status_code == 200


def test_under_fapi_a_clients_certificate_binds_its_tokens(
    proxied: Site, authority: CertificateAuthority
) -> None:
    strict = Issuer.new(proxied, policy=WorkspacePolicy(security_profile="fapi2"))
    certificate = authority.issue(subject=SUBJECT)
    pump = device(strict, certificate, tls_client_auth_subject_dn=DN)
    token = pump.ask().json()["access_token"]
    shown = {HEADER: as_structured_field(certificate)}
    asked = {"token": token, "client_id": pump.client.id}
    told = strict.post("introspect", asked, headers=shown).json()
    assert told["cnf"] == {"x5t#S256": thumbprint(certificate)}


# --- who is believed ----------------------------------------------------------------------------


def test_a_header_from_an_untrusted_address_is_not_believed(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    server = {
        "trusted_proxies": ("192.0.2.1",),
        "client_certificate_header": HEADER,
        "tls_client_ca": str(authority.ca_file),
    }
    with running_site(migrated_file(tmp_path / "x.db"), server=server) as site:
        issuer = Issuer.new(site)
        certificate = authority.issue(subject=SUBJECT)
        pump = device(issuer, certificate, tls_client_auth_subject_dn=DN)
        refused(pump.ask())
        refused(own_key(issuer, certificate).ask())
        spoofed = {HEADER: as_structured_field(certificate), "X-Forwarded-For": "192.0.2.1"}
        refused(pump.ask_with(spoofed))
        machine = issuer.machine(registration=ClientRegistration(**BOUND))
        form = {"grant_type": "client_credentials"}
        answer = issuer.post("token", form, machine, headers=spoofed)
        assert_refused(answer, 400, "invalid_request")


def test_a_header_that_nobody_configured_is_not_believed(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    server = {"trusted_proxies": ("127.0.0.1",)}
    with running_site(migrated_file(tmp_path / "x.db"), server=server) as site:
        pump = own_key(Issuer.new(site), authority.self_signed())
        refused(pump.ask())


@pytest.mark.parametrize(
    "server",
    [
        {"tls_certificate": "a.pem"},
        {"tls_key": "a.key"},
        {"tls_certificate": "a", "tls_key": "b", "public_url": "http://auth.example"},
        {"client_certificate_header": "Client-Cert"},
        {"client_certificate_header": "Client Cert", "trusted_proxies": ["127.0.0.1"]},
        {"tls_client_ca": "ca.pem"},
    ],
)
def test_settings_that_cannot_work_together_are_refused(server: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"server": server})


PLAIN_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]


@pytest.mark.parametrize(
    ("by_header", "with_authorities", "more"),
    [
        (False, False, []),
        (True, False, ["self_signed_tls_client_auth"]),
        (True, True, ["tls_client_auth", "self_signed_tls_client_auth"]),
    ],
)
def test_what_is_advertised_is_what_can_be_shown_here(
    authority: CertificateAuthority,
    tmp_path: Path,
    by_header: bool,
    with_authorities: bool,
    more: list[str],
) -> None:
    server: dict[str, Any] = {"trusted_proxies": ("127.0.0.1",)}
    if by_header:
        server["client_certificate_header"] = HEADER
    if with_authorities:
        server["tls_client_ca"] = str(authority.ca_file)
    with running_site(migrated_file(tmp_path / "x.db"), server=server) as site:
        issuer = Issuer.new(site)
        said = site.http.get(f"{issuer.issuer}/.well-known/openid-configuration").json()
        assert set(said["token_endpoint_auth_methods_supported"]) == {*PLAIN_METHODS, *more}
        assert (
            said["revocation_endpoint_auth_methods_supported"]
            == (said["token_endpoint_auth_methods_supported"])
        )
        introspecting = set(said["introspection_endpoint_auth_methods_supported"])
        assert introspecting == {*PLAIN_METHODS, *more} - {"none"}
        assert said["tls_client_certificate_bound_access_tokens"] == bool(more)
        certificate = authority.issue(subject=SUBJECT)
        by_name = device(issuer, certificate, tls_client_auth_subject_dn=DN).ask()
        assert (by_name.status_code == 200) == ("tls_client_auth" in more)
        by_key = own_key(issuer, certificate).ask()
        assert (by_key.status_code == 200) == ("self_signed_tls_client_auth" in more)


# --- nginx in front, and `scopewright serve` itself ---------------------------------------------


def calling(url: str, authority: CertificateAuthority, shown: Certificate | None) -> httpx.Client:
    """Calls over TLS as a client that shows this certificate."""
    context = ssl.create_default_context(cafile=authority.ca_file)
    if shown is not None:
        context.load_cert_chain(shown.chain, shown.key)
    return httpx.Client(base_url=url, verify=context, timeout=30)


def test_nginx_tells_the_certificate_and_nobody_can_tell_it_another(tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    folder.mkdir()
    authority = CertificateAuthority(folder)
    server = {
        "trusted_proxies": ("127.0.0.1",),
        "client_certificate_header": "Client-Certificate",
        "tls_client_ca": str(authority.ca_file),
    }
    with running_site(migrated_file(tmp_path / "x.db"), server=server) as site:
        site.clock.now = datetime.now(UTC)
        issuer, shown = Issuer.new(site), authority.issue(subject=SUBJECT)
        by_name = device(issuer, shown, tls_client_auth_subject_dn=DN)
        by_key = own_key(issuer, authority.self_signed())
        with tls_proxy(site.url, authority.issue(*HERE), tmp_path) as url:

            def ask(pump: Device, certificate: Certificate | None, **headers: str) -> int:
                form = {"grant_type": "client_credentials", "client_id": pump.client.id}
                with calling(url, authority, certificate) as http:
                    answer = http.post(f"/w/{issuer.id}/token", data=form, headers=headers)
                return answer.status_code

            assert ask(by_name, shown) == 200
            assert ask(by_key, by_key.certificate) == 200
            assert ask(by_name, authority.self_signed(SUBJECT)) == 401
            assert ask(by_key, shown) == 401
            for spelled in ("Client-Certificate", "client_certificate", "CLIENT-CERTIFICATE"):
                told = {spelled: as_escaped_pem(shown)}
                assert ask(by_name, None, **told) == 401
                assert ask(by_name, by_key.certificate, **told) == 401


@pytest.fixture
def tls_installation(
    tmp_path: Path, certificate_authority: CertificateAuthority
) -> Iterator[Installation]:
    """`scopewright serve` ends TLS itself, and asks clients for certificates of one authority."""
    own = certificate_authority.issue(*HERE)
    environment = {
        "SCOPEWRIGHT_SERVER__TLS_CERTIFICATE": str(own.chain),
        "SCOPEWRIGHT_SERVER__TLS_KEY": str(own.key),
        "SCOPEWRIGHT_SERVER__TLS_CLIENT_CA": str(certificate_authority.ca_file),
    }
    with Installation(
        tmp_path,
        migrated_file(tmp_path / "x.db"),
        environment,
        ca_file=certificate_authority.ca_file,
    ) as installed:
        yield installed


@pytest.mark.parametrize("workers", [1, 2])
def test_serve_asks_for_the_certificate_itself(
    tls_installation: Installation, certificate_authority: CertificateAuthority, workers: int
) -> None:
    tls_installation.found()
    url = tls_installation.serve(workers=workers).url
    database = Database(tls_installation.database_url)
    shown = certificate_authority.issue(subject=SUBJECT)
    with calling(url, certificate_authority, None) as nobody:
        site = Site(url, database, FrozenClock(datetime.now(UTC)), nobody)
        issuer = Issuer.new(site)
        by_name = device(issuer, shown, tls_client_auth_subject_dn=DN, **BOUND)
        by_key = own_key(issuer, shown)
        refused(by_name.ask_with({HEADER: as_structured_field(shown)}))
        refused(by_key.ask_with({}))
        assert issuer.token(issuer.machine()).status_code == 200
    with calling(url, certificate_authority, shown) as http:
        for pump in (by_name, by_key):
            form = {"grant_type": "client_credentials", "client_id": pump.client.id}
            answers = [http.post(f"{issuer.issuer}/token", data=form) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [200] * 3
        other = device(issuer, shown, tls_client_auth_subject_dn="CN=other")
        form = {"grant_type": "client_credentials", "client_id": other.client.id}
        refused(http.post(f"{issuer.issuer}/token", data=form))
    stranger = certificate_authority.self_signed(SUBJECT)
    with calling(url, certificate_authority, stranger) as http, pytest.raises(httpx.TransportError):
        http.post(f"{issuer.issuer}/token", data=form).raise_for_status()
    database.close()


def test_serve_names_files_that_it_cannot_use(
    tls_installation: Installation, certificate_authority: CertificateAuthority
) -> None:
    tls_installation.found()
    other = certificate_authority.issue(*HERE)
    for wrong in ("missing.key", str(other.key)):
        tls_installation.environment["SCOPEWRIGHT_SERVER__TLS_KEY"] = wrong
        done = tls_installation.command("serve", succeed=False)
        assert done.returncode == 2
        assert "https" in done.stderr
        assert "Traceback" not in done.stderr
