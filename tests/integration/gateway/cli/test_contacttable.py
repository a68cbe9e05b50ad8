from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.cli.contacttable import StoredContacts
from gateway.errors import ContactRefusedError
from gateway.model.answers import objects
from gateway.settings import GatewayOptions, GatewaySettings, Home

if TYPE_CHECKING:
    from pathlib import Path

ALICE, BOB = "alice@contoso.example", "bob@fabrikam.example"


@pytest.fixture
def table(tmp_path: Path) -> StoredContacts:
    home = Home(domain="contoso.example", secret_file="none")
    return StoredContacts(GatewaySettings(gateway=GatewayOptions(state_dir=str(tmp_path / "state")), home=(home,)))


def test_changes_the_database_of_a_gateway_that_does_not_run(table: StoredContacts) -> None:
    tried = table.add(ALICE, BOB, dry_run=True)
    assert (tried["changed"], table.contacts("", "")) == (True, {"contacts": [], "knocks": []})
    assert table.add(ALICE, BOB, dry_run=False) == tried
    assert table.add(ALICE, BOB, dry_run=False)["changed"] is False
    (listed,) = objects(table.contacts("contoso.example", BOB)["contacts"])
    assert listed["pinned"] is True
    table.remove(ALICE, BOB, dry_run=True)
    assert table.remove(ALICE, BOB, dry_run=False)["changed"] is True
    with pytest.raises(ContactRefusedError, match="no contacts"):
        table.remove(ALICE, BOB, dry_run=False)
    assert not table.live
