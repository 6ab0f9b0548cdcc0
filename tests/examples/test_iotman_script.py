"""The example script plays IoTMan's whole scenario against a real server."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

import httpx

from tests.servers import Installation

SCRIPT = Path(__file__).parents[2] / "examples" / "iotman.sh"
RECORD = "26115 rows, sum of temperatures 1443069.88, last 28.94"


def played(installation: Installation, api_key: str, **variables: str) -> str:
    done = subprocess.run(
        ["bash", SCRIPT],
        env=os.environ
        | {
            "SCOPEWRIGHT_URL": installation.url,
            "SCOPEWRIGHT_API_KEY": api_key,
            "LETTERS": str(installation.letters),
        }
        | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_script_plays_the_whole_scenario_with_the_whole_record(
    installation: Installation,
) -> None:
    key = installation.init()["api_key"]
    server = installation.serve()
    said = played(installation, key)

    assert f"Sent:     {RECORD}" in said
    assert f"Exported: {RECORD}" in said
    assert '"error":"invalid_scope"' in said
    assert "without a token: 401; with the station's, which may only write: 403" in said
    assert "with the dashboard's: 200" in said
    assert '"ingest_context":{"station":"LGA","tier":"gold"}' in said
    assert "now gets: 401" in said
    for text in (said, server.said):
        assert "swk_" not in text
        assert "sws_" not in text


def test_the_script_makes_a_workspace_of_its_own_each_time(installation: Installation) -> None:
    key = installation.init(slug="acme")["api_key"]
    installation.serve()
    few = installation.folder / "few.csv.gz"
    few.write_bytes(
        gzip.compress(b"origin,time_hour,temp,humid,pressure\nJFK,t,1,2,\nLGA,t,3,,4\n")
    )
    said = played(installation, key, WEATHER=str(few))
    again = played(installation, key, WEATHER=str(few))

    assert "/data/iotman-scenario/observations" in said
    assert "/data/iotman-scenario-2/observations" in again
    headers = {"authorization": f"Bearer {key}"}
    scopes = httpx.get(f"{installation.url}/api/workspaces/acme/scopes", headers=headers).json()
    assert scopes["data"] == []
