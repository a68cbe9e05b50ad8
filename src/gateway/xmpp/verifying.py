"""A stream that we open to ask an authoritative server about a dialback key that somebody gave us (XEP-0220 §2.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from gateway.errors import Condition, RemoteProtocolError, StanzaCondition
from gateway.xmpp.dialback import INVALID, VALID, VERIFY_NAME, Verdict, build_verify, read_dialback
from gateway.xmpp.events import Closed, Verified
from gateway.xmpp.initiating import InitiatingStream, OutboundState
from gateway.xmpp.stream import Step

if TYPE_CHECKING:
    from gateway.xmpp.configs import OutboundConfig
    from gateway.xmpp.dialback import VerifyRequest
    from gateway.xmpp.element import Element
    from gateway.xmpp.xml import ElementReceived


class VerifyingStream(InitiatingStream):
    """Asks one question and takes one answer, the one to that question; no stanza passes."""

    def __init__(self, config: OutboundConfig, request: VerifyRequest) -> None:
        """Say our header, or wait for ``tls_established`` if ``config`` says direct TLS."""
        super().__init__(config)
        self._request = request
        self._answered = False

    @override
    def _go_on(self, features: Element | None) -> None:
        # Whether dialback is among the features is not looked at: some do not repeat it once there is TLS.
        self._advance(Step.VERIFY)
        self._say(build_verify(self._request))

    @override
    def _on_element(self, event: ElementReceived) -> None:
        if self._state is OutboundState.VERIFYING and event.name == VERIFY_NAME:
            self._on_answer(event)
        else:
            super()._on_element(event)

    def _on_answer(self, event: ElementReceived) -> None:
        answer = read_dialback(event)
        asked = (self._request.partner, self._request.home, self._request.stream_id)
        if (answer.from_, answer.to, answer.id) != asked:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "an answer to a question that was not asked here")
        self._answered = True
        verdicts = {"valid": VALID, "invalid": INVALID}
        # XEP-0220 §2.4.2: an error of the authoritative server is `remote-server-not-found` to the one who is proved.
        text = f"the authoritative server says {answer.condition or 'nothing that makes sense'}"
        error = Verdict("error", StanzaCondition.REMOTE_SERVER_NOT_FOUND, text)
        self._events.append(Verified(verdicts.get(answer.type, error)))
        self._say_goodbye(None, "")
        self._conclude(Closed())

    @property
    @override
    def _ends(self) -> tuple[str, str]:
        return self._config.home, self._config.domain

    @property
    @override
    def _came_up(self) -> bool:
        return self._answered
