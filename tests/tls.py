"""Certificates of the tests' own authority, and https servers on loopback that show them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = ("localhost", "127.0.0.1")
FOR_BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True)
class Certificate:
    """PEM files: `chain` is the certificate with those above it, `key` its private key."""

    chain: Path
    key: Path

    @property
    def pem(self) -> str:
        return self.chain.read_text()

    @property
    def parsed(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.chain.read_bytes())

    @property
    def der(self) -> bytes:
        return self.parsed.public_bytes(serialization.Encoding.DER)


class CertificateAuthority:
    """An authority that lives in a folder; `ca_file` is what its believers load.

    What it issues is good around `now`, the present unless told otherwise.
    """

    def __init__(
        self, folder: Path, *, name: str = "Test authority", now: datetime | None = None
    ) -> None:
        self._folder, self._now = folder, now or datetime.now(UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self._issued = 0
        self.ca_file = folder / "ca.pem"
        builder = self._builder(self._name, self._key, days=1).issuer_name(self._name)
        certificate = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        ).sign(self._key, hashes.SHA256())
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        *names: str,
        subject: x509.Name | str = "Test certificate",
        days: float = 1,
        usage: Sequence[x509.ObjectIdentifier] = FOR_BOTH,
    ) -> Certificate:
        """A certificate for hosts, addresses, URIs and mailboxes; past with `days < 0`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _named(subject) if isinstance(subject, str) else subject
        builder = self._builder(subject, key, days=days).issuer_name(self._name)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if names:
            alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        return self._written(builder.sign(self._key, hashes.SHA256()), key)

    def self_signed(
        self, subject: x509.Name | str = "Self-signed", *, days: float = 1
    ) -> Certificate:
        """One that this authority has nothing to do with but its folder and its time."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named(subject) if isinstance(subject, str) else subject
        builder = self._builder(name, key, days=days).issuer_name(name)
        return self._written(builder.sign(key, hashes.SHA256()), key)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: float
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - timedelta(days=2))
            .not_valid_after(self._now + timedelta(days=days))
        )

    def _written(
        self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> Certificate:
        self._issued += 1
        written = Certificate(
            self._folder / f"{self._issued}.pem", self._folder / f"{self._issued}.key"
        )
        written.chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        written.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return written


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer; JSON unless the headers say otherwise."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


Answering = Reply | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class HttpsSite:
    """A server: `answers` by path, 404 for others; `received` keeps what was asked."""

    port: int
    host: str = "localhost"
    answers: dict[str, Answering] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)

    @property
    def allow(self) -> str:
        """This server as `outbound.allow` names it."""
        return f"{self.host}:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"https://{self.allow}{path}"


@contextmanager
def https_site(
    certificate: Certificate,
    *,
    host: str = "localhost",
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[HttpsSite]:
    """A server on loopback that shows this certificate; `host` is what its URLs say."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    server = _Server(address, _Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.site = HttpsSite(server.server_address[1], host)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: HttpsSite

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Those who hang up in the middle are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        site = self.server.site
        site.received.append(Received(self.command, self.path, self.headers, body))
        answer = site.answers.get(self.path, Reply(status=404))
        if not isinstance(answer, Reply):
            answer(self)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
