"""What a peer's stream header must be (RFC 6120 §4.7, §4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors import AddressError, Condition, RemoteProtocolError
from gateway.model.jid import parse_domain
from gateway.xmpp import namespaces as ns
from gateway.xmpp import wire

if TYPE_CHECKING:
    from gateway.xmpp.xml import StreamOpened


def prepare_domain(text: str) -> str:
    """Give the prepared domain of a header's address; an absent one is empty.

    Raises:
        RemoteProtocolError: ``improper-addressing``: it is no domain.
    """
    if not text:
        return ""
    try:
        return parse_domain(text)
    except AddressError as error:
        raise RemoteProtocolError(
            Condition.IMPROPER_ADDRESSING, "an address of the stream header is no domain"
        ) from error


def is_domain(text: str, domain: str) -> bool:
    """Whether ``text`` names the prepared ``domain``."""
    try:
        return parse_domain(text) == domain
    except AddressError:
        return False


def verify_namespaces(event: StreamOpened) -> None:
    """Prove that a header opens a server-to-server stream.

    Raises:
        RemoteProtocolError: ``invalid-namespace``.
    """
    if event.name != wire.STREAM_NAME:
        raise RemoteProtocolError(Condition.INVALID_NAMESPACE, "the document element is no stream header")
    if event.scope.get("") != ns.SERVER:
        raise RemoteProtocolError(Condition.INVALID_NAMESPACE, f"the default namespace must be {ns.SERVER}")
