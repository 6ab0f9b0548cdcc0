"""https by `serve` itself, and each client's certificate in the scope of its requests."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from scopewright.cli.output import Failure
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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(server.tls_certificate, server.tls_key)
        if server.tls_client_ca:
            context.load_verify_locations(server.tls_client_ca)
    except OSError as error:  # ssl.SSLError is one
        raise Failure(f"cannot serve https with these files: {error}") from None
    return options
