"""Who is asked when a record must be seen where it counts: every authoritative server of a name's zone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgecert.dns.lookup import DNS_PORT
from edgecert.dns.update import CALL_TIMEOUT, NotSeen, read_at
from edgecert.model.dnsrecords import DnsRecord, Question
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.dns.lookup import Lookup

_AT_A_TIME: Final = 16


@dataclass
class Authorities:
    """Finds the servers of zones by ``lookup`` and asks each of them."""

    lookup: Lookup
    port: int = DNS_PORT
    timeout: float = CALL_TIMEOUT
    _servers: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    def servers_of(self, name: str) -> tuple[str, ...]:
        """Give the authoritative servers (``address:port``) of the zone that ``name`` is in.

        Raises:
            NetworkError: ``dns-no-zone``: the DNS knows none.
        """
        if name not in self._servers:
            self._servers[name] = self._find(name)
        return self._servers[name]

    def missing(self, records: Sequence[DnsRecord]) -> tuple[NotSeen, ...]:
        """Give each record that a server of its zone does not show, with that server.

        Raises:
            NetworkError: ``dns-no-zone``.
        """
        asked = [(server, record) for record in records for server in self.servers_of(record.name)]
        with ThreadPoolExecutor(min(_AT_A_TIME, max(len(asked), 1))) as pool:
            looked = pool.map(lambda pair: self._look(*pair), asked)
            return tuple(fault for fault in looked if fault is not None)

    def _look(self, server: str, record: DnsRecord) -> NotSeen | None:
        try:
            held = read_at(server, Question(record.name, record.type), timeout=self.timeout)
        except NetworkError as error:
            return NotSeen(server, record.name, record.type, error.message)
        if record.data in held:
            return None
        return NotSeen(server, record.name, record.type, f"holds {', '.join(held) or 'nothing'}")

    def _find(self, name: str) -> tuple[str, ...]:
        labels = name.split(".")
        zones = [".".join(labels[start:]) for start in range(len(labels))]
        answers = self.lookup.ask([Question(zone, "NS") for zone in zones])
        hosts = next((records for zone in zones if (records := answers[Question(zone, "NS")].records)), ())
        questions = [Question(host.removesuffix("."), type_) for host in hosts for type_ in ("A", "AAAA")]
        found = self.lookup.ask(questions)
        addresses = [address for question in questions for address in found[question].records]
        if not addresses:
            message = f"the DNS names no server of the zone that {name} is in"
            raise NetworkError(message, code="dns-no-zone", hint="see that the domain is delegated: dig NS DOMAIN")
        shown = (f"[{address}]" if ":" in address else address for address in addresses)
        return tuple(dict.fromkeys(f"{address}:{self.port}" for address in shown))
