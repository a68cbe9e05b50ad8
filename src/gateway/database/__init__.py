"""The gateway's tables, and the one thread that touches them."""
