"""The wizard without a terminal: a store of its own, keys pressed by Textual's pilot, the screen as text."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgecert.shared.clock import SystemClock
from edgecert.wiring import Wiring
from edgecert.wizard.app import WizardApp
from edgecert.wizard.drafts import Drafts
from edgecert.wizard.session import WizardSession
from edgecert.wizard.work import Silence, Work
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from textual.pilot import Pilot

    from edgecert.interfaces import Progress
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.errors import EdgecertError, ExitCode


@dataclass
class Wizard:
    """One application that is being driven."""

    app: WizardApp
    pilot: Pilot[ExitCode | EdgecertError]
    work: Work
    directory: Path

    @property
    def session(self) -> WizardSession:
        """The request that is in the making."""
        return self.app.session

    @property
    def text(self) -> str:
        """What the screen shows."""
        strips = self.app.screen._compositor.render_strips()  # noqa: SLF001  # what a terminal would be sent
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the one before has been dealt with."""
        await self.pilot.press(*keys)
        await eventually(self._has_arrived)
        await self.pilot.pause()

    def _has_arrived(self) -> bool:
        """Whether what was typed ahead has arrived, or nobody waits for it any more."""
        return self.app._held is None or self.app.return_value is not None  # noqa: SLF001  # seen from inside

    async def type(self, text: str) -> None:
        """Type text."""
        for letter in text:
            self.app.simulate_key(letter)
        await self.pilot.pause()

    async def sees(self, *texts: str) -> str:
        """Wait until the screen shows all of ``texts``."""
        try:
            await eventually(lambda: all(text in self.text for text in texts), limit=60.0)
        except TimeoutError:
            message = f"the screen does not show {texts}:\n{self.text}"
            raise AssertionError(message) from None
        await self.pilot.pause()
        return self.text

    async def enter_until(self, *texts: str) -> None:
        """Press Enter on page after page until one shows ``texts``."""
        for _page in range(8):
            if all(text in self.text for text in texts):
                return
            await self.press("enter")
            await asyncio.sleep(0)
        await self.sees(*texts)

    async def new_request(self) -> None:
        """Begin a new request."""
        await self.sees("Available tasks")
        self.app.begin("new")
        await self.sees("Certificate request", "Who signs")

    async def go(self, page: str) -> None:
        """Go to a page by its word."""
        from edgecert.wizard.fields import Page

        self.session.go(Page(page))
        self.app.show_page()
        await self.pilot.pause()
        await self.pilot.pause()


def work_in(directory: Path) -> Work:
    """Give the use cases over a store of their own."""

    def wiring_for(progress: Progress, state_dir: Path | None = None) -> Wiring:
        return Wiring(state_dir or directory / "state", directory / "kek", {}, SystemClock(), progress)

    return Work(wiring_for)


@asynccontextmanager
async def wizard(
    directory: Path, *, start: CertificateRequest | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Wizard]:
    """Drive an application over a store in ``directory``."""
    work = work_in(directory)

    def new_session() -> WizardSession:
        known = frozenset(work.wiring(Silence()).store.lineages())
        return WizardSession(directory, start=start, known=known)

    app = WizardApp(new_session, work, Drafts(directory / "xdg" / "draft.json"))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Wizard(app, pilot, work, directory)
