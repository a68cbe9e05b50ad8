"""The accepting side of XEP-0114: a home system connects, shows a secret, and exchanges stanzas both ways.

The component's stanzas are in ``jabber:component:accept``; envelopes are in ``jabber:server``. A slice carries no
namespace of its own, so that moving it from one stream to the other moves all of it; only what names a content
namespace inside is written anew.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from gateway.errors import AddressError, Condition, LocalProtocolError, RemoteProtocolError, StanzaCondition
from gateway.model.jid import parse_domain
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.element import SEPARATOR
from gateway.xmpp.events import ComponentAuthorized, ComponentEvent, StanzaReceived, StanzaRefused
from gateway.xmpp.stanza import raw_for_component, read_envelope, stanza_kind
from gateway.xmpp.stream import Step, StreamMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgecert.shared.secret import Secret
    from gateway.model.envelope import Envelope, StanzaKind
    from gateway.xmpp.xml import ElementReceived, StreamOpened


class ComponentState(StrEnum):
    """Where a component's stream is."""

    HEADER = "waits for the header"
    HANDSHAKE = "waits for the handshake"
    OPEN = "open"
    CLOSING = "waits for the component's end"
    CLOSED = "closed"


_S = ComponentState
NEXT: Final[Mapping[tuple[ComponentState, Step], ComponentState]] = {
    (_S.HEADER, Step.HEADER): _S.HANDSHAKE,
    (_S.HANDSHAKE, Step.HANDSHAKE): _S.OPEN,
    (_S.OPEN, Step.STANZA): _S.OPEN,
    (_S.OPEN, Step.SEND): _S.OPEN,
    (_S.OPEN, Step.CLOSE): _S.CLOSING,
    (_S.CLOSING, Step.STANZA): _S.CLOSING,
    **{(state, Step.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}

_HANDSHAKE_NAME: Final = f"{ns.COMPONENT}{SEPARATOR}handshake"


class ComponentStream(StreamMachine[ComponentState, ComponentEvent]):
    """A stream that a home system opened. Nothing passes before the handshake, and only its own domain sends."""

    def __init__(
        self,
        secrets: Callable[[str], Secret | None],
        stream_id: Callable[[], str],
        limits: StreamLimits | None = None,
    ) -> None:
        """Wait for the component's header.

        ``secrets`` gives the secret of a prepared domain, None if no component may be it; ``stream_id`` gives a new
        unguessable id.
        """
        super().__init__(NEXT, ComponentState.HEADER, waiting=frozenset(), limits=limits or StreamLimits())
        self._secrets = secrets
        self._stream_id = stream_id()
        self._domain = ""
        self._header_to = ""
        self._secret: Secret | None = None

    # --- what the shell calls

    @property
    def domain(self) -> str:
        """The domain that the component claims, and has proved once the stream is open."""
        return self._domain

    def send_stanza(self, envelope: Envelope) -> None:
        """Write a stanza to the component's domain.

        Raises:
            LocalProtocolError: the stream is not open, or the stanza is for another domain.
        """
        if self._state is not ComponentState.OPEN or envelope.to.domain != self._domain:
            message = f"a stanza to {envelope.to.domain} in state {self._state.value} of component {self._domain}"
            raise LocalProtocolError(message)
        self._say(raw_for_component(envelope))

    def ping(self) -> None:
        """Send white space, so that a dead connection shows.

        Raises:
            LocalProtocolError: the stream is not open.
        """
        if not self._may(Step.SEND):
            message = f"a ping in state {self._state.value}"
            raise LocalProtocolError(message)
        self._say(b" ")

    # --- what the component sends

    @override
    def _on_header(self, event: StreamOpened) -> None:
        self._header_to = event.attributes.get("to", "")
        if event.name != wire.STREAM_NAME or event.scope.get("") != ns.COMPONENT:
            raise RemoteProtocolError(Condition.INVALID_NAMESPACE, f"the default namespace must be {ns.COMPONENT}")
        try:
            self._domain = parse_domain(self._header_to)
        except AddressError as error:
            raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, "'to' must be the component's domain") from error
        self._secret = self._secrets(self._domain)
        if self._secret is None:
            raise RemoteProtocolError(Condition.HOST_UNKNOWN, "no home of this gateway with connector component")
        self._say_header()
        self._advance(Step.HEADER)

    @override
    def _say_header(self) -> None:
        self._header_said = True
        self._say(wire.build_header(ns.COMPONENT, id=self._stream_id, from_=self._header_to))

    @override
    def _on_element(self, event: ElementReceived) -> None:
        kind = stanza_kind(event, ns.COMPONENT)
        if kind is not None and self._may(Step.STANZA):
            self._on_stanza(event, kind)
        elif event.name == _HANDSHAKE_NAME and self._may(Step.HANDSHAKE):
            self._on_handshake(event)
        elif self._state is ComponentState.HANDSHAKE:
            raise RemoteProtocolError(Condition.NOT_AUTHORIZED, "the handshake comes first")
        else:
            raise RemoteProtocolError(Condition.UNSUPPORTED_STANZA_TYPE, "")

    def _on_handshake(self, event: ElementReceived) -> None:
        said = event.tree().text.strip().lower()
        if self._secret is None or not hmac.compare_digest(said.encode(), handshake(self._stream_id, self._secret)):
            raise RemoteProtocolError(Condition.NOT_AUTHORIZED, "the handshake does not fit the secret")
        self._secret = None
        self._say(b"<handshake/>")
        self._advance(Step.HANDSHAKE)
        self._parser.authenticated = True
        self._events.append(ComponentAuthorized(self._domain))

    def _on_stanza(self, event: ElementReceived, kind: StanzaKind) -> None:
        envelope = read_envelope(event, kind, ns.COMPONENT)
        if envelope.from_.domain != self._domain:
            # XEP-0114 §3: a component that speaks for another domain is cut off.
            raise RemoteProtocolError(Condition.INVALID_FROM, f"only {self._domain} sends here")
        if envelope.to.domain == self._domain:
            # What a component says to itself came here by mistake; sent back it would run in circles.
            self._events.append(StanzaRefused(envelope, StanzaCondition.SERVICE_UNAVAILABLE))
            return
        self._events.append(StanzaReceived(envelope))


def handshake(stream_id: str, secret: Secret) -> bytes:
    """Give what a component that knows ``secret`` says on the stream ``stream_id``, as XEP-0114 §3 defines it."""
    # SHA-1 is what the protocol has; the secret is not to be found from it, and the connection stays on this machine.
    digest = hashlib.sha1(stream_id.encode() + secret.reveal(), usedforsecurity=False)
    return digest.hexdigest().encode()
