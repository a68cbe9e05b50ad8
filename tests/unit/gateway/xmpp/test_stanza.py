from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import AddressError, Condition, RemoteProtocolError, StanzaCondition
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.element import Element
from gateway.xmpp.stanza import (
    build_envelope,
    envelope_tree,
    error_reply,
    is_ping,
    is_plain_slice,
    ping_reply,
    raw_for_component,
    read_envelope,
    stanza_kind,
)
from gateway.xmpp.xml import ElementReceived, XmlStreamParser
from tests.support.streams import envelope, header

if TYPE_CHECKING:
    from gateway.model.envelope import Envelope

ADDRESSES = b"from='a@fabrikam.example' to='b@contoso.example'"


def receive(raw: bytes, content: str = "jabber:server") -> Envelope:
    parser = XmlStreamParser(StreamLimits(), authenticated=True)
    parser.feed(header(content=content) + raw)
    parser.next_event()
    event = parser.next_event()
    assert isinstance(event, ElementReceived)
    kind = stanza_kind(event, content)
    assert kind is not None
    return read_envelope(event, kind, content)


@pytest.mark.parametrize(
    "inner",
    [
        b"",
        b"<body>a:b = c xmlns</body>",
        b"<body xml:lang='de'>x</body>",
        b"<a href='x:y=z'/>",
        b"<x xmlns='urn:x'><y xmlns=''/></x>",
        b"<message xmlns='jabber:client'/>",
    ],
)
def test_plain_stanza_is_forwarded_as_the_bytes_it_was(inner: bytes) -> None:
    raw = b"<message " + ADDRESSES + b">" + inner + b"</message>"
    assert receive(raw).raw == raw


@pytest.mark.parametrize(
    "inner",
    [
        b"<x:y xmlns:x='urn:x'/>",
        b"<y xmlns:x='urn:x'/>",
        b"<y xmlns:x='urn:x' x:z='1'/>",
        b"<stream:y/>",
        b"<xml:y/>",
        b"<body><![CDATA[x]]></body>",
        b"<y xmlns='jabber:server'/>",
        b"<y xmlns = 'jabber:&#115;erver'/>",
        b'<y xmlns="jabber:component:accept"/>',
    ],
)
def test_what_would_mean_something_else_elsewhere_is_written_anew(inner: bytes) -> None:
    raw = b"<message " + ADDRESSES + b">" + inner + b"</message>"
    assert not is_plain_slice(raw)
    rewritten = receive(raw).raw
    assert rewritten != raw
    for mark in (b"CDATA", b"stream:", b"'jabber:server'", b"&#115;"):
        assert mark not in rewritten


def test_addresses_are_written_as_prepared() -> None:
    got = receive(b"<presence from='A@FABRIKAM.example/X' to='b@contoso.example'/>")
    assert got.raw == b"<presence from='a@fabrikam.example/X' to='b@contoso.example'/>"
    assert (got.kind, got.type, got.id, got.from_.resource) == ("presence", "", "", "X")


def test_a_prefixed_stanza_is_written_without_its_prefix() -> None:
    got = receive(b"<s:message xmlns:s='jabber:server' " + ADDRESSES + b"><s:body>x</s:body></s:message>")
    assert got.raw == b"<message " + ADDRESSES + b"><body>x</body></message>"


@pytest.mark.parametrize(
    "addresses", [b"to='b@contoso.example'", b"from='b@contoso.example'", b"from='@' to='b@x.example'"]
)
def test_missing_or_bad_addresses_are_improper(addresses: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        receive(b"<iq " + addresses + b"/>")
    assert caught.value.condition is Condition.IMPROPER_ADDRESSING


def test_a_component_slice_serves_both_streams() -> None:
    raw = b"<message " + ADDRESSES + b"><body>x</body></message>"
    got = receive(raw, "jabber:component:accept")
    assert got.raw == raw
    assert raw_for_component(got) == raw


def test_content_namespaces_inside_move_with_the_stanza() -> None:
    inner = b"<f xmlns='urn:f'><message xmlns='jabber:component:accept'/></f>"
    got = receive(b"<message " + ADDRESSES + b">" + inner + b"</message>", "jabber:component:accept")
    assert b"<f xmlns='urn:f'><message xmlns='jabber:server'/></f>" in got.raw
    assert inner in raw_for_component(got)


def test_error_reply_swaps_addresses_and_names_the_condition() -> None:
    reply = error_reply(envelope("message", id_="m1"), StanzaCondition.REMOTE_SERVER_TIMEOUT, "try <later>")
    assert reply is not None
    assert (str(reply.from_), str(reply.to), reply.id, reply.type) == (
        "alice@fabrikam.example",
        "bob@contoso.example",
        "m1",
        "error",
    )
    error = envelope_tree(reply).find("jabber:server", "error")
    assert error is not None
    assert error.attributes["type"] == "wait"
    assert [child.name for child in error] == ["remote-server-timeout", "text"]


@pytest.mark.parametrize(("kind", "type_"), [("message", "error"), ("presence", "error"), ("iq", "result")])
def test_answers_are_not_answered(kind: str, type_: str) -> None:
    assert error_reply(envelope(kind, type_), StanzaCondition.NOT_ALLOWED) is None


def test_a_ping_to_the_domain_is_known_and_answered() -> None:
    addresses = b"from='a@fabrikam.example' id='p1' type='get'"
    ping = receive(b"<iq to='contoso.example' " + addresses + b"><ping xmlns='urn:xmpp:ping'/></iq>")
    assert is_ping(ping)
    assert ping_reply(ping).raw == b"<iq type='result' from='contoso.example' to='a@fabrikam.example' id='p1'/>"
    user = receive(b"<iq to='b@contoso.example' " + addresses + b"><ping xmlns='urn:xmpp:ping'/></iq>")
    other = receive(b"<iq to='contoso.example' " + addresses + b"><query xmlns='urn:xmpp:ping'/></iq>")
    assert not is_ping(user)
    assert not is_ping(other)
    assert not is_ping(envelope("message"))


def test_builds_only_stanzas_with_addresses() -> None:
    with pytest.raises(ValueError, match="no stanza"):
        build_envelope(Element("jabber:server", "query"))
    with pytest.raises(AddressError):
        build_envelope(Element("jabber:server", "message", {"to": "a.example"}))
