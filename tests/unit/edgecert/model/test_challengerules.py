from __future__ import annotations

from dataclasses import replace

import pytest

from edgecert.model.challengerules import answering_gateway, unfit
from edgecert.model.request import CertificateRequest, ChallengeOptions, DeployTarget, IssuerOptions
from edgecert.model.requestrules import check_request
from edgecert.shared.names import parse_name

HTTP = ChallengeOptions(listen="0.0.0.0:80")
UPDATE = ChallengeOptions(type="dns-01", provider="rfc2136", server="192.0.2.53")
ALPN = ChallengeOptions(type="tls-alpn-01")
PERSIST = ChallengeOptions(type="dns-persist-01")


def keys(*, issuer: IssuerOptions, deploy: tuple[DeployTarget, ...] = ()) -> list[str]:
    request = CertificateRequest(issuer=issuer, deploy=deploy)
    return [problem.key for problem in check_request(request)]


@pytest.mark.parametrize(
    ("challenge", "wrong"),
    [
        (UPDATE, []),
        (replace(UPDATE, server="[2001:db8::53]:5353", tsig_secret_file="f", tsig_name="k", nameservers=("::1",)), []),
        (replace(UPDATE, server=""), ["server"]),
        (replace(UPDATE, server="ns1.contoso.com"), ["server"]),
        (replace(UPDATE, tsig_name="k"), ["tsig_secret_file"]),
        (replace(UPDATE, command=("hook",)), ["command"]),
        (replace(UPDATE, nameservers=("192.0.2.1", "x")), ["nameservers[1]"]),
        (replace(UPDATE, names=("*.contoso.com",)), []),
        (replace(UPDATE, names=("192.0.2.1",)), ["names[0]"]),
        (ChallengeOptions(type="dns-01", provider="manual"), []),
        (ChallengeOptions(type="dns-01", provider="manual", server="192.0.2.53"), ["server"]),
        (ALPN, []),
        (replace(ALPN, listen="[::]:8443", names=("192.0.2.1", "contoso.com")), []),
        (replace(ALPN, webroot="/srv"), ["webroot"]),
        (replace(ALPN, names=("*.contoso.com",)), ["names[0]"]),
        (PERSIST, []),
        (replace(PERSIST, names=("*.contoso.com",), nameservers=("127.0.0.1:53",)), []),
        (replace(PERSIST, provider="manual"), ["provider"]),
    ],
)
def test_an_entry_has_what_its_type_and_provider_need_and_nothing_else(
    challenge: ChallengeOptions, wrong: list[str]
) -> None:
    found = keys(issuer=IssuerOptions(kind="acme", challenges=(HTTP, challenge)))
    assert found == [f"issuer.challenges[1].{name}" for name in wrong]


def test_why_a_name_cannot_be_proven_is_said_with_what_can() -> None:
    assert "dns-01" in unfit("tls-alpn-01", parse_name("*.contoso.com"))
    assert "tls-alpn-01" in unfit("dns-persist-01", parse_name("192.0.2.1"))
    assert unfit("dns-persist-01", parse_name("*.contoso.com")) == ""


def gateway_answers(control: str = "") -> IssuerOptions:
    entry = ChallengeOptions(type="http-01", gateway=True, control=control)
    return IssuerOptions(kind="acme", directory="https://ca.example/dir", challenges=(entry,))


def test_the_gateway_that_answers_is_the_one_it_is_deployed_to_or_the_one_that_is_named() -> None:
    one, two = DeployTarget(name="one", control="/run/1", user="gw"), DeployTarget(name="two", control="/run/2")
    entry = ChallengeOptions(gateway=True)
    assert answering_gateway(CertificateRequest(deploy=(one,)), entry) == ("/run/1", "gw")
    assert answering_gateway(CertificateRequest(), entry) == (DeployTarget().control, "")
    named = replace(entry, control="/run/1")
    assert answering_gateway(CertificateRequest(deploy=(one, two)), named) == ("/run/1", "gw")
    assert answering_gateway(CertificateRequest(deploy=(two,)), named) == ("/run/1", "")
    assert keys(issuer=gateway_answers(), deploy=(one,)) == []
    assert keys(issuer=gateway_answers("/run/1"), deploy=(one, two)) == []
    assert keys(issuer=gateway_answers(), deploy=(one, two)) == ["issuer.challenges[0].control"]


def test_one_answers_http_01_and_the_control_socket_is_for_the_gateway() -> None:
    def of(**options: str | bool | tuple[str, ...]) -> list[str]:
        return keys(issuer=IssuerOptions(kind="acme", challenges=(ChallengeOptions(**options),)))  # type: ignore[arg-type]

    assert of(gateway=True, listen="0.0.0.0:80") == ["issuer.challenges[0].gateway"]
    assert of(webroot="/srv", control="/run/1") == ["issuer.challenges[0].control"]
    assert of(type="dns-01", provider="command", command=("x",), gateway=True) == ["issuer.challenges[0].gateway"]
