"""What ``docs/howto/dns01.md`` says, done: its configurations, its key commands, its entries and its program."""

from __future__ import annotations

import shlex
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from edgecert.dns.lookup import Lookup, LookupLimits
from edgecert.model.dnsrecords import Question
from tests.support.acmehost import AcmeHost, acme_host
from tests.support.acmelooking import NetworkLooking
from tests.support.docblocks import block
from tests.support.net import free_port, loopback_net
from tests.support.processes import Program, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = "howto/dns01.md"
PLAIN = "_acme-challenge.contoso.com"
THEIRS = '"of somebody else"'
ZONE = """$ORIGIN contoso.com.
$TTL 60
@ SOA ns1 admin 1 3600 600 86400 5
@ NS {host}
ns1 A {address}
_acme-challenge TXT "of somebody else"
"""
NAMED = """options {{
    directory "{directory}";
    pid-file "{directory}/named.pid";
    session-keyfile "{directory}/session.key";
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
}};
controls {{ }};
"""
KNOT = """server:
    listen: {address}@{port}
    rundir: {directory}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {directory}
"""


@dataclass
class Nameserver:
    """A primary nameserver as the page configures it."""

    address: str
    port: int
    key_file: Path

    def held(self, name: str) -> tuple[str, ...]:
        question = Question(name, "TXT")
        return (
            Lookup([f"{self.address}:{self.port}"], LookupLimits(per_try=10, per_question=30))
            .ask([question])[question]
            .records
        )

    def told(self, text: str, mark: str = ":") -> str:
        """Give a block of the page with this server and this key in it; ``mark`` is before the port."""
        place = f"{self.address}{mark}{self.port}"
        return text.replace("192.0.2.53", place).replace("/etc/edgecert/tsig.key", str(self.key_file))

    def entry(self, provider: str) -> str:
        entry = self.told(block(PAGE, "toml", f'provider = "{provider}"'))
        return f'{entry}nameservers = ["{self.address}:{self.port}"]\n'


def documented(start: str) -> list[str]:
    """Give the first command line of the page's that begins with ``start``, up to where its output goes."""
    text = block(PAGE, "console", start)
    line = next(line for line in text.splitlines() if line.startswith(f"# {start}"))
    return shlex.split(line.removeprefix("# ").partition(" > ")[0])


def made_key(directory: Path, start: str) -> Path:
    directory.mkdir()
    key = directory / "tsig.key"
    key.touch(mode=0o600)
    key.write_bytes(subprocess.run(documented(start), check=True, capture_output=True).stdout)
    return key


def bind(directory: Path, address: str, port: int) -> tuple[Path, list[str]]:
    key = made_key(directory, "tsig-keygen")
    zone = block(PAGE, "none", "update-policy").replace("/etc/bind/edgecert.key", str(key))
    zone = zone.replace("/var/lib/bind", str(directory))
    config = directory / "named.conf"
    config.write_text(NAMED.format(directory=directory, address=address, port=port) + zone, encoding="utf-8")
    return key, ["named", "-g", "-c", str(config)]


def knot(directory: Path, address: str, port: int) -> tuple[Path, list[str]]:
    key = made_key(directory, "keymgr")
    secret = next(line.split()[-1] for line in key.read_text().splitlines() if "secret:" in line)
    tables = block(PAGE, "yaml", "update-owner").replace("SECRET", secret)
    place = f"    storage: {directory}\n    file: contoso.com.zone\n"
    config = directory / "knot.conf"
    config.write_text(KNOT.format(directory=directory, address=address, port=port) + tables + place, encoding="utf-8")
    return key, ["knotd", "-c", str(config)]


@contextmanager
def running(directory: Path, make: Callable[[Path, str, int], tuple[Path, list[str]]]) -> Iterator[Nameserver]:
    with loopback_net() as net:
        address, port, host = f"{net}1", 53, "ns1"
        if make is bind:  # it listens only on addresses that an interface has, and 53 there is not ours alone
            address, port, host = "127.0.0.1", free_port(), "ns1.elsewhere.example."
        key, argv = make(directory, address, port)
        (directory / "contoso.com.zone").write_text(ZONE.format(address=address, host=host), encoding="utf-8")
        server = Nameserver(address, port, key)
        with Program(argv, directory / "server.log") as program:
            program.wait_until(lambda: server.held(PLAIN) == (THEIRS,), what="the zone to be served")
            yield server


BIND = pytest.param(bind, marks=pytest.mark.peer("bind9", "bind9-dnsutils"), id="BIND")


@pytest.fixture(params=[BIND, pytest.param(knot, marks=pytest.mark.peer("knot", "bind9-dnsutils"), id="Knot")])
def nameserver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Nameserver]:
    with running(tmp_path / "nameserver", request.param) as server:
        yield server


@pytest.fixture
def host(tmp_path: Path, nameserver: Nameserver) -> Iterator[AcmeHost]:
    with acme_host(tmp_path) as made:
        made.server.looking = NetworkLooking(f"{made.net}2", nameserver=(nameserver.address, nameserver.port))
        made.server.offered = ("dns-01",)
        yield made


def update(nameserver: Nameserver, change: str) -> int:
    said = f"server {nameserver.address} {nameserver.port}\nupdate {change}\nsend\n"
    command = ["nsupdate", "-k", str(nameserver.key_file)]
    return subprocess.run(command, input=said, text=True, capture_output=True, check=False).returncode


def test_edgecert_changes_these_records_by_update_and_the_key_no_others(host: AcmeHost, nameserver: Nameserver) -> None:
    host.write_flags("contoso.com", "*.contoso.com", challenges=nameserver.entry("rfc2136"))
    assert set(host.issue()["names"]) == {"sip.contoso.com", "contoso.com", "*.contoso.com"}
    wait_until(lambda: nameserver.held(PLAIN) == (THEIRS,), what="ours to be gone, and theirs to be left")
    assert nameserver.held("_acme-challenge.sip.contoso.com") == ()
    if nameserver.key_file.read_text().startswith("#"):  # keymgr's file is no key file of nsupdate's
        return
    assert update(nameserver, f'add {PLAIN}. 60 TXT "one more"') == 0
    assert update(nameserver, 'add www.contoso.com. 60 TXT "not allowed"') != 0
    assert update(nameserver, f"add {PLAIN}. 60 A 192.0.2.1") != 0


@pytest.mark.parametrize("nameserver", [BIND], indirect=True)
def test_the_program_publishes_beside_what_is_there(host: AcmeHost, nameserver: Nameserver) -> None:
    program = host.directory / "edge-dns"
    program.write_text(nameserver.told(block(PAGE, "sh", "nsupdate"), " "), encoding="utf-8")
    program.chmod(0o700)
    tried = [line[2:] for line in block(PAGE, "console", "edge-dns present").splitlines() if line.startswith("# ")]
    present, dig, clean_up = (
        shlex.split(nameserver.told(line, " -p ").replace("/usr/local/sbin/edge-dns", str(program))) for line in tried
    )
    subprocess.run(present, check=True)
    shown = subprocess.run(dig, check=True, capture_output=True, text=True).stdout.splitlines()
    assert set(shown) == {'"hello"', THEIRS}
    subprocess.run(clean_up, check=True)
    assert nameserver.held(PLAIN) == (THEIRS,)
    entry = nameserver.entry("command").replace("/usr/local/sbin/edge-dns", str(program))
    host.write_flags("contoso.com", "*.contoso.com", challenges=entry)
    assert host.issue()["action"] == "issued"
    assert nameserver.held(PLAIN) == (THEIRS,)
