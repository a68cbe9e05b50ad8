"""PEM files and a reload command as a deploy target: for every service that is not our gateway."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgecert.deploy.addresses import dns_names, see_addresses
from edgecert.deploy.fileset import FileSet, NewFile
from edgecert.deploy.reloading import run_reload
from edgecert.interfaces import DEPLOY_AS_USUAL, TargetVerdict, Verification
from edgecert.shared.clock import Clock, SystemClock
from edgecert.shared.duration import parse_duration
from edgecert.shared.errors import DeployError, PermissionDeniedError
from edgecert.shared.privateplaces import ensure_private_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from edgecert.deploy.fileset import Owner
    from edgecert.interfaces import DeployOptions, Prober
    from edgecert.model.request import DeployTarget
    from edgecert.shared.bundle import Bundle

CERTIFICATE_MODE: Final = 0o644  # a certificate is public
SETTLE: Final = 5.0
SETTLE_STEP: Final = 0.1


class FilesDeployer:
    """Writes a generation as PEM files, makes the service read them, and puts the old files back if that fails.

    Implements :class:`edgecert.interfaces.Deployer`.
    """

    def __init__(
        self,
        target: DeployTarget,
        prober: Prober,
        *,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Deploy to ``target``; ask its ``verify`` addresses by ``prober``."""
        self._target = target
        self._prober = prober
        self._clock = clock or SystemClock()
        self._pause = pause
        self._pushed = False

    def push(self, bundle: Bundle, options: DeployOptions) -> None:  # noqa: ARG002  # files know no streams
        """Write the files and reload.

        Raises:
            DeployError: ``plaintext-key``, ``files-target``, ``unsafe-directory``, ``reload-failed``; the previous
            files are back.
        """
        self._refuse_plaintext(bundle)
        files = self._prepare(bundle)
        try:
            files.write()
        except OSError as error:
            self._take_back(files, _cannot(error), reload_again=False)
        if self._target.reload_command:
            try:
                self._reload()
            except DeployError as error:
                self._take_back(files, error, reload_again=True)
        self._pushed = True

    def stage(
        self,
        bundle: Bundle,  # noqa: ARG002  # nothing is taken
        effective_at: datetime,  # noqa: ARG002  # the same
        options: DeployOptions = DEPLOY_AS_USUAL,  # noqa: ARG002  # the same
    ) -> bool:
        """Say that files cannot wait for a date by themselves; ``renew`` deploys them after it."""
        return False

    def cancel_staged(self, name: str) -> None:
        """Do nothing: nothing is ever staged in files."""

    def verify(self, bundle: Bundle) -> Verification:
        """Ask the target's ``verify`` addresses what they serve.

        A service may take a moment after its reload command ends: right after :meth:`push` the question is asked again
        for five seconds.
        """
        seen = see_addresses(self._prober, self._target, bundle)
        if not self._pushed or not self._target.verify:
            return seen
        deadline = self._clock.monotonic() + SETTLE
        while seen.verdict is not TargetVerdict.SAME and self._clock.monotonic() < deadline:
            self._pause(SETTLE_STEP)
            seen = see_addresses(self._prober, self._target, bundle)
        return seen

    def _refuse_plaintext(self, bundle: Bundle) -> None:
        if bundle.meta.exportable or self._target.plaintext_key:
            return
        raise DeployError(
            f"{bundle.meta.name} has a key that is not exportable; a files target would hold it in the clear",
            code="plaintext-key",
            hint="set plaintext_key = true in this target to allow that, or deploy to a gateway",
        )

    def _prepare(self, bundle: Bundle) -> FileSet:
        directory = Path(self._target.directory)
        if not self._target.directory or not directory.is_dir():
            raise _refused(
                f"the directory {self._target.directory!r} is not there", "make it, or set directory of this target"
            )
        files = tuple(_layout(self._target, bundle))
        try:
            for file in files:
                ensure_private_parent(directory / file.name)
            return FileSet(directory, files, _owner(self._target.owner))
        except PermissionDeniedError as error:
            raise DeployError(error.message, code=error.code, hint=error.hint) from error
        except OSError as error:
            raise _cannot(error) from error

    def _reload(self) -> None:
        run_reload(self._target.reload_command, parse_duration(self._target.reload_timeout).total_seconds())

    def _take_back(self, files: FileSet, fault: DeployError, *, reload_again: bool) -> None:
        """Put the previous files back, reload if asked, and raise ``fault`` with what else went wrong."""
        message = fault.message
        try:
            files.restore()
        except OSError as error:
            raise DeployError(
                f"{message}; putting the previous files back failed too: {error.filename}: {error.strerror}",
                code="restore-failed",
                hint="mend that, then deploy again; the service may read new files now",
            ) from fault
        if reload_again:
            try:
                self._reload()
            except DeployError as error:
                message += f"; the previous files are back, but reloading them failed too ({error.message})"
        raise DeployError(message, code=fault.code, hint=fault.hint) from fault


def _layout(target: DeployTarget, bundle: Bundle) -> Iterator[NewFile]:
    key, mode = _key_pem(bundle), int(target.mode, 8)
    match target.layout:
        case "pem-files":
            yield NewFile(_plain_name(target.key_file), key, mode)
            yield NewFile(_plain_name(target.cert_file), bundle.fullchain_pem, CERTIFICATE_MODE)
        case "combined":
            yield NewFile(_plain_name(target.combined_file), bundle.fullchain_pem + key, mode)
        case "per-domain":
            for domain in dns_names(bundle):
                stem = _plain_name(domain.replace("*", "_", 1))
                yield NewFile(f"{stem}.key", key, mode)
                yield NewFile(f"{stem}.crt", bundle.fullchain_pem, CERTIFICATE_MODE)


def _key_pem(bundle: Bundle) -> bytes:
    return bundle.key.reveal().rstrip(b"\n") + b"\n"


def _plain_name(name: str) -> str:
    if not name or name in {".", ".."} or "/" in name or "\0" in name:
        raise _refused(f"{name!r} is not the name of a file in the target's directory", "name files without a path")
    return name


def _owner(text: str) -> Owner | None:
    """Give uid and gid that ``user`` or ``user:group`` names, or None for nothing."""
    if not text:
        return None
    import grp  # noqa: PLC0415  # only where an owner is asked for
    import pwd  # noqa: PLC0415  # only where an owner is asked for

    user, _, group = text.partition(":")
    try:
        entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
        gid = entry.pw_gid if not group else int(group) if group.isdecimal() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise _refused(f"there is no user or group {text!r} on this host", "mend owner of this target") from None
    if os.geteuid() not in {0, entry.pw_uid}:
        raise _refused(f"only root can give files to {text!r}", "run edgecert as root, or leave owner out")
    return entry.pw_uid, gid


def _refused(message: str, hint: str) -> DeployError:
    return DeployError(message, code="files-target", hint=hint)


def _cannot(error: OSError) -> DeployError:
    place = f"{error.filename}: " if error.filename else ""
    return DeployError(f"{place}{error.strerror or error}", code="files-target", hint="see the target's directory")
