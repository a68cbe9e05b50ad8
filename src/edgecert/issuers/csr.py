"""The issuer that is a person: the CSR is written to a file, the answer comes back by ``edgecert import``."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING, Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.interfaces import Waiting
from edgecert.shared.atomic import is_leftover, remove_file, write_file
from edgecert.shared.errors import MaterialError, PermissionDeniedError, UsageError
from edgecert.shared.privateplaces import ensure_private_parent

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.interfaces import IssueOrder

_READABLE: Final = 0o644  # a CSR is public


class CsrIssuer:
    """Writes the request for a person to carry; implements :class:`edgecert.interfaces.Issuer`."""

    def __init__(self, request_file: Path) -> None:
        """Write to ``request_file``."""
        self._request_file = request_file

    @property
    def kind(self) -> Literal["csr"]:
        """The word for this issuer in flags files."""
        return "csr"

    def issue(self, order: IssueOrder) -> Waiting:
        """Write the CSR and say what has to be done with it; asked again, the same file with the same content.

        An older CSR at that place is replaced; anything else there stays.

        Raises:
            MaterialError: ``request-file-taken``; the file is there and is no CSR.
            PermissionDeniedError: the operating system forbids it.
            UsageError: ``request-file-unwritable``; there is no such directory, or the disk is full.
        """
        data = order.csr.public_bytes(Encoding.PEM)
        try:
            self._write(data)
        except OSError as error:
            message = f"the request cannot be written to {self._request_file}: {error.strerror}"
            hint = "choose another place: --request-file FILE"
            if isinstance(error, PermissionError):
                raise PermissionDeniedError(message, hint=hint) from error
            raise UsageError(message, code="request-file-unwritable", hint=hint) from error
        message = (
            f"the request for {order.lineage} is in {self._request_file}: send it to the CA,"
            f" then complete it with: edgecert import FILE"
        )
        return Waiting(message, str(self._request_file))

    def _write(self, data: bytes) -> None:
        ensure_private_parent(self._request_file)
        if self._request_file.exists():
            present = self._request_file.read_bytes()
            if present == data:
                return
            if not _is_request(present):
                message = f"{self._request_file} is there already and is no certificate request"
                hint = "move it away, or choose another place: --request-file FILE"
                raise MaterialError(message, code="request-file-taken", hint=hint)
        self._sweep()
        write_file(self._request_file, data, _READABLE)

    def _sweep(self) -> None:
        """Take away what runs that died here left of this file."""
        for entry in self._request_file.parent.glob(f".{glob.escape(self._request_file.name)}.*"):
            if is_leftover(entry.name):
                remove_file(entry)


def _is_request(data: bytes) -> bool:
    try:
        x509.load_pem_x509_csr(data)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return False
    return True
