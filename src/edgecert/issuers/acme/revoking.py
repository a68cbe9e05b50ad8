"""Telling an ACME CA to revoke a certificate (RFC 8555 §7.6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding
from josepy.json_util import encode_b64jose

from edgecert.issuers.acme.account import UNKNOWN
from edgecert.issuers.acme.problems import AcmeProblemError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

    from edgecert.interfaces import Progress, RevokedBy
    from edgecert.issuers.acme.client import AcmeClient

# The account is not the certificate's, is closed, or is one that the CA does not know.
_NOT_BY_THIS_ACCOUNT: Final = frozenset({"unauthorized", UNKNOWN})
_ALREADY: Final = "alreadyRevoked"


def revoke(
    certificate: x509.Certificate,
    reason: int,
    *,
    account: tuple[AcmeClient, str] | None,
    by_key: Callable[[], AcmeClient],
    progress: Progress,
) -> RevokedBy:
    """Have ``certificate`` revoked by ``account``, else by its own key; ``earlier`` if it is revoked already.

    Raises:
        RefusedError: the CA will not.
        NetworkError: it was not reached.
    """
    der = encode_b64jose(certificate.public_bytes(Encoding.DER))
    payload = json.dumps({"certificate": der, "reason": reason}).encode()
    try:
        if account is not None:
            client, url = account
            try:
                client.post(client.resource("revokeCert"), payload, kid=url)
            except AcmeProblemError as problem:
                if problem.kind not in _NOT_BY_THIS_ACCOUNT:
                    raise
                progress.step(f"the CA does not let this account revoke it ({problem.kind}); its own key does")
            else:
                return "account"
        client = by_key()
        client.post(client.resource("revokeCert"), payload, kid=None)
    except AcmeProblemError as problem:
        if problem.kind != _ALREADY:
            raise
        return "earlier"
    return "certificate-key"
