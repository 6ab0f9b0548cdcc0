"""Bound tokens: a request passes with every key that its token names, and with no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core.confirmation import (
    bound_terms,
    check_code_key,
    check_proven,
    check_session_key,
    is_confirmed,
    is_dpop_bound,
)
from scopewright.core.errors import InvalidDpopProof, InvalidGrant
from scopewright.core.model import Client, ClientType
from scopewright.core.particulars import NO_TERMS, Confirmation, SessionTerms
from scopewright.core.registration import ClientRegistration
from tests.core.nouns import a_client

KEYS = st.sampled_from(["one", "two"])
MAYBE = st.none() | KEYS
CONFIRMATIONS = st.none() | st.builds(
    lambda key, is_jkt: Confirmation(jkt=key) if is_jkt else Confirmation(x5t_s256=key),
    KEYS,
    st.booleans(),
)


@given(jkt=MAYBE, x5t=MAYBE, shown_jkt=MAYBE, shown_x5t=MAYBE)
def test_a_token_passes_exactly_with_the_keys_that_it_names(
    jkt: str | None, x5t: str | None, shown_jkt: str | None, shown_x5t: str | None
) -> None:
    members = {"jkt": jkt, "x5t#S256": x5t}
    cnf = {name: key for name, key in members.items() if key is not None} or None
    passes = jkt == shown_jkt and x5t in (None, shown_x5t)
    assert is_confirmed(cnf, jkt=shown_jkt, x5t_s256=shown_x5t) is passes


@given(
    cnf=st.recursive(
        st.none() | st.text() | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    jkt=MAYBE,
    x5t=MAYBE,
)
def test_what_is_bound_in_an_unknown_way_never_passes(cnf: Any, jkt: Any, x5t: Any) -> None:
    assert not is_confirmed(cnf, jkt=jkt, x5t_s256=x5t) or (cnf is None and jkt is None)


@pytest.mark.parametrize("cnf", [{}, [], "", {"jwk": {}}, {"jkt": None}, {"jkt": "one", "kid": ""}])
def test_an_empty_or_widened_confirmation_is_no_confirmation(cnf: Any) -> None:
    assert not is_confirmed(cnf, jkt=None, x5t_s256=None)
    assert not is_confirmed(cnf, jkt="one", x5t_s256=None) or cnf == {"jkt": "one"}


def test_only_a_dpop_key_makes_a_token_of_the_type_dpop() -> None:
    assert is_dpop_bound({"cnf": {"jkt": "one"}})
    assert not is_dpop_bound({"cnf": {"x5t#S256": "one"}})
    assert not is_dpop_bound({"cnf": "jkt"})
    assert not is_dpop_bound({})


def test_a_client_that_has_to_prove_its_key_is_held_to_it() -> None:
    registration = ClientRegistration(dpop_bound_access_tokens=True)
    client = a_client(type=ClientType.PKCE, registration=registration)
    check_proven(client, Confirmation(jkt="one"))
    for confirmation in (None, Confirmation(x5t_s256="one")):
        with pytest.raises(InvalidDpopProof):
            check_proven(client, confirmation)
        check_proven(a_client(type=ClientType.PKCE), confirmation)


@given(named=MAYBE, shown=CONFIRMATIONS)
def test_a_code_is_good_with_the_key_that_was_named_for_it(
    named: str | None, shown: Confirmation | None
) -> None:
    if named is None or shown == Confirmation(jkt=named):
        check_code_key(named, shown)
    else:
        with pytest.raises(InvalidGrant):
            check_code_key(named, shown)


def public() -> Client:
    return a_client(type=ClientType.PKCE)


@given(first=CONFIRMATIONS, later=CONFIRMATIONS)
def test_a_public_clients_session_goes_on_with_its_first_key_alone(
    first: Confirmation | None, later: Confirmation | None
) -> None:
    terms = bound_terms(NO_TERMS, public(), first)
    if first is None or first == later:
        check_session_key(terms, later)
    else:
        with pytest.raises(InvalidGrant):
            check_session_key(terms, later)


@given(first=CONFIRMATIONS, later=CONFIRMATIONS)
def test_a_confidential_clients_session_is_bound_to_the_client_not_the_key(
    first: Confirmation | None, later: Confirmation | None
) -> None:
    terms = bound_terms(SessionTerms(acr="x"), a_client(type=ClientType.AUTHORIZATION_CODE), first)
    assert terms == SessionTerms(acr="x")
    check_session_key(terms, later)
