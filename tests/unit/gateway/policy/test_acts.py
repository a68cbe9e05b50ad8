from __future__ import annotations

import pytest

from gateway.policy.acts import Act, find_act
from tests.support.streams import envelope


@pytest.mark.parametrize(
    ("kind", "type_", "act"),
    [
        ("presence", "", Act.AVAILABLE),
        ("presence", "unavailable", Act.UNAVAILABLE),
        ("presence", "probe", Act.PROBE),
        ("presence", "subscribed", Act.SUBSCRIBED),
        ("presence", "error", Act.ERROR),
        ("presence", "available", None),
        ("message", "", Act.MESSAGE),
        ("message", "groupchat", Act.GROUPCHAT),
        ("message", "shout", Act.MESSAGE),
        ("message", "error", Act.ERROR),
        ("iq", "set", Act.REQUEST),
        ("iq", "error", Act.RESPONSE),
        ("iq", "", None),
        ("iq", "ask", None),
    ],
)
def test_what_a_stanza_does(kind: str, type_: str, act: Act | None) -> None:
    assert find_act(envelope(kind, type_)) is act
