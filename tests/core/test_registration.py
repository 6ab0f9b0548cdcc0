"""Which settings of a client fit its type."""

from __future__ import annotations

from typing import Any

import pytest

from scopewright.core.errors import Invalid
from scopewright.core.model import Client, ClientType
from scopewright.core.oauth import GRANTS_OF_TYPE, check_registration
from tests.core.nouns import a_client

HERE, THERE = "https://app.example/callback", "com.example.app:/callback"
PEOPLE = (ClientType.PKCE, ClientType.AUTHORIZATION_CODE)
MACHINES = (ClientType.CLIENT_CREDENTIALS, ClientType.DEVICE)


def uris_for(type: ClientType) -> tuple[str, ...]:
    return (HERE,) if type in PEOPLE else ()


@pytest.mark.parametrize("type", ClientType)
def test_a_client_with_the_defaults_of_its_type_fits(type: ClientType) -> None:
    client = a_client(type, redirect_uris=uris_for(type))
    assert check_registration(client) is client


@pytest.mark.parametrize("type", PEOPLE)
@pytest.mark.parametrize("number", [1, 2, 20])
def test_clients_through_which_people_act_have_1_to_20_redirect_uris(
    type: ClientType, number: int
) -> None:
    uris = tuple(f"{HERE}/{n}" for n in range(number))
    check_registration(a_client(type, redirect_uris=uris))


def test_each_redirect_uri_is_looked_at() -> None:
    check_registration(a_client(redirect_uris=(HERE, THERE)))
    with pytest.raises(Invalid, match="fragment"):
        check_registration(a_client(redirect_uris=(HERE, f"{THERE}#part")))


@pytest.mark.parametrize("type", ClientType)
def test_only_the_type_authorization_code_does_without_pkce(type: ClientType) -> None:
    client = a_client(type, redirect_uris=uris_for(type), require_pkce=False)
    if type is ClientType.AUTHORIZATION_CODE:
        check_registration(client)
    else:
        assert refused_field(client) == "require_pkce"


@pytest.mark.parametrize("type", ClientType)
def test_each_grant_type_of_the_type_may_stand_alone(type: ClientType) -> None:
    for grant_type in GRANTS_OF_TYPE[type]:
        uris = uris_for(type)
        check_registration(a_client(type, redirect_uris=uris, grant_types=frozenset({grant_type})))


@pytest.mark.parametrize(
    ("type", "setting", "value"),
    [
        *((type, "redirect_uris", ()) for type in PEOPLE),
        *((type, "redirect_uris", (HERE,)) for type in MACHINES),
        (ClientType.PKCE, "redirect_uris", tuple(f"{HERE}/{n}" for n in range(21))),
        (ClientType.PKCE, "redirect_uris", (HERE, THERE, HERE)),
        (ClientType.DEVICE, "grant_types", frozenset()),
        (ClientType.DEVICE, "grant_types", frozenset({"client_credentials"})),
        (
            ClientType.CLIENT_CREDENTIALS,
            "grant_types",
            frozenset({"client_credentials", "refresh_token"}),
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_named(type: ClientType, setting: str, value: Any) -> None:
    said = {"redirect_uris": uris_for(type)} | {setting: value}
    assert refused_field(a_client(type, **said)) == setting


def refused_field(client: Client) -> object:
    with pytest.raises(Invalid) as refused:
        check_registration(client)
    assert refused.value.detail
    return refused.value.facts["field"]
