"""What a gateway answers, read into the rows that the panel shows. Forgiving: a key that is missing is a dash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from edgecert.shared.clock import parse_time
from edgecert.shared.errors import ConfigError
from edgecert.shared.words import _, plural
from gateway.model.answers import ago, objects, show, texts
from gateway.model.peer import Method
from gateway.policy.methods import find_row
from gateway.policy.partnerfile import partner_from_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from edgecert.shared.jsonvalue import JsonObject, JsonValue

State = Literal["good", "warning", "bad", "busy", "idle"]
"""What a sign is shown for; never a colour alone."""

_STATES: Final[Mapping[str, State]] = {"open": "good", "connecting": "busy", "failed": "bad", "idle": "idle"}
_SHORT: Final[Mapping[Method, str]] = {Method.EXTERNAL: "S", Method.TLS_DIALBACK: "T", Method.DIALBACK: "P"}
_SOON: Final = 10
_DAY: Final = 86400


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what names it, its state, its cells, and what is said of it in full below the table."""

    key: str
    state: State
    cells: tuple[str, ...]
    detail: str = ""
    order: tuple[tuple[int, float], ...] = ()
    """Column and number, for cells whose text does not sort as what it says."""


PARTNER_HEADS: Final = (_("PARTNER"), _("TYPE"), _("METHODS"), _("STATE"), _("WHY"))
STREAM_HEADS: Final = (_("DIR"), _("PARTNER"), _("HOME"), _("SECURITY"), _("PROOF"), _("GENERATION"), _("AGE"), "/S")
CONTACT_HEADS: Final = (_("HOME"), _("PARTNER"), _("WHAT"), _("LAST"))
CERTIFICATE_HEADS: Final = (_("CERTIFICATE"), _("SERVES"), _("GENERATION"), _("DAYS"), _("STAGED"))
FAILURE_HEADS: Final = (_("LAST"), _("DIR"), _("DOMAIN"), _("STEP"), _("TIMES"), _("WHY"))


def short_methods(partner: JsonObject) -> str:
    """Give a partner's methods in letters, the preferred one first: S EXTERNAL, T and P dialback within TLS or not."""
    try:
        methods = find_row(partner_from_json(partner)).methods
    except ConfigError:
        return "?"
    return "".join(letter for method, letter in _SHORT.items() if method in methods) or "–"


def partner_rows(partners: Sequence[JsonObject], states: Sequence[JsonObject]) -> list[Row]:
    """Give a row for each partner, with its state and why it has it."""
    known = {entry.get("domain"): entry for entry in states}
    return [_partner_row(partner, known.get(partner.get("domain"), {})) for partner in partners]


def _partner_row(partner: JsonObject, state: JsonObject) -> Row:
    domain, word = show(partner.get("domain")), str(state.get("state") or "idle")
    warnings = [str(warning.get("message")) for warning in objects(state.get("warnings"))]
    sign: State = _STATES.get(word, "idle")
    reason, queued = str(state.get("reason") or ""), state.get("queued")
    waiting = ""
    if isinstance(queued, int) and queued:
        waiting = plural("{count} stanza waits", "{count} stanzas wait", queued)
    inbound = state.get("inbound_failure")
    refused = ""
    if isinstance(inbound, dict):
        said = f"{show(inbound.get('code'))}: {show(inbound.get('text'))}"
        refused = _("inbound, {when}: {said}").format(when=_clock(inbound.get("last")), said=said)
    why = [part for part in (reason, *warnings, waiting, refused) if part]
    if sign in ("good", "idle") and warnings:
        sign = "warning"
    also = ", ".join(texts(partner.get("additional_domains")))
    detail = [
        *([show(partner.get("description"))] if partner.get("description") else []),
        *([_("also {domains}").format(domains=also)] if also else []),
        *why,
    ]
    return Row(
        domain,
        sign,
        (domain, show(partner.get("type")), short_methods(partner), word, why[0] if why else ""),
        "\n".join(detail),
    )


def stream_key(stream: JsonObject) -> str:
    """Give what names a stream from one look to the next."""
    keys = ("direction", "address", "port", "domain", "home")
    return " ".join(str(stream.get(key)) for key in keys)


def stream_rows(streams: Sequence[JsonObject], rates: Mapping[str, float]) -> list[Row]:
    """Give a row for each stream; ``rates`` are stanzas a second, by :func:`stream_key`."""
    return [_stream_row(stream, rates.get(stream_key(stream))) for stream in streams]


def _stream_row(stream: JsonObject, rate: float | None) -> Row:
    old = stream.get("current") is False
    arrow = {"inbound": "in", "outbound": "out"}.get(str(stream.get("direction")), "?")
    both = _("both") if stream.get("both_ways") is True else arrow
    pairs = objects(stream.get("pairs"))
    more = f" +{len(pairs) - 1}" if len(pairs) > 1 else ""
    security = show(stream.get("tls")) if stream.get("tls") else _("clear")
    if stream.get("direct_tls") is True:
        security += _(" direct")
    generation = f"{show(stream.get('certificate'))} {show(stream.get('generation'))}" if stream.get("tls") else "–"
    cells = (
        both,
        f"{show(stream.get('domain'))}{more}",
        show(stream.get("home")),
        security,
        show(stream.get("proof")),
        f"{generation} ({_('old')})" if old else generation,
        ago(stream.get("age_s")),
        "–" if rate is None else f"{rate:.1f}",
    )
    state: State = "warning" if old or not stream.get("tls") else "good"
    age = stream.get("age_s")
    order = ((STREAM_HEADS.index("AGE"), float(age)),) if isinstance(age, int | float) else ()
    return Row(stream_key(stream), state, cells, _stream_detail(stream, pairs, arrow), order)


def _stream_detail(stream: JsonObject, pairs: Sequence[JsonObject], arrow: str) -> str:
    said = [
        _("{direction}bound, {address} port {port}; {cipher}").format(
            direction=arrow,
            address=show(stream.get("address")),
            port=show(stream.get("port")),
            cipher=show(stream.get("cipher")),
        ),
        _("{received} stanzas in, {sent} out; silent for {idle}").format(
            received=show(stream.get("stanzas_in")),
            sent=show(stream.get("stanzas_out")),
            idle=ago(stream.get("idle_s")),
        ),
    ]
    named = [
        f"{show(pair.get('domain'))} → {show(pair.get('home'))} ({show(pair.get('method'))}, {show(pair.get('proof'))})"
        for pair in pairs
    ]
    return "\n".join([*said, ", ".join(named)])


def contact_rows(answer: JsonObject) -> list[Row]:
    """Give a row for each contact, and one for each user of a partner who knocked in vain, those first."""
    knocks = [
        Row(
            f"knock {show(knock.get('home'))} {show(knock.get('partner'))}",
            "warning",
            (
                show(knock.get("home")),
                show(knock.get("partner")),
                plural("knocked {count} time", "knocked {count} times", _number(knock.get("count"))),
                _clock(knock.get("last")),
            ),
            _("Not listed, so nothing was let through. a lets this user reach the home user."),
        )
        for knock in objects(answer.get("knocks"))
    ]
    flags = ("listed", "asked", "to", "granted", "pinned")
    contacts = [
        Row(
            f"contact {show(contact.get('home'))} {show(contact.get('partner'))}",
            "good" if contact.get("pinned") or contact.get("listed") else "idle",
            (
                show(contact.get("home")),
                show(contact.get("partner")),
                ", ".join(flag for flag in flags if contact.get(flag) is True) or "–",
                "",
            ),
            _("listed: the home user asked for this one. pinned: an administrator lets this one through."),
        )
        for contact in objects(answer.get("contacts"))
    ]
    return knocks + contacts


def certificate_rows(status: JsonObject, now: datetime) -> list[Row]:
    """Give a row for each certificate in service."""
    staged = {entry.get("name"): entry for entry in objects(status.get("staged"))}
    return [
        _certificate_row(entry, staged.get(entry.get("name")), now) for entry in objects(status.get("certificates"))
    ]


def _certificate_row(entry: JsonObject, staged: JsonObject | None, now: datetime) -> Row:
    name, days = show(entry.get("name")), days_left(entry.get("not_after"), now)
    waits = f"{show(staged.get('generation'))} → {show(staged.get('effective_at'))}" if staged else ""
    state: State = "bad" if days is None or days < 0 else "warning" if days < _SOON else "good"
    held = show(entry.get("held"))
    detail = [
        _("names {names}").format(names=show(entry.get("names"))),
        _("until {until}; serial {serial}").format(
            until=show(entry.get("not_after")), serial=show(entry.get("serial"))
        ),
        _("SHA-256 {fingerprint}").format(fingerprint=show(entry.get("fingerprint_sha256"))),
        _("generations that are held here: {held}").format(held=held),
    ]
    cells = (name, show(entry.get("domains")), show(entry.get("generation")), "–" if days is None else str(days), waits)
    return Row(name, state, cells, "\n".join(detail))


def days_left(not_after: JsonValue, now: datetime) -> int | None:
    """Give the whole days until an RFC 3339 time, negative when it is past; None if it is none."""
    try:
        return int((parse_time(str(not_after)) - now).total_seconds() // _DAY)
    except ValueError:
        return None


def failure_rows(failures: Sequence[JsonObject]) -> list[Row]:
    """Give a row for each failure, in the order given."""
    rows = []
    for failure in failures:
        arrow = "in" if failure.get("direction") == "inbound" else "out"
        domain = show(failure.get("domain")) if failure.get("domain") else show(failure.get("address"))
        why = f"{show(failure.get('code'))}: {show(failure.get('text'))}"
        detail = [why]
        if failure.get("hint"):
            detail.append(str(failure["hint"]))
        span = _("first {first}, last {last}, {address}").format(
            first=show(failure.get("first")), last=show(failure.get("last")), address=show(failure.get("address"))
        )
        key = " ".join(str(failure.get(name)) for name in ("direction", "domain", "home", "code"))
        cells = (_clock(failure.get("last")), arrow, domain, show(failure.get("step")), show(failure.get("count")), why)
        rows.append(Row(key, "bad", cells, "\n".join([*detail, span])))
    return rows


def headline(status: JsonObject) -> tuple[State, str]:
    """Give the gateway's state in a line."""
    streams = status.get("streams")
    numbers = streams if isinstance(streams, dict) else {}
    ready = status.get("ready") is True
    reasons = texts(status.get("reasons"))
    parts = [
        _("ready") if ready else _("NOT READY"),
        _("up {time}").format(time=ago(status.get("uptime_s"))),
        _("{inbound} in, {outbound} out").format(
            inbound=show(numbers.get("inbound")), outbound=show(numbers.get("outbound"))
        ),
    ]
    if reasons:
        parts.append(reasons[0] if len(reasons) == 1 else plural("{count} reason", "{count} reasons", len(reasons)))
    return ("good" if ready and not reasons else "warning" if ready else "bad"), " · ".join(parts)


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0


def _clock(value: JsonValue) -> str:
    """Give a time as this machine's clock shows it, for today's eyes."""
    try:
        return f"{parse_time(str(value)).astimezone():%m-%d %H:%M:%S}"
    except ValueError:
        return "–"
