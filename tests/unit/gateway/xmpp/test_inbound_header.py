"""What an inbound stream makes of the peer's headers: in the clear, inside TLS and after authentication."""

from __future__ import annotations

import pytest

from gateway.errors import Condition
from gateway.policy.partner import Partner
from gateway.xmpp.events import (
    PeerHeader,
    StartTls,
)
from tests.support.streams import (
    AUTH,
    HOME,
    PARTNER,
    SECOND_HOME,
    STARTTLS,
    TLS,
    authenticating,
    closed_by,
    header,
    inbound,
    secured,
)


@pytest.mark.parametrize(
    ("sent", "condition"),
    [
        (header(to=""), Condition.IMPROPER_ADDRESSING),
        (header(to="bob@contoso.example"), Condition.IMPROPER_ADDRESSING),
        (header(from_="not a domain"), Condition.IMPROPER_ADDRESSING),
        (header(to="unknown.example"), Condition.HOST_UNKNOWN),
        (header(content="jabber:client"), Condition.INVALID_NAMESPACE),
        (header().replace(b"etherx.jabber.org/streams", b"example.org/"), Condition.INVALID_NAMESPACE),
        (b"<stream/>", Condition.INVALID_NAMESPACE),
        (header(version=""), Condition.UNSUPPORTED_VERSION),
        (header(version="0.9"), Condition.UNSUPPORTED_VERSION),
        (header(version="1" * 5000 + ".0"), Condition.UNSUPPORTED_VERSION),
        (b"GET / HTTP/1.1\r\n\r\n", Condition.NOT_WELL_FORMED),
    ],
)
def test_a_faulty_header_is_answered_by_a_header_and_a_stream_error(sent: bytes, condition: Condition) -> None:
    stream = inbound()
    stream.receive_data(sent)
    said = stream.data_to_send()
    assert said.startswith(b"<?xml version='1.0'?><stream:stream ")
    assert f"<stream:error><{condition.value} ".encode() in said
    assert said.endswith(b"</stream:error></stream:stream>")
    assert closed_by(stream).condition is condition


def test_who_asks_without_from_gets_starttls_so_that_monitors_see_the_certificate() -> None:
    stream = inbound()
    stream.receive_data(header(from_=""))
    stream.receive_data(STARTTLS)
    assert stream.events_received() == [PeerHeader("", HOME), StartTls()]


def test_without_a_certificate_in_service_starttls_is_not_offered() -> None:
    stream = inbound(tls_available=False)
    stream.receive_data(header())
    assert b"starttls" not in stream.data_to_send()
    assert closed_by(stream).condition is Condition.RESOURCE_CONSTRAINT


@pytest.mark.parametrize(
    ("from_", "condition", "text"),
    [
        ("", Condition.IMPROPER_ADDRESSING, "no 'from'"),
        ("litware.example", Condition.POLICY_VIOLATION, "not a configured partner"),
        ("sub.fabrikam.example", Condition.POLICY_VIOLATION, "not a configured partner"),
        (HOME, Condition.INVALID_FROM, ""),
        (SECOND_HOME, Condition.INVALID_FROM, ""),
    ],
)
def test_who_is_no_partner_is_refused_inside_tls(from_: str, condition: Condition, text: str) -> None:
    stream = secured(from_=from_)
    end = closed_by(stream)
    assert end.condition is condition
    assert text in end.text
    assert b"<mechanism>" not in stream.data_to_send()


def test_a_partner_whose_settings_leave_no_method_inside_tls_is_refused_there() -> None:
    stream = secured(inbound([Partner(domain=PARTNER, tls="not-supported")]))
    assert closed_by(stream).condition is Condition.POLICY_VIOLATION


@pytest.mark.parametrize("changed", [header("research.fabrikam.example"), header(to=SECOND_HOME), header("")])
def test_a_header_that_changed_inside_tls_is_improper(changed: bytes) -> None:
    stream = inbound()
    stream.receive_data(header())
    stream.receive_data(STARTTLS)
    stream.tls_established(TLS)
    stream.receive_data(changed)
    assert closed_by(stream).condition is Condition.IMPROPER_ADDRESSING


@pytest.mark.parametrize("changed", [header("research.fabrikam.example"), header(to=SECOND_HOME), header("")])
def test_a_header_that_changed_after_authentication_is_improper(changed: bytes) -> None:
    stream = authenticating()
    stream.receive_data(AUTH)
    stream.receive_data(changed)
    assert closed_by(stream).condition is Condition.IMPROPER_ADDRESSING
    assert stream.pairs == ()
