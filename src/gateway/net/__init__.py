"""All sockets of the gateway."""
