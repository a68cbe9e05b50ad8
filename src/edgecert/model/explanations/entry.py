"""What ``edgecert explain CODE`` prints."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code in words: a title of one line, what it means and why it matters, and how to mend it."""

    title: str
    text: str
    mend: str
