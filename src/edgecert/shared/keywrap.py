r"""Private keys that are not exportable, encrypted on disk under a key-encryption key (KEK) that lies elsewhere.

A wrapped key is ``ECWRAP1\n``, a nonce of 12 octets, and the AES-256-GCM ciphertext with its tag (NIST SP 800-38D)
of the key's PKCS#8 PEM. The associated data bind it to one store and one public key, so that a blob that was moved or
exchanged does not open.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import create_file, make_directory
from edgecert.shared.errors import MaterialError, PermissionDeniedError
from edgecert.shared.privateplaces import ensure_private_parent
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC: Final = b"ECWRAP1\n"
KEK_LENGTH: Final = 32
NONCE_LENGTH: Final = 12
KEK_MODE: Final = 0o400
CREDENTIALS_VARIABLE: Final = "CREDENTIALS_DIRECTORY"
_OTHERS_READ: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyWrapper:
    """Wraps and unwraps the private keys of one store under one KEK."""

    def __init__(self, kek: Secret, store_id: str) -> None:
        """Use ``kek`` (32 octets) for the store ``store_id``.

        Raises:
            MaterialError: code ``kek-malformed``: the KEK has another length.
        """
        if len(kek.reveal()) != KEK_LENGTH:
            raise MaterialError(f"a key-encryption key has {KEK_LENGTH} octets", code="kek-malformed")
        self._kek = kek
        self._store_id = store_id

    def wrap(self, key_pem: Secret, spki: str) -> bytes:
        """Give the encrypted form of ``key_pem``, whose public key has the SHA-256 ``spki`` (lower hex)."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  # `list` needs no cryptography

        nonce = secrets.token_bytes(NONCE_LENGTH)
        sealed = AESGCM(self._kek.reveal()).encrypt(nonce, key_pem.reveal(), self._associated_data(spki))
        return MAGIC + nonce + sealed

    def unwrap(self, blob: bytes, spki: str) -> Secret:
        """Give the key that :meth:`wrap` encrypted for the same store and public key.

        Raises:
            MaterialError: code ``key-unwrap-failed``: another KEK, another store, another key, or damaged.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  # as above
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  # as above

        if not blob.startswith(MAGIC):
            raise MaterialError("this is no wrapped key, or one of a newer edgecert", code="key-unwrap-failed")
        nonce = blob[len(MAGIC) : len(MAGIC) + NONCE_LENGTH]
        sealed = blob[len(MAGIC) + NONCE_LENGTH :]
        try:
            return Secret(AESGCM(self._kek.reveal()).decrypt(nonce, sealed, self._associated_data(spki)))
        except (InvalidTag, ValueError):
            raise MaterialError(
                "the wrapped key does not open: wrong key-encryption key, or a file of another store or certificate",
                code="key-unwrap-failed",
                hint="restore the key-encryption key (--kek-file) that was in use when the key was made",
            ) from None

    def _associated_data(self, spki: str) -> bytes:
        return b"\0".join((b"edgecert-key-wrap-1", self._store_id.encode(), spki.encode()))


@dataclass(frozen=True, slots=True)
class LoadedKek:
    """A key-encryption key, where it came from, and whether it was made just now (which people have to be told.

    Back it up).
    """

    secret: Secret
    path: Path
    created: bool


def load_kek(
    *, credential: str, kek_file: Path, create: bool, environ: Mapping[str, str], outside: Path | None = None
) -> LoadedKek:
    """Give the key-encryption key: ``$CREDENTIALS_DIRECTORY/<credential>`` if it is there, else ``kek_file``.

    With ``create`` a missing ``kek_file`` is made, mode 0400, from 32 random octets, and never replaces one that
    another process made at the same moment. The content is 32 octets, or their base64 or hex text. ``outside`` is the
    state directory, in which the KEK must not lie.

    Raises:
        MaterialError: ``kek-missing``, ``kek-malformed``, ``kek-inside-store``.
        PermissionDeniedError: ``kek-readable`` when others can read ``kek_file``; ``kek-unwritable`` when it cannot
            be made.
    """
    directory = environ.get(CREDENTIALS_VARIABLE, "")
    if directory and credential:
        path = Path(directory) / credential
        if path.exists():
            # systemd guards the directory itself; an ACL for the service's user shows as a group bit in the file's
            # mode.
            return LoadedKek(_parse_kek(_read(path), path), path, created=False)
    _verify_outside(kek_file, outside)
    created = False
    if create and not os.path.lexists(kek_file):
        created = _create_kek(kek_file)
    _verify_private(kek_file)
    return LoadedKek(_parse_kek(_read(kek_file), kek_file), kek_file, created)


def _verify_outside(kek_file: Path, outside: Path | None) -> None:
    if outside is not None and kek_file.resolve().is_relative_to(outside.resolve()):
        raise MaterialError(
            f"the key-encryption key {kek_file} lies in the state directory {outside}: who copies one has both",
            code="kek-inside-store",
            hint="choose another place with --kek-file, or use a systemd credential",
        )


def _create_kek(path: Path) -> bool:
    data = base64.b64encode(secrets.token_bytes(KEK_LENGTH)) + b"\n"
    try:
        ensure_private_parent(path)
        make_directory(path.parent)
        create_file(path, data, KEK_MODE)
    except FileExistsError:
        return False
    except PermissionError as error:
        raise PermissionDeniedError(
            f"the key-encryption key {path} cannot be made: {error.strerror}",
            code="kek-unwritable",
            hint=f"make {path.parent} as root and give it to this user, choose a place with --kek-file, "
            "or use a systemd credential",
        ) from error
    return True


def _verify_private(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError as error:
        raise _unreadable(path, error) from error
    if status.st_uid not in (0, os.geteuid()):
        raise PermissionDeniedError(
            f"the key-encryption key {path} belongs to uid {status.st_uid}, who is neither root nor this user",
            code="kek-readable",
            hint=f"chown it to the user who runs this: chown {os.geteuid()} {path}",
        )
    if status.st_mode & _OTHERS_READ:
        raise PermissionDeniedError(
            f"the key-encryption key {path} can be read by others (mode {stat.S_IMODE(status.st_mode):04o})",
            code="kek-readable",
            hint=f"chmod 0400 {path}; if others may have read it, make a new one and issue the keys under it anew",
        )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _missing(path) from None
    except PermissionError as error:
        raise _unreadable(path, error) from error


def _missing(path: Path) -> MaterialError:
    return MaterialError(
        f"there is no key-encryption key at {path}",
        code="kek-missing",
        hint="restore it from your backup; keys that are not exportable cannot be read without it",
    )


def _unreadable(path: Path, error: PermissionError) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"the key-encryption key {path} cannot be read: {error.strerror}",
        code="kek-unreadable",
        hint="run as the user it belongs to, or hand it over as a systemd credential",
    )


def _parse_kek(data: bytes, path: Path) -> Secret:
    if len(data) == KEK_LENGTH:
        return Secret(data)
    text = data.strip()
    for decode in (binascii.unhexlify, lambda text: base64.b64decode(text, validate=True)):
        try:
            value = decode(text)
        except (binascii.Error, ValueError):
            continue
        if len(value) == KEK_LENGTH:
            return Secret(value)
    raise MaterialError(
        f"{path} holds no key-encryption key: {KEK_LENGTH} octets are wanted, raw, in base64 or in hex",
        code="kek-malformed",
        hint=f"restore it from your backup; for a new one: openssl rand -base64 {KEK_LENGTH}",
    )
