from __future__ import annotations

import pytest

from edgecert.model.caa import CaaPolicy, check_caa, climb, parse_caa, relevant_records
from edgecert.model.dnsrecords import Answer, Answers, Question

US = CaaPolicy("letsencrypt.org", "https://ca.example/acct/1", ("dns-01",))


def zone(**records: list[str]) -> Answers:
    """Answers for a.contoso.com and above; ``a`` and ``contoso`` say what is there."""
    places = {"a": "a.contoso.com", "contoso": "contoso.com", "com": "com"}
    return {Question(place, "CAA"): Answer(tuple(records.get(key, ()))) for key, place in places.items()}


def test_reads_a_record() -> None:
    record = parse_caa('128 ISSUE "CA.example; accounturi=https://ca.example/acct/7; validationmethods=dns-01,http-01"')
    assert (record.critical, record.tag, record.issuer) == (True, "issue", "ca.example")
    assert record.parameter("accounturi") == "https://ca.example/acct/7"
    assert record.parameter("validationmethods") == "dns-01,http-01"
    with pytest.raises(ValueError, match="no CAA record"):
        parse_caa("nonsense")


@pytest.mark.parametrize("text", ["nonsense", "0 issue", "x issue ca.example", "0 is-sue ca.example", "1000 issue a"])
def test_refuses_what_is_no_record(text: str) -> None:
    with pytest.raises(ValueError, match="no CAA record"):
        parse_caa(text)


def test_a_record_full_of_blanks_is_read_in_one_go() -> None:
    # Looked at anew from each of its blanks it would take longer than any test may.
    assert parse_caa('0 issue "' + " " * 500_000 + 'ca.example"').issuer == "ca.example"
    assert parse_caa('0 issue ""').issuer == ""


def test_climbs_from_the_name_to_the_root() -> None:
    assert climb("*.a.contoso.com") == ("a.contoso.com", "contoso.com", "com")


def test_the_closest_records_count_alone() -> None:
    answers = zone(a=['0 issue "letsencrypt.org"'], contoso=['0 issue ";"'])
    assert relevant_records(answers, "a.contoso.com")[0] == "a.contoso.com"
    assert check_caa(answers, "a.contoso.com", US) is None
    refusal = check_caa(answers, "contoso.com", US)
    assert refusal is not None
    assert (refusal.at, refusal.reason) == ("contoso.com", "only nobody may issue")


def test_no_answer_on_the_way_is_a_refusal_of_its_own() -> None:
    answers = {
        **zone(contoso=['0 issue "letsencrypt.org"']),
        Question("a.contoso.com", "CAA"): Answer(error="SERVFAIL"),
    }
    with pytest.raises(LookupError, match="SERVFAIL"):
        check_caa(answers, "a.contoso.com", US)
    # Above the closest records nothing is asked.
    answers = {**zone(contoso=['0 issue "letsencrypt.org"']), Question("com", "CAA"): Answer(error="SERVFAIL")}
    assert check_caa(answers, "a.contoso.com", US) is None


@pytest.mark.parametrize(
    ("name", "records", "reason"),
    [
        ("a.contoso.com", [], None),
        ("a.contoso.com", ['0 iodef "mailto:pki@contoso.com"'], None),
        ("a.contoso.com", ['0 issue "other.example"'], "only other.example may issue"),
        ("a.contoso.com", ['0 issue "other.example"', '0 issue "LetsEncrypt.org"'], None),
        ("a.contoso.com", ['0 issuewild "other.example"'], None),
        (
            "*.a.contoso.com",
            ['0 issuewild "other.example"', '0 issue "letsencrypt.org"'],
            "only other.example may issue",
        ),
        ("*.a.contoso.com", ['0 issue "letsencrypt.org"'], None),
        (
            "a.contoso.com",
            ['0 issue "letsencrypt.org; accounturi=https://ca.example/acct/2"'],
            "only the account https://ca.example/acct/2 may issue",
        ),
        ("a.contoso.com", ['0 issue "letsencrypt.org; accounturi=https://ca.example/acct/1"'], None),
        (
            "a.contoso.com",
            ['0 issue "letsencrypt.org; validationmethods=http-01"'],
            "only http-01 may prove control",
        ),
        ("a.contoso.com", ['128 surprise "x"'], "a critical record with the unknown tag surprise"),
        ("a.contoso.com", ['0 surprise "x"'], None),
    ],
)
def test_tells_who_may_issue(name: str, records: list[str], reason: str | None) -> None:
    refusal = check_caa(zone(contoso=records), name, US)
    assert (refusal.reason if refusal else None) == reason
