from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.model.answers import objects
from gateway.panel import views
from tests.support.panel import FAILURE, NOW, STATUS, STREAM, FakeDesk, partner

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonObject


def test_a_partner_has_its_methods_its_state_and_why() -> None:
    rows = views.partner_rows(FakeDesk().table, objects(STATUS["partners"]))
    open_, failed = rows
    assert (open_.state, open_.cells[:4]) == ("good", ("fabrikam.com", "public-unverified", "ST", "open"))
    assert failed.state == "bad"
    assert failed.cells[4].startswith("dns-not-found")
    assert "3 stanzas wait" in failed.detail


def test_a_warning_and_an_inbound_failure_are_told() -> None:
    state: JsonObject = {
        "domain": "a.example",
        "state": "open",
        "warnings": [{"code": "tls-vanished", "message": "a.example offers no TLS now"}],
        "inbound_failure": {"code": "policy-violation", "text": "no method", "last": "2026-11-26T11:00:00Z"},
    }
    (row,) = views.partner_rows([partner("a.example", additional_domains=["b.example"])], [state])
    assert row.state == "warning"
    assert row.cells[4] == "a.example offers no TLS now"
    assert "policy-violation: no method" in row.detail
    assert "also b.example" in row.detail


@pytest.mark.parametrize(
    ("keys", "letters"),
    [({"tls": "not-supported"}, "P"), ({"tls": "optional"}, "STP"), ({"dialback": False}, "S"), ({"tls": "odd"}, "?")],
)
def test_methods_are_letters(keys: dict[str, str | bool], letters: str) -> None:
    assert views.short_methods({**partner("a.example"), **keys}) == letters


def test_a_stream_on_an_old_generation_is_marked_in_words() -> None:
    (row,) = views.stream_rows([STREAM], {views.stream_key(STREAM): 2.5})
    assert row.state == "warning"
    assert row.cells == (
        *("in", "fabrikam.com +1", "contoso.com", "TLSv1.3", "pkix", "edge-external 6 (old)", "1 h 1 min", "2.5"),
    )
    assert "sales.fabrikam.com → contoso.com (tls-dialback, dns)" in row.detail
    assert "12 stanzas in, 0 out" in row.detail


def test_a_stream_in_the_clear_or_both_ways_says_so() -> None:
    clear = {**STREAM, "tls": "", "current": True, "both_ways": True, "direction": "outbound"}
    (row,) = views.stream_rows([clear], {})
    assert (row.state, row.cells[0], row.cells[3], row.cells[5], row.cells[7]) == ("warning", "both", "clear", "–", "–")


def test_knocks_come_before_contacts() -> None:
    knock, contact = views.contact_rows(FakeDesk().known)
    assert (knock.key, knock.cells[2]) == ("knock bob@contoso.com eve@fabrikam.com", "knocked 2 times")
    assert (contact.key, contact.cells[2]) == ("contact bob@contoso.com alice@fabrikam.com", "listed, to")


@pytest.mark.parametrize(
    ("left", "state"), [(timedelta(days=64), "good"), (timedelta(days=9), "warning"), (-timedelta(1), "bad")]
)
def test_a_certificate_warns_before_its_end(left: timedelta, state: str) -> None:
    now = datetime(2027, 1, 30, tzinfo=UTC) - left
    (row,) = views.certificate_rows({**STATUS, "staged": [{"name": "edge-external", "generation": 8}]}, now)
    assert row.state == state
    assert row.cells[3] == str(left.days)
    assert row.cells[4].startswith("8 →")
    assert "5, 6, 7" in row.detail


def test_failures_tell_where_why_and_what_to_do() -> None:
    (row,) = views.failure_rows([FAILURE])
    assert row.cells[1:] == (
        *("out", "northwind.example", "dns", "4"),
        "dns-not-found: northwind.example has no servers",
    )
    assert "check the spelling" in row.detail
    (stranger,) = views.failure_rows([{**FAILURE, "direction": "inbound", "domain": "", "address": "192.0.2.1"}])
    assert stranger.cells[2] == "192.0.2.1"


def test_the_headline_tells_ready_reasons_and_numbers() -> None:
    assert views.headline(STATUS) == ("good", "ready · up 1 d 2 h · 1 in, 1 out")
    state, text = views.headline({**STATUS, "ready": False, "reasons": ["no certificate"]})
    assert state == "bad"
    assert text.startswith("NOT READY")
    assert text.endswith("no certificate")
    assert views.headline({**STATUS, "reasons": ["a", "b"]})[1].endswith("2 reasons")


def test_an_older_or_newer_gateway_leaves_dashes() -> None:
    (row,) = views.stream_rows([{}], {})
    assert set(row.cells) <= {"?", "–", "clear"}
    (row,) = views.certificate_rows({"certificates": [{}]}, NOW)
    assert row.state == "bad"
    assert replace(row, detail="").cells[3] == "–"
    assert views.failure_rows([{}])[0].cells[0] == "–"
