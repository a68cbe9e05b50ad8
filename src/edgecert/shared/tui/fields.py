"""Fields of a form: text, one of several, yes or no. Each shows its state in letters and keeps the order of keys.

All of them post :class:`Entered` at Enter, which pages take as *go on*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input
from typing_extensions import override

from edgecert.shared.tui.marks import UNICODE, Marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType


class Entered(Message):
    """Enter was pressed in a field."""


class OrderedInput(Input):
    """An input of one line that handles all its keys itself, in the order in which they came.

    Textual hands printable keys to the input and bound ones (Backspace, arrows) round by the application, so that
    fast typing is reordered (Textual issue 6605).
    """

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        password: bool = False,
        id: str | None = None,  # noqa: A002  # Textual's word
    ) -> None:
        """Show ``value``."""
        super().__init__(value, placeholder=placeholder, password=password, compact=True, select_on_focus=False, id=id)

    @override
    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(Entered())
            return
        if event.is_printable:
            return  # the base class puts it in, at once
        await _own_key(self, event)


class Choice(Widget, can_focus=True):
    """One of several, each with its sign; arrows move and choose at once, a click too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,left", "move(-1)", show=False),
        Binding("down,right,space", "move(1)", show=False),
    ]
    DEFAULT_CSS = """
    Choice { height: auto; width: 1fr; }
    Choice:focus { background-tint: $foreground 8%; }
    """
    index: reactive[int] = reactive(0, layout=True)

    class Changed(Message):
        """Another option was chosen."""

        def __init__(self, choice: Choice) -> None:
            """Tell which."""
            super().__init__()
            self.choice = choice

        @property
        @override
        def control(self) -> Choice:
            """The widget."""
            return self.choice

    def __init__(
        self,
        options: Sequence[tuple[str, str]],
        value: str = "",
        *,
        flat: bool = False,
        marks: Marks = UNICODE,
        id: str | None = None,  # noqa: A002  # Textual's word
    ) -> None:
        """Offer ``options`` (value, text), one a line, or ``flat`` beside each other."""
        super().__init__(id=id)
        self.options = list(options)
        self.flat = flat
        self.marks = marks
        values = [entry for entry, _text in options]
        self.set_reactive(Choice.index, values.index(value) if value in values else 0)

    @property
    def value(self) -> str:
        """What is chosen."""
        return self.options[self.index][0]

    def choose(self, value: str) -> None:
        """Choose ``value`` without telling anybody."""
        values = [entry for entry, _text in self.options]
        if value in values:
            self.index = values.index(value)

    @override
    def render(self) -> Content:
        lines = []
        for at, (_value, text) in enumerate(self.options):
            here = at == self.index
            mark = self.marks.chosen if here else self.marks.open
            style = "bold $text on $primary" if here and self.has_focus else "bold" if here else ""
            lines.append(Content.styled(f"{mark} {text}", style))
        return Content("   " if self.flat else "\n").join(lines)

    def action_move(self, step: int) -> None:
        """Choose the next or previous option."""
        self._take((self.index + step) % len(self.options))

    def _take(self, index: int) -> None:
        if index != self.index:
            self.index = index
            self.post_message(self.Changed(self))

    @override
    async def _on_key(self, event: events.Key) -> None:
        await _field_key(self, event)

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        if not self.flat:
            if 0 <= event.y < len(self.options):
                self._take(event.y)
            return
        end = 0
        for at, (_value, text) in enumerate(self.options):
            end += len(self.marks.chosen) + 1 + len(text) + 3
            if event.x < end:
                self._take(at)
                return


class Tick(Widget, can_focus=True):
    """Yes or no: ``[x]`` or ``[ ]`` and what it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "tick", show=False)]
    DEFAULT_CSS = """
    Tick { height: auto; width: 1fr; }
    Tick:focus { background-tint: $foreground 8%; }
    """
    value: reactive[bool] = reactive(False)

    class Changed(Message):
        """It was ticked, or no longer is."""

        def __init__(self, tick: Tick) -> None:
            """Tell which."""
            super().__init__()
            self.tick = tick

        @property
        @override
        def control(self) -> Tick:
            """The widget."""
            return self.tick

    def __init__(
        self,
        text: str,
        value: bool = False,  # as in Textual's own
        *,
        marks: Marks = UNICODE,
        id: str | None = None,  # noqa: A002  # Textual's word
    ) -> None:
        """Show ``text`` behind the box."""
        super().__init__(id=id)
        self.text = text
        self.marks = marks
        self.set_reactive(Tick.value, value)

    @override
    def render(self) -> Content:
        mark = self.marks.ticked if self.value else self.marks.unticked
        return Content.styled(f"{mark} {self.text}", "bold $text on $primary" if self.has_focus else "")

    def action_tick(self) -> None:
        """Tick it, or no longer."""
        self.value = not self.value
        self.post_message(self.Changed(self))

    @override
    async def _on_key(self, event: events.Key) -> None:
        await _field_key(self, event)

    def on_click(self) -> None:
        """Toggle it."""
        self.action_tick()


class Press(Widget, can_focus=True):
    """Something to do: Enter, Space or a click does it."""

    DEFAULT_CSS = """
    Press { width: auto; max-width: 100%; height: 1; text-wrap: nowrap; text-overflow: ellipsis; padding: 0 1;
            background: $surface-lighten-1; color: $text; margin-right: 1; }
    Press:focus { background: $primary; color: $text; text-style: bold; }
    Press.-off { color: $text-disabled; }
    """

    class Pressed(Message):
        """It is to be done."""

        def __init__(self, press: Press) -> None:
            """Tell what."""
            super().__init__()
            self.press = press

        @property
        @override
        def control(self) -> Press:
            """The widget."""
            return self.press

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002  # Textual's word
        """Show ``text`` between brackets."""
        super().__init__(id=id)
        self.text = text

    @override
    def render(self) -> Content:
        here = self.has_focus
        return Content(f"{'▸' if here else '['}{self.text}{'◂' if here else ']'}")

    @override
    async def _on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "space"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Do it."""
        self.post_message(self.Pressed(self))


async def _field_key(widget: Widget, event: events.Key) -> None:
    """Handle a key of a field at once, as :class:`OrderedInput` does."""
    if event.key == "enter":
        event.stop()
        event.prevent_default()
        widget.post_message(Entered())
        return
    await _own_key(widget, event)


async def _own_key(widget: Widget, event: events.Key) -> None:
    """Do what ``widget`` binds ``event`` to; what is not its own goes on behind what it has told of the keys before.

    Changes are told by messages, which queue at the widget behind the keys that were typed meanwhile: a key that went
    straight on to the page would find it without them.
    """
    event.stop()
    event.prevent_default()
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):  # noqa: SLF001  # as Textual's issue 6605 needs
        await widget.run_action(binding.action)
        return
    behind = events.Key(event.key, event.character)
    behind._set_forwarded()  # noqa: SLF001  # else the application would hand it to the field once more
    parent = widget._parent  # noqa: SLF001  # the way that messages bubble
    if parent is not None:
        widget.call_later(parent.post_message, behind)
