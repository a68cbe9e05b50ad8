"""The namespaces of the protocols that streams speak."""

from __future__ import annotations

from typing import Final

STREAM: Final = "http://etherx.jabber.org/streams"
SERVER: Final = "jabber:server"
COMPONENT: Final = "jabber:component:accept"
TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"
SASL: Final = "urn:ietf:params:xml:ns:xmpp-sasl"
STREAM_ERRORS: Final = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS: Final = "urn:ietf:params:xml:ns:xmpp-stanzas"
DIALBACK: Final = "jabber:server:dialback"
DIALBACK_FEATURE: Final = "urn:xmpp:features:dialback"
BIDI: Final = "urn:xmpp:bidi"
BIDI_FEATURE: Final = "urn:xmpp:features:bidi"
SM: Final = "urn:xmpp:sm:3"
COMPRESS: Final = "http://jabber.org/protocol/compress"
PING: Final = "urn:xmpp:ping"
STREAM_LIMITS: Final = "urn:xmpp:stream-limits:0"
XML: Final = "http://www.w3.org/XML/1998/namespace"
