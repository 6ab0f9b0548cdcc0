"""Trust outside issuers, change what their assertions mean here, and stop trusting them.

To let an issuer speak for a client is to give control of that client: it counts as giving all that
the client holds. So it belongs to changing clients, and whoever may see clients sees who speaks for
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from scopewright import ids
from scopewright.clock import Clock
from scopewright.core import delegation
from scopewright.core import trusted_issuers as core
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Conflict, Invalid, NotFound
from scopewright.core.model import ChangeKind, ClientType
from scopewright.core.oauth import issuer_of
from scopewright.core.scopes import NONE
from scopewright.core.trusted_issuers import Rule, TrustedIssuer
from scopewright.guard.jwk import PRIVATE_MEMBERS
from scopewright.remote_keys import read_client_keys
from scopewright.store import audit, clients, holdings, trusted_issuers, vocabulary, workspaces
from scopewright.store.database import Database, Transaction
from scopewright.store.pages import Page, Window


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """What is said about a trusted issuer. None: nothing is said, it stays.

    `jwks` takes the place of a `jwks_uri`, and the other way round.
    """

    audience: str | None = None
    jwks_uri: str | None = None
    jwks: Mapping[str, Any] | None = None
    rules: tuple[Rule, ...] | None = None
    is_single_use: bool | None = None

    def applied_to(self, trusted: TrustedIssuer) -> TrustedIssuer:
        """The trusted issuer with what is said.

        Raises:
            Invalid: with the member that is refused.
        """
        values = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        said = {name: value for name, value in values.items() if value is not None}
        if self.jwks is not None or self.jwks_uri is not None:
            said |= {"jwks": self.jwks, "jwks_uri": self.jwks_uri}
        changed: TrustedIssuer = replace(trusted, **said)
        _check_keys(changed.jwks)
        return core.check(changed)


@dataclass(frozen=True, slots=True)
class TrustedIssuers:
    """What can be done with the outside issuers that a workspace trusts."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    public_url: str

    @needs("clients:read")
    def page(self, caller: Caller, *, window: Window) -> Page[TrustedIssuer]:
        """The trusted issuers of the workspace, oldest first."""
        with self.database.read() as tx:
            return trusted_issuers.page(tx, caller.workspace_id, window=window)

    @needs("clients:read")
    def show(self, caller: Caller, *, id: str) -> TrustedIssuer:
        """One trusted issuer.

        Raises:
            NotFound: there is none of this id.
        """
        with self.database.read() as tx:
            return _find(tx, caller, id)

    @needs("clients:update")
    def trust(self, caller: Caller, *, issuer: str, settings: TrustSettings) -> TrustedIssuer:
        """Trust an issuer; its assertions are made for our own issuer unless told otherwise.

        Raises:
            Invalid: a value that is refused, or a rule for what is no client of its own here.
            Conflict: it is trusted already.
            Escalation: a client that it speaks for holds what the caller does not.
        """
        now, here = self.clock(), caller.workspace_id
        blank = TrustedIssuer(
            id=ids.new_id("tri"),
            workspace_id=here,
            issuer=issuer,
            audience=issuer_of(self.public_url, here),
            jwks_uri=None,
            jwks=None,
            rules=(),
            is_single_use=True,
            created_at=now,
        )
        trusted = settings.applied_to(blank)
        with self.database.write() as tx:
            workspaces.touch(tx, here, ChangeKind.CLIENT, trusted.id, at=now)
            if trusted_issuers.by_issuer(tx, here, issuer=issuer) is not None:
                raise Conflict("This issuer is trusted already.", conflict="issuer")
            self._refuse_control(tx, caller, trusted)
            trusted_issuers.add(tx, trusted)
            after = _described(trusted)
            audit.record(tx, caller, "trusted-issuers:create", trusted.id, at=now, after=after)
        return trusted

    @needs("clients:update")
    def change(self, caller: Caller, *, id: str, settings: TrustSettings) -> TrustedIssuer:
        """Change what is said; a list of rules replaces the present one.

        Other keys, or another audience, are other people's assertions: so any change counts as
        giving control of every client that the issuer speaks for.

        Raises:
            NotFound: there is none of this id.
            Invalid, Escalation: as `trust`.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.CLIENT, id, at=now)
            before = _find(tx, caller, id)
            after = settings.applied_to(before)
            self._refuse_control(tx, caller, after)
            trusted_issuers.change(tx, after)
            changed = audit.difference(_described(before), _described(after))
            audit.record(tx, caller, "trusted-issuers:update", id, at=now, **changed)
        return after

    @needs("clients:update")
    def distrust(self, caller: Caller, *, id: str) -> None:
        """Stop trusting an issuer; tokens that it has brought about live until they expire.

        Raises:
            NotFound: there is none of this id.
        """
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, caller.workspace_id, ChangeKind.CLIENT, id, at=now)
            before = _described(_find(tx, caller, id))
            trusted_issuers.remove(tx, caller.workspace_id, id=id)
            audit.record(tx, caller, "trusted-issuers:delete", id, at=now, before=before)

    def _refuse_control(self, tx: Transaction, caller: Caller, trusted: TrustedIssuer) -> None:
        """Whoever signs for the issuer can do all that the clients of its rules can."""
        for client_id in trusted.clients:
            client = clients.get(tx, client_id)
            here = client is not None and client.workspace_id == caller.workspace_id
            if client is None or not here or client.type is not ClientType.CLIENT_CREDENTIALS:
                raise Invalid("A rule names a client_credentials client.", field="rules")
        words = vocabulary.here(tx, caller.workspace_id, self.catalogues)
        held_by_each = holdings.of_many(tx, sorted(trusted.clients), words)
        holds = holdings.of_giver(tx, caller, words)
        given = NONE.union(*held_by_each.values())
        delegation.refuse_giving(caller, words, held=holds, given=given)


def _find(tx: Transaction, caller: Caller, id: str) -> TrustedIssuer:
    trusted = trusted_issuers.get(tx, caller.workspace_id, id=id)
    if trusted is None:
        raise NotFound("There is no such trusted issuer.")
    return trusted


def _check_keys(jwks: Mapping[str, Any] | None) -> None:
    if jwks is None:
        return
    try:
        read_client_keys(jwks)
    except ValueError as error:
        raise Invalid(f"These are no keys: {error}.", field="jwks") from None
    if any(isinstance(key, dict) and PRIVATE_MEMBERS & key.keys() for key in jwks["keys"]):
        raise Invalid("A key here shows its private half; it is worth nothing now.", field="jwks")


def _described(trusted: TrustedIssuer) -> dict[str, Any]:
    """Its settings for the audit log; all of them are public."""
    kept = ("issuer", "audience", "jwks_uri", "jwks", "rules", "is_single_use")
    facts = asdict(trusted)
    return {name: facts[name] for name in kept}
