"""The management API as a table of commands: `scopewright NOUN VERB`, its request, its inputs.

`{name}` in a path is an argument; `{owner}` is an end-user's address or a client's id. What else a
command takes becomes a member of the body, or of the query of a GET or DELETE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """What an input is."""

    TEXT = "text"
    LIST = "list"  # an option that may be repeated
    FLAG = "flag"  # --read or --no-read
    NUMBER = "number"
    JSON = "json"  # any JSON value; `-` reads it from standard input


@dataclass(frozen=True, slots=True)
class Input:
    """One member that a command sends; a required one is an argument, the others are options."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    option: str = ""


@dataclass(frozen=True, slots=True)
class Verb:
    """One command and its request. `is_list`: the answer comes in pages, which are all walked.

    `fixed` stands in the body whatever is given.
    """

    name: str
    about: str
    method: str
    path: str
    inputs: tuple[Input, ...] = ()
    is_list: bool = False
    fixed: Mapping[str, bool] = field(default_factory=dict)


def _needed(*names: str) -> tuple[Input, ...]:
    return tuple(Input(name, required=True) for name in names)


def _list(path: str, about: str, *inputs: Input, name: str = "list") -> Verb:
    return Verb(name, about, "GET", path, inputs, is_list=True)


def _show(path: str, about: str) -> Verb:
    return Verb("show", about, "GET", path)


def _create(path: str, about: str, *inputs: Input, name: str = "create") -> Verb:
    return Verb(name, about, "POST", path, inputs)


def _update(path: str, about: str, *inputs: Input) -> Verb:
    return Verb("update", about, "PATCH", path, inputs)


def _delete(path: str, about: str, *inputs: Input, name: str = "delete") -> Verb:
    return Verb(name, about, "DELETE", path, inputs)


def _activate(path: str, about: str) -> tuple[Verb, Verb]:
    """Two commands for one request, whose body says which."""
    return (
        Verb("activate", f"Switch {about} on.", "POST", path, fixed={"active": True}),
        Verb("deactivate", f"Switch {about} off.", "POST", path, fixed={"active": False}),
    )


NAME, DESCRIPTION = Input("name"), Input("description")
FORCE = Input("force", Kind.FLAG)
REDIRECT_URIS = Input("redirect_uris", Kind.LIST, option="redirect-uri")
WRITE_SCOPE, URL_PATH = Input("write_scope"), Input("url_path")
CLIENTS = Input("clients", Kind.LIST, option="client")
READ = Input("read", Kind.FLAG)
AUTH_METHODS = Input("auth_methods", Kind.LIST, option="auth-method")
REQUIRED_SCOPE = Input("required_scope")
TOKENS = Input("tokens", Kind.JSON)
CLIENT_OPTIONS = (
    Input("require_pkce", Kind.FLAG),
    Input("allow_both_auth_methods", Kind.FLAG),
    Input("scope_default"),
    TOKENS,
    Input("registration", Kind.JSON),
)
BROKER = (Input("broker_url"), Input("topic_filter"), WRITE_SCOPE)
TRUST = (
    Input("audience"),
    Input("jwks_uri"),
    Input("jwks", Kind.JSON),
    Input("single_use", Kind.FLAG),
)

NOUNS: dict[str, tuple[Verb, ...]] = {
    "workspaces": (
        _list("/api/workspaces", "The workspaces that you are a member of."),
        _create(
            "/api/workspaces",
            "Create a workspace of which you become the administrator.",
            *_needed("name"),
            Input("slug"),
            Input("catalogues", Kind.LIST, option="catalogue"),
        ),
        _show("", "The workspace: name, UUID, issuer."),
        _update("", "Rename the workspace, or change how long its tokens live.", NAME, TOKENS),
        _delete("", "Delete the workspace with everything in it."),
    ),
    "scopes": (
        _list("/scopes", "The scopes that the workspace has defined."),
        _show("/scopes/{name}", "One scope."),
        _create("/scopes", "Define a scope.", *_needed("name"), DESCRIPTION),
        _update("/scopes/{name}", "Change a scope's description.", DESCRIPTION),
        _delete("/scopes/{name}", "Delete a scope and every grant of it.", FORCE),
    ),
    "end-users": (
        _list("/end-users", "The end-users and what each holds."),
        _show("/end-users/{email}", "One end-user."),
        _create(
            "/end-users",
            "Invite an end-user, with one scope at least.",
            *_needed("email"),
            Input("scopes", Kind.LIST, option="scope"),
            Input("internal_scopes", Kind.LIST, option="internal-scope"),
            name="invite",
        ),
        _delete("/end-users/{email}", "Remove an end-user and end all sessions.", name="remove"),
    ),
    "grants": (
        _list("{owner}/scopes", "The scopes that were granted to an end-user or a client."),
        _create(
            "{owner}/scopes", "Grant a scope to an end-user or a client.", *_needed("scope")
        ),
        _delete("{owner}/scopes/{scope}", "Take a granted scope away.", name="revoke"),
    ),
    "clients": (
        _list("/clients", "The OAuth clients, never their secrets."),
        _show("/clients/{id}", "One client."),
        _create(
            "/clients",
            "Register a client: pkce, authorization_code or client_credentials.",
            *_needed("name", "type"),
            REDIRECT_URIS,
            *CLIENT_OPTIONS,
        ),
        _update("/clients/{id}", "Change a client.", NAME, REDIRECT_URIS, *CLIENT_OPTIONS),
        _create(
            "/clients/{id}/rotate-secret",
            "Make a new secret, shown once.",
            Input("overlap", Kind.NUMBER),
            name="rotate-secret",
        ),
        _delete("/clients/{id}", "Delete a client and refuse its tokens at once."),
    ),
    "registration-tokens": (
        _list("/registration-tokens", "The tokens by which clients may register themselves."),
        _create(
            "/registration-tokens",
            "Make a token by which clients register themselves; shown once.",
            Input("note"),
            Input("expires_in", Kind.NUMBER),
        ),
        _delete("/registration-tokens/{id}", "Revoke a registration token.", name="revoke"),
    ),
    "trusted-issuers": (
        _list("/trusted-issuers", "The outside issuers whose assertions speak for clients."),
        _show("/trusted-issuers/{id}", "One trusted issuer."),
        _create(
            "/trusted-issuers",
            'Let an outside issuer speak for clients: [{"claims": {…}, "client_id": …}].',
            Input("issuer", required=True),
            Input("rules", Kind.JSON, required=True),
            *TRUST,
        ),
        _update(
            "/trusted-issuers/{id}", "Change a trusted issuer.", Input("rules", Kind.JSON), *TRUST
        ),
        _delete("/trusted-issuers/{id}", "Stop trusting an issuer."),
    ),
    "metadata": (
        _list("{owner}/metadata", "What is attached to an end-user or a client."),
        _show("{owner}/metadata/{key}", "One attached value."),
        Verb(
            "set", "Attach a value: any JSON, or - to read it from standard input.", "PUT",
            "{owner}/metadata/{key}", (Input("value", Kind.JSON, required=True),),
        ),
        _delete("{owner}/metadata/{key}", "Take an attached value off."),
    ),
    "sessions": (
        _list("/sessions", "Who is signed in through which client."),
        _show("/sessions/{id}", "One session."),
        _delete("/sessions/{id}", "End a session at once.", name="revoke"),
    ),
    "members": (
        _list("/members", "Who manages the workspace, and in which role."),
        _show("/members/{email}", "One member."),
        _create(
            "/members", "Invite somebody as viewer, editor or admin.", *_needed("email", "role"),
            name="invite",
        ),
        _update("/members/{email}", "Change a member's role.", *_needed("role")),
        _delete("/members/{email}", "Remove a member.", name="remove"),
    ),
    "invitations": (
        _list("/invitations", "The invitations that are pending."),
        _show("/invitations/{id}", "One invitation."),
        _delete("/invitations/{id}", "Cancel an invitation.", name="revoke"),
    ),
    "endpoints": (
        _list("/endpoints", "Where data comes in."),
        _show("/endpoints/{id}", "One endpoint."),
        _create(
            "/endpoints", "Create an endpoint; it is active at once.", *_needed("name"),
            URL_PATH, Input("auth"), WRITE_SCOPE, CLIENTS, READ,
        ),
        _update(
            "/endpoints/{id}", "Change an endpoint.", NAME, URL_PATH, WRITE_SCOPE, CLIENTS, READ,
        ),
        *_activate("/endpoints/{id}/activate", "an endpoint"),
        _delete("/endpoints/{id}", "Delete an endpoint."),
    ),
    "exports": (
        _list("/exports", "Where data comes out."),
        _show("/exports/{id}", "One export."),
        _create(
            "/exports", "Create an export.", *_needed("name"),
            Input("path"), Input("endpoint"), AUTH_METHODS, REQUIRED_SCOPE,
        ),
        _update("/exports/{id}", "Change an export.", NAME, AUTH_METHODS, REQUIRED_SCOPE),
        _delete("/exports/{id}", "Delete an export; the data stays."),
    ),
    "datapoints": (
        _list(
            "/datapoints", "What came in, newest first.",
            Input("endpoint"), Input("from"), Input("to"), Input("principal"), Input("include"),
        ),
        _delete("/datapoints", "Delete what came in through an endpoint.", *_needed("endpoint")),
    ),
    "mqtt-configs": (
        _list("/mqtt-configs", "Which outside brokers are to be read."),
        _show("/mqtt-configs/{id}", "One outside broker."),
        _create(
            "/mqtt-configs", "Add an outside broker.",
            *_needed("name", "broker_url", "topic_filter"), WRITE_SCOPE,
        ),
        _update("/mqtt-configs/{id}", "Change an outside broker.", NAME, *BROKER),
        *_activate("/mqtt-configs/{id}/activate", "the reading of a broker"),
        _delete("/mqtt-configs/{id}", "Delete an outside broker."),
    ),
    "audit": (_list("/audit", "Who changed what, newest first."),),
    "vocabulary": (Verb("show", "All scopes, roles and presets.", "GET", "/vocabulary"),),
    "keys": (
        _list("/signing-keys", "The signing keys, public halves only."),
        _create("/signing-keys/rotate", "Let a new key follow the present one.", name="rotate"),
    ),
}  # fmt: skip
