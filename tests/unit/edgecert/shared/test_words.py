from __future__ import annotations

from edgecert.shared.words import _, plural


def test_a_text_without_a_catalogue_is_itself() -> None:
    assert _("Names of {name}") == "Names of {name}"


def test_a_count_chooses_the_form() -> None:
    assert plural("{count} name", "{count} names", 1) == "1 name"
    assert plural("{count} name", "{count} names", 0) == "0 names"
