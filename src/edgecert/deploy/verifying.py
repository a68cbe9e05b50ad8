"""Seeing what many listeners serve, sixteen at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edgecert.interfaces import ListenerReport, TargetVerdict, Verification
from edgecert.shared.errors import NetworkError
from edgecert.shared.names import to_unicode
from edgecert.shared.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from edgecert.interfaces import Prober, Served, Standing, WatchesStandings

AT_A_TIME: Final = 16
PROBE_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Question:
    """One handshake to do: where, how, for which domain."""

    address: str
    protocol: str
    domain: str


class WatchedProber:
    """Asks by another prober, and tells who watches which listener is asked and what was seen there.

    Implements :class:`edgecert.interfaces.Prober`.
    """

    def __init__(self, prober: Prober, watcher: WatchesStandings) -> None:
        """Ask by ``prober``, tell ``watcher``."""
        self._prober = prober
        self._watcher = watcher

    def probe(self, address: str, protocol: str, domain: str, *, timeout: float) -> Served:
        """Do one handshake."""
        self._watcher.stands(_place(address, protocol, domain), "busy", _("a handshake"))
        return self._prober.probe(address, protocol, domain, timeout=timeout)

    def saw(self, report: ListenerReport) -> None:
        """Tell what was seen at a listener."""
        serial = f"{_('serial')} {report.serial[:16]}"
        standing: Standing = "warning"
        text = report.error
        if report.verdict is TargetVerdict.SAME:
            standing, text = "done", f"{_('serves it')}, {serial}"
        elif report.verdict is TargetVerdict.DIFFERENT:
            standing, text = "failed", f"{_('serves another certificate')}, {serial}"
        self._watcher.stands(_place(report.address, report.protocol, report.domain), standing, text)


def _place(address: str, protocol: str, domain: str) -> str:
    return f"{protocol}://{address} {to_unicode(domain)}"


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
    report, reached = _ask(prober, question, fingerprint)
    if isinstance(prober, WatchedProber):
        prober.saw(report)
    return report, reached


def _ask(prober: Prober, question: Question, fingerprint: str) -> tuple[ListenerReport, bool]:
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
