from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from edgecert.shared import bundle
from edgecert.shared.errors import MaterialError, StoreError
from edgecert.shared.keywrap import KeyWrapper
from edgecert.shared.secret import Secret
from tests.support.bundles import START, a_bundle, a_certificate

if TYPE_CHECKING:
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonValue

WRAPPER = KeyWrapper(Secret(b"k" * 32), "store-1")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_meta_is_read_from_the_leaf() -> None:
    meta = a_bundle("edge", 26).meta
    assert meta.names == ("sip.contoso.example", "contoso.example")
    assert meta.serial == "1a"
    assert meta.key == "ecdsa-256"
    assert meta.not_before == START
    assert meta.issuer == "CN=sip.contoso.example"
    assert meta.fingerprint_sha256 == a_certificate(26).fingerprint(SHA256()).hex()


def test_pem_parts_belong_together() -> None:
    made = a_bundle("edge", 1, intermediates=2)
    assert made.fullchain_pem == made.cert_pem + made.chain_pem
    assert made.chain_pem.count(b"BEGIN CERTIFICATE") == 2
    assert a_bundle("edge", 1).chain_pem == b""
    assert made.leaf == a_certificate(1)


def test_json_round_trip_survives_json() -> None:
    made = a_bundle("edge", 7, exportable=False, intermediates=1)
    document = json.loads(json.dumps(bundle.encode_bundle(made)))
    assert bundle.decode_bundle(document) == made
    meta = replace(made.meta, findings=("names-differ",), staging_ca=True)
    assert bundle.decode_meta(json.loads(json.dumps(bundle.encode_meta(meta)))) == meta


def test_decode_ignores_what_it_does_not_know() -> None:
    made = a_bundle("edge", 7)
    meta = {**bundle.encode_meta(made.meta), "colour": "red"}
    assert bundle.decode_bundle({**bundle.encode_bundle(made), "meta": meta, "more": 1}) == made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("generation", "7"),
        ("generation", True),
        ("names", "x"),
        ("names", [1]),
        ("exportable", None),
        ("not_after", "tomorrow"),
        ("serial", 1),
    ],
)
def test_decode_names_the_key_that_is_wrong(key: str, value: JsonValue) -> None:
    document = json.loads(json.dumps({**bundle.encode_meta(a_bundle("edge", 1).meta)}))
    with pytest.raises(MaterialError, match=key) as caught:
        bundle.decode_meta({**document, key: value})
    assert caught.value.code == "bundle-malformed"


@pytest.mark.parametrize("broken", [{"key": None}, {"fullchain": "no pem"}, {"meta": []}])
def test_decode_refuses_a_malformed_bundle(broken: dict[str, str | list[int] | None]) -> None:
    with pytest.raises(MaterialError) as caught:
        bundle.decode_bundle({**bundle.encode_bundle(a_bundle("edge", 1)), **broken})
    assert caught.value.code == "bundle-malformed"


def test_directory_round_trip_and_modes(tmp_path: Path) -> None:
    made = a_bundle("edge", 7, intermediates=1)
    path = bundle.write_bundle_dir(tmp_path, made, None)
    assert path == tmp_path / "0007"
    assert bundle.read_bundle_dir(path, None) == made
    assert bundle.read_meta(path) == made.meta
    assert mode_of(path) == 0o700
    assert mode_of(path / "key.pem") == 0o600
    assert (path / "fullchain.pem").read_bytes() == (path / "cert.pem").read_bytes() + (path / "chain.pem").read_bytes()
    (tmp_path / "current").symlink_to("0007")
    assert bundle.read_bundle_dir(tmp_path / "current", None) == made


def test_key_not_exportable_never_lies_in_the_clear(tmp_path: Path) -> None:
    made = a_bundle("edge", 1, exportable=False)
    path = bundle.write_bundle_dir(tmp_path, made, WRAPPER)
    assert sorted(os.listdir(path)) == ["cert.pem", "chain.pem", "fullchain.pem", "key.wrapped", "meta.json"]  # noqa: PTH208
    assert mode_of(path / "key.wrapped") == 0o600
    assert all(b"PRIVATE KEY" not in file.read_bytes() for file in path.iterdir())
    assert bundle.read_bundle_dir(path, WRAPPER) == made
    assert bundle.read_meta(path) == made.meta
    with pytest.raises(MaterialError) as caught:
        bundle.read_bundle_dir(path, None)
    assert caught.value.code == "kek-missing"


def test_refuses_to_keep_such_a_key_without_a_wrapper(tmp_path: Path) -> None:
    with pytest.raises(MaterialError) as caught:
        bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1, exportable=False), None)
    assert caught.value.code == "key-not-wrapped"
    assert list(tmp_path.iterdir()) == []


def test_exportable_key_is_readable_even_with_a_wrapper_at_hand(tmp_path: Path) -> None:
    path = bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1), WRAPPER)
    assert (path / "key.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")


def test_never_overwrites(tmp_path: Path) -> None:
    bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1), None)
    with pytest.raises(StoreError) as caught:
        bundle.write_bundle_dir(tmp_path, a_bundle("other", 1), None)
    assert caught.value.code == "generation-exists"
    assert bundle.read_meta(tmp_path / "0001").name == "edge"


def test_missing_directory_says_so(tmp_path: Path) -> None:
    for read in (bundle.read_meta, lambda path: bundle.read_bundle_dir(path, None)):
        with pytest.raises(StoreError) as caught:
            read(tmp_path / "0001")
        assert caught.value.code == "no-such-generation"


@pytest.mark.parametrize("file", ["meta.json", "fullchain.pem", "key.pem"])
def test_damage_is_named(tmp_path: Path, file: str) -> None:
    path = bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1), None)
    (path / file).unlink()
    with pytest.raises(StoreError, match="damaged") as caught:
        bundle.read_bundle_dir(path, None)
    assert caught.value.code == "bundle-damaged"
    assert caught.value.hint


def test_parts_of_two_issuances_are_refused(tmp_path: Path) -> None:
    path = bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1), None)
    (path / "fullchain.pem").write_bytes(a_bundle("edge", 2).fullchain_pem)
    with pytest.raises(StoreError, match="another certificate"):
        bundle.read_bundle_dir(path, None)


def test_symlinked_file_is_not_followed(tmp_path: Path) -> None:
    path = bundle.write_bundle_dir(tmp_path, a_bundle("edge", 1), None)
    (path / "meta.json").rename(tmp_path / "meta.json")
    (path / "meta.json").symlink_to(tmp_path / "meta.json")
    with pytest.raises(StoreError, match="damaged"):
        bundle.read_meta(path)


@pytest.mark.parametrize(("name", "number"), [("0001", 1), ("9999", 9999), ("10000", 10000)])
def test_generation_names(name: str, number: int) -> None:
    assert bundle.generation_directory(number) == name
    assert bundle.parse_generation(name) == number


@pytest.mark.parametrize("name", ["1", "00001", "current", "0001.tmp", "", "\u0660\u0660\u0660\u0661", "-001"])
def test_other_names_are_no_generation(name: str) -> None:
    assert bundle.parse_generation(name) is None
