"""The nouns about everybody who can hold scopes, and how they are grouped, as commands."""

from __future__ import annotations

from scopewright.commands.verbs import (
    Input,
    Kind,
    Verb,
    create,
    delete,
    listing,
    needed,
    show,
    update,
)

PRINCIPALS: dict[str, tuple[Verb, ...]] = {
    "principals": (
        listing(
            "/principals", "Everybody who can hold scopes.",
            Input("kind"), Input("owner"), Input("q"), Input("sort"),
            Input("disabled", Kind.FLAG),
        ),
        show("/principals/{principal}", "One of them, by id or address: what it has, and why."),
        Verb("me", "What you hold yourself, and why.", "GET", "/principals/me"),
        create(
            "/principals", "Make a service principal; it acts by API keys.", *needed("name"),
            Input("roles", Kind.LIST, option="role"), Input("owner"),
        ),
        update(
            "/principals/{principal}", "Change a service principal.",
            Input("name"), Input("owner"),
        ),
        delete("/principals/{principal}", "Remove whoever it is.", name="remove"),
        create(
            "/principals/{principal}/disable", "Refuse at once what it presents.", name="disable"
        ),
        create("/principals/{principal}/enable", "Accept it again.", name="enable"),
        create(
            "/principals/{principal}/sign-out", "End every session of a person; keys stay.",
            name="sign-out",
        ),
        create("/principals/me/sign-out", "End every session of yours.", name="sign-me-out"),
    ),
    "identities": (
        listing("/principals/{principal}/identities", "How a person proves who they are."),
        Verb(
            "link", "Let a person prove who they are by one more.", "PUT",
            "/principals/{principal}/identities/{provider}/{subject}",
        ),
        delete(
            "/principals/{principal}/identities/{provider}/{subject}",
            "Take one from a person, whose sessions end.", name="unlink",
        ),
    ),
    "assignments": (
        listing("/principals/{principal}/roles", "The roles that a principal is assigned itself."),
        Verb("assign", "Assign a role.", "PUT", "/principals/{principal}/roles/{role}"),
        delete("/principals/{principal}/roles/{role}", "Take a role away.", name="unassign"),
    ),
    "groups": (
        listing("/groups", "The groups."),
        show("/groups/{id}", "One group."),
        create("/groups", "Make a group.", *needed("name")),
        delete("/groups/{id}", "Delete a group; nobody holds anything through it any more."),
        listing("/groups/{id}/members", "Everybody in a group.", name="members"),
        Verb("add", "Put somebody into a group.", "PUT", "/groups/{id}/members/{principal}"),
        delete(
            "/groups/{id}/members/{principal}", "Take somebody out of a group.", name="remove"
        ),
    ),
}  # fmt: skip
