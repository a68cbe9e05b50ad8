from __future__ import annotations

import pytest

from edgecert.probe.opening import MAX_OPENING, Opening, Step
from edgecert.shared.errors import NetworkError

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' id='x'>"
)
OFFER = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


def test_walks_to_tls_however_the_bytes_are_cut() -> None:
    opening = Opening("a.example")
    steps = [opening.receive_data(bytes([byte])) for byte in HEADER + OFFER + PROCEED]
    assert [step for step in steps if step is not Step.READ] == [Step.ASK, Step.BEGIN_TLS]


def test_says_the_domain_and_no_name_of_its_own() -> None:
    header = Opening("a.example").header()
    assert b"to='a.example'" in header
    assert b"from" not in header
    assert b"version='1.0'" in header


def test_other_prefixes_mean_the_same() -> None:
    opening = Opening("a.example")
    opening.receive_data(b"<s:stream xmlns:s='http://etherx.jabber.org/streams'>")
    offer = b"<s:features><t:starttls xmlns:t='urn:ietf:params:xml:ns:xmpp-tls'><t:required/></t:starttls></s:features>"
    assert opening.receive_data(offer) is Step.ASK


@pytest.mark.parametrize(
    ("sent", "code", "words"),
    [
        (HEADER + b"<stream:features/>", "no-starttls", "offers no STARTTLS"),
        (HEADER + OFFER + b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "no-starttls", "refused"),
        (
            HEADER + b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
            "no-starttls",
            "host-unknown",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n", "no-xmpp", "no XML"),
        (b"<html><body/></html>", "no-xmpp", "no XMPP stream"),
        (b"<!DOCTYPE s [<!ENTITY a 'b'>]><s/>", "no-xmpp", "document type"),
        (HEADER + b"</stream:stream>", "no-xmpp", "ended the stream"),
        (HEADER + b"<x>" + b"y" * MAX_OPENING, "no-xmpp", "more than"),
        (b"", "no-xmpp", "closed"),
    ],
)
def test_says_what_the_listener_did_instead(sent: bytes, code: str, words: str) -> None:
    with pytest.raises(NetworkError, match=words) as caught:
        Opening("a.example").receive_data(sent)
    assert caught.value.code == code


def test_a_domain_cannot_break_out_of_the_header() -> None:
    assert b"to='a&apos; from=&apos;b'" in Opening("a' from='b").header()
