"""Which catalogues go together in one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from scopewright.core.catalogue import Catalogue
from scopewright.core.errors import Invalid


def check_together(catalogues: Sequence[Catalogue]) -> None:
    """Let these be enabled in one workspace.

    Raises:
        Invalid: two define the same name, or say how applications are named.
    """
    for one, other in combinations(catalogues, 2):
        if one.applications is not None and other.applications is not None:
            raise Invalid(
                f"Both {one.name} and {other.name} say how applications are named:"
                " a workspace has one of them.",
                field="catalogues",
            )
        if names := one.folded_names() & other.folded_names():
            raise Invalid(
                f"Both {one.name} and {other.name} define {min(names)}: a workspace has one of"
                " them.",
                field="catalogues",
            )
