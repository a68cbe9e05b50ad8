"""Renewal: by time, from the saved settings alone, one lineage never in the way of another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from typing_extensions import override

from edgecert.lifecycle.apply import ApplyOptions
from edgecert.lifecycle.demand import Demand
from edgecert.lifecycle.renew import RenewOptions
from edgecert.model.sanplan import plan_sans
from edgecert.shared.errors import ExitCode, StoreError
from edgecert.store.memory import MemoryStore
from tests.support.world import World, a_request, with_names

if TYPE_CHECKING:
    from edgecert.model.request import CertificateRequest
    from edgecert.shared.bundle import Bundle, BundleMeta


def test_nothing_is_done_before_it_is_due() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    result = world.renew()
    assert result.action == "not-due"
    assert result.due_at is not None
    assert result.due_at > world.clock.now()
    assert len(world.ca.orders) == 1


def test_what_is_due_is_renewed_and_deployed() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.clock.advance(timedelta(days=61))
    result = world.renew()
    assert result.action == "renewed"
    assert world.serving() == 2
    assert world.renew().action == "not-due"


def test_renewal_obeys_the_saved_settings_alone() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    saved = world.store.load_settings("edge")
    assert saved is not None
    world.store.save_settings("edge", replace(saved, request=with_names(saved.request, "fabrikam.example")))
    world.renew(force=True)
    assert "fabrikam.example" in world.store.load_meta("edge", 2).names


def test_a_key_that_is_reused_stays_and_else_it_changes() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(request)
    world.renew(force=True)
    world.apply(replace(request, certificate=replace(request.certificate, reuse_key=True)))
    world.renew(force=True)
    keys = [world.store.load_bundle("edge", number).key for number in (1, 2, 3)]
    assert keys[0] != keys[1]
    assert keys[1] == keys[2]


def test_an_unknown_certificate_fails_with_its_reason() -> None:
    result = World().renew("nowhere")
    assert result.action == "failed"
    assert result.error is not None
    assert result.error.code == "no-such-certificate"


def test_a_due_csr_lineage_waits_anew_once() -> None:
    world = World(kind="csr")
    request = a_request("edge", kind="csr")
    world.apply(request)
    first, second = world.renew(), world.renew()
    assert (first.action, first.newly_waiting) == ("waiting", False)
    assert (second.action, second.newly_waiting) == ("waiting", False)
    assert len(world.store.requests("edge")) == 1
    forced = World(kind="csr")
    forced.save(request)
    assert forced.renew().newly_waiting


def test_a_locked_lineage_fails_alone() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    with world.store.lock("edge", 1.0):
        result = world.renew(force=True)
    assert result.action == "failed"
    assert result.error is not None
    assert result.error.code == "locked"


def test_what_was_stored_and_not_deployed_by_a_run_that_died_is_deployed() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(request)
    demand = Demand(request, plan_sans(request).certificates[0])
    world.issuance.issue(demand, announce=lambda number: world.deploying.announce("edge", number, request.deploy))
    assert world.serving() == 1
    result = world.renew()
    assert (result.action, result.error) == ("deployed", None)
    assert world.serving() == 2


def test_a_staged_generation_that_is_no_longer_fit_is_given_up_and_renewal_goes_on() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    bundle = world.store.load_bundle("edge", 1)
    world.deploying.stage(bundle, a_request("edge", "gw").deploy, world.clock.now() + timedelta(days=30))
    world.expire()
    result = world.renew()
    assert (result.action, result.error) == ("renewed", None)
    assert world.store.staged("edge") is None
    assert "expired" in world.watcher.codes
    assert world.serving() == 2


def test_what_was_staged_goes_everywhere_also_where_something_was_open() -> None:
    world = World()
    request = a_request("edge", "gw", "second")
    world.apply(request)
    world.targets["second"].running = False
    world.apply(request, ApplyOptions(force=True))
    world.apply(request, ApplyOptions(force=True, deploy=False))
    world.deploying.stage(world.store.load_bundle("edge", 3), request.deploy, world.clock.now() + timedelta(days=1))
    world.targets["second"].running = True
    assert world.renew().action == "deployed"
    assert (world.serving("gw"), world.serving("second")) == (2, 2)
    assert world.store.staged("edge") is not None, "an older open deployment overtakes nothing"
    assert world.targets["second"].staged.keys() == {3}
    world.targets["second"].serving = None
    world.clock.advance(timedelta(days=1))
    world.renew()
    assert (world.serving("gw"), world.serving("second")) == (3, 3)


def test_a_target_that_fails_makes_the_run_fail_with_its_own_code() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.targets["gw"].refusing = True
    result = world.renew(force=True)
    assert result.action == "renewed"
    assert result.error is not None
    assert (result.error.code, result.error.exit_code) == ("deploy", ExitCode.FAILED)


class Damaged(MemoryStore):
    """A store in which generation 2 cannot be read."""

    @override
    def load_bundle(self, name: str, generation: int) -> Bundle:
        if generation == 2:
            message = "generation 2 is damaged"
            raise StoreError(message, code="bundle-damaged")
        return super().load_bundle(name, generation)

    @override
    def load_meta(self, name: str, generation: int) -> BundleMeta:
        return super().load_bundle(name, generation).meta


def test_a_damaged_generation_is_no_reason_not_to_renew() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.targets["gw"].running = False
    world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    world.targets["gw"].running = True
    whole, world.store = world.store, Damaged(world.clock)
    world.store.__dict__.update(whole.__dict__)
    assert world.renew().action == "failed"
    world.clock.advance(timedelta(days=61))
    result = world.renew()
    assert result.action == "renewed"
    assert world.serving() == 3


def test_what_fails_and_what_newly_waits_is_told_to_the_notify_command() -> None:
    def notified(request: CertificateRequest) -> CertificateRequest:
        return replace(request, renewal=replace(request.renewal, notify_command=("mail", "pki")))

    world = World(kind="csr")
    world.save(notified(a_request("edge", kind="csr")))
    assert world.renew().newly_waiting
    world.renew()
    ((command, document),) = world.told
    assert (command, document["event"], document["not_after"]) == (("mail", "pki"), "waiting", None)

    world = World()
    world.apply(notified(a_request("edge", "gw")))
    world.ca.refuse = True
    world.renew(force=True)
    world.renew(force=True)
    ((_command, document),) = world.told
    assert document["event"] == "renewal-failed"
    assert document["error"] == {"code": "refused", "message": "the CA is closed today", "hint": ""}


def test_a_dry_run_says_what_would_be_done_and_does_nothing() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    tried = world.renewing.renew("edge", RenewOptions(force=True, dry_run=True))
    assert (tried.action, world.renewing.renew("edge", RenewOptions(dry_run=True)).action) == ("renewed", "not-due")
    assert world.store.generations("edge") == (1,)


def test_what_failed_is_tried_again_later_and_fails_with_the_same_error_until_then() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.clock.advance(timedelta(days=61))
    world.ca.refuse = True
    assert world.renew().action == "failed"
    orders = len(world.ca.orders)
    again = world.renew()
    assert again.error is not None
    assert (again.action, again.error.code, again.error.exit_code) == ("failed", "refused", ExitCode.REFUSED)
    assert "tried 1 times; again at" in again.error.message
    assert len(world.ca.orders) == orders
    world.ca.refuse = False
    assert world.renew().action == "failed", "it is not asked before its time"
    world.clock.advance(timedelta(minutes=5))
    assert world.renew().action == "renewed"
    assert world.due.state(world.store.load_meta("edge", 2)).failures == 0
    assert world.serving() == 2


def test_force_does_not_wait() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.clock.advance(timedelta(days=61))
    world.ca.refuse = True
    world.renew()
    world.ca.refuse = False
    assert world.renew(force=True).action == "renewed"


def test_a_success_by_another_verb_ends_the_trouble() -> None:
    world = World()
    world.apply(a_request("edge", "gw"))
    world.clock.advance(timedelta(days=61))
    world.ca.refuse = True
    world.renew()
    world.ca.refuse = False
    world.apply(a_request("edge", "gw"), ApplyOptions(force=True))
    assert world.renew().action == "not-due"


def test_a_key_is_replaced_even_where_keys_are_kept() -> None:
    world = World()
    request = a_request("edge", "gw")
    world.apply(replace(request, certificate=replace(request.certificate, reuse_key=True)))
    world.renew(force=True)
    result = world.renewing.renew("edge", RenewOptions(replace_key=True))
    assert result.action == "renewed"
    keys = [world.store.load_bundle("edge", number).key for number in (1, 2, 3)]
    assert keys[0] == keys[1] != keys[2]
    assert world.serving() == 3
