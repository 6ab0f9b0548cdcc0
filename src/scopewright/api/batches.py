"""A batch as it is sent: a JSON object, an array of them, or one a line."""

from __future__ import annotations

from typing import Any

from scopewright.core.errors import Invalid, Malformed, TooLarge
from scopewright.settings.tree import LimitsSettings
from scopewright.web.http import parse_json

JSON, LINES = "application/json", "application/x-ndjson"


def parse_batch(content_type: str | None, body: bytes, limits: LimitsSettings) -> list[Any]:
    """The payloads in their order. One that is refused refuses them all, by line or by index.

    Raises:
        Malformed: another media type, or not the JSON that it claims to be; with `field`, `line`.
        Invalid: something else than objects, or none at all.
        TooLarge: too many rows.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type == LINES:
        payloads = _of_lines(body, limits)
    elif media_type == JSON:
        payloads = _of_json(body, limits)
    else:
        raise Malformed(f"Send {JSON} or {LINES}.", field="Content-Type")
    if not payloads:
        raise Invalid("The batch is empty.")
    return payloads


def _of_json(body: bytes, limits: LimitsSettings) -> list[Any]:
    value = parse_json(body, depth=limits.json_depth)
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise Invalid("Send a JSON object, or an array of them.")
    _check_number(len(value), limits)
    for index, row in enumerate(value):
        if not isinstance(row, dict):
            raise Invalid(f"Element {index} of the array is no object.", field=str(index))
    return value


def _of_lines(body: bytes, limits: LimitsSettings) -> list[Any]:
    lines = [(at, line) for at, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    _check_number(len(lines), limits)
    return [_of_line(at, line, limits) for at, line in lines]


def _of_line(at: int, line: bytes, limits: LimitsSettings) -> Any:
    try:
        row = parse_json(line, depth=limits.json_depth)
    except Malformed as error:
        error.detail = f"Line {at}: {error.detail}"
        error.facts["line"] = at
        raise
    if not isinstance(row, dict):
        raise Invalid(f"Line {at} is no object.", line=at)
    return row


def _check_number(rows: int, limits: LimitsSettings) -> None:
    if rows > limits.batch_rows:
        raise TooLarge(f"A batch here has at most {limits.batch_rows} rows.")
