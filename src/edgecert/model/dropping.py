"""What a topology is without certain names: for the person who decides to go on without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.model.request import Topology
from edgecert.model.topology import Position, wanted_names
from edgecert.shared.names import NameProblem, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.model.request import Role


def drop_names(role: Role, topology: Topology, names: Iterable[str]) -> Topology:
    """Give ``topology`` without whatever asks for one of ``names`` (as planned), and nothing else changed."""
    gone = frozenset(map(_normal, names))
    hits = {(wanted.position, wanted.given) for wanted in wanted_names(role, topology) if _normal(wanted.text) in gone}

    def text(position: Position, value: str) -> str:
        return "" if (position, value) in hits else value

    def rest(position: Position, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(value for value in values if (position, value) not in hits)

    return Topology(
        access_edge=text(Position.ACCESS_EDGE, topology.access_edge),
        internal_fqdn=text(Position.INTERNAL_FQDN, topology.internal_fqdn),
        web_conferencing=text(Position.WEB_CONFERENCING, topology.web_conferencing),
        sip_domains=rest(Position.SIP_DOMAIN, topology.sip_domains),
        xmpp_domains=rest(Position.XMPP_DOMAIN, topology.xmpp_domains),
        additional_names=rest(Position.ADDITIONAL, topology.additional_names),
    )


def _normal(text: str) -> str:
    try:
        return parse_name(text).text
    except NameProblem:
        return text
