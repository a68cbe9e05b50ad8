from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.challenges.delegation import LONGEST_CHAIN, Delegations
from edgecert.dns.lookup import Lookup, LookupLimits
from edgecert.model.challenge import Challenge
from edgecert.shared.errors import ChallengeError
from tests.support.world import Watcher

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

ONE = Challenge("dns-01", "contoso.com", "contoso.com", "t1", "v1")
WILD = Challenge("dns-01", "*.contoso.com", "contoso.com", "t2", "v2")
TWO = Challenge("dns-01", "sip.contoso.com", "sip.contoso.com", "t3", "v3")


def delegations(nameserver: Nameserver, watcher: Watcher | None = None) -> Delegations:
    lookup = Lookup([nameserver.address], LookupLimits(per_try=20, per_question=60))
    return Delegations(lookup, watcher or Watcher())


def test_a_record_lies_at_the_end_of_the_cnames(nameserver: Nameserver) -> None:
    nameserver.zone.records |= {
        "_acme-challenge.contoso.com": {"CNAME": ["contoso.acme.example."]},
        "contoso.acme.example": {"CNAME": ["Edge.Acme.Example."]},
    }
    found = delegations(nameserver).locate((ONE, WILD, TWO))
    places = [challenge.record_name for challenge in found]
    assert places == ["edge.acme.example", "edge.acme.example", "_acme-challenge.sip.contoso.com"]
    assert [challenge.value for challenge in found] == ["v1", "v2", "v3"]


def test_what_is_located_again_stays_where_it_is(nameserver: Nameserver) -> None:
    nameserver.zone.records["_acme-challenge.contoso.com"] = {"CNAME": ["contoso.acme.example."]}
    ours = delegations(nameserver)
    once = ours.locate((ONE,))
    assert ours.locate(once) == once


@pytest.mark.parametrize("length", [2, LONGEST_CHAIN + 1])
def test_cnames_without_an_end_are_told(nameserver: Nameserver, length: int) -> None:
    names = ["_acme-challenge.contoso.com", *(f"n{number}.example" for number in range(1, length))]
    targets = [*names[1:], names[0] if length == 2 else "further.example"]
    nameserver.zone.records |= {name: {"CNAME": [f"{target}."]} for name, target in zip(names, targets, strict=True)}
    with pytest.raises(ChallengeError, match="have no end") as caught:
        delegations(nameserver).locate((ONE,))
    assert caught.value.code == "delegation-loop"


# A line more for a script that feeds a tool, an option for a program, a control character.
@pytest.mark.parametrize("target", [r"x\010update\.example", "-v.example", r"a\032b.example", r"\027c.example", "."])
def test_a_cname_to_what_is_no_plain_name_goes_nowhere(nameserver: Nameserver, target: str) -> None:
    nameserver.zone.records["_acme-challenge.contoso.com"] = {"CNAME": [target if target == "." else f"{target}."]}
    with pytest.raises(ChallengeError) as caught:
        delegations(nameserver).locate((ONE,))
    assert caught.value.code == "delegation-odd"


def test_a_name_that_cannot_be_looked_up_counts_as_not_delegated_and_is_told(nameserver: Nameserver) -> None:
    nameserver.zone.broken.add("_acme-challenge.contoso.com")
    watcher = Watcher()
    assert delegations(nameserver, watcher).locate((ONE,)) == (ONE,)
    assert watcher.codes == ["delegation-unknown"]
