"""How each renewal stands: one file beside the generations of a lineage."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from edgecert.model.findings import Severity
from edgecert.model.renewalinfo import RenewalInfo
from edgecert.model.renewalstate import RenewalState, Trouble, Window
from edgecert.shared.atomic import write_file
from edgecert.shared.clock import format_time
from edgecert.shared.jsonfields import JsonFields, JsonProblem, dump_json, load_json
from edgecert.store.listing import read, translated

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.store.layout import Layout


class RenewalFiles:
    """Implements :class:`edgecert.interfaces.RenewalRecords` below one state directory."""

    def __init__(self, layout: Layout) -> None:
        """Keep the files where ``layout`` says."""
        self._layout = layout

    def load(self, name: str) -> RenewalState:
        """Give what is kept of ``name``; a fresh state if nothing is, or if it is damaged: that costs an attempt."""
        data = read(self._layout.renewal(name))
        if data is None:
            return RenewalState()
        try:
            return decode_state(data)
        except JsonProblem:
            return RenewalState()

    def save(self, name: str, state: RenewalState) -> None:
        """Keep ``state``; of a lineage that has nothing else, nothing is kept."""
        path = self._layout.renewal(name)
        if path.parent.is_dir():
            with translated(self._layout.root):
                write_file(path, encode_state(state))


class MemoryRenewals:
    """Implements :class:`edgecert.interfaces.RenewalRecords` in memory."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._states: dict[str, RenewalState] = {}

    def load(self, name: str) -> RenewalState:
        """Give what is kept of ``name``."""
        return self._states.get(name, RenewalState())

    def save(self, name: str, state: RenewalState) -> None:
        """Keep ``state``."""
        self._states[name] = state


def encode_state(state: RenewalState) -> bytes:
    """Give ``state`` as JSON."""
    return dump_json(
        {
            "generation": state.generation,
            "window": _encode_window(state.window) if state.window is not None else {},
            "failures": state.failures,
            "retry_at": format_time(state.retry_at) if state.retry_at else None,
            "error": _encode_trouble(state.error),
            "alarm": state.alarm.value if state.alarm else "",
            "deployment": _encode_trouble(state.deployment),
            "reminded_at": format_time(state.reminded_at) if state.reminded_at else None,
        }
    )


def decode_state(data: bytes) -> RenewalState:
    """Give the state that :func:`encode_state` wrote.

    Raises:
        JsonProblem: it is damaged.
    """
    fields = JsonFields(load_json(data))
    window, alarm = fields.table("window", default={}), fields.text("alarm", default="")
    if alarm and alarm not in {known.value for known in Severity}:
        raise JsonProblem(f"{alarm!r} is no severity")
    return RenewalState(
        generation=fields.number("generation"),
        window=_decode_window(JsonFields(window)) if window else None,
        failures=fields.number("failures"),
        retry_at=fields.time_or_none("retry_at"),
        error=_decode_trouble(fields.table("error", default={})),
        alarm=Severity(alarm) if alarm else None,
        deployment=_decode_trouble(fields.table("deployment", default={})),
        reminded_at=fields.time_or_none("reminded_at"),
    )


def _encode_trouble(trouble: Trouble | None) -> JsonObject:
    if trouble is None:
        return {}
    return {
        "code": trouble.code,
        "message": trouble.message,
        "hint": trouble.hint,
        "exit_code": trouble.exit_code,
    }


def _decode_trouble(document: JsonObject) -> Trouble | None:
    if not document:
        return None
    fields = JsonFields(document)
    return Trouble(fields.text("code"), fields.text("message"), fields.text("hint"), fields.number("exit_code"))


def _encode_window(window: Window) -> JsonObject:
    info = window.info
    return {
        "generation": window.generation,
        "start": format_time(info.start) if info else None,
        "end": format_time(info.end) if info else None,
        "explanation_url": info.explanation_url if info else "",
        "retry_after_s": int(info.retry_after.total_seconds()) if info and info.retry_after is not None else None,
        "picked": format_time(window.picked) if window.picked else None,
        "ask_again_at": format_time(window.ask_again_at),
    }


def _decode_window(fields: JsonFields) -> Window:
    start, end = fields.time_or_none("start"), fields.time_or_none("end")
    seconds = fields.number_or_none("retry_after_s")
    info = None
    if start is not None and end is not None:
        wait = None if seconds is None else timedelta(seconds=seconds)
        info = RenewalInfo(start, end, fields.text("explanation_url", default=""), wait)
    return Window(fields.number("generation"), info, fields.time_or_none("picked"), fields.time("ask_again_at"))
