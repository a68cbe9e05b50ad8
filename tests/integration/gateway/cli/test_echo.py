from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.gatewaycli import gateway_cli

if TYPE_CHECKING:
    from pathlib import Path


def test_needs_domain_and_secret() -> None:
    result = gateway_cli("echo")
    assert result.code == 2
    assert "--jid" in result.stderr


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o644)
    result = gateway_cli("echo", "--jid", "contoso.example", "--secret-file", str(secret))
    assert result.code == 9
    assert str(secret) in result.stderr
