"""The roots that peers' chains must end in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.x509.verification import Store

from edgecert.shared.chain import parse_certificates
from edgecert.shared.errors import MaterialError
from edgecert.shared.systemroots import load_system_roots
from edgecert.shared.trust import find_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

MAX_CHAIN_DEPTH: Final = 8


class TrustStore:
    """An immutable set of roots that can say whether a chain ends in one of them.

    Lenient where private CAs are (no key identifiers, odd extensions), strict where it counts: signatures, validity,
    CA flag, key usage and purposes of every issuer, path length, name constraints.
    """

    __slots__ = ("_store", "roots")

    def __init__(self, roots: Sequence[x509.Certificate]) -> None:
        """Trust ``roots``; without any, nobody is trusted."""
        self.roots = tuple(roots)
        self._store = Store(list(roots)) if roots else None

    def verify_chain(self, chain: Sequence[x509.Certificate], *, now: datetime) -> tuple[x509.Certificate, ...]:
        """Prove that ``chain`` (leaf first) leads to a root at ``now``, and give the way to it, that root included.

        Says nothing of the leaf's names or purpose.

        Raises:
            MaterialError: code ``untrusted``; the text is the verifier's.
        """
        if self._store is None:
            raise MaterialError("no root is trusted", code="untrusted")
        try:
            return find_path(chain, self._store, now=now, max_depth=MAX_CHAIN_DEPTH)
        except MaterialError as error:
            raise MaterialError(f"the chain leads to no trusted root: {error.message}", code="untrusted") from error


def load_trust(ca_file: str) -> TrustStore:
    """Give the roots in ``ca_file``; with an empty name those of the system (none where the system has none).

    Raises:
        MaterialError: code ``trust-unreadable``: the file is missing, unreadable, or holds no certificate.
    """
    if ca_file:
        try:
            return TrustStore(parse_certificates(Path(ca_file).read_bytes()))
        except (OSError, MaterialError) as error:
            message = f"cannot take the trusted roots from {ca_file}: {error}"
            raise MaterialError(message, code="trust-unreadable", hint="[trust] ca_file names a PEM file") from error
    return TrustStore(load_system_roots() or ())
