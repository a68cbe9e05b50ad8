from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.contacts.knocks import MAX_KNOCKS, MAX_PER_DOMAIN, Knock, Knocks
from gateway.model.contact import ContactKey

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def key(number: int, domain: str = "fabrikam.example") -> ContactKey:
    return ContactKey("bob", "contoso.example", f"u{number}", domain)


def test_counts_and_shows_the_last_first() -> None:
    knocks, later = Knocks(), NOW + timedelta(hours=1)
    knocks.add(key(1), NOW)
    knocks.add(key(2), NOW)
    knocks.add(key(1), later)
    assert list(knocks) == [(key(1), Knock(2, NOW, later)), (key(2), Knock(1, NOW, NOW))]
    knocks.forget(key(1))
    knocks.forget(key(1))
    assert [pair for pair, _ in knocks] == [key(2)]


def test_one_domain_cannot_push_out_another_nor_fill_the_memory() -> None:
    knocks = Knocks()
    knocks.add(key(0, "litware.example"), NOW)
    for number in range(3 * MAX_PER_DOMAIN):
        knocks.add(key(number), NOW)
    assert len(list(knocks)) == MAX_PER_DOMAIN + 1
    for number in range(3 * MAX_KNOCKS):
        knocks.add(key(number, f"d{number}.example"), NOW)
    assert len(list(knocks)) == MAX_KNOCKS
