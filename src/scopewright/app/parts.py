"""What all else is made of: settings in, and out comes what several edges share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scopewright import ids
from scopewright.access import Access
from scopewright.authentication import ClientAuthentication
from scopewright.authority import Authority
from scopewright.catalogues import read_files, read_shipped
from scopewright.certificates import read_authorities
from scopewright.client_documents import ClientDocuments
from scopewright.clock import Clock
from scopewright.core import oauth
from scopewright.core.catalogue import Catalogue
from scopewright.guard.nonces import Nonces
from scopewright.keys import KeyRing
from scopewright.mail import Mailer
from scopewright.metrics import Metrics
from scopewright.outbound import Fetcher
from scopewright.proofs import Proofs
from scopewright.remote_keys import RemoteKeys
from scopewright.request_objects import RequestObjects
from scopewright.settings import Settings
from scopewright.store import instance
from scopewright.store.database import Database
from scopewright.store.key_uses import KeyUses
from scopewright.store.versions import Versions, watch
from scopewright.web.cookies import Cookies
from scopewright.web.credentials import possession_of
from scopewright.web.key_uses import noting


@dataclass(frozen=True)
class Instance:
    """What belongs to the whole instance and never changes after its first start."""

    server_secret: bytes
    internal_prefix: str
    role_prefix: str


def read_instance(database: Database, settings: Settings) -> Instance:
    """The instance's secret and its spelling of names, made at the first start."""
    with database.write() as tx:
        secret = instance.keep_first(tx, "server_secret", ids.new_key_bytes().hex())
        internal = instance.keep_first(tx, "internal_prefix", settings.naming.internal_prefix)
        role = instance.keep_first(tx, "role_prefix", settings.naming.role_prefix)
    return Instance(bytes.fromhex(secret), internal, role)


def read_catalogues(settings: Settings, this: Instance) -> Mapping[str, Catalogue]:
    """The catalogues that ship, and the site's own."""
    shipped = read_shipped(internal_prefix=this.internal_prefix, role_prefix=this.role_prefix)
    return shipped | read_files(settings.catalogues, role_prefix=this.role_prefix)


@dataclass(frozen=True)
class Parts:
    """What all else is made of."""

    settings: Settings
    clock: Clock
    mailer: Mailer
    database: Database
    versions: Versions
    this: Instance
    catalogues: Mapping[str, Catalogue]
    key_ring: KeyRing
    authority: Authority
    proofs: Proofs
    fetcher: Fetcher
    remote_keys: RemoteKeys
    documents: ClientDocuments
    access: Access
    authentication: ClientAuthentication
    cookies: Cookies
    key_uses: KeyUses
    metrics: Metrics

    @property
    def public_url(self) -> str:
        return self.settings.server.url

    @property
    def request_objects(self) -> RequestObjects:
        return RequestObjects(self.database, self.clock, self.remote_keys, self.public_url)


def make_parts(settings: Settings, clock: Clock, mailer: Mailer) -> Parts:
    """Everything that is shared, made once."""
    database = Database(settings.database.url)
    this = read_instance(database, settings)
    public_url = settings.server.url
    catalogues = read_catalogues(settings, this)
    versions, tokens = watch(database), settings.tokens.policy()
    authority = Authority(database, versions, catalogues=catalogues, tokens=tokens)
    nonces, required = Nonces(this.server_secret), settings.tokens.dpop_nonces
    proofs = Proofs(database, clock, public_url, nonces, nonces_required=required)
    authorities = read_authorities(settings.server.tls_client_ca)
    fetcher = Fetcher(settings.outbound)
    remote_keys = RemoteKeys(fetcher, clock)
    documents, key_uses = ClientDocuments(database, clock, fetcher), KeyUses(database)
    trusted = settings.server.trusted_proxies
    return Parts(
        settings=settings,
        clock=clock,
        mailer=mailer,
        database=database,
        versions=versions,
        this=this,
        catalogues=catalogues,
        key_ring=KeyRing(_secret(settings)),
        authority=authority,
        proofs=proofs,
        fetcher=fetcher,
        remote_keys=remote_keys,
        documents=documents,
        access=_access(settings, database, authority, proofs, noting(key_uses, trusted)),
        authentication=ClientAuthentication(
            database, clock, remote_keys, documents, authorities, public_url
        ),
        cookies=Cookies(public_url, this.server_secret),
        key_uses=key_uses,
        metrics=Metrics(oauth.GRANT_TYPES),
    )


def _access(
    settings: Settings,
    database: Database,
    authority: Authority,
    proofs: Proofs,
    note_use: Callable[[str, datetime, Any], None],
) -> Access:
    return Access(
        authority=authority,
        database=database,
        proofs=proofs,
        possession_of=possession_of,
        note_use=note_use,
        fresh_for=settings.sign_in.fresh_for,
    )


def _secret(settings: Settings) -> str | None:
    key = settings.keys.encryption_key
    return None if key is None else key.get_secret_value()
