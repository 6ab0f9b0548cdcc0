"""Values of many optional parts, kept as JSON of those that say something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")


def compact(value: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass that are not at their default, as JSON takes them."""
    said = {}
    for field in fields(value):
        found = getattr(value, field.name)
        if found != _default(field):
            said[field.name] = _as_json(found)
    return said


def restored(cls: type[T], said: Mapping[str, Any]) -> T:
    """The value whose `compact()` this is."""
    return cls(
        **{name: tuple(part) if isinstance(part, list) else part for name, part in said.items()}
    )


def _as_json(part: Any) -> Any:
    if is_dataclass(part) and not isinstance(part, type):
        return compact(part)
    return list(part) if isinstance(part, tuple) else part


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
