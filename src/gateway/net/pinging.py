"""Pings of our own to partners (XEP-0199): sent over one stream, answered over another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import build_envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.model.envelope import Envelope
    from gateway.net.outbound import OutboundConnection


class Pings:
    """Those that are under way, by id."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        """Name each ping by ``new_id``, which nobody can guess."""
        self._new_id = new_id
        self._waiting: dict[str, tuple[tuple[str, str], asyncio.Future[Envelope]]] = {}

    def takes(self, envelope: Envelope) -> bool:
        """Whether ``envelope``, which a partner sent, answers a ping of ours; then it goes no further."""
        if not self._waiting or envelope.kind != "iq" or envelope.type not in {"result", "error"}:
            return False
        pair, answer = self._waiting.get(envelope.id, (None, None))
        if answer is None or pair != envelope.pair:
            return False
        if not answer.done():
            answer.set_result(envelope)
        return True

    async def ping(self, connection: OutboundConnection, home: str, domain: str) -> Envelope:
        """Ping ``domain`` in the name of ``home`` over ``connection``; give the answer, when it comes."""
        identity = f"ping-{self._new_id()}"
        answer: asyncio.Future[Envelope] = asyncio.get_running_loop().create_future()
        self._waiting[identity] = ((domain, home), answer)
        attributes = {"type": "get", "id": identity, "from": home, "to": domain}
        try:
            connection.send(build_envelope(Element(ns.SERVER, "iq", attributes, (Element(ns.PING, "ping"),))))
            return await answer
        finally:
            del self._waiting[identity]
