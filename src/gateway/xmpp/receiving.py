"""The pairs of an inbound stream, and dialback in the two roles that inbound streams have: receiving, authoritative.

Authorization belongs to a pair of domains. The stream holds a set of them; each came by its own method with its own
proof, and each goes when its partner's settings no longer allow that method.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.errors import Condition, RemoteProtocolError, StanzaCondition
from gateway.model.peer import Method, PairAuthorization, Proof
from gateway.policy.methods import method_set
from gateway.policy.negotiation import may_dial_back
from gateway.xmpp.dialback import INVALID, VALID, Pending, Verdict, VerifyRequest, build_answer

if TYPE_CHECKING:
    from gateway.xmpp.configs import InboundConfig
    from gateway.xmpp.dialback import DialbackElement


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a dialback request: what is said, the pair if it is authorized, and whether the stream ends."""

    said: bytes
    pair: PairAuthorization | None = None
    ends: bool = False


class InboundPairs:
    """Who may speak over one inbound stream."""

    __slots__ = ("_authorized", "_config", "_pending")

    def __init__(self, config: InboundConfig) -> None:
        """Begin with nobody."""
        self._config = config
        self._authorized: dict[tuple[str, str], PairAuthorization] = {}
        self._pending = Pending()

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair in self._authorized

    def __bool__(self) -> bool:
        return bool(self._authorized)

    @property
    def all(self) -> tuple[PairAuthorization, ...]:
        """The authorized pairs."""
        return tuple(self._authorized.values())

    def has_partner(self, domain: str) -> bool:
        """Whether a pair of this partner domain is authorized."""
        return any(partner == domain for partner, _home in self._authorized)

    def is_proved(self, partner: str, home: str) -> bool:
        """Whether the pair is authorized and its partner proved by more than the DNS."""
        pair = self._authorized.get((partner, home))
        return pair is not None and pair.proof is not Proof.DNS

    def add(self, pair: PairAuthorization) -> None:
        """Authorize ``pair``."""
        self._authorized[pair.partner, pair.home] = pair

    def drop_refused(self) -> tuple[PairAuthorization, ...]:
        """Take the pairs away that the table of now does not allow, and give them."""
        table = self._config.partners()
        gone = []
        for key, pair in tuple(self._authorized.items()):
            partner = table.find(pair.partner)
            if partner is None or pair.method not in method_set(partner):
                gone.append(self._authorized.pop(key))
        return tuple(gone)

    def forget_pending(self) -> None:
        """Wait for no verdict any more: keys were given for a stream id that no longer holds."""
        self._pending.clear()

    # --- authoritative server

    def answer_verify(self, element: DialbackElement) -> bytes:
        """Give the answer to a ``db:verify``: is the key ours? Whoever asks gets it, authenticated or not.

        Raises:
            RemoteProtocolError: it is an answer, and nobody here asked.
        """
        _verify_is_request(element)
        if not self._config.is_home(element.to):
            return build_answer(element, Verdict("error", StanzaCondition.ITEM_NOT_FOUND))
        if self._is_switched_off(element.from_):
            return build_answer(element, _refusal("dialback is switched off for this partner"))
        known = self._config.is_key(element.key, element.from_, element.to, element.id)
        return build_answer(element, VALID if known else INVALID)

    def _is_switched_off(self, domain: str) -> bool:
        partner = self._config.partners().find(domain)
        return partner is not None and not method_set(partner) & {Method.TLS_DIALBACK, Method.DIALBACK}

    # --- receiving server

    def take_result(self, element: DialbackElement, *, stream_id: str, tls: bool) -> bytes | VerifyRequest | None:
        """Give what to say to a ``db:result``, or what to ask; None where that is being asked already.

        Raises:
            RemoteProtocolError: it is an answer and nobody here asked; it claims one of our domains; or it comes in the
                clear from somebody whose settings do not allow that, on a stream that holds no pair.
        """
        _verify_is_request(element)
        if self._config.is_home(element.from_):
            raise RemoteProtocolError(Condition.INVALID_FROM, "")
        if not self._config.is_home(element.to):
            return build_answer(element, Verdict("error", StanzaCondition.ITEM_NOT_FOUND))
        partner = self._config.partners().find(element.from_)
        if not may_dial_back(partner, tls=tls):
            text = "dialback is not accepted here" if partner is not None else "not a configured partner"
            if not tls and not self._authorized:
                raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"{text}; use TLS")
            return build_answer(element, _refusal(text))
        if element.pair in self._authorized:
            return build_answer(element, VALID)
        if element.pair in self._pending:
            return None
        if self._pending.full:
            return build_answer(element, Verdict("error", StanzaCondition.RESOURCE_CONSTRAINT))
        return self._pending.add(element, stream_id)

    def settle(self, request: VerifyRequest, verdict: Verdict, *, tls: bool, proved: str) -> Settled | None:
        """Give what the authoritative server's ``verdict`` leads to; None if it is not waited for.

        ``proved`` is the domain that the peer's certificate has proved, or empty.
        """
        element = self._pending.take(request)
        if element is None:
            return None
        if verdict.type == "valid" and not may_dial_back(self._config.partners().find(request.partner), tls=tls):
            verdict = _refusal("dialback is not accepted here any more")
        if verdict.type == "valid":
            method = Method.TLS_DIALBACK if tls else Method.DIALBACK
            proof = Proof.PKIX if proved == request.partner else Proof.DNS
            pair = PairAuthorization(request.partner, request.home, method, proof)
            self.add(pair)
            return Settled(build_answer(element, VALID), pair)
        if verdict.type == "invalid" and self._authorized:
            # XEP-0220 §2.1.2: `invalid` costs the peer the whole stream, and here others live on it.
            return Settled(build_answer(element, Verdict("error", StanzaCondition.FORBIDDEN)))
        return Settled(build_answer(element, verdict), ends=verdict.type == "invalid")


def _refusal(text: str) -> Verdict:
    return Verdict("error", StanzaCondition.POLICY_VIOLATION, text)


def _verify_is_request(element: DialbackElement) -> None:
    if element.type:
        # The class of CVE-2012-3525: an answer that nobody asked for, or over another stream, must count for nothing.
        raise RemoteProtocolError(Condition.POLICY_VIOLATION, "an answer to a dialback request that was not made here")
