"""Which methods a partner's three knobs leave: the table of 18 rows, its warnings and its refusals.

Streams never look at ``tls``, ``sasl`` and ``dialback``; they look at the method set. The rows are written out, not
computed, because the table is what administrators know and what the documentation shows; a test proves that the closed
form gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.errors import PartnerRefusedError
from gateway.model.peer import Method

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.partner import Negotiation, Partner

W1: Final = "Dialback will not operate if both SASL and TLS are required."
W2: Final = "SASL requires TLS. Allowing TLS to be optional may result in failed session negotiations."
W3: Final = (
    "Because SASL requires TLS, and TLS is not available, SASL/TLS cannot succeed. "
    "TCP Dialback is set to false, and cannot be used."
)
W4: Final = "SASL or Dialback must be enabled."

METHODS_S: Final = frozenset({Method.EXTERNAL})
METHODS_T: Final = frozenset({Method.TLS_DIALBACK})
METHODS_P: Final = frozenset({Method.DIALBACK})
NO_METHODS: Final[frozenset[Method]] = frozenset()
S, T, P, NONE = METHODS_S, METHODS_T, METHODS_P, NO_METHODS

_WARNING_CODES: Final = {W1: "dialback-never-runs", W2: "tls-not-required"}


@dataclass(frozen=True, slots=True)
class Row:
    """One combination of the knobs: which methods it leaves, and what an administrator is told about it."""

    number: int
    tls: Negotiation
    sasl: Negotiation
    dialback: bool
    methods: frozenset[Method]
    warning: str = ""
    note: str = ""

    @property
    def valid(self) -> bool:
        """Whether any method is left."""
        return bool(self.methods)


ROWS: Final[tuple[Row, ...]] = (
    Row(1, "required", "required", True, S, W1),
    Row(2, "required", "required", False, S),
    Row(3, "optional", "required", True, S | T | P, W2),
    Row(4, "optional", "required", False, S, W2),
    Row(5, "not-supported", "required", True, P, W2),
    Row(6, "not-supported", "required", False, NONE, W3),
    Row(7, "required", "optional", True, S | T),
    Row(8, "required", "optional", False, S),
    Row(9, "optional", "optional", True, S | T | P, W2),
    Row(10, "optional", "optional", False, S, W2),
    Row(11, "not-supported", "optional", True, P, W2),
    Row(12, "not-supported", "optional", False, NONE, W2),
    Row(13, "required", "not-supported", True, T, note="Dialback inside TLS is the only method."),
    Row(14, "required", "not-supported", False, NONE, W4),
    Row(
        15,
        "optional",
        "not-supported",
        True,
        T | P,
        note="Dialback, inside TLS or in the clear, as the other side chooses.",
    ),
    Row(16, "optional", "not-supported", False, NONE, W4),
    Row(17, "not-supported", "not-supported", True, P, note="Dialback in the clear is the only method."),
    Row(18, "not-supported", "not-supported", False, NONE, W4),
)

_BY_KNOBS: Final[Mapping[tuple[str, str, bool], Row]] = {(row.tls, row.sasl, row.dialback): row for row in ROWS}


@dataclass(frozen=True, slots=True)
class PartnerWarning:
    """Something that an administrator should know of a partner that was accepted."""

    code: str
    message: str


def find_row(partner: Partner) -> Row:
    """Give the row that ``partner``'s knobs name."""
    return _BY_KNOBS[partner.tls, partner.sasl, partner.dialback]


def method_set(partner: Partner) -> frozenset[Method]:
    """Give the methods by which ``partner`` may prove itself; empty only for a partner that no commit lets in."""
    return find_row(partner).methods


def is_tls_mandatory(methods: frozenset[Method]) -> bool:
    """Whether a stream of these methods must use TLS: dialback in the clear is not among them."""
    return Method.DIALBACK not in methods


def is_tls_possible(methods: frozenset[Method]) -> bool:
    """Whether a stream of these methods may use TLS."""
    return bool(methods & (S | T))


def verify_methods(partner: Partner) -> frozenset[Method]:
    """Give the method set of ``partner``, which is not empty.

    Raises:
        PartnerRefusedError: ``no-method``: the knobs leave no method.
    """
    row = find_row(partner)
    if not row.valid:
        raise PartnerRefusedError(
            f"partner {partner.domain}: {describe_knobs(row)} is not a valid configuration: {row.warning}",
            code="no-method",
            hint="set tls to required or optional with sasl, or set dialback to true",
        )
    return row.methods


def warn_partner(partner: Partner) -> tuple[PartnerWarning, ...]:
    """Give what an administrator should know of ``partner``; it is accepted none the less."""
    row = find_row(partner)
    warnings = []
    if row.valid and row.warning:
        warnings.append(PartnerWarning(_WARNING_CODES[row.warning], row.warning))
    if partner.type == "federated" and Method.DIALBACK in row.methods:
        text = "This federated partner may prove itself by dialback in the clear: trust rests on the DNS alone."
        warnings.append(PartnerWarning("federated-by-dns", text))
    return tuple(warnings)


METHOD_NAMES: Final[Mapping[Method, str]] = {
    Method.EXTERNAL: "SASL EXTERNAL over TLS",
    Method.TLS_DIALBACK: "dialback inside TLS",
    Method.DIALBACK: "dialback in the clear",
}


def describe_methods(methods: frozenset[Method]) -> str:
    """Give ``methods`` in words, the preferred one first; ``none`` if there are none."""
    return ", ".join(METHOD_NAMES[method] for method in Method if method in methods) or "none"


def render_table() -> str:
    """Give the 18 rows as a Markdown table for the reference page."""
    lines = [
        "| # | tls | sasl | dialback | methods, preferred first | verdict |",
        "| --: | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        verdict = " ".join(part for part in ("" if row.valid else "**Refused.**", row.warning, row.note) if part) or "–"
        cells = (str(row.number), row.tls, row.sasl, _yes(row.dialback), describe_methods(row.methods), verdict)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def describe_knobs(row: Row) -> str:
    """Give the three knobs of ``row`` in words."""
    return f"tls {row.tls}, sasl {row.sasl}, dialback {_yes(row.dialback)}"


def _yes(value: bool) -> str:
    return "true" if value else "false"
