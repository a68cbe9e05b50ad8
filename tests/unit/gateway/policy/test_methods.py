from __future__ import annotations

from itertools import product

import pytest

from gateway.errors import PartnerRefusedError
from gateway.model.peer import Method
from gateway.policy.methods import (
    ROWS,
    Row,
    find_row,
    is_tls_mandatory,
    is_tls_possible,
    method_set,
    render_table,
    verify_methods,
    warn_partner,
)
from gateway.policy.partner import Partner


def partner_of(row: Row) -> Partner:
    return Partner(domain="fabrikam.example", tls=row.tls, sasl=row.sasl, dialback=row.dialback)


def test_table_has_each_combination_once() -> None:
    knobs = ("required", "optional", "not-supported")
    assert {(row.tls, row.sasl, row.dialback) for row in ROWS} == set(product(knobs, knobs, (True, False)))
    assert [row.number for row in ROWS] == list(range(1, 19))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_rows_equal_the_closed_form(row: Row) -> None:
    expected = set()
    if "not-supported" not in {row.tls, row.sasl}:
        expected.add(Method.EXTERNAL)
    if row.dialback and row.tls != "not-supported" and not row.tls == row.sasl == "required":
        expected.add(Method.TLS_DIALBACK)
    if row.dialback and row.tls != "required":
        expected.add(Method.DIALBACK)
    assert method_set(partner_of(row)) == expected
    assert find_row(partner_of(row)) is row


def test_five_rows_are_refused_and_seven_warn() -> None:
    assert [row.number for row in ROWS if not row.valid] == [6, 12, 14, 16, 18]
    assert [row.number for row in ROWS if row.valid and row.warning] == [1, 3, 4, 5, 9, 10, 11]


def test_tls_is_mandatory_without_clear_dialback_and_possible_but_for_it_alone() -> None:
    mandatory = {row.number for row in ROWS if row.valid and is_tls_mandatory(row.methods)}
    possible = {row.number for row in ROWS if row.valid and is_tls_possible(row.methods)}
    assert mandatory == {1, 2, 4, 7, 8, 10, 13}
    assert possible == {1, 2, 3, 4, 7, 8, 9, 10, 13, 15}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_a_partner_is_accepted_iff_a_method_is_left(row: Row) -> None:
    if row.valid:
        assert verify_methods(partner_of(row)) == row.methods
        return
    with pytest.raises(PartnerRefusedError) as caught:
        verify_methods(partner_of(row))
    assert caught.value.code == "no-method"
    assert row.warning in caught.value.message


def test_warns_of_what_is_accepted_none_the_less() -> None:
    def codes(partner: Partner) -> list[str]:
        return [warning.code for warning in warn_partner(partner)]

    assert codes(Partner(domain="a.example", dialback=False)) == []
    assert codes(Partner(domain="a.example")) == []
    assert codes(Partner(domain="a.example", sasl="required")) == ["dialback-never-runs"]
    assert codes(Partner(domain="a.example", type="federated", tls="optional")) == [
        "tls-not-required",
        "federated-by-dns",
    ]
    assert codes(Partner(domain="a.example", type="federated", tls="required", sasl="not-supported")) == []


def test_rendered_table_has_a_line_for_each_row() -> None:
    lines = render_table().splitlines()
    assert len(lines) == 2 + len(ROWS)
    assert lines[2].startswith("| 1 | required | required | true | SASL EXTERNAL over TLS | Dialback will not operate")
    assert "**Refused.**" in lines[7]
    assert all(line.count("|") == 7 for line in lines)
