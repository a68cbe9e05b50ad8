"""The rules of the flags file that join several keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from edgecert.model.challengerules import check_challenges
from edgecert.model.request import BIT_LENGTHS, CertificateRequest, DeployTarget
from edgecert.shared.binding import KeyProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERIFY: Final = re.compile(r"(?:xmpp-s2s|xmpps-s2s|tls)://(?:\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(\d{1,5})")
_MAX_PORT: Final = 65535
_TOO_WIDE: Final = 0o027  # of a private key's file

_FILES_ONLY: Final = (
    *("directory", "layout", "cert_file", "key_file", "combined_file", "owner", "mode"),
    *("reload_command", "reload_timeout", "plaintext_key"),
)
_GATEWAY_ONLY: Final = ("control", "user")


def check_request(request: CertificateRequest) -> Iterator[KeyProblem]:
    """Give what is wrong between keys that are each right alone."""
    yield from _check_certificate(request)
    yield from _check_issuer(request)
    yield from _check_targets(request)


def check_issuing(request: CertificateRequest) -> Iterator[KeyProblem]:
    """Give what is missing before ``request`` can be asked for, though it can be planned without."""
    issuer = request.issuer
    if issuer.kind != "acme":
        return
    if not issuer.directory:
        yield KeyProblem("issuer.directory", "is required to issue by ACME: the URL of the CA's directory")
    if not issuer.accept_terms:
        yield KeyProblem("issuer.accept_terms", "must be true: an ACME CA issues only to who agrees to its terms")
    if not issuer.challenges:
        message = "is required to issue by ACME: at least one [[issuer.challenges]] says how names are proven"
        yield KeyProblem("issuer.challenges", message)


def _check_certificate(request: CertificateRequest) -> Iterator[KeyProblem]:
    certificate = request.certificate
    lengths = BIT_LENGTHS[certificate.key_algorithm]
    if certificate.bit_length and certificate.bit_length not in lengths:
        allowed = ", ".join(str(length) for length in lengths)
        message = f"{certificate.bit_length} is no length of an {certificate.key_algorithm} key; {allowed} are"
        yield KeyProblem("certificate.bit_length", message)
    if certificate.role == "internal-edge" and not request.topology.internal_fqdn:
        yield KeyProblem("topology.internal_fqdn", "is required for role internal-edge")


def _check_issuer(request: CertificateRequest) -> Iterator[KeyProblem]:
    certificate, kind = request.certificate, request.issuer.kind
    if kind == "acme":
        for name, asked in (
            ("client_auth", certificate.client_auth),
            ("xmpp_identifiers", certificate.xmpp_identifiers),
        ):
            if asked:
                yield KeyProblem(f"certificate.{name}", "no ACME CA gives this; it is for issuer kinds csr and local")
    if certificate.template and kind != "csr":
        yield KeyProblem("certificate.template", f"is for issuer kind csr only, and the kind is {kind}")
    if bool(request.issuer.eab_kid) != bool(request.issuer.eab_hmac_key_file):
        missing = "eab_hmac_key_file" if request.issuer.eab_kid else "eab_kid"
        yield KeyProblem(f"issuer.{missing}", "is required: an external account binding has both, eab_kid and its key")
    yield from check_challenges(request)


def _check_targets(request: CertificateRequest) -> Iterator[KeyProblem]:
    seen: set[str] = set()
    for index, target in enumerate(request.deploy):
        path = f"deploy[{index}]"
        if target.name in seen:
            yield KeyProblem(f"{path}.name", f"there is another target {target.name!r}; each needs its own name")
        seen.add(target.name)
        yield from _check_target(path, target, exportable=request.certificate.exportable)


def _check_target(path: str, target: DeployTarget, *, exportable: bool) -> Iterator[KeyProblem]:
    foreign = _GATEWAY_ONLY if target.kind == "files" else _FILES_ONLY
    plain = DeployTarget()
    for name in foreign:
        if getattr(target, name) != getattr(plain, name):
            other = "gateway" if target.kind == "files" else "files"
            yield KeyProblem(f"{path}.{name}", f"is for kind {other} only, and the kind is {target.kind}")
    if target.kind == "files":
        yield from _check_files(path, target, exportable=exportable)
    for number, address in enumerate(target.verify):
        match = _VERIFY.fullmatch(address)
        if match is None or not 0 < int(match[1]) <= _MAX_PORT:
            message = f"{address!r} is no address to ask: write xmpp-s2s://, xmpps-s2s:// or tls://, then host:port"
            yield KeyProblem(f"{path}.verify[{number}]", message)


def _check_files(path: str, target: DeployTarget, *, exportable: bool) -> Iterator[KeyProblem]:
    if not target.directory:
        yield KeyProblem(f"{path}.directory", "is required for kind files")
    if not exportable and not target.plaintext_key:
        message = "must be true, since the key is not exportable and this target writes it in the clear"
        yield KeyProblem(f"{path}.plaintext_key", message)
    if re.fullmatch(r"0[0-7]{3}", target.mode) and int(target.mode, 8) & _TOO_WIDE:
        message = f"{target.mode} lets others read the key, or its group change it; 0600 and 0640 do not"
        yield KeyProblem(f"{path}.mode", message)
    for name in ("cert_file", "key_file", "combined_file"):
        value = getattr(target, name)
        if "/" in value or value in ("", ".", ".."):
            yield KeyProblem(f"{path}.{name}", f"{value!r} is no plain file name; the directory is a key of its own")
