"""What a listener really serves, found by a real handshake."""
