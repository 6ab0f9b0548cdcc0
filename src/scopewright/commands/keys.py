"""The commands about API keys and signing keys, as `nouns.py` has the others."""

from __future__ import annotations

from scopewright.commands.verbs import (
    SOUGHT,
    Input,
    Kind,
    Verb,
    create,
    delete,
    listing,
    needed,
    of_anybody,
    show,
    update,
)

KEY_NOUNS: dict[str, tuple[Verb, ...]] = {
    "api-keys": (
        of_anybody(listing("/api-keys", "Your own live API keys, never their secrets.", *SOUGHT)),
        of_anybody(show("/api-keys/{id}", "One key.")),
        of_anybody(
            create(
                "/api-keys", "Make a key, shown once; without a scope it inherits all of yours.",
                Input("scopes", Kind.LIST, option="scope"), Input("expires_in", Kind.DURATION),
                Input("note"), Input("tags", Kind.LIST, option="tag"),
            )
        ),
        update("/api-keys/{id}", "Say what a key is for.", *needed("note")),
        create(
            "/api-keys/{id}/rotate", "Let another key follow, shown once; the old one ends.",
            Input("overlap", Kind.DURATION), name="rotate",
        ),
        of_anybody(
            delete("/api-keys/{id}", "Revoke a key and all made with it.", name="revoke")
        ),
        Verb("current", "The key that you present.", "GET", "/api-keys/current"),
        delete("/api-keys/current", "Revoke the key that you present.", name="revoke-current"),
    ),
    "keys": (
        listing("/signing-keys", "The signing keys, public halves only."),
        create(
            "/signing-keys/rotate", "Let a new key follow the present one of an algorithm, or all.",
            Input("algorithm"), name="rotate",
        ),
    ),
}  # fmt: skip
