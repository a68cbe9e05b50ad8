"""The corpus of what must be refused, and how: ``fixtures/hostile/*.toml``, each case replayed in two places."""

from __future__ import annotations

import base64
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping

CORPUS: Final = Path(__file__).parents[2] / "fixtures" / "hostile"
Stage = Literal["clear", "direct", "tls", "open", "component"]
Kind = Literal["stream_error", "stanza_error", "sasl_failure", "forwarded"]
KINDS: Final[tuple[Kind, ...]] = ("stream_error", "stanza_error", "sasl_failure", "forwarded")


@dataclass(frozen=True, slots=True)
class HostileCase:
    """What is sent when, and what must come of it."""

    file: str
    name: str
    at: Stage
    data: bytes
    kind: Kind
    expected: str

    @override
    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def read_corpus() -> list[HostileCase]:
    """Give all cases."""
    return [
        _read(path.stem, entry)
        for path in sorted(CORPUS.glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["case"]
    ]


def _read(file: str, entry: Mapping[str, Any]) -> HostileCase:
    (kind,) = (kind for kind in KINDS if kind in entry)
    return HostileCase(file, entry["name"], entry["at"], _data(entry), kind, entry[kind])


def _data(entry: Mapping[str, Any]) -> bytes:
    if "send_base64" in entry:
        return base64.b64decode(entry["send_base64"])
    if "send" in entry:
        return str(entry["send"]).encode()
    if "numbered" in entry:
        middle = "".join(entry["numbered"].replace("{}", str(number)) for number in range(entry["times"]))
    else:
        middle = entry["repeat"] * entry["times"]
    return f"{entry['before']}{middle}{entry['after']}".encode()
