"""A workspace to be fuzzed: callers of every kind, and something behind every path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import select

from scopewright.api.routes import WORKSPACE
from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.member_roles import SHORT_NAMES
from scopewright.core.model import ClientType, Principal, PrincipalKind
from scopewright.keys import KeyRing, jwks
from scopewright.store import issued_tokens, schema, workspaces
from tests.api.plane import Plane
from tests.inprocess import Running, Tenant

SCOPE, OTHER_SCOPE, INTERNAL_SCOPE = "sensor:read", "sensor:write", "iotman:scopes:read"
KEY = "ingest_context"
INTERNAL_SCOPES = sorted(s.name for s in read_shipped(internal_prefix="iotman")[INTERNAL].scopes)
OUTSIDE_KEYS = jwks(KeyRing().make_first("elsewhere", now=datetime(2026, 1, 1, tzinfo=UTC)))
DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {"/{a}": {"get": {"security": [{"oauth": [SCOPE]}]}, "put": {"security": []}}},
}
EDITED: dict[str, dict[str, Any]] = {  # what a change that is previewed may say
    "roles": {"new": {"scopes": [SCOPE]}},
    "scopes": {SCOPE: {"implies": [OTHER_SCOPE]}, OTHER_SCOPE: None},
    "mappings": {},
}
Values = dict[str, str]


class World:
    """`values(path)` names something that exists there; `forget` it when it is gone."""

    _numbers = count()  # of all: what one has is called as nothing is that another has

    def __init__(self, running: Running) -> None:
        self._running = running
        self.renew()

    def renew(self) -> None:
        """Another workspace, with nothing in it but its callers."""
        self.tenant = Tenant(self._running)
        self.tenant.define(SCOPE, OTHER_SCOPE)
        self._values: dict[str, list[Values]] = {}
        self.credentials = self._credentials()
        for name in ("members", "machine", "endpoint_id"):
            self.__dict__.pop(name, None)

    def end(self) -> None:
        """Leave nothing behind, so that the tables stay short."""
        with self._running.database.write() as tx:
            for (id,) in tx.all(select(schema.workspaces.c.id)):
                issued_tokens.remove_workspace(tx, id)
                workspaces.remove(tx, id)

    def _credentials(self) -> dict[str, str | None]:
        """What each kind of caller presents; end-user and device hold half of the scopes each."""
        tenant = self.tenant
        end_user = tenant.person("caller@example.com")
        tenant.grant(end_user, SCOPE, *INTERNAL_SCOPES[::2])
        return {
            "nobody": None,
            "viewer": tenant.key(self._member("viewer")),
            "editor": tenant.key(self._member("editor")),
            "admin": tenant.admin_key,
            "end-user": Plane(tenant).person_token(end_user, tenant.client(ClientType.PKCE)),
            "device": Plane(tenant).machine(SCOPE, *INTERNAL_SCOPES[1::2]),
        }

    # --- what exists ----------------------------------------------------------------------------

    def values(self, path: str) -> list[Values]:
        """Values for the variables of a path, each naming something that exists."""
        if path not in self._values:
            self._values[path] = self._make(path)
        return self._values[path]

    def forget(self, path: str) -> None:
        """What was at this path is gone."""
        if path == WORKSPACE:
            self.renew()
        self._values.pop(path, None)

    def _make(self, path: str) -> list[Values]:
        if path.startswith("/data/"):
            return [{"workspace": self._slug, "url_path": p} for p in self._endpoints()]
        if path.startswith("/exports/"):
            return [{"workspace": self._slug, "path": p} for p in self._exports()]
        if not path.startswith(WORKSPACE):
            return [{}]
        if path == WORKSPACE:
            Tenant(self._running)  # or the administrator's only one could not be deleted
        noun = path.removeprefix(WORKSPACE).strip("/").partition("/")[0]
        return [{"ws": self.tenant.id, **self._thing(noun, path)}]

    def _thing(self, noun: str, path: str) -> Values:
        if "{" not in path.removeprefix(WORKSPACE):
            return {}
        if noun in ("end-users", "clients"):
            return self._principal(noun, path)
        if noun == "members":
            return {"email": self._member("viewer").name}
        if noun == "scopes":
            name = f"made-{next(self._numbers)}"
            self.tenant.define(name)
            return {"name": name}
        if noun == "access-tags":
            name = f"made-{next(self._numbers)}"
            answer = self.tenant.call("POST", "/access-tags", {"name": name})
            assert answer.status_code == 201, answer.text
            return {"name": name}
        if noun in ("roles", "role-mappings", "revisions"):
            return self._word(noun)
        if noun == "applications":
            values = self._application()
            return values | self._route(values["name"]) if "/routes" in path else values
        if noun in ("principals", "groups"):
            values = self._holder(noun, path)
            return values | self._key_of(values["id"]) if "/api-keys" in path else values
        if noun == "sessions":
            person = self.tenant.person(self._address())
            return {"id": self.tenant.session(person, self.machine)}
        return {"id": self._created(noun)}

    def _principal(self, noun: str, path: str) -> Values:
        if noun == "clients":
            # Of the one type that both holds scopes and has a secret.
            id = name = self.tenant.client()[0]
        else:
            person = self.tenant.person(self._address())
            id, name = person.id, person.name
        self.tenant.grant(id, SCOPE)
        Plane(self.tenant).attach(id, KEY, {"site": 1})
        values = {"id" if noun == "clients" else "email": name}
        if path.endswith("{scope}"):
            values["scope"] = SCOPE
        if path.endswith("{key}"):
            values["key"] = KEY
        return values

    def _word(self, noun: str) -> Values:
        """A role; an include that is missing but for a mapping; a change that can be undone."""
        name, gone = f"made-{next(self._numbers)}", f"gone-{next(self._numbers)}"
        self.tenant.role(name, SCOPE, includes=(gone,))
        if noun == "role-mappings":
            self.tenant.call("PUT", f"/role-mappings/{gone}", {"role": "iotman:viewer"})
            return {"include": gone}
        if noun == "revisions":
            self.tenant.call("PATCH", f"/roles/{name}", {"scopes": []})
            return {"id": self.tenant.call("GET", "/revisions").json()["data"][0]["id"]}
        return {"name": name}

    def _holder(self, noun: str, path: str) -> Values:
        """A principal with a role, or a group with somebody in it."""
        if path.endswith("/principals/{id}"):
            return {"id": self.tenant.client()[0]}  # of the one kind that can be changed
        person = self.tenant.person(self._address())
        if "/me/connections/" in path:
            self.tenant.session(self.tenant.admin, self.machine)
            return {"id": self.machine}
        if "/me/sessions/" in path:
            return {"id": self.tenant.session(self.tenant.admin, self.machine)}
        if "/identities/" in path:
            subject = f"made-{next(self._numbers)}"
            self.tenant.call("PUT", f"/principals/{person.id}/identities/lab/{subject}")
            return {"id": person.id, "provider": "lab", "subject": subject}
        if noun == "principals":
            self.tenant.assign(person, "iotman:viewer")
            return {"id": person.id, "role": "iotman:viewer"}
        group = self.tenant.group(f"group {next(self._numbers)}", person)
        return {"id": group, "principal": person.id}

    def _key_of(self, principal: str) -> Values:
        """A key of somebody."""
        answer = self.tenant.call("POST", f"/principals/{principal}/api-keys", {})
        assert answer.status_code == 201, answer.text
        return {"key": answer.json()["id"]}

    def _application(self) -> Values:
        """One that can be registered, with a scope and two roles."""
        name = f"made{next(self._numbers)}"
        path, scope = f"/applications/{name}", f"{name}.all"
        self.tenant.call("POST", "/applications", {"name": name})
        self.tenant.call("POST", f"{path}/scopes", {"name": scope})
        answer = self.tenant.call("PATCH", f"{path}/roles/user", {"scopes": [scope]})
        assert answer.status_code == 200, answer.text
        return {"name": name, "scope": scope, "role": "user"}

    def _route(self, application: str) -> Values:
        body = {"host": "app.example", "path": "/made/**", "scopes": [SCOPE]}
        answer = self.tenant.call("POST", f"/applications/{application}/routes", body)
        assert answer.status_code == 201, answer.text
        return {"id": answer.json()["id"]}

    def _created(self, noun: str) -> str:
        bodies: Mapping[str, dict[str, Any]] = {
            "invitations": {"email": self._address(), "role": "viewer"},
            "endpoints": {"name": f"endpoint {next(self._numbers)}"},
            "exports": {"name": f"export {next(self._numbers)}"},
            "api-keys": {"note": "for the pump"},
            "registration-tokens": {"note": "for the gateway"},
            "trusted-issuers": {
                "issuer": self._outside(),
                "audience": "here",
                "jwks": OUTSIDE_KEYS,
                "rules": [{"claims": {"repository": "acme/site"}, "client_id": self.machine}],
            },
            "mqtt-configs": {
                "name": f"broker {next(self._numbers)}",
                "broker_url": "mqtt://broker.example",
                "topic_filter": "a/#",
            },
        }
        answer = self.tenant.call("POST", f"/{noun}", bodies[noun])
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def _member(self, role: str) -> Principal:
        member = self.tenant.person(self._address(), kind=PrincipalKind.MEMBER)
        self.tenant.assign(member, f"iotman:{role}")
        return member

    def _endpoints(self) -> list[str]:
        plane = Plane(self.tenant)
        settings: list[dict[str, Any]] = [{}, {"auth": "none"}, {"write_scope": SCOPE}]
        return [
            plane.endpoint(f"Field {number}", read=True, **chosen)["url_path"]
            for number, chosen in enumerate(settings)
        ]

    def _exports(self) -> list[str]:
        plane = Plane(self.tenant)
        for path in self._endpoints():
            plane.post(path, [{"t": 1}, {"t": 2}], bearer=self.tenant.admin_key)
        plane.export("Open", auth_methods=["oauth2", "none"])
        plane.export("Closed", required_scope=SCOPE)
        return ["open", "closed", "field-1"]

    def _outside(self) -> str:
        return f"https://builds-{next(self._numbers)}.example"

    def _address(self) -> str:
        return f"person-{next(self._numbers)}@example.com"

    @property
    def _slug(self) -> str:
        return f"w-{self.tenant.id[-12:]}"

    @cached_property
    def machine(self) -> str:
        return self.tenant.client()[0]

    @cached_property
    def endpoint_id(self) -> str:
        return self._created("endpoints")

    # --- what is asked for ----------------------------------------------------------------------

    IN_QUERIES = frozenset({"endpoint", "principal", "scope"})

    def in_query(self, name: str) -> str:
        """What exists and may stand in a query under this name."""
        named = {"principal": self.tenant.admin.id, "scope": SCOPE}
        return self.endpoint_id if name == "endpoint" else named[name]

    # --- what is said ---------------------------------------------------------------------------

    def sensible(self, body: Any, chance: Random, *, share: float = 0.7, within: str = "") -> Any:
        """A body of the right shape; a share of its names are of something that exists.

        `within` is what a new name begins with.
        """
        if not isinstance(body, dict):
            return body
        if within and "name" in body:
            body = {**body, "name": f"{within}.{next(self._numbers)}"}
        return {
            name: self._said(name, body, chance) if chance.random() < share else value
            for name, value in body.items()
        }

    def _said(self, name: str, body: dict[str, Any], chance: Random) -> Any:
        people = body.get("type") in ("pkce", "authorization_code")
        said: dict[str, list[Any]] = {
            "email": [f"new-{next(self._numbers)}@example.com", "caller@example.com"],
            "scope": [SCOPE, OTHER_SCOPE, INTERNAL_SCOPE],
            "scopes": [[SCOPE], [SCOPE, OTHER_SCOPE]],
            "internal_scopes": [[], [INTERNAL_SCOPE]],
            "write_scope": [SCOPE, None],
            "required_scope": [SCOPE, None],
            "clients": [[], [self.machine]],
            "redirect_uris": [["https://app.example/back"]]
            if people or "type" not in body
            else [[]],
            "catalogues": [[], ["internal"]],
            "includes": [[], ["iotman:viewer"]],
            "implies": [[], [OTHER_SCOPE]],
            "roles": [[], ["iotman:viewer"]],
            "users": [[], [{"name": "caller@example.com", "scopes": [SCOPE]}]],
            "groups": [[]],
            "auto_tags": [[], [{"name": "public"}]],
            "owners": [{"users": [{"name": "caller@example.com"}]}, {}],
            "owner": [self.tenant.admin.id, None],
            "role": [body.get("role") if body.get("role") in SHORT_NAMES else "iotman:viewer"],
            "host": ["app.example", "127.0.0.1:9000"],
            "methods": [[], ["GET", "HEAD"]],
            "credentials": [["browser"], ["api_key", "token"]],
            "public": [False],
            "document": [DOCUMENT],
            "launch_url": ["https://app.example/", None],
            "resource": [None],
            "grant_types": [["client_credentials"]],
            "tokens": [{"access_lifetime": 600}, {"live_scopes": True}, None],
            "topic_filter": ["a/+/b", "#"],
            "issuer": [self._outside()],
            "audience": ["here"],
            "jwks": [OUTSIDE_KEYS],
            "jwks_uri": [None],
            "rules": [[{"claims": {"ref": "main"}, "client_id": self.machine}]],
        }
        if name == "endpoint":
            return chance.choice([self.endpoint_id, None])
        if isinstance(body[name], dict) and name in EDITED:
            return chance.choice([{}, EDITED[name]])
        return chance.choice(said.get(name, [body[name]]))
