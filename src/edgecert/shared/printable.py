"""Foreign text on its way to a terminal, a log or a document: what would steer the reader's screen is shown instead.

Certificates, the DNS, CAs and partners' streams bring text that others wrote. Escape sequences (also those that begin
with U+009B, which XML allows) move the cursor, rewrite lines and set clipboards; marks of direction make one thing look
like another; a line separator forges a line of a log. Joiners of scripts and emoji do nothing of the kind and stay.
"""

from __future__ import annotations

import json
import re
from typing import Final

_STEERING: Final = (
    "\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_IN_TEXT: Final = re.compile(f"[\x00-\x08\x0b-\x1f{_STEERING}]")
_IN_A_LINE: Final = re.compile(f"[\x00-\x1f{_STEERING}]")
_IN_JSON: Final = re.compile(f"[{_STEERING}]")


def show_controls(text: str) -> str:
    """Give ``text`` with every character that steers a screen as its escape; lines and tabs stay."""
    return _IN_TEXT.sub(_escape, text)


def show_line(text: str) -> str:
    """Give ``text`` on one line, every character that steers a screen as its escape."""
    return _IN_A_LINE.sub(_escape, text)


def blank_controls(text: str) -> str:
    """Give ``text`` on one line, a blank for every character that steers a screen: for cells and short words."""
    return _IN_A_LINE.sub(" ", text)


def drop_controls(text: str) -> str:
    """Give ``text`` on one line without any character that steers a screen: where its width is measured already."""
    return _IN_A_LINE.sub("", text)


def json_text(document: object, indent: int | None = None) -> str:
    """Give ``document`` as JSON that people can read on a terminal too: letters as they are, steering ones escaped."""
    return _IN_JSON.sub(_escape_json, json.dumps(document, indent=indent, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _escape_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
