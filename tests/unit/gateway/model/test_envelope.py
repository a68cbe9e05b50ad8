from __future__ import annotations

from tests.support.streams import envelope


def test_pair_is_sender_then_receiver() -> None:
    assert envelope(from_="a@fabrikam.example", to="contoso.example").pair == ("fabrikam.example", "contoso.example")


def test_only_type_error_is_an_error() -> None:
    assert envelope(type_="error").is_error
    assert not envelope(type_="chat").is_error
