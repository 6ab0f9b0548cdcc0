"""Make, list and revoke the tokens that let clients register themselves (RFC 7591 §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.caller import Caller, needs
from scopewright.core.errors import Invalid, NotFound
from scopewright.core.model import RegistrationToken
from scopewright.core.oauth import hash_secret
from scopewright.store import audit, registration_tokens
from scopewright.store.database import Database
from scopewright.store.pages import Page, Window

LONGEST_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class RegistrationTokens:
    """What can be done with initial access tokens.

    The scopes about clients open it: whoever has such a token registers clients, which then hold
    nothing, so no more is given than who may register clients has.
    """

    database: Database
    clock: Clock

    @needs("clients:read")
    def page(self, caller: Caller, *, window: Window) -> Page[RegistrationToken]:
        """The live tokens of the workspace, oldest first."""
        with self.database.read() as tx:
            now = self.clock()
            return registration_tokens.page(tx, caller.workspace_id, now=now, window=window)

    @needs("clients:create")
    def create(
        self, caller: Caller, *, note: str, lifetime: timedelta
    ) -> tuple[RegistrationToken, str]:
        """A new token, and its secret: shown now, and never again.

        Raises:
            Invalid: the note, or a lifetime out of bounds.
        """
        if not timedelta() < lifetime <= LONGEST_LIFETIME:
            longest = int(LONGEST_LIFETIME.total_seconds())
            raise Invalid(f"Choose 1 to {longest} seconds.", field="expires_in")
        now, secret = self.clock(), ids.new_secret("swn")
        token = RegistrationToken(
            id=ids.new_id("rgt"),
            workspace_id=caller.workspace_id,
            hash=hash_secret(secret),
            note=names.check_description(note, field="note"),
            created_by=caller.principal.id,
            created_at=now,
            expires_at=now + lifetime,
        )
        with self.database.write() as tx:
            registration_tokens.add(tx, token)
            after = {"note": token.note, "expires_in": int(lifetime.total_seconds())}
            audit.record(tx, caller, "registration-tokens:create", token.id, at=now, after=after)
        return token, secret

    @needs("clients:delete")
    def revoke(self, caller: Caller, *, id: str) -> None:
        """Let no more clients register by this token; those that have stay.

        Raises:
            NotFound: there is no such token.
        """
        with self.database.write() as tx:
            if not registration_tokens.remove(tx, caller.workspace_id, id=id):
                raise NotFound("There is no such registration token.")
            audit.record(tx, caller, "registration-tokens:delete", id, at=self.clock())
