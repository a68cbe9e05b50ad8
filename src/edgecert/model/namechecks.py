"""What can be said about the names of a topology without asking the network."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.model.explanations.plan import ENTRIES
from edgecert.model.findings import Finding, severity_for
from edgecert.model.suffixes import doubt_domain, registered_domain
from edgecert.model.topology import Position
from edgecert.shared.names import DnsName, IpName, NameProblem, normalise_domain, parse_name, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from edgecert.model.topology import WantedName

# XEP-0045, 0363, 0065, 0060 and the labels that the common servers give these services.
COMPONENT_LABELS: Final = frozenset(
    {"chat", "conference", "groups", "muc", "proxy", "proxy65", "pubsub", "rooms", "share", "upload"}
)
AV_LABELS: Final = frozenset({"a-v", "av", "av-edge", "avedge"})
_SIP_IDENTITY: Final = "SIP never matches a wildcard (RFC 5922 §7.2): write the name itself."


@dataclass(frozen=True, slots=True)
class CheckedName:
    """A well-formed name and the wish that it comes from."""

    name: DnsName | IpName
    wanted: WantedName


class NameChecks:
    """The names of one topology, checked: the good ones in :attr:`names`, what is to say by :meth:`findings`."""

    def __init__(self, wanted: Sequence[WantedName], issuer_kind: str) -> None:
        """Parse ``wanted``; malformed names are kept for the findings only."""
        self._issuer = issuer_kind
        self._problems: dict[tuple[str, str], tuple[NameProblem, list[Position]]] = {}
        checked = (self._check(wish) for wish in wanted)
        self.names: tuple[CheckedName, ...] = tuple(name for name in checked if name is not None)
        self._present: Mapping[str, DnsName | IpName] = {entry.name.text: entry.name for entry in self.names}

    def domains(self, position: Position) -> tuple[str, ...]:
        """Give the well-formed domains given at ``position``, each once, in their order."""
        given = (entry for entry in self.names if entry.wanted.position is position)
        return tuple(dict.fromkeys(_given_domain(entry) for entry in given))

    def findings(self) -> tuple[Finding, ...]:
        """Give everything there is to say about the names themselves, the gravest kinds first."""
        return (
            *self._malformed(),
            *self._doubtful(),
            *self._private_addresses(),
            *self._wildcards(),
            *self._duplicates(),
            *self._covered(),
            *self._av_names(),
            *self._doubled_prefixes(),
            *self._left_out(),
            *self._components(),
        )

    def finding(self, code: str, names: Iterable[str], message: str, hint: str = "") -> Finding:
        """Make a finding with the severity that ``code`` has for this issuer."""
        return Finding(code, severity_for(code, self._issuer), tuple(names), message, hint)

    def has(self, domain: str) -> bool:
        """Whether a server of ``domain`` finds it in the plan, by itself or by a wildcard of its left-most label."""
        return domain in self._present or f"*.{domain.partition('.')[2]}" in self._present

    # --- well-formed or not ---

    def _check(self, wish: WantedName) -> CheckedName | None:
        try:
            return CheckedName(_parse(wish), wish)
        except NameProblem as problem:
            self._problems.setdefault((problem.code, wish.given), (problem, []))[1].append(wish.position)
            return None

    def _malformed(self) -> Iterator[Finding]:
        for (code, given), (problem, positions) in self._problems.items():
            where = ", ".join(dict.fromkeys(positions))
            hint = _SIP_IDENTITY if code == "wildcard-not-allowed" else problem.hint or ENTRIES[code].mend
            yield self.finding(code, (given,), f"{where}: {problem.message}", hint)

    # --- one by one ---

    def _doubtful(self) -> Iterator[Finding]:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for name in self._dns_names():
            doubt = doubt_domain(name.domain)
            if doubt is not None:
                groups.setdefault((doubt.code, doubt.reason, doubt.hint), []).append(name.text)
        for (code, reason, hint), names in groups.items():
            yield self.finding(code, names, f"{_list(names)}: a public CA refuses this, {reason}", hint)

    def _private_addresses(self) -> Iterator[Finding]:
        names = [
            text for text, name in self._present.items() if isinstance(name, IpName) and not _is_public(name.value)
        ]
        if names:
            message = f"{_list(names)}: a public CA refuses addresses that are private or reserved"
            yield self.finding("private-ip", names, message, "Use a DNS name, a public address, or a local CA.")

    def _wildcards(self) -> Iterator[Finding]:
        names = [name.text for name in self._dns_names() if name.is_wildcard]
        if names:
            message = f"{_list(names)}: a wildcard stands for one label, and not for the domain itself; SIP ignores it"
            hint = "List the names that are needed; a CA asks dns-01 for a wildcard."
            yield self.finding("wildcard-name", names, message, hint)

    def _av_names(self) -> Iterator[Finding]:
        asked = (Position.ADDITIONAL, Position.WEB_CONFERENCING, Position.ACCESS_EDGE)
        entries = (entry.name.text for entry in self.names if entry.wanted.position in asked)
        hosts = (name for name in entries if name.partition(".")[0] in AV_LABELS and registered_domain(name) != name)
        names = list(dict.fromkeys(hosts))
        if names:
            message = f"{_list(names)}: no client looks for the name of the A/V edge in the certificate"
            yield self.finding("av-name", names, message, "Leave it out, unless something else is served there.")

    def _doubled_prefixes(self) -> Iterator[Finding]:
        given = [domain for domain in self.domains(Position.SIP_DOMAIN) if domain.startswith("sip.")]
        if given:
            message = f"{_list(given)}: given as a SIP domain, and becomes {_list([f'sip.{name}' for name in given])}"
            yield self.finding(
                "sip-prefix-doubled", given, message, "Give the domain of the SIP addresses, without sip."
            )

    # --- beside each other ---

    def _duplicates(self) -> Iterator[Finding]:
        # That sip.<domain> is the access edge, or one FQDN two services, is how edges are built: no repetition.
        wishes: dict[str, list[Position]] = {}
        for entry in self.names:
            wishes.setdefault(entry.name.text, []).append(entry.wanted.position)
        names = [
            text
            for text, positions in wishes.items()
            if len(positions) > len(set(positions)) or (len(positions) > 1 and Position.ADDITIONAL in positions)
        ]
        if names:
            message = f"{_list(names)}: given more than once, in the certificate once"
            yield self.finding("duplicate-name", names, message, "Take the repetition out of the lists.")

    def _covered(self) -> Iterator[Finding]:
        by_sip = {
            entry.name.text
            for entry in self.names
            if entry.wanted.position in {Position.ACCESS_EDGE, Position.SIP_DOMAIN}
        }
        names = [
            name.text
            for name in self._dns_names()
            if not name.is_wildcard
            and name.text not in by_sip
            and not name.text.startswith("sip.")
            and f"*.{name.text.partition('.')[2]}" in self._present
        ]
        if names:
            message = f"{_list(names)}: covered by a wildcard of the same certificate"
            yield self.finding("covered-name", names, message, "Keep the name or the wildcard, not both.")

    def _left_out(self) -> Iterator[Finding]:
        sip = self.domains(Position.SIP_DOMAIN)
        xmpp = self.domains(Position.XMPP_DOMAIN)
        if sip or self.domains(Position.ACCESS_EDGE):
            users = (domain for domain in xmpp if not self._is_component(domain) and not domain.startswith("*."))
            unticked = [domain for domain in users if f"sip.{domain}" not in self._present]
            if unticked:
                message = f"{_list(unticked)}: an XMPP domain of an edge that serves SIP, without sip.<domain>"
                hint = "Add it to sip_domains if its users have SIP addresses too."
                yield self.finding("sip-domain-not-ticked", unticked, message, hint)
        silent = [domain for domain in sip if xmpp and not self.has(domain)]
        if silent:
            message = f"{_list(silent)}: a SIP domain of an edge that serves XMPP, without the domain itself as a name"
            hint = "Add it to xmpp_domains if its users federate over XMPP; a parent domain does not include it."
            yield self.finding("xmpp-domain-left-out", silent, message, hint)
        yield from self._targets_for_domains()

    def _targets_for_domains(self) -> Iterator[Finding]:
        targets = [
            name.text
            for name in self._dns_names()
            if name.text.startswith("xmpp.")
            and registered_domain(name.text) != name.text
            and not self.has(name.text.partition(".")[2])
        ]
        if targets:
            domains = [target.partition(".")[2] for target in targets]
            message = f"{_list(targets)}: looks like the host behind an SRV record; partners ask for {_list(domains)}"
            hint = "Add the domain of the XMPP addresses to xmpp_domains; the host’s own name is not needed."
            yield self.finding("xmpp-domain-left-out", domains, message, hint)

    def _components(self) -> Iterator[Finding]:
        # Which hosts a server has cannot be known; that one domain has a host which another lacks can.
        xmpp = [domain for domain in self.domains(Position.XMPP_DOMAIN) if not domain.startswith("*.")]
        users = [domain for domain in xmpp if not self._is_component(domain)]
        known = [
            label for label in sorted(COMPONENT_LABELS) if any(f"{label}.{user}" in self._present for user in users)
        ]
        missing = [f"{label}.{user}" for label in known for user in users if not self.has(f"{label}.{user}")]
        if missing:
            message = (
                f"{_list(missing)}: another XMPP domain of this plan has a name for this service, this one has none"
            )
            hint = (
                "Add the host to additional_names if the domain has the service; it is a domain of its own (RFC 6120)."
            )
            yield self.finding("component-host-not-covered", missing, message, hint)

    def _is_component(self, domain: str) -> bool:
        label, _, parent = domain.partition(".")
        return label in COMPONENT_LABELS and parent in self.domains(Position.XMPP_DOMAIN)

    def _dns_names(self) -> list[DnsName]:
        return [name for name in self._present.values() if isinstance(name, DnsName)]


def _parse(wish: WantedName) -> DnsName | IpName:
    if wish.position is Position.ACCESS_EDGE:
        return DnsName(normalise_domain(wish.given))
    if wish.position is Position.SIP_DOMAIN:
        return DnsName(normalise_domain(f"sip.{normalise_domain(wish.given)}"))
    name = parse_name(wish.given)
    if isinstance(name, IpName) and wish.position is not Position.ADDITIONAL:
        raise NameProblem("ip-where-name", f"{wish.given!r} is an IP address, a domain belongs here")
    return name


def _given_domain(entry: CheckedName) -> str:
    is_sip = entry.wanted.position is Position.SIP_DOMAIN
    return entry.name.text.removeprefix("sip.") if is_sip else entry.name.text


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_global and not parsed.is_multicast


def _list(names: Sequence[str]) -> str:
    shown = 3
    readable = ", ".join(to_unicode(name) for name in names[:shown])
    return readable if len(names) <= shown else f"{readable} and {len(names) - shown} more"
