"""What a CA sees: the strict server's own look (tests.support.acmelooking) is the independent peer."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.tlsalpn01 import TlsAlpnSolver, server_name
from edgecert.model.challenge import Challenge
from edgecert.shared.clock import SystemClock
from edgecert.shared.errors import ChallengeError
from tests.support.acmelooking import NetworkLooking
from tests.support.net import loopback_net
from tests.support.pebble import is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 5001
NAME = Challenge("tls-alpn-01", "sip.contoso.com", "sip.contoso.com", "t1", "t1.print")
ADDRESS = Challenge("tls-alpn-01", "192.0.2.1", "192.0.2.1", "t2", "t2.print")
SIX = Challenge("tls-alpn-01", "2001:db8::1", "2001:db8::1", "t3", "t3.print")


@pytest.fixture
def host() -> Iterator[str]:
    with loopback_net() as net:
        yield f"{net}1"


def test_shows_each_name_and_address_its_proof_while_it_is_wanted(host: str) -> None:
    solver, ca = TlsAlpnSolver(f"{host}:{PORT}", SystemClock()), NetworkLooking(host, tls_port=PORT)
    solver.present((NAME, ADDRESS, SIX))
    try:
        for challenge in (NAME, ADDRESS, SIX):
            assert ca.look("tls-alpn-01", challenge.identifier, challenge.token, challenge.value)
            assert not ca.look("tls-alpn-01", challenge.identifier, challenge.token, "another.print")
        assert not ca.look("tls-alpn-01", "other.contoso.com", "t1", "t1.print")
        solver.clean_up((NAME,))
        assert not ca.look("tls-alpn-01", NAME.identifier, NAME.token, NAME.value)
        assert ca.look("tls-alpn-01", ADDRESS.identifier, ADDRESS.token, ADDRESS.value)
    finally:
        solver.clean_up((NAME, ADDRESS, SIX))
    assert not is_open(host, PORT)


def test_who_does_not_ask_for_acme_gets_no_proof_and_keeps_nobody_waiting(host: str) -> None:
    solver, ca = TlsAlpnSolver(f"{host}:{PORT}", SystemClock()), NetworkLooking(host, tls_port=PORT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    solver.present((NAME,))
    try:
        with (
            socket.create_connection((host, PORT)),
            socket.create_connection((host, PORT)) as plain,
            context.wrap_socket(plain, server_hostname=NAME.identifier) as channel,
        ):
            assert channel.selected_alpn_protocol() is None
            assert ca.look("tls-alpn-01", NAME.identifier, NAME.token, NAME.value)
    finally:
        solver.clean_up((NAME,))


def test_an_address_is_asked_for_in_reverse() -> None:
    assert server_name(ADDRESS) == b"1.2.0.192.in-addr.arpa"
    assert server_name(NAME) == b"sip.contoso.com"


def test_a_port_that_is_taken_is_told(host: str) -> None:
    with socket.create_server((host, PORT)), pytest.raises(ChallengeError, match="tls-alpn-01") as caught:
        TlsAlpnSolver(f"{host}:{PORT}", SystemClock()).present((NAME,))
    assert caught.value.code == "listen-failed"
