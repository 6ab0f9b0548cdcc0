"""The commands for applications that act for oneself."""

from __future__ import annotations

from scopewright.commands.verbs import Verb, delete, listing

CONNECTION_NOUNS: dict[str, tuple[Verb, ...]] = {
    "connections": (
        listing("/principals/me/connections", "The applications that act for you."),
        delete(
            "/principals/me/connections/{id}",
            "Take back what you have allowed one, and end your sessions through it.",
            name="end",
        ),
    ),
}
