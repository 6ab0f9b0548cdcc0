"""Found a workspace: who may, and what a new one is born with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Literal

from scopewright import ids
from scopewright.catalogues import INTERNAL, PLAIN, member_roles
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.administrators import administers
from scopewright.core.caller import Caller
from scopewright.core.catalogue import Catalogue
from scopewright.core.enabling import check_together
from scopewright.core.errors import Conflict, Forbidden, Invalid
from scopewright.core.identities import email_identity
from scopewright.core.key_chain import inherits
from scopewright.core.model import (
    ApiKey,
    Assignment,
    ChangeKind,
    Identity,
    Principal,
    PrincipalKind,
    SignIn,
    Workspace,
)
from scopewright.core.oauth import hash_secret, issuer_of
from scopewright.core.scopes import EVERYTHING
from scopewright.keys import KeyRing
from scopewright.store import (
    api_keys,
    assignments,
    audit,
    principals,
    signing_keys,
    vocabulary,
    workspaces,
)
from scopewright.store.audit import Actor
from scopewright.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The API key that a workspace is born with; it has all of its administrator's rights.

    `expires_at` None: it lives until it is revoked.
    """

    note: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Founding:
    """How workspaces come to be. `administrators` are addresses, for the whole instance."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]
    key_ring: KeyRing
    public_url: str
    creation: Literal["members", "administrators"] = "members"
    administrators: Sequence[str] = ()

    def create_for(
        self,
        asker: Caller | SignIn,
        *,
        name: str,
        slug: str | None = None,
        catalogues: Sequence[str] = (),
    ) -> tuple[Workspace, str | None]:
        """A new workspace for a member of another one, who becomes its administrator.

        Who asks with a key gets the secret of one key of the new workspace, which lives no longer
        than the key that was presented; a browser gets none.

        Raises:
            Forbidden: the asker is no member, or its credential is narrower than the member.
            Invalid, Conflict: as `create`.
        """
        with self.database.read() as tx:
            identity, key = self._founder(tx, asker)
        first = None if key is None else FirstKey("made with the workspace", key.expires_at)
        return self.create(identity, name=name, slug=slug, catalogues=catalogues, key=first)

    def create(
        self,
        identity: Identity,
        *,
        name: str,
        slug: str | None = None,
        catalogues: Sequence[str] = (),
        key: FirstKey | None = None,
    ) -> tuple[Workspace, str | None]:
        """A new workspace with this person as its administrator, and the secret of its first key.

        It asks for nobody's leave: that is for whoever calls it. Without a slug one is made from
        the name, numbered where it is taken.

        Raises:
            Invalid: a name, slug or catalogue is refused.
            Conflict: the slug is taken, or a catalogue reserves it.
        """
        now = self.clock()
        workspace = Workspace(
            id=ids.new_uuid(),
            slug="" if slug is None else names.check_slug(slug),
            name=names.check_title(name),
            catalogues=self._enabled(catalogues),
            created_at=now,
        )
        keys = self.key_ring.make_first(workspace.id, now=now)
        with self.database.write() as tx:
            workspaces.lock_all(tx, now=now)
            workspace = replace(workspace, slug=self._free_slug(tx, workspace))
            workspaces.add(tx, workspace)
            for signing_key in keys:
                signing_keys.add(tx, signing_key)
            secret = self._add_administrator(tx, workspace, identity, key=key, now=now)
        return workspace, secret

    def initialise(
        self, *, name: str, slug: str, admin_email: str, catalogues: Sequence[str] = ()
    ) -> dict[str, str | None]:
        """The workspace of this slug and its first administrator, made where missing.

        Answers `{"workspace_id", "slug", "issuer", "admin_email", "api_key"}`. `api_key` has all
        of the administrator's rights, and is null unless this call made it; `admin_email` is the
        first administrator's, whoever was asked for.

        Raises:
            Invalid: as `create`.
        """
        identity = email_identity(names.check_email(admin_email, field="admin"))
        key = FirstKey("made by init")
        with self.database.read() as tx:
            workspace = workspaces.by_slug(tx, slug)
        if workspace is None:
            workspace, secret = self.create(
                identity, name=name, slug=slug, catalogues=catalogues, key=key
            )
        else:
            identity, secret = self._first_administrator(workspace, identity, key)
        return {
            "workspace_id": workspace.id,
            "slug": workspace.slug,
            "issuer": issuer_of(self.public_url, workspace.id),
            "admin_email": identity.subject,
            "api_key": secret,
        }

    # --- who may create -------------------------------------------------------------------------

    def is_open_to(self, asker: Caller | SignIn) -> bool:
        """Whether `create_for` would let the asker."""
        with self.database.read() as tx, suppress(Forbidden):
            return bool(self._founder(tx, asker))
        return False

    def _founder(self, tx: Transaction, asker: Caller | SignIn) -> tuple[Identity, ApiKey | None]:
        """The person who asks for a workspace, and the key by which they ask.

        Raises:
            Forbidden: no member, or not with everything that the member holds.
        """
        identity: Identity | None
        if isinstance(asker, SignIn):
            identity, key = asker.identity, None
            welcome = _is_member(tx, identity) or administers(identity, self.administrators)
        else:
            identity, key = asker.principal.identity, _inheriting_key(tx, asker.key_id)
            welcome = asker.principal.kind is PrincipalKind.MEMBER and key is not None
        if identity is None or not welcome:
            raise Forbidden(
                "Only members may create workspaces, signed in or with an inheriting key."
            )
        if self.creation == "administrators" and not administers(identity, self.administrators):
            raise Forbidden("Only administrators of this instance may create workspaces.")
        return identity, key

    # --- slugs and catalogues -------------------------------------------------------------------

    def _enabled(self, asked: Sequence[str]) -> tuple[str, ...]:
        """`internal` first; `plain` only where no other is named.

        Raises:
            Invalid: there is no such catalogue, or two do not go together.
        """
        for name in asked:
            if name not in self.catalogues:
                known = ", ".join(sorted(self.catalogues))
                raise Invalid(f"There are the catalogues {known}.", field="catalogues")
        others = [name for name in dict.fromkeys(asked) if name not in (INTERNAL, PLAIN)]
        enabled = (INTERNAL, *(others or [PLAIN]))
        check_together([self.catalogues[name] for name in enabled])
        return enabled

    def _free_slug(self, tx: Transaction, workspace: Workspace) -> str:
        if workspace.slug:
            self._check_unreserved(workspace)
            if workspaces.by_slug(tx, workspace.slug):
                raise Conflict("The slug is taken.", conflict=workspace.slug, field="slug")
            return workspace.slug
        derived = names.check_slug(names.slugify(workspace.name) or "workspace")
        return next(slug for slug in _numbered(derived) if self._is_free(tx, workspace, slug))

    def _is_free(self, tx: Transaction, workspace: Workspace, slug: str) -> bool:
        return not self._reserving(workspace, slug) and not workspaces.by_slug(tx, slug)

    def _check_unreserved(self, workspace: Workspace) -> None:
        if by := self._reserving(workspace, workspace.slug):
            raise Conflict(
                f"The catalogue {by} reserves this slug: no workspace that enables it may be"
                " called so.",
                conflict=by,
                field="slug",
            )

    def _reserving(self, workspace: Workspace, slug: str) -> str | None:
        enabled = (self.catalogues[name] for name in workspace.catalogues)
        return next((c.name for c in enabled if slug in c.reserved_slugs), None)

    # --- the first administrator ----------------------------------------------------------------

    @property
    def _admin_role(self) -> str:
        return member_roles(self.catalogues).admin

    def _first_administrator(
        self, workspace: Workspace, identity: Identity, key: FirstKey
    ) -> tuple[Identity, str | None]:
        """Whoever administers the workspace already; else this person from now on, with a key."""
        now = self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, workspace.id, ChangeKind.WORKSPACE, workspace.id, at=now)
            there = assignments.active_members(tx, workspace.id, role=self._admin_role)
            if there:
                return there[0].identity or identity, None
            return identity, self._add_administrator(tx, workspace, identity, key=key, now=now)

    def _add_administrator(
        self,
        tx: Transaction,
        workspace: Workspace,
        identity: Identity,
        *,
        key: FirstKey | None,
        now: datetime,
    ) -> str | None:
        """Make a person the administrator, with a key where one is wanted; the key's secret."""
        member = Principal(
            id=ids.new_uuid(),
            workspace_id=workspace.id,
            kind=PrincipalKind.MEMBER,
            name=identity.subject,
            identity=identity,
            created_at=now,
        )
        principals.add(tx, member)
        default_roles = vocabulary.of_workspace(tx, workspace, self.catalogues).default_roles
        for role in sorted({self._admin_role} | default_roles):
            given = Assignment(member.id, role, assigned_by=member.id, assigned_at=now)
            assignments.add(tx, workspace.id, assignment=given)
        facts = {"administrator": identity.subject, "with_key": key is not None}
        by = Actor(workspace.id, member.id, via="system")
        audit.record(tx, by, "workspace:create", workspace.id, at=now, **facts)
        return None if key is None else _add_key(tx, member, key, now=now)


def _add_key(tx: Transaction, member: Principal, key: FirstKey, *, now: datetime) -> str:
    key_id = ids.new_id("key")
    secret = ids.new_api_key_secret(key_id)
    api_keys.add(
        tx,
        ApiKey(
            id=key_id,
            principal_id=member.id,
            workspace_id=member.workspace_id,
            secret_hash=hash_secret(secret),
            requested=EVERYTHING,
            note=key.note,
            created_by=member.id,
            created_at=now,
            expires_at=key.expires_at,
        ),
    )
    return secret


def _inheriting_key(tx: Transaction, key_id: str | None) -> ApiKey | None:
    """The key, if neither it nor a key that it was made by is narrower than its principal."""
    chain = api_keys.chain(tx, key_id)
    workspace = workspaces.get(tx, chain[0].workspace_id) if chain else None
    if workspace is None or not inherits(chain, policy=workspace.policy.api_keys):
        return None
    ends = [key.expires_at for key in chain if key.expires_at is not None]
    return replace(chain[0], expires_at=min(ends, default=None))


def _is_member(tx: Transaction, identity: Identity) -> bool:
    return bool(workspaces.of_member(tx, identity))


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    for number in count(2):
        suffix = f"-{number}"
        yield slug[: 63 - len(suffix)].rstrip("-") + suffix
