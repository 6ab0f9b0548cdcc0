"""The demo: filled with the whole record, quick the second time, and what it prints works."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from scopewright.demo.weather import observations
from tests.ports import free_port
from tests.servers import COMMAND

SETUP = Path(__file__).parents[2] / "examples" / "timeseriesviewer" / "setup.sh"
SEVEN = "asm.f.r asm.r atm.apt.r atm.r iot.bts.r iot.tim.r timeseriesviewer.all"
START_SECONDS = 90
SECOND_START_SECONDS = 5


class Demo:
    """A running `scopewright demo`; what it had said and cost when it became ready."""

    def __init__(self, url: str, said: str, seconds: float) -> None:
        self.url, self.said, self.seconds = url, said, seconds

    @property
    def key(self) -> dict[str, str]:
        found = re.search(r"swk_\w+", self.said)
        assert found is not None
        return {"authorization": f"Bearer {found.group()}"}


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    port, log = free_port(), folder / "demo.log"
    own = {name: value for name, value in os.environ.items() if "SCOPEWRIGHT_" not in name}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, "demo", "--port", str(port)],
            cwd=folder,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        said = _said_when_ready(process, f"http://127.0.0.1:{port}", log)
        yield Demo(f"http://127.0.0.1:{port}", said, _processor_seconds(process.pid))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    finally:
        process.kill()
        process.wait()


def _said_when_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        before = log.read_text()
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return before
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError(log.read_text())


def _processor_seconds(pid: int) -> float:
    """What it has cost so far; other processes of a busy machine do not count."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a demo has been filled already."""
    folder = tmp_path_factory.mktemp("demo")
    with running(folder):
        pass
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    with running(folder) as started:
        yield started


def test_the_second_start_is_quick(demo: Demo) -> None:
    assert "Filling" not in demo.said
    assert demo.seconds < SECOND_START_SECONDS


def test_address_link_and_a_line_that_works_are_printed_before_it_is_ready(demo: Demo) -> None:
    assert demo.url in demo.said
    (line,) = [line for line in demo.said.splitlines() if line.startswith("curl ")]
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=30, check=True)
    (newest,) = json.loads(done.stdout)["data"]
    assert newest["payload"] == list(observations())[-1]
    assert newest["ingest_context"] == {"station": "LGA", "tier": "gold"}


def test_the_printed_link_signs_the_administrator_in(demo: Demo) -> None:
    (link,) = re.findall(r"http\S+/sign-in/link\S+", demo.said)
    with httpx.Client(base_url=demo.url, follow_redirects=True) as browser:
        form = dict(
            re.findall(r'name="(anti_forgery|token)" value="([^"]*)"', browser.get(link).text)
        )
        page = browser.post("/sign-in/link", data={**form, "email": "admin@weather.example"})
        assert page.url.path == "/workspaces"
        assert "Weather network" in page.text
        assert "My Tenant" in page.text
        own = browser.get("/me").text
        issuers = set(re.findall(rf"{demo.url}/w/[0-9a-f-]{{36}}", own))
        assert len(issuers) == 2
        for issuer in issuers:
            metadata = httpx.get(f"{issuer}/.well-known/openid-configuration").json()
            assert metadata["issuer"] == issuer


def test_the_export_gives_the_whole_record_with_who_sent_it(demo: Demo) -> None:
    points, page = [], "/api/workspaces/weather/datapoints?limit=1000"
    with httpx.Client(base_url=demo.url, headers=demo.key, timeout=30) as http:
        while page:
            answer = http.get(page).json()
            points += answer["data"]
            page = answer["next_page"]
    points.reverse()
    assert [point["payload"] for point in points] == list(observations())
    assert len(points) == 26_115
    for point in points:
        is_person = point["payload"]["origin"] == "LGA"
        stamp = {"station": "LGA", "tier": "gold"} if is_person else None
        assert (point["auth_method"], point["ingest_context"]) == ("oauth2", stamp)


def test_the_scenarios_people_and_machines_are_there(demo: Demo) -> None:
    with httpx.Client(base_url=f"{demo.url}/api/workspaces/weather/", headers=demo.key) as http:
        clients = {client["name"] for client in http.get("clients").json()["data"]}
        people = [person["email"] for person in http.get("end-users").json()["data"]]
    assert clients == {
        "Newark and Kennedy station", "Subscription worker", "Phone app", "Dashboard",
    }  # fmt: skip
    assert people == ["observer@weather.example"]


def test_mytenant_has_an_application_and_two_people_with_a_role_each(
    demo: Demo, folder: Path
) -> None:
    key = (folder / "scopewright-data/demo/mytenant-key").read_text()
    address = f"{demo.url}/api/workspaces/mytenant/"
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}) as http:
        application = http.get("applications/timeseriesviewer").json()
        assert application["registered_at"] is not None
        assert application["scopes"] == ["timeseriesviewer.all"]
        for name in ("admin", "user"):
            person = http.get(f"principals/{name}@mytenant.example").json()
            assert [one["role"] for one in person["roles"]] == [
                f"mdsp:mytenant:timeseriesviewer.{name}"
            ]
            assert " ".join(sorted(one["scope"] for one in person["held"])) == SEVEN
            assert person["missing"] == []
    assert demo.said.count("mytenant") == 1


def test_the_examples_script_goes_on_from_what_the_demo_has(demo: Demo, folder: Path) -> None:
    key = (folder / "scopewright-data/demo/mytenant-key").read_text()
    address = f"{demo.url}/api/workspaces/mytenant/"
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}) as http:
        before = http.get("revisions").json()["data"]
        known = {"SCOPEWRIGHT_URL": demo.url, "SCOPEWRIGHT_API_KEY": key}
        known |= {"STATE": str(folder / "state"), "PYTHON": sys.executable}
        subprocess.run(["bash", SETUP], env=os.environ | known, timeout=60, check=True)
        assert http.get("revisions").json()["data"] == before
        routes = http.get("applications/timeseriesviewer/routes").json()["data"]
        assert len(routes) == 6
    asked = {"x-original-method": "GET", "x-original-uri": "/", "x-forwarded-proto": "http"}
    asked |= {"x-forwarded-host": "127.0.0.1:8090", "accept": "*/*"}
    environment = (folder / "state/environment").read_text()
    (issuer,) = re.findall(r"ISSUER=(\S+)", environment)
    answer = httpx.get(f"{issuer}/verify?application=timeseriesviewer", headers=asked)
    assert answer.status_code == 401  # a proxy on this machine is heard, and nobody has signed in


def test_a_start_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    unfinished = tmp_path / "scopewright-data" / "demo-unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "scopewright.db").write_text("half a database")
    with running(tmp_path) as demo:
        assert "26,115 observations" in demo.said
    assert not unfinished.exists()
    for name in ("api-key", "mytenant-key"):
        key = tmp_path / "scopewright-data" / "demo" / name
        assert key.stat().st_mode & 0o077 == 0
