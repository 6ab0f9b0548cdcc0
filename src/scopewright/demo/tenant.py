"""The workspace `mytenant`: an application with a scope and two roles of its own, and two people.

What `examples/timeseriesviewer/setup.sh` makes of a workspace, less what depends on where the
application is served: its launch URL and the gateway's routes.
"""

from __future__ import annotations

from typing import Any

import httpx

from scopewright.demo.scenario import expect

NAME, SLUG, CATALOGUE = "My Tenant", "mytenant", "mindsphere"
APPLICATION, TITLE = "timeseriesviewer", "Time Series Viewer"
SCOPE = {"name": f"{APPLICATION}.all", "description": f"Every endpoint of the {TITLE}."}
CORE_ROLES = ("mdsp:core:assetmanagement:reporter", "mdsp:core:iot.timUser")


async def found(http: httpx.AsyncClient, *, api_key: str) -> str:
    """Make all of it by way of an administrator's key; the new workspace's own key."""
    made = {"name": NAME, "slug": SLUG, "catalogues": [CATALOGUE]}
    workspace = await _asked(http, api_key, "POST", "/api/workspaces", made)
    key, here = str(workspace["api_key"]), f"/api/workspaces/{SLUG}"
    one = f"{here}/applications/{APPLICATION}"

    born = {"name": APPLICATION, "title": TITLE}
    application = await _asked(http, key, "POST", f"{here}/applications", born)
    await _asked(http, key, "POST", f"{one}/scopes", SCOPE)
    contents = {"scopes": [SCOPE["name"]], "includes": CORE_ROLES}
    for role in application["roles"]:
        await _asked(http, key, "PATCH", f"{one}/roles/{role['name']}", contents)
    await _asked(http, key, "POST", f"{one}/register")
    for role in application["roles"]:
        person = {"email": f"{role['name']}@{SLUG}.example", "roles": [role["role"]]}
        await _asked(http, key, "POST", f"{here}/end-users", person)
    return key


async def _asked(
    http: httpx.AsyncClient, key: str, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}"}
    answer = await http.request(method, path, json=body, headers=headers)
    return dict(expect(answer, 200, 201).json())
