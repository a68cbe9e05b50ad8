from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from edgecert.model.renewalinfo import DEFAULT, LATEST, SOONEST, RenewalInfo, ask_again, certificate_id, pick_time

if TYPE_CHECKING:
    from pathlib import Path

from tests.support.pki import Pki

NOW = datetime(2026, 11, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_leaf(serial: int, key_identifier: bytes | None) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(NOW)
        .not_valid_after(NOW + HOUR)
    )
    if key_identifier is not None:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(key_identifier, None, None), critical=False)
    return builder.sign(key, hashes.SHA256())


def test_the_name_is_that_of_the_rfcs_example() -> None:
    # RFC 9773 §4.1; the zero octet of the serial 00:87:65:43:21 is part of the DER content.
    key_identifier = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    assert certificate_id(a_leaf(0x87654321, key_identifier)) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


def test_a_serial_without_a_high_bit_has_no_zero_octet() -> None:
    assert certificate_id(a_leaf(0x7765, b"k")).partition(".")[2] == "d2U"


def test_a_certificate_without_a_key_identifier_has_no_name(tmp_path: Path) -> None:
    assert certificate_id(a_leaf(1, None)) == ""
    assert certificate_id(Pki.create(tmp_path).issue(["contoso.com"]).cert).count(".") == 1


@given(st.floats(0, 1))
def test_what_is_picked_lies_in_the_window(fraction: float) -> None:
    info = RenewalInfo(NOW, NOW + HOUR)
    assert info.start <= pick_time(info, fraction=fraction) <= info.end


@pytest.mark.parametrize(
    ("told", "wait"),
    [(None, DEFAULT), (timedelta(seconds=1), SOONEST), (HOUR, HOUR), (timedelta(days=90), LATEST)],
)
def test_the_ca_is_asked_again_when_it_says_within_reason(told: timedelta | None, wait: timedelta) -> None:
    assert ask_again(RenewalInfo(NOW, NOW, "", told), now=NOW) == NOW + wait
    assert ask_again(None, now=NOW) == NOW + DEFAULT
