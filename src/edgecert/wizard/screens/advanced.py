"""Every key of the flags file that no other page asks for, by table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.schema import KeyKind
from edgecert.shared.words import _
from edgecert.wizard.screens.form import FormScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from edgecert.wizard.fields import Field


class AdvancedScreen(FormScreen):
    """The rest of the schema; keys that are added to it appear by themselves."""

    @override
    def heading(self) -> str:
        return _("Advanced: every other setting")

    @override
    def fields(self) -> Sequence[Field]:
        return [entry for entry in self.session.advanced() if entry.key.kind is not KeyKind.TABLES]

    @override
    def body(self) -> Iterable[Widget]:
        table = ""
        for entry in self.fields():
            if (begin := entry.path.partition(".")[0]) != table:
                table = begin
                yield Static(Content(f"[{table}]"), classes="section")
            yield from self.rows_for(entry)

    @override
    def hint_for(self, path: str) -> str:
        meant = self.session.answers.is_meant(path)
        note = "" if meant else f"  {self.wizard.marks.warning} {_('kept, but not for this authority')}"
        return f"{super().hint_for(path)}{note}"

    @override
    def action_next(self) -> None:
        self.action_back()

    @override
    def action_back(self) -> None:
        self.wizard.keep_draft()
        self.wizard.close_screen()

    @override
    def action_advanced(self) -> None:
        self.action_back()

    @override
    def after_undo(self) -> None:
        self.call_later(self.rebuild)
