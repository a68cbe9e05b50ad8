"""Another language: a catalogue in which every text has other vowels, and on the pages only data is left without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.catalogue import collect, compile_catalogue, english, foreign, template
from tests.support.processes import script
from tests.support.terminal import PtyProgram, Tmux

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    compile_catalogue(tmp_path / "locale", "xx", foreign)
    (tmp_path / "host.toml").write_text(f'state_dir = "{tmp_path}/state"\n', encoding="utf-8")
    return {
        "EDGECERT_HOST_FILE": str(tmp_path / "host.toml"),
        "XDG_STATE_HOME": str(tmp_path / "xdg"),
        "LANG": "C.UTF-8",
        "LANGUAGE": "xx",
        "TEXTDOMAINDIR": str(tmp_path / "locale"),
    }


@pytest.mark.peer("tmux")
def test_the_pages_are_in_the_persons_language(tmp_path: Path, environ: dict[str, str]) -> None:
    with Tmux(width=120, height=40) as tmux:
        tmux.environ = environ
        tmux.start((script("edgecert"),), tmp_path)
        assert english(tmux.expect("Áváíláblé tásks")) == set()
        tmux.press("Enter")
        assert english(tmux.expect("Cértífícáté réqúést")) == set()
        tmux.press("Enter")
        assert english(tmux.expect("Námé, sécúríty ánd órgánízátíón")) == set()
        tmux.press("F1")
        assert english(tmux.expect("Ín thé flágs fílé")) <= {"certificate", "name"}
        tmux.press("Enter", "Enter")
        tmux.expect("Súbjéct námés")
        tmux.type("contoso.com")
        tmux.press("Enter")
        assert english(tmux.expect("sip.contoso.com")) == set()
        tmux.press("Enter", "Enter")
        assert english(tmux.expect("Réqúést súmmáry")) == set()


def test_line_by_line_too(tmp_path: Path, environ: dict[str, str]) -> None:
    with PtyProgram((script("edgecert"), "wizard", "--plain"), environ, tmp_path) as program:
        said = program.expect("Númbér [1]")
        program.type()
        said += program.expect("[external-edge]")
    assert english(said) == set()


def test_a_catalogue_that_is_none_leaves_the_texts_as_they_are(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "locale/xx/LC_MESSAGES/edgecert.mo").write_bytes(b"not a catalogue")
    with PtyProgram((script("edgecert"), "wizard", "--plain"), environ, tmp_path) as program:
        program.expect("Number [1]")


def test_the_template_has_every_text_once_and_its_plural() -> None:
    found = collect()
    text = template(found)
    assert text.count("\nmsgid ") == len({texts[0] for texts in found}) == len(found)
    assert 'msgid "{count} name"\nmsgid_plural "{count} names"\nmsgstr[0] ""' in text
    assert 'msgid "Friendly name"' in text
