"""Lists of tables: where it is served, how names are proven. A line for each, a form for the one that is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual import on
from textual.content import Content
from textual.widgets import Static
from typing_extensions import override

from edgecert.shared.tui.dialogs import buttons
from edgecert.shared.tui.fields import Press
from edgecert.shared.words import _
from edgecert.wizard.authorities import authority_of
from edgecert.wizard.fields import find_field, label_of, split_path
from edgecert.wizard.screens.form import FormScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.events import DescendantFocus
    from textual.widget import Widget

    from edgecert.shared.jsonvalue import JsonValue
    from edgecert.wizard.fields import Field

_DECIDER: Final = {"deploy": "kind", "issuer.challenges": "type"}
_REBUILD: Final = ("kind", "type", "provider", "layout")


class RowsScreen(FormScreen):
    """A form with a list of tables: adds, opens and removes them."""

    table = ""
    _opened: int | None = None

    def row_widgets(self) -> Iterable[Widget]:
        """Give a line for each table, and what adds one."""
        rows = self.session.rows(self.table)
        problems = {problem.key for problem in self.session.problems(self.session.page)}
        for index, row in enumerate(rows):
            wrong = any(key.startswith(f"{self.table}[{index}]") for key in problems)
            sign = f"{self.wizard.marks.bad} " if wrong else ""
            yield Press(f"{sign}{index + 1}. {describe_row(self.table, row)}", id=f"row-{index}")
        if not rows:
            yield Static(Content(self.nothing()), classes="intro")
        decider = find_field(f"{self.table}[0].{_DECIDER[self.table]}").key
        adds = [Press(_("Add {kind}").format(kind=choice), id=f"add-{choice}") for choice in decider.choices]
        yield buttons(*adds)

    def nothing(self) -> str:
        """Say what an empty list means."""
        return _("none yet")

    def first_row(self, kind: str) -> Mapping[str, JsonValue]:
        """Give what a new table says already."""
        return {_DECIDER[self.table]: kind}

    @on(Press.Pressed)
    def open_row(self, event: Press.Pressed) -> None:
        """Open a table, or add one."""
        word, _dash, rest = (event.press.id or "").partition("-")
        if word not in ("row", "add"):
            return
        event.stop()
        index = self.session.add_row(self.table, self.first_row(rest)) if word == "add" else int(rest)
        self._opened = index
        self.wizard.open_screen(RowScreen(self.table, index))

    @override
    def on_screen_resume(self) -> None:
        if self._opened is not None:  # what was opened may be called otherwise now, or be gone
            self.call_later(self._come_back, self._opened)
            self._opened = None

    async def _come_back(self, index: int) -> None:
        await self.rebuild()
        presses = self.query(f"#row-{index}, #next, Press")
        presses.first().focus()


def describe_row(table: str, row: Mapping[str, JsonValue]) -> str:
    """Give a table of a list in a line."""
    decider = _DECIDER[table]
    kind = row.get(decider, find_field(f"{table}[0].{decider}").key.default)
    said = [
        ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in row.items()
        if name != decider
    ]
    return f"{kind}: {'; '.join(said)}" if said else str(kind)


class RowScreen(FormScreen):
    """One table of a list: what of its schema means something for what it is."""

    def __init__(self, table: str, index: int) -> None:
        """Show the table at ``index``."""
        super().__init__()
        self.table = table
        self.index = index

    @override
    def heading(self) -> str:
        return f"{label_of(self.table)}: {self.index + 1}"

    @override
    def fields(self) -> Sequence[Field]:
        known = self.index < len(self.session.rows(self.table))
        return self.session.row_fields(self.table, self.index) if known else ()

    @override
    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield buttons(Press(_("OK"), id="ok"), Press(_("Remove"), id="remove"))

    @override
    def answered(self, path: str) -> None:
        super().answered(path)
        for problem in self.session.problems():
            self.show_message(problem.key, problem.message)
        if split_path(path)[2] in _REBUILD:
            self.call_later(self.rebuild)

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Done with it, or away with it."""
        event.stop()
        if event.press.id == "remove":
            self.session.remove_row(self.table, self.index)
        self._done()

    def _done(self) -> None:
        self.wizard.keep_draft()
        self.wizard.close_screen()

    @override
    def action_next(self) -> None:
        prefix = f"{self.table}[{self.index}]"
        problems = [problem for problem in self.session.problems() if problem.key.startswith(prefix)]
        if problems:
            self.show_problems(problems)
        else:
            self._done()

    @override
    def action_back(self) -> None:
        self._done()

    @override
    def after_undo(self) -> None:
        if self.index >= len(self.session.rows(self.table)):
            self._done()
        else:
            self.call_later(self.rebuild)


class TargetsScreen(RowsScreen):
    """Where the certificate is served."""

    table = "deploy"

    @override
    def body(self) -> Iterable[Widget]:
        intro = _("After it is issued it can be put into service here, and each renewal is, without a restart.")
        yield Static(Content(intro), classes="intro")
        yield from self.row_widgets()
        yield buttons(Press(_("Back"), id="back"), Press(_("Next"), id="next"))

    @override
    def nothing(self) -> str:
        return _("Nowhere yet: the certificate is made and kept, and can be exported or deployed later.")

    @override
    def first_row(self, kind: str) -> Mapping[str, JsonValue]:
        taken = {str(row.get("name", "")) for row in self.session.rows(self.table)}
        name, number = kind, 2
        while name in taken:
            name, number = f"{kind}{number}", number + 1
        return {**super().first_row(kind), "name": name}

    @override
    def on_mount(self) -> None:
        self.query_one("#next").focus()
        self.say(_("Enter goes on. Shift+Tab leads to the targets: Enter opens one, or adds one."))

    @on(Press.Pressed)
    def pressed(self, event: Press.Pressed) -> None:
        """Go on or back."""
        if event.press.id == "next":
            event.stop()
            self.action_next()
        elif event.press.id == "back":
            event.stop()
            self.action_back()


class IssuerScreen(RowsScreen):
    """The CA: a directory and how names are proven, or where the request file goes."""

    table = "issuer.challenges"

    @override
    def body(self) -> Iterable[Widget]:
        from edgecert.wizard.screens.acme import acme_widgets  # noqa: PLC0415  # not for a request that is carried

        if self.session.value("issuer.kind") == "acme":
            yield from acme_widgets(self)
            yield Static(Content(_("How names are proven, the first that fits counts")), classes="section")
            yield from self.row_widgets()
        else:
            intro = _("Key and request are made here; a person carries the request to a CA and brings the answer back.")
            yield Static(Content(intro), classes="intro")
            yield from super(RowsScreen, self).body()

    @override
    def nothing(self) -> str:
        return _("Nothing yet: an ACME CA issues only for names that are proven.")

    @override
    def first_row(self, kind: str) -> Mapping[str, JsonValue]:
        return {**super().first_row(kind), **({"listen": "0.0.0.0:80"} if kind == "http-01" else {})}

    @override
    def answered(self, path: str) -> None:
        super().answered(path)
        if path == "issuer.directory":
            from edgecert.wizard.screens.acme import show_authority  # noqa: PLC0415  # as above

            show_authority(self, ask=authority_of(str(self.session.value(path))) is not None)

    @override
    def on_descendant_focus(self, event: DescendantFocus) -> None:
        # Textual calls the base class's handler too. The CA is asked once the field of its directory is left.
        if event.widget.id == "known":
            self.say(_("Arrows choose a CA that is known here; any other one is named by the URL of its directory."))
        if self.session.value("issuer.kind") == "acme" and getattr(event.widget, "path", "") != "issuer.directory":
            from edgecert.wizard.screens.acme import show_authority  # noqa: PLC0415  # as above

            show_authority(self, ask=True)
