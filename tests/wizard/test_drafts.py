from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.wizard.drafts import Drafts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_draft_is_kept_for_its_owner_alone_and_forgotten(tmp_path: Path) -> None:
    drafts = Drafts.of(tmp_path / "state", {"XDG_STATE_HOME": str(tmp_path / "xdg")})
    assert drafts.load() is None
    assert drafts.save({"version": 1})
    assert drafts.load() == {"version": 1}
    assert drafts.path.stat().st_mode & 0o777 == 0o600
    drafts.forget()
    drafts.forget()
    assert drafts.load() is None


def test_each_store_has_its_own(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    one, other = (Drafts.of(tmp_path / name, environ) for name in ("a", "b"))
    assert one.path != other.path
    assert one.path.is_relative_to(tmp_path / ".local/state/edgecert")


def test_a_damaged_draft_is_none_and_a_place_that_cannot_be_written_no_error(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "draft")
    drafts.path.write_text("[1", encoding="utf-8")
    assert drafts.load() is None
    drafts.path.write_text("[1]", encoding="utf-8")
    assert drafts.load() is None
    assert not Drafts(tmp_path / "draft" / "below").save({})
