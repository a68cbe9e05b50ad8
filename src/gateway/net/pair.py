"""The way to one partner domain from one home domain: a queue, a stream, and patience after failures.

Each stanza ends once: it is handed to an open stream, or answered with an error. Order is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from gateway.errors import Condition, StanzaCondition
from gateway.net.connection import WRITE_HIGH
from gateway.net.connector import race_connect
from gateway.net.outbound import OutboundConnection, StreamFailedError, StreamFailure
from gateway.xmpp.configs import OutboundConfig

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from random import Random

    from edgecert.shared.clock import Clock
    from gateway.model.envelope import Envelope
    from gateway.net.connector import Connector
    from gateway.net.metrics import Metrics
    from gateway.net.registry import ConnectionRegistry
    from gateway.net.targets import Target
    from gateway.policy.partner import Partner
    from gateway.tls.slot import ContextSlot
    from gateway.xmpp.configs import StreamLimits

logger = logging.getLogger(__name__)

MAX_QUEUED: Final = 10_000
MAX_QUEUED_BYTES: Final = 16 * 1024 * 1024
FIRST_BACK_OFF: Final = 5.0
LAST_BACK_OFF: Final = 300.0
MAX_RESETS: Final = 3
_CONDITIONS: Final = {"dns-not-found": StanzaCondition.REMOTE_SERVER_NOT_FOUND}


class PairOwner(Protocol):
    """Who keeps the pairs."""

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run ``work`` as a task of the service."""
        ...

    def find_partner(self, domain: str) -> Partner | None:
        """Give the partner of this moment."""
        ...

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Answer a home user's stanza that did not get through."""
        ...

    def outbound_opened(self, connection: OutboundConnection) -> None:
        """Take note of a stream that came up."""
        ...

    def outbound_closed(self, connection: OutboundConnection) -> None:
        """Take note that a stream that was up is gone."""
        ...

    def stanza_sent(self, envelope: Envelope) -> None:
        """Count a stanza that was handed to a partner's stream."""
        ...


@dataclass(frozen=True, slots=True)
class Dialling:
    """What dialling needs: shared by all pairs of a gateway."""

    connector: Connector
    slot: ContextSlot
    clock: Clock
    random: Random
    metrics: Metrics
    limits: StreamLimits
    registry: ConnectionRegistry
    establishment_timeout: float = 60.0


class OutboundPair:
    """Stanzas from ``home`` to ``domain``."""

    def __init__(self, owner: PairOwner, dialling: Dialling, home: str, domain: str) -> None:
        """Wait for the first stanza."""
        self.home = home
        self.domain = domain
        self.connection: OutboundConnection | None = None
        self.failure: StreamFailure | None = None
        """Why the last attempt failed; None after one that did not."""
        self._owner = owner
        self._dialling = dialling
        self._queue: deque[Envelope] = deque()
        self._queued_bytes = 0
        self._is_dialling = False
        self._failures = 0
        self._retry_at = 0.0

    @property
    def state(self) -> str:
        """``open``, ``connecting``, ``failed`` or ``idle``."""
        if self.connection is not None:
            return "open"
        if self._is_dialling:
            return "connecting"
        return "failed" if self.failure is not None else "idle"

    @property
    def queued(self) -> int:
        """How many stanzas wait."""
        return len(self._queue)

    def send(self, envelope: Envelope) -> None:
        """Send ``envelope`` as soon as that is possible, or have it answered with the reason why it is not."""
        connection = self.connection
        if connection is not None and connection.usable and not connection.congested and not self._queue:
            connection.send(envelope)
            self._owner.stanza_sent(envelope)
        elif connection is None and not self._is_dialling and self._dialling.clock.monotonic() < self._retry_at:
            self._bounce(envelope)
        elif len(self._queue) >= MAX_QUEUED or self._queued_bytes + len(envelope.raw) > MAX_QUEUED_BYTES:
            self._owner.bounce(envelope, StanzaCondition.RESOURCE_CONSTRAINT, f"too much waits for {self.domain}")
        else:
            self._queue.append(envelope)
            self._queued_bytes += len(envelope.raw)
            if connection is None:
                self._dial()

    def clear_back_off(self) -> None:
        """Try again at the next stanza: the partner was heard of."""
        self._failures = 0
        self._retry_at = 0.0

    def close(self, condition: Condition | None = None, text: str = "") -> None:
        """End the stream, if there is one, in good order; the next stanza opens another."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close(condition, text)
            if self._queue:
                self._dial()

    def renew(self) -> None:
        """Open another stream and move to it; the old one carries what comes meanwhile, then closes in good order."""
        if self.connection is not None:
            self._dial()

    def give_up(self, condition: StanzaCondition, text: str) -> None:
        """Answer everything that waits with ``condition``."""
        while self._queue:
            self._owner.bounce(self._pop(), condition, text)

    def outbound_lost(self, connection: OutboundConnection) -> None:
        """Take note that the stream takes no more stanzas; what waits opens another one."""
        if connection.authenticated:
            self._owner.outbound_closed(connection)
        if self.connection is connection:
            self.connection = None
            if self._queue:
                self._dial()

    def outbound_writable(self, connection: OutboundConnection) -> None:
        """Go on with what waits."""
        if self.connection is connection:
            self._drain(connection)

    def _dial(self) -> None:
        if not self._is_dialling:
            self._is_dialling = True
            self._owner.spawn(self._open(), name=f"s2s-out {self.home} {self.domain}")

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._dialling.establishment_timeout):
                connection = await self._try_until_not_reset()
        except StreamFailedError as error:
            self._fail(error.failure)
            return
        except TimeoutError:
            self._fail(StreamFailure("timeout", f"no stream within {self._dialling.establishment_timeout:g} s"))
            return
        finally:
            self._is_dialling = False
        self.failure = None
        self.clear_back_off()
        older, self.connection = self.connection, connection
        if older is not None:
            older.close()
        fields = {"home": self.home, "domain": self.domain, "peer": connection.peer_address}
        logger.info("stream to partner open", extra=fields)
        self._drain(connection)
        self._owner.outbound_opened(connection)

    async def _try_until_not_reset(self) -> OutboundConnection:
        """Open a stream; a partner that resets its streams at this very moment wants a new one, not patience."""
        for _ in range(MAX_RESETS):
            try:
                connection = await self._try_targets()
            except StreamFailedError as error:
                if not error.failure.is_reset:
                    raise
            else:
                if connection.usable:
                    return connection
        text = "the partner closes each stream as soon as it is open"
        raise StreamFailedError(StreamFailure("connection-lost", text))

    async def _try_targets(self) -> OutboundConnection:
        partner = self._owner.find_partner(self.domain)
        if partner is None:
            raise StreamFailedError(StreamFailure("not-a-partner", f"{self.domain} is not a partner any more"))
        connector = self._dialling.connector
        targets = await connector.find_targets(self.domain, partner.proxy)
        failures: list[StreamFailure] = []
        for target in targets:
            try:
                addresses = await connector.find_addresses(target, explicit=bool(partner.proxy))
                return await self._try_target(partner, target, addresses)
            except StreamFailedError as error:
                failures.append(error.failure)
        first = failures[0]  # the preferred server's fault names the case; the text tells of all
        raise StreamFailedError(StreamFailure(first.code, "; ".join(dict.fromkeys(item.text for item in failures))))

    async def _try_target(self, partner: Partner, target: Target, addresses: tuple[str, ...]) -> OutboundConnection:
        dialling = self._dialling
        config = OutboundConfig(self.home, partner, self.domain, dialling.limits, target.direct_tls)
        sock = await race_connect(addresses, target.port)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: OutboundConnection(
                self,
                config,
                dialling.slot,
                clock=dialling.clock,
                metrics=dialling.metrics,
                registry=dialling.registry,
            ),
            sock=sock,
        )
        try:
            await connection.ready
        except BaseException:
            if not connection.machine.closed:
                connection.abort()
            raise
        return connection

    def _fail(self, failure: StreamFailure) -> None:
        if self.connection is not None and self.connection.usable:
            return  # a renewal failed; the stream that is there goes on
        self.failure = failure
        self._failures += 1
        wait = min(FIRST_BACK_OFF * 2 ** (self._failures - 1), LAST_BACK_OFF)
        self._retry_at = self._dialling.clock.monotonic() + wait * self._dialling.random.uniform(0.8, 1.2)
        fields = {"home": self.home, "domain": self.domain, "reason": failure.code, "why": failure.text}
        logger.warning("no stream to partner", extra=fields)
        while self._queue:
            self._bounce(self._pop())

    def _bounce(self, envelope: Envelope) -> None:
        failure = self.failure or StreamFailure("timeout", "")
        condition = _CONDITIONS.get(failure.code, StanzaCondition.REMOTE_SERVER_TIMEOUT)
        self._owner.bounce(envelope, condition, failure.code)

    def _drain(self, connection: OutboundConnection) -> None:
        written = 0
        while self._queue and connection.usable and not connection.congested:
            envelope = self._pop()
            connection.send(envelope)
            self._owner.stanza_sent(envelope)
            written += len(envelope.raw)
            if written > WRITE_HIGH:
                connection.flush()
                written = 0

    def _pop(self) -> Envelope:
        envelope = self._queue.popleft()
        self._queued_bytes -= len(envelope.raw)
        return envelope
