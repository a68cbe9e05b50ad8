"""Prosody as a federation partner: TLS and SASL EXTERNAL only, one component for its users, our CA.

Of its features only those that federate are loaded; without ``dialback`` nothing but the certificate proves anybody.
"""

from __future__ import annotations

import os
import shutil
import signal
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.support.peers.process import PeerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.pki import Issued

PACKAGES: Final = ("prosody", "lua-unbound")
COMPONENT_SECRET: Final = "prosody-component"


@dataclass(frozen=True, slots=True)
class Prosody:
    """A running Prosody that serves ``domain``, an external component (XEP-0114), at ``address``."""

    domain: str
    address: str
    directory: Path
    process: PeerProcess

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.directory / "prosody.cfg.lua"

    def install(self, issued: Issued) -> None:
        """Put another certificate where it takes it from at its next reload."""
        install(self.directory / "certs", self.domain, issued)

    def reload(self) -> None:
        """Tell it to take new certificates, as its ``prosodyctl reload`` does."""
        self.process.signal(signal.SIGHUP)

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.directory / "prosody.log").read_text(encoding="utf-8", errors="replace")


def install(directory: Path, domain: str, issued: Issued) -> None:
    """Write certificate and key of ``domain`` where Prosody finds them by name; each file changes as a whole."""
    for suffix, data in (("key", issued.key_pem), ("crt", issued.fullchain_pem)):
        path = directory / f"{domain}.{suffix}.new"
        path.touch(mode=0o600)
        path.write_bytes(data)
        path.rename(directory / f"{domain}.{suffix}")


@contextmanager
def run_prosody(
    directory: Path, address: str, domain: str, issued: Issued, *, ca_file: Path, nameserver: str = ""
) -> Iterator[Prosody]:
    """Run it while the context lasts; it asks ``nameserver`` (an address, port 53) for its partners.

    Raises:
        PeerError: it did not come up.
    """
    certs = directory / "certs"
    for made in (certs, directory / "data"):
        made.mkdir(parents=True, mode=0o700)
    install(certs, domain, issued)
    (directory / "resolv.conf").write_text(f"nameserver {nameserver or address}\n", encoding="utf-8")
    config = directory / "prosody.cfg.lua"
    config.write_text(
        textwrap.dedent(f"""\
            run_as_root = true
            daemonize = false
            pidfile = "{directory}/prosody.pid"
            data_path = "{directory}/data"
            certificates = "{certs}"
            interfaces = {{ "{address}" }}
            local_interfaces = {{ "{address}" }}
            unbound = {{ resolvconf = "{directory}/resolv.conf"; hoststxt = false }}
            ssl = {{ cafile = "{ca_file}" }}
            modules_enabled = {{ "disco"; "saslauth"; "tls"; "ping"; "posix" }}
            modules_disabled = {{ "dialback"; "limits" }}
            s2s_secure_auth = true
            s2s_require_encryption = true
            c2s_ports = {{ }}
            s2s_ports = {{ 5269 }}
            s2s_direct_tls_ports = {{ }}
            component_interfaces = {{ "{address}" }}
            component_ports = {{ 5347 }}
            http_ports = {{ }}
            https_ports = {{ }}
            log = {{ info = "{directory}/prosody.log" }}
            VirtualHost "unused.{domain}"
            Component "{domain}"
              component_secret = "{COMPONENT_SECRET}"
            """),
        encoding="utf-8",
    )
    program = shutil.which("prosody") or "prosody"
    process = PeerProcess((program, "-F", "--config", str(config)), os.environ, directory / "prosody.out")
    process.start(address, 5269, 5347)
    try:
        yield Prosody(domain, address, directory, process)
    finally:
        process.stop()
