"""The commands about access tags, as `nouns.py` has the others."""

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

SAID = (
    Input("description"),
    Input("users", Kind.JSON),
    Input("groups", Kind.JSON),
    Input("auto_tags", Kind.JSON),
    Input("owners", Kind.JSON),
)

TAG_NOUNS: dict[str, tuple[Verb, ...]] = {
    "access-tags": (
        listing("/access-tags", "The access tags, each with what it gives to whom."),
        show("/access-tags/{name}", "One access tag."),
        create(
            "/access-tags",
            'Define an access tag: --users \'[{"name": …, "role": …}]\'.',
            *needed("name"),
            *SAID,
        ),
        update("/access-tags/{name}", "Change an access tag, list by list.", *SAID),
        delete("/access-tags/{name}", "Delete an access tag.", Input("force", Kind.FLAG)),
    ),
}
