"""`{issuer}/mcp` as a protected resource: what its metadata and its refusals say.

RFC 9728, and the authorization chapter of the Model Context Protocol (2026-07-28), which wants the
scopes in the challenge too, so that a client knows what to ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scopewright.authority import View
from scopewright.core.errors import Forbidden, Malformed, ScopewrightError, Unauthenticated
from scopewright.core.resources import management_resource
from scopewright.core.scopes import spell
from scopewright.guard.metadata import metadata, metadata_url
from scopewright.web import problems
from scopewright.web.http import Answer, json_answer

PARSE_ERROR, INVALID_REQUEST = -32700, -32600


@dataclass(frozen=True, slots=True)
class ManagementResource:
    """The management of one workspace."""

    view: View
    issuer: str

    @property
    def uri(self) -> str:
        """The audience of the tokens that are good here."""
        return management_resource(self.issuer)

    def metadata(self) -> dict[str, Any]:
        """The document (RFC 9728 §2)."""
        scopes = self.view.rules.vocabulary.guarded
        name = f"The management of {self.view.workspace.name}"
        return {**metadata(self.uri, issuer=self.issuer, scopes=scopes), "resource_name": name}

    def challenge(self, error: ScopewrightError) -> str | None:
        """What `WWW-Authenticate` says of a refusal that another token would help against.

        RFC 6750 §3, with the pointer of RFC 9728 §5.1.
        """
        said = {"resource_metadata": metadata_url(self.uri)}
        match error:
            case Unauthenticated():
                said["scope"] = spell(self.view.rules.vocabulary.guarded)
            case Forbidden(missing=missing) if missing:
                said["error_description"] = error.detail
            case _:
                return None
        words = (f'{name}="{value}"' for name, value in said.items())
        return ", ".join([problems.challenge(error), *words])


def refusal(error: ScopewrightError, *, public_url: str, challenge: str | None = None) -> Answer:
    """An error of JSON-RPC (§5.1) that no message's id is known for; its data say all."""
    document = problems.document(error, public_url=public_url)
    code = PARSE_ERROR if isinstance(error, Malformed) else INVALID_REQUEST
    said = {"code": code, "message": document["detail"], "data": document}
    headers = {} if challenge is None else {"www-authenticate": challenge}
    return json_answer(
        {"jsonrpc": "2.0", "id": None, "error": said}, status=document["status"], headers=headers
    )
