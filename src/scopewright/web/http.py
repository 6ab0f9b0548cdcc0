"""The request as it is read, strictly and bounded, and the answer as it is sent."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from starlette.types import Receive, Scope, Send

from scopewright.core.errors import InvalidRequest, Malformed, TooLarge, Unauthenticated

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 100
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
NO_STORE = (b"cache-control", b"no-store")
CACHED = (b"cache-control", b"public, max-age=300")
JSON_TYPE = (b"content-type", b"application/json")
_JSON_HEADERS = (JSON_TYPE, NO_STORE)
WORKSPACE = "scopewright.workspace"  # in an ASGI scope: the id of the one that it turned out to ask
PRINCIPAL = "scopewright.principal"  # in an ASGI scope: the id of whoever it turned out to be


# --- reading ------------------------------------------------------------------------------------


async def read_body(scope: Scope, receive: Receive, *, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLarge: it is, or says it is, over the limit.
        Malformed: the client went away in the middle of it.
    """
    check_declared_length(scope, limit=limit)
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Malformed("The request ended before its body did.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"A body here has at most {limit} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def check_declared_length(scope: Scope, *, limit: int) -> None:
    """Refuse a body that is too large before any of it is read.

    Raises:
        TooLarge: it says to be over the limit.
    """
    declared = header(scope, b"content-length") or ""
    digits = declared.lstrip("0")
    if digits.isdecimal() and (len(digits) > len(str(limit)) or int(digits) > limit):
        raise TooLarge(f"A body here has at most {limit} bytes.")


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header that may stand once only.

    Raises:
        Malformed: it stands twice, so that two readers could read it differently.
    """
    found: bytes | None = None
    for key, value in scope["headers"]:  # a loop: every request asks for several
        if key == name:
            if found is not None:
                raise Malformed(f"The header {name.decode()} stands more than once.")
            found = value
    return None if found is None else found.decode("latin-1")


def parse_form(content_type: str | None, body: bytes) -> dict[str, str]:
    """The parameters of a form (RFC 6749 appendix B). Empty ones count as omitted (§3.1).

    Raises:
        InvalidRequest: another media type, not UTF-8, a NUL, or a parameter twice (§3.1, §3.2).
    """
    check_form_type(content_type)
    return parse_parameters(body)


def check_form_type(content_type: str | None) -> None:
    """Let a body pass that says to be a form.

    Raises:
        InvalidRequest: it says to be something else.
    """
    if (content_type or "").partition(";")[0].strip().lower() != FORM:
        raise InvalidRequest(f"Send the parameters as {FORM}.")


def parse_parameters(encoded: bytes) -> dict[str, str]:
    """The parameters of a form or query.

    Raises:
        InvalidRequest: not UTF-8, a NUL, too many, or one that stands twice.
    """
    return unique_parameters(parse_pairs(encoded))


def unique_parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that are not empty.

    Raises:
        InvalidRequest: one stands twice (RFC 6749 §3.2).
    """
    parameters: dict[str, str] = {}
    for name, value in pairs:
        if name in parameters:
            raise InvalidRequest("A parameter stands more than once.")
        parameters[name] = value
    return {name: value for name, value in parameters.items() if value}


def with_resources(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The parameters that are not empty, and the values of `resource`, which may stand twice.

    Raises:
        InvalidRequest: another one does (RFC 6749 §3.2, RFC 8707 §2).
    """
    others, resources = [], []
    for pair in pairs:
        if pair[0] != "resource":
            others.append(pair)
        elif pair[1]:
            resources.append(pair[1])
    return unique_parameters(others), tuple(resources)


def parse_pairs(encoded: bytes, *, most: int = MOST_FIELDS) -> list[tuple[str, str]]:
    """Names and values in the order they came, empty and repeated ones too.

    Raises:
        InvalidRequest: not UTF-8, a NUL, or too many.
    """
    try:
        fields = [field.partition("=") for field in encoded.decode("ascii").split("&") if field]
        if len(fields) > most:  # before they are read: a megabyte may hold half a million of them
            raise InvalidRequest(f"Send at most {most} parameters.")
        pairs = [(_unquoted(name), _unquoted(value)) for name, _, value in fields]
    except ValueError:
        raise InvalidRequest("The parameters are not a form in UTF-8.") from None
    if b"%00" in encoded or b"\x00" in encoded:
        raise InvalidRequest("A parameter contains NUL.")
    return pairs


def _unquoted(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode()  # of ASCII; `unquote_plus` is slow


def parse_json(body: bytes, *, depth: int) -> Any:
    """Any JSON value (RFC 8259), strictly.

    Raises:
        Malformed: not UTF-8, not JSON, a member twice, NaN, a number no double can hold, half a
            surrogate pair, or nested deeper than `depth`; with `field` where one is to blame.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique_members, parse_constant=float)
        _check_value(value, depth)
    except (ValueError, RecursionError) as error:
        field = {"field": ".".join(error.path)} if isinstance(error, _Unkept) else {}
        detail = f"The body is not JSON that can be kept: {_reason(error)}."
        raise Malformed(detail, **field) from None
    return value


class _Unkept(ValueError):
    """A value that cannot be kept, and the members that lead to it."""

    def __init__(self, reason: str, *path: str) -> None:
        super().__init__(reason)
        self.path = list(path)


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno} column {error.colno} is not valid"
    if isinstance(error, UnicodeError):
        return "it is not UTF-8"
    return str(error)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = next(name for name, times in Counter(n for n, _ in pairs).items() if times > 1)
        raise _Unkept("a member stands twice in an object", _shown(twice))
    return members


def _check_value(value: Any, depth: int) -> None:
    if depth < 0:
        raise _Unkept("it is nested too deeply")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _Unkept("a number is not finite, or too large")
    elif isinstance(value, list):
        _check_members(enumerate(value), depth)
    elif isinstance(value, dict):
        _check_members(value.items(), depth)


def _check_members(members: Iterable[tuple[str | int, Any]], depth: int) -> None:
    for name, member in members:
        try:
            if isinstance(name, str):
                _check_text(name)
            _check_value(member, depth - 1)
        except _Unkept as found:
            found.path.insert(0, _shown(name))
            raise


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unkept("a text holds half a surrogate pair") from None


def _shown(name: str | int) -> str:
    """A member's name as an answer can carry it, half of a surrogate pair or not."""
    return str(name)[:100].encode(errors="replace").decode()


# --- requests and answers -----------------------------------------------------------------------


@dataclass(slots=True)  # not frozen: that would cost the hottest path a microsecond a field
class Request:
    """One request as a hot handler sees it; the body is read when it is asked for."""

    scope: Scope
    receive: Receive
    body_limit: int

    def header(self, name: bytes) -> str | None:
        return header(self.scope, name)

    async def body(self) -> bytes:
        return await read_body(self.scope, self.receive, limit=self.body_limit)

    async def form(self) -> dict[str, str]:
        return parse_form(self.header(b"content-type"), await self.body())

    async def form_pairs(self) -> list[tuple[str, str]]:
        """The parameters in the order they came, empty and repeated ones too."""
        check_form_type(self.header(b"content-type"))
        return parse_pairs(await self.body())

    def query(self) -> dict[str, str]:
        return parse_parameters(self.scope["query_string"])


@dataclass(slots=True)  # not frozen, as `Request`
class Answer:
    """One whole answer."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send) -> None:
        length = (b"content-length", b"%d" % len(self.body))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*self.headers, length],
            }
        )
        await send({"type": "http.response.body", "body": self.body})


def json_answer(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """A JSON answer that nobody may keep."""
    try:
        body = orjson.dumps(value)
    except TypeError:  # an integer beyond 64 bits, in somebody's metadata
        body = _ENCODER.encode(value).encode()
    if headers is None:
        return Answer(status, body, _JSON_HEADERS)
    extra = [(n.encode(), v.encode()) for n, v in headers.items()]
    return Answer(status, body, (*_JSON_HEADERS, *extra))


def unauthenticated(*, presented: bool) -> Unauthenticated:
    """The one sentence for every bad credential; `presented` says whether there was any."""
    if presented:
        return Unauthenticated("The credential is not valid here.", presented=True)
    return Unauthenticated("Present an access token or an API key.")


def client_address(scope: Scope, trusted_proxies: frozenset[str]) -> str | None:
    """Where the request comes from. Forwarded addresses count only behind named proxies.

    The hops are walked from the right, as far as each is trusted; what stands left of the first
    stranger is the stranger's own word.
    """
    peer = scope.get("client")
    address: str | None = peer[0] if peer else None
    if address not in trusted_proxies:
        return address
    forwarded = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-forwarded-for"]
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    for hop in reversed(hops):
        address = hop
        if hop not in trusted_proxies:
            break
    return address
