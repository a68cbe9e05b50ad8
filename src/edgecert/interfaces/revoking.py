"""Revoking a certificate, and the keys that are never used again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from cryptography import x509

    from edgecert.shared.secret import Secret

RevokedBy = Literal["account", "certificate-key", "earlier"]


@runtime_checkable
class Revoker(Protocol):
    """A CA that can be told to revoke what it issued."""

    def revoke(self, certificate: x509.Certificate, key: Secret, reason: int) -> RevokedBy:
        """Have ``certificate`` revoked, and say who proved the right to: ``earlier`` if it was revoked already.

        The account is asked to first; where the CA does not let it, ``key``, the certificate's own, signs.

        Raises:
            RefusedError: the CA will not.
            NetworkError: it was not reached.
        """
        ...


class BlockedKeys(Protocol):
    """The public keys whose private halves others may know."""

    def reason(self, spki_sha256: str) -> str:
        """Say why the key is blocked; empty if it is not.

        Raises:
            StoreError: ``record-damaged``: nothing can be said, so nothing may be used.
        """
        ...

    def block(self, spki_sha256: str, why: str) -> None:
        """Block the key for ever; the first reason stays."""
        ...
