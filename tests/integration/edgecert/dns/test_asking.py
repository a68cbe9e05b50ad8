"""The batch over real sockets: dead servers, long answers, old servers; the rest is told by ``Lookup``'s tests."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import dns.message
import pytest

from edgecert.dns.asking import Batch, ask_by_tcp
from edgecert.dns.lookup import LookupLimits
from edgecert.model.dnsrecords import Answer, Question
from tests.support.dns import DNS_PORT
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from tests.integration.edgecert.dns.conftest import Nameserver

PATIENT = LookupLimits(per_try=20, per_question=60, total=90)
EDGE = Question("sip.contoso.example", "A")


def endpoint(nameserver: Nameserver) -> tuple[str, int]:
    host, _, port = nameserver.address.rpartition(":")
    return host, int(port)


def ask(servers: list[tuple[str, int]], *questions: Question, limits: LookupLimits = PATIENT) -> dict[Question, Answer]:
    with Batch(servers, limits) as batch:
        return batch.ask(questions)


def test_where_nobody_listens_the_answer_comes_at_once() -> None:
    with loopback_net() as net:
        answer = ask([(f"{net}1", DNS_PORT)], EDGE, limits=LookupLimits(total=600, per_question=500, per_try=400))[EDGE]
    assert "refused" in answer.error
    assert not answer.failed


def test_a_server_of_another_family_is_no_obstacle(nameserver: Nameserver) -> None:
    nameserver.zone.records[EDGE.name] = {"A": ["192.0.2.1"]}
    servers = [("2001:db8::53", 53), endpoint(nameserver)]
    answers = ask(servers, EDGE, limits=LookupLimits(per_try=0.5, per_question=60, total=90))
    assert answers[EDGE].records == ("192.0.2.1",)


def test_an_answer_that_is_too_long_comes_by_tcp(nameserver: Nameserver) -> None:
    texts = [f'"{number:04} {"x" * 200}"' for number in range(40)]
    nameserver.zone.records["long.example"] = {"TXT": texts}
    nameserver.zone.records["next.example"] = {"A": ["192.0.2.1"]}
    long, short = Question("long.example", "TXT"), Question("next.example", "A")
    answers = ask([endpoint(nameserver)], long, short)
    assert len(answers[long].records) == 40
    assert answers[short].records == ("192.0.2.1",)


def test_the_servers_answer_counts_and_not_that_of_a_dead_one(nameserver: Nameserver) -> None:
    nameserver.zone.broken.add(EDGE.name)
    with loopback_net() as net:
        answer = ask([(f"{net}1", DNS_PORT), endpoint(nameserver)], EDGE)[EDGE]
    assert answer == Answer(error="the nameservers answered SERVFAIL", failed=True)


def test_a_name_that_is_none_fails_alone(nameserver: Nameserver) -> None:
    nameserver.zone.records[EDGE.name] = {"A": ["192.0.2.1"]}
    odd = Question("a..b", "A")
    answers = ask([endpoint(nameserver)], odd, EDGE)
    assert "cannot be asked for" in answers[odd].error
    assert answers[EDGE].records == ("192.0.2.1",)


def test_a_server_from_before_edns_is_asked_in_its_way_and_forged_answers_count_for_nothing() -> None:
    with loopback_net() as net, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((f"{net}53", DNS_PORT))
        seen: list[int] = []

        def serve() -> None:
            while len(seen) < 2:
                wire, client = server.recvfrom(512)
                query = dns.message.from_wire(wire)
                seen.append(query.edns)
                server.sendto(wire[:2] + b"nonsense", client)
                response = dns.message.make_response(query)
                if query.edns >= 0:
                    server.sendto(wire[:2] + b"\x81\x81" + bytes(8), client)
                else:
                    server.sendto(response.to_wire(), client)

        thread = threading.Thread(target=serve, name="old server")
        thread.start()
        answer = ask([(f"{net}53", DNS_PORT)], EDGE)[EDGE]
        thread.join()
    assert answer == Answer()
    assert seen == [0, -1]


def test_a_connection_that_is_closed_gives_no_answer() -> None:
    with loopback_net() as net, socket.create_server((f"{net}53", DNS_PORT)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(512)
            connection.sendall(b"\x00\x20short")
            connection.close()

        thread = threading.Thread(target=serve, name="closing server")
        thread.start()
        with pytest.raises(EOFError):
            ask_by_tcp((f"{net}53", DNS_PORT), b"question", 5)
        thread.join()
