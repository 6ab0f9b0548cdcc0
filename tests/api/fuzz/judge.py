"""What is wrong with an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import schemathesis
from schemathesis.checks import CheckFunction, load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from scopewright.store import schema

load_all_checks()
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SECRET = re.compile(r"sw[a-z]_[A-Za-z0-9_-]{20,}|PRIVATE KEY|\"d\":")
# The answers in which a secret stands, once.
SHOWN_ONCE = {
    "api_keys.create", "api_keys.create_for", "api_keys.rotate", "clients.register",
    "clients.rotate_secret", "registration_tokens.create", "workspaces.create",
}  # fmt: skip
HASHES = {
    "api_keys": "secret_hash",
    "client_secrets": "hash",
    "invitations": "secret_hash",
    "clients": "registration_token_hash",
    "registration_tokens": "hash",
    "refresh_tokens": "hash",
    "sign_ins": "cookie_hash",
    "gateway_sessions": "cookie_hash",
    "magic_links": "hash",
    "authorizations": "code_hash",
}
PLACES = {
    table: list(schema.metadata.tables[table].c).index(schema.metadata.tables[table].c[column])
    for table, column in HASHES.items()
}
Rows = dict[str, list[Any]]


def wrongs(
    case: schemathesis.Case, answer: Response, before: Rows, after: Rows, *more: CheckFunction
) -> Iterator[str]:
    """What is wrong with an answer to a case, in words; `more` is checked too."""
    try:
        case.validate_response(answer, checks=[*CHECKS, *more])
    except FailureGroup as group:
        yield str(group)
    is_rehearsal = (case.query or {}).get("dry_run") in (True, "true")
    if (answer.status_code >= 400 or is_rehearsal) and before is not after:
        for table in before:
            if before[table] != after[table]:
                yield f"{answer.status_code}, yet {table} has changed:\n{case.as_curl_command()}"
    if _tells(case, answer, after):
        yield f"a secret stands in the answer:\n{answer.content[:500]!r}"


def _tells(case: schemathesis.Case, answer: Response, rows: Rows) -> bool:
    text = answer.content.decode(errors="replace")
    shown = case.operation.definition.raw["operationId"] in SHOWN_ONCE
    if SECRET.search(text) and not shown:
        return True
    hashes = (row[place] for table, place in PLACES.items() for row in rows[table])
    return any(hash is not None and hash in text for hash in hashes)
