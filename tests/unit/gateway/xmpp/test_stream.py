from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from gateway.errors import Condition, LocalProtocolError
from gateway.xmpp import component, inboundstates, initiating
from gateway.xmpp.configs import OutboundConfig
from gateway.xmpp.dialback import VerifyRequest
from gateway.xmpp.events import Closed, Pinged
from gateway.xmpp.stream import Step
from gateway.xmpp.verifying import VerifyingStream
from tests.support.streams import FABRIKAM, HOME, KEYS, PARTNER, header, open_inbound
from tests.support.streams import inbound as make_inbound
from tests.support.streams import outbound as make_outbound

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum
    from types import ModuleType

    from gateway.xmpp.stream import StreamMachine


def make_verifying() -> VerifyingStream:
    request = VerifyRequest(PARTNER, HOME, "id", "key", (PARTNER, HOME))
    return VerifyingStream(OutboundConfig(HOME, FABRIKAM, PARTNER, make_key=KEYS.make_key), request)


def make_component() -> component.ComponentStream:
    return component.ComponentStream(lambda _domain: None, lambda: "id")


@pytest.mark.parametrize("module", [component, inboundstates, initiating])
def test_every_state_can_be_reached_and_can_end(module: ModuleType) -> None:
    table = module.NEXT
    states = {state for state, _step in table}
    reached = set(table.values())
    (closed,) = reached - states
    assert all(table[state, Step.END] is closed for state in states)
    first = [state for state in states if state not in reached]
    assert len(first) == 1


@pytest.mark.parametrize("make", [make_inbound, make_outbound, make_verifying, make_component])
def test_a_step_that_the_table_does_not_have_raises_and_changes_nothing(
    make: Callable[[], StreamMachine[StrEnum, object]],
) -> None:
    stream = make()
    table = stream._table  # noqa: SLF001  # every state is tried, also those that are hard to reach
    stream.events_received()
    stream.data_to_send()
    for state, step in product({state for state, _step in table} | set(table.values()), Step):
        if (state, step) in table:
            continue
        stream._state = state  # noqa: SLF001
        with pytest.raises(LocalProtocolError):
            stream._advance(step)  # noqa: SLF001
        assert stream.state is state
        assert (stream.events_received(), stream.data_to_send()) == ([], b"")


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
