"""Bound tokens: whether a request shows the key that its token, code or session is bound to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scopewright.core.client_authentication import ClientCertificate
from scopewright.core.errors import InvalidDpopProof, InvalidGrant, InvalidRequest
from scopewright.core.model import Client
from scopewright.core.particulars import Confirmation, SessionTerms

_KNOWN = frozenset({"jkt", "x5t#S256"})


def is_confirmed(cnf: object, *, jkt: str | None, x5t_s256: str | None) -> bool:
    """Whether the keys that a request has proven are those of its token's `cnf` (RFC 7800 §3).

    `jkt` is the proven DPoP key, None under the Bearer scheme: a token bound to a key is refused
    there, and an unbound one under the DPoP scheme (RFC 9449 §7.1, §7.2). `x5t_s256` is the
    thumbprint of the TLS client certificate, which a token not bound to one is indifferent to
    (RFC 8705 §3). What is bound in a way that is not known here is refused.
    """
    if cnf is None:
        return jkt is None
    if not isinstance(cnf, Mapping) or not cnf or not _KNOWN.issuperset(cnf):
        return False
    if jkt is not None and "jkt" not in cnf:
        return False
    shown = {"jkt": jkt, "x5t#S256": x5t_s256}
    return all(shown[name] is not None and cnf[name] == shown[name] for name in cnf)


def is_dpop_bound(claims: Mapping[str, object]) -> bool:
    """Whether a token of these claims has the type `DPoP` (RFC 9449 §5)."""
    cnf = claims.get("cnf")
    return isinstance(cnf, Mapping) and "jkt" in cnf


def bound_to(
    client: Client,
    confirmation: Confirmation | None,
    certificate: ClientCertificate | None,
    *,
    always: bool = False,
) -> Confirmation | None:
    """What the tokens of this request are bound to: its DPoP key, or else its certificate.

    To the certificate where the client has registered so (RFC 8705 §3.4), or tokens are `always`
    bound.

    Raises:
        InvalidRequest: the client has registered so, and shows no certificate.
    """
    wanted = client.registration.tls_client_certificate_bound_access_tokens
    if confirmation is not None or not (wanted or always):
        return confirmation
    if certificate is not None:
        return Confirmation(x5t_s256=certificate.thumbprint)
    if wanted:
        raise InvalidRequest("This client has to show the certificate its tokens are bound to.")
    return None


def check_proven(client: Client, confirmation: Confirmation | None) -> None:
    """Let a token request pass whose client has to bind its tokens and does (RFC 9449 §5.2).

    Raises:
        InvalidDpopProof: it brings no proof.
    """
    proven = confirmation is not None and confirmation.jkt is not None
    if client.registration.dpop_bound_access_tokens and not proven:
        raise InvalidDpopProof("This client has to send a DPoP proof.")


def check_code_key(dpop_jkt: str | None, confirmation: Confirmation | None) -> None:
    """Let a code pass with the key that was named when it was asked for (RFC 9449 §10).

    Raises:
        InvalidGrant: another key, or none.
    """
    if dpop_jkt is not None and (confirmation is None or confirmation.jkt != dpop_jkt):
        raise InvalidGrant("The code is bound to another key.")


def bound_terms(
    terms: SessionTerms, client: Client, confirmation: Confirmation | None
) -> SessionTerms:
    """The terms of a new session, whose refresh tokens need this key too (RFC 9449 §5, 8705 §4).

    Those of a confidential client are bound to the client already, which may change its key.
    """
    if client.is_confidential or confirmation is None:
        return terms
    return replace(terms, jkt=confirmation.jkt, x5t_s256=confirmation.x5t_s256)


def check_session_key(terms: SessionTerms, confirmation: Confirmation | None) -> None:
    """Let a refresh pass that shows the key of its session, in its grace too.

    Raises:
        InvalidGrant: another key, or none.
    """
    jkt, x5t_s256 = (confirmation.jkt, confirmation.x5t_s256) if confirmation else (None, None)
    if terms.jkt not in (None, jkt) or terms.x5t_s256 not in (None, x5t_s256):
        raise InvalidGrant("The refresh token is bound to another key.")
