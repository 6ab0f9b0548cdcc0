"""OpenLDAP's own server on loopback, with a few people in it; it ends with its block."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldap3 import Connection, Server
from ldap3.core.exceptions import LDAPException

from scopewright.core.ldap import in_dn
from tests.ports import free_port
from tests.tls import Certificate

SLAPD = "/usr/sbin/slapd"
SUFFIX = "dc=example,dc=org"
ROOT, ROOT_PASSWORD = f"cn=root,{SUFFIX}", "root-secret"
READER, READER_PASSWORD = f"cn=reader,{SUFFIX}", "reader-secret"
PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
START_SECONDS = 20

_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {chain}
TLSCertificateKeyFile {key}
database mdb
maxsize 16777216
suffix "{suffix}"
rootdn "{root}"
rootpw {root_password}
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
"""


@dataclass(frozen=True)
class Directory:
    """A directory that runs; `secure_port` speaks TLS from the start."""

    port: int
    secure_port: int

    def add(self, dn: str, object_class: str, attributes: Mapping[str, Any]) -> None:
        with self._as_root() as connection:
            assert connection.add(dn, object_class, dict(attributes)), connection.result

    def person(self, uid: str, password: str, **attributes: Any) -> str:
        """Somebody's entry, called by their name; its distinguished name."""
        dn = f"uid={in_dn(uid)},{PEOPLE}"
        said = {"uid": uid, "cn": uid, "sn": uid, "userPassword": password, **attributes}
        self.add(dn, "inetOrgPerson", said)
        return dn

    def group(self, name: str, *members: str) -> str:
        dn = f"cn={name},{GROUPS}"
        self.add(dn, "groupOfNames", {"cn": name, "member": list(members)})
        return dn

    def _as_root(self) -> Connection:
        server = Server("127.0.0.1", self.port)
        return Connection(server, ROOT, ROOT_PASSWORD, auto_bind=True, check_names=False)


@contextmanager
def running_slapd(folder: Path, certificate: Certificate) -> Iterator[Directory]:
    """A directory with its reader, and with places for people and groups."""
    (folder / "data").mkdir()
    configuration = folder / "slapd.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            chain=certificate.chain,
            key=certificate.key,
            suffix=SUFFIX,
            root=ROOT,
            root_password=ROOT_PASSWORD,
        )
    )
    directory = Directory(free_port(), free_port())
    urls = f"ldap://127.0.0.1:{directory.port} ldaps://127.0.0.1:{directory.secure_port}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [SLAPD, "-h", urls, "-f", configuration, "-d", "0"], stdout=log, stderr=log
        )
    try:
        _wait_until_started(directory, process, folder / "log")
        directory.add(SUFFIX, "domain", {"dc": "example"})
        for place in (PEOPLE, GROUPS):
            directory.add(place, "organizationalUnit", {})
        reader = {"cn": "reader", "sn": "reader", "userPassword": READER_PASSWORD}
        directory.add(READER, "person", reader)
        yield directory
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_started(directory: Directory, process: Any, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(LDAPException):
            Connection(Server("127.0.0.1", directory.port), auto_bind=True).unbind()  # type: ignore[no-untyped-call]
            return
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"slapd does not answer: {log.read_text(errors='replace')}")
