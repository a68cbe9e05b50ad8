from __future__ import annotations

import tracemalloc

import pytest

from gateway.errors import AddressError
from gateway.model.jid import Jid, parse_domain


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("contoso.example", ("", "contoso.example", "")),
        ("Bob@Contoso.Example/Desk", ("bob", "contoso.example", "Desk")),
        ("bob@contoso.example/a@b/c", ("bob", "contoso.example", "a@b/c")),
        ("bob@contoso.example.", ("bob", "contoso.example", "")),
        ("ΣΊΓΜΑ@contoso.example", ("σίγμα", "contoso.example", "")),
        ("\uff42ob@contoso.example", ("bob", "contoso.example", "")),  # full-width b
        ("e\u0301@contoso.example", ("\u00e9", "contoso.example", "")),  # NFC
        ("bob@b\u00fccher.example", ("bob", "xn--bcher-kva.example", "")),
        ("bob@contoso.example/a\u00a0b", ("bob", "contoso.example", "a b")),
    ],
)
def test_prepares_each_part(text: str, parts: tuple[str, str, str]) -> None:
    jid = Jid.parse(text)
    assert (jid.local, jid.domain, jid.resource) == parts
    assert Jid.parse(str(jid)) == jid
    assert Jid.parse(jid.wire) == jid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@contoso.example",
        "bob@",
        "contoso.example/",
        "a@b@contoso.example",
        "bob smith@contoso.example",
        "bob'@contoso.example",
        "b\u00a0b@contoso.example",
        "\u2460@contoso.example",  # a compatibility character
        "dave\ufe0f@contoso.example",  # marks and letters that nobody sees, and that older servers take away
        "da\u034fve@contoso.example",
        "da\u180bve@contoso.example",
        "da\u115fve@contoso.example",
        "dave\U000e0100@contoso.example",
        "da\u200cve@contoso.example",
        "bob@contoso.example/a\u0000b",
        "bob@127.0.0.1",
        "bob@contoso..example",
        "x" * 1024 + "@contoso.example",
    ],
)
def test_refuses_what_is_no_jid(text: str) -> None:
    with pytest.raises(AddressError):
        Jid.parse(text)


def test_bare_has_no_resource() -> None:
    assert str(Jid.parse("bob@contoso.example/desk").bare) == "bob@contoso.example"


def test_both_spellings_of_a_domain_are_canonical_and_nothing_else_is() -> None:
    jid = Jid.parse("bob@b\u00fccher.example")
    assert jid.is_spelled("bob@b\u00fccher.example")
    assert jid.is_spelled("bob@xn--bcher-kva.example")
    assert not jid.is_spelled("Bob@xn--bcher-kva.example")


def test_a_domain_has_neither_user_nor_resource() -> None:
    assert parse_domain("Contoso.example") == "contoso.example"
    for text in ("bob@contoso.example", "contoso.example/x"):
        with pytest.raises(AddressError):
            parse_domain(text)


def test_long_addresses_are_read_and_not_kept() -> None:
    tracemalloc.start()
    try:
        for number in range(100):
            text = f"alice@contoso.example/{number}" + "x" * 1000
            assert str(Jid.parse(text)) == text
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 50_000
