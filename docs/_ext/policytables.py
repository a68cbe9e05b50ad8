"""Directives for the policy page: its tables and sentences are the ones that the gateway decides by.

* ``partner-rows``: the 18 combinations of a partner's settings as a table
* ``partner-words``: the same, each in words
* ``policy-inbound``: what becomes of a stanza from a partner's user
* ``contact-events``: what each event does to a contact
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fromcode import FromCode
from typing_extensions import override

from gateway.contacts.events import EFFECTS
from gateway.model.peer import Method
from gateway.policy.decide import INBOUND, Standing
from gateway.policy.methods import (
    ROWS,
    describe_knobs,
    describe_methods,
    is_tls_mandatory,
    is_tls_possible,
    render_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

    from gateway.policy.methods import Row

_FLAGS: Final = ("listed", "asked", "to", "granted", "pinned")


class PartnerRows(FromCode):
    """The table of 18 rows."""

    @override
    def markdown(self) -> Iterator[str]:
        yield from render_table().splitlines()


class PartnerWords(FromCode):
    """Each row in words."""

    @override
    def markdown(self) -> Iterator[str]:
        for row in ROWS:
            yield from ("", f"Row {row.number}: {describe_knobs(row)}", f": {' '.join(words_of(row))}")


def words_of(row: Row) -> Iterator[str]:
    """Give what ``row`` means in sentences."""
    if not row.valid:
        yield f"Refused: no method is left. {row.warning}"
        return
    yield f"The partner's servers prove themselves by {describe_methods(row.methods)}."
    yield from _words_of_tls(row)
    if Method.EXTERNAL in row.methods:
        bad = "dialback inside TLS decides" if Method.TLS_DIALBACK in row.methods else "the stream ends and says why"
        yield f"If its certificate does not prove the domain, {bad}."
    else:
        yield (
            "Its certificate is not looked at."
            if is_tls_possible(row.methods)
            else "There is no certificate to look at."
        )
    if row.warning:
        yield f"Accepted with a warning: {row.warning}"


def _words_of_tls(row: Row) -> Iterator[str]:
    if not is_tls_possible(row.methods):
        yield "TLS is neither offered nor taken; a partner that requires it is not reached (`peer-requires-tls`)."
    elif is_tls_mandatory(row.methods):
        yield "TLS is required; a partner that does not offer it is not reached (`tls-not-offered`)."
    else:
        yield "TLS is used where the partner offers it; where it does not, dialback in the clear decides."


class PolicyInbound(FromCode):
    """What becomes of a stanza from a partner's user to a home user."""

    @override
    def markdown(self) -> Iterator[str]:
        yield "| stanza | " + " | ".join(standing.value for standing in Standing) + " |"
        yield "| --- " * (len(Standing) + 1) + "|"
        for act, rules in INBOUND.items():
            yield f"| {act.value} | " + " | ".join(rule.value for rule in rules) + " |"


class ContactEvents(FromCode):
    """What each event does to the flags of a contact."""

    @override
    def markdown(self) -> Iterator[str]:
        yield "| event | " + " | ".join(_FLAGS) + " |"
        yield "| --- " * (len(_FLAGS) + 1) + "|"
        for event, effect in EFFECTS.items():
            yield f"| {event.value} | " + " | ".join(getattr(effect, flag).value for flag in _FLAGS) + " |"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("partner-rows", PartnerRows)
    app.add_directive("partner-words", PartnerWords)
    app.add_directive("policy-inbound", PolicyInbound)
    app.add_directive("contact-events", ContactEvents)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
