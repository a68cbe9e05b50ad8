from __future__ import annotations

import pytest

from edgecert.shared.secret import Secret
from gateway.errors import Condition, LocalProtocolError, StanzaCondition
from gateway.xmpp.component import ComponentState, ComponentStream, handshake
from gateway.xmpp.events import Closed, ComponentAuthorized, StanzaReceived, StanzaRefused
from tests.support.streams import HOME, envelope, header, message, turns

SECRET = Secret(b"correct horse")
HEADER = header("", HOME, content="jabber:component:accept", version="")


def component() -> ComponentStream:
    return ComponentStream({HOME: SECRET}.get, lambda: "id-1")


def opened() -> ComponentStream:
    stream = component()
    stream.receive_data(HEADER + b"<handshake>" + handshake("id-1", SECRET) + b"</handshake>")
    assert stream.events_received() == [ComponentAuthorized(HOME)]
    stream.data_to_send()
    return stream


def end_of(stream: ComponentStream) -> Closed:
    event = stream.events_received()[-1]
    assert isinstance(event, Closed)
    assert stream.state is ComponentState.CLOSED
    return event


def test_handshake_is_that_of_the_specification() -> None:
    # The example of XEP-0114 §3 has no secret; this one is checked with `printf 'id-1correct horse' | sha1sum`.
    (_mark, said) = turns("component.txt")[1]
    assert said == b"<handshake>" + handshake("id-1", SECRET) + b"</handshake>"


def test_recorded_conversation_opens_the_stream_and_passes_its_stanzas() -> None:
    stream = component()
    said = []
    for _mark, data in turns("component.txt"):
        stream.receive_data(data)
        said.append(stream.data_to_send())
    assert b"xmlns='jabber:component:accept'" in said[0]
    assert b"id='id-1' from='contoso.example'" in said[0]
    assert said[1:] == [b"<handshake/>", b"</stream:stream>"]
    kinds = [type(event) for event in stream.events_received()]
    assert kinds == [ComponentAuthorized, StanzaReceived, StanzaReceived, Closed]


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (header("", HOME), Condition.INVALID_NAMESPACE),
        (header("", "litware.example", content="jabber:component:accept"), Condition.HOST_UNKNOWN),
        (header("", "", content="jabber:component:accept"), Condition.IMPROPER_ADDRESSING),
        (HEADER + b"<handshake>" + handshake("id-1", Secret(b"wrong")) + b"</handshake>", Condition.NOT_AUTHORIZED),
        (HEADER + b"<handshake/>", Condition.NOT_AUTHORIZED),
        (HEADER + "<handshake>\u00fc</handshake>".encode(), Condition.NOT_AUTHORIZED),
        (HEADER + message(from_=f"bob@{HOME}"), Condition.NOT_AUTHORIZED),
    ],
)
def test_nothing_passes_without_header_and_handshake(sent: bytes, condition: Condition) -> None:
    stream = component()
    stream.receive_data(sent)
    assert end_of(stream).condition is condition
    assert b"<stream:error>" in stream.data_to_send()


def test_the_handshake_may_be_in_upper_case() -> None:
    stream = component()
    stream.receive_data(HEADER + b"<handshake>" + handshake("id-1", SECRET).upper() + b"</handshake>")
    assert stream.state is ComponentState.OPEN


def test_only_its_own_domain_sends() -> None:
    for sender in ("bob@home.example", "bob@fabrikam.example", f"bob@sub.{HOME}"):
        stream = opened()
        stream.receive_data(message(from_=sender, to="alice@fabrikam.example"))
        assert end_of(stream).condition is Condition.INVALID_FROM


def test_what_it_says_to_itself_goes_nowhere() -> None:
    stream = opened()
    stream.receive_data(message(from_=f"bob@{HOME}", to=f"carol@{HOME}"))
    (event,) = stream.events_received()
    assert isinstance(event, StanzaRefused)
    assert event.condition is StanzaCondition.SERVICE_UNAVAILABLE


def test_stanzas_reach_it_in_its_own_namespace() -> None:
    stream = opened()
    incoming = envelope(from_="alice@fabrikam.example", to=f"bob@{HOME}")
    stream.send_stanza(incoming)
    stream.ping()
    assert stream.data_to_send() == incoming.raw + b" "


def test_the_wider_limits_hold_after_the_handshake() -> None:
    stream = opened()
    stream.receive_data(message(from_=f"bob@{HOME}", to="alice@fabrikam.example", body="x" * 20_000))
    assert [type(event) for event in stream.events_received()] == [StanzaReceived]


def test_an_unknown_element_or_a_second_handshake_ends_it() -> None:
    for sent in (b"<hello/>", b"<handshake/>"):
        stream = opened()
        stream.receive_data(sent)
        assert end_of(stream).condition is Condition.UNSUPPORTED_STANZA_TYPE


def test_illegal_calls_raise_and_change_nothing() -> None:
    stream = component()
    with pytest.raises(LocalProtocolError):
        stream.ping()
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope(to=f"bob@{HOME}"))
    assert stream.state is ComponentState.HEADER
    stream = opened()
    with pytest.raises(LocalProtocolError):
        stream.send_stanza(envelope(to="bob@home.example"))
    assert stream.domain == HOME
