"""Steps as they come, a failure with its cause and hint, and going on without losing anything."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from edgecert.interfaces import WatchesStandings, WatchesWaits
from edgecert.model.request import CertificateRequest, Topology
from edgecert.shared.errors import NetworkError
from edgecert.wizard.screens.run import RunScreen, Watcher
from tests.support.wizard import wizard

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.interfaces import Progress


def test_a_watcher_hands_on_steps_and_warnings() -> None:
    told: list[tuple[str, str]] = []
    awaited: list[tuple[str, float]] = []
    stood: list[tuple[str, str, str]] = []
    watcher = Watcher(
        lambda mark, text: told.append((mark, text)),
        lambda what, left: awaited.append((what, left)),
        lambda about, standing, text: stood.append((about, standing, text)),
    )
    assert isinstance(watcher, WatchesWaits)
    assert isinstance(watcher, WatchesStandings)
    watcher.stands("sip.contoso.com", "done", "proven")
    assert stood == [("sip.contoso.com", "done", "proven")]
    watcher.waits("the CA to sign", 299.0)
    assert awaited == [("the CA to sign", 299.0)]
    watcher.step("one")
    watcher.warn("code", "two", "place")
    watcher.warn("code", "place: three", "place")
    assert told == [("", "one"), ("!", "place: two [code]"), ("!", "place: three [code]")]


async def test_a_failure_stays_with_cause_and_hint_until_one_has_decided(tmp_path: Path) -> None:
    tries: list[int] = []
    came: list[str] = []

    def work(progress: Progress) -> str:
        tries.append(1)
        progress.step("the first step")
        progress.warn("odd", "a warning")
        if len(tries) < 3:
            raise NetworkError("the CA was not reached", code="acme-unreachable", hint="look at the network")
        return "fine"

    async with wizard(tmp_path) as seen:
        await seen.new_request()
        seen.app.open_screen(RunScreen("Executing", work, came.append))
        await seen.sees("✓", "the first step", "! ", "a warning [odd]")
        await seen.sees("✗ the CA was not reached  [acme-unreachable]", "look at the network", "Nothing is lost")
        await seen.pilot.click("#explain")
        await seen.sees("acme-unreachable", "Close")
        await seen.press("escape")
        await seen.press("f8")
        await seen.sees("== Executing", "a warning")
        await seen.press("escape")
        await seen.pilot.click("#again")
        await seen.sees("✗ the CA was not reached")
        await seen.press("escape")
        await seen.sees("Certificate request")
        seen.app.open_screen(RunScreen("Executing", work, came.append))
        await seen.sees("the first step")
        assert came == ["fine"] or await seen.sees("the first step")


async def test_what_is_awaited_and_for_how_long_is_seen(tmp_path: Path) -> None:
    going = threading.Event()

    def work(progress: Progress) -> bool:
        assert isinstance(progress, WatchesWaits)
        progress.waits("the CA to sign", 120.0)
        return going.wait(30)

    async with wizard(tmp_path) as seen:
        await seen.new_request()
        seen.app.open_screen(RunScreen("Executing", work, lambda _came: seen.app.show_tasks()))
        await seen.sees("… waiting for the CA to sign: ", " s more at the most")
        going.set()
        await seen.sees("Available tasks")


async def test_what_failed_is_mended_and_goes_on_with_the_same_request(tmp_path: Path) -> None:
    start = CertificateRequest(topology=Topology(sip_domains=("contoso.com",)))
    async with wizard(tmp_path, start=start) as seen:
        (tmp_path / "state").mkdir(mode=0o700)
        (tmp_path / "state" / "local-ca").write_text("in the way", encoding="utf-8")
        await seen.new_request()
        await seen.go("summary")
        await seen.press("enter")
        await seen.sees("✗", "▸Back, to mend it◂")
        requests = list((tmp_path / "state/requests/edge-external").glob("[!.]*"))
        assert len(requests) == 1
        await seen.press("enter")
        await seen.sees("Request summary")
        (tmp_path / "state" / "local-ca").unlink()
        await seen.press("enter")
        await seen.sees("The certificate is there")
        assert list((tmp_path / "state/requests/edge-external").glob("[!.]*")) == requests


async def test_each_name_is_seen_as_it_stands_with_what_it_waits_for(tmp_path: Path) -> None:
    going = threading.Event()

    def work(progress: Progress) -> bool:
        assert isinstance(progress, WatchesStandings)
        progress.stands("a.example", "done", "proven")
        progress.stands("b.example", "busy", "http-01: the CA looks at it")
        progress.stands("xmpp-s2s://127.0.0.1:5269 a.example", "failed", "serves another certificate")
        return going.wait(60)

    async with wizard(tmp_path) as seen:
        await seen.new_request()
        names = ("a.example", "b.example", "c.example")
        seen.app.open_screen(RunScreen("Executing", work, lambda _came: seen.app.show_tasks(), names=names))
        await seen.sees("✓ a.example", "… b.example", "the CA looks at it, ", " s", "· c.example", "✗ xmpp-s2s://127")
        await seen.pilot.resize_terminal(80, 24)
        going.set()
        await seen.sees("Available tasks")
        assert "a.example: proven" in seen.app.log_text()
