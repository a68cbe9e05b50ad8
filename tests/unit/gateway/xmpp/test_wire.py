from __future__ import annotations

import pytest

from gateway.errors import Condition
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire
from gateway.xmpp.configs import PeerLimits, StreamLimits
from gateway.xmpp.element import parse_element
from gateway.xmpp.xml import ElementReceived, StreamOpened, XmlStreamParser
from tests.support.streams import header

LIMITS = f"<limits xmlns='{ns.STREAM_LIMITS}'>"
EXTERNAL = wire.build_features(wire.MECHANISMS)


def receive(raw: bytes) -> ElementReceived:
    parser = XmlStreamParser(StreamLimits())
    parser.feed(header() + raw)
    parser.next_event()
    event = parser.next_event()
    assert isinstance(event, ElementReceived)
    return event


def test_a_header_is_read_as_it_was_built() -> None:
    parser = XmlStreamParser(StreamLimits())
    parser.feed(wire.build_header(id="<'&\">", from_="contoso.example", to=""))
    opened = parser.next_event()
    assert isinstance(opened, StreamOpened)
    assert opened.attributes["id"] == "<'&\">"
    assert opened.attributes["from"] == "contoso.example"
    assert "to" not in opened.attributes
    assert wire.is_version_1(opened.attributes)


def test_a_stream_error_is_read_as_it_was_built() -> None:
    event = receive(wire.build_stream_error(Condition.HOST_UNKNOWN, "a < b"))
    assert event.name == wire.ERROR_NAME
    assert wire.read_stream_error(event) == (Condition.HOST_UNKNOWN, "a < b")


def test_an_unknown_stream_error_keeps_its_name() -> None:
    event = receive(
        b"<stream:error><too-warm xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><app xmlns='urn:a'/></stream:error>"
    )
    assert wire.read_stream_error(event) == (Condition.UNDEFINED_CONDITION, "too-warm")


def test_a_sasl_failure_is_read_with_its_text() -> None:
    raw = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>no</text></failure>"
    assert wire.read_sasl_failure(receive(raw)) == "not-authorized: no"
    assert wire.read_sasl_failure(receive(wire.build_sasl_failure("aborted"))) == "aborted"


@pytest.mark.parametrize(
    ("features", "offered"),
    [
        (EXTERNAL, True),
        (EXTERNAL.replace(b"EXTERNAL", b" EXTERNAL\n"), True),
        (EXTERNAL.replace(b"EXTERNAL", b"PLAIN"), False),
        (wire.build_features(wire.STARTTLS_REQUIRED), False),
    ],
)
def test_external_is_offered_by_name(features: bytes, offered: bool) -> None:
    scope = {"stream": "http://etherx.jabber.org/streams"}
    assert wire.offers_external(parse_element(features, scope)) is offered


def test_final_features_tell_the_limit() -> None:
    assert "<max-bytes>4096</max-bytes>" in wire.build_limits(4096)


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        (wire.build_limits(4096, 60), PeerLimits(4096, 60)),
        (wire.build_limits(4096), PeerLimits(4096, 0)),
        ("", PeerLimits()),
        (f"{LIMITS}<max-bytes>-1</max-bytes><idle-seconds>1e9</idle-seconds></limits>", PeerLimits()),
        (f"{LIMITS}<max-bytes>{'9' * 30}</max-bytes></limits>", PeerLimits()),
    ],
)
def test_a_peers_limits_are_read_as_they_are_said(said: str, limits: PeerLimits) -> None:
    scope = {"stream": "http://etherx.jabber.org/streams"}
    assert wire.read_limits(parse_element(wire.build_features(said), scope)) == limits


def test_initial_response_is_empty_or_base64_of_utf8() -> None:
    assert wire.decode_initial_response("=") == ""
    assert wire.decode_initial_response(" Zm9v\n") == "foo"
    for text in ("Zm9", "&", "/w=="):
        with pytest.raises(ValueError, match="base64"):
            wire.decode_initial_response(text)


@pytest.mark.parametrize(
    ("version", "known"), [("1.0", True), ("1.1", True), ("2.0", True), ("0.9", False), ("", False), ("x.y", False)]
)
def test_features_begin_with_version_1(version: str, known: bool) -> None:
    assert wire.is_version_1({"version": version} if version else {}) is known
