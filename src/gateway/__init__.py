"""A federation gateway for XMPP partners that takes a new certificate while it runs."""
