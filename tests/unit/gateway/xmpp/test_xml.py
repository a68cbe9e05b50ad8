from __future__ import annotations

import pytest

from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.xml import ElementReceived, StreamClosed, StreamOpened, XmlEvent, XmlStreamParser
from tests.support.streams import header

SMALL = StreamLimits(
    max_stanza_size=2000,
    max_stanza_size_before_authentication=500,
    max_token=1000,
    max_token_before_authentication=300,
    max_depth=5,
    max_attributes=3,
    max_elements_before_authentication=2,
)


def parser(limits: StreamLimits | None = None, *, authenticated: bool = True) -> XmlStreamParser:
    made = XmlStreamParser(limits or StreamLimits(), authenticated=authenticated)
    made.feed(header("", ""))
    assert isinstance(made.next_event(), StreamOpened)
    return made


def drain(made: XmlStreamParser) -> list[XmlEvent]:
    events = []
    while (event := made.next_event()) is not None:
        events.append(event)
    return events


def refused(made: XmlStreamParser, data: bytes) -> Condition:
    made.feed(data)
    with pytest.raises(RemoteProtocolError) as caught:
        drain(made)
    return caught.value.condition


def test_header_tells_name_attributes_and_namespaces() -> None:
    made = XmlStreamParser(StreamLimits())
    made.feed(header("a.example", "b.example"))
    (opened,) = drain(made)
    assert isinstance(opened, StreamOpened)
    assert opened.name == "http://etherx.jabber.org/streams stream"
    assert dict(opened.attributes) == {"from": "a.example", "to": "b.example", "version": "1.0"}
    assert dict(opened.scope) == {"": "jabber:server", "stream": "http://etherx.jabber.org/streams"}


@pytest.mark.parametrize(
    "raw",
    [
        b"<a/>",
        b"<a></a>",
        b"<a ></a >",
        b"<a b='/>' />",
        b"<a>/></a>",
        b"<a b='1'>text/></a>",
        b"<a><b/></a>",
        b"<a><b/>\n</a\n>",
        b"<a b='x>y' c=\"'\"/>",
        "<a>Z\u00fcrich \U0001f686</a>".encode(),
    ],
)
@pytest.mark.parametrize("behind", [b"", b"<b/>", b" <b/>", b"</stream:stream>"])
def test_an_element_is_exactly_its_bytes(raw: bytes, behind: bytes) -> None:
    made = parser()
    made.feed(b"\n" + raw + behind)
    first, *rest = drain(made)
    assert isinstance(first, ElementReceived)
    assert first.raw == raw
    assert first.name == "jabber:server a"
    assert len(rest) == bool(behind)


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        (b"<!-- x -->", Condition.RESTRICTED_XML),
        (b"<?target x?>", Condition.RESTRICTED_XML),
        (b"<a><!-- x --></a>", Condition.RESTRICTED_XML),
        (b"<a>&lol;</a>", Condition.NOT_WELL_FORMED),
        (b"<!DOCTYPE a>", Condition.NOT_WELL_FORMED),
        (b"<?xml version='1.0'?>", Condition.NOT_WELL_FORMED),
        (b"<x:a/>", Condition.NOT_WELL_FORMED),
        (b"<a x:b='1'/>", Condition.NOT_WELL_FORMED),
        (b"<a b='1' b='2'/>", Condition.NOT_WELL_FORMED),
        (b"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", Condition.NOT_WELL_FORMED),
        (b"<a xmlns='u x'/>", Condition.NOT_WELL_FORMED),
        (b"<a></b>", Condition.NOT_WELL_FORMED),
        (b"<a>\xe4\xb8</a>", Condition.NOT_WELL_FORMED),  # a three-byte lead without its end (CVE-2022-25235)
        (b"<a>\xc0\xaf</a>", Condition.NOT_WELL_FORMED),  # overlong
        (b"<a>\x00</a>", Condition.NOT_WELL_FORMED),
        (b"<a>&#0;</a>", Condition.NOT_WELL_FORMED),
        (b"hello", Condition.BAD_FORMAT),
        (b"<![CDATA[x]]><a/>", Condition.BAD_FORMAT),
        (b"<![CDATA[x]]></stream:stream>", Condition.BAD_FORMAT),
    ],
)
def test_refuses_hostile_xml(data: bytes, condition: Condition) -> None:
    assert refused(parser(), data) is condition


@pytest.mark.parametrize(
    ("declaration", "condition"),
    [
        (b"<!DOCTYPE s [<!ENTITY a 'b'>]>", Condition.RESTRICTED_XML),
        (b"<!DOCTYPE s SYSTEM 'http://127.0.0.1/'>", Condition.RESTRICTED_XML),
        (b"<!-- hello -->", Condition.RESTRICTED_XML),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>", Condition.UNSUPPORTED_ENCODING),
        (b"<?xml version='1.1'?>", Condition.UNSUPPORTED_VERSION),
        (b"GET / HTTP/1.1", Condition.NOT_WELL_FORMED),
        (b"\x16\x03\x01\x02\x00\x01", Condition.NOT_WELL_FORMED),
    ],
)
def test_refuses_what_is_no_stream_header(declaration: bytes, condition: Condition) -> None:
    assert refused(XmlStreamParser(StreamLimits()), declaration) is condition


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + b"<b/>" * 600 + b"</a>",
        b"<a>" + b"<b/>" * 600,
        b"<a b='" + b"x" * 1100,
        b"<![CDATA[ " + b" " * 3000,
        b"<a><b><c><d><e/></d></c></b></a>",
        b"<a b='1' c='2' d='3' e='4'/>",
        b"<a><b f='1' c='2' d='3' e='4'/></a>",
        b"<a xmlns:b='1' xmlns:c='2' xmlns:d='3' xmlns:e='4'/>",
        b"<a><b xmlns:b='1' xmlns:c='2' xmlns:d='3' xmlns='4'/></a>",
    ],
    ids=["size", "size-unfinished", "token", "cdata", "depth", "attributes", "inner-attributes", "namespaces", "inner"],
)
def test_holds_peers_to_the_limits(data: bytes) -> None:
    assert refused(parser(SMALL), data) is Condition.POLICY_VIOLATION


@pytest.mark.parametrize(
    "inner", [b"<b xmlns='1'/>" * 9, b"xmlns " * 9, b"<b xmlns:c='1' xmlns:d='2' xmlns:e='3'/>" * 2]
)
def test_namespaces_are_bounded_by_element(inner: bytes) -> None:
    made = parser(SMALL)
    made.feed(b"<a>" + inner + b"</a>")
    assert len(drain(made)) == 1


def test_a_header_declares_no_more_namespaces_than_an_element() -> None:
    made = XmlStreamParser(SMALL)
    opening = header("a.example", "b.example").replace(b" from=", b" xmlns:c='1' xmlns:d='2' from=")
    assert refused(made, opening) is Condition.POLICY_VIOLATION


def test_limits_are_tighter_before_authentication() -> None:
    element = b"<a>" + b"<b/>" * 150 + b"</a>"
    assert refused(parser(SMALL, authenticated=False), element) is Condition.POLICY_VIOLATION
    assert refused(parser(SMALL, authenticated=False), b"<a/>" * 3) is Condition.POLICY_VIOLATION
    wide = parser(SMALL)
    wide.feed(element + b"<a/>" * 3)
    assert len(drain(wide)) == 4


@pytest.mark.parametrize("authenticated", [False, True])
def test_a_header_stays_small_also_after_authentication(authenticated: bool) -> None:
    # Its declarations are read again with every stanza that is written anew.
    declared = b"".join(b" xmlns:p%d='urn:%d'" % (number, number) for number in range(900))
    header = b"<stream xmlns='jabber:server'" + declared + b">"
    assert StreamLimits().max_stanza_size_before_authentication < len(header) < StreamLimits().max_token
    assert refused(XmlStreamParser(StreamLimits(), authenticated=authenticated), header) is Condition.POLICY_VIOLATION


def test_white_space_before_the_header_is_bounded_too() -> None:
    assert refused(XmlStreamParser(SMALL), b"<?xml version='1.0'?>" + b" " * 600) is Condition.POLICY_VIOLATION


def test_what_came_before_a_fault_is_given_first() -> None:
    made = parser()
    made.feed(b"<a/><b/><!-- x -->")
    assert [made.next_event() is not None for _ in range(2)] == [True, True]
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            made.next_event()
    made.feed(b"<c/>")
    with pytest.raises(RemoteProtocolError):
        made.next_event()


def test_white_space_between_elements_is_said_to_be_nothing_else() -> None:
    made = parser()
    assert made.feed(b" \n")
    assert not made.feed(b"<b")
    assert not made.feed(b" ")
    assert not made.feed(b"/>")
    assert not made.feed(b"<a> ")
    assert not made.feed(b" ")
    assert not made.feed(b"</a>")
    assert drain(made)


def test_white_space_does_not_pile_up() -> None:
    made = parser(SMALL)
    for _ in range(10):
        made.feed(b" " * 900)
        assert drain(made) == []
    made.feed(b"<a/>")
    (element,) = drain(made)
    assert isinstance(element, ElementReceived)
    assert element.raw == b"<a/>"


def test_unread_bytes_belong_to_the_next_parser() -> None:
    made = parser()
    made.feed(b"<a/>" + header())
    assert isinstance(made.next_event(), ElementReceived)
    assert made.unread() == header()


def test_nothing_behind_the_end_of_the_stream_is_read() -> None:
    made = parser()
    made.feed(b"</stream:stream><more/>")
    assert isinstance(made.next_event(), StreamClosed)


def test_a_resting_parser_wakes_where_it_was() -> None:
    made = parser()
    made.feed(b"<a/> ")
    drain(made)
    assert made.rest()
    assert not made.rest()
    assert made.feed(b" \n")
    made.feed(b"<message><body>x</body></message><b/>")
    first, second = drain(made)
    assert isinstance(first, ElementReceived)
    assert first.raw == b"<message><body>x</body></message>"
    assert first.name == "jabber:server message"
    assert first.tree().find("jabber:server", "body") is not None
    assert isinstance(second, ElementReceived)
    assert second.raw == b"<b/>"
    made.feed(b"</stream:stream>")
    assert isinstance(made.next_event(), StreamClosed)


@pytest.mark.parametrize("begun", [b"<", b"<a", b"<a>", b"<a>text", b"<a></a"])
def test_a_parser_does_not_rest_amid_an_element(begun: bytes) -> None:
    made = parser()
    made.feed(begun)
    assert not made.rest()
    rest = {b"<": b"a/>", b"<a": b"/>", b"<a>": b"</a>", b"<a>text": b"</a>", b"<a></a": b">"}[begun]
    made.feed(rest)
    (element,) = drain(made)
    assert isinstance(element, ElementReceived)
    assert element.raw == begun + rest


def test_a_parser_does_not_rest_before_its_header_nor_with_something_to_tell_nor_after_a_fault() -> None:
    assert not XmlStreamParser(StreamLimits()).rest()
    made = parser()
    made.feed(b"<a/>")
    assert not made.rest()
    drain(made)
    assert refused(made, b"<!-- -->") is Condition.RESTRICTED_XML
    assert not made.rest()


@pytest.mark.parametrize("data", [b"<!-- -->", b"<?pi?>", b"<!DOCTYPE x>"])
def test_a_woken_parser_refuses_what_it_refused_before(data: bytes) -> None:
    made = parser()
    assert made.rest()
    assert refused(made, data) in {Condition.RESTRICTED_XML, Condition.NOT_WELL_FORMED}
    made = parser()
    assert made.rest()
    assert refused(made, b"text") is Condition.BAD_FORMAT
