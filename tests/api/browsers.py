"""A signed-in browser at the API: the headers that it and our own pages' scripts send."""

from __future__ import annotations

from datetime import timedelta

from scopewright.core.model import Identity, SignIn
from scopewright.core.oauth import hash_secret
from scopewright.ids import new_secret
from scopewright.store import instance, sign_ins
from scopewright.web.cookies import Cookies
from tests.inprocess import Running

URL = "http://127.0.0.1:8080"


def signed_in(running: Running, address: str, *, ago: timedelta = timedelta(0)) -> dict[str, str]:
    """The headers of a browser that has proven this address, now or some time ago."""
    cookie, now = new_secret("swb"), running.clock()
    then, until = now - ago, now + timedelta(days=1)
    with running.database.write() as tx:
        identity = Identity("email", address)
        sign_ins.add(tx, SignIn(hash_secret(cookie), identity, then, now, until))
        secret = bytes.fromhex(instance.keep_first(tx, "server_secret", ""))
    cookies = Cookies(URL, secret)
    return {
        "cookie": f"{cookies.name('scopewright')}={cookie}",
        "x-anti-forgery": cookies.anti_forgery(cookie),
    }
