"""The tests' ACME server refuses what a strict CA refuses: else tests against it would prove little."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from acme import jws
from cryptography.hazmat.primitives.serialization import Encoding
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from edgecert.issuers.acme.transport import HttpsTransport
from edgecert.model.keys import generate_key
from edgecert.shared.errors import NetworkError
from tests.support.acmeca import PROFILES, Window, certificate_id
from tests.support.acmefaults import Fault, Planned
from tests.support.acmejose import b64, unb64
from tests.support.acmeparts import Parts, an_order
from tests.support.acmesocket import serving
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from edgecert.issuers.acme.transport import Response


def new_key() -> JWKEC:
    return JWKEC(key=generate_key("ecdsa", 256))


def public(key: JWKEC) -> dict[str, Any]:
    return dict(json.loads(key.public_key().json_dumps()))


class Talker:
    """Says to the server whatever a test wants, properly signed unless the test wants otherwise."""

    def __init__(self, parts: Parts) -> None:
        self.server = parts.server
        self.key = JWKEC(key=parts.files.key())
        self.kid = parts.account().url

    def nonce(self) -> bytes:
        return unb64(self.server.send("HEAD", f"{self.server.base}/newNonce", {}).headers["replay-nonce"])

    def say(self, path: str, payload: object, *, key: JWKEC | None = None, kid: str | None = "") -> Response:
        url = f"{self.server.base}{path}"
        data = json.dumps(payload).encode() if payload is not None else b""
        signed = jws.JWS.sign(data, key or self.key, ES256, self.nonce(), url, self.kid if kid == "" else kid)
        headers = {"Content-Type": "application/jose+json"}
        return self.server.send("POST", url, headers, signed.json_dumps().encode())


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path)


@pytest.fixture
def talker(parts: Parts) -> Talker:
    return Talker(parts)


def kind(response: Response) -> tuple[int, str]:
    return response.status, json.loads(response.body)["type"].rpartition(":")[2]


def an_order_for(*names: str, **more: Any) -> dict[str, Any]:
    return {"identifiers": [{"type": "dns", "value": name} for name in names], **more}


def issued(parts: Parts, *names: str) -> x509.Certificate:
    return parts.issuer().issue(an_order(*names)).certificates[0]


def test_a_nonce_serves_once_and_a_url_is_signed(talker: Talker) -> None:
    url, nonce = f"{talker.server.base}/newOrder", talker.nonce()
    payload = json.dumps(an_order_for("a.contoso.com")).encode()
    body = jws.JWS.sign(payload, talker.key, ES256, nonce, url, talker.kid).json_dumps().encode()
    headers = {"Content-Type": "application/jose+json"}
    assert talker.server.send("POST", url, headers, body).status == 201
    assert kind(talker.server.send("POST", url, headers, body)) == (400, "badNonce")
    elsewhere = f"{talker.server.base}/revokeCert"
    assert kind(talker.server.send("POST", elsewhere, headers, body)) == (403, "unauthorized")
    assert kind(talker.server.send("POST", url, {}, body)) == (415, "malformed")
    assert kind(talker.server.send("GET", url, {})) == (405, "malformed")


def test_a_signature_of_another_key_is_refused(talker: Talker) -> None:
    other = new_key()
    assert kind(talker.say("/newOrder", an_order_for("a.contoso.com"), key=other)) == (400, "malformed")
    assert kind(talker.say("/newOrder", an_order_for("a.contoso.com"), kid=None)) == (400, "malformed")


@pytest.mark.parametrize(
    ("payload", "answer"),
    [
        ({"identifiers": []}, (400, "malformed")),
        (an_order_for("a.contoso.com", "a.contoso.com"), (400, "malformed")),
        (an_order_for("A.contoso.com"), (400, "malformed")),
        (an_order_for("a.contoso.com", notBefore="2026-11-01T00:00:00Z"), (400, "malformed")),
        (an_order_for("a.contoso.com", profile="gold"), (400, "invalidProfile")),
        (an_order_for("bad.contoso.com"), (400, "rejectedIdentifier")),
        (an_order_for(*(f"h{number}.contoso.com" for number in range(26)), profile="tlsserver"), (400, "malformed")),
        (
            {"identifiers": [{"type": "ip", "value": "192.0.2.1"}], "profile": "tlsserver"},
            (400, "unsupportedIdentifier"),
        ),
        (an_order_for("a.contoso.com", replaces="AAAA.AAAA"), (404, "malformed")),
    ],
)
def test_orders_that_no_ca_takes(talker: Talker, payload: dict[str, Any], answer: tuple[int, str]) -> None:
    talker.server.profiles, talker.server.rejected = PROFILES, frozenset({"bad.contoso.com"})
    assert kind(talker.say("/newOrder", payload)) == answer


def test_a_certificate_is_replaced_once_and_by_an_order_with_one_of_its_names(parts: Parts, talker: Talker) -> None:
    identifier = certificate_id(issued(parts, "sip.contoso.com"))
    other = talker.say("/newOrder", an_order_for("www.contoso.com", replaces=identifier))
    assert kind(other) == (400, "malformed")
    first = talker.say("/newOrder", an_order_for("sip.contoso.com", replaces=identifier))
    assert first.status == 201
    again = talker.say("/newOrder", an_order_for("sip.contoso.com", replaces=identifier))
    assert kind(again) == (409, "alreadyReplaced")
    talker.server.objects[first.headers["location"].removeprefix(f"{talker.server.base}/")]["status"] = "invalid"
    assert talker.say("/newOrder", an_order_for("sip.contoso.com", replaces=identifier)).status == 201


def test_a_limit_that_replacing_does_not_count_against(parts: Parts, talker: Talker) -> None:
    talker.server.duplicate_limit = 1
    identifier = certificate_id(issued(parts, "sip.contoso.com"))
    limited = talker.say("/newOrder", an_order_for("sip.contoso.com"))
    assert (kind(limited), limited.headers["retry-after"]) == ((429, "rateLimited"), "86400")
    assert talker.say("/newOrder", an_order_for("sip.contoso.com", replaces=identifier)).status == 201


def test_renewal_information(parts: Parts, talker: Talker) -> None:
    leaf = issued(parts, "sip.contoso.com")
    url = f"{talker.server.base}/renewalInfo/{certificate_id(leaf)}"
    answer = talker.server.send("GET", url, {})
    assert answer.headers["retry-after"] == "21600"
    window = json.loads(answer.body)["suggestedWindow"]
    assert window["start"] < window["end"] < leaf.not_valid_after_utc.isoformat()
    moment = parts.clock.now()
    talker.server.ca.every_window = Window(moment - timedelta(days=2), moment, "https://ca.example.net/why")
    assert json.loads(talker.server.send("GET", url, {}).body)["explanationURL"] == "https://ca.example.net/why"
    assert kind(talker.server.send("GET", f"{talker.server.base}/renewalInfo/AAAA.AAAA", {})) == (404, "malformed")


def test_revoked_by_its_account_or_its_own_key_and_by_nobody_else(parts: Parts, talker: Talker) -> None:
    order = an_order("sip.contoso.com")
    leaf = parts.issuer().issue(order).certificates[0]
    payload = {"certificate": b64(leaf.public_bytes(Encoding.DER)), "reason": 1}
    stranger = new_key()
    assert kind(talker.say("/revokeCert", payload, key=stranger, kid=None)) == (403, "unauthorized")
    assert kind(talker.say("/revokeCert", {**payload, "reason": 7})) == (400, "badRevocationReason")
    assert talker.say("/revokeCert", payload).status == 200
    assert kind(talker.say("/revokeCert", payload)) == (400, "alreadyRevoked")
    assert talker.server.ca.find(leaf).revoked == 1


def test_an_account_gets_another_key_when_both_sign(talker: Talker) -> None:
    new = new_key()
    url = f"{talker.server.base}/keyChange"

    def inner(signer: JWKEC, account: str, old: object) -> dict[str, str]:
        header = {"alg": "ES256", "jwk": public(new), "url": url}
        signed = {
            "protected": b64(json.dumps(header).encode()),
            "payload": b64(json.dumps({"account": account, "oldKey": old}).encode()),
        }
        raw = ES256.sign(signer.key, f"{signed['protected']}.{signed['payload']}".encode())
        return {**signed, "signature": b64(raw)}

    old = public(talker.key)
    assert kind(talker.say("/keyChange", inner(talker.key, talker.kid, old))) == (400, "malformed")
    assert kind(talker.say("/keyChange", inner(new, "https://ca.example.net/account/9", old))) == (400, "malformed")
    assert talker.say("/keyChange", inner(new, talker.kid, old)).status == 200
    assert kind(talker.say("/newOrder", an_order_for("a.contoso.com"))) == (400, "malformed")
    assert talker.say("/newOrder", an_order_for("a.contoso.com"), key=new).status == 201


def test_over_tls_it_is_the_same_server(parts: Parts) -> None:
    with loopback_net() as net, serving(parts.server, f"{net}1") as server:
        transport = HttpsTransport(server.pki.ca_file, timeout=0.2)
        assert "newOrder" in json.loads(transport.send("GET", server.url, {}).body)
        for fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.HOLD_BEFORE, Fault.HOLD_AFTER):
            server.faults = planned = Planned(fault, times=2)  # a connection that was kept is made anew once
            with pytest.raises(NetworkError, match="no answer"):
                transport.send("GET", server.url, {})
            assert planned.happened
            planned.times = 0
            assert transport.send("GET", server.url, {}).status == 200
        transport.close()
