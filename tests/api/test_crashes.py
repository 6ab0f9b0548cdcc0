"""A request that a bug ends: what is answered, and what the log has of it."""

from __future__ import annotations

import json

import pytest

from scopewright.store import scopes
from tests.inprocess import Tenant

SECRET = "what nobody may read"


def test_a_crash_is_logged_with_its_traceback_and_without_the_values_of_variables(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_positional: object, **_named: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(scopes, "add", crash)
    with pytest.raises(RuntimeError, match="broken"):  # the server that runs it is told as well
        tenant.call("POST", "/scopes", {"name": "sensor:read", "description": SECRET})
    said = capsys.readouterr()
    events = [json.loads(line) for line in said.err.splitlines()]
    (crashed,) = [event for event in events if event["event"] == "unexpected"]
    assert crashed["path"] == f"/api/workspaces/{tenant.id}/scopes"
    assert "RuntimeError: broken" in crashed["exception"]
    assert "services/scopes.py" in crashed["exception"]
    assert crashed["request"].startswith("req_")
    for hidden in (SECRET, tenant.admin_key):
        assert hidden not in said.err + said.out
