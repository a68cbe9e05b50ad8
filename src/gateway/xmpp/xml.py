"""The hardened parser of a stream: bytes in, whole elements out, each with the slice of input that it was.

XMPP forbids comments, processing instructions, document type declarations and entities (RFC 6120 §11.1) and any
encoding but UTF-8 (§11.6); all of that ends the stream here. No tree is built: an element carries its name, its
attributes and its bytes.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, TypeAlias
from xml.parsers import expat

from edgecert.shared.xmltokens import DEFERS, TagGate, create_parser
from gateway.errors import Condition, RemoteProtocolError
from gateway.xmpp.element import SEPARATOR, count_declarations, parse_element

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.xmpp.configs import StreamLimits
    from gateway.xmpp.element import Element

if expat.version_info < (
    2,
    4,
    5,
):  # older ones accept ill-formed UTF-8 and the separator in a namespace (CVE-2022-25235, -25236)
    message = f"Expat {expat.version_info} is too old for a server that faces the Internet: 2.4.5 is needed"
    raise ImportError(message)

_EMPTY_TAG: Final = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/>""")
_START_TAG: Final = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_NO_SPACE: Final = re.compile(rb"[^ \t\r\n]")
_STREAM_DEPTH: Final = 1
_TOP_DEPTH: Final = 2


class StreamOpened(NamedTuple):
    """The start tag of the stream; ``scope`` holds the namespaces it declared by prefix, "" being the default."""

    name: str
    attributes: Mapping[str, str]
    scope: Mapping[str, str]
    end: int


class ElementReceived(NamedTuple):
    """A whole child of the stream; ``raw`` is exactly what was parsed."""

    name: str
    attributes: Mapping[str, str]
    raw: bytes
    scope: Mapping[str, str]
    end: int

    def tree(self) -> Element:
        """Give the element as a tree."""
        return parse_element(self.raw, self.scope)


class StreamClosed(NamedTuple):
    """The end tag of the stream; nothing after it is read."""

    end: int


XmlEvent: TypeAlias = StreamOpened | ElementReceived | StreamClosed


class XmlStreamParser:
    """Reads one stream from its header to its end tag; a restarted stream needs a new parser.

    ``feed`` takes bytes, ``next_event`` gives what they completed, in order; a fault is raised when everything before
    it was given.
    """

    __slots__ = (
        "_authenticated",
        "_base",
        "_buffer",
        "_depth",
        "_elements",
        "_events",
        "_expat",
        "_fault",
        "_frozen_scope",
        "_gate",
        "_given",
        "_has_children",
        "_header",
        "_limits",
        "_max_attributes",
        "_max_depth",
        "_max_size",
        "_max_token",
        "_scope",
        "_seen",
        "_taken",
        "_top",
    )

    def __init__(self, limits: StreamLimits, *, authenticated: bool = False) -> None:
        """Start before the header, under the limits for peers that have proved themselves or not."""
        self._limits = limits
        self._max_depth = limits.max_depth
        self._max_attributes = limits.max_attributes
        self.authenticated = authenticated
        self._events: list[XmlEvent] = []
        self._given = 0  # how many of them were given
        self._fault: RemoteProtocolError | None = None
        self._buffer = bytearray()
        self._base = 0  # offset in the stream of the buffer's first byte
        self._seen = 0  # offset up to which everything belongs to a completed construct or to white space
        self._taken = 0  # offset where the last event given ended
        self._depth = 0
        self._top: tuple[str, Mapping[str, str], int] | None = None
        self._has_children = False
        self._elements = 0
        self._header = b""  # the stream's start tag as it came
        self._scope: dict[str, str] = {}
        self._frozen_scope: Mapping[str, str] = MappingProxyType(self._scope)
        self._gate = TagGate() if DEFERS else None
        self._expat = self._create()

    def rest(self) -> bool:
        """Put Expat away while the stream is silent, for its memory; say whether that has happened now.

        It takes a fifth of what an idle stream needs. The next bytes find a new one, which has read the header again.
        """
        if self._expat is _RESTING or self._depth != _STREAM_DEPTH or self._events or self._fault or self._top:
            return False
        if self._seen != self._base + len(self._buffer):
            return False  # the beginning of something
        self._expat = _RESTING
        self._buffer = bytearray()
        self._base = self._seen = self._taken = len(self._header)
        return True

    def _wake(self) -> None:
        """Make the parser that stands where the one stood that was put away; offsets count from the header again."""
        parser = self._expat = create_parser(SEPARATOR)
        self._gate = TagGate() if DEFERS else None
        parser.Parse(self._header, False)  # no handler hears it: it was heard before
        self._set_handlers(parser)
        parser.StartNamespaceDeclHandler = None

    def _create(self) -> expat.XMLParserType:
        parser = create_parser(SEPARATOR)  # which does not hold back finished elements; max_token bounds slow ones
        self._set_handlers(parser)
        return parser

    def _set_handlers(self, parser: expat.XMLParserType) -> None:
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartNamespaceDeclHandler = self._declare
        parser.XmlDeclHandler = self._xml_declaration
        parser.StartDoctypeDeclHandler = _REFUSE_DOCTYPE
        parser.EntityDeclHandler = _REFUSE_ENTITY
        parser.CommentHandler = _REFUSE_COMMENT
        parser.ProcessingInstructionHandler = _REFUSE_INSTRUCTION

    @property
    def authenticated(self) -> bool:
        """Whether the wider limits hold."""
        return self._authenticated

    @authenticated.setter
    def authenticated(self, value: bool) -> None:
        limits = self._limits
        self._authenticated = value
        self._max_size = limits.max_stanza_size if value else limits.max_stanza_size_before_authentication
        self._max_token = limits.max_token if value else limits.max_token_before_authentication

    def feed(self, data: bytes) -> bool:
        """Take ``data``; say whether it was nothing but white space between elements."""
        if self._fault is not None or not data:
            return False
        if not self._events:
            del self._buffer[: self._taken - self._base]
            self._base = self._taken
        self._buffer += data
        if self._expat is _RESTING:
            self._wake()
        try:
            if not self._depth:
                self._check_encoding()
            self._expat.Parse(self._gate.push(data) if self._gate else data, False)
            self._check_rest()
        except expat.ExpatError as error:
            self._fault = RemoteProtocolError(Condition.NOT_WELL_FORMED, expat.ErrorString(error.code))
        except RemoteProtocolError as fault:
            self._fault = fault
        idle = self._depth == _STREAM_DEPTH and not self._events and not data.strip()
        return idle and self._seen == self._base + len(self._buffer)

    def next_event(self) -> XmlEvent | None:
        """Give the next completed construct, None when more bytes are needed.

        Raises:
            RemoteProtocolError: what follows is refused; raised again at every call.
        """
        events = self._events
        if events:
            event = events[self._given]
            self._given += 1
            if self._given == len(events):
                events.clear()
                self._given = 0
            self._taken = event.end
            return event
        if self._fault is not None:
            raise self._fault
        if self._top is None and self._depth:
            self._taken = self._seen
            if self._buffer and not self.held:
                self._buffer.clear()  # an idle stream keeps nothing
                self._base = self._taken
        return None

    @property
    def held(self) -> int:
        """How many bytes belong to no event that was given."""
        return self._base + len(self._buffer) - self._taken

    def unread(self) -> bytes:
        """Give the bytes after the last event given: a restarted stream's parser reads them."""
        return bytes(self._buffer[self._taken - self._base :])

    # --- limits that no single handler sees

    def _check_rest(self) -> None:
        """Refuse what has not ended and is too large already; step over white space between elements."""
        total = self._base + len(self._buffer)
        if self._depth == _STREAM_DEPTH:
            something = _NO_SPACE.search(self._buffer, self._seen - self._base)
            if something and something[0] != b"<":
                raise RemoteProtocolError(Condition.BAD_FORMAT, "text outside of stanzas")
            self._seen = self._base + something.start() if something else total
        start = self._top[2] if self._top else self._seen
        if total - start > self._max_size:
            self._refuse_size()
        if total - start > self._max_token and total - max(self._expat.CurrentByteIndex, 0) > self._max_token:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"a token of more than {self._max_token} bytes")

    def _check_encoding(self) -> None:
        """Refuse UTF-16, which Expat knows by its first two bytes and reads, whatever encoding it was made for."""
        first = bytes(self._buffer[:2])
        if not self._base and (b"\0" in first or first[:1] in {b"\xfe", b"\xff"}):
            raise RemoteProtocolError(Condition.UNSUPPORTED_ENCODING, "UTF-16")

    def _refuse_size(self) -> NoReturn:
        raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"an element of more than {self._max_size} bytes")

    def _refuse_declarations(self) -> NoReturn:
        raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"more than {self._max_attributes} namespaces at once")

    def _check_gap(self, start: int) -> None:
        """Refuse text (also in a CDATA section) between the elements of a stream."""
        if start != self._seen and self._buffer[self._seen - self._base : start - self._base].strip():
            raise RemoteProtocolError(Condition.BAD_FORMAT, "text outside of stanzas")

    # --- what Expat tells

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth = self._depth + 1
        if len(attributes) > self._max_attributes:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"more than {self._max_attributes} attributes")
        if depth > _TOP_DEPTH:
            self._has_children = True
            if depth > self._max_depth:
                raise RemoteProtocolError(Condition.POLICY_VIOLATION, f"elements nested deeper than {self._max_depth}")
        elif depth == _TOP_DEPTH:
            start = self._expat.CurrentByteIndex
            self._check_gap(start)
            self._has_children = False
            self._top = name, attributes, start
        else:
            self._open(name, attributes)

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._expat.StartNamespaceDeclHandler = None
        start = self._expat.CurrentByteIndex
        end = self._tag_end(start)
        self._seen = end
        # Also after authentication: what a header declares is read again with every stanza that is written anew.
        if end - self._base > self._limits.max_stanza_size_before_authentication:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "a stream header that is too long")
        if len(self._scope) > self._max_attributes:
            self._refuse_declarations()
        self._header = bytes(self._buffer[start - self._base : end - self._base])
        self._events.append(StreamOpened(name, attributes, self._frozen_scope, end))

    def _tag_end(self, start: int) -> int:
        """Give where the start tag at ``start`` ends: at the first ``>`` outside of attribute values."""
        tag = _START_TAG.match(self._buffer, start - self._base)
        # Expat has accepted the tag, so that it matches; an end of the buffer only keeps the type checker content.
        return self._base + (tag.end() if tag else len(self._buffer))

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._depth > _STREAM_DEPTH:
            return
        index = self._expat.CurrentByteIndex
        if self._top is None:
            self._check_gap(index)
            self._events.append(StreamClosed(self._base + len(self._buffer)))
            return
        name, attributes, start = self._top
        self._top = None
        end = self._element_end(start, index)
        if end - start > self._max_size:
            self._refuse_size()
        if not self._authenticated:
            self._count()
        self._seen = end
        raw = bytes(memoryview(self._buffer)[start - self._base : end - self._base])
        # A handler for each declaration would cost every stanza more than this does.
        if raw.count(b"xmlns") > self._max_attributes < count_declarations(raw, self._scope):
            self._refuse_declarations()
        self._events.append(ElementReceived(name, attributes, raw, self._frozen_scope, end))

    def _element_end(self, start: int, index: int) -> int:
        """Give where the element ends. Expat stands at its end tag, or behind it if it is an empty-element tag."""
        buffer, base = self._buffer, self._base
        if not buffer.startswith(b"</", index - base):
            return index
        if not self._has_children and buffer.startswith(b"/>", index - base - 2):
            # Either an empty-element tag with the next end tag behind it, or text that ends in "/>" before its own end
            # tag.
            empty = _EMPTY_TAG.match(buffer, start - base)
            if empty is not None and empty.end() == index - base:
                return index
        return base + buffer.index(b">", index - base) + 1

    def _count(self) -> None:
        self._elements += 1
        if self._elements > self._limits.max_elements_before_authentication:
            raise RemoteProtocolError(Condition.POLICY_VIOLATION, "too many elements before authentication")

    def _declare(self, prefix: str | None, uri: str) -> None:
        self._scope[prefix or ""] = uri or ""

    def _xml_declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise RemoteProtocolError(Condition.UNSUPPORTED_VERSION, f"XML {version}")
        if encoding is not None and encoding.upper() != "UTF-8":
            raise RemoteProtocolError(Condition.UNSUPPORTED_ENCODING, encoding)


class _Refusal:
    """A handler of Expat that refuses what it is called for."""

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __call__(self, *_arguments: object) -> NoReturn:
        raise RemoteProtocolError(Condition.RESTRICTED_XML, self._what)


_REFUSE_DOCTYPE: Final = _Refusal("a document type declaration")
_REFUSE_ENTITY: Final = _Refusal("an entity declaration")
_REFUSE_COMMENT: Final = _Refusal("a comment")
_REFUSE_INSTRUCTION: Final = _Refusal("a processing instruction")
_RESTING: Final = create_parser(SEPARATOR)  # stands in for the parsers that were put away; never fed
