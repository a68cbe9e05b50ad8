"""Whatever is handed to ``import``, the answer is a certificate or a reason, never a traceback."""

from __future__ import annotations

from typing import Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from edgecert.model.answer import compare_names, parse_answer
from edgecert.model.keys import describe_key, load_key
from edgecert.shared.chain import order_chain, spki_sha256, verify_leaf, verify_trust
from edgecert.shared.errors import EdgecertError
from edgecert.shared.identity import matches_domain
from edgecert.shared.secret import Secret
from tests.support.pki import Issued, Pki, now

PASSWORD: Final = Secret(b"p")
EDITS: Final = st.tuples(st.floats(0, 0.9999), st.integers(0, 255), st.sampled_from("sid"))
NAMES: Final = ["contoso.example", "xmpp:contoso.example", "ip:127.0.0.1"]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def issued(pki: Pki) -> Issued:
    return pki.issue(NAMES, common_name="contoso.example")


@pytest.fixture(scope="module")
def forms(issued: Issued) -> tuple[bytes, ...]:
    key = load_key(Secret(issued.key_pem))
    quick = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(PASSWORD.reveal())
    return (
        issued.cert.public_bytes(Encoding.DER),
        issued.key_pem + issued.fullchain_pem,
        pkcs7.serialize_certificates(list(issued.certificates), Encoding.DER),
        pkcs7.serialize_certificates(list(issued.certificates), Encoding.PEM),
        pkcs12.serialize_key_and_certificates(b"x", key, issued.cert, issued.chain, NoEncryption()),
        pkcs12.serialize_key_and_certificates(b"x", key, issued.cert, issued.chain, quick),
    )


def take(data: bytes, pki: Pki, issued: Issued) -> None:
    try:
        answer = parse_answer(data, password=PASSWORD)
        for certificate in answer.certificates:
            describe_key(certificate.public_key())
        spki = spki_sha256(issued.cert.public_key())
        chain = order_chain(spki, answer.certificates, extra=[pki.intermediate.cert, pki.root.cert])
        verify_leaf(chain, now=now())
        verify_trust(chain, [pki.root.cert], now=now())
        compare_names([], chain.leaf)
        matches_domain(chain.leaf, "contoso.example")
    except EdgecertError as error:
        assert error.code  # noqa: PT017  # either outcome is right
        assert error.hint  # noqa: PT017  # as above


@given(data=st.binary(max_size=200))
def test_any_bytes(data: bytes, pki: Pki, issued: Issued) -> None:
    take(data, pki, issued)


@given(
    form=st.integers(0, 5),
    edits=st.lists(
        st.tuples(st.floats(0, 0.9999), st.integers(0, 255), st.sampled_from("sid")), min_size=1, max_size=4
    ),
)
def test_any_damage(
    form: int, edits: list[tuple[float, int, str]], forms: tuple[bytes, ...], pki: Pki, issued: Issued
) -> None:
    data = bytearray(forms[form])
    for place, value, kind in edits:
        at = int(place * len(data))
        data[at : at + (kind != "i")] = b"" if kind == "d" else bytes([value])
    take(bytes(data), pki, issued)
