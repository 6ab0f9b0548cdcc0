"""Ways to prove an identity beside the letter: passwords kept here, and other people's servers.

A provider is an object of one of three shapes (`ways.py`), named in the settings by a short name
or by its import path, and made once at start (`opening.py`).
"""

from scopewright.providers.opening import Opened, open_providers
from scopewright.providers.ways import (
    Form,
    Header,
    Proven,
    Provider,
    Redirect,
    Surroundings,
    Unusable,
)

__all__ = [
    "Form",
    "Header",
    "Opened",
    "Proven",
    "Provider",
    "Redirect",
    "Surroundings",
    "Unusable",
    "open_providers",
]
