from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives import hashes

from edgecert.interfaces import IssueOrder
from edgecert.issuers.constraints import Constraints
from edgecert.issuers.local import LocalCa, LocalIssuer
from edgecert.model.csr import build_csr
from edgecert.model.keys import generate_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.atomic import arm_crash_point
from edgecert.shared.chain import is_self_signed, order_chain, parse_certificates, spki_sha256, verify_trust
from edgecert.shared.errors import EdgecertError, MaterialError, RefusedError, StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.names import GeneralName, NameProblem, XmppAddr, from_certificate, parse_name
from edgecert.shared.secret import Secret
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509

DAY: Final = timedelta(days=1)


def order_for(*names: str | GeneralName, validity: timedelta = 90 * DAY) -> IssueOrder:
    wanted = tuple(parse_name(name) if isinstance(name, str) else name for name in names)
    planned = PlannedCertificate("edge", None, tuple(PlannedName(name, ()) for name in wanted))
    csr = build_csr(generate_key("ecdsa", 256), planned, subject=Subject())
    return IssueOrder("edge", "1", csr, wanted, validity)


CONTOSO: Final = order_for("sip.contoso.com", "contoso.com", XmppAddr("contoso.com"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state" / "local-ca"


@pytest.fixture
def ca(directory: Path, clock: FakeClock) -> LocalCa:
    return LocalCa(directory, clock)


def intermediate_of(ca: LocalCa) -> x509.Certificate:
    intermediate = ca.show().intermediate
    assert intermediate is not None
    return intermediate


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(EdgecertError) as caught:
        call()
    assert caught.value.hint
    return caught.value.code


# --- issuing --------------------------------------------------------------------------------------------------------


def test_the_first_order_makes_the_ca_and_later_ones_use_it(ca: LocalCa, clock: FakeClock) -> None:
    assert not ca.exists
    issuer = LocalIssuer(ca)
    assert issuer.kind == "local"
    issued = issuer.issue(CONTOSO)
    assert ca.exists
    assert not issued.staging_ca
    chain = order_chain(spki_sha256(CONTOSO.csr.public_key()), issued.certificates)
    assert from_certificate(chain.leaf) == CONTOSO.names
    assert [len(chain.certificates), len(chain.dropped_roots)] == [2, 1]
    verify_trust(chain, parse_certificates(ca.export_root()), now=clock.now())
    again = issuer.issue(order_for("im.contoso.com")).certificates
    assert again[1:] == issued.certificates[1:]
    assert again[0] != issued.certificates[0]


def test_files_are_private(ca: LocalCa, directory: Path) -> None:
    ca.sign(CONTOSO)
    modes = {path.stat().st_mode & 0o777 for path in directory.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (directory, *directory.rglob("*")) if path.is_dir()} == {0o700}


def test_a_new_process_goes_on_with_what_is_on_disk(ca: LocalCa, directory: Path, clock: FakeClock) -> None:
    root = ca.sign(CONTOSO)[2]
    assert LocalCa(directory, clock).sign(CONTOSO)[2] == root


def test_the_intermediate_is_renewed_when_it_would_end_before_the_leaf(ca: LocalCa, clock: FakeClock) -> None:
    _, first, root = ca.sign(CONTOSO)
    clock.advance(639 * DAY)
    assert ca.sign(CONTOSO)[1] == first
    clock.advance(2 * DAY)
    leaf, second, same_root = ca.sign(CONTOSO)
    assert second != first
    assert same_root == root
    assert second.not_valid_after_utc == clock.now() + 730 * DAY
    assert Constraints.from_certificate(second) == Constraints.from_certificate(first)
    verify_trust((leaf, second), [root], now=clock.now())


def test_a_root_that_is_too_short_is_said_so(ca: LocalCa, clock: FakeClock) -> None:
    ca.sign(CONTOSO)
    clock.advance(3600 * DAY)
    assert code_of(lambda: ca.sign(CONTOSO)) == "ca-root-ends"


def test_refuses_a_validity_beyond_the_intermediates(ca: LocalCa) -> None:
    ca.sign(order_for("contoso.com", validity=730 * DAY))
    assert code_of(lambda: ca.sign(order_for("contoso.com", validity=731 * DAY))) == "validity-too-long"


def test_refuses_a_request_that_names_something_else_than_was_ordered(ca: LocalCa) -> None:
    forged = IssueOrder("edge", "1", CONTOSO.csr, (parse_name("contoso.com"),), 90 * DAY)
    assert code_of(lambda: ca.sign(forged)) == "bad-request"
    assert not ca.exists


# --- what it may sign -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sip.fabrikam.com", XmppAddr("fabrikam.com"), "192.0.2.1"])
def test_refuses_names_outside_the_first_plan_and_says_how_to_permit_them(ca: LocalCa, name: str | GeneralName) -> None:
    ca.sign(CONTOSO)
    wanted = "192.0.2.1" if name == "192.0.2.1" else "fabrikam.com"
    with pytest.raises(RefusedError) as caught:
        ca.sign(order_for("contoso.com", name))
    assert caught.value.code == "outside-name-constraints"
    assert caught.value.hint.endswith(f"edgecert ca extend {wanted}")


def test_extending_changes_the_intermediate_and_not_the_root(ca: LocalCa, clock: FakeClock) -> None:
    root = ca.sign(CONTOSO)[2]
    state = ca.extend(["Fabrikam.com", "192.0.2.1"])
    assert state.limits == Constraints(("contoso.com", "fabrikam.com"), ("192.0.2.1",))
    leaf, intermediate, same_root = ca.sign(order_for("sip.contoso.com", "sip.fabrikam.com", "192.0.2.1"))
    assert same_root == root
    verify_trust((leaf, intermediate), [root], now=clock.now())


def test_extending_by_what_is_permitted_changes_nothing(ca: LocalCa) -> None:
    intermediate = ca.sign(CONTOSO)[1]
    assert ca.extend(["im.contoso.com"]).intermediate == intermediate
    with pytest.raises(NameProblem):
        ca.extend(["a..b"])


def test_an_unconstrained_ca_signs_any_name(ca: LocalCa) -> None:
    issuer = LocalIssuer(ca, unconstrained=True)
    intermediate = issuer.issue(CONTOSO).certificates[1]
    assert ca.show().limits is None
    assert issuer.issue(order_for("fabrikam.com")).certificates[1] == intermediate
    assert ca.extend(["fabrikam.com"]).intermediate == intermediate
    assert code_of(lambda: ca.export_root(limited=True)) == "ca-unconstrained"


def test_the_limited_root_is_the_same_root_for_its_own_domains_only(ca: LocalCa, clock: FakeClock) -> None:
    leaf, intermediate, root = ca.sign(CONTOSO)
    (limited,) = parse_certificates(ca.export_root(limited=True))
    assert is_self_signed(limited)
    assert limited.public_key() == root.public_key()
    assert limited.not_valid_after_utc == root.not_valid_after_utc
    verify_trust((leaf, intermediate), [limited], now=clock.now())
    ca.extend(["fabrikam.com"])
    leaf, intermediate, _ = ca.sign(order_for("fabrikam.com"))
    with pytest.raises(MaterialError):
        verify_trust((leaf, intermediate), [limited], now=clock.now())
    verify_trust((leaf, intermediate), parse_certificates(ca.export_root(limited=True)), now=clock.now())


# --- keys -----------------------------------------------------------------------------------------------------------


def test_wrapped_keys_never_lie_in_the_clear(directory: Path, clock: FakeClock) -> None:
    wrapper = KeyWrapper(Secret(bytes(32)), "store")
    first = LocalCa(directory, clock, wrapper).sign(CONTOSO)
    assert not [path for path in directory.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    asked = []

    def unwrapper() -> KeyWrapper:
        asked.append(1)
        return wrapper

    later = LocalCa(directory, clock, unwrapper=unwrapper)
    assert later.sign(CONTOSO)[1] == first[1]
    assert asked
    later.extend(["fabrikam.com"])
    assert not list(directory.rglob("key.pem"))
    assert code_of(lambda: LocalCa(directory, clock).sign(CONTOSO)) == "kek-missing"


def test_the_root_key_may_be_elsewhere_until_it_is_needed(ca: LocalCa, directory: Path, clock: FakeClock) -> None:
    ca.sign(CONTOSO)
    key = directory / "root" / "key.pem"
    away = key.rename(directory.parent / "usb-stick")
    assert not ca.show().root_key_present
    ca.sign(CONTOSO)
    with pytest.raises(MaterialError) as caught:
        ca.extend(["fabrikam.com"])
    assert caught.value.code == "ca-root-key-absent"
    assert str(key) in caught.value.hint
    away.rename(key)
    ca.extend(["fabrikam.com"])


# --- looking --------------------------------------------------------------------------------------------------------


def test_there_is_nothing_to_show_before_the_first_issue(ca: LocalCa, directory: Path) -> None:
    for call in (ca.show, ca.export_root, lambda: ca.extend(["contoso.com"])):
        assert code_of(call) == "no-local-ca"
    assert not directory.exists()


def test_shows_what_there_is(ca: LocalCa, directory: Path) -> None:
    _, intermediate, root = ca.sign(CONTOSO)
    facts = ca.show().to_json()
    assert facts["directory"] == str(directory)
    assert facts["constraints"] == {"domains": ["contoso.com"], "addresses": []}
    assert facts["root"] == {
        "subject": root.subject.rfc4514_string().split(",")[0].removeprefix("CN="),
        "serial": f"{root.serial_number:x}",
        "not_before": "2026-11-01T11:00:00Z",
        "not_after": "2036-10-31T12:00:00Z",
        "fingerprint_sha256": root.fingerprint(hashes.SHA256()).hex(),
    }
    assert intermediate_of(ca) == intermediate


def test_a_lost_root_is_never_replaced_silently(ca: LocalCa, directory: Path) -> None:
    ca.sign(CONTOSO)
    (directory / "root" / "cert.pem").unlink()
    with pytest.raises(StoreError) as caught:
        ca.sign(CONTOSO)
    assert caught.value.code == "ca-damaged"


# --- crashes --------------------------------------------------------------------------------------------------------


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do ``work`` in a child that kills itself at its ``step``-th write step; tell whether it came so far."""
    child = os.fork()
    if not child:
        arm_crash_point(f"*:{step}")
        try:
            work()
        finally:
            os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def test_killed_at_any_step_of_its_making_it_is_healed_at_the_next_use(tmp_path: Path, clock: FakeClock) -> None:
    step = 1
    while killed_at(step, lambda: LocalCa(tmp_path / str(step), clock).sign(CONTOSO)):  # noqa: B023  # called at once
        healed = LocalCa(tmp_path / str(step), clock)
        leaf, intermediate, root = healed.sign(CONTOSO)
        verify_trust((leaf, intermediate), [root], now=clock.now())
        assert healed.show().limits == Constraints(("contoso.com",))
        assert not list((tmp_path / str(step)).rglob(".*.tmp"))
        step += 1
    assert step > 20


def test_killed_while_it_is_extended_it_signs_on(tmp_path: Path, clock: FakeClock) -> None:
    step, directory = 1, tmp_path / "ca"
    root = LocalCa(directory, clock).sign(CONTOSO)[2]
    while killed_at(step, lambda: LocalCa(directory, clock).extend([f"a{step}.example"])):  # noqa: B023  # called at once
        leaf, intermediate, _ = LocalCa(directory, clock).sign(CONTOSO)
        verify_trust((leaf, intermediate), [root], now=clock.now())
        step += 1
    assert step > 8
    assert f"a{step}.example" in (LocalCa(directory, clock).show().limits or Constraints(())).domains
