"""Connections that go to judged addresses only, and end in time however slowly the peer drips."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpcore

from scopewright.outbound.errors import Unfetchable


@dataclass(frozen=True, slots=True)
class Deadline:
    """When everything must be over, however slowly it drips; in seconds of the monotonic clock."""

    at: float

    def left(self) -> float:
        """Raises Unfetchable when there is none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise Unfetchable("too slow")
        return left


class VettedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were judged before, whatever name it is asked for.

    Certificates are checked by name all the same: httpcore does so above this.
    """

    def __init__(self, addresses: Iterable[str], deadline: Deadline) -> None:
        self._addresses = tuple(addresses)
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - that of the URL; where it leads has been settled
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that answers."""
        *others, last = self._addresses
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connected(address, port, local_address, socket_options)
        return self._connected(last, port, local_address, socket_options)

    def _connected(self, address: str, port: int, *options: Any) -> httpcore.NetworkStream:
        stream = self._plain.connect_tcp(address, port, self._deadline.left(), *options)
        return _Hurried(stream, self._deadline)


class _Hurried(httpcore.NetworkStream):
    """A connection whose every step ends by the one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = self._deadline.left()
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        return _Hurried(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
