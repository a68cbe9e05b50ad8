from __future__ import annotations

import pytest

from edgecert.shared.http01 import LONGEST_HEAD, PREFIX, is_whole, respond


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /.well-known/acme-challenge/token-1 HTTP/1.1\r\n\r\n", b"200"),
        (b"HEAD /.well-known/acme-challenge/token-1 HTTP/1.1\r\n\r\n", b"200"),
        (b"POST /.well-known/acme-challenge/token-1 HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /.well-known/acme-challenge/../token-1 HTTP/1.1\r\n\r\n", b"404"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"\xff\xfe", b"400"),
        (b"", b"400"),
    ],
)
def test_knows_nothing_but_its_tokens(head: bytes, status: bytes) -> None:
    answer = respond(head, {f"{PREFIX}token-1": "token-1.print", "/": "never"})
    assert answer.split(b" ")[1] == status
    assert answer.endswith(b"token-1.print") is (head.startswith(b"GET") and status == b"200")


def test_a_request_is_whole_at_the_end_of_its_head_or_when_it_is_too_long() -> None:
    assert not is_whole(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert is_whole(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert is_whole(b"G" * LONGEST_HEAD)
