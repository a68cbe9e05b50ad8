"""The DNS as the gateway needs it: SRV and addresses, absolute names, answers kept as long as they say."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from gateway.errors import GatewayError
from gateway.net.targets import SrvRecord, parse_host_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dns.message import Message
    from dns.rdtypes.ANY.SOA import SOA
    from dns.rdtypes.IN.SRV import SRV

    from edgecert.shared.clock import Clock

QUERY_TIMEOUT: Final = 3.0
LOOKUP_TIMEOUT: Final = 10.0
NEGATIVE_TTL: Final = (5.0, 300.0)
POSITIVE_TTL: Final = (1.0, 3600.0)
MAX_CACHED: Final = 10_000
MAX_RECORDS: Final = 1000
"""Of one answer; whoever owns a zone may put thousands into it, for each of many names."""
MAX_ADDRESSES: Final = 16

T = TypeVar("T")


class ResolveError(GatewayError):
    """The DNS gave no answer that can be relied on: time-out, SERVFAIL, a broken reply."""

    code = "dns-failed"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What the DNS said: records, or none, in which case ``exists`` says whether the name is there with other types."""

    records: tuple[T, ...]
    exists: bool = True
    is_secure: bool = False
    """Whether a resolver that is trusted for it has validated the answer (AD, RFC 4035 §3.2.3)."""


class Resolver:
    """Asks the configured nameservers, or the system's."""

    def __init__(self, nameservers: Sequence[str], clock: Clock, *, dnssec_trusted: bool = False) -> None:
        """Use ``nameservers`` (``address`` or ``address:port``); none given means the system's.

        With ``dnssec_trusted`` the AD bit is believed, if every nameserver is on loopback: on any other way here
        somebody could have set it.

        Raises:
            ResolveError: there is no nameserver at all, or one is no address.
        """
        self._clock = clock
        self._cache: dict[tuple[str, str], tuple[float, Found[object]]] = {}
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
            if nameservers:
                endpoints = [parse_host_port(text, 53) for text in nameservers]
                self._resolver.nameservers = [
                    dns.nameserver.Do53Nameserver(str(ipaddress.ip_address(host)), port) for host, port in endpoints
                ]
        except (dns.resolver.NoResolverConfiguration, ValueError) as error:
            raise ResolveError(f"no nameserver: {error}", hint="[resolver] nameservers takes addresses") from error
        self.believes_dnssec = dnssec_trusted and all(map(_is_loopback, self._resolver.nameservers))
        if self.believes_dnssec:
            self._resolver.flags = dns.flags.RD | dns.flags.AD  # RFC 6840 §5.7: asks for the AD bit
        self._resolver.timeout = QUERY_TIMEOUT
        self._resolver.lifetime = LOOKUP_TIMEOUT

    async def find_srv(self, service: str, domain: str) -> Found[SrvRecord]:
        """Give the SRV records of ``_<service>._tcp.<domain>``.

        Raises:
            ResolveError: the DNS gave no answer; which is not the same as answering that there is nothing.
        """
        return await self._find(f"_{service}._tcp.{domain}", "SRV", _read_srv)

    async def find_addresses(self, host: str) -> tuple[Found[str], Found[str]]:
        """Give the IPv6 and the IPv4 addresses of ``host``; one family's failure counts only if the other has nothing.

        Raises:
            ResolveError: neither family was answered.
        """
        ipv6, ipv4 = await asyncio.gather(
            self._find(host, "AAAA", str, MAX_ADDRESSES),
            self._find(host, "A", str, MAX_ADDRESSES),
            return_exceptions=True,
        )
        found6, found4 = _records(ipv6), _records(ipv4)
        if not found6.records and not found4.records:
            for result in (ipv6, ipv4):
                if isinstance(result, BaseException):
                    raise result
        return found6, found4

    def forget(self, domain: str) -> None:
        """Ask anew for ``domain`` and what is below it: it was heard of, so that what was not there may be now."""
        for key in [key for key in self._cache if key[0] == domain or key[0].endswith(f".{domain}")]:
            del self._cache[key]

    async def _find(self, name: str, kind: str, read: Callable[[object], T], most: int = MAX_RECORDS) -> Found[T]:
        key = (name, kind)
        kept = self._cache.get(key)
        if kept is not None and kept[0] > self._clock.monotonic():
            return kept[1]  # type: ignore[return-value]  # what is kept under a type was read as that type
        found, ttl = await self._ask(name, kind, read, most)
        if len(self._cache) >= MAX_CACHED:
            self._cache.clear()
        self._cache[key] = (self._clock.monotonic() + ttl, found)  # type: ignore[assignment]  # as above
        return found

    async def _ask(self, name: str, kind: str, read: Callable[[object], T], most: int) -> tuple[Found[T], float]:
        try:
            # Absolute: a search list would let a stranger's domain be found below ours.
            absolute = dns.name.from_text(name, origin=dns.name.root)
        except dns.exception.DNSException:
            return Found((), exists=False), NEGATIVE_TTL[1]  # too long for the DNS, or with an empty label
        try:
            answer = await self._resolver.resolve(absolute, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            return Found((), exists=False), _negative_ttl(error.responses().values())  # type: ignore[no-untyped-call]  # dnspython does not say
        except (dns.exception.DNSException, OSError) as error:
            raise ResolveError(f"{kind} {name}: {_explain(error)}") from error
        is_secure = self.believes_dnssec and bool(answer.response.flags & dns.flags.AD)
        if answer.rrset is None:
            return Found((), is_secure=is_secure), _negative_ttl([answer.response])
        records = tuple(read(record) for record in islice(answer.rrset, most))
        return Found(records, is_secure=is_secure), _clamp(float(answer.rrset.ttl), POSITIVE_TTL)


def load_backend() -> None:
    """Load what dnspython would load at the first question; to be called in the event loop."""
    dns.asyncbackend.get_default_backend()


def _records(result: Found[str] | BaseException) -> Found[str]:
    """Give what was found; a family that failed has nothing. What is no failure of the DNS is raised."""
    if isinstance(result, BaseException) and not isinstance(result, ResolveError):
        raise result
    return Found(()) if isinstance(result, BaseException) else result


def _is_loopback(nameserver: object) -> bool:
    """Whether a nameserver, as dnspython keeps it, is on this machine."""
    address = nameserver if isinstance(nameserver, str) else getattr(nameserver, "address", "")
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _read_srv(record: object) -> SrvRecord:
    srv: SRV = record  # type: ignore[assignment]  # the question was for SRV
    target = srv.target.to_text(omit_final_dot=True).lower()
    return SrvRecord(srv.priority, srv.weight, srv.port, "" if target in {".", "@"} else target)


def _negative_ttl(responses: Iterable[Message]) -> float:
    """Give how long a name's absence is believed: the SOA's minimum (RFC 2308 §5), within 5 to 300 seconds."""
    for rrset in (rrset for response in responses for rrset in response.authority):
        if rrset.rdtype == dns.rdatatype.SOA:
            soa: SOA = rrset[0]
            return _clamp(float(min(rrset.ttl, soa.minimum)), NEGATIVE_TTL)
    return NEGATIVE_TTL[0]


def _clamp(value: float, limits: tuple[float, float]) -> float:
    return max(limits[0], min(limits[1], value))


def _explain(error: Exception) -> str:
    if isinstance(error, dns.resolver.LifetimeTimeout):
        return f"no answer within {LOOKUP_TIMEOUT:g} s"
    return str(error) or type(error).__name__
