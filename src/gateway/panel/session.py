"""What the panel knows: the last look at the gateway, what it has become since, and the rates between looks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from edgecert.shared.words import _
from gateway.model.answers import objects, texts
from gateway.panel import views
from gateway.panel.load import Rates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.shared.clock import Clock
    from edgecert.shared.errors import EdgecertError
    from edgecert.shared.jsonvalue import JsonObject
    from gateway.panel.views import Row, State

MOST_ROWS: Final = 500
LATE: Final = 3.0
"""Seconds without an answer after which what was seen last is no longer told as what is."""


class Page(StrEnum):
    """The pages, in the order of their numbers."""

    PARTNERS = "partners"
    STREAMS = "streams"
    CONTACTS = "contacts"
    CERTIFICATES = "certificates"
    FAILURES = "failures"
    LOAD = "load"


TITLES: Final[Mapping[Page, str]] = {
    Page.PARTNERS: _("Partners"),
    Page.STREAMS: _("Streams"),
    Page.CONTACTS: _("Contacts"),
    Page.CERTIFICATES: _("Certificates"),
    Page.FAILURES: _("Failures"),
    Page.LOAD: _("Load"),
}
HEADS: Final[Mapping[Page, tuple[str, ...]]] = {
    Page.PARTNERS: views.PARTNER_HEADS,
    Page.STREAMS: views.STREAM_HEADS,
    Page.CONTACTS: views.CONTACT_HEADS,
    Page.CERTIFICATES: views.CERTIFICATE_HEADS,
    Page.FAILURES: views.FAILURE_HEADS,
}
_ORDER: Final[Mapping[str, int]] = {"bad": 0, "warning": 1, "busy": 2, "good": 3, "idle": 4}


class PanelSession:
    """The state behind the pages; knows no terminal."""

    def __init__(self, clock: Clock) -> None:
        """Know of nothing yet."""
        self._clock = clock
        self._seen: JsonObject = {}
        self._contacts: JsonObject = {}
        self.load = Rates()
        self._stream_rates = Rates()
        self.gone: EdgecertError | None = None
        """Why the last look gave nothing; None while the gateway answers."""
        self.seen_at = ""
        self._waited = 0.0
        self.filters: dict[Page, str] = {}
        self._sorted: dict[Page, int] = {}

    # --- looks

    def took(self, answer: JsonObject) -> None:
        """Take a look at the gateway."""
        self._seen, self.gone, self._waited = answer, None, 0.0
        self.seen_at = f"{self._clock.now().astimezone():%H:%M:%S}"
        now = self._clock.monotonic()
        self.load.take(_counts(self.status), now)
        numbers = {views.stream_key(stream): stream.get("stanzas") for stream in self._streams}
        self._stream_rates.take({key: count for key, count in numbers.items() if isinstance(count, int)}, now)

    def took_contacts(self, answer: JsonObject) -> None:
        """Take the contacts."""
        self._contacts = answer

    def lost(self, error: EdgecertError) -> None:
        """The gateway did not answer; what was seen last stays."""
        self.gone, self._waited = error, 0.0
        self.load.pause()
        self._stream_rates.pause()

    def waits(self, seconds: float) -> None:
        """The gateway has not answered the present look for so long."""
        self._waited = seconds

    @property
    def status(self) -> JsonObject:
        """What ``status`` said."""
        status = self._seen.get("status")
        return status if isinstance(status, dict) else {}

    @property
    def partners(self) -> Sequence[JsonObject]:
        """The table of partners."""
        return objects(self._seen.get("partners"))

    @property
    def homes(self) -> Sequence[str]:
        """Our own domains."""
        return [str(home.get("domain")) for home in objects(self.status.get("homes"))]

    @property
    def _streams(self) -> Sequence[JsonObject]:
        return objects(self._seen.get("streams"))

    def partner(self, domain: str) -> JsonObject | None:
        """Give the partner whose primary domain is ``domain``."""
        return next((partner for partner in self.partners if partner.get("domain") == domain), None)

    def held(self, name: str) -> list[int]:
        """Give the generations of a certificate that the gateway holds."""
        for certificate in objects(self.status.get("certificates")):
            numbers = certificate.get("held")
            if certificate.get("name") == name and isinstance(numbers, list):
                return [number for number in numbers if isinstance(number, int)]
        return []

    def serving(self, name: str) -> int | None:
        """Give the generation of a certificate that is in service."""
        for certificate in objects(self.status.get("certificates")):
            number = certificate.get("generation")
            if certificate.get("name") == name and isinstance(number, int):
                return number
        return None

    # --- what is shown

    def headline(self) -> tuple[State, str]:
        """Give the gateway's state in a line: what it says of itself, or that it has gone."""
        if self.gone is not None:
            since = _("last seen at {time}").format(time=self.seen_at) if self.seen_at else _("never seen")
            return "bad", f"{self.gone.message}; {since}"
        if self._waited >= LATE and self._seen:
            text = _("no answer for {seconds:.0f} s; last seen at {time}")
            return "busy", text.format(seconds=self._waited, time=self.seen_at)
        if not self._seen:
            return "busy", _("looking")
        return views.headline(self.status)

    def reasons(self) -> list[str]:
        """Give why the gateway is not ready, or what endangers it."""
        return texts(self.status.get("reasons"))

    def rows(self, page: Page) -> list[Row]:
        """Give the rows of a page, filtered and sorted as was asked for; at most :data:`MOST_ROWS`."""
        return self._matching(page)[:MOST_ROWS]

    def left_out(self, page: Page) -> int:
        """Give how many rows are not shown for their number."""
        return max(0, len(self._matching(page)) - MOST_ROWS)

    def _matching(self, page: Page) -> list[Row]:
        rows, wanted = self._all_rows(page), self.filters.get(page, "").casefold()
        if wanted:
            rows = [row for row in rows if any(wanted in cell.casefold() for cell in row.cells)]
        column = self._sorted.get(page)
        if column is None:
            return rows
        if column == 0:
            return sorted(rows, key=lambda row: _ORDER[row.state])
        return sorted(rows, key=lambda row: _sort_key(row, column - 1))

    def _all_rows(self, page: Page) -> list[Row]:
        match page:
            case Page.PARTNERS:
                return views.partner_rows(self.partners, objects(self.status.get("partners")))
            case Page.STREAMS:
                return views.stream_rows(self._streams, self._stream_rates.now)
            case Page.CONTACTS:
                return views.contact_rows(self._contacts)
            case Page.CERTIFICATES:
                return views.certificate_rows(self.status, self._clock.now())
            case Page.FAILURES:
                return views.failure_rows(objects(self._seen.get("failures")))
            case Page.LOAD:
                return []

    def sort_next(self, page: Page) -> str:
        """Sort a page by its next column, by state first, then each head, then as it came; give by what."""
        heads = HEADS.get(page, ())
        column = self._sorted.get(page, -1) + 1
        if column > len(heads):
            self._sorted.pop(page, None)
            return ""
        self._sorted[page] = column
        return _("state") if column == 0 else heads[column - 1]


def _counts(status: JsonObject) -> dict[str, int]:
    """Give the running counts of ``status`` by dotted name."""
    counts = status.get("counts")
    return {
        f"{kind}.{name}": number
        for kind, numbers in (counts.items() if isinstance(counts, dict) else ())
        if isinstance(numbers, dict)
        for name, number in numbers.items()
        if isinstance(number, int)
    }


def _sort_key(row: Row, column: int) -> tuple[int, float, str]:
    """Order numbers as numbers, before texts."""
    cell, order = row.cells[column], dict(row.order)
    try:
        return 0, order[column] if column in order else float(cell), ""
    except ValueError:
        return 1, 0.0, cell.casefold()
