"""Back-channel logout (OpenID Connect Back-Channel Logout): clients are told of ended sessions.

What is to be told was queued in the transaction that ended the session, so nothing is lost with a
process; whichever process takes a notice next delivers it. A client may be told twice, never less
often than it answers.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from scopewright import ids, log
from scopewright.core.logout import TYPE, LogoutNotice, is_answered
from scopewright.core.model import Client, SigningKey
from scopewright.core.oauth import issuer_of
from scopewright.core.security_profile import profile_of
from scopewright.keys import KeyRing, signing_now
from scopewright.outbound import Fetcher, Unfetchable
from scopewright.store import clients, logout_notices, signing_keys, workspaces
from scopewright.store.database import Database

DELIVER_SECONDS = 1.0
MOST_A_ROUND = 64
MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class LogoutNotices:
    """Tells clients, outside of any transaction."""

    database: Database
    key_ring: KeyRing
    fetcher: Fetcher
    public_url: str

    def deliver(self, now: datetime) -> int:
        """One try for each notice whose time has come; how many were taken."""
        with self.database.read() as tx:
            due = logout_notices.due(tx, now=now, most=MOST_A_ROUND)
        if not due:
            return 0
        with ThreadPoolExecutor(MOST_AT_ONCE, "logout") as pool:  # one client must not delay all
            return sum(pool.map(lambda notice: self._try(notice, now), due))

    def _try(self, notice: LogoutNotice, now: datetime) -> bool:
        with self.database.write() as tx:
            taken = logout_notices.take(tx, notice, at=now)
            client = clients.get(tx, notice.client_id)
            workspace = workspaces.get(tx, notice.workspace_id)
            keys = signing_keys.of_workspace(tx, notice.workspace_id)
        if taken is None or client is None or workspace is None:
            return False
        algorithm = client.registration.id_token_signed_response_alg
        key = signing_now(keys, profile_of(workspace).signing(algorithm), now=now)
        if self._is_told(notice, client, self._logout_token(notice, client, key, now)):
            self._forget(notice)
        elif taken.is_spent:
            log.logger().error("logout notice given up", client=client.id, tries=taken.tries)
            self._forget(notice)
        return True

    def _logout_token(
        self, notice: LogoutNotice, client: Client, key: SigningKey, now: datetime
    ) -> str:
        """A new one for each try: it lives for two minutes only."""
        claims = notice.claims(
            issuer=issuer_of(self.public_url, notice.workspace_id),
            audience=client.client_id,
            id=ids.new_id("jti"),
            now=now,
        )
        return self.key_ring.sign(key, claims, type=TYPE)

    def _is_told(self, notice: LogoutNotice, client: Client, token: str) -> bool:
        """Whether nothing is left to be done: the client has answered, or has no address now."""
        url = client.registration.backchannel_logout_uri
        if url is None:
            return True
        try:
            status = self.fetcher.post_form(url, {"logout_token": token})
        except Unfetchable as error:
            why = error.cause
        else:
            if is_answered(status):
                return True
            why = f"status {status}"
        log.logger().warning("client not told of logout", client=notice.client_id, why=why)
        return False

    def _forget(self, notice: LogoutNotice) -> None:
        with self.database.write() as tx:
            logout_notices.remove(tx, notice.id)
