"""Where a CA lands that connects to a name (http-01, tls-alpn-01): on this edge, elsewhere, or nowhere."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.model.dnsrecords import Question, addresses_of, answer_to
from edgecert.model.findings import Finding, Severity
from edgecert.shared.names import to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgecert.model.dnsrecords import Answers


@dataclass(frozen=True, slots=True)
class Landing:
    """What is known of this edge: its access edge, the host's own addresses, and which names are XMPP domains."""

    edge: str = ""
    own: frozenset[str] = frozenset()
    xmpp_domains: frozenset[str] = frozenset()

    def questions(self, names: Sequence[str]) -> tuple[Question, ...]:
        """Give what the DNS is asked about ``names``."""
        hosts = dict.fromkeys((*names, *([self.edge] if self.edge else [])))
        return tuple(Question(host, type_) for host in hosts for type_ in ("A", "AAAA"))

    def is_here(self, address: str, edge: frozenset[str]) -> bool:
        """Whether ``address`` is this host's or the access edge's."""
        return address in self.own or address in edge or ipaddress.ip_address(address).is_loopback


def check_landing(answers: Answers, names: Sequence[str], landing: Landing, kind: str) -> tuple[Finding, ...]:
    """Tell which of ``names``, to be proven by ``kind``, do not lead to this edge; nothing where that is not known."""
    return tuple(_check(answers, names, landing, kind))


def _check(answers: Answers, names: Sequence[str], landing: Landing, kind: str) -> Iterator[Finding]:
    edge = frozenset(addresses_of(answers, landing.edge)) if landing.edge else frozenset()
    known = edge or any(ipaddress.ip_address(address).is_global for address in landing.own)
    homeless, strangers = [], []
    for name in names:
        addresses = addresses_of(answers, name)
        if not addresses:
            if not any(answer_to(answers, name, type_).error for type_ in ("A", "AAAA")):
                homeless.append(name)
        elif known and not all(landing.is_here(address, edge) for address in addresses):
            strangers.append(name)
    if homeless:
        message = f"{_list(homeless)}: no address is there for the CA to connect to, and {kind} needs one"
        yield Finding("name-without-address", Severity.ERROR, tuple(homeless), message, _way_out(homeless, "", landing))
    for name in strangers:
        where = ", ".join(addresses_of(answers, name))
        here = ", ".join(sorted(edge)) or "this host"
        message = f"{to_unicode(name)} leads to {where}, not to this edge ({here}): the CA will look there"
        hint = _way_out([name], kind, landing)
        yield Finding("lands-elsewhere", Severity.WARNING, (name,), message, hint)


def _way_out(names: Sequence[str], kind: str, landing: Landing) -> str:
    """Say what to do: a bare XMPP domain nearly always belongs to a web server, and stays there."""
    ways = [f"prove {'it' if len(names) == 1 else 'them'} by dns-01 ([[issuer.challenges]] names = {_toml(names)})"]
    ways.append(f"lead _acme-challenge.{names[0]} by CNAME to a zone that this host may write")
    if kind == "http-01":
        redirect = f"redirect http://{names[0]}/.well-known/acme-challenge/ there to this edge"
        ways.append(f"{redirect}, or put the webroot where that web server has it")
    else:
        ways.append("add an address record")
    start = (
        "for an XMPP domain this is the rule, its address is the web server's: "
        if kind and _bare(names, landing)
        else ""
    )
    return f"{start}{'; or '.join(ways)}"


def _bare(names: Sequence[str], landing: Landing) -> bool:
    return any(name in landing.xmpp_domains for name in names)


def _toml(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:3])
    return f"[{shown}]" if len(names) <= 3 else f"[{shown}, …]"


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(map(to_unicode, names[:3]))
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
