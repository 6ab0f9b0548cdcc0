"""Asking another server: one GET or one form, bounded in size, in time and in number."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpcore

from scopewright.core.errors import Invalid
from scopewright.outbound.connections import Deadline, VettedBackend
from scopewright.outbound.destinations import Destinations, Resolve, system_resolver
from scopewright.outbound.errors import Unfetchable
from scopewright.settings.tree import OutboundSettings

MOST_AT_ONCE = 8
FORM = "application/x-www-form-urlencoded"
_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})\b")
_NOT_TO_KEEP = re.compile(r"\bno-(?:store|cache)\b")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came; `content_type` in lower case, without parameters."""

    body: bytes
    content_type: str
    cache_control: str

    @property
    def max_age(self) -> int | None:
        """For how many seconds it may be kept (RFC 9111 §5.2.2), where that is said."""
        if _NOT_TO_KEEP.search(self.cache_control):
            return 0
        named = _MAX_AGE.search(self.cache_control)
        return None if named is None else int(named[1])

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            Unfetchable: it is none.
        """
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Unfetchable("not JSON") from None
        if not isinstance(value, dict):
            raise Unfetchable("no JSON object")
        return value


class Fetcher:
    """Asks other servers. Calls block: they belong in worker threads, outside of transactions."""

    def __init__(self, settings: OutboundSettings, *, resolve: Resolve = system_resolver) -> None:
        """Raises Invalid where the CA file cannot be read."""
        self.timeout = settings.timeout.total_seconds()
        self._limit = settings.limit
        self._destinations = Destinations(settings.allow, resolve)
        self._ca_file = settings.ca_file
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        if self._ca_file:
            _tls_context(self._ca_file)  # to know at once when it cannot be read

    def get(
        self, url: str, *, accept: str = "application/json", limit: int | None = None
    ) -> Fetched:
        """The document at a URL, of `limit` bytes at most; whoever asks judges its type.

        Raises:
            Unfetchable: with any other status than 200, and for every reason there is.
        """
        longest = min(limit or self._limit, self._limit)
        with self._asked("GET", url, headers={"accept": accept}) as (response, deadline):
            return _fetched(response, longest, deadline)

    def post_for_answer(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str]
    ) -> Fetched:
        """What answers a form, with `headers` of one's own beside those of every form.

        Raises:
            Unfetchable: with any other status than 200, and for every reason there is.
        """
        sent = {"content-type": FORM, "accept": "application/json", **headers}
        content = urlencode(fields).encode()
        with self._asked("POST", url, headers=sent, content=content) as (response, deadline):
            return _fetched(response, self._limit, deadline)

    def post_form(self, url: str, fields: Mapping[str, str]) -> int:
        """The status of the answer to a form; its body is not read.

        Raises:
            Unfetchable: there was no answer.
        """
        headers = {"content-type": FORM, "accept": "*/*"}
        content = urlencode(fields).encode()
        with self._asked("POST", url, headers=headers, content=content) as (response, _):
            return response.status

    @contextmanager
    def _asked(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Iterator[tuple[httpcore.Response, Deadline]]:
        deadline = Deadline(time.monotonic() + self.timeout)
        if not self._places.acquire(timeout=self.timeout):
            raise Unfetchable("too many at once")
        try:
            to = self._destinations.of(url)
            sent = {
                "host": to.host_header,
                "user-agent": "scopewright",
                "accept-encoding": "identity",  # so that a small answer cannot become a large one
                "content-length": str(len(content)),
                "connection": "close",
                **headers,
            }
            backend, tls = VettedBackend(to.addresses, deadline), _tls_context(self._ca_file)
            with (
                httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool,
                pool.stream(method, to.url, headers=list(sent.items()), content=content) as answer,
            ):
                yield answer, deadline
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise Unfetchable(f"{type(error).__name__}: {error}") from None
        finally:
            self._places.release()


@cache
def _tls_context(ca_file: str) -> ssl.SSLContext:
    import httpx  # noqa: PLC0415, it brings much with it: only for servers that fetch anything

    context = httpx.create_ssl_context(trust_env=False)
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError):
        raise Invalid(
            f"outbound.ca_file: {ca_file} holds no certificates, or cannot be read.",
            field="outbound.ca_file",
        ) from None
    return context


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }


def _fetched(response: httpcore.Response, longest: int, deadline: Deadline) -> Fetched:
    if response.status != 200:
        raise Unfetchable(f"status {response.status}")
    said = _headers(response)
    if said.get("content-encoding", "identity") != "identity":
        raise Unfetchable("it is encoded")
    body = _read(response.iter_stream(), longest, deadline)
    content_type = said.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(body, content_type, said.get("cache-control", ""))


def _read(chunks: Iterable[bytes], longest: int, deadline: Deadline) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > longest:
            raise Unfetchable("too large")
        deadline.left()
    return bytes(body)
