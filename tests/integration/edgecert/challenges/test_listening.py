from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from edgecert.challenges.listening import AT_ONCE, ShortServer
from edgecert.shared.errors import ChallengeError
from tests.support.net import free_port, loopback_net
from tests.support.pebble import is_open


def test_each_connection_is_answered_and_a_fault_of_one_ends_only_that() -> None:
    def answer(connection: socket.socket) -> None:
        if connection.recv(1) == b"x":
            raise ConnectionResetError
        connection.sendall(b"hello")

    with loopback_net() as net:
        server = ShortServer(f"{net}1:8080", "http-01", answer, "")
        server.open()
        server.open()
        for said, heard in ((b"x", b""), (b"a", b"hello")):
            with socket.create_connection((f"{net}1", 8080), timeout=10) as client:
                client.sendall(said)
                assert client.recv(100) == heard
        server.close()
        server.close()
        assert not is_open(f"{net}1", 8080)
        server.open()
        assert is_open(f"{net}1", 8080)
        server.close()


def test_who_only_waits_keeps_nobody_out() -> None:
    def answer(connection: socket.socket) -> None:
        if connection.recv(1):
            connection.sendall(b"hello")

    with loopback_net() as net, ExitStack() as stack:
        server = ShortServer(f"{net}1:8080", "http-01", answer, "")
        server.open()
        waiting = [stack.enter_context(socket.create_connection((f"{net}1", 8080))) for _ in range(AT_ONCE)]
        with socket.create_connection((f"{net}1", 8080), timeout=30) as client:
            client.sendall(b"a")
            assert client.recv(100) == b"hello"
        waiting[0].settimeout(30)
        assert waiting[0].recv(1) == b""  # the oldest had to go
        server.close()


def test_the_address_is_written_as_people_do_and_the_way_out_is_said() -> None:
    port = free_port("127.0.0.1")
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ChallengeError, match=f"127.0.0.1:{port}") as caught:
        ShortServer(f"127.0.0.1:{port}", "http-01", lambda _: None, "do it otherwise").open()
    assert caught.value.hint == "do it otherwise"
