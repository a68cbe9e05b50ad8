from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from OpenSSL import SSL

from edgecert.shared.bundle import Bundle
from edgecert.shared.errors import MaterialError
from edgecert.shared.secret import Secret
from gateway.tls.context import build_contexts, covers
from gateway.tls.trust import TrustStore

if TYPE_CHECKING:
    from tests.support.pki import Issued, Pki

TRUST = TrustStore(())


def test_each_domain_gets_the_first_certificate_that_covers_it(pki: Pki, contoso: Issued, fabrikam: Issued) -> None:
    both = pki.issue(["contoso.example", "fabrikam.example"])
    bundles = [fabrikam.bundle("a"), contoso.bundle("b", 4), both.bundle("c")]
    contexts = build_contexts(bundles, domains=["contoso.example", "fabrikam.example", "litware.example"], trust=TRUST)
    assert contexts.generations == {"a": 1, "b": 4, "c": 1}
    assert contexts.domains_of("a") == ("fabrikam.example",)
    assert contexts.domains_of("b") == ("contoso.example",)
    assert contexts.domains_of("c") == ()
    for domain, name in [("contoso.example", "b"), ("fabrikam.example", "a"), ("litware.example", "a"), (None, "a")]:
        found = contexts.find(domain)
        assert found is not None
        assert found.meta.name == name


def test_without_material_there_is_nothing_to_find() -> None:
    contexts = build_contexts([], domains=["contoso.example"], trust=TRUST)
    assert not contexts.available
    assert contexts.find("contoso.example") is None


def test_a_foreign_key_is_refused(contoso: Issued, fabrikam: Issued) -> None:
    wrong = Bundle(fabrikam.bundle().key, contoso.certificates, contoso.bundle().meta)
    with pytest.raises(MaterialError) as caught:
        build_contexts([wrong], domains=[], trust=TRUST)
    assert caught.value.code == "key-mismatch"


def test_covers_by_any_kind_of_name(contoso: Issued) -> None:
    assert covers(contoso.bundle(), "contoso.example")
    assert not covers(contoso.bundle(), "fabrikam.example")


def test_a_key_of_another_kind_is_refused(contoso: Issued) -> None:
    odd = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(MaterialError) as caught:
        build_contexts([Bundle(Secret(odd), contoso.certificates, contoso.bundle().meta)], domains=[], trust=TRUST)
    assert caught.value.code == "key-unsupported"


@pytest.mark.parametrize("name", [b"a..b", b"\xff", b"stranger.example"])
def test_a_server_name_that_leads_nowhere_gets_the_default(contoso: Issued, name: bytes) -> None:
    contexts = build_contexts([contoso.bundle()], domains=["contoso.example"], trust=TRUST)
    server = SSL.Connection(contexts.serving[0].direct, None)
    client = SSL.Connection(contexts.serving[0].client, None)
    server.set_accept_state()
    client.set_connect_state()
    client.set_tlsext_host_name(name)
    with pytest.raises(SSL.WantReadError):
        client.do_handshake()
    server.bio_write(client.bio_read(65536))
    with pytest.raises(SSL.WantReadError):
        server.do_handshake()
    assert server.get_context() is contexts.serving[0].direct


def test_every_context_resumes_nothing_renegotiates_nothing_and_keeps_no_buffers(contoso: Issued) -> None:
    (serving,) = build_contexts([contoso.bundle()], domains=["contoso.example"], trust=TRUST).serving
    for context in (serving.starttls, serving.direct, serving.client):
        options = context.set_options(0)  # which gives what is set
        for wanted in (SSL.OP_NO_TICKET, SSL.OP_NO_RENEGOTIATION, SSL.OP_NO_COMPRESSION):
            assert options & wanted == wanted
        assert context.set_mode(0) & SSL.MODE_RELEASE_BUFFERS
        assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF
        assert context.get_verify_mode() == SSL.VERIFY_PEER
