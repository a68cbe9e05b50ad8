from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.shared.errors import MaterialError
from gateway.tls.channel import TlsChannel, TlsFailedError
from gateway.tls.context import TlsContexts, build_contexts
from gateway.tls.identity import PeerCertificateError, PeerFault
from gateway.tls.trust import TrustStore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pki import Issued, Pki


@pytest.fixture
def contexts(contoso: Issued, fabrikam: Issued) -> TlsContexts:
    bundles = [contoso.bundle("contoso", 3), fabrikam.bundle("fabrikam", 8)]
    return build_contexts(bundles, domains=["contoso.example", "fabrikam.example"], trust=TrustStore(()))


def shake(client: TlsChannel, server: TlsChannel) -> None:
    for _ in range(10):
        if client.handshake_done and server.handshake_done:
            return
        server.receive_data(client.data_to_send())
        client.receive_data(server.data_to_send())
    message = "the handshake does not end"
    raise AssertionError(message)


def connect(contexts: TlsContexts, peer: str = "contoso.example") -> tuple[TlsChannel, TlsChannel]:
    client = TlsChannel.client(contexts, "fabrikam.example", peer)
    server = TlsChannel.server(contexts, peer)
    shake(client, server)
    return client, server


def test_both_sides_show_leaf_and_intermediate_once(contexts: TlsContexts, contoso: Issued, fabrikam: Issued) -> None:
    client, server = connect(contexts)
    assert client.peer_chain == contoso.certificates
    assert server.peer_chain == fabrikam.certificates
    assert client.version == server.version == "TLSv1.3"
    assert server.generation == ("contoso", 3)
    assert client.generation == ("fabrikam", 8)


def test_a_certificate_that_openssl_would_refuse_does_not_end_the_handshake(pki: Pki) -> None:
    names = ["fabrikam.example"]
    self_signed = pki.issue(names, self_signed=True, common_name="x")
    for odd in (pki.expired(names), self_signed, pki.issue(names, eku=["client"])):
        contexts = build_contexts([odd.bundle()], domains=names, trust=TrustStore(()))
        client, server = connect(contexts, "fabrikam.example")
        assert server.peer_chain[0] == client.peer_chain[0] == odd.cert


@pytest.mark.parametrize("oddity", ["version", "date"])
def test_what_openssl_takes_and_is_no_certificate_is_a_fault_of_the_peer(
    contexts: TlsContexts, contoso: Issued, tmp_path: Path, oddity: str
) -> None:
    date = contoso.cert.not_valid_before_utc.strftime("%y%m%d%H%M%SZ").encode()
    wrong = {bytes.fromhex("a003020102"): bytes.fromhex("a003020103")} if oddity == "version" else {date: b"9" * 13}
    ((before, after),) = wrong.items()
    certificate, key = tmp_path / "odd.crt", tmp_path / "odd.key"
    der = contoso.cert.public_bytes(Encoding.DER)
    certificate.write_text(ssl.DER_cert_to_PEM_cert(der.replace(before, after, 1)))
    key.write_bytes(contoso.key_pem)
    server = TlsChannel.server(contexts, "contoso.example")
    shake_with_openssl(server, certificate, key)
    with pytest.raises(PeerCertificateError, match="malformed") as caught:
        _ = server.peer_chain
    assert caught.value.fault is PeerFault.UNTRUSTED


def shake_with_openssl(server: TlsChannel, certificate: Path, key: Path) -> None:
    """Be a client that presents whatever OpenSSL lets it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(certificate, key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    for _ in range(10):
        with suppress(ssl.SSLWantReadError):
            client.do_handshake()
        server.receive_data(outgoing.read())
        incoming.write(server.data_to_send())
        if server.handshake_done:
            return
    message = "the handshake does not end"
    raise AssertionError(message)


def test_direct_tls_follows_the_server_name_and_speaks_alpn(contexts: TlsContexts, fabrikam: Issued) -> None:
    client = TlsChannel.client(contexts, "contoso.example", "fabrikam.example", direct=True)
    server = TlsChannel.server(contexts, None, direct=True)
    shake(client, server)
    assert client.peer_chain == fabrikam.certificates
    assert server.generation == ("fabrikam", 8)
    assert client.alpn == server.alpn == b"xmpp-server"


def test_starttls_presents_for_the_header_and_not_for_the_server_name(contexts: TlsContexts, contoso: Issued) -> None:
    client = TlsChannel.client(contexts, "contoso.example", "fabrikam.example")
    server = TlsChannel.server(contexts, "contoso.example")
    shake(client, server)
    assert client.peer_chain == contoso.certificates


def test_carries_data_both_ways_and_the_end(contexts: TlsContexts) -> None:
    client, server = connect(contexts)
    client.send(b"x" * 100_000)
    server.receive_data(client.data_to_send())
    assert len(server.read(65536)) == 65536
    assert len(server.read(65536)) == 100_000 - 65536
    assert server.read() == b""
    server.send(b"bye")
    server.shutdown()
    client.receive_data(server.data_to_send())
    assert client.read() == b"bye"
    assert client.eof


def test_garbage_instead_of_tls_is_told(contexts: TlsContexts) -> None:
    server = TlsChannel.server(contexts, None)
    with pytest.raises(TlsFailedError, match="TLS failed"):
        server.receive_data(b"<stream:stream xmlns='jabber:server'>" * 10)
    client, server = connect(contexts)
    client.receive_data(b"\x17\x03\x03\x00\x20" + bytes(32))
    with pytest.raises(TlsFailedError):
        client.read()


def test_nothing_to_present_is_an_error() -> None:
    nothing = build_contexts([], domains=[], trust=TrustStore(()))
    with pytest.raises(MaterialError):
        TlsChannel.server(nothing, None)
    with pytest.raises(MaterialError):
        TlsChannel.client(nothing, "contoso.example", "fabrikam.example")


def test_a_broken_record_ends_the_connection_with_its_reason(contexts: TlsContexts) -> None:
    client, server = connect(contexts)
    client.send(b"secret")
    record = bytearray(client.data_to_send())
    record[-1] ^= 1
    server.receive_data(bytes(record))
    with pytest.raises(TlsFailedError) as failed:
        server.read()
    assert str(failed.value)
    with pytest.raises(TlsFailedError):
        server.send(b"more")


def test_what_is_known_of_the_connection_is_told(contexts: TlsContexts) -> None:
    client, server = connect(contexts)
    assert client.cipher == server.cipher != ""
    assert server.alpn == b""
    assert client.read() == b""


def test_shutting_down_before_the_handshake_does_nothing(contexts: TlsContexts) -> None:
    client = TlsChannel.client(contexts, "fabrikam.example", "contoso.example")
    client.shutdown()
    assert not client.eof


def test_the_end_of_the_peer_is_the_end_of_reading(contexts: TlsContexts) -> None:
    client, server = connect(contexts)
    client.shutdown()
    server.receive_data(client.data_to_send())
    assert server.read() == b""
    assert server.eof
    server.shutdown()
    assert server.data_to_send()
