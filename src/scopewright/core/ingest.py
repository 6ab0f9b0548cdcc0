"""Which context is stamped on a datapoint."""

from __future__ import annotations

from typing import Any

from scopewright.core.model import PrincipalKind

INGEST_CONTEXT = "ingest_context"


def stamp(kind: PrincipalKind | None, ingest_context: Any) -> Any:
    """The context to freeze onto a datapoint: an end-user's present one, for all others nothing.

    A client's own metadata is never stamped, even under the reserved key: its id is recorded on
    the datapoint, and its metadata is joined when the data is read.
    """
    return ingest_context if kind is PrincipalKind.END_USER else None
