"""The quick reader beside dnspython's: the same answers, and nothing else than answers."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from edgecert.dns.wire import MalformedAnswerError, build_query, encode_question, number_of, parse_reply
from edgecert.model.dnsrecords import Answer, Question, canonical_data

NAME = "_xmpp-server._tcp.contoso.com"


def reply(question: Question, *rrsets: tuple[str, str, list[str]], rcode: int = 0, flags: int = 0) -> bytes:
    query = dns.message.from_wire(build_query(7, encode_question(question)))
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.Rcode(rcode))
    response.flags |= flags
    for owner, kind, texts in rrsets:
        response.answer.append(dns.rrset.from_text_list(dns.name.from_text(owner), 300, "IN", kind, texts))
    return response.to_wire()


def test_a_query_is_what_others_read() -> None:
    question = Question(NAME, "SRV")
    for unchecked, extended in ((False, True), (True, False)):
        message = dns.message.from_wire(
            build_query(4711, encode_question(question), unchecked=unchecked, extended=extended)
        )
        assert message.id == 4711
        assert message.question[0].to_text() == f"{NAME}. IN SRV"
        assert bool(message.flags & dns.flags.CD) is unchecked
        assert message.edns == (0 if extended else -1)
        assert message.flags & dns.flags.RD


@pytest.mark.parametrize("name", ["a..b", "a" * 64, ".".join(["a" * 60] * 5), "bücher.example"])
def test_a_name_that_cannot_be_asked_for_is_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # one of two, of which one is the other
        encode_question(Question(name, "A"))


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("A", ["192.0.2.9", "192.0.2.1"]),
        ("AAAA", ["2001:db8:0:0::1", "::ffff:192.0.2.1"]),
        ("SRV", ["0 5 5269 SIP.contoso.com.", "10 0 5269 .", "0 5 5269 od\\.d.contoso.com."]),
        ("CAA", ['0 issue "letsencrypt.org; validationmethods=dns-01"']),
        ("TLSA", ["3 1 1 " + "AB" * 32]),
        ("NS", ["ns1.contoso.com."]),
        ("TXT", ['"a b"']),
    ],
)
def test_reads_each_type_as_dnspython_does(kind: str, texts: list[str]) -> None:
    question = Question(NAME, kind)
    wire = reply(question, (NAME, kind, texts))
    rrset = dns.message.from_wire(wire).answer[0]
    expected = tuple(sorted(canonical_data(kind, record.to_text()) for record in rrset))
    answer = parse_reply(wire, encode_question(question), question).answer
    assert answer == Answer(expected, ttl=300)


def test_follows_names_inside_the_answer() -> None:
    question = Question("www.contoso.com", "A")
    chain = (("www.contoso.com", "CNAME", ["Host.contoso.com."]), ("host.contoso.com", "A", ["192.0.2.7"]))
    section = encode_question(question)
    assert parse_reply(reply(question, *chain), section, question).answer.records == ("192.0.2.7",)
    assert parse_reply(reply(question, chain[0], rcode=3), section, question).answer == Answer()
    stranger = ("other.contoso.com", "A", ["192.0.2.66"])
    assert parse_reply(reply(question, stranger), section, question).answer == Answer()


def test_tells_failures_and_long_answers() -> None:
    question = Question(NAME, "SRV")
    section = encode_question(question)
    assert parse_reply(reply(question, rcode=2), section, question).rcode == 2
    assert parse_reply(reply(question, flags=dns.flags.TC), section, question).cut
    formerr = reply(question, rcode=1)[:12]
    formerr = formerr[:4] + bytes(8)
    assert parse_reply(formerr, section, question).rcode == 1


def test_nothing_but_an_answer_to_the_question_is_one() -> None:
    question = Question(NAME, "SRV")
    section = encode_question(question)
    good = reply(question, (NAME, "SRV", ["0 5 5269 sip.contoso.com."]))
    other = Question("other.contoso.com", "SRV")
    for wire in (
        b"",
        good[:11],
        build_query(7, section),
        reply(other, ("other.contoso.com", "SRV", ["0 5 5269 sip.contoso.com."])),
        *(good[:length] for length in range(12, len(good) - 11, 7)),  # -11: the OPT record is not read
        good[: 12 + len(section)] + b"\xc0\xff" * 30,
    ):
        with pytest.raises(MalformedAnswerError):
            parse_reply(wire, section, question)
    head, at = good[: 12 + len(section)], 12 + len(section)
    label, here = b"\x01b", (0xC000 | at).to_bytes(2, "big")
    long = b"".join(b"\x3f" + b"x" * 63 for _ in range(4)) + b"\0"
    rest = bytes.fromhex("0021 0001 0000003c 0007 000000001495 00")
    for owner in (label + here, here, long):  # a name that leads into itself; one that is too long
        with pytest.raises(MalformedAnswerError):
            parse_reply(head + owner + rest, section, question)
    caa = Question(NAME, "CAA")
    wire = reply(caa, (NAME, "CAA", ['0 issue "letsencrypt.org"']))
    with pytest.raises(MalformedAnswerError):
        parse_reply(wire[:60], encode_question(caa), caa)
    assert number_of(good) == 7
    assert number_of(b"short") == -1
