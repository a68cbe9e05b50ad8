"""The notify command is run with the document, and never stops a renewal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edgecert.deploy.notifying import CommandNotifier
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path


def test_the_command_reads_the_document(tmp_path: Path) -> None:
    watcher, file = Watcher(), tmp_path / "told"
    CommandNotifier(watcher).notify(["tee", str(file)], {"event": "renewal-failed", "name": "edge"})
    assert json.loads(file.read_text()) == {"schema": "edgecert/1", "event": "renewal-failed", "name": "edge"}
    assert watcher.codes == []


def test_a_command_that_fails_or_is_not_there_is_a_warning() -> None:
    watcher = Watcher()
    CommandNotifier(watcher).notify(["false"], {})
    CommandNotifier(watcher).notify(["/nonexistent/notify"], {})
    assert watcher.codes == ["notify-failed", "notify-failed"]
