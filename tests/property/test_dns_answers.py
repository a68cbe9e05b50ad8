"""Whatever a nameserver, or somebody in its place, answers: it is read or refused, and neither takes long."""

from __future__ import annotations

from contextlib import suppress

import dns.message
import dns.name
import dns.rrset
from hypothesis import example, given
from hypothesis import strategies as st

from edgecert.dns.wire import MalformedAnswerError, build_query, encode_question, parse_reply
from edgecert.model.dnsrecords import Question

QUESTION = Question("www.contoso.com", "A")
SECTION = encode_question(QUESTION)


def good_answer() -> bytes:
    response = dns.message.make_response(dns.message.from_wire(build_query(7, SECTION)))
    alias, owner = dns.name.from_text("www.contoso.com."), dns.name.from_text("host.contoso.com.")
    response.answer.append(dns.rrset.from_text_list(alias, 60, "IN", "CNAME", ["host.contoso.com."]))
    response.answer.append(dns.rrset.from_text_list(owner, 60, "IN", "A", ["192.0.2.1", "192.0.2.2"]))
    return response.to_wire()


GOOD = good_answer()
BEHIND = 12 + len(SECTION)


@given(st.lists(st.tuples(st.integers(BEHIND, len(GOOD) - 1), st.integers(0, 255)), max_size=12))
@example([(BEHIND, 0xC0), (BEHIND + 1, BEHIND)])
@example([(BEHIND, 1), (BEHIND + 2, 0xC0), (BEHIND + 3, BEHIND)])
def test_a_changed_answer_is_read_or_refused(changes: list[tuple[int, int]]) -> None:
    wire = bytearray(GOOD)
    for at, octet in changes:
        wire[at] = octet
    with suppress(MalformedAnswerError):
        parse_reply(bytes(wire), SECTION, QUESTION)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_anything_behind_the_question_is_read_or_refused(rest: bytes, count: int) -> None:
    head = bytearray(GOOD[:BEHIND])
    head[6:8] = count.to_bytes(2, "big")
    with suppress(MalformedAnswerError):
        parse_reply(bytes(head) + rest, SECTION, QUESTION)
