from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, LocalProtocolError
from gateway.xmpp import component, inbound, outbound
from gateway.xmpp.events import Closed, Pinged
from gateway.xmpp.stream import Step
from tests.support.streams import header, open_inbound
from tests.support.streams import inbound as make_inbound

if TYPE_CHECKING:
    from types import ModuleType


@pytest.mark.parametrize("module", [component, inbound, outbound])
def test_every_state_can_be_reached_and_can_end(module: ModuleType) -> None:
    table = module.NEXT
    states = {state for state, _step in table}
    reached = set(table.values())
    (closed,) = reached - states
    assert all(table[state, Step.END] is closed for state in states)
    first = [state for state in states if state not in reached]
    assert len(first) == 1


def test_a_close_waits_for_the_peer_and_a_second_one_does_not() -> None:
    stream = open_inbound(make_inbound())
    stream.close(Condition.SYSTEM_SHUTDOWN, "bye")
    assert stream.data_to_send().endswith(b"bye</text></stream:error></stream:stream>")
    assert not stream.closed
    stream.close()
    assert stream.closed
    assert stream.events_received() == [Closed(Condition.SYSTEM_SHUTDOWN, text="bye")]
    assert stream.data_to_send() == b""
    stream.close()
    assert stream.events_received() == []


def test_stanzas_are_read_until_the_peer_has_said_its_end() -> None:
    stream = open_inbound(make_inbound())
    stream.close()
    stream.receive_data(b"<presence from='a@fabrikam.example' to='b@contoso.example'/></stream:stream>")
    names = [type(event).__name__ for event in stream.events_received()]
    assert names == ["StanzaReceived", "Closed"]


def test_a_stream_without_a_header_says_one_before_its_error() -> None:
    stream = make_inbound()
    stream.close(Condition.RESOURCE_CONSTRAINT)
    assert stream.data_to_send().startswith(b"<?xml version='1.0'?><stream:stream ")
    assert stream.closed


def test_a_lost_connection_is_told_once() -> None:
    stream = open_inbound(make_inbound())
    stream.receive_eof()
    stream.receive_eof()
    (event,) = stream.events_received()
    assert isinstance(event, Closed)
    assert event.by_peer
    stream.receive_data(b"<more/>")
    assert stream.events_received() == []


def test_the_peers_stream_error_is_passed_on() -> None:
    stream = open_inbound(make_inbound())
    stream.receive_data(
        b"<stream:error><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
    )
    assert stream.events_received() == [Closed(Condition.RESET, by_peer=True)]
    assert stream.data_to_send() == b"</stream:stream>"


def test_white_space_is_a_sign_of_life() -> None:
    stream = open_inbound(make_inbound())
    stream.receive_data(b" ")
    assert stream.events_received() == [Pinged()]


def test_bytes_during_the_tls_handshake_belong_to_tls() -> None:
    stream = make_inbound()
    stream.receive_data(header())
    stream.receive_data(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    before = stream.state
    with pytest.raises(LocalProtocolError):
        stream.receive_data(b"<x/>")
    assert stream.state is before
    stream.data_to_send()
    stream.close(Condition.CONNECTION_TIMEOUT)
    assert stream.data_to_send() == b""
