from __future__ import annotations

import pytest

from edgecert.shared.secret import Secret
from gateway.errors import Condition, RemoteProtocolError, StanzaCondition
from gateway.xmpp.configs import StreamLimits
from gateway.xmpp.dialback import (
    INVALID,
    MAX_PENDING,
    SECRET_GRACE,
    VALID,
    DialbackElement,
    KeyRing,
    Pending,
    Verdict,
    VerifyRequest,
    build_answer,
    build_result,
    build_verify,
    read_dialback,
)
from gateway.xmpp.xml import ElementReceived, XmlStreamParser
from tests.support.streams import header

NAMES = ("xmpp.example.com", "example.org", "D60000229F")
KEY = "37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643"


def parse(raw: bytes) -> DialbackElement:
    parser = XmlStreamParser(StreamLimits())
    parser.feed(header() + raw)
    parser.next_event()
    event = parser.next_event()
    assert isinstance(event, ElementReceived)
    return read_dialback(event)


# --- keys


def test_keys_are_those_of_xep_0185() -> None:
    ring = KeyRing(Secret(b"s3cr3tf0rd14lb4ck"))
    assert ring.make_key(*NAMES) == KEY
    assert ring.is_key(KEY, *NAMES, now=0)


@pytest.mark.parametrize(
    "names",
    [
        ("example.org", "xmpp.example.com", "D60000229F"),
        ("xmpp.example.com", "example.org", "D60000229E"),
        ("xmpp.example.co", "m example.org", "D60000229F"),
        ("xmpp.example.com", "example.or", "g D60000229F"),
    ],
)
def test_a_key_is_bound_to_each_of_its_names_and_to_their_borders(names: tuple[str, str, str]) -> None:
    assert not KeyRing(Secret(b"s3cr3tf0rd14lb4ck")).is_key(KEY, *names, now=0)


@pytest.mark.parametrize("key", ["", "\u00e9", KEY[:-1], KEY.upper(), KEY + "0"])
def test_nothing_like_a_key_is_one(key: str) -> None:
    assert not KeyRing(Secret(b"s3cr3tf0rd14lb4ck")).is_key(key, *NAMES, now=0)


def test_a_reloaded_secret_is_known_for_ten_minutes_more() -> None:
    ring = KeyRing(Secret(b"s3cr3tf0rd14lb4ck"))
    assert not ring.replace(Secret(b"s3cr3tf0rd14lb4ck"), now=100)
    assert ring.replace(Secret(b"another"), now=100)
    new = ring.make_key(*NAMES)
    assert new != KEY
    assert SECRET_GRACE == 600
    for now, old_is_known in ((100, True), (699, True), (700, False)):
        assert ring.is_key(KEY, *NAMES, now=now) is old_is_known
        assert ring.is_key(new, *NAMES, now=now)


# --- elements


def test_requests_are_read_as_they_were_built() -> None:
    result = parse(build_result("fabrikam.example", "contoso.example", "k&1"))
    assert result == DialbackElement(
        "result",
        "fabrikam.example",
        "contoso.example",
        "",
        "",
        "k&1",
        ("fabrikam.example", "contoso.example"),
    )
    request = Pending().add(result, "id<1")
    verify = parse(build_verify(request))
    assert (verify.kind, verify.pair, verify.id, verify.key) == (
        "verify",
        ("contoso.example", "fabrikam.example"),
        "id<1",
        "k&1",
    )


def test_answers_repeat_the_names_as_they_were_written() -> None:
    element = parse(
        "<db:verify xmlns:db='jabber:server:dialback' from='B\u00fccher.example' to='Contoso.example' id='7'>k"
        "</db:verify>".encode()
    )
    assert element.pair == ("xn--bcher-kva.example", "contoso.example")
    answer = build_answer(element, VALID).decode()
    assert answer == (
        "<db:verify xmlns:db='jabber:server:dialback' from='Contoso.example' to='B\u00fccher.example' id='7' "
        "type='valid'/>"
    )
    assert parse(build_answer(element, INVALID)).type == "invalid"


@pytest.mark.parametrize(
    ("condition", "kind"),
    [(StanzaCondition.POLICY_VIOLATION, "cancel"), (StanzaCondition.REMOTE_SERVER_TIMEOUT, "wait")],
)
def test_an_error_carries_its_condition(condition: StanzaCondition, kind: str) -> None:
    element = parse(build_result("fabrikam.example", "contoso.example", "k"))
    raw = build_answer(element, Verdict("error", condition, "a < b"))
    assert f"<error type='{kind}'><{condition.value} ".encode() in raw
    read = parse(raw)
    assert (read.type, read.condition, read.key) == ("error", condition.value, "")


@pytest.mark.parametrize("inner", ["", "<error/>", "<x xmlns='urn:x'/>"])
def test_an_error_without_condition_is_undefined(inner: str) -> None:
    raw = (
        f"<db:result xmlns:db='jabber:server:dialback' from='a.example' to='b.example' type='error'>{inner}</db:result>"
    )
    assert parse(raw.encode()).condition == "undefined-condition"


@pytest.mark.parametrize("attributes", ["from='a.example'", "to='a.example'", "from='x@a.example' to='b.example'", ""])
def test_missing_or_odd_addresses_are_improper(attributes: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(f"<db:result xmlns:db='jabber:server:dialback' {attributes}>k</db:result>".encode())
    assert caught.value.condition is Condition.IMPROPER_ADDRESSING


# --- what is pending


def element_of(partner: str = "fabrikam.example", key: str = "k") -> DialbackElement:
    return DialbackElement("result", partner, "contoso.example", "", "", key, (partner, "contoso.example"))


def test_a_verdict_counts_once_and_only_for_what_was_asked() -> None:
    pending = Pending()
    request = pending.add(element_of(), "id-1")
    spelled = ("fabrikam.example", "contoso.example")
    for other in (
        VerifyRequest("litware.example", "contoso.example", "id-1", "k", spelled),
        VerifyRequest("fabrikam.example", "contoso.example", "id-2", "k", spelled),
        VerifyRequest("fabrikam.example", "contoso.example", "id-1", "other", spelled),
    ):
        assert pending.take(other) is None
    assert request.pair in pending
    assert pending.take(request) == element_of()
    assert pending.take(request) is None


def test_only_so_many_may_wait() -> None:
    pending = Pending()
    for number in range(MAX_PENDING):
        assert not pending.full
        pending.add(element_of(f"p{number}.example"), "id")
    assert pending.full
    pending.clear()
    assert not pending.full
