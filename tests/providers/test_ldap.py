"""Signing in by a directory: a real slapd, the people in it, and names that are no names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scopewright.core.errors import Invalid
from scopewright.providers import Form, Proven, Unusable
from scopewright.providers.ldap import Ldap
from tests.ports import free_port
from tests.providers.stages import Open, typed
from tests.slapd import (
    GROUPS,
    PEOPLE,
    READER,
    READER_PASSWORD,
    Directory,
    running_slapd,
)
from tests.tls import HERE, CertificateAuthority

PASSWORD = "pass word é"
ODD = ["o'neil", "smith, (joe)", "a*b", "#hash", "back\\slash", "x+y=z", 'quo"te', "<a;b>", "größe"]
INJECTIONS = [
    "*", "a*", "ann*", "*)(uid=*", "ann)(uid=*", "*)(objectClass=*", "ann)(|(uid=*",
    "ann))(|(uid=*)", "ann)(!(uid=x))", "\\2a", "\\61nn", "ann\\00", "ann\0", "ann)\0(",
    "ann,ou=people", f"ann,{PEOPLE}", "ann+cn=ann", "ann,dc=x", "ann;x", "uid=ann", "#616e6e",
    "\\61\\6e\\6e", " ann", "ann ", "\tann", "ann\n", "{login}", "{username}", "{login_attr}",
    "(ann)", "&(ann)", "|(ann)", "!(ann)", "ann=*", "ann:=x", "ann:caseExactMatch:=ann", "~=ann",
    ">=a", "<=z", "", "x" * 300, "reader", "root", "cn=reader,dc=example,dc=org",
]  # fmt: skip


@pytest.fixture(scope="module")
def directory(
    certificate_authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Directory]:
    folder = tmp_path_factory.mktemp("slapd")
    with running_slapd(folder, certificate_authority.issue(*HERE)) as running:
        ann = running.person("ann", PASSWORD, mail="ann@example.com", departmentNumber="7")
        bob = running.person("bob", PASSWORD)
        for name in ODD:
            running.person(name, PASSWORD)
        running.group("staff", ann)
        running.group("guests", bob)
        yield running


def looking_up(directory: Directory, **more: Any) -> Ldap:
    args = {
        "server_port": directory.port,
        "lookup_dn": True,
        "lookup_dn_search_user": READER,
        "lookup_dn_search_password": READER_PASSWORD,
        "user_search_base": PEOPLE,
    }
    return Ldap("127.0.0.1", **(args | more))


def by_template(directory: Directory, **more: Any) -> Ldap:
    args = {"server_port": directory.port, "bind_dn_template": f"uid={{username}},{PEOPLE}"}
    return Ldap("127.0.0.1", **(args | more))


WAYS = pytest.mark.parametrize("way", [looking_up, by_template])


@WAYS
def test_whoever_the_directory_knows_comes_in_by_its_own_spelling(
    directory: Directory, way: Any
) -> None:
    provider = way(directory, auth_state_attributes=["departmentNumber"])
    assert isinstance(provider, Form)
    expected = Proven("ann", "ann", "ann@example.com", state={"departmentNumber": ["7"]})
    assert provider.authenticate("ann", PASSWORD) == expected
    assert provider.authenticate("ANN", PASSWORD) == expected


@WAYS
@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "\0", "*"])
def test_a_wrong_or_empty_password_lets_nobody_in(
    directory: Directory, way: Any, password: str
) -> None:
    assert way(directory).authenticate("ann", password) is None


@WAYS
@pytest.mark.parametrize("name", ODD)
def test_a_name_with_special_characters_is_a_name(
    directory: Directory, way: Any, name: str
) -> None:
    proven = way(directory).authenticate(name, PASSWORD)
    assert proven is not None
    assert proven.subject == name


@WAYS
@pytest.mark.parametrize("name", INJECTIONS)
@pytest.mark.parametrize("password", [PASSWORD, "", READER_PASSWORD])
def test_no_name_becomes_anything_else(
    directory: Directory, way: Any, name: str, password: str
) -> None:
    assert way(directory).authenticate(name, password) is None


@WAYS
def test_only_members_of_an_allowed_group_come_in(directory: Directory, way: Any) -> None:
    provider = way(directory, allowed_groups=[f"cn=staff,{GROUPS}"])
    proven = provider.authenticate("ann", PASSWORD)
    assert proven is not None
    assert proven.groups == {"staff"}
    assert provider.authenticate("bob", PASSWORD) is None
    gone = way(directory, allowed_groups=[f"cn=gone,{GROUPS}"])
    assert gone.authenticate("ann", PASSWORD) is None


def test_all_groups_are_told_where_their_place_is_named(directory: Directory) -> None:
    proven = looking_up(directory, group_search_base=GROUPS).authenticate("bob", PASSWORD)
    assert proven is not None
    assert proven.groups == {"guests"}


def test_two_entries_of_one_name_are_nobody(directory: Directory) -> None:
    provider = looking_up(directory, lookup_dn_search_filter="(|(uid=bob)(uid={login}))")
    assert provider.authenticate("ann", PASSWORD) is None
    assert provider.authenticate("bob", PASSWORD) is not None


# --- TLS, and a directory that is not well ------------------------------------------------------


@pytest.mark.parametrize("kind", ["use_ssl", "use_tls"])
def test_tls_is_believed_by_its_authority_and_its_name_alone(
    directory: Directory,
    certificate_authority: CertificateAuthority,
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
) -> None:
    port = directory.secure_port if kind == "use_ssl" else directory.port
    said = {kind: True, "server_port": port}
    ca_file = str(certificate_authority.ca_file)
    assert looking_up(directory, **said, ca_file=ca_file).authenticate("ann", PASSWORD)
    other = CertificateAuthority(tmp_path_factory.mktemp("other"))
    with pytest.raises(Unusable):
        looking_up(directory, **said, ca_file=str(other.ca_file)).authenticate("ann", PASSWORD)
    misnamed = certificate_authority.issue("elsewhere.example")
    with running_slapd(tmp_path_factory.mktemp("misnamed"), misnamed) as wrong:
        port = wrong.secure_port if kind == "use_ssl" else wrong.port
        with pytest.raises(Unusable):
            looking_up(wrong, **(said | {"server_port": port}), ca_file=ca_file).authenticate(
                "ann", PASSWORD
            )


def test_a_directory_that_is_gone_or_refuses_the_reader_cannot_be_asked(
    directory: Directory,
) -> None:
    for said in ({"server_port": free_port()}, {"lookup_dn_search_password": "wrong"}):
        with pytest.raises(Unusable) as error:
            looking_up(directory, **said).authenticate("ann", PASSWORD)
        assert PASSWORD not in str(error.value) + error.value.cause


@pytest.mark.parametrize(
    ("address", "args", "why"),
    [
        ("ldap.example", {"use_tls": False, "bind_dn_template": "uid={username}"}, "TLS"),
        ("10.0.0.1", {"use_tls": False, "bind_dn_template": "uid={username}"}, "TLS"),
        ("localhost.example", {"use_tls": False, "bind_dn_template": "uid={username}"}, "TLS"),
        ("ldap.example", {"use_tls": True, "use_ssl": True}, "choose one"),
        ("localhost", {}, "bind_dn_template"),
        ("localhost", {"bind_dn_template": "uid=ann"}, "{username}"),
        ("localhost", {"lookup_dn": True}, "user_search_base"),
        ("localhost", {"bind_dn_templat": "uid={username}"}, "did you mean bind_dn_template?"),
        ("localhost", {"lookup_dn": "yes"}, "true or false"),
        ("localhost", {"server_port": "many"}, "whole number"),
        ("localhost", {"allowed_groups": [5]}, "list of texts"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_start(
    address: str, args: dict[str, Any], why: str
) -> None:
    with pytest.raises(Invalid) as error:
        Ldap(address, **args)
    assert why in error.value.detail


def test_on_the_page_it_is_a_name_and_a_password_with_rules(
    directory: Directory, opened: Open
) -> None:
    args = {
        "server_address": "127.0.0.1",
        "server_port": directory.port,
        "bind_dn_template": [f"uid={{username}},{PEOPLE}"],
        "group_search_base": GROUPS,
    }
    rules = [{"claim": "groups", "value": "staff", "scopes": ["sensor:read"]}]
    stage = opened(
        {"provider": "site", "authenticator": "tiled.authenticators:LDAPAuthenticator",
         "args": args, "rules": rules, "on_first_sign_in": "create"}
    )  # fmt: skip
    assert "sensor:read" in typed(stage.browser(), "ann", PASSWORD).text
    assert "sensor:read" not in typed(stage.browser(), "bob", PASSWORD).text
    assert typed(stage.browser(), "ann)(uid=*", PASSWORD).status_code == 422
