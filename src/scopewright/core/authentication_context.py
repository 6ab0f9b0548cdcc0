"""What an authentication is worth, and what a client demands of it (`acr`).

The one context class there is here says that the person has just read a letter sent to the address
(OpenID Connect Core §2). It is told to clients that ask for one, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping

from scopewright.core.claims_request import demanded, values_of
from scopewright.core.model import EMAIL_PROVIDER, SignIn
from scopewright.core.particulars import Particulars

LETTER = "urn:scopewright:acr:letter"
ACR_OF_PROVIDER: Mapping[str, str] = {EMAIL_PROVIDER: LETTER}


def acr_of(sign_in: SignIn) -> str | None:
    """The context class that this browser's sign-in satisfies."""
    return ACR_OF_PROVIDER.get(sign_in.identity.provider)


def is_satisfied(particulars: Particulars, acr: str | None) -> bool:
    """Whether an authentication of this class is one that the request can do with.

    `acr_values` counts as a demand, as RFC 9470 §5 wants it: otherwise a client would come back
    with a token that its resource server has refused before.
    """
    essential = demanded(particulars.claims, "acr")
    return all(not wanted or acr in wanted for wanted in (particulars.acr_values, essential))


def can_be_satisfied(particulars: Particulars) -> bool:
    """Whether any way to sign in here would do."""
    return any(is_satisfied(particulars, acr) for acr in ACR_OF_PROVIDER.values())


def told_acr(particulars: Particulars, sign_in: SignIn) -> str | None:
    """What the tokens of this request say about the sign-in: nothing, unless they were to."""
    by_name = any("acr" in asked for asked in (particulars.claims or {}).values())
    return acr_of(sign_in) if by_name or particulars.acr_values else None


def expected_subjects(particulars: Particulars) -> tuple[frozenset[str], ...]:
    """Each set names who alone may be answered about (OpenID Connect Core §3.1.2.2, §5.5.1)."""
    hinted = () if particulars.expected_subject is None else (particulars.expected_subject,)
    sets = (frozenset(hinted), values_of(particulars.claims, "sub"))
    return tuple(subjects for subjects in sets if subjects)
