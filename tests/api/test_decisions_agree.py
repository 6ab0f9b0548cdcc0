"""The decision point answers as the same tags do in a file, on random tags, groups and holdings."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopewright.core.access_policies import SEEING, Asker, anonymous
from scopewright.core.access_tags import PUBLIC, AccessTags
from scopewright.core.errors import Forbidden, Invalid
from scopewright.core.visibility import any_of_tags
from scopewright.guard.access_tags import access_tags
from tests.inprocess import Running, Tenant

SCOPES = (SEEING, "read:data", "write:metadata", "write:data")
ROLES = {"reader": [SEEING, "read:data"], "editor": list(SCOPES)}
PEOPLE = ("ann@lab.example", "bob@lab.example")
GROUPS = ("Crew", "Guild")  # Crew may be in Guild
TAGS = ("t0", "t1", "t2", "t3")
CARRIED = (*TAGS, PUBLIC, "user:ann@lab.example", "nowhere")
SOME = st.lists(st.sampled_from(SCOPES), unique=True)
WORD = st.one_of(
    st.builds(lambda role: {"role": role}, st.sampled_from(sorted(ROLES))),
    st.builds(lambda scopes: {"scopes": scopes}, st.lists(st.sampled_from(SCOPES), min_size=1)),
)


@st.composite
def tag_files(draw: st.DrawFn) -> dict[str, Any]:
    """Tags, owners and members in the shape of Tiled's files, less what no file may say."""
    tags, owners = {}, {}
    for number, tag in enumerate(TAGS):
        below = st.sampled_from((*TAGS[:number], PUBLIC))
        tags[tag] = {
            "users": _given(draw, PEOPLE),
            "groups": _given(draw, GROUPS),
            "auto_tags": [{"name": one} for one in draw(st.lists(below, unique=True, max_size=2))],
        }
        owners[tag] = {
            "users": [{"name": one} for one in _some(draw, PEOPLE)],
            "groups": [{"name": one} for one in _some(draw, GROUPS)],
        }
    roles = {name: {"scopes": scopes} for name, scopes in ROLES.items()}
    return {"roles": roles, "tags": tags, "tag_owners": owners}


def _some(draw: st.DrawFn, names: tuple[str, ...]) -> list[str]:
    return draw(st.lists(st.sampled_from(names), unique=True, max_size=1))


def _given(draw: st.DrawFn, names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"name": name, **draw(WORD)} for name in _some(draw, names)]


@settings(
    max_examples=8, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    said=tag_files(),
    members=st.fixed_dictionaries(
        {g: st.lists(st.sampled_from(PEOPLE), unique=True) for g in GROUPS}
    ),
    is_nested=st.booleans(),
    held=st.fixed_dictionaries(dict.fromkeys(PEOPLE, SOME)),
    only=st.none() | st.lists(st.sampled_from(CARRIED), unique=True),
)
def test_the_server_and_a_file_of_the_same_tags_decide_alike(
    inside: Running,
    said: dict[str, Any],
    members: dict[str, list[str]],
    is_nested: bool,
    held: dict[str, list[str]],
    only: list[str] | None,
) -> None:
    if is_nested:
        members = {**members, "Guild": [*members["Guild"], *members["Crew"]]}
    policy = access_tags(said, members_of=members.__getitem__)
    tenant = kept(inside, said, members, is_nested=is_nested, held=held)
    limit = None if only is None else frozenset(only)
    visitor = Asker(scopes=anonymous(admitted=True).scopes, only_tags=limit)
    askers = [Asker(one, scopes=frozenset(held[one]), only_tags=limit) for one in PEOPLE]
    for asker in (*askers, visitor):
        decides_alike(tenant, policy, asker)


def kept(
    inside: Running, said: dict[str, Any], members: dict[str, list[str]], *, is_nested: bool,
    held: dict[str, list[str]],
) -> Tenant:  # fmt: skip
    """A workspace that keeps these tags."""
    tenant = Tenant(inside)
    tenant.define(*SCOPES)
    for name, scopes in ROLES.items():
        tenant.role(name, *scopes)
    people = {name: tenant.person(name) for name in PEOPLE}
    for name, scopes in held.items():
        tenant.grant(people[name], *scopes)
    crew = tenant.group("Crew", *(people[name] for name in members["Crew"]))
    tenant.group(
        "Guild", *(people[name] for name in set(members["Guild"])), *([crew] if is_nested else [])
    )
    for name, table in said["tags"].items():
        body = {"name": name, **table, "owners": said["tag_owners"][name]}
        answer = tenant.call("POST", "/access-tags", body)
        assert answer.status_code == 201, answer.text
    return tenant


def decides_alike(tenant: Tenant, policy: AccessTags, asker: Asker) -> None:
    subject = None if asker.name is None else {"type": "user", "id": asker.name}
    only = None if asker.only_tags is None else sorted(asker.only_tags)

    def ask(question: str, **more: Any) -> dict[str, Any]:
        said = {"input": {"subject": subject, "only_tags": only, **more}}
        answer = tenant.running.http.request(
            "POST", f"/w/{tenant.id}/pdp/{question}", json=said,
            headers={"authorization": f"Bearer {tenant.admin_key}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    sets = list(chain([()], combinations(CARRIED, 1), combinations(CARRIED, 2)))
    for tags in sets:
        allowed = policy.allowed(asker, "", frozenset(tags))
        assert ask("scopes", tags=list(tags))["result"] == sorted(allowed)
    for needed in ([], ["read:data"], ["write:data", "read:data"]):
        seen, told = policy.visible(asker, frozenset(needed)), ask("tags", needed=needed)
        found = any_of_tags(*map(frozenset, told["all_of"]))
        for tags in sets:
            assert found.passes("", frozenset(tags)) is seen.passes("", frozenset(tags))
            shown = bool(set(tags) & set(told["result"]))
            assert not shown or seen.passes("", frozenset(tags))
    if asker.name is not None:
        for before, after in zip(sets[::3], sets[1::3], strict=False):
            told = ask("modify", before=list(before), tags=list(after))
            assert told["result"] is may(policy, asker, frozenset(before), frozenset(after))
            told = ask("allow", tags=list(after))
            assert told["result"] is may(policy, asker, None, frozenset(after))


def may(
    policy: AccessTags, asker: Asker, before: frozenset[str] | None, after: frozenset[str]
) -> bool:
    try:
        if before is None:
            policy.tags_of_new(asker, after)
        else:
            policy.retagged(asker, before=before, after=after)
    except (Forbidden, Invalid):
        return False
    return True
