"""Many questions to the DNS at once, each answered within a bounded time."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rcode
import dns.resolver

from edgecert.model.dnsrecords import Answer, canonical_data
from edgecert.shared.errors import NetworkError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from edgecert.model.dnsrecords import Question

AT_A_TIME: Final = 400
FRESH_AT_A_TIME: Final = 64  # more at once overflow the receive buffer of a small resolver, and are lost
FRESH: Final = 1.0
TRY_TIMEOUT: Final = 2.0
QUESTION_TIMEOUT: Final = 6.0
TOTAL_TIMEOUT: Final = 60.0
DNS_PORT: Final = 53


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


@dataclass
class Lookup:
    """Asks the given nameservers (``address[:port]``), or the system's; what was answered is kept for the run."""

    nameservers: Sequence[str] = ()
    limits: LookupLimits = field(default_factory=LookupLimits)
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
            self._kept |= asyncio.run(_Run(self._resolver(), self._resolver(unchecked=True), self.limits).ask(new))
        return dict(self._kept)

    def _resolver(self, *, unchecked: bool = False) -> dns.asyncresolver.Resolver:
        try:
            resolver = dns.asyncresolver.Resolver(configure=not self.nameservers)
        except (dns.resolver.NoResolverConfiguration, OSError) as error:
            message = f"this host knows no nameserver: {error}"
            raise NetworkError(message, code="no-nameserver", hint="name one with --nameserver ADDRESS") from error
        if self.nameservers:
            endpoints = [parse_nameserver(text) for text in self.nameservers]
            resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in endpoints]
        resolver.timeout = self.limits.per_try
        resolver.lifetime = self.limits.per_question
        resolver.flags = dns.flags.RD | (dns.flags.CD if unchecked else 0)
        return resolver


@dataclass(frozen=True, slots=True)
class _Run:
    """One batch; ``unchecked`` asks the resolver not to validate (RFC 4035 §3.2.2), to tell a broken signature."""

    resolver: dns.asyncresolver.Resolver
    unchecked: dns.asyncresolver.Resolver
    limits: LookupLimits

    async def ask(self, questions: Sequence[Question]) -> dict[Question, Answer]:
        """Ask them, so many at a time."""
        answers: dict[Question, Answer] = {}
        pending = iter(questions)
        slots = asyncio.Semaphore(self.limits.fresh)

        async def work() -> None:
            for question in pending:
                async with _Slot(slots):
                    answers[question] = await self._answer(question)

        try:
            async with asyncio.timeout(self.limits.total), asyncio.TaskGroup() as group:
                for number in range(min(self.limits.at_a_time, len(questions))):
                    group.create_task(work(), name=f"dns {number}")
        except TimeoutError:
            late = Answer(error=f"no answer within {self.limits.total:g} s for all questions")
            answers = {question: answers.get(question, late) for question in questions}
        return answers

    async def _answer(self, question: Question) -> Answer:
        answer, broken = await self._ask_once(self.resolver, question)
        if broken:
            second, _ = await self._ask_once(self.unchecked, question)
            if not second.error:
                return Answer(error="the DNSSEC signatures are broken", bogus=True)
        return answer

    async def _ask_once(self, resolver: dns.asyncresolver.Resolver, question: Question) -> tuple[Answer, bool]:
        """Give the answer, and whether the nameservers said that they failed (SERVFAIL)."""
        try:
            # Absolute: a search list would let a stranger's domain be found below ours.
            name = dns.name.from_text(question.name, origin=dns.name.root)
            found = await resolver.resolve(name, question.type, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return Answer(), False
        except dns.resolver.LifetimeTimeout:
            return Answer(error=f"no answer within {self.limits.per_question:g} s"), False
        except dns.resolver.NoNameservers as error:
            return Answer(error=_explain(error)), _is_servfail(error)
        except (dns.exception.DNSException, OSError) as error:
            return Answer(error=str(error) or type(error).__name__), False
        if found.rrset is None:
            return Answer(), False
        records = tuple(sorted(canonical_data(question.type, record.to_text()) for record in found.rrset))
        return Answer(records, ttl=found.rrset.ttl), False


class _Slot:
    """One of ``slots``, held for a second at most."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self._timer = asyncio.get_running_loop().call_later(FRESH, self._release)

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._release()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer = None
            self._slots.release()


def _rcodes(error: dns.resolver.NoNameservers) -> list[str]:
    rcodes = []
    for entry in error.kwargs.get("errors", ()):
        response = entry[4]
        rcodes.append(dns.rcode.to_text(response.rcode()) if response is not None else str(entry[3]))
    return rcodes


def _is_servfail(error: dns.resolver.NoNameservers) -> bool:
    return "SERVFAIL" in _rcodes(error)


def _explain(error: dns.resolver.NoNameservers) -> str:
    return f"the nameservers answered {', '.join(dict.fromkeys(_rcodes(error))) or 'nothing usable'}"
