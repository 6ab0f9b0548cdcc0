"""The one way out: every URL that somebody else named is asked from here, and nowhere else.

https only; a name is resolved once, every address it has is judged, and the connection goes to an
address that was judged, so a name that answers differently the second time leads nowhere else. No
redirects, no cookies, no proxies, no compression; so many bytes, so many seconds, so many at once.
"""

from scopewright.outbound.aside import aside
from scopewright.outbound.errors import Unfetchable
from scopewright.outbound.fetcher import Fetched, Fetcher

__all__ = ["Fetched", "Fetcher", "Unfetchable", "aside"]
