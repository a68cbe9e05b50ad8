from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.contacts.events import ContactEvent
from gateway.model.contact import ContactKey
from gateway.net.stanzalog import StanzaLog, describe
from gateway.routing import Answer, Commit, Discard, ToHome, ToPartner
from tests.support.streams import envelope

if TYPE_CHECKING:
    import pytest

KEY = ContactKey("bob", "contoso.example", "alice", "fabrikam.example")


def test_a_route_in_words() -> None:
    stanza = envelope()
    assert [
        describe(route)
        for route in (
            ToHome(stanza),
            ToPartner(stanza),
            Answer(stanza, "unlisted"),
            Discard("gated"),
            Commit(stanza, KEY, ContactEvent.HOME_SUBSCRIBE, ()),
        )
    ] == ["to home", "to partner", "answered: unlisted", "dropped: gated", "contact: home sends subscribe"]


def test_bodies_are_written_only_if_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    log = StanzaLog()
    with caplog.at_level(logging.INFO, "gateway.net.stanzalog"):
        assert not log.enabled
    with caplog.at_level(logging.DEBUG, "gateway.net.stanzalog"):
        assert log.enabled
        log.note(envelope("message", "chat"), Discard("gated"), "outbound")
        log.bodies = True
        log.note(envelope("message", "chat"), Discard("gated"), "outbound")
    without, with_body = (record.__dict__ for record in caplog.records)
    assert (without["sender"], without["outcome"]) == ("bob@contoso.example", "dropped: gated")
    assert "stanza" not in without
    assert with_body["stanza"].startswith("<message")
