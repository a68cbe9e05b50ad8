"""The pages: rows, the row one is at, what is said of it, sorting, filtering, and what cannot be changed."""

from __future__ import annotations

import pytest
from textual.binding import Binding

from gateway.panel.screens.main import ACTIONS, MainScreen, help_text
from gateway.panel.session import MOST_ROWS, Page
from tests.support.panel import STREAM, FakeDesk, panel
from tests.support.snapshots import assert_looks_as_kept


async def test_each_page_shows_its_rows() -> None:
    async with panel(size=(120, 30)) as seen:
        await seen.sees("[1 Partners]", "▸ ✓ fabrikam.com", "✗ northwind.example", "dns-not-found", "Fabrikam Inc.")
        await seen.press("2")
        await seen.sees("[2 Streams]", "TLSv1.3", "edge-external 6 (old)", "sales.fabrikam.com → contoso.com")
        await seen.press("3")
        await seen.sees("[3 Contacts]", "knocked 2 times", "alice@fabrikam.com", "listed, to")
        await seen.press("4")
        await seen.sees("[4 Certificates]", "64", "generations that are held here: 5, 6, 7")
        await seen.press("5")
        await seen.sees("[5 Failures]", "dns-not-found", "check the spelling")
        await seen.press("6")
        await seen.sees("[6 Load]", "TLS handshakes, a second: 0.0 now")
        await seen.press("right")
        await seen.sees("[1 Partners]")
        await seen.press("left")
        await seen.sees("[6 Load]")


async def test_the_row_one_is_at_stays_while_others_come_and_go() -> None:
    async with panel() as seen:
        await seen.sees("▸ ✓ fabrikam.com")
        await seen.press("down")
        await seen.sees("▸ ✗ northwind.example", "3 stanzas wait")
        seen.desk.table = [entry for entry in seen.desk.table if entry["domain"] != "fabrikam.com"]
        seen.app.look()
        await seen.sees("▸ ✗ northwind.example")
        assert "fabrikam.com" not in seen.text
        await seen.press("2", "1")
        await seen.sees("▸ ✗ northwind.example")


async def test_rows_are_sorted_and_filtered() -> None:
    async with panel() as seen:
        await seen.sees("fabrikam.com")
        await seen.press("s")
        await seen.sees("Sorted by state")
        assert seen.text.index("northwind.example") < seen.text.index("fabrikam.com")
        await seen.press("slash")
        await seen.sees("Show only rows that contain")
        await seen.type("fabri")
        await seen.press("enter")
        await seen.sees("Filter: fabri")
        assert "northwind.example" not in seen.text


async def test_many_rows_are_cut_and_say_so() -> None:
    desk = FakeDesk(streams=[{**STREAM, "port": port} for port in range(MOST_ROWS + 2)])
    async with panel(desk) as seen:
        await seen.press("2")
        await seen.sees("2 more rows: filter with /")


async def test_enter_tells_more_and_f1_helps() -> None:
    async with panel() as seen:
        await seen.press("5")
        await seen.sees("dns-not-found")
        await seen.press("enter")
        await seen.sees("first 2026-11-26T11:00:00Z", "[Copy]")
        await seen.press("escape", "f1")
        await seen.sees("What went wrong lately", "▸Close◂")


async def test_only_showing_says_so_and_changes_nothing() -> None:
    async with panel(FakeDesk(read_only=True)) as seen:
        await seen.sees("only showing")
        for page, key in (("1", "n"), ("1", "d"), ("1", "t"), ("4", "b")):
            await seen.press(page, key)
            await seen.sees("The status socket only shows")
        await seen.press("3")
        await seen.sees("Who talks to whom is private")
    assert seen.desk.calls == []


async def test_without_rows_the_page_says_what_that_means() -> None:
    async with panel(FakeDesk(table=[], streams=[], failures=[], known={})) as seen:
        for key, text in (
            ("1", "No partner yet"),
            ("2", "No stream is open"),
            ("3", "nobody has knocked"),
            ("5", "Nothing"),
        ):
            await seen.press(key)
            await seen.sees(text)
        await seen.press("1", "d")
        await seen.sees("There is nothing to do this with")


async def test_a_small_window_says_so_and_a_larger_one_shows_all() -> None:
    async with panel(size=(50, 12)) as seen:
        await seen.sees("This window is small")
        await seen.pilot.resize_terminal(100, 30)
        await seen.sees("Fabrikam Inc.")


async def test_foreign_text_does_not_steer_the_terminal() -> None:
    desk = FakeDesk(failures=[{"domain": "x.example", "code": "c", "text": "a\x1b]52;c;eA==\x07b [bold]c[/]"}])
    async with panel(desk, size=(120, 24)) as seen:
        await seen.press("5")
        text = await seen.sees("[bold]c[/]")
        assert "\x1b" not in text


def test_each_thing_to_do_has_its_key_in_the_help_and_in_the_bindings() -> None:
    bound = {binding.action: binding.key for binding in MainScreen.BINDINGS if isinstance(binding, Binding)}
    for page, actions in ACTIONS.items():
        for name, key, text in actions:
            assert bound[f"do('{name}')"].split(",")[0] == key
            assert text in help_text(page)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("page", [Page.PARTNERS, Page.STREAMS, Page.CERTIFICATES])
async def test_a_page_looks_as_it_did(page: Page, size: tuple[int, int]) -> None:
    async with panel(size=size) as seen:
        await seen.sees("fabrikam.com")
        seen.app.screen.action_go(page.value)  # type: ignore[attr-defined]  # the main screen
        await seen.sees(f"{page.value.capitalize()}]")
        assert_looks_as_kept(seen.app, f"panel-{page.value}-{size[0]}x{size[1]}")
