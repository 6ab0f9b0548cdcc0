"""`demo`: a workspace filled with real measurements on the first start, and a server around it."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from scopewright.cli.configuration import ConfigOption, read_settings
from scopewright.cli.output import say
from scopewright.cli.serve import bound, on_port, run
from scopewright.cli.setup import migrate_database

if TYPE_CHECKING:
    import httpx

    from scopewright.app import Application
    from scopewright.demo.browser import Mailbox
    from scopewright.settings import Settings

FOLDER = Path("scopewright-data/demo")
LINK_LIFETIME = timedelta(days=1)
_WITHOUT_LIMIT = 1_000_000  # letters, while nobody but this process can ask for any


def demo(
    port: Annotated[int | None, typer.Option(help="0 takes any free port.")] = None,
    config: ConfigOption = None,
) -> None:
    """Serve a filled workspace to look around in; it is kept in scopewright-data/demo."""
    from scopewright import log

    log.configure(logging.WARNING)
    settings = _with_a_gateway(read_settings(config, server__port=port).settings)
    with bound(settings) as listener:
        settings = on_port(settings, listener)
        if not FOLDER.exists():
            _make(settings)
        settings = _kept_in(FOLDER, settings)
        migrate_database(settings)
        _introduce(settings, asyncio.run(_sign_in_link(settings)))
        run(settings, listener)


def _make(settings: Settings) -> None:
    """Fill a folder beside it and rename it, so that it is there whole or not at all."""
    started = perf_counter()
    say("Filling the demo with a year of hourly weather at the airports of New York …")
    unfinished = FOLDER.with_name(f"{FOLDER.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    within = _kept_in(unfinished, settings)
    migrate_database(within)
    count = asyncio.run(_play(within, unfinished))
    unfinished.rename(FOLDER)
    say(f"{count:,} observations in {perf_counter() - started:.1f} s.")


def _with_a_gateway(settings: Settings) -> Settings:
    """Unless proxies are named, one on this machine is believed, so that the example has one."""
    trusted = settings.server.trusted_proxies or ("127.0.0.1", "::1")
    server = settings.server.model_copy(update={"trusted_proxies": trusted})
    return settings.model_copy(update={"server": server})


def _kept_in(folder: Path, settings: Settings) -> Settings:
    database = settings.database.model_copy(update={"url": f"sqlite:///{folder}/scopewright.db"})
    return settings.model_copy(update={"database": database})


async def _play(settings: Settings, folder: Path) -> int:
    from scopewright.demo import scenario, tenant

    async with _server(settings) as (application, http, mailbox):
        made = application.services.founding.initialise(
            name=scenario.WORKSPACE, slug=scenario.SLUG, admin_email=scenario.ADMIN
        )
        issuer, api_key = made["issuer"], made["api_key"]
        assert issuer is not None
        assert api_key is not None  # the database is new
        _keep(_key_file(folder), api_key)
        _keep(_tenant_key_file(folder), await tenant.found(http, api_key=api_key))
        played = scenario.Scenario(http, mailbox, issuer=issuer, api_key=api_key)
        return await played.play()


async def _sign_in_link(settings: Settings) -> str:
    from scopewright.demo.browser import Browser
    from scopewright.demo.scenario import ADMIN

    async with _server(settings) as (_, http, mailbox):
        return await Browser(http, mailbox).ask_for_link(ADMIN)


@asynccontextmanager
async def _server(
    settings: Settings,
) -> AsyncIterator[tuple[Application, httpx.AsyncClient, Mailbox]]:
    """The real application in this process, asked over HTTP without a socket."""
    import httpx

    from scopewright import app
    from scopewright.demo.browser import Mailbox

    mailbox = Mailbox()
    patient = {"link_lifetime": LINK_LIFETIME, "letters": _WITHOUT_LIMIT}
    sign_in = settings.sign_in.model_copy(update={**patient, "letters_a_source": _WITHOUT_LIMIT})
    application = app.build(settings.model_copy(update={"sign_in": sign_in}), mailer=mailbox)
    transport = httpx.ASGITransport(application)
    try:
        async with httpx.AsyncClient(transport=transport, base_url=settings.server.url) as http:
            yield application, http, mailbox
    finally:
        await application.close()


def _introduce(settings: Settings, link: str) -> None:
    from scopewright.demo.scenario import ADMIN, SLUG

    url, key = settings.server.url, _key_file(FOLDER).read_text()
    say(f"\nThe demo is at {url}, its workspace is called {SLUG}.")
    say(f"\nSign in as its administrator, {ADMIN} (the page asks for this address):\n\n{link}")
    say("\nRead the newest observation, with who sent it:\n")
    say(f"curl -H 'Authorization: Bearer {key}' '{url}/api/workspaces/{SLUG}/datapoints?limit=1'\n")
    if _tenant_key_file(FOLDER).exists():  # a folder of an earlier version has no such workspace
        say("An application with roles of its own is in mytenant: examples/timeseriesviewer.\n")


def _key_file(folder: Path) -> Path:
    return folder / "api-key"


def _tenant_key_file(folder: Path) -> Path:
    return folder / "mytenant-key"


def _keep(file: Path, key: str) -> None:
    """For its owner's eyes alone."""
    file.touch(mode=0o600)
    file.write_text(key)
