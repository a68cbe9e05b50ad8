"""What the store on disk promises beyond the contract: what lies where, with which mode, and who may open it."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Deployments, SavedSettings, Staged
from edgecert.model.request import CertificateRequest
from edgecert.shared.bundle import read_bundle_dir
from edgecert.shared.errors import ExitCode, LockedError, MaterialError, PermissionDeniedError, StoreError
from edgecert.store.filesystem import FilesystemStore
from edgecert.store.listing import translated
from tests.support.bundles import START, a_bundle, a_key_pem, a_request
from tests.support.clock import FakeClock
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
NOBODY = 65534


def current_of(root: Path) -> str | None:
    link = root / "certificates" / "edge" / "current"
    return str(link.readlink()) if link.is_symlink() else None


def test_looking_makes_nothing(root: Path, store: FilesystemStore) -> None:
    assert store.lineages() == ()
    assert store.generations("edge") == ()
    assert not store.has_wrapped_keys()
    assert not root.exists()


def test_everything_lies_where_the_documentation_says(root: Path, store: FilesystemStore) -> None:
    store.save_settings("edge", SavedSettings(CertificateRequest(), START))
    store.add_generation(a_bundle("edge", 1))
    store.add_generation(a_bundle("edge", 2, exportable=False))
    store.save_deployments("edge", Deployments())
    store.save_staged("edge", Staged(2, START))
    store.create_request(a_request("edge", "r1"), a_key_pem(1))
    store.audit("issued", "edge", generation=2)
    files = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir() or path.is_symlink()}
    parts = {"cert.pem", "chain.pem", "fullchain.pem", "meta.json"}
    assert files - {"locks/.store.lock", "locks/.audit.lock"} == {
        "format",
        "log/audit.jsonl",
        "certificates/edge/settings.toml",
        "certificates/edge/deployments.json",
        "certificates/edge/staged.json",
        "certificates/edge/current",
        "certificates/edge/0001/key.pem",
        "certificates/edge/0002/key.wrapped",
        "requests/edge/r1/key.pem",
        "requests/edge/r1/request.csr",
        "requests/edge/r1/request.json",
        *(f"certificates/edge/{number}/{part}" for number in ("0001", "0002") for part in parts),
    }
    assert store.path("edge", 2) == str(root / "certificates" / "edge" / "0002")
    assert json.loads((root / "format").read_bytes())["format"] == 1


def test_only_the_owner_can_look(root: Path, store: FilesystemStore) -> None:
    old = os.umask(0)
    try:
        store.save_settings("edge", SavedSettings(CertificateRequest(), START))
        store.add_generation(a_bundle("edge", 1))
        store.create_request(a_request("edge", "r1"), a_key_pem(1))
        store.audit("issued", "edge")
    finally:
        os.umask(old)
    for path in [root, *root.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            assert mode == 0o700, path
        elif path.suffix != ".pem" and path.name != "meta.json":
            assert mode == 0o600, path
    assert stat.S_IMODE((root / "certificates/edge/0001/key.pem").stat().st_mode) == 0o600


def test_current_link_follows_what_is_held(root: Path, store: FilesystemStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    assert current_of(root) == "0001"
    store.add_generation(a_bundle("edge", 2))
    assert current_of(root) == "0002"
    store.save_deployments("edge", Deployments(held={2: "rolled back"}))
    assert current_of(root) == "0001"
    store.save_deployments("edge", Deployments(held={1: "revoked", 2: "rolled back"}))
    assert current_of(root) is None
    store.save_deployments("edge", Deployments())
    assert current_of(root) == "0002"


def test_key_not_exportable_is_wrapped_from_the_first_write(root: Path, store: FilesystemStore) -> None:
    request = a_request("edge", "r1", exportable=False)
    store.create_request(request, a_key_pem(1))
    store.add_generation(a_bundle("edge", 1, exportable=False))
    assert store.has_wrapped_keys()
    assert all(b"PRIVATE KEY" not in path.read_bytes() for path in root.rglob("*") if path.is_file())


def test_wrapped_key_of_the_local_ca_counts(root: Path, store: FilesystemStore) -> None:
    store.audit("made", "edge")
    (root / "local-ca/root").mkdir(parents=True)
    assert not store.has_wrapped_keys()
    (root / "local-ca/root/key.wrapped").touch()
    assert store.has_wrapped_keys()


def test_wrapped_key_of_another_store_does_not_open(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    store = open_store()
    store.add_generation(a_bundle("edge", 1, exportable=False))
    document = json.loads((root / "format").read_bytes())
    (root / "format").write_text(json.dumps({**document, "store_id": "another"}))
    with pytest.raises(MaterialError):
        open_store().load_bundle("edge", 1)
    assert open_store().load_meta("edge", 1).serial == "1"  # all but the key is still there


def test_lock_keeps_other_processes_out_and_names_the_holder(
    root: Path, open_store: Callable[[], FilesystemStore], capfd: pytest.CaptureFixture[str]
) -> None:
    store = open_store()

    def other() -> None:
        with pytest.raises(LockedError) as caught, open_store().lock("edge", 0):
            pytest.fail("two held the lock")
        assert f"process {os.getppid()}" in caught.value.message
        assert caught.value.exit_code == ExitCode.LOCKED

    with store.lock("edge", 0):
        assert run_forked(other) == 0, capfd.readouterr().err


def test_settings_name_their_lineage_after_a_rename(root: Path, store: FilesystemStore) -> None:
    store.save_settings("edge", SavedSettings(CertificateRequest(), START))
    store.rename("edge", "front")
    assert 'name = "front"' in (root / "certificates/front/settings.toml").read_text()


def test_damaged_settings_do_not_stop_a_rename(root: Path, store: FilesystemStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    (root / "certificates/edge/settings.toml").write_text("broken")
    store.rename("edge", "front")
    assert store.current("front") == 1
    assert list((root / "journal").iterdir()) == []


def test_rename_waits_in_the_journal_only_while_it_runs(root: Path, store: FilesystemStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    store.rename("edge", "front")
    assert list((root / "journal").iterdir()) == []
    assert current_of(root) is None
    assert (root / "certificates/front/current").resolve() == root / "certificates/front/0001"


def test_damaged_record_is_named(root: Path, store: FilesystemStore) -> None:
    store.save_settings("edge", SavedSettings(CertificateRequest(), START))
    for name, read in (("deployments.json", store.deployments), ("staged.json", store.staged)):
        (root / "certificates/edge" / name).write_text("{")
        with pytest.raises(StoreError, match=name) as caught:
            read("edge")
        assert (caught.value.code, bool(caught.value.hint)) == ("record-damaged", True)
        (root / "certificates/edge" / name).unlink()
    (root / "certificates/edge/settings.toml").write_text("version = 1\n")
    with pytest.raises(StoreError, match=r"settings\.toml"):
        store.load_settings("edge")


def test_refuses_a_directory_that_is_no_store(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    root.mkdir(mode=0o700)
    (root / "passwd").touch()
    with pytest.raises(StoreError) as caught:
        open_store()
    assert caught.value.code == "not-a-store"
    (root / "passwd").unlink()
    open_store().audit("made", "edge")  # an empty one that the packager made is fine


def test_refuses_a_newer_format(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    document = {"format": 2, "store_id": open_store().store_id, "created_at": "2030-01-01T00:00:00Z"}
    (root / "format").write_text(json.dumps(document))
    with pytest.raises(StoreError) as caught:
        open_store()
    assert caught.value.code == "store-too-new"
    assert "newer edgecert" in caught.value.hint
    assert json.loads((root / "format").read_bytes()) == document


def test_copy_without_locks_and_link_is_mended(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    store = open_store()
    store.add_generation(a_bundle("edge", 1))
    (root / "certificates/edge/current").unlink()
    for path in (root / "locks").iterdir():
        path.unlink()
    (root / "locks").rmdir()
    open_store()
    assert read_bundle_dir(root / "certificates/edge/current", None) == a_bundle("edge", 1)


@as_root
def test_another_user_is_sent_to_the_owner(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    open_store().audit("made", "edge")
    os.chown(root, NOBODY, NOBODY)
    with pytest.raises(PermissionDeniedError) as caught:
        open_store()
    assert caught.value.exit_code == ExitCode.PERMISSION
    assert caught.value.hint == "run: sudo -u nobody edgecert list --json"


@as_root
def test_who_makes_the_directory_in_the_meantime_is_given_nothing(
    root: Path, open_store: Callable[[], FilesystemStore]
) -> None:
    store = open_store()  # nothing is there yet
    root.mkdir(mode=0o700)
    os.chown(root, NOBODY, NOBODY)
    with pytest.raises(PermissionDeniedError) as caught:
        store.audit("made", "edge")
    assert caught.value.code == "wrong-user"
    assert not [path for path in root.rglob("*") if path.is_file()]


@as_root
def test_unprivileged_owner_works_and_cannot_write_elsewhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    for path in (tmp_path, *tmp_path.parents):
        if path.owner() == "root" and not path.stat().st_mode & 0o001:  # pytest's own directories, one more under xdist
            path.chmod(0o711)

    def work() -> None:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        store = store_at(home / "state")
        store.add_generation(a_bundle("edge", 1))
        assert store.current("edge") == 1
        with pytest.raises(PermissionDeniedError) as caught:
            store_at(tmp_path / "state").add_generation(a_bundle("edge", 1))
        assert "install -d" in caught.value.hint

    assert run_forked(work) == 0, capfd.readouterr().err


def store_at(root: Path) -> FilesystemStore:
    def no_wrapper() -> None:
        pytest.fail("nothing here is wrapped")

    return FilesystemStore(root, clock=FakeClock(), wrapper_factory=no_wrapper)  # type: ignore[arg-type]


def test_refuses_a_directory_that_others_can_write(root: Path, open_store: Callable[[], FilesystemStore]) -> None:
    open_store().audit("made", "edge")
    root.chmod(0o770)
    with pytest.raises(PermissionDeniedError) as caught:
        open_store()
    assert caught.value.code == "unsafe-directory"
    assert "chmod 0700" in caught.value.hint


def test_disk_trouble_is_told_with_what_to_do(root: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(root / "x"))
    with pytest.raises(StoreError, match="No space left") as caught, translated(root):
        raise full
    assert caught.value.code == "store-write-failed"


def test_request_of_a_damaged_directory_is_named(root: Path, store: FilesystemStore) -> None:
    store.create_request(a_request("edge", "r1"), a_key_pem(1))
    (root / "requests/edge/r1/request.csr").unlink()
    with pytest.raises(StoreError, match="r1 is damaged"):
        store.requests("edge")


def test_meta_speaks_of_the_lineage_it_lies_in(root: Path, store: FilesystemStore) -> None:
    store.add_generation(a_bundle("edge", 1))
    (root / "certificates/edge").rename(root / "certificates/copied-by-hand")
    expected = replace(a_bundle("edge", 1).meta, name="copied-by-hand")
    assert store.load_meta("copied-by-hand", 1) == expected
