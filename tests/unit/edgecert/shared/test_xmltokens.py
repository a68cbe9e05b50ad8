"""Expat gets whole tags, however the input was cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecert.shared.xmltokens import DEFERS, TagGate, create_parser, defers

DOCUMENT = (
    b"<?xml version='1.0'?><stream to='a.example' x=\"it's > that\"><message><body>1 > 0 &amp; so</body>"
    b"<![CDATA[<not \"a tag]]></message>  <presence/><iq id='1' note='a>b'/></stream>"
)


@given(st.lists(st.integers(0, len(DOCUMENT)), max_size=40))
def test_every_tag_is_reported_as_soon_as_its_end_came(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(DOCUMENT)]
    gate, parser = TagGate(), create_parser(" ")
    seen: list[str] = []
    parser.StartElementHandler = lambda name, _: seen.append(name)
    parser.EndElementHandler = lambda name: seen.append(f"/{name}")
    given_so_far = b""
    for begin, end in pairwise(edges):
        part = gate.push(DOCUMENT[begin:end])
        given_so_far += part
        assert DOCUMENT.startswith(given_so_far)
        if part:
            parser.Parse(part, False)
        if DOCUMENT[:end].endswith(b"<presence/>"):
            assert "/presence" in seen
        if DOCUMENT[:end].endswith(b"</message>"):
            assert "/message" in seen
    assert given_so_far == DOCUMENT
    assert seen[-1] == "/stream"


def test_byte_by_byte_nothing_waits_for_more() -> None:
    gate, parser = TagGate(), create_parser(" ")
    fed: list[int] = []
    ends: list[int] = []
    parser.EndElementHandler = lambda _name: ends.append(len(fed))
    for byte in DOCUMENT:
        fed.append(byte)
        parser.Parse(gate.push(bytes([byte])), False)
    tags = (b"</body>", b"</message>", b"<presence/>", b"'a>b'/>", b"</stream>")
    assert ends == [DOCUMENT.index(tag) + len(tag) for tag in tags]


@pytest.mark.parametrize("data", [b"text", b"  ", b"a > b"])
def test_text_between_tags_is_not_held(data: bytes) -> None:
    assert TagGate().push(data) == data


def test_whether_expat_defers_is_known() -> None:
    assert defers() is DEFERS
