"""Clients' certificates: who issued one, whom it names, and its key (RFC 8705 §2, RFC 5280)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy

from scopewright.core.client_authentication import ClientCertificate
from scopewright.core.errors import Invalid
from scopewright.core.registration import ClientRegistration

# The names of RFC 4514 §3 and two more that authorities use; others are written as OIDs.
_ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "L": NameOID.LOCALITY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "C": NameOID.COUNTRY_NAME,
    "STREET": NameOID.STREET_ADDRESS,
    "DC": NameOID.DOMAIN_COMPONENT,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
}
_SPELLINGS = {
    spelling: oid
    for name, oid in _ATTRIBUTES.items()
    for spelling in (name, name.lower(), name.upper())
}


@dataclass(frozen=True, slots=True)
class Authorities:
    """Whose word counts for who a client is; none until some are named."""

    certificates: tuple[x509.Certificate, ...] = ()

    def trust(self, certificate: ClientCertificate, *, now: datetime) -> bool:
        """Whether one of them has issued it for clients, and it is not over."""
        try:
            presented = x509.load_der_x509_certificate(certificate.der)
            if certificate.is_trusted:  # since the handshake, which may be long ago
                return presented.not_valid_before_utc <= now <= presented.not_valid_after_utc
            if not self.certificates:
                return False
            builder = verification.PolicyBuilder().store(
                verification.Store(list(self.certificates))
            )
            policies = {"ca_policy": _AUTHORITY_POLICY, "ee_policy": _CLIENT_POLICY}
            verifier = builder.time(now).extension_policies(**policies).build_client_verifier()
            verifier.verify(presented, [])
        except (ValueError, verification.VerificationError):
            return False
        return True


def read_authorities(file: str) -> Authorities:
    """The authorities of a PEM file; none without one.

    Raises:
        Invalid: it cannot be read, or holds no certificate.
    """
    if not file:
        return Authorities()
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} holds no certificates in PEM: {error}") from None
    return Authorities(tuple(found))


def public_key_of(certificate: ClientCertificate) -> CertificatePublicKeyTypes:
    """The key that it certifies.

    Raises:
        ValueError: it cannot be read, or its key is of no kind known here.
    """
    try:
        return x509.load_der_x509_certificate(certificate.der).public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None


def has_registered_name(certificate: ClientCertificate, registration: ClientRegistration) -> bool:
    """Whether it names its holder as the client has registered (RFC 8705 §2.1.2)."""
    try:
        presented = x509.load_der_x509_certificate(certificate.der)
        found = [_is_subject(presented, registration.tls_client_auth_subject_dn)]
        for member, (kind, compared) in _ALTERNATIVES.items():
            expected = getattr(registration, member)
            if expected is not None:
                names = map(compared, _alternatives(presented, kind))
                found.append(compared(expected) in list(names))
    except ValueError:  # what was registered, or a part of the certificate, cannot be read
        return False
    said = [one for one in found if one is not None]
    return bool(said) and all(said)


def _is_subject(certificate: x509.Certificate, expected: str | None) -> bool | None:
    """Names are compared part by part, not letter by letter (RFC 5280 §7.1); None: not asked."""
    if expected is None:
        return None
    name = x509.Name.from_rfc4514_string(expected, _SPELLINGS)
    return _comparable(certificate.subject) == _comparable(name)


def _comparable(name: x509.Name) -> list[frozenset[tuple[str, str | bytes]]]:
    return [
        frozenset((part.oid.dotted_string, _folded(part.value)) for part in parts)
        for parts in name.rdns
    ]


def _folded(value: str | bytes) -> str | bytes:
    """Letters and spaces that caseIgnoreMatch does not tell apart (RFC 4518 §2)."""
    if isinstance(value, bytes):
        return value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _alternatives(certificate: x509.Certificate, kind: Any) -> list[Any]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(names.value.get_values_for_type(kind))


def _check_authority(
    _policy: verification.Policy, _certificate: x509.Certificate, found: x509.BasicConstraints
) -> None:
    if not found.ca:
        raise ValueError("not an authority")


def _check_signs_others(
    _policy: verification.Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None
) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("may not sign certificates")


def _check_for_clients(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    found: x509.ExtendedKeyUsage | None,
) -> None:
    if found is not None and _FOR_CLIENTS.isdisjoint(found):
        raise ValueError("not for clients")


def _check_no_authority(
    _policy: verification.Policy,
    _certificate: x509.Certificate,
    found: x509.BasicConstraints | None,
) -> None:
    if found is not None and found.ca:
        raise ValueError("an authority's own")


# The member of a registration, the kind of name, and how two of these are compared.
_ALTERNATIVES: dict[str, tuple[type[x509.GeneralName], Callable[[Any], object]]] = {
    "tls_client_auth_san_dns": (x509.DNSName, str.lower),
    "tls_client_auth_san_uri": (x509.UniformResourceIdentifier, str),
    "tls_client_auth_san_ip": (x509.IPAddress, ip_address),  # §2.1.2: by their octets
    "tls_client_auth_san_email": (x509.RFC822Name, str),
}
_FOR_CLIENTS = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
# Looser than the web's own rules: private authorities and devices name what they like.
_AUTHORITY_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _check_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _check_signs_others)
)
_CLIENT_POLICY = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _check_no_authority)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_for_clients)
)
