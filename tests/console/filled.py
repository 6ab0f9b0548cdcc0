"""A workspace that has some of everything, so that whatever is taken from it takes more along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scopewright.catalogues import INTERNAL, read_shipped
from scopewright.core.model import ClientType, Principal, PrincipalKind
from scopewright.core.presets import presets
from tests.api.plane import Plane
from tests.inprocess import Tenant
from tests.outside import BUILDS, Outside

READING = presets(read_shipped(internal_prefix="iotman")[INTERNAL].scopes)[0].scopes
MOST_READING = sorted(READING)[2:]  # so that a command that is repeated for the rest is soon done
PEOPLE = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal")
GRANTED = ("sensor:read", "video:gold", "iotman:api-keys:create")
ROLES = ("crew", "iotman:viewer", "$viewer")
MORE_ROLES = ("$plotter", "$guest", "taken", "unused")


@dataclass
class Filled:
    """What is in the workspace, by the names that the acts of `acts.py` have for it."""

    tenant: Tenant
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names["admin"] = self.tenant.admin.id
        for name, role in (
            ("viewer", "viewer.user"),
            ("plotter", "plotter.user"),
            ("guest", "viewer.guest"),
        ):
            self.names[name] = f"mdsp:w-{self.tenant.id[-12:]}:{role}"
        self._words()
        self._clients()
        self._people()
        self._data()
        self._outside()

    def _made(self, path: str, body: Any, *, method: str = "POST") -> Any:
        answer = self.tenant.call(method, path, body)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None

    # --- scopes, roles, applications ------------------------------------------------------------

    def _words(self) -> None:
        self.tenant.define("sensor:read", "video:gold", "spare:use", "taken:use", "late:use")
        self.tenant.role("keeper", "iotman:api-keys:create")
        for name in ("crew", "kitchen", "unused", "taken"):
            self._made("/roles", {"name": name, "scopes": ["sensor:read"]})
        self._made("/roles", {"name": "taking", "scopes": ["taken:use"]})
        self._made("/roles", {"name": "over", "scopes": ["sensor:read"], "includes": ["taken"]})
        self._made("/roles/kitchen", {"scopes": ["video:gold"]}, method="PATCH")
        last = self.tenant.call("GET", "/revisions").json()["data"][0]
        assert last["name"] == "kitchen"
        self.names["revision"] = last["id"]
        for name in ("viewer", "plotter", "fresh"):
            resource = f"https://{name}.example/api"
            url = f"https://{name}.example/"
            self._made("/applications", {"name": name, "launch_url": url, "resource": resource})
            for part in ("all", "some"):
                self._made(f"/applications/{name}/scopes", {"name": f"{name}.{part}"})
            scopes = {"scopes": [f"{name}.all", f"{name}.some"]}
            self._made(f"/applications/{name}/roles/user", scopes, method="PATCH")
            if name != "fresh":
                self._made(f"/applications/{name}/register", {})
            for path in ("/a", "/b"):
                route = {"host": f"{name}.example", "path": path, "methods": ["GET"]}
                route |= {"scopes": [f"{name}.all"], "credentials": ["token"]}
                self._made(f"/applications/{name}/routes", route)
        self._made("/applications/viewer/roles", {"name": "guest"})
        self._made("/applications/viewer/roles/guest", {"scopes": ["viewer.some"]}, method="PATCH")

    # --- who can hold something -----------------------------------------------------------------

    def _clients(self) -> None:
        for name, type in (
            ("phone", ClientType.PKCE),
            ("portal", ClientType.AUTHORIZATION_CODE),
            ("tablet", ClientType.PKCE),
            ("kiosk", ClientType.DEVICE),
            ("device", ClientType.CLIENT_CREDENTIALS),
            ("pump", ClientType.CLIENT_CREDENTIALS),
        ):
            self.names[name], _ = self.tenant.client(type)
        for name in ("device", "pump"):
            id = self.names[name]
            self.tenant.grant(id, "sensor:read", "spare:use", "plotter.some")
            self.tenant.assign(id, "crew")
            self.tenant.assign(id, "kitchen")
            self.tenant.key(id)
            self.tenant.key(id)
            self._attach(id)

    def _people(self) -> None:
        for name in PEOPLE:
            self._rich(name, self.tenant.person(f"{name}@example.com"))
        for name in ("ann", "device"):
            self.tenant.grant(self.names[name], *MOST_READING)
        for name in ("mia", "zoe"):
            member = self.tenant.person(f"{name}@example.com", kind=PrincipalKind.MEMBER)
            for role in ("iotman:editor", "keeper") if name == "mia" else ("iotman:admin",):
                self.tenant.assign(member, role)
            self._rich(name, member)
            self.tenant.key(member)
        everybody = [self.names[name] for name in PEOPLE]
        for name in ("night", "day"):
            self.names[name] = self.tenant.group(f"The {name} shift", *everybody)
            for role in ("crew", "kitchen", "taken"):
                self.tenant.assign(self.names[name], role)
        for name in ("one", "two"):
            mail = {"email": f"{name}@example.com", "role": "viewer"}
            self.names[f"invitation_{name}"] = self._made("/members", mail)["id"]
        self._made(f"/principals/{self.names['hal']}/disable", {})

    def _rich(self, name: str, person: Principal) -> None:
        """Let somebody have two and more of everything."""
        self.names[name] = person.id
        for provider in ("lab", "site"):
            self._made(f"/principals/{person.id}/identities/{provider}/{name}", {}, method="PUT")
        if person.kind is PrincipalKind.END_USER:
            self.tenant.grant(person, *GRANTED, "spare:use", "taken:use", "plotter.some")
            for role in (*ROLES, *MORE_ROLES):
                self.tenant.assign(person, self.names.get(role.removeprefix("$"), role))
        for client in ("phone", "tablet", "kiosk"):
            self.tenant.consent(person, self.names[client])
            for _ in range(3):
                session = self.tenant.session(person, self.names[client])
                self.names[f"session_{name}_{client}"] = session
        self._key_with_two_below(name, self.tenant.key(person))
        self.tenant.key(person)
        self._attach(person.id)

    def _key_with_two_below(self, name: str, secret: str) -> None:
        key = self.tenant.call("GET", "/api-keys/current", bearer=secret).json()
        self.names[f"key_{name}"] = key["id"]
        for _ in range(2):
            made = self.tenant.call("POST", "/api-keys", {"note": "below"}, bearer=secret)
            assert made.status_code == 201, made.text

    def _attach(self, id: str) -> None:
        for key in ("ingest_context", "place"):
            Plane(self.tenant).attach(id, key, {"room": 7})

    # --- data, and who is let in from outside ---------------------------------------------------

    def _data(self) -> None:
        for name in ("field", "roof"):
            made = self._made("/endpoints", {"name": name})
            self.names[name] = made["id"]
            for number in (1, 2):
                export = {"name": f"{name} {number}", "endpoint": made["id"]}
                self.names[f"export_{name}_{number}"] = self._made("/exports", export)["id"]
            for _ in range(2):
                sent = Plane(self.tenant).post(name, [{"n": 1}] * 7, bearer=self.tenant.admin_key)
                assert sent.status_code == 202, sent.text
        for name in ("north", "south"):
            broker = {"name": name, "broker_url": f"mqtts://{name}.example", "topic_filter": "#"}
            self.names[name] = self._made("/mqtt-configs", {**broker, "write_scope": "video:gold"})[
                "id"
            ]

    def _outside(self) -> None:
        rules = [{"claims": {"sub": "deployer"}, "client_id": self.names["device"]}]
        trusted = {"issuer": BUILDS, "audience": "acme", "jwks": Outside().jwks, "rules": rules}
        self.names["issuer"] = self._made("/trusted-issuers", trusted)["id"]
        self.names["registration"] = self._made("/registration-tokens", {"note": "fleet"})["id"]
        for name, who in (("mine", "admin"), ("other", "admin"), ("own", "zoe")):
            self._key_with_two_below(name, self.tenant.key(self.names[who]))
