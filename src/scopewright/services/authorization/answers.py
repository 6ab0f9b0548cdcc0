"""Look, choose, approve, deny: what happens to an authorization that waits for the person.

Every step of signing in and consenting comes back to `look`, and `core.authorization.next_step`
alone decides what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core.authentication_context import told_acr
from scopewright.core.authorization import NextStep
from scopewright.core.authorization_response import AuthorizationResponse, spelled
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import AccessDenied, NotNow, OAuthError
from scopewright.core.model import Approved, Asked, Authorization
from scopewright.core.oauth import CODE_LIFETIME, hash_secret, issuer_of
from scopewright.services.authorization.asking import (
    AccountChoice,
    Asking,
    Question,
    Which,
    read_asking,
)
from scopewright.store import authorizations, consents, identities
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class SignInFirst:
    """The person must prove who they are before anything else."""


Outcome = SignInFirst | AccountChoice | Question | AuthorizationResponse


@dataclass(frozen=True, slots=True)
class Authorizations:
    """What can be done with authorizations that wait."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    public_url: str

    def waiting(self, id: str) -> Authorization | None:
        """The authorization that a browser signs in for, as long as it waits."""
        with self.database.read() as tx:
            found = authorizations.get(tx, id)
        is_waiting = found is not None and isinstance(found.stage, Asked)
        return found if is_waiting else None

    def look(self, which: Which) -> Outcome:
        """What happens next for this browser.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, which)
            try:
                step = asking.next_step()
            except OAuthError as error:
                return self._refuse(tx, asking, error)
            match step:
                case NextStep.SIGN_IN:
                    return SignInFirst()
                case NextStep.CHOOSE_ACCOUNT:
                    return asking.account_choice()
                case NextStep.ASK_CONSENT:
                    return asking.question()
                case NextStep.ISSUE:
                    return self._issue(tx, asking)

    def choose(self, which: Which) -> None:
        """The person goes on as who they are signed in: that question is answered.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, which)
            if asking.sign_in is not None:
                prompt = asking.authorization.prompt - {"select_account"}
                authorizations.set_prompt(tx, which.id, prompt)

    def approve(self, which: Which) -> AuthorizationResponse | None:
        """The person said yes; None if something else must be asked first.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, which)
            try:
                step = asking.next_step()
            except OAuthError as error:
                return self._refuse(tx, asking, error)
            if step in (NextStep.SIGN_IN, NextStep.CHOOSE_ACCOUNT):
                return None
            response = self._issue(tx, asking)
            consents.put(tx, asking.approved())
            return response

    def deny(self, which: Which) -> AuthorizationResponse:
        """The person said no.

        Raises:
            NotFound, NotNow: no such authorization, or it has been answered or is too old.
        """
        with self.database.write() as tx:
            asking = self._asking(tx, which)
            return self._refuse(tx, asking, AccessDenied("The person did not approve this."))

    def _asking(self, tx: Transaction, which: Which) -> Asking:
        issuer = issuer_of(self.public_url, which.workspace_id)
        return read_asking(tx, which, self.catalogues, now=self.clock(), issuer=issuer)

    # --- answering ------------------------------------------------------------------------------

    def _issue(self, tx: Transaction, asking: Asking) -> AuthorizationResponse:
        """RFC 6749 §4.1.2."""
        assert asking.record is not None  # next_step() comes before, and refuses without them
        assert asking.sign_in is not None
        code = ids.new_secret("swc")
        authorization = asking.authorization.approve(
            asking.record.principal.id,
            hash_secret(code),
            sign_in=asking.sign_in,
            at=asking.now,
            acr=told_acr(asking.authorization.particulars, asking.sign_in),
        )
        approved = authorization.stage
        assert isinstance(approved, Approved)
        until = asking.now + CODE_LIFETIME
        if not authorizations.approve(tx, authorization.id, approved, until=until):
            raise NotNow("This request has been answered already. Start again.")
        identities.note_use(tx, asking.record.principal, asking.sign_in.identity, at=asking.now)
        return self._response(authorization, {"code": code})

    def _refuse(self, tx: Transaction, asking: Asking, error: OAuthError) -> AuthorizationResponse:
        """RFC 6749 §4.1.2.1; the request is over."""
        authorizations.deny(tx, asking.authorization.id, at=asking.now)
        return self._response(asking.authorization, spelled(error))

    def _response(
        self, authorization: Authorization, said: Mapping[str, str]
    ) -> AuthorizationResponse:
        return AuthorizationResponse(
            authorization.redirect_uri,
            said,
            issuer_of(self.public_url, authorization.workspace_id),
            authorization.state,
            authorization.particulars.response_mode,
        )
