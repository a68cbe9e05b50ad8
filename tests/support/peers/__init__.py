"""Real servers to try ours against, started on loopback with a configuration and certificates of their own."""
