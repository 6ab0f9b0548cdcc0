"""The pages of people and roles, of groups, and of why somebody holds what."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.console.members import AtWork, a_member, command_of, text_of
from tests.console.shown import run_shown
from tests.worlds import World

ANN = "ann@example.com"


@pytest.fixture
def crew(world: World) -> World:
    """A workspace where Ann is a keeper, by herself and by the group Crew."""
    return filled(world)


def filled(world: World) -> World:
    world.end_user(ANN, scopes=["pump:write"])
    world.define("pump:read")
    for name in ("keeper", "reader"):
        body = {"name": name, "scopes": ["pump:read"]}
        world.admin.post("/roles", json=body).raise_for_status()
    world.admin.put(f"/principals/{ANN}/roles/keeper").raise_for_status()
    return world


def a_group(world: World, *members: str) -> str:
    id = str(world.admin.post("/groups", json={"name": "Crew"}).raise_for_status().json()["id"])
    for who in members:
        world.admin.put(f"/groups/{id}/members/{who}").raise_for_status()
    return id


def id_of(world: World, name: str) -> str:
    return str(world.admin.get(f"/principals/{name}").raise_for_status().json()["id"])


def roles_of(world: World, name: str) -> list[str]:
    return [one["role"] for one in world.listed(f"/principals/{name}/roles")]


def test_everybody_is_listed_and_filtered(admin: AtWork, crew: World) -> None:
    a_group(crew)
    everybody = text_of(admin.open("/principals"))
    for name in (f"{ANN} end-user keeper", f"{crew.admin_email} member", "Crew group"):
        assert name in everybody
    some = text_of(admin.open("/principals?kind=end_user&q=an"))
    assert ANN in some
    assert "Crew" not in some
    assert "Nobody fits this." in text_of(admin.open("/principals?disabled=true"))


def test_a_service_is_made_and_a_refused_one_keeps_what_was_typed(
    admin: AtWork, crew: World
) -> None:
    wrong = {"name": "Pump", "roles": "keeper", "owner": "nobody@example.com"}
    page = admin.send(admin.open("/principals"), "/principals", **wrong)
    assert page.status_code == 422
    assert 'id="owner-fault"' in page.text
    for value in wrong.values():
        assert f'value="{value}"' in page.text
    made = admin.send(page, "/principals", name="Pump", roles="keeper", owner=ANN)
    assert "The service Pump is made." in text_of(made)
    assert f"Who answers for it {ANN}" in text_of(made)
    assert "pump:read keeper assigned by" in text_of(made)


def test_a_page_says_what_somebody_holds_and_by_which_path(admin: AtWork, crew: World) -> None:
    group = a_group(crew, ANN)
    crew.admin.put(f"/principals/{group}/roles/reader").raise_for_status()
    page = text_of(admin.open(f"/principals/{ANN}"))
    assert f"pump:read keeper assigned by {crew.admin_email}" in page
    assert "reader through the group Crew" in page
    assert f"granted by {crew.admin_email}" in page
    assert "reader the group Crew" in page


def test_a_role_is_assigned_and_taken_away(admin: AtWork, crew: World, first: World) -> None:
    page = admin.open(f"/principals/{ANN}")
    wrong = admin.send(page, f"/principals/{ANN}/roles", role="nothing")
    assert wrong.status_code == 422
    assert 'id="role-fault"' in wrong.text
    assert 'value="nothing"' in wrong.text
    done = admin.send(page, f"/principals/{ANN}/roles", role="reader")
    assert "The role reader is assigned." in text_of(done)
    twin = filled(first.another())
    words = [ANN if word == id_of(crew, ANN) else word for word in command_of(done)]
    run_shown(words, crew, twin)
    assert roles_of(crew, ANN) == roles_of(twin, ANN) == ["keeper", "reader"]
    question = admin.open(f"/principals/{ANN}/roles/reader/unassign")
    assert "Would be held no more" not in text_of(question)
    admin.send(question, f"/principals/{ANN}/roles/reader/unassign")
    last = admin.open(f"/principals/{ANN}/roles/keeper/unassign")
    assert "Would be held no more: pump:read" in text_of(last)
    assert "One assignment of a role is taken away." in text_of(last)
    assert roles_of(crew, ANN) == ["keeper"]
    gone = admin.send(last, f"/principals/{ANN}/roles/keeper/unassign")
    assert "The role keeper is taken away." in text_of(gone)
    assert roles_of(crew, ANN) == []


def test_taking_away_what_a_group_gives_too_loses_nothing(admin: AtWork, crew: World) -> None:
    group = a_group(crew, ANN)
    crew.admin.put(f"/principals/{group}/roles/keeper").raise_for_status()
    question = text_of(admin.open(f"/principals/{ANN}/roles/keeper/unassign"))
    assert f"Take the role keeper from {ANN}?" in question
    assert "Would be held no more" not in question


def test_disabling_says_how_many_sessions_end_and_enabling_brings_back(
    admin: AtWork, crew: World
) -> None:
    app = crew.phone_app()
    person = crew.person(ANN, app)
    person.mailbox.link()
    for _ in range(2):
        person.session()
    question = admin.open(f"/principals/{ANN}/disable")
    assert "2 sessions end at once." in text_of(question)
    assert [one["ended"] for one in sessions(crew)] == [False, False]
    done = admin.send(question, f"/principals/{ANN}/disable")
    assert f"{ANN} is disabled." in text_of(done)
    assert [one["ended"] for one in sessions(crew)] == [True, True]
    assert "disabled since" in text_of(done)
    back = admin.send(done, f"/principals/{ANN}/enable")
    assert "accepted again" in text_of(back)
    assert "disabled since" not in text_of(back)


def sessions(world: World) -> list[dict[str, bool]]:
    return list(world.admin.get(f"/principals/{ANN}").raise_for_status().json()["sessions"])


def test_signing_out_and_removing_are_asked_about_first(admin: AtWork, crew: World) -> None:
    question = admin.open(f"/principals/{ANN}/sign-out")
    assert "API keys stay." in text_of(question)
    done = admin.send(question, f"/principals/{ANN}/sign-out")
    assert f"{ANN} is signed out." in text_of(done)
    question = admin.open(f"/principals/{ANN}/remove")
    assert "cannot be brought back" in text_of(question)
    assert roles_of(crew, ANN) == ["keeper"]
    done = admin.send(question, f"/principals/{ANN}/remove")
    assert f"{ANN} is removed." in text_of(done)
    assert crew.admin.get(f"/principals/{ANN}").status_code == 404


def test_an_identity_is_linked_and_taken_away_and_a_refused_one_says_what_is_wrong(
    admin: AtWork, crew: World
) -> None:
    page = admin.open(f"/principals/{ANN}")
    more = {"provider": "email", "subject": "ann@home.example"}
    wrong = admin.send(page, f"/principals/{ANN}/identities", **{**more, "provider": "?!"})
    assert 'id="provider-fault"' in wrong.text
    assert "<details open><summary>Link one more" in wrong.text
    linked = admin.send(wrong, f"/principals/{ANN}/identities", **more)
    assert "The identity ann@home.example is linked." in text_of(linked)
    path = f"/principals/{ANN}/identities/email/ann@home.example/unlink"
    gone = admin.send(admin.open(path), path)
    assert "The identity ann@home.example is taken away." in text_of(gone)
    assert [one["subject"] for one in crew.listed(f"/principals/{ANN}/identities")] == [ANN]


def test_somebody_is_put_into_a_group_and_taken_out(admin: AtWork, crew: World) -> None:
    made = admin.send(admin.open("/groups"), "/groups", name="Crew")
    assert "The group Crew is made." in text_of(made)
    here = f"/groups/{crew.listed('/groups')[0]['id']}"
    wrong = admin.send(made, f"{here}/members", principal="nobody@example.com")
    assert wrong.status_code == 422
    assert 'id="principal-fault"' in wrong.text
    assert 'value="nobody@example.com"' in wrong.text
    done = admin.send(wrong, f"{here}/members", principal=ANN)
    assert f"{ANN} is in the group." in text_of(done)
    out = f"{here}/members/{id_of(crew, ANN)}/take-out"
    question = admin.open(out)
    assert f"Take {ANN} out of the group Crew?" in text_of(question)
    assert len(crew.listed(f"{here}/members")) == 1
    admin.send(question, out)
    assert crew.listed(f"{here}/members") == []
    gone = admin.send(admin.open(f"{here}/delete"), f"{here}/delete")
    assert "The group Crew is deleted." in text_of(gone)
    assert crew.listed("/groups") == []


def test_why_tells_the_path_or_the_roles_that_would_do(
    admin: AtWork, crew: World, first: World
) -> None:
    held = admin.open(f"/why?principal={ANN}&scope=pump:read")
    assert f"Yes: {ANN} holds pump:read" in text_of(held)
    assert f"scope pump:read role keeper end-user {ANN} assigned by" in text_of(held)
    assert "keeper" in run_shown(command_of(held), crew, crew)
    crew.define("pump:stop")
    body = {"name": "stopper", "scopes": ["pump:stop", "pump:read"]}
    crew.admin.post("/roles", json=body).raise_for_status()
    crew.admin.post("/roles", json={"name": "least", "scopes": ["pump:stop"]}).raise_for_status()
    lacking = admin.open(f"/why?principal={ANN}&scope=pump:stop")
    assert f"No: {ANN} does not hold pump:stop" in text_of(lacking)
    assert "least 0 scopes Assign least stopper 1 scope" in text_of(lacking)
    id = id_of(crew, ANN)
    granted = admin.send(lacking, f"/principals/{id}/grants", scope="pump:stop")
    assert "The scope pump:stop is granted." in text_of(granted)
    assert command_of(granted)[1:5] == ["grants", "create", ANN, "pump:stop"]
    again = admin.send(lacking, f"/principals/{id}/grants", scope="gone")
    assert again.status_code == 422
    admin.send(lacking, f"/principals/{ANN}/roles", role="least")
    now = admin.open("/who-can?scope=pump:stop")
    assert "least assigned by" in text_of(now)
    assert f"{ANN} end-user granted by" in text_of(now)
    assert first.admin_email not in text_of(now).partition("Who holds")[2].partition("end-user")[0]


def test_the_way_through_groups_is_drawn_from_the_scope_to_the_person(
    admin: AtWork, crew: World
) -> None:
    crew.end_user("bob@example.com", scopes=["pump:write"])
    inner = a_group(crew, id_of(crew, "bob@example.com"))
    outer = crew.admin.post("/groups", json={"name": "Everybody"}).raise_for_status().json()["id"]
    crew.admin.put(f"/groups/{outer}/members/{inner}").raise_for_status()
    crew.admin.put(f"/principals/{outer}/roles/keeper").raise_for_status()
    said = text_of(admin.open("/why?principal=bob@example.com&scope=pump:read"))
    way = "scope pump:read role keeper group Everybody group Crew end-user bob@example.com"
    assert way in said


def test_who_is_disabled_is_said_to_be_whatever_they_hold(admin: AtWork, crew: World) -> None:
    crew.admin.post(f"/principals/{ANN}/disable").raise_for_status()
    said = text_of(admin.open(f"/why?principal={ANN}&scope=pump:read"))
    assert f"Yes: {ANN} holds pump:read" in said
    assert "whatever they present is refused, whatever they hold." in said


def test_nothing_is_offered_that_would_be_refused(admin: AtWork, crew: World) -> None:
    scopes = ["iotman:assignments:create", "iotman:grants:create"]
    crew.admin.post("/roles", json={"name": "giver", "scopes": scopes}).raise_for_status()
    giver, member_id = a_member(crew, "viewer"), crew.listed("/members")[-1]["id"]
    crew.admin.put(f"/principals/{member_id}/roles/giver").raise_for_status()
    question = f"/why?principal={ANN}&scope="
    beyond = giver.open(f"{question}iotman:keys:rotate")
    assert "iotman:admin" in text_of(beyond)
    assert "Assign iotman:admin" not in text_of(beyond)
    assert "by itself" not in text_of(beyond)
    own = giver.open(f"{question}iotman:audit:read")
    assert "Assign iotman:viewer" in text_of(own)
    assert "Assign iotman:editor" not in text_of(own)
    assert "The least is that alone: Grant iotman:audit:read by itself" in text_of(own)
    id = id_of(crew, ANN)
    for path, sent in (
        ("roles", {"role": "iotman:admin"}),
        ("grants", {"scope": "iotman:keys:rotate"}),
    ):
        refused = giver.send(own, f"/principals/{id}/{path}", **sent)
        assert refused.status_code == 422
    assert roles_of(crew, ANN) == ["keeper"]
    member = admin.open(f"/why?principal={member_id}&scope=iotman:keys:rotate")
    assert "Assign iotman:admin" not in text_of(member)
    assert "It is changed where the members are." in text_of(member)
    phone = crew.phone_app()
    client = admin.open(f"/why?principal={phone.id}&scope=pump:read")
    assert "by itself" not in text_of(client)


def test_the_pages_of_one_principal_lead_to_each_other(admin: AtWork, crew: World) -> None:
    id, device = id_of(crew, ANN), crew.device(scopes=["pump:read"])
    at = f'href="/workspaces/{crew.slug}'
    assert f'{at}/end-users/{id}"' in admin.open(f"/principals/{id}").text
    assert f'{at}/principals/{id}"' in admin.open(f"/end-users/{ANN}").text
    assert f'{at}/clients/{device.id}"' in admin.open(f"/principals/{device.id}").text
    assert f'{at}/principals/{device.id}"' in admin.open(f"/clients/{device.id}").text
    admin_id = id_of(crew, crew.admin_email)
    assert f"{at}/members?q={quote(crew.admin_email)}" in admin.open(f"/principals/{admin_id}").text


def test_a_pasted_token_or_key_is_told_whose_it_is_and_stands_in_no_address(
    admin: AtWork, crew: World
) -> None:
    device = crew.device(scopes=["pump:read", "pump:write"])
    token = crew.access_token(device, scope="pump:read")
    key = crew.admin.post(f"/principals/{device.id}/api-keys", json={"scopes": ["pump:write"]})
    page = admin.open("/why")
    for credential, kind, carried in (
        (token, "token", "pump:read"),
        (key.raise_for_status().json()["secret"], "API key", "pump:write"),
    ):
        told = admin.send(page, "/why", credential=credential, scope="pump:read")
        said = text_of(told)
        assert told.status_code == 200, said
        assert f"A live {kind} of client_credentials" in said
        assert f"It carries: {carried} " in said
        assert ("though its owner holds it" in said) == (kind == "API key")
        assert credential not in told.text
        assert told.url.query == b""
    for strange in ("nothing", "swk_x", crew.another().api_key, "ä b"):
        told = admin.send(page, "/why", credential=strange, scope="pump:read")
        assert told.status_code == 422
        assert 'id="credential-fault"' in told.text
        assert 'value="pump:read"' in told.text
        assert strange not in told.text.partition("<main")[2] or strange == "nothing"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("principal=nobody@example.com&scope=pump:read", "principal"),
        (f"principal={ANN}&scope=nothing", "scope"),
    ],
)
def test_what_is_not_there_is_said_beside_its_field(
    admin: AtWork, crew: World, query: str, field: str
) -> None:
    page = admin.open(f"/why?{query}")
    assert page.status_code == 422
    assert f'id="{field}-fault"' in page.text


def test_a_viewer_sees_everybody_and_no_control_that_would_be_refused(crew: World) -> None:
    viewer = a_member(crew, "viewer")
    listed = viewer.open("/principals")
    assert "It needs the scope iotman:principals:create" in text_of(listed)
    page = viewer.open(f"/principals/{ANN}")
    assert "It needs the scope iotman:assignments:create" in text_of(page)
    for control in (f"{ANN}/disable", "/remove", "/unassign", "Sign out everywhere", "/identities"):
        assert control not in page.text
    for path in ("disable", "remove", "sign-out", "roles/keeper/unassign"):
        assert viewer.open(f"/principals/{ANN}/{path}").status_code == 403
    assert viewer.send(listed, f"/principals/{ANN}/roles", role="reader").status_code == 403
    assert roles_of(crew, ANN) == ["keeper"]
