"""`serve`: the server's processes, their socket, and how they end."""

from __future__ import annotations

import gc
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scopewright.cli.configuration import ConfigOption, DatabaseOption, read_settings
from scopewright.cli.output import Failure, say
from scopewright.cli.setup import refuse_unready

if TYPE_CHECKING:
    import uvicorn

    from scopewright.app import Application
    from scopewright.settings import ServerSettings, Settings

BACKLOG = 2048
STOP_SECONDS = 3  # streams of events stay open for ever; they are cut after this long
KEEP_ALIVE_SECONDS = 75  # longer than a proxy keeps its idle connections, so that it closes first


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes.")] = None,
    database: DatabaseOption = None,
    public_url: Annotated[str | None, typer.Option(help="How the world reaches it.")] = None,
    tls_certificate: Annotated[str | None, typer.Option(help="PEM file: serve https.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="PEM file: its private key.")] = None,
    tls_client_ca: Annotated[str | None, typer.Option(help="PEM file: clients' issuers.")] = None,
    config: ConfigOption = None,
) -> None:
    """Serve until told to stop. Refuses a database with an older schema."""
    settings = read_settings(
        config,
        server__host=host,
        server__port=port,
        server__workers=workers,
        server__public_url=public_url,
        server__tls_certificate=tls_certificate,
        server__tls_key=tls_key,
        server__tls_client_ca=tls_client_ca,
        database__url=database,
    ).settings
    refuse_unready(settings)
    with bound(settings) as listener:
        run(on_port(settings, listener), listener)


def bound(settings: Settings) -> socket.socket:
    """The socket of the server's address, which all processes share. It does not listen yet.

    Raises:
        Failure: the address is taken or not ours.
    """
    host, port = settings.server.host, settings.server.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        why = error.strerror or error
        raise Failure(
            f"cannot listen at {host}:{port}: {why}; choose with --host and --port"
        ) from None
    return listener


def on_port(settings: Settings, listener: socket.socket) -> Settings:
    """The settings with the port that is really taken."""
    server = settings.server.model_copy(update={"port": listener.getsockname()[1]})
    return settings.model_copy(update={"server": server})


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve in this process, or in several that this one watches, until told to stop."""
    import uvicorn

    server = settings.server
    config = uvicorn.Config(
        partial(make_application, settings),
        factory=True,
        loop="uvloop",
        **_protocol(server),
        ws="none",
        interface="asgi3",
        workers=server.workers,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=BACKLOG,
    )
    signal.signal(signal.SIGTERM, _already_handled)
    if server.workers > 1:
        from uvicorn.supervisors import Multiprocess

        say(f"Scopewright starts {server.workers} processes to answer at {server.url}")
        Multiprocess(config, sockets=[listener]).run()
    else:
        _serve_here(config, listener, f"Scopewright answers at {server.url}")


def _protocol(server: ServerSettings) -> dict[str, Any]:
    """Plain HTTP, or https where there is a certificate to serve it with."""
    from scopewright.cli.protocol import Protocol
    from scopewright.cli.tls import tls_options

    if not server.tls_certificate:
        return {"http": Protocol}
    return tls_options(server)


def make_application(settings: Settings) -> Application:
    """The application of one process."""
    from scopewright import app, log
    from scopewright.settings.authentication import without_meaning

    log.configure()
    unheeded = without_meaning(settings.authentication, trees=bool(settings.trees))
    for name, instead in unheeded.items():
        log.logger().warning("without meaning here", setting=name, instead=instead)
    application = app.build(settings)
    # What exists now stays for ever: looking at it in each collection costs a tenth of a request.
    gc.collect()
    gc.freeze()
    return application


def _serve_here(config: uvicorn.Config, listener: socket.socket, ready: str) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                say(ready)

    Server(config).run(sockets=[listener])


def _already_handled(_signal: int, _frame: Any) -> None:
    """uvicorn raises the signal that stopped it once more, for those who want to die of it."""
