"""The frozen answers: changed as new values, bound as far as they go."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgecert.shared.binding import KeyFault
from edgecert.wizard.answers import SIP, Answers, DomainRow, answers_from_json


def test_a_change_is_a_new_value() -> None:
    before = Answers(Path("/srv"))
    after = before.with_value("subject.country", "IT")
    assert before.value("subject.country") == ""
    assert after.value("subject.country") == "IT"
    assert after.with_value("subject.country", "") == before, "what is at its default is not kept"


def test_what_a_key_does_not_hold_is_refused() -> None:
    with pytest.raises(KeyFault):
        Answers(Path("/srv")).with_value("certificate.exportable", "perhaps")
    with pytest.raises(KeyFault):
        Answers(Path("/srv")).with_value("deploy", "gateway")


def test_a_good_answer_ends_the_rejection() -> None:
    answers = Answers(Path("/srv")).with_rejected("subject.country", "Italy", "no")
    assert answers.with_value("subject.country", "IT").rejected == {}


def test_what_was_rejected_in_a_table_goes_with_its_rows() -> None:
    answers = Answers(Path("/srv")).with_rows("deploy", [{"name": "a"}]).with_rejected("deploy[0].mode", "x", "no")
    assert answers.with_rows("deploy", []).rejected == {}


def test_what_is_wrong_is_said_once_and_all_of_it() -> None:
    answers = Answers(Path("/srv")).with_rejected("certificate.name", "Bad Name", "not a name")
    _request, problems = answers.with_value("subject.country", "IT").with_rows("deploy", [{}]).bound()
    assert [problem.key for problem in problems] == ["certificate.name", "deploy[0].name"]


def test_ticks_of_a_new_domain_are_those_asked_for() -> None:
    answers = Answers(Path("/srv"), domains=(DomainRow("a.example"),)).with_value(SIP, ["b.example"])
    assert answers.domains == (DomainRow("a.example", sip=False), DomainRow("b.example", xmpp=False))


def test_nothing_kept_brings_nothing() -> None:
    assert answers_from_json(Answers(Path("/srv")), {}) == Answers(Path("/srv"))
