"""What ``status`` and ``streams`` say of partners and streams."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from edgecert.shared.clock import format_time
from gateway.model.peer import Direction
from gateway.net.advice import advise
from gateway.net.outbound import StreamFailure
from gateway.policy.methods import is_tls_possible, method_set

if TYPE_CHECKING:
    from edgecert.shared.bundle import BundleMeta
    from edgecert.shared.jsonvalue import JsonObject, JsonValue
    from gateway.net.failures import Failure
    from gateway.net.hub import Hub
    from gateway.net.inbound import InboundConnection
    from gateway.net.outbound import OutboundConnection
    from gateway.net.pair import OutboundPair
    from gateway.policy.partner import Partner
    from gateway.tls.material import StagedMaterial


def describe_partners(hub: Hub) -> list[JsonObject]:
    """Give for each partner domain that is configured its state, and why the last attempt to reach it failed."""
    return [_describe_partner(hub, partner) for partner in hub.partners]


def _describe_partner(hub: Hub, partner: Partner) -> JsonObject:
    domains = set(partner.domains)
    pairs = [pair for (_, domain), pair in hub.pairs.items() if domain in domains]
    heard = any(pair.partner in domains for connection in hub.inbound for pair in connection.stream.pairs)
    failure = next((pair.failure for pair in pairs if pair.failure is not None and pair.connection is None), None)
    inbound = hub.dialling.failures.newest(frozenset(domains), Direction.INBOUND)
    states = {pair.state for pair in pairs}
    if "open" in states or heard:
        state = "open"
    elif failure is not None:
        state = "failed"
    else:
        state = "connecting" if "connecting" in states else "idle"
    return {
        "domain": partner.domain,
        "state": state,
        "reason": str(failure) if failure is not None else "; ".join(_list_vanished(hub, partner)),
        "queued": sum(pair.queued for pair in pairs),
        "warnings": _describe_warnings(hub, partner),
        "inbound_failure": inbound.to_json() if inbound is not None else None,
    }


def _describe_warnings(hub: Hub, partner: Partner) -> list[JsonValue]:
    parted = (warning.partition(": ") for warning in _list_vanished(hub, partner))
    return [{"code": code, "message": message} for code, _, message in parted]


def list_warnings(hub: Hub) -> list[str]:
    """Give every warning of all partners, each with its code."""
    return [warning for partner in hub.partners for warning in _list_vanished(hub, partner)]


def _list_vanished(hub: Hub, partner: Partner) -> list[str]:
    if not is_tls_possible(method_set(partner)):
        return []
    used = {domain: hub.tls_memory.vanished(domain) for domain in partner.domains}
    return [
        f"tls-vanished: {domain} used TLS until {format_time(last)} and offers none now"
        for domain, last in used.items()
        if last is not None
    ]


def describe_queues(hub: Hub) -> list[JsonObject]:
    """Give what waits for each partner's domain, and for which ones an attempt has failed."""
    pairs = sorted(hub.pairs.items())
    return [_describe_queue(hub, pair) for _, pair in pairs if not pair.empty or pair.failure is not None]


def _describe_queue(hub: Hub, pair: OutboundPair) -> JsonObject:
    clock, room = hub.dialling.clock, pair.room
    oldest = pair.room.waiting_since
    return {
        "home": pair.home,
        "domain": pair.domain,
        "state": pair.state,
        "reason": str(pair.failure) if pair.failure is not None else "",
        "stanzas": pair.queued,
        "on_disk": room.on_disk,
        "unacknowledged": pair.unacknowledged,
        "octets": room.octets,
        "oldest_s": int((clock.now() - oldest).total_seconds()) if oldest is not None else 0,
        "next_attempt_s": max(0, round(pair.back_off.until - clock.monotonic())) if pair.connection is None else 0,
    }


def describe_failures(hub: Hub) -> list[JsonObject]:
    """Give what went wrong lately, the newest first, each with what can be done about it."""
    return [_describe_failure(failure) for failure in reversed(tuple(hub.dialling.failures))]


def _describe_failure(failure: Failure) -> JsonObject:
    outbound = failure.direction == Direction.OUTBOUND
    hint = advise(StreamFailure(failure.code, failure.text), failure.home, failure.domain) if outbound else ""
    return {**failure.to_json(), "hint": hint}


def count_generations(hub: Hub) -> list[JsonObject]:
    """Give how many authenticated streams live on each generation of a certificate; those in the clear on none."""
    streams: list[InboundConnection | OutboundConnection] = [each for each in hub.inbound if each.authenticated]
    streams += hub.outbound
    counts = Counter((*connection.generation, not hub.is_old(connection)) for connection in streams)
    return [
        {"certificate": name, "generation": generation, "current": current, "streams": count}
        for (name, generation, current), count in sorted(counts.items())
        if name
    ]


def count_proofs(hub: Hub) -> JsonObject:
    """Give how many pairs of authenticated streams rest on each kind of proof."""
    streams: list[InboundConnection | OutboundConnection] = [*hub.inbound, *hub.outbound]
    return dict(Counter(pair.proof.value for connection in streams for pair in connection.stream.pairs))


def describe_streams(hub: Hub) -> list[JsonObject]:
    """Give each authenticated stream."""
    inbound = [_describe_stream(hub, connection) for connection in hub.inbound if connection.authenticated]
    return inbound + [_describe_stream(hub, connection) for connection in hub.outbound]


def _describe_stream(hub: Hub, connection: InboundConnection | OutboundConnection) -> JsonObject:
    now = hub.dialling.clock.monotonic()
    name, generation = connection.generation
    pairs = connection.stream.pairs
    first = pairs[0] if pairs else None
    tls = connection.stream.tls
    return {
        "direction": connection.direction.value,
        "domain": first.partner if first else "",
        "home": first.home if first else "",
        "address": connection.peer_address,
        "port": connection.peer_port,
        "method": first.method.name.lower().replace("_", "-") if first else "",
        "proof": first.proof.value if first else "",
        "certificate": name,
        "generation": generation,
        "current": not hub.is_old(connection),
        "tls": tls.version if tls else "",
        "cipher": tls.cipher if tls else "",
        "direct_tls": bool(tls and tls.direct),
        "age_s": int(now - connection.opened_at),
        "idle_s": int(now - max(connection.last_received, connection.last_stanza)),
        "stanzas": connection.stanzas_in + connection.stanzas_out,
        "stanzas_in": connection.stanzas_in,
        "stanzas_out": connection.stanzas_out,
        "both_ways": connection.stream.bidirectional,
        "pairs": [
            {
                "domain": pair.partner,
                "home": pair.home,
                "method": pair.method.name.lower().replace("_", "-"),
                "proof": pair.proof.value,
            }
            for pair in pairs
        ],
    }


def describe_swap(
    meta: BundleMeta, elapsed: float, *, swapped: bool, before: StagedMaterial | None = None
) -> JsonObject:
    """Give what a call that swaps or stages answers; ``elapsed`` in seconds, ``before`` what was staged until now."""
    withdrawn: JsonValue = None
    if before is not None and before.generation != meta.generation:
        withdrawn = {"generation": before.generation, "effective_at": format_time(before.effective_at)}
    return {
        "name": meta.name,
        "generation": meta.generation,
        "serial": meta.serial,
        "staged": not swapped,
        "swapped": swapped,
        "elapsed_ms": round(elapsed * 1000, 1),
        "withdrawn": withdrawn,
    }
