"""The main screen: the gateway's state, the pages, a table, and what is said of the row one is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option
from typing_extensions import override

from edgecert.shared.tui.dialogs import PromptDialog, TextDialog
from edgecert.shared.words import _, plural
from gateway.panel.load import plot
from gateway.panel.screens import deeds
from gateway.panel.session import HEADS, TITLES, Page
from gateway.panel.table import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from gateway.panel.app import PanelApp
    from gateway.panel.views import Row

_PLOTS: Final = (
    ("stanzas.inbound", _("Stanzas from partners, a second")),
    ("stanzas.outbound", _("Stanzas to partners, a second")),
    ("handshakes.ok", _("TLS handshakes, a second")),
    ("handshakes.failed", _("TLS handshakes that failed, a second")),
)
_SMALLEST: Final = (60, 15)

# What can be done on a page: the binding's action, its key, and the words of the footer and of the palette.
ACTIONS: Final[Mapping[Page, tuple[tuple[str, str, str], ...]]] = {
    Page.PARTNERS: (
        ("new", "n", _("New")),
        ("edit", "e", _("Edit")),
        ("remove", "d", _("Remove")),
        ("test", "t", _("Test")),
    ),
    Page.STREAMS: (("test", "t", _("Test")),),
    Page.CONTACTS: (("add", "a", _("Add")), ("remove", "d", _("Remove"))),
    Page.CERTIFICATES: (
        ("swap", "w", _("Swap")),
        ("rollback", "b", _("Roll back")),
        ("stage", "g", _("Stage")),
        ("cancel", "x", _("Cancel staged")),
    ),
    Page.FAILURES: (("test", "t", _("Test")),),
    Page.LOAD: (),
}
_EMPTY: Final[Mapping[Page, str]] = {
    Page.PARTNERS: _("No partner yet: n makes one."),
    Page.STREAMS: _("No stream is open. They open when somebody writes."),
    Page.CONTACTS: _("No contact, and nobody has knocked."),
    Page.CERTIFICATES: _("No certificate: edgecert deploy brings one."),
    Page.FAILURES: _("Nothing has gone wrong since the gateway was started."),
}


class MainScreen(Screen[None]):
    """All pages in one frame."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"go('{page.value}')", title, show=False)
            for number, (page, title) in enumerate(TITLES.items(), start=1)
        ),
        Binding("right,tab", "turn(1)", _("Next page"), show=False),
        Binding("left,shift+tab", "turn(-1)", _("Page before"), show=False),
        Binding("n", "do('new')", _("New")),
        Binding("e", "do('edit')", _("Edit")),
        Binding("a", "do('add')", _("Add")),
        Binding("d,delete", "do('remove')", _("Remove")),
        Binding("t", "do('test')", _("Test")),
        Binding("w", "do('swap')", _("Swap")),
        Binding("b", "do('rollback')", _("Roll back")),
        Binding("g", "do('stage')", _("Stage")),
        Binding("x", "do('cancel')", _("Cancel staged")),
        Binding("s", "sort", _("Sort")),
        Binding("slash", "filter", _("Filter"), key_display="/"),
        Binding("f1", "help", _("Help")),
        Binding("q", "app.leave", _("Leave")),
    ]
    DEFAULT_CSS = """
    MainScreen { layout: vertical; }
    MainScreen #heading { height: 1; background: $primary; color: $text; text-style: bold; padding: 0 1;
                          text-wrap: nowrap; text-overflow: ellipsis; }
    MainScreen #pages { height: 1; padding: 0 1; }
    MainScreen #heads { height: 1; padding: 0 1; text-style: bold; color: $text-accent; text-wrap: nowrap; }
    MainScreen #rows { height: 1fr; border: none; padding: 0 1; background: transparent; }
    MainScreen #rows > .option-list--option { padding: 0; text-wrap: nowrap; text-overflow: ellipsis; }
    MainScreen #load { height: 1fr; padding: 0 1; display: none; }
    MainScreen #detail { height: auto; min-height: 2; max-height: 6; padding: 0 1; background: $surface; }
    MainScreen.-load #rows, MainScreen.-load #heads { display: none; }
    MainScreen.-load #load { display: block; }
    """

    page: Page = Page.PARTNERS

    def __init__(self) -> None:
        """Show the partners first."""
        super().__init__()
        self._rows: list[Row] = []
        self._lines: list[str] = []
        self._shown: tuple[Page, tuple[str, ...]] | None = None
        self._at: dict[Page, str] = {}

    @property
    def panel(self) -> PanelApp:
        """The application."""
        return cast("PanelApp", self.app)

    @override
    def compose(self) -> ComposeResult:
        yield Static("", id="heading")
        yield Static("", id="pages")
        yield Static("", id="heads")
        yield OptionList(id="rows", markup=False, compact=True)
        yield Static("", id="load")
        yield Static("", id="detail")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show what is known: nothing yet."""
        self.query_one("#rows").focus()
        self.show()
        self.panel.screen_is_there()

    def on_screen_resume(self) -> None:
        """A page above has gone."""
        self.panel.screen_is_there()

    def on_resize(self) -> None:
        """Columns have another width."""
        self.show()

    # --- what is shown

    @property
    def row(self) -> Row | None:
        """The row one is at."""
        at = self.query_one("#rows", OptionList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def show(self) -> None:
        """Show what the session knows; the row one is at stays, wherever it has come to lie."""
        if not self.is_attached:
            return
        session, width = self.panel.session, self.size.width - 2
        state, text = session.headline()
        only = f" · {_('only showing')}" if self.panel.desk.read_only else ""
        self.query_one("#heading", Static).update(Content(f"{self.panel.mark(state)} {self._who()}{text}{only}"))
        self.query_one("#pages", Static).update(self._pages())
        self.set_class(self.page is Page.LOAD, "-load")
        if self.page is Page.LOAD:
            self.query_one("#load", Static).update(Content("\n".join(self._plots(width, self.size.height - 6))))
        else:
            self._show_rows(width)
        self._show_detail()
        self.refresh_bindings()

    def _who(self) -> str:
        homes = self.panel.session.homes
        return f"{homes[0]}{f' +{len(homes) - 1}' if len(homes) > 1 else ''}: " if homes else ""

    def _pages(self) -> Content:
        parts = [
            Content.styled(f"[{number} {title}]", "bold reverse")
            if page is self.page
            else Content(f" {number} {title} ")
            for number, (page, title) in enumerate(TITLES.items(), start=1)
        ]
        return Content("").join(parts)

    def _show_rows(self, width: int) -> None:
        page, table = self.page, self.query_one("#rows", OptionList)
        self._rows = self.panel.session.rows(page)
        head, lines = lay_out(HEADS[page], self._rows, width, self.panel.mark)
        self.query_one("#heads", Static).update(Content(head))
        keys = tuple(row.key for row in self._rows)
        self._lines = lines
        if self._shown != (page, keys):
            self._shown = (page, keys)
            wanted = self._at.get(page, "")
            with self.prevent(OptionList.OptionHighlighted):
                table.clear_options()
                table.add_options([Option(Content(line)) for line in lines])
                if keys:
                    table.highlighted = keys.index(wanted) if wanted in keys else 0
        self._point()

    def _point(self) -> None:
        """Write the lines that have changed, a pointer before the one one is at: a colour alone says nothing."""
        table = self.query_one("#rows", OptionList)
        for at, line in enumerate(self._lines):
            new = Content(f"{self.panel.marks.here}{line[1:]}" if at == table.highlighted else line)
            if table.get_option_at_index(at).prompt != new:
                table.replace_option_prompt_at_index(at, new)

    def _show_detail(self) -> None:
        self.query_one("#detail", Static).update(Content(self._detail()))

    def _detail(self) -> str:
        session, page = self.panel.session, self.page
        if session.gone is not None:
            return "\n".join(part for part in (session.gone.message, session.gone.hint, _("Looking again …")) if part)
        if self.size.width < _SMALLEST[0] or self.size.height < _SMALLEST[1]:
            return _("This window is small: 80 columns and 24 lines show all.")
        if page is Page.CONTACTS and self.panel.desk.read_only:
            return _("Who talks to whom is private: run the panel as root or the gateway's user to see it.")
        if page is Page.LOAD:
            return "\n".join(session.reasons()) or _("The newest second is at the right.")
        wanted = session.filters.get(page, "")
        filtered = _("Filter: {text}. ").format(text=wanted) if wanted else ""
        if self.row is None:
            return filtered + _EMPTY[page] if session.status else _("Asking the gateway …")
        more = session.left_out(page)
        left = plural("{count} more row: filter with /", "{count} more rows: filter with /", more) if more else ""
        reasons = [f"{self.panel.marks.warning} {reason}" for reason in session.reasons()]
        return "\n".join(part for part in (*reasons, filtered + left, self.row.detail or self.row.cells[0]) if part)

    def _plots(self, width: int, height: int) -> list[str]:
        lines: list[str] = []
        ascii_only = self.panel.marks.done == "+"
        tall = max(1, height // len(_PLOTS) - 2)
        for name, title in _PLOTS:
            series = self.panel.session.load.series(name)
            now, top = (series[-1] if series else 0.0), max(series, default=0.0)
            lines.append(_("{title}: {now:.1f} now, {top:.1f} at most").format(title=title, now=now, top=top))
            lines += [*plot(series, width, tall, ascii_only=ascii_only), ""]
        return lines

    # --- moving about

    @on(OptionList.OptionHighlighted)
    def moved(self) -> None:
        """Remember the row and tell of it."""
        if self.row is not None:
            self._at[self.page] = self.row.key
        self._point()
        self._show_detail()

    @on(OptionList.OptionSelected)
    def chosen(self) -> None:
        """Enter does what is nearest at hand."""
        if self.page is Page.PARTNERS:
            self.action_do("edit")
        elif self.row is not None:
            self.panel.open_screen(TextDialog(self.row.cells[0], self.row.detail))

    def go(self, page: Page) -> None:
        """Show a page."""
        self.page = page
        if page is Page.CONTACTS:
            self.panel.look_at_contacts()
        self.show()

    def action_go(self, page: str) -> None:
        """Show a page by its word."""
        self.go(Page(page))

    def action_turn(self, step: int) -> None:
        """Show the next page, or the one before."""
        pages = list(Page)
        self.go(pages[(pages.index(self.page) + step) % len(pages)])

    # --- doing

    def commands(self) -> Sequence[tuple[str, str]]:
        """Give what can be done on this page: word and text."""
        return [(name, text) for name, _key, text in ACTIONS[self.page]]

    def do(self, name: str) -> None:
        """Do what the palette offered."""
        self.action_do(name)

    @override
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer on each page what can be done there."""
        if action == "do":
            return any(name == parameters[0] for name, _key, _text in ACTIONS[self.page])
        if action in ("sort", "filter"):
            return self.page is not Page.LOAD
        return True

    def action_do(self, name: str) -> None:
        """Do something with the row one is at, or say why that cannot be."""
        if self.panel.desk.read_only:
            text = _("The status socket only shows: run the panel as root or the gateway's user to change something.")
            self.notify(text, severity="warning", markup=False)
            return
        deed: Callable[[PanelApp, Row | None], None] = deeds.DEEDS[self.page, name]
        if self.row is None and name not in ("new", "add", "test"):
            self.notify(_("There is nothing to do this with."), severity="warning")
            return
        deed(self.panel, self.row)

    def action_sort(self) -> None:
        """Sort by the next column."""
        by = self.panel.session.sort_next(self.page)
        self.notify(_("Sorted by {column}.").format(column=by) if by else _("In the gateway's order."), timeout=2)
        self.show()

    def action_filter(self) -> None:
        """Ask what rows have to contain."""

        def take(text: str | None) -> None:
            if text is not None:
                self.panel.session.filters[self.page] = text
                self.show()

        now = self.panel.session.filters.get(self.page, "")
        self.panel.open_screen(PromptDialog(_("Filter"), _("Show only rows that contain:"), now), take)

    def action_help(self) -> None:
        """Show the keys, and what is seen here."""
        self.panel.open_screen(TextDialog(_("Help"), help_text(self.page)))


_ABOUT: Final[Mapping[Page, str]] = {
    Page.PARTNERS: _(
        "Each partner, its type, the methods that its TLS, SASL and dialback settings leave (S certificate, "
        "T dialback inside TLS, P dialback in the clear), whether a stream is open, and why not."
    ),
    Page.STREAMS: _(
        "Each open stream: in, out or both ways; TLS and what proves the partner; the certificate generation it began "
        "under, which it keeps until it ends; stanzas a second."
    ),
    Page.CONTACTS: _(
        "Which partners' users may reach which home users, and who knocked in vain: a partner of type "
        "public-unverified reaches only who has added that contact."
    ),
    Page.CERTIFICATES: _(
        "What is served, for which domains, how long it is valid, and what waits for its date. The gateway holds the "
        "last five generations of each."
    ),
    Page.FAILURES: _(
        "What went wrong lately, newest first; the same again only counts. t tries the way, step by step."
    ),
    Page.LOAD: _("How much goes through: stanzas and TLS handshakes, each second, of the last ten minutes."),
}


def help_text(page: Page) -> str:
    """Give the help of a page."""
    keys = [f"{key:<9} {text}" for _name, key, text in ACTIONS[page]]
    return "\n".join(
        (
            _ABOUT[page],
            "",
            *keys,
            _("1 … 6     page; Tab, arrows left and right: the next one, the one before"),
            _("Enter     more of the row one is at"),
            _("s  /      sort by the next column; filter"),
            _("Ctrl+P    everything there is to do, colours"),
            _("q         leave"),
        )
    )
