"""A bundle: key, chain and meta of one issuance, and the directory that holds it on disk.

edgecert's store and the gateway's own copy use this one format; ``docs/reference/bundle-format.md`` describes it for
other programs. A bundle's directory is made aside and renamed, never changed afterwards, and read through one
descriptor, so that a reader sees one issuance or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Final

from edgecert.shared.atomic import (
    aside,
    crash_point,
    make_directory,
    rename_directory,
    sweep_on_error,
    sync_directory,
    write_new,
)
from edgecert.shared.clock import format_time
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json
from edgecert.shared.keyfile import damaged, open_directory, read_file, read_key, write_key
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.keywrap import KeyWrapper

META_FORMAT: Final = 1
CERT_FILE: Final = "cert.pem"
CHAIN_FILE: Final = "chain.pem"
FULLCHAIN_FILE: Final = "fullchain.pem"
META_FILE: Final = "meta.json"
PUBLIC_MODE: Final = 0o644  # the directories above decide who gets that far


@dataclass(frozen=True, slots=True)
class BundleMeta:
    """What is known of an issuance without looking into its certificates; times aware, in UTC."""

    name: str
    generation: int
    friendly_name: str
    names: tuple[str, ...]
    serial: str
    not_before: datetime
    not_after: datetime
    fingerprint_sha256: str
    issuer: str
    issuer_kind: str
    key: str
    exportable: bool
    created_at: datetime
    staging_ca: bool = False
    findings: tuple[str, ...] = ()
    directory: str = ""
    """URL of the ACME directory that it is from; empty for other issuers and older generations."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Key (PKCS#8 PEM), certificates (leaf first, root left out) and meta of one issuance."""

    key: Secret
    certificates: tuple[x509.Certificate, ...]
    meta: BundleMeta

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.certificates[0]

    @property
    def cert_pem(self) -> bytes:
        """The leaf in PEM."""
        return _pem(self.certificates[:1])

    @property
    def chain_pem(self) -> bytes:
        """The intermediates in PEM; empty when there are none."""
        return _pem(self.certificates[1:])

    @property
    def fullchain_pem(self) -> bytes:
        """Leaf and intermediates in PEM."""
        return _pem(self.certificates)


def make_bundle(  # what a certificate does not say of itself, by keyword
    key: Secret,
    certificates: Sequence[x509.Certificate],
    *,
    name: str,
    generation: int,
    friendly_name: str,
    issuer_kind: str,
    exportable: bool,
    created_at: datetime,
    staging_ca: bool = False,
    findings: Sequence[str] = (),
    directory: str = "",
) -> Bundle:
    """Give the bundle of ``key`` and ``certificates`` (leaf first), its meta read from the leaf; verifies nothing."""
    from edgecert.shared.chain import fingerprint_sha256, serial_hex  # noqa: PLC0415  # `list` reads meta without cryptography
    from edgecert.shared.names import from_certificate  # noqa: PLC0415  # as above

    leaf = certificates[0]
    meta = BundleMeta(
        name=name,
        generation=generation,
        friendly_name=friendly_name,
        names=tuple(presented.text for presented in from_certificate(leaf)),
        serial=serial_hex(leaf),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        fingerprint_sha256=fingerprint_sha256(leaf),
        issuer=leaf.issuer.rfc4514_string(),
        issuer_kind=issuer_kind,
        key=_describe_key(leaf),
        exportable=exportable,
        created_at=created_at.astimezone(UTC).replace(microsecond=0),
        staging_ca=staging_ca,
        findings=tuple(findings),
        directory=directory,
    )
    return Bundle(key, tuple(certificates), meta)


# --- JSON -----------------------------------------------------------------------------------------------------------


def encode_meta(meta: BundleMeta) -> JsonObject:
    """Give ``meta`` as a JSON object; :func:`decode_meta` gives the same back."""
    return {
        "format": META_FORMAT,
        "name": meta.name,
        "generation": meta.generation,
        "friendly_name": meta.friendly_name,
        "names": list(meta.names),
        "serial": meta.serial,
        "not_before": format_time(meta.not_before),
        "not_after": format_time(meta.not_after),
        "fingerprint_sha256": meta.fingerprint_sha256,
        "issuer": meta.issuer,
        "issuer_kind": meta.issuer_kind,
        "key": meta.key,
        "exportable": meta.exportable,
        "created_at": format_time(meta.created_at),
        "staging_ca": meta.staging_ca,
        "findings": list(meta.findings),
        "directory": meta.directory,
    }


def decode_meta(document: JsonObject) -> BundleMeta:
    """Give the meta that :func:`encode_meta` wrote; keys that are not known are left alone.

    Raises:
        MaterialError: code ``bundle-malformed``: a key is missing or of another type.
    """
    try:
        return _decode_meta(JsonFields(document))
    except JsonProblem as error:
        raise MaterialError(f"the bundle's meta is malformed: {error}", code="bundle-malformed") from error


def _decode_meta(fields: JsonFields) -> BundleMeta:
    return BundleMeta(
        name=fields.text("name"),
        generation=fields.number("generation"),
        friendly_name=fields.text("friendly_name"),
        names=fields.texts("names"),
        serial=fields.text("serial"),
        not_before=fields.time("not_before"),
        not_after=fields.time("not_after"),
        fingerprint_sha256=fields.text("fingerprint_sha256"),
        issuer=fields.text("issuer"),
        issuer_kind=fields.text("issuer_kind"),
        key=fields.text("key"),
        exportable=fields.flag("exportable"),
        created_at=fields.time("created_at"),
        staging_ca=fields.flag("staging_ca", default=False),
        findings=fields.texts("findings", default=()),
        directory=fields.text("directory", default=""),
    )


def encode_bundle(bundle: Bundle) -> JsonObject:
    """Give ``bundle``, its key in the clear, as the JSON object that goes over the control socket."""
    return {
        "key": bundle.key.reveal().decode("ascii"),
        "fullchain": bundle.fullchain_pem.decode("ascii"),
        "meta": encode_meta(bundle.meta),
    }


def decode_bundle(document: JsonObject) -> Bundle:
    """Give the bundle that :func:`encode_bundle` wrote; verifies its form, not its certificates.

    Raises:
        MaterialError: code ``bundle-malformed``.
    """
    fields = JsonFields(document)
    try:
        key, fullchain, meta = fields.text("key"), fields.text("fullchain"), fields.table("meta")
    except JsonProblem as error:
        raise MaterialError(f"the bundle is malformed: {error}", code="bundle-malformed") from error
    return Bundle(Secret(key.encode()), _parse_fullchain(fullchain.encode()), decode_meta(meta))


# --- disk -----------------------------------------------------------------------------------------------------------


def generation_directory(generation: int) -> str:
    """Give the name of a generation's directory: ``0007``."""
    return f"{generation:04d}"


def parse_generation(name: str) -> int | None:
    """Give the number of the generation whose directory has this name; None if it is no such name."""
    if not (name.isascii() and name.isdigit()) or name != generation_directory(int(name)):
        return None
    return int(name)


def write_bundle_dir(parent: Path, bundle: Bundle, wrapper: KeyWrapper | None) -> Path:
    """Keep ``bundle`` as a new directory below ``parent``, named by its generation, and give its path.

    The key of a bundle that is not exportable is wrapped by ``wrapper`` and never touches the disk in the clear. When
    this returns, everything is on the disk; if the process dies before, there is no such directory.

    Raises:
        StoreError: code ``generation-exists``: there is such a directory; it is as it was.
        MaterialError: code ``key-not-wrapped``: the key is not exportable and there is no ``wrapper``.
    """
    path = parent / generation_directory(bundle.meta.generation)
    if path.exists():
        raise _exists(path)
    if not bundle.meta.exportable and wrapper is None:
        raise MaterialError(
            f"the key of {bundle.meta.name} is not exportable, and there is no key-encryption key to wrap it with",
            code="key-not-wrapped",
        )
    temporary = aside(path)
    with sweep_on_error(temporary):
        make_directory(temporary)
        write_key(temporary, bundle.key, None if bundle.meta.exportable else wrapper, _spki(bundle.leaf))
        write_new(temporary / CERT_FILE, bundle.cert_pem, PUBLIC_MODE)
        write_new(temporary / CHAIN_FILE, bundle.chain_pem, PUBLIC_MODE)
        write_new(temporary / FULLCHAIN_FILE, bundle.fullchain_pem, PUBLIC_MODE)
        write_new(temporary / META_FILE, dump_json(encode_meta(bundle.meta)), PUBLIC_MODE)
        sync_directory(temporary)
        crash_point("bundle-made")
        try:
            rename_directory(temporary, path)
        except FileExistsError:
            raise _exists(path) from None
    crash_point("bundle-renamed")
    return path


def read_bundle_dir(path: Path, wrapper: KeyWrapper | None) -> Bundle:
    """Give the bundle in the directory (or symlink to one) ``path``, all of it from one issuance.

    Raises:
        StoreError: ``no-such-generation``; ``bundle-damaged`` when files are missing, malformed, or do not belong
            together.
        MaterialError: ``kek-missing`` when the key is wrapped and ``wrapper`` is None; ``key-unwrap-failed``.
    """
    with open_directory(path) as directory:
        meta = _read_meta(directory, path)
        try:
            certificates = _parse_fullchain(read_file(directory, FULLCHAIN_FILE))
        except (MaterialError, OSError) as error:
            raise damaged(path, f"{FULLCHAIN_FILE}: {error}") from error
        key = read_key(directory, wrapper, _spki(certificates[0]), path)
    _verify_belongs(path, meta, certificates[0])
    return Bundle(key, certificates, meta)


def read_meta(path: Path) -> BundleMeta:
    """Give the meta of the bundle in the directory ``path``, without touching its key.

    Raises:
        StoreError: ``no-such-generation``, ``bundle-damaged``.
    """
    with open_directory(path) as directory:
        return _read_meta(directory, path)


def _read_meta(directory: int, path: Path) -> BundleMeta:
    try:
        return decode_meta(load_json(read_file(directory, META_FILE)))
    except (OSError, JsonProblem, MaterialError) as error:
        raise damaged(path, f"{META_FILE}: {error}") from error


def _verify_belongs(path: Path, meta: BundleMeta, leaf: x509.Certificate) -> None:
    from edgecert.shared.chain import fingerprint_sha256  # noqa: PLC0415  # `list` reads meta without cryptography

    if fingerprint_sha256(leaf) != meta.fingerprint_sha256:
        raise damaged(path, f"{META_FILE} speaks of another certificate than {FULLCHAIN_FILE} holds")


def _exists(path: Path) -> StoreError:
    return StoreError(f"{path} is there already, and a generation is never changed", code="generation-exists")


def _pem(certificates: Sequence[x509.Certificate]) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  # `list` needs no cryptography

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _parse_fullchain(data: bytes) -> tuple[x509.Certificate, ...]:
    from cryptography import x509  # noqa: PLC0415  # `list` needs no cryptography

    try:
        return tuple(x509.load_pem_x509_certificates(data))
    except ValueError as error:
        raise MaterialError(f"the bundle's certificates are malformed: {error}", code="bundle-malformed") from error


def _spki(leaf: x509.Certificate) -> str:
    from edgecert.shared.chain import spki_sha256  # noqa: PLC0415  # `list` reads meta without cryptography

    return spki_sha256(leaf.public_key())


def _describe_key(leaf: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415  # `list` needs no cryptography

    match leaf.public_key():
        case rsa.RSAPublicKey(key_size=size):
            return f"rsa-{size}"
        case ec.EllipticCurvePublicKey(key_size=size):
            return f"ecdsa-{size}"
        case other:
            return type(other).__name__.removesuffix("PublicKey").lower()
