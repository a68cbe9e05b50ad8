"""XMPP streams, stanzas and SASL without I/O."""
