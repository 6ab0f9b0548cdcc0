"""One typed tree of settings, read once at start. Nothing else reads the environment."""

from scopewright.settings.sources import Loaded, leaves, load
from scopewright.settings.tree import Section, Settings

__all__ = ["Loaded", "Section", "Settings", "leaves", "load"]
