"""A workspace over HTTP in which scopes are given: the real half of the no-escalation test.

What is given goes through the management API; what everybody holds and reaches is read from the
database and closed by the core, past the services that are on trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from types import ModuleType
from typing import Any

import httpx

from scopewright.core import api_keys
from scopewright.core.catalogue import Vocabulary
from scopewright.core.groups import all_groups, membership_graph
from scopewright.core.holdings import held
from scopewright.core.model import ClientType, Invitation, PrincipalKind
from scopewright.core.scopes import EVERYTHING, INHERIT, NONE, Requested, Scopes
from scopewright.core.tag_definitions import scopes_of
from scopewright.core.tag_nesting import with_nested
from scopewright.services import (
    access_tags,
    application_roles,
    assignments,
    clients,
    end_users,
    grants,
    groups,
    identities,
    invitations,
    members,
    revisions,
    role_mappings,
    roles,
    scopes,
    standing,
    trusted_issuers,
)
from scopewright.services import (
    principals as service_principals,
)
from scopewright.store import access_tags as kept_tags
from scopewright.store import consents, holdings, principals, sessions, vocabulary
from scopewright.store import groups as kept_groups
from scopewright.store import invitations as pending_invitations
from scopewright.store import standing as standing_of_principals
from scopewright.store.pages import Window
from tests.core import delegation_table as table
from tests.core.delegation_table import Gift, Holdings, Kind, WayOfGiving
from tests.inprocess import Running, Tenant
from tests.outside import Outside

MINTING = "iotman:api-keys:create"
GIVING = (
    MINTING,
    "iotman:access-tags:update",
    "iotman:applications:update",
    "iotman:assignments:create",
    "iotman:clients:rotate-secret",
    "iotman:clients:update",
    "iotman:end-users:create",
    "iotman:grants:create",
    "iotman:groups:update",
    "iotman:members:create",
    "iotman:members:update",
    "iotman:principals:create",
    "iotman:principals:update",
    "iotman:roles:update",
    "iotman:scopes:update",
)
TREASURES = ("iotman:audit:read", "iotman:keys:rotate")
OWN = "plain"
SCOPES = (*TREASURES, OWN)
ROLES = ("viewer", "editor", "admin")
PEOPLE = ("alice", "bob")
IDLE = "ivan"  # who was disabled
MEMBERS = ("adam", "eve")
STRANGERS = ("newcomer@example.com", "alice@example.com")
CLIENTS = ("machine", "spare")
CREW, GUILD = "crew", "guild"
GROUPS = (CREW, GUILD)
STAFF, GONE = "staff", "gone"  # a role, and what it includes that is not there
PORTAL = "portal"
APPLICATION = "viewer"
BEAM, VAULT = "beam", "vault"  # access tags
HOLDERS = (*PEOPLE, *CLIENTS, *GROUPS)
# How it is taken again; the names of principals stand for their ids.
TAKING = (
    *(f"/end-users/{{{who}}}/scopes/{one}" for who in PEOPLE for one in (*GIVING, *SCOPES)),
    *(f"/clients/{{{who}}}/scopes/{one}" for who in CLIENTS for one in (*GIVING, *SCOPES)),
    *(f"/principals/{{{who}}}/roles/iotman:{role}" for who in HOLDERS for role in ROLES),
    *(f"/groups/{{{group}}}/members/{{{who}}}" for who in HOLDERS for group in GROUPS),
)
WHOLE_LIST = Window(limit=1000)


@dataclass(frozen=True)
class Credential:
    """What an actor presents: a key of a principal, or a token with its scopes when minted.

    `parent` is the key by which a key was made.
    """

    name: str
    secret: str
    principal: str
    requested: Requested = EVERYTHING
    minted_with: Scopes | None = None
    parent: Credential | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table as this release has it: which service checks it, and how it is asked."""

    way: WayOfGiving
    opener: str
    service: ModuleType
    targets: tuple[str, ...]
    what: tuple[str, ...]
    ask: Callable[[World, Credential, str, str], httpx.Response]

    @property
    def name(self) -> str:
        return self.way.name


@dataclass
class World:
    """One workspace at work: `ids` of its principals by name, and who got hold of what."""

    running: Running
    ids: dict[str, str] = field(default_factory=dict)
    credentials: list[Credential] = field(default_factory=list)
    control: set[tuple[str, str]] = field(default_factory=set)
    redirects: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.tenant = Tenant(self.running)
        self.tenant.define(OWN)
        self.tenant.role(STAFF, includes=(GONE,))
        self.ids["admin"] = self.tenant.admin.id
        for name in MEMBERS:
            self._person(name, PrincipalKind.MEMBER)
        for name in (*PEOPLE, IDLE):
            self._person(name, PrincipalKind.END_USER)
        self.ids["machine"], self.machine_secret = self.tenant.client(
            ClientType.CLIENT_CREDENTIALS, *GIVING, *TREASURES
        )
        self.ids["spare"], _ = self.tenant.client()
        self.ids[PORTAL], _ = self.tenant.client(ClientType.PKCE)
        self.tenant.application(APPLICATION)
        self.tenant.assign(self.ids["spare"], f"{APPLICATION}.user")
        self.tenant.assign(self.ids["bob"], STAFF)
        self.tenant.assign(self.ids["adam"], "iotman:admin")
        self.tenant.assign(self.ids["eve"], "iotman:viewer")
        self.tenant.grant(self.ids["alice"], *GIVING, TREASURES[0])
        self.tenant.grant(self.ids["bob"], *GIVING, OWN)
        self.tenant.grant(self.ids[IDLE], *TREASURES)
        with self.running.database.write() as tx:
            standing_of_principals.disable(tx, self.ids[IDLE], at=self.running.clock())
        self.ids[CREW] = self.tenant.group(CREW)
        self.ids[GUILD] = self.tenant.group(GUILD, self.ids["alice"])
        self.tenant.grant(self.ids[CREW], TREASURES[1])
        treasure = {"name": self.ids["admin"], "scopes": [TREASURES[0]]}
        for tag, users in ((BEAM, []), (VAULT, [treasure])):
            self.tenant.call("POST", "/access-tags", {"name": tag, "users": users})
        self.tenant.session(self.ids["admin"], self.ids[PORTAL])
        self.tenant.consent(self.ids["alice"], self.ids[PORTAL])
        for name in ("admin", "alice", "bob"):
            self._key(name, name, EVERYTHING)
        self._key("narrow", "admin", Requested(frozenset(GIVING)))
        self.mint(Requested(frozenset({*GIVING, TREASURES[1]})))
        self.tenant.revoke(self.ids["machine"], TREASURES[1])  # the token is out, and keeps it

    # --- what is held (`delegation_table.Holdings`) ---------------------------------------------

    @property
    def words(self) -> Vocabulary:
        shipped = self.running.application.services.scopes.catalogues
        with self.running.database.read() as tx:
            return vocabulary.here(tx, self.tenant.id, shipped)

    def close(self, scopes: Scopes) -> Scopes:
        return self.words.close(scopes)

    def of_roles(self, roles: frozenset[str]) -> Scopes:
        return held(self.words, (), {f"iotman:{role}" for role in roles})

    def of_principal(self, principal: str) -> Scopes:
        return self.tenant.held_by(self.ids[principal])

    def through_client(self, client: str) -> Scopes:
        id, now = self.ids[client], self.running.clock()
        with self.running.database.read() as tx:
            people = {
                *sessions.principals_of_client(tx, id, now=now),
                *consents.principals_of_client(tx, id),
            }
        return NONE.union(*(self.tenant.held_by(person) for person in people))

    def of_tag(self, tag: str) -> Scopes:
        with self.running.database.read() as tx:
            return kept_tags.graph(tx, self.tenant.id).comes_to(self.words, tag)

    def on_tags(self, principal: str) -> Scopes:
        return NONE.union(
            *(
                scopes
                for where, scopes in self._on_tags().items()
                if where.startswith(f"{self.ids[principal]} on ")
            )
        )

    def _on_tags(self) -> dict[str, Scopes]:
        """What everybody is given on what carries a tag, and what owners may put on."""
        words, found = self.words, dict[str, Scopes]()
        with self.running.database.read() as tx:
            graph = kept_tags.graph(tx, self.tenant.id)
            tags = kept_tags.page(tx, self.tenant.id, window=WHOLE_LIST).items
            above = membership_graph(kept_groups.above(tx, sorted(self.ids.values())))
        holders = {id: {id, *all_groups(above, id)} for id in self.ids.values()}
        for tag in tags:
            given = [g for one in with_nested(graph.nested, tag.name) for g in graph.grants[one]]
            for id, counting in holders.items():
                found[f"{id} on {tag.name}"] = NONE.union(
                    *(scopes_of(words, one) for one in given if one.principal_id in counting)
                )
            for owner in tag.owners:
                found[f"{owner} owning {tag.name}"] = graph.comes_to(words, tag.name)
        return found

    # --- what is reached ------------------------------------------------------------------------

    def may_use(self, credential: Credential) -> Scopes:
        """To use, the credential suffices."""
        now = self.of_principal(credential.principal)
        bearing = now if credential.minted_with is None else credential.minted_with
        if credential.parent is not None:
            bearing &= self.may_use(credential.parent)
        return credential.requested.within(bearing)

    def may_give(self, credential: Credential) -> Scopes:
        """To give, its principal must still have it."""
        return self.may_use(credential) & self.of_principal(credential.principal)

    def reach(self) -> dict[str, Scopes]:
        """What everybody holds or could make its own: by control, by a link in the mail."""
        words, invited = self.words, self._pending()
        with self.running.database.read() as tx:
            everybody = [
                principal
                for kind in PrincipalKind
                for principal in principals.page(
                    tx, self.tenant.id, kind=kind, window=WHOLE_LIST
                ).items
            ]
            by_id = holdings.of_many(tx, [principal.id for principal in everybody], words)
        by_id |= {one.id: NONE for one in everybody if one.disabled_at is not None}
        reached = {
            f"{principal.kind} {principal.name} {principal.id}": by_id[principal.id]
            for principal in everybody
        }
        for invitation in invited:
            reached[f"letter to {invitation.email}"] = held(words, (), [invitation.role])
        through_portal = self.through_client(PORTAL) if self.redirects else NONE
        for credential in self.credentials:
            mine = self.may_give(credential)
            for who, client in self.control:
                mine |= by_id[self.ids[client]] if who == credential.name else NONE
            mine |= through_portal if credential.name in self.redirects else NONE
            reached[f"credential {credential.name}"] = mine
        return reached | self._on_tags()

    def _pending(self) -> tuple[Invitation, ...]:
        now = self.running.clock()
        with self.running.database.read() as tx:
            sent = pending_invitations.page(tx, self.tenant.id, window=WHOLE_LIST).items
        return tuple(one for one in sent if one.is_pending(now))

    # --- what is done ---------------------------------------------------------------------------

    def mint(self, requested: Requested) -> None:
        """One more token of the machine, with the scopes that it is granted now."""
        scopes = requested.within(self.of_principal("machine"))
        token = self.tenant.access_token(
            self.ids["machine"], self.machine_secret, scope=" ".join(sorted(scopes))
        )
        # An empty `scope` parameter is an omitted one, which asks for everything.
        minted = scopes or self.of_principal("machine")
        name = f"token {next(self.numbers)}"
        self.credentials.append(Credential(name, token, "machine", minted_with=minted))

    def sign_in(self, person: str, requested: Requested, *, lasting: bool) -> None:
        """A person signs in at the portal; `lasting` leaves a recorded consent."""
        signing_in = self.tenant.consent if lasting else self.tenant.session
        signing_in(self.ids[person], self.ids[PORTAL], requested)

    def _person(self, name: str, kind: PrincipalKind) -> None:
        self.ids[name] = self.tenant.person(f"{name}@example.com", kind=kind).id

    def _key(self, name: str, principal: str, requested: Requested) -> None:
        secret = self.tenant.key(self.ids[principal], requested)
        self.credentials.append(Credential(name, secret, principal, requested))


# --- the rows of this release -------------------------------------------------------------------


def _grant_to_end_user(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/end-users/{world.ids[to]}/scopes"
    return world.tenant.call("POST", path, {"scope": what}, bearer=by.secret)


def _grant_to_client(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/clients/{world.ids[to]}/scopes"
    return world.tenant.call("POST", path, {"scope": what}, bearer=by.secret)


def _grant_among_others(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    noun = "end-users" if to in PEOPLE else "clients"
    path, change = f"/{noun}/{world.ids[to]}/scopes", {"give": sorted({OWN, what})}
    return world.tenant.call("PATCH", path, change, bearer=by.secret)


def _invite_end_user(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    kind = "scopes" if what == OWN else "internal_scopes"
    return world.tenant.call("POST", "/end-users", {"email": to, kind: [what]}, bearer=by.secret)


def _invite_member(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    body = {"email": to, "role": what}
    return world.tenant.call("POST", "/members", body, bearer=by.secret)


def _change_role(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/members/{world.ids[to]}"
    return world.tenant.call("PATCH", path, {"role": what}, bearer=by.secret)


def _take_control(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    path = f"/clients/{world.ids[what]}/rotate-secret"
    answer = world.tenant.call("POST", path, bearer=by.secret)
    if answer.is_success:
        world.control.add((by.name, what))
    return answer


def _link(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    path = f"/principals/{world.ids[what]}/identities/lab/{by.name.split()[-1]}"
    answer = world.tenant.call("PUT", f"{path}-{next(world.numbers)}", bearer=by.secret)
    if answer.is_success:
        world.control.add((by.name, what))
    return answer


def _enable(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    world.tenant.call("POST", f"/principals/{world.ids[what]}/disable")
    return world.tenant.call("POST", f"/principals/{world.ids[what]}/enable", bearer=by.secret)


def _make_service(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    body = {"name": to, "roles": [f"iotman:{what}"]}
    return world.tenant.call("POST", "/principals", body, bearer=by.secret)


def _trust(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    rules = [{"claims": {"sub": by.name}, "client_id": world.ids[what]}]
    issuer = f"https://builds.example/{next(world.numbers)}"
    body = {"issuer": issuer, "jwks": Outside().jwks, "rules": rules}
    answer = world.tenant.call("POST", "/trusted-issuers", body, bearer=by.secret)
    if answer.is_success:
        world.control.add((by.name, what))
    return answer


def _redirect(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    uri = f"https://elsewhere.example/{next(world.numbers)}"
    change = {"redirect_uris": [uri]}
    answer = world.tenant.call("PATCH", f"/clients/{world.ids[what]}", change, bearer=by.secret)
    if answer.is_success:
        world.redirects.add(by.name)
    return answer


def _put_into_application(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/applications/{APPLICATION}/roles/{to}"
    world.tenant.call("PATCH", path, {"includes": []})  # what is in it already gives nothing
    return world.tenant.call("PATCH", path, {"includes": [f"iotman:{what}"]}, bearer=by.secret)


def _assign(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/principals/{world.ids[to]}/roles/iotman:{what}"
    return world.tenant.call("PUT", path, bearer=by.secret)


def _put_into_group(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path = f"/groups/{world.ids[what]}/members/{world.ids[to]}"
    return world.tenant.call("PUT", path, bearer=by.secret)


def _make_key(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    answer = world.tenant.call("POST", "/api-keys", {"scopes": [what]}, bearer=by.secret)
    if answer.is_success:
        requested = EVERYTHING if what == INHERIT else Requested(frozenset({what}))
        parent = by if by.minted_with is None else None
        name, secret = f"key {next(world.numbers)}", answer.json()["secret"]
        made = Credential(name, secret, by.principal, requested, parent=parent)
        world.credentials.append(made)
    return answer


def _make_key_for(world: World, by: Credential, _to: str, what: str) -> httpx.Response:
    path = f"/principals/{world.ids[what]}/api-keys"
    answer = world.tenant.call("POST", path, {}, bearer=by.secret)
    if answer.is_success:
        world.control.add((by.name, what))
    return answer


def _of_own_key(holdings: Holdings, gift: Gift) -> Scopes:
    return holdings.of_principal(gift.giver) if gift.what == INHERIT else frozenset({gift.what})


# What stands in a role, scope or tag already is given by nobody, so it is taken out first.


def _change_tag(
    world: World, by: Credential, tag: str, none: dict[str, Any], said: dict[str, Any]
) -> httpx.Response:
    world.tenant.call("PATCH", f"/access-tags/{tag}", none)
    return world.tenant.call("PATCH", f"/access-tags/{tag}", said, bearer=by.secret)


def _tag(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    word = {"role": f"iotman:{what}"} if what in ROLES else {"scopes": [what]}
    kind = "groups" if to in GROUPS else "users"
    said = {kind: [{"name": world.ids[to], **word}]}
    return _change_tag(world, by, BEAM, {kind: []}, said)


def _nest(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    return _change_tag(world, by, to, {"auto_tags": []}, {"auto_tags": [{"name": what}]})


def _own(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    owners = [{"name": world.ids[to]}]
    return _change_tag(world, by, what, {"owners": {"users": []}}, {"owners": {"users": owners}})


def _put_into_role(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path, change = f"/roles/{to}", {"scopes": [what]}
    world.tenant.call("PATCH", path, {"scopes": []})
    return world.tenant.call("PATCH", path, change, bearer=by.secret)


def _include_in_role(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path, change = f"/roles/{to}", {"includes": [GONE, f"iotman:{what}"]}
    world.tenant.call("PATCH", path, {"includes": [GONE]})
    return world.tenant.call("PATCH", path, change, bearer=by.secret)


def _map(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path, mapping = f"/role-mappings/{to}", {"role": f"iotman:{what}"}
    world.tenant.call("DELETE", path)
    return world.tenant.call("PUT", path, mapping, bearer=by.secret)


def _imply(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    path, change = f"/scopes/{to}", {"implies": [what]}
    world.tenant.call("PATCH", path, {"implies": []})
    return world.tenant.call("PATCH", path, change, bearer=by.secret)


def _undo(world: World, by: Credential, to: str, what: str) -> httpx.Response:
    for scopes_before in ([], [what], []):
        world.tenant.call("PATCH", f"/roles/{to}", {"scopes": scopes_before})
    (taken_out,) = world.tenant.call("GET", "/revisions?limit=1").json()["data"]
    return world.tenant.call("POST", f"/revisions/{taken_out['id']}/undo", bearer=by.secret)


def _way(name: str, like: WayOfGiving, *, to: Kind | None = None) -> WayOfGiving:
    return WayOfGiving(name, to or like.to, like.what, like.given, like.everything_guarded)


ROWS = (
    Row(
        _way("a grant to an end-user", table.GRANT), "iotman:grants:create",
        grants, PEOPLE, SCOPES, _grant_to_end_user,
    ),
    Row(
        _way("a grant to a client", table.GRANT), "iotman:grants:create",
        grants, CLIENTS, SCOPES, _grant_to_client,
    ),
    Row(
        _way("a grant among others", table.GRANT), "iotman:grants:create",
        grants, (*PEOPLE, *CLIENTS), SCOPES, _grant_among_others,
    ),
    Row(
        _way("an end-user's invitation", table.GRANT, to=Kind.STRANGER), "iotman:end-users:create",
        end_users, STRANGERS, SCOPES, _invite_end_user,
    ),
    Row(
        _way("a member's invitation", table.INVITATION), "iotman:members:create",
        invitations, STRANGERS, ROLES, _invite_member,
    ),
    Row(
        _way("a member's role", table.ASSIGNMENT), "iotman:members:update",
        members, MEMBERS, ROLES, _change_role,
    ),
    Row(
        _way("a role put into an application's", table.ROLE_INTO_ROLE),
        "iotman:applications:update",
        application_roles, ("user",), ROLES, _put_into_application,
    ),
    Row(
        table.ASSIGNMENT, "iotman:assignments:create",
        assignments, (*PEOPLE, *CLIENTS), ROLES, _assign,
    ),
    Row(
        table.ASSIGNMENT_TO_GROUP, "iotman:assignments:create",
        assignments, GROUPS, ROLES, _assign,
    ),
    Row(
        table.MEMBERSHIP, "iotman:groups:update",
        groups, (*PEOPLE, *CLIENTS), GROUPS, _put_into_group,
    ),
    Row(
        table.NESTED_GROUP, "iotman:groups:update",
        groups, (GUILD,), (CREW,), _put_into_group,
    ),
    Row(
        table.SCOPE_INTO_ROLE, "iotman:roles:update",
        roles, (STAFF,), SCOPES, _put_into_role,
    ),
    Row(
        table.ROLE_INTO_ROLE, "iotman:roles:update",
        roles, (STAFF,), ROLES, _include_in_role,
    ),
    Row(
        table.MISSING_INCLUDE, "iotman:roles:update",
        role_mappings, (GONE,), ROLES, _map,
    ),
    Row(
        table.IMPLICATION, "iotman:scopes:update",
        scopes, (OWN,), TREASURES, _imply,
    ),
    Row(
        _way("a scope brought back into a role", table.SCOPE_INTO_ROLE), "iotman:roles:update",
        revisions, (STAFF,), SCOPES, _undo,
    ),
    Row(
        table.CONTROL, "iotman:clients:rotate-secret",
        clients, ("",), CLIENTS, _take_control,
    ),
    Row(
        table.LINKED_IDENTITY, "iotman:principals:update",
        identities, ("",), PEOPLE, _link,
    ),
    Row(
        table.ENABLING, "iotman:principals:update",
        standing, ("",), (IDLE,), _enable,
    ),
    Row(
        _way("a service principal's first role", table.ASSIGNMENT, to=Kind.STRANGER),
        "iotman:principals:create", service_principals, ("pump",), ROLES, _make_service,
    ),
    Row(
        replace(table.API_KEY, given=_of_own_key), MINTING,
        api_keys, ("",), (INHERIT, *TREASURES), _make_key,
    ),
    Row(
        table.KEY_FOR_ANOTHER, MINTING,
        api_keys, ("",), ("spare", *MEMBERS), _make_key_for,
    ),
    Row(
        table.TRUSTED_ISSUER, "iotman:clients:update",
        trusted_issuers, ("",), CLIENTS, _trust,
    ),
    Row(
        table.TAG_GRANT, "iotman:access-tags:update",
        access_tags, (*PEOPLE, *CLIENTS), SCOPES, _tag,
    ),
    Row(
        table.TAG_GRANT_TO_GROUP, "iotman:access-tags:update",
        access_tags, GROUPS, SCOPES, _tag,
    ),
    Row(
        table.TAG_ROLE, "iotman:access-tags:update",
        access_tags, PEOPLE, ROLES, _tag,
    ),
    Row(
        table.NESTED_TAG, "iotman:access-tags:update",
        access_tags, (BEAM,), (VAULT,), _nest,
    ),
    Row(
        table.TAG_OWNER, "iotman:access-tags:update",
        access_tags, PEOPLE, (VAULT,), _own,
    ),
    Row(
        table.REDIRECT_URI, "iotman:clients:update",
        clients, ("",), (PORTAL,), _redirect,
    ),
)  # fmt: skip


def lacking(world: World, row: Row, credential: Credential, gift: Gift) -> Scopes:
    """What the table says that the giver lacks."""
    return row.way.lacking(
        world, gift, held=world.may_give(credential), guarded=world.words.guarded
    )
