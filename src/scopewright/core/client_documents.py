"""Clients whose id is the URL of a document that describes them.

OAuth Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document-02), which the Model
Context Protocol asks for. Sections are of that draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from scopewright.core.client_authentication import NONE, PRIVATE_KEY_JWT
from scopewright.core.client_metadata import ClientMetadata, read_metadata
from scopewright.core.errors import Invalid
from scopewright.core.model import Client
from scopewright.core.oauth import USER_FLOWS

LARGEST_DOCUMENT = 16 << 10  # §8.7 speaks of 5 KiB; keys may stand inside
USUAL_LIFETIME = timedelta(hours=1)
SHORTEST_LIFETIME = timedelta(minutes=5)
LONGEST_LIFETIME = timedelta(days=1)
GRACE = timedelta(hours=1)  # how long a document counts whose host does not answer
_METHODS = (NONE, PRIVATE_KEY_JWT)


def is_document_url(client_id: str) -> bool:
    """Whether this client id is looked up as a document: no other has a scheme."""
    return client_id.startswith("https://")


def id_of(workspace_id: str, url: str) -> str:
    """The id of the principal that the URL is in a workspace; registered ids are random."""
    return str(uuid5(NAMESPACE_URL, f"{workspace_id} {url}"))


def kept_id(workspace_id: str, client_id: str) -> str:
    """The id under which the client of this name is kept in a workspace."""
    return id_of(workspace_id, client_id) if is_document_url(client_id) else client_id


def host_of(client: Client) -> str | None:
    """The host that speaks for a client which is named by its URL; people are told (§8.1)."""
    return None if client.document_url is None else urlsplit(client.document_url).netloc


def check_url(url: str) -> str:
    """A URL as a client id (§3); the fetcher judges the rest of it.

    Raises:
        Invalid: no path, or one that leads back up.
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        raise Invalid("This is not a URL.", field="client_id") from None
    if not path:
        raise Invalid("The URL of a client has a path.", field="client_id")
    if {".", ".."} & {unquote(segment) for segment in path.split("/")}:
        raise Invalid("The path of a client's URL has no dot segments.", field="client_id")
    return url


def read_document(url: str, content_type: str, document: Mapping[str, Any]) -> ClientMetadata:
    """What a client says about itself at its URL (§4).

    Raises:
        Invalid, UnapprovedSoftwareStatement: with the member that is refused.
    """
    if content_type != "application/json" and not _is_json_kind(content_type):
        raise Invalid("The document is not served as JSON.", field="content-type")
    if document.get("client_id") != url:
        raise Invalid("The document does not name its own URL.", field="client_id")
    for name in ("client_secret", "client_secret_expires_at"):
        if name in document:
            raise Invalid("A published document holds no secret.", field=name)
    metadata = read_metadata(document, default_method=NONE)
    if metadata.registration.token_endpoint_auth_method not in _METHODS:
        raise Invalid(f"Choose one of {', '.join(_METHODS)}.", field="token_endpoint_auth_method")
    if metadata.name is None:
        raise Invalid("People are shown who asks: a name is needed.", field="client_name")
    if metadata.type not in USER_FLOWS:
        raise Invalid("These clients act for people alone.", field="grant_types")
    return metadata


def lifetime(max_age: int | None) -> timedelta:
    """How long a document is kept whose answer names this age in seconds (§5.2)."""
    if max_age is None:
        return USUAL_LIFETIME
    return min(max(timedelta(seconds=max_age), SHORTEST_LIFETIME), LONGEST_LIFETIME)


def _is_json_kind(content_type: str) -> bool:
    return content_type.startswith("application/") and content_type.endswith("+json")
