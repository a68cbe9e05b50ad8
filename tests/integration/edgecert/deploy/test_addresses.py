from __future__ import annotations

import pytest

from edgecert.deploy.addresses import Address, parse_verify_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("xmpp-s2s://127.0.0.1:5269", Address("xmpp-s2s", "127.0.0.1:5269")),
        ("xmpps-s2s://[::1]:5270", Address("xmpps-s2s", "[::1]:5270")),
        ("tls://mail.example:443/contoso.example", Address("tls", "mail.example:443", "contoso.example")),
        ("https://127.0.0.1:443", None),
        ("127.0.0.1:5269", None),
        ("tls://127.0.0.1", None),
        ("tls://:443", None),
    ],
)
def test_reads_addresses(text: str, address: Address | None) -> None:
    assert parse_verify_address(text) == address
