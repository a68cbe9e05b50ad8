"""The opening of an XMPP stream up to STARTTLS, seen from a client that sends no stanza and says no name of its own.

Bytes in, bytes out (RFC 6120 sections 4.2 and 5.4). There is no ``from``: who asks what a listener serves is nobody's
partner.
"""

from __future__ import annotations

from enum import Enum
from typing import Final
from xml.parsers import expat

from edgecert.shared.errors import NetworkError
from edgecert.shared.xmltokens import TagGate, create_parser

MAX_OPENING: Final = 64 << 10

_STREAMS: Final = "http://etherx.jabber.org/streams"
_TLS: Final = "urn:ietf:params:xml:ns:xmpp-tls"
_STREAM_ERRORS: Final = "urn:ietf:params:xml:ns:xmpp-streams"
_STREAM: Final = f"{_STREAMS} stream"
_FEATURES: Final = f"{_STREAMS} features"
_ERROR: Final = f"{_STREAMS} error"
_OFFER: Final = f"{_TLS} starttls"
_PROCEED: Final = f"{_TLS} proceed"
_FAILURE: Final = f"{_TLS} failure"


class Step(Enum):
    """What comes next."""

    READ = "read"
    ASK = "ask"
    BEGIN_TLS = "begin-tls"


class Opening:
    """Follows the listener's side of an opening.

    Send :meth:`header`, feed what arrives; on ``ASK`` send :data:`REQUEST`, on ``BEGIN_TLS`` begin the handshake.
    """

    REQUEST: Final = f"<starttls xmlns='{_TLS}'/>".encode()

    def __init__(self, domain: str) -> None:
        """Prepare to ask for ``domain``."""
        self._domain = domain
        self._read = 0
        self._path: list[str] = []
        self._offered = False
        self._step = Step.READ
        self._gate = TagGate()
        self._parser = create_parser(" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def header(self) -> bytes:
        """Give what opens the stream."""
        return (
            f"<?xml version='1.0'?><stream:stream to='{_escape(self._domain)}' version='1.0' xml:lang='en'"
            f" xmlns='jabber:server' xmlns:stream='{_STREAMS}'>"
        ).encode()

    def receive_data(self, data: bytes) -> Step:
        """Take what the listener sent (nothing: it closed) and say what comes next.

        Raises:
            NetworkError: ``no-starttls`` or ``no-xmpp``, saying what the listener did instead.
        """
        self._read += len(data)
        if not data:
            raise _not_xmpp("it closed the connection")
        if self._read > MAX_OPENING:
            raise _not_xmpp(f"it sent more than {MAX_OPENING} bytes before TLS")
        self._step = Step.READ
        try:
            self._parser.Parse(self._gate.push(data), False)  # expat's own way to say that more comes
        except expat.ExpatError as error:
            raise _not_xmpp(f"what it sent is no XML ({error})") from None
        return self._step

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) == 1 and name != _STREAM:
            raise _not_xmpp("it opened no XMPP stream")
        if self._path[1:] == [_FEATURES, _OFFER]:
            self._offered = True
        if self._path[1:2] == [_ERROR] and name.startswith(f"{_STREAM_ERRORS} ") and not name.endswith(" text"):
            condition = name.partition(" ")[2]
            raise NetworkError(f"the listener answered with the stream error {condition}", code="no-starttls")

    def _end(self, name: str) -> None:
        depth = len(self._path)
        self._path.pop()
        if depth == 1:
            raise _not_xmpp("it ended the stream")
        if depth == 2:  # a child of the stream
            self._child_ended(name)

    def _child_ended(self, name: str) -> None:
        if name == _FEATURES:
            if not self._offered:
                raise NetworkError(
                    "the listener offers no STARTTLS", code="no-starttls", hint="it may have no certificate"
                )
            self._step = Step.ASK
        elif name == _PROCEED:
            self._step = Step.BEGIN_TLS
        elif name == _FAILURE:
            raise NetworkError("the listener offered STARTTLS and then refused it", code="no-starttls")

    def _refuse_doctype(self, *_: object) -> None:
        raise _not_xmpp("it sent a document type declaration")


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")


def _not_xmpp(what: str) -> NetworkError:
    return NetworkError(f"the listener does not open an XMPP stream: {what}", code="no-xmpp")
