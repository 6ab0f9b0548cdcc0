"""OAuth errors as JSON (RFC 6749 §5.2) and as challenges (RFC 6750 §3)."""

from __future__ import annotations

from typing import Any

from scopewright.core.errors import (
    Forbidden,
    InvalidClient,
    InvalidToken,
    NotFound,
    OAuthError,
    ScopewrightError,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unproven,
)
from scopewright.web import problems
from scopewright.web.http import Answer, json_answer


def answer(error: ScopewrightError) -> Answer:
    """The answer of a protocol endpoint to a refusal."""
    body = {"error": code_of(error), "error_description": error.detail}
    return json_answer(body, status=_status(error), headers=_headers(error))


def code_of(error: ScopewrightError) -> str:
    """The value of `error`."""
    if isinstance(error, OAuthError | Unproven):
        return error.code
    if isinstance(error, Unauthenticated):
        return "invalid_token"
    if isinstance(error, Forbidden):
        return "insufficient_scope"
    if isinstance(error, TooMany):
        return "slow_down"
    return "invalid_request"


def _status(error: ScopewrightError) -> int:
    if isinstance(error, InvalidClient | InvalidToken | Unauthenticated):
        return 401
    if isinstance(error, Forbidden | NotFound | TooLarge | TooMany):
        return problems.kind_of(error).status
    return 400


def _headers(error: ScopewrightError) -> dict[str, str]:
    if isinstance(error, InvalidClient):
        return {"www-authenticate": 'Basic realm="scopewright", charset="UTF-8"'}
    return problems.headers(error)


def method_not_allowed(allowed: str) -> Answer:
    """The answer to a method that a path does not have (RFC 9110 §15.5.6)."""
    body = {"error": "invalid_request", "error_description": f"Use one of: {allowed}."}
    return json_answer(body, status=405, headers={"allow": allowed})


def server_error() -> Answer:
    """The answer to a bug: nothing of its cause travels."""
    body: dict[str, Any] = {"error": "server_error", "error_description": problems.BUG.title + "."}
    return json_answer(body, status=500)
