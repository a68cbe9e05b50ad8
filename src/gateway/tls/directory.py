"""Certificates from a directory of PEM files that another client writes: certbot, lego, step, a person.

Nothing is assumed of file names: a pair is a private key and the leaf that certifies it. A set in which a key has no
leaf, or a leaf no key, is being written: the caller looks again a little later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edgecert.shared.bundle import make_bundle
from edgecert.shared.chain import is_ca, order_chain, parse_certificates, spki_sha256
from edgecert.shared.errors import EdgecertError, MaterialError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography import x509

    from edgecert.shared.bundle import Bundle

MAX_FILES: Final = 1000
MAX_FILE_SIZE: Final = 1024 * 1024
_KEY: Final = re.compile(
    rb"-----BEGIN (?:RSA |EC )?PRIVATE KEY-----.+?-----END (?:RSA |EC )?PRIVATE KEY-----", re.DOTALL
)
_DOES_NOT_NAME: Final = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class _Key:
    pem: Secret
    spki: str
    path: Path


def read_certificate_dir(directory: Path) -> tuple[Bundle, ...]:
    """Give a bundle for each pair below ``directory`` (two levels deep), by name.

    Of several certificates for the same key the newest counts. A lineage is named after its key's file, or after the
    directory where files are all named alike (certbot); its generation is the second at which the certificate begins,
    so that a newer certificate has a higher number also after a restart.

    Raises:
        MaterialError: ``certificate-dir-unreadable``; ``certificate-dir-inconsistent``: a key without leaf or a leaf
            without key, as seen in the middle of a renewal; ``certificate-dir-empty``.
    """
    keys: dict[str, _Key] = {}
    certificates: list[x509.Certificate] = []
    for path, data in _read_files(directory):
        for pem in _KEY.findall(data):
            key = _load_key(pem, path)
            keys[key.spki] = key
        if b"-----BEGIN CERTIFICATE-----" in data:
            certificates.extend(_load_certificates(data, path))
    if not keys and not certificates:
        raise MaterialError(f"{directory} holds neither key nor certificate", code="certificate-dir-empty")
    _verify_complete(keys, certificates, directory)
    bundles = [_pair(key, certificates, directory) for key in keys.values()]
    return tuple(sorted(bundles, key=lambda bundle: bundle.meta.name))


def _read_files(directory: Path) -> Iterator[tuple[Path, bytes]]:
    if not directory.is_dir():
        raise MaterialError(f"{directory} is no directory, or is not there", code="certificate-dir-unreadable")
    try:
        paths = sorted(
            path
            for pattern in ("*", "*/*")
            for path in directory.glob(pattern)
            if path.is_file() and not path.name.startswith(".")
        )
        for path in paths[:MAX_FILES]:
            if path.stat().st_size <= MAX_FILE_SIZE:
                yield path, path.read_bytes()
    except OSError as error:
        message = f"cannot read {directory}: {error}"
        raise MaterialError(message, code="certificate-dir-unreadable") from error


def _load_key(pem: bytes, path: Path) -> _Key:
    try:
        # Looked at every few seconds, while handshakes wait: an RSA key's primes are not tested each time.
        public_key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True).public_key()
        return _Key(Secret(pem + b"\n"), spki_sha256(public_key), path)
    except (ValueError, TypeError) as error:
        message = f"the private key in {path} cannot be read"
        raise MaterialError(message, code="certificate-dir-inconsistent") from error


def _load_certificates(data: bytes, path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return parse_certificates(_KEY.sub(b"", data))
    except EdgecertError as error:
        message = f"the certificate in {path} cannot be read: {error.message}"
        raise MaterialError(message, code="certificate-dir-inconsistent") from error


def _verify_complete(keys: dict[str, _Key], certificates: list[x509.Certificate], directory: Path) -> None:
    leaves = {spki_sha256(certificate.public_key()) for certificate in certificates if not is_ca(certificate)}
    orphans = [str(key.path.relative_to(directory)) for spki, key in keys.items() if spki not in leaves]
    if orphans:
        message = f"no certificate in {directory} belongs to the key in {', '.join(orphans)}"
        raise MaterialError(message, code="certificate-dir-inconsistent")
    if leaves - keys.keys():
        message = f"{directory} holds {len(leaves - keys.keys())} certificate(s) without their private key"
        raise MaterialError(message, code="certificate-dir-inconsistent")


def _pair(key: _Key, certificates: list[x509.Certificate], directory: Path) -> Bundle:
    chain = order_chain(key.spki, certificates)
    begins = chain.leaf.not_valid_before_utc
    return make_bundle(
        key.pem,
        chain.certificates,
        name=_lineage_name(key.path, directory),
        generation=max(1, int(begins.timestamp())),
        friendly_name="",
        issuer_kind="directory",
        exportable=True,
        created_at=begins,
    )


def _lineage_name(path: Path, directory: Path) -> str:
    below = path.parent != directory
    text = path.parent.name if below else path.stem
    name = _DOES_NOT_NAME.sub("-", text.lower()).strip("-._")[:64]
    return name or "default"
