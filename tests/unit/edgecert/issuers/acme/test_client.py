from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.issuers.acme.transport import Response
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.acmeparts import Parts

PROBLEM = '{{"type": "urn:ietf:params:acme:error:{}", "detail": "told"}}'


def failing(
    times: int, response: Response | NetworkError, path: str = "/newAccount"
) -> Callable[[str, str], Response | None]:
    left = [times]

    def fault(_method: str, seen: str) -> Response | None:
        if seen != path or not left[0]:
            return None
        left[0] -= 1
        if isinstance(response, NetworkError):
            raise response
        return response

    return fault


def problem(status: int, kind: str, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, names, PROBLEM.format(kind).encode())


def test_the_directory_is_fetched_once(parts: Parts) -> None:
    client = parts.client()
    assert client.resource("newOrder") == "https://ca.example.net/newOrder"
    assert client.directory is client.directory
    assert parts.server.count("/directory") == 1


@pytest.mark.parametrize("body", [b"<html></html>", b"{}", b'{"newNonce": "u", "newAccount": "u", "newOrder": 5}'])
def test_what_is_no_directory_is_told(parts: Parts, body: bytes) -> None:
    parts.server.fault = lambda _method, _path: Response(200, {}, body)
    with pytest.raises(NetworkError) as caught:
        parts.client().resource("newOrder")
    assert caught.value.code == "acme-malformed"


def test_bad_nonces_are_tried_again_at_once(parts: Parts) -> None:
    parts.server.fault = failing(20, problem(400, "badNonce", replay_nonce=""))
    assert parts.account().url
    assert parts.pauses == []


def test_only_bad_nonces_for_ever_end(parts: Parts) -> None:
    parts.server.fault = failing(1000, problem(400, "badNonce"))
    with pytest.raises(AcmeProblemError):
        assert parts.account().url


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_recovers_is_waited_for(parts: Parts, status: int) -> None:
    parts.server.fault = failing(2, Response(status, {"retry-after": "7"}))
    assert parts.account().url
    assert parts.pauses == [7.0, 7.0]


def test_a_server_that_fails_for_ever_is_given_up(parts: Parts) -> None:
    parts.server.fault = failing(1000, Response(500, {}, b"oops"))
    with pytest.raises(NetworkError) as caught:
        assert parts.account().url
    assert caught.value.code == "acme-unavailable"


def test_a_short_rate_limit_is_waited_out_and_a_long_one_told(parts: Parts) -> None:
    parts.server.fault = failing(1, problem(429, "rateLimited", retry_after="30"))
    assert parts.account().url
    assert parts.pauses == [30.0]
    parts.files.forget()
    parts.server.fault = failing(1, problem(429, "rateLimited", retry_after="7200"))
    with pytest.raises(AcmeProblemError) as caught:
        assert parts.account().url
    assert caught.value.code == "acme-rate-limited"
    assert "7200 s" in caught.value.hint


def test_a_lost_connection_is_tried_again_and_then_told(parts: Parts) -> None:
    lost = NetworkError("lost", code="acme-unreachable")
    parts.server.fault = failing(3, lost)
    assert parts.account().url
    parts.files.forget()
    parts.server.fault = failing(1000, lost)
    with pytest.raises(NetworkError, match="lost"):
        assert parts.account().url


def test_an_untrusted_server_is_not_asked_again(parts: Parts) -> None:
    parts.server.fault = failing(1, NetworkError("untrusted", code="acme-tls"), "/directory")
    with pytest.raises(NetworkError, match="untrusted"):
        parts.client().resource("newOrder")
    assert parts.server.count("/directory") == 1


def test_waiting_ends_with_the_budget(parts: Parts) -> None:
    parts.seconds = 10
    parts.server.fault = failing(1000, Response(503, {"retry-after": "3600"}))
    with pytest.raises(NetworkError) as caught:
        assert parts.account().url
    assert caught.value.code == "acme-timeout"
    assert parts.pauses == []


@pytest.mark.parametrize("nonce", ["", "AAAAA"])
def test_a_server_without_nonces_is_told(parts: Parts, nonce: str) -> None:
    client = parts.client()
    parts.server.fault = lambda method, path: (
        Response(200, {"replay-nonce": nonce}) if (method, path) == ("HEAD", "/newNonce") else directory(path)
    )
    with pytest.raises(NetworkError):
        client.post("https://ca.example.net/newAccount", b"{}", kid=None)


def directory(path: str) -> Response | None:
    names = ", ".join(f'"{name}": "https://ca.example.net/{name}"' for name in ("newNonce", "newAccount", "newOrder"))
    return Response(200, {}, f"{{{names}}}".encode()) if path == "/directory" else None
