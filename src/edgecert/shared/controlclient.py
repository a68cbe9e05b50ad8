"""A small blocking client of the gateway's control API.

It speaks just enough HTTP/1.1 by itself (one request per connection, an answer with a length), so that
``edgecert deploy`` does not pay for a general HTTP library.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
from typing import TYPE_CHECKING, Final

from edgecert.shared.clock import Clock, SystemClock
from edgecert.shared.control import API_HEADER, API_MIN, API_VERSION, MAX_BODY
from edgecert.shared.errors import (
    ControlError,
    EdgecertError,
    LockedError,
    PermissionDeniedError,
    TargetNotRunningError,
)
from edgecert.shared.jsonfields import JsonProblem, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject

MAX_ANSWER: Final = 16 << 20
MAX_HEAD: Final = 16 << 10

_CREDENTIALS: Final = struct.Struct("iII")  # struct ucred of <sys/socket.h>: pid, uid, gid
_FORBIDDEN: Final = 403
_LOCKED: Final = 423


class ControlClient:
    """Calls a gateway over its control or status socket.

    Before a byte is sent the listening process must prove who it is by the kernel's word (``SO_PEERCRED``, unix(7)):
    root, the caller's own user, the owner of the socket's directory if nobody else may write there, or exactly
    ``expect_user`` where one is given. Each call has one connection and ``timeout`` seconds in all.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout: float = 10.0,
        expect_user: str = "",
        clock: Clock | None = None,
        versions: tuple[int, int] = (API_MIN, API_VERSION),
    ) -> None:
        """Prepare to call the gateway that listens at ``path``; nothing is opened yet.

        Until :meth:`negotiate` calls are made in the lowest of the ``versions`` of the API that this side speaks.
        """
        self._path = path
        self._versions = versions
        self._version = versions[0]
        self._timeout = timeout
        self._expect_user = expect_user
        self._clock = clock or SystemClock()

    def get(self, path: str) -> JsonObject:
        """Give the answer of a reading call.

        Raises:
            TargetNotRunningError: nobody listens at the socket.
            PermissionDeniedError: the socket may not be used, or the process behind it is not who it must be.
            ControlError: the gateway refused (its own code), or did not answer as it should.
        """
        return self._call("GET", path, None)

    def get_text(self, path: str) -> str:
        """Give the answer of a reading call that is no JSON, such as ``/metrics``; raises as :meth:`get`."""
        return self._exchange("GET", path, b"").decode("utf-8", "replace")

    def post(self, path: str, body: JsonObject) -> JsonObject:
        """Do a changing call and give its answer; raises as :meth:`get`."""
        return self._call("POST", path, body)

    def put(self, path: str, body: JsonObject) -> JsonObject:
        """Create or replace what ``path`` names and give the answer; raises as :meth:`get`."""
        return self._call("PUT", path, body)

    def delete(self, path: str) -> JsonObject:
        """Take away what ``path`` names and give the answer; raises as :meth:`get`."""
        return self._call("DELETE", path, None)

    def negotiate(self) -> int:
        """Give the highest version of the API that both sides speak; later calls are made in it.

        Raises:
            ControlError: ``api-version``, there is none; and as :meth:`get`.
        """
        hello = self.get("/v1/hello")
        low, high = hello.get("api_min"), hello.get("api_max")
        if not isinstance(low, int) or not isinstance(high, int):
            raise ControlError(f"{self._path}: the answer to hello names no versions", code="control-answer")
        lowest, highest = self._versions
        if low > highest or high < lowest:
            message = f"the gateway speaks control API {low} to {high}, this edgecert {lowest} to {highest}"
            raise ControlError(
                message, code="api-version", hint="bring edgecert and edgecert-gateway to the same release"
            )
        self._version = min(high, highest)
        return self._version

    def _call(self, method: str, path: str, body: JsonObject | None) -> JsonObject:
        payload = b"" if body is None else json.dumps(body).encode()
        if len(payload) > MAX_BODY:
            raise ControlError(f"the call has {len(payload)} bytes, the gateway takes {MAX_BODY}", code="too-large")
        answer = _parse_object(self._exchange(method, path, payload))
        if answer is None:
            raise ControlError(f"{self._path}: the answer to {method} {path} is no JSON object", code="control-answer")
        return answer

    def _exchange(self, method: str, path: str, payload: bytes) -> bytes:
        request = _build_request(method, path, payload, self._version)
        deadline = self._clock.monotonic() + self._timeout
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                self._connect(connection)
                self._send(connection, request)
                status, body = self._receive(connection, deadline)
        except TimeoutError:
            message = f"the gateway at {self._path} did not answer {method} {path} within {self._timeout:g} s"
            raise ControlError(message, code="control-timeout", hint="look at the gateway's log") from None
        except OSError as error:
            raise ControlError(f"{self._path}: {error.strerror or error}", code="control-answer") from error
        if status >= 400:  # RFC 9110 section 15: 4xx and 5xx are refusals
            raise _refusal(status, body)
        return body

    def _connect(self, connection: socket.socket) -> None:
        connection.settimeout(self._timeout)
        try:
            connection.connect(os.fspath(self._path))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            message = f"no gateway listens at {self._path}"
            raise TargetNotRunningError(
                message, hint="start edgecert-gateway, or name its socket (in the target, or --socket)"
            ) from None
        except PermissionError:
            message = f"{self._path} may not be used by {_user_name(os.geteuid())}"
            raise PermissionDeniedError(message, hint="run as root or as the gateway's user") from None
        self._verify_peer(connection)

    def _verify_peer(self, connection: socket.socket) -> None:
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        uid = _CREDENTIALS.unpack(raw)[1]
        if uid not in self.expected_uids():
            message = f"the process that listens at {self._path} runs as {_user_name(uid)}; it was sent nothing"
            hint = "name the gateway's user in the deploy target (user = …), or see who owns the socket's directory"
            raise PermissionDeniedError(message, code="wrong-peer", hint=hint)

    def expected_uids(self) -> frozenset[int]:
        """Give the users whose process may listen at the socket.

        Raises:
            PermissionDeniedError: ``no-such-user``, the user that was named does not exist.
        """
        if self._expect_user:
            return frozenset({_user_id(self._expect_user)})
        directory = self._path.parent.stat()
        others_write = directory.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        owner = frozenset() if others_write else frozenset({directory.st_uid})
        return owner | {0, os.geteuid()}

    @staticmethod
    def _send(connection: socket.socket, request: bytes) -> None:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            return  # it may have refused before it read all; what it said is in the answer

    def _receive(self, connection: socket.socket, deadline: float) -> tuple[int, bytes]:
        data = bytearray()
        while True:
            remaining = deadline - self._clock.monotonic()
            if remaining <= 0:
                raise TimeoutError
            connection.settimeout(remaining)
            piece = connection.recv(1 << 16)
            data += piece
            answer = _parse_answer(data, at_end=not piece)
            if answer is not None:
                return answer


def _build_request(method: str, path: str, payload: bytes, version: int) -> bytes:
    if not path.isascii() or not path.isprintable() or " " in path:
        raise ControlError(f"{path!r} cannot be a call", code="bad-call")
    head = f"{method} {path} HTTP/1.1\r\nHost: gateway\r\n{API_HEADER}: {version}\r\nConnection: close\r\n"
    if method in {"POST", "PUT"}:
        head += f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n"
    return head.encode() + b"\r\n" + payload


def _parse_answer(data: bytearray, *, at_end: bool) -> tuple[int, bytes] | None:
    """Give status and body once ``data`` holds a whole answer with a length (RFC 9112 section 6.3), else None."""
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD)
    if end < 0:
        if at_end or len(data) > MAX_HEAD:
            raise ControlError(
                "the gateway closed the call without an answer", code="control-answer", hint="look at the gateway's log"
            )
        return None
    status, headers = _parse_head(bytes(data[:end]))
    length = headers.get("content-length", "")
    if not length.isdecimal() or len(length) > len(str(MAX_ANSWER)) or int(length) > MAX_ANSWER:
        raise ControlError("the gateway's answer has no length, or is too long", code="control-answer")
    start, stop = end + 4, end + 4 + int(length)
    if len(data) >= stop:
        return status, bytes(data[start:stop])
    if at_end:
        raise ControlError(
            "the gateway's answer was cut short", code="control-answer", hint="look at the gateway's log"
        )
    return None


def _parse_head(head: bytes) -> tuple[int, Mapping[str, str]]:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():  # version, status
        raise ControlError("what listens there does not speak the control API", code="control-answer")
    pairs = (line.partition(":") for line in lines[1:])
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parse_object(body: bytes) -> JsonObject | None:
    try:
        document = read_json(body)
    except JsonProblem:
        return None
    return document if isinstance(document, dict) else None


def _refusal(status: int, body: bytes) -> EdgecertError:
    document = _parse_object(body) or {}
    error = document.get("error")
    fields = error if isinstance(error, dict) else {}
    message = str(fields.get("message") or f"the gateway refused the call (HTTP {status})")
    code, hint = str(fields.get("code") or "control"), str(fields.get("hint") or "")
    kind = {_FORBIDDEN: PermissionDeniedError, _LOCKED: LockedError}.get(status, ControlError)
    return kind(message, code=code, hint=hint)


def _user_id(name: str) -> int:
    import pwd  # noqa: PLC0415  # only when a user is named

    if name.isdecimal():
        return int(name)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise PermissionDeniedError(
            f"there is no user {name!r} on this host", code="no-such-user", hint="mend the target's user"
        ) from None


def _user_name(uid: int) -> str:
    import pwd  # noqa: PLC0415  # only for messages

    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"
