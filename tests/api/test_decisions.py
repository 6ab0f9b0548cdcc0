"""The decision point over HTTP: AuthZEN's questions, who may ask, whom they may be about, junk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from scopewright.core.model import ChangeKind, ClientType, Identity, Principal, PrincipalKind
from scopewright.core.scopes import Requested
from scopewright.ids import new_uuid
from scopewright.oauth.authzen import MOST_EVALUATIONS
from scopewright.oauth.decisions import QUESTIONS
from scopewright.store import principals, schema, standing, workspaces
from tests.inprocess import Tenant

READ = ["read:data", "read:metadata"]
ANN: dict[str, Any] = {"type": "user", "id": "ann@lab.example"}
NODE: dict[str, Any] = {"type": "node", "id": "A", "properties": {"tags": ["t"]}}
YES = {"decision": True}


@pytest.fixture
def lab(tenant: Tenant) -> Tenant:
    """Ann, who holds three scopes, and a tag that gives her two of them."""
    tenant.define("read:metadata", "read:data", "write:data")
    tenant.grant(tenant.person("ann@lab.example"), *READ, "write:data")
    tag(tenant, "t", users=[{"name": "ann@lab.example", "scopes": READ}])
    return tenant


def tag(tenant: Tenant, name: str, **said: Any) -> None:
    answer = tenant.call("POST", "/access-tags", {"name": name, **said})
    assert answer.status_code == 201, answer.text


def post(
    tenant: Tenant, path: str, body: Any, *, bearer: str | None = "", **more: Any
) -> httpx.Response:
    credential = tenant.admin_key if bearer == "" else bearer
    headers = more.pop("headers", {})
    if credential is not None:
        headers = {"authorization": f"Bearer {credential}", **headers}
    more["content" if isinstance(body, bytes) else "json"] = body
    url = f"/w/{tenant.id}/{path}"
    return tenant.running.http.request("POST", url, headers=headers, **more)


def ask(tenant: Tenant, path: str, body: Any) -> dict[str, Any]:
    answer = post(tenant, f"access/v1/{path}", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return dict(answer.json())


def evaluated(
    tenant: Tenant, action: str, subject: Any = ANN, resource: Any = NODE, **more: Any
) -> dict[str, Any]:
    said = {"subject": subject, "action": {"name": action}, "resource": resource, **more}
    return ask(tenant, "evaluation", said)


def no(*missing: str) -> dict[str, Any]:
    return {"decision": False, "context": {"missing": sorted(missing)}}


def tagged(*tags: str) -> dict[str, Any]:
    return {"type": "node", "id": "A", "properties": {"tags": [*tags]}}


# --- the standard -------------------------------------------------------------------------------


def test_the_metadata_say_where_which_question_is_answered(lab: Tenant) -> None:
    http, issuer = lab.running.http, f"http://127.0.0.1:8080/w/{lab.id}"
    places = (
        f"/.well-known/authzen-configuration/w/{lab.id}",  # §9.2.1
        f"/w/{lab.id}/.well-known/authzen-configuration",
    )
    for place in places:
        answer = http.request("GET", place)
        assert answer.status_code == 200
        said = answer.json()
        assert said.pop("policy_decision_point") == issuer
        for name, url in said.items():
            assert name.endswith("_endpoint")
            assert url.startswith(f"{issuer}/access/v1/")
            path = url.removeprefix("http://127.0.0.1:8080")
            assert http.request("POST", path, json={}).status_code == 401
            assert http.request("GET", path).status_code == 405


def test_an_evaluation_is_yes_or_says_what_is_missing(lab: Tenant) -> None:
    assert evaluated(lab, "read:data") == YES
    assert evaluated(lab, "write:data") == no("write:data")
    assert evaluated(lab, "no:such") == no("no:such")
    assert evaluated(lab, "read:data", resource=tagged()) == no("read:data", "read:metadata")
    assert evaluated(lab, "read:data", resource=tagged("gone")) == no("read:data", "read:metadata")
    untagged = {"type": "node", "id": "A"}
    assert evaluated(lab, "read:data", resource=untagged) == no("read:data", "read:metadata")


def test_the_workspace_as_a_resource_asks_for_scopes_alone(lab: Tenant) -> None:
    slug = f"w-{lab.id[-12:]}"
    for id in (lab.id, slug):
        here = {"type": "workspace", "id": id}
        assert evaluated(lab, "write:data", resource=here) == YES
        assert evaluated(lab, "iotman:keys:rotate", resource=here) == no("iotman:keys:rotate")
        narrow = {"only_tags": ["t"]}
        assert evaluated(lab, "write:data", resource=here, context=narrow) == no("write:data")
    other = {"type": "workspace", "id": Tenant(lab.running).id}
    assert evaluated(lab, "write:data", resource=other) == no("read:metadata", "write:data")


def test_several_evaluations_share_defaults_and_end_where_they_are_told_to(lab: Tenant) -> None:
    asked = [{"action": {"name": name}} for name in ("read:data", "write:data", "read:metadata")]
    said = {"subject": ANN, "resource": NODE, "evaluations": asked}
    all_of_them = [YES, no("write:data"), YES]
    assert ask(lab, "evaluations", said) == {"evaluations": all_of_them}
    for semantic, shown in (
        ("execute_all", all_of_them),
        ("deny_on_first_deny", all_of_them[:2]),
        ("permit_on_first_permit", all_of_them[:1]),
    ):
        options = {"options": {"evaluations_semantic": semantic, "other": 1}}
        assert ask(lab, "evaluations", {**said, **options}) == {"evaluations": shown}
    own = {"subject": {"type": "user", "id": "eve"}, "action": {"name": "read:data"}}
    mixed = {**said, "evaluations": [*asked[:1], own]}
    decisions = ask(lab, "evaluations", mixed)["evaluations"]
    assert [one["decision"] for one in decisions] == [True, False]
    single = {"subject": ANN, "action": {"name": "read:data"}, "resource": NODE}
    assert ask(lab, "evaluations", single) == ask(lab, "evaluations", {**single, "evaluations": []})
    assert ask(lab, "evaluations", single) == YES


def test_a_search_finds_exactly_the_actions_that_an_evaluation_permits(lab: Tenant) -> None:
    found = ask(lab, "search/action", {"subject": ANN, "resource": NODE})
    assert found == {"results": [{"name": name} for name in READ]}
    assert ask(lab, "search/action", {"subject": ANN, "resource": tagged()}) == {"results": []}
    here = {"type": "workspace", "id": lab.id}
    all_held = ask(lab, "search/action", {"subject": ANN, "resource": here})["results"]
    assert [one["name"] for one in all_held] == [*READ, "write:data"]


def test_a_request_keeps_its_id_and_nothing_else_of_its_headers(lab: Tenant) -> None:
    said = {"subject": ANN, "action": {"name": "read:data"}, "resource": NODE}
    for given in ("bfe9eb29-ab87", "x" * 256):
        answer = post(lab, "access/v1/evaluation", said, headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == given
    for given in (b"\xe9", b"x" * 257, b"a\tb"):
        answer = post(lab, "access/v1/evaluation", said, headers={"x-request-id": given})
        assert answer.status_code == 200
        assert "x-request-id" not in answer.headers


# --- whom it is about ---------------------------------------------------------------------------


def test_a_credential_narrows_what_its_holder_may_wherever_that_is_said(lab: Tenant) -> None:
    for limits, ok in (
        ({"scopes": ["inherit"]}, True),
        ({"scopes": READ}, True),
        ({"scopes": ["read:data"]}, False),
        ({"scopes": []}, False),
        ({"only_tags": ["t"]}, True),
        ({"only_tags": []}, False),
        ({"only_tags": ["u"]}, False),
        ({"anything": "else"}, True),
    ):
        in_context = evaluated(lab, "read:data", context=limits)
        in_subject = evaluated(lab, "read:data", {**ANN, "properties": limits})
        assert (in_context == YES, in_subject == YES) == (ok, ok), limits
    both = {**ANN, "properties": {"scopes": READ}}
    assert evaluated(lab, "read:data", both, context={"scopes": ["write:data"]}) != YES
    tags = {**ANN, "properties": {"only_tags": ["t"]}}
    assert evaluated(lab, "read:data", tags, context={"only_tags": ["u"]}) != YES
    wider = {**ANN, "properties": {"scopes": ["iotman:keys:rotate", *READ]}}
    assert evaluated(lab, "iotman:keys:rotate", wider) != YES


def test_whoever_cannot_present_themselves_is_refused_like_who_is_not_there(lab: Tenant) -> None:
    ann = lab.person("both@lab.example")
    lab.grant(ann, *READ)
    app, _ = lab.client(ClientType.PKCE)
    crew, stranger = lab.group("Crew", ann), Tenant(lab.running)
    foreign = stranger.person("foreign@lab.example")
    lab.grant(crew, *READ)
    tag(lab, "u", groups=[{"name": crew, "scopes": READ}])
    assert evaluated(lab, "read:data", {"type": "user", "id": ann.id}, tagged("u")) == YES
    with lab.running.database.write() as tx:
        workspaces.touch(tx, lab.id, ChangeKind.PRINCIPAL, ann.id, at=lab.running.clock())
        standing.disable(tx, ann.id, at=lab.running.clock())
    nobody = evaluated(lab, "read:data", {"type": "user", "id": "nobody"}, tagged("u"))
    for kind, id in (
        ("user", ann.id), ("user", "both@lab.example"), ("user", crew), ("user", "Crew"),
        ("user", app), ("service", ann.id), ("service", crew), ("user", foreign.id),
        ("user", "foreign@lab.example"), ("token", lab.admin_key), ("group", crew),
        ("unknown", "x"),
    ):  # fmt: skip
        assert evaluated(lab, "read:data", {"type": kind, "id": id}, tagged("u")) == nobody
        public = evaluated(lab, "read:data", {"type": kind, "id": id}, tagged("public"))
        assert (public == YES) is False


def test_a_visitor_reads_what_is_public_alone(lab: Tenant) -> None:
    tag(lab, "open", auto_tags=[{"name": "public"}])
    visitor = {"type": "anonymous", "id": "-"}
    for name in ("public", "open"):
        assert evaluated(lab, "read:data", visitor, tagged(name)) == YES
        assert evaluated(lab, "write:data", visitor, tagged(name)) == no("write:data")
    assert evaluated(lab, "read:data", visitor) != YES
    here = {"type": "workspace", "id": lab.id}
    assert evaluated(lab, "read:metadata", visitor, here) == no("read:metadata")


def test_a_name_that_several_have_means_the_end_user_or_else_nobody(lab: Tenant) -> None:
    member = lab.person("ann@lab.example", kind=PrincipalKind.MEMBER)
    assert evaluated(lab, "read:data") == YES
    assert evaluated(lab, "read:data", {"type": "user", "id": member.id}) != YES
    shouted = {"type": "user", "id": "ANN@lab.example"}
    assert evaluated(lab, "read:data", shouted) == YES

    def of_provider(provider: str, subject: str) -> Principal:
        now = lab.running.clock()
        made = Principal(
            new_uuid(), lab.id, PrincipalKind.END_USER, subject, Identity(provider, subject), now
        )
        with lab.running.database.write() as tx:
            workspaces.touch(tx, lab.id, ChangeKind.PRINCIPAL, made.id, at=now)
            principals.add(tx, made)
        lab.grant(made, *READ)
        return made

    carl = of_provider("toy", "carl")
    tag(lab, "c", users=[{"name": "carl", "scopes": READ}])
    assert evaluated(lab, "read:data", {"type": "user", "id": "carl"}, tagged("c")) == YES
    of_provider("other", "carl")
    assert evaluated(lab, "read:data", {"type": "user", "id": "carl"}, tagged("c")) != YES
    assert evaluated(lab, "read:data", {"type": "user", "id": carl.id}, tagged("c")) == YES
    of_provider("toy", carl.id)
    assert evaluated(lab, "read:data", {"type": "user", "id": carl.id}, tagged("c")) != YES


def test_what_changes_counts_for_the_next_question(lab: Tenant) -> None:
    bob = lab.person("bob@lab.example")
    lab.grant(bob, *READ)
    said = {"type": "user", "id": "bob@lab.example"}
    group = lab.call("POST", "/groups", {"name": "Crew"}).json()["id"]

    def may() -> bool:
        return evaluated(lab, "read:data", said) == YES

    def done(method: str, path: str, body: Any = None) -> None:
        assert lab.call(method, path, body).is_success

    steps: list[tuple[Callable[[], None], bool]] = [
        (lambda: None, False),
        (lambda: done("PATCH", "/access-tags/t",
                      {"groups": [{"name": "Crew", "scopes": READ}]}), False),
        (lambda: done("PUT", f"/groups/{group}/members/{bob.id}"), True),
        (lambda: done("DELETE", f"/groups/{group}/members/{bob.id}"), False),
        (lambda: done("PATCH", "/access-tags/t",
                      {"users": [{"name": bob.id, "scopes": READ}]}), True),
        (lambda: lab.revoke(bob, "read:data"), False),
        (lambda: lab.grant(bob, "read:data"), True),
        (lambda: done("PATCH", "/access-tags/t", {"users": []}), False),
        (lambda: tag(lab, "in", users=[{"name": bob.id, "scopes": READ}]), False),
        (lambda: done("PATCH", "/access-tags/t", {"auto_tags": [{"name": "in"}]}), True),
        (lambda: done("DELETE", "/access-tags/in?force=true"), False),
        (lambda: done("PATCH", "/access-tags/t", {"auto_tags": [{"name": "public"}]}), True),
        (lambda: done("DELETE", "/access-tags/t"), False),
    ]  # fmt: skip
    for number, (step, allowed) in enumerate(steps):
        step()
        assert may() is allowed, number


# --- who may ask, and what ----------------------------------------------------------------------


def test_a_viewers_key_and_a_token_may_ask_and_a_restricted_key_may_not(lab: Tenant) -> None:
    viewer = lab.person("viewer@lab.example", kind=PrincipalKind.MEMBER)
    lab.assign(viewer, "iotman:viewer")
    machine = lab.access_token(*lab.client(ClientType.CLIENT_CREDENTIALS, "iotman:decisions:read"))
    said = {"subject": ANN, "action": {"name": "read:data"}, "resource": NODE}
    for bearer in (lab.key(viewer), machine, lab.key_with("iotman:decisions:read")):
        assert post(lab, "access/v1/evaluation", said, bearer=bearer).json() == YES
    body = {"scopes": ["iotman:decisions:read"], "tags": ["t"]}
    restricted = lab.call("POST", "/api-keys", body).json()["secret"]
    assert post(lab, "access/v1/evaluation", said, bearer=restricted).status_code == 403
    for headers in ({"authorization": "Basic eDp5"}, {"cookie": "scopewright=x"}):
        answer = post(lab, "access/v1/evaluation", said, bearer=None, headers=headers)
        assert answer.status_code == 401


EVALUATION: dict[str, Any] = {"subject": ANN, "action": {"name": "read:data"}, "resource": NODE}
INPUT: dict[str, Any] = {"subject": ANN, "tags": ["t"]}
DEEP = b'{"subject":' + b'{"a":' * 5000 + b"1" + b"}" * 5001
JUNK: list[Any] = [
    b"", b"{", b"null", b"[]", b'"x"', b"1e999", DEEP, b'{"a": 1, "a": 2}', b"\xff",
    b'{"subject": "\\ud800"}', {}, {"input": None}, {"input": []}, {"input": {}},
    {"input": {**INPUT, "subject": "ann"}},
    {"input": {**INPUT, "subject": {"type": "user"}}},
    {"input": {**INPUT, "subject": {"type": "user", "id": 1}}},
    {"input": {**INPUT, "subject": {"type": "user", "id": ""}}},
    {"input": {**INPUT, "subject": {"type": "user", "id": "x" * 1025}}},
    {"input": {**INPUT, "subject": {"type": "root", "id": "x"}}},
    {"input": {**INPUT, "subject": {"type": ["user"], "id": "x"}}},
    {"input": {**INPUT, "subject": {**ANN, "token": "x"}}},
    {"input": {**INPUT, "scopes": "read:data"}},
    {"input": {**INPUT, "scopes": [None]}},
    {"input": {**INPUT, "only_tags": {"t": 1}}},
    {"input": {**INPUT, "only_tag": ["t"]}},
    {"input": INPUT, "outer": 1},
    {**EVALUATION, "subject": None},
    {**EVALUATION, "subject": {"type": {}, "id": "x"}},
    {**EVALUATION, "subject": {**ANN, "properties": []}},
    {**EVALUATION, "subject": {**ANN, "properties": {"scopes": {}}}},
    {**EVALUATION, "resource": {"type": "node"}},
    {**EVALUATION, "resource": {**NODE, "properties": None}},
    {**EVALUATION, "resource": {**NODE, "properties": {"tags": "t"}}},
    {**EVALUATION, "resource": {**NODE, "properties": {"tags": [["t"]]}}},
    {**EVALUATION, "resource": {**NODE, "properties": {"tags": ["x"] * 1001}}},
    {**EVALUATION, "context": []},
    {**EVALUATION, "context": {"only_tags": 1}},
]  # fmt: skip


def rows(tenant: Tenant) -> dict[str, int]:
    with tenant.running.database.read() as tx:
        return {table.name: len(tx.all(select(table))) for table in schema.metadata.sorted_tables}


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_cannot_be_read_is_refused_as_such_and_nothing_is_written(
    lab: Tenant, question: str
) -> None:
    before = rows(lab)
    for body in JUNK:
        answer = post(lab, question, body)
        assert answer.status_code == 400, (body, answer.text)
        assert set(answer.json()) == {"error", "error_description"}
    assert rows(lab) == before


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("access/v1/evaluation", {**EVALUATION, "action": {"name": ["x"]}}),
        ("access/v1/evaluation", {**EVALUATION, "action": "read:data"}),
        ("access/v1/evaluations", {**EVALUATION, "evaluations": {}}),
        ("access/v1/evaluations", {**EVALUATION, "evaluations": [1]}),
        ("access/v1/evaluations", {**EVALUATION, "evaluations": [{}], "options": []}),
        ("access/v1/evaluations",
         {**EVALUATION, "evaluations": [{}], "options": {"evaluations_semantic": "any"}}),
        ("access/v1/evaluations",
         {**EVALUATION, "evaluations": [{}], "options": {"evaluations_semantic": []}}),
        ("access/v1/evaluations", {**EVALUATION, "evaluations": [{}] * (MOST_EVALUATIONS + 1)}),
        ("access/v1/evaluations", {**EVALUATION, "evaluations": [
            {"resource": tagged(*(f"{n}-{m}" for m in range(100)))} for n in range(11)]}),
        ("pdp/scopes", {"input": {"subject": ANN}}),
        ("pdp/scopes", {"input": {**INPUT, "needed": []}}),
        ("pdp/tags", {"input": {"subject": ANN, "needed": None}}),
        ("pdp/tags", {"input": INPUT}),
        ("pdp/allow", {"input": {"subject": ANN, "tags": None}}),
        ("pdp/allow", {"input": {**INPUT, "before": []}}),
        ("pdp/modify", {"input": INPUT}),
        ("pdp/modify", {"input": {**INPUT, "before": None}}),
    ],
)  # fmt: skip
def test_each_question_refuses_what_only_it_could_read(
    lab: Tenant, question: str, body: Any
) -> None:
    assert post(lab, question, body).status_code == 400


def test_as_many_questions_and_tags_as_are_allowed_are_answered(lab: Tenant) -> None:
    several = {**EVALUATION, "evaluations": [{}] * MOST_EVALUATIONS}
    assert ask(lab, "evaluations", several)["evaluations"] == [YES] * MOST_EVALUATIONS
    many = tagged("t", *map(str, range(999)))
    assert evaluated(lab, "read:data", resource=many) == YES
    people = [{"subject": {"type": "user", "id": f"nobody-{number}"}} for number in range(50)]
    found = ask(lab, "evaluations", {**EVALUATION, "evaluations": people})["evaluations"]
    assert {one["decision"] for one in found} == {False}


def test_a_body_that_is_too_large_is_refused_as_such(lab: Tenant) -> None:
    body = json.dumps({**EVALUATION, "context": {"x": "y" * (1 << 20)}}).encode()
    for question in QUESTIONS:
        assert post(lab, question, body).status_code == 413


@pytest.mark.parametrize("name", ["a\x00b", "\x00"])
def test_a_name_that_no_database_takes_is_refused_or_nobodys(lab: Tenant, name: str) -> None:
    said = {"subject": {"type": "user", "id": name}, "tags": [name], "scopes": [name]}
    for question in ("scopes", "allow"):
        answer = post(lab, f"pdp/{question}", {"input": said})
        assert answer.status_code in (200, 400)
        assert not answer.json().get("result")


def test_no_content_type_is_needed_and_any_will_do(lab: Tenant) -> None:
    body = json.dumps({"input": INPUT}).encode()
    for headers in ({}, {"content-type": "text/plain"}, {"content-type": "application/json"}):
        answer = post(lab, "pdp/scopes", body, headers=headers)
        assert answer.json() == {"result": READ}


def test_only_administrators_see_everything_and_are_told_every_tag(lab: Tenant) -> None:
    tenant = Tenant(lab.running, catalogues=("internal", "tiled"))
    root = tenant.person("root@lab.example")
    tenant.assign(root, "admin")
    for name in ("a", "b"):
        tag(tenant, name)
    said: dict[str, Any] = {"subject": {"type": "user", "id": root.id}}
    answer = post(tenant, "pdp/tags", {"input": said}).json()
    assert answer == {
        "result": ["a", "b", "user:root@lab.example"], "all_of": [], "everything": True
    }  # fmt: skip
    said["only_tags"] = ["a"]
    answer = post(tenant, "pdp/tags", {"input": said}).json()
    assert answer == {"result": ["a"], "all_of": [["a"]], "everything": False}
    key = Requested(frozenset({"read:metadata"})).names
    said = {"subject": said["subject"], "scopes": sorted(key or ())}
    assert post(tenant, "pdp/tags", {"input": said}).json()["everything"] is False
