"""Pages from templates, and the console that every page's handler is given."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from scopewright.console.consequences import told_of
from scopewright.console.icons import icon_of
from scopewright.console.notes import Notes
from scopewright.core.errors import Forbidden, ScopewrightError
from scopewright.core.model import EMAIL_PROVIDER, SignIn
from scopewright.languages import CODES, N_, language_of, spoken
from scopewright.metrics import FAILED, OTHER, SIGNED_IN, Metrics
from scopewright.services.account import Account
from scopewright.services.authorization.answers import Authorizations
from scopewright.services.device_authorization import DeviceAuthorizations
from scopewright.services.founding import Founding
from scopewright.services.invitations import Invitations
from scopewright.services.launchpad import Launchpad
from scopewright.services.logout import Logout
from scopewright.services.providers.asking import Providers
from scopewright.services.sign_in import SignedIn, SignIns
from scopewright.web import problems
from scopewright.web.cookies import ANTI_FORGERY_FIELD, Cookies
from scopewright.web.credentials import SIGN_IN_COOKIE
from scopewright.web.headers import page_headers
from scopewright.web.visit import Visit

STATIC = Path(__file__).parent / "static"
# What a browser has kept of an earlier release is not what this one's pages need.
VERSION = sha256(b"".join(one.read_bytes() for one in sorted(STATIC.iterdir()))).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Console:
    """What the pages need. `cookie_seconds` is how long a browser stays signed in."""

    cookies: Cookies
    notes: Notes
    sign_ins: SignIns
    authorizations: Authorizations
    account: Account
    launchpad: Launchpad
    founding: Founding
    invitations: Invitations
    devices: DeviceAuthorizations
    logout: Logout
    providers: Providers
    metrics: Metrics
    cookie_seconds: int

    def count_sign_in(self, provider: str, *, succeeded: bool) -> None:
        """Somebody has tried to sign in; what is no provider here is counted together."""
        known = provider if provider in self._providers else OTHER
        self.metrics.sign_in(known, SIGNED_IN if succeeded else FAILED)

    @property
    def _providers(self) -> frozenset[str]:
        return frozenset({EMAIL_PROVIDER, *(offer.name for offer in self.providers.offers())})

    # --- who visits -----------------------------------------------------------------------------

    def cookie(self, visit: Visit, plain: str = SIGN_IN_COOKIE) -> str | None:
        """The value of one of our cookies."""
        return visit.cookie(self.cookies.name(plain))

    def sign_in(self, visit: Visit) -> SignIn | None:
        """The sign-in of the browser that visits."""
        return self.sign_ins.of_cookie(self.cookie(visit))

    def form(self, visit: Visit, *fields: str, cookie: str | None) -> dict[str, str]:
        """The fields of a form of ours, sent by the browser that has this cookie.

        Raises:
            Forbidden: the form was not made for this browser.
            InvalidRequest, Malformed: it cannot be read, or has other fields.
        """
        form = visit.form(known=frozenset({ANTI_FORGERY_FIELD, *fields}))
        if cookie is None:
            raise Forbidden("The page is too old, or was not ours. Load it again and repeat.")
        presented = form.pop(ANTI_FORGERY_FIELD, None)
        self.cookies.check_anti_forgery(cookie, presented, origin=visit.header(b"origin"))
        return form

    def set_cookie(self, response: Response, plain: str, value: str, *, max_age: int) -> None:
        """Give the browser one of our cookies; `max_age` in seconds, 0 to take it back."""
        response.headers.append("set-cookie", self.cookies.spelled(plain, value, max_age=max_age))

    def welcome(self, response: Response, signed_in: SignedIn) -> Response:
        """Sign the browser in with this answer."""
        self.set_cookie(response, SIGN_IN_COOKIE, signed_in.cookie, max_age=self.cookie_seconds)
        return response


def page(
    template: str,
    *,
    status: int | None = None,
    leads_to: str | None = None,
    script: str | None = None,
    **facts: Any,
) -> HTMLResponse:
    """A page that nobody may keep or frame, in the language of the visit.

    Where none is said, its `status` is 422 with a `fault`, and 200 without. `leads_to` is a URI to
    which its forms may lead, beside our own; `script` the script that stands in it.
    """
    language = spoken()
    made = _templates(language.code).get_template(template)
    text = made.render(script=script, language=language, **facts)
    status = status or (422 if facts.get("fault") else 200)
    return HTMLResponse(text, status, page_headers(leads_to=leads_to, script=script))


def refusal(error: ScopewrightError) -> Response:
    """The page that says what was refused, and why."""
    kind = problems.kind_of(error)
    # Its title speaks of scopes; what is refused to a browser here is a form.
    title = N_("This cannot be done") if isinstance(error, Forbidden) else kind.title
    response = page("refusal.html", status=kind.status, title=title, detail=error.detail)
    if retry_after := problems.headers(error).get("retry-after"):
        response.headers["retry-after"] = retry_after
    return response


@cache
def _templates(code: str) -> Environment:
    language = language_of(code)
    templates = Environment(
        loader=PackageLoader("scopewright.console"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = language.translations
    templates.install_gettext_callables(words.ugettext, words.ungettext, newstyle=True)  # type: ignore[attr-defined]
    templates.policies["ext.i18n.trimmed"] = True
    languages = [language_of(one) for one in CODES]
    templates.globals.update(version=VERSION, languages=languages, icon_of=icon_of)
    # `_` is for what the templates say: it takes words for markup. `said` is for words from outside
    # of them, and for what may be anybody's.
    templates.filters.update(
        moment=lambda at: language.moment(instant(at)),
        second=lambda at: language.second(instant(at)),
        instant=instant,
        number=language.number,
        said=language.tells,
        told=lambda changes: told_of(changes, language),
        json=_json,
    )
    return templates


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def instant(at: str | datetime) -> datetime:
    """A moment as the API writes it, or as it is."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)
