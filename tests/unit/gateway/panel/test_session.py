from __future__ import annotations

from datetime import timedelta

from edgecert.shared.errors import ControlError
from gateway.panel.session import HEADS, LATE, MOST_ROWS, TITLES, Page, PanelSession
from tests.support.clock import FakeClock
from tests.support.panel import NOW, STATUS, STREAM, FakeDesk


def seen() -> tuple[PanelSession, FakeDesk, FakeClock]:
    clock, desk = FakeClock(NOW), FakeDesk()
    session = PanelSession(clock)
    session.took(desk.look())
    return session, desk, clock


def test_every_page_has_a_title_and_a_table_or_a_plot() -> None:
    assert set(TITLES) == set(Page)
    assert set(Page) - set(HEADS) == {Page.LOAD}


def test_before_the_first_look_there_is_nothing() -> None:
    session = PanelSession(FakeClock(NOW))
    assert session.headline() == ("busy", "looking")
    assert all(session.rows(page) == [] for page in Page)
    assert (session.homes, session.partners, session.held("edge"), session.serving("edge")) == ([], [], [], None)


def test_a_look_fills_the_pages() -> None:
    session, desk, _clock = seen()
    session.took_contacts(desk.contacts())
    counts = {page: len(session.rows(page)) for page in Page}
    assert counts == {
        Page.PARTNERS: 2,
        Page.STREAMS: 1,
        Page.CONTACTS: 2,
        Page.CERTIFICATES: 1,
        Page.FAILURES: 1,
        Page.LOAD: 0,
    }
    assert session.homes == ["contoso.com"]
    assert (session.held("edge-external"), session.serving("edge-external")) == ([5, 6, 7], 7)
    assert session.partner("fabrikam.com") is not None
    assert session.partner("nobody.example") is None


def test_a_gateway_that_has_gone_is_told_and_what_was_seen_stays() -> None:
    session, desk, _clock = seen()
    session.lost(ControlError("no gateway listens"))
    state, text = session.headline()
    assert state == "bad"
    assert "no gateway listens" in text
    assert "last seen at" in text
    assert len(session.rows(Page.PARTNERS)) == 2
    session.took(desk.look())
    assert session.headline()[0] == "good"


def test_rates_come_from_two_looks() -> None:
    session, desk, clock = seen()
    assert session.rows(Page.STREAMS)[0].cells[-1] == "–"
    clock.advance(timedelta(seconds=2))
    desk.streams = [{**STREAM, "stanzas": 16}]
    desk.status = {**STATUS, "counts": {"stanzas": {"inbound": 30, "outbound": 20}, "handshakes": {"ok": "odd"}}}
    session.took(desk.look())
    assert session.rows(Page.STREAMS)[0].cells[-1] == "2.0"
    assert session.load.now == {"stanzas.inbound": 10.0, "stanzas.outbound": 0.0}


def test_rows_are_filtered_and_sorted() -> None:
    session, _desk, _clock = seen()
    session.filters[Page.PARTNERS] = "NORTH"
    assert [row.key for row in session.rows(Page.PARTNERS)] == ["northwind.example"]
    session.filters[Page.PARTNERS] = ""
    assert session.sort_next(Page.PARTNERS) == "state"
    assert [row.state for row in session.rows(Page.PARTNERS)] == ["bad", "good"]
    names = [session.sort_next(Page.PARTNERS) for _head in HEADS[Page.PARTNERS]]
    assert names == list(HEADS[Page.PARTNERS])
    assert session.sort_next(Page.PARTNERS) == ""


def test_numbers_are_sorted_as_numbers() -> None:
    session, desk, _clock = seen()
    desk.failures = [{"code": str(count), "count": count} for count in (10, 9, 100)]
    session.took(desk.look())
    for _step in range(6):
        session.sort_next(Page.FAILURES)
    assert [row.cells[4] for row in session.rows(Page.FAILURES)] == ["9", "10", "100"]


def test_ages_are_sorted_as_times() -> None:
    session, desk, _clock = seen()
    ages = (90061, 0, 3700, 302, 900000)
    desk.streams = [{**STREAM, "port": port, "age_s": age} for port, age in enumerate(ages)]
    session.took(desk.look())
    while session.sort_next(Page.STREAMS) != "AGE":
        pass
    sorted_ages = [row.cells[6] for row in session.rows(Page.STREAMS)]
    assert sorted_ages == ["0 s", "5 min 2 s", "1 h 1 min", "1 d 1 h", "10 d 10 h"]


def test_a_gateway_that_does_not_answer_is_not_called_ready() -> None:
    session, desk, _clock = seen()
    session.waits(LATE - 1)
    assert session.headline()[0] == "good"
    session.waits(LATE)
    state, text = session.headline()
    assert state == "busy"
    assert text.startswith("no answer for 3 s; last seen at ")
    session.took(desk.look())
    assert session.headline()[0] == "good"


def test_no_more_rows_than_a_terminal_can_bear() -> None:
    session, desk, _clock = seen()
    desk.streams = [{**STREAM, "port": port} for port in range(MOST_ROWS + 20)]
    session.took(desk.look())
    assert len(session.rows(Page.STREAMS)) == MOST_ROWS
    assert session.left_out(Page.STREAMS) == 20


def test_reasons_are_given_in_full() -> None:
    session, desk, _clock = seen()
    desk.status = {**STATUS, "reasons": ["a", "b"]}
    session.took(desk.look())
    assert session.reasons() == ["a", "b"]
