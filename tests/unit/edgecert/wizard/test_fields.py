"""Every key of the flags file is a question somewhere, with a label and a help."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from edgecert.model.request import CertificateRequest
from edgecert.shared.schema import KeyKind, iter_options, keys_of
from edgecert.wizard.fields import (
    Page,
    all_fields,
    asked_on,
    find_field,
    is_meant,
    label_of,
    page_of,
    page_title,
    page_word,
    row_fields,
    split_path,
)
from edgecert.wizard.session import WizardSession


def test_every_key_of_the_schema_is_a_field() -> None:
    schema = [item.path for item in iter_options(CertificateRequest) if "[]" not in item.path]
    assert [entry.path for entry in all_fields()] == [path for path in schema if path != "version"]


def test_what_a_page_asks_for_exists() -> None:
    for kind in ("acme", "csr", "local"):
        for internal in (True, False):
            paths = [path for page in Page for path in asked_on(page, kind, internal=internal)]
            assert len(paths) == len(set(paths))
            for path in paths:
                assert find_field(path).help
                assert label_of(path)


def test_a_field_inside_a_table_is_found_by_its_index() -> None:
    assert find_field("deploy[3].name").key.name == "name"
    assert find_field("issuer.challenges[0].type").label == "Type"
    with pytest.raises(KeyError):
        find_field("deploy[3].nothing")
    with pytest.raises(KeyError):
        find_field("nothing")


def test_a_path_is_parted() -> None:
    assert split_path("deploy[2].name") == ("deploy", 2, "name")
    assert split_path("issuer.kind") == ("issuer.kind", None, "")


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("certificate.role", Page.KIND),
        ("issuer.kind", Page.KIND),
        ("issuer.challenges[0].listen", Page.ISSUER),
        ("certificate.template", Page.ISSUER),
        ("certificate.name", Page.SECURITY),
        ("subject.country", Page.SECURITY),
        ("topology", Page.NAMES),
        ("deploy[0].name", Page.TARGETS),
        ("renewal.renew_before", Page.SECURITY),
    ],
)
def test_a_problem_is_shown_where_it_is_mended(path: str, page: Page) -> None:
    assert page_of(path) is page


def test_a_target_is_asked_for_what_its_kind_needs() -> None:
    gateway = {split_path(entry.path)[2] for entry in row_fields("deploy", 0, {"kind": "gateway"})}
    files = {split_path(entry.path)[2] for entry in row_fields("deploy", 0, {"kind": "files"})}
    assert {"name", "kind", "control", "verify"} <= gateway
    assert {"name", "kind", "directory", "layout", "reload_command"} <= files
    assert not {"directory", "layout"} & gateway
    assert "control" not in files


def test_a_challenge_is_asked_for_what_its_type_needs() -> None:
    http = {split_path(entry.path)[2] for entry in row_fields("issuer.challenges", 0, {"type": "http-01"})}
    dns = {split_path(entry.path)[2] for entry in row_fields("issuer.challenges", 0, {"type": "dns-01"})}
    assert {"names", "type", "listen", "webroot"} <= http
    assert "provider" in dns
    assert not {"listen", "webroot"} & dns


def test_a_key_for_one_provider_is_asked_for_by_that_alone() -> None:
    def asked(row: dict[str, str]) -> set[str]:
        return {split_path(entry.path)[2] for entry in row_fields("issuer.challenges", 0, row)}

    assert "server" in asked({"type": "dns-01", "provider": "rfc2136"})
    assert "server" not in asked({"type": "dns-01", "provider": "command"})
    assert "server" not in asked({"type": "http-01", "provider": "rfc2136"})
    assert "listen" in asked({"type": "tls-alpn-01"})


def test_a_colon_in_a_help_that_names_no_choice_hides_nothing() -> None:
    keys = keys_of(CertificateRequest)
    assert all(is_meant(key, keys, {}) for key in keys)


def test_each_page_has_a_title_and_a_word() -> None:
    assert len({page_title(page) for page in Page}) == len(Page)
    assert len({page_word(page) for page in Page}) == len(Page)


def reachable() -> set[str]:
    """Give every key that some page, the page of the rest, or the form of a table asks for."""
    found: set[str] = set()
    for kind in ("acme", "csr", "local"):
        for role in ("external-edge", "internal-edge"):
            session = WizardSession(Path("/srv"))
            session.answer("issuer.kind", kind)
            session.answer("certificate.role", role)
            found |= {entry.path for page in session.pages for entry in session.fields(page)}
            found |= {entry.path for entry in session.advanced() if entry.key.kind is not KeyKind.TABLES}
    for table in ("deploy", "issuer.challenges"):
        keys = keys_of(find_field(table).key.table_class)
        deciders = [key for key in keys if key.name in ("kind", "type", "provider", "layout")]
        for said in product(*([str(choice) for choice in key.choices] for key in deciders)):
            session = WizardSession(Path("/srv"))
            index = session.add_row(table, dict(zip((key.name for key in deciders), said, strict=True)))
            found |= {entry.path.replace("[0]", "[]") for entry in session.row_fields(table, index)}
    return found


def test_every_key_of_the_flags_file_can_be_reached() -> None:
    domains = {"topology.sip_domains", "topology.xmpp_domains"}  # ticked in the table of domains
    keys = {item.path for item in iter_options(CertificateRequest)} - {"version", "deploy", "issuer.challenges"}
    assert keys - domains - reachable() == set()
    assert {path for path in keys if "[]" in path}, "the walk has missed the tables"
