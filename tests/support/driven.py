"""A Textual application without a terminal: keys pressed by Textual's pilot, the screen as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from edgecert.shared.tui.app import TerminalApp

SEES = 60.0


@dataclass
class Driven:
    """One application that is being driven."""

    app: TerminalApp[Any]
    pilot: Pilot[Any]

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

    def burst(self, *keys: str) -> None:
        """Press keys all at once, as a fast hand does while the program is busy."""
        for key in keys:
            self.app.simulate_key(key)

    async def sees(self, *texts: str) -> str:
        """Wait until the screen shows all of ``texts``."""
        try:
            await eventually(lambda: all(text in self.text for text in texts), limit=SEES)
        except TimeoutError:
            message = f"the screen does not show {texts}:\n{self.text}"
            raise AssertionError(message) from None
        await self.pilot.pause()
        return self.text
