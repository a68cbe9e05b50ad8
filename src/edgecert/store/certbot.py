"""certbot's directory, only ever read: ``renewal/``, ``live/`` and ``accounts/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.model.certbot import CertbotAccount, CertbotLineage, parse_renewal_file, server_path
from edgecert.model.findings import Finding, Severity
from edgecert.model.jwkkey import key_from_jwk
from edgecert.shared.errors import MaterialError, PermissionDeniedError, UsageError
from edgecert.shared.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.certbot import RenewalFile

DEFAULT_DIRECTORY: Final = Path("/etc/letsencrypt")


def read_certbot(directory: Path, names: Sequence[str] = ()) -> tuple[CertbotLineage, ...]:
    """Give the lineages in certbot's ``directory``, those of ``names`` or all; nothing of it is changed.

    A copy of the directory will do: what it says of its own place is not believed.

    Raises:
        UsageError: there is no such directory, or no lineage of that name (``certbot-not-found``).
        MaterialError: a file is not what certbot writes (``certbot-malformed``).
        PermissionDeniedError: this user may not read it.
    """
    try:
        known = sorted(path.stem for path in (directory / "renewal").iterdir() if path.suffix == ".conf")
    except OSError as error:
        message = f"{directory} is no directory of certbot: {error.strerror}"
        raise UsageError(message, code="certbot-not-found", hint="certbot's own is /etc/letsencrypt") from error
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        message = f"{directory} has no lineage {unknown[0]}" if unknown else f"{directory} has no lineage"
        raise UsageError(message, code="certbot-not-found", hint=f"there are: {', '.join(known) or 'none'}")
    return tuple(_lineage(directory, name) for name in known if not names or name in names)


def _lineage(directory: Path, name: str) -> CertbotLineage:
    renewal = parse_renewal_file(_read(directory / "renewal" / f"{name}.conf").decode("utf-8", "replace"), name)
    account, findings = _account(directory, renewal, name)
    return CertbotLineage(
        name,
        renewal,
        _read(directory / "live" / name / "fullchain.pem"),
        Secret(_read(directory / "live" / name / "privkey.pem")),
        account,
        findings,
    )


def _account(directory: Path, renewal: RenewalFile, name: str) -> tuple[CertbotAccount | None, tuple[Finding, ...]]:
    """Give the account that renews a lineage; None where certbot has forgotten it, or keeps it otherwise."""
    identifier, place = renewal.params.get("account", ""), server_path(renewal.params.get("server", ""))
    if not identifier or "/" in identifier or not place or ".." in place:
        return None, ()
    home = directory / "accounts" / place / identifier
    if not home.is_dir():
        return None, ()
    try:
        key = key_from_jwk(json.loads(_read(home / "private_key.json")))
        registration = json.loads(_read(home / "regr.json"))
        body = registration.get("body") or {}
        contact = tuple(str(each) for each in body.get("contact") or ())
        return CertbotAccount(identifier, key, str(registration["uri"]), contact), ()
    except (MaterialError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{name}: its account {identifier} cannot be used: {error}"
        hint = "the first renewal opens a new account"
        return None, (Finding("certbot-without-account", Severity.WARNING, (name,), message, hint),)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError as error:
        message = f"{path} may not be read by this user"
        raise PermissionDeniedError(message, hint="run this command with sudo") from error
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise MaterialError(message, code="certbot-malformed", hint="see what certbot certificates says") from error
