from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edgecert.shared.errors import PermissionDeniedError, UsageError
from gateway.service import Gateway
from gateway.service.dialbacksecret import load_dialback_secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.gateway.conftest import World


def test_a_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = load_dialback_secret("", str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(first.reveal()) == 64
    assert load_dialback_secret("", str(tmp_path)) == first


def test_a_secret_that_is_named_must_be_there_and_private(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    with pytest.raises(UsageError):
        load_dialback_secret(str(shared), str(tmp_path))
    shared.write_text("s3cret\n")
    shared.chmod(0o640)
    with pytest.raises(PermissionDeniedError):
        load_dialback_secret(str(shared), str(tmp_path))
    shared.chmod(0o600)
    assert load_dialback_secret(str(shared), str(tmp_path)).reveal() == b"s3cret"


async def test_a_reload_takes_another_secret_and_knows_the_old_one_for_a_while(world: World) -> None:
    made = world.settings("contoso.example", 1)
    shared = world.directory / "shared"
    shared.touch(mode=0o600)
    shared.write_text("first")
    made = replace(made, gateway=replace(made.gateway, dialback_secret_file=str(shared)))
    gateway = Gateway(made)
    async with gateway.running():
        keys = gateway.hub.dialling.keys
        names = ("fabrikam.example", "contoso.example", "id")
        old = keys.make_key(*names)
        assert not any("dialback" in str(note) for note in _notes(await gateway.reload()))
        shared.write_text("second")
        assert any("dialback secret has changed" in str(note) for note in _notes(await gateway.reload()))
        assert keys.make_key(*names) != old
        assert keys.is_key(old, *names, now=gateway.clock.monotonic())


def _notes(answer: object) -> list[object]:
    assert isinstance(answer, dict)
    notes = answer["notes"]
    assert isinstance(notes, list)
    return notes
