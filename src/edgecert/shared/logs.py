"""Log lines for people and for machines, with everything that looks like a private key taken out."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from edgecert.shared.overriding import override
from edgecert.shared.printable import json_text, show_controls, show_line
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from edgecert.shared.jsonvalue import JsonValue

    _ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_PEM_KEY: Final = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_SECRET_FIELD: Final = re.compile(r"(?i)(?:^|_)(?:password|passphrase|secret|token|hmac|pin|key_pem)(?:$|_)")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def scrub(text: str) -> str:
    """Give ``text`` without PEM private keys, whole or cut off."""
    return _PEM_KEY.sub(r"[\1 removed]", text)


def _fields(record: logging.LogRecord) -> dict[str, JsonValue]:
    """Give what was logged with ``extra``, secrets masked."""
    found: dict[str, JsonValue] = {}
    for name, value in vars(record).items():
        if name in _STANDARD:
            continue
        if isinstance(value, Secret | bytes) or _SECRET_FIELD.search(name):
            found[name] = "***"
        elif isinstance(value, bool | int | float) or value is None:
            found[name] = value
        else:
            found[name] = scrub(str(value))
    return found


class _ScrubbingFormatter(logging.Formatter):
    @override
    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  # the name that logging calls
        return scrub(super().formatException(ei))

    def moment(self, record: logging.LogRecord) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class JsonFormatter(_ScrubbingFormatter):
    """One JSON object a line: ``time``, ``level``, ``logger``, ``event`` and the fields given by ``extra``."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Give the record as one line of JSON."""
        document: dict[str, JsonValue] = {
            "time": self.moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": scrub(record.getMessage()),
            **_fields(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json_text(document)


class LineFormatter(_ScrubbingFormatter):
    """One line for people: time (left out where the journal adds its own), level, message, ``key=value`` fields."""

    def __init__(self, *, timestamps: bool = True) -> None:
        """Begin lines with the time if ``timestamps``."""
        super().__init__()
        self._timestamps = timestamps

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Give the record as one line, and its traceback after it."""
        head = f"{self.moment(record)} " if self._timestamps else ""
        fields = "".join(f" {name}={_quoted(value)}" for name, value in _fields(record).items())
        message = show_line(scrub(record.getMessage()))
        trace = f"\n{show_controls(self.formatException(record.exc_info))}" if record.exc_info else ""
        return f"{head}{record.levelname.lower()} {message}{fields}{trace}"


def _quoted(value: JsonValue) -> str:
    text = str(value)
    return show_line(text) if text and not re.search(r'[\s"=]', text) else json_text(text)


def configure_logging(
    stream: TextIO, *, level: int = logging.WARNING, json_lines: bool = False, timestamps: bool = True
) -> None:
    """Send the log of both programs to ``stream``; libraries speak from WARNING up only, unless ``level`` is DEBUG."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if json_lines else LineFormatter(timestamps=timestamps))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))
    for name in ("edgecert", "gateway"):
        logging.getLogger(name).setLevel(level)
