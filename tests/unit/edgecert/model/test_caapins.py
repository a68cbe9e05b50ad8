from __future__ import annotations

from edgecert.model.caapins import CaaPin, caa_questions, find_pins
from edgecert.model.dnsrecords import Answer, Question

OLD, NEW = "https://ca.example.net/acct/1", "https://ca.example.net/acct/2"


def answers(**records: tuple[str, ...]) -> dict[Question, Answer]:
    """Give answers for the places above ``sip.contoso.com``; an underscore stands for the dot."""
    places = {question.name: Answer() for question in caa_questions(["sip.contoso.com", "*.fabrikam.com"])}
    places |= {name.replace("_", "."): Answer(texts) for name, texts in records.items()}
    return {Question(name, "CAA"): answer for name, answer in places.items()}


def test_asks_at_each_name_and_all_above_it() -> None:
    assert {question.name for question in caa_questions(["*.a.contoso.com", "contoso.com"])} == {
        "a.contoso.com",
        "contoso.com",
        "com",
    }


def test_a_record_that_names_the_old_account_is_given_as_it_has_to_be() -> None:
    text = f'0 issue "ca.example.net; accounturi={OLD}; validationmethods=dns-01"'
    pins = find_pins(answers(contoso_com=(text,)), ["sip.contoso.com", "contoso.com"], old=OLD, new=NEW)
    line = f'0 issue "ca.example.net; accounturi={NEW}; validationmethods=dns-01"'
    assert pins == (CaaPin("contoso.com", ("sip.contoso.com", "contoso.com"), line),)


def test_wildcards_and_critical_records_keep_what_they_are() -> None:
    text = f'128 issuewild "ca.example.net; accounturi={OLD}"'
    (pin,) = find_pins(answers(fabrikam_com=(text,)), ["*.fabrikam.com"], old=OLD, new=NEW)
    assert pin.line == f'128 issuewild "ca.example.net; accounturi={NEW}"'


def test_other_accounts_other_tags_and_names_without_an_answer_pin_nothing() -> None:
    records = (f'0 issue "ca.example.net; accounturi={NEW}"', '0 issue "other.example"', f'0 iodef "{OLD}"')
    found = answers(contoso_com=records)
    found[Question("fabrikam.com", "CAA")] = Answer(error="SERVFAIL")
    assert find_pins(found, ["sip.contoso.com", "*.fabrikam.com"], old=OLD, new=NEW) == ()
    assert find_pins(answers(contoso_com=("nonsense",)), ["sip.contoso.com"], old=OLD, new=NEW) == ()
