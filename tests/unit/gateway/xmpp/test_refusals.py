from __future__ import annotations

import pytest

from gateway.errors import Condition
from gateway.xmpp.refusals import refusal_of
from gateway.xmpp.xml import ElementReceived


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("jabber:server message", Condition.NOT_AUTHORIZED),
        ("jabber:server body", Condition.UNSUPPORTED_STANZA_TYPE),
        ("jabber:server:dialback result", Condition.POLICY_VIOLATION),
        ("http://jabber.org/protocol/compress compress", Condition.POLICY_VIOLATION),
        ("urn:ietf:params:xml:ns:xmpp-tls starttls", Condition.POLICY_VIOLATION),
        ("urn:ietf:params:xml:ns:xmpp-sasl auth", Condition.POLICY_VIOLATION),
        ("urn:x y", Condition.UNSUPPORTED_STANZA_TYPE),
    ],
)
def test_what_has_no_place_ends_the_stream_by_its_kind(name: str, condition: Condition) -> None:
    assert refusal_of(ElementReceived(name, {}, b"", {}, 0)).condition is condition
