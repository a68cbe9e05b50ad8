from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.dns.lookup import Lookup, LookupLimits, parse_nameserver, read_resolv_conf
from edgecert.model.dnsrecords import Answer, Question
from edgecert.shared.errors import NetworkError, UsageError
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.edgecert.dns.conftest import Nameserver

EDGE = "sip.contoso.example"
PATIENT = LookupLimits(per_try=20, per_question=60, total=90)


def test_reads_each_type_in_one_spelling(nameserver: Nameserver) -> None:
    key = "ab" * 32
    nameserver.zone.records |= {
        "_xmpp-server._tcp.contoso.example": {"SRV": ["0 5 5269 SIP.contoso.example."]},
        EDGE: {"A": ["192.0.2.1"], "AAAA": ["2001:db8:0:0::1"]},
        "contoso.example": {"CAA": ['0 issue "letsencrypt.org; validationmethods=dns-01"']},
        f"_5269._tcp.{EDGE}": {"TLSA": [f"3 1 1 {key.upper()}"]},
    }
    wanted = {
        Question("_xmpp-server._tcp.contoso.example", "SRV"): "0 5 5269 sip.contoso.example.",
        Question(EDGE, "A"): "192.0.2.1",
        Question(EDGE, "AAAA"): "2001:db8::1",
        Question("contoso.example", "CAA"): '0 issue "letsencrypt.org; validationmethods=dns-01"',
        Question(f"_5269._tcp.{EDGE}", "TLSA"): f"3 1 1 {key}",
    }
    answers = Lookup([nameserver.address]).ask(wanted)
    assert {question: answer.records[0] for question, answer in answers.items()} == wanted


def test_follows_a_cname_and_tells_nothing_from_unknown(nameserver: Nameserver) -> None:
    nameserver.zone.records |= {
        "www.contoso.example": {"CNAME": ["host.contoso.example."]},
        "host.contoso.example": {"A": ["192.0.2.7"]},
        "gone.contoso.example": {"CNAME": ["nobody.contoso.example."]},
    }
    nameserver.zone.broken.add("broken.contoso.example")
    questions = [Question(f"{name}.contoso.example", "A") for name in ("www", "gone", "absent", "broken")]
    www, gone, absent, broken = (Lookup([nameserver.address], PATIENT).ask(questions)[each] for each in questions)
    assert www.records == ("192.0.2.7",)
    assert gone == absent == Answer()
    assert "SERVFAIL" in broken.error
    assert not broken.bogus


def test_tells_broken_signatures_from_a_broken_server(nameserver: Nameserver) -> None:
    nameserver.zone.records["contoso.example"] = {"A": ["192.0.2.1"]}
    nameserver.zone.bogus.add("contoso.example")
    question = Question("contoso.example", "A")
    assert Lookup([nameserver.address], PATIENT).ask([question])[question].bogus


def test_a_silent_name_costs_its_own_time_only(nameserver: Nameserver) -> None:
    nameserver.zone.silent.add("silent.example")
    nameserver.zone.records |= {f"h{number}.example": {"A": ["192.0.2.1"]} for number in range(50)}
    questions = [Question("silent.example", "A"), *(Question(f"h{number}.example", "A") for number in range(50))]
    answers = Lookup([nameserver.address], LookupLimits(per_try=1, per_question=4)).ask(questions)
    assert "no answer within 4 s" in answers[questions[0]].error
    assert all(answers[question].records for question in questions[1:])


def test_slow_answers_are_waited_for_together(nameserver: Nameserver) -> None:
    names = [f"slow{number}.example" for number in range(100)]
    nameserver.zone.records |= {name: {"A": ["192.0.2.1"]} for name in names}
    nameserver.zone.delays |= dict.fromkeys(names, 0.2)
    # One after the other they would take 20 s; what is left at the end of the time has no answer.
    answers = Lookup([nameserver.address], LookupLimits(total=15, per_try=10, per_question=15)).ask(
        Question(name, "A") for name in names
    )
    assert all(answer.records for answer in answers.values())


def test_the_whole_run_ends_in_time(nameserver: Nameserver) -> None:
    names = [f"silent{number}.example" for number in range(20)]
    nameserver.zone.silent |= set(names)
    limits = LookupLimits(at_a_time=2, per_try=0.2, per_question=0.4, total=0.5)
    answers = Lookup([nameserver.address], limits).ask(Question(name, "A") for name in names)
    assert len(answers) == 20
    assert all(answer.error for answer in answers.values())
    assert any("for all questions" in answer.error for answer in answers.values())


def test_a_question_is_asked_once_a_run(nameserver: Nameserver) -> None:
    nameserver.zone.records[EDGE] = {"A": ["192.0.2.1"]}
    lookup, question = Lookup([nameserver.address]), Question(EDGE, "A")
    lookup.ask([question, question])
    lookup.ask([question, Question(EDGE, "AAAA")])
    assert nameserver.zone.queries.count((EDGE, "A")) == 1


def test_asks_the_next_server_where_one_is_dead(nameserver: Nameserver) -> None:
    nameserver.zone.records[EDGE] = {"A": ["192.0.2.1"]}
    with loopback_net() as net:
        answers = Lookup([f"{net}1", nameserver.address]).ask([Question(EDGE, "A")])
    assert answers[Question(EDGE, "A")].records == ("192.0.2.1",)


def test_the_systems_nameservers_are_read_as_others_read_them(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 192.0.2.9\nsearch contoso.com\nnameserver 192.0.2.1\n nameserver 2001:db8::1 # second\n"
        "nameserver\nnameserver ns.contoso.com\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
    )
    assert read_resolv_conf(path) == (("192.0.2.1", 53), ("2001:db8::1", 53), ("192.0.2.2", 53))
    with pytest.raises(NetworkError) as caught:
        Lookup(resolv_conf=tmp_path / "absent").ask([Question(EDGE, "A")])
    assert caught.value.code == "no-nameserver"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_reads_a_nameserver(text: str, endpoint: tuple[str, int]) -> None:
    assert parse_nameserver(text) == endpoint


@pytest.mark.parametrize("text", ["", "ns.contoso.example", "192.0.2.53:dns", "192.0.2.53:0", "192.0.2.53:99999"])
def test_refuses_what_is_no_nameserver(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_nameserver(text)
    assert caught.value.code == "nameserver"
