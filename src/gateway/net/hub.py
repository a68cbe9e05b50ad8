"""Where everything meets: partners' streams, the pairs we dial for, and the components of the home domains."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from gateway.errors import Condition, StanzaCondition
from gateway.model.jid import Jid
from gateway.model.peer import Direction
from gateway.net.bidi import BothWays
from gateway.net.dialback import DialbackDesk
from gateway.net.draining import Draining
from gateway.net.homeside import HomeSide
from gateway.net.housekeeping import keep_house
from gateway.net.hublimits import HubLimits
from gateway.net.inbound import InboundConnection
from gateway.net.inboundcounts import InboundCounts
from gateway.net.outbound import OutboundConnection
from gateway.net.pair import OutboundPair
from gateway.net.pinging import Pings
from gateway.net.traffic import Traffic
from gateway.policy.access import OPEN
from gateway.policy.home import USUAL_HOME
from gateway.policy.methods import is_tls_possible, method_set
from gateway.policy.partner import PartnerTable
from gateway.policy.tlsmemory import TlsMemory
from gateway.routing import Answer, Commit, Discard, Route, ToHome, ToPartner, refuse
from gateway.xmpp.configs import InboundConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from edgecert.shared.secret import Secret
    from gateway.model.envelope import Envelope
    from gateway.model.peer import PairAuthorization
    from gateway.model.queued import Backlog
    from gateway.net.bidi import Carrier
    from gateway.net.dialler import Dialling
    from gateway.policy.home import HomePolicy
    from gateway.policy.partner import Partner
    from gateway.xmpp.configs import StreamLimits

PartnerConnection: TypeAlias = InboundConnection | OutboundConnection

logger = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT: Final = 5.0


class Hub:
    """Takes every stanza from where it comes in to where it goes; runs in the event loop and never waits."""

    def __init__(
        self,
        dialling: Dialling,
        homes: Mapping[str, Secret],
        *,
        spawn: Callable[[Coroutine[object, object, None], str], None],
        limits: HubLimits | None = None,
        policies: Mapping[str, HomePolicy] | None = None,
    ) -> None:
        """Serve ``homes`` (domain and its component's secret); ``spawn`` starts a task of the service."""
        self.dialling = dialling
        self.homes = dict(homes)
        self.limits = limits or HubLimits()
        self.partners = PartnerTable()
        self.access = OPEN
        self.traffic = Traffic.between(self, {**dict.fromkeys(homes, USUAL_HOME), **(policies or {})}, dialling.clock)
        self.components = HomeSide(self, dialling, self.homes, _stream_id)
        self.inbound: set[InboundConnection] = set()
        self.outbound: set[OutboundConnection] = set()
        self.pairs: dict[tuple[str, str], OutboundPair] = {}
        self.pings = Pings(_stream_id)
        self._spawn = spawn
        self.counts = InboundCounts(dialling.metrics)
        self.dialback = DialbackDesk(dialling, self.find_partner, spawn)
        self._both_ways = BothWays()
        self.tls_memory = TlsMemory()
        self.draining = Draining(self)
        self._closing = False
        self._reset_at = 0.0
        self._inbound_config = self._make_inbound_config()
        dialling.metrics.queue_sizes = self.queue_sizes
        dialling.metrics.held = lambda: dialling.registry.held

    def limit(self, limits: HubLimits, stream_limits: StreamLimits) -> None:
        """Let other limits hold: for streams that are open too, save ``stream_limits``, which a stream begins with."""
        self.limits = limits
        self.dialling.limits = stream_limits
        self.dialling.establishment_timeout = limits.establishment_timeout
        self._inbound_config = self._make_inbound_config()

    def _make_inbound_config(self) -> InboundConfig:
        """Give the one that all streams share."""
        dialling = self.dialling
        return InboundConfig(
            stream_id=_stream_id,
            is_home=self.homes.__contains__,
            partners=lambda: self.partners,
            tls_available=lambda domain: dialling.slot.current.find(domain) is not None,
            is_key=lambda *names: dialling.keys.is_key(*names, now=dialling.clock.monotonic()),
            limits=dialling.limits,
        )

    # --- partners' streams

    def make_inbound(self, *, direct_tls: bool) -> InboundConnection:
        """Give the protocol of a connection that was just accepted on a listener for partners."""
        dialling = self.dialling
        return InboundConnection(
            self,
            self._inbound_config,
            dialling.slot,
            self.dialback,
            clock=dialling.clock,
            metrics=dialling.metrics,
            registry=dialling.registry,
            direct_tls=direct_tls,
        )

    def admit(self, connection: InboundConnection) -> bool:
        """Take a new connection in; False when there are too many, in all or unauthenticated from that network."""
        crowded = self.counts.is_crowded(connection, self.limits.unauthenticated_per_address)
        if self._closing or crowded or not self._has_room():
            self.dialling.metrics.refused("inbound", "too-many-connections")
            logger.warning("connection refused: too many", extra={"peer": connection.peer_address})
            return False
        self.inbound.add(connection)
        self.counts.arrived(connection)
        return True

    def _has_room(self) -> bool:
        if len(self.inbound) < self.limits.connection_limit:
            return True
        cut = self.counts.make_room()
        self.inbound.discard(cut)
        return cut is not None

    def may_authorize(self, domain: str) -> bool:
        """Whether one more pair of the partner that has ``domain`` may be authorized; if not, it is counted."""
        if self.counts.may_add(self.partners.find(domain), self.limits.partner_connection_limit):
            return True
        self.dialling.metrics.refused("inbound", "partner-connection-limit")
        return False

    def authorized(self, connection: InboundConnection, pair: PairAuthorization) -> None:
        """Take note of an authorized pair."""
        if connection not in self.inbound:
            return  # cut a moment ago
        partner = self.partners.find(pair.partner)
        self.counts.authorized(connection, pair, partner.domain if partner is not None else pair.partner)
        self._both_ways.add(connection, pair)
        for (_, domain), outbound in self.pairs.items():
            if domain == pair.partner:
                self._both_ways.serve(outbound)
                outbound.clear_back_off()
        fields = {"domain": pair.partner, "home": pair.home, "peer": connection.peer_address, "proof": pair.proof.value}
        logger.info("partner authenticated", extra=fields)
        if 0 < connection.tls_begun_at < self._reset_at:
            connection.close(Condition.RESET, "the certificate was replaced")

    def inbound_lost(self, connection: InboundConnection) -> None:
        """Take note that the connection is gone."""
        if connection not in self.inbound:
            return
        self.inbound.discard(connection)
        self.components.forget(connection)
        self.counts.gone(connection)
        self._both_ways.discard(connection)

    def note_fault(self, connection: InboundConnection, pair: tuple[str, str], code: str, text: str) -> None:
        """Keep for whoever looks why a partner's stream, or a pair on it, came to nothing."""
        known, address = self.find_partner(pair[1]) is not None, connection.peer_address
        self.dialling.failures.note(Direction.INBOUND, pair, code, text, address=address, partner=known)

    def stanza_from_partner(self, connection: PartnerConnection, envelope: Envelope) -> None:
        """Route a stanza of an authorized pair; a partner is slowed down while the home side does not keep up."""
        if self.pings.takes(envelope):
            return
        self.traffic.from_partner(envelope)
        self.components.hold_back(connection, envelope.to.domain)

    def refuse_from_partner(
        self, connection: PartnerConnection, envelope: Envelope, condition: StanzaCondition, text: str
    ) -> None:
        """Answer a stanza that goes nowhere; in the name of the stream's home domain if it was for a stranger's."""
        if envelope.to.domain not in self.homes:
            envelope = replace(envelope, to=Jid("", connection.home))
        self.follow(self.traffic.router.refuse_partner(envelope, condition, text), "inbound")

    # --- the home side

    def home_up(self, domain: str) -> None:
        """Let partners see the users of ``domain`` again."""
        self.traffic.presence.home_up(domain)

    def home_lost(self, domain: str) -> None:
        """See to it that partners do not take the users of ``domain`` for available much longer."""
        self.traffic.presence.home_lost(domain)

    def stanza_from_home(self, envelope: Envelope) -> None:
        """Route a stanza."""
        self.traffic.from_home(envelope)

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Answer a home user's stanza that did not get through, or goes nowhere."""
        self.follow(refuse(envelope, condition, text), "outbound")

    # --- pairs

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run ``work`` as a task of the service."""
        self._spawn(work, name)

    def find_partner(self, domain: str) -> Partner | None:
        """Give the partner of this moment."""
        return self.partners.find(domain)

    def reaches_home(self, domain: str) -> bool:
        """Whether the home system of ``domain`` is connected."""
        return domain in self.components

    def reaches_partner(self, home: str, domain: str) -> bool:
        """Whether a stream from ``home`` to ``domain`` is open."""
        pair = self.pairs.get((home, domain))
        return pair is not None and pair.connection is not None

    @property
    def inbox(self) -> Hub:
        """Who takes what partners send over streams that go both ways."""
        return self

    def outbound_opened(self, connection: Carrier) -> None:
        """Take note of a stream that came up; one that a partner opened is counted as that."""
        if not isinstance(connection, OutboundConnection):
            return
        self.outbound.add(connection)
        if is_tls_possible(method_set(connection.config.partner)):  # else it is we who take no TLS
            now = self.dialling.clock.now()
            self.tls_memory.note(connection.config.domain, tls=connection.tls is not None, now=now)
        self.dialling.metrics.stream_opened("outbound", connection.generation)
        if 0 < connection.tls_begun_at < self._reset_at:
            self.pairs[connection.config.home, connection.config.domain].close(Condition.RESET)

    def outbound_closed(self, connection: Carrier) -> None:
        """Take note that a stream that was up is gone."""
        if isinstance(connection, OutboundConnection) and connection in self.outbound:
            self.outbound.discard(connection)
            self.components.forget(connection)
            self.dialling.metrics.stream_closed("outbound", connection.generation)

    def stanza_sent(self, envelope: Envelope) -> None:
        """Count a stanza that was handed to a partner's stream."""
        del envelope
        self.dialling.metrics.stanza("outbound")

    # --- the whole

    def restore_queues(self, backlogs: Iterable[Backlog]) -> None:
        """Take over what an earlier run left on disk, and send it."""
        for backlog in backlogs:
            key = backlog.home, backlog.domain
            pair = self.pairs[key] = OutboundPair(self, self.dialling, *key)
            is_wanted = backlog.home in self.homes and self.partners.find(backlog.domain) is not None
            pair.restore(backlog, is_wanted=is_wanted)

    def queue_sizes(self) -> dict[str, int]:
        """Give how many stanzas wait for partners, by place."""
        rooms = [pair.room for pair in self.pairs.values()]
        return {
            "disk": sum(room.on_disk for room in rooms),
            "memory": sum(room.only_in_memory for room in rooms),
            "unacknowledged": sum(pair.unacknowledged_in_memory for pair in self.pairs.values()),
        }

    def set_partners(self, table: PartnerTable) -> None:
        """Put a new table in place; streams and queues of who is no partner any more end."""
        self.traffic.presence.partners_changing(table)
        before, self.partners = self.partners, table
        for connection in tuple(self.inbound):
            if connection.machine.closed:
                continue
            self.counts.dropped(connection, connection.stream.partners_changed())
            connection.process()
        for (_, domain), pair in tuple(self.pairs.items()):
            partner = table.find(domain)
            if partner is None:
                pair.give_up(StanzaCondition.NOT_ALLOWED, f"{domain} is not a partner any more")
                pair.close(Condition.POLICY_VIOLATION, "not a configured partner any more")
                continue
            if pair.connection is not None and not pair.connection.is_allowed(partner):
                pair.close(Condition.POLICY_VIOLATION, "this partner's settings do not allow this stream any more")
            if partner != before.find(domain):
                pair.clear_back_off()  # what failed may go well with the new ones

    def reset_streams(self, text: str) -> int:
        """End every stream with ``reset`` and give how many there were; what waits goes over new ones.

        One that is being negotiated over an older handshake gets its reset as soon as it is up and can be told.
        """
        self._reset_at = self.dialling.clock.monotonic()
        streams = [connection for connection in self.inbound if connection.authenticated]
        for connection in streams:
            connection.close(Condition.RESET, text)
        opened = [pair for pair in self.pairs.values() if pair.connection is not None]
        for pair in opened:
            pair.close(Condition.RESET, text)
        return len(streams) + len(opened)

    def is_old(self, connection: InboundConnection | Carrier) -> bool:
        """Whether TLS began with a certificate of ours that is not in service any more."""
        name, generation = connection.generation
        return bool(name) and self.dialling.slot.current.generations.get(name) != generation

    def keep_house(self) -> int:
        """Do what time asks for; gives how many silent streams gave memory back. A hub that ends does nothing more."""
        return 0 if self._closing else keep_house(self)

    async def shut_down(self) -> None:
        """Say goodbye on every stream, wait for the peers' goodbyes for a while, then cut what is left."""
        self._closing = True
        for pair in tuple(self.pairs.values()):
            pair.leave()
        for connection in tuple(self.inbound):
            connection.close(Condition.SYSTEM_SHUTDOWN)
        self.components.close(Condition.SYSTEM_SHUTDOWN)
        await self.dialling.registry.wait_gone(SHUTDOWN_TIMEOUT)
        for pair in tuple(self.pairs.values()):
            await pair.put_away()

    # --- machinery

    def follow(self, route: Route, direction: str) -> None:
        """Do what ``route`` says of a stanza that goes ``inbound`` or ``outbound``."""
        match route:
            case ToHome(envelope):
                self._send_home(envelope, direction)
            case ToPartner(envelope):
                self._find_pair(envelope).send(envelope)
            case Answer(envelope, reason):
                self.dialling.metrics.refused(direction, reason)
                if envelope.to.domain in self.homes:
                    self._send_home(envelope, direction)
                else:
                    self._find_pair(envelope).send(envelope)
            case Discard(reason):
                self.dialling.metrics.refused(direction, reason)
            case Commit():
                self.traffic.follow(route, direction)
            case _ as never:
                assert_never(never)

    def _send_home(self, envelope: Envelope, direction: str) -> None:
        component = self.components.find(envelope.to.domain)
        if component is not None and component.usable:
            component.send(envelope)
            self.dialling.metrics.stanza(direction)
            return
        if envelope.kind == "presence" or envelope.from_.domain in self.homes:
            held = envelope.kind == "presence" and self.traffic.presence.hold(envelope)
            self.dialling.metrics.refused(direction, "home-away" if held else "home-not-connected")
        else:  # as if the user did not exist
            self.follow(self.traffic.router.refuse_partner(envelope, StanzaCondition.SERVICE_UNAVAILABLE), direction)

    def _find_pair(self, envelope: Envelope) -> OutboundPair:
        key = envelope.pair
        pair = self.pairs.get(key)
        if pair is None:
            pair = self.pairs[key] = OutboundPair(self, self.dialling, *key)
        self._both_ways.serve(pair)
        return pair


def _stream_id() -> str:
    return secrets.token_hex(16)
