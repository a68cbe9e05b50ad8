"""An ACME account on disk.

::

    accounts/<host>-<hash>/lock
                           key.pem         the account's key, P-256, 0600; written before the CA hears of it
                           next-key.pem    its next key, while it is not known which of the two the CA has
                           account.json    directory, name, URL at the CA, contact; written after the CA agreed

The hash is over the directory's URL and the account's name, so that each pair has a directory of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edgecert.model.keys import generate_key, key_to_pem, load_key
from edgecert.shared.atomic import FileLock, create_file, make_directory, remove_file, rename_file, sweep, write_file
from edgecert.shared.errors import StoreError
from edgecert.shared.privateplaces import ensure_private_parent
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.model.keys import PrivateKey

_KEY: Final = "key.pem"
_NEXT_KEY: Final = "next-key.pem"
_RECORD: Final = "account.json"
_LOCK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as the CA knows it."""

    directory: str
    name: str
    url: str
    contact: tuple[str, ...] = ()


class AccountFiles:
    """Reads and writes one account's directory."""

    def __init__(self, accounts: Path, directory_url: str, name: str) -> None:
        """Use the place below ``accounts`` that belongs to this pair."""
        host = re.sub(r"[^a-z0-9.-]", "-", (urlsplit(directory_url).hostname or "acme").lower())
        digest = hashlib.sha256(f"{directory_url}\n{name}".encode()).hexdigest()[:12]
        self.path = accounts / f"{host}-{digest}"
        self._directory_url = directory_url
        self._name = name

    def lock(self) -> FileLock:
        """Give the account's lock, its directory made."""
        ensure_private_parent(self.path)
        make_directory(self.path)
        return FileLock(self.path / "lock", _LOCK_SECONDS, what="the ACME account")

    def key(self) -> PrivateKey:
        """Give the account's key, made at its first use.

        Raises:
            MaterialError: the file holds no key.
        """
        path = self.path / _KEY
        if not path.exists():
            with self.lock():
                sweep(self.path)
                if not path.exists():
                    create_file(path, key_to_pem(generate_key("ecdsa", 256)).reveal())
        return load_key(Secret(path.read_bytes()))

    def make_next_key(self) -> PrivateKey:
        """Make the account's next key and keep it beside the present one; the caller holds the lock."""
        sweep(self.path)
        create_file(self.path / _NEXT_KEY, key_to_pem(generate_key("ecdsa", 256)).reveal())
        return load_key(Secret((self.path / _NEXT_KEY).read_bytes()))

    def next_key(self) -> PrivateKey | None:
        """Give the key that a roll-over left behind, if it is not known yet whether the CA has taken it.

        Raises:
            MaterialError: the file holds no key.
        """
        try:
            return load_key(Secret((self.path / _NEXT_KEY).read_bytes()))
        except FileNotFoundError:
            return None

    def take_next_key(self) -> None:
        """Put the next key in the place of the present one: the CA has it. The caller holds the lock."""
        rename_file(self.path / _NEXT_KEY, self.path / _KEY)

    def drop_next_key(self) -> None:
        """Take the next key away: the CA does not have it. The caller holds the lock."""
        remove_file(self.path / _NEXT_KEY)

    def has_key(self) -> bool:
        """Whether there is a key already, so that the CA may know the account."""
        return (self.path / _KEY).exists()

    def load(self) -> AccountRecord | None:
        """Give what the CA said of the account, or None before it did.

        Raises:
            StoreError: ``record-damaged``.
        """
        path = self.path / _RECORD
        try:
            document = json.loads(path.read_bytes())
            return AccountRecord(
                str(document["directory"]), str(document["name"]), str(document["url"]), tuple(document["contact"])
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            hint = "take the file away: the next run asks the CA for the account of its key again"
            raise StoreError(f"{path} is damaged", code="record-damaged", hint=hint) from None

    def save(self, url: str, contact: tuple[str, ...]) -> AccountRecord:
        """Keep what the CA said; the caller holds the lock."""
        sweep(self.path)
        record = AccountRecord(self._directory_url, self._name, url, contact)
        document = {"directory": record.directory, "name": record.name, "url": url, "contact": list(contact)}
        write_file(self.path / _RECORD, f"{json.dumps(document, indent=2)}\n".encode())
        return record

    def adopt(self, key: PrivateKey, url: str, contact: tuple[str, ...]) -> None:
        """Keep an account that another client opened; its key counts from now on here too.

        Raises:
            StoreError: there is another key in this place already (``account-taken``).
        """
        with self.lock():
            path = self.path / _KEY
            if not path.exists():
                create_file(path, key_to_pem(key).reveal())
            elif load_key(Secret(path.read_bytes())).public_key() != key.public_key():
                message = f"{self.path} has the key of another account"
                raise StoreError(message, code="account-taken", hint="rename that directory if it is not needed")
            self.save(url, contact)

    def forget(self) -> None:
        """Take key and record of a deactivated account away: it can never be used again (RFC 8555 §7.3.6)."""
        for name in (_RECORD, _NEXT_KEY, _KEY):
            remove_file(self.path / name)
