"""Where everything lies in a state directory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.shared.bundle import generation_directory
from edgecert.store.rules import verify_name, verify_request_id

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_FILE: Final = "settings.toml"
DEPLOYMENTS_FILE: Final = "deployments.json"
STAGED_FILE: Final = "staged.json"
RENEWAL_FILE: Final = "renewal.json"
CURRENT_LINK: Final = "current"
REQUEST_FILE: Final = "request.json"
CSR_FILE: Final = "request.csr"
KNOWN_ENTRIES: Final = frozenset(
    {"format", "certificates", "requests", "accounts", "local-ca", "log", "locks", "journal", "numbers.json"}
    | {"backup", "blocked-keys.json", "drafts", "scan.json", "lost+found"}
)
_LEFTOVER_OF: Final = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{12}\.tmp")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one state directory; a name that cannot be a lineage's is refused before it becomes a path."""

    root: Path

    @property
    def format_file(self) -> Path:
        """The format's number and the store's id: what makes the directory a store."""
        return self.root / "format"

    @property
    def certificates(self) -> Path:
        """One directory per lineage."""
        return self.root / "certificates"

    @property
    def requests(self) -> Path:
        """One directory per lineage, one below it per request."""
        return self.root / "requests"

    @property
    def locks(self) -> Path:
        """One file per lineage, and one for the whole store."""
        return self.root / "locks"

    @property
    def store_lock(self) -> Path:
        """The lock of what concerns more than one lineage; no lineage's name begins with a dot."""
        return self.locks / ".store.lock"

    @property
    def audit_lock(self) -> Path:
        """The lock of the audit log."""
        return self.locks / ".audit.lock"

    @property
    def journal(self) -> Path:
        """Changes of several directories that were begun; a finished one has no entry."""
        return self.root / "journal"

    @property
    def numbers_file(self) -> Path:
        """The last generation of each name that was removed or renamed away."""
        return self.root / "numbers.json"

    @property
    def scan_file(self) -> Path:
        """When each lineage needs attention next: a summary that may be deleted at any time."""
        return self.root / "scan.json"

    @property
    def blocked_keys_file(self) -> Path:
        """The public keys that are never used again."""
        return self.root / "blocked-keys.json"

    @property
    def audit_file(self) -> Path:
        """The audit log."""
        return self.root / "log" / "audit.jsonl"

    @property
    def backup(self) -> Path:
        """Copies made before a migration."""
        return self.root / "backup"

    def lock(self, name: str) -> Path:
        """Give the lock file of a lineage."""
        return self.locks / f"{verify_name(name)}.lock"

    def lineage(self, name: str) -> Path:
        """Give the directory of a lineage."""
        return self.certificates / verify_name(name)

    def generation(self, name: str, generation: int) -> Path:
        """Give the directory of a generation."""
        return self.lineage(name) / generation_directory(generation)

    def settings(self, name: str) -> Path:
        """Give the file of a lineage's saved settings."""
        return self.lineage(name) / SETTINGS_FILE

    def deployments(self, name: str) -> Path:
        """Give the file of a lineage's deployment state."""
        return self.lineage(name) / DEPLOYMENTS_FILE

    def staged(self, name: str) -> Path:
        """Give the file that says what is staged."""
        return self.lineage(name) / STAGED_FILE

    def renewal(self, name: str) -> Path:
        """Give the file that says how a lineage's renewal stands."""
        return self.lineage(name) / RENEWAL_FILE

    def current(self, name: str) -> Path:
        """Give the symlink to the newest generation that is not held."""
        return self.lineage(name) / CURRENT_LINK

    def requests_of(self, name: str) -> Path:
        """Give the directory of a lineage's requests."""
        return self.requests / verify_name(name)

    def request(self, name: str, request_id: str) -> Path:
        """Give the directory of a request."""
        return self.requests_of(name) / verify_request_id(request_id)


def leftover_of(entry: str) -> str:
    """Give the name of what a leftover was to become, or was; empty if ``entry`` is none."""
    match = _LEFTOVER_OF.fullmatch(entry)
    return match["name"] if match else ""
