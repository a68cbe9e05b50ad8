"""What makes another certificate, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from edgecert.lifecycle.demand import Demand
from edgecert.model.sanplan import plan_sans
from edgecert.shared.chain import spki_sha256
from tests.support.world import World, a_request, with_names

if TYPE_CHECKING:
    from edgecert.model.request import CertificateRequest


def demand(request: CertificateRequest) -> Demand:
    return Demand(request, plan_sans(request).certificates[0])


def test_equal_demands_have_equal_digests_whatever_else_the_file_says() -> None:
    request = a_request("edge")
    assert demand(request).digest() == demand(replace(request, deploy=a_request("edge", "gw").deploy)).digest()
    assert demand(request).digest() != demand(with_names(request, "fabrikam.example")).digest()


def test_a_generation_without_a_known_request_is_compared_by_what_it_is() -> None:
    world = World()
    request = a_request("edge")
    bundle = world.issuance.issue(demand(request)).bundle
    assert bundle is not None
    assert demand(request).differences(bundle, None) == ()
    changed = replace(
        with_names(request, "fabrikam.example"),
        subject=replace(request.subject, organization="Contoso"),
        certificate=replace(request.certificate, client_auth=True, bit_length=384),
    )
    differences = "; ".join(demand(changed).differences(bundle, None))
    for word in ("fabrikam.example", "contoso.example", "ecdsa-384", "clientAuth", "subject"):
        assert word in differences


def test_what_a_ca_left_out_is_not_asked_for_again() -> None:
    world = World()
    request = a_request("edge")
    outcome = world.issuance.issue(demand(request))
    assert outcome.bundle is not None
    origin = world.store.find_request(spki_sha256(outcome.bundle.leaf.public_key()))
    stripped = replace(outcome.bundle, meta=replace(outcome.bundle.meta, names=("contoso.example",)))
    assert demand(request).differences(stripped, origin) == ()
