"""Server dialback (XEP-0220): refused; how it is answered so that the peer may go on without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import escape_attribute, split_name

if TYPE_CHECKING:
    from gateway.xmpp.xml import ElementReceived


def refuse_result(event: ElementReceived) -> bytes:
    """Give the ``policy-violation`` error that answers a dialback element inside TLS; the stream stays (XEP-0220)."""
    name = split_name(event.name)[1]
    addresses = "".join(
        f" {ours}='{escape_attribute(event.attributes[theirs])}'"
        for ours, theirs in (("from", "to"), ("to", "from"), ("id", "id"))
        if theirs in event.attributes
    )
    if name not in {"result", "verify"}:
        name = "result"
    return (
        f"<db:{name} xmlns:db='{ns.DIALBACK}'{addresses} type='error'><error type='cancel'>"
        f"<policy-violation xmlns='{ns.STANZA_ERRORS}'/></error></db:{name}>"
    ).encode()
