"""What a web server says that knows nothing but the tokens of http-01 (RFC 8555 §8.3): bytes in, bytes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX: Final = "/.well-known/acme-challenge/"
LONGEST_HEAD: Final = 8192


def is_whole(head: bytes) -> bool:
    """Whether nothing more of a request needs to be read: its head has ended, or is longer than any CA's."""
    return b"\r\n\r\n" in head or len(head) >= LONGEST_HEAD


def respond(head: bytes, answers: Mapping[str, str]) -> bytes:
    """Give the HTTP answer to a request with ``head``; ``answers`` has the bodies by path."""
    words = head.split(b"\r\n", 1)[0].decode("ascii", "replace").split(" ")
    if len(words) != 3 or words[0] not in ("GET", "HEAD"):  # method, target, version
        return _response("400 Bad Request", b"")
    path = words[1].partition("?")[0]
    body = answers.get(path) if path.startswith(PREFIX) else None
    if body is None:
        return _response("404 Not Found", b"")
    return _response("200 OK", body.encode(), headers_only=words[0] == "HEAD")


def _response(status: str, body: bytes, *, headers_only: bool = False) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if headers_only else body)
