"""The configuration: what is written reads back, and each key is found on its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from edgecert.model.flagnames import parse_environment
from edgecert.model.request import (
    CertificateOptions,
    CertificateRequest,
    DeployTarget,
    RenewalOptions,
    Subject,
    Topology,
)
from edgecert.shared.binding import Layer
from edgecert.shared.configfile import bind_layers, decode, encode
from edgecert.shared.schema import KeyKind
from edgecert.shared.tomltext import find_lines, to_toml, to_toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgecert.shared.jsonvalue import JsonObject, JsonValue

# A file is UTF-8 text: no half of a surrogate pair. NUL is refused by the schema.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
lists = st.lists(words, max_size=3).map(tuple)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
targets = st.builds(DeployTarget, name=names, directory=words, plaintext_key=st.booleans(), reload_command=lists)
requests = st.builds(
    CertificateRequest,
    certificate=st.builds(CertificateOptions, name=names, friendly_name=words, exportable=st.booleans()),
    subject=st.builds(Subject, organization=words, country=st.sampled_from(["", "IT"])),
    topology=st.builds(Topology, access_edge=words, sip_domains=lists, xmpp_domains=lists),
    renewal=st.builds(RenewalOptions, notify_command=lists),
    deploy=st.lists(targets, max_size=3).map(tuple),
)
scalars = st.one_of(words, st.integers(-(2**63), 2**63 - 1), st.booleans())
documents = st.recursive(
    st.dictionaries(words, scalars, max_size=3),
    lambda inner: st.dictionaries(
        words, st.one_of(scalars, inner, st.lists(inner, max_size=2), st.lists(words, max_size=3)), max_size=3
    ),
    max_leaves=12,
)


def all_names(value: JsonValue) -> Iterator[str]:
    """Give the name of each key in ``value``."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from all_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from all_names(item)


@given(requests, st.booleans())
def test_a_request_survives_the_way_through_a_file(request: CertificateRequest, defaults: bool) -> None:
    text = to_toml(encode(request, defaults=defaults))
    assert decode(CertificateRequest, tomllib.loads(text)) == request


@given(requests)
def test_a_file_binds_to_what_was_written(request: CertificateRequest) -> None:
    text = to_toml(encode(request))
    layer = Layer(tomllib.loads(text), "f", find_lines(text), Path("/base"))
    assert bind_layers(CertificateRequest, [layer], blame=layer).value.topology == request.topology


@given(documents)
def test_any_document_reads_back(document: JsonObject) -> None:
    assert tomllib.loads(to_toml(document)) == document


def scalar_keys(value: JsonValue, path: str = "") -> Iterator[str]:
    """Give the path of each key below ``value`` that holds no table."""
    if isinstance(value, dict):
        for name, item in value.items():
            place = f"{path}.{name}" if path else name
            if isinstance(item, dict | list):
                yield from scalar_keys(item, place)
            else:
                yield place
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from scalar_keys(item, f"{path}[{index}]")


# Dots and brackets in a key would make its path ambiguous, and an empty one has none.
plain_documents = documents.filter(lambda it: all(re.fullmatch(r"[^.\[\]]+", name) for name in all_names(it)))


@given(plain_documents)
def test_each_key_is_found_on_the_line_that_begins_with_it(document: JsonObject) -> None:
    text = to_toml(document)
    found, lines = find_lines(text), text.split("\n")
    for path in scalar_keys(document):
        name = path.rsplit(".", 1)[-1]
        assert lines[found[path] - 1].startswith((f"{name} = ", f"{to_toml_value(name)} = "))


@given(words)
def test_reading_a_variable_never_fails(text: str) -> None:
    for kind in KeyKind:
        parse_environment(kind, text)
