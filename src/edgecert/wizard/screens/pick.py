"""Choosing one certificate of those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.names import to_unicode
from edgecert.shared.tui.fields import Choice
from edgecert.shared.words import _
from edgecert.wizard.screens.frame import WizardScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.widget import Widget

    from edgecert.wizard.views import Held


class PickScreen(WizardScreen):
    """A certificate of the store; what one has in hand is told below."""

    def __init__(self, title: str, question: str, held: Sequence[Held], picked: Callable[[str], None]) -> None:
        """Give the name that is picked to ``picked``."""
        super().__init__()
        self._title = title
        self._question = question
        self._held = held
        self._picked = picked

    @override
    def heading(self) -> str:
        return self._title

    @override
    def body(self) -> Iterable[Widget]:
        yield Static(Content(self._question), classes="intro")
        yield Choice([(entry.name, self._line(entry)) for entry in self._held], marks=self.wizard.marks, id="names")

    def _line(self, entry: Held) -> str:
        if entry.meta is None:
            return f"{entry.name}: {_('no certificate yet')}"
        names = ", ".join(to_unicode(name) for name in entry.meta.names[:2])
        until = f"{entry.meta.not_after:%Y-%m-%d}"
        number = entry.meta.generation
        return _("{name}, generation {number}: {names}, until {until}").format(
            name=entry.name, number=number, names=names, until=until
        )

    @override
    def on_mount(self) -> None:
        self.query_one("#names").focus()

    @override
    def action_next(self) -> None:
        self._picked(self.query_one("#names", Choice).value)
