"""Who the peer is: chain, validity, purpose and name, judged by ourselves after the handshake.

OpenSSL's own judgement is not asked: it would abort the handshake of a partner whose certificate is for servers only,
which is what public CAs issue now, and a partner proven by other means needs no chain at all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509

from edgecert.shared.certfacts import is_ca, is_self_signed, verify_readable
from edgecert.shared.clock import format_time
from edgecert.shared.errors import EdgecertError
from edgecert.shared.identity import verify_identity
from edgecert.shared.trust import SERVER_PURPOSES
from gateway.tls.constraints import may_vouch_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from edgecert.shared.names import GeneralName
    from gateway.tls.trust import TrustStore


class PeerFault(StrEnum):
    """Why a peer is not who it says."""

    NO_CERTIFICATE = "no-certificate"
    SELF_SIGNED = "self-signed"
    UNTRUSTED = "untrusted"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    PURPOSE = "wrong-purpose"
    CA_AS_LEAF = "ca-as-leaf"
    NAME = "identity-mismatch"


class PeerCertificateError(EdgecertError):
    """The peer's certificate does not prove the domain; ``fault`` says why, the message tells the administrators."""

    code = "peer-certificate"

    def __init__(self, fault: PeerFault, message: str) -> None:
        """Keep ``fault``."""
        super().__init__(message)
        self.fault = fault


def verify_peer(chain: Sequence[x509.Certificate], domain: str, *, trust: TrustStore, now: datetime) -> GeneralName:
    """Give the presented identifier by which ``chain`` (leaf first, as the peer sent it) proves ``domain``.

    In both directions the peer is verified as a *server*: a certificate for servers only is good, one for clients
    only is not (XEP-0178 as the field practises it).

    Raises:
        PeerCertificateError: what is wrong, the most telling fault first.
    """
    if not chain:
        raise PeerCertificateError(PeerFault.NO_CERTIFICATE, "no certificate was presented")
    leaf = chain[0]
    _verify_readable(chain)
    _verify_validity(leaf, now)
    _verify_purpose(leaf)
    path = _verify_trust(chain, trust, now)
    try:
        name = verify_identity(leaf, domain)
    except EdgecertError as error:
        raise PeerCertificateError(PeerFault.NAME, error.message) from error
    if not may_vouch_for(path, name):
        message = f"a CA of the chain may not vouch for {name.text} (name constraints)"
        raise PeerCertificateError(PeerFault.UNTRUSTED, message)
    return name


def _verify_readable(chain: Sequence[x509.Certificate]) -> None:
    for certificate in chain:
        try:
            verify_readable(certificate)
        except EdgecertError as error:
            raise PeerCertificateError(PeerFault.UNTRUSTED, error.message) from error


def _verify_validity(leaf: x509.Certificate, now: datetime) -> None:
    if now > leaf.not_valid_after_utc:
        message = f"the certificate expired at {format_time(leaf.not_valid_after_utc)}"
        raise PeerCertificateError(PeerFault.EXPIRED, message)
    if now < leaf.not_valid_before_utc:
        message = f"the certificate is not valid before {format_time(leaf.not_valid_before_utc)}"
        raise PeerCertificateError(PeerFault.NOT_YET_VALID, message)


def _verify_purpose(leaf: x509.Certificate) -> None:
    if is_ca(leaf):
        raise PeerCertificateError(PeerFault.CA_AS_LEAF, "the certificate is that of a CA, not of a server")
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return  # RFC 5280 §4.2.1.12: without the extension any purpose is meant
    if SERVER_PURPOSES.isdisjoint(purposes):
        message = "the certificate is not for servers (its extended key usage lacks serverAuth)"
        raise PeerCertificateError(PeerFault.PURPOSE, message)


def _verify_trust(chain: Sequence[x509.Certificate], trust: TrustStore, now: datetime) -> tuple[x509.Certificate, ...]:
    try:
        return trust.verify_chain(chain, now=now)
    except EdgecertError as error:
        leaf = chain[0]
        if len(chain) == 1 and is_self_signed(leaf):
            raise PeerCertificateError(PeerFault.SELF_SIGNED, "the certificate is self-signed") from error
        raise PeerCertificateError(PeerFault.UNTRUSTED, error.message) from error
