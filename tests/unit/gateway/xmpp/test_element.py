from __future__ import annotations

import pytest

from gateway.xmpp.element import Element, count_declarations, escape_attribute, parse_element, split_name, write_element

SCOPE = {"": "jabber:server", "p": "urn:p"}


def test_reads_names_attributes_and_text_in_order() -> None:
    element = parse_element(b"<a b='1' xml:lang='de'>x<p:c p:d='2'/>y<![CDATA[<z>]]></a>", SCOPE)
    assert (element.namespace, element.name) == ("jabber:server", "a")
    assert element.attributes == {"b": "1", "http://www.w3.org/XML/1998/namespace lang": "de"}
    assert element.text == "xy<z>"
    inner = element.find("urn:p", "c")
    assert inner is not None
    assert inner.attributes == {"urn:p d": "2"}
    assert element.find("jabber:server", "c") is None
    assert [child.name for child in element] == ["c"]


@pytest.mark.parametrize(
    "raw",
    [
        b"<a/>",
        b"<a b='1' xml:lang='de'>x &lt; y &amp; &gt; z</a>",
        b"<a><b xmlns='urn:b'><c xmlns=''/><d/></b><e/></a>",
        b"<a p:b='1'><p:c/></a>",
        b"<a b='&#10;&#9;&#13;&apos;&quot;'>&#13;</a>",
    ],
)
def test_what_is_written_is_read_the_same(raw: bytes) -> None:
    element = parse_element(raw, SCOPE)
    written = write_element(element, "jabber:server")
    assert parse_element(written, {"": "jabber:server"}) == element
    assert b"p:" not in written


def test_moves_a_namespace_at_every_depth() -> None:
    element = parse_element(b"<a><x xmlns='urn:x'><b xmlns='jabber:server'/></x></a>", SCOPE)
    written = write_element(element, "jabber:component:accept", {"jabber:server": "jabber:component:accept"})
    assert written == b"<a><x xmlns='urn:x'><b xmlns='jabber:component:accept'/></x></a>"


@pytest.mark.parametrize("raw", [b"<a>", b"text", b"<a/><b/>", b"</scope><scope>", b"<q:a/>"])
def test_refuses_what_is_not_one_element(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the message is Expat's or the unpacking's
        parse_element(raw, SCOPE)


def test_names_and_attribute_values() -> None:
    assert split_name("urn:x a") == ("urn:x", "a")
    assert split_name("a") == ("", "a")
    assert escape_attribute("'<&\n") == "&apos;&lt;&amp;&#10;"
    assert Element("", "a").text == ""


def test_namespaces_are_counted_by_the_element_that_declares_most() -> None:
    raw = b"<a xmlns:b='1'><b xmlns:c='1' xmlns='2'/>xmlns xmlns xmlns<c xmlns='3'/></a>"
    assert count_declarations(raw, SCOPE) == 2
    assert count_declarations(b"<p:a/>", SCOPE) == 0
