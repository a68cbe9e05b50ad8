from __future__ import annotations

import json

import pytest

from edgecert.issuers.acme.transport import Response
from edgecert.issuers.acme.wireobjects import new_order, parse_authorization, parse_order, read_location
from edgecert.shared.errors import NetworkError
from edgecert.shared.names import DnsName, IpName, SrvName, parse_name

# Recorded from Let's Encrypt (staging), shortened.
ORDER = {
    "status": "pending",
    "expires": "2026-11-29T16:00:00Z",
    "identifiers": [{"type": "dns", "value": "sip.contoso.com"}],
    "authorizations": ["https://ca/authz/1"],
    "finalize": "https://ca/finalize/1",
}
AUTHORIZATION = {
    "identifier": {"type": "dns", "value": "contoso.com"},
    "status": "pending",
    "expires": "2026-11-29T16:00:00Z",
    "challenges": [
        {"type": "dns-01", "url": "https://ca/chall/1", "status": "pending", "token": "A" * 43},
        {"type": "dns-persist-01", "url": "https://ca/chall/2", "status": "pending", "issuer-domain-names": ["ca"]},
    ],
    "wildcard": True,
}


def answer(document: object) -> Response:
    return Response(200, {}, json.dumps(document).encode())


def test_a_location_is_a_plain_url() -> None:
    good = "https://ca.example/acme/acct/7?x=1&y=%20"
    assert read_location(Response(201, {"location": good}, b""), "account") == good
    for odd in (
        "",
        "http://ca/1",
        "https://ca/1 2",
        'https://ca/"; issue "other',
        "https://ca/1;x",
        "https://",
        "x" * 99,
    ):
        with pytest.raises(NetworkError) as caught:
            read_location(Response(201, {"location": odd}, b""), "account")
        assert caught.value.code == "acme-malformed"


def test_reads_an_order() -> None:
    order = parse_order(answer(ORDER), "https://ca/order/1")
    assert (order.status, order.authorizations, order.certificate) == ("pending", ("https://ca/authz/1",), "")


@pytest.mark.parametrize("change", [{"status": "odd"}, {"finalize": ""}, {"authorizations": []}, {"identifiers": 5}])
def test_refuses_an_order_that_leads_nowhere(change: dict[str, object]) -> None:
    with pytest.raises(NetworkError):
        parse_order(answer({**ORDER, **change}), "https://ca/order/1")


def test_an_order_keeps_its_error_whatever_is_in_it() -> None:
    error = {"type": "urn:ietf:params:acme:error:caa", "identifier": {"type": "odd", "value": "x"}}
    assert parse_order(answer({**ORDER, "status": "invalid", "error": error}), "u").error == error


def test_reads_a_wildcard_with_challenges_that_the_library_does_not_know() -> None:
    authorization = parse_authorization(answer(AUTHORIZATION), "https://ca/authz/1")
    assert authorization.name == DnsName("*.contoso.com")
    assert authorization.identifier == "contoso.com"
    assert [entry.chall.to_partial_json()["type"] for entry in authorization.challenges] == ["dns-01", "dns-persist-01"]
    assert not authorization.answered


def test_reads_an_address_and_the_error_of_its_challenge() -> None:
    error = {"type": "urn:ietf:params:acme:error:connection", "detail": "refused"}
    challenge = {"type": "http-01", "url": "u", "status": "processing", "token": "A" * 43, "error": error}
    document = {"identifier": {"type": "ip", "value": "2001:db8::1"}, "status": "pending", "challenges": [challenge]}
    authorization = parse_authorization(answer(document), "u")
    assert authorization.name == IpName("2001:db8::1")
    assert authorization.errors == {"http-01": error}
    assert authorization.answered


@pytest.mark.parametrize("document", [{}, {**AUTHORIZATION, "challenges": [5]}, {**AUTHORIZATION, "identifier": 5}])
def test_refuses_what_is_no_authorization(document: object) -> None:
    with pytest.raises(NetworkError):
        parse_authorization(answer(document), "u")


def test_asks_for_domains_and_addresses_alone() -> None:
    names = (parse_name("*.bücher.example"), parse_name("192.0.2.1"), SrvName("_xmpp-server", "contoso.com"))
    assert json.loads(new_order(names, "shortlived")) == {
        "identifiers": [{"type": "dns", "value": "*.xn--bcher-kva.example"}, {"type": "ip", "value": "192.0.2.1"}],
        "profile": "shortlived",
    }
    assert "profile" not in json.loads(new_order(names, ""))
