"""Pieces of the documentation, for tests that do what a page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"
_FENCED: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str, containing: str) -> list[str]:
    """Give the fenced blocks of ``page`` (below ``docs``) in ``language`` that contain a text."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [str(body) for kind, body in _FENCED.findall(text) if kind == language and containing in body]


def block(page: str, language: str, containing: str) -> str:
    """Give the only one of :func:`blocks`."""
    (found,) = blocks(page, language, containing)
    return found
