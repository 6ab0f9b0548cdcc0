"""The client registration endpoint (RFC 7591 §3) and each client's own (RFC 7592 §2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scopewright.core.client_metadata import described
from scopewright.core.errors import InvalidClientMetadata, Malformed, ScopewrightError
from scopewright.oauth import errors
from scopewright.services.registration import Registration, Registrations
from scopewright.web import problems
from scopewright.web.credentials import presented_of
from scopewright.web.http import Answer, json_answer, parse_json
from scopewright.web.visit import Reception, Visit

COLLECTION = "/w/{workspace_id}/register"
MEMBER = COLLECTION + "/{client_id}"
# All come here, so that a refusal says which there are: browsers ask before they call.
EVERY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def refused(error: ScopewrightError) -> Response:
    """The answer of both endpoints to a refusal (RFC 7591 §3.2.2)."""
    is_bug = problems.kind_of(error) is problems.BUG
    return _response(errors.server_error() if is_bug else errors.answer(error))


def register_routes(
    registrations: Registrations, reception: Reception, *, public_url: str, json_depth: int
) -> Sequence[BaseRoute]:
    """`POST {issuer}/register`; `GET`, `PUT` and `DELETE {issuer}/register/{client_id}`."""
    endpoints = _Endpoints(registrations, public_url, json_depth)
    here, there = reception.endpoint(endpoints.register), reception.endpoint(endpoints.look_after)
    return [Route(COLLECTION, here, methods=EVERY), Route(MEMBER, there, methods=EVERY)]


@dataclass(frozen=True, slots=True)
class _Endpoints:
    registrations: Registrations
    public_url: str
    json_depth: int

    def register(self, visit: Visit) -> Response:
        if visit.scope["method"] != "POST":
            return _response(errors.method_not_allowed("POST"))
        made = self.registrations.register(
            visit.path["workspace_id"],
            self._document(visit),
            token=_token(visit),
            source=visit.source,
        )
        return self._answer(made, status=201)

    def look_after(self, visit: Visit) -> Response:
        workspace_id, client_id = visit.path["workspace_id"], visit.path["client_id"]
        token = _token(visit)
        match visit.scope["method"]:
            case "PUT":
                document = self._document(visit)
                changed = self.registrations.replace(workspace_id, client_id, document, token=token)
                return self._answer(changed)
            case "DELETE":
                self.registrations.delete(workspace_id, client_id, token=token)
                return Response(status_code=204, headers={"cache-control": "no-store"})
            case "GET" | "HEAD":
                shown = self.registrations.show(workspace_id, client_id, token=token)
                return self._answer(shown)
        return _response(errors.method_not_allowed("DELETE, GET, PUT"))

    def _document(self, visit: Visit) -> dict[str, Any]:
        media_type = (visit.header(b"content-type") or "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise InvalidClientMetadata("Send the metadata as application/json.")
        try:
            document = parse_json(visit.body, depth=self.json_depth)
        except Malformed as error:
            raise InvalidClientMetadata(error.detail) from None
        if not isinstance(document, dict):
            raise InvalidClientMetadata("The metadata are one JSON object.")
        return document

    def _answer(self, registration: Registration, *, status: int = 200) -> Response:
        """RFC 7591 §3.2.1 and RFC 7592 §3."""
        client = registration.client
        said: dict[str, Any] = {
            "client_id": client.id,
            "client_id_issued_at": int(client.created_at.timestamp()),
            "registration_access_token": registration.access_token,
            "registration_client_uri": (
                f"{self.public_url}/w/{client.workspace_id}/register/{client.id}"
            ),
            **described(client),
        }
        if registration.secret is not None:
            said |= {"client_secret": registration.secret, "client_secret_expires_at": 0}
        return _response(json_answer(said, status=status))


def _token(visit: Visit) -> str | None:
    presented = presented_of(visit.header(b"authorization"), visit.scope)
    return None if presented is None else presented.secret


def _response(answer: Answer) -> Response:
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
