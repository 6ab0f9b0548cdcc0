"""The words of a workspace: its catalogues' definitions joined with its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scopewright.core.caller import Caller
from scopewright.core.catalogue import Catalogue, Vocabulary
from scopewright.core.model import Workspace
from scopewright.core.proposals import Proposal
from scopewright.store import applications, role_mappings, roles, scopes, workspaces
from scopewright.store.database import Transaction


def here(tx: Transaction, workspace_id: str, catalogues: Mapping[str, Catalogue]) -> Vocabulary:
    """The same, for operations that know the workspace's id only.

    Raises:
        NotFound: the workspace is gone.
    """
    return of_workspace(tx, workspaces.find(tx, workspace_id), catalogues)


def of_workspace(
    tx: Transaction, workspace: Workspace, catalogues: Mapping[str, Catalogue]
) -> Vocabulary:
    """Everything that can be said about scopes and roles in this workspace now."""
    enabled = tuple(catalogues[name] for name in workspace.catalogues if name in catalogues)
    return Vocabulary(
        enabled,
        scopes=tuple(scopes.of_workspace(tx, workspace.id)),
        roles=tuple(roles.of_workspace(tx, workspace.id)),
        applications=tuple(applications.of_workspace(tx, workspace.id)),
        mappings=role_mappings.of_workspace(tx, workspace.id),
        tenant=workspace.slug,
    )


def change(tx: Transaction, caller: Caller, proposal: Proposal, *, at: datetime) -> None:
    """Make the workspace's own words what is proposed."""
    here = caller.workspace_id
    for name, role in proposal.roles.items():
        if role is None:
            roles.remove(tx, here, name=name)
        else:
            roles.put(tx, here, role=role, at=at)
    for name, scope in proposal.scopes.items():
        if scope is None:
            scopes.remove(tx, here, name=name)
        else:
            scopes.put(tx, here, scope=scope, at=at)
    for include, mapped in proposal.mappings.items():
        if mapped is None:
            role_mappings.remove(tx, here, include=include)
        else:
            by = caller.principal.id
            role_mappings.put(tx, here, include=include, role=mapped, by=by, at=at)
