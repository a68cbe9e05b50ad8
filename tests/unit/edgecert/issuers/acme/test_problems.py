from __future__ import annotations

import json

import pytest

from edgecert.issuers.acme.problems import describe, parse_object, problem_of
from edgecert.issuers.acme.transport import Response
from edgecert.shared.errors import ExitCode, NetworkError

# As Boulder sends it for an order with one name that it never issues for.
REJECTED = {
    "type": "urn:ietf:params:acme:error:rejectedIdentifier",
    "detail": 'Cannot issue for "a.invalid": Domain name does not end with a valid public suffix (TLD)',
    "status": 400,
    "subproblems": [
        {
            "type": "urn:ietf:params:acme:error:rejectedIdentifier",
            "detail": "not a public suffix",
            "identifier": {"type": "dns", "value": "a.invalid"},
        },
        {"type": "urn:ietf:params:acme:error:dns", "detail": "no", "identifier": {"type": "odd", "value": "b"}},
    ],
}


def test_says_type_detail_each_name_and_what_to_do() -> None:
    error = problem_of(Response(400, {}, json.dumps(REJECTED).encode()))
    assert error.kind == "rejectedIdentifier"
    assert error.exit_code is ExitCode.REFUSED
    assert error.code == "acme-refused"
    for part in (
        "rejectedIdentifier: Cannot issue",
        "a.invalid: rejectedIdentifier: not a public suffix",
        "b: dns: no",
    ):
        assert part in error.message
    assert "[topology]" in error.hint


def test_a_rate_limit_has_a_code_of_its_own() -> None:
    body = b'{"type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates"}'
    assert problem_of(Response(429, {}, body)).code == "acme-rate-limited"


def test_a_person_is_given_the_address_to_open() -> None:
    body = b'{"type": "urn:ietf:params:acme:error:userActionRequired", "detail": "new terms"}'
    error = problem_of(Response(403, {"link": '<https://ca.example.net/tos>;rel="terms-of-service"'}, body))
    assert "https://ca.example.net/tos" in error.message


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff", b"[" * 100_000])
def test_what_is_no_problem_document_is_told_by_its_status(body: bytes) -> None:
    assert "418" in problem_of(Response(418, {}, body)).message
    with pytest.raises(NetworkError) as caught:
        parse_object(Response(200, {}, body), "order")
    assert caught.value.code == "acme-malformed"


def test_what_the_server_says_cannot_paint_the_terminal() -> None:
    told = describe({"type": "urn:ietf:params:acme:error:dns", "detail": "a\x1b[31mb\nc" + "x" * 9000})
    assert "\x1b" not in told
    assert "\n" not in told
    assert len(told) < 1000


def test_strange_shapes_are_survived() -> None:
    assert describe({"type": 5, "detail": None, "subproblems": [1, {"identifier": "x"}]})
