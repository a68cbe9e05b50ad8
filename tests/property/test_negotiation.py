"""Our outbound and inbound machines against each other: every pair of rows, every certificate, both kinds of TLS.

What must come of it is said here once more, from the method sets alone and without the tables that the streams read.
"""

from __future__ import annotations

from itertools import product

import pytest

from gateway.model.peer import Method, Proof
from gateway.policy.methods import ROWS, Row
from tests.support.link import EAST, WEST, Link, partner_of

VALID = [row for row in ROWS if row.valid]
S, T, P = Method.EXTERNAL, Method.TLS_DIALBACK, Method.DIALBACK
CERTIFICATES = [frozenset({WEST, EAST}), frozenset({WEST}), frozenset({EAST}), frozenset[str]()]


def expected(west: frozenset[Method], east: frozenset[Method], good: frozenset[str], *, direct: bool) -> Method | None:
    """Give the method by which west, the initiating side, must come up at east; None if it must not."""
    west_tls, east_tls = bool(west & {S, T}), bool(east & {S, T})
    if direct or (west_tls and east_tls):
        if not (west_tls and east_tls):
            return None
        if S in west & east and good == {WEST, EAST}:
            return S
        # Dialback asks for T at both ends, because east asks west's own server over a stream of the same settings.
        return T if T in west & east else None
    if P not in west & east:
        return None
    # The one that wants TLS at all must be content without, and the one that cannot have it offers none.
    return P


def may_ask(west: frozenset[Method], east: frozenset[Method]) -> bool:
    """Whether east can ask west's own server: a stream the other way, as far as it needs to come."""
    east_tls, west_tls = bool(east & {S, T}), bool(west & {S, T})
    return (east_tls and west_tls) or P in east & west


@pytest.mark.parametrize(
    ("west", "direct"),
    [(row, direct) for row in VALID for direct in (False, True) if not direct or row.methods & {S, T}],
    ids=lambda value: str(value.number) if isinstance(value, Row) else "direct" if value else "starttls",
)
def test_streams_come_up_by_the_strongest_method_that_both_allow(west: Row, direct: bool) -> None:
    for east, good in product(VALID, CERTIFICATES):
        method = expected(west.methods, east.methods, good, direct=direct)
        assert method is None or method is S or may_ask(west.methods, east.methods)
        check(Link(partner_of(west, EAST), partner_of(east, WEST), good, direct), method)


def check(link: Link, method: Method | None) -> None:
    """Prove that both ends come up by ``method`` with the right proof, or end with a reason."""
    initiating, receiving = link.run()
    opened, accepted = initiating.pair, receiving.pair
    assert (opened and opened.method, accepted and accepted.method) == (method, method), link
    if opened is None or accepted is None:
        assert initiating.failure
        assert initiating.stream.closed
        assert b"<stream:features></stream:features>" not in receiving.said
        return
    assert opened.proof is (Proof.PKIX if EAST in link.good and method is not P else Proof.DNS)
    assert accepted.proof is (Proof.PKIX if WEST in link.good and method is not P else Proof.DNS)
    assert not initiating.stream.closed
    assert not receiving.stream.closed


@pytest.mark.parametrize("row", [row for row in VALID if row.methods & {T, P}], ids=lambda row: str(row.number))
def test_a_key_that_its_domain_does_not_know_authorizes_nobody(row: Row) -> None:
    link = Link(partner_of(row, EAST), partner_of(row, WEST), frozenset(), impostor=True)
    initiating, receiving = link.run()
    assert initiating.failure == "dialback-refused"
    assert receiving.pair is None
    assert receiving.stream.closed
