"""Many questions to the DNS at once, each answered within a bounded time."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.errors import NetworkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.model.dnsrecords import Answer, Question

AT_A_TIME: Final = 400
FRESH_AT_A_TIME: Final = 64  # more at once overflow the receive buffer of a small resolver, and are lost
FRESH: Final = 1.0
TRY_TIMEOUT: Final = 2.0
QUESTION_TIMEOUT: Final = 6.0
TOTAL_TIMEOUT: Final = 60.0
DNS_PORT: Final = 53
RESOLV_CONF: Final = Path("/etc/resolv.conf")
_MOST_NAMESERVERS: Final = 3  # resolv.conf(5)


@dataclass(frozen=True, slots=True)
class LookupLimits:
    """How many questions are under way at once, and for how long one and all of them are waited for (seconds).

    A question counts against ``fresh`` until its answer is a second late, so that dead servers do not hold up the rest.
    """

    at_a_time: int = AT_A_TIME
    fresh: int = FRESH_AT_A_TIME
    per_try: float = TRY_TIMEOUT
    per_question: float = QUESTION_TIMEOUT
    total: float = TOTAL_TIMEOUT


PRECHECK_LIMITS: Final = LookupLimits(per_try=1.0, per_question=4.0, total=10.0)
"""For what is looked up before an order: an answer that takes longer does not reach a CA either."""


def parse_nameserver(text: str) -> tuple[str, int]:
    """Give address and port of ``address``, ``address:port`` or ``[address]:port``.

    Raises:
        UsageError: it is no such text (code ``nameserver``).
    """
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", str(DNS_PORT))
    try:
        address, number = str(ipaddress.ip_address(host.strip("[]"))), int(port)
    except ValueError:
        message = f"{text!r} is no address of a nameserver"
        raise UsageError(
            message, code="nameserver", hint="write 192.0.2.53, 192.0.2.53:53 or [2001:db8::53]:53"
        ) from None
    if not 0 < number < 2**16:
        message = f"{text!r}: there is no port {number}"
        raise UsageError(message, code="nameserver", hint="ports are 1 to 65535")
    return address, number


def read_resolv_conf(path: Path) -> tuple[tuple[str, int], ...]:
    """Give the nameservers of a ``resolv.conf``, three at most as everywhere; none where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    found = []
    for line in lines:
        word, *rest = line.split() or [""]
        if word == "nameserver" and rest:
            try:
                found.append((str(ipaddress.ip_address(rest[0])), DNS_PORT))
            except ValueError:
                continue
    return tuple(dict.fromkeys(found))[:_MOST_NAMESERVERS]


@dataclass
class Lookup:
    """Asks the given nameservers (``address[:port]``), or the system's; what was answered is kept for the run."""

    nameservers: Sequence[str] = ()
    limits: LookupLimits = field(default_factory=LookupLimits)
    resolv_conf: Path = RESOLV_CONF
    _kept: dict[Question, Answer] = field(default_factory=dict, init=False)

    def ask(self, questions: Iterable[Question]) -> dict[Question, Answer]:
        """Ask all ``questions`` concurrently and give every answer of this run so far.

        What fails is an answer with an error, never an exception: the others count all the same. Names are absolute.
        The call ends within ``limits.total`` seconds.

        Raises:
            NetworkError: this host knows no nameserver (code ``no-nameserver``).
            UsageError: a nameserver is no address.
        """
        new = [question for question in dict.fromkeys(questions) if question not in self._kept]
        if new:
            from edgecert.dns.asking import Batch  # noqa: PLC0415  # only where something is asked

            with Batch(self._servers(), self.limits) as batch:
                self._kept |= batch.ask(new)
        return dict(self._kept)

    def _servers(self) -> tuple[tuple[str, int], ...]:
        if self.nameservers:
            return tuple(parse_nameserver(text) for text in self.nameservers)
        found = read_resolv_conf(self.resolv_conf)
        if not found:
            message = f"this host knows no nameserver: there is none in {self.resolv_conf}"
            raise NetworkError(message, code="no-nameserver", hint="name one with --nameserver ADDRESS")
        return found
