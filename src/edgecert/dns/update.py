"""Changing zones by RFC 2136: only what is still as it was seen, and looked at afterwards at every server."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.update

from edgecert.dns.lookup import DNS_PORT, Lookup, parse_nameserver
from edgecert.model.dnsrecords import Question, canonical_data
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.dns.tsig import TsigKey
    from edgecert.model.dnsrecords import RrsetChange
    from edgecert.shared.clock import Clock

CALL_TIMEOUT: Final = 10.0
SEEN_TIMEOUT: Final = 30.0
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class NotSeen:
    """A server that did not show a change in time."""

    server: str
    name: str
    type: str
    reason: str


@dataclass
class ZoneUpdater:
    """Changes zones at one primary server (``address[:port]``), signed with ``key``; without a key unsigned.

    ``lookup`` finds the addresses of the zones' other servers.
    """

    server: str
    key: TsigKey | None
    lookup: Lookup
    clock: Clock
    timeout: float = CALL_TIMEOUT
    _zones: dict[str, str] = field(default_factory=dict, init=False)

    def zone_of(self, name: str) -> str:
        """Give the zone that ``name`` is in, as the server itself has it.

        Raises:
            NetworkError: ``nameserver-failed``, the server does not answer; ``dns-no-zone``, it is the primary of no
            zone for this name.
        """
        labels = name.split(".")
        for start in range(len(labels)):
            zone = ".".join(labels[start:])
            if zone not in self._zones:
                answer = self._exchange(dns.message.make_query(_absolute(zone), "SOA"))
                own = answer.get_rrset(answer.answer, _absolute(zone), dns.rdataclass.IN, dns.rdatatype.SOA)
                # Only what the server is an authority for: a resolver knows the SOA of every zone.
                self._zones[zone] = zone if own is not None and answer.flags & dns.flags.AA else ""
            if self._zones[zone]:
                return zone
        message = f"{self.server} serves no zone that {name} is in"
        raise NetworkError(message, code="dns-no-zone", hint="--server names the primary server of the zone")

    def read(self, questions: Iterable[Question]) -> dict[Question, tuple[str, ...]]:
        """Give what the server itself holds at ``questions``, no CNAME followed.

        Raises:
            NetworkError: ``nameserver-failed``, it does not answer; ``dns-no-zone``, it is no authority there.
        """
        return {question: self._read_own(question) for question in questions}

    def _read_own(self, question: Question) -> tuple[str, ...]:
        answer = self._exchange(_query(question))
        # A referral or a refusal holds no records either, and is not the same as having none.
        if not answer.flags & dns.flags.AA or answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
            message = f"{self.server} is no authority for {question.name} ({dns.rcode.to_text(answer.rcode())})"
            hint = "--server names the primary server of the zone; --only DOMAIN leaves other zones out"
            raise NetworkError(message, code="dns-no-zone", hint=hint)
        return _read(answer, question)

    def apply(self, changes: Sequence[RrsetChange]) -> None:
        """Make ``changes``, zone by zone, each zone's all or none.

        Each has as its prerequisite that there is still exactly what it ``found`` (RFC 2136 §2.4): what somebody else
        changed meanwhile is never overwritten.

        Raises:
            NetworkError: ``dns-changed-meanwhile``; ``dns-update-refused``, with what the server said; ``dns-no-zone``;
            ``nameserver-failed``, it does not answer.
        """
        zones: dict[str, list[RrsetChange]] = {}
        for change in changes:
            zones.setdefault(self.zone_of(change.name), []).append(change)
        for zone, own in zones.items():
            update = dns.update.UpdateMessage(_absolute(zone))
            for change in own:
                _add_change(update, change)
            if self.key is not None:
                update.use_tsig(_keyring(self.key), algorithm=self.key.algorithm)
            self._check(self._exchange(update), zone)

    def wait_until_seen(
        self, changes: Sequence[RrsetChange], *, timeout: float = SEEN_TIMEOUT, exactly: bool = True
    ) -> tuple[NotSeen, ...]:
        """Wait until every authoritative server shows ``changes``; give those that do not within ``timeout`` seconds.

        Without ``exactly`` what others add meanwhile does not matter.

        Raises:
            NetworkError: the primary server does not answer.
        """
        waiting = [(server, change) for change in changes for server in self._servers(self.zone_of(change.name))]
        end, pause = self.clock.monotonic() + timeout, _FIRST_PAUSE
        while True:
            missing = [
                fault for server, change in waiting if (fault := self._look(server, change, exactly)) is not None
            ]
            if not missing or self.clock.monotonic() >= end:
                return tuple(missing)
            waiting = [
                (server, change)
                for server, change in waiting
                if any(
                    (fault.server, fault.name, fault.type) == (server, change.name, change.type) for fault in missing
                )
            ]
            threading.Event().wait(min(pause, max(end - self.clock.monotonic(), 0)))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _servers(self, zone: str) -> tuple[str, ...]:
        """Give the primary and every address of the zone's nameservers."""
        hosts = [host.removesuffix(".") for host in self.read([Question(zone, "NS")])[Question(zone, "NS")]]
        questions = [Question(host, type_) for host in hosts for type_ in ("A", "AAAA")]
        glue = self.read([question for question in questions if question.name.endswith(f".{zone}")])
        found = self.lookup.ask(question for question in questions if not glue.get(question))
        primary = "{}:{}".format(*parse_nameserver(self.server))
        addresses = [primary]
        for question in questions:
            records = glue.get(question) or found[question].records
            addresses += [_endpoint(address) for address in records]
        return tuple(dict.fromkeys(addresses))

    def _look(self, server: str, change: RrsetChange, exactly: bool) -> NotSeen | None:
        question = Question(change.name, change.type)
        try:
            answer = _exchange(server, _query(question), self.timeout)
        except NetworkError as error:
            return NotSeen(server, change.name, change.type, error.message)
        held = frozenset(_read(answer, question))
        if held == change.result or (not exactly and held.issuperset(change.add) and held.isdisjoint(change.delete)):
            return None
        return NotSeen(server, change.name, change.type, f"holds {', '.join(sorted(held)) or 'nothing'}")

    def _exchange(self, message: dns.message.Message) -> dns.message.Message:
        return _exchange(self.server, message, self.timeout)

    def _check(self, response: dns.message.Message, zone: str) -> None:
        rcode = response.rcode()
        if rcode == dns.rcode.NOERROR:
            return
        said = dns.rcode.to_text(rcode)
        if rcode in {dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN}:
            message = f"{zone} was changed by somebody else since the difference was shown; nothing was written"
            raise NetworkError(message, code="dns-changed-meanwhile", hint="run the same command again")
        message = f"{self.server} refused to change {zone}: {said}"
        hint = (
            f"does the zone let the key {self.key.name} update it?" if self.key else "sign the update: --tsig-key FILE"
        )
        raise NetworkError(message, code="dns-update-refused", hint=hint)


def read_at(server: str, question: Question, *, timeout: float = CALL_TIMEOUT) -> tuple[str, ...]:
    """Give what ``server`` (``address[:port]``) itself holds at ``question``.

    Raises:
        NetworkError: ``nameserver-failed``: it does not answer.
    """
    return _read(_exchange(server, _query(question), timeout), question)


def _add_change(update: dns.update.UpdateMessage, change: RrsetChange) -> None:
    name = _absolute(change.name)
    if change.found:
        update.present(name, change.type, *change.found)
    else:
        update.absent(name, change.type)
    for data in change.delete:
        update.delete(name, change.type, data)
    for data in change.add:
        update.add(name, change.ttl, change.type, data)


def _exchange(server: str, message: dns.message.Message, timeout: float) -> dns.message.Message:
    """Send ``message`` by TCP, which no answer is too long for, and give the answer."""
    address, port = parse_nameserver(server)
    try:
        return dns.query.tcp(message, address, timeout=timeout, port=port)
    except dns.tsig.PeerError as error:
        text = f"{server} does not take the signature: {error}"
        hint = "compare the key's name, algorithm and secret, and both clocks"
        raise NetworkError(text, code="dns-update-refused", hint=hint) from error
    except (dns.exception.DNSException, OSError, EOFError) as error:
        raise NetworkError(
            f"nameserver {server}: {str(error) or type(error).__name__}", code="nameserver-failed"
        ) from error


def _read(answer: dns.message.Message, question: Question) -> tuple[str, ...]:
    with contextlib.suppress(KeyError):
        rrset = answer.find_rrset(
            answer.answer, _absolute(question.name), dns.rdataclass.IN, dns.rdatatype.from_text(question.type)
        )
        return tuple(sorted(canonical_data(question.type, record.to_text()) for record in rrset))
    return ()


def _query(question: Question) -> dns.message.Message:
    query = dns.message.make_query(_absolute(question.name), question.type)
    query.flags &= ~dns.flags.RD
    return query


def _keyring(key: TsigKey) -> dict[dns.name.Name, dns.tsig.Key]:
    name = _absolute(key.name)
    return {name: dns.tsig.Key(name, key.secret.reveal(), key.algorithm)}


def _endpoint(address: str) -> str:
    return f"[{address}]:{DNS_PORT}" if ":" in address else f"{address}:{DNS_PORT}"


def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name, origin=dns.name.root)
