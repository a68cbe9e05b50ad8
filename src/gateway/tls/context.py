"""Everything TLS that new handshakes use, as one frozen object.

Contexts are built once, from proven material, and never changed: a swap builds another :class:`TlsContexts` and
assigns it. A handshake in progress keeps the one it began with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from edgecert.shared.errors import EdgecertError, MaterialError
from edgecert.shared.identity import verify_identity
from edgecert.shared.names import normalise_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgecert.shared.bundle import Bundle, BundleMeta
    from gateway.tls.trust import TrustStore


ALPN: Final = b"xmpp-server"  # XEP-0368 §4
_CIPHERS: Final = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!eNULL"
_OPTIONS: Final = (
    SSL.OP_NO_COMPRESSION
    | SSL.OP_NO_RENEGOTIATION
    | SSL.OP_NO_TICKET
    | SSL.OP_CIPHER_SERVER_PREFERENCE
    | SSL.OP_SINGLE_DH_USE
    | SSL.OP_SINGLE_ECDH_USE
)


@dataclass(frozen=True, slots=True)
class Serving:
    """One certificate in service: which generation of which lineage, and the contexts that present it."""

    meta: BundleMeta
    starttls: SSL.Context
    direct: SSL.Context
    client: SSL.Context


@dataclass(frozen=True, slots=True)
class TlsContexts:
    """What both directions use for a new handshake: the default, the map by domain, trust, and the generations."""

    serving: tuple[Serving, ...]
    """In order of preference; the first is the default without SNI."""
    by_domain: Mapping[str, Serving]
    """For each served domain the first certificate that covers it."""
    trust: TrustStore

    @property
    def generations(self) -> Mapping[str, int]:
        """Which generation of each lineage is in service."""
        return {item.meta.name: item.meta.generation for item in self.serving}

    @property
    def available(self) -> bool:
        """Whether there is any certificate at all."""
        return bool(self.serving)

    def find(self, domain: str | None) -> Serving | None:
        """Give what is presented for ``domain``; the default for None and for a domain that nothing covers."""
        if domain is not None and domain in self.by_domain:
            return self.by_domain[domain]
        return self.serving[0] if self.serving else None

    def domains_of(self, name: str) -> tuple[str, ...]:
        """Give the served domains for which the lineage ``name`` is presented."""
        return tuple(domain for domain, item in self.by_domain.items() if item.meta.name == name)


def covers(bundle: Bundle, domain: str) -> bool:
    """Whether the leaf of ``bundle`` carries a name for ``domain``."""
    try:
        verify_identity(bundle.leaf, domain)
    except EdgecertError:
        return False
    return True


def build_contexts(bundles: Sequence[Bundle], *, domains: Sequence[str], trust: TrustStore) -> TlsContexts:
    """Build everything anew from ``bundles`` in order of preference.

    Raises:
        MaterialError: OpenSSL does not take a key or a certificate; nothing was changed.
    """
    by_domain: dict[str, Serving] = {}
    serving = tuple(_build_serving(bundle, _sni_callback(by_domain)) for bundle in bundles)
    for domain in domains:
        for item, bundle in zip(serving, bundles, strict=True):
            if covers(bundle, domain):
                by_domain[domain] = item
                break
    return TlsContexts(serving, by_domain, trust)


def _build_serving(bundle: Bundle, choose_by_sni: Callable[[SSL.Connection], None]) -> Serving:
    key = _load_key(bundle)
    starttls, direct, client = (_build_context(bundle, key) for _ in range(3))
    direct.set_tlsext_servername_callback(choose_by_sni)
    direct.set_alpn_select_callback(_select_alpn)
    return Serving(bundle.meta, starttls, direct, client)


def _load_key(bundle: Bundle) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    # `verify_material` has proven the key; testing an RSA key's primes once more would make handshakes wait.
    key = load_pem_private_key(bundle.key.reveal(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise MaterialError("the key is neither RSA nor ECDSA", code="key-unsupported")
    return key


def _build_context(bundle: Bundle, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> SSL.Context:
    """Make one context.

    Every context of ours comes from here: on a server the one that a connection began with decides on verification,
    whatever context the server name leads to, so all must be alike.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    # A resumed session would carry an identity past a change of certificate or policy.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_cipher_list(_CIPHERS)
    # Ask for the peer's certificate and never abort: `gateway.tls.identity` judges, after the handshake.
    context.set_verify(SSL.VERIFY_PEER, _accept_any)
    context.set_app_data(bundle.meta)
    try:
        context.use_certificate(bundle.leaf)
        for certificate in bundle.certificates[1:]:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(key)
        context.check_privatekey()
    except SSL.Error as error:
        message = f"OpenSSL does not take generation {bundle.meta.generation} of {bundle.meta.name}: {error}"
        raise MaterialError(message, code="key-mismatch") from error
    return context


def _accept_any(*_: object) -> bool:
    return True


def _sni_callback(by_domain: Mapping[str, Serving]) -> Callable[[SSL.Connection], None]:
    def choose(connection: SSL.Connection) -> None:
        name = connection.get_servername()
        if not name:
            return
        try:
            domain = normalise_domain(name.decode("ascii"))
        except (EdgecertError, ValueError):
            return
        chosen = by_domain.get(domain)
        if chosen is not None:
            connection.set_context(chosen.direct)

    return choose


def _select_alpn(_: SSL.Connection, offered: list[bytes]) -> bytes | SSL._NoOverlappingProtocols:
    # RFC 7301 wants an alert when nothing overlaps; probes and old peers that offer something else are let on.
    return ALPN if ALPN in offered else SSL.NO_OVERLAPPING_PROTOCOLS
