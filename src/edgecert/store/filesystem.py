"""The store in a directory: generations that never change, records replaced as a whole, a lock per lineage.

``docs/reference/bundle-format.md`` describes what lies where. What a killed process left behind is finished or taken
away when the store is next opened, or the lineage next locked.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import Deployments, PruneReport
from edgecert.shared.atomic import (
    FileLock,
    make_directory,
    remove_directory,
    remove_file,
    replace_symlink,
    sweep,
    write_file,
)
from edgecert.shared.bundle import (
    generation_directory,
    parse_generation,
    read_bundle_dir,
    read_meta,
    write_bundle_dir,
)
from edgecert.shared.errors import LockedError
from edgecert.shared.keyfile import WRAPPED_KEY_FILE
from edgecert.store import records, rules
from edgecert.store.audit import RotatedLog, format_audit_line
from edgecert.store.blockedkeys import BlockedKeysFile
from edgecert.store.format import FORMAT, MIGRATIONS, create_format, migrate, read_format, verify_not_newer
from edgecert.store.journal import Entry, Journal
from edgecert.store.layout import SETTINGS_FILE, Layout, leftover_of
from edgecert.store.listing import Leftovers, entries, has_entries, has_file, has_leftovers, names, read, translated
from edgecert.store.ownership import verify_owner
from edgecert.store.requestfiles import RequestFiles
from edgecert.store.scanindex import ScanIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from edgecert.interfaces import OpenRequest, SavedSettings, Staged
    from edgecert.shared.bundle import Bundle, BundleMeta
    from edgecert.shared.clock import Clock
    from edgecert.shared.keywrap import KeyWrapper
    from edgecert.shared.secret import Secret
    from edgecert.store.format import StoreFormat

STORE_LOCK_SECONDS: Final = 10.0


class FilesystemStore:
    """A :class:`edgecert.interfaces.CertificateStore` in one state directory, which the first write makes."""

    def __init__(
        self,
        root: Path,
        *,
        clock: Clock,
        wrapper_factory: Callable[[], KeyWrapper],
        command: Sequence[str] = ("edgecert", "…"),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Open the store at ``root``, and finish or take away what a process that died left there.

        ``wrapper_factory`` is asked once, when the first wrapped key is written or read. ``command`` is how the user
        called us, for hints; of ``environ`` only ``SUDO_USER`` is read, for the audit log.

        Raises:
            PermissionDeniedError: ``wrong-user``, ``unsafe-directory``.
            StoreError: ``not-a-store``, ``store-too-new``, ``store-too-old``.
        """
        self._layout = Layout(root)
        self._clock = clock
        self._environ = environ
        self._command = command
        self._wrapper_factory = wrapper_factory
        self._known_wrapper: KeyWrapper | None = None
        self._journal = Journal(self._layout)
        self.blocked = BlockedKeysFile(self._layout)
        self._requests = RequestFiles(self._layout, self._wrapper)
        self._audit_log = RotatedLog(self._layout.audit_file, self._layout.audit_lock)
        self.scan_index = ScanIndex(self._layout, clock)
        """What scans found; also tells which lineages need no look for leftovers."""
        self._leftovers = Leftovers()
        self._format: StoreFormat | None = None
        if verify_owner(root, command):
            self._format = self._open_format()
            self._recover()

    # --- the store as a whole ---

    @property
    def root(self) -> Path:
        """The state directory."""
        return self._layout.root

    @property
    def store_id(self) -> str:
        """The store's own random identity; asking for it makes the store."""
        return self._ensure().store_id

    def has_wrapped_keys(self) -> bool:
        """Whether any key here is wrapped: then a missing key-encryption key is a loss, and no new one may be made."""
        return next(self._layout.root.glob(f"*/**/{WRAPPED_KEY_FILE}"), None) is not None

    def lock(self, name: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lineage's lock, what dead processes left of it taken away; ``LockedError`` after ``timeout`` s."""
        rules.verify_name(name)
        return self._locked(name, timeout)

    @contextmanager
    def _locked(self, name: str, timeout: float) -> Iterator[None]:
        self._ensure()
        with FileLock(self._layout.lock(name), timeout, what=f"certificate {name}"):
            if not self._journal.is_empty():
                with self._store_lock():
                    self._journal.finish_all()
            self._sweep(name)
            yield

    def audit(self, event: str, lineage: str, **fields: str | int | bool) -> None:
        """Add a line to ``log/audit.jsonl``."""
        line = format_audit_line(event, lineage, fields, now=self._clock.now(), environ=self._environ)
        with self._writing():
            self._audit_log.append(line)

    # --- lineages and settings ---

    def lineages(self) -> tuple[str, ...]:
        """Give the names of all lineages that have settings or a generation, sorted."""
        return tuple(
            name
            for name in names(self._layout.certificates)
            if has_file(self._layout.certificates, name, SETTINGS_FILE) or self.generations(name)
        )

    def load_settings(self, name: str) -> SavedSettings | None:
        """Give the saved settings, or None."""
        path = self._layout.settings(name)
        data = read(path)
        return None if data is None else records.decode_settings(data, name, path)

    def save_settings(self, name: str, settings: SavedSettings) -> None:
        """Keep ``settings``; makes the lineage if it is new."""
        with self._writing():
            make_directory(self._layout.lineage(name))
            write_file(self._layout.settings(name), records.encode_settings(settings, name))

    # --- generations ---

    def generations(self, name: str) -> tuple[int, ...]:
        """Give the numbers of all generations, ascending; empty when there are none."""
        try:
            found = [parse_generation(path.name) for path in self._layout.lineage(name).iterdir()]
        except FileNotFoundError:
            return ()
        return tuple(sorted(number for number in found if number is not None))

    def current(self, name: str) -> int | None:
        """Give the newest generation that is not held, or None."""
        return rules.newest_not_held(self.generations(name), self.deployments(name).held)

    def load_meta(self, name: str, generation: int) -> BundleMeta:
        """Give a generation's meta without touching its key; ``StoreError`` ``no-such-generation``."""
        self._verify_generation(name, generation)
        return replace(read_meta(self._layout.generation(name, generation)), name=name)

    def load_bundle(self, name: str, generation: int) -> Bundle:
        """Give a generation whole, its key unwrapped; ``StoreError`` ``no-such-generation``."""
        self._verify_generation(name, generation)
        path = self._layout.generation(name, generation)
        bundle = read_bundle_dir(path, self._wrapper() if (path / WRAPPED_KEY_FILE).exists() else None)
        return replace(bundle, meta=replace(bundle.meta, name=name))

    def next_generation(self, name: str) -> int:
        """Give the number the next generation will have; also one that was removed keeps its number."""
        return max(self._journal.last_number(name), *self.generations(name), 0) + 1

    def add_generation(self, bundle: Bundle) -> None:
        """Keep a new generation under ``bundle.meta``'s name and number and move ``current``."""
        name = bundle.meta.name
        with self._writing():
            directory = self._layout.lineage(name)
            if self._layout.generation(name, bundle.meta.generation).exists():
                raise rules.generation_exists(name, bundle.meta.generation)
            make_directory(directory)
            write_bundle_dir(directory, bundle, None if bundle.meta.exportable else self._wrapper())
            self._update_current(name)

    def path(self, name: str, generation: int) -> str:
        """Give where a generation lies, for people."""
        return str(self._layout.generation(name, generation))

    # --- deployment state ---

    def deployments(self, name: str) -> Deployments:
        """Give the deployment state; empty for a lineage never deployed."""
        path = self._layout.deployments(name)
        data = read(path)
        return Deployments() if data is None else records.decode_deployments(data, path)

    def save_deployments(self, name: str, deployments: Deployments) -> None:
        """Keep the deployment state and move ``current`` past what is held."""
        self._verify_lineage(name)
        with self._writing():
            make_directory(self._layout.lineage(name))
            write_file(self._layout.deployments(name), records.encode_deployments(deployments))
            self._update_current(name)

    def staged(self, name: str) -> Staged | None:
        """Give what is staged, or None."""
        path = self._layout.staged(name)
        data = read(path)
        return None if data is None else records.decode_staged(data, path)

    def save_staged(self, name: str, staged: Staged | None) -> None:
        """Stage, or with None unstage."""
        self._verify_lineage(name)
        path = self._layout.staged(name)
        with self._writing():
            if staged is not None:
                make_directory(path.parent)
                write_file(path, records.encode_staged(staged))
            elif path.exists():
                remove_file(path)

    # --- requests ---

    def create_request(self, request: OpenRequest, key: Secret) -> None:
        """Keep key and CSR of a new request, the key first."""
        with self._writing():
            self._requests.create(request, key)

    def save_request(self, request: OpenRequest) -> None:
        """Keep a changed state of a request that is there."""
        with self._writing():
            self._requests.save(request)

    def requests(self, name: str) -> tuple[OpenRequest, ...]:
        """Give all requests of a lineage in any state, oldest first."""
        return self._requests.all_of(name)

    def request_key(self, request: OpenRequest) -> Secret:
        """Give the key of a request, unwrapped."""
        return self._requests.key_of(request)

    def find_request(self, spki_sha256: str) -> OpenRequest | None:
        """Find the request whose public key has this hash, over all lineages, open and cancelled first."""
        every = (request for name in names(self._layout.requests) for request in self._requests.all_of(name))
        return rules.choose_request(every, spki_sha256)

    # --- taking away ---

    def prune(self, name: str, *, keep: int, protect: frozenset[int], dry_run: bool = False) -> PruneReport:
        """Take away old generations beyond ``keep`` and ended requests; never what is current, deployed or staged."""
        self._verify_lineage(name)
        used = rules.in_use(self.deployments(name), self.staged(name))
        generations = rules.plan_prune(
            self.generations(name), keep=keep, protect=protect | used, current=self.current(name)
        )
        requests = tuple(request.id for request in self.requests(name) if rules.has_ended(request))
        if not dry_run:
            with self._writing():
                for generation in generations:
                    remove_directory(self._layout.generation(name, generation))
                for request_id in requests:
                    self._requests.remove(name, request_id)
        return PruneReport(generations, requests)

    def remove(self, name: str) -> None:
        """Take a lineage away, its requests too. The caller holds its lock."""
        self._verify_lineage(name)
        with self._writing(), self._store_lock():
            self._journal.carry_out(Entry(name))

    def rename(self, old: str, new: str) -> None:
        """Give a lineage another name; ``StoreError`` ``name-taken``. The caller holds the locks of both names."""
        self._verify_lineage(old)
        rules.verify_name(new)
        with self._writing(), self._store_lock():
            if self._exists(new):
                raise rules.name_taken(new)
            self._journal.carry_out(Entry(old, new))

    def former_names(self, name: str) -> tuple[str, ...]:
        """Give the names under which generations of ``name`` were made, but none that is another lineage now."""
        # A generation is never changed, so its meta still says what it was called.
        made_as = {read_meta(self._layout.generation(name, number)).name for number in self.generations(name)}
        return tuple(sorted(made_as - {name, *self.lineages()}))

    # --- inside ---

    def _wrapper(self) -> KeyWrapper:
        if self._known_wrapper is None:
            self._known_wrapper = self._wrapper_factory()
        return self._known_wrapper

    def _exists(self, name: str) -> bool:
        return any(has_entries(path) for path in (self._layout.lineage(name), self._layout.requests_of(name)))

    def _verify_lineage(self, name: str) -> None:
        if not self._exists(name):
            raise rules.no_such_certificate(name, self.lineages())

    def _verify_generation(self, name: str, generation: int) -> None:
        self._verify_lineage(name)
        if not self._layout.generation(name, generation).is_dir():
            raise rules.no_such_generation(name, generation, self.generations(name))

    def _store_lock(self, timeout: float = STORE_LOCK_SECONDS) -> FileLock:
        return FileLock(self._layout.store_lock, timeout, what="the state directory")

    def _open_format(self) -> StoreFormat | None:
        found = read_format(self._layout)
        if found is None:
            return None
        verify_not_newer(self._layout, found)
        if found.number == FORMAT:
            return found
        make_directory(self._layout.locks)
        with self._store_lock():
            return migrate(self._layout, read_format(self._layout) or found, migrations=MIGRATIONS)

    def _ensure(self) -> StoreFormat:
        """Make the store if it is not there yet."""
        with translated(self._layout.root):
            make_directory(self._layout.locks)  # a copy made for moving may lack it
            if self._format is None:
                verify_owner(self._layout.root, self._command)  # another may have made it since it was not there
                with self._store_lock():
                    sweep(self._layout.root)
                    self._format = read_format(self._layout) or create_format(self._layout, self._clock.now())
        return self._format

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._ensure()
        with translated(self._layout.root):
            yield

    def _update_current(self, name: str) -> None:
        link = self._layout.current(name)
        wanted = self.current(name)
        if wanted is None:
            if link.is_symlink():
                remove_file(link)
        elif not link.is_symlink() or str(link.readlink()) != generation_directory(wanted):
            replace_symlink(link, generation_directory(wanted))

    def _recover(self) -> None:
        """Finish or take away what dead processes left; what a live one works on (it holds a lock) is left alone."""
        if self._format is None:
            return
        self._ensure()
        try:
            if not self._journal.is_empty() or has_leftovers(self._layout.root):
                with self._store_lock(0.0):
                    self._journal.finish_all()
                    sweep(self._layout.root)
        except LockedError:
            return
        for name in sorted(self._unclean()):
            try:
                with FileLock(self._layout.lock(name)):
                    self._sweep(name)
            except LockedError:
                continue

    def _unclean(self) -> set[str]:
        certificates, requests = self._layout.certificates, self._layout.requests
        found = {leftover_of(entry) for place in (certificates, requests) for entry in entries(place)} - {""}
        changed = {name for name in {*names(certificates), *names(requests)} if not self.scan_index.is_unchanged(name)}
        return found | {name for name in changed if self._is_unclean(name) or self._requests.leftovers(name)}

    def _is_unclean(self, name: str) -> bool:
        link = self._layout.current(name)
        wanted = self.current(name)
        shown = str(link.readlink()) if link.is_symlink() else None
        return has_leftovers(self._layout.lineage(name)) or shown != (
            None if wanted is None else generation_directory(wanted)
        )

    def _sweep(self, name: str) -> None:
        """Take away what dead processes left of a lineage, whose lock is held."""
        for place in (self._layout.certificates, self._layout.requests):
            for entry in self._leftovers.in_(place):
                if leftover_of(entry) == name:
                    remove_directory(place / entry)
        sweep(self._layout.lineage(name))
        self._requests.sweep(name)
        if self._layout.lineage(name).is_dir():
            self._update_current(name)
