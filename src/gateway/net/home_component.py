"""The home side: components that connect to us and speak for a home domain (XEP-0114, accept)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from typing_extensions import override

from gateway.errors import Condition
from gateway.net.connection import Connection
from gateway.xmpp.component import ComponentState, ComponentStream
from gateway.xmpp.events import (
    Closed,
    ComponentAuthorized,
    ComponentEvent,
    Pinged,
    StanzaReceived,
    StanzaRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.shared.clock import Clock
    from edgecert.shared.secret import Secret
    from gateway.errors import StanzaCondition
    from gateway.model.envelope import Envelope
    from gateway.net.registry import ConnectionRegistry
    from gateway.xmpp.configs import StreamLimits

logger = logging.getLogger(__name__)

HANDSHAKE_TIMEOUT: Final = 30.0
MAX_UNPROVED: Final = 32
"""Connections that have not shown the secret; whoever can reach the listener must not use up the gateway's files."""


class ComponentOwner(Protocol):
    """Who keeps the components and takes what they send."""

    def component_up(self, connection: ComponentConnection, domain: str) -> None:
        """Take note that ``connection`` speaks for ``domain`` from now on."""
        ...

    def component_lost(self, connection: ComponentConnection) -> None:
        """Take note that the connection is gone."""
        ...

    def component_writable(self, connection: ComponentConnection) -> None:
        """Take note that the component takes data again."""
        ...

    def stanza_from_home(self, envelope: Envelope) -> None:
        """Route a stanza."""
        ...

    def refuse_from_home(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Answer a stanza that goes nowhere."""
        ...


class Unproved:
    """The connections that have not shown the secret yet, the oldest first."""

    def __init__(self) -> None:
        """Know of none."""
        self._all: dict[ComponentConnection, None] = {}

    def add(self, connection: ComponentConnection) -> None:
        """Take one in; of too many the oldest has to go."""
        self._all[connection] = None
        if len(self._all) > MAX_UNPROVED:
            oldest = next(iter(self._all))
            self.discard(oldest)
            oldest.abort()

    def discard(self, connection: ComponentConnection) -> None:
        """Take note that one has shown the secret, or is gone."""
        self._all.pop(connection, None)


class ComponentConnection(Connection[ComponentEvent]):
    """One component; it speaks for a domain once it has shown the secret."""

    max_unsent = 0  # its partners are slowed down while it does not keep up

    def __init__(
        self,
        owner: ComponentOwner,
        *,
        secrets: Callable[[str], Secret | None],
        stream_id: Callable[[], str],
        limits: StreamLimits,
        clock: Clock,
        registry: ConnectionRegistry,
        unproved: Unproved,
    ) -> None:
        """Wait for the component's header."""
        self.stream = ComponentStream(secrets, stream_id, limits)
        super().__init__(self.stream, clock, registry)
        self._owner = owner
        self._unproved = unproved
        self.domain = ""

    @property
    def authenticated(self) -> bool:
        """Whether it may send and be sent stanzas."""
        return bool(self.domain)

    @property
    def usable(self) -> bool:
        """Whether stanzas can be handed to it now."""
        return self.stream.state is ComponentState.OPEN

    def send(self, envelope: Envelope) -> None:
        """Hand a stanza to the component."""
        self.stanzas_in += 1
        self.stream.send_stanza(envelope)
        self.wake()

    @override
    def on_connected(self) -> None:
        self._unproved.add(self)
        self.arm(HANDSHAKE_TIMEOUT, self._expire)
        self.process()

    def _expire(self) -> None:
        self.close(Condition.CONNECTION_TIMEOUT, "no handshake in time")

    @override
    def on_writable(self) -> None:
        self._owner.component_writable(self)

    @override
    def on_lost(self) -> None:
        self._unproved.discard(self)
        self._owner.component_lost(self)

    @override
    def handle(self, event: ComponentEvent) -> None:
        match event:
            case StanzaReceived(envelope):
                self._owner.stanza_from_home(envelope)
            case StanzaRefused(envelope, condition, text):
                self._owner.refuse_from_home(envelope, condition, text)
            case ComponentAuthorized(domain):
                self.disarm()
                self._unproved.discard(self)
                self.domain = domain
                self._owner.component_up(self, domain)
            case Closed(condition, by_peer, text):
                fields = {
                    "domain": self.domain,
                    "peer": self.peer_address,
                    "condition": condition.value if condition else "",
                    "why": text,
                    "by_peer": by_peer,
                }
                level = logging.WARNING if condition is Condition.NOT_AUTHORIZED else logging.INFO
                logger.log(level, "component connection closed", extra=fields)
                self._owner.component_lost(self)
            case Pinged():
                pass
            case _ as never:
                assert_never(never)
