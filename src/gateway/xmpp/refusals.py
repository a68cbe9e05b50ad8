"""How an inbound stream ends for an element that it has no place for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.stanza import stanza_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.xmpp.xml import ElementReceived

_REFUSALS: Final[Mapping[str, tuple[Condition, str]]] = {
    ns.SERVER: (Condition.NOT_AUTHORIZED, "a stanza before authentication"),
    ns.DIALBACK: (Condition.POLICY_VIOLATION, "dialback is not possible now"),
    ns.COMPRESS: (Condition.POLICY_VIOLATION, "stream compression is not offered"),
    ns.TLS: (Condition.POLICY_VIOLATION, "TLS cannot be negotiated now"),
    ns.SASL: (Condition.POLICY_VIOLATION, "SASL is offered inside TLS, once, with features"),
}


def refusal_of(event: ElementReceived) -> RemoteProtocolError:
    """Give the error that an element leads to which the state does not allow."""
    namespace = wire.namespace_of(event)
    # Of jabber:server only stanzas have a refusal of their own.
    known = _REFUSALS.get(namespace) if namespace != ns.SERVER or stanza_kind(event) is not None else None
    condition, text = known or (Condition.UNSUPPORTED_STANZA_TYPE, "")
    return RemoteProtocolError(condition, text)
