from __future__ import annotations

from dataclasses import replace

import pytest

from edgecert.model.carules import (
    check_ca_rules,
    has_common_name,
    is_staging,
    issuer_of_directory,
    kind_for_severity,
    name_limit_for,
    rules_for,
)
from edgecert.model.findings import Severity
from edgecert.model.request import CertificateOptions, CertificateRequest, IssuerOptions, Topology
from edgecert.model.sanplan import plan_sans
from edgecert.shared.names import GeneralName, parse_name

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
PRIVATE = "https://ca.corp.contoso.com:9000/acme/acme/directory"


def request(directory: str = LETS_ENCRYPT, *, profile: str = "", email: str = "", names: int = 0) -> CertificateRequest:
    return CertificateRequest(
        certificate=CertificateOptions(name="edge"),
        topology=Topology(
            access_edge="sip.contoso.com", additional_names=tuple(f"h{n}.contoso.com" for n in range(names))
        ),
        issuer=IssuerOptions(kind="acme", directory=directory, profile=profile, email=email),
    )


def codes(given: CertificateRequest, *names: str) -> list[str]:
    parsed: list[GeneralName] = [parse_name(name) for name in names]
    return [finding.code for finding in check_ca_rules(given, parsed)]


def test_what_is_in_order_has_nothing_to_say() -> None:
    assert codes(request(email="pki@contoso.com"), "sip.contoso.com", "*.contoso.com") == []
    assert codes(request(profile="shortlived"), "198.41.0.4", "2606:4700::1111") == []


@pytest.mark.parametrize(
    ("given", "name", "code"),
    [
        (request(), "a.b.c.d.e.f.g.h.i.contoso.com", "too-many-labels"),
        (request(), "198.41.0.4", "ip-not-in-profile"),
        (request(profile="tlsserver"), "198.41.0.4", "ip-not-in-profile"),
        (request(profile="tlsclient"), "sip.contoso.com", "profile-ended"),
        (request(email="pki@example.com"), "sip.contoso.com", "email-refused"),
        (request(email="pki@a..b"), "sip.contoso.com", "email-refused"),
    ],
)
def test_what_lets_encrypt_refuses_is_an_error(given: CertificateRequest, name: str, code: str) -> None:
    (finding,) = check_ca_rules(given, [parse_name(name)])
    assert (finding.code, finding.severity) == (code, Severity.ERROR)
    assert finding.hint


def test_a_wildcard_counts_for_no_label() -> None:
    assert codes(request(), "*.b.c.d.e.f.g.h.i.contoso.com") == []


def test_a_key_that_the_ca_does_not_sign_is_told() -> None:
    given = request()
    odd = replace(given, certificate=replace(given.certificate, key_algorithm="ecdsa", bit_length=521))
    (finding,) = check_ca_rules(odd, [])
    assert finding.code == "key-not-taken"
    assert "ecdsa-521" in finding.message


def test_of_other_cas_nothing_is_claimed_that_is_not_sure() -> None:
    names = ("a.b.c.d.e.f.g.h.i.j.k.contoso.com", "198.41.0.4")
    for directory in ("https://acme.zerossl.com/v2/DV90", PRIVATE, ""):
        assert codes(request(directory, email="pki@example.com"), *names) == []
    assert codes(request(profile="brand-new"), *names) == ["too-many-labels"]


def test_a_directory_that_nobody_knows_may_be_private() -> None:
    assert kind_for_severity(request(PRIVATE).issuer) == "private-acme"
    assert kind_for_severity(request("https://acme.zerossl.com/v2/DV90").issuer) == "acme"
    assert kind_for_severity(request("").issuer) == "acme"
    assert kind_for_severity(IssuerOptions(kind="local", directory=PRIVATE)) == "local"
    internal = replace(request(PRIVATE), topology=Topology(access_edge="sip.contoso.internal"))
    assert [finding.severity for finding in plan_sans(internal).findings] == [Severity.WARNING]
    internal = replace(internal, issuer=request().issuer)
    assert [finding.severity for finding in plan_sans(internal).errors] == [Severity.ERROR]


def test_the_profile_decides_how_many_names_fit_and_whether_there_is_a_common_name() -> None:
    assert [name_limit_for(request(profile=name).issuer) for name in ("", "tlsserver", "shortlived", "new")] == [
        100,
        25,
        25,
        100,
    ]
    assert [has_common_name(request(profile=name).issuer) for name in ("", "tlsserver")] == [True, False]
    plan = plan_sans(request(profile="tlsserver", names=30))
    assert sorted(len(certificate.names) for certificate in plan.certificates) == [6, 25]
    assert {certificate.common_name for certificate in plan.certificates} == {None}
    assert plan_sans(request(names=30)).certificates[0].common_name == "sip.contoso.com"


def test_a_directory_names_its_ca_in_caa() -> None:
    assert issuer_of_directory("https://acme-v02.api.letsencrypt.org/directory") == "letsencrypt.org"
    assert issuer_of_directory("https://ACME.zerossl.com:443/v2/DV90") == "sectigo.com"
    assert issuer_of_directory("https://[") == issuer_of_directory(PRIVATE) == ""
    assert rules_for(PRIVATE) is None


@pytest.mark.parametrize(
    ("url", "staging"),
    [
        ("https://acme-staging-v02.api.letsencrypt.org/directory", True),
        ("https://dv.acme-v02.test-api.pki.goog/directory", True),
        ("https://acme-v02.api.letsencrypt.org/directory", False),
        ("https://ca.test.contoso.com/acme", False),
    ],
)
def test_knows_the_directories_of_test_cas(url: str, staging: bool) -> None:
    assert is_staging(url) is staging
