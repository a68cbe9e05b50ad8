"""The home side as the hub knows it: which components are connected, and who waits while one does not keep up."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from gateway.errors import Condition, StanzaCondition
from gateway.net.home_component import ComponentConnection, Unproved

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from edgecert.shared.secret import Secret
    from gateway.model.envelope import Envelope
    from gateway.net.dialler import Dialling

logger = logging.getLogger(__name__)


class HomeOwner(Protocol):
    """Who routes what the home side sends, and is told when its systems come and go."""

    def stanza_from_home(self, envelope: Envelope) -> None:
        """Route a stanza."""
        ...

    def bounce(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Answer a home user's stanza that goes nowhere."""
        ...

    def home_up(self, domain: str) -> None:
        """Take note that the home system of ``domain`` is connected."""
        ...

    def home_lost(self, domain: str) -> None:
        """Take note that the home system of ``domain`` is gone."""
        ...


class Pausable(Protocol):
    """A partner's stream, which can be read from or not."""

    def pause_reading(self) -> None:
        """Read no more."""
        ...

    def resume_reading(self) -> None:
        """Read on."""
        ...


class HomeSide:
    """The components of the home domains; at most one of a domain is connected."""

    def __init__(
        self, owner: HomeOwner, dialling: Dialling, homes: Mapping[str, Secret], stream_id: Callable[[], str]
    ) -> None:
        """Let components of ``homes`` (domain and its secret) connect; none has."""
        self._owner = owner
        self._dialling = dialling
        self._homes = homes
        self._stream_id = stream_id
        self._connected: dict[str, ComponentConnection] = {}
        self._unproved = Unproved()
        self._paused: defaultdict[str, set[Pausable]] = defaultdict(set)

    def make_component(self, domains: Collection[str]) -> ComponentConnection:
        """Give the protocol of a connection that was just accepted on a listener for the components of ``domains``."""
        return ComponentConnection(
            self,
            secrets=lambda domain: self._homes.get(domain) if domain in domains else None,
            stream_id=self._stream_id,
            limits=self._dialling.limits,
            clock=self._dialling.clock,
            registry=self._dialling.registry,
            unproved=self._unproved,
        )

    def __contains__(self, domain: str) -> bool:
        """Whether the component of ``domain`` is connected."""
        return domain in self._connected

    def __iter__(self) -> Iterator[str]:
        """Give the domains whose component is connected."""
        return iter(self._connected)

    def __len__(self) -> int:
        """Give how many domains have their component connected."""
        return len(self._connected)

    def find(self, domain: str) -> ComponentConnection | None:
        """Give the component of ``domain``."""
        return self._connected.get(domain)

    def close(self, condition: Condition) -> None:
        """Say goodbye to every component."""
        for component in tuple(self._connected.values()):
            component.close(condition)

    # --- partners' streams that wait

    def hold_back(self, connection: Pausable, domain: str) -> None:
        """Read no more of ``connection``, which sent to ``domain``, while that domain's component does not keep up."""
        component = self._connected.get(domain)
        if component is not None and component.congested:
            connection.pause_reading()
            self._paused[domain].add(connection)

    def forget(self, connection: Pausable) -> None:
        """Take note that a partner's stream is gone."""
        for waiting in self._paused.values():
            waiting.discard(connection)

    def _resume(self, domain: str) -> None:
        for connection in self._paused.pop(domain, ()):
            connection.resume_reading()

    # --- what components tell

    def component_up(self, connection: ComponentConnection, domain: str) -> None:
        """Let ``connection`` speak for ``domain``; an older one, which may be a dead one, has to go."""
        older = self._connected.get(domain)
        self._connected[domain] = connection
        if older is not None and older is not connection:
            older.close(Condition.CONFLICT, "another component has connected for this domain")
            self._resume(domain)  # what waited for the older one is for this one
        self._owner.home_up(domain)
        logger.info("component connected", extra={"domain": domain, "peer": connection.peer_address})

    def component_lost(self, connection: ComponentConnection) -> None:
        """Take note that the component is gone."""
        if self._connected.get(connection.domain) is connection:
            del self._connected[connection.domain]
            self._resume(connection.domain)
            self._owner.home_lost(connection.domain)

    def component_writable(self, connection: ComponentConnection) -> None:
        """Let the partners go on that were slowed down."""
        self._resume(connection.domain)

    def stanza_from_home(self, envelope: Envelope) -> None:
        """Hand on what a component sends."""
        self._owner.stanza_from_home(envelope)

    def refuse_from_home(self, envelope: Envelope, condition: StanzaCondition, text: str) -> None:
        """Have a component's stanza answered that goes nowhere."""
        self._owner.bounce(envelope, condition, text)
