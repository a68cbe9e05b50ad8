"""Certificates, requests and results in lines for people; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgecert.interfaces import TargetVerdict
from edgecert.model.keys import describe_key
from edgecert.shared.certfacts import describe_name, describe_subject, fingerprint_sha256, is_self_signed, serial_hex
from edgecert.shared.clock import format_time
from edgecert.shared.names import from_certificate, to_unicode
from edgecert.shared.words import _, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from edgecert.interfaces import CertificateStore
    from edgecert.lifecycle.results import TargetResult
    from edgecert.shared.bundle import BundleMeta

_DAY: Final = 86400
_USAGES: Final = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}


def describe_csr(pem: bytes) -> list[str]:
    """Give what a certificate request says."""
    csr = x509.load_pem_x509_csr(pem)
    return [
        _row(_("Subject"), csr.subject.rfc4514_string() or _("empty")),
        _row(_("Key"), describe_key(csr.public_key())),
        *_names([name.text for name in from_certificate(csr)]),
        *_usage(csr.extensions),
    ]


def describe_certificate(certificate: x509.Certificate, *, now: datetime) -> list[str]:
    """Give what a certificate says."""
    return [
        _row(_("Subject"), certificate.subject.rfc4514_string() or _("empty")),
        _row(_("Issuer"), describe_name(certificate.issuer)),
        _row(_("Serial"), serial_hex(certificate)),
        _row(_("Valid from"), format_time(certificate.not_valid_before_utc)),
        _row(_("Valid until"), valid_until(certificate.not_valid_after_utc, now)),
        _row(_("Key"), _key(certificate)),
        *_names([name.text for name in from_certificate(certificate)]),
        *_usage(certificate.extensions),
        _row(_("SHA-256"), fingerprint_sha256(certificate)),
    ]


def valid_until(moment: datetime, now: datetime) -> str:
    """Give a date with the days until then."""
    days = int((moment - now).total_seconds() // _DAY)
    if days < 0:
        return f"{format_time(moment)} ({_('expired')})"
    return f"{format_time(moment)} ({plural('in {count} day', 'in {count} days', days)})"


def describe_chain(certificates: Iterable[x509.Certificate]) -> list[str]:
    """Give a chain as steps that lead up, a line for each certificate."""
    lines = []
    for depth, certificate in enumerate(certificates):
        what = _("root, left out") if is_self_signed(certificate) else _("leaf") if depth == 0 else _("intermediate")
        lines.append(f"{'   ' * depth}{'└─ ' if depth else ''}{describe_subject(certificate)}  ({what})")
    return lines


def describe_result(result: TargetResult) -> list[str]:
    """Give what became of one target, with each listener that was asked."""
    entry = result.deployment
    mark, words = verdict_words(entry.verdict, failed=result.failed)
    serving = _("nothing") if entry.serving is None else _("generation {number}").format(number=entry.serving)
    lines = [f"{mark} {entry.target}: {words}; {_('in service')}: {serving} ({result.elapsed_ms} ms)"]
    if entry.last_error:
        lines.append(f"    {entry.last_error}")
    for seen in result.verification.listeners if result.verification else ():
        sign, told = verdict_words(seen.verdict, failed=False)
        detail = seen.error or f"{_('serial')} {seen.serial[:16]}"
        lines.append(f"    {sign} {seen.protocol} {seen.address} {to_unicode(seen.domain)}: {told}, {detail}")
    return lines


def verdict_words(verdict: TargetVerdict, *, failed: bool) -> tuple[str, str]:
    """Give a mark and the words for what was seen: never the colour alone says it."""
    if failed or verdict is TargetVerdict.DIFFERENT:
        return "✗", _("failed") if failed else _("serves another certificate")
    return {
        TargetVerdict.SAME: ("✓", _("serves it, seen by a real handshake")),
        TargetVerdict.NOT_RUNNING: ("!", _("is not running; the next renew hands it over")),
    }.get(verdict, ("?", _("has it; what it serves was not seen")))


def describe_meta(store: CertificateStore, meta: BundleMeta, now: datetime) -> list[str]:
    """Give a generation in a few lines: what, from whom, until when, where."""
    return [
        f"{meta.name}, {_('generation {number}').format(number=meta.generation)}",
        _row(_("Names"), ", ".join(map(to_unicode, meta.names))),
        _row(_("Issuer"), meta.issuer),
        _row(_("Valid until"), valid_until(meta.not_after, now)),
        _row(_("Lies in"), store.path(meta.name, meta.generation)),
    ]


def _row(label: str, value: str) -> str:
    return f"{label:<12} {value}"


def _names(names: Sequence[str]) -> list[str]:
    return [_row(_("Names") if index == 0 else "", to_unicode(name)) for index, name in enumerate(names)]


def _key(certificate: x509.Certificate) -> str:
    try:
        return describe_key(certificate.public_key())
    except (UnsupportedAlgorithm, ValueError):
        return _("of an unknown kind")


def _usage(extensions: x509.Extensions) -> list[str]:
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return [_row(_("Usage"), ", ".join(_USAGES.get(oid, oid.dotted_string) for oid in usage))]
