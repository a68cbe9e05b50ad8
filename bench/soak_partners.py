"""The far ends of ``bench.soak``: many partners in one process, each with an address of its own, coming and going.

They are streams of this project too, so that both ends acknowledge; what they count, they count for themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from secrets import token_bytes
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from edgecert.shared.clock import SystemClock
from edgecert.shared.secret import Secret
from gateway.net.connector import Connector
from gateway.net.dialler import Dialling
from gateway.net.failures import FailureLog
from gateway.net.hub import Hub
from gateway.net.hublimits import HubLimits
from gateway.net.listener import Listener
from gateway.net.metrics import Metrics
from gateway.net.pair import OutboundPair
from gateway.net.registry import ConnectionRegistry
from gateway.policy.partner import Partner, PartnerTable
from gateway.tls.context import build_contexts
from gateway.tls.slot import ContextSlot
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.dialback import KeyRing
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine

    from gateway.model.envelope import Envelope
    from gateway.model.queued import QueuedStanza
    from gateway.net.hub import PartnerConnection
    from gateway.net.resolver import Resolver
    from gateway.tls.trust import TrustStore
    from tests.support.pki import Pki

SERVER: Final = "jabber:server"


@dataclass
class Tally:
    """What the far ends saw, by id."""

    arrived: Counter[str] = field(default_factory=Counter)
    """Messages from the home side, by how often each came."""
    sent: set[str] = field(default_factory=set)
    """Messages to the home side."""
    acknowledged: set[str] = field(default_factory=set)
    """Those of them that the gateway has acknowledged."""
    queries: int = 0


class FarPair(OutboundPair):
    """A pair that tells which of its messages were acknowledged."""

    tally: Tally

    @override
    def _end(self, stanza: QueuedStanza, outcome: str) -> None:
        if outcome == "acknowledged" and stanza.envelope.kind == "message":
            self.tally.acknowledged.add(stanza.envelope.id)
        super()._end(stanza, outcome)


class FarHub(Hub):
    """A partner's server whose only user counts what comes, and answers queries."""

    tally: Tally

    @override
    def stanza_from_partner(self, connection: PartnerConnection, envelope: Envelope) -> None:
        if envelope.kind == "message" and not envelope.is_error:
            self.tally.arrived[envelope.id] += 1
        elif envelope.kind == "iq" and envelope.type == "get":
            self.tally.queries += 1
            attributes = {"type": "result", "id": envelope.id, "from": envelope.to.wire, "to": envelope.from_.wire}
            self.say(build_envelope(Element(SERVER, "iq", attributes)))

    def say(self, envelope: Envelope) -> None:
        """Send a stanza to the home side."""
        self._find_pair(envelope).send(envelope)

    @override
    def _find_pair(self, envelope: Envelope) -> OutboundPair:
        key = envelope.pair
        if key not in self.pairs:
            pair = self.pairs[key] = FarPair(self, self.dialling, *key)
            pair.tally = self.tally
        return self.pairs[key]


class FarEnd:
    """One partner: up or down."""

    def __init__(self, world: FarWorld, domain: str, address: str) -> None:
        """Be ``domain`` at ``address``; down at first."""
        self._world = world
        self.domain = domain
        self.address = address
        self.hub: FarHub | None = None
        self._listener: Listener | None = None

    async def come(self) -> None:
        """Listen."""
        world = self._world
        dialling = replace(world.dialling, registry=ConnectionRegistry(), metrics=Metrics())
        hub = FarHub(dialling, {self.domain: Secret(b"unused")}, spawn=world.spawn, limits=HubLimits())
        hub.tally = world.tally
        hub.set_partners(PartnerTable.of([Partner(domain=world.home, type="federated", dialback=False)]))
        self._listener = await Listener.open(
            f"{self.address}:5269", "xmpp-s2s", lambda: hub.make_inbound(direct_tls=False)
        )
        self.hub = hub

    async def go(self, *, gracefully: bool) -> None:
        """Go away: saying goodbye, or by pulling the plug."""
        hub, self.hub = self.hub, None
        if self._listener is not None:
            self._listener.close()
        if hub is not None:
            if not gracefully:
                for connection in (*hub.inbound, *hub.outbound):
                    connection.abort()
            await hub.shut_down()

    def say(self, identity: str, to: str) -> None:
        """Send a message to the home side, if up."""
        if self.hub is not None:
            self._world.tally.sent.add(identity)
            attributes = {"from": f"user@{self.domain}", "to": to, "id": identity, "type": "chat"}
            body = Element(SERVER, "body", {}, ("x" * 100,))
            self.hub.say(build_envelope(Element(SERVER, "message", attributes, (body,))))


class FarWorld:
    """All partners, and what they share."""

    def __init__(self, home: str, resolver: Resolver, pki: Pki, trust: TrustStore, group: asyncio.TaskGroup) -> None:
        """Prepare partners of ``home`` whose certificates ``pki`` issues."""
        clock, random = SystemClock(), Random(1)  # noqa: S311  # to be repeatable
        self.home = home
        self.tally = Tally()
        self.ends: list[FarEnd] = []
        self._group = group
        bundle = pki.issue(["*.soak.example"]).bundle()
        self._bundle, self._trust = bundle, trust
        self.dialling = Dialling(
            connector=Connector(resolver, random, True),
            slot=ContextSlot(build_contexts((), domains=(), trust=trust)),
            clock=clock,
            random=random,
            metrics=Metrics(clock),
            limits=StreamLimits(),
            registry=ConnectionRegistry(),
            failures=FailureLog(clock),
            keys=KeyRing(Secret(token_bytes(32))),
        )

    def add(self, domain: str, address: str) -> None:
        """Know one more partner."""
        self.ends.append(FarEnd(self, domain, address))

    def prepare(self) -> None:
        """Give all of them their certificate."""
        domains = [end.domain for end in self.ends]
        self.dialling.slot.swap(build_contexts([self._bundle], domains=domains, trust=self._trust))

    def spawn(self, work: Coroutine[object, object, None], name: str) -> None:
        """Run a task of a partner."""
        self._group.create_task(work, name=name)
