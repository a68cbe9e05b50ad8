"""A nameserver of the test's own."""

from tests.integration.edgecert.dns.conftest import nameserver

__all__ = ["nameserver"]
