"""Forms of pages, filled in and sent as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import httpx

Typed = str | list[str] | None
Attributes = dict[str, str | None]


@dataclass
class Form:
    """One form as it stands: what it would send, what else it could, and its buttons."""

    action: str
    pairs: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    is_dangerous: bool = False

    def filled(self, typed: dict[str, Typed]) -> list[tuple[str, str]]:
        """What is sent with this typed and chosen; None leaves a field out, as a box unticked."""
        unknown = typed.keys() - self.names - {name for name, _ in self.buttons}
        assert not unknown, (self.action, unknown)
        sent = [pair for pair in self.pairs if pair[0] not in typed]
        for name, value in typed.items():
            if any(name == button for button, _ in self.buttons):
                assert (name, value) in self.buttons, (self.action, name, value)
            sent += [(name, one) for one in ([value] if isinstance(value, str) else value or [])]
        return sent


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._form: Form | None = None
        self._text: tuple[str, list[str]] | None = None
        self._options: tuple[str, list[tuple[str, bool]]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._form = Form(given.get("action") or "")
            if (given.get("method") or "").lower() == "post":
                self.found.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: Attributes) -> None:
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "button" and given.get("type", "submit") == "submit":
            form.buttons.append((name, value))
            form.is_dangerous |= "danger" in (given.get("class") or "").split()
        elif tag == "input" and name:
            form.names.add(name)
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                form.pairs.append((name, value))
        elif tag == "textarea":
            form.names.add(name)
            self._text = name, []
        elif tag == "select":
            form.names.add(name)
            self._options = name, []
        elif tag == "option" and self._options:
            self._options[1].append((value, "selected" in given))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea" and self._text is not None and self._form is not None:
            self._form.pairs.append((self._text[0], "".join(self._text[1]).removeprefix("\n")))
            self._text = None
        elif tag == "select" and self._options is not None and self._form is not None:
            name, options = self._options
            self._options = None
            if options:
                chosen = next((value for value, is_on in options if is_on), options[0][0])
                self._form.pairs.append((name, chosen))


def form_of(page: httpx.Response, path: str, typed: dict[str, Typed]) -> Form:
    """The form of a page that leads to an address and has such fields."""
    forms = _Forms(page.text).found
    for form in forms:
        leads_to = unquote(urlsplit(urljoin(str(page.url), form.action)).path)
        has = form.names | {name for name, _ in form.buttons}
        if leads_to == path and has >= typed.keys():
            return form
    raise AssertionError(f"{page.url} has no form for {path}: {[one.action for one in forms]}")


def press(
    browser: httpx.Client, page: httpx.Response, form: Form, typed: dict[str, Typed]
) -> httpx.Response:
    """Send a form of a page; the page that one is led to."""
    pairs = form.filled(typed)
    sent = {name: [value for key, value in pairs if key == name] for name, _ in pairs}
    return browser.post(urljoin(str(page.url), form.action), data=sent, follow_redirects=True)
