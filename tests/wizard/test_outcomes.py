"""What use cases give back, as pages: partial failures, waiting, test CAs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.interfaces import Deployment, TargetVerdict
from edgecert.lifecycle.apply import Applied
from edgecert.lifecycle.issue import Outcome
from edgecert.lifecycle.results import Staging, TargetResult
from edgecert.model.request import CertificateRequest
from edgecert.shared.errors import DeployError
from edgecert.wizard.outcomes import show_deployed, show_issued, show_staged
from edgecert.wizard.screens.run import RunScreen
from tests.support.pki import Pki
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path


async def test_one_target_that_failed_is_not_hidden_by_another(tmp_path: Path) -> None:
    meta = Pki.create(tmp_path / "pki").issue(["contoso.com"]).bundle().meta
    good = Deployment("web", "files", wanted=1, serving=1, verdict=TargetVerdict.SAME)
    bad = Deployment("gw", "gateway", wanted=1, last_error="refused")
    results = (
        TargetResult(good, meta, 3, failed=False),
        TargetResult(bad, meta, 4, failed=True, error=DeployError("refused", hint="look there")),
    )
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        show_deployed(seen.app, results)
        await seen.sees("! Not everything is in service", "✓ web", "✗ gw: failed", "look there")


async def test_what_was_not_seen_is_not_called_in_service(tmp_path: Path) -> None:
    meta = Pki.create(tmp_path / "pki").issue(["contoso.com"]).bundle().meta
    entry = Deployment("web", "files", wanted=1, serving=1, verdict=TargetVerdict.UNVERIFIED)
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        show_deployed(seen.app, [TargetResult(entry, meta, 3, failed=False)])
        await seen.sees("! Handed over. What is served could not be seen everywhere.")
        assert "In service." not in seen.text


async def test_who_changes_over_by_itself_is_named(tmp_path: Path) -> None:
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        show_staged(seen.app, [Staging(("gw",), DeployError("no room"))], seen.work.now())
        await seen.sees("✓ Staged for", "changes over by itself: gw", "✗ no room")


async def test_records_that_a_person_publishes_keep_the_request_in_the_making(tmp_path: Path) -> None:
    waiting = Outcome("edge", "waiting", message="publish", records=('_acme-challenge.contoso.com. 60 IN TXT "abc"',))
    async with wizard(tmp_path) as seen:
        await seen.new_request()
        await seen.go("summary")
        seen.app.open_screen(RunScreen("Executing", lambda _progress: 0, lambda _came: None))
        show_issued(seen.app, [Applied("edge", waiting, "", settings_changed=False)], CertificateRequest())
        await seen.sees("It waits for you", "IN TXT", "▸They are there: go on◂")
        await seen.press("escape")
        await seen.sees("Go on with the request that was begun")
