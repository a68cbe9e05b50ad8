"""Feeding Expat whole tags, because some builds of it sit on finished elements otherwise.

Expat 2.6 defers parsing a token it has seen the beginning of until its input has doubled (the mend of CVE-2023-52425).
Distributions ported that back to 2.5, where Python has no switch for it: ``</mess`` and then ``age>`` leaves a finished
stanza unreported until more arrives, which on a stream may be never. Whoever feeds Expat only up to the end of a tag
never leaves it such a beginning.
"""

from __future__ import annotations

import re
from typing import Final
from xml.parsers import expat

_IN_TAG: Final = re.compile(rb"""[>"']""")


def create_parser(namespace_separator: str) -> expat.XMLParserType:
    """Make a UTF-8 parser that does not defer, where Python can tell it so; see :data:`DEFERS`."""
    parser = expat.ParserCreate("UTF-8", namespace_separator)
    if hasattr(parser, "SetReparseDeferralEnabled"):
        parser.SetReparseDeferralEnabled(False)
    return parser


def defers() -> bool:
    """Whether Expat here sits on a tag that came in two pieces, whatever it was told."""
    seen: list[str] = []
    parser = create_parser(" ")
    parser.StartElementHandler = lambda name, _: seen.append(name)
    parser.Parse(b"<element", False)
    parser.Parse(b">", False)
    return not seen


DEFERS: Final = defers()
"""Whether input has to go through a :class:`TagGate`."""


class TagGate:
    """Holds back the beginning of a tag until its end has come. The work is linear in the input, however it is cut."""

    __slots__ = ("_held", "_quote")

    def __init__(self) -> None:
        """Begin between tags."""
        self._held = bytearray()
        self._quote = b""

    def push(self, data: bytes) -> bytes:
        """Take ``data`` and give what may be fed now: all that was pushed and not given, up to a tag without end."""
        # A raw "<" stands in no attribute value (XML 1.0, 3.1), so the last one begins the last tag, or is inside of
        # a CDATA section, whose end is followed by another tag.
        start = data.rfind(b"<")
        if start < 0:
            if not self._held:
                return data
            self._held += data
            return self._release() if self._tag_ends(data) else b""
        before = bytes(self._held) + data[:start] if self._held else data[:start]
        self._held.clear()
        self._quote = b""
        tag = data[start:]
        if self._tag_ends(tag):
            return before + tag
        self._held += tag
        return before

    def _tag_ends(self, data: bytes) -> bool:
        """Go on through ``data``, none of it seen before, and tell whether the tag's end is in it."""
        at = 0
        while True:
            if self._quote:
                at = data.find(self._quote, at) + 1
                if not at:
                    return False
                self._quote = b""
            found = _IN_TAG.search(data, at)
            if found is None:
                return False
            if found[0] == b">":
                return True
            self._quote, at = found[0], found.end()

    def _release(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
