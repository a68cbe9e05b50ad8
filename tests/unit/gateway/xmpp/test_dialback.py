from __future__ import annotations

from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.dialback import refuse_result
from gateway.xmpp.xml import ElementReceived, XmlStreamParser
from tests.support.streams import header


def test_the_refusal_names_the_pair_the_other_way_round() -> None:
    parser = XmlStreamParser(StreamLimits())
    raw = b"<db:result xmlns:db='jabber:server:dialback' from='fabrikam.example' to='contoso.example'>key</db:result>"
    parser.feed(header() + raw)
    parser.next_event()
    event = parser.next_event()
    assert isinstance(event, ElementReceived)
    assert refuse_result(event) == (
        b"<db:result xmlns:db='jabber:server:dialback' from='contoso.example' to='fabrikam.example' type='error'>"
        b"<error type='cancel'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></db:result>"
    )
