"""What `CertificateStore` promises, asked of both stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Deployment, Deployments, SavedSettings, Staged, TargetVerdict
from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    DeployTarget,
    IssuerOptions,
    RenewalOptions,
    Topology,
)
from edgecert.shared.errors import LockedError, StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from edgecert.store.filesystem import FilesystemStore
from edgecert.store.memory import MemoryStore
from tests.support.bundles import START, a_bundle, a_key_pem, a_request
from tests.support.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.interfaces import CertificateStore


@pytest.fixture(params=["filesystem", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CertificateStore:
    if request.param == "memory":
        return MemoryStore(FakeClock())
    made: FilesystemStore = FilesystemStore(
        tmp_path / "state", clock=FakeClock(), wrapper_factory=lambda: KeyWrapper(Secret(b"k" * 32), made.store_id)
    )
    return made


def some_settings(name: str) -> SavedSettings:
    return SavedSettings(
        request=CertificateRequest(
            certificate=CertificateOptions(name=name, friendly_name='Contoso "edge" \\ ü', key_algorithm="ecdsa"),
            topology=Topology(access_edge="sip.contoso.example", sip_domains=("contoso.example", "fabrikam.example")),
            issuer=IssuerOptions(kind="csr", request_file="/srv/edge.csr"),
            renewal=RenewalOptions(notify_command=("mail", "-s", "edge cert")),
            deploy=(
                DeployTarget(name="gateway"),
                DeployTarget(name="prosody", kind="files", directory="/etc/prosody/certs", mode="0640"),
            ),
        ),
        saved_at=START,
        flags_file="/etc/edgecert/contoso.toml",
        flags_digest="d1",
        part=2,
        part_of="edge",
        assignment={"contoso.example": 1, "bücher.example": 2},
    )


def some_deployments() -> Deployments:
    return Deployments(
        targets=(
            Deployment(
                "gateway",
                "gateway",
                2,
                serving=1,
                verdict=TargetVerdict.DIFFERENT,
                served_fingerprint_sha256="ab" * 32,
                verified_at=START,
                last_error="refused",
                retry_after=START + timedelta(hours=1),
            ),
            Deployment("files", "files", 1),
        ),
        held={2: "rolled back"},
    )


def test_unknown_lineage_has_nothing(store: CertificateStore) -> None:
    assert store.lineages() == ()
    assert store.load_settings("edge") is None
    assert store.generations("edge") == ()
    assert store.current("edge") is None
    assert store.next_generation("edge") == 1
    assert store.deployments("edge") == Deployments()
    assert store.staged("edge") is None
    assert store.requests("edge") == ()
    assert store.find_request("00") is None


def test_refuses_to_work_on_what_is_not_there(store: CertificateStore) -> None:
    for call in (
        lambda: store.load_meta("edge", 1),
        lambda: store.load_bundle("edge", 1),
        lambda: store.save_deployments("edge", Deployments()),
        lambda: store.save_staged("edge", None),
        lambda: store.prune("edge", keep=5, protect=frozenset()),
        lambda: store.remove("edge"),
        lambda: store.rename("edge", "other"),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.code == "no-such-certificate"
        assert caught.value.hint


@pytest.mark.parametrize("name", ["", "../x", "Edge", ".edge", "a/b", "x" * 65, "edge\n"])
def test_refuses_names_that_are_none(store: CertificateStore, name: str) -> None:
    for call in (lambda: store.load_settings(name), lambda: store.lock(name, 0), lambda: store.generations(name)):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.code == "bad-certificate-name"


def test_settings_come_back_whole(store: CertificateStore) -> None:
    settings = some_settings("edge")
    store.save_settings("edge", settings)
    assert store.load_settings("edge") == settings
    assert store.lineages() == ("edge",)
    default = SavedSettings(CertificateRequest(certificate=CertificateOptions(name="plain")), START)
    store.save_settings("plain", default)
    assert store.load_settings("plain") == default


def test_generations_come_back_whole(store: CertificateStore) -> None:
    first, second = a_bundle("edge", 1, intermediates=1), a_bundle("edge", 2, exportable=False)
    store.add_generation(first)
    store.add_generation(second)
    assert store.load_bundle("edge", 1) == first
    assert store.load_bundle("edge", 2) == second
    assert store.load_meta("edge", 2) == second.meta
    assert store.generations("edge") == (1, 2)
    assert store.next_generation("edge") == 3
    assert store.lineages() == ("edge",)


def test_generation_is_never_changed(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    with pytest.raises(StoreError) as caught:
        store.add_generation(replace(a_bundle("edge", 1), key=a_key_pem(2)))
    assert caught.value.code == "generation-exists"
    assert store.load_bundle("edge", 1) == a_bundle("edge", 1)


def test_missing_generation_is_named_with_those_there_are(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    with pytest.raises(StoreError) as caught:
        store.load_bundle("edge", 7)
    assert caught.value.code == "no-such-generation"
    assert "1" in caught.value.hint


def test_current_is_the_newest_not_held(store: CertificateStore) -> None:
    for number in (1, 2, 3):
        store.add_generation(a_bundle("edge", number))
    assert store.current("edge") == 3
    store.save_deployments("edge", Deployments(held={3: "rolled back"}))
    assert store.current("edge") == 2
    store.add_generation(a_bundle("edge", 4))
    assert store.current("edge") == 4
    store.save_deployments("edge", Deployments(held=dict.fromkeys((1, 2, 3, 4), "revoked")))
    assert store.current("edge") is None


def test_deployments_come_back_whole(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    store.save_deployments("edge", some_deployments())
    assert store.deployments("edge") == some_deployments()


def test_stages_and_unstages(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    staged = Staged(1, START + timedelta(days=3))
    store.save_staged("edge", staged)
    assert store.staged("edge") == staged
    store.save_staged("edge", None)
    assert store.staged("edge") is None
    store.save_staged("edge", None)


def test_requests_come_back_oldest_first_with_their_keys(store: CertificateStore) -> None:
    young = a_request("edge", "a", number=2, age=5, exportable=False)
    old = a_request("edge", "b", number=1)
    store.create_request(young, a_key_pem(2))
    store.create_request(old, a_key_pem(1))
    assert store.requests("edge") == (old, young)
    assert store.request_key(old) == a_key_pem(1)
    assert store.request_key(young) == a_key_pem(2)
    assert store.lineages() == ()  # no settings, no generation yet
    with pytest.raises(StoreError, match="already"):
        store.create_request(old, a_key_pem(1))


def test_request_changes_its_state_and_is_found_by_its_key(store: CertificateStore) -> None:
    request = a_request("edge", "r1")
    store.create_request(request, a_key_pem(1))
    store.save_request(replace(request, state="cancelled"))
    assert store.find_request(request.spki_sha256) == replace(request, state="cancelled")
    store.create_request(a_request("other", "r2", age=1), a_key_pem(1))
    found = store.find_request(request.spki_sha256)
    assert found is not None
    assert found.id == "r2"  # open before cancelled
    with pytest.raises(StoreError) as caught:
        store.save_request(a_request("edge", "r9"))
    assert caught.value.code == "no-such-request"


def test_prune_keeps_what_is_in_use(store: CertificateStore) -> None:
    for number in range(1, 10):
        store.add_generation(a_bundle("edge", number))
    targets = (Deployment("a", "gateway", wanted=2, serving=1), Deployment("b", "files", wanted=2, serving=None))
    store.save_deployments("edge", Deployments(targets, held={9: "rolled back", 8: "rolled back"}))
    store.save_staged("edge", Staged(4, START))
    expected = (5, 6)
    assert store.prune("edge", keep=2, protect=frozenset({3}), dry_run=True).generations == expected
    assert len(store.generations("edge")) == 9
    assert store.prune("edge", keep=2, protect=frozenset({3})).generations == expected
    assert store.generations("edge") == (1, 2, 3, 4, 7, 8, 9)
    assert store.current("edge") == 7


def test_prune_to_nothing_keeps_the_newest_so_that_numbers_are_not_used_twice(store: CertificateStore) -> None:
    for number in (1, 2, 3):
        store.add_generation(a_bundle("edge", number))
    store.save_deployments("edge", Deployments(held={3: "revoked"}))
    store.prune("edge", keep=0, protect=frozenset())
    assert store.generations("edge") == (2, 3)
    assert store.next_generation("edge") == 4


def test_prune_takes_ended_requests_and_leaves_open_ones(store: CertificateStore) -> None:
    store.create_request(a_request("edge", "open"), a_key_pem(1))
    store.create_request(a_request("edge", "given-up", state="cancelled", age=1), a_key_pem(1))
    store.create_request(a_request("edge", "done", state="completed", age=2), a_key_pem(1))
    assert store.prune("edge", keep=5, protect=frozenset()).requests == ("given-up", "done")
    assert [request.id for request in store.requests("edge")] == ["open"]
    with pytest.raises(StoreError) as caught:
        store.request_key(a_request("edge", "done"))
    assert caught.value.code == "no-such-request"


def test_removed_lineage_is_gone_but_its_numbers_are_not_used_again(store: CertificateStore) -> None:
    store.save_settings("edge", some_settings("edge"))
    store.add_generation(a_bundle("edge", 1))
    store.add_generation(a_bundle("edge", 2))
    store.create_request(a_request("edge", "r1"), a_key_pem(1))
    store.remove("edge")
    assert store.lineages() == ()
    assert store.requests("edge") == ()
    assert store.load_settings("edge") is None
    assert store.next_generation("edge") == 3  # a gateway may still serve 2


def test_renamed_lineage_keeps_everything(store: CertificateStore) -> None:
    store.save_settings("edge", some_settings("edge"))
    store.add_generation(a_bundle("edge", 1, exportable=False))
    store.save_deployments("edge", some_deployments())
    store.create_request(a_request("edge", "r1", exportable=False), a_key_pem(1))
    store.rename("edge", "front")
    assert store.lineages() == ("front",)
    settings = store.load_settings("front")
    assert settings is not None
    assert settings.request.certificate.name == "front"
    assert store.load_bundle("front", 1) == a_bundle("front", 1, exportable=False)
    assert store.deployments("front") == some_deployments()
    (request,) = store.requests("front")
    assert request.lineage == "front"
    assert store.request_key(request) == a_key_pem(1)
    assert store.generations("edge") == ()


def test_knows_the_names_that_a_lineage_had(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    assert store.former_names("edge") == ()
    store.rename("edge", "front")
    assert store.former_names("front") == ("edge",)
    store.add_generation(a_bundle("edge", 1))
    assert store.former_names("front") == (), "the name is another's now"


def test_refuses_to_rename_onto_another(store: CertificateStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    store.create_request(a_request("front", "r1"), a_key_pem(1))
    with pytest.raises(StoreError) as caught:
        store.rename("edge", "front")
    assert caught.value.code == "name-taken"
    assert store.generations("edge") == (1,)


def test_lock_is_held_by_one(store: CertificateStore) -> None:
    with store.lock("edge", 0):
        with pytest.raises(LockedError), store.lock("edge", 0):
            pytest.fail("two held the lock")
        with store.lock("other", 0):
            pass
    with store.lock("edge", 0):
        pass


def test_store_keeps_its_id(store: CertificateStore) -> None:
    assert store.store_id
    assert store.store_id == store.store_id
