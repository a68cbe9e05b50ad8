"""The page of the names: domains and hosts above, below live the names that follow, each with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.content import Content
from textual.widgets import DataTable, Static
from typing_extensions import override

from edgecert.shared.names import to_unicode
from edgecert.shared.tui.dialogs import field_row
from edgecert.shared.tui.fields import OrderedInput
from edgecert.shared.words import _, plural
from edgecert.wizard.screens.domaingrid import DomainGrid
from edgecert.wizard.screens.form import FormScreen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.binding import BindingType
    from textual.events import DescendantFocus
    from textual.widget import Widget

    from edgecert.model.sanplan import SanPlan

_FIXED_ROWS = 12


class NamesTable(DataTable[str]):
    """The names of the plan."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("delete,backspace", "drop", _("Remove"), show=False)]

    def action_drop(self) -> None:
        """Take away what asks for the name at the cursor."""
        screen = self.screen
        if isinstance(screen, NamesScreen) and self.row_count:
            screen.drop_name(self.cursor_row)


class NamesScreen(FormScreen):
    """Domains with tick boxes, hosts, further names; and the plan."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2", "discover", _("Discover"))]
    DEFAULT_CSS = """
    NamesScreen #names-head { height: 1; margin-top: 1; text-style: bold; }
    NamesScreen NamesTable { height: auto; max-height: 8; min-height: 3; background: $background; scrollbar-size: 1 1; }
    NamesScreen.-tall NamesTable { max-height: 20; }
    NamesScreen #hint { min-height: 3; }
    """
    _editing: int | None = None
    _texts: tuple[str, ...] = ()

    @override
    def body(self) -> Iterable[Widget]:
        external = self.session.value("certificate.role") == "external-edge"
        if external:
            yield field_row(_("Add a domain"), OrderedInput(placeholder="contoso.com", id="add"))
            yield field_row("", DomainGrid(self.session.domains, marks=self.wizard.marks, id="domains"))
        for entry in self.fields():
            yield from self.rows_for(entry)
        yield Static("", id="names-head")
        yield NamesTable(cursor_type="row", zebra_stripes=True, id="names", cell_padding=1)

    @override
    def on_mount(self) -> None:
        self._fill()
        for control in self.query("#add").results(OrderedInput):
            control.focus()

    @override
    def on_resize(self) -> None:
        """Give the table what room there is."""
        self.set_class(self.size.height >= 34, "-tall")
        self.call_after_refresh(self._fill)

    @override
    def answered(self, path: str) -> None:
        super().answered(path)
        self._fill()

    @override
    async def rebuild(self) -> None:
        await super().rebuild()
        self._fill()

    # --- the names ---------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Show the plan as it is now."""
        table = next(iter(self.query(NamesTable)), None)
        if table is None:  # the body is being made anew, and fills itself then
            return
        plan = self.session.plan()
        for grid in self.query("#domains").results(DomainGrid):
            grid.show(self.session.domains)
        at = table.cursor_row
        table.clear(columns=True)
        several = len(plan.certificates) > 1
        width = max(24, min(44, max((len(to_unicode(name.text)) for name in plan.names), default=24)))
        table.add_column(_("Name"), width=width)
        table.add_column(_("Kind"), width=4)
        table.add_column(_("Why"), width=max(20, self.size.width - width - 4 - 12 - 15 * several))
        if several:
            table.add_column(_("In"), width=14)
        flagged = {name for finding in plan.findings for name in finding.names}
        texts = []
        for certificate in plan.certificates:
            for planned in certificate.names:
                text = planned.name.text
                texts.append(text)
                sign = f"{self.wizard.marks.warning} " if text in flagged else "  "
                row = [f"{sign}{to_unicode(text)}", planned.name.kind, "; ".join(planned.reasons)]
                table.add_row(*row, *([certificate.name] if several else []))
        self._texts = tuple(texts)
        if texts:
            table.move_cursor(row=min(at, len(texts) - 1))
        self._head(plan)

    def _head(self, plan: SanPlan) -> None:
        names = plural("{count} name", "{count} names", len(plan.names))
        parts = plural("in {count} certificate", "in {count} certificates", len(plan.certificates))
        worst = ", ".join(
            f"{mark} {count} {word}"
            for mark, word, count in (
                (self.wizard.marks.bad, _("to mend"), len(plan.errors)),
                (
                    self.wizard.marks.warning,
                    _("to know"),
                    len(plan.findings) - len(plan.errors),
                ),
            )
            if count
        )
        head = f"{names} {parts}" if plan.names else _("No names yet")
        self.query_one("#names-head", Static).update(Content(f"{head}   {worst}"))
        if not isinstance(self.focused, NamesTable):
            self.say(self._findings(plan))

    def _findings(self, plan: SanPlan, name: str = "") -> str:
        """Give what there is to say of a name, or of all."""
        marks = self.wizard.marks
        found = [finding for finding in plan.findings if not name or name in finding.names]
        lines = [
            f"{marks.bad if finding.severity == 'error' else marks.warning} {finding.message}"
            + (f" {finding.hint}" if name else "")
            for finding in found
            if self.session.domains or finding.severity != "error"
        ]
        if not lines and not self.session.domains:
            return _("Type a domain and press Enter. Each SIP domain adds sip.<domain>, each XMPP domain itself.")
        return "\n".join(lines[:4])

    @on(DataTable.RowHighlighted)
    def show_name(self, event: DataTable.RowHighlighted) -> None:
        """Say what the name at the cursor costs or breaks."""
        event.stop()
        if isinstance(self.focused, NamesTable):
            self._say_name(event.cursor_row)

    def _say_name(self, row: int) -> None:
        if row >= len(self._texts):
            return
        text = self._texts[row]
        cost = self.session.cost_of(text)
        found = self._findings(self.session.plan(), text)
        self.say("\n".join(line for line in (f"{to_unicode(text)}: {cost}", found) if line))

    @override
    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, DomainGrid):
            self.say(_("Space ticks, left and right choose SIP or XMPP, e edits, Delete removes, Ctrl+Z undoes."))
        elif isinstance(event.widget, NamesTable):
            self._say_name(event.widget.cursor_row)
        elif event.widget.id == "add":
            self.say(self._findings(self.session.plan()))

    def drop_name(self, row: int) -> None:
        """Take away what asks for the name at ``row``."""
        if row < len(self._texts):
            self.session.drop_name(self._texts[row])
            self.call_later(self.rebuild)

    # --- domains -----------------------------------------------------------------------------------------

    @override
    def entered(self) -> None:
        add = self.focused
        if isinstance(add, OrderedInput) and add.id == "add" and add.value.strip():
            self._add(add)
            return
        super().entered()

    def _add(self, control: OrderedInput) -> None:
        text, message = control.value, ""
        if self._editing is not None:
            message = self.session.change_domain(self._editing, text)
        else:
            for word in text.replace(",", " ").split():
                message = message or self.session.add_domain(word)
        if message:
            self.say(f"{self.wizard.marks.bad} {message}")
            return
        self._editing = None
        control.value = ""
        self.wizard.keep_draft()
        self._fill()

    @on(DomainGrid.Act)
    def act(self, event: DomainGrid.Act) -> None:
        """Tick, remove or edit a domain."""
        row = self.session.domains[event.row]
        match event.what:
            case "sip":
                self.session.tick(event.row, sip=not row.sip)
            case "xmpp":
                self.session.tick(event.row, xmpp=not row.xmpp)
            case "remove":
                self.session.remove_domain(event.row)
            case _:
                control = self.query_one("#add", OrderedInput)
                self._editing = event.row
                control.value = to_unicode(row.domain)
                control.focus()
        self._fill()

    def action_discover(self) -> None:
        """Ask the DNS what the edge looks like and propose it."""
        from edgecert.wizard.screens.discover import DiscoverDialog  # noqa: PLC0415  # only where it is wanted

        def take(_found: object) -> None:
            self.wizard.keep_draft()
            self.call_later(self.rebuild)

        self.wizard.open_screen(DiscoverDialog(), take)
