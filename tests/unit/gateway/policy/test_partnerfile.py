from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from edgecert.shared.errors import ConfigError
from gateway.policy.partner import Partner
from gateway.policy.partnerfile import load_partner_file, partner_from_json, partner_to_json, partners_to_toml

FIXTURES: Final = Path(__file__).parents[4] / "fixtures" / "partners"


def test_reads_defaults_and_a_federated_partner_needs_no_dialback() -> None:
    fabrikam, litware, wingtip = load_partner_file(FIXTURES / "three.toml")
    assert (fabrikam.type, fabrikam.dialback) == ("federated", False)
    assert (litware.sasl, litware.connection_limit, litware.dialback) == ("required", 5, True)
    assert (wingtip.type, wingtip.tls, wingtip.sasl) == ("public-unverified", "required", "optional")


def test_names_every_problem_with_file_and_line() -> None:
    with pytest.raises(ConfigError) as caught:
        load_partner_file(FIXTURES / "faulty.toml")
    found = {(problem.key, problem.line) for problem in caught.value.problems}
    assert {("partner[0].tls", 4), ("partner[0].colour", 5), ("partner[1].connection_limit", 9)} < found
    assert any(key == "partner[1].domain" for key, _line in found)


def test_json_round_trip_and_unknown_keys_of_newer_peers_are_left_aside() -> None:
    partner = Partner(domain="fabrikam.example", additional_domains=("a.example",), type="federated", dialback=True)
    assert partner_from_json({**partner_to_json(partner), "mood": "fine"}) == partner
    assert partner_from_json({"domain": "a.example", "type": "federated"}).dialback is False


def test_written_toml_is_read_back_the_same(tmp_path: Path) -> None:
    partners = (
        Partner(domain="a.example", type="federated", dialback=True),
        Partner(domain="b.example", type="federated", dialback=False),
        Partner(domain="c.example", description='with "quotes"', additional_domains=("d.example",)),
    )
    path = tmp_path / "partners.toml"
    path.write_text(partners_to_toml(partners), encoding="utf-8")
    assert load_partner_file(path) == partners
