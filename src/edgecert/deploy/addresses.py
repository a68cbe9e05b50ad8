"""The ``verify`` addresses of a files target: ``protocol://host:port``, or with ``/name`` the one name to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.deploy.verifying import Question, ask, conclude, see_served
from edgecert.interfaces import ListenerReport, TargetVerdict, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.interfaces import Prober
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle

PROTOCOLS: Final = ("xmpp-s2s", "xmpps-s2s", "tls")


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how to ask, and for which name if it says so."""

    protocol: str
    place: str
    name: str = ""


def parse_verify_address(text: str) -> Address | None:
    """Give the address that ``text`` says, or None if it says none."""
    protocol, separator, rest = text.partition("://")
    place, _, name = rest.partition("/")
    host, _, port = place.rpartition(":")
    if not separator or protocol not in PROTOCOLS or not host or not port.isdecimal():
        return None
    return Address(protocol, place, name)


def dns_names(bundle: Bundle) -> tuple[str, ...]:
    """Give the DNS names of the bundle's certificate, in its order."""
    from edgecert.shared.names import DnsName, from_certificate  # noqa: PLC0415  # loads the cryptography library

    return tuple(name.text for name in from_certificate(bundle.leaf) if isinstance(name, DnsName))


def see_addresses(prober: Prober, target: DeployTarget, bundle: Bundle) -> Verification:
    """See what the target's ``verify`` addresses serve, against ``bundle``.

    An address with a name is asked for that name. Of layout ``per-domain`` every name has its own files, so every name
    must be served by ``bundle``. Otherwise a service may know only some of the names: an address is ``same`` as soon as
    one name is served by ``bundle``.
    """
    if not target.verify:
        return Verification(TargetVerdict.UNVERIFIED, error="the target has no verify addresses")
    names = tuple(name for name in dns_names(bundle) if not name.startswith("*."))
    reports: list[ListenerReport] = []
    for text in target.verify:
        address = parse_verify_address(text)
        if address is None:
            known = ", ".join(f"{protocol}://host:port" for protocol in PROTOCOLS)
            return Verification(TargetVerdict.UNVERIFIED, error=f"{text!r} is no address to verify (known: {known})")
        reports += _see_address(prober, address, names, target, bundle.meta.fingerprint_sha256)
    return conclude(reports)


def _see_address(
    prober: Prober, address: Address, names: Sequence[str], target: DeployTarget, fingerprint: str
) -> Sequence[ListenerReport]:
    asked = (address.name,) if address.name else names
    questions = [Question(address.place, address.protocol, name) for name in asked]
    if target.layout == "per-domain" or len(questions) <= 1:
        return see_served(prober, questions, fingerprint).listeners
    return _first_same(prober, questions, fingerprint)


def _first_same(prober: Prober, questions: Sequence[Question], fingerprint: str) -> Sequence[ListenerReport]:
    """Ask name after name until one is served as expected; else give what differs, else what could not be seen."""
    others: list[ListenerReport] = []
    for question in questions:
        report, reached = ask(prober, question, fingerprint)
        if report.verdict is TargetVerdict.SAME:
            return [report]
        others.append(report)
        if not reached:
            break  # nobody is there; the other names would only wait as long
    return [report for report in others if report.verdict is TargetVerdict.DIFFERENT] or others[:1]
