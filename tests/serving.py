"""The server in a thread of the tests' own process: real HTTP and a frozen clock at once."""

from __future__ import annotations

import faulthandler
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn

from scopewright import app
from scopewright.clock import Clock
from scopewright.settings import Settings
from tests.migrated import migrate_at

START_SECONDS = 20
STOP_SECONDS = 30


@contextmanager
def serving(settings: Settings, *, clock: Clock) -> Iterator[str]:
    """The public URL of a server that answers; its database is migrated first."""
    migrate_at(settings.database.url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        public = settings.server.model_copy(update={"public_url": url})
        application = app.build(settings.model_copy(update={"server": public}), clock=clock)
        server = uvicorn.Server(
            uvicorn.Config(
                application,
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="on",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield url
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS)
            if thread.is_alive():
                faulthandler.dump_traceback()  # where it hangs
                raise AssertionError("the server did not stop")


def _wait_until_started(server: uvicorn.Server, thread: Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server ended while it started"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
