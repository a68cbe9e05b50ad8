"""How a screen looked when somebody last looked at it: kept as SVG, compared letter by letter and colour by colour."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from textual.app import App

KEPT = Path(__file__).parents[1] / "snapshots"
_UNIQUE = re.compile(r"terminal-\d+")


def picture_of(app: App[Any]) -> str:
    """Give the screen as SVG, without what differs from run to run."""
    return _UNIQUE.sub("terminal", app.export_screenshot(title=app.title))


def assert_looks_as_kept(app: App[Any], name: str) -> None:
    """See that the screen looks as the snapshot ``name``; ``UPDATE_SNAPSHOTS=1`` keeps it as it looks now."""
    path, now = KEPT / f"{name}.svg", picture_of(app)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    if kept == now:
        return
    seen = path.with_suffix(".now.svg")
    seen.write_text(now, encoding="utf-8")
    message = f"{name} looks different: compare {path} and {seen}, then UPDATE_SNAPSHOTS=1"
    raise AssertionError(message)
