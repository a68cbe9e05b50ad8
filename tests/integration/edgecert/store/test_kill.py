"""kill -9 at every write step: what was in service stays, the store opens, the next run finishes or starts over."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Deployment, Deployments, SavedSettings, Staged
from edgecert.model.request import CertificateOptions, CertificateRequest
from edgecert.shared.atomic import is_leftover, sweep
from edgecert.shared.bundle import read_bundle_dir, write_bundle_dir
from edgecert.shared.errors import StoreError
from edgecert.shared.jsonfields import JsonFields, load_json
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from edgecert.store.filesystem import FilesystemStore
from tests.support.bundles import START, a_bundle, a_key_pem, a_request
from tests.support.clock import FakeClock
from tests.support.forks import run_forked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEK = Secret(b"k" * 32)
STEP_LIMIT = 200
IN_SERVICE = a_bundle("edge", 1, exportable=False)
DEPLOYED = Deployments((Deployment("gateway", "gateway", wanted=1, serving=1),))
SETTINGS = SavedSettings(CertificateRequest(certificate=CertificateOptions(name="edge")), START)


def open_store(root: Path) -> FilesystemStore:
    store = FilesystemStore(root, clock=FakeClock(), wrapper_factory=lambda: KeyWrapper(KEK, store.store_id))
    return store


def read_store_id(root: Path) -> str:
    return JsonFields(load_json((root / "format").read_bytes())).text("store_id")


def prepare(root: Path) -> None:
    store = open_store(root)
    store.save_settings("edge", SETTINGS)
    store.add_generation(IN_SERVICE)
    store.save_deployments("edge", DEPLOYED)
    store.create_request(a_request("edge", "old", number=5, state="cancelled", exportable=False), a_key_pem(5))


def leftovers(root: Path) -> list[str]:
    return [name for _, directories, files in os.walk(root) for name in directories + files if is_leftover(name)]


@dataclass(frozen=True, slots=True)
class Operation:
    """A change, whether it is done, and the names that the lineage may have meanwhile."""

    work: Callable[[FilesystemStore], object]
    is_done: Callable[[FilesystemStore], bool]
    names: tuple[str, ...] = ("edge",)
    setup: Callable[[FilesystemStore], object] = lambda store: None
    stays: bool = True


def fill(store: FilesystemStore) -> None:
    for number in range(2, 6):
        store.add_generation(a_bundle("edge", number))


OPERATIONS = {
    "create_request": Operation(
        lambda store: store.create_request(a_request("edge", "new", number=6, exportable=False), a_key_pem(6)),
        lambda store: "new" in [request.id for request in store.requests("edge")],
    ),
    "save_request": Operation(
        lambda store: store.save_request(a_request("edge", "old", number=5, state="completed", exportable=False)),
        lambda store: [request.state for request in store.requests("edge")] == ["completed"],
    ),
    "add_generation": Operation(
        lambda store: store.add_generation(a_bundle("edge", 2, exportable=False)),
        lambda store: 2 in store.generations("edge"),
    ),
    "hold": Operation(
        lambda store: store.save_deployments("edge", replace(DEPLOYED, held={2: "rolled back"})),
        lambda store: bool(store.deployments("edge").held),
        setup=lambda store: store.add_generation(a_bundle("edge", 2)),
    ),
    "save_settings": Operation(
        lambda store: store.save_settings("edge", replace(SETTINGS, flags_digest="new")),
        lambda store: store.load_settings("edge") == replace(SETTINGS, flags_digest="new"),
    ),
    "stage": Operation(
        lambda store: store.save_staged("edge", Staged(1, START)), lambda store: store.staged("edge") is not None
    ),
    "unstage": Operation(
        lambda store: store.save_staged("edge", None),
        lambda store: store.staged("edge") is None,
        setup=lambda store: store.save_staged("edge", Staged(1, START)),
    ),
    "prune": Operation(
        lambda store: store.prune("edge", keep=1, protect=frozenset()),
        lambda store: store.generations("edge") == (1, 5) and not store.requests("edge"),
        setup=fill,
    ),
    "rename": Operation(
        lambda store: store.rename("edge", "front"), lambda store: store.generations("edge") == (), ("edge", "front")
    ),
    "remove": Operation(lambda store: store.remove("edge"), lambda store: store.lineages() == (), stays=False),
    "audit": Operation(
        lambda store: store.audit("deployed", "edge", generation=1),
        lambda store: store.root.joinpath("log/audit.jsonl").exists(),
    ),
}


def in_service(store: FilesystemStore, operation: Operation) -> bool:
    """Whether generation 1 is there whole under the one name that the lineage has, with all that belongs to it."""
    names = store.lineages()
    if not names and not operation.stays:
        return True
    (name,) = names
    assert name in operation.names
    assert store.load_bundle(name, 1) == replace(IN_SERVICE, meta=replace(IN_SERVICE.meta, name=name))
    assert store.deployments(name).targets == DEPLOYED.targets
    for request in store.requests(name):
        assert store.request_key(request).reveal().startswith(b"-----BEGIN PRIVATE KEY-----")
    settings = store.load_settings(name)
    assert settings is not None
    assert settings.request.certificate.name == name
    return True


def seen_by_outsiders(root: Path, operation: Operation) -> bool:
    """Whether `current` leads to a whole generation, before anybody tidied up."""
    names = [name for name in operation.names if (root / "certificates" / name).is_dir()]
    if not names and not operation.stays:
        return True
    current = root / "certificates" / names[0] / "current"
    return read_bundle_dir(current, KeyWrapper(KEK, read_store_id(root))).leaf.serial_number in (1, 2, 5)


@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_at_every_step(name: str, tmp_path: Path) -> None:
    operation = OPERATIONS[name]
    template = tmp_path / "template"
    prepare(template)
    operation.setup(open_store(template))
    state = tmp_path / "state"
    done_before = False
    for step in range(1, STEP_LIMIT):
        shutil.rmtree(state, ignore_errors=True)
        shutil.copytree(template, state, symlinks=True)

        def change() -> None:
            store = open_store(state)
            with store.lock("edge", 0), store.lock("front", 0):
                operation.work(store)

        code = run_forked(change, crash_at=f"*:{step}")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert seen_by_outsiders(state, operation)
        store = open_store(state)
        assert leftovers(state) == []
        assert in_service(store, operation)
        done = operation.is_done(store)
        assert done or not done_before, "a later death undid the change"
        done_before = done
        if not done:
            with store.lock("edge", 0), store.lock("front", 0):
                operation.work(store)
        assert operation.is_done(store)
        assert in_service(store, operation)
    else:
        pytest.fail("there is no end to the steps")
    assert step > 2
    assert done_before or name == "audit"
    store = open_store(state)
    assert operation.is_done(store)
    assert in_service(store, operation)


def test_killed_while_the_store_is_made(tmp_path: Path) -> None:
    for step in range(1, STEP_LIMIT):
        root = tmp_path / str(step)
        if run_forked(lambda: prepare(root), crash_at=f"*:{step}") == 0:  # noqa: B023  # runs before the next round
            break
        store = open_store(root)
        assert store.store_id
        assert leftovers(root) == []
        assert store.generations("edge") in ((), (1,))
        for number in store.generations("edge"):
            assert store.load_bundle("edge", number) == IN_SERVICE
        assert open_store(root).store_id == store.store_id
    else:
        pytest.fail("there is no end to the steps")
    assert step > 20


def test_killed_while_a_bundle_is_written(tmp_path: Path) -> None:
    wrapper = KeyWrapper(KEK, "gateway")
    for step in range(1, STEP_LIMIT):
        root = tmp_path / str(step)
        root.mkdir()
        write_bundle_dir(root, IN_SERVICE, wrapper)
        new = a_bundle("edge", 2, exportable=False)
        code = run_forked(lambda: write_bundle_dir(root, new, wrapper), crash_at=f"*:{step}")  # noqa: B023  # as above
        assert read_bundle_dir(root / "0001", wrapper) == IN_SERVICE
        sweep(root)
        if (root / "0002").exists():
            assert read_bundle_dir(root / "0002", wrapper) == new
            with pytest.raises(StoreError, match="already"):
                write_bundle_dir(root, new, wrapper)
        else:
            assert read_bundle_dir(write_bundle_dir(root, new, wrapper), wrapper) == new
        assert sorted(path.name for path in root.iterdir()) == ["0001", "0002"]
        if code == 0:
            break
    else:
        pytest.fail("there is no end to the steps")
    assert step > 10


def test_a_living_process_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "state"
    prepare(root)
    store = open_store(root)
    half_done = root / "certificates" / "edge" / ".0002.0123456789ab.tmp"
    with store.lock("edge", 0):
        half_done.mkdir()
        open_store(root)
        assert half_done.exists()
    open_store(root)
    assert not half_done.exists()
