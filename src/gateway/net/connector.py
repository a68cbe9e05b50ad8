"""From a partner's domain to a connected socket: which targets, which addresses, who answers first."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from gateway.net.outbound import StreamFailedError, StreamFailure
from gateway.net.resolver import Found, ResolveError
from gateway.net.targets import DEFAULT_PORT, Target, interleave, is_private, order_targets, parse_host_port

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from gateway.net.targets import SrvRecord

ATTEMPT_DELAY: Final = 0.25  # RFC 8305 §5, Connection Attempt Delay
CONNECT_TIMEOUT: Final = 15.0


class Lookup(Protocol):
    """What is asked of the DNS; :class:`gateway.net.resolver.Resolver` is the real one."""

    async def find_srv(self, service: str, domain: str) -> Found[SrvRecord]:
        """Give the SRV records of a service; ``ResolveError`` when there is no answer."""
        ...

    async def find_addresses(self, host: str) -> tuple[Found[str], Found[str]]:
        """Give the IPv6 and the IPv4 addresses; ``ResolveError`` when there is no answer."""
        ...

    def forget(self, domain: str) -> None:
        """Ask anew for ``domain`` and what is below it."""
        ...


@dataclass(frozen=True, slots=True)
class Connector:
    """Finds and dials the servers of a domain."""

    resolver: Lookup
    random: Random
    allow_private_targets: bool = False

    async def find_targets(self, domain: str, proxy: str = "", *, direct_tls: bool = True) -> tuple[Target, ...]:
        """Give what to dial for ``domain``, in order; ``proxy`` (``host[:port]``) takes the DNS's place.

        Without ``direct_tls`` only the service that begins in the clear is looked for. A service that the DNS gives no
        answer for is passed over if the other one has servers.

        Raises:
            StreamFailedError: ``dns-not-found``: there is no such service; ``dns-failed``: the DNS gave no answer.
        """
        if proxy:
            host, port = parse_host_port(proxy)
            return (Target(host, port),)
        services = ("xmpp-server", "xmpps-server") if direct_tls else ("xmpp-server",)
        asked = await asyncio.gather(
            *(self.resolver.find_srv(service, domain) for service in services), return_exceptions=True
        )
        found = [result for result in asked if not isinstance(result, BaseException)]
        targets = self._order(services, asked)
        if targets:
            return targets
        for result in asked:
            if isinstance(result, ResolveError):
                raise StreamFailedError(StreamFailure("dns-failed", result.message)) from result
            if isinstance(result, BaseException):
                raise result
        if any(result.records for result in found):
            # RFC 2782: the root as target says that the service is decidedly not there: no address is tried.
            raise StreamFailedError(StreamFailure("dns-not-found", f"{domain} says that it has no XMPP service"))
        return (Target(domain, DEFAULT_PORT),)

    def _order(self, services: Sequence[str], asked: Sequence[Found[SrvRecord] | BaseException]) -> tuple[Target, ...]:
        found = {name: result for name, result in zip(services, asked, strict=True) if isinstance(result, Found)}
        starttls, direct = found.get("xmpp-server", Found(())), found.get("xmpps-server", Found(()))
        is_secure = all(result.is_secure for result in found.values() if result.records)
        return order_targets(starttls.records, direct.records, random=self.random, is_secure=is_secure)

    def forget(self, domain: str) -> None:
        """Ask the DNS anew for ``domain``."""
        self.resolver.forget(domain)

    async def find_addresses(self, target: Target, *, explicit: bool = False) -> tuple[str, ...]:
        """Give the addresses of ``target`` to dial, in order.

        Private ones are left out unless allowed, or ``explicit`` (an administrator named the host).

        Raises:
            StreamFailedError: ``dns-not-found``, ``dns-failed``, ``private-target``.
        """
        addresses = await self._resolve(target.host)
        if self.allow_private_targets or explicit:
            return addresses
        public = tuple(address for address in addresses if not is_private(address))
        if not public:
            text = f"{target.host} leads to {', '.join(addresses)}; [resolver] allow_private_targets would allow that"
            raise StreamFailedError(StreamFailure("private-target", text))
        return public

    async def _resolve(self, host: str) -> tuple[str, ...]:
        with suppress(ValueError):
            return (str(ipaddress.ip_address(host)),)
        try:
            ipv6, ipv4 = await self.resolver.find_addresses(host)
        except ResolveError as error:
            raise StreamFailedError(StreamFailure("dns-failed", error.message)) from error
        addresses = interleave(ipv6.records, ipv4.records)
        if not addresses:
            raise StreamFailedError(StreamFailure("dns-not-found", f"{host} has no address"))
        return addresses


async def race_connect(addresses: Sequence[str], port: int, *, limit: float = CONNECT_TIMEOUT) -> socket.socket:
    """Give a connected socket to the first of ``addresses`` that answers; each starts a little later (RFC 8305).

    Raises:
        StreamFailedError: ``connect-failed``: nobody answered; the text has each address's reason.
    """
    race = _Race(port)
    try:
        async with asyncio.timeout(limit):
            return await race.run(addresses)
    except TimeoutError:
        reasons = race.reasons or [f"{address} does not answer" for address in addresses]
        raise StreamFailedError(StreamFailure("connect-failed", f"port {port}: {'; '.join(reasons)}")) from None


class _Race:
    """Runs the attempts; the first to connect ends the others."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._winner: socket.socket | None = None
        self._turn = asyncio.Event()
        self.reasons: list[str] = []

    async def run(self, addresses: Sequence[str]) -> socket.socket:
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.TaskGroup() as group:
                for address in addresses:
                    self._turn.clear()
                    tasks.append(group.create_task(self._attempt(address, tasks), name=f"connect {address}"))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(ATTEMPT_DELAY):
                            await self._turn.wait()
                    if self._winner is not None:
                        break
        except BaseException:
            if self._winner is not None:
                self._winner.close()
            raise
        if self._winner is None:
            raise StreamFailedError(StreamFailure("connect-failed", f"port {self._port}: {'; '.join(self.reasons)}"))
        return self._winner

    async def _attempt(self, address: str, tasks: list[asyncio.Task[None]]) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (address, self._port))
        except OSError as error:
            sock.close()
            self.reasons.append(f"{address}: {os.strerror(error.errno) if error.errno else error}")
            self._turn.set()
            return
        except BaseException:
            sock.close()
            raise
        if self._winner is not None:
            sock.close()
            return
        self._winner = sock
        self._turn.set()
        for task in tasks:
            if task is not asyncio.current_task():
                task.cancel()
