"""Challenges published as files, and a CA that looks for them there: what a killed run leaves behind can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.support.acmelooking import digest_of

if TYPE_CHECKING:
    from pathlib import Path

# The hook of an administrator: a file per TXT value.
HOOK: Final = """#!/bin/sh
set -e
case $1 in
present) : > "$0.d/$2=$3" ;;
clean-up) rm -f "$0.d/$2=$3" ;;
esac
"""


@dataclass
class FilesLooking:
    """Looks into a webroot, and into the directory that the hook writes to."""

    directory: Path

    def __post_init__(self) -> None:
        """Make both."""
        self.webroot.mkdir(parents=True)
        self.records.mkdir()
        self.hook.write_text(HOOK, encoding="utf-8")
        self.hook.chmod(0o700)

    @property
    def webroot(self) -> Path:
        """The document root."""
        return self.directory / "www"

    @property
    def hook(self) -> Path:
        """The hook for dns-01."""
        return self.directory / "hook"

    @property
    def records(self) -> Path:
        """Where the hook keeps its records."""
        return self.directory / "hook.d"

    @property
    def published(self) -> list[str]:
        """What lies in both."""
        return [path.name for place in (self.webroot, self.records) for path in place.rglob("*") if path.is_file()]

    def look(self, kind: str, identifier: str, token: str, key_authorization: str) -> bool:
        """Implement :class:`tests.support.acmelooking.Looking`."""
        if kind == "dns-01":
            return (self.records / f"_acme-challenge.{identifier}={digest_of(key_authorization)}").is_file()
        file = self.webroot / ".well-known" / "acme-challenge" / token
        return kind == "http-01" and file.is_file() and file.read_text(encoding="ascii") == key_authorization

    def challenges(self) -> str:
        """Give the entries of a flags file: the wildcard by the hook, the rest by the webroot."""
        return (
            '[[issuer.challenges]]\nnames = ["*.contoso.com"]\ntype = "dns-01"\nprovider = "command"\n'
            f'command = ["{self.hook}"]\n'
            f'[[issuer.challenges]]\ntype = "http-01"\nwebroot = "{self.webroot}"\n'
        )
