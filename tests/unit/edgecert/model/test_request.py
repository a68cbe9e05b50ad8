from __future__ import annotations

import pytest

from edgecert.model.request import BIT_LENGTHS, CertificateOptions, CertificateRequest
from edgecert.shared.schema import iter_options


@pytest.mark.parametrize(
    ("algorithm", "asked", "bits"), [("rsa", 0, 2048), ("ecdsa", 0, 256), ("rsa", 4096, 4096), ("ecdsa", 384, 384)]
)
def test_the_bit_length_has_a_default_for_each_algorithm(algorithm: str, asked: int, bits: int) -> None:
    options = CertificateOptions(key_algorithm=algorithm, bit_length=asked)  # type: ignore[arg-type]  # one of the two
    assert options.bits == bits


def test_every_length_that_an_algorithm_takes_is_a_choice() -> None:
    choices = next(item.choices for item in iter_options(CertificateRequest) if item.path == "certificate.bit_length")
    assert set(choices) == {0, *(bits for lengths in BIT_LENGTHS.values() for bits in lengths)}


def test_every_key_says_what_it_is_for_in_one_line() -> None:
    for item in iter_options(CertificateRequest):
        assert item.help, item.path
        assert "\n" not in item.help
        assert not item.help.endswith(".")
