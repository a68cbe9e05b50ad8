from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.policy.methods import ROWS, P, S, T, is_tls_mandatory, is_tls_possible
from gateway.policy.negotiation import INBOUND, OUTBOUND, Offer, inbound_row, may_dial_back, outbound_row
from gateway.policy.partner import Partner

if TYPE_CHECKING:
    from gateway.model.peer import Method

SETS = [S, S | T, S | T | P, T, T | P, P]


def test_there_is_a_row_for_each_method_set() -> None:
    assert set(INBOUND) == set(OUTBOUND) == {row.methods for row in ROWS}
    assert {row.methods for row in ROWS if row.valid} == set(SETS)


@pytest.mark.parametrize("methods", SETS, ids=lambda methods: "".join(sorted(methods)))
def test_rows_offer_exactly_what_the_method_set_allows(methods: frozenset[Method]) -> None:
    inbound, outbound = INBOUND[methods], OUTBOUND[methods]
    assert (Offer.STARTTLS in inbound.clear) is is_tls_possible(methods) is outbound.tls
    assert (Offer.DIALBACK not in inbound.clear) is is_tls_mandatory(methods) is (not outbound.clear)
    for row in (inbound, outbound):
        assert (Offer.EXTERNAL in row.good) is (methods >= S)
        assert (Offer.DIALBACK in row.good) is (Offer.DIALBACK in row.bad) is (methods >= T)
        assert Offer.EXTERNAL not in row.bad
        assert Offer.EXTERNAL not in row.clear
    assert outbound.good[:1] == ((Offer.EXTERNAL,) if methods >= S else outbound.good[:1])


def test_dialback_is_verified_where_its_method_is_in_the_set() -> None:
    either = Partner(domain="a.example", tls="optional")
    inside = Partner(domain="a.example")
    clear = Partner(domain="a.example", tls="not-supported", sasl="not-supported")
    assert [may_dial_back(partner, tls=True) for partner in (either, inside, clear, None)] == [True, True, False, False]
    assert [may_dial_back(partner, tls=False) for partner in (either, inside, clear, None)] == [
        True,
        False,
        True,
        False,
    ]
    assert inbound_row(clear) is INBOUND[P]
    assert outbound_row(clear) is OUTBOUND[P]
    assert inbound_row(None).clear == {Offer.STARTTLS}
    assert not inbound_row(None).good
