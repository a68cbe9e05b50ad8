from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.issuers.acme.problems import AcmeProblemError
from edgecert.issuers.acme.renewalinfo import fetch_renewal_info, parse_renewal_info
from edgecert.issuers.acme.transport import Response
from edgecert.model.renewalinfo import certificate_id
from edgecert.shared.errors import NetworkError
from tests.support.acmeca import Window
from tests.support.acmeparts import an_order

if TYPE_CHECKING:
    from tests.support.acmeparts import Parts

START, END = "2026-12-01T00:00:00Z", "2026-12-03T00:00:00Z"


def answer(document: object, headers: dict[str, str] | None = None) -> Response:
    return Response(200, headers or {}, json.dumps(document).encode())


def seconds(text: str) -> float | None:
    return float(text) if text else None


def test_the_ca_says_when_it_wants_its_own_certificate_renewed(parts: Parts) -> None:
    leaf = parts.issuer().issue(an_order("sip.contoso.com")).certificates[0]
    name, now = certificate_id(leaf), parts.clock.now()
    parts.server.ca.windows[name] = Window(now, now + timedelta(days=1), "https://ca.example.net/why")
    info = fetch_renewal_info(parts.server, parts.server.url, name, retry_after=parts.patience().retry_after)
    assert info is not None
    assert (info.start, info.end) == (now.replace(microsecond=0), (now + timedelta(days=1)).replace(microsecond=0))
    assert info.explanation_url == "https://ca.example.net/why"
    assert info.retry_after is not None
    with pytest.raises(AcmeProblemError):
        fetch_renewal_info(parts.server, parts.server.url, "a.b", retry_after=parts.patience().retry_after)


def test_a_ca_without_it_says_nothing(parts: Parts) -> None:
    parts.server.ari = False
    assert fetch_renewal_info(parts.server, parts.server.url, "a.b", retry_after=seconds) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"suggestedWindow": {}},
        {"suggestedWindow": {"start": END, "end": START}},
        {"suggestedWindow": {"start": "soon", "end": END}},
        [],
    ],
)
def test_what_cannot_be_read_is_the_cas_fault(document: object) -> None:
    with pytest.raises(NetworkError) as caught:
        parse_renewal_info(answer(document), seconds)
    assert caught.value.code == "acme-malformed"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x\x1b[2J", 5, None])
def test_an_explanation_that_is_no_address_is_not_shown(url: object) -> None:
    document = {"suggestedWindow": {"start": START, "end": END}, "explanationURL": url}
    assert parse_renewal_info(answer(document), seconds).explanation_url == ""


def test_when_to_ask_again_is_in_the_header() -> None:
    document = {"suggestedWindow": {"start": START, "end": END}}
    assert parse_renewal_info(answer(document, {"retry-after": "21600"}), seconds).retry_after == timedelta(hours=6)
    assert parse_renewal_info(answer(document), seconds).retry_after is None
