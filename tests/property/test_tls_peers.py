"""Peers that ask of TLS what must not be given; the standard library is one of them, as an independent client."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from OpenSSL import SSL

from gateway.tls.channel import TlsChannel, TlsFailedError
from gateway.tls.context import build_contexts
from gateway.tls.trust import TrustStore
from tests.support.pki import Pki

if TYPE_CHECKING:
    from gateway.tls.context import TlsContexts

DOMAIN = "contoso.example"


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> TlsContexts:
    issued = Pki.create(tmp_path_factory.mktemp("pki")).issue([DOMAIN])
    return build_contexts([issued.bundle()], domains=[DOMAIN], trust=TrustStore(()))


class Client:
    """A client of the standard library over memory."""

    def __init__(self, version: ssl.TLSVersion, before: Client | None = None) -> None:
        session: ssl.SSLSession | None = before.tls.session if before is not None else None
        self.context: ssl.SSLContext = before.context if before is not None else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        self.context.minimum_version = self.context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: ssl.SSLObject = self.context.wrap_bio(
            self.incoming, self.outgoing, server_hostname=DOMAIN, session=session
        )

    def shake(self, server: TlsChannel) -> None:
        for _ in range(10):
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                server.receive_data(self.outgoing.read())
                break
            server.receive_data(self.outgoing.read())
            self.incoming.write(server.data_to_send())
        self.incoming.write(server.data_to_send())


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_what_is_older_than_tls_1_2_is_refused(contexts: TlsContexts, version: str) -> None:
    server = TlsChannel.server(contexts, DOMAIN)
    with pytest.raises(TlsFailedError):
        Client(ssl.TLSVersion[version]).shake(server)
    assert not server.handshake_done


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_carries_an_identity_into_another_connection(contexts: TlsContexts, version: ssl.TLSVersion) -> None:
    server = TlsChannel.server(contexts, DOMAIN)
    client = Client(version)
    client.shake(server)
    assert server.handshake_done
    server.send(b"x")
    client.incoming.write(server.data_to_send())
    assert client.tls.read() == b"x"
    again = TlsChannel.server(contexts, DOMAIN)
    second = Client(version, client)
    second.shake(again)
    assert again.handshake_done
    assert second.tls.session_reused is False


def test_nothing_is_compressed(contexts: TlsContexts) -> None:
    server, client = TlsChannel.server(contexts, DOMAIN), Client(ssl.TLSVersion.TLSv1_2)
    client.shake(server)
    assert client.tls.compression() is None


def test_a_peer_cannot_make_us_shake_hands_again_and_again(contexts: TlsContexts) -> None:
    """CVE-2009-3555, CVE-2011-1473, CVE-2021-32920: TLS 1.2 lets a client ask; the answer is no, and costs nothing."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    client, server = SSL.Connection(context, None), TlsChannel.server(contexts, DOMAIN)
    client.set_connect_state()

    def exchange() -> None:
        for _ in range(10):
            with suppress(SSL.WantReadError):
                client.do_handshake()
            with suppress(SSL.WantReadError):
                server.receive_data(client.bio_read(65536))
            if server.handshake_done:
                assert server.read() == b""
            if answer := server.data_to_send():
                client.bio_write(answer)

    exchange()
    assert server.version == "TLSv1.2"
    assert client.renegotiate()
    with pytest.raises(SSL.Error, match="renegotiation"):
        exchange()
    assert server.handshake_done
