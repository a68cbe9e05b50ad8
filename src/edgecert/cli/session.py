"""From a verb's arguments to the use cases: what every verb that touches the store begins with."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edgecert.cli.common import host_settings
from edgecert.shared.errors import ExitCode, StoreError, UsageError
from edgecert.shared.printable import show_controls

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgecert.cli.common import CliContext
    from edgecert.interfaces import Progress, SavedSettings
    from edgecert.shared.bundle import BundleMeta
    from edgecert.wiring import Wiring


def wiring_for(context: CliContext, progress: Progress | None = None, state_dir: Path | None = None) -> Wiring:
    """Give the wiring for the state directory and the lock time-out that the arguments name.

    Steps are told to ``progress``, else to the run's output; ``state_dir`` stands before the configured one.
    """
    from edgecert.wiring import Wiring

    host = host_settings(context)
    return Wiring(
        state_dir=state_dir or Path(host.state_dir),
        kek_file=Path(host.kek_file),
        environ=context.environ,
        clock=context.clock,
        progress=progress or context.output,
        lock_timeout=context.lock_timeout,
        command=(Path(sys.argv[0]).name, *sys.argv[1:]),
        nameservers=tuple(vars(context.args).get("nameserver") or ()),
        look_at_dns=vars(context.args).get("dns"),
    )


def lineage(wiring: Wiring, name: str) -> str:
    """Give ``name``, or the only lineage there is when it is empty.

    Raises:
        StoreError: there is no such lineage, or none at all.
        UsageError: there are several and none was named.
    """
    known = wiring.store.lineages()
    if name:
        if name not in known:
            message = f"there is no certificate named {name}"
            raise StoreError(message, code="no-such-certificate", hint=f"there are: {', '.join(known) or 'none yet'}")
        return name
    if len(known) == 1:
        return known[0]
    if not known:
        message = f"there is no certificate in {wiring.state_dir} yet"
        raise StoreError(message, code="no-such-certificate", hint="make one: edgecert apply -c FILE")
    message = f"which certificate? There are: {', '.join(known)}"
    raise UsageError(message)


def current_meta(wiring: Wiring, name: str) -> BundleMeta:
    """Give the meta of the lineage's current generation.

    Raises:
        StoreError: there is none yet (code ``no-such-generation``).
    """
    number = wiring.store.current(name)
    if number is None:
        message = f"{name} has no certificate yet"
        raise StoreError(
            message, code="no-such-generation", hint=f"is it still waiting for the CA? edgecert show {name}"
        )
    return wiring.store.load_meta(name, number)


def settings_of(wiring: Wiring, name: str) -> SavedSettings:
    """Give the lineage's saved settings.

    Raises:
        StoreError: it has none (code ``no-settings``).
    """
    settings = wiring.store.load_settings(name)
    if settings is None:
        message = f"{name} has no saved settings"
        raise StoreError(message, code="no-settings", hint="apply a flags file for it: edgecert apply -c FILE")
    return settings


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Give the exit code of several lineages: the worst of 1, 6, 7, 8, 9 wins, then 2, 5, 0."""
    seen = set(codes)
    for code in (
        ExitCode.PERMISSION,
        ExitCode.LOCKED,
        ExitCode.NETWORK,
        ExitCode.REFUSED,
        ExitCode.FAILED,
        ExitCode.USAGE,
        ExitCode.WAITING,
    ):
        if code in seen:
            return code
    return ExitCode.OK


def confirmed(context: CliContext, question: str) -> bool:
    """Whether the person said yes: by ``--yes``, or on a terminal by typing it.

    Raises:
        UsageError: there is no terminal to ask at.
    """
    if getattr(context.args, "yes", False):
        return True
    if not sys.stdin.isatty():
        message = f"{question} There is no terminal to answer at"
        raise UsageError(message, hint="say --yes")
    sys.stderr.write(f"{show_controls(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def flags_file_changed(settings: SavedSettings) -> bool:
    """Whether the flags file that ``settings`` came from now says something else."""
    if not settings.flags_file or not settings.flags_digest:
        return False
    try:
        return hashlib.sha256(Path(settings.flags_file).read_bytes()).hexdigest() != settings.flags_digest
    except OSError:
        return False
