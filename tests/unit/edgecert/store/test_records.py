from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgecert.interfaces import Deployment, Deployments, SavedSettings
from edgecert.model.request import CertificateOptions, CertificateRequest
from edgecert.shared.errors import StoreError
from edgecert.store import records
from tests.support.bundles import START, a_request

if TYPE_CHECKING:
    from edgecert.shared.jsonvalue import JsonValue

PATH = Path("/state/record")
SETTINGS = SavedSettings(
    CertificateRequest(certificate=CertificateOptions(name="edge")), START, assignment={"contoso.example": 2}
)


def test_settings_carry_every_key_so_that_new_defaults_change_nothing() -> None:
    document = tomllib.loads(records.encode_settings(SETTINGS, "edge").decode())
    assert document["certificate"]["bit_length"] == 0
    assert document["renewal"]["renew_before"] == "auto"
    assert document["saved"]["assignment"] == {"contoso.example": 2}


def test_settings_take_the_name_of_where_they_lie() -> None:
    decoded = records.decode_settings(records.encode_settings(SETTINGS, "edge"), "front", PATH)
    assert decoded.request.certificate.name == "front"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version = ",
        b"\xff",
        records.encode_settings(SETTINGS, "edge").replace(b"part = 1", b"part = 'x'"),
        records.encode_settings(SETTINGS, "edge").replace(b"version = 1", b"versoin = 1"),
    ],
)
def test_damaged_settings_name_the_file(data: bytes) -> None:
    with pytest.raises(StoreError, match="/state/record") as caught:
        records.decode_settings(data, "edge", PATH)
    assert caught.value.code == "record-damaged"


@pytest.mark.parametrize(
    ("key", "value"), [("verdict", "fine"), ("wanted", "1"), ("verified_at", "yesterday"), ("target", None)]
)
def test_damaged_deployment_is_refused(key: str, value: JsonValue) -> None:
    document = json.loads(records.encode_deployments(Deployments((Deployment("gateway", "gateway", 1),))))
    document["targets"][0][key] = value
    with pytest.raises(StoreError, match="/state/record"):
        records.decode_deployments(json.dumps(document).encode(), PATH)


def test_held_needs_a_number() -> None:
    with pytest.raises(StoreError):
        records.decode_deployments(b'{"targets": [], "held": {"x": "why"}}', PATH)


def test_record_of_a_later_version_with_more_keys_is_read() -> None:
    document = json.loads(records.encode_request(a_request("edge", "r1")))
    data = json.dumps({**document, "colour": "red"}).encode()
    assert records.decode_request(data, a_request("edge", "r1").csr_pem, "edge", PATH) == a_request("edge", "r1")


def test_request_of_unknown_state_is_refused() -> None:
    data = records.encode_request(a_request("edge", "r1")).replace(b'"open"', b'"ajar"')
    with pytest.raises(StoreError, match="ajar"):
        records.decode_request(data, b"", "edge", PATH)
