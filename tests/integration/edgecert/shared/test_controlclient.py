"""The client against listeners that are wrong in every way; the real server is in the gateway's tests."""

from __future__ import annotations

import os
import pwd
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.controlclient import ControlClient
from edgecert.shared.errors import (
    ControlError,
    EdgecertError,
    LockedError,
    PermissionDeniedError,
    TargetNotRunningError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def answering(path: Path, *answers: bytes, hold: bool = False) -> Iterator[list[bytes]]:
    """Listen at ``path`` and give each caller the next answer; with ``hold`` leave it open and say no more."""
    heard: list[bytes] = []
    done = threading.Event()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    heard.append(connection.recv(65536))
                    connection.sendall(answer)
                    if hold:
                        done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield heard
        finally:
            done.set()
            thread.join()


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


def test_says_its_version_and_reads_an_answer_with_a_length(tmp_path: Path) -> None:
    with answering(tmp_path / "s", http(b'{"a": 1}') + b"rubbish beyond", hold=True) as heard:
        assert ControlClient(tmp_path / "s").get("/v1/status") == {"a": 1}
    assert b"X-Edgecert-Api: 1\r\n" in heard[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000,
        http(b"[1]"),
        http(b"no json"),
        http(b"[" * 100_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    ],
)
def test_an_answer_that_is_none_is_said_to_be_none(tmp_path: Path, answer: bytes) -> None:
    with answering(tmp_path / "s", answer), pytest.raises(ControlError) as caught:
        ControlClient(tmp_path / "s").get("/v1/status")
    assert caught.value.code == "control-answer"


def test_a_gateway_that_says_nothing_runs_into_the_time_out(tmp_path: Path) -> None:
    with answering(tmp_path / "s", b"HTTP/1.1 200 OK\r\n", hold=True), pytest.raises(ControlError) as caught:
        ControlClient(tmp_path / "s", timeout=0.2).get("/v1/status")
    assert caught.value.code == "control-timeout"


@pytest.mark.parametrize(
    ("status", "kind"),
    [("409 Conflict", ControlError), ("403 Forbidden", PermissionDeniedError), ("423 Locked", LockedError)],
)
def test_refusals_keep_code_message_and_hint(tmp_path: Path, status: str, kind: type[EdgecertError]) -> None:
    body = b'{"error": {"code": "coverage", "message": "m", "hint": "h"}}'
    with answering(tmp_path / "s", http(body, status)), pytest.raises(kind) as caught:
        ControlClient(tmp_path / "s").get("/v1/status")
    assert (caught.value.code, caught.value.message, caught.value.hint) == ("coverage", "m", "h")


def test_nobody_there_or_a_dead_socket_is_not_running(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    for name in ("absent", "dead", "dead/below"):
        with pytest.raises(TargetNotRunningError):
            ControlClient(tmp_path / name).get("/v1/status")


@pytest.mark.parametrize(("low", "high", "spoken"), [(1, 1, 1), (1, 5, 1), (2, 5, None), (0, 0, None)])
def test_negotiates_the_highest_version_both_speak(tmp_path: Path, low: int, high: int, spoken: int | None) -> None:
    with answering(tmp_path / "s", http(b'{"api_min": %d, "api_max": %d, "new": true}' % (low, high))):
        client = ControlClient(tmp_path / "s")
        if spoken is not None:
            assert client.negotiate() == spoken
            return
        with pytest.raises(ControlError, match=f"{low} to {high}") as caught:
            client.negotiate()
    assert caught.value.code == "api-version"


def test_sends_nothing_to_a_process_of_another_user_than_the_one_named(tmp_path: Path) -> None:
    other = next(entry.pw_name for entry in pwd.getpwall() if entry.pw_uid != os.geteuid())
    with answering(tmp_path / "s", b"", b"") as heard:
        for user in (other, "no-such-user-here"):
            with pytest.raises(PermissionDeniedError):
                ControlClient(tmp_path / "s", expect_user=user).post("/v1/swap", {"key": "secret"})
    assert heard == [b"", b""]


@pytest.mark.skipif(os.geteuid() != 0, reason="changing the owner needs root")
def test_trusts_the_owner_of_the_directory_only_where_nobody_else_can_write(tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.mkdir()
    os.chown(place, 12345, 12345)
    client = ControlClient(place / "s")
    place.chmod(0o755)  # as RuntimeDirectory= makes it
    assert client.expected_uids() == {0, 12345}
    place.chmod(0o775)  # what must not be trusted
    assert client.expected_uids() == {0}


def test_calls_that_cannot_be_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ControlError) as caught:
        ControlClient(tmp_path / "s").get("/v1/partners/a b\r\n")
    assert caught.value.code == "bad-call"
