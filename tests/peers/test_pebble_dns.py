"""dns-01 against real parts: Pebble asks Knot, which edgecert updates; and what a person or nobody publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from edgecert.dns.lookup import Lookup
from edgecert.dns.tsig import load_tsig_key
from edgecert.dns.update import ZoneUpdater
from edgecert.model.dnsrecords import Question, RrsetChange
from edgecert.shared.clock import SystemClock
from tests.support.acmehost import acme_host
from tests.support.knot import KEY_NAME, SECRET, Knot, knot
from tests.support.net import loopback_net
from tests.support.pebble import Pebble
from tests.support.processes import run, script, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import Result

pytestmark = pytest.mark.peer("pebble", "knot")
PLAIN = "_acme-challenge.contoso.com"


@dataclass
class Zone:
    """Knot with contoso.com, Pebble that asks it, and a host that issues."""

    nameservers: Knot
    pebble: Pebble
    directory: Path

    def edgecert(self, verb: str, *words: str) -> Result:
        return run((script("edgecert"), verb, *words, "--state-dir", str(self.directory / "state"), "--json"))

    def write(self, entry: str, *names: str) -> str:
        flags = self.directory / "edge.toml"
        return str(self.pebble.write_flags(flags, names=names, challenges=entry))

    def held(self, name: str) -> set[str]:
        servers = (self.nameservers.primary, self.nameservers.secondary)
        return {record for server in servers for record in self.nameservers.held(server, name, "TXT")}

    def change(self, name: str, *, add: tuple[str, ...] = (), delete: tuple[str, ...] = ()) -> None:
        """Do what a person does by hand."""
        lookup = Lookup([self.nameservers.primary])
        updater = ZoneUpdater(self.nameservers.primary, load_tsig_key(self.nameservers.key_file), lookup, SystemClock())
        found = updater.read([Question(name, "TXT")])[Question(name, "TXT")]
        change = RrsetChange(name, "TXT", 60, found, add=add, delete=delete)
        updater.apply([change])
        assert updater.wait_until_seen([change]) == ()


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[Zone]:
    with (
        knot(tmp_path / "knot", "contoso.com") as nameservers,
        loopback_net() as net,
        Pebble(tmp_path / "pebble", net, nameserver=f"{nameservers.primary}:53") as pebble,
    ):
        yield Zone(nameservers, pebble, tmp_path)


def update_entry(zone: Zone, secret_file: Path | None = None) -> str:
    return (
        '[[issuer.challenges]]\ntype = "dns-01"\nprovider = "rfc2136"\n'
        f'server = "{zone.nameservers.primary}"\nnameservers = ["{zone.nameservers.primary}"]\n'
        f'tsig_name = "{KEY_NAME}"\ntsig_secret_file = "{secret_file or zone.nameservers.key_file}"\n'
    )


def certificate(done: Result) -> Any:  # the result's JSON
    assert done.code == 0, done.stderr + done.stdout
    return done.document["result"]["certificates"][0]


def test_names_wildcards_and_a_delegated_name_are_proven_by_updates_and_nothing_is_left(zone: Zone) -> None:
    zone.change(PLAIN, add=('"of somebody else"',))
    names = ("contoso.com", "*.contoso.com", "delegated.contoso.com")
    flags = zone.write(update_entry(zone), *names)
    issued = certificate(zone.edgecert("issue", "-c", flags))
    assert set(issued["names"]) == {"sip.contoso.com", *names}
    # The primary server is without them when the command ends; the secondary follows.
    wait_until(lambda: zone.held(PLAIN) == {'"of somebody else"'}, what="only theirs to be left")
    wait_until(lambda: zone.held("edge.acme.contoso.com") == set(), what="nothing to be left")


def test_a_wrong_key_is_told_before_the_ca_is_asked_to_look(zone: Zone, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.key"
    wrong.touch(mode=0o600)
    wrong.write_text(f"hmac-sha256:{KEY_NAME}:{'A' + SECRET[1:]}\n")
    done = zone.edgecert("issue", "-c", zone.write(update_entry(zone, wrong)))
    assert done.code == 1
    assert done.document["error"]["code"] == "dns-update-refused"
    assert "secret" in done.document["error"]["hint"]


def test_by_hand_it_says_what_to_publish_and_goes_on_with_the_same_order(zone: Zone) -> None:
    entry = (
        f'[[issuer.challenges]]\ntype = "dns-01"\nprovider = "manual"\nnameservers = ["{zone.nameservers.primary}"]\n'
    )
    flags = zone.write(entry, "*.contoso.com", "delegated.contoso.com")
    first = zone.edgecert("apply", "-c", flags)
    assert first.code == 5, first.stderr
    told = first.document["result"]["certificates"][0]
    assert told["action"] == "waiting"
    places = {line.split()[0] for line in told["records"]}
    assert places == {f"{PLAIN}.", "_acme-challenge.sip.contoso.com.", "edge.acme.contoso.com."}
    again = zone.edgecert("apply", "-c", flags)
    assert again.code == 0
    assert again.document["result"]["certificates"][0]["records"] == told["records"]
    for line in told["records"]:
        name, data = line.split()[0], line.split(None, 4)[4]
        zone.change(name.removesuffix("."), add=(data,))
    issued = certificate(zone.edgecert("apply", "-c", flags))
    assert issued["action"] == "issued"
    assert len(list((zone.directory / "state").glob("requests/*/*/order.json"))) == 1


def test_a_renewal_by_hand_gives_one_notice_and_goes_on_when_the_records_are_there(zone: Zone) -> None:
    entry = (
        f'[[issuer.challenges]]\ntype = "dns-01"\nprovider = "manual"\nnameservers = ["{zone.nameservers.primary}"]\n'
    )
    flags = zone.write(entry)
    (line,) = zone.edgecert("issue", "-c", flags).document["result"]["certificates"][0]["records"]
    zone.change("_acme-challenge.sip.contoso.com", add=(line.split(None, 4)[4],))
    certificate(zone.edgecert("issue", "-c", flags))
    first = zone.edgecert("renew", "edge", "--force")
    assert first.code == 5
    (told,) = first.document["result"]["lineages"]
    assert told["action"] == "waiting"
    again = zone.edgecert("renew", "edge", "--force")
    assert again.code == 0
    assert again.document["result"]["lineages"][0]["records"] == told["records"] != [line]
    zone.change("_acme-challenge.sip.contoso.com", add=(told["records"][0].split(None, 4)[4],))
    (renewed,) = zone.edgecert("renew", "edge", "--force").document["result"]["lineages"]
    assert renewed["action"] == "renewed"


def test_tls_alpn_shows_pebble_the_proofs(tmp_path: Path) -> None:
    with loopback_net() as net, Pebble(tmp_path / "pebble", net) as pebble:
        entry = f'[[issuer.challenges]]\ntype = "tls-alpn-01"\nlisten = "{pebble.edge}:5001"\n'
        flags = pebble.write_flags(tmp_path / "edge.toml", names=("contoso.com",), challenges=entry)
        done = run((script("edgecert"), "issue", "-c", str(flags), "--state-dir", str(tmp_path / "state"), "--json"))
        assert set(certificate(done)["names"]) == {"sip.contoso.com", "contoso.com"}


def test_a_record_that_stays_is_told_once_and_serves_every_renewal(zone: Zone) -> None:
    with acme_host(zone.directory / "host") as host:
        host.server.offered = ("dns-persist-01",)
        host.server.looking.nameserver = (zone.nameservers.primary, 53)  # type: ignore[attr-defined]  # it looks there
        entry = f'[[issuer.challenges]]\ntype = "dns-persist-01"\nnameservers = ["{zone.nameservers.primary}"]\n'
        host.write_flags(challenges=entry)
        first = host.edgecert("apply")
        assert first.code == 5, first.stderr
        (line,) = first.document["result"]["certificates"][0]["records"]
        assert line.startswith("_validation-persist.sip.contoso.com. 60 IN TXT")
        zone.change("_validation-persist.sip.contoso.com", add=(line.split(None, 4)[4],))
        assert certificate(host.edgecert("apply"))["action"] == "issued"
        assert certificate(host.edgecert("apply", "--force"))["generation"] == 2


def test_a_dead_name_fails_the_order_and_the_command_that_goes_on_without_it_is_said(tmp_path: Path) -> None:
    with acme_host(tmp_path) as host:
        host.server.dead = frozenset({"dead.contoso.com"})
        host.write_flags("dead.contoso.com", "contoso.com")
        done = host.edgecert("apply")
        assert done.code == 6
        error = done.document["error"]
        assert "dead.contoso.com: http-01" in error["message"]
        command = error["hint"].splitlines()[-1].split()
        assert command[:2] == ["edgecert", "apply"]
        words = command[2:]
        assert certificate(run((script("edgecert"), "apply", *words)))["names"] == ["sip.contoso.com", "contoso.com"]
