from __future__ import annotations

from edgecert.interfaces import Served
from edgecert.probe.many import probe_all
from edgecert.shared.errors import NetworkError


class FakeProber:
    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        if protocol == "tls":
            message = "nobody is there"
            raise NetworkError(message, code="unreachable")
        return Served((), address, domain, "TLSv1.3")


def test_answers_are_in_order_and_a_failure_is_an_answer() -> None:
    places = [(f"a{number}:1", "xmpp-s2s" if number % 2 else "tls", "d") for number in range(40)]
    results = probe_all(FakeProber(), places)
    assert [isinstance(result, NetworkError) for result in results] == [number % 2 == 0 for number in range(40)]
    assert [result.fingerprint_sha256 for result in results if isinstance(result, Served)] == [
        address for address, protocol, _ in places if protocol != "tls"
    ]
    assert probe_all(FakeProber(), []) == ()
