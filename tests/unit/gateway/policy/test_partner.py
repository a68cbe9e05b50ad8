from __future__ import annotations

import pytest

from gateway.errors import PartnerRefusedError
from gateway.policy.partner import Partner, PartnerTable, prepare_partner


def test_table_finds_by_any_domain_and_never_by_subdomain() -> None:
    partner = Partner(domain="fabrikam.example", additional_domains=("research.fabrikam.example",))
    table = PartnerTable.of([Partner(domain="zzz.example"), partner])
    assert table.find("fabrikam.example") is partner
    assert table.find("research.fabrikam.example") is partner
    assert table.find("sales.fabrikam.example") is None
    assert [each.domain for each in table] == ["fabrikam.example", "zzz.example"]
    assert len(table) == 2


def test_prepares_domains() -> None:
    partner = Partner(domain="Fabrikam.Example", additional_domains=("b.example", "A.example", "fabrikam.example"))
    assert prepare_partner(partner).domains == ("fabrikam.example", "a.example", "b.example")


@pytest.mark.parametrize("text", ["", "bob@fabrikam.example", "*.fabrikam.example", "127.0.0.1"])
def test_refuses_what_is_no_domain(text: str) -> None:
    with pytest.raises(PartnerRefusedError) as caught:
        prepare_partner(Partner(domain=text))
    assert caught.value.code == "partner-domain"
