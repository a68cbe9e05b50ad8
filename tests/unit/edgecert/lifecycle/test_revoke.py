"""Revoking: out of use before the CA is asked, never deployed again, and a compromised key is used for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Staged
from edgecert.lifecycle.apply import ApplyOptions
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.issue import complete_request
from edgecert.lifecycle.revoke import Revocation
from edgecert.model.sanplan import plan_sans
from edgecert.shared.chain import spki_sha256
from edgecert.shared.errors import DeployError, MaterialError, NetworkError
from tests.support.world import World, a_request

if TYPE_CHECKING:
    from cryptography import x509

    from edgecert.interfaces import RevokedBy
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.secret import Secret


@dataclass
class RevokingCa:
    """Keeps what it was told to revoke; ``away`` for one that is not reached."""

    away: bool = False
    told: list[tuple[int, int]] = field(default_factory=list)

    def revoke(self, certificate: x509.Certificate, key: Secret, reason: int) -> RevokedBy:
        assert key.reveal()
        if self.away:
            raise NetworkError("not reached")
        self.told.append((certificate.serial_number, reason))
        return "account"


def reusing() -> CertificateRequest:
    request = a_request("edge", "gw")
    return replace(request, certificate=replace(request.certificate, reuse_key=True))


@dataclass
class Case:
    """Two generations with one key, the second in service at ``gw``."""

    world: World = field(default_factory=World)
    ca: object = field(default_factory=RevokingCa)
    request: CertificateRequest = field(default_factory=reusing)

    def __post_init__(self) -> None:
        self.world.apply(self.request)
        self.world.apply(self.request, ApplyOptions(force=True))

    @property
    def revocation(self) -> Revocation:
        return Revocation(self.world.store, lambda _meta: self.ca, self.world.clock, self.world.watcher)

    def spki(self, generation: int) -> str:
        return spki_sha256(self.world.store.load_bundle("edge", generation).leaf.public_key())

    def issue(self, *, new_key: bool = False) -> int:
        demand = Demand(self.request, plan_sans(self.request).certificates[0])
        outcome = self.world.issuance.issue(demand, fresh=True, new_key=new_key)
        assert outcome.bundle is not None
        return outcome.bundle.meta.generation


def refused(case: Case, generation: int, reason: str) -> str:
    with pytest.raises(DeployError) as caught:
        case.revocation.revoke("edge", generation, reason)
    return f"{caught.value.code}: {caught.value.message}"


def test_what_is_in_service_or_staged_is_refused_and_nothing_is_changed() -> None:
    case = Case()
    assert refused(case, 2, "superseded") == "revoke-in-service: edge generation 2 is in service at gw"
    number = case.issue()
    case.world.store.save_staged("edge", Staged(number, case.world.clock.now() + timedelta(days=1)))
    assert "staged for" in refused(case, number, "superseded")
    assert case.world.store.deployments("edge").held == {}
    assert isinstance(case.ca, RevokingCa)
    assert case.ca.told == []


def test_key_compromise_of_an_old_generation_is_refused_while_its_key_serves() -> None:
    case = Case()
    assert refused(case, 1, "keyCompromise").endswith("in service at gw, and has the key of generation 1")
    assert case.world.store.blocked.reason(case.spki(1)) == ""


def test_an_old_one_is_revoked_and_not_even_a_person_deploys_it() -> None:
    case = Case()
    done = case.revocation.revoke("edge", 1, "superseded")
    assert (done.by, done.key_blocked, done.held) == ("account", False, (1,))
    assert isinstance(case.ca, RevokingCa)
    assert case.ca.told == [(case.world.store.load_bundle("edge", 1).leaf.serial_number, 4)]
    with pytest.raises(DeployError) as caught:
        case.world.deploying.refuse_unfit(case.world.store.load_meta("edge", 1), automatic=False)
    assert caught.value.code == "revoked"
    assert case.world.store.current("edge") == 2
    assert case.world.store.audit_lines[-1].fields["by"] == "account"


def test_a_compromised_key_is_blocked_for_reuse_and_all_its_generations_are_held() -> None:
    case = Case()
    new = case.issue(new_key=True)
    case.world.deploying.deploy(case.world.store.load_bundle("edge", new), case.request.deploy)
    done = case.revocation.revoke("edge", 1, "keyCompromise")
    assert (done.held, done.key_blocked) == ((1, 2), True)
    assert case.spki(case.issue()) == case.spki(new)  # which is reused, for it is not blocked
    case.world.store.blocked.block(case.spki(new), "known")
    assert case.spki(case.issue()) != case.spki(new)
    assert "key-not-reused" in case.world.watcher.codes


def test_the_same_key_under_another_name_is_told_and_left_to_a_person() -> None:
    case = Case()
    new = case.issue(new_key=True)
    case.world.deploying.deploy(case.world.store.load_bundle("edge", new), case.request.deploy)
    shared = case.world.store.load_bundle("edge", 1)
    case.world.store.add_generation(replace(shared, meta=replace(shared.meta, name="copy", generation=1)))
    assert case.revocation.preview("edge", 1, "superseded").elsewhere == ()
    done = case.revocation.revoke("edge", 1, "keyCompromise")
    assert done.elsewhere == (("copy", 1),)
    assert case.world.store.deployments("copy").held == {}


def test_an_open_request_with_a_blocked_key_is_neither_gone_on_with_nor_completed() -> None:
    case = Case()
    demand = Demand(case.request, plan_sans(case.request).certificates[0])
    request = case.world.issuance.open_request(demand, new_key=True)
    case.world.store.blocked.block(request.spki_sha256, "known")
    outcome = case.world.issuance.issue(demand)
    assert outcome.request is not None
    assert outcome.request.id != request.id


def test_a_key_that_is_blocked_while_the_ca_signs_is_not_stored() -> None:
    case = Case()
    case.world.store.blocked.block(case.spki(2), "known")
    origin = case.world.store.find_request(case.spki(2))
    assert origin is not None
    with pytest.raises(MaterialError) as caught:
        complete_request(case.world.store, origin, (), clock=case.world.clock, progress=case.world.watcher)
    assert caught.value.code == "key-blocked"


def test_a_ca_that_is_away_leaves_it_out_of_use_and_the_next_try_goes_on() -> None:
    case = Case(ca=RevokingCa(away=True))
    with pytest.raises(NetworkError):
        case.revocation.revoke("edge", 1, "superseded")
    assert case.world.store.deployments("edge").revoked == {1: "revoked (superseded)"}
    case.ca = RevokingCa()
    assert case.revocation.revoke("edge", 1, "superseded").by == "account"


def test_a_ca_that_cannot_be_told_leaves_it_to_a_person() -> None:
    case = Case(ca=None)
    assert case.revocation.revoke("edge", 1, "unspecified").by == "nobody"
