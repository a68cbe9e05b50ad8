"""The gateway's own copy of what it serves, and the proof that something may be served.

``<root>/<lineage>/<generation>/`` are bundles as :mod:`edgecert.shared.bundle` writes them, ``<lineage>/staged.json``
what waits for a date, ``in-service.json`` which generation of each lineage is served: one file, so that the set
changes as one. Restart, staging and roll back need nothing of edgecert.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from edgecert.shared.atomic import make_directory, remove_directory, remove_file, sweep, write_file
from edgecert.shared.bundle import generation_directory, parse_generation, read_bundle_dir, read_meta, write_bundle_dir
from edgecert.shared.chain import (
    Chain,
    fingerprint_sha256,
    serial_hex,
    verify_chain_order,
    verify_key_matches,
    verify_leaf,
)
from edgecert.shared.clock import format_time, parse_time
from edgecert.shared.errors import EdgecertError, MaterialError, StoreError
from gateway.tls.context import covers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.jsonvalue import JsonObject
    from edgecert.shared.keywrap import KeyWrapper

CloseOldStreams = Literal["keep", "drain", "now"]

CLOCK_GRACE: Final = timedelta(minutes=5)
KEEP_GENERATIONS: Final = 5
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CLOSE: Final[Mapping[str, CloseOldStreams]] = {"keep": "keep", "drain": "drain", "now": "now"}


def verify_material(
    bundle: Bundle,
    *,
    now: datetime,
    served_domains: Sequence[str],
    others: Sequence[Bundle],
    in_service: BundleMeta | None = None,
    allow_drop: bool = False,
    rollback: bool = False,
) -> None:
    """Prove that ``bundle`` may go into service beside ``others`` (the other lineages), in place of ``in_service``.

    Raises:
        MaterialError: ``bad-name``, ``key-mismatch``, ``chain-unordered``, ``expired``, ``not-yet-valid`` (beyond
            five minutes, which a clock may be wrong), ``weak-key``, ``wrong-purpose``, ``meta-mismatch``,
            ``older-generation``, ``uncovered-domains`` (which names them).
    """
    _verify_name(bundle.meta)
    verify_key_matches(bundle.key, bundle.leaf)
    verify_chain_order(bundle.certificates)
    verify_leaf(Chain(bundle.certificates), now=_with_grace(bundle, now))
    _verify_meta(bundle)
    if in_service is not None and not rollback:
        _verify_generation(bundle.meta, in_service)
    if not allow_drop:
        hint = "put the names into the certificate, bring in the other lineages first, or allow it with --allow-drop"
        verify_coverage((bundle, *others), served_domains, hint=hint)


def _with_grace(bundle: Bundle, now: datetime) -> datetime:
    """Give the moment to judge at: a certificate made this minute by a CA whose clock is ahead is valid."""
    begins = max(certificate.not_valid_before_utc for certificate in bundle.certificates)
    return begins if now < begins <= now + CLOCK_GRACE else now


def _verify_name(meta: BundleMeta) -> None:
    if not _NAME.fullmatch(meta.name) or not 0 < meta.generation < 10**15:
        message = f"{meta.name!r} generation {meta.generation} cannot name a certificate"
        raise MaterialError(
            message, code="bad-name", hint="a name is [a-z0-9][a-z0-9._-]{0,63}, a generation a number from 1"
        )


def _verify_meta(bundle: Bundle) -> None:
    meta = bundle.meta
    if (meta.fingerprint_sha256, meta.serial) != (fingerprint_sha256(bundle.leaf), serial_hex(bundle.leaf)):
        message = f"the meta of {meta.name} generation {meta.generation} describes another certificate"
        raise MaterialError(message, code="meta-mismatch")


def _verify_generation(meta: BundleMeta, in_service: BundleMeta) -> None:
    if meta.generation < in_service.generation:
        message = (
            f"generation {meta.generation} of {meta.name} is older than {in_service.generation}, which is in service"
        )
        raise MaterialError(message, code="older-generation", hint="to go back on purpose: edgecert rollback")
    if meta.generation == in_service.generation and meta.fingerprint_sha256 != in_service.fingerprint_sha256:
        message = f"another certificate is in service as generation {meta.generation} of {meta.name}"
        hint = (
            "the gateway was last served by another store; give the new one another name, or roll back to it on purpose"
        )
        raise MaterialError(message, code="generation-conflict", hint=hint)


def verify_coverage(bundles: Sequence[Bundle], served_domains: Sequence[str], *, hint: str) -> None:
    """Prove that each of ``served_domains`` has its name in one of ``bundles``; ``hint`` says what to do if not.

    Raises:
        MaterialError: ``uncovered-domains``, naming them.
    """
    uncovered = [domain for domain in served_domains if not any(covers(bundle, domain) for bundle in bundles)]
    if uncovered:
        message = f"no certificate would cover {', '.join(uncovered)}"
        raise MaterialError(message, code="uncovered-domains", hint=hint)


@dataclass(frozen=True, slots=True)
class StagedMaterial:
    """A generation that goes into service by itself at a date, and how."""

    name: str
    generation: int
    effective_at: datetime
    close_old_streams: CloseOldStreams = "keep"
    allow_drop: bool = False
    rollback: bool = False


class MaterialStore:
    """The directory ``root`` (0700). One process uses it at a time; every write is whole or not there."""

    def __init__(self, root: Path, wrapper_factory: Callable[[str], KeyWrapper]) -> None:
        """Use ``root``; ``wrapper_factory`` makes a wrapper for a store id when a key is not exportable."""
        self._root = root
        self._wrapper_factory = wrapper_factory
        self._wrapper: KeyWrapper | None = None

    def prepare(self) -> None:
        """Make the directory if it is not there, and clear away what a killed process left half-made."""
        make_directory(self._root)
        sweep(self._root)
        for name in self.lineages():
            sweep(self._root / name)

    def lineages(self) -> tuple[str, ...]:
        """Give the names of all lineages that were ever pushed, sorted."""
        if not self._root.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._root.iterdir() if path.is_dir() and _NAME.fullmatch(path.name)))

    def generations(self, name: str) -> tuple[int, ...]:
        """Give the generations held of a lineage, ascending."""
        directory = self._root / name
        if not _NAME.fullmatch(name) or not directory.is_dir():
            return ()
        numbers = (parse_generation(path.name) for path in directory.iterdir())
        return tuple(sorted(number for number in numbers if number is not None))

    def add(self, bundle: Bundle) -> None:
        """Keep ``bundle``; nothing happens if this very generation is there already.

        Another certificate under the same number is replaced, unless it is in service.

        Raises:
            StoreError: code ``generation-conflict``.
            MaterialError: the key is not exportable and there is no key-encryption key.
        """
        parent = self._root / bundle.meta.name
        path = parent / generation_directory(bundle.meta.generation)
        if path.is_dir():
            if self._same(path, bundle.meta):
                return
            if self.in_service().get(bundle.meta.name) == bundle.meta.generation:
                message = (
                    f"another certificate is in service as generation {bundle.meta.generation} of {bundle.meta.name}"
                )
                raise StoreError(message, code="generation-conflict")
            remove_directory(path)
        make_directory(parent)
        write_bundle_dir(parent, bundle, None if bundle.meta.exportable else self._key_wrapper())

    def load(self, name: str, generation: int) -> Bundle:
        """Give a generation whole, its key unwrapped.

        Raises:
            StoreError: it is not there or damaged.
            MaterialError: the key cannot be unwrapped.
        """
        path = self._root / name / generation_directory(generation)
        if generation not in self.generations(name):
            message = f"the gateway holds no generation {generation} of {name}"
            raise StoreError(message, code="no-such-generation", hint="deploy it again with edgecert")
        meta = read_meta(path)
        return read_bundle_dir(path, None if meta.exportable else self._key_wrapper())

    def in_service(self) -> Mapping[str, int]:
        """Give which generation of each lineage is served; empty before the first swap.

        Raises:
            StoreError: code ``store-damaged``.
        """
        document = self._read_json(self._root / "in-service.json")
        return {name: int(str(number)) for name, number in document.items()}

    def set_in_service(self, generations: Mapping[str, int]) -> None:
        """Keep which generations are served, whole."""
        _write_json(self._root / "in-service.json", dict(generations))

    def stage(self, staged: StagedMaterial) -> None:
        """Keep that a generation goes into service at a date; takes the place of what was staged for that lineage."""
        document: JsonObject = {
            "generation": staged.generation,
            "effective_at": format_time(staged.effective_at),
            "close_old_streams": staged.close_old_streams,
            "allow_drop": staged.allow_drop,
            "rollback": staged.rollback,
        }
        _write_json(self._root / staged.name / "staged.json", document)

    def unstage(self, name: str) -> bool:
        """Forget what is staged for ``name``; False if nothing was."""
        path = self._root / name / "staged.json"
        if not _NAME.fullmatch(name) or not path.exists():
            return False
        remove_file(path)
        return True

    def staged(self) -> tuple[StagedMaterial, ...]:
        """Give everything that waits for its date, the earliest first.

        Raises:
            StoreError: code ``store-damaged``.
        """
        found = [self._read_staged(name) for name in self.lineages() if (self._root / name / "staged.json").exists()]
        return tuple(sorted(found, key=lambda item: item.effective_at))

    def forget(self, name: str) -> bool:
        """Take a lineage away with all its generations and what is staged of it; False if there is none."""
        if not _NAME.fullmatch(name) or not (self._root / name).is_dir():
            return False
        remove_directory(self._root / name)
        return True

    def prune(self) -> None:
        """Take away what is older than the newest five of each lineage and neither served nor staged."""
        keep = set(self.in_service().items()) | {(item.name, item.generation) for item in self.staged()}
        for name in self.lineages():
            for number in self.generations(name)[:-KEEP_GENERATIONS]:
                if (name, number) not in keep:
                    remove_directory(self._root / name / generation_directory(number))

    def _read_staged(self, name: str) -> StagedMaterial:
        path = self._root / name / "staged.json"
        document = self._read_json(path)
        try:
            return StagedMaterial(
                name,
                int(str(document["generation"])),
                parse_time(str(document["effective_at"])),
                _CLOSE[str(document.get("close_old_streams", "keep"))],
                allow_drop=document.get("allow_drop") is True,
                rollback=document.get("rollback") is True,
            )
        except (KeyError, ValueError) as error:
            raise _damaged(path) from error

    def _same(self, path: Path, meta: BundleMeta) -> bool:
        try:
            return read_meta(path).fingerprint_sha256 == meta.fingerprint_sha256
        except EdgecertError:
            return False

    def _key_wrapper(self) -> KeyWrapper:
        if self._wrapper is None:
            path = self._root / "store-id"
            if not path.exists():
                write_file(path, secrets.token_hex(16).encode())
            self._wrapper = self._wrapper_factory(path.read_text(encoding="ascii").strip())
        return self._wrapper

    @staticmethod
    def _read_json(path: Path) -> JsonObject:
        if not path.exists():
            return {}
        try:
            document = json.loads(path.read_bytes())
        except ValueError as error:
            raise _damaged(path) from error
        if not isinstance(document, dict):
            raise _damaged(path)
        return document


def _write_json(path: Path, document: JsonObject) -> None:
    make_directory(path.parent)
    write_file(path, json.dumps(document, indent=1).encode() + b"\n")


def _damaged(path: Path) -> StoreError:
    return StoreError(f"{path} cannot be read", code="store-damaged", hint="restore it from a backup, or deploy again")
