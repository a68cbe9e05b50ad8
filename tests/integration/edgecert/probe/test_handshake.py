from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.probe.handshake import HandshakeProber, parse_address
from edgecert.shared.certfacts import fingerprint_sha256, serial_hex
from edgecert.shared.errors import NetworkError
from tests.support.listeners import FEATURES, HEADER, Listener
from tests.support.pki import Pki

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "contoso.example"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.create(tmp_path_factory.mktemp("pki"))


def test_starttls_gives_what_is_served_with_its_chain(pki: Pki) -> None:
    material = pki.issue([DOMAIN])
    with Listener(material) as listener:
        served = HandshakeProber().probe(listener.address, "xmpp-s2s", DOMAIN, timeout=30)
    assert served.fingerprint_sha256 == fingerprint_sha256(material.cert)
    assert served.serial == serial_hex(material.cert)
    assert served.tls_version == "TLSv1.3"
    assert tuple(x509.load_der_x509_certificate(der) for der in served.certificates) == material.certificates
    assert b"from" not in listener.heard[0]


def test_direct_tls_asks_for_the_server_protocol(pki: Pki) -> None:
    material = pki.issue([DOMAIN])
    with Listener(material, answers=(), alpn=("xmpp-client", "xmpp-server")) as listener:
        served = HandshakeProber().probe(listener.address, "xmpps-s2s", DOMAIN, timeout=30)
    assert served.fingerprint_sha256 == fingerprint_sha256(material.cert)
    assert listener.alpn_chosen == ["xmpp-server"]


def test_plain_tls_sees_expired_and_misnamed_certificates_too(pki: Pki) -> None:
    material = pki.expired(["other.example"])
    with Listener(material, answers=()) as listener:
        served = HandshakeProber().probe(listener.address, "tls", DOMAIN, timeout=30)
    assert served.fingerprint_sha256 == fingerprint_sha256(material.cert)


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(NetworkError) as caught:
        HandshakeProber().probe(address, "xmpp-s2s", DOMAIN, timeout=30)
    assert caught.value.code == "unreachable"


def test_a_listener_that_says_nothing_runs_into_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        for protocol in ("xmpp-s2s", "tls"):
            with pytest.raises(NetworkError) as caught:
                HandshakeProber().probe(address, protocol, DOMAIN, timeout=0.2)
            assert caught.value.code == "probe-timeout"


def test_no_starttls_and_no_tls_are_told_apart(pki: Pki) -> None:
    material = pki.issue([DOMAIN])
    bare = HEADER + b"<stream:features/>"
    with Listener(material, answers=(bare, b"")) as listener, pytest.raises(NetworkError) as caught:
        HandshakeProber().probe(listener.address, "xmpp-s2s", DOMAIN, timeout=30)
    assert caught.value.code == "no-starttls"
    with Listener(material, answers=(HEADER + FEATURES,)) as listener, pytest.raises(NetworkError) as caught:
        HandshakeProber().probe(listener.address, "tls", DOMAIN, timeout=30)
    assert caught.value.code == "no-tls"


def test_addresses_are_read_as_people_write_them() -> None:
    assert parse_address("[::1]:5269") == ("::1", 5269)
    assert parse_address("127.0.0.1:5269") == ("127.0.0.1", 5269)
    for wrong in ("127.0.0.1", "host:", ":5269", "host:xmpp"):
        with pytest.raises(NetworkError):
            parse_address(wrong)


@pytest.mark.parametrize(("address", "domain"), [("127.0.0.1:99999", DOMAIN), (f"{'a' * 70}.example:1", DOMAIN)])
def test_what_cannot_be_asked_is_unreachable_too(address: str, domain: str) -> None:
    with pytest.raises(NetworkError) as caught:
        HandshakeProber().probe(address, "tls", domain, timeout=30)
    assert caught.value.code == "unreachable"


def test_a_name_that_tls_cannot_carry_is_no_crash(pki: Pki) -> None:
    with Listener(pki.issue([DOMAIN]), answers=()) as listener, pytest.raises(NetworkError):
        HandshakeProber().probe(listener.address, "tls", ".leading.dot", timeout=30)


def test_what_is_served_and_is_no_certificate_is_told(pki: Pki) -> None:
    material = pki.issue([DOMAIN])
    # OpenSSL presents a certificate of a version that there is not.
    der = material.cert.public_bytes(Encoding.DER).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020103"), 1)
    odd = replace(material, cert_pem=ssl.DER_cert_to_PEM_cert(der).encode())
    with Listener(odd, answers=()) as listener, pytest.raises(NetworkError, match="no certificate") as caught:
        HandshakeProber().probe(listener.address, "tls", DOMAIN, timeout=30)
    assert caught.value.code == "no-tls"


def test_an_unknown_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="smtp"):
        HandshakeProber().probe("127.0.0.1:25", "smtp", DOMAIN, timeout=1)
