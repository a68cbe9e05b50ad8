"""ejabberd that takes server-to-server streams with STARTTLS, as one Erlang node that no other node finds."""

from __future__ import annotations

import os
import shutil
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tests.support.peers.process import PeerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.pki import Issued

PACKAGES: Final = ("ejabberd",)
COMPONENT_SECRET: Final = "ejabberd-component"
_COOKIE: Final = "edgecert"
_NODE: Final = "edgecert-peer@localhost"


@dataclass(frozen=True, slots=True)
class Ejabberd:
    """A running ejabberd that serves ``domain``, an external component (XEP-0114), at ``address``."""

    domain: str
    address: str
    directory: Path
    process: PeerProcess
    environ: Mapping[str, str]
    port: int

    def install(self, issued: Issued) -> None:
        """Put another certificate where it takes it from at its next reload."""
        install(self.directory, issued)

    @property
    def reload_command(self) -> tuple[str, ...]:
        """What ``ejabberdctl reload_config`` runs: an Erlang node of its own that calls the server's.

        The script itself only adds Debian's user and paths to it.
        """
        return (
            *_erl("edgecert-ctl@localhost", self.port),
            *("-dist_listen", "false", "-hidden", "-s", "ejabberd_ctl", "-extra", _NODE, "reload_config"),
        )


def install(directory: Path, issued: Issued) -> None:
    """Write key and chain as one file, changed as a whole."""
    path = directory / "certs" / "server.pem.new"
    path.touch(mode=0o600)
    path.write_bytes(issued.fullchain_pem + issued.key_pem)
    path.rename(directory / "certs" / "server.pem")


def _erl(name: str, port: int) -> tuple[str, ...]:
    """Give the start of an Erlang node's command line; its port is fixed, so that no port mapper is needed."""
    listen = "{127,0,0,1}"
    return (
        *(shutil.which("erl") or "erl", "-noinput", "-sname", name, "-setcookie", _COOKIE),
        *("-erl_epmd_port", str(port), "-start_epmd", "false", "-kernel", "inet_dist_use_interface", listen),
    )


def _write_resolver(directory: Path, nameserver: str) -> Path:
    """Write what Erlang's own resolver reads, and give the file."""
    resolver = directory / "resolv.conf"
    resolver.write_text(f"nameserver {nameserver}\n", encoding="utf-8")
    file = directory / "inetrc"
    tuple_of = nameserver.replace(".", ",")
    file.write_text(
        f'{{lookup,[file,dns]}}.\n{{nameserver,{{{tuple_of}}}}}.\n{{resolv_conf,"{resolver}"}}.\n'
        '{host,{127,0,0,1},["localhost"]}.\n',
        encoding="utf-8",
    )
    return file


def _with_hosts(directory: Path, hosts: Mapping[str, str]) -> tuple[str, ...]:
    """Give what runs a command in a mount namespace whose /etc/hosts has ``hosts`` (name to address)."""
    file = directory / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in hosts.items())]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", script, str(file))


@contextmanager
def run_ejabberd(
    directory: Path,
    address: str,
    domain: str,
    issued: Issued,
    *,
    ca_file: Path,
    port: int,
    nameserver: str = "",
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Ejabberd]:
    """Run it while the context lasts; ``port`` on 127.0.0.1 is where its node is called.

    To dial, it asks ``nameserver`` (an address, port 53) for SRV records and takes addresses from ``hosts``: those it
    has from the C library, so it gets an /etc/hosts of its own, which takes root (``unshare``, mount_namespaces(7)).

    Raises:
        PeerError: it did not come up.
    """
    for name in ("certs", "logs", "spool"):
        (directory / name).mkdir(parents=True, mode=0o700)
    install(directory, issued)
    config = directory / "ejabberd.yml"
    config.write_text(
        textwrap.dedent(f"""\
            loglevel: warning
            hosts: ["unused.{domain}"]
            certfiles: ["{directory}/certs/*.pem"]
            ca_file: "{ca_file}"
            listen:
              -
                port: 5269
                ip: "{address}"
                module: ejabberd_s2s_in
              -
                port: 5347
                ip: "{address}"
                module: ejabberd_service
                access: all
                hosts:
                  "{domain}":
                    password: "{COMPONENT_SECRET}"
            s2s_use_starttls: required
            acme:
              auto: false
            modules:
              mod_disco: {{}}
              mod_ping: {{}}
            """),
        encoding="utf-8",
    )
    environ = {
        **os.environ,
        "HOME": str(directory),
        "ERL_LIBS": ":".join(str(path.parent) for path in Path("/usr/lib").glob("*/ejabberd-*")),
        "EJABBERD_CONFIG_PATH": str(config),
        "EJABBERD_LOG_PATH": str(directory / "logs" / "ejabberd.log"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_CRASH_DUMP_BYTES": "0",
        "ERL_MAX_PORTS": "32000",
    }
    command = (*_erl(_NODE, port), "+K", "true", "-mnesia", "dir", f'"{directory}/spool"', "-s", "ejabberd")
    if nameserver:
        environ["ERL_INETRC"] = str(_write_resolver(directory, nameserver))
        command = (*_with_hosts(directory, hosts), *command)
    process = PeerProcess(command, environ, directory / "ejabberd.out")
    process.start(address)
    try:
        yield Ejabberd(domain, address, directory, process, environ, port)
    finally:
        process.stop()
