"""An address where there is nothing: a page for people, a problem document for programs."""

from __future__ import annotations

import httpx
import pytest

from tests.console.members import text_of
from tests.visitors import a_browser
from tests.worlds import World

PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"
NOWHERE = ("/nothing", "/workspaces/acme/nothing/at/all", "/w/0192/nothing")


def asked(world: World, path: str, accept: str = PAGE, **headers: str) -> httpx.Response:
    said = {"accept": accept, **{name.replace("_", "-"): said for name, said in headers.items()}}
    return a_browser().get(f"{world.url}{path}", headers=said)


@pytest.mark.parametrize("path", NOWHERE)
def test_a_browser_finds_a_page_with_a_way_home(world: World, path: str) -> None:
    answer = asked(world, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src" in answer.headers["content-security-policy"]
    assert "There is no such page" in text_of(answer)
    assert 'href="/"' in answer.text


def test_the_page_is_in_the_language_of_the_request(world: World) -> None:
    assert "Diese Seite gibt es nicht" in text_of(asked(world, "/nothing", accept_language="de"))
    assert "Cette page n’existe pas" in text_of(asked(world, "/nothing", accept_language="fr"))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/nothing", {"accept": "*/*"}),
        ("/nothing", {"accept": "application/json"}),
        ("/nothing", {"sec_fetch_mode": "cors"}),  # a script of a page
        ("/api/nothing", {}),
        ("/exports/nobodys/nothing", {}),  # a path of the API outside of it
    ],
)
def test_programs_and_the_paths_of_the_api_keep_the_problem_document(
    world: World, path: str, headers: dict[str, str]
) -> None:
    answer = asked(world, path, **headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code == 404


def test_a_form_that_is_sent_nowhere_keeps_it_too(world: World) -> None:
    answer = a_browser().post(f"{world.url}/nothing", headers={"accept": PAGE})
    assert answer.headers["content-type"] == "application/problem+json"
