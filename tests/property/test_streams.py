"""However a conversation is cut into pieces, a stream makes the same of it; what is forwarded is what was parsed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecert.shared.secret import Secret
from gateway.errors import RemoteProtocolError
from gateway.xmpp.component import ComponentStream
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.element import Element, parse_element, write_element
from gateway.xmpp.events import Closed, NeedPeerProof, Pinged
from gateway.xmpp.stanza import envelope_tree, raw_for_component, read_envelope, stanza_kind
from gateway.xmpp.xml import ElementReceived, XmlStreamParser
from tests.support.streams import GOOD, TLS, header, inbound, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.model.envelope import Envelope

CONTENTS = ("jabber:server", "jabber:component:accept")


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[start:end] for start, end in pairwise(places))


def play_inbound(
    cuts: list[int], name: str = "inbound-external.txt", *, resting: bool = False
) -> tuple[list[object], bytes]:
    stream = inbound()
    events: list[object] = []
    for mark, data in turns(name):
        if mark == "tls":
            stream.tls_established(TLS)
        for piece in pieces(data, cuts):
            stream.receive_data(piece)
            if resting:
                stream.rest()
            new = stream.events_received()
            if any(isinstance(event, NeedPeerProof) for event in new):
                stream.peer_proof(GOOD)
            events += [event for event in new if not isinstance(event, Pinged)]
    return events, stream.data_to_send()


def play_prosody(cuts: list[int]) -> tuple[list[object], bytes]:
    return play_inbound(cuts, "prosody-inbound.txt")


def play_resting(cuts: list[int]) -> tuple[list[object], bytes]:
    return play_inbound(cuts, resting=True)


def play_component(cuts: list[int]) -> tuple[list[object], bytes]:
    stream = ComponentStream({"contoso.example": Secret(b"correct horse")}.get, lambda: "id-1")
    for _mark, data in turns("component.txt"):
        for piece in pieces(data, cuts):
            stream.receive_data(piece)
    return [event for event in stream.events_received() if not isinstance(event, Pinged)], stream.data_to_send()


@pytest.mark.parametrize("play", [play_inbound, play_prosody, play_resting, play_component])
def test_each_single_cut_gives_the_same(play: type) -> None:
    whole = play([])
    assert isinstance(whole[0][-1], Closed)
    assert whole[0][-1].condition is None
    longest = max(len(data) for name in ("inbound-external.txt", "component.txt") for _mark, data in turns(name))
    assert all(play([cut]) == whole for cut in range(longest))
    assert play(list(range(longest))) == whole


@pytest.mark.parametrize("play", [play_inbound, play_prosody, play_resting, play_component])
@given(cuts=st.lists(st.integers(0, 5000), max_size=40))
def test_random_cuts_give_the_same(play: type, cuts: list[int]) -> None:
    assert play(cuts) == play([])


def test_a_stream_that_rests_whenever_it_can_makes_the_same_of_it() -> None:
    assert play_resting([]) == play_inbound([])


# --- what is forwarded is what was parsed

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], include_characters="\n\t "), max_size=12)
NAMES = st.sampled_from(["body", "x", "message", "iq", "a-b", "\u00e9"])
NAMESPACES = st.sampled_from([*CONTENTS, "urn:x", "", "urn:'&y", "jabber:client", "http://etherx.jabber.org/streams"])
PREFIXES = st.sampled_from(["", "", "p", "stream"])


@st.composite
def markup(draw: st.DrawFn, depth: int = 0) -> str:
    """Give an element as a peer may write it: own prefixes, namespaces said again, CDATA, character references."""
    name, namespace, prefix = draw(NAMES), draw(NAMESPACES), draw(PREFIXES)
    declared = ""
    if prefix == "p" and namespace:
        declared = f" xmlns:p={quoteattr(namespace)} p:q='1'"
    elif draw(st.booleans()):
        declared = f" xmlns={quoteattr(namespace)}"
    tag = f"{prefix}:{name}" if prefix == "stream" or (prefix and namespace) else name
    attributes = "".join(
        f" {key}={quoteattr(draw(TEXTS))}" for key in draw(st.sets(st.sampled_from(["u", "v", "xml:lang"])))
    )
    inner = "".join(draw(st.lists(content(depth), max_size=3)))
    return (
        f"<{tag}{declared}{attributes}>{inner}</{tag}>"
        if inner or draw(st.booleans())
        else f"<{tag}{declared}{attributes} />"
    )


def content(depth: int) -> st.SearchStrategy[str]:
    text = TEXTS.map(escape)
    cdata = TEXTS.filter(lambda chosen: "]]>" not in chosen).map(lambda chosen: f"<![CDATA[{chosen}]]>")
    looks_bad = st.sampled_from([" a:b='c'", "xmlns='jabber:server'", "&#60;a:b", "/>", "&gt;"])
    choices = [text, cdata, looks_bad]
    return st.one_of(*choices, markup(depth + 1)) if depth < 3 else st.one_of(*choices)


def receive(raw: bytes, content_namespace: str) -> tuple[Envelope, Element]:
    parser = XmlStreamParser(StreamLimits(), authenticated=True)
    parser.feed(header(content=content_namespace) + raw)
    parser.next_event()
    event = parser.next_event()
    assert isinstance(event, ElementReceived)
    assert event.raw == raw
    kind = stanza_kind(event, content_namespace)
    assert kind is not None
    return read_envelope(event, kind, content_namespace), event.tree()


def moved(element: Element, old: str, new: str) -> Element:
    """Give ``element`` with each element of one namespace in another: what changing streams means, on the tree."""
    children = tuple(child if isinstance(child, str) else moved(child, old, new) for child in element.children)
    return replace(element, namespace=new if element.namespace == old else element.namespace, children=children)


@given(inner=st.lists(content(0), max_size=3), content_namespace=st.sampled_from(CONTENTS))
def test_forwarded_bytes_mean_on_each_stream_what_was_received(inner: list[str], content_namespace: str) -> None:
    addresses = "from='a@fabrikam.example' to='b@contoso.example' type='chat'"
    raw = f"<message {addresses}>{''.join(inner)}</message>".encode()
    envelope, tree = receive(raw, content_namespace)
    in_server = moved(tree, content_namespace, "jabber:server")
    assert envelope_tree(envelope) == in_server
    on_component = parse_element(raw_for_component(envelope), {"": "jabber:component:accept"})
    assert on_component == moved(in_server, "jabber:server", "jabber:component:accept")


@given(raw=markup())
def test_what_is_written_is_read_the_same(raw: str) -> None:
    scope = {"": "jabber:server", "stream": "http://etherx.jabber.org/streams"}
    element = parse_element(raw.encode(), scope)
    assert parse_element(write_element(element, "urn:other"), {"": "urn:other"}) == element


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=5))
def test_no_bytes_make_the_parser_fall_over(data: bytes, cuts: list[int]) -> None:
    parser = XmlStreamParser(StreamLimits())
    parser.feed(header())
    for piece in pieces(data, cuts):
        parser.feed(piece)
    with suppress(RemoteProtocolError):
        while parser.next_event() is not None:
            pass
