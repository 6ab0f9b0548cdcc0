"""Show, change and delete workspaces. They come to be in `founding.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from scopewright import log
from scopewright.clock import Clock
from scopewright.core import names
from scopewright.core.caller import Caller, needs
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Conflict
from scopewright.core.model import (
    ChangeKind,
    Identity,
    PrincipalKind,
    Workspace,
    WorkspacePolicy,
)
from scopewright.core.policy import check_policy
from scopewright.core.tokens import check_overrides
from scopewright.store import audit, issued_tokens, vocabulary, workspaces
from scopewright.store.database import Database, Transaction

Changes = Mapping[str, Any]  # some fields of a dataclass with their new values


@dataclass(frozen=True, slots=True)
class Workspaces:
    """What members can do with their workspaces."""

    database: Database
    clock: Clock
    catalogues: Mapping[str, Catalogue]

    def of_identity(self, identity: Identity) -> list[Workspace]:
        """The workspaces of which a person is a member, oldest first."""
        with self.database.read() as tx:
            return workspaces.of_member(tx, identity)

    @needs("workspace:read")
    def show(self, caller: Caller) -> Workspace:
        """The caller's workspace."""
        with self.database.read() as tx:
            return workspaces.find(tx, caller.workspace_id)

    @needs("workspace:update")
    def change(
        self,
        caller: Caller,
        *,
        name: str | None = None,
        tokens: Changes | None = None,
        policy: Changes | None = None,
    ) -> Workspace:
        """Rename the workspace; set some of its token settings (None: as the server's) or policy.

        The slug and the id never change, so neither do its addresses and its audience.

        Raises:
            Invalid: the name, a lifetime, an algorithm or a member of the policy is refused.
        """
        title, now = None if name is None else names.check_title(name), self.clock()
        with self.database.write() as tx:
            id = caller.workspace_id
            workspaces.touch(tx, id, ChangeKind.WORKSPACE, id, at=now)
            before = workspaces.find(tx, id)
            after = replace(
                before,
                name=title or before.name,
                tokens=check_overrides(replace(before.tokens, **(tokens or {}))),
                policy=self._policy(tx, before, policy or {}),
            )
            workspaces.change(tx, after)
            audit.record(
                tx, caller, "workspace:update", id, at=now,
                before=_changeable(before), after=_changeable(after),
            )  # fmt: skip
        return after

    def _policy(self, tx: Transaction, before: Workspace, changes: Changes) -> WorkspacePolicy:
        if not changes:
            return before.policy
        words = vocabulary.of_workspace(tx, before, self.catalogues)
        declared = before.policy.resources.values()  # a deleted scope may go on standing there
        known = frozenset(words.by_name).union(*declared, before.policy.api_keys.scopes or ())
        wanted = replace(before.policy, **changes)
        return check_policy(wanted, known=known, applications=words.audiences)

    @needs("workspace:delete")
    def delete(self, caller: Caller) -> None:
        """Delete the workspace with everything in it; its tokens and keys stop working at once.

        A member may not delete their only workspace. A program or an end-user, who acts for all,
        may not where any member has no other.

        Raises:
            Conflict: somebody would be left without any workspace.
        """
        id, now = caller.workspace_id, self.clock()
        with self.database.write() as tx:
            workspaces.touch(tx, id, ChangeKind.WORKSPACE, id, at=now)
            workspaces.lock_all(tx, now=now)
            stranded = workspaces.members_only_here(tx, id)
            if caller.principal.kind is PrincipalKind.MEMBER:
                stranded &= {caller.principal.id}
            if stranded:
                raise Conflict("This is somebody's only workspace. Create another one first.")
            issued_tokens.remove_workspace(tx, id)
            workspaces.remove(tx, id)
        log.logger().info(  # its own audit log went with it
            "workspace deleted", workspace=id, actor=caller.principal.id, via=caller.via
        )


def _changeable(workspace: Workspace) -> dict[str, object]:
    return {
        "name": workspace.name,
        "tokens": asdict(workspace.tokens),
        "policy": asdict(workspace.policy),
    }
