"""How far an order got: a file beside the request's key, so that a run that was killed is gone on with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from edgecert.model.challenge import Challenge
from edgecert.shared.atomic import write_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgecert.model.request import ChallengeType

ORDER_FILE: Final = "order.json"


@dataclass(frozen=True, slots=True)
class OrderState:
    """Which order at the CA belongs to a request, and what was published for it and not taken away yet."""

    directory: str = ""
    account: str = ""
    order: str = ""
    presented: tuple[Challenge, ...] = ()


class OrderFile:
    """The file of one request."""

    def __init__(self, request_directory: Path) -> None:
        """Use ``order.json`` in ``request_directory``."""
        self._path = request_directory / ORDER_FILE

    def load(self) -> OrderState:
        """Give what was kept; an empty state when nothing was, or when it cannot be read: that costs one order."""
        try:
            document = json.loads(self._path.read_bytes())
            presented = tuple(_challenge(entry) for entry in document["presented"])
            return OrderState(str(document["directory"]), str(document["account"]), str(document["order"]), presented)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return OrderState()

    def save(self, state: OrderState) -> None:
        """Keep ``state``."""
        write_file(self._path, f"{json.dumps(asdict(state), indent=2)}\n".encode())

    def save_records(self, lines: Sequence[str]) -> Path:
        """Keep the DNS records that a person has to publish, as a piece of a zone file; others get another name."""
        text = "".join(f"{line}\n" for line in lines)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        path = self._path.with_name(f"dns-records-{digest}.zone")
        write_file(path, text.encode())
        return path


def _challenge(entry: dict[str, Any]) -> Challenge:  # JSON, looked at piece by piece
    kind = cast("ChallengeType", entry["type"])
    record = entry.get("record", "")  # earlier releases followed no CNAME, and knew of one text only
    others = tuple(map(str, entry.get("others", ())))
    return Challenge(kind, entry["name"], entry["identifier"], entry["token"], entry["value"], record, others)
