from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from gateway.database.partners import PartnerStore
from gateway.errors import PartnerRefusedError
from gateway.policy.partner import Partner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FABRIKAM = Partner(
    domain="fabrikam.example",
    description="supplier",
    additional_domains=("a.example", "b.example"),
    type="federated",
    tls="optional",
    sasl="required",
    dialback=False,
    keep_alive=False,
    connection_limit=3,
    proxy="proxy.example:5270",
    queue_persist=False,
)
LITWARE = Partner(domain="litware.example", dialback=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "gateway.db"


@pytest.fixture
def store(path: Path) -> Iterator[PartnerStore]:
    with PartnerStore(path) as opened:
        yield opened


def test_starts_empty_and_private(store: PartnerStore, path: Path) -> None:
    assert len(store.load()) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_every_field_survives_a_restart(path: Path) -> None:
    with PartnerStore(path) as store:
        assert store.put(FABRIKAM).added == ("fabrikam.example",)
    with PartnerStore(path) as store:
        assert store.load().partners == (FABRIKAM,)


def test_a_change_replaces_the_partner_and_frees_its_domains(store: PartnerStore) -> None:
    store.put(FABRIKAM)
    assert store.put(Partner(domain="Fabrikam.example", dialback=False)).changed == ("fabrikam.example",)
    assert store.put(Partner(domain="litware.example", additional_domains=("a.example",))).added == ("litware.example",)
    found = store.load().find("a.example")
    assert found is not None
    assert found.domain == "litware.example"


def test_domains_may_move_between_partners_in_one_apply(store: PartnerStore) -> None:
    store.apply([FABRIKAM, LITWARE])
    taken = Partner(domain="litware.example", additional_domains=("a.example",), dialback=False)
    given = Partner(domain="fabrikam.example", dialback=False)
    assert store.apply([taken, given]).changed == ("fabrikam.example", "litware.example")
    assert store.load().partners == (given, taken)


def test_apply_makes_the_table_equal_and_a_dry_run_only_says_so(store: PartnerStore) -> None:
    store.put(FABRIKAM)
    dry = store.apply([LITWARE], dry_run=True)
    assert (dry.added, dry.changed, dry.removed) == (("litware.example",), (), ("fabrikam.example",))
    assert store.load().partners == (FABRIKAM,)
    assert store.apply([LITWARE]) == dry
    assert store.load().partners == (LITWARE,)
    assert store.apply([LITWARE]).empty


def test_a_refused_commit_changes_nothing(store: PartnerStore) -> None:
    store.put(FABRIKAM)
    with pytest.raises(PartnerRefusedError):
        store.apply([LITWARE, Partner(domain="contoso.example")], homes=["contoso.example"])
    with pytest.raises(PartnerRefusedError):
        store.apply([LITWARE, Partner(domain="contoso.example")], homes=["contoso.example"], dry_run=True)
    with pytest.raises(PartnerRefusedError):
        store.put(Partner(domain="litware.example", additional_domains=("b.example",)))
    assert store.load().partners == (FABRIKAM,)


def test_removes_by_primary_domain_only(store: PartnerStore) -> None:
    store.put(FABRIKAM)
    for domain, hint in (("a.example", "fabrikam.example"), ("nobody.example", "list")):
        with pytest.raises(PartnerRefusedError) as caught:
            store.remove(domain)
        assert caught.value.code == "no-such-partner"
        assert hint in caught.value.hint
    assert store.remove("Fabrikam.example").removed == ("fabrikam.example",)
    assert len(store.load()) == 0
