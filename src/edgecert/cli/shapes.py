"""The JSON shapes that outsiders may rely on, and the same facts in sentences and rows for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.interfaces import TargetVerdict
from edgecert.model.findings import Severity
from edgecert.shared.clock import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from edgecert.interfaces import CertificateStore, Deployment
    from edgecert.lifecycle.results import TargetResult
    from edgecert.model.findings import Finding
    from edgecert.model.renewal import RenewalDecision
    from edgecert.model.renewalstate import RenewalState
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.jsonvalue import JsonObject, JsonValue

SECONDS_A_DAY = 86400
_CERTIFICATE_KEYS = (
    "name",
    "generation",
    "serial",
    "not_before",
    "not_after",
    "names",
    "issuer",
    "issuer_kind",
    "key",
    "exportable",
    "fingerprint_sha256",
    "path",
)


def days_left(meta: BundleMeta, now: datetime) -> int:
    """Give the whole days until ``meta`` expires, floored; negative when it has expired."""
    return int((meta.not_after - now).total_seconds() // SECONDS_A_DAY)


def certificate(store: CertificateStore, meta: BundleMeta) -> dict[str, JsonValue]:
    """Give the ``certificate`` shape."""
    return {
        "name": meta.name,
        "generation": meta.generation,
        "serial": meta.serial,
        "not_before": format_time(meta.not_before),
        "not_after": format_time(meta.not_after),
        "names": list(meta.names),
        "issuer": meta.issuer,
        "issuer_kind": meta.issuer_kind,
        "key": meta.key,
        "exportable": meta.exportable,
        "fingerprint_sha256": meta.fingerprint_sha256,
        "path": store.path(meta.name, meta.generation),
        "friendly_name": meta.friendly_name,
        "findings": list(meta.findings),
    }


def no_certificate(name: str) -> dict[str, JsonValue]:
    """Give the ``certificate`` shape of a lineage that has none yet: every key, but only the name with a value."""
    return dict.fromkeys(_CERTIFICATE_KEYS) | {"name": name}


def target(entry: Deployment, *, elapsed_ms: int = 0, failed: bool = False) -> dict[str, JsonValue]:
    """Give the ``target`` shape."""
    ok = not failed and not entry.open and entry.verdict in {TargetVerdict.SAME, TargetVerdict.UNVERIFIED}
    return {
        "name": entry.target,
        "kind": entry.kind,
        "ok": ok,
        "verdict": entry.verdict.value,
        "wanted": entry.wanted,
        "serving": entry.serving,
        "served_fingerprint_sha256": entry.served_fingerprint_sha256,
        "elapsed_ms": elapsed_ms,
        "error": entry.last_error or None,
    }


def target_result(result: TargetResult) -> dict[str, JsonValue]:
    """Give the ``target`` shape of what a deployment came to, each listener included."""
    shape = target(result.deployment, elapsed_ms=result.elapsed_ms, failed=result.failed)
    if result.verification is not None:
        shape["listeners"] = [
            {
                "address": seen.address,
                "protocol": seen.protocol,
                "domain": seen.domain,
                "verdict": seen.verdict.value,
                "serial": seen.serial,
                "error": seen.error or None,
            }
            for seen in result.verification.listeners
        ]
    return shape


def renewal(state: RenewalState, decision: RenewalDecision) -> JsonObject:
    """Give how a renewal stands: how late it is, what failed, what the CA wants."""
    info = state.window.info if state.window is not None else None
    return {
        "overdue": overdue_word(decision),
        "failures": state.failures,
        "retry_at": format_time(state.retry_at) if state.retry_at and state.troubled else None,
        "error": {"code": state.error.code, "message": state.error.message} if state.error else None,
        "window": {"start": format_time(info.start), "end": format_time(info.end)} if info else None,
        "explanation_url": (info.explanation_url or None) if info else None,
    }


def overdue_word(decision: RenewalDecision) -> str | None:
    """Give ``warning`` or ``critical`` for a renewal that is late, None for one that is not."""
    if decision.overdue is None:
        return None
    return "critical" if decision.overdue is Severity.ERROR else "warning"


def finding(entry: Finding) -> JsonObject:
    """Give the ``finding`` shape."""
    return {
        "code": entry.code,
        "severity": entry.severity.value,
        "names": list(entry.names),
        "message": entry.message,
        "hint": entry.hint,
    }


def describe_certificate(store: CertificateStore, meta: BundleMeta, now: datetime) -> str:
    """Say what there is, where it lies and until when, for people."""
    names = ", ".join(meta.names)
    return (
        f"{meta.name} generation {meta.generation}: {names}\n"
        f"  {meta.key}, serial {meta.serial}, from {meta.issuer}\n"
        f"  valid until {format_time(meta.not_after)} (in {days_left(meta, now)} days)\n"
        f"  in {store.path(meta.name, meta.generation)}"
    )


def describe_targets(results: Iterable[TargetResult]) -> str:
    """Say per target what it serves now."""
    return "\n".join(describe_target(result.deployment, result.elapsed_ms, failed=result.failed) for result in results)


def describe_target(entry: Deployment, elapsed_ms: int = 0, *, failed: bool = False) -> str:
    """Say what one target serves, in one line."""
    took = f" ({elapsed_ms} ms)" if elapsed_ms else ""
    if failed or entry.verdict is TargetVerdict.DIFFERENT:
        why = entry.last_error or "another certificate is served"
        return f"  {entry.target}: FAILED{took}: {why}; in service: {_number(entry.serving)}"
    match entry.verdict:
        case TargetVerdict.SAME:
            return f"  {entry.target}: serves generation {_number(entry.serving)}, seen by real handshakes{took}"
        case TargetVerdict.NOT_RUNNING:
            return f"  {entry.target}: not running; the next renew or apply hands it generation {entry.wanted}"
        case _:
            return f"  {entry.target}: has generation {_number(entry.serving)}; what it serves was not seen{took}"


def _number(generation: int | None) -> str:
    return "nothing" if generation is None else str(generation)


def findings_text(findings: Sequence[Finding]) -> str:
    """Give findings as lines for people."""
    return "\n".join(f"  {entry.severity.value}: {entry.message} [{entry.code}]" for entry in findings)
