"""The Time Series Viewer, clicked together: an application, its roles, somebody who opens it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import check_page
from tests.migrated import migrated_file
from tests.servers import Installation
from tests.visitors import an_address
from tests.worlds import World

REPORTER, TIME = "mdsp:core:assetmanagement.reporter", "mdsp:core:iot.timUser"
HELD = "asm.f.r asm.r atm.apt.r atm.r iot.bts.r iot.tim.r timeseriesviewer.all"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("roles")
    with Installation(folder, migrated_file(folder / "scopewright.db")) as installed:
        made = installed.found()
        installed.serve()
        yield World.at(installed.url, made, installed.letters)


@pytest.fixture
def tenant(first: World) -> World:
    return first.another("My tenant", catalogues=["mindsphere"])


def sign_in(page: Page, world: World, address: str) -> None:
    """By letter, in this browser."""
    mailbox = world.mailbox(address)
    before = len(mailbox.letters())
    page.goto(f"{world.url}/sign-in")
    page.get_by_label("Email address").fill(address)
    page.get_by_role("button", name="Send me a letter").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(mailbox.link(before + 1))
    page.get_by_role("button", name="Sign in").click()


def compose(page: Page, role: str) -> None:
    """Give a role of the application its scope, and two core roles found by searching."""
    page.get_by_role("link", name=f"Compose {role}").click()
    page.get_by_role("checkbox", name="timeseriesviewer.all").check()
    for wanted, name in (("reporter", REPORTER), ("timUser", TIME)):
        page.get_by_label("Search roles and scopes").fill(wanted)
        page.get_by_role("button", name="Search").click()
        page.get_by_role("checkbox", name=name).check()
    page.get_by_role("button", name="Who gains and loses what?").click()
    expect(page.get_by_role("heading", name="What it would come to 7")).to_be_visible()
    expect(page.get_by_text("Nobody would gain or lose anything now.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("is saved.")
    page.get_by_role("main").get_by_role("link", name="timeseriesviewer", exact=True).click()


def test_the_time_series_viewer_is_clicked_together(page: Page, tenant: World) -> None:
    ann = an_address()
    sign_in(page, tenant, tenant.admin_email)
    page.goto(f"{tenant.url}/workspaces/{tenant.slug}")
    page.get_by_role("link", name="Applications", exact=True).click()
    page.get_by_label("Name", exact=True).fill("timeseriesviewer")
    page.get_by_label("Title").fill("Time Series Viewer")
    page.get_by_label("Launch URL").fill(f"{tenant.url}/static/icon.svg")
    page.get_by_role("button", name="Make the application").click()
    expect(page.get_by_role("heading", name="Time Series Viewer")).to_be_visible()

    page.get_by_label("Name", exact=True).fill("timeseriesviewer.all")
    page.get_by_label("Description").fill("Every endpoint.")
    page.get_by_role("button", name="Define the scope").click()
    for role in ("ADMIN", "USER"):
        compose(page, role)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("status")).to_contain_text("its roles can be assigned")

    tenant.define("of:no:interest")
    tenant.end_user(ann, scopes=["of:no:interest"])
    page.get_by_role("link", name="People and roles").click()
    page.get_by_role("link", name=ann).click()
    page.get_by_label("Assign a role").fill(f"mdsp:{tenant.slug}:timeseriesviewer.user")
    page.get_by_role("button", name="Assign").click()
    for scope in HELD.split():
        expect(page.get_by_role("rowheader", name=scope, exact=True)).to_be_visible()

    page.get_by_role("link", name="Why", exact=True).click()
    page.get_by_label("Who", exact=True).fill(ann)
    page.get_by_role("combobox", name="Scope").fill("iot.tim.r")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name=f"Yes: {ann} holds iot.tim.r")).to_be_visible()
    way = page.get_by_role("listitem").filter(has_text=TIME).first  # with its steps in it
    expect(way).to_contain_text("assigned by")

    page.get_by_role("button", name="Sign out").click()
    page.context.clear_cookies()
    sign_in(page, tenant, ann)
    page.get_by_role("link", name="Launchpad").click()
    page.get_by_role("link", name="Time Series Viewer").click()
    expect(page).to_have_url(f"{tenant.url}/static/icon.svg")


def test_every_page_of_roles_fits_a_phone_and_is_readable(page: Page, tenant: World) -> None:
    long, word = "a" * 120, "ω"
    api = tenant.admin
    api.post("/applications", json={"name": "viewer", "title": f"{word} {'مرحبا ' * 8}😀"})
    tenant.define(f"{long}:x")
    api.post("/roles", json={"name": long, "scopes": [f"{long}:x"], "includes": [REPORTER]})
    group = api.post("/groups", json={"name": "😀" * 40}).json()["id"]
    api.put(f"/principals/{group}/roles/{long}").raise_for_status()
    api.put(f"/groups/{group}/members/{tenant.admin_email}").raise_for_status()
    sign_in(page, tenant, tenant.admin_email)
    page.set_viewport_size({"width": 320, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        for path in (
            "/applications", "/applications/viewer", "/applications/viewer/roles/user",
            "/roles", f"/roles/{long}", f"/roles/{long}/compose", f"/roles/{long}/delete",
            "/catalogue?q=asm.r", "/revisions", "/principals", f"/principals/{tenant.admin_email}",
            "/groups", f"/groups/{group}", f"/why?principal={tenant.admin_email}&scope=asm.r",
            f"/who-can?scope={long}:x", f"/why?principal={tenant.admin_email}&scope={long}:x",
            "/role-mappings",
        ):  # fmt: skip
            page.goto(f"{tenant.url}/workspaces/{tenant.slug}{path}")
            check_page(page)
        page.goto(f"{tenant.url}/launchpad")
        check_page(page)
