"""The gateway's control API as both programs know it: versions, limits, and what a call's body holds.

The API is HTTP/1.1 with JSON over a UNIX socket; :mod:`edgecert.shared.controlclient` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from edgecert.shared.clock import format_time, parse_time
from edgecert.shared.errors import ControlError

if TYPE_CHECKING:
    from datetime import datetime

    from edgecert.shared.bundle import Bundle
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

API_MIN: Final = 1
API_VERSION: Final = 1
API_HEADER: Final = "X-Edgecert-Api"
MAX_BODY: Final = 1 << 20
DEFAULT_CONTROL: Final = Path("/run/edgecert-gateway/control.sock")
DEFAULT_STATUS: Final = Path("/run/edgecert-gateway/status.sock")

CloseOldStreams = Literal["keep", "drain", "now"]
CLOSE_OLD_STREAMS: Final[tuple[CloseOldStreams, ...]] = ("keep", "drain", "now")


@dataclass(frozen=True, slots=True)
class SwapRequest:
    """What ``POST /v1/swap`` asks: put ``bundle`` into service now, or at ``effective_at``.

    ``rollback`` allows a generation number below the one in service; ``allow_drop`` allows that a served domain loses
    its certificate. ``replaces`` names lineages that end with this swap, for the pushed one is what became of them.
    """

    bundle: Bundle
    close_old_streams: CloseOldStreams = "keep"
    allow_drop: bool = False
    rollback: bool = False
    effective_at: datetime | None = None
    replaces: tuple[str, ...] = ()


def encode_swap(request: SwapRequest, *, api: int = API_VERSION) -> JsonObject:
    """Give the JSON body of ``POST /v1/swap``, said in version ``api`` of the control API.

    It holds the private key: it is for the socket, never for a log.
    """
    from edgecert.shared.bundle import encode_bundle  # noqa: PLC0415  # loads the cryptography library

    return {
        "api": api,
        "bundle": encode_bundle(request.bundle),
        "close_old_streams": request.close_old_streams,
        "allow_drop": request.allow_drop,
        "rollback": request.rollback,
        "effective_at": format_time(request.effective_at) if request.effective_at else None,
        "replaces": list(request.replaces),
    }


def decode_swap(document: JsonObject) -> SwapRequest:
    """Give the request that a body of ``POST /v1/swap`` holds; keys that are not known are passed over.

    Raises:
        ControlError: ``api-version`` or ``bad-call``, saying which key is wrong.
        MaterialError: the bundle itself cannot be read.
    """
    from edgecert.shared.bundle import decode_bundle  # noqa: PLC0415  # loads the cryptography library

    check_api(document.get("api", API_VERSION))
    bundle = document.get("bundle")
    if not isinstance(bundle, dict):
        raise bad_call("bundle: an object is needed")
    return SwapRequest(
        bundle=decode_bundle(bundle),
        close_old_streams=decode_close_old_streams(document),
        allow_drop=decode_flag(document, "allow_drop"),
        rollback=decode_flag(document, "rollback"),
        effective_at=decode_time(document.get("effective_at")),
        replaces=_decode_names(document.get("replaces", [])),
    )


def decode_close_old_streams(document: JsonObject) -> CloseOldStreams:
    """Give the ``close_old_streams`` of a body, ``keep`` when it says nothing.

    Raises:
        ControlError: ``bad-call``, another word.
    """
    word = document.get("close_old_streams", "keep")
    if word not in CLOSE_OLD_STREAMS:
        raise bad_call(f"close_old_streams: one of {', '.join(CLOSE_OLD_STREAMS)} is needed")
    return word


def decode_flag(document: JsonObject, key: str) -> bool:
    """Give the boolean ``key`` of a body, false when it says nothing.

    Raises:
        ControlError: ``bad-call``, no boolean.
    """
    value = document.get(key, False)
    if not isinstance(value, bool):
        raise bad_call(f"{key}: true or false is needed")
    return value


def check_api(version: JsonValue) -> None:
    """Accept a version of the API that this program speaks.

    Raises:
        ControlError: ``api-version``, naming what was asked and what is spoken.
    """
    if isinstance(version, bool) or not isinstance(version, int) or not API_MIN <= version <= API_VERSION:
        message = f"control API version {version} was asked for; this gateway speaks {API_MIN} to {API_VERSION}"
        raise ControlError(message, code="api-version", hint="bring edgecert and edgecert-gateway to the same release")


def bad_call(message: str) -> ControlError:
    """Give the error for a body that is not what the call takes."""
    return ControlError(message, code="bad-call", hint="see the control API reference for what this call takes")


def _decode_names(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise bad_call("replaces: a list of names is needed")
    return tuple(str(name) for name in value)


def decode_time(value: JsonValue) -> datetime | None:
    """Give the time of a body's ``effective_at``, None when it says none.

    Raises:
        ControlError: ``bad-call``, no time with its zone.
    """
    if value is None:
        return None
    try:
        return parse_time(cast("str", value))
    except (ValueError, AttributeError):
        raise bad_call("effective_at: an RFC 3339 time with zone is needed") from None
