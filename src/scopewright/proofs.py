"""DPoP proofs as this server takes them: each once, with nonces where they are asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from scopewright.clock import Clock
from scopewright.core.errors import InvalidDpopProof
from scopewright.core.model import Workspace
from scopewright.core.security_profile import profile_of
from scopewright.guard.dpop import ALGORITHMS, Proof, Purpose, check_proof
from scopewright.guard.nonces import Nonces
from scopewright.guard.possession import Possession
from scopewright.store import jtis
from scopewright.store.database import Database


@dataclass(frozen=True, slots=True)
class Proofs:
    """`public_url` begins every URL that a proof can be for, unless a proxy asks about another.

    Nonces are asked for where `nonces_required`, and in workspaces whose profile binds all tokens.
    """

    database: Database
    clock: Clock
    public_url: str
    nonces: Nonces
    nonces_required: bool = False

    def check(
        self, workspace: Workspace, shown: Possession, *, access_token: str | None = None
    ) -> Proof:
        """The proof of a request, good for it but not spent yet.

        Raises:
            InvalidDpopProof, UseDpopNonce: as `guard.dpop.check_proof`.
        """
        profile = profile_of(workspace)
        purpose = Purpose(
            shown.method,
            (shown.origin or self.public_url) + shown.path,
            access_token,
            nonces=self.nonces,
            nonce_required=self.nonces_required or profile.binds_tokens,
            algorithms=profile.offered_algorithms(ALGORITHMS),
        )
        return check_proof(shown.proofs, purpose, now=self.clock())

    async def spend(self, proof: Proof) -> str:
        """The thumbprint of its key, if nobody has presented this proof before.

        Raises:
            InvalidDpopProof: somebody has.
        """
        if not await asyncio.to_thread(self._take, proof):
            raise InvalidDpopProof("The DPoP proof was used before.")
        return proof.jkt

    def fresh_nonce(self) -> str:
        """The nonce to hand out now."""
        return self.nonces.at(self.clock())

    def _take(self, proof: Proof) -> bool:
        with self.database.write() as tx:
            return jtis.take(tx, proof.hash, forget_at=proof.good_until)
