"""The workspaces that the signed-in person manages, and making one more."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from scopewright.catalogues import INTERNAL, PLAIN
from scopewright.console.desk import EMPTY, Fault, Form
from scopewright.console.render import Console, page
from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Forbidden, ScopewrightError
from scopewright.core.model import EMAIL_PROVIDER, SignIn
from scopewright.web import problems
from scopewright.web.visit import Visit

AT = "/workspaces"
CATALOGUE = "catalogue:"  # of a box, before the catalogue's name


def index(console: Console, visit: Visit) -> Response:
    """All of them, to choose from; and the form for one more, for whoever may make it."""
    cookie, sign_in = console.cookie(visit), console.sign_in(visit)
    if sign_in is None or cookie is None:
        return RedirectResponse("/sign-in", 303)
    return _shown(console, cookie, sign_in, EMPTY, None)


def create(console: Console, visit: Visit) -> Response:
    """Make one, of which the person becomes the administrator."""
    cookie, sign_in = console.cookie(visit), console.sign_in(visit)
    if sign_in is None or cookie is None:
        return RedirectResponse("/sign-in", 303)
    boxes = [f"{CATALOGUE}{one.name}" for one in _offered(console)]
    typed = console.form(visit, "name", "slug", *boxes, cookie=cookie)
    catalogues = [box.removeprefix(CATALOGUE) for box in boxes if box in typed]
    try:
        made, _ = console.founding.create_for(
            sign_in,
            name=typed.get("name", ""),
            slug=typed.get("slug") or None,
            catalogues=catalogues,
        )
    except Forbidden:
        raise
    except ScopewrightError as error:
        return _shown(console, cookie, sign_in, Form([*typed.items()]), error)
    return RedirectResponse(f"{AT}/{quote(made.slug)}", 303)


def _shown(
    console: Console, cookie: str, sign_in: SignIn, form: Form, error: ScopewrightError | None
) -> Response:
    identity = sign_in.identity
    return page(
        "workspaces.html",
        status=problems.kind_of(error).status if error else 200,
        person=identity.subject if identity.provider == EMAIL_PROVIDER else "",
        workspaces=console.account.managed(identity),
        may_create=console.founding.is_open_to(sign_in),
        catalogues=_offered(console),
        form=form,
        fault=Fault.of(error) if error else None,
        anti_forgery=console.cookies.anti_forgery(cookie),
    )


def _offered(console: Console) -> list[Catalogue]:
    """The catalogues that a workspace may have beside what every workspace has."""
    found = console.founding.catalogues.values()
    return [one for one in found if one.name not in (INTERNAL, PLAIN)]
