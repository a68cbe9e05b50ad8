from __future__ import annotations

from dataclasses import replace

import pytest

from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    ChallengeOptions,
    DeployTarget,
    IssuerOptions,
    Topology,
)
from edgecert.model.requestrules import check_issuing, check_request


def keys(
    *,
    certificate: CertificateOptions | None = None,
    issuer: IssuerOptions | None = None,
    topology: Topology | None = None,
    deploy: tuple[DeployTarget, ...] = (),
) -> list[str]:
    request = CertificateRequest(
        certificate=certificate or CertificateOptions(name="edge"),
        issuer=issuer or IssuerOptions(),
        topology=topology or Topology(),
        deploy=deploy,
    )
    return [problem.key for problem in check_request(request)]


def test_an_ordinary_request_is_right() -> None:
    files = DeployTarget(name="web", kind="files", directory="/srv/tls", verify=("tls://[::1]:5061",))
    gateway = DeployTarget(name="gw", verify=("xmpp-s2s://127.0.0.1:5269", "xmpps-s2s://host.example:5270"))
    assert keys(deploy=(files, gateway)) == []


@pytest.mark.parametrize(
    ("algorithm", "bits", "right"),
    [("rsa", 0, True), ("rsa", 4096, True), ("rsa", 256, False), ("ecdsa", 384, True), ("ecdsa", 2048, False)],
)
def test_the_bit_length_fits_the_algorithm(algorithm: str, bits: int, right: bool) -> None:
    certificate = CertificateOptions(name="e", key_algorithm=algorithm, bit_length=bits)  # type: ignore[arg-type]  # one of two
    assert keys(certificate=certificate) == ([] if right else ["certificate.bit_length"])


def test_an_internal_edge_needs_its_fqdn() -> None:
    certificate = CertificateOptions(name="e", role="internal-edge")
    assert keys(certificate=certificate) == ["topology.internal_fqdn"]
    assert keys(certificate=certificate, topology=Topology(internal_fqdn="edge.corp.example")) == []


def test_what_an_acme_ca_never_gives_is_refused_before_it_is_asked() -> None:
    certificate = CertificateOptions(name="e", client_auth=True, xmpp_identifiers=True)
    found = keys(certificate=certificate, issuer=IssuerOptions(kind="acme"))
    assert found == ["certificate.client_auth", "certificate.xmpp_identifiers"]
    assert keys(certificate=certificate, issuer=IssuerOptions(kind="csr")) == []


def test_a_template_is_for_requests_that_a_person_carries() -> None:
    certificate = CertificateOptions(name="e", template="WebServer")
    assert keys(certificate=certificate, issuer=IssuerOptions(kind="csr")) == []
    assert keys(certificate=certificate) == ["certificate.template"]


def test_targets_have_names_of_their_own() -> None:
    assert keys(deploy=(DeployTarget(name="a"), DeployTarget(name="b"), DeployTarget(name="a"))) == ["deploy[2].name"]


def test_files_need_a_directory_and_plain_file_names() -> None:
    target = DeployTarget(name="a", kind="files", cert_file="../x", key_file="")
    assert keys(deploy=(target,)) == ["deploy[0].directory", "deploy[0].cert_file", "deploy[0].key_file"]


@pytest.mark.parametrize(("mode", "right"), [("0600", True), ("0440", True), ("0644", False), ("0660", False)])
def test_the_file_of_a_key_is_for_its_owner_and_readers_of_its_group(mode: str, right: bool) -> None:
    target = DeployTarget(name="web", kind="files", directory="/srv/tls", mode=mode)
    assert keys(deploy=(target,)) == ([] if right else ["deploy[0].mode"])


def test_a_key_that_is_not_exportable_is_written_in_the_clear_only_when_told() -> None:
    certificate = CertificateOptions(name="e", exportable=False)
    target = DeployTarget(name="a", kind="files", directory="/srv")
    told = DeployTarget(name="a", kind="files", directory="/srv", plaintext_key=True)
    assert keys(certificate=certificate, deploy=(target,)) == ["deploy[0].plaintext_key"]
    assert keys(certificate=certificate, deploy=(told,)) == []


def test_keys_of_the_other_kind_are_refused() -> None:
    assert keys(deploy=(DeployTarget(name="a", directory="/srv", mode="0640"),)) == [
        "deploy[0].directory",
        "deploy[0].mode",
    ]
    files = DeployTarget(name="a", kind="files", directory="/srv", control="/run/x.sock")
    assert keys(deploy=(files,)) == ["deploy[0].control"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1:5269", "http://a:1", "tls://a", "tls://a:0", "tls://a:65536", "tls://::1:5061", "tls://:1"]
)
def test_refuses_what_is_no_address_to_ask(address: str) -> None:
    assert keys(deploy=(DeployTarget(name="a", verify=(address,)),)) == ["deploy[0].verify[0]"]


HTTP = ChallengeOptions(listen="0.0.0.0:80")
HOOK = ChallengeOptions(type="dns-01", provider="command", command=("hook",))


@pytest.mark.parametrize(
    ("challenge", "wrong"),
    [
        (HTTP, []),
        (HOOK, []),
        (ChallengeOptions(webroot="/srv/www"), []),
        (ChallengeOptions(listen="[::]:80"), []),
        (replace(HOOK, names=("*.contoso.com", "bücher.example")), []),
        (ChallengeOptions(), ["listen"]),
        (ChallengeOptions(listen="0.0.0.0:80", webroot="/srv/www"), ["webroot"]),
        (ChallengeOptions(listen="edge.contoso.com:80"), ["listen"]),
        (ChallengeOptions(listen="0.0.0.0:0"), ["listen"]),
        (replace(HTTP, command=("hook",)), ["command"]),
        (replace(HOOK, webroot="/srv/www"), ["webroot"]),
        (ChallengeOptions(type="dns-01"), ["provider"]),
        (ChallengeOptions(type="dns-01", provider="command"), ["command"]),
        (replace(HTTP, names=("*.contoso.com",)), ["names[0]"]),
        (replace(HTTP, names=("contoso.com", "bad_name.example")), ["names[1]"]),
    ],
)
def test_a_challenge_has_what_its_type_needs_and_nothing_else(challenge: ChallengeOptions, wrong: list[str]) -> None:
    found = keys(issuer=IssuerOptions(kind="acme", challenges=(HTTP, challenge)))
    assert found == [f"issuer.challenges[1].{name}" for name in wrong]


def test_an_external_account_has_both_halves() -> None:
    assert keys(issuer=IssuerOptions(kind="acme", eab_kid="kid")) == ["issuer.eab_hmac_key_file"]
    assert keys(issuer=IssuerOptions(kind="acme", eab_hmac_key_file="f")) == ["issuer.eab_kid"]


def test_what_only_issuing_needs_is_asked_for_then() -> None:
    lacking = replace(CertificateRequest(), issuer=IssuerOptions(kind="acme"))
    assert [problem.key for problem in check_issuing(lacking)] == [
        "issuer.directory",
        "issuer.accept_terms",
        "issuer.challenges",
    ]
    whole = IssuerOptions(kind="acme", directory="https://ca/d", accept_terms=True, challenges=(HTTP,))
    assert list(check_issuing(replace(lacking, issuer=whole))) == []
    assert list(check_issuing(CertificateRequest())) == []
