"""Access policies from a configuration: lists and tags in Tiled's shape, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
import yaml

from scopewright.core.errors import Invalid, NotFound
from scopewright.guard import AccessTags, Asker, access_policy, asker_of, check_access
from scopewright.guard.access_lists import access_lists
from scopewright.guard.access_tags import access_tags
from scopewright.guard.fake_issuer import FakeIssuer
from scopewright.guard.refusals import InsufficientScope, refusal
from tests.toy_authentication import EXAMPLE

READ = frozenset({"read:metadata", "read:data"})
EVERYTHING = READ | {"write:metadata", "write:data"}

SEED = yaml.safe_load(EXAMPLE)["access_control"]

TAGS: dict[str, Any] = yaml.safe_load("""
roles:
  facility_user:
    scopes: ["read:metadata", "read:data"]
  facility_admin:
    scopes: ["read:metadata", "read:data", "write:metadata", "write:data"]
tags:
  alice_tag:
    users:
    - name: alice
      role: facility_admin
  chemists_tag:
    groups:
    - name: chemists
      role: facility_user
  shared_tag:
    users:
    - name: dan
      scopes: ["read:metadata"]
    auto_tags:
    - name: alice_tag
    - name: chemists_tag
  open_tag:
    auto_tags:
    - name: public
  most_open_tag:
    auto_tags:
    - name: open_tag
tag_owners:
  alice_tag:
    users:
    - name: alice
  chemists_tag:
    groups:
    - name: chemists
""")
CHEMISTS = {"chemists": ["bob", "cara"]}


def tagged(said: dict[str, Any] = TAGS) -> AccessTags:
    return access_tags(said, known=EVERYTHING, members_of=CHEMISTS.__getitem__)


def allowed(policy: AccessTags, name: str, tag: str) -> frozenset[str]:
    return policy.allowed(Asker(name, scopes=EVERYTHING), "x", frozenset({tag}))


# --- lists --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sees"), [("alice", "AB"), ("bob", "AC"), ("cara", "ABCD"), ("dan", "")]
)
def test_the_seeds_lists_are_read_as_they_stand(name: str, sees: str) -> None:
    policy, asker = access_policy(SEED), Asker(name, scopes=EVERYTHING)
    for resource in "ABCD":
        if resource in sees:
            check_access(policy, asker, resource, "read:data")
            with pytest.raises(InsufficientScope, match="write:data"):
                check_access(policy, asker, resource, "write:data")
        else:
            with pytest.raises(NotFound):
                check_access(policy, asker, resource, "read:data")


@pytest.mark.parametrize(
    ("args", "place"),
    [
        ({"acces_lists": {}}, "did you mean access_lists"),
        ({"access_lists": ["alice"]}, "access_lists is to be a table"),
        ({"access_lists": {"alice": "A"}}, "access_lists.alice: a list of names, or ALL"),
        ({"access_lists": {"alice": [1]}}, "access_lists.alice is to be a list of names"),
        ({"access_lists": {"": ["A"]}}, "access_lists is to be a table of names"),
        ({"public": "D"}, "public is to be a list"),
        ({"scopes": "read:data"}, "scopes is to be a list"),
        ({"scopes": [""]}, "scopes is to be a list"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_with_its_place(
    args: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid, match=place):
        access_lists(args)


def test_an_empty_cap_lets_nobody_do_anything_and_a_missing_one_caps_nothing() -> None:
    alice = Asker("alice", scopes=EVERYTHING)
    assert access_lists({"access_lists": {"alice": ["A"]}}).allowed(alice, "A") == EVERYTHING
    capped = access_lists({"access_lists": {"alice": ["A"]}, "scopes": []})
    assert capped.allowed(alice, "A") == frozenset()


def test_an_unknown_kind_of_policy_is_refused() -> None:
    for said in ({"access_policy": "tiled.access_policies:Nothing"}, {}, {"acces_policy": "x:y"}):
        with pytest.raises(Invalid):
            access_policy(said)


# --- tags ---------------------------------------------------------------------------------------


def test_users_groups_and_nested_tags_give_what_their_roles_or_scopes_say() -> None:
    policy = tagged()
    assert allowed(policy, "alice", "alice_tag") == EVERYTHING
    assert allowed(policy, "bob", "alice_tag") == frozenset()
    assert allowed(policy, "bob", "chemists_tag") == READ
    assert allowed(policy, "alice", "shared_tag") == EVERYTHING
    assert allowed(policy, "cara", "shared_tag") == READ
    assert allowed(policy, "dan", "shared_tag") == {"read:metadata"}
    assert allowed(policy, "dan", "alice_tag") == frozenset()


def test_a_tag_with_public_nested_in_it_however_deep_lets_everybody_read() -> None:
    policy = tagged()
    for tag in ("open_tag", "most_open_tag", "public"):
        assert allowed(policy, "nobody", tag) == READ
    assert allowed(policy, "nobody", "shared_tag") == frozenset()


def test_groups_own_tags_as_users_do() -> None:
    assert tagged().owners == {
        "alice_tag": frozenset({"alice"}), "chemists_tag": frozenset({"bob", "cara"})
    }  # fmt: skip


def nested(*names: str) -> dict[str, Any]:
    """Tags, each with the next nested in it."""
    pairs = pairwise(names)
    return {"tags": {one: {"auto_tags": [{"name": other}]} for one, other in pairs}}


def test_a_circle_is_refused_with_the_way_round() -> None:
    with pytest.raises(Invalid, match="a → b → c → a comes back to itself"):
        access_tags(nested("a", "b", "c", "a"))
    with pytest.raises(Invalid, match="a → a comes back"):
        access_tags(nested("a", "a"))


def test_five_tags_may_stand_in_one_another_and_no_more() -> None:
    deep = nested(*"abcdef", "public")
    assert access_tags(deep).public == frozenset("abcdef")
    with pytest.raises(Invalid, match="nested deeper than 5"):
        access_tags(nested(*"abcdefg", "public"))


def changed(**parts: Any) -> dict[str, Any]:
    said = deepcopy(TAGS)
    for path, value in parts.items():
        said["tags"]["alice_tag"][path] = value
    return said


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (changed(user=[]), "tags.alice_tag: user is not known here; did you mean users"),
        (changed(users=[{"name": "x"}]), r"users \(x\): name either a role or scopes"),
        (changed(users=[{"name": "x", "role": "facility_user", "scopes": ["read:data"]}]),
         "name either a role or scopes"),
        (changed(users=[{"name": "x", "role": "boss"}]), "there is no role boss"),
        (changed(users=[{"name": "x", "scopes": []}]), "it gives nothing"),
        (changed(users=[{"name": "x", "scopes": ["read:all"]}]), "there is no scope read:all"),
        (changed(users=[{"role": "facility_user"}]), "each one has a name"),
        (changed(users="x"), "is to be a list"),
        (changed(auto_tags=[{"name": "nowhere"}]), "there is no tag nowhere"),
        ({**TAGS, "tag_owners": {"nowhere": {}}}, "tag_owners.nowhere: there is no such tag"),
        ({**TAGS, "tag_owner": {}}, "did you mean tag_owners"),
        ({"tags": {"public": {}}}, "what this tag means is fixed"),
        ({"tags": {"user:alice": {}}}, "what this tag means is fixed"),
        ({"roles": {"r": {"scopes": ["x:y"]}}}, "roles.r: there is no scope x:y"),
    ],
)  # fmt: skip
def test_tags_that_cannot_be_meant_are_refused_with_their_place(
    said: dict[str, Any], place: str
) -> None:
    with pytest.raises(Invalid, match=place):
        tagged(said)


# --- who asks, and what is answered -------------------------------------------------------------


def test_people_are_known_by_their_user_name_and_services_by_their_id() -> None:
    with FakeIssuer() as issuer:
        guard = issuer.guard()
        person = guard.verify(issuer.token("read:data", sub="some-id", user="alice"))
        assert asker_of(person) == Asker("alice", False, frozenset({"read:data"}), id="some-id")
        robot = guard.verify(issuer.token("read:data", sub="robot-id"))
        assert asker_of(robot) == Asker("robot-id", True, frozenset({"read:data"}), id="robot-id")
        key = guard.verify(issuer.api_key("read:data", username="bob", tags=["x"]))
        tagged = Asker("bob", False, frozenset({"read:data"}), frozenset({"x"}), key.subject)
        assert asker_of(key) == tagged
        odd = guard.verify(issuer.api_key("read:data", username="bob", tags="x"))
        assert asker_of(odd).only_tags == frozenset()


def test_visitors_may_read_where_they_are_admitted_and_nothing_else() -> None:
    assert asker_of(None).scopes == frozenset()
    assert asker_of(None, admits_anonymous=True) == Asker(scopes=READ)


def test_hidden_is_404_and_missing_is_403_naming_the_scope() -> None:
    assert refusal(NotFound("There is nothing here.")).status == 404
    with pytest.raises(InsufficientScope) as refused:
        check_access(access_policy(SEED), Asker("alice", scopes=EVERYTHING), "A", "write:data")
    said = refusal(refused.value)
    assert said.status == 403
    assert 'scope="write:data"' in said.headers["WWW-Authenticate"]


def test_a_route_that_does_more_than_read_admits_no_visitors() -> None:
    with FakeIssuer() as issuer:
        guard = issuer.guard()
        guard.admits("read:metadata", "read:data")
        for scopes in (["write:data"], ["read:data", "metrics"]):
            with pytest.raises(ValueError, match="visitors may have"):
                guard.admits(*scopes)
