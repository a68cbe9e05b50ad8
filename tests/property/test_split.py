from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from edgecert.model.request import CertificateOptions, CertificateRequest, Topology
from edgecert.model.sanplan import SanPlan, plan_sans

if TYPE_CHECKING:
    from collections.abc import Mapping

HOSTS = st.sampled_from(["", "", "corp.", "emea.", "sales.corp."])
DOMAINS = st.builds(lambda host, number: f"{host}d{number}.com", HOSTS, st.integers(0, 30))
LIMITS = st.integers(4, 25)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    sip = draw(st.lists(DOMAINS, unique=True, max_size=40))
    xmpp = draw(st.lists(DOMAINS, unique=True, max_size=40))
    extra = draw(
        st.lists(st.builds(lambda host, domain: f"{host}.{domain}", st.sampled_from("xyz"), DOMAINS), max_size=8)
    )
    edge = draw(st.sampled_from(["", "edge.elsewhere.net", *(f"sip.{domain}" for domain in sip[:1])]))
    return Topology(
        access_edge=edge, sip_domains=tuple(sip), xmpp_domains=tuple(xmpp), additional_names=tuple(dict.fromkeys(extra))
    )


def plan(
    topology: Topology,
    limit: int,
    *,
    assignment: Mapping[str, int] | None = None,
    repack: bool = False,
    identifiers: bool = False,
) -> SanPlan:
    certificate = CertificateOptions(name="edge", xmpp_identifiers=identifiers)
    request = CertificateRequest(certificate=certificate, topology=topology)
    return plan_sans(request, assignment=assignment or {}, repack=repack, name_limit=limit)


def verify_split(made: SanPlan, topology: Topology, limit: int) -> None:
    """Every name exactly once, the limit kept, the access edge in the first."""
    wanted = {
        topology.access_edge,
        *(f"sip.{domain}" for domain in topology.sip_domains),
        *topology.xmpp_domains,
        *topology.additional_names,
    } - {""}
    planned = [entry.name for certificate in made.certificates for entry in certificate.names]
    assert max(Counter(planned).values(), default=1) == 1
    assert {name.text for name in planned if name.kind == "dns"} == wanted
    assert all(1 <= len(certificate.names) <= limit for certificate in made.certificates)
    assert len(made.assignment) == len(planned)
    if topology.access_edge:
        assert topology.access_edge in {entry.name.text for entry in made.certificates[0].names}
    if made.certificates:
        assert made.certificates[0].name == "edge"


def certificate_of(made: SanPlan) -> dict[tuple[str, str], str]:
    return {
        (entry.name.kind, entry.name.text): certificate.name
        for certificate in made.certificates
        for entry in certificate.names
    }


@given(topologies(), LIMITS, st.booleans())
def test_every_name_once_within_the_limit_and_domains_together(
    topology: Topology, limit: int, identifiers: bool
) -> None:
    made = plan(topology, limit, identifiers=identifiers)
    verify_split(made, topology, limit)
    where = certificate_of(made)
    by_domain: dict[str, set[str]] = {}
    for domain in {*topology.sip_domains, *topology.xmpp_domains}:
        own = [("dns", f"sip.{domain}"), ("dns", domain), ("srv", f"_xmpp-server.{domain}"), ("xmpp", domain)]
        by_domain[domain] = {where[name] for name in own if name in where}
    apart = {domain for domain, certificates in by_domain.items() if len(certificates) > 1}
    # Only hosts beneath a domain can make it too large for one certificate; its own names are four at most.
    hosts = Counter(name.partition(".")[2] for name in topology.additional_names)
    hosts[topology.access_edge.partition(".")[2]] += 1
    assert all(hosts[domain] + 4 > limit for domain in apart)


@given(topologies(), DOMAINS, LIMITS, st.booleans())
def test_adding_a_domain_moves_nothing(topology: Topology, domain: str, limit: int, identifiers: bool) -> None:
    before = plan(topology, limit, identifiers=identifiers)
    grown = Topology(
        access_edge=topology.access_edge,
        sip_domains=(domain, *(other for other in topology.sip_domains if other != domain)),
        xmpp_domains=(domain, *(other for other in topology.xmpp_domains if other != domain)),
        additional_names=topology.additional_names,
    )
    after = plan(grown, limit, assignment=before.assignment, identifiers=identifiers)
    verify_split(after, grown, limit)
    placed = certificate_of(after)
    assert {name: placed[name] for name in certificate_of(before)} == certificate_of(before)
    assert "name-moved" not in {finding.code for finding in after.findings}


@given(topologies(), topologies(), LIMITS, LIMITS)
def test_whatever_was_saved_the_rules_hold(before: Topology, after: Topology, limit: int, new_limit: int) -> None:
    saved = plan(before, limit).assignment
    verify_split(plan(after, new_limit, assignment=saved), after, new_limit)


@given(topologies(), topologies(), LIMITS)
def test_a_name_that_stays_in_the_topology_stays_in_its_certificate(
    before: Topology, after: Topology, limit: int
) -> None:
    # A changed access edge, and a first certificate that would be empty, are the two reasons to move.
    after = Topology(before.access_edge, "", "", after.sip_domains, after.xmpp_domains, after.additional_names)
    assume(before.access_edge)
    old, new = plan(before, limit), plan(after, limit, assignment=plan(before, limit).assignment)
    placed = certificate_of(new)
    assert all(placed[name] == where for name, where in certificate_of(old).items() if name in placed)


@given(topologies(), topologies(), LIMITS)
def test_repacking_never_takes_more_certificates(before: Topology, after: Topology, limit: int) -> None:
    saved = plan(before, limit).assignment
    kept, packed = plan(after, limit, assignment=saved), plan(after, limit, assignment=saved, repack=True)
    verify_split(packed, after, limit)
    assert packed == plan(after, limit, assignment=saved, repack=True)
    assert len(packed.certificates) <= len(kept.certificates)
