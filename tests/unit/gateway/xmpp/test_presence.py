from __future__ import annotations

from gateway.model.jid import Jid
from gateway.xmpp.presence import build_presence


def test_is_empty_and_between_the_two() -> None:
    envelope = build_presence("probe", Jid.parse("alice@xn--fa-hia.example"), Jid.parse("bob@contoso.example"))
    assert envelope.raw.decode() == "<presence type='probe' from='alice@faß.example' to='bob@contoso.example'/>"
    assert (envelope.kind, envelope.type) == ("presence", "probe")
