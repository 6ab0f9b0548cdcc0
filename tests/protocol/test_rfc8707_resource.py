"""RFC 8707: a token for a resource, with that resource's scopes and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from scopewright.core.applications import Application
from scopewright.core.catalogue import RoleDefinition, ScopeDefinition
from scopewright.core.model import ChangeKind, Client, PrincipalKind
from scopewright.core.particulars import Particulars
from scopewright.guard.jws import KeySet, unverified
from scopewright.guard.verifier import verify
from scopewright.ids import new_id
from scopewright.store import applications, roles, scopes, workspaces
from tests.people import SCOPES, Stage, answer_of
from tests.protocol.issuer import Answer, Issuer, KnownClient, assert_refused, bearer

PUMPS, LIGHTS = "https://pumps.example/api", "urn:example:lights"
RESOURCES = {PUMPS: ["pumps:read", "pumps:write"], LIGHTS: ["lights:read"]}
EVERY = ("pumps:read", "pumps:write", "lights:read", "other", "iotman:scopes:read")


def declare(issuer: Issuer, **policy: Any) -> None:
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.WORKSPACE, issuer.id)
        workspace = workspaces.get(tx, issuer.id)
        assert workspace is not None
        changed = replace(workspace, policy=replace(workspace.policy, **policy))
        workspaces.change(tx, changed)


@pytest.fixture
def machine(issuer: Issuer) -> KnownClient:
    declare(issuer, resources=RESOURCES)
    return issuer.machine(*EVERY)


@pytest.fixture
def person(issuer: Issuer) -> str:
    declare(issuer, resources=RESOURCES)
    return issuer.person(*EVERY)


def token(issuer: Issuer, client: KnownClient, *resources: str, **more: str) -> Answer:
    form: dict[str, Any] = {"grant_type": "client_credentials", "resource": resources, **more}
    return issuer.post("token", form, client)


def claims(issuer: Issuer, answer: Answer, audience: str) -> dict[str, Any]:
    """What the token says, if it is good for this audience."""
    assert answer.status_code == 200, answer.text
    keys = KeySet.from_jwks(issuer.jwks())
    said = verify(
        answer.json()["access_token"],
        keys=keys,
        issuer=issuer.issuer,
        audience=audience,
        now=issuer.clock(),
    )
    assert said.values["scope"] == answer.json()["scope"]
    return dict(said.values)


# --- a client for itself ------------------------------------------------------------------------


def test_without_a_resource_the_token_is_for_the_workspace(
    issuer: Issuer, machine: KnownClient
) -> None:
    said = claims(issuer, issuer.token(machine), issuer.id)
    assert said["aud"] == issuer.id
    assert said["scope"] == " ".join(sorted(EVERY))


def test_a_token_for_a_resource_has_its_scopes_and_no_others(
    issuer: Issuer, machine: KnownClient
) -> None:
    said = claims(issuer, token(issuer, machine, PUMPS), PUMPS)
    assert said["aud"] == PUMPS
    assert said["scope"] == "pumps:read pumps:write"


def test_a_token_for_several_lists_them_and_has_the_scopes_of_all(
    issuer: Issuer, machine: KnownClient
) -> None:
    said = claims(issuer, token(issuer, machine, PUMPS, LIGHTS), LIGHTS)
    assert said["aud"] == [PUMPS, LIGHTS]
    assert said["scope"] == "lights:read pumps:read pumps:write"


def test_naming_the_workspace_itself_is_naming_nothing(
    issuer: Issuer, machine: KnownClient
) -> None:
    said = claims(issuer, token(issuer, machine, issuer.id), issuer.id)
    assert said["scope"] == " ".join(sorted(EVERY))


def test_the_management_resource_has_the_guarded_scopes(
    issuer: Issuer, machine: KnownClient
) -> None:
    mcp = f"{issuer.issuer}/mcp"
    assert claims(issuer, token(issuer, machine, mcp), mcp)["scope"] == "iotman:scopes:read"
    assert_refused(token(issuer, machine, mcp, PUMPS), 400, "invalid_target")


def test_a_scope_that_the_resource_does_not_know_is_refused(
    issuer: Issuer, machine: KnownClient
) -> None:
    refused = token(issuer, machine, PUMPS, scope="pumps:read lights:read")
    assert_refused(refused, 400, "invalid_scope")
    narrow = token(issuer, machine, PUMPS, scope="pumps:read")
    assert narrow.json()["scope"] == "pumps:read"


def test_a_resource_gives_nothing_that_is_not_held(issuer: Issuer, machine: KnownClient) -> None:
    poor = issuer.machine("lights:read")
    assert token(issuer, poor, PUMPS).json()["scope"] == ""


@pytest.mark.parametrize(
    "unknown",
    [
        "https://pumps.example/api/",
        "https://pumps.example",
        "https://pumps.example/api#fragment",
        "pumps",
        "/mcp",
        "é",
        "x" * 3000,
    ],
)
def test_an_unknown_resource_is_invalid_target(
    issuer: Issuer, machine: KnownClient, unknown: str
) -> None:
    assert_refused(token(issuer, machine, unknown), 400, "invalid_target")
    assert_refused(token(issuer, machine, PUMPS, unknown), 400, "invalid_target")


def test_another_workspaces_resource_is_unknown_here(
    issuer: Issuer, stranger: Issuer, machine: KnownClient
) -> None:
    for foreign in (stranger.id, f"{stranger.issuer}/mcp"):
        assert_refused(token(issuer, machine, foreign), 400, "invalid_target")


def test_an_empty_resource_is_none_and_one_named_twice_is_one(
    issuer: Issuer, machine: KnownClient
) -> None:
    assert claims(issuer, token(issuer, machine, ""), issuer.id)["aud"] == issuer.id
    assert claims(issuer, token(issuer, machine, PUMPS, PUMPS), PUMPS)["aud"] == PUMPS


def test_nothing_but_a_resource_may_be_repeated(issuer: Issuer, machine: KnownClient) -> None:
    form: dict[str, Any] = {"grant_type": ["client_credentials"] * 2}
    assert_refused(issuer.post("token", form, machine), 400, "invalid_request")


# --- a person's client --------------------------------------------------------------------------


def begun(issuer: Issuer, client: KnownClient, person: str, *agreed: str) -> str:
    """A code for what was agreed to at `/authorize`."""
    return issuer.code(client, person, particulars=Particulars(resources=agreed))


def test_a_code_gives_a_token_for_what_was_agreed_to(issuer: Issuer, person: str) -> None:
    phone = issuer.phone_app()
    answer = issuer.redeem(phone, begun(issuer, phone, person, PUMPS, LIGHTS))
    assert claims(issuer, answer, PUMPS)["aud"] == [PUMPS, LIGHTS]


def test_a_code_or_refresh_may_name_a_part_of_it(issuer: Issuer, person: str) -> None:
    phone = issuer.phone_app()
    code = begun(issuer, phone, person, PUMPS, LIGHTS)
    first = issuer.redeem(phone, code, resource=LIGHTS)
    assert claims(issuer, first, LIGHTS)["aud"] == LIGHTS
    assert first.json()["scope"] == "lights:read"
    second = issuer.refresh(phone, first.json()["refresh_token"], resource=PUMPS)
    assert claims(issuer, second, PUMPS)["aud"] == PUMPS
    third = issuer.refresh(phone, second.json()["refresh_token"])
    assert claims(issuer, third, PUMPS)["aud"] == [PUMPS, LIGHTS]


@pytest.mark.parametrize("named", [LIGHTS, "workspace", "mcp"])
def test_what_was_not_agreed_to_is_refused_and_spends_nothing(
    issuer: Issuer, person: str, named: str
) -> None:
    beyond = {"workspace": issuer.id, "mcp": f"{issuer.issuer}/mcp"}.get(named, named)
    phone = issuer.phone_app()
    code = begun(issuer, phone, person, PUMPS)
    assert_refused(issuer.redeem(phone, code, resource=beyond), 400, "invalid_target")
    answer = issuer.redeem(phone, code)
    refresh_token = answer.json()["refresh_token"]
    refused = issuer.refresh(phone, refresh_token, resource=beyond)
    assert_refused(refused, 400, "invalid_target")
    assert issuer.refresh(phone, refresh_token).status_code == 200


def test_who_agreed_to_the_whole_workspace_may_name_a_part(issuer: Issuer, person: str) -> None:
    phone = issuer.phone_app()
    answer = issuer.redeem(phone, issuer.code(phone, person), resource=PUMPS)
    assert claims(issuer, answer, PUMPS)["scope"] == "pumps:read pumps:write"


def test_a_resource_that_is_no_more_gives_no_token_and_ends_nothing(
    issuer: Issuer, person: str
) -> None:
    phone = issuer.phone_app()
    tokens = issuer.redeem(phone, begun(issuer, phone, person, PUMPS)).json()
    declare(issuer, resources={})
    refused = issuer.refresh(phone, tokens["refresh_token"])
    assert_refused(refused, 400, "invalid_target")
    declare(issuer, resources={PUMPS: ["pumps:read"]})
    again = issuer.refresh(phone, tokens["refresh_token"])
    assert claims(issuer, again, PUMPS)["scope"] == "pumps:read"


# --- who takes which token ----------------------------------------------------------------------


def test_our_own_endpoints_take_only_tokens_for_the_workspace(
    issuer: Issuer, machine: KnownClient, person: str
) -> None:
    phone = issuer.phone_app()
    theirs = issuer.redeem(phone, begun(issuer, phone, person, PUMPS)).json()["access_token"]
    mcp = token(issuer, machine, f"{issuer.issuer}/mcp").json()["access_token"]
    for foreign in (theirs, mcp):
        assert issuer.scopes_page(foreign).status_code == 401
        assert issuer.userinfo(foreign).status_code == 401
        whoami = issuer.http.get("/api/whoami", headers=bearer(foreign))
        assert whoami.status_code == 401
        verified = issuer.http.get(f"{issuer.issuer}/verify?any=1", headers=bearer(foreign))
        assert verified.status_code == 401


def test_what_one_endpoint_has_accepted_does_not_pass_at_another(
    issuer: Issuer, machine: KnownClient
) -> None:
    good = token(issuer, machine, PUMPS).json()["access_token"]
    assert introspected(issuer, machine, good, resource=PUMPS)["active"]
    assert issuer.scopes_page(good).status_code == 401
    assert not introspected(issuer, machine, good)["active"]
    assert introspected(issuer, machine, good, resource=PUMPS)["active"]


def test_a_token_for_the_workspace_too_passes_there(issuer: Issuer, machine: KnownClient) -> None:
    both = token(issuer, machine, PUMPS, issuer.id).json()["access_token"]
    assert issuer.scopes_page(both).status_code == 200
    assert issuer.http.get("/api/whoami", headers=bearer(both)).status_code == 200


def test_a_proxy_may_stand_before_a_resource(issuer: Issuer, machine: KnownClient) -> None:
    theirs = token(issuer, machine, PUMPS).json()["access_token"]
    ours = issuer.access_token(machine)
    url = f"{issuer.issuer}/verify"

    def verified(credential: str, audience: str) -> int:
        query = {"scope": "pumps:read", "aud": audience}
        answer = issuer.http.get(url, params=query, headers=bearer(credential))
        return answer.status_code

    assert verified(theirs, PUMPS) == 204
    assert verified(ours, issuer.id) == 204
    assert verified(ours, PUMPS) == verified(theirs, LIGHTS) == verified(theirs, issuer.id) == 401
    assert verified(issuer.api_key(machine.id), PUMPS) == 401


def introspected(
    issuer: Issuer, asker: KnownClient, credential: str, **more: str
) -> dict[str, Any]:
    form = {"token": credential, **more}
    return dict(issuer.post("introspect", form, asker).json())


def test_who_asks_for_another_audience_is_told_nothing(
    issuer: Issuer, machine: KnownClient
) -> None:
    theirs = token(issuer, machine, PUMPS).json()["access_token"]
    assert introspected(issuer, machine, theirs) == {"active": False}
    assert introspected(issuer, machine, theirs, resource=LIGHTS) == {"active": False}
    told = introspected(issuer, machine, theirs, resource=PUMPS)
    assert (told["active"], told["aud"], told["scope"]) == (True, PUMPS, "pumps:read pumps:write")
    ours = issuer.access_token(machine)
    assert introspected(issuer, machine, ours)["active"]
    assert introspected(issuer, machine, ours, resource=PUMPS) == {"active": False}


def test_a_client_revokes_its_token_whoever_it_is_for(issuer: Issuer, machine: KnownClient) -> None:
    theirs = token(issuer, machine, PUMPS).json()["access_token"]
    assert issuer.revoke(machine, theirs).status_code == 200
    assert introspected(issuer, machine, theirs, resource=PUMPS) == {"active": False}


# --- asked for at `/authorize` ------------------------------------------------------------------

ANN = "ann@example.com"


@pytest.fixture
def phone(stage: Stage) -> Client:
    resources = {PUMPS: ["sensor:read", "sensor:write"], LIGHTS: ["video:gold"]}
    stage.policy(resources=resources)
    return stage.client()


def asked(stage: Stage, client: Client, *resources: str, **more: str) -> str:
    url = httpx.URL(stage.authorize_url(client, **more))
    return str(url.copy_merge_params({"resource": list(resources)}))


def test_the_person_is_asked_about_the_resources_scopes_only(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    browser = stage.signed_in(ANN)
    consent = browser.get(asked(stage, phone, PUMPS))
    assert "sensor:read" in consent.text
    assert "video:gold" not in consent.text
    assert "everything you may do" not in consent.text
    code = answer_of(browser.submit(consent))["code"]
    assert stage.exchange(phone, code).json()["scope"] == "sensor:read sensor:write"


def test_an_approval_for_a_resource_is_none_for_the_workspace(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    browser = stage.signed_in(ANN)
    browser.submit(browser.get(asked(stage, phone, PUMPS)))
    assert "code" in answer_of(browser.get(asked(stage, phone, PUMPS)))
    for more in (asked(stage, phone, LIGHTS), stage.authorize_url(phone)):
        assert "wants to do this in your name" in browser.get(more).text


def test_several_may_be_named_and_the_code_is_for_all(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    browser = stage.signed_in(ANN)
    page = browser.get(asked(stage, phone, PUMPS, LIGHTS, PUMPS))
    code = answer_of(browser.submit(page))["code"]
    told = stage.exchange(phone, code, resource=LIGHTS).json()
    assert told["scope"] == "video:gold"


@pytest.mark.parametrize(
    ("resource", "scope", "error"),
    [
        ("https://unknown.example", "sensor:read", "invalid_target"),
        (f"{PUMPS}#x", "sensor:read", "invalid_target"),
        (LIGHTS, "sensor:read", "invalid_scope"),
    ],
)
def test_an_unknown_resource_or_none_of_its_scopes_goes_back_to_the_client(
    stage: Stage, phone: Client, resource: str, scope: str, error: str
) -> None:
    url = asked(stage, phone, resource, scope=scope)
    assert answer_of(stage.browser().ask("GET", url))["error"] == error


def test_the_management_resource_speaks_for_the_member(stage: Stage, phone: Client) -> None:
    stage.person(ANN, *SCOPES)
    member = stage.person(ANN, kind=PrincipalKind.MEMBER, role="iotman:viewer")
    browser, mcp = stage.signed_in(ANN), f"{stage.issuer}/mcp"
    code = answer_of(browser.submit(browser.get(asked(stage, phone, mcp))))["code"]
    tokens = stage.exchange(phone, code).json()
    said = unverified(tokens["access_token"])[1]
    assert (said["sub"], said["aud"]) == (member.id, mcp)
    assert all(scope.startswith("iotman:") for scope in tokens["scope"].split())
    for beyond in (PUMPS, stage.workspace.id):
        refused = stage.browser().ask(
            "POST",
            f"{stage.issuer}/token",
            data={
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
                "client_id": phone.id,
                "resource": beyond,
            },
        )
        assert_refused(refused, 400, "invalid_target")


# --- an application as a resource ---------------------------------------------------------------

VIEWER = "https://viewer.example/api"


@pytest.fixture
def viewer(issuer: Issuer) -> Application:
    """An application whose role lists its scope and includes another role."""
    made = Application(
        new_id("app"), issuer.id, "viewer", "Viewer", issuer.clock(), resource=VIEWER
    )
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.VOCABULARY, "viewer")
        applications.add(tx, made)
        for name in ("viewer.all", "pumps:read", "pumps:write"):
            of = "viewer" if name.startswith("viewer.") else None
            scope = ScopeDefinition(name, application=of)
            scopes.add(tx, issuer.id, scope=scope, at=issuer.clock())
        reader = RoleDefinition("reader", scopes=frozenset({"pumps:read"}))
        user = RoleDefinition(
            "viewer.user", application="viewer",
            scopes=frozenset({"viewer.all"}), includes=frozenset({"reader"}),
        )  # fmt: skip
        for role in (reader, user):
            roles.add(tx, issuer.id, role=role, at=issuer.clock())
    return made


def include(issuer: Issuer, *names: str) -> None:
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.VOCABULARY, "reader")
        roles.change(tx, issuer.id, role=RoleDefinition("reader", scopes=frozenset(names)))


def test_a_token_for_an_application_has_what_its_roles_come_to_of_what_is_held(
    issuer: Issuer, viewer: Application
) -> None:
    rich = issuer.machine("viewer.all", "pumps:read", "pumps:write", "iotman:scopes:read")
    assert len(issuer.token(rich).json()["scope"].split()) == 4
    said = claims(issuer, token(issuer, rich, VIEWER), VIEWER)
    assert (said["aud"], said["scope"]) == (VIEWER, "pumps:read viewer.all")
    poor = issuer.machine("pumps:write", "viewer.all")
    assert token(issuer, poor, VIEWER).json()["scope"] == "viewer.all"
    refused = token(issuer, poor, VIEWER, scope="pumps:write")
    assert_refused(refused, 400, "invalid_scope")


def test_what_changes_in_its_roles_is_in_the_next_token_for_it(
    issuer: Issuer, viewer: Application
) -> None:
    person = issuer.person("viewer.all", "pumps:read", "pumps:write")
    phone = issuer.phone_app()
    first = issuer.redeem(phone, begun(issuer, phone, person, VIEWER))
    assert first.json()["scope"] == "pumps:read viewer.all"
    include(issuer, "pumps:read", "pumps:write")
    second = issuer.refresh(phone, first.json()["refresh_token"])
    assert second.json()["scope"] == "pumps:read pumps:write viewer.all"
    include(issuer)
    third = issuer.refresh(phone, second.json()["refresh_token"])
    assert third.json()["scope"] == "viewer.all"


def test_an_application_that_is_gone_is_a_resource_no_more(
    issuer: Issuer, viewer: Application
) -> None:
    machine = issuer.machine("viewer.all")
    assert token(issuer, machine, VIEWER).status_code == 200
    assert token(issuer, issuer.machine(), f"{VIEWER}/").status_code == 400
    with issuer.database.write() as tx:
        issuer.touch(tx, ChangeKind.VOCABULARY, "viewer")
        applications.remove(tx, viewer.id)
    assert_refused(token(issuer, machine, VIEWER), 400, "invalid_target")


def test_the_person_is_asked_about_what_the_application_is_about(
    stage: Stage, phone: Client
) -> None:
    made = Application(
        new_id("app"), stage.workspace.id, "viewer", "Viewer", stage.workspace.created_at,
        resource=VIEWER,
    )  # fmt: skip
    role = RoleDefinition("viewer.user", application="viewer", scopes=frozenset({"sensor:read"}))
    with stage.database.write() as tx:
        at = stage.workspace.created_at
        workspaces.touch(tx, stage.workspace.id, ChangeKind.VOCABULARY, "viewer", at=at)
        applications.add(tx, made)
        roles.add(tx, stage.workspace.id, role=role, at=at)
    stage.person(ANN, *SCOPES)
    browser = stage.signed_in(ANN)
    consent = browser.get(asked(stage, phone, VIEWER))
    assert "sensor:read" in consent.text
    assert "sensor:write" not in consent.text
    code = answer_of(browser.submit(consent))["code"]
    assert stage.exchange(phone, code).json()["scope"] == "sensor:read"


# --- how large a token is -----------------------------------------------------------------------


@pytest.mark.parametrize(("how_many", "warned"), [(30, False), (120, True)])
def test_a_large_token_is_warned_about_once_with_whose_it_is_and_no_secret(
    issuer: Issuer, how_many: int, warned: bool
) -> None:
    machine = issuer.machine(*(f"scope-with-a-long-name:{n}" for n in range(how_many)))
    with capture_logs() as logged:
        access_token = issuer.token(machine).json()["access_token"]
    assert (len(access_token) > 4096) is warned
    told = [line for line in logged if line["event"] == "access token is large"]
    assert (
        told
        == [
            {
                "event": "access token is large",
                "log_level": "warning",
                "client": machine.id,
                "principal": machine.id,
                "bytes": len(access_token),
            }
        ]
        * warned
    )
