"""What one request shows of its sender's keys, for tokens that are bound to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Possession:
    """Nothing of it is believed yet but the certificate, whose key the TLS handshake has proven.

    `path` is the request's own, percent-encoded and without its query; `proofs` are all its `DPoP`
    headers; `x5t_s256` is the thumbprint of the client certificate (RFC 8705 §3.1). `origin` is
    where the request was sent to, if not to whom it is shown. `spent` are the proofs that this very
    request has used: several checks may look at it.
    """

    method: str = ""
    path: str = ""
    proofs: tuple[str, ...] = ()
    x5t_s256: str | None = None
    origin: str | None = None
    spent: set[str] = field(default_factory=set, compare=False)


NOTHING = Possession()
Shows = Callable[[], Possession]  # reads the request, if its token is bound
