from __future__ import annotations

from edgecert.model.persistplan import needs_persist, plan_persist
from edgecert.model.request import CertificateRequest, ChallengeOptions, IssuerOptions, Topology

ACCOUNT = "https://ca.example/account/1"
STAYS = ChallengeOptions(names=("contoso.com", "*.contoso.com", "sip.contoso.com"), type="dns-persist-01")
REST = ChallengeOptions(type="http-01", listen="0.0.0.0:80")


def request(*names: str) -> CertificateRequest:
    topology = Topology(access_edge="sip.contoso.com", additional_names=names)
    return CertificateRequest(topology=topology, issuer=IssuerOptions(kind="acme", challenges=(STAYS, REST)))


def test_a_domain_and_its_wildcard_share_a_record_and_other_names_have_none() -> None:
    asked = request("contoso.com", "*.contoso.com", "www.contoso.com", "a..b", "192.0.2.1")
    records = plan_persist(asked, "authority.example", ACCOUNT, 300)
    assert [wanted.record.line for wanted in records] == [
        f'_validation-persist.sip.contoso.com. 300 IN TXT "authority.example; accounturi={ACCOUNT}"',
        f'_validation-persist.contoso.com. 300 IN TXT "authority.example; accounturi={ACCOUNT}; policy=wildcard"',
    ]
    assert records[0].reason == "proves sip.contoso.com"


def test_nothing_is_needed_where_another_challenge_proves_every_name() -> None:
    assert needs_persist(request())
    assert not needs_persist(CertificateRequest(issuer=IssuerOptions(kind="acme", challenges=(REST,))))
