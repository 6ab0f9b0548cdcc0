"""What IoTMan's Access tab shows, in Chromium, a test a behaviour.

The number in a test's name is the behaviour's, as in `tests/dialects/test_iotman.py`; where only a
page can show one, `docs/seeds.md` shows its docstring.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.pages import CONTRAST
from tests.migrated import migrated_file
from tests.servers import Installation
from tests.visitors import REDIRECT_URI, a_browser, an_address, sign_in
from tests.worlds import KnownClient, World

BEYOND = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth)
    .map((e) => e.outerHTML.slice(0, 90))
"""
LONG = "a" * 120 + ":read"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workspace that was there first; letters are not limited."""
    folder = tmp_path_factory.mktemp("access")
    environment = {
        "SCOPEWRIGHT_SIGN_IN__LETTERS_A_SOURCE": "10000",
        "SCOPEWRIGHT_SIGN_IN__LETTERS": "10000",
    }
    url = migrated_file(folder / "scopewright.db")
    with Installation(folder, database_url=url, environment=environment) as installed:
        made = installed.found()
        installed.serve()
        yield World.at(installed.url, made, installed.letters)


@pytest.fixture(scope="module")
def cookies(first: World) -> list[dict[str, str]]:
    """The sign-in of the administrator, who administers every workspace of this file."""
    browser = a_browser(follow_redirects=True)
    sign_in(browser, first.url, first.mailbox(first.admin_email))
    return [
        {"name": one.name, "value": one.value or "", "url": first.url}
        for one in browser.cookies.jar
    ]


@pytest.fixture
def world(first: World) -> World:
    """A workspace of the test's own."""
    return first.another()


class Tab:
    """The administrator's browser at a workspace."""

    def __init__(self, page: Page, world: World) -> None:
        self.page, self.world = page, world

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.world.url}/workspaces/{self.world.slug}{path}")
        return self.page

    def row(self, name: str) -> Locator:
        """The row of a list that is headed by a name."""
        head = self.page.get_by_role("rowheader", name=name)
        return self.page.get_by_role("row").filter(has=head)


@pytest.fixture
def tab(page: Page, world: World, cookies: list[dict[str, str]]) -> Tab:
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return Tab(page, world)


def presets(world: World) -> list[set[str]]:
    """The scopes of the three presets, from the smallest on."""
    return [set(one["scopes"]) for one in world.admin.get("/vocabulary").json()["presets"]]


def held(world: World, address: str) -> set[str]:
    row = world.admin.get(f"/end-users/{quote(address)}").json()
    return {*row["scopes"], *row["internal_scopes"]}


def ticked(page: Page) -> set[str]:
    """The internal scopes that are ticked."""
    boxes = page.locator("input[name=internal_scopes]:checked")
    return set(boxes.evaluate_all("all => all.map((box) => box.value)"))


def scopes_in(cell: Locator) -> list[str]:
    """The scopes on the badges of a cell."""
    return cell.locator(".token code").all_inner_texts()


def unfold_internal(page: Page) -> None:
    page.get_by_text("Internal API scopes (iotman:)").click()


# --- scopes -------------------------------------------------------------------------------------


def test_001_the_workspaces_uuid_can_be_copied(tab: Tab) -> None:
    """The workspace shows a UUID."""
    page = tab.open("/scopes")
    expect(page.locator("#workspace-id")).to_have_text(tab.world.id)
    page.get_by_role("button", name="Copy").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == tab.world.id


def test_012_a_description_is_shown(tab: Tab) -> None:
    """What is written beside a scope when it is defined is shown with it."""
    page = tab.open("/scopes")
    page.get_by_label("Name", exact=True).fill("sensor:read")
    page.get_by_label("Description").fill("See what it measures")
    page.get_by_role("button", name="Save").click()
    expect(tab.row("sensor:read")).to_contain_text("See what it measures")


def test_017_a_deleted_scope_is_in_no_list_and_no_picker(tab: Tab) -> None:
    """Deleting a scope takes it off the list and out of everything from which one chooses."""
    tab.world.define("sensor:read", "video:gold")
    page = tab.open("/scopes")
    tab.row("sensor:read").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("rowheader", name="video:gold")).to_be_visible()
    expect(page.get_by_role("rowheader", name="sensor:read")).to_have_count(0)
    for path in ("/end-users", "/end-users/invite", f"/clients?scopes={tab.world.device().id}"):
        content = tab.open(path).content()
        assert "video:gold" in content
        assert "sensor:read" not in content


# --- end-users ----------------------------------------------------------------------------------


def test_020_an_invitation_makes_a_row_and_sends_a_link(tab: Tab) -> None:
    """An address and one scope suffice: there is a row, and exactly one letter with a link."""
    tab.world.define("sensor:read")
    address = an_address("new")
    page = tab.open("/end-users")
    page.get_by_role("link", name="+ Invite end-user").click()
    page.get_by_label("Email address").fill(address)
    page.get_by_label("sensor:read").check()
    page.get_by_role("button", name="Invite").click()
    expect(tab.row(address)).to_contain_text("sensor:read")
    assert tab.world.mailbox(address).link().startswith(tab.world.url)
    assert len(tab.world.mailbox(address).letters()) == 1


def test_023_both_kinds_are_chosen_at_once_and_shown_apart(tab: Tab) -> None:
    """Invited with scopes of both kinds, a person's row lists each kind for itself."""
    tab.world.define("sensor:read")
    address = an_address("both")
    page = tab.open("/end-users/invite")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("sensor:read").check()
    unfold_internal(page)
    page.get_by_label("iotman:endpoints:create").check()
    page.get_by_label("Email address").press("Enter")  # presses the last button, no chip
    own, internal, _ = tab.row(address).get_by_role("cell").all()
    assert scopes_in(own) == ["sensor:read"]
    assert scopes_in(internal) == ["iotman:endpoints:create"]


def test_028_end_users_see_no_workspace(tab: Tab, browser: Browser) -> None:
    """An end-user who is signed in finds no page that manages, whichever is asked for."""
    address = an_address("out")
    tab.world.end_user(address, internal_scopes=["iotman:endpoints:read"])
    assert tab.world.mailbox(address).link()  # else the invitation is taken for the next letter
    person = a_browser(follow_redirects=True)
    sign_in(person, tab.world.url, tab.world.mailbox(address))
    for path in ("", "/scopes", "/end-users", "/clients", "/sessions"):
        page = person.get(f"{tab.world.url}/workspaces/{tab.world.slug}{path}")
        assert page.status_code == 404
        assert tab.world.id not in page.text


def test_034_a_scope_is_added_in_the_row_without_a_letter(tab: Tab) -> None:
    """Giving somebody another scope shows in the row and sends nothing."""
    tab.world.define("video:gold")
    address = an_address("ann")
    tab.world.end_user(address, scopes=["sensor:read"])
    page = tab.open("/end-users")
    own, internal, _ = tab.row(address).get_by_role("cell").all()
    for cell, scope in ((own, "video:gold"), (internal, "iotman:data:read")):
        cell.get_by_text("+ scope").click()
        field = cell.get_by_role("combobox")
        offered = page.locator(f"#{field.get_attribute('list')} option")
        assert scope in offered.evaluate_all("all => all.map((one) => one.value)")
        field.fill(scope)
        field.press("Enter")
        expect(cell.locator(".token", has_text=scope)).to_be_visible()
    assert held(tab.world, address) == {"sensor:read", "video:gold", "iotman:data:read"}
    assert len(tab.world.mailbox(address).letters()) == 1  # the invitation


def test_036_a_cross_revokes_one_scope_only(tab: Tab) -> None:
    """Taking a scope back leaves the person's other scopes where they are."""
    address = an_address("ann")
    tab.world.end_user(address, scopes=["sensor:read", "video:gold"])
    tab.open("/end-users")
    tab.row(address).get_by_role("button", name="Revoke sensor:read").click()
    own = tab.row(address).get_by_role("cell").first
    expect(own.locator(".token")).to_have_count(1)
    assert scopes_in(own) == ["video:gold"]
    assert held(tab.world, address) == {"video:gold"}


def test_052_a_preset_chooses_all_that_was_not_chosen(tab: Tab) -> None:
    """A click on a preset with some of its scopes chosen leaves all of them chosen."""
    read_only = presets(tab.world)[0]
    page = tab.open("/end-users/invite")
    unfold_internal(page)
    page.get_by_label("iotman:audit:read").check()
    page.get_by_label("iotman:keys:rotate").check()
    page.get_by_role("button", name="Read-only").click()
    assert ticked(page) == read_only | {"iotman:keys:rotate"}
    expect(page.get_by_role("button", name="Read-only")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Operator")).to_have_attribute("aria-pressed", "false")


def test_053_a_preset_that_is_all_chosen_is_cleared(tab: Tab) -> None:
    """A second click takes back every scope of the preset and nothing beside them."""
    page = tab.open("/end-users/invite")
    unfold_internal(page)
    page.get_by_label("iotman:keys:rotate").check()
    page.get_by_role("button", name="Operator").click()
    page.get_by_role("button", name="Operator").click()
    assert ticked(page) == {"iotman:keys:rotate"}
    page.get_by_role("button", name="All members").click()
    assert {scope.split(":")[1] for scope in ticked(page)} == {"keys", "members"}
    page.get_by_role("button", name="All members").click()
    assert ticked(page) == {"iotman:keys:rotate"}


def test_054_single_boxes_change_a_preset(tab: Tab) -> None:
    """A preset with one scope less and one more is stored as just that."""
    read_only = presets(tab.world)[0]
    address = an_address("tuned")
    page = tab.open("/end-users/invite")
    page.get_by_label("Email address").fill(address)
    unfold_internal(page)
    page.get_by_role("button", name="Read-only").click()
    page.get_by_label("iotman:audit:read").uncheck()
    expect(page.get_by_role("button", name="Read-only")).to_have_attribute("aria-pressed", "false")
    page.get_by_label("iotman:endpoints:create").check()
    page.get_by_role("button", name="Invite", exact=True).last.click()
    expect(tab.row(address)).to_be_visible()
    wanted = read_only - {"iotman:audit:read"} | {"iotman:endpoints:create"}
    assert held(tab.world, address) == wanted


# --- clients ------------------------------------------------------------------------------------


def register(tab: Tab, type: str, *, redirect: bool) -> Page:
    """A new client by the form."""
    page = tab.open("/clients")
    page.get_by_role("link", name="+ New client").click()
    page.get_by_label("Name", exact=True).fill("Under test")
    page.get_by_role("radio", name=type).check()
    if redirect:
        page.get_by_label("Redirect URIs").fill(REDIRECT_URI)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("The client Under test is registered.")).to_be_visible()
    return page


def test_062_a_public_client_has_no_secret(tab: Tab) -> None:
    """A client with PKCE is registered with its redirect URI, and there is no secret."""
    page = register(tab, "Authorization code with PKCE", redirect=True)
    expect(page.locator(".secret-text")).to_have_count(0)
    expect(page.get_by_label("Redirect URIs")).to_have_value(REDIRECT_URI)


def test_063_a_confidential_client_has_a_secret(tab: Tab) -> None:
    """A client with its own server is registered with its redirect URI and gets a secret."""
    page = register(tab, "Authorization code An app with a server", redirect=True)
    expect(page.locator(".secret-text")).to_be_visible()
    expect(page.get_by_label("Redirect URIs")).to_have_value(REDIRECT_URI)


def test_064_a_machine_has_a_secret_and_no_redirect(tab: Tab) -> None:
    """A client that acts for itself gets a secret; a redirect URI is asked for nowhere."""
    page = register(tab, "Client credentials", redirect=False)
    expect(page.locator(".secret-text")).to_be_visible()
    expect(page.get_by_label("Redirect URIs")).to_have_count(0)


def test_066_a_secret_is_in_no_later_page(tab: Tab) -> None:
    """The secret stands on the page after the form, and on no later one."""
    page = register(tab, "Client credentials", redirect=False)
    secret, here = page.locator("#secret").inner_text(), page.url
    client = KnownClient(here.rpartition("/")[2], secret)
    assert secret not in here
    assert tab.world.token(client).status_code == 200
    for path in (f"/clients/{client.id}", "/clients", f"/clients?scopes={client.id}"):
        assert secret not in tab.open(path).content()


def test_084_a_clients_lists_are_apart(tab: Tab) -> None:
    """A client's own and internal scopes are listed each for themselves."""
    device = tab.world.device(scopes=["sensor:read", "iotman:endpoints:read"])
    page = tab.open(f"/clients?scopes={device.id}")
    own, internal = page.locator("tr.panel .kinds > div").all()
    assert scopes_in(own) == ["sensor:read"]
    assert scopes_in(internal) == ["iotman:endpoints:read"]


def test_085_clients_for_people_have_no_panel(tab: Tab) -> None:
    """Scopes are unfolded for machines only; those of people's clients are the people's."""
    tab.world.register("pkce", name="Phone")
    tab.world.register("authorization_code", name="Portal")
    tab.world.register("device", name="Screen")
    tab.world.register("client_credentials", name="Boiler")
    tab.open("/clients")
    for name, number in (("Phone", 0), ("Portal", 0), ("Screen", 0), ("Boiler", 1)):
        expect(tab.row(name).get_by_role("link", name="Scopes")).to_have_count(number)


# --- the page -----------------------------------------------------------------------------------


def test_116_the_internal_section_is_folded_and_its_presets_come_first(tab: Tab) -> None:
    """Inviting, one finds the internal scopes folded away, and the presets above the catalogue."""
    page = tab.open("/end-users/invite")
    section = page.locator("details.internal")
    assert section.get_attribute("open") is None
    catalogue, chip = section.locator(".catalogue"), page.get_by_role("button", name="Full access")
    expect(catalogue).to_be_hidden()
    unfold_internal(page)
    expect(catalogue).to_be_visible()
    above, below = chip.bounding_box(), catalogue.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    groups = section.get_by_role("group").locator("legend").all_inner_texts()
    assert [one.split()[0] for one in groups[:4]] == [
        "workspace", "members", "endpoints", "mqtt-configs",
    ]  # fmt: skip


def test_117_internal_scopes_have_a_tint_and_a_label(tab: Tab) -> None:
    """Internal scopes are told from the workspace's own at a glance, and by a heading too."""
    address = an_address("ann")
    tab.world.end_user(address, scopes=["sensor:read"], internal_scopes=["iotman:data:read"])
    page = tab.open("/end-users")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        own, internal, _ = tab.row(address).get_by_role("cell").all()
        colour = "e => getComputedStyle(e.querySelector('.token')).backgroundColor"
        assert own.evaluate(colour) != internal.evaluate(colour)
        red, _, blue = (int(x) for x in re.findall(r"\d+", internal.evaluate(colour))[:3])
        assert blue > red + 20
        assert page.evaluate(CONTRAST) == []
    expect(page.get_by_role("columnheader", name="Internal API (iotman:)")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 800})
    label = internal.evaluate("e => getComputedStyle(e, '::before').content")
    assert "Internal API (iotman:)" in label


def test_118_a_redirect_uri_is_asked_for_where_people_act(tab: Tab) -> None:
    """A redirect URI is asked for only where people will act."""
    page = tab.open("/clients/new")
    field = page.get_by_label("Redirect URIs")
    expect(field).to_be_hidden()
    for name, shown in (
        ("Authorization code with PKCE", True),
        ("Client credentials", False),
        ("Authorization code An app", True),
        ("Device A screen", False),
    ):
        page.get_by_role("radio", name=name).check()
        expect(field).to_be_visible(visible=shown)


def test_119_a_secret_can_be_copied_and_is_gone_after_reload(tab: Tab) -> None:
    """A new secret can be copied once, and is gone when the page is loaded again."""
    page = register(tab, "Client credentials", redirect=False)
    secret = page.locator("#secret").inner_text()
    page.locator(".done").get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Under test")
    assert secret not in page.content()


def test_120_a_machines_scopes_unfold_in_its_row(tab: Tab) -> None:
    """A machine's scopes unfold in its row, with badges, pickers and presets."""
    tab.world.define("video:gold")
    device = tab.world.register("client_credentials", name="Boiler 7")
    tab.world.grant_client(device, "sensor:read")
    page = tab.open("/clients")
    button = tab.row("Boiler 7").get_by_role("link", name="Scopes")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    own, internal = page.locator("tr.panel .kinds > div").all()
    own.get_by_text("+ scope").click()
    own.get_by_role("combobox").fill("video:gold")
    own.get_by_role("button", name="Give").click()
    expect(own.locator(".token", has_text="video:gold")).to_be_visible()
    own.get_by_role("button", name="Revoke sensor:read").click()
    expect(own.locator(".token")).to_have_count(1)
    internal.get_by_role("button", name="Read-only").click()
    read_only = presets(tab.world)[0]
    expect(internal.locator(".token")).to_have_count(len(read_only))
    internal.get_by_text("+ scope").click()
    internal.get_by_role("combobox").fill("iotman:endpoints:create")
    internal.get_by_role("button", name="Give").click()
    expect(internal.locator(".token", has_text="endpoints:create")).to_be_visible()
    stored = tab.world.admin.get(f"/clients/{device.id}").json()
    assert stored["scopes"] == ["video:gold"]
    assert set(stored["internal_scopes"]) == read_only | {"iotman:endpoints:create"}
    button.click()
    expect(page.locator("tr.panel")).to_have_count(0)


def test_long_names_and_narrow_screens_leave_nothing_beyond_the_edge(tab: Tab) -> None:
    address = f"{'x' * 60}@{'y' * 60}.example.com"
    tab.world.end_user(address, scopes=[LONG], internal_scopes=[*presets(tab.world)[2]])
    device = tab.world.register("client_credentials", name="ب🛰️" * 40)
    tab.world.grant_client(device, LONG)
    tab.world.admin.put(f"/clients/{device.id}/metadata/a", json={"value": "z" * 300})
    for width in (320, 1280):
        tab.page.set_viewport_size({"width": width, "height": 800})
        for path in (
            "/end-users", f"/end-users/{address}", "/end-users/invite", "/clients",
            f"/clients?scopes={device.id}", f"/clients/{device.id}", "/clients/new", "/sessions",
            f"/clients/{device.id}/metadata?key=a", f"/clients/{device.id}/secret",
        ):  # fmt: skip
            page = tab.open(path)
            wide = page.evaluate(BEYOND)
            assert wide == [], path


def test_the_size_is_measured_while_a_value_is_typed(tab: Tab) -> None:
    device = tab.world.device()
    page = tab.open(f"/clients/{device.id}/metadata")
    page.get_by_label("Value").fill('{ "a": "é" }')
    expect(page.locator("#size")).to_have_text("10 of 8,192 bytes")
    page.get_by_label("Value").fill("x" * 9000)
    expect(page.locator("#size")).to_have_text("9,000 of 8,192 bytes")
    expect(page.locator("#size")).to_have_class(re.compile("over"))


# --- walks --------------------------------------------------------------------------------------


def test_a_revoked_sessions_token_dies(tab: Tab) -> None:
    address, world = an_address("ann"), tab.world
    world.end_user(address, scopes=["sensor:read"])
    assert world.mailbox(address).link()
    app = world.register("pkce", name="Field app")
    tokens = world.person(address, app).session()
    userinfo, bearer = world.metadata["userinfo_endpoint"], world.as_bearer(tokens["access_token"])
    assert world.http.get(userinfo, headers=bearer).status_code == 200
    page = tab.open("/sessions")
    tab.row(address).get_by_role("link", name="Revoke").click()
    expect(page.get_by_text("One session ends at once.")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text(f"The session of {address} at Field app is over.")).to_be_visible()
    assert world.http.get(userinfo, headers=bearer).status_code == 401
    assert world.refresh(app, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_without_scripts_somebody_is_invited_by_a_preset_and_a_client_is_registered(
    browser: Browser, world: World, cookies: list[dict[str, str]]
) -> None:
    world.define("sensor:read")
    with browser.new_context(java_script_enabled=False, locale="en-GB") as context:
        context.add_cookies(cookies)  # type: ignore[arg-type]
        tab, address = Tab(context.new_page(), world), an_address("plain")
        page = tab.open("/end-users/invite")
        page.get_by_label("Email address").fill(address)
        page.get_by_label("sensor:read").check()
        unfold_internal(page)
        page.get_by_role("button", name="Read-only").click()
        expect(page.get_by_label("Email address")).to_have_value(address)
        page.get_by_label("iotman:audit:read").uncheck()
        page.get_by_role("button", name="Invite", exact=True).last.click()
        expect(tab.row(address)).to_be_visible()
        wanted = presets(world)[0] - {"iotman:audit:read"} | {"sensor:read"}
        assert held(world, address) == wanted
        page = tab.open("/clients/new")
        expect(page.get_by_label("Redirect URIs")).to_have_count(0)
        page.get_by_label("Name", exact=True).fill("Plain")
        page.get_by_role("radio", name="Authorization code with PKCE").check()
        page.get_by_role("button", name="Create").click()
        page.get_by_label("Redirect URIs").fill(REDIRECT_URI)
        page.get_by_role("button", name="Create").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Plain")


def test_by_keyboard_alone_a_scope_is_given_and_taken_back(tab: Tab) -> None:
    tab.world.define("video:gold")
    address = an_address("keys")
    tab.world.end_user(address, scopes=["sensor:read"])
    page = tab.open("/end-users")
    to_focus(page, f"+ scope {address}")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("video:gold")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"video:gold is given to {address}.")).to_be_visible()
    to_focus(page, "× Revoke sensor:read")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"sensor:read is taken from {address}.")).to_be_visible()
    assert held(tab.world, address) == {"video:gold"}


def to_focus(page: Page, text: str) -> None:
    """Press Tab until what says this has the focus, and shows it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        said, outline = page.evaluate(
            "() => [document.activeElement.textContent.trim(),"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        if " ".join(said.split()).replace("×Revoke", "× Revoke") == text:
            assert outline != "none"
            return
    raise AssertionError(f"{text} cannot be reached by Tab")
