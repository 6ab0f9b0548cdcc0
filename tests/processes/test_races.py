"""What may happen once happens once, whichever of four servers is asked, and all at a time."""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from tests.processes.conftest import PROCESSES, Several
from tests.visitors import REDIRECT_URI, Form, Mailbox, Person, a_browser, submit
from tests.worlds import KnownClient

THINGS = 300
ROLES = 30


@pytest.fixture(scope="module")
def app(several: Several) -> KnownClient:
    return several.world.phone_app()


@pytest.fixture(scope="module")
def person(several: Several, app: KnownClient) -> Person:
    several.world.end_user("ann@example.com", scopes=["sensor:read"])
    return several.world.person("ann@example.com", app)


def _clients(several: Several) -> list[httpx.Client]:
    return [a_browser(base_url=server.url) for server in several.servers]


def test_each_of_300_codes_is_redeemed_exactly_once(
    several: Several, app: KnownClient, person: Person
) -> None:
    token_endpoint = urlsplit(several.world.metadata["token_endpoint"]).path
    won: Counter[int] = Counter()
    clients = _clients(several)
    with ThreadPoolExecutor(PROCESSES) as pool:
        for _ in range(THINGS):
            verifier = secrets.token_urlsafe(48)
            form = {
                "grant_type": "authorization_code", "client_id": app.id,
                "redirect_uri": REDIRECT_URI, "code": person.authorize(verifier)["code"],
                "code_verifier": verifier,
            }  # fmt: skip
            asking = [pool.submit(client.post, token_endpoint, data=form) for client in clients]
            answers = [each.result() for each in asking]
            won[sum(answer.status_code == 200 for answer in answers)] += 1
            lost = [answer for answer in answers if answer.status_code != 200]
            assert {answer.json()["error"] for answer in lost} == {"invalid_grant"}
    assert won == {1: THINGS}


def test_each_of_300_refresh_tokens_has_exactly_one_successor(
    several: Several, app: KnownClient, person: Person
) -> None:
    token_endpoint = urlsplit(several.world.metadata["token_endpoint"]).path
    successors = set()
    clients = _clients(several)
    with ThreadPoolExecutor(PROCESSES) as pool:
        for _ in range(THINGS):
            form = {
                "grant_type": "refresh_token", "client_id": app.id,
                "refresh_token": person.session()["refresh_token"],
            }  # fmt: skip
            asking = [pool.submit(client.post, token_endpoint, data=form) for client in clients]
            answers = [each.result() for each in asking]
            assert [answer.status_code for answer in answers] == [200] * PROCESSES
            (successor,) = {answer.json()["refresh_token"] for answer in answers}
            successors.add(successor)
    assert len(successors) == THINGS
    works = several.world.refresh(app, successor)
    assert works.status_code == 200


def test_every_use_after_the_grace_ends_the_session_at_every_server(
    several: Several, app: KnownClient, person: Person
) -> None:
    world = several.world
    world.change(tokens={"refresh_grace": 0})
    for number in range(PROCESSES):
        tokens = person.session()
        successor = world.refresh(app, tokens["refresh_token"]).json()
        replayed = world.refresh(app, tokens["refresh_token"])
        assert replayed.json()["error"] == "invalid_grant"
        url = several.at(number, f"{world.issuer}/userinfo")
        dead = httpx.get(url, headers=world.as_bearer(successor["access_token"]))
        assert dead.status_code == 401
        assert world.refresh(app, successor["refresh_token"]).json()["error"] == "invalid_grant"
    world.change(tokens={"refresh_grace": None})


def test_each_of_300_links_signs_in_exactly_once(several: Several, person: Person) -> None:
    won: Counter[int] = Counter()
    clients = _clients(several)
    with ThreadPoolExecutor(PROCESSES) as pool:
        for _ in range(THINGS):
            form, cookies = _opened_link(several, person.mailbox)
            path = urlsplit(form.action).path
            data = form.filled(person.address)
            asking = [
                pool.submit(client.post, path, data=data, headers={"cookie": cookies})
                for client in clients
            ]
            answers = [each.result() for each in asking]
            for client in clients:
                client.cookies.clear()
            won[sum("scopewright=swi_" in str(answer.headers) for answer in answers)] += 1
    assert won == {1: THINGS}


def _opened_link(several: Several, mailbox: Mailbox) -> tuple[Form, str]:
    """The page of a new link in the browser that asked for it, and that browser's cookies."""
    with a_browser() as browser:
        before = len(list(mailbox.folder.glob("*.eml")))
        submit(browser, browser.get(f"{several.world.url}/sign-in"), address=mailbox.address)
        form = Form(browser.get(mailbox.newest_link(after=before)))
        return form, "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)


def test_of_two_halves_of_a_circle_of_roles_exactly_one_is_made(several: Several) -> None:
    admin = several.world.admin
    there = a_browser(base_url=several.at(1, str(admin.base_url)), headers=admin.headers)
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROLES):
            one, two, three = (f"{name}-{number}" for name in ("one", "two", "three"))
            for name, includes in ((three, []), (two, [three]), (one, [])):
                made = admin.post("/roles", json={"name": name, "includes": includes})
                assert made.status_code == 201, made.text
            halves = [
                pool.submit(admin.patch, f"/roles/{one}", json={"includes": [two]}),
                pool.submit(there.patch, f"/roles/{three}", json={"includes": [one]}),
            ]
            made, refused = sorted((half.result() for half in halves), key=lambda a: a.status_code)
            assert (made.status_code, refused.status_code) == (200, 409)
            circle = refused.json()["conflict"]
            assert (circle[0], set(circle), len(circle)) == (circle[-1], {one, two, three}, 4)
            kept = [admin.get(f"/roles/{name}").json()["includes"] for name in (one, two, three)]
            assert kept in ([[two], [three], []], [[], [three], [one]])


def test_of_two_groups_of_one_name_and_of_two_halves_of_a_circle_one_is_made(
    several: Several,
) -> None:
    admin = several.world.admin
    there = a_browser(base_url=several.at(1, str(admin.base_url)), headers=admin.headers)
    with ThreadPoolExecutor(2) as pool:
        for number in range(ROLES):
            ids = []
            for name in (f"Left {number}", f"Right {number}"):
                bodies = [{"name": name}, {"name": name.upper()}]
                asked = [pool.submit(admin.post, "/groups", json=bodies[0])]
                asked += [pool.submit(there.post, "/groups", json=bodies[1])]
                answers = sorted((one.result() for one in asked), key=lambda a: a.status_code)
                assert [answer.status_code for answer in answers] == [201, 409]
                ids.append(answers[0].json()["id"])
            left, right = ids
            halves = [
                pool.submit(admin.put, f"/groups/{left}/members/{right}"),
                pool.submit(there.put, f"/groups/{right}/members/{left}"),
            ]
            statuses = sorted(half.result().status_code for half in halves)
            assert statuses == [201, 409]
