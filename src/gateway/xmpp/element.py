"""An XML element as a value: made from bytes, searched, written again.

Only what a stream looks into becomes a tree: features, errors, SASL, and stanzas that must be rewritten. A forwarded
stanza stays the slice of input that it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias
from xml.parsers import expat
from xml.sax.saxutils import escape

from gateway.xmpp import namespaces as ns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEPARATOR: Final = " "  # between namespace and local name; Expat >= 2.4.5 refuses a namespace that contains it
_ATTRIBUTE_ENTITIES: Final = {"'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_TEXT_ENTITIES: Final = {"\r": "&#13;"}

Child: TypeAlias = "Element | str"


@dataclass(frozen=True, slots=True)
class Element:
    """An element: expanded name, attributes (a name in a namespace is ``namespace local``), children in order.

    Adjacent texts are one child; namespace declarations are no attributes.
    """

    namespace: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()

    def __iter__(self) -> Iterator[Element]:
        """Go through the child elements."""
        return (child for child in self.children if isinstance(child, Element))

    def find(self, namespace: str, name: str) -> Element | None:
        """Give the first child of that name, or None."""
        return next((child for child in self if child.name == name and child.namespace == namespace), None)

    @property
    def text(self) -> str:
        """The text directly inside."""
        return "".join(child for child in self.children if isinstance(child, str))


def split_name(expanded: str) -> tuple[str, str]:
    """Give namespace and local name of an ``expanded`` name; the namespace may be empty."""
    namespace, _, name = expanded.rpartition(SEPARATOR)
    return namespace, name


def escape_text(text: str) -> str:
    """Give ``text`` as character data; a carriage return survives the next parser."""
    return escape(text, _TEXT_ENTITIES)


def escape_attribute(text: str) -> str:
    """Give ``text`` as it stands between apostrophes; white space survives the next parser's normalisation."""
    return escape(text, _ATTRIBUTE_ENTITIES)


def write_element(element: Element, scope: str, rename: Mapping[str, str] | None = None) -> bytes:
    """Give ``element`` as UTF-8, to stand where ``scope`` is the default namespace.

    ``rename`` moves elements from one namespace to another, at every depth. No prefix is used but ``xml`` and, for an
    attribute in another namespace, one that its own element declares.
    """
    parts: list[str] = []
    _write(element, scope, rename or {}, parts)
    return "".join(parts).encode()


def _write(element: Element, scope: str, rename: Mapping[str, str], parts: list[str]) -> None:
    namespace = rename.get(element.namespace, element.namespace)
    parts.append(f"<{element.name}")
    if namespace != scope:
        parts.append(f" xmlns='{escape_attribute(namespace)}'")
    for number, (expanded, value) in enumerate(element.attributes.items()):
        parts.append(f" {_attribute_name(expanded, number)}='{escape_attribute(value)}'")
    if not element.children:
        parts.append("/>")
        return
    parts.append(">")
    for child in element.children:
        if isinstance(child, str):
            parts.append(escape_text(child))
        else:
            _write(child, namespace, rename, parts)
    parts.append(f"</{element.name}>")


def _attribute_name(expanded: str, number: int) -> str:
    namespace, name = split_name(expanded)
    if not namespace:
        return name
    if namespace == ns.XML:
        return f"xml:{name}"
    return f"xmlns:a{number}='{escape_attribute(namespace)}' a{number}:{name}"


def parse_element(raw: bytes, scope: Mapping[str, str]) -> Element:
    """Give the tree of ``raw``, one whole element that a stream parser has accepted.

    ``scope`` holds the namespaces declared outside of it, by prefix; the default one's is the empty string.

    Raises:
        ValueError: ``raw`` is not one well-formed element in this scope.
    """
    builder = _TreeBuilder()
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=SEPARATOR)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    try:
        parser.Parse(_enclosed(raw, scope), True)
    except expat.ExpatError as error:
        message = "not a well-formed element"
        raise ValueError(message) from error
    (element,) = builder.root().children
    if isinstance(element, str):
        message = "text, not an element"
        raise ValueError(message)  # the value is wrong, not a caller's type
    return element


def count_declarations(raw: bytes, scope: Mapping[str, str]) -> int:
    """Give how many namespaces the element in ``raw`` declares that declares most; see :func:`parse_element`."""
    counts = [0]
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=SEPARATOR)

    def declare(_prefix: str | None, _uri: str) -> None:
        counts[-1] += 1

    def start(_name: str, _attributes: dict[str, str]) -> None:
        counts.append(0)
        parser.StartNamespaceDeclHandler = declare  # what is declared from here on is the element's own

    parser.StartElementHandler = start
    parser.Parse(_enclosed(raw, scope), True)
    return max(counts)


def _enclosed(raw: bytes, scope: Mapping[str, str]) -> bytes:
    prefixes = {prefix: uri for prefix, uri in scope.items() if prefix != "xml"}
    declared = "".join(f" {_declaration(prefix)}='{escape_attribute(uri)}'" for prefix, uri in prefixes.items())
    return b"<scope" + declared.encode() + b">" + raw + b"</scope>"


def _declaration(prefix: str) -> str:
    return f"xmlns:{prefix}" if prefix else "xmlns"


class _TreeBuilder:
    """Collects Expat's events into elements."""

    def __init__(self) -> None:
        self._open: list[tuple[str, dict[str, str], list[Child]]] = [("", {}, [])]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._open.append((name, attributes, []))

    def text(self, text: str) -> None:
        children = self._open[-1][2]
        if children and isinstance(children[-1], str):
            children[-1] += text
        else:
            children.append(text)

    def end(self, _name: str) -> None:
        expanded, attributes, children = self._open.pop()
        namespace, name = split_name(expanded)
        self._open[-1][2].append(Element(namespace, name, attributes, tuple(children)))

    def root(self) -> Element:
        (child,) = self._open[0][2]
        if isinstance(child, str):  # Expat gives no text outside the document element
            message = "no document element"
            raise ValueError(message)  # the value is wrong, not a caller's type
        return child
