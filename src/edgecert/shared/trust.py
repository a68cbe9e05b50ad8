"""Whether a chain ends at a trust anchor: RFC 5280 path validation, with the reason for a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from edgecert.shared.certfacts import describe_name, describe_subject, has_issued, verify_dates
from edgecert.shared.errors import MaterialError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

SERVER_PURPOSES: Final = frozenset({ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
"""Extended key usages that a server's certificate may have; without the extension any purpose is meant."""


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
    find_path(certificates, verification.Store([anchor]), now=now)


def find_path(
    certificates: Sequence[x509.Certificate],
    anchors: verification.Store,
    *,
    now: datetime,
    max_depth: int | None = None,
) -> tuple[x509.Certificate, ...]:
    """Prove that the first of ``certificates`` is a server's that leads to one of ``anchors``, and give the way there.

    The others may be used or not. Signatures, dates, path length, name constraints and what a CA certificate must say
    are looked at; whose name it is and what the leaf itself is for are not.

    Raises:
        MaterialError: ``untrusted-chain``, with the reason.
    """
    builder = verification.PolicyBuilder().store(anchors).time(now)
    builder = builder.extension_policies(ca_policy=_ca_policy(), ee_policy=verification.ExtensionPolicy.permit_all())
    if max_depth is not None:
        builder = builder.max_chain_depth(max_depth)
    try:
        # The client verifier is the one that asks for no name; whose name it is, `identity` proves.
        return tuple(builder.build_client_verifier().verify(certificates[0], list(certificates[1:])).chain)
    except (
        verification.VerificationError,
        ValueError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        message = f"the chain of {describe_subject(certificates[0])} does not hold: {error}"
        hint = "look at path length, purposes and name constraints of the CA certificates"
        raise MaterialError(message, code="untrusted-chain", hint=hint) from error


def _ca_policy() -> verification.ExtensionPolicy:
    """Give what each CA certificate must say: that it is one; if it lists usages and purposes, that it signs servers'.

    Everything else is left to private CAs: the profile of the public web is not theirs.
    """
    either = verification.Criticality.AGNOSTIC
    policy = verification.ExtensionPolicy.permit_all()
    policy = policy.require_present(x509.BasicConstraints, either, _require_ca)
    policy = policy.may_be_present(x509.KeyUsage, either, _require_signing)
    return policy.may_be_present(x509.ExtendedKeyUsage, either, _require_servers)


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


def _require_servers(
    _policy: verification.Policy, _certificate: x509.Certificate, extension: x509.ExtendedKeyUsage | None
) -> None:
    # What a CA lists bounds what it may sign (as the field practises it: a CA for e-mail makes no servers).
    if extension is not None and SERVER_PURPOSES.isdisjoint(extension):
        message = "an issuer may not sign certificates of servers (extended key usage)"
        raise ValueError(message)
