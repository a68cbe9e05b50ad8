"""From a pair of domains to an open stream: its servers one after the other, and again where a stream was reset."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from gateway.errors import Condition, StanzaCondition
from gateway.model.peer import Direction
from gateway.net.connector import race_connect
from gateway.net.outbound import OutboundConnection, OutboundOwner, StreamFailedError, StreamFailure
from gateway.net.targets import with_shares
from gateway.net.waiting import QueueTotals
from gateway.policy.methods import is_tls_possible, method_set
from gateway.xmpp.configs import OutboundConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from random import Random

    from edgecert.shared.clock import Clock
    from gateway.model.envelope import Envelope
    from gateway.net.bidi import Carrier
    from gateway.net.connector import Connector
    from gateway.net.failures import FailureLog
    from gateway.net.metrics import Metrics
    from gateway.net.outbound import PartnerInbox
    from gateway.net.registry import ConnectionRegistry
    from gateway.net.targets import Target
    from gateway.net.waiting import Shelf
    from gateway.policy.partner import Partner
    from gateway.tls.slot import ContextSlot
    from gateway.xmpp.configs import StreamLimits
    from gateway.xmpp.dialback import KeyRing

MAX_RESETS: Final = 3
# After these a partner is not there for the moment, and waiting helps. Every other failure is a fault that somebody has
# to mend, and whoever sent a message is told at once.
OUTAGES: Final = frozenset(
    {"dns-failed", "connect-failed", "connection-lost", "timeout", "peer-closed", "no-certificate"}
)
_CONDITIONS: Final = {
    "dns-not-found": StanzaCondition.REMOTE_SERVER_NOT_FOUND,
    "not-a-partner": StanzaCondition.NOT_ALLOWED,
}
_OUTAGE_CONDITIONS: Final = frozenset(
    {
        Condition.CONNECTION_TIMEOUT,
        Condition.INTERNAL_SERVER_ERROR,
        Condition.REMOTE_CONNECTION_FAILED,
        Condition.RESET,
        Condition.RESOURCE_CONSTRAINT,
        Condition.SYSTEM_SHUTDOWN,
    }
)


class PairOwner(Protocol):
    """Who keeps the pairs."""

    @property
    def inbox(self) -> PartnerInbox | None:
        """Who takes what partners send over streams that go both ways; None: no stream does."""
        ...

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run ``work`` as a task of the service."""
        ...

    def find_partner(self, domain: str) -> Partner | None:
        """Give the partner of this moment."""
        ...

    def reaches_home(self, domain: str) -> bool:
        """Whether a bounce would arrive: the home system is connected."""
        ...

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Answer a home user's stanza that did not get through."""
        ...

    def outbound_opened(self, connection: Carrier) -> None:
        """Take note of a stream that came up."""
        ...

    def outbound_closed(self, connection: Carrier) -> None:
        """Take note that a stream that was up is gone."""
        ...

    def stanza_sent(self, envelope: Envelope) -> None:
        """Count a stanza that was handed to a partner's stream."""
        ...


@dataclass(slots=True)
class Dialling:
    """What dialling needs: one object for all pairs of a gateway. A reload changes its limits, for new streams."""

    connector: Connector
    slot: ContextSlot
    clock: Clock
    random: Random
    metrics: Metrics
    limits: StreamLimits
    registry: ConnectionRegistry
    keys: KeyRing
    failures: FailureLog
    establishment_timeout: float = 60.0
    shelf: Shelf | None = None
    totals: QueueTotals = field(default_factory=QueueTotals)

    def note_failure(self, home: str, domain: str, failure: StreamFailure, *, partner: bool) -> None:
        """Keep for whoever looks why there is no stream to ``domain``, a partner's unless it was taken away."""
        self.failures.note(Direction.OUTBOUND, (home, domain), failure.code, failure.text, partner=partner)


class DialledFor(OutboundOwner, Protocol):
    """For whom streams are opened: one pair of domains."""

    home: str
    domain: str


Factory: TypeAlias = "Callable[[OutboundConfig], OutboundConnection]"


class Dialler:
    """Opens streams for one pair."""

    def __init__(
        self, pair: DialledFor, find_partner: Callable[[str], Partner | None], dialling: Dialling, factory: Factory
    ) -> None:
        """Dial for ``pair``, which owns the streams that ``factory`` makes."""
        self._tls_only = False
        self._pair = pair
        self._find_partner = find_partner
        self._dialling = dialling
        self._factory = factory

    async def open(self) -> OutboundConnection:
        """Open a stream; a partner that resets its streams at this very moment wants a new one, not patience.

        So does one whose settings changed meanwhile: they are looked at again in the moment in which this returns.

        Raises:
            StreamFailedError: with the reason of the preferred server, and the words of all.
        """
        self._tls_only = False
        for _ in range(MAX_RESETS):
            try:
                connection = await self._try_targets()
            except StreamFailedError as error:
                if not error.failure.is_reset:
                    raise
            else:
                partner = self._find_partner(self._pair.domain)
                if partner is None or not connection.is_allowed(partner):
                    connection.close(Condition.POLICY_VIOLATION, "this partner's settings changed meanwhile")
                elif connection.usable:
                    return connection
        text = "the partner closes each stream as soon as it is open"
        raise StreamFailedError(StreamFailure("connection-lost", text))

    async def find_targets(self, partner: Partner) -> tuple[Target, ...]:
        """Give the partner's servers, in order; raises as :meth:`gateway.net.connector.Connector.find_targets`."""
        # XEP-0368's service is for those who may use TLS.
        tls = is_tls_possible(method_set(partner))
        return await self._dialling.connector.find_targets(self._pair.domain, partner.proxy, direct_tls=tls)

    async def try_target(self, partner: Partner, target: Target) -> OutboundConnection:
        """Open a stream to one server. Once TLS was begun with one of them, none is spoken to in the clear.

        Raises:
            StreamFailedError: with the reason.
        """
        dialling, pair = self._dialling, self._pair
        addresses = await dialling.connector.find_addresses(target, explicit=bool(partner.proxy))
        config = OutboundConfig(
            pair.home,
            partner,
            pair.domain,
            dialling.limits,
            target.direct_tls,
            make_key=dialling.keys.make_key,
            delegated_to=target.host if target.is_secure else "",
            tls_only=self._tls_only,
        )
        connection = await self._connect(config, target, addresses)
        if connection.may_skip_external:
            # XEP-0178: the peer refused our certificate and hung up; dialback needs a stream of its own then.
            anew = replace(config, skip_external=True, tls_only=True)
            connection = await self._connect(anew, target, addresses)
        await connection.ready
        return connection

    async def _try_targets(self) -> OutboundConnection:
        domain = self._pair.domain
        partner = self._find_partner(domain)
        if partner is None:
            raise StreamFailedError(StreamFailure("not-a-partner", f"{domain} is not a partner any more"))
        failures: list[StreamFailure] = []
        targets = await self.find_targets(partner)
        seconds, clock = self._dialling.establishment_timeout, self._dialling.clock
        for target, share in with_shares(targets, seconds, clock.monotonic):
            try:
                async with asyncio.timeout(share):
                    return await self.try_target(partner, target)
            except StreamFailedError as error:
                failures.append(error.failure)
            except TimeoutError:
                failures.append(mute(target, share))
        raise StreamFailedError(join_failures(failures))

    async def _connect(self, config: OutboundConfig, target: Target, addresses: tuple[str, ...]) -> OutboundConnection:
        """Give a connection that is ready or has failed."""
        sock = await race_connect(addresses, target.port)
        _, connection = await asyncio.get_running_loop().create_connection(lambda: self._factory(config), sock=sock)
        try:
            await asyncio.wait([connection.ready])
        finally:
            self._tls_only = self._tls_only or connection.tls is not None
            if not connection.usable and not connection.machine.closed:
                connection.abort()
        return connection


def join_failures(failures: Sequence[StreamFailure]) -> StreamFailure:
    """Give one failure for several servers: the preferred one's fault names the case, the text tells of all."""
    return StreamFailure(failures[0].code, "; ".join(dict.fromkeys(item.text for item in failures)))


def mute(target: Target, seconds: float) -> StreamFailure:
    """Give the failure of a server that did not come as far as it had to in its share of the time."""
    return StreamFailure("timeout", f"{target.host}:{target.port}: no stream within {seconds:g} s")


def unforeseen(error: Exception) -> StreamFailure:
    """Give the failure of a stream that did not come up for a fault of ours."""
    return StreamFailure("internal", f"{type(error).__name__}: {error}")


def is_outage(failure: StreamFailure) -> bool:
    """Whether ``failure`` is one that waiting may cure."""
    if failure.code == "peer-stream-error":
        return failure.text.partition(":")[0] in _OUTAGE_CONDITIONS
    return failure.code in OUTAGES


def condition_of(failure: StreamFailure | None) -> StanzaCondition:
    """Give what a stanza is answered with that ``failure`` kept from its partner (RFC 6120 §10.4)."""
    code = failure.code if failure is not None else ""
    return _CONDITIONS.get(code, StanzaCondition.REMOTE_SERVER_TIMEOUT)
