"""Where the local CA lies on disk, and the order in which it is written.

::

    local-ca/lock
             root/{key.pem | key.wrapped, cert.pem}
             intermediates/0001/{key.pem | key.wrapped, cert.pem}

A certificate is written after its key, so that where a certificate is, a key was. What a crash left without a
certificate is not there for the readers, and is written over or passed by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edgecert.model.keys import key_to_pem, load_key
from edgecert.shared.atomic import FileLock, make_directory, remove_file, sweep, write_file
from edgecert.shared.chain import spki_sha256
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.privateplaces import ensure_private_parent
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edgecert.model.keys import PrivateKey
    from edgecert.shared.keywrap import KeyWrapper

_CERTIFICATE: Final = "cert.pem"
_KEY: Final = "key.pem"
_WRAPPED_KEY: Final = "key.wrapped"
_LOCK_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class StoredAuthority:
    """A CA certificate and the directory that it and its key lie in."""

    certificate: x509.Certificate
    directory: Path


class CaFiles:
    """Reads and writes the directory of a local CA; callers that write hold :meth:`lock`."""

    def __init__(
        self,
        directory: Path,
        wrapper: KeyWrapper | None,
        unwrapper: Callable[[], KeyWrapper] | None = None,
        *,
        lock_timeout: float = _LOCK_SECONDS,
    ) -> None:
        """Use ``directory``; see :class:`edgecert.issuers.local.LocalCa` for the wrappers."""
        self.directory = directory
        self._wrapper = wrapper
        self._unwrapper = unwrapper
        self._lock_timeout = lock_timeout
        self._root = directory / "root"
        self._intermediates = directory / "intermediates"

    def lock(self) -> FileLock:
        """Give the CA's lock, its directory made."""
        ensure_private_parent(self.directory)
        make_directory(self.directory)
        return FileLock(self.directory / "lock", self._lock_timeout, what="the local CA")

    def load_root(self) -> x509.Certificate | None:
        """Give the root, or None when there is none.

        Raises:
            StoreError: ``ca-damaged``.
        """
        return _load_certificate(self._root)

    def current_intermediate(self) -> StoredAuthority | None:
        """Give the newest intermediate, or None.

        Raises:
            StoreError: ``ca-damaged``.
        """
        for number in sorted(self._numbers(), reverse=True):
            directory = self._intermediates / f"{number:04}"
            certificate = _load_certificate(directory)
            if certificate is not None:
                return StoredAuthority(certificate, directory)
        return None

    def has_root_key(self) -> bool:
        """Whether the root's key lies here (it may have been taken off the machine)."""
        return any((self._root / name).exists() for name in (_KEY, _WRAPPED_KEY))

    def root_key(self, root: x509.Certificate) -> PrivateKey:
        """Give the key of ``root``.

        Raises:
            MaterialError: ``ca-root-key-absent``, ``key-mismatch``, ``key-unwrap-failed``, ``kek-missing``.
        """
        if not self.has_root_key():
            message = "the root key of the local CA is needed for a new intermediate, and is not on this machine"
            hint = f"put it back as {self._root / _KEY} and run the command again"
            raise MaterialError(message, code="ca-root-key-absent", hint=hint)
        return self._load_key(StoredAuthority(root, self._root))

    def intermediate_key(self, stored: StoredAuthority) -> PrivateKey:
        """Give the key of an intermediate.

        Raises:
            StoreError: ``ca-damaged``; it is gone.
            MaterialError: ``key-mismatch``, ``key-unwrap-failed``, ``kek-missing``.
        """
        return self._load_key(stored)

    def save_root(self, key: PrivateKey, certificate: x509.Certificate) -> None:
        """Keep a new root, its key first."""
        self._save(self._root, key, certificate)

    def add_intermediate(self, key: PrivateKey, certificate: x509.Certificate) -> None:
        """Keep a new intermediate, its key first; from its certificate on it is the current one."""
        current = self.current_intermediate()
        number = int(current.directory.name) + 1 if current is not None else 1
        self._save(self._intermediates / f"{number:04}", key, certificate)

    def _numbers(self) -> list[int]:
        if not self._intermediates.is_dir():
            return []
        return [int(path.name) for path in self._intermediates.iterdir() if path.name.isdecimal()]

    def _save(self, directory: Path, key: PrivateKey, certificate: x509.Certificate) -> None:
        make_directory(directory)
        sweep(directory)
        pem, wrapper = key_to_pem(key), self._wrapper_for_writing()
        if wrapper is None:
            write_file(directory / _KEY, pem.reveal())
            stale = directory / _WRAPPED_KEY
        else:
            write_file(directory / _WRAPPED_KEY, wrapper.wrap(pem, spki_sha256(key.public_key())))
            stale = directory / _KEY
        if stale.exists():  # of a making that a crash ended
            remove_file(stale)
        write_file(directory / _CERTIFICATE, certificate.public_bytes(Encoding.PEM))

    def _load_key(self, stored: StoredAuthority) -> PrivateKey:
        spki = spki_sha256(stored.certificate.public_key())
        wrapped, plain = stored.directory / _WRAPPED_KEY, stored.directory / _KEY
        if wrapped.exists():
            key = load_key(self._wrapper_for_reading().unwrap(wrapped.read_bytes(), spki))
        elif plain.exists():
            key = load_key(Secret(plain.read_bytes()))
        else:
            message = f"the key of the local CA's intermediate is gone from {stored.directory}"
            hint = f"restore it from a backup, or move {stored.directory} away to have a new intermediate made"
            raise StoreError(message, code="ca-damaged", hint=hint)
        if spki_sha256(key.public_key()) != spki:
            message = f"the key in {stored.directory} does not belong to the certificate beside it"
            raise MaterialError(message, code="key-mismatch", hint="restore the directory from a backup")
        return key

    def _wrapper_for_writing(self) -> KeyWrapper | None:
        """Give the wrapper for a new key: once a key of this CA is wrapped, all later ones are."""
        wrapped = any(self.directory.rglob(_WRAPPED_KEY))
        return self._wrapper_for_reading() if wrapped else self._wrapper

    def _wrapper_for_reading(self) -> KeyWrapper:
        if self._wrapper is not None:
            return self._wrapper
        if self._unwrapper is not None:
            return self._unwrapper()
        message = "the key of the local CA is wrapped, and there is no key-encryption key to open it"
        raise MaterialError(message, code="kek-missing", hint="name it with --kek-file FILE")


def _load_certificate(directory: Path) -> x509.Certificate | None:
    path = directory / _CERTIFICATE
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        message = f"{path} is damaged"
        raise StoreError(message, code="ca-damaged", hint="restore the directory from a backup") from error
