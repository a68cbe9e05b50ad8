from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edgecert.model.persistrecord import PersistRecord, build_persist_record, parse_persist_record, persist_fault

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ACCOUNT = "https://ca.example/account/1"
WANTED = PersistRecord("authority.example", ACCOUNT)


@pytest.mark.parametrize("wildcard", [False, True])
def test_what_is_built_is_read_again(wildcard: bool) -> None:
    text = build_persist_record("authority.example", ACCOUNT, wildcard=wildcard)
    assert parse_persist_record(text) == replace(WANTED, wildcard=wildcard)


def test_spelling_and_unknown_parameters_do_not_matter() -> None:
    text = f"Authority.Example. ; AccountURI={ACCOUNT};policy=WildCard; x=y; persistUntil=1800000000"
    assert parse_persist_record(text) == PersistRecord("authority.example", ACCOUNT, wildcard=True, until=1800000000)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (WANTED, ""),
        (replace(WANTED, wildcard=True), ""),
        (replace(WANTED, until=1900000000), ""),
        (replace(WANTED, issuer="other.example"), "for the CA other.example"),
        (replace(WANTED, account=""), "for the account of nobody"),
        (replace(WANTED, until=1), "has ended"),
        (parse_persist_record(f"authority.example; accounturi={ACCOUNT}; persistUntil=soon"), "has ended"),
    ],
)
def test_a_record_does_or_it_is_said_why_not(record: PersistRecord, fault: str) -> None:
    found = persist_fault(record, WANTED, now=NOW)
    assert fault in found
    assert bool(found) is bool(fault)


def test_a_wildcard_needs_its_policy() -> None:
    assert "policy=wildcard" in persist_fault(WANTED, replace(WANTED, wildcard=True), now=NOW)
