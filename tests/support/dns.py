"""A small authoritative DNS responder on a loopback address: records of any type from a dictionary, UDP and TCP.

``{"_xmpp-server._tcp.contoso.example": {"SRV": ["0 5 5269 xmpp.contoso.example."]}}``: names without the final
dot, values as in a zone file. A name that is not there is NXDOMAIN, a name without that type an empty answer; both
carry a SOA. A CNAME is followed as far as the dictionary goes.

``python -m tests.support.dns ADDRESS FILE.json`` serves such a dictionary until it is interrupted.
"""

from __future__ import annotations

import json
import socketserver
import struct
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DNS_PORT: Final = 10053
"""Where tests' responders answer: an ordinary user may not bind 53."""

MAX_ALIASES: Final = 20
"""How many aliases of a chain are told; a loop is one without end."""

Records = dict[str, dict[str, list[str]]]


@dataclass(slots=True)
class Zone:
    """What is answered; a test may change it while the server runs."""

    records: Records
    negative_ttl: int = 5
    silent: set[str] = field(default_factory=set)
    """Names that get no answer at all."""
    broken: set[str] = field(default_factory=set)
    """Names that get SERVFAIL."""
    broken_kinds: set[tuple[str, str]] = field(default_factory=set)
    """Names and types that get SERVFAIL."""
    bogus: set[str] = field(default_factory=set)
    """Names that get SERVFAIL unless checking is disabled (CD), as from a validating resolver."""
    validated: bool = False
    """Whether answers have the AD bit, as from a validating resolver."""
    signed: set[str] = field(default_factory=set)
    """Names whose answers have it in any case."""
    delays: dict[str, float] = field(default_factory=dict)
    """Seconds after which names are answered."""
    queries: list[tuple[str, str]] = field(default_factory=list)
    """Every question, in order: name and type."""

    def answer(self, wire: bytes, *, udp: bool = True) -> bytes | None:
        """Give the response to a query, cut off where it is too long for UDP, or None to stay silent."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.queries.append((name, kind))
        if name in self.silent:
            return None
        if name in self.delays:
            threading.Event().wait(self.delays[name])
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | (dns.flags.AD if self.validated or name in self.signed else 0)
        broken = name in self.broken or (name, kind) in self.broken_kinds
        if broken or (name in self.bogus and not query.flags & dns.flags.CD):
            response.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._look_up(response, question.name, kind)
        try:
            return response.to_wire(max_size=query.payload or 512 if udp else 65535)
        except dns.exception.TooBig:
            cut = dns.message.make_response(query)
            cut.flags |= dns.flags.AA | dns.flags.TC
            return cut.to_wire()

    def _look_up(self, response: dns.message.Message, name: dns.name.Name, kind: str) -> None:
        entry = self.records.get(name.to_text(omit_final_dot=True).lower())
        while entry is not None and "CNAME" in entry and kind != "CNAME" and len(response.answer) < MAX_ALIASES:
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", "CNAME", entry["CNAME"]))
            name = dns.name.from_text(entry["CNAME"][0])
            entry = self.records.get(name.to_text(omit_final_dot=True).lower())
        if entry is not None and entry.get(kind):
            response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, entry[kind]))
            return
        if entry is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        soa = f"ns.invalid. admin.invalid. 1 3600 600 86400 {self.negative_ttl}"
        response.authority.append(dns.rrset.from_text(name, self.negative_ttl, "IN", "SOA", soa))


class _Udp(socketserver.BaseRequestHandler):
    @override
    def handle(self) -> None:
        wire, endpoint = self.request
        answer = self.server.zone.answer(wire)  # type: ignore[attr-defined]  # set by serve_dns
        if answer is not None:
            endpoint.sendto(answer, self.client_address)


class _Tcp(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        while len(prefix := self.rfile.read(2)) == 2:
            wire = self.rfile.read(struct.unpack("!H", prefix)[0])
            answer = self.server.zone.answer(wire, udp=False)  # type: ignore[attr-defined]  # set by serve_dns
            if answer is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def serve_dns(
    address: str, records: Mapping[str, Mapping[str, Sequence[str]]], *, port: int = DNS_PORT
) -> Iterator[Zone]:
    """Answer for ``records`` on ``address`` while the context lasts; needs the right to bind ``port``."""
    zone = Zone({name: {kind: list(values) for kind, values in entry.items()} for name, entry in records.items()})
    servers: list[socketserver.BaseServer] = [_UdpServer((address, port), _Udp), _TcpServer((address, port), _Tcp)]
    threads = []
    for server in servers:
        server.zone = zone  # type: ignore[attr-defined]  # the handlers find it there
        arguments: dict[str, Any] = {"poll_interval": 0.05}  # keyword arguments of serve_forever
        threads.append(threading.Thread(target=server.serve_forever, kwargs=arguments, name=f"dns {address}"))
    for thread in threads:
        thread.start()
    try:
        yield zone
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


def host_records(domain: str, address: str, *, port: int = 5269, direct_tls_port: int = 0) -> Records:
    """Give what a domain needs whose XMPP server is ``xmpp.<domain>`` at ``address``."""
    target = f"xmpp.{domain}"
    records: Records = {f"_xmpp-server._tcp.{domain}": {"SRV": [f"0 5 {port} {target}."]}, target: {"A": [address]}}
    if direct_tls_port:
        records[f"_xmpps-server._tcp.{domain}"] = {"SRV": [f"0 5 {direct_tls_port} {target}."]}
    return records


def main(arguments: Sequence[str]) -> int:
    """Serve a file of records until interrupted."""
    address, _, port = arguments[0].partition(":")
    with serve_dns(address, json.loads(Path(arguments[1]).read_text(encoding="utf-8")), port=int(port or 53)):
        print(f"DNS on {arguments[0]}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
