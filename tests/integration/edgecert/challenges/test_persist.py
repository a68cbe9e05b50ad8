from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.persist import PersistSolver
from edgecert.dns.lookup import Lookup
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError, NetworkError, RecordsMissingError
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

NAME = "_validation-persist.contoso.com"
RECORD = "authority.example; accounturi=https://ca.example/account/1"
ONE = Challenge("dns-persist-01", "contoso.com", "contoso.com", "", RECORD)
WILD = Challenge("dns-persist-01", "*.contoso.com", "contoso.com", "", f"{RECORD}; policy=wildcard")


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def solver(nameserver: Nameserver, watcher: Watcher, clock: FakeClock | None = None) -> PersistSolver:
    return PersistSolver(Lookup([nameserver.address]), clock or FakeClock(), watcher)


def test_a_record_that_is_there_is_enough_and_stays(nameserver: Nameserver, watcher: Watcher) -> None:
    nameserver.zone.records[NAME] = {"TXT": ['"something else"', f'"{RECORD}; policy=wildcard"']}
    ours = solver(nameserver, watcher)
    ours.present((ONE, WILD))
    ours.clean_up((ONE, WILD))
    assert nameserver.zone.records[NAME]["TXT"]
    assert watcher.codes == []


def test_a_record_for_another_domain_that_the_ca_goes_by_will_do(nameserver: Nameserver, watcher: Watcher) -> None:
    other = RECORD.replace("authority.example", "authority.net")
    challenge = replace(ONE, others=(other,))
    nameserver.zone.records[NAME] = {"TXT": [f'"{other}"']}
    solver(nameserver, watcher).present((challenge,))
    nameserver.zone.records[NAME] = {"TXT": [f'"{other}2"']}
    with pytest.raises(RecordsMissingError) as caught:
        solver(nameserver, watcher).present((challenge,))
    assert caught.value.records == (f'{NAME}. 60 IN TXT "{RECORD}"',)
    assert "not for https://ca.example/account/1" in watcher.steps[-1]


def test_what_is_missing_is_told_as_lines_of_a_zone_file_with_the_reason(
    nameserver: Nameserver, watcher: Watcher
) -> None:
    nameserver.zone.records[NAME] = {"TXT": [f'"{RECORD}"']}
    with pytest.raises(RecordsMissingError) as caught:
        solver(nameserver, watcher).present((ONE, WILD))
    assert caught.value.records == (f'{NAME}. 60 IN TXT "{RECORD}; policy=wildcard"',)
    assert watcher.steps == [f"{NAME}: the record lacks policy=wildcard"]


def test_a_cname_in_its_place_is_a_fault_for_no_ca_follows_it(nameserver: Nameserver, watcher: Watcher) -> None:
    nameserver.zone.records |= {NAME: {"CNAME": ["a.example."]}, "a.example": {"TXT": [f'"{RECORD}"']}}
    with pytest.raises(ChallengeError) as caught:
        solver(nameserver, watcher).present((ONE,))
    assert caught.value.code == "persist-cname"


def test_a_dns_that_fails_is_no_missing_record(nameserver: Nameserver, watcher: Watcher) -> None:
    nameserver.zone.broken.add(NAME)
    with pytest.raises(NetworkError):
        solver(nameserver, watcher).present((ONE,))


def test_a_record_that_ends_soon_will_do_and_is_told(nameserver: Nameserver, watcher: Watcher) -> None:
    clock = FakeClock()
    end = int((clock.now() + timedelta(days=5)).timestamp())
    nameserver.zone.records[NAME] = {"TXT": [f'"{RECORD}; persistUntil={end}"']}
    solver(nameserver, watcher, clock).present((ONE,))
    assert watcher.codes == ["persist-ends-soon"]
    clock.advance(timedelta(days=6))
    with pytest.raises(RecordsMissingError):
        solver(nameserver, watcher, clock).present((ONE,))
    assert "has ended" in watcher.steps[-1]
