"""Seeing what many listeners serve, sixteen at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ListenerReport, TargetVerdict, Verification
from edgecert.shared.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgecert.interfaces import Prober

AT_A_TIME: Final = 16
PROBE_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """One handshake to do: where, how, for which domain."""

    address: str
    protocol: str
    domain: str


def see_served(prober: Prober, questions: Sequence[Question], fingerprint: str) -> Verification:
    """Ask all ``questions`` and compare what is served with ``fingerprint`` (of the leaf, SHA-256).

    ``same`` only if every listener serves it, ``different`` if any serves something else, else ``unverified``. Never
    raises for what listeners do.
    """
    if not questions:
        return Verification(TargetVerdict.UNVERIFIED, error="there is no listener to ask")
    reports: list[ListenerReport | None] = [None] * len(questions)
    pending = iter(enumerate(questions))
    lock = threading.Lock()

    def work() -> None:
        for index, question in _draw(pending, lock):
            reports[index] = ask(prober, question, fingerprint)[0]

    helpers = [threading.Thread(target=work, name=f"probe {n}") for n in range(1, min(AT_A_TIME, len(questions)))]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    return conclude([report for report in reports if report is not None])


def _draw(pending: Iterator[tuple[int, Question]], lock: threading.Lock) -> Iterator[tuple[int, Question]]:
    while True:
        with lock:
            drawn = next(pending, None)
        if drawn is None:
            return
        yield drawn


def ask(prober: Prober, question: Question, fingerprint: str) -> tuple[ListenerReport, bool]:
    """Do one handshake; give the report, and whether somebody was there at all."""
    place = (question.address, question.protocol, question.domain)
    try:
        served = prober.probe(*place, timeout=PROBE_TIMEOUT)
    except NetworkError as error:
        reached = error.code not in {"unreachable", "probe-timeout"}
        return ListenerReport(*place, TargetVerdict.UNVERIFIED, error=error.message), reached
    verdict = TargetVerdict.SAME if served.fingerprint_sha256 == fingerprint else TargetVerdict.DIFFERENT
    return ListenerReport(*place, verdict, served.fingerprint_sha256, served.serial), True


def conclude(reports: Sequence[ListenerReport]) -> Verification:
    """Give the worst of ``reports`` and what to say about it."""
    if not reports:
        return Verification(TargetVerdict.UNVERIFIED, error="there is no name to ask for")
    for verdict in (TargetVerdict.DIFFERENT, TargetVerdict.UNVERIFIED):
        culprits = [report for report in reports if report.verdict is verdict]
        if culprits:
            served = next(
                (report.fingerprint_sha256 for report in [*culprits, *reports] if report.fingerprint_sha256), ""
            )
            return Verification(verdict, served, tuple(reports), _explain(culprits))
    return Verification(TargetVerdict.SAME, reports[0].fingerprint_sha256, tuple(reports))


def _explain(culprits: Sequence[ListenerReport]) -> str:
    first = culprits[0]
    what = first.error or f"serves the certificate with serial {first.serial}"
    others = f" (and {len(culprits) - 1} more)" if len(culprits) > 1 else ""
    return f"{first.protocol}://{first.address} for {first.domain}: {what}{others}"
