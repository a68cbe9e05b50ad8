"""Lineages of certbot's, taken into a store in memory; the tree is read by the store's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.lifecycle.migrate import Migrating
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.secret import Secret
from edgecert.store.certbot import read_certbot
from edgecert.store.memory import MemoryStore
from tests.support.certbot import ACCOUNT_URL, CertbotTree
from tests.support.clock import FakeClock
from tests.support.world import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.model.certbot import CertbotAccount, CertbotLineage


@pytest.fixture
def lineage(tmp_path: Path) -> CertbotLineage:
    tree = CertbotTree(tmp_path)
    tree.add("contoso.com", ("contoso.com", "sip.contoso.com"), {"authenticator": "standalone"})
    return read_certbot(tree.config)[0]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(FakeClock())


def migrating(store: MemoryStore, adopted: list[tuple[str, str, str]]) -> Migrating:
    def adopt(directory: str, name: str, account: CertbotAccount) -> None:
        adopted.append((directory, name, account.url))

    return Migrating(store, adopt, lambda url: "staging" in url, FakeClock(), Watcher(), 1)


def test_a_lineage_becomes_ours_with_its_account(store: MemoryStore, lineage: CertbotLineage) -> None:
    adopted: list[tuple[str, str, str]] = []
    done = migrating(store, adopted).migrate(lineage)
    assert done.bundle is not None
    assert (done.name, done.bundle.meta.generation, done.bundle.meta.issuer_kind) == ("contoso.com", 1, "acme")
    assert not done.bundle.meta.staging_ca
    assert store.load_bundle("contoso.com", 1) == done.bundle
    saved = store.load_settings("contoso.com")
    assert saved is not None
    assert saved.request == done.plan.request
    assert adopted == [(saved.request.issuer.directory, "certbot-45d7e1a6", ACCOUNT_URL)]


def test_looking_changes_nothing(store: MemoryStore, lineage: CertbotLineage) -> None:
    adopted: list[tuple[str, str, str]] = []
    done = migrating(store, adopted).migrate(lineage, dry_run=True)
    assert done.bundle is None
    assert store.lineages() == ()
    assert adopted == []


def test_a_name_that_is_taken_stays_what_it_is(store: MemoryStore, lineage: CertbotLineage) -> None:
    migrating(store, []).migrate(lineage)
    with pytest.raises(StoreError) as caught:
        migrating(store, []).migrate(lineage, dry_run=True)
    assert caught.value.code == "name-taken"


def test_a_key_of_another_certificate_is_refused(store: MemoryStore, lineage: CertbotLineage, tmp_path: Path) -> None:
    other = CertbotTree(tmp_path / "other")
    other.add("fabrikam.com", ("fabrikam.com",), {})
    stranger = read_certbot(other.config)[0]
    mixed = type(lineage)(lineage.name, lineage.renewal, lineage.fullchain, Secret(stranger.key.reveal()))
    with pytest.raises(MaterialError):
        migrating(store, []).migrate(mixed)
    assert store.lineages() == ()
