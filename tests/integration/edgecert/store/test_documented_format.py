"""What docs/reference/bundle-format.md tells other programs is so."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.interfaces import Deployment, Deployments
from edgecert.shared.bundle import decode_meta
from edgecert.store.records import decode_deployments
from tests.support.bundles import START, a_bundle, a_key_pem

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgecert.store.filesystem import FilesystemStore

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "bundle-format.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_wrapped_key_opens_with_the_code_on_the_page(root: Path, tmp_path: Path, store: FilesystemStore) -> None:
    store.add_generation(a_bundle("edge-external", 7, exportable=False))
    (tmp_path / "kek").write_text("a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=\n")  # 32 times k
    (code,) = (block for block in blocks("python") if "AESGCM" in block)
    code = code.replace("/var/lib/edgecert", str(root)).replace("/etc/edgecert/kek", str(tmp_path / "kek"))
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert printed.strip() == a_key_pem(7).reveal().strip()


def test_meta_has_the_keys_on_the_page(root: Path, store: FilesystemStore) -> None:
    example = json.loads(blocks("json")[0])
    decode_meta(example)
    store.add_generation(a_bundle("edge", 1))
    assert list(json.loads((root / "certificates/edge/0001/meta.json").read_bytes())) == list(example)


def test_deployments_have_the_keys_on_the_page(root: Path, store: FilesystemStore) -> None:
    example = json.loads(blocks("json")[1])
    decode_deployments(blocks("json")[1].encode(), Path("page"))
    store.add_generation(a_bundle("edge", 1))
    state = Deployments((Deployment("gateway", "gateway", 1, verified_at=START),), held={6: "rolled back"})
    store.save_deployments("edge", state)
    written = json.loads((root / "certificates/edge/deployments.json").read_bytes())
    assert list(written) == list(example)
    assert list(written["targets"][0]) == list(example["targets"][0])


def test_copied_directory_is_the_same_store_elsewhere(
    root: Path, store: FilesystemStore, open_store: Callable[[], FilesystemStore]
) -> None:
    wrapped = a_bundle("edge", 1, exportable=False)
    store.add_generation(wrapped)
    moved = root.with_name("moved")
    shutil.copytree(root, moved, symlinks=True, ignore=shutil.ignore_patterns("locks"))
    shutil.rmtree(root)
    moved.rename(root)
    assert open_store().store_id == store.store_id
    assert open_store().load_bundle("edge", 1) == wrapped
