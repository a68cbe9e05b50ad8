"""One Prosody with a host for each way to prove a domain, against which every row of the partner table is tried.

Both switches that would force one way are process-wide in Prosody and are off; what a host can do is told by the
modules it has: ``s`` SASL EXTERNAL alone, ``t`` dialback inside TLS or in the clear, ``p`` dialback in the clear alone,
``all`` everything, ``bad`` everything with a certificate that proves nothing. It takes direct TLS too, and dials it
where the DNS offers it.
"""

from __future__ import annotations

import os
import shutil
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.support.peers.process import PeerProcess
from tests.support.peers.prosody import COMPONENT_SECRET, Prosody, install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.pki import Pki

BASE: Final = "rows.example"
_HOSTS: Final = {
    "all": "",
    "s": 'modules_disabled = { "dialback" }',
    "t": 'modules_disabled = { "saslauth" }',
    "p": "s2s_allow_encryption = false",
    "bad": "",
}
HOSTS: Final = tuple(_HOSTS)


def host_of(kind: str) -> str:
    """Give the domain of the host of that kind."""
    return f"{kind}.{BASE}"


@contextmanager
def run_prosody_rows(directory: Path, address: str, pki: Pki, *, modules: str = "") -> Iterator[Prosody]:
    """Run it while the context lasts; its nameserver is on port 53 of host 53 in the network of ``address``.

    ``modules`` are further ones to load, each with quotes and a semicolon.

    Raises:
        PeerError: it did not come up.
    """
    certs = directory / "certs"
    for made in (certs, directory / "data"):
        made.mkdir(parents=True, mode=0o700)
    for kind in HOSTS:
        issued = pki.issue([host_of(kind)], self_signed=kind == "bad", common_name=host_of(kind))
        install(certs, host_of(kind), issued)
    nameserver = f"{address.rpartition('.')[0]}.53"
    (directory / "resolv.conf").write_text(f"nameserver {nameserver}\n", encoding="utf-8")
    hosts = "".join(
        f'Component "{host_of(kind)}"\n  component_secret = "{COMPONENT_SECRET}"\n  {special}\n'
        for kind, special in _HOSTS.items()
    )
    head = textwrap.dedent(f"""\
        run_as_root = true
        daemonize = false
        pidfile = "{directory}/prosody.pid"
        data_path = "{directory}/data"
        certificates = "{certs}"
        interfaces = {{ "{address}" }}
        local_interfaces = {{ "{address}" }}
        unbound = {{ resolvconf = "{directory}/resolv.conf"; hoststxt = false }}
        ssl = {{ cafile = "{pki.ca_file}" }}
        modules_enabled = {{ "disco"; "saslauth"; "tls"; "dialback"; "ping"; "posix"; {modules} }}
        modules_disabled = {{ "limits" }}
        s2s_secure_auth = false
        s2s_require_encryption = false
        c2s_ports = {{ }}
        s2s_ports = {{ 5269 }}
        s2s_direct_tls_ports = {{ 5270 }}
        component_interfaces = {{ "{address}" }}
        component_ports = {{ 5347 }}
        http_ports = {{ }}
        https_ports = {{ }}
        log = {{ debug = "{directory}/prosody.log" }}
        VirtualHost "unused.{BASE}"
        """)
    config = directory / "prosody.cfg.lua"
    config.write_text(head + hosts, encoding="utf-8")
    program = shutil.which("prosody") or "prosody"
    process = PeerProcess((program, "-F", "--config", str(config)), os.environ, directory / "prosody.out")
    process.start(address, 5269, 5270, 5347)
    try:
        yield Prosody(host_of("all"), address, directory, process)
    finally:
        process.stop()
