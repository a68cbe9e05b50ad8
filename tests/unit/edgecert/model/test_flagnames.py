from __future__ import annotations

import pytest

from edgecert.model.flagnames import (
    dotted_flag,
    environment_name,
    flag_names,
    parse_environment,
    parse_table_flag,
)
from edgecert.shared.schema import KeyKind

COMMON = {"flags-file", "state-dir", "kek-file", "lock-timeout", "json", "yes", "quiet", "verbose", "dry-run", "help"}
RUN_TIME = {"force", "repack", "take-over", "allow-drop", "close-old-streams", "explain-config", "effective-date"}


def test_a_key_is_a_flag_by_its_last_word() -> None:
    names = {item.path: (short, dotted) for item, short, dotted in flag_names()}
    assert names["certificate.bit_length"] == ("bit-length", "certificate-bit-length")
    assert names["topology.sip_domains"] == ("sip-domains", "topology-sip-domains")
    assert "version" not in names
    assert not [path for path in names if path.startswith("deploy[")]


def test_no_flag_has_two_meanings() -> None:
    shorts = [short for _, short, _ in flag_names()]
    dotted = [long for item, _, long in flag_names() if "." in item.path]
    assert len(set(shorts)) == len(shorts)
    assert not set(shorts) & set(dotted)
    assert not (set(shorts) | set(dotted)) & (COMMON | RUN_TIME)


def test_each_key_has_its_flag_and_variable() -> None:
    assert dotted_flag("issuer.request_file") == "issuer-request-file"
    assert environment_name("issuer.request_file") == "EDGECERT_ISSUER_REQUEST_FILE"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (KeyKind.TEXT, "true", "true"),
        (KeyKind.BOOLEAN, "Yes", True),
        (KeyKind.BOOLEAN, "0", False),
        (KeyKind.BOOLEAN, "maybe", "maybe"),
        (KeyKind.INTEGER, "2048", 2048),
        (KeyKind.INTEGER, "many", "many"),
        (KeyKind.LIST, "a.example, b.example", ["a.example", "b.example"]),
        (KeyKind.LIST, "logger -t 'a,b c'", ["logger", "-t", "a,b c"]),
        (KeyKind.LIST, '["a", "b"]', ["a", "b"]),
        (KeyKind.LIST, "open 'quote", "open 'quote"),
        (KeyKind.TABLES, '[{name = "g"}]', [{"name": "g"}]),
        (KeyKind.TABLES, "name=g", "name=g"),
    ],
)
def test_a_variable_is_read_as_its_key_wants_it(kind: KeyKind, text: str, value: object) -> None:
    assert parse_environment(kind, text) == value


def test_a_table_in_a_list_is_written_as_pairs() -> None:
    text = "kind=files,name=web,plaintext-key=true,verify=tls://a:1,verify=tls://b:2,'owner=a,b'"
    assert parse_table_flag("deploy", text) == {
        "kind": "files",
        "name": "web",
        "plaintext_key": True,
        "owner": "a,b",
        "verify": ["tls://a:1", "tls://b:2"],
    }


def test_a_list_inside_a_table_is_written_the_same_way() -> None:
    text = "type=dns-01,names=contoso.com,names=*.contoso.com,provider=command,command=hook"
    assert parse_table_flag("issuer.challenges", text) == {
        "type": "dns-01",
        "names": ["contoso.com", "*.contoso.com"],
        "provider": "command",
        "command": ["hook"],
    }


def test_an_unknown_key_of_a_table_is_left_for_the_check_to_report() -> None:
    assert parse_table_flag("deploy", "nmae=x") == {"nmae": "x"}


@pytest.mark.parametrize("text", ["name", "=x", "name=x,oops"])
def test_refuses_what_is_no_pair(text: str) -> None:
    with pytest.raises(ValueError, match="KEY=VALUE"):
        parse_table_flag("deploy", text)
