"""Whether a chain ends at a trust anchor: RFC 5280 path validation, with the reason for a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509 import verification

from edgecert.shared.certfacts import describe_name, has_issued, verify_dates
from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def verify_path(certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], *, now: datetime) -> None:
    """Prove that ``certificates`` (leaf first, at least one) lead to one of ``roots`` at ``now``.

    Raises:
        MaterialError: ``expired``, ``not-yet-valid``, ``untrusted-root``, ``untrusted-chain``.
    """
    for certificate in certificates:
        verify_dates(certificate, now=now)
    last = certificates[-1]
    anchors = [root for root in roots if root == last or has_issued(root, last)]
    if not anchors:
        message = f"the chain ends at {describe_name(last.issuer)}, which is not among the trusted roots"
        raise MaterialError(
            message, code="untrusted-root", hint="if you trust this CA, give its root with --trust FILE"
        )
    for anchor in anchors[:-1]:
        try:
            return _verify_with(certificates, anchor, now=now)
        except MaterialError:
            continue  # the same CA may be there with another certificate; the last one gives the reason
    return _verify_with(certificates, anchors[-1], now=now)


def _verify_with(certificates: Sequence[x509.Certificate], anchor: x509.Certificate, *, now: datetime) -> None:
    verify_dates(anchor, now=now)
    builder = verification.PolicyBuilder().store(verification.Store([anchor])).time(now)
    builder = builder.extension_policies(ca_policy=_ca_policy(), ee_policy=verification.ExtensionPolicy.permit_all())
    try:
        # The client verifier is the one that asks for no name; whose name it is, `identity` proves.
        builder.build_client_verifier().verify(certificates[0], list(certificates[1:]))
    except (verification.VerificationError, ValueError, x509.UnsupportedGeneralNameType) as error:
        message = f"the chain of {describe_name(certificates[0].subject)} does not hold: {error}"
        hint = "look at path length, purposes and name constraints of the CA certificates"
        raise MaterialError(message, code="untrusted-chain", hint=hint) from error


def _ca_policy() -> verification.ExtensionPolicy:
    """Give what each CA certificate must say: that it is one and, if it lists key usages, that it signs."""
    either = verification.Criticality.AGNOSTIC
    policy = verification.ExtensionPolicy.permit_all()
    policy = policy.require_present(x509.BasicConstraints, either, _require_ca)
    return policy.may_be_present(x509.KeyUsage, either, _require_signing)


def _require_ca(_policy: verification.Policy, _certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    if not extension.ca:
        message = "an issuer is no CA (basicConstraints)"
        raise ValueError(message)


def _require_signing(
    _policy: verification.Policy, _certificate: x509.Certificate, extension: x509.KeyUsage | None
) -> None:
    if extension is not None and not extension.key_cert_sign:
        message = "an issuer may not sign certificates (key usage)"
        raise ValueError(message)
