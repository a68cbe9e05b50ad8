from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from edgecert.model.csr import build_csr
from edgecert.model.findings import Severity
from edgecert.model.issuedcheck import Asked, compare_issued
from edgecert.model.keys import generate_key
from edgecert.model.request import Subject
from edgecert.model.sanplan import PlannedCertificate, PlannedName
from edgecert.shared.chain import order_chain, parse_certificates, spki_sha256
from edgecert.shared.names import parse_name
from tests.support.acmeca import CLASSIC, SHORTLIVED, Misissue, Profile, TestCa
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "sip.contoso.com"
Compare: TypeAlias = "Callable[..., list[tuple[str, Severity]]]"


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    clock = FakeClock()
    ca = TestCa(tmp_path, clock.now)

    def compare(
        how: Misissue | None = None,
        *,
        profile: str = "",
        signed: Profile = CLASSIC,
        common_name: str | None = NAME,
        late: timedelta = timedelta(),
        client_auth: bool = False,
    ) -> list[tuple[str, Severity]]:
        key = generate_key("ecdsa", 256)
        planned = PlannedCertificate("edge", common_name, (PlannedName(parse_name(NAME), ()),))
        csr = build_csr(key, planned, subject=Subject(), names_only=not client_auth, client_auth=client_auth)
        ca.misissue = how or Misissue()
        certificates = parse_certificates(ca.sign(csr, signed, "account").pem.encode())
        chain = order_chain(spki_sha256(key.public_key()), certificates)
        found = compare_issued(Asked(csr, clock.now() - late, profile), chain, now=clock.now())
        assert all(finding.message for finding in found)
        return [(finding.code, finding.severity) for finding in found]

    return compare


def test_as_it_was_asked_for_there_is_nothing_to_say(compare: Compare) -> None:
    assert compare() == []
    assert compare(profile="classic") == []
    assert compare(profile="shortlived", signed=SHORTLIVED, common_name=None) == []
    assert compare(Misissue(usages=())) == []
    assert compare(late=timedelta(days=3)) == [], "an order that was gone on with days later"


@pytest.mark.parametrize(
    ("how", "code", "severity"),
    [
        (Misissue(common_name=""), "common-name-dropped", Severity.INFO),
        (Misissue(common_name="contoso.com"), "common-name-chosen", Severity.INFO),
        (Misissue(usages=(Usage.SERVER_AUTH, Usage.CLIENT_AUTH)), "usage-added", Severity.INFO),
        (Misissue(backdate=timedelta(days=2)), "backdated", Severity.WARNING),
        (Misissue(backdate=timedelta(hours=-1)), "begins-later", Severity.WARNING),
        (Misissue(chain="with-root"), "root-left-out", Severity.INFO),
        (Misissue(validity=timedelta(days=200)), "validity-differs", Severity.WARNING),
        (Misissue(validity=timedelta(days=8)), "validity-differs", Severity.WARNING),
    ],
)
def test_what_differs_is_told(compare: Compare, how: Misissue, code: str, severity: Severity) -> None:
    assert compare(how, profile="classic") == [(code, severity)]


def test_a_common_name_that_nobody_asked_for(compare: Compare) -> None:
    assert compare(Misissue(common_name=NAME), common_name=None) == [("common-name-chosen", Severity.INFO)]


def test_a_certificate_for_clients_alone_is_of_no_use(compare: Compare) -> None:
    found = compare(Misissue(usages=(Usage.CLIENT_AUTH,)))
    assert found == [("usage-missing", Severity.ERROR), ("usage-added", Severity.INFO)]


def test_a_client_certificate_that_was_asked_for_and_not_given(compare: Compare) -> None:
    assert compare(client_auth=True) == [("usage-missing", Severity.WARNING)]


def test_a_six_day_profile_that_gives_ninety(compare: Compare) -> None:
    assert compare(profile="shortlived") == [("validity-differs", Severity.WARNING)]
    assert compare(Misissue(validity=timedelta(days=5 * 365)), profile="of-our-own") == []


def test_strangers_in_the_answer(compare: Compare) -> None:
    assert ("strangers-left-out", Severity.INFO) in compare(Misissue(chain="with-stranger"))
