"""What a person has approved for which client."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from scopewright.core.model import Consent
from scopewright.core.scopes import remembered
from scopewright.store.database import Transaction
from scopewright.store.schema import consents
from scopewright.store.upserts import upsert

_THIS = (
    consents.c.principal_id == bindparam("principal"),
    consents.c.client_id == bindparam("client"),
)
_GET = select(consents).where(*_THIS)
_PUT = upsert(
    consents,
    lambda put: put.on_conflict_do_update(
        index_elements=[consents.c.principal_id, consents.c.client_id],
        set_={"requested": put.excluded.requested, "at": put.excluded.at},
    ),
)
_REMOVE = delete(consents).where(*_THIS)
_REMOVE_OF_CLIENT = delete(consents).where(consents.c.client_id == bindparam("client"))
_OF_PRINCIPAL = (
    select(consents)
    .where(consents.c.principal_id == bindparam("principal"))
    .order_by(consents.c.client_id)
)
_OF_CLIENT = select(consents.c.principal_id).where(consents.c.client_id == bindparam("client"))


def get(tx: Transaction, *, principal_id: str, client_id: str) -> Consent | None:
    """What this person has approved for this client."""
    row = tx.one(_GET, principal=principal_id, client=client_id)
    if row is None:
        return None
    return Consent(row.principal_id, row.client_id, remembered(row.requested), row.at)


def of_principal(tx: Transaction, principal_id: str) -> list[Consent]:
    """All that this person has approved."""
    return [
        Consent(row.principal_id, row.client_id, remembered(row.requested), row.at)
        for row in tx.all(_OF_PRINCIPAL, principal=principal_id)
    ]


def put(tx: Transaction, consent: Consent) -> None:
    """Remember an approval in place of the earlier one."""
    tx.run(
        _PUT[tx.connection.dialect.name],
        principal_id=consent.principal_id,
        client_id=consent.client_id,
        requested=consent.requested.spelled(),
        at=consent.at,
    )


def principals_of_client(tx: Transaction, client_id: str) -> list[str]:
    """The people who have approved a client."""
    return [row.principal_id for row in tx.all(_OF_CLIENT, client=client_id)]


def remove(tx: Transaction, *, principal_id: str, client_id: str) -> bool:
    """Forget what this person has approved for this client; whether there was something."""
    return tx.run(_REMOVE, principal=principal_id, client=client_id) > 0


def remove_of_client(tx: Transaction, client_id: str) -> int:
    """Forget all approvals of a client; how many."""
    return tx.run(_REMOVE_OF_CLIENT, client=client_id)
