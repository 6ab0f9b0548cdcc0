"""Clients whose id is a URL: fetched when they are new or stale, and kept like any other.

A document that comes but is refused counts at once; one that does not come leaves what is known
in force for a while, so that an outage elsewhere is not one here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from urllib.parse import urlsplit

from scopewright import log
from scopewright.clock import Clock
from scopewright.core.client_documents import (
    GRACE,
    LARGEST_DOCUMENT,
    check_url,
    id_of,
    lifetime,
    read_document,
)
from scopewright.core.client_metadata import described, undescribed
from scopewright.core.errors import Invalid, InvalidRedirect, OAuthError, TooMany
from scopewright.core.model import ChangeKind, Client
from scopewright.outbound import Fetcher, Unfetchable
from scopewright.store import audit, clients, consents, limits, principals, workspaces
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction

WINDOW = timedelta(hours=1)
MOST_AT_ONCE = 4
MOST_OF_A_WORKSPACE = 300
MOST_OF_A_HOST = 60


@dataclass(frozen=True, slots=True)
class ClientDocuments:
    """Finds clients by their URL. Calls block, and go out: never within a transaction."""

    database: Database
    clock: Clock
    fetcher: Fetcher
    _places: BoundedSemaphore = field(
        init=False, default_factory=lambda: BoundedSemaphore(MOST_AT_ONCE)
    )

    def client(self, workspace_id: str, url: str) -> Client | None:
        """The client at this URL as its document says; None where such clients are not taken.

        Raises:
            InvalidRedirect: the document cannot be had, or is refused: nobody may be sent there.
            TooMany: too many documents were asked for.
        """
        now = self.clock()
        with self.database.read() as tx:
            workspace = workspaces.get(tx, workspace_id)
            if workspace is None or not workspace.policy.client_id_metadata_documents:
                return None
            known = clients.get(tx, id_of(workspace_id, url))
        if known is not None and is_fresh(known, now):
            return known
        try:
            return self._fetched(workspace_id, url)
        except (Unfetchable, TooMany) as error:
            log.logger().info("client document not fetched", url=url, why=error.cause)
            if known is not None and is_fresh(known, now - GRACE):
                return known
            if isinstance(error, TooMany):
                raise
            raise InvalidRedirect("The client's document could not be fetched.") from None
        except (Invalid, OAuthError) as error:
            field = error.facts.get("field", "software_statement")
            detail = f"The client's document is refused: {field}: {error.detail}"
            raise InvalidRedirect(detail) from None

    def _fetched(self, workspace_id: str, url: str) -> Client:
        check_url(url)
        self._count(workspace_id, url)
        # Nobody waits in line: who names slow URLs takes threads from all that pages are made in.
        if not self._places.acquire(blocking=False):
            raise TooMany("Too many client documents at once. Try again.", retry_after=5)
        try:
            fetched = self.fetcher.get(url, limit=LARGEST_DOCUMENT)
        finally:
            self._places.release()
        metadata = read_document(url, fetched.content_type, fetched.json_object())
        now, id = self.clock(), id_of(workspace_id, url)
        expires_at = now + lifetime(fetched.max_age)
        with self.database.write() as tx:
            workspaces.touch(tx, workspace_id, ChangeKind.CLIENT, id, at=now)
            before = clients.get(tx, id)
            blank = before or undescribed(workspace_id, id=id, name=url, at=now)
            after = replace(
                metadata.applied_to(blank), document_url=url, document_expires_at=expires_at
            )
            _keep(tx, before, after, at=now)
        return after

    def _count(self, workspace_id: str, url: str) -> None:
        """Raises TooMany. Counted before anything goes out, and whatever comes of it."""
        now = self.clock()
        with self.database.write() as tx:
            counts = [
                (MOST_OF_A_WORKSPACE, f"documents:workspace:{workspace_id}"),
                (MOST_OF_A_HOST, f"documents:host:{urlsplit(url).netloc}"),
            ]
            for most, key in counts:
                counted = limits.count(tx, key, now=now, window=WINDOW)
                if counted.used > most:
                    raise TooMany(
                        "Too many client documents were asked for. Try again later.",
                        retry_after=counted.retry_after(now),
                    )


def is_fresh(client: Client, now: datetime) -> bool:
    """Whether what is known of this client's document still counts."""
    return client.document_expires_at is not None and now < client.document_expires_at


def _keep(tx: Transaction, before: Client | None, after: Client, *, at: datetime) -> None:
    """The client as it is from now on.

    When codes are to go to another redirect URI, each person is asked again before one does.
    """
    itself = Actor(after.workspace_id, after.id, via="metadata-document")
    if before is None:
        principals.add(tx, after.principal)
        clients.add(tx, after)
        audit.record(tx, itself, "clients:create", after.id, at=at, after=described(after))
        return
    if set(after.redirect_uris) != set(before.redirect_uris):
        consents.remove_of_client(tx, after.id)
    clients.change(tx, after)
    if described(before) != described(after):
        principals.rename(tx, after.id, name=after.name)
        facts = {"before": described(before), "after": described(after)}
        audit.record(tx, itself, "clients:update", after.id, at=at, **facts)
