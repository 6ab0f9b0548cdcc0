"""What IoTMan's Access tab can do, a test a behaviour, over HTTP.

The number in a test's name is the behaviour's; its docstring says the behaviour in our own words
and is what `docs/seeds.md` shows. `world` is a workspace on `scopewright serve`; `timed_world` one
on a server whose clock the test moves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey, KeySet, RSAKey

from scopewright.keys import KeyRing
from scopewright.store import schema, signing_keys
from scopewright.store.database import Database
from tests.clock import FrozenClock
from tests.dialects.conftest import Site
from tests.gateway.proxies import FILE, proxy
from tests.visitors import (
    REDIRECT_URI,
    Form,
    Person,
    a_browser,
    an_address,
    sign_in,
    submit,
)
from tests.worlds import KnownClient, World

NOWHERE = "http://127.0.0.1:9/elsewhere"
TIER = {"channels": ["temperature"], "tier": "gold"}
OPEN_TO_ALL = {
    ("get", "/api/whoami"),
    ("get", "/api/launchpad"),
    ("get", "/api/workspaces/{ws}/principals/me"),
    ("post", "/api/workspaces/{ws}/principals/me/sign-out"),
    ("get", "/api/workspaces/{ws}/principals/me/sessions"),
    ("delete", "/api/workspaces/{ws}/principals/me/sessions/{id}"),
    ("get", "/api/workspaces/{ws}/principals/me/connections"),
    ("delete", "/api/workspaces/{ws}/principals/me/connections/{id}"),
    ("get", "/api/workspaces/{ws}/principals/me/metadata"),
    ("get", "/api/workspaces/{ws}/api-keys/current"),
    ("delete", "/api/workspaces/{ws}/api-keys/current"),
    ("post", "/api/workspaces"),  # asks for a member's own rights instead
    ("get", "/metrics"),  # of the process: asks for an administrator of the instance
    ("post", "/data/{workspace}/{url_path}"),  # asks for what the endpoint demands
    ("get", "/exports/{workspace}/{path}"),  # asks for what the export demands
    ("get", "/exports/{workspace}/{path}/events"),
}


# --- what the tests say often -------------------------------------------------------------------


def claims(token: str) -> dict[str, Any]:
    """What a token says, believed without a look at its signature."""
    payload = token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def scopes(token: str) -> set[str]:
    return set(claims(token)["scope"].split())


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def names(world: World) -> set[str]:
    """The scopes that the workspace lists."""
    return {scope["name"] for scope in world.listed("/scopes")}


def vocabulary(world: World) -> dict[str, Any]:
    answer = world.admin.get("/vocabulary")
    assert answer.status_code == 200
    return dict(answer.json())


def catalogue(world: World) -> list[str]:
    """The internal scopes, in the order in which they are served."""
    (internal,) = (c for c in vocabulary(world)["catalogues"] if c["name"] == "internal")
    return [scope["name"] for group in internal["resources"] for scope in group["scopes"]]


def presets(world: World) -> list[set[str]]:
    """The scopes of the three presets, from the smallest on."""
    return [set(preset["scopes"]) for preset in vocabulary(world)["presets"]]


def row(world: World, address: str) -> dict[str, Any]:
    """An end-user's row."""
    answer = world.admin.get(f"/end-users/{quote(address)}")
    assert answer.status_code == 200
    return dict(answer.json())


def rows(world: World, address: str) -> list[dict[str, Any]]:
    return [person for person in world.listed("/end-users") if person["email"] == address]


def person(world: World, *holding: str, app: KnownClient | None = None) -> Person:
    """An end-user who was given these scopes of either kind, at an app with PKCE."""
    internal = [scope for scope in holding if scope.startswith("iotman:")]
    own = [scope for scope in holding if scope not in internal]
    address = an_address()
    world.end_user(address, scopes=own, internal_scopes=internal)
    return world.person(address, app or world.phone_app())


def refreshed(world: World, client_id: str, session: dict[str, Any]) -> dict[str, Any]:
    """The next tokens of a session at a public client."""
    answer = world.refresh(KnownClient(client_id), session["refresh_token"])
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def is_accepted(world: World, token: str) -> bool:
    """Whether our own API knows who presents this token."""
    return world.http.get("/api/whoami", headers=world.as_bearer(token)).status_code == 200


def missing(answer: httpx.Response) -> list[str]:
    """The scopes for the lack of which a call was refused."""
    assert answer.status_code == 403, answer.text
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    return list(answer.json()["missing"])


def error(answer: httpx.Response) -> str:
    """The error code of a protocol endpoint, with the status that belongs to it."""
    code = str(answer.json()["error"])
    assert answer.status_code == (401 if code == "invalid_client" else 400), answer.text
    assert "access_token" not in answer.json()
    return code


def letters_when_all_are_sent(world: World, address: str) -> int:
    """How many letters somebody got, once a later one to somebody else has come."""
    later = an_address("later")
    assert world.admin.post("/members", json={"email": later, "role": "viewer"}).is_success
    world.mailbox(later).link()
    return len(world.mailbox(address).letters())


def state(world: World) -> dict[str, Any]:
    """Everything that the Access tab shows, and every value that is attached."""
    people, clients = world.listed("/end-users"), world.listed("/clients")
    attached = {
        path: world.listed(f"{path}/metadata")
        for path in [
            *(f"/end-users/{person['id']}" for person in people),
            *(f"/clients/{client['client_id']}" for client in clients),
        ]
    }
    return {
        "scopes": world.listed("/scopes"),
        "end-users": people,
        "clients": clients,
        "metadata": attached,
        "sessions": world.listed("/sessions"),
    }


def managed_routes(world: World) -> Iterator[tuple[str, str, str]]:
    """Every method and path of a workspace's API that needs a scope, with what that opens.

    What opens something for others opens it for oneself. The deletion of it all comes last.
    """
    paths = world.http.get("/openapi.json").json()["paths"]
    found = [
        (method, path, call["x-operation"].removeprefix("own-"))
        for path, calls in paths.items()
        for method, call in calls.items()
        if path.startswith("/api/workspaces/{ws}") and "x-operation" in call
    ]
    assert len(found) > 100
    yield from sorted(found, key=lambda route: route[2] == "workspace:delete")


def called(api: httpx.Client, world: World, method: str, path: str) -> httpx.Response:
    """A call with something at every place of its path, and nothing sent."""
    filled = path.replace("{ws}", world.slug).replace("{email}", "nobody@example.com")
    return api.request(method, world.url + re.sub(r"\{\w+\}", "none", filled))


def everything_that_members_manage(
    world: World, address: str, client_id: str
) -> list[tuple[str, str, Any]]:
    """The calls that are an administrator's alone, in an order in which all can succeed."""
    person, client = f"/end-users/{address}", f"/clients/{client_id}"
    return [
        ("POST", "/scopes", {"name": "new:scope"}),
        ("DELETE", "/scopes/unused:scope", None),
        ("POST", "/end-users", {"email": an_address("new"), "scopes": ["sensor:read"]}),
        ("POST", f"{person}/scopes", {"scope": "video:gold"}),
        ("DELETE", f"{person}/scopes/sensor:read", None),
        ("PUT", f"{person}/metadata/tier", {"value": "gold"}),
        ("PUT", f"{client}/metadata/tier", {"value": "gold"}),
        ("POST", f"{client}/scopes", {"scope": "sensor:read"}),
        ("POST", "/clients", {"name": "Another", "type": "client_credentials"}),
        ("DELETE", client, None),
    ]


# --- workspace and roles ------------------------------------------------------------------------


def test_001_the_workspace_uuid_is_the_audience_of_its_tokens(world: World) -> None:
    """The workspace shows a UUID, and people's and machines' tokens are all meant for it."""
    shown = world.admin.get(world.address).json()["id"]
    assert str(uuid.UUID(shown)) == shown
    device = world.access_token(world.device(scopes=["sensor:read"]))
    session = person(world, "sensor:read").session()
    renewed = world.refresh(
        KnownClient(claims(session["access_token"])["client_id"]), session["refresh_token"]
    )
    for token in (device, session["access_token"], renewed.json()["access_token"]):
        assert claims(token)["aud"] == shown


def test_002_a_token_of_one_workspace_opens_nothing_in_another(world: World) -> None:
    """Workspaces have UUIDs of their own, and a token of one is refused everywhere in another."""
    other = world.another()
    assert other.id != world.id
    token = world.access_token(world.device(scopes=["sensor:read", "iotman:scopes:read"]))
    for place, status in ((world, 200), (other, 401)):
        place.define("sensor:read")
        endpoint = place.endpoint(write_scope="sensor:read")
        export = place.export(required_scope="sensor:read")
        assert place.submit(endpoint, {}, token).status_code == (202 if status == 200 else 401)
        assert place.read(export, token).status_code == status
        assert place.api(token).get("/scopes").status_code == status


def test_003_renaming_a_workspace_changes_no_token(world: World) -> None:
    """A new name leaves the UUID, the slug and the audience of old and new tokens as they were."""
    device = world.device()
    before, token = world.admin.get(world.address).json(), world.access_token(device)
    assert world.admin.patch(world.address, json={"name": "Renamed"}).status_code == 200
    after = world.admin.get(world.address).json()
    assert after == {**before, "name": "Renamed"}
    assert is_accepted(world, token)
    assert claims(world.access_token(device))["aud"] == claims(token)["aud"] == before["id"]


def test_004_a_new_account_administers_one_workspace(site: Site, timed_world: World) -> None:
    """Whoever is new begins with exactly one workspace and is its administrator."""
    (first,) = site.first.http.get(
        "/api/workspaces", headers=site.first.as_bearer(site.first.api_key)
    ).json()["data"]
    assert first["id"] == site.first.id
    (admin,) = site.first.listed("/members")
    assert (admin["email"], admin["role"]) == (site.first.admin_email, "admin")

    address, browser, open_to_all = an_address("new"), a_browser(), timed_world
    sign_in(browser, open_to_all.url, open_to_all.mailbox(address))
    (own,) = browser.get(f"{open_to_all.url}/api/workspaces").json()["data"]
    (member,) = browser.get(f"{open_to_all.url}/api/workspaces/{own['id']}/members").json()["data"]
    assert (member["email"], member["role"]) == (address, "admin")


def test_005_the_last_workspace_of_a_person_stays(world: World) -> None:
    """A person's only workspace cannot be deleted; with a second one it can."""
    admin = world.member("admin")
    assert admin.delete(world.address).status_code == 409
    assert world.admin.get(world.address).status_code == 200
    second = admin.post(f"{world.url}/api/workspaces", json={"name": "A second one"})
    assert second.status_code == 201
    assert admin.delete(world.address).status_code == 204
    left = admin.get(f"{world.url}/api/workspaces").json()["data"]
    assert [workspace["id"] for workspace in left] == [second.json()["id"]]


def test_006_deleting_a_workspace_leaves_nothing_of_it(world: World, site: Site) -> None:
    """With a workspace goes all that it held, and its tokens, sessions and keys end at once."""
    own = person(world, "sensor:read", "iotman:workspace:read")
    session = own.session()
    endpoint, export = world.endpoint(), world.export()
    world.admin.put(f"/end-users/{own.address}/metadata/ingest_context", json={"value": TIER})
    assert world.submit(endpoint, {"secret": "payload"}, session["access_token"]).is_success
    token = session["access_token"]
    assert world.admin.delete(world.address).status_code == 204

    assert world.submit(endpoint, {}, token).status_code == 404
    assert world.read(export, token).status_code == 404
    assert world.http.get(world.address, headers=world.as_bearer(token)).status_code == 401
    assert not is_accepted(world, token)
    assert not is_accepted(world, world.api_key)
    for path in ("userinfo", "jwks", ".well-known/openid-configuration"):
        assert world.http.get(f"{world.issuer}/{path}").status_code == 404
    assert world.refresh(KnownClient(own.client_id), session["refresh_token"]).status_code == 404

    assert not tables_that_mention(site.database_url, world.id)
    assert not tables_that_mention(site.database_url, own.client_id)
    again = world.http.post(
        "/api/workspaces",
        json={"name": "Again", "slug": world.slug},
        headers=world.as_bearer(site.first.api_key),
    )
    assert again.status_code == 201
    assert again.json()["id"] != world.id


def tables_that_mention(database_url: str, text: str) -> set[str]:
    """The tables with a row that has this text in it; the marks of old changes are passed over."""
    database = Database(database_url)
    try:
        with database.read() as tx:
            return {
                table.name
                for table in schema.metadata.sorted_tables
                if table.name != "changes"
                and any(text in repr(row) for row in tx.all(table.select()))
            }
    finally:
        database.close()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_007_only_an_administrator_changes_who_may_do_what(world: World, role: str) -> None:
    """Scopes, people, grants, clients and metadata are changed by administrators only; the same
    calls by an editor or a viewer answer 403 and change nothing."""
    world.define("sensor:read", "video:gold", "unused:scope")
    address, client = an_address(), world.device()
    world.end_user(address, scopes=["sensor:read"])
    member, admin = world.member(role), world.member("admin")
    calls = everything_that_members_manage(world, address, client.id)
    before = state(world)
    for method, path, body in calls:
        assert missing(member.request(method, path, json=body)), path
    assert state(world) == before
    for method, path, body in calls:
        assert admin.request(method, path, json=body).is_success, path


def test_008_editors_end_sessions_and_viewers_do_not_see_them(world: World) -> None:
    """An editor lists the sessions and ends one; a viewer may do neither."""
    person(world, "sensor:read").session()
    editor, viewer = world.member("editor"), world.member("viewer")
    (shown,) = editor.get("/sessions").json()["data"]
    assert missing(viewer.get("/sessions")) == ["iotman:sessions:read"]
    assert missing(viewer.delete(f"/sessions/{shown['id']}")) == ["iotman:sessions:revoke"]
    assert world.listed("/sessions") == [shown]
    assert editor.delete(f"/sessions/{shown['id']}").status_code == 204
    assert world.listed("/sessions") == []


def test_009_strangers_manage_nothing(world: World) -> None:
    """Who is no member is refused at each call of a workspace, whatever they are elsewhere."""
    elsewhere = world.another().member("admin")
    for method, path, _ in managed_routes(world):
        assert called(elsewhere, world, method, path).status_code in (403, 404), (method, path)
    assert world.admin.get(world.address).status_code == 200


def test_010_an_invitation_to_manage_lasts_a_week(timed_world: World, clock: FrozenClock) -> None:
    """A member's invitation is good for seven days, and not once it is cancelled."""

    def accepted(address: str) -> bool:
        browser = a_browser()
        page = browser.get(timed_world.mailbox(address).link())
        submit(browser, page, address=address)
        return address in {member["email"] for member in timed_world.listed("/members")}

    intime, late, cancelled = (an_address(name) for name in ("intime", "late", "cancelled"))
    sent = {
        address: timed_world.admin.post(
            "/members", json={"email": address, "role": "editor"}
        ).json()
        for address in (intime, late, cancelled)
    }
    pending = {invitation["email"] for invitation in timed_world.listed("/invitations")}
    assert pending == {intime, late, cancelled}
    assert timed_world.admin.delete(f"/invitations/{sent[cancelled]['id']}").status_code == 204
    assert not accepted(cancelled)
    clock.advance(days=6, hours=23, minutes=59)
    assert accepted(intime)
    clock.advance(minutes=1)
    assert not accepted(late)
    left = [(one["email"], one["state"]) for one in timed_world.listed("/invitations")]
    assert left == [(late, "expired")]


# --- scope registry -----------------------------------------------------------------------------


def test_011_a_scope_needs_no_description(world: World) -> None:
    """An administrator defines a scope by its name alone, and it is listed."""
    assert world.admin.post("/scopes", json={"name": "sensor:read"}).status_code == 201
    assert "sensor:read" in names(world)


def test_012_a_description_is_shown(world: World) -> None:
    """What is written beside a scope when it is defined is shown with it."""
    words = "Read what the sensors measure – in °C"
    world.admin.post("/scopes", json={"name": "sensor:read", "description": words})
    assert words in [
        s["description"] for s in world.listed("/scopes") if s["name"] == "sensor:read"
    ]
    assert world.admin.get("/scopes/sensor:read").json()["description"] == words


def test_013_the_form_of_a_name_is_a_habit_only(world: World) -> None:
    """A name without a separator is as good as one with it, and works in a token."""
    assert world.admin.post("/scopes", json={"name": "gold"}).status_code == 201
    assert scopes(world.access_token(world.device(scopes=["gold"]))) == {"gold"}


def test_014_a_name_stands_once_in_a_workspace(world: World) -> None:
    """The same name twice is refused in one workspace and accepted in two."""
    other = world.another()
    assert world.admin.post("/scopes", json={"name": "sensor:read"}).status_code == 201
    again = world.admin.post("/scopes", json={"name": "sensor:read", "description": "other"})
    assert again.status_code == 409
    assert world.admin.get("/scopes/sensor:read").json()["description"] == ""
    assert other.admin.post("/scopes", json={"name": "sensor:read"}).status_code == 201


def test_015_a_name_is_one_word(world: World) -> None:
    """An empty name, or one with white space, is refused: a token's scopes are split at spaces."""
    before = names(world)
    for name in ("", " ", "two words", " leading", "trailing ", "tab\tbed"):
        assert world.admin.post("/scopes", json={"name": name}).status_code == 422, name
    assert names(world) == before


def test_016_the_internal_prefix_is_taken_in_any_spelling(world: World) -> None:
    """Nobody defines a scope that looks like one of the platform's, in whatever letter case."""
    before = names(world)
    for prefix in ("iotman:", "IoTMan:", "IOTMAN:"):
        for word in ("sensor:read", "scopes:read", "x"):
            answer = world.admin.post("/scopes", json={"name": prefix + word})
            assert answer.status_code == 409, prefix + word
    assert names(world) == before


def test_017_a_deleted_scope_is_offered_nowhere(world: World) -> None:
    """Deleting a scope takes it off the list and out of everything from which one chooses."""
    world.define("sensor:read", "video:gold")
    assert world.admin.delete("/scopes/sensor:read").status_code == 204
    assert "sensor:read" not in names(world)
    assert "sensor:read" not in json.dumps(vocabulary(world))
    assert "video:gold" in json.dumps(vocabulary(world))
    assert world.admin.get("/scopes/sensor:read").status_code == 404


def test_018_a_deleted_scope_is_in_no_new_token(world: World) -> None:
    """Once a scope is gone no new or refreshed token has it, not even if it is redefined."""
    device = world.device(scopes=["sensor:read", "video:gold"])
    own = person(world, "sensor:read", "video:gold")
    session = own.session()
    assert world.admin.delete("/scopes/sensor:read").status_code == 204
    assert scopes(world.access_token(device)) == {"video:gold"}
    session = refreshed(world, own.client_id, session)
    assert scopes(session["access_token"]) == {"video:gold"}
    world.define("sensor:read")
    assert scopes(world.access_token(device)) == {"video:gold"}
    assert scopes(refreshed(world, own.client_id, session)["access_token"]) == {"video:gold"}


def test_019_deleting_a_demanded_scope_opens_nothing(world: World) -> None:
    """A scope that an export demands is deleted only on insistence, and the export stays shut."""
    token = world.access_token(world.device(scopes=["video:gold"]))
    world.define("sensor:read")
    export = world.export(required_scope="sensor:read")
    refused = world.admin.delete("/scopes/sensor:read")
    assert refused.status_code == 409
    assert "Readings" in refused.text
    assert "sensor:read" in names(world)
    assert world.admin.delete("/scopes/sensor:read", params={"force": "true"}).status_code == 204
    assert world.read(export).status_code == 401
    assert missing(world.read(export, token)) == ["sensor:read"]


# --- end-users: invitation and sign-in ----------------------------------------------------------


def test_020_an_invitation_makes_a_row_and_sends_a_link(world: World) -> None:
    """An address and one scope suffice: there is a row, and exactly one letter with a link."""
    world.define("sensor:read")
    address = an_address()
    body = {"email": address, "scopes": ["sensor:read"]}
    assert world.admin.post("/end-users", json=body).status_code == 201
    (found,) = rows(world, address)
    assert found["scopes"] == ["sensor:read"]
    assert world.mailbox(address).link().startswith(world.url)
    assert letters_when_all_are_sent(world, address) == 1


def test_021_an_invitation_gives_something(world: World) -> None:
    """Nobody is invited without a scope: it is refused, nothing is written, no letter leaves."""
    address = an_address()
    assert world.admin.post("/end-users", json={"email": address}).status_code == 422
    assert rows(world, address) == []
    assert letters_when_all_are_sent(world, address) == 0


def test_022_internal_scopes_alone_are_enough(world: World) -> None:
    """Somebody may be invited with scopes of the platform only."""
    address = an_address()
    body = {"email": address, "internal_scopes": ["iotman:endpoints:read"]}
    assert world.admin.post("/end-users", json=body).status_code == 201
    found = row(world, address)
    assert (found["scopes"], found["internal_scopes"]) == ([], ["iotman:endpoints:read"])


def test_023_both_kinds_are_shown_apart(world: World) -> None:
    """Invited with scopes of both kinds, a person's row lists each kind for itself."""
    address = an_address()
    world.end_user(address, scopes=["sensor:read"], internal_scopes=["iotman:endpoints:read"])
    (found,) = rows(world, address)
    assert found["scopes"] == ["sensor:read"]
    assert found["internal_scopes"] == ["iotman:endpoints:read"]


def test_024_the_link_signs_in_without_a_password(world: World) -> None:
    """Following the letter's link signs the person in; a password is asked for nowhere."""
    own = person(world, "sensor:read")
    page = own.browser.get(own.mailbox.link())
    assert "password" not in Form(page).kinds
    assert submit(own.browser, page, address=own.address).status_code == 303
    assert own.address in own.browser.get(f"{world.url}/me").text
    letters = len(own.mailbox.letters())
    assert scopes(own.session()["access_token"]) == {"sensor:read"}
    assert len(own.mailbox.letters()) == letters


def signs_in(world: World, link: str, address: str) -> bool:
    """Whether a link signs in a browser that nobody knows."""
    browser = a_browser()
    submit(browser, browser.get(link), address=address)
    return browser.get(f"{world.url}/me").status_code == 200


def test_025_a_link_works_once(world: World) -> None:
    """Who comes second with the same link is not signed in."""
    own = person(world, "sensor:read")
    assert signs_in(world, own.mailbox.link(), own.address)
    assert not signs_in(world, own.mailbox.link(), own.address)


def test_026_a_link_grows_old(timed_world: World, clock: FrozenClock) -> None:
    """A link for signing in is good for fifteen minutes, that of an invitation for a week."""
    first, second = (person(timed_world, "sensor:read") for _ in range(2))
    browser = a_browser()
    submit(browser, browser.get(f"{timed_world.url}/sign-in"), address=first.address)
    asked_for = first.mailbox.link(2)
    clock.advance(minutes=15)
    assert not signs_in(timed_world, asked_for, first.address)
    clock.advance(days=6, hours=23)
    assert signs_in(timed_world, first.mailbox.link(1), first.address)
    clock.advance(hours=1)
    assert not signs_in(timed_world, second.mailbox.link(1), second.address)


def test_027_a_wrong_link_tells_nothing(world: World) -> None:
    """A guessed or altered link fails, and no answer tells whether somebody has this address."""
    own, nobody = person(world, "sensor:read"), an_address("nobody")
    link = own.mailbox.link()
    altered = link[:-1] + ("A" if link[-1] != "A" else "B")
    guessed = link.partition("token=")[0] + "token=swl_" + "x" * 49
    shown = set()
    for wrong, address in ((altered, own.address), (altered, nobody), (guessed, own.address)):
        browser = a_browser()
        asked = browser.get(wrong)
        answered = submit(browser, asked, address=address)
        shown |= {(page.status_code, without_tokens(page)) for page in (asked, answered)}
        assert browser.get(f"{world.url}/me").status_code != 200
    assert len(shown) == 2  # one page that asks and one that refuses

    told = set()
    for address in (own.address, nobody):
        browser = a_browser()
        sent = submit(browser, browser.get(f"{world.url}/sign-in"), address=address)
        told.add((sent.status_code, sent.headers["location"], without_tokens(sent)))
    assert len(told) == 1
    assert letters_when_all_are_sent(world, nobody) == 0
    assert signs_in(world, link, own.address)


def without_tokens(page: httpx.Response) -> str:
    """A page without what differs from one browser and link to the next."""
    return re.sub(r'(name="(?:anti_forgery|token)" value=)"[^"]*"', r"\1", page.text)


def test_028_end_users_manage_nothing(world: World) -> None:
    """An end-user, signed in or with a token, is refused at every call of management but those
    that an internal scope of theirs opens."""
    plain, reader = person(world, "sensor:read"), person(world, "iotman:scopes:read")
    token = plain.session()["access_token"]
    by_cookie = world.by_cookie(plain.browser)
    for method, path, operation in managed_routes(world):
        assert missing(called(world.api(token), world, method, path)) == [f"iotman:{operation}"]
        assert called(by_cookie, world, method, path).status_code in (403, 404)
    assert world.admin.get(world.address).status_code == 200
    assert by_cookie.get(f"{world.url}/api/workspaces").json()["data"] == []
    opened = world.api(reader.session()["access_token"])
    assert opened.get("/scopes").status_code == 200
    assert missing(opened.get("/clients")) == ["iotman:clients:read"]


def test_029_another_workspace_gives_no_token(world: World) -> None:
    """Who has a grant in one workspace only gets no token through a client of another."""
    own = person(world, "sensor:read")
    other = world.another()
    there = other.person(own.address, other.phone_app())
    told = there.authorize(secrets.token_urlsafe(48))
    assert told["error"] == "access_denied"
    assert "code" not in told
    assert other.listed("/sessions") == []


def test_030_a_second_invitation_adds(world: World) -> None:
    """Inviting an address again makes no second row, adds what is new and takes nothing away."""
    address = an_address()
    first = world.end_user(address, scopes=["sensor:read"])
    world.define("video:gold")
    again = world.admin.post("/end-users", json={"email": address, "scopes": ["video:gold"]})
    assert again.status_code == 200
    (found,) = rows(world, address)
    assert found["id"] == first["id"]
    assert found["scopes"] == ["sensor:read", "video:gold"]


def test_031_what_is_no_address_gets_no_letter(world: World) -> None:
    """An address that cannot be written to is refused before anything is written or sent."""
    world.define("sensor:read")
    before, sent = world.listed("/end-users"), len(list(world.letters.glob("*.eml")))
    for email in ("", "ann", "ann@", "@example.com", "an n@example.com", "a@b@c", "a/b@c.example"):
        answer = world.admin.post("/end-users", json={"email": email, "scopes": ["sensor:read"]})
        assert answer.status_code == 422, email
    assert world.listed("/end-users") == before
    letters_when_all_are_sent(world, "ann")
    assert len(list(world.letters.glob("*.eml"))) == sent + 1


def test_032_letter_case_makes_no_other_person(world: World) -> None:
    """Spellings of an address that differ in case are one person, at invitation and at sign-in."""
    address = an_address()
    world.end_user(address.upper(), scopes=["sensor:read"])
    world.end_user(address.title(), scopes=["video:gold"])
    (found,) = rows(world, address)
    assert found["scopes"] == ["sensor:read", "video:gold"]
    assert row(world, address.upper()) == found
    own = world.person(address, world.phone_app())
    page = own.browser.get(f"{world.url}/sign-in")
    submit(own.browser, page, address=address.swapcase())
    submit(own.browser, own.browser.get(own.mailbox.link(3)))
    assert claims(own.session()["access_token"])["sub"] == found["id"]


# --- end-users: grants --------------------------------------------------------------------------


def give(world: World, address: str, scope: str) -> None:
    """Add a scope to an end-user, as `+ scope` does."""
    world.define(*([] if scope.startswith("iotman:") else [scope]))
    assert (
        world.admin.post(f"/end-users/{address}/scopes", json={"scope": scope}).status_code == 201
    )


def take(world: World, address: str, scope: str) -> None:
    """Take a scope back, as a badge's `×` does."""
    assert world.admin.delete(f"/end-users/{address}/scopes/{scope}").status_code == 204


def test_033_a_token_has_what_was_assigned(world: World) -> None:
    """A person's first token has exactly the scopes given to the person, of both kinds."""
    world.define("sensor:read", "video:gold", "never:given")
    own = person(world, "sensor:read", "video:gold", "iotman:endpoints:read")
    session = own.session()
    assert scopes(session["access_token"]) == {"sensor:read", "video:gold", "iotman:endpoints:read"}
    assert session["scope"] == claims(session["access_token"])["scope"]


def test_034_a_scope_is_added_without_a_letter(world: World) -> None:
    """Giving somebody another scope shows in the row and sends nothing."""
    own = person(world, "sensor:read")
    give(world, own.address, "video:gold")
    give(world, own.address, "iotman:endpoints:read")
    found = row(world, own.address)
    assert found["scopes"] == ["sensor:read", "video:gold"]
    assert found["internal_scopes"] == ["iotman:endpoints:read"]
    assert letters_when_all_are_sent(world, own.address) == 1


def test_035_an_addition_shows_at_the_next_refresh(world: World) -> None:
    """The token that is out stays as it is; the refreshed one has the new scope too."""
    own = person(world, "sensor:read")
    session = own.session()
    give(world, own.address, "video:gold")
    export = world.export(required_scope="video:gold")
    assert missing(world.read(export, session["access_token"])) == ["video:gold"]
    renewed = refreshed(world, own.client_id, session)["access_token"]
    assert scopes(renewed) == {"sensor:read", "video:gold"}
    assert world.read(export, renewed).status_code == 200


def test_036_revoking_takes_one_scope_only(world: World) -> None:
    """Taking a scope back leaves the person's other scopes where they are."""
    own = person(world, "sensor:read", "video:gold", "iotman:endpoints:read")
    take(world, own.address, "sensor:read")
    found = row(world, own.address)
    assert found["scopes"] == ["video:gold"]
    assert found["internal_scopes"] == ["iotman:endpoints:read"]
    assert world.admin.delete(f"/end-users/{own.address}/scopes/sensor:read").status_code == 404


def test_037_a_token_outlives_what_it_was_given_for(timed_world: World, clock: FrozenClock) -> None:
    """After a scope is taken back the token that has it works on, until it expires."""
    own = person(timed_world, "sensor:read")
    export = timed_world.export(required_scope="sensor:read")
    token = own.session()["access_token"]
    take(timed_world, own.address, "sensor:read")
    clock.advance(minutes=59, seconds=59)
    assert timed_world.read(export, token).status_code == 200
    clock.advance(seconds=1)
    assert timed_world.read(export, token).status_code == 401


def test_038_a_refreshed_token_lacks_what_was_revoked(world: World) -> None:
    """The first refresh after a scope was taken back gives a token without it."""
    own = person(world, "sensor:read", "video:gold")
    session = own.session()
    take(world, own.address, "sensor:read")
    renewed = refreshed(world, own.client_id, session)
    assert scopes(renewed["access_token"]) == {"video:gold"}
    assert renewed["scope"] == "video:gold"


def test_039_a_scope_comes_back_when_it_is_given_again(world: World) -> None:
    """Taken back and given again, a scope is in the next refreshed token."""
    own = person(world, "sensor:read", "video:gold")
    session = own.session()
    take(world, own.address, "sensor:read")
    session = refreshed(world, own.client_id, session)
    give(world, own.address, "sensor:read")
    session = refreshed(world, own.client_id, session)
    assert scopes(session["access_token"]) == {"sensor:read", "video:gold"}


def test_040_without_any_scope_a_person_remains(world: World) -> None:
    """Who has lost the last scope keeps the row; new tokens come, with an empty `scope`."""
    own = person(world, "sensor:read")
    session = own.session()
    take(world, own.address, "sensor:read")
    assert row(world, own.address)["scopes"] == []
    assert refreshed(world, own.client_id, session)["scope"] == ""
    anew = own.session()
    assert claims(anew["access_token"])["scope"] == anew["scope"] == ""


def test_041_only_defined_scopes_are_given(world: World) -> None:
    """A scope that the workspace does not know cannot be given, at invitation or later."""
    own = person(world, "sensor:read")
    before, stranger = state(world), an_address()
    later = world.admin.post(f"/end-users/{own.address}/scopes", json={"scope": "no:such"})
    assert later.status_code == 404
    for invited in (own.address, stranger):
        body = {"email": invited, "scopes": ["sensor:read", "no:such"]}
        assert world.admin.post("/end-users", json=body).status_code == 422
    body = {"email": stranger, "internal_scopes": ["iotman:no:such"]}
    assert world.admin.post("/end-users", json=body).status_code == 422
    assert state(world) == before
    assert letters_when_all_are_sent(world, stranger) == 0


# --- internal scopes and presets ----------------------------------------------------------------


def test_042_the_internal_catalogue_is_fixed(world: World) -> None:
    """No call makes, changes or deletes a scope of the platform's own."""
    before = vocabulary(world)
    name = "iotman:endpoints:create"
    assert world.admin.post("/scopes", json={"name": name}).status_code == 409
    assert world.admin.post("/scopes", json={"name": "iotman:new:read"}).status_code == 409
    assert world.admin.patch(f"/scopes/{name}", json={"description": "x"}).status_code == 403
    for force in ("false", "true"):
        refused = world.admin.delete(f"/scopes/{name}", params={"force": force})
        assert refused.status_code == 403
    assert vocabulary(world) == before


def test_043_the_catalogue_is_served_by_resource(world: World) -> None:
    """Internal scopes come grouped by what they are about, in the order that people know."""
    (internal,) = (c for c in vocabulary(world)["catalogues"] if c["name"] == "internal")
    resources = [group["name"] for group in internal["resources"]]
    assert resources[:4] == ["workspace", "members", "endpoints", "mqtt-configs"]
    for group in internal["resources"]:
        for scope in group["scopes"]:
            assert scope["name"].startswith(f"iotman:{group['name']}:")
            assert scope["description"]
    assert "iotman:endpoints:create" in catalogue(world)


def test_044_every_call_demands_one_internal_scope(world: World) -> None:
    """Each call is refused without one certain internal scope and open with it alone; each internal
    scope opens a call; the calls open to everybody are a short fixed list."""
    every = catalogue(world)
    manager = world.device(scopes=every)

    @cache
    def holding(*some: str) -> httpx.Client:
        return world.api(world.access_token(manager, scope=" ".join(some)))

    asks = "iotman:decisions:read"  # at the issuer, where other programs ask
    question = {"subject": {"type": "user", "id": "ann"}, "action": {"name": "x"}}
    question["resource"] = {"type": "workspace", "id": world.id}
    point = f"{world.issuer}/access/v1/evaluation"
    others = holding(*(other for other in every if other != asks))
    assert others.post(point, json=question).status_code == 403
    assert holding(asks).post(point, json=question).status_code == 200
    demanded = {asks}
    for method, path, operation in managed_routes(world):
        scope = f"iotman:{operation}"
        demanded.add(scope)
        others = holding(*(other for other in every if other != scope))
        assert missing(called(others, world, method, path)) == [scope], (method, path)
        opened = called(holding(scope), world, method, path)
        assert opened.status_code not in (401, 403), (method, path, opened.text)
    assert demanded == set(every)

    paths = world.http.get("/openapi.json").json()["paths"]
    without = {
        (method, path)
        for path, calls in paths.items()
        for method, call in calls.items()
        if "x-operation" not in call
    }
    assert without <= OPEN_TO_ALL


def test_045_one_internal_scope_opens_one_call(world: World) -> None:
    """Somebody's token with the scope to create endpoints creates one; without it, it is told why
    not."""
    creator = person(world, "iotman:endpoints:create").session()["access_token"]
    other = person(world, "sensor:read").session()["access_token"]
    body = {"name": "Field sensors"}
    refused = world.api(other).post("/endpoints", json=body)
    assert missing(refused) == ["iotman:endpoints:create"]
    assert 'scope="iotman:endpoints:create"' in refused.headers["www-authenticate"]
    assert world.listed("/endpoints") == []
    assert world.api(creator).post("/endpoints", json=body).status_code == 201
    assert [endpoint["name"] for endpoint in world.listed("/endpoints")] == ["Field sensors"]


def test_046_reading_is_not_creating(world: World) -> None:
    """A token with the scope to see endpoints lists them and creates none."""
    world.endpoint()
    api = world.api(person(world, "iotman:endpoints:read").session()["access_token"])
    assert [endpoint["name"] for endpoint in api.get("/endpoints").json()["data"]] == [
        "Field sensors"
    ]
    assert missing(api.post("/endpoints", json={"name": "X"})) == ["iotman:endpoints:create"]
    assert len(world.listed("/endpoints")) == 1


def test_047_internal_rights_end_at_the_workspace(world: World) -> None:
    """A token with every internal right in one workspace can do nothing in another."""
    other = world.another()
    api = other.api(world.access_token(world.device(scopes=catalogue(world))))
    before = state(other)
    for method, path, _ in managed_routes(world):
        assert called(api, other, method, path).status_code == 401, (method, path)
    assert api.post("/scopes", json={"name": "sensor:read"}).status_code == 401
    assert state(other) == before


def test_048_the_first_preset_reads(world: World) -> None:
    """The smallest preset is every internal scope whose action is to read."""
    read_only, _, _ = presets(world)
    assert read_only == {scope for scope in catalogue(world) if scope.endswith(":read")}


def test_049_the_second_preset_also_makes_and_changes(world: World) -> None:
    """The middle preset adds what creates, updates and activates, and nothing that takes away."""
    read_only, operator, _ = presets(world)
    actions = {scope.rpartition(":")[2] for scope in operator - read_only}
    assert actions == {"create", "update", "activate"}
    wanted = {"read", *actions}
    assert operator == {s for s in catalogue(world) if s.rpartition(":")[2] in wanted}
    assert not re.search("delete|revoke|remove|rotate", " ".join(operator))


def test_050_the_third_preset_is_everything(world: World) -> None:
    """The largest preset is the whole catalogue, deleting the workspace included."""
    assert presets(world)[-1] == set(catalogue(world))
    assert "iotman:workspace:delete" in presets(world)[-1]


def test_051_each_preset_contains_the_one_before(world: World) -> None:
    """The presets grow strictly from the first to the last."""
    assert [preset["label"] for preset in vocabulary(world)["presets"]] == [
        "Read-only",
        "Operator",
        "Full access",
    ]
    assert all(smaller < larger for smaller, larger in pairwise(presets(world)))


def test_052_a_preset_completes_what_is_chosen(world: World) -> None:
    """Giving a preset's scopes to somebody who has some of them leaves all of them, each once."""
    read_only = presets(world)[0]
    own = person(world, *sorted(read_only)[:3])
    body = {"email": own.address, "internal_scopes": sorted(read_only)}
    assert world.admin.post("/end-users", json=body).status_code == 200
    assert row(world, own.address)["internal_scopes"] == sorted(read_only)


def test_053_a_preset_can_be_cleared(world: World) -> None:
    """Taking back every scope of a preset leaves none of them and what was given beside them."""
    read_only = presets(world)[0]
    own = person(world, *read_only, "iotman:endpoints:create")
    for scope in read_only:
        take(world, own.address, scope)
    assert row(world, own.address)["internal_scopes"] == ["iotman:endpoints:create"]


def test_054_single_scopes_change_a_preset(world: World) -> None:
    """A preset with one scope less and one more is stored as just that."""
    tuned = presets(world)[1] - {"iotman:endpoints:create"} | {"iotman:endpoints:delete"}
    own = person(world, *tuned)
    assert set(row(world, own.address)["internal_scopes"]) == tuned
    assert scopes(own.session()["access_token"]) == tuned


def test_055_no_preset_is_stored(world: World, site: Site) -> None:
    """What is stored is single scopes: a preset cannot be named, stands in no table, and adds
    nothing to those to whom it was given."""
    label, read_only = vocabulary(world)["presets"][0]["id"], presets(world)[0]
    own = person(world, *read_only)
    body = {"email": own.address, "preset": label}
    assert world.admin.post("/end-users", json=body).status_code == 422
    stored = world.listed(f"/end-users/{own.address}/scopes")
    assert {grant["scope"] for grant in stored} == read_only
    assert set(stored[0]) == {"scope", "internal", "granted_by", "granted_at"}
    take(world, own.address, "iotman:endpoints:read")
    assert set(row(world, own.address)["internal_scopes"]) == read_only - {"iotman:endpoints:read"}
    assert not tables_that_mention(site.database_url, f"'{label}'")


def delegate(world: World, *holding: str) -> httpx.Client:
    """The management API as a machine with these internal scopes and what granting takes."""
    own = {"iotman:grants:create", "iotman:end-users:create", *holding}
    return world.api(world.access_token(world.device(scopes=own)))


def test_056_nobody_gives_a_person_what_they_lack(world: World) -> None:
    """Who lacks an internal scope cannot give it to an end-user, and nothing is written."""
    own, api = person(world, "sensor:read"), delegate(world, "iotman:members:read")
    path = f"/end-users/{own.address}/scopes"
    assert api.post(path, json={"scope": "iotman:members:read"}).status_code == 201
    before = state(world)
    refused = api.post(path, json={"scope": "iotman:members:remove"})
    assert missing(refused) == ["iotman:members:remove"]
    assert refused.json()["type"].endswith("/problems/escalation")
    assert state(world) == before


def test_057_nobody_gives_a_client_what_they_lack(world: World) -> None:
    """Who lacks an internal scope cannot put it on a client's list, and nothing is written."""
    path, api = f"/clients/{world.device().id}/scopes", delegate(world, "iotman:members:read")
    assert api.post(path, json={"scope": "iotman:members:read"}).status_code == 201
    before = state(world)
    refused = api.post(path, json={"scope": "iotman:members:remove"})
    assert missing(refused) == ["iotman:members:remove"]
    assert state(world) == before


def test_058_one_forbidden_scope_spoils_the_whole(world: World) -> None:
    """An invitation with one scope that the sender lacks gives nothing, not even the rest."""
    world.define("sensor:read")
    api, address = delegate(world, "iotman:members:read"), an_address()
    known = person(world, "sensor:read")
    before = state(world)
    for invited in (address, known.address):
        body = {
            "email": invited,
            "scopes": ["sensor:read"],
            "internal_scopes": ["iotman:members:read", "iotman:members:remove"],
        }
        assert missing(api.post("/end-users", json=body)) == ["iotman:members:remove"]
    assert state(world) == before
    assert letters_when_all_are_sent(world, address) == 0
    assert letters_when_all_are_sent(world, known.address) == 1


def test_059_a_token_gives_only_what_it_has(world: World) -> None:
    """A bearer is bound by its own token, though an administrator invited it, and though its person
    has been given more since."""
    own, other = person(world, "iotman:grants:create"), person(world, "sensor:read")
    api = world.api(own.session()["access_token"])
    path, body = f"/end-users/{other.address}/scopes", {"scope": "iotman:members:remove"}
    assert missing(api.post(path, json=body)) == ["iotman:members:remove"]
    give(world, own.address, "iotman:members:remove")
    assert missing(api.post(path, json=body)) == ["iotman:members:remove"]
    assert row(world, other.address)["internal_scopes"] == []
    assert world.api(own.session()["access_token"]).post(path, json=body).status_code == 201


def test_060_nobody_lifts_themselves(world: World) -> None:
    """Giving to one's own row is bound like any other giving, for people and for machines."""
    own = person(world, "iotman:grants:create")
    machine = world.device(scopes=["iotman:grants:create"])
    tokens = own.session()["access_token"], world.access_token(machine)
    before = state(world)
    body = {"scope": "iotman:members:remove"}
    paths = f"/end-users/{own.address}/scopes", f"/clients/{machine.id}/scopes"
    for path, token in zip(paths, tokens, strict=True):
        assert missing(world.api(token).post(path, json=body)) == ["iotman:members:remove"]
    after = state(world)
    assert (after["end-users"], after["clients"]) == (before["end-users"], before["clients"])


def test_061_own_scopes_are_given_without_having_them(world: World) -> None:
    """The workspace's own scopes may be given by who does not hold them."""
    world.define("video:gold")
    own, api = person(world, "sensor:read"), delegate(world)
    answer = api.post(f"/end-users/{own.address}/scopes", json={"scope": "video:gold"})
    assert answer.status_code == 201
    assert row(world, own.address)["scopes"] == ["sensor:read", "video:gold"]


# --- OAuth2 clients -----------------------------------------------------------------------------


def registered(world: World, type: str, *redirect_uris: str) -> httpx.Response:
    body = {"name": "An app", "type": type, "redirect_uris": redirect_uris}
    return world.admin.post("/clients", json=body)


def test_062_a_public_client_has_no_secret(world: World) -> None:
    """A client with PKCE is registered with its redirect URI, and there is no secret."""
    answer = registered(world, "pkce", REDIRECT_URI)
    assert answer.status_code == 201
    assert "client_secret" not in answer.json()
    assert answer.json()["redirect_uris"] == [REDIRECT_URI]


def test_063_a_confidential_client_has_a_secret(world: World) -> None:
    """A client with its own server is registered with its redirect URI and gets a secret."""
    answer = registered(world, "authorization_code", REDIRECT_URI)
    assert answer.status_code == 201
    app = KnownClient(answer.json()["client_id"], answer.json()["client_secret"])
    assert scopes(person(world, "sensor:read", app=app).session()["access_token"]) == {
        "sensor:read"
    }


def test_064_a_machine_has_a_secret_and_no_redirect(world: World) -> None:
    """A client that acts for itself gets a secret, and a redirect URI is refused."""
    answer = registered(world, "client_credentials")
    assert answer.status_code == 201
    device = KnownClient(answer.json()["client_id"], answer.json()["client_secret"])
    assert is_accepted(world, world.access_token(device))
    assert registered(world, "client_credentials", REDIRECT_URI).status_code == 422
    assert len(world.listed("/clients")) == 1


def test_065_people_are_sent_back_somewhere(world: World) -> None:
    """Both types of client through which people act are refused without a redirect URI."""
    for type in ("pkce", "authorization_code"):
        assert registered(world, type).status_code == 422
    assert world.listed("/clients") == []


def test_066_a_secret_is_shown_once(world: World, site: Site) -> None:
    """The secret stands in the answer that made it, in no later one, and in no table."""
    made = registered(world, "authorization_code", REDIRECT_URI).json()
    path, secret = f"/clients/{made['client_id']}", made["client_secret"]
    for answer in (
        world.admin.get(path),
        world.admin.get("/clients"),
        world.admin.patch(path, json={"name": "Renamed"}),
        world.admin.get(f"{path}/scopes"),
        world.admin.get("/audit"),
    ):
        assert answer.status_code == 200
        assert secret not in answer.text
        assert "client_secret" not in answer.text
    assert not tables_that_mention(site.database_url, secret)
    assert tables_that_mention(site.database_url, hashlib.sha256(secret.encode()).hexdigest())


def test_067_a_public_client_proves_that_it_asked(world: World) -> None:
    """Without a challenge there is no code, and with the wrong verifier no token."""
    own = person(world, "sensor:read")
    verifier = secrets.token_urlsafe(48)
    for replaced in (
        {"code_challenge": None},
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
    ):
        told = own.authorize(verifier, **replaced)
        assert told["error"] == "invalid_request"
        assert "code" not in told
    for wrong in (secrets.token_urlsafe(48), ""):
        assert error(own.redeem(own.authorize(verifier)["code"], wrong)) == "invalid_grant"
    assert world.listed("/sessions") == []
    assert own.redeem(own.authorize(verifier)["code"], verifier).status_code == 200


def test_068_nobody_is_sent_to_a_strange_address(world: World) -> None:
    """A redirect URI that is not registered, to the letter, gets a page here and no redirect."""
    own = person(world, "sensor:read")
    own.session()
    for strange in (NOWHERE, REDIRECT_URI + "/", REDIRECT_URI + "?x=1", "https://evil.example/"):
        page = own.ask(secrets.token_urlsafe(48), redirect_uri=strange)
        assert page.status_code == 400
        assert "location" not in page.headers


def test_069_a_code_works_once(world: World) -> None:
    """A second use of a code gives nothing, and ends what the first use began."""
    own, verifier = person(world, "sensor:read"), secrets.token_urlsafe(48)
    code = own.authorize(verifier)["code"]
    first = own.redeem(code, verifier).json()
    assert is_accepted(world, first["access_token"])
    assert error(own.redeem(code, verifier)) == "invalid_grant"
    assert not is_accepted(world, first["access_token"])
    again = world.refresh(KnownClient(own.client_id), first["refresh_token"])
    assert error(again) == "invalid_grant"


def test_070_a_wrong_secret_is_refused(world: World) -> None:
    """A client that presents another secret, or none, is not believed to be that client."""
    device = world.device(scopes=["sensor:read"])
    other = world.device(scopes=["sensor:read"])
    for wrong in (other.secret, f"{device.secret}x", ""):
        assert error(world.token(KnownClient(device.id, wrong))) == "invalid_client"
    assert error(asked(world, KnownClient(device.id), "client_credentials")) == "invalid_client"
    assert world.token(device).status_code == 200


def asked(world: World, client: KnownClient, grant_type: str, **form: str) -> httpx.Response:
    """The token endpoint's answer to a grant of any type."""
    form = {"grant_type": grant_type, **form}
    if client.secret is None:
        return world.http.post(f"{world.issuer}/token", data={**form, "client_id": client.id})
    return world.http.post(f"{world.issuer}/token", data=form, auth=client.basic)


def test_071_each_type_of_client_has_its_own_grants(world: World) -> None:
    """A client for people gets no token for itself, a machine none for people."""
    for client, grant_type in (
        (world.phone_app(), "client_credentials"),
        (world.server_app(), "client_credentials"),
        (world.device(), "authorization_code"),
        (world.device(), "refresh_token"),
    ):
        answer = asked(world, client, grant_type, code="x", refresh_token="x")
        assert error(answer) == "unauthorized_client"
    answer = asked(world, world.device(), "password", username="ann", password="x")
    assert error(answer) == "unsupported_grant_type"


def doors(world: World, token: str, asker: KnownClient) -> dict[str, object]:
    """What each place where a token may be presented says to it."""
    bearer = world.as_bearer(token)
    endpoint, export = world.listed("/endpoints")[0], world.listed("/exports")[0]
    return {
        "export": world.read(export, token).status_code,
        "ingest": world.submit(endpoint, {}, token).status_code,
        "management": world.http.get(world.address, headers=bearer).status_code,
        "userinfo": world.http.get(f"{world.issuer}/userinfo", headers=bearer).status_code,
        "introspection": world.introspect(asker, token)["active"],
    }


ALL_OPEN = {"export": 200, "ingest": 202, "management": 200, "userinfo": 200, "introspection": True}
ALL_SHUT = {**dict.fromkeys(ALL_OPEN, 401), "introspection": False}


def test_072_deleting_a_client_ends_its_tokens(world: World) -> None:
    """With a client its row goes, its tokens are refused at once wherever they are presented, and
    its sessions cannot be refreshed."""
    world.endpoint(), world.export()
    asker, app = world.device(), world.phone_app()
    machine = world.device(scopes=["iotman:workspace:read"])
    session = person(world, "iotman:workspace:read", app=app).session()
    of_machine = world.access_token(machine)
    assert doors(world, session["access_token"], asker) == ALL_OPEN
    assert doors(world, of_machine, asker) == {**ALL_OPEN, "userinfo": 403}
    for client in (app, machine):
        assert world.admin.delete(f"/clients/{client.id}").status_code == 204
    assert doors(world, session["access_token"], asker) == ALL_SHUT
    assert doors(world, of_machine, asker) == ALL_SHUT
    assert error(world.refresh(app, session["refresh_token"])) == "invalid_grant"
    assert error(world.token(machine)) == "invalid_client"
    assert [client["client_id"] for client in world.listed("/clients")] == [asker.id]
    assert world.listed("/sessions") == []


def test_073_deleting_a_client_harms_no_other(world: World) -> None:
    """The tokens and sessions of other clients go on when one is deleted, the same person's too."""
    world.endpoint(), world.export()
    asker, gone, kept = world.device(), world.phone_app(), world.phone_app()
    own = person(world, "iotman:workspace:read", app=gone)
    own.session()
    session = world.person(own.address, kept).session()
    machine = world.device(scopes=["iotman:workspace:read"])
    token = world.access_token(machine)
    assert world.admin.delete(f"/clients/{gone.id}").status_code == 204
    assert doors(world, session["access_token"], asker) == ALL_OPEN
    assert doors(world, token, asker) == {**ALL_OPEN, "userinfo": 403}
    assert refreshed(world, kept.id, session)["scope"] == "iotman:workspace:read"


# --- client credentials: scopes -----------------------------------------------------------------


def test_074_a_new_machine_gets_an_empty_token(world: World) -> None:
    """A client to which nothing was given gets a token, without scopes."""
    answer = world.token(world.device())
    assert answer.status_code == 200
    assert answer.json()["scope"] == claims(answer.json()["access_token"])["scope"] == ""


def test_075_a_new_machine_may_ask_for_nothing(world: World) -> None:
    """Whatever scope such a client asks for, it is refused."""
    world.define("sensor:read")
    device = world.device()
    for scope in ("sensor:read", "iotman:scopes:read", "no:such"):
        assert error(world.token(device, scope=scope)) == "invalid_scope"


def test_076_a_machine_gets_what_it_asks_for(world: World) -> None:
    """A scope that was given and is asked for is the token's only one."""
    device = world.device(scopes=["sensor:read", "video:gold"])
    answer = world.token(device, scope="sensor:read").json()
    assert answer["scope"] == "sensor:read"
    assert scopes(answer["access_token"]) == {"sensor:read"}


def test_077_being_defined_is_not_being_given(world: World) -> None:
    """A scope of the workspace that was not given to this client is refused."""
    world.define("video:gold")
    device = world.device(scopes=["sensor:read"])
    assert error(world.token(device, scope="video:gold")) == "invalid_scope"


def test_078_both_kinds_are_asked_for_together(world: World) -> None:
    """One request may name own and internal scopes, separated by spaces, and gets both."""
    device = world.device(scopes=["sensor:read", "iotman:scopes:read", "video:gold"])
    token = world.access_token(device, scope="iotman:scopes:read sensor:read")
    assert scopes(token) == {"sensor:read", "iotman:scopes:read"}
    assert world.api(token).get("/scopes").status_code == 200


def test_079_there_is_no_partial_token(world: World) -> None:
    """One scope that was not given spoils the request, whatever else it names."""
    world.define("video:gold")
    device = world.device(scopes=["sensor:read"])
    for beyond in ("video:gold", "iotman:scopes:read", "no:such"):
        for scope in (f"sensor:read {beyond}", f"{beyond} sensor:read"):
            assert error(world.token(device, scope=scope)) == "invalid_scope"


def test_080_asking_for_nothing_gets_everything(world: World) -> None:
    """Without a `scope` parameter the token has all of both lists."""
    given = {"sensor:read", "video:gold", "iotman:scopes:read"}
    assert scopes(world.access_token(world.device(scopes=given))) == given


def test_081_a_grant_shows_in_the_next_token(world: World) -> None:
    """What a client is given is in its next token; the one that is out stays as it was."""
    device = world.device(scopes=["sensor:read"])
    before = world.access_token(device)
    world.grant_client(device, "video:gold")
    export = world.export(required_scope="video:gold")
    after = world.access_token(device)
    assert scopes(after) == {"sensor:read", "video:gold"}
    assert missing(world.read(export, before)) == ["video:gold"]
    assert world.read(export, after).status_code == 200


def test_082_a_revoked_grant_shows_in_the_next_token(
    timed_world: World, clock: FrozenClock
) -> None:
    """What is taken from a client is not in its next token; the one that is out keeps it to its
    end."""
    device = timed_world.device(scopes=["sensor:read", "video:gold"])
    export = timed_world.export(required_scope="video:gold")
    before = timed_world.access_token(device)
    taken = timed_world.admin.delete(f"/clients/{device.id}/scopes/video:gold")
    assert taken.status_code == 204
    assert scopes(timed_world.access_token(device)) == {"sensor:read"}
    assert error(timed_world.token(device, scope="video:gold")) == "invalid_scope"
    clock.advance(minutes=59, seconds=59)
    assert timed_world.read(export, before).status_code == 200
    clock.advance(seconds=1)
    assert timed_world.read(export, before).status_code == 401


def test_083_machines_do_not_share(world: World) -> None:
    """Two clients with different lists each get their own and not the other's."""
    one, other = world.device(scopes=["sensor:read"]), world.device(scopes=["video:gold"])
    assert scopes(world.access_token(one)) == {"sensor:read"}
    assert scopes(world.access_token(other)) == {"video:gold"}
    assert error(world.token(one, scope="video:gold")) == "invalid_scope"
    assert error(world.token(other, scope="sensor:read")) == "invalid_scope"


def test_084_a_clients_lists_are_apart(world: World) -> None:
    """A client's own and internal scopes are listed each for themselves."""
    device = world.device(scopes=["sensor:read", "iotman:scopes:read"])
    shown = world.admin.get(f"/clients/{device.id}").json()
    assert (shown["scopes"], shown["internal_scopes"]) == (["sensor:read"], ["iotman:scopes:read"])
    listed = world.listed(f"/clients/{device.id}/scopes")
    assert {grant["scope"]: grant["internal"] for grant in listed} == {
        "sensor:read": False,
        "iotman:scopes:read": True,
    }


def test_085_clients_for_people_have_no_lists(world: World) -> None:
    """Scopes are refused to clients through which people act, of either kind."""
    world.define("sensor:read")
    for client in (world.phone_app(), world.server_app(), world.register("device")):
        for scope in ("sensor:read", "iotman:scopes:read"):
            assert world.grant_client(client, scope).status_code == 409
        assert world.listed(f"/clients/{client.id}/scopes") == []


# --- tokens -------------------------------------------------------------------------------------


def published(world: World) -> KeySet:
    """The keys that the workspace publishes, as another library reads them."""
    return KeySet.import_key_set(world.http.get(f"{world.issuer}/jwks").json())


def header(token: str) -> dict[str, Any]:
    first = token.split(".", maxsplit=1)[0]
    return dict(json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))))


def signing_key(site: Site, world: World, algorithm: str = "ES256") -> Any:
    """A private key of the workspace, as it is kept."""
    database = Database(site.database_url)
    try:
        with database.read() as tx:
            keys = signing_keys.of_workspace(tx, world.id)
        return next(key for key in keys if key.algorithm == algorithm)
    finally:
        database.close()


def test_086_other_libraries_and_ours_verify_alike(world: World, site: Site) -> None:
    """Tokens are signed by ES256, or RS256 where workspace or client says so; another library
    verifies ours by the published keys, and we accept what another library signs by them."""
    device, other = world.device(), world.device()
    rs256 = {"tokens": {"signing_algorithm": "RS256"}}
    es256 = {"tokens": {"signing_algorithm": "ES256"}}
    assert header(world.access_token(device))["alg"] == "ES256"
    assert world.admin.patch(f"/clients/{other.id}", json=rs256).status_code == 200
    tokens = {"ES256": world.access_token(device), "RS256": world.access_token(other)}
    for algorithm, token in tokens.items():
        assert header(token)["alg"] == algorithm
        assert jwt.decode(token, published(world), algorithms=[algorithm]).claims == claims(token)
        start, _, signature = token.rpartition(".")
        altered = f"{start}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        with pytest.raises(BadSignatureError):
            jwt.decode(altered, published(world), algorithms=[algorithm])
        assert not is_accepted(world, altered)
        assert is_accepted(world, signed_elsewhere(signing_key(site, world, algorithm), token))
    assert world.admin.patch(world.address, json=rs256).status_code == 200
    assert header(world.access_token(device))["alg"] == "RS256"
    assert world.admin.patch(f"/clients/{device.id}", json=es256).status_code == 200
    assert header(world.access_token(device))["alg"] == "ES256"


def signed_elsewhere(key: Any, token: str) -> str:
    """The same claims, signed by another library with the same key."""
    private = (ECKey if key.algorithm == "ES256" else RSAKey).import_key(key.private_key)
    said = {**claims(token), "extra": "so that it is another token"}
    return jwt.encode(header(token), said, private, algorithms=[key.algorithm])


def test_087_a_token_says_what_it_is(world: World) -> None:
    """A token names its issuer, subject, audience, scopes and end, an hour after its issue."""
    device = world.device(scopes=["video:gold", "sensor:read"])
    answer = world.token(device).json()
    said = claims(answer["access_token"])
    assert said["iss"] == world.metadata["issuer"] == world.issuer
    assert said["sub"] == device.id
    assert said["aud"] == world.id
    assert said["scope"] == answer["scope"] == "sensor:read video:gold"
    assert said["exp"] - said["iat"] == answer["expires_in"] == 3600
    assert answer["token_type"] == "Bearer"


def test_088_the_subject_is_whoever_acts(world: World) -> None:
    """The subject is the end-user's UUID where a person acts, else the client's."""
    own, device = person(world, "sensor:read"), world.device()
    of_person = claims(own.session()["access_token"])
    assert of_person["sub"] == row(world, own.address)["id"]
    assert of_person["client_id"] == own.client_id
    of_device = claims(world.access_token(device))
    assert of_device["sub"] == of_device["client_id"] == device.id
    assert all(str(uuid.UUID(said["sub"])) == said["sub"] for said in (of_person, of_device))


def test_089_forged_tokens_are_refused(world: World, site: Site) -> None:
    """Unsigned, signed by the public key, of an unknown key, expired, too early, or meant for
    somebody else: none of these opens anything."""
    world.endpoint(), world.export()
    asker, own = world.device(), person(world, "iotman:workspace:read")
    token = own.session()["access_token"]
    assert doors(world, again(site, world, token), asker) == ALL_OPEN  # or the rest proves nothing
    for name, wrong in forgeries(site, world, token).items():
        assert doors(world, wrong, asker) == ALL_SHUT, name


def again(site: Site, world: World, token: str, **changed: Any) -> str:
    """A token with some claims changed, signed as it should be."""
    return KeyRing().sign(signing_key(site, world), {**claims(token), **changed})


def forgeries(site: Site, world: World, token: str) -> dict[str, str]:
    start, payload, signature = token.split(".")
    said, other = claims(token), world.another()
    public = world.http.get(f"{world.issuer}/jwks").json()["keys"][0]

    def headed(**changed: Any) -> str:
        return encoded(json.dumps({**header(token), **changed}).encode()) + "." + payload

    def hashed(by: bytes) -> str:
        text = headed(alg="HS256")
        return f"{text}.{encoded(hmac.new(by, text.encode(), hashlib.sha256).digest())}"

    other_payload = encoded(json.dumps({**said, "scope": "x"}).encode())
    return {
        "unsigned": headed(alg="none") + ".",
        "unsigned, with the old signature": f"{headed(alg='none')}.{signature}",
        "signed by the public key": hashed(public["x"].encode()),
        "signed by the public key's document": hashed(json.dumps(public).encode()),
        "signed by the public key's file": hashed(ECKey.import_key(public).as_pem(private=False)),
        "an unknown key": f"{headed(kid='key_unknown')}.{signature}",
        "another workspace's key": KeyRing().sign(signing_key(site, other), said),
        "expired": again(site, world, token, exp=said["iat"] - 1, iat=said["iat"] - 3601),
        "not yet good": again(site, world, token, nbf=said["exp"], exp=said["exp"] + 3600),
        "another audience": again(site, world, token, aud=other.id),
        "another issuer": again(site, world, token, iss=other.issuer),
        "other claims": f"{start}.{other_payload}.{signature}",
    }


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_090_proxies_let_out_a_file_by_its_scope(world: World, name: str) -> None:
    """nginx and Caddy, as our samples configure them, let a file out to those alone whose token
    has the scope."""
    allowed, other = world.device(scopes=["sensor:read"]), world.device(scopes=["sensor:write"])
    with proxy(name, server=world.url, workspace_id=world.id) as url:
        file = f"{url}/{FILE}"
        assert httpx.get(file).status_code == 401
        assert httpx.get(file, headers=world.as_bearer("junk")).status_code == 401
        refused = httpx.get(file, headers=world.as_bearer(world.access_token(other)))
        assert refused.status_code == 403
        let_out = httpx.get(file, headers=world.as_bearer(world.access_token(allowed)))
        assert (let_out.status_code, let_out.text) == (200, "21.5")
        elsewhere = world.another()
        foreign_token = elsewhere.access_token(elsewhere.device(scopes=["sensor:read"]))
        foreign = httpx.get(file, headers=world.as_bearer(foreign_token))
        assert foreign.status_code == 401


def test_091_tokens_outlive_their_key(timed_world: World, clock: FrozenClock) -> None:
    """When a new key follows, tokens of the old one stay good and verifiable to their end."""
    day, device = {"tokens": {"access_lifetime": 86_400}}, timed_world.device()
    assert timed_world.admin.patch(timed_world.address, json=day).status_code == 200
    rotated = timed_world.admin.post("/signing-keys/rotate", json={"algorithm": "ES256"})
    assert rotated.status_code == 200
    clock.advance(hours=1, minutes=59)
    old = timed_world.access_token(device)
    clock.advance(minutes=2)
    new = timed_world.access_token(device)
    assert header(old)["kid"] != header(new)["kid"]
    clock.advance(hours=23, minutes=57)
    for token in (old, new):
        assert is_accepted(timed_world, token)
        assert jwt.decode(token, published(timed_world), algorithms=["ES256"])
    clock.advance(minutes=2)
    assert not is_accepted(timed_world, old)
    assert is_accepted(timed_world, new)
    assert header(old)["kid"] not in {key.kid for key in published(timed_world).keys}


def test_092_userinfo_answers_each_person_for_themselves(world: World) -> None:
    """A person's token reads that person's metadata and nobody else's; a machine's reads none."""
    one, other = person(world, "sensor:read"), person(world, "sensor:read")
    for who, value in ((one, "gold"), (other, "silver")):
        world.admin.put(f"/end-users/{who.address}/metadata/tier", json={"value": value})
    url = f"{world.issuer}/userinfo"
    for who, value in ((one, "gold"), (other, "silver")):
        bearer = world.as_bearer(who.session()["access_token"])
        answer = world.http.get(url, headers=bearer).json()
        assert answer["metadata"] == {"tier": value}
        assert answer["email"] == who.address
        assert answer["sub"] == row(world, who.address)["id"]
    machine = world.device(scopes=["sensor:read"])
    world.admin.put(f"/clients/{machine.id}/metadata/tier", json={"value": "bronze"})
    refused = world.http.get(url, headers=world.as_bearer(world.access_token(machine)))
    assert refused.status_code == 403
    assert "bronze" not in refused.text
    assert world.http.get(url).status_code == 401


# --- metadata and stamping ----------------------------------------------------------------------


def attach(world: World, address: str, value: Any, key: str = "ingest_context") -> None:
    """Attach a value to an end-user."""
    path = f"/end-users/{quote(address)}/metadata/{key}"
    assert world.admin.put(path, json={"value": value}).status_code == 200


def stamped(world: World) -> list[Any]:
    """The contexts of all datapoints, oldest first."""
    return [point["ingest_context"] for point in reversed(world.listed("/datapoints"))]


def test_093_metadata_is_put_and_replaced(world: World) -> None:
    """A value put under `ingest_context` is kept, and a second one takes its place."""
    own = person(world, "sensor:read")
    path = f"/end-users/{quote(own.address, safe='')}/metadata/ingest_context"
    for value in (TIER, {"tier": "silver"}):
        assert world.admin.put(path, json={"value": value}).status_code == 200
        assert world.admin.get(path).json()["value"] == value
    (only,) = world.listed(f"/end-users/{own.address}/metadata")
    assert (only["key"], only["value"]) == ("ingest_context", {"tier": "silver"})


def test_094_any_json_is_a_value(world: World) -> None:
    """Values of every kind of JSON come back as they were put, empty ones and null too."""
    own = person(world, "sensor:read")
    path = f"/end-users/{own.address}/metadata/any"
    nested = {"a": [1, {"b": [None, True, "c"]}], "ключ": "значение 🌡", "": {"": []}}
    values: list[Any] = [
        None,
        False,
        True,
        0,
        -1,
        1.5,
        10**15,
        "",
        "text",
        [],
        {},
        [[]],
        nested,
        TIER,
    ]
    for value in values:
        assert world.admin.put(path, json={"value": value}).status_code == 200
        assert json.dumps(world.admin.get(path).json()["value"]) == json.dumps(value)


def test_095_only_one_key_is_stamped(world: World) -> None:
    """Any other key is kept as well, and nothing of it comes into the data."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    attach(world, own.address, "gold", key="tier")
    assert world.admin.get(f"/end-users/{own.address}/metadata/tier").json()["value"] == "gold"
    assert world.submit(endpoint, {"t": 1}, own.session()["access_token"]).status_code == 202
    (point,) = world.listed("/datapoints")
    assert point["ingest_context"] is None
    assert "gold" not in json.dumps(point)


def test_096_a_persons_data_bear_the_persons_context(world: World) -> None:
    """What an end-user posts is stamped with the context that the person has at that moment."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    attach(world, own.address, TIER)
    assert world.submit(endpoint, {"t": 1}, own.session()["access_token"]).status_code == 202
    (point,) = world.listed("/datapoints")
    assert point["ingest_context"] == TIER
    assert point["payload"] == {"t": 1}
    assert point["principal_id"] == row(world, own.address)["id"]
    assert point["auth_method"] == "oauth2"
    export = world.export()
    assert world.read(export, own.session()["access_token"]).json()["data"] == [point]


def test_097_a_new_context_is_for_new_data(world: World) -> None:
    """After the context changes, earlier datapoints keep the earlier one and later ones have the
    new, with the same token."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    token = own.session()["access_token"]
    for context in (TIER, "silver"):
        attach(world, own.address, context)
        assert world.submit(endpoint, {}, token).status_code == 202
    assert stamped(world) == [TIER, "silver"]


def test_098_data_keep_their_context_for_ever(world: World) -> None:
    """A datapoint keeps its context when the metadata is deleted and the person is removed."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    token = own.session()["access_token"]
    attach(world, own.address, TIER)
    world.submit(endpoint, {"t": 1}, token)
    before = world.listed("/datapoints")
    path = f"/end-users/{own.address}"
    assert world.admin.delete(f"{path}/metadata/ingest_context").status_code == 204
    assert world.admin.get(f"{path}/metadata/ingest_context").status_code == 404
    assert world.listed("/datapoints") == before
    assert world.admin.delete(path).status_code == 204
    assert world.listed("/datapoints") == before
    assert before[0]["ingest_context"] == TIER
    assert world.submit(endpoint, {}, token).status_code == 401


def test_099_data_without_a_context_are_taken(world: World) -> None:
    """Where a person has no context the datapoint is taken, and its context is null."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    assert world.submit(endpoint, {"t": 1}, own.session()["access_token"]).status_code == 202
    assert stamped(world) == [None]


def test_100_a_machines_data_bear_its_name_only(world: World) -> None:
    """What a machine posts has its client id and no context, whatever is attached to the client."""
    device, endpoint = world.device(), world.endpoint()
    path = f"/clients/{device.id}/metadata/ingest_context"
    assert world.admin.put(path, json={"value": TIER}).status_code == 200
    assert world.submit(endpoint, {"t": 1}, world.access_token(device)).status_code == 202
    (point,) = world.listed("/datapoints")
    assert point["oauth2_client_id"] == device.id
    assert point["ingest_context"] is None


def test_101_a_payload_stamps_nothing(world: World) -> None:
    """A payload that brings a context of its own keeps it, and the stamp is not changed by it."""
    own, endpoint = person(world, "sensor:read"), world.endpoint()
    claim = {"ingest_context": {"tier": "platinum"}, "oauth2_client_id": "x", "principal_id": "y"}
    attach(world, own.address, TIER)
    assert world.submit(endpoint, claim, own.session()["access_token"]).status_code == 202
    assert world.submit(endpoint, claim, world.access_token(world.device())).status_code == 202
    assert stamped(world) == [TIER, None]
    points = world.listed("/datapoints")
    assert all(point["payload"] == claim for point in points)
    assert {"x", "y"}.isdisjoint({p["oauth2_client_id"] for p in points})


def test_102_a_clients_metadata_are_looked_up_when_asked(world: World) -> None:
    """A client's metadata are joined when data are read, as they are then, to old data too."""
    device, endpoint, export = world.device(), world.endpoint(), world.export()
    token, path = world.access_token(device), f"/clients/{device.id}/metadata/site"
    for value in ("north", {"name": "south"}):
        assert world.admin.put(path, json={"value": value}).status_code == 200
        assert world.submit(endpoint, {}, token).status_code == 202
        wanted = {"include": "client_metadata"}
        read = world.read(export, token, **wanted).json()["data"]
        for points in (world.listed("/datapoints", **wanted), read):
            assert all(point["client_metadata"] == {"site": value} for point in points)
    assert len(read) == 2
    assert all("client_metadata" not in point for point in world.listed("/datapoints"))


def test_103_a_worker_writes_metadata_like_an_administrator(world: World) -> None:
    """A machine with the scope for it attaches values; one without is refused."""
    own, device = person(world, "sensor:read"), world.device()
    worker = world.api(world.access_token(world.device(scopes=["iotman:metadata:update"])))
    other = world.api(world.access_token(world.device(scopes=["iotman:metadata:read"])))
    for path in (f"/end-users/{own.address}", f"/clients/{device.id}"):
        key = f"{path}/metadata/ingest_context"
        assert missing(other.put(key, json={"value": 1})) == ["iotman:metadata:update"]
        assert world.listed(f"{path}/metadata") == []
        assert worker.put(key, json={"value": TIER}).status_code == 200
        assert world.admin.get(key).json()["value"] == TIER


def test_104_metadata_need_a_value(world: World) -> None:
    """A body without a value, or one that is no JSON, is refused, and what was there stays."""
    own = person(world, "sensor:read")
    attach(world, own.address, TIER)
    path = f"/end-users/{own.address}/metadata/ingest_context"
    as_json = {"content-type": "application/json"}
    for body in (b"{}", b'{"values": 1}', b"[]", b"null", b"1"):
        assert world.admin.put(path, content=body, headers=as_json).status_code == 422, body
    for body in (b"", b"{", b"not json", b'{"value": NaN}', b'{"value": 1} x'):
        refused = world.admin.put(path, content=body, headers=as_json)
        assert refused.status_code in (400, 422), body
    assert world.admin.get(path).json()["value"] == TIER


def test_105_metadata_belong_to_somebody(world: World) -> None:
    """Whoever is not there gets no metadata: it answers 404, and nobody is made by it."""
    world.phone_app()
    before = state(world)
    for path in (
        f"/end-users/{an_address('nobody')}/metadata/ingest_context",
        f"/end-users/{uuid.uuid4()}/metadata/ingest_context",
        f"/clients/{uuid.uuid4()}/metadata/tier",
        "/clients/none/metadata/tier",
    ):
        assert world.admin.put(path, json={"value": TIER}).status_code == 404
    assert state(world) == before


# --- sessions -----------------------------------------------------------------------------------


def test_106_signing_in_through_a_client_makes_a_session(world: World) -> None:
    """Each finished sign-in adds a row with the person, the client, the scopes and the time."""
    app = world.register("pkce", name="Field App")
    own = person(world, "sensor:read", "iotman:scopes:read", app=app)
    token = own.session()["access_token"]
    (shown,) = world.listed("/sessions")
    assert shown["principal"] == {"kind": "end_user", "label": own.address}
    assert shown["client"] == "Field App"
    assert shown["scopes"] == ["iotman:scopes:read", "sensor:read"]
    assert shown["id"] == claims(token)["sid"]
    assert abs(seconds(shown["created_at"]) - claims(token)["iat"]) <= 1
    own.session()
    assert len(world.listed("/sessions")) == 2


def seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def test_107_machines_have_no_sessions(world: World) -> None:
    """A machine's tokens add no row."""
    device = world.device(scopes=["sensor:read"])
    assert all(world.access_token(device) for _ in range(3))
    assert world.listed("/sessions") == []


def test_108_refreshing_goes_on_with_the_same_session(world: World) -> None:
    """However often a session is refreshed, it is one row with one beginning."""
    own = person(world, "sensor:read")
    session = own.session()
    (before,) = world.listed("/sessions")
    for _ in range(3):
        session = refreshed(world, own.client_id, session)
    (after,) = world.listed("/sessions")
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])


def test_109_ending_a_session_ends_no_other(world: World) -> None:
    """An ended session's refresh and access tokens are refused at once; the same person's other
    sessions go on."""
    own = person(world, "sensor:read")
    ended, other = own.session(), own.session()
    assert all(is_accepted(world, session["access_token"]) for session in (ended, other))
    sid = claims(ended["access_token"])["sid"]
    assert world.admin.delete(f"/sessions/{sid}").status_code == 204
    app = KnownClient(own.client_id)
    assert error(world.refresh(app, ended["refresh_token"])) == "invalid_grant"
    assert not is_accepted(world, ended["access_token"])
    assert is_accepted(world, other["access_token"])
    assert refreshed(world, own.client_id, other)["scope"] == "sensor:read"
    assert [row["id"] for row in world.listed("/sessions")] == [
        claims(other["access_token"])["sid"]
    ]


def test_110_a_machine_goes_on_by_itself(timed_world: World, clock: FrozenClock) -> None:
    """When its token has expired a machine gets the next one by its secret alone, without a session
    or a refresh token."""
    device = timed_world.device(scopes=["sensor:read"])
    first = timed_world.token(device).json()
    clock.advance(hours=1)
    assert not is_accepted(timed_world, first["access_token"])
    second = timed_world.token(device).json()
    assert is_accepted(timed_world, second["access_token"])
    assert "refresh_token" not in first | second
    assert timed_world.listed("/sessions") == []


def test_111_only_living_sessions_of_the_workspace_are_listed(
    timed_world: World, clock: FrozenClock
) -> None:
    """A session that was not used for thirty days is not listed any more, and one of another
    workspace never is."""
    other = timed_world.another()
    used, unused = person(timed_world, "sensor:read"), person(timed_world, "sensor:read")
    elsewhere = person(other, "sensor:read")
    session, old = used.session(), unused.session()
    elsewhere.session()
    assert len(timed_world.listed("/sessions")) == 2
    clock.advance(days=29)
    session = refreshed(timed_world, used.client_id, session)
    clock.advance(days=1)
    (shown,) = timed_world.listed("/sessions")
    assert shown["principal"]["label"] == used.address
    answer = timed_world.refresh(KnownClient(unused.client_id), old["refresh_token"])
    assert error(answer) == "invalid_grant"
    assert other.listed("/sessions") == []
    assert refreshed(timed_world, used.client_id, session)["scope"] == "sensor:read"


# --- export gate --------------------------------------------------------------------------------


def test_112_an_export_demands_its_scope(world: World) -> None:
    """An export with a scope answers 401 without a token, 403 without the scope, else data."""
    own, other = world.device(scopes=["sensor:read"]), world.device(scopes=["video:gold"])
    export = world.export(required_scope="sensor:read")
    assert world.submit(world.endpoint(), {"t": 1}, world.access_token(own)).status_code == 202
    nobody = world.read(export)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert missing(world.read(export, world.access_token(other))) == ["sensor:read"]
    answer = world.read(export, world.access_token(own))
    assert answer.status_code == 200
    assert [point["payload"] for point in answer.json()["data"]] == [{"t": 1}]


def test_113_an_export_without_a_scope_demands_a_token(world: World) -> None:
    """Any token of the workspace passes where no scope is demanded, and none of another does."""
    other = world.another()
    export = world.export(auth_methods=["oauth2"])
    assert world.read(export, world.access_token(world.device())).status_code == 200
    assert world.read(export, person(world, "sensor:read").session()["access_token"]).is_success
    foreign = other.access_token(other.device(scopes=["sensor:read"]))
    assert world.read(export, foreign).status_code == 401
    assert world.read(export).status_code == 401


def test_114_a_public_export_demands_nothing(world: World) -> None:
    """Anybody reads an export that says so; it cannot say so and demand a scope."""
    world.define("sensor:read")
    public = {"auth_methods": ["oauth2", "none"]}
    export = world.export("Open", **public)
    assert world.read(export).status_code == 200
    both = {"name": "Both", "required_scope": "sensor:read", **public}
    assert world.admin.post("/exports", json=both).status_code == 422
    changed = world.admin.patch(f"/exports/{export['id']}", json={"required_scope": "sensor:read"})
    assert changed.status_code == 422
    shut = world.export("Shut", required_scope="sensor:read")
    assert world.admin.patch(f"/exports/{shut['id']}", json=public).status_code == 422
    assert world.read(shut).status_code == 401
    assert {export["name"] for export in world.listed("/exports")} == {"Open", "Shut"}


def test_115_the_pages_of_an_export_are_complete(world: World) -> None:
    """A hundred datapoints a page unless said otherwise; the pages lead to the end, each row once,
    also while data come in."""
    endpoint, export = world.endpoint(), world.export()
    token = world.access_token(world.device())
    sent = list(range(250))
    assert world.submit(endpoint, [{"n": n} for n in sent], token).json()["accepted"] == 250
    for query, sizes in (({}, [100, 100, 50]), ({"limit": 60}, [60, 60, 60, 60, 10])):
        pages = []
        url: str | None = str(httpx.URL(export["url"], params=query))
        while url is not None:
            answer = world.http.get(url, headers=world.as_bearer(token))
            assert answer.status_code == 200
            pages.append([point["payload"]["n"] for point in answer.json()["data"]])
            url = answer.json()["next_page"]
            assert world.submit(endpoint, {"n": -1}, token).status_code == 202
        seen = [n for page in pages for n in page if n >= 0]
        assert seen == sent[::-1]
        assert [len(page) for page in pages][: len(sizes) - 1] == sizes[:-1]
