from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.panel.partnerform import KEYS, LABELS, PartnerForm, warnings_of
from gateway.policy.methods import ROWS, describe_methods
from gateway.policy.partnerfile import partner_from_json
from tests.support.panel import FakeDesk, partner

if TYPE_CHECKING:
    from gateway.policy.methods import Row

HOMES = ["contoso.com"]


def new(**answers: str | bool) -> PartnerForm:
    form = PartnerForm(None, HOMES)
    for key, value in {"domain": "new.example", **answers}.items():
        form.answer(key, value)
    return form


def test_every_key_of_a_partner_has_a_field() -> None:
    assert set(LABELS) == set(KEYS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_the_table_is_told_while_one_chooses(row: Row) -> None:
    verdict = new(tls=row.tls, sasl=row.sasl, dialback=row.dialback).verdict()
    assert verdict.methods.startswith(f"row {row.number}: ")
    assert row.warning in ("", *verdict.messages)
    if row.valid:
        assert verdict.methods.endswith(describe_methods(row.methods))
        assert verdict.state == ("warning" if row.warning else "good")
    else:
        assert verdict.state == "bad"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_a_row_without_a_method_is_no_commit(row: Row) -> None:
    problems = new(tls=row.tls, sasl=row.sasl, dialback=row.dialback).problems()
    assert bool(problems) is not row.valid


def test_a_federated_partner_gets_no_dialback_unless_somebody_says_so() -> None:
    assert not new(type="federated").ticked("dialback")
    assert new(dialback=True, type="federated").ticked("dialback")
    form = new(type="federated")
    form.answer("type", "public-verified")
    assert form.ticked("dialback")
    known = PartnerForm(partner("a.example", type="federated", dialback=True), HOMES)
    known.answer("type", "federated")
    assert known.ticked("dialback")


def test_what_is_wrong_is_named_with_its_field() -> None:
    assert new(domain="no domain").problems() == [
        line for line in new(domain="no domain").problems() if "no domain" in line
    ]
    for number in ("many", "9" * 5000):
        assert new(connection_limit=number).problems()[0].startswith("Connection limit: ")
    assert "home domain" in new(domain="contoso.com").problems()[0]
    taken = new(additional_domains="fabrikam.com").problems(FakeDesk().table)
    assert "belongs to" in taken[0]
    assert new(proxy="no host").problems()


def test_lists_and_numbers_are_typed_as_text() -> None:
    form = new(additional_domains="b.example, c.example  d.example", connection_limit=" 7 ")
    assert form.text("additional_domains") == "b.example, c.example, d.example"
    assert form.to_json()["connection_limit"] == 7
    assert new(connection_limit="").to_json()["connection_limit"] == 0
    assert new().text("connection_limit") == ""


def test_the_difference_is_key_by_key() -> None:
    now = FakeDesk().table
    added = new(description="New").difference(now)
    assert added[0] == "+ new.example"
    assert "    description: New" in added
    form = PartnerForm(now[0], HOMES)
    assert form.difference(now) == []
    form.answer("sasl", "required")
    assert form.difference(now) == ["~ fabrikam.com", "    sasl: optional → required"]
    assert [entry["domain"] for entry in form.table(now)] == ["northwind.example", "fabrikam.com"]


def test_what_somebody_else_has_changed_is_noticed() -> None:
    now = FakeDesk().table
    form = PartnerForm(now[0], HOMES)
    assert not form.changed_meanwhile(now)
    assert form.changed_meanwhile([partner("fabrikam.com", tls="optional")])
    assert form.changed_meanwhile([])
    assert not PartnerForm(None, HOMES).changed_meanwhile([])


def test_warnings_are_those_of_the_partner() -> None:
    answer = {"warnings": [{"partner": "a.example", "message": "one"}, {"partner": "b.example", "message": "two"}]}
    assert warnings_of(answer, "a.example") == ["one"]


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(KEYS)), st.one_of(st.booleans(), st.text(max_size=8), st.just("b.example"))),
        max_size=8,
    )
)
def test_no_answer_is_a_fault_of_the_form(answers: list[tuple[str, str | bool]]) -> None:
    form = PartnerForm(None, HOMES)
    for key, value in answers:
        if isinstance(value, bool) == (KEYS[key].kind.value == "true or false") and (
            not KEYS[key].choices or value in KEYS[key].choices
        ):
            form.answer(key, value)
    form.verdict()
    if not form.problems():
        assert partner_from_json(form.to_json())
