"""Pebble, Let's Encrypt's test server, with its DNS: on loopback addresses of the test's own."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.support.pki import Pki
from tests.support.processes import Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

FLAGS_FILE = """
version = 1
[certificate]
name = "edge"
key_algorithm = "{key}"
[topology]
access_edge = "sip.contoso.com"
additional_names = {names}
[issuer]
kind = "acme"
directory = "{directory}"
directory_ca_file = "{ca_file}"
accept_terms = true
{issuer}
{challenges}
"""
# Adds and removes one TXT value through challtestsrv, as a hook of an administrator would through an API.
HOOK = """
import json, sys, urllib.request
base, log, action, name, value = sys.argv[1:]
with open(log, "a") as file:
    file.write(f"{action} {name} {value}\\n")
call, body = ("set-txt", {"host": name + ".", "value": value})
if action == "clean-up":
    call, body = ("clear-txt", {"host": name + "."})
urllib.request.urlopen(urllib.request.Request(f"{base}/{call}", json.dumps(body).encode()), timeout=10).close()
"""


@dataclass
class Pebble:
    """A running server; ``net`` is the test's own /24. It keeps its accounts in memory: a restart loses them."""

    directory: Path
    net: str
    environ: Mapping[str, str] = field(default_factory=dict)
    eab: Mapping[str, str] = field(default_factory=dict)
    nameserver: str = ""
    """Who is asked about names, ``address:port``; default: a server of its own that leads every name to the edge."""

    def __post_init__(self) -> None:
        """Write the configuration."""
        pki = Pki.create(self.directory / "pki")
        certificate, key = pki.issue(names=(f"ip:{self.host}",)).write(self.directory / "pki", "pebble")
        self.ca_file = pki.ca_file
        config = {
            "listenAddress": f"{self.host}:14000",
            "managementListenAddress": f"{self.host}:15000",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": 5002,
            "tlsPort": 5001,
            "externalAccountBindingRequired": bool(self.eab),
            "externalAccountMACKeys": dict(self.eab),
        }
        self.config = self.directory / "pebble.json"
        self.config.write_text(json.dumps({"pebble": config}), encoding="utf-8")
        self.hook = self.directory / "hook.py"
        self.hook.write_text(HOOK, encoding="utf-8")
        environ = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0", **self.environ}
        self.server = Program(
            ("pebble", "-config", str(self.config), "-dnsserver", self.nameserver or self.own_nameserver),
            self.directory / "pebble.log",
            environ,
        )
        off = ("-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", "")
        own = ("-dns01", f"{self.host}:8053", "-management", f"{self.host}:8055", "-defaultIPv4", self.edge)
        self.dns = Program(("pebble-challtestsrv", *off, *own), self.directory / "challtestsrv.log")

    @property
    def host(self) -> str:
        """Where the servers listen."""
        return f"{self.net}1"

    @property
    def own_nameserver(self) -> str:
        """Where its own DNS answers."""
        return f"{self.host}:8053"

    @property
    def edge(self) -> str:
        """Where every name leads to: the edge."""
        return f"{self.net}2"

    @property
    def url(self) -> str:
        """The directory."""
        return f"https://{self.host}:14000/dir"

    @property
    def hook_log(self) -> Path:
        """What the hook was called with."""
        return self.directory / "hook.log"

    @property
    def listen(self) -> str:
        """Where http-01 is answered."""
        return f"{self.edge}:5002"

    @property
    def hook_command(self) -> tuple[str, ...]:
        """The hook for dns-01."""
        return (sys.executable, str(self.hook), f"http://{self.host}:8055", str(self.hook_log))

    def http_01(self, *names: str) -> str:
        """Give the challenge entry for the own responder."""
        return f'[[issuer.challenges]]\nnames = {json.dumps(names)}\ntype = "http-01"\nlisten = "{self.listen}"\n'

    def dns_01(self, *names: str) -> str:
        """Give the challenge entry for the hook."""
        command = json.dumps(self.hook_command)
        head = f'[[issuer.challenges]]\nnames = {json.dumps(names)}\ntype = "dns-01"\nprovider = "command"\n'
        return f'{head}command = {command}\nnameservers = ["{self.own_nameserver}"]\n'

    def write_flags(self, path: Path, *, names: tuple[str, ...] = (), challenges: str = "", issuer: str = "") -> Path:
        """Write a flags file that issues from here."""
        text = FLAGS_FILE.format(
            key="ecdsa",
            names=json.dumps(names),
            directory=self.url,
            ca_file=self.ca_file,
            issuer=issuer,
            challenges=challenges or self.http_01(),
        )
        path.write_text(text, encoding="utf-8")
        return path

    def root(self) -> bytes:
        """Give the root that the certificates are from."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with urllib.request.urlopen(f"https://{self.host}:15000/roots/0", context=context, timeout=10) as answer:
            data: bytes = answer.read()
            return data

    def restart(self) -> None:
        """Stop it and start it: its accounts and orders are gone."""
        self.server.stop()
        self._start_server()

    def _start_server(self) -> None:
        self.server.start().wait_until(lambda: is_open(self.host, 14000), what="pebble to listen")

    def __enter__(self) -> Self:
        """Start both."""
        self.dns.start().wait_until(lambda: is_open(self.host, 8055), what="challtestsrv to listen")
        self._start_server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both; show what the server said if the context failed."""
        if kind is not None:
            sys.stderr.write(self.server.output[-4000:])
        self.server.stop()
        self.dns.stop()


def is_open(host: str, port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(30)
        return probe.connect_ex((host, port)) == 0
