"""The commands about the gateway's routes, as `nouns.py` has the others."""

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

ROUTE = (
    Input("methods", Kind.LIST, option="method"),
    Input("scopes", Kind.LIST, option="scope"),
    Input("credentials", Kind.LIST, option="credential"),
    Input("public", Kind.FLAG),
)

ROUTE_NOUNS: dict[str, tuple[Verb, ...]] = {
    "gateway-routes": (
        listing("/applications/{application}/routes", "What requests to an application need."),
        show("/applications/{application}/routes/{id}", "One route."),
        create(
            "/applications/{application}/routes", "Declare what some requests need.",
            *needed("host", "path"), *ROUTE, name="declare",
        ),
        update(
            "/applications/{application}/routes/{id}", "Change a route.",
            Input("host"), Input("path"), *ROUTE,
        ),
        create(
            "/applications/{application}/routes/import",
            "Declare what an OpenAPI document says of its operations.",
            Input("host", required=True), Input("document", Kind.FILE, required=True),
            name="import",
        ),
        delete("/applications/{application}/routes/{id}", "Take a route away."),
    ),
}  # fmt: skip
