"""What can go wrong in the gateway and whose fault it is.

* :class:`LocalProtocolError`: our own code asked a stream for what its state does not allow; the stream is unchanged
* :class:`RemoteProtocolError`: the peer broke the protocol; carries the condition that the stream error will name
* :class:`AddressError`: a text is no JID
* :class:`PartnerRefusedError`: a partner cannot be committed as given; its code is one that ``edgecert explain`` knows
* :class:`ContactRefusedError`: a contact cannot be changed as asked; its code is one that ``edgecert explain`` knows
* :class:`DatabaseError`: the gateway's database is damaged, too new or cannot be opened
"""

from __future__ import annotations

from enum import StrEnum

from edgecert.shared.errors import EdgecertError


class Condition(StrEnum):
    """The stream error conditions of RFC 6120 §4.9.3."""

    BAD_FORMAT = "bad-format"
    BAD_NAMESPACE_PREFIX = "bad-namespace-prefix"
    CONFLICT = "conflict"
    CONNECTION_TIMEOUT = "connection-timeout"
    HOST_GONE = "host-gone"
    HOST_UNKNOWN = "host-unknown"
    IMPROPER_ADDRESSING = "improper-addressing"
    INTERNAL_SERVER_ERROR = "internal-server-error"
    INVALID_FROM = "invalid-from"
    INVALID_NAMESPACE = "invalid-namespace"
    INVALID_XML = "invalid-xml"
    NOT_AUTHORIZED = "not-authorized"
    NOT_WELL_FORMED = "not-well-formed"
    POLICY_VIOLATION = "policy-violation"
    REMOTE_CONNECTION_FAILED = "remote-connection-failed"
    RESET = "reset"
    RESOURCE_CONSTRAINT = "resource-constraint"
    RESTRICTED_XML = "restricted-xml"
    SEE_OTHER_HOST = "see-other-host"
    SYSTEM_SHUTDOWN = "system-shutdown"
    UNDEFINED_CONDITION = "undefined-condition"
    UNSUPPORTED_ENCODING = "unsupported-encoding"
    UNSUPPORTED_FEATURE = "unsupported-feature"
    UNSUPPORTED_STANZA_TYPE = "unsupported-stanza-type"
    UNSUPPORTED_VERSION = "unsupported-version"


class StanzaCondition(StrEnum):
    """The stanza error conditions of RFC 6120 §8.3.3 that the gateway sends."""

    BAD_REQUEST = "bad-request"
    FEATURE_NOT_IMPLEMENTED = "feature-not-implemented"
    FORBIDDEN = "forbidden"
    INTERNAL_SERVER_ERROR = "internal-server-error"
    ITEM_NOT_FOUND = "item-not-found"
    JID_MALFORMED = "jid-malformed"
    NOT_ALLOWED = "not-allowed"
    NOT_AUTHORIZED = "not-authorized"
    POLICY_VIOLATION = "policy-violation"
    REMOTE_CONNECTION_FAILED = "remote-connection-failed"  # of a dialback error, XEP-0220 §2.4.2
    REMOTE_SERVER_NOT_FOUND = "remote-server-not-found"
    REMOTE_SERVER_TIMEOUT = "remote-server-timeout"
    RESOURCE_CONSTRAINT = "resource-constraint"
    SERVICE_UNAVAILABLE = "service-unavailable"


class GatewayError(EdgecertError):
    """Any error of the gateway's own."""

    code = "gateway"


class LocalProtocolError(GatewayError):
    """Our own code called a stream in a state that does not allow it; nothing was changed."""

    code = "local-protocol"


class RemoteProtocolError(GatewayError):
    """The peer broke the protocol; the stream ends with :attr:`condition`."""

    code = "remote-protocol"

    def __init__(self, condition: Condition, text: str = "") -> None:
        """Keep the ``condition`` and what to tell the peer about it."""
        super().__init__(f"{condition.value}: {text}" if text else condition.value)
        self.condition = condition
        self.text = text


class AddressError(GatewayError):
    """A text is no JID (RFC 7622)."""

    code = "jid-malformed"


class PartnerRefusedError(GatewayError):
    """A partner cannot be committed as given; the table is unchanged."""

    code = "partner-refused"


class ContactRefusedError(GatewayError):
    """A contact cannot be changed as asked; it is unchanged."""

    code = "contact-refused"


class DatabaseError(GatewayError):
    """The gateway's database is damaged, too new or cannot be opened."""

    code = "database"
