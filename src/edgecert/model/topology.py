"""From the edge's topology to the names it needs: in order, each with the reason, still as people wrote them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from edgecert.shared.names import NameProblem, normalise_domain, to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.model.request import Role, Topology


class Position(StrEnum):
    """Where a name was given: the key of the flags file's ``[topology]``."""

    ACCESS_EDGE = "access_edge"
    WEB_CONFERENCING = "web_conferencing"
    SIP_DOMAIN = "sip_domains"
    XMPP_DOMAIN = "xmpp_domains"
    ADDITIONAL = "additional_names"
    INTERNAL_FQDN = "internal_fqdn"


@dataclass(frozen=True, slots=True)
class WantedName:
    """One name that a position asks for: what was ``given`` there, the ``text`` of the name that follows, and why."""

    position: Position
    given: str
    text: str
    reason: str


def wanted_names(role: Role, topology: Topology) -> tuple[WantedName, ...]:
    """Give the names that ``topology`` asks for, in the order of the plan; unchecked, and not yet each once.

    An internal edge is its own FQDN and what was added by hand; an external edge is the access edge, web conferencing,
    ``sip.`` and each SIP domain, each XMPP domain itself (the JID domain, never the SRV target), and what was added.
    """
    derived = _internal(topology) if role == "internal-edge" else _external(topology)
    added = (WantedName(Position.ADDITIONAL, name, name, "additional name") for name in topology.additional_names)
    return (*derived, *added)


def _internal(topology: Topology) -> Iterator[WantedName]:
    if topology.internal_fqdn:
        given = topology.internal_fqdn
        yield WantedName(Position.INTERNAL_FQDN, given, given, "internal edge")


def _external(topology: Topology) -> Iterator[WantedName]:
    if topology.access_edge:
        given = topology.access_edge
        yield WantedName(Position.ACCESS_EDGE, given, given, "access edge")
    if topology.web_conferencing:
        given = topology.web_conferencing
        yield WantedName(Position.WEB_CONFERENCING, given, given, "web conferencing")
    for given in topology.sip_domains:
        yield WantedName(Position.SIP_DOMAIN, given, f"sip.{given}", f"SIP domain {_readable(given)}")
    for given in topology.xmpp_domains:
        yield WantedName(Position.XMPP_DOMAIN, given, given, f"XMPP domain {_readable(given)}")


def _readable(given: str) -> str:
    try:
        return to_unicode(normalise_domain(given))
    except NameProblem:
        return given
