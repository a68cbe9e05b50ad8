"""What a run found, as a file for the textfile collector of Prometheus' node_exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from edgecert.cli.shapes import overdue_word
from edgecert.shared.atomic import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from edgecert.lifecycle.renew import RenewResult
    from edgecert.wiring import Wiring

METRICS: Final = (
    ("edgecert_certificate_not_after_timestamp_seconds", "when the certificate ends"),
    ("edgecert_renewal_due_timestamp_seconds", "when it is renewed"),
    ("edgecert_renewal_overdue", "how late that is: 0 in time, 1 warning, 2 critical"),
    ("edgecert_renewal_failures", "attempts that failed since the last certificate"),
)
LAST_RUN: Final = ("edgecert_last_run_timestamp_seconds", "when renew last looked at all certificates")
_PUBLIC: Final = 0o644  # another user collects it; nothing in it is secret
_OVERDUE: Final = {None: 0, "warning": 1, "critical": 2}


def write_metrics(path: Path, wiring: Wiring, results: Iterable[RenewResult], *, now: datetime) -> None:
    """Write ``path`` as a whole from what a run found.

    Raises:
        OSError: it cannot be written.
    """
    rows = [(result.name, _values(wiring, result)) for result in results]
    lines: list[str] = []
    for column, (name, text) in enumerate(METRICS):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
        lines += [
            f'{name}{{name="{lineage}"}} {value:.0f}'
            for lineage, values in rows
            if (value := values[column]) is not None
        ]
    lines += [f"# HELP {LAST_RUN[0]} {LAST_RUN[1]}", f"# TYPE {LAST_RUN[0]} gauge"]
    lines += [f"{LAST_RUN[0]} {now.timestamp():.0f}"]
    write_file(path, "".join(f"{line}\n" for line in lines).encode(), _PUBLIC)


def _values(wiring: Wiring, result: RenewResult) -> tuple[float | None, ...]:
    """Give the columns of one lineage; what was passed by is in time and has not failed."""
    not_after = result.not_after.timestamp() if result.not_after is not None else None
    due_at = result.due_at.timestamp() if result.due_at is not None else None
    number = wiring.store.current(result.name) if result.certificate is not None else None
    if number is None:
        return not_after, due_at, 0, 0
    meta = wiring.store.load_meta(result.name, number)
    state = wiring.due.state(meta)
    decision = wiring.due.decide(meta, wiring.store.load_settings(result.name), state)
    overdue = _OVERDUE[overdue_word(decision)]
    return meta.not_after.timestamp(), decision.due_at.timestamp(), overdue, state.failures
