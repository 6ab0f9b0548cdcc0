"""Apache with mod_auth_openidc as `examples/apache` configures it, on a port of loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gateway.proxies import START_SECONDS, filled, wait_for

SAMPLE = Path(__file__).parents[3] / "examples/apache/mod_auth_openidc.conf"
APACHE = shutil.which("apache2") or "/usr/sbin/apache2"
MODULES = Path("/usr/lib/apache2/modules")
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc")
MAIN = """
ServerRoot "{folder}"
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
{user}
{modules}
DocumentRoot "{folder}/site"
<Directory "{folder}/site">
  Require all granted
</Directory>
DirectoryIndex index.html
LogLevel auth_openidc:info
Include {sample}
"""


@contextmanager
def apache(folder: Path, port: int, **values: str) -> Iterator[str]:
    """Its URL; `values` are put into the sample."""
    site = folder / "site" / "private"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<h1>private reading: 21.5</h1>")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # its workers are not root
    process = subprocess.Popen(
        [APACHE, "-X", "-f", str(_configured(folder, port, values))],
        env={**os.environ, "APACHE_RUN_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        stdout=(folder / "output.log").open("wb"),
    )
    try:
        wait_for(port, process, folder / "output.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _configured(folder: Path, port: int, values: dict[str, str]) -> Path:
    modules = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED]
    main = folder / "apache.conf"
    main.write_text(
        MAIN.format(
            folder=folder,
            port=port,
            modules="\n".join(modules),
            sample=filled(SAMPLE, folder, values),
            user="User nobody\nGroup nogroup" if os.geteuid() == 0 else "",
        )
    )
    return main
