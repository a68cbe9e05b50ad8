"""The store's records as they stand in files: settings in TOML, the rest in JSON."""

from __future__ import annotations

import tomllib
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar, cast

from edgecert.interfaces import Deployment, Deployments, OpenRequest, SavedSettings, Staged, TargetVerdict
from edgecert.model.request import CertificateRequest
from edgecert.shared.clock import format_time
from edgecert.shared.configfile import decode, encode, to_toml
from edgecert.shared.errors import ConfigError, StoreError
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from edgecert.interfaces import RequestState
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SAVED_TABLE: Final = "saved"
_STATES: Final = ("open", "cancelled", "completed")
_SETTINGS_HEAD: Final = "# Saved by edgecert: `edgecert settings` shows and changes them; `renew` obeys them alone.\n\n"

_Record = TypeVar("_Record")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what is wrong with a file's content into a ``StoreError`` that names the file."""
    try:
        yield
    except (JsonProblem, UnicodeDecodeError, tomllib.TOMLDecodeError, ConfigError) as error:
        raise StoreError(
            f"{path} is damaged: {error}",
            code="record-damaged",
            hint="restore this file from your backup; the certificates themselves are not touched by this",
        ) from error


def _optional_time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


# --- settings.toml ---


def encode_settings(settings: SavedSettings, name: str) -> bytes:
    """Give ``settings`` of the lineage ``name`` as TOML: the whole request as a flags file has it, and ``saved``."""
    saved: dict[str, JsonValue] = {
        "saved_at": format_time(settings.saved_at),
        "flags_file": settings.flags_file,
        "flags_digest": settings.flags_digest,
        "part": settings.part,
        "part_of": settings.part_of,
        "assignment": dict(settings.assignment),
    }
    request = replace(settings.request, certificate=replace(settings.request.certificate, name=name))
    document = dict(encode(request, defaults=True))
    return (_SETTINGS_HEAD + to_toml({**document, SAVED_TABLE: saved})).encode()


def decode_settings(data: bytes, name: str, path: Path) -> SavedSettings:
    """Give the settings that :func:`encode_settings` wrote, for ``name`` (it may have been renamed since).

    Raises:
        StoreError: code ``record-damaged``.
    """
    with _reading(path):
        document = cast("dict[str, JsonValue]", tomllib.loads(data.decode()))
        saved = JsonFields(JsonFields({SAVED_TABLE: document.pop(SAVED_TABLE, None)}).table(SAVED_TABLE))
        request = decode(CertificateRequest, document, where=str(path))
        assignment = saved.table("assignment", default={})
        return SavedSettings(
            request=replace(request, certificate=replace(request.certificate, name=name)),
            saved_at=saved.time("saved_at"),
            flags_file=saved.text("flags_file", default=""),
            flags_digest=saved.text("flags_digest", default=""),
            part=saved.number("part"),
            part_of=saved.text("part_of", default=""),
            assignment={domain: JsonFields(assignment).number(domain) for domain in assignment},
        )


# --- deployments.json ---


def encode_deployments(deployments: Deployments) -> bytes:
    """Give the deployment state as JSON."""
    targets: list[JsonObject] = [
        {
            "target": target.target,
            "kind": target.kind,
            "wanted": target.wanted,
            "serving": target.serving,
            "verdict": target.verdict.value,
            "served_fingerprint_sha256": target.served_fingerprint_sha256,
            "verified_at": _optional_time(target.verified_at),
            "last_error": target.last_error,
            "retry_after": _optional_time(target.retry_after),
        }
        for target in deployments.targets
    ]
    held = {str(generation): reason for generation, reason in sorted(deployments.held.items())}
    revoked = {str(generation): reason for generation, reason in sorted(deployments.revoked.items())}
    return dump_json({"targets": targets, "held": held, "revoked": revoked})


def decode_deployments(data: bytes, path: Path) -> Deployments:
    """Give the deployment state that :func:`encode_deployments` wrote.

    Raises:
        StoreError: code ``record-damaged``.
    """
    with _reading(path):
        fields = JsonFields(load_json(data))
        return Deployments(
            targets=tuple(_decode_deployment(JsonFields(item)) for item in fields.tables("targets")),
            held=_reasons(fields.table("held", default={})),
            revoked=_reasons(fields.table("revoked", default={})),
        )


def _reasons(table: JsonObject) -> dict[int, str]:
    return {_generation(number): JsonFields(table).text(number) for number in table}


def _generation(text: str) -> int:
    if not text.isdecimal():
        raise JsonProblem(f"{text!r} is no generation")
    return int(text)


def _decode_deployment(fields: JsonFields) -> Deployment:
    verdict = fields.text("verdict", default=TargetVerdict.UNVERIFIED.value)
    if verdict not in {known.value for known in TargetVerdict}:
        raise JsonProblem(f"{verdict!r} is no verdict")
    return Deployment(
        target=fields.text("target"),
        kind=fields.text("kind"),
        wanted=fields.number("wanted"),
        serving=fields.number_or_none("serving"),
        verdict=TargetVerdict(verdict),
        served_fingerprint_sha256=fields.text("served_fingerprint_sha256", default=""),
        verified_at=fields.time_or_none("verified_at"),
        last_error=fields.text("last_error", default=""),
        retry_after=fields.time_or_none("retry_after"),
    )


# --- staged.json ---


def encode_staged(staged: Staged) -> bytes:
    """Give what is staged as JSON."""
    return dump_json({"generation": staged.generation, "effective_at": format_time(staged.effective_at)})


def decode_staged(data: bytes, path: Path) -> Staged:
    """Give what :func:`encode_staged` wrote.

    Raises:
        StoreError: code ``record-damaged``.
    """
    with _reading(path):
        fields = JsonFields(load_json(data))
        return Staged(fields.number("generation"), fields.time("effective_at"))


# --- request.json ---


def encode_request(request: OpenRequest) -> bytes:
    """Give a request as JSON, without its CSR, which lies beside it."""
    return dump_json(
        {
            "id": request.id,
            "lineage": request.lineage,
            "state": request.state,
            "created_at": format_time(request.created_at),
            "spki_sha256": request.spki_sha256,
            "names": list(request.names),
            "exportable": request.exportable,
            "friendly_name": request.friendly_name,
            "issuer_kind": request.issuer_kind,
            "digest": request.digest,
            "request_file": request.request_file,
        }
    )


def decode_request(data: bytes, csr_pem: bytes, name: str, path: Path) -> OpenRequest:
    """Give the request that :func:`encode_request` wrote, for ``name`` (it may have been renamed since).

    Raises:
        StoreError: code ``record-damaged``.
    """
    with _reading(path):
        fields = JsonFields(load_json(data))
        state = fields.text("state")
        if state not in _STATES:
            raise JsonProblem(f"{state!r} is no state of a request")
        return OpenRequest(
            id=fields.text("id"),
            lineage=name,
            state=cast("RequestState", state),
            created_at=fields.time("created_at"),
            csr_pem=csr_pem,
            spki_sha256=fields.text("spki_sha256"),
            names=fields.texts("names"),
            exportable=fields.flag("exportable"),
            friendly_name=fields.text("friendly_name"),
            issuer_kind=fields.text("issuer_kind"),
            digest=fields.text("digest", default=""),
            request_file=fields.text("request_file", default=""),
        )
