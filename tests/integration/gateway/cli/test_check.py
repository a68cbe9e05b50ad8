from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgecert.shared.tomltext import to_toml
from tests.support.gatewaycli import gateway_cli
from tests.support.net import loopback_net

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edgecert.shared.jsonvalue import JsonObject


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("secret\n")
    (tmp_path / "run").mkdir()
    with loopback_net() as net:
        path = tmp_path / "gateway.toml"
        document: JsonObject = {
            "gateway": {
                "state_dir": str(tmp_path / "state"),
                "control": str(tmp_path / "run" / "c"),
                "status": str(tmp_path / "run" / "s"),
            },
            "listen": {"s2s": [f"{net}1:5269"]},
            "home": [{"domain": "contoso.example", "listen": f"{net}1:5347", "secret_file": str(tmp_path / "secret")}],
        }
        path.write_text(to_toml(document))
        yield path


def verdicts(config: Path) -> dict[str, str]:
    document = gateway_cli("check", "-c", str(config), "--json").document
    return {entry["check"]: entry["verdict"] for entry in document["result"]["checks"]}


def test_all_well_is_0_and_every_line_says_so(config: Path) -> None:
    result = gateway_cli("check", "-c", str(config))
    assert result.code == 0, result.stdout
    assert set(verdicts(config).values()) == {"ok"}


def test_what_would_keep_it_from_serving_is_4_with_what_to_do(config: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").chmod(0o644)
    result = gateway_cli("check", "-c", str(config))
    assert result.code == 4
    assert "CRITICAL" in result.stdout
    assert "chmod" in result.stdout


def test_a_wrong_configuration_is_2(config: Path) -> None:
    config.write_text(config.read_text().replace("contoso.example", "contoso..example"))
    result = gateway_cli("check", "-c", str(config))
    assert result.code == 2
    assert "domain" in result.stderr


def test_a_warning_is_3(config: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    assert gateway_cli("check", "-c", str(config)).code == 3
