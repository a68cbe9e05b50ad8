from __future__ import annotations

from itertools import permutations

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7

from edgecert.model.answer import compare_names, parse_answer
from edgecert.model.findings import Severity
from edgecert.model.keys import load_key
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import DnsName, GeneralName, XmppAddr
from edgecert.shared.secret import Secret
from tests.support.pki import Issued, Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def issued(pki: Pki) -> Issued:
    return pki.issue(["sip.contoso.example", "contoso.example", "xmpp:contoso.example"])


def test_reads_pem_in_any_order_with_a_key_among_it(issued: Issued) -> None:
    for parts in permutations((issued.key_pem, issued.cert_pem, issued.chain_pem)):
        answer = parse_answer(b"".join(parts))
        assert set(answer.certificates) == set(issued.certificates)
        assert answer.key is not None
        assert answer.key.public_key() == issued.cert.public_key()


def test_reads_der_and_pkcs7_without_a_key(issued: Issued) -> None:
    der = issued.cert.public_bytes(Encoding.DER)
    assert parse_answer(der).certificates == (issued.cert,)
    answer = parse_answer(pkcs7.serialize_certificates(list(issued.certificates), Encoding.DER))
    assert set(answer.certificates) == set(issued.certificates)
    assert answer.key is None
    assert answer.friendly_name == ""


def test_opens_an_encrypted_key_within_pem(issued: Issued) -> None:
    key = load_key(Secret(issued.key_pem))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"right")) + issued.cert_pem
    answer = parse_answer(pem, password=Secret(b"right"))
    assert answer.key is not None
    assert answer.key.public_key() == key.public_key()
    for password, code in ((Secret(b"wrong"), "wrong-password"), (None, "encrypted-key")):
        with pytest.raises(MaterialError) as caught:
            parse_answer(pem, password=password)
        assert caught.value.code == code


def test_same_names_in_any_order_are_no_finding(issued: Issued) -> None:
    planned: list[GeneralName] = [
        XmppAddr("contoso.example"),
        DnsName("contoso.example"),
        DnsName("sip.contoso.example"),
    ]
    assert compare_names(planned, issued.cert) == ()


def test_names_that_are_missing_and_names_that_were_added_are_told_apart(issued: Issued) -> None:
    planned = [DnsName("sip.contoso.example"), DnsName("contoso.example"), DnsName("im.contoso.example")]
    missing, added = compare_names(planned, issued.cert)
    assert (missing.code, missing.severity, missing.names) == ("name-missing", Severity.ERROR, ("im.contoso.example",))
    assert (added.code, added.severity, added.names) == ("name-added", Severity.WARNING, ("xmpp:contoso.example",))
