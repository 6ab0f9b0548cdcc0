"""The management API as a table of commands: `scopewright NOUN VERB`, its request, its inputs.

`{name}` in a path is an argument; `{owner}` is an end-user's address or a client's id. What else a
command takes becomes a member of the body, or of the query of a GET or DELETE.
"""

from __future__ import annotations

from scopewright.commands.access_tags import TAG_NOUNS
from scopewright.commands.connections import CONNECTION_NOUNS
from scopewright.commands.gateway_routes import ROUTE_NOUNS
from scopewright.commands.keys import KEY_NOUNS
from scopewright.commands.principals import PRINCIPALS
from scopewright.commands.verbs import (
    SOUGHT,
    Input,
    Kind,
    Verb,
    activation,
    create,
    delete,
    listing,
    needed,
    show,
    update,
)

NAME, DESCRIPTION = Input("name"), Input("description")
IMPLIES = Input("implies", Kind.LIST, option="implies")
FORCE = Input("force", Kind.FLAG)
REDIRECT_URIS = Input("redirect_uris", Kind.LIST, option="redirect-uri")
WRITE_SCOPE, URL_PATH = Input("write_scope", is_taken_away=True), Input("url_path")
CLIENTS = Input("clients", Kind.LIST, option="client")
READ = Input("read", Kind.FLAG)
AUTH_METHODS = Input("auth_methods", Kind.LIST, option="auth-method")
REQUIRED_SCOPE = Input("required_scope", is_taken_away=True)
EXPORTED = Input("path"), Input("endpoint", is_taken_away=True)
TOKENS = Input("tokens", Kind.JSON)
CLIENT_OPTIONS = (
    Input("require_pkce", Kind.FLAG),
    Input("allow_both_auth_methods", Kind.FLAG),
    Input("scope_default"),
    TOKENS,
    Input("registration", Kind.JSON),
)
BROKER = (Input("broker_url"), Input("topic_filter"), WRITE_SCOPE)
TITLE = Input("title")
LAUNCH_URL = Input("launch_url", is_taken_away=True)
RESOURCE = Input("resource", is_taken_away=True)
CONTENTS = (
    Input("scopes", Kind.LIST, option="scope"),
    Input("includes", Kind.LIST, option="include"),
)
TRUST = (
    Input("audience"),
    Input("jwks_uri"),
    Input("jwks", Kind.JSON),
    Input("single_use", Kind.FLAG),
)

NOUNS: dict[str, tuple[Verb, ...]] = {
    "workspaces": (
        listing("/api/workspaces", "The workspaces that you are a member of."),
        create(
            "/api/workspaces",
            "Create a workspace of which you become the administrator.",
            *needed("name"),
            Input("slug"),
            Input("catalogues", Kind.LIST, option="catalogue"),
        ),
        show("", "The workspace: name, UUID, issuer."),
        update(
            "", "Rename the workspace, or change its token settings or policy.",
            NAME, TOKENS, Input("policy", Kind.JSON),
        ),
        delete("", "Delete the workspace with everything in it."),
    ),
    "scopes": (
        listing("/scopes", "The scopes that the workspace has defined.", *SOUGHT),
        show("/scopes/{name}", "One scope."),
        create("/scopes", "Define a scope.", *needed("name"), DESCRIPTION, IMPLIES),
        update("/scopes/{name}", "Change what is said of a scope.", DESCRIPTION, IMPLIES),
        delete("/scopes/{name}", "Delete a scope and every grant of it.", FORCE),
    ),
    "roles": (
        listing("/roles", "The roles of the workspace and its applications.", *SOUGHT),
        show("/roles/{name}", "One role, with all that it comes to and the ways to it."),
        create("/roles", "Define a role.", *needed("name"), DESCRIPTION, *CONTENTS),
        update("/roles/{name}", "Change what is said of a role.", DESCRIPTION, *CONTENTS),
        delete("/roles/{name}", "Delete a role.", FORCE),
    ),
    "role-mappings": (
        listing("/role-mappings", "The includes that are missing, or for which a role stands."),
        Verb(
            "set", "Let a role stand for a missing include.", "PUT", "/role-mappings/{include}",
            needed("role"),
        ),
        delete("/role-mappings/{include}", "Let no role stand for an include."),
    ),
    "revisions": (
        listing("/revisions", "What was changed about roles and scopes, newest first."),
        create("/revisions/{id}/undo", "Bring back what was before a change.", name="undo"),
    ),
    "end-users": (
        listing("/end-users", "The end-users and what each holds.", *SOUGHT),
        show("/end-users/{email}", "One end-user."),
        create(
            "/end-users",
            "Invite an end-user, with one scope or role at least.",
            *needed("email"),
            Input("scopes", Kind.LIST, option="scope"),
            Input("internal_scopes", Kind.LIST, option="internal-scope"),
            Input("roles", Kind.LIST, option="role"),
            name="invite",
        ),
        create(
            "/end-users/{email}/invitation", "Send an end-user a fresh link.", name="invite-again"
        ),
        delete("/end-users/{email}", "Remove an end-user and end all sessions.", name="remove"),
    ),
    "grants": (
        listing("{owner}/scopes", "The scopes that were granted to an end-user or a client."),
        create(
            "{owner}/scopes", "Grant a scope to an end-user or a client.", *needed("scope")
        ),
        update(
            "{owner}/scopes", "Grant several scopes and take others away: all of it or nothing.",
            Input("give", Kind.LIST), Input("take", Kind.LIST),
        ),
        delete("{owner}/scopes/{scope}", "Take a granted scope away.", name="revoke"),
    ),
    "clients": (
        listing("/clients", "The OAuth clients, never their secrets.", *SOUGHT),
        show("/clients/{id}", "One client."),
        create(
            "/clients",
            "Register a client: pkce, authorization_code or client_credentials.",
            *needed("name", "type"),
            REDIRECT_URIS,
            *CLIENT_OPTIONS,
        ),
        update("/clients/{id}", "Change a client.", NAME, REDIRECT_URIS, *CLIENT_OPTIONS),
        create(
            "/clients/{id}/rotate-secret",
            "Make a new secret, shown once.",
            Input("overlap", Kind.DURATION),
            name="rotate-secret",
        ),
        delete("/clients/{id}", "Delete a client and refuse its tokens at once."),
    ),
    "registration-tokens": (
        listing("/registration-tokens", "The tokens by which clients may register themselves."),
        create(
            "/registration-tokens",
            "Make a token by which clients register themselves; shown once.",
            Input("note"),
            Input("expires_in", Kind.DURATION),
        ),
        delete("/registration-tokens/{id}", "Revoke a registration token.", name="revoke"),
    ),
    "trusted-issuers": (
        listing("/trusted-issuers", "The outside issuers whose assertions speak for clients."),
        show("/trusted-issuers/{id}", "One trusted issuer."),
        create(
            "/trusted-issuers",
            'Let an outside issuer speak for clients: [{"claims": {…}, "client_id": …}].',
            Input("issuer", required=True),
            Input("rules", Kind.JSON, required=True),
            *TRUST,
        ),
        update(
            "/trusted-issuers/{id}", "Change a trusted issuer.", Input("rules", Kind.JSON), *TRUST
        ),
        delete("/trusted-issuers/{id}", "Stop trusting an issuer."),
    ),
    **PRINCIPALS,
    **TAG_NOUNS,
    **CONNECTION_NOUNS,
    "metadata": (
        listing("{owner}/metadata", "What is attached to an end-user or a client."),
        show("{owner}/metadata/{key}", "One attached value."),
        listing("/principals/me/metadata", "What is attached to you.", name="mine"),
        Verb(
            "set", "Attach a value: any JSON, or - to read it from standard input.", "PUT",
            "{owner}/metadata/{key}", (Input("value", Kind.JSON, required=True),),
        ),
        delete("{owner}/metadata/{key}", "Take an attached value off."),
    ),
    "sessions": (
        listing("/sessions", "Who is signed in through which client.", *SOUGHT),
        show("/sessions/{id}", "One session."),
        delete("/sessions/{id}", "End a session at once.", name="revoke"),
        listing("/principals/me/sessions", "Your own.", name="mine"),
        delete("/principals/me/sessions/{id}", "End one of your own.", name="revoke-mine"),
    ),
    "members": (
        listing("/members", "Who manages the workspace, and in which role.", *SOUGHT),
        show("/members/{email}", "One member."),
        create(
            "/members", "Invite somebody as viewer, editor or admin.", *needed("email", "role"),
            name="invite",
        ),
        update("/members/{email}", "Change a member's role.", *needed("role")),
        delete("/members/{email}", "Remove a member.", name="remove"),
    ),
    "invitations": (
        listing("/invitations", "The invitations that nobody has accepted."),
        show("/invitations/{id}", "One invitation."),
        delete("/invitations/{id}", "Cancel an invitation.", name="revoke"),
    ),
    "endpoints": (
        listing("/endpoints", "Where data comes in."),
        show("/endpoints/{id}", "One endpoint."),
        create(
            "/endpoints", "Create an endpoint; it is active at once.", *needed("name"),
            URL_PATH, Input("auth"), WRITE_SCOPE, CLIENTS, READ,
        ),
        update(
            "/endpoints/{id}", "Change an endpoint.", NAME,
            URL_PATH, Input("auth"), WRITE_SCOPE, CLIENTS, READ,
        ),
        *activation("/endpoints/{id}/activate", "an endpoint"),
        delete("/endpoints/{id}", "Delete an endpoint."),
    ),
    "exports": (
        listing("/exports", "Where data comes out."),
        show("/exports/{id}", "One export."),
        create(
            "/exports", "Create an export.", *needed("name"),
            *EXPORTED, AUTH_METHODS, REQUIRED_SCOPE,
        ),
        update(
            "/exports/{id}", "Change an export.", NAME, *EXPORTED, AUTH_METHODS, REQUIRED_SCOPE
        ),
        delete("/exports/{id}", "Delete an export; the data stays."),
    ),
    "datapoints": (
        listing(
            "/datapoints", "What came in, newest first.",
            Input("endpoint"), Input("from"), Input("to"), Input("principal"), Input("include"),
        ),
        delete("/datapoints", "Delete what came in through an endpoint.", *needed("endpoint")),
    ),
    "mqtt-configs": (
        listing("/mqtt-configs", "Which outside brokers are to be read."),
        show("/mqtt-configs/{id}", "One outside broker."),
        create(
            "/mqtt-configs", "Add an outside broker.",
            *needed("name", "broker_url", "topic_filter"), WRITE_SCOPE,
        ),
        update("/mqtt-configs/{id}", "Change an outside broker.", NAME, *BROKER),
        *activation("/mqtt-configs/{id}/activate", "the reading of a broker"),
        delete("/mqtt-configs/{id}", "Delete an outside broker."),
    ),
    "applications": (
        listing("/applications", "The applications with their scopes and roles."),
        show("/applications/{application}", "One application."),
        create(
            "/applications", "Create an application with the roles that every one has.",
            *needed("name"), TITLE, LAUNCH_URL, RESOURCE,
        ),
        update(
            "/applications/{application}", "Change an application; its name stays.",
            TITLE, LAUNCH_URL, RESOURCE,
        ),
        create(
            "/applications/{application}/register",
            "Let its roles be assigned; it needs a scope that one of its roles holds.",
            name="register",
        ),
        delete("/applications/{application}", "Delete it with its scopes and roles.", FORCE),
    ),
    "application-scopes": (
        listing("/applications/{application}/scopes", "The scopes of an application."),
        create(
            "/applications/{application}/scopes", "Define one: APPLICATION.NAME.",
            *needed("name"), DESCRIPTION,
        ),
        delete("/applications/{application}/scopes/{scope}", "Delete one.", FORCE),
    ),
    "application-roles": (
        listing("/applications/{application}/roles", "The roles of an application."),
        show("/applications/{application}/roles/{role}", "One role and all that it comes to."),
        create(
            "/applications/{application}/roles", "Define a role, by its own name: admin, user …",
            *needed("name"), DESCRIPTION,
        ),
        update(
            "/applications/{application}/roles/{role}",
            "Change a role; the scopes or includes that are named replace the present ones.",
            DESCRIPTION, *CONTENTS,
        ),
        delete("/applications/{application}/roles/{role}", "Delete one.", FORCE),
    ),
    **ROUTE_NOUNS,
    "launchpad": (listing("/api/launchpad", "The applications that are open to you."),),
    "lookups": (
        Verb(
            "find", "What has an id that begins so: people, clients, groups, keys, sessions.",
            "GET", "/lookups", needed("q"),
        ),
    ),
    "numbers": (Verb("show", "How many there are of each noun.", "GET", "/numbers"),),
    "audit": (
        listing(
            "/audit", "Who changed what, newest first.",
            Input("operation"), Input("actor"), Input("from"), Input("to"),
        ),
    ),
    "vocabulary": (Verb("show", "All scopes, roles and presets.", "GET", "/vocabulary"),),
    **KEY_NOUNS,
}  # fmt: skip
