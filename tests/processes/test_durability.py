"""What the server has answered is on the disk: after a kill, and as the kernel sees it."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.postgres import Cluster, running_cluster
from tests.processes.conftest import WITHOUT_LETTER_LIMITS, database_of
from tests.servers import Installation
from tests.visitors import Person
from tests.worlds import KnownClient, World

KILLS, PATIENCE = 20, 30  # seconds
MARKER = re.compile(r"(?:dp|tok)_[0-9a-z]{26}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}|s[0-9]+:mark")


# --- killed twenty times ------------------------------------------------------------------------


@dataclass
class Writers:
    """People and programs that go on writing while their server is killed, and remember answers."""

    world: World
    person: Person
    device: KnownClient
    endpoint: str
    clients: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    datapoints: set[str] = field(default_factory=set)
    refresh_tokens: list[str] = field(default_factory=list)
    scopes: int = 0

    def write_until(self, stop: threading.Event) -> list[threading.Thread]:
        """Start them all."""
        kinds = (self._register, self._grant, self._submit, self._begin_session)
        threads = [threading.Thread(target=self._repeat, args=(kind, stop)) for kind in kinds]
        for thread in threads:
            thread.start()
        return threads

    @property
    def answered(self) -> list[int]:
        """How many of each kind."""
        kept = (self.clients, self.grants, self.datapoints, self.refresh_tokens)
        return [len(answers) for answers in kept]

    def wait_for_answers(self, *, since: list[int]) -> None:
        """Until every kind has had two: so the next of each is under way."""
        deadline = time.monotonic() + PATIENCE
        while any(now < then + 2 for now, then in zip(self.answered, since, strict=True)):
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def _repeat(self, kind: Callable[[httpx.Client], None], stop: threading.Event) -> None:
        with httpx.Client(base_url=self.world.url, timeout=10, verify=False) as http:
            while not stop.is_set():
                try:
                    kind(http)
                except (httpx.TransportError, httpx.HTTPStatusError):
                    time.sleep(0.01)  # the kill took it

    def _post(self, http: httpx.Client, path: str, body: Any) -> Any:
        url = f"/api/workspaces/{self.world.slug}{path}"
        answer = http.post(url, json=body, headers=self.world.as_bearer(self.world.api_key))
        return answer.raise_for_status().json()

    def _register(self, http: httpx.Client) -> None:
        body = {"name": "one of many", "type": "client_credentials"}
        self.clients.add(self._post(http, "/clients", body)["client_id"])

    def _grant(self, http: httpx.Client) -> None:
        self.scopes += 1
        name = f"s{self.scopes}:read"
        self._post(http, "/scopes", {"name": name})
        self._post(http, f"/clients/{self.device.id}/scopes", {"scope": name})
        self.grants.add(name)

    def _submit(self, http: httpx.Client) -> None:
        headers = self.world.as_bearer(self.world.api_key)
        rows = [{"value": number} for number in range(20)]
        answer = http.post(self.endpoint, json=rows, headers=headers).raise_for_status()
        self.datapoints.update(answer.json()["ids"])

    def _begin_session(self, _http: httpx.Client) -> None:
        self.refresh_tokens.append(self.person.session()["refresh_token"])


@pytest.fixture(scope="session")
def postgres_cluster(durable_cluster: Cluster) -> Cluster:
    """One that loses nothing by a power cut."""
    return durable_cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    url = database_of(request, tmp_path)
    with Installation(tmp_path, url, WITHOUT_LETTER_LIMITS) as installation:
        yield installation


def test_twenty_kills_under_load_lose_nothing_that_was_answered(installed: Installation) -> None:
    init = installed.found()
    server = installed.serve()
    world = World.at(server.url, init, installed.letters)
    writers = _writers(world)
    for _ in range(KILLS):
        stop, before = threading.Event(), writers.answered
        threads = writers.write_until(stop)
        writers.wait_for_answers(since=before)
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server = installed.serve()
    _assert_all_is_there(writers)


def _writers(world: World) -> Writers:
    world.end_user("ann@example.com", scopes=["sensor:read"])
    app = world.phone_app()
    person = world.person("ann@example.com", app)
    person.session()  # signed in from now on
    made = world.admin.post("/endpoints", json={"name": "Sensors"})
    assert made.status_code == 201, made.text
    return Writers(world, person, world.device(), f"/data/{world.slug}/sensors")


def _assert_all_is_there(writers: Writers) -> None:
    world = writers.world
    assert writers.clients <= {row["client_id"] for row in _all(world, "/clients")}
    granted = _all(world, f"/clients/{writers.device.id}/scopes")
    assert writers.grants <= {row["scope"] for row in granted}
    assert writers.datapoints <= {row["id"] for row in _all(world, "/datapoints")}
    app = KnownClient(writers.person.client_id)
    for token in writers.refresh_tokens:
        assert world.refresh(app, token).status_code == 200


def _all(world: World, path: str) -> Iterator[dict[str, Any]]:
    """Every row of a list, page by page."""
    url: str | None = f"{world.admin.base_url}".rstrip("/") + f"{path}?limit=1000"
    while url is not None:
        page = world.admin.get(url)
        assert page.status_code == 200, page.text
        yield from page.json()["data"]
        url = page.json()["next_page"]


# --- as the kernel sees it ----------------------------------------------------------------------


@dataclass
class Trace:
    """What a traced process wrote to its write-ahead log, and when it was on the disk.

    Times are seconds since 1970. `synced` are the beginnings and ends of syncs of the log.
    """

    written: dict[str, float] = field(default_factory=dict)
    synced: list[tuple[float, float]] = field(default_factory=list)

    def is_on_disk(self, marker: str, *, by: float) -> bool:
        """Whether a sync of the log began after the write and was over by then."""
        if marker not in self.written:
            return False
        return any(self.written[marker] < begun and ended < by for begun, ended in self.synced)


CALL = re.compile(r"(\d+) +(\d+\.\d+) (.*)", re.DOTALL)


def read_trace(lines: list[str]) -> Trace:
    """The trace of `strace -f -ttt -y`."""
    trace, syncing = Trace(), dict[str, float]()
    for line in lines:
        found = CALL.fullmatch(line.strip())
        if found is None:
            continue
        thread, at, call = found[1], float(found[2]), found[3]
        is_log = "-wal>" in call or "/pg_wal/" in call
        if call.startswith(("pwrite64(", "write(", "pwritev(")) and is_log:
            for marker in MARKER.findall(call):
                trace.written.setdefault(marker, at)
        elif call.startswith(("fsync(", "fdatasync(")) and is_log:
            syncing[thread] = at
            if "= 0" in call:
                took = float(re.search(r"<(\d+\.\d+)>$", call)[1])  # type: ignore[index]
                trace.synced.append((syncing.pop(thread), at + took))
        elif re.match(r"<\.\.\. f(data)?sync resumed", call) and thread in syncing:
            trace.synced.append((syncing.pop(thread), at))
    return trace


def tracer(file: Path) -> tuple[str, ...]:
    strace = shutil.which("strace")
    assert strace, "strace is missing; `make test` installs it"
    calls = "trace=write,pwrite64,pwritev,fsync,fdatasync"
    # -D: the tracer is the grandchild, so that signals reach the traced program itself.
    return (strace, "-D", "-f", "-ttt", "-T", "-y", "-s", "70000", "-e", calls, "-o", str(file))


@pytest.fixture(params=["sqlite", "postgresql"])
def traced(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[World, Path]]:
    """A workspace whose database is watched, and the trace."""
    if request.param == "sqlite":
        trace = tmp_path / "trace"
        url = f"sqlite:///{tmp_path / 'scopewright.db'}"
        with Installation(tmp_path, url) as installation:
            init = installation.found()
            server = installation.serve(under=tracer(trace))
            yield World.at(server.url, init, installation.letters), trace
        return
    with (
        running_cluster(under=lambda folder: tracer(folder / "trace")) as cluster,
        Installation(tmp_path, cluster.create_database()) as installation,
    ):
        init = installation.found()
        server = installation.serve()
        yield World.at(server.url, init, installation.letters), cluster.folder / "trace"


def test_every_answer_comes_after_a_sync_that_follows_its_write(
    traced: tuple[World, Path],
) -> None:
    world, file = traced
    answered = _answers(world)
    time.sleep(0.5)  # the tracer writes its lines behind what it sees
    trace = read_trace(file.read_text(errors="replace").splitlines())
    assert len(answered) == 50
    assert [m for m, at in answered.items() if not trace.is_on_disk(m, by=at)] == []


def test_the_trace_would_tell_of_answers_that_came_too_early() -> None:
    marker = "dp_" + "0" * 26
    written = f'7 100.5 pwrite64(9</data/x.db-wal>, "{marker}", 4096, 0) = 4096 <0.00001>'
    synced = "7 100.6 fdatasync(9</data/x.db-wal>) = 0 <0.1>"
    unfinished = ["7 100.6 fdatasync(9</data/x.db-wal> <unfinished ...>", "8 100.61 write(1, 2)"]
    resumed = "7 100.7 <... fdatasync resumed>) = 0 <0.1>"
    assert read_trace([written, synced]).is_on_disk(marker, by=100.8)
    assert read_trace([written, *unfinished, resumed]).is_on_disk(marker, by=100.8)
    assert not read_trace([written, synced]).is_on_disk(marker, by=100.65)
    assert not read_trace([synced.replace("100.6", "100.4"), written]).is_on_disk(marker, by=101)
    assert not read_trace([written, *unfinished]).is_on_disk(marker, by=101)
    assert not read_trace([synced]).is_on_disk(marker, by=101)


def _answers(world: World) -> dict[str, float]:
    """Names that were written one after the other, and when each was answered."""
    device = world.device()
    assert world.admin.post("/endpoints", json={"name": "Sensors"}).status_code == 201
    answered: dict[str, float] = {}
    for number in range(10):
        client = world.register("client_credentials")
        answered[client.id] = time.time()
        assert world.admin.post("/scopes", json={"name": f"s{number}:mark"}).is_success
        answered[f"s{number}:mark"] = time.time()
        for _ in range(2):
            sent = world.http.post(
                f"/data/{world.slug}/sensors",
                json={"value": number},
                headers=world.as_bearer(world.api_key),
            )
            received = time.time()
            answered[sent.json()["ids"][0]] = received
        token = world.access_token(device)
        received = time.time()
        answered[world.introspect(device, token)["jti"]] = received
    return answered
