"""What to do about a stream that did not come up, in one sentence each; ``edgecert explain CODE`` says more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.errors import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.net.outbound import StreamFailure

_BY_CODE: Final[Mapping[str, str]] = {
    "dns-not-found": "check the spelling of {domain}, ask for its SRV records _xmpp-server._tcp, or set proxy",
    "dns-failed": "check [resolver] nameservers and that this host reaches them; the fault may be their DNS too",
    "private-target": "set resolver.allow_private_targets = true if the partner really is in your network",
    "connect-failed": "check that this host may connect to that port (firewall), and that their server runs",
    "timeout": "their server took the connection and then said nothing: ask its administrator to look at its log",
    "tls-failed": "the two sides agree on no version or cipher, or they ended the handshake: their log says why",
    "tls-not-offered": "they offer no TLS: ask them to, or set tls = optional with dialback = true for this partner",
    "tls-refused": "their server offered TLS and then had none: ask its administrator to look at its certificate",
    "peer-requires-tls": "set tls = optional or required for this partner",
    "peer-certificate": (
        "their server needs a valid certificate with the name {domain}, of a CA that [trust] ca_file names; "
        "or allow dialback for this partner"
    ),
    "external-not-offered": (
        "they do not take our certificate as a proof: look at `edgecert check {home}`, and ask them to accept the "
        "certificates of servers without the purpose clientAuth; or allow dialback for this partner"
    ),
    "external-refused": "they do not take our certificate as a proof: see `edgecert check {home}`, or allow dialback",
    "method-not-available": "look at tls, sasl and dialback of this partner: `edgecert-gateway partner show {domain}`",
    "dialback-not-offered": "they take neither our certificate nor dialback: look at `edgecert check {home}`",
    "dialback-refused": (
        "they asked the servers of {home} and do not believe us: look at `edgecert check {home}`, and whether all "
        "gateways of {home} share one dialback secret"
    ),
    "dialback-failed": (
        "they could not ask the servers of {home}: look at `edgecert check {home}`, and that port 5269 of this host is "
        "open"
    ),
    "peer-closed": "ask the administrator of {domain} what their log says of {home}",
    "connection-lost": "ask the administrator of {domain} what their log says of {home}",
    "peer-protocol": "their server does not speak the protocol as it must: tell its administrator",
    "internal": "this is a fault of the gateway: its log has more, which helps those who mend it",
    "no-certificate": "deploy a certificate for {home} first: `edgecert deploy`",
    "ping-timeout": (
        "the stream to them is up; now they have to reach us: look at `edgecert check {home}`, whether {home} is a "
        "partner of theirs, and that port 5269 of this host is open"
    ),
}
_BY_CONDITION: Final[Mapping[Condition, str]] = {
    Condition.HOST_UNKNOWN: "that server does not know {domain}: its SRV records lead to the wrong server",
    Condition.POLICY_VIOLATION: "they do not federate with {home}: ask to be let in",
    Condition.NOT_AUTHORIZED: "they do not believe that we are {home}: look at `edgecert check {home}`",
    Condition.REMOTE_CONNECTION_FAILED: (
        "they could not reach us to verify {home}: look at `edgecert check {home}`, and that port 5269 of this host "
        "is open"
    ),
    Condition.RESOURCE_CONSTRAINT: "their server has too much to do: try again later",
    Condition.SYSTEM_SHUTDOWN: "their server is going down: try again in a minute",
}


def advise(failure: StreamFailure, home: str, domain: str) -> str:
    """Give what an administrator of ``home`` can do about ``failure`` on the way to ``domain``."""
    text = _BY_CODE.get(failure.code, "")
    if failure.code == "peer-stream-error":
        named = failure.text.partition(":")[0]
        text = next((advice for condition, advice in _BY_CONDITION.items() if condition == named), "")
        text = text or "ask the administrator of {domain} what their log says of {home}"
    return (text or "`edgecert explain {code}` says what it means").format(home=home, domain=domain, code=failure.code)
