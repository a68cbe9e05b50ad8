"""Knot DNS as a primary with TSIG updates, and as its secondary, on a loopback network of the test's own."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.dns.lookup import Lookup, LookupLimits
from edgecert.model.dnsrecords import Question
from tests.support.net import loopback_net
from tests.support.processes import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY_NAME = "edgecert"
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYiE="
ZONE_FILE = """$ORIGIN {domain}.
$TTL 60
@ SOA ns1 admin 1 3600 600 86400 5
@ NS ns1
@ NS ns2
ns1 A {primary}
ns2 A {secondary}
_acme-challenge.delegated CNAME edge.acme
"""
COMMON = """server:
    listen: {address}@53
    rundir: {directory}
    user: {user}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {directory}
key:
  - id: edgecert
    algorithm: hmac-sha256
    secret: {secret}
"""
PRIMARY = """remote:
  - id: secondary
    address: {secondary}@53
    via: {primary}
acl:
  - id: update
    key: edgecert
    action: update
  - id: transfer
    address: {secondary}
    action: transfer
zone:
  - domain: {domain}
    storage: {directory}
    file: {domain}.zone
    notify: secondary
    acl: [update, transfer]
"""
SECONDARY = """remote:
  - id: primary
    address: {primary}@53
    via: {secondary}
acl:
  - id: notify
    address: {primary}
    action: notify
zone:
  - domain: {domain}
    storage: {directory}
    master: primary
    acl: notify
"""


@dataclass(frozen=True, slots=True)
class Knot:
    """Two nameservers of one domain, and the file with the key that may update the primary."""

    primary: str
    secondary: str
    key_file: Path
    second: Program

    def held(self, server: str, name: str, type_: str) -> tuple[str, ...]:
        """Give what a server answers now."""
        question = Question(name, type_)
        return Lookup([server], LookupLimits(per_try=10, per_question=30)).ask([question])[question].records


@contextmanager
def knot(directory: Path, domain: str = "contoso.example") -> Iterator[Knot]:
    """Run both as servers of ``domain`` while the context lasts; needs the right to bind port 53."""
    import getpass

    with ExitStack() as stack:
        net = stack.enter_context(loopback_net())
        primary, secondary = f"{net}1", f"{net}2"
        programs = []
        for name, address, zones in (("primary", primary, PRIMARY), ("secondary", secondary, SECONDARY)):
            home = directory / name
            home.mkdir(parents=True)
            values = {"primary": primary, "secondary": secondary, "address": address, "directory": home}
            values |= {"secret": SECRET, "user": getpass.getuser(), "domain": domain}
            (home / "knot.conf").write_text((COMMON + zones).format(**values), encoding="utf-8")
            if name == "primary":
                (home / f"{domain}.zone").write_text(ZONE_FILE.format(**values), encoding="utf-8")
            programs.append(
                stack.enter_context(Program(["knotd", "-c", str(home / "knot.conf")], directory / f"{name}.log"))
            )
        key_file = directory / "tsig.key"
        key_file.write_text(f"hmac-sha256:{KEY_NAME}:{SECRET}\n", encoding="utf-8")
        key_file.chmod(0o600)
        running = Knot(primary, secondary, key_file, programs[1])
        for program, address in zip(programs, (primary, secondary), strict=True):
            program.wait_until(
                lambda address=address: bool(running.held(address, domain, "SOA")),  # type: ignore[misc]  # bound now
                what=f"the zone at {address}",
            )
        yield running
