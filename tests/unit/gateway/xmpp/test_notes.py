from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.model.jid import Jid
from gateway.xmpp.notes import without_notes
from gateway.xmpp.stanza import envelope_tree
from tests.support.streams import envelope

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope

ADDRESSES = "from='bob@contoso.example/x' to='alice@fabrikam.example'"


def stanza(kind: str, inside: str, type_: str = "", *, from_: str = "bob@contoso.example/x") -> Envelope:
    said = f" type='{type_}'" if type_ else ""
    raw = f"<{kind}{said} {ADDRESSES}>{inside}</{kind}>".encode()
    return replace(envelope(kind, type_, from_=from_), raw=raw)


def stripped(kind: str, inside: str, type_: str = "") -> str:
    result = without_notes(stanza(kind, inside, type_))
    assert result is not None
    return result.raw.decode()


NOTES = (
    "<status>secret</status>",
    "<status xml:lang='de'>secret</status>",
    "<nick xmlns='http://jabber.org/protocol/nick'>secret</nick>",
    "<idle xmlns='urn:xmpp:idle:1' since='secret'/>",
    "<x xmlns='vcard-temp:x:update'><photo>secret</photo></x>",
    "<x xmlns='urn:tomorrow'>secret</x>",
    "<show>secret</show>",
    "<show>away<x xmlns='a'>secret</x></show>",
    "<priority>secret</priority>",
    "<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1' note='secret'>secret</c>",
    "<delay xmlns='urn:xmpp:delay' stamp='2026-11-26T00:00:00Z'>secret</delay>",
    "secret",
)


@pytest.mark.parametrize(
    "type_", ["", "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe"]
)
@pytest.mark.parametrize("note", NOTES)
def test_presence_carries_no_note_in_any_type(note: str, type_: str) -> None:
    assert "secret" not in stripped("presence", note, type_)


def test_presence_keeps_what_is_no_note() -> None:
    inside = (
        "<show>dnd</show><priority>-5</priority>"
        "<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/><status>secret</status>"
    )
    assert stripped("presence", inside) == (
        f"<presence {ADDRESSES}><show>dnd</show><priority>-5</priority>"
        "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='n' ver='v'/></presence>"
    )
    assert "show" not in stripped("presence", inside, "unavailable")


def test_an_attribute_that_is_invented_tomorrow_does_not_pass() -> None:
    raw = f"<presence {ADDRESSES} id='1' mood='secret' xml:lang='en'/>".encode()
    result = without_notes(replace(envelope("presence"), raw=raw))
    assert result is not None
    assert result.raw.decode() == f"<presence id='1' {ADDRESSES}/>"


STARTS = [
    "<presence from='a@b.example' to='c@d.example'",
    '<presence type="unavailable" id="1" from="a@b.example" to="c@d.example"',
    "<presence from='a&amp;b@c.example' to='d@e.example'",
    "<presence xml:lang='en' from='a@b.example' to='c@d.example'",
    "<presence id='>' from='a@b.example' to='c@d.example'",
]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(
    "rest",
    [
        "/>",
        "></presence>",
        "><status>x</status></presence>",
        "><show>xa</show><status>x</status></presence >",
        f"><status>{'x' * 5000}</status></presence>",
    ],
)
def test_the_short_way_gives_what_the_long_way_gives(start: str, rest: str) -> None:
    type_ = "unavailable" if "unavailable" in start else ""
    before = replace(envelope("presence", type_), raw=(start + rest).encode())
    short = without_notes(before)
    # Another order of attributes is one that only the long way knows.
    long = without_notes(replace(before, raw=before.raw.replace(b"<presence", b"<presence x='1'", 1)))
    assert short is not None
    assert long is not None
    assert envelope_tree(short).attributes == envelope_tree(long).attributes
    assert envelope_tree(short).children == envelope_tree(long).children


def test_an_error_keeps_its_condition_and_loses_its_words() -> None:
    inside = (
        "<status>secret</status><error type='cancel' by='secret'>"
        "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>secret</forbidden>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>secret</text><x xmlns='a'>secret</x></error>"
    )
    assert stripped("presence", inside, "error") == (
        f"<presence type='error' {ADDRESSES}><error type='cancel'>"
        "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
    )


def event(node: str) -> str:
    items = f"<items node='{node}'><item>secret</item></items>"
    return f"<event xmlns='http://jabber.org/protocol/pubsub#event'>{items}</event>"


PERSONAL_NODES = (
    "http://jabber.org/protocol/mood",
    "http://jabber.org/protocol/activity",
    "http://jabber.org/protocol/tune",
    "http://jabber.org/protocol/geoloc",
    "http://jabber.org/protocol/nick",
    "urn:xmpp:avatar:metadata",
    "urn:xmpp:mood:tomorrow",
    "",
)


@pytest.mark.parametrize("node", PERSONAL_NODES)
def test_an_event_that_is_a_note_is_no_message_at_all(node: str) -> None:
    assert without_notes(stanza("message", event(node), "headline")) is None
    beside = stripped("message", f"{event(node)}<body>hello</body>", "headline")
    assert "secret" not in beside
    assert "<body>hello</body>" in beside


@pytest.mark.parametrize(
    "node", ["eu.siacs.conversations.axolotl.devicelist", "urn:xmpp:omemo:2:devices", "urn:xmpp:openpgp:0:public-keys"]
)
def test_keys_pass_for_without_them_nobody_could_write_in_secret(node: str) -> None:
    before = stanza("message", event(node), "headline")
    assert without_notes(before) is before


def test_an_event_cannot_hide_a_note_behind_a_key() -> None:
    both = event("urn:xmpp:omemo:2:devices").replace("</event>", "<items node='x'><item>secret</item></items></event>")
    assert without_notes(stanza("message", both, "headline")) is None


def test_what_a_service_of_the_domain_publishes_is_no_users_note() -> None:
    before = replace(stanza("message", event("news"), "headline"), from_=Jid.parse("contoso.example"))
    assert without_notes(before) is before


@pytest.mark.parametrize("protocol", ["mood", "activity", "tune", "nick"])
def test_a_message_loses_a_note_and_keeps_its_body(protocol: str) -> None:
    note = f"<x xmlns='http://jabber.org/protocol/{protocol}'>secret</x>"
    result = stripped("message", f"<body>hi</body>{note}", "chat")
    assert "secret" not in result
    assert "<body>hi</body>" in result
    assert without_notes(stanza("message", note, "chat")) is None


@pytest.mark.parametrize(
    "inside",
    ["<body>hi</body>", "<body>protocol/mood</body>", "<active xmlns='http://jabber.org/protocol/chatstates'/>"],
)
def test_an_ordinary_message_is_not_touched(inside: str) -> None:
    before = stanza("message", inside, "chat")
    assert without_notes(before) is before


def test_last_activity_gives_the_time_and_not_the_status() -> None:
    inside = "<query xmlns='jabber:iq:last' seconds='903'>secret<x>secret</x></query>"
    assert stripped("iq", inside, "result").endswith("<query xmlns='jabber:iq:last' seconds='903'/></iq>")


def test_asking_for_a_note_gives_an_empty_node() -> None:
    items = "<items node='{}'><item>{}</item></items>"
    inside = "<pubsub xmlns='http://jabber.org/protocol/pubsub'>{}{}</pubsub>".format(
        items.format("http://jabber.org/protocol/mood", "secret"), items.format("urn:xmpp:omemo:2:bundles", "key")
    )
    result = stripped("iq", inside, "result")
    assert "secret" not in result
    assert "<item>key</item>" in result


@pytest.mark.parametrize("type_", ["get", "set", "error"])
def test_asking_for_somebody_elses_items_is_not_touched(type_: str) -> None:
    items = "<items node='http://jabber.org/protocol/mood'><item id='1'/></items>"
    before = stanza("iq", f"<pubsub xmlns='http://jabber.org/protocol/pubsub'>{items}</pubsub>", type_)
    assert without_notes(before) is before
    assert "secret" not in stripped("iq", "<query xmlns='jabber:iq:last'>secret</query>", type_)
