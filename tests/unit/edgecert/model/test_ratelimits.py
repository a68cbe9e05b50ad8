from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edgecert.model.findings import Severity
from edgecert.model.ratelimits import CaEvent, EventKind, Limit, check_limits, limits_for

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LETS_ENCRYPT = limits_for("https://acme-v02.api.letsencrypt.org/directory")
STAGING = limits_for("https://acme-staging-v02.api.letsencrypt.org/directory")
NAMES = ("sip.contoso.com", "contoso.com")


def events(count: int, kind: EventKind, *names: str, ago: timedelta = timedelta(minutes=5)) -> list[CaEvent]:
    return [CaEvent(NOW - ago, kind, names or NAMES) for _ in range(count)]


def test_a_bucket_gives_all_at_once_and_then_one_by_one() -> None:
    limit = Limit(5, timedelta(days=7), raisable=False)
    assert limit.free_at([]) is None
    free = limit.free_at([NOW] * 5)
    assert free == NOW + timedelta(days=7) / 5
    # One that was drawn long ago has flowed back.
    assert limit.free_at([NOW - timedelta(days=7), *[NOW] * 4]) == NOW


def test_five_certificates_for_the_same_names_are_all_there_are_in_a_week() -> None:
    assert check_limits(LETS_ENCRYPT, events(4, "certificate"), NAMES, now=NOW) == ()
    (finding,) = check_limits(LETS_ENCRYPT, events(5, "certificate"), reversed_names(), now=NOW)
    assert (finding.code, finding.severity) == ("rate-limit", Severity.ERROR)
    assert "5 in 7 days" in finding.message
    assert finding.hint == "try again after 2026-11-27T21:31:00Z"


def reversed_names() -> tuple[str, ...]:
    return tuple(reversed(NAMES))


def test_a_limit_that_is_never_raised_is_not_overridden_and_one_that_is_becomes_a_warning() -> None:
    (same,) = check_limits(LETS_ENCRYPT, events(5, "certificate"), NAMES, now=NOW, force=True)
    assert same.severity is Severity.ERROR
    placed = events(300, "order", "fabrikam.com", ago=timedelta(0))
    (orders,) = check_limits(LETS_ENCRYPT, placed, NAMES, now=NOW)
    assert orders.severity is Severity.ERROR
    assert "--force" in orders.hint
    (orders,) = check_limits(LETS_ENCRYPT, placed, NAMES, now=NOW, force=True)
    assert orders.severity is Severity.WARNING


def test_certificates_count_for_the_registered_domain_of_each_name() -> None:
    many = [CaEvent(NOW, "certificate", (f"host{number}.contoso.co.uk", "a.org")) for number in range(50)]
    (finding,) = check_limits(LETS_ENCRYPT, many, ["new.contoso.co.uk", "192.0.2.1"], now=NOW)
    assert finding.names == ("contoso.co.uk",)
    assert check_limits(LETS_ENCRYPT, many, ["fabrikam.co.uk"], now=NOW) == ()


def test_failures_count_for_the_identifier_and_the_account_within_the_hour() -> None:
    failed = events(5, "failure", "contoso.com")
    (finding,) = check_limits(LETS_ENCRYPT, failed, ["*.contoso.com"], now=NOW)
    assert finding.names == ("contoso.com",)
    assert finding.hint == "try again after 2026-11-26T12:07:00Z"
    assert check_limits(LETS_ENCRYPT, failed, ["sip.contoso.com"], now=NOW) == ()
    assert check_limits(LETS_ENCRYPT, events(5, "failure", "contoso.com", ago=timedelta(hours=2)), NAMES, now=NOW) == ()
    others = [CaEvent(event.at, event.kind, event.names, own=False) for event in failed]
    assert check_limits(LETS_ENCRYPT, others, NAMES, now=NOW) == ()


def test_a_renewal_that_names_its_predecessor_is_exempt_from_all_and_is_not_counted() -> None:
    assert check_limits(LETS_ENCRYPT, events(5, "certificate"), NAMES, now=NOW, exempt=True) == ()
    exempt = [CaEvent(NOW, "certificate", NAMES, exempt=True) for _ in range(9)]
    assert check_limits(LETS_ENCRYPT, exempt, NAMES, now=NOW) == ()


def test_a_renewal_of_the_same_names_counts_against_the_set_only() -> None:
    many = [CaEvent(NOW, "certificate", (f"h{number}.contoso.com",)) for number in range(50)]
    assert check_limits(LETS_ENCRYPT, many, NAMES, now=NOW) != ()
    assert check_limits(LETS_ENCRYPT, many, NAMES, now=NOW, same_names=True) == ()


def test_what_the_ca_said_itself_counts_at_any_ca_and_only_until_its_time() -> None:
    told = [CaEvent(NOW, "told", NAMES, until=NOW + timedelta(hours=1))]
    (finding,) = check_limits(None, told, NAMES, now=NOW)
    assert finding.hint.startswith("try again after 2026-11-26T13:00:00Z")
    assert check_limits(None, told, NAMES, now=NOW + timedelta(hours=1)) == ()
    assert check_limits(None, told, ["fabrikam.com"], now=NOW) == ()


def test_the_staging_directory_has_limits_of_its_own_and_others_none_that_are_known() -> None:
    assert check_limits(STAGING, events(5, "certificate"), NAMES, now=NOW) == ()
    assert limits_for("https://acme.example.net/directory") is None
    assert check_limits(None, events(500, "order"), NAMES, now=NOW) == ()


@pytest.mark.parametrize("name", ["", "a..b"])
def test_a_name_that_is_none_has_no_registered_domain(name: str) -> None:
    assert check_limits(LETS_ENCRYPT, events(50, "certificate", name), ["contoso.com"], now=NOW) == ()
