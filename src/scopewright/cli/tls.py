"""https by `serve` itself, and each client's certificate in the scope of its requests."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scopewright.cli.output import Exit, Failure
from scopewright.cli.protocol import Protocol
from scopewright.settings import ServerSettings
from scopewright.web.certificates import tls_extension


class TlsProtocol(Protocol):
    """HTTP over TLS. The handshake has asked for a certificate, and checked who issued it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self._tls = tls_extension(shown, is_trusted=True)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"tls": self._tls}


def tls_options(server: ServerSettings) -> dict[str, Any]:
    """How uvicorn serves https. Whoever shows no certificate is served like everybody.

    Raises:
        Failure: a file cannot be read, or the key is not the certificate's.
    """
    options: dict[str, Any] = {
        "http": TlsProtocol,
        "ssl_certfile": server.tls_certificate,
        "ssl_keyfile": server.tls_key,
        "ssl_ca_certs": server.tls_client_ca or None,
        "ssl_cert_reqs": ssl.CERT_OPTIONAL if server.tls_client_ca else ssl.CERT_NONE,
    }
    certificate, key, authorities = (server.tls_certificate, server.tls_key, server.tls_client_ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _refused(f"{certificate} is no certificate in PEM, or {key} is not its key"):
        context.load_cert_chain(certificate, key)
    if authorities:
        with _refused(f"{authorities} holds no certificates in PEM"):
            context.load_verify_locations(authorities)
    return options


@contextmanager
def _refused(sentence: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError:
        raise Failure(f"cannot serve https: {sentence}", Exit.USAGE) from None
    except OSError as error:  # without the name of the file
        raise Failure(f"cannot serve https: {sentence}: {error.strerror}", Exit.USAGE) from None
