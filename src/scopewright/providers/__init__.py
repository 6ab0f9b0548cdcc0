"""Ways to prove an identity beside the letter: passwords kept here, and other people's servers.

A provider is an object of one or two of four shapes (`ways.py`), named in the settings by a short
name or by its import path, and made once at start (`opening.py`).
"""

from scopewright.providers.opening import Opened, open_providers
from scopewright.providers.ways import (
    Bearer,
    Borne,
    Form,
    Header,
    Proven,
    Provider,
    Redirect,
    Surroundings,
    Unusable,
    WholeRedirect,
)

__all__ = [
    "Bearer",
    "Borne",
    "Form",
    "Header",
    "Opened",
    "Proven",
    "Provider",
    "Redirect",
    "Surroundings",
    "Unusable",
    "WholeRedirect",
    "open_providers",
]
