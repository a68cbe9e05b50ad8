from __future__ import annotations

from edgecert.model.caa import CaaPolicy
from edgecert.model.caafindings import caa_questions, check_caa_of
from edgecert.model.dnsrecords import Answer, Answers, Question
from edgecert.model.findings import Severity

ACCOUNT = "https://ca.example/acct/1"
US = CaaPolicy("letsencrypt.org", ACCOUNT, ("http-01",))
NAMES = ("contoso.com", "sip.contoso.com")


def zone(*records: str, error: Answer | None = None) -> Answers:
    found = dict.fromkeys(caa_questions([*NAMES, "*.contoso.com"]), Answer())
    found[Question("contoso.com", "CAA")] = error or Answer(records)
    return found


def test_asks_for_each_place_once() -> None:
    places = [question.name for question in caa_questions([*NAMES, "*.contoso.com"])]
    assert places == ["contoso.com", "com", "sip.contoso.com"]


def test_one_reason_is_told_once_for_all_its_names() -> None:
    (finding,) = check_caa_of(zone('0 issue "other.example"'), dict.fromkeys(NAMES, US))
    assert (finding.code, finding.severity, finding.names) == ("caa-forbids", Severity.ERROR, NAMES)
    assert finding.hint == 'add contoso.com. IN CAA 0 issue "letsencrypt.org"'
    assert check_caa_of(zone('0 issue "letsencrypt.org"'), dict.fromkeys(NAMES, US)) == ()


def test_a_pinned_account_is_mended_by_a_record_with_ours() -> None:
    pinned = zone('0 issue "letsencrypt.org; accounturi=https://ca.example/acct/9"')
    (finding,) = check_caa_of(pinned, {"contoso.com": US})
    assert finding.hint == f'add contoso.com. IN CAA 0 issue "letsencrypt.org; accounturi={ACCOUNT}"'
    (finding,) = check_caa_of(pinned, {"contoso.com": CaaPolicy("letsencrypt.org", new_account=True)})
    assert "and ours is not made yet" in finding.message
    # A key without its account's URL may well be that very account.
    assert check_caa_of(pinned, {"contoso.com": CaaPolicy("letsencrypt.org")}) == ()


def test_the_way_of_proof_counts_for_each_name() -> None:
    limited = zone('0 issue "letsencrypt.org; validationmethods=dns-01"')
    (finding,) = check_caa_of(
        limited, {"contoso.com": US, "sip.contoso.com": CaaPolicy("letsencrypt.org", ACCOUNT, ("dns-01",))}
    )
    assert finding.names == ("contoso.com",)
    assert finding.hint.startswith("choose such a challenge")


def test_a_wildcard_has_records_of_its_own() -> None:
    (finding,) = check_caa_of(zone('0 issuewild ";"', '0 issue "letsencrypt.org"'), {"*.contoso.com": US})
    assert finding.hint == 'add contoso.com. IN CAA 0 issuewild "letsencrypt.org"'


def test_each_domain_that_the_ca_has_counts() -> None:
    records = zone('0 issue "zerossl.com"')
    assert check_caa_of(records, {"contoso.com": CaaPolicy("sectigo.com", also=("zerossl.com",))}) == ()


def test_what_keeps_an_answer_away_decides_how_grave_it_is() -> None:
    late = zone(error=Answer(error="no answer within 4 s"))
    (finding,) = check_caa_of(late, dict.fromkeys(NAMES, US))
    assert (finding.code, finding.severity, finding.names) == ("caa-unanswered", Severity.WARNING, NAMES)
    (finding,) = check_caa_of(zone(error=Answer(error="SERVFAIL", failed=True)), {"contoso.com": US})
    assert (finding.code, finding.severity) == ("caa-unanswered", Severity.ERROR)
    (finding,) = check_caa_of(zone(error=Answer(error="broken", bogus=True)), {"contoso.com": US})
    assert (finding.code, finding.severity) == ("dnssec-broken", Severity.ERROR)


def test_a_record_that_is_none_forbids() -> None:
    (finding,) = check_caa_of(zone("nonsense"), dict.fromkeys([*NAMES, "*.contoso.com"], US))
    assert finding.code == "caa-forbids"
    assert "nonsense" in finding.message
