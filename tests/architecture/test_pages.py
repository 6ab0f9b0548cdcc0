"""Templates and stylesheet hold what a page uses, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, nodes

from tests.architecture.tree import PACKAGE, modules

CONSOLE = PACKAGE / "console"
TEMPLATES = {path.name: path.read_text() for path in sorted((CONSOLE / "templates").iterdir())}
STYLES = re.sub(r"/\*.*?\*/", "", (CONSOLE / "static/console.css").read_text(), flags=re.DOTALL)
SCRIPT = (CONSOLE / "static/console.js").read_text()
PYTHON = "\n".join(path.read_text() for path in modules("console"))
EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
CLASSES = re.compile(r'class="((?:\{\{.*?\}\}|\{%.*?%\}|[^"{])*)"')
WIDTHS = re.compile(r"\{% block width %\}(\w+)")  # of `main`, which a page chooses by this block


@cache
def parsed(template: str) -> nodes.Template:
    return Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(TEMPLATES[template])


def names_in(template: str) -> set[str]:
    """What is called or shown in a template, by its name."""
    return {one.name for one in parsed(template).find_all(nodes.Name) if one.ctx == "load"}


def imported_in(template: str) -> set[str]:
    imports = parsed(template).find_all(nodes.FromImport)
    return {name for one in imports for name in one.names if isinstance(name, str)}


def classes_in(template: str) -> Iterator[str]:
    """The classes of a template's elements, those too that an expression gives."""
    text = TEMPLATES[template]
    for value in CLASSES.findall(text):
        yield from EXPRESSION.sub(" ", value).split()
        for expression in EXPRESSION.findall(value):
            yield from " ".join(re.findall(r'"([^"]*)"', expression)).split()
    yield from WIDTHS.findall(text)


def test_every_macro_that_a_template_imports_is_used_there() -> None:
    assert [(one, idle) for one in TEMPLATES for idle in imported_in(one) - names_in(one)] == []


def test_every_macro_is_used() -> None:
    made = {one.name for name in TEMPLATES for one in parsed(name).find_all(nodes.Macro)}
    assert made - {used for name in TEMPLATES for used in names_in(name)} == set()


def test_every_template_is_a_page_or_a_part_of_one() -> None:
    said = PYTHON + "".join(TEMPLATES.values())
    assert [name for name in TEMPLATES if f'"{name}"' not in said] == []


def test_every_class_of_the_stylesheet_is_some_element_s() -> None:
    styled = {name for selector in selectors() for name in re.findall(r"\.([a-z][\w-]*)", selector)}
    set_by_script = re.findall(r'classList\.toggle\("([\w-]+)"', SCRIPT)
    given = {name for template in TEMPLATES for name in classes_in(template)}
    assert styled - given - {*set_by_script} == set()


def test_every_class_of_an_element_is_styled_or_looked_for_by_the_script() -> None:
    known = set(re.findall(r"\.([a-z][\w-]*)", " ".join(selectors()) + SCRIPT))
    assert {name for template in TEMPLATES for name in classes_in(template)} - known == set()


def test_no_selector_stands_twice_in_the_stylesheet() -> None:
    assert [one for one in {*selectors()} if selectors().count(one) > 1] == []


@cache
def selectors() -> list[str]:
    """Each selector, behind the medium for which it is."""
    found, around = [], [""]
    for words, brace in re.findall(r"([^{};]*)([{}])", STYLES):
        if brace == "}":
            around.pop()
        elif words.strip().startswith("@"):
            around.append(words.strip())
        else:
            found.append(f"{around[-1]} {words.strip()}")
            around.append(around[-1])
    return found
