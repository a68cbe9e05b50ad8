from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.model.queued import is_answerable, is_lasting
from tests.support.pairs import chat
from tests.support.streams import envelope


def test_only_messages_with_a_body_between_people_last() -> None:
    assert is_lasting(chat(1))
    assert not is_lasting(envelope("message"))
    assert not is_lasting(envelope("presence"))
    assert not is_lasting(envelope("iq", "get"))
    for type_ in ("groupchat", "headline", "error"):
        assert not is_lasting(replace(chat(1), type=type_))
    for type_ in ("chat", "normal"):
        assert is_lasting(replace(chat(1), type=type_))


@pytest.mark.parametrize(
    ("kind", "type_", "answerable"),
    [
        ("message", "chat", True),
        ("message", "error", False),
        ("iq", "get", True),
        ("iq", "result", False),
        ("iq", "error", False),
        ("presence", "", True),
    ],
)
def test_errors_and_results_are_never_answered(kind: str, type_: str, answerable: bool) -> None:
    assert is_answerable(envelope(kind, type_)) is answerable
