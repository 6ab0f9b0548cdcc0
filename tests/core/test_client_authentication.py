"""Client authentication: which proof counts for which client, and what an assertion must say."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopewright.core import client_authentication
from scopewright.core.client_authentication import (
    AHEAD,
    KEY_METHODS,
    LONGEST_ASSERTION,
    METHODS,
    SECRET_METHODS,
    ClientCertificate,
    ClientCredential,
    authenticate,
    check_assertion,
    has_secret,
    jti_hash,
)
from scopewright.core.errors import InvalidClient, InvalidGrant, InvalidRequest
from scopewright.core.model import Client, ClientSecret, ClientType
from scopewright.core.oauth import hash_secret
from scopewright.core.registration import ClientRegistration
from tests.core.nouns import MOMENT, NOW, SECRET, a_client

CONFIDENTIAL = (ClientType.AUTHORIZATION_CODE, ClientType.CLIENT_CREDENTIALS)
PUBLIC = (ClientType.PKCE, ClientType.DEVICE)
BASIC, POST = frozenset({"client_secret_basic"}), frozenset({"client_secret_post"})
BOTH = BASIC | POST
ASSERTION = frozenset({"private_key_jwt"})
NONE = frozenset({"none"})


def proves(
    client: Client | None, secret: str | None, methods: frozenset[str] | None = None
) -> bool:
    usual = NONE if secret is None else BASIC
    credential = ClientCredential("client", secret, methods or usual)
    try:
        return authenticate(client, credential, now=NOW) is client
    except InvalidClient:
        return False


@contextmanager
def counted_comparisons() -> Iterator[list[int]]:
    """The lengths of what is compared in constant time, by the real comparison."""
    compared: list[int] = []
    honest = hmac.compare_digest

    def counting(one: str, other: str) -> bool:
        compared.append(len(other))
        return honest(one, other)

    hmac.compare_digest = counting  # type: ignore[assignment]
    try:
        yield compared
    finally:
        hmac.compare_digest = honest


@pytest.mark.parametrize("type", CONFIDENTIAL)
def test_a_confidential_client_is_proved_by_its_secret_alone(type: ClientType) -> None:
    client = a_client(type)
    assert proves(client, SECRET)
    for wrong in (None, "", "sws_wrong", SECRET + " ", SECRET.upper(), hash_secret(SECRET)):
        assert not proves(client, wrong)


@pytest.mark.parametrize("type", PUBLIC)
def test_a_public_client_has_no_secret_and_may_not_present_one(type: ClientType) -> None:
    assert proves(a_client(type), None)
    assert not proves(a_client(type), SECRET)
    assert not proves(a_client(type), "")


def test_an_unknown_client_is_refused_with_the_same_words_as_a_wrong_secret() -> None:
    refusals = []
    for client in (None, a_client(ClientType.CLIENT_CREDENTIALS)):
        with pytest.raises(InvalidClient) as refusal:
            authenticate(client, ClientCredential("client", "wrong", BASIC), now=NOW)
        refusals.append((refusal.value.detail, refusal.value.code, refusal.value.facts))
    assert refusals[0] == refusals[1]


def test_an_unknown_client_that_refreshes_is_told_that_its_session_is_over() -> None:
    credential = ClientCredential("client")
    with pytest.raises(InvalidGrant):
        authenticate(None, credential, now=NOW, grant_type="refresh_token")
    with pytest.raises(InvalidClient):
        authenticate(None, credential, now=NOW, grant_type="authorization_code")


@pytest.mark.parametrize("secret", ["sws_wrong", None])
def test_an_unknown_client_costs_the_same_comparisons_as_a_wrong_secret(secret: str | None) -> None:
    with counted_comparisons() as unknown:
        assert not proves(None, secret)
    with counted_comparisons() as wrong:
        assert not proves(a_client(ClientType.CLIENT_CREDENTIALS), secret)
    assert unknown == wrong
    assert len(wrong) == 1


def test_the_comparison_goes_over_all_secrets_even_when_the_first_fits() -> None:
    both = (ClientSecret(hash_secret(SECRET), NOW), ClientSecret(hash_secret("old"), NOW))
    with counted_comparisons() as compared:
        assert proves(a_client(ClientType.CLIENT_CREDENTIALS, secrets=both), SECRET)
    assert len(compared) == 2


def test_after_a_rotation_both_secrets_prove_the_client_until_the_old_one_ends() -> None:
    ends = NOW + timedelta(hours=1)
    secrets = (ClientSecret(hash_secret("old"), NOW, ends), ClientSecret(hash_secret("new"), NOW))
    client = a_client(ClientType.CLIENT_CREDENTIALS, secrets=secrets)
    old, new = (ClientCredential("client", secret, BASIC) for secret in ("old", "new"))
    assert authenticate(client, old, now=ends - MOMENT) is client
    assert authenticate(client, new, now=ends - MOMENT) is client
    assert authenticate(client, new, now=ends) is client
    with pytest.raises(InvalidClient):
        authenticate(client, old, now=ends)


def test_a_confidential_client_without_a_live_secret_is_proved_by_nothing() -> None:
    client = a_client(ClientType.CLIENT_CREDENTIALS, secrets=())
    assert not proves(client, "")
    assert not proves(client, None)
    assert not proves(client, client_authentication._NOBODY)


def test_two_methods_at_once_are_refused_unless_the_client_allows_them() -> None:
    strict = a_client(ClientType.CLIENT_CREDENTIALS)
    with pytest.raises(InvalidRequest):
        authenticate(strict, ClientCredential("client", SECRET, BOTH), now=NOW)
    lenient = a_client(ClientType.CLIENT_CREDENTIALS, allow_both_auth_methods=True)
    assert proves(lenient, SECRET, BOTH)
    assert not proves(lenient, "wrong", BOTH)


# --- registered methods -------------------------------------------------------------------------


def registered(
    method: str, type: ClientType = ClientType.CLIENT_CREDENTIALS, **said: Any
) -> Client:
    return a_client(type, registration=ClientRegistration(method), **said)


def shown(
    client: Client | None,
    methods: frozenset[str],
    *,
    secret: str | None = None,
    has_proven_key: bool = False,
) -> bool:
    credential = ClientCredential("client", secret, methods)
    try:
        return authenticate(client, credential, now=NOW, has_proven_key=has_proven_key) is client
    except (InvalidClient, InvalidRequest):
        return False


@pytest.mark.parametrize(
    ("method", "methods"), [("client_secret_basic", BASIC), ("client_secret_post", POST)]
)
def test_a_client_that_names_its_method_may_use_only_that(
    method: str, methods: frozenset[str]
) -> None:
    client = registered(method)
    for tried in (BASIC, POST, BOTH):
        assert shown(client, tried, secret=SECRET) == (tried == methods)


def test_a_named_method_wins_over_the_leave_to_use_both() -> None:
    assert not shown(
        registered("client_secret_basic", allow_both_auth_methods=True), BOTH, secret=SECRET
    )


def test_a_client_with_a_key_is_proved_by_that_alone() -> None:
    client = registered("private_key_jwt")
    assert shown(client, ASSERTION, has_proven_key=True)
    assert not shown(client, ASSERTION)
    for tried in (BASIC, POST, NONE, ASSERTION | BASIC):
        assert not shown(client, tried, secret=SECRET, has_proven_key=True)


@pytest.mark.parametrize("method", ["tls_client_auth", "self_signed_tls_client_auth"])
def test_a_client_with_a_certificate_shows_nothing_else(method: str) -> None:
    client = registered(method)
    assert shown(client, NONE, has_proven_key=True)
    assert not shown(client, NONE)
    for tried in (BASIC, POST, ASSERTION):
        assert not shown(client, tried, secret=SECRET, has_proven_key=True)


def test_a_key_proves_no_client_that_has_not_registered_one() -> None:
    for type in ClientType:
        assert not shown(a_client(type), ASSERTION, has_proven_key=True)
    assert not shown(a_client(ClientType.CLIENT_CREDENTIALS), NONE, has_proven_key=True)
    assert not shown(None, ASSERTION, has_proven_key=True)


@pytest.mark.parametrize("type", CONFIDENTIAL)
def test_a_confidential_client_can_never_do_without_proof(type: ClientType) -> None:
    assert not shown(registered("none", type), NONE)
    assert not shown(registered("none", type), NONE, has_proven_key=True)


@pytest.mark.parametrize("type", PUBLIC)
def test_a_public_client_may_say_that_it_has_no_proof(type: ClientType) -> None:
    assert shown(registered("none", type), NONE)


def test_an_assertion_beside_a_secret_is_one_method_too_many() -> None:
    client = a_client(ClientType.CLIENT_CREDENTIALS, allow_both_auth_methods=True)
    with pytest.raises(InvalidRequest):
        authenticate(client, ClientCredential("client", SECRET, ASSERTION | BASIC), now=NOW)


@given(
    method=st.sampled_from([None, "client_secret_jwt", *METHODS]),
    type=st.sampled_from(ClientType),
    methods=st.frozensets(st.sampled_from([*METHODS, "client_secret_jwt"]), min_size=1),
    secret=st.sampled_from([None, "", SECRET, "sws_wrong"]),
    allow_both=st.booleans(),
    has_proven_key=st.booleans(),
)
def test_nobody_is_believed_without_the_proof_of_their_own_method(
    method: str | None,
    type: ClientType,
    methods: frozenset[str],
    secret: str | None,
    allow_both: bool,
    has_proven_key: bool,
) -> None:
    client = a_client(
        type, registration=ClientRegistration(method), allow_both_auth_methods=allow_both
    )
    if not shown(client, methods, secret=secret, has_proven_key=has_proven_key):
        return
    if methods <= SECRET_METHODS:
        assert secret == SECRET
        assert has_secret(client)
        assert method in (None, *methods)
        assert len(methods) == 1 or allow_both
    elif method in KEY_METHODS:
        assert has_proven_key
        assert methods == (ASSERTION if method == "private_key_jwt" else NONE)
    else:
        assert type in PUBLIC
        assert methods == NONE
        assert method in (None, "none")


def test_only_clients_that_a_secret_proves_have_one() -> None:
    for type in ClientType:
        assert has_secret(a_client(type)) == (type in CONFIDENTIAL)
        for method in METHODS:
            expected = type in CONFIDENTIAL and method in SECRET_METHODS
            assert has_secret(registered(method, type)) == expected


# --- assertions ---------------------------------------------------------------------------------

ISSUER = "https://auth.example/w/1"
AUDIENCES = (ISSUER, f"{ISSUER}/token")
SECONDS = int(NOW.timestamp())


def claims(**said: Any) -> dict[str, Any]:
    known = {
        "iss": "client",
        "sub": "client",
        "aud": ISSUER,
        "exp": SECONDS + 60,
        "iat": SECONDS,
        "jti": "1",
        **said,
    }
    return {name: value for name, value in known.items() if value is not ...}


def cause(**said: Any) -> str:
    """Which claim is refused; nothing where none is."""
    try:
        check_assertion(claims(**said), client_id="client", audiences=AUDIENCES, now=NOW)
    except InvalidClient as refusal:
        return refusal.cause
    return ""


def test_a_good_assertion_has_a_name_and_an_end() -> None:
    good = check_assertion(claims(), client_id="client", audiences=AUDIENCES, now=NOW)
    assert good.jti == "1"
    assert int(good.expires_at.timestamp()) == SECONDS + 60


@pytest.mark.parametrize("name", ["iss", "sub"])
@pytest.mark.parametrize("value", [..., None, "", "other", ["client"], 1])
def test_issuer_and_subject_are_the_client(name: str, value: Any) -> None:
    assert cause(**{name: value}) == "iss or sub"


@pytest.mark.parametrize("aud", [*AUDIENCES, [ISSUER], list(AUDIENCES)])
def test_the_audience_is_ours(aud: Any) -> None:
    assert cause(aud=aud) == ""


@pytest.mark.parametrize(
    "aud",
    [
        ..., None, "", [], {}, 1, [None], [[ISSUER]], f"{ISSUER}/", ISSUER.upper(),
        "https://other.example", ["https://other.example"], [ISSUER, "https://other.example"],
        f"{ISSUER} https://other.example",
    ],
)  # fmt: skip
def test_an_audience_that_is_not_ours_alone_is_refused(aud: Any) -> None:
    assert cause(aud=aud) == "aud"


@pytest.mark.parametrize(
    "exp",
    [..., None, "1", True, [], -1, 10**30, float("inf"), float("nan"), SECONDS - 1, SECONDS],
)
def test_an_assertion_has_an_end_that_is_not_past(exp: Any) -> None:
    assert cause(exp=exp) == "exp"


def test_an_assertion_ends_within_the_hour() -> None:
    longest = SECONDS + int((LONGEST_ASSERTION + AHEAD).total_seconds())
    assert cause(exp=longest) == ""
    assert cause(exp=longest + 1) == "exp"
    assert cause(exp=SECONDS + 59.5) == ""


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_a_client_whose_clock_runs_ahead_is_forgiven_some_seconds(name: str) -> None:
    ahead = int(AHEAD.total_seconds())
    assert cause(**{name: SECONDS + ahead}) == ""
    assert cause(**{name: SECONDS + ahead + 1}) == name
    assert cause(**{name: "now"}) == name
    assert cause(**{name: ...}) == ""


@pytest.mark.parametrize("jti", [..., None, "", 1, ["1"]])
def test_an_assertion_has_a_name(jti: Any) -> None:
    assert cause(jti=jti) == "jti"


def test_names_are_kept_apart_by_purpose_and_by_who_gives_them() -> None:
    names = [("a", "b", "c"), ("a", "c", "b"), ("b", "a", "c"), ("a", "b:c", ""), ("a:b", "c", "")]
    assert len({jti_hash(*name) for name in names}) == len(names)
    assert jti_hash("a", "b", "c") == jti_hash("a", "b", "c")


# --- certificates -------------------------------------------------------------------------------


def test_the_thumbprint_of_a_certificate_is_the_hash_of_its_octets() -> None:
    thumbprint = ClientCertificate(b"certificate").thumbprint
    assert urlsafe_b64decode(thumbprint + "=") == sha256(b"certificate").digest()
    assert "=" not in thumbprint
