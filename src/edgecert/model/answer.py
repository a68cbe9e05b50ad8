"""What a CA answered, in whatever form a person saved it, and how it differs from what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.model.findings import Finding, Severity
from edgecert.model.keys import load_encrypted_key, require_supported
from edgecert.model.pkcs12 import build_pkcs12, is_pkcs12, parse_pkcs12
from edgecert.shared.certfacts import verify_readable
from edgecert.shared.certreader import decode_text, parse_certificates, parse_pem_blocks
from edgecert.shared.errors import MaterialError
from edgecert.shared.names import from_certificate
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from edgecert.model.keys import PrivateKey
    from edgecert.shared.names import GeneralName

__all__ = ["Answer", "build_pkcs12", "compare_names", "parse_answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The certificates of an answer in the order found; the private key and friendly name if it brought them."""

    certificates: tuple[x509.Certificate, ...]
    key: PrivateKey | None = None
    friendly_name: str = ""


def parse_answer(data: bytes, *, password: Secret | None = None) -> Answer:
    """Give what ``data`` holds: PEM in any order (a key may be among it), DER, PKCS#7 as PEM or DER, or PKCS#12.

    Nothing is proven here: which certificate is the leaf, whether a chain stands, whose key it is.

    Raises:
        MaterialError: there is no certificate, with the reason as :func:`parse_certificates` gives it;
            ``password-needed``, ``wrong-password``, ``encrypted-key``, ``unsupported-key``.
    """
    if is_pkcs12(data):
        return _from_pkcs12(data, password)
    return Answer(parse_certificates(data), _key_within(data, password))


def _from_pkcs12(data: bytes, password: Secret | None) -> Answer:
    content = parse_pkcs12(data, password)
    entries = [entry for entry in (content.cert, *content.additional_certs) if entry is not None]
    if not entries:
        message = "the PKCS#12 file holds no certificate"
        raise MaterialError(message, code="key-instead-of-certificate", hint="export it again together with its chain")
    friendly_name = (content.cert.friendly_name if content.cert is not None else None) or b""
    key = require_supported(content.key) if content.key is not None else None
    certificates = tuple(dict.fromkeys(entry.certificate for entry in entries))
    for certificate in certificates:
        verify_readable(certificate)
    return Answer(certificates, key, friendly_name.decode("utf-8", "replace"))


def _key_within(data: bytes, password: Secret | None) -> PrivateKey | None:
    for block in parse_pem_blocks(decode_text(data)):
        if block.is_private_key:
            return load_encrypted_key(Secret(block.text), password=password)
    return None


def compare_names(planned: Sequence[GeneralName], leaf: x509.Certificate) -> tuple[Finding, ...]:
    """Give what differs between the names asked for and those in ``leaf``; nothing when they are the same in any order.

    ``name-missing`` is an error: a service of that name would fail its handshakes. ``name-added`` is a warning: CAs
    add names (such as ``www.``), but they should be looked at.
    """
    issued = from_certificate(leaf)
    missing = tuple(_label(name) for name in planned if name not in issued)
    added = tuple(_label(name) for name in issued if name not in planned)
    findings = []
    if missing:
        message = f"the certificate lacks names that were asked for: {', '.join(missing)}"
        hint = "ask the CA why; take it as it is with --accept-names"
        findings.append(Finding("name-missing", Severity.ERROR, missing, message, hint))
    if added:
        message = f"the certificate has names that were not asked for: {', '.join(added)}"
        hint = "make sure that the CA answered this request"
        findings.append(Finding("name-added", Severity.WARNING, added, message, hint))
    return tuple(findings)


def _label(name: GeneralName) -> str:
    """Give the name's text; an xmppAddr, whose text is a DNS name's too, says what it is."""
    return f"xmpp:{name.text}" if name.kind == "xmpp" else name.text
