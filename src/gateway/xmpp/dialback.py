"""Server dialback (XEP-0220) without I/O: keys (XEP-0185), elements, verdicts, and what is being verified.

A receiving server asks the authoritative one whether a key is its own. The key binds the three names that matter,
receiving server, originating server and stream id, with separators between them: a key for one stream is worth nothing
on another (CVE-2016-0756).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from gateway.errors import AddressError, Condition, RemoteProtocolError, StanzaCondition
from gateway.model.jid import parse_domain
from gateway.xmpp import namespaces as ns
from gateway.xmpp.element import SEPARATOR, escape_attribute, escape_text

if TYPE_CHECKING:
    from edgecert.shared.secret import Secret
    from gateway.xmpp.element import Element
    from gateway.xmpp.xml import ElementReceived

SECRET_GRACE: Final = 600.0
"""Seconds for which keys of the secret before a reload are still known as ours."""
MAX_PENDING: Final = 16
"""Pairs of one stream that may wait for a verdict at a time: each costs us a connection."""

RESULT_NAME: Final = f"{ns.DIALBACK}{SEPARATOR}result"
VERIFY_NAME: Final = f"{ns.DIALBACK}{SEPARATOR}verify"
_WAIT: Final = frozenset({StanzaCondition.REMOTE_SERVER_TIMEOUT, StanzaCondition.RESOURCE_CONSTRAINT})

Kind: TypeAlias = Literal["result", "verify"]
Answer: TypeAlias = Literal["valid", "invalid", "error"]


class KeyRing:
    """Makes dialback keys and knows them again; after a reload it knows those of the old secret for ten minutes."""

    def __init__(self, secret: Secret) -> None:
        """Use ``secret``."""
        self._secret = secret
        self._former: tuple[Secret, float] | None = None

    def replace(self, secret: Secret, *, now: float) -> bool:
        """Use ``secret`` from now (a monotonic time) on; give whether it is another one."""
        if secret == self._secret:
            return False
        self._former = (self._secret, now + SECRET_GRACE)
        self._secret = secret
        return True

    def make_key(self, receiving: str, originating: str, stream_id: str) -> str:
        """Give the key for a stream that the domain ``receiving`` gave the id ``stream_id``."""
        return _make_key(self._secret, receiving, originating, stream_id)

    def is_key(self, key: str, receiving: str, originating: str, stream_id: str, *, now: float) -> bool:
        """Whether ``key`` is ours for these names; compared in constant time."""
        secrets = [self._secret]
        if self._former is not None and now < self._former[1]:
            secrets.append(self._former[0])
        given = key.encode()
        names = receiving, originating, stream_id
        return any(hmac.compare_digest(_make_key(secret, *names).encode(), given) for secret in secrets)


def _make_key(secret: Secret, receiving: str, originating: str, stream_id: str) -> str:
    # XEP-0185 §2: the hexadecimal digest of the secret is the key of the HMAC; spaces part the three names.
    key = hashlib.sha256(secret.reveal()).hexdigest().encode()
    return hmac.new(key, f"{receiving} {originating} {stream_id}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class DialbackElement:
    """A ``db:result`` or ``db:verify`` as it came; the domains are prepared, ``type`` is empty in a request."""

    kind: Kind
    from_: str
    to: str
    id: str
    type: str
    key: str
    spelled: tuple[str, str]
    """Sender and receiver as they were written: answers and keys must repeat them."""
    condition: str = ""
    """Of an error: the condition that its sender gives."""

    @property
    def pair(self) -> tuple[str, str]:
        """Sender and receiver."""
        return self.from_, self.to


def read_dialback(event: ElementReceived) -> DialbackElement:
    """Give what a dialback element says.

    Raises:
        RemoteProtocolError: ``improper-addressing``: an address is missing or is no domain.
    """
    attributes = event.attributes
    spelled = attributes.get("from", ""), attributes.get("to", "")
    try:
        from_, to = parse_domain(spelled[0]), parse_domain(spelled[1])
    except AddressError as error:
        text = "an address of a dialback element is missing or no domain"
        raise RemoteProtocolError(Condition.IMPROPER_ADDRESSING, text) from error
    tree = event.tree()
    kind: Kind = "verify" if event.name == VERIFY_NAME else "result"
    type_ = attributes.get("type", "")
    condition = _read_condition(tree) if type_ == "error" else ""
    return DialbackElement(kind, from_, to, attributes.get("id", ""), type_, tree.text.strip(), spelled, condition)


def _read_condition(tree: Element) -> str:
    error = tree.find(ns.SERVER, "error") or next(iter(tree), None)
    if error is None:
        return "undefined-condition"
    named = (child.name for child in error if child.namespace == ns.STANZA_ERRORS and child.name != "text")
    return next(named, "undefined-condition")


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """A key that a peer gave for ``partner`` on our stream ``stream_id`` to ``home``: is it that domain's own?"""

    partner: str
    home: str
    stream_id: str
    key: str
    spelled: tuple[str, str]
    """Partner and home as the peer wrote them: the key was made over that."""

    @property
    def pair(self) -> tuple[str, str]:
        """Partner and home domain."""
        return self.partner, self.home


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a :class:`VerifyRequest`: the key is valid, invalid, or it could not be found out and why."""

    type: Answer
    condition: StanzaCondition | None = None
    text: str = ""


VALID: Final = Verdict("valid")
INVALID: Final = Verdict("invalid")


def build_result(from_: str, to: str, key: str) -> bytes:
    """Give the ``db:result`` with which the domain ``from_`` asks to be taken for itself by ``to``."""
    return _build("result", from_, to, "", "", escape_text(key))


def build_verify(request: VerifyRequest) -> bytes:
    """Give the ``db:verify`` that asks the authoritative server about a key."""
    partner, home = request.spelled
    return _build("verify", home, partner, request.stream_id, "", escape_text(request.key))


def build_answer(request: DialbackElement, verdict: Verdict) -> bytes:
    """Give the answer to a request, with its addresses exchanged; errors as XEP-0220 §2.4.2 wants them."""
    inner = ""
    if verdict.type == "error":
        condition = verdict.condition or StanzaCondition.REMOTE_SERVER_TIMEOUT
        kind = "wait" if condition in _WAIT else "cancel"
        said = f"<text xmlns='{ns.STANZA_ERRORS}' xml:lang='en'>{escape_text(verdict.text)}</text>"
        told = said if verdict.text else ""
        inner = f"<error type='{kind}'><{condition.value} xmlns='{ns.STANZA_ERRORS}'/>{told}</error>"
    from_, to = request.spelled
    return _build(request.kind, to, from_, request.id, verdict.type, inner)


def _build(kind: Kind, from_: str, to: str, id_: str, type_: str, inner: str) -> bytes:
    attributes = (("from", from_), ("to", to), ("id", id_), ("type", type_))
    said = "".join(f" {name}='{escape_attribute(value)}'" for name, value in attributes if value)
    start = f"<db:{kind} xmlns:db='{ns.DIALBACK}'{said}"
    return (f"{start}>{inner}</db:{kind}>" if inner else f"{start}/>").encode()


class Pending:
    """The pairs of one stream that wait for a verdict: each is given once, and only for what was asked."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        """Begin with none."""
        self._asked: dict[tuple[str, str], tuple[VerifyRequest, DialbackElement]] = {}

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair in self._asked

    @property
    def full(self) -> bool:
        """Whether no more may be asked now."""
        return len(self._asked) >= MAX_PENDING

    def add(self, element: DialbackElement, stream_id: str) -> VerifyRequest:
        """Take note of a peer's ``element`` and give what is to be asked."""
        request = VerifyRequest(element.from_, element.to, stream_id, element.key, element.spelled)
        self._asked[request.pair] = request, element
        return request

    def take(self, request: VerifyRequest) -> DialbackElement | None:
        """Give the element that ``request`` came from, once; None if it is not waited for (any more)."""
        asked = self._asked.get(request.pair)
        if asked is None or asked[0] != request:
            return None
        del self._asked[request.pair]
        return asked[1]

    def clear(self) -> None:
        """Wait for none any more: the stream got another id."""
        self._asked.clear()
