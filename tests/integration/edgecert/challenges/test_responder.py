from __future__ import annotations

import http.client
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.responder import ResponderSolver
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError
from tests.support.net import free_port, loopback_net
from tests.support.pebble import is_open

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE = Challenge("http-01", "sip.contoso.com", "sip.contoso.com", "token-1", "token-1.print")
TWO = Challenge("http-01", "contoso.com", "contoso.com", "token-2", "token-2.print")


@pytest.fixture
def host() -> Iterator[str]:
    with loopback_net() as net:
        yield f"{net}1"


def get(host: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, 8080, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_answers_from_the_first_token_to_the_last(host: str) -> None:
    solver, threads = ResponderSolver(f"{host}:8080"), threading.active_count()
    assert not is_open(host, 8080)
    solver.present((ONE,))
    solver.present((TWO,))
    assert get(host, ONE.path) == (200, b"token-1.print")
    assert get(host, f"{TWO.path}?x=1") == (200, b"token-2.print")
    assert get(host, "/.well-known/acme-challenge/other") == (404, b"")
    solver.clean_up((ONE,))
    assert get(host, ONE.path) == (404, b"")
    solver.clean_up((TWO,))
    solver.clean_up((ONE, TWO))
    assert not is_open(host, 8080)
    assert threading.active_count() <= threads + 4
    solver.present((ONE,))
    assert get(host, ONE.path) == (200, b"token-1.print")
    solver.clean_up((ONE,))


def test_a_client_that_says_nothing_keeps_no_other_waiting(host: str) -> None:
    solver = ResponderSolver(f"{host}:8080")
    solver.present((ONE,))
    try:
        with socket.create_connection((host, 8080)), socket.create_connection((host, 8080)):
            assert get(host, ONE.path) == (200, b"token-1.print")
    finally:
        solver.clean_up((ONE,))


def test_both_families_are_served_by_the_ipv6_wildcard() -> None:
    port = free_port()
    solver = ResponderSolver(f"[::]:{port}")
    solver.present((ONE,))
    try:
        assert is_open("127.0.0.1", port)
    finally:
        solver.clean_up((ONE,))


def test_a_port_that_is_taken_is_told_with_the_way_out(host: str) -> None:
    with socket.create_server((host, 8080)), pytest.raises(ChallengeError, match="cannot listen") as caught:
        ResponderSolver(f"{host}:8080").present((ONE,))
    assert caught.value.code == "listen-failed"
    assert "webroot" in caught.value.hint
