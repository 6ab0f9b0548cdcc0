"""One typed tree of settings, read once at start. Nothing else reads the environment."""

from scopewright.settings.section import Section
from scopewright.settings.sources import Loaded, leaves, load
from scopewright.settings.tree import ServerSettings, Settings

__all__ = ["Loaded", "Section", "ServerSettings", "Settings", "leaves", "load"]
