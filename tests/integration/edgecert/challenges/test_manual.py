from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.delegation import Delegations
from edgecert.challenges.manual import ManualSolver
from edgecert.dns.authorities import Authorities
from edgecert.dns.lookup import Lookup
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import RecordsMissingError
from tests.support.dns import DNS_PORT
from tests.support.world import Watcher

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

NAME = "_acme-challenge.contoso.com"
ONE = Challenge("dns-01", "contoso.com", "contoso.com", "t1", "v1")
WILD = Challenge("dns-01", "*.contoso.com", "contoso.com", "t2", "v2")


def solver(nameserver: Nameserver, watcher: Watcher) -> ManualSolver:
    host = nameserver.address.partition(":")[0]
    nameserver.zone.records |= {"contoso.com": {"NS": ["ns1.contoso.com."]}, "ns1.contoso.com": {"A": [host]}}
    lookup = Lookup([nameserver.address])
    return ManualSolver(Authorities(lookup, port=DNS_PORT), Delegations(lookup, watcher), watcher)


def test_says_what_is_missing_and_goes_on_once_it_is_there(nameserver: Nameserver) -> None:
    watcher = Watcher()
    ours = solver(nameserver, watcher)
    nameserver.zone.records[NAME] = {"TXT": ['"v1"']}
    challenges = ours.locate((ONE, WILD))
    with pytest.raises(RecordsMissingError) as caught:
        ours.present(challenges)
    assert caught.value.records == (f'{NAME}. 60 IN TXT "v1"', f'{NAME}. 60 IN TXT "v2"')
    assert caught.value.exit_code == os.EX_OK + 5
    assert watcher.steps[-1].endswith('holds "v1"')
    nameserver.zone.records[NAME]["TXT"].append('"v2"')
    ours.present(challenges)
    ours.clean_up(challenges)
    assert watcher.steps[-2:] == [
        f'this record may be taken away now: {NAME}. 60 IN TXT "v1"',
        f'this record may be taken away now: {NAME}. 60 IN TXT "v2"',
    ]


def test_a_delegated_record_is_looked_for_where_it_lies(nameserver: Nameserver) -> None:
    ours = solver(nameserver, Watcher())
    nameserver.zone.records |= {
        NAME: {"CNAME": ["edge.contoso.com."]},
        "edge.contoso.com": {"TXT": ['"v1"']},
    }
    ours.present(ours.locate((ONE,)))
