"""The draft: what was answered so far, kept on every page, so that leaving loses nothing."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, cast

from edgecert.shared.atomic import write_file
from edgecert.shared.terminal import state_home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject

_FILE: Final = "wizard-draft.json"


@dataclass(frozen=True, slots=True)
class Drafts:
    """The one draft of a person for a state directory: in the person's own state directory (XDG), mode 0600."""

    path: Path

    @classmethod
    def of(cls, state_dir: Path, environ: Mapping[str, str]) -> Drafts:
        """Give the draft for ``state_dir``: several stores, several drafts."""
        mark = sha256(os.fsencode(state_dir.absolute())).hexdigest()[:12]
        return cls(state_home(environ) / f"{mark}-{_FILE}")

    def load(self) -> JsonObject | None:
        """Give the draft; None when there is none, or when it cannot be read."""
        try:
            document = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return None
        return cast("JsonObject", document) if isinstance(document, dict) else None

    def save(self, draft: JsonObject) -> bool:
        """Keep ``draft``; False where nothing can be written: a draft is a convenience, never an error."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self.path, f"{json.dumps(draft, ensure_ascii=False, indent=1)}\n".encode(), mode=0o600)
        except OSError:
            return False
        return True

    def forget(self) -> None:
        """Take the draft away: it has become a request, or is no longer wanted."""
        with contextlib.suppress(OSError):
            self.path.unlink()
