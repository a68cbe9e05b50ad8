"""Texts for people, by gettext: English until somebody brings a catalogue of another language.

Catalogues lie in ``edgecert/locale/LANGUAGE/LC_MESSAGES/edgecert.mo``; the language is the environment's (``LANGUAGE``,
``LC_ALL``, ``LC_MESSAGES``, ``LANG``). A translator tries a catalogue from elsewhere with ``TEXTDOMAINDIR``, as with
gettext(1). ``make catalogue`` writes the template of all texts.
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path
from typing import Final

DOMAIN: Final = "edgecert"
LOCALE: Final = Path(__file__).parents[1] / "locale"


@cache
def _catalogue() -> gettext.NullTranslations:
    try:
        return gettext.translation(DOMAIN, os.environ.get("TEXTDOMAINDIR") or LOCALE, fallback=True)
    except (OSError, ValueError):  # there is one that cannot be read: English is better than nothing
        return gettext.NullTranslations()


def _(text: str) -> str:
    """Give ``text`` in the person's language. Placeholders are filled in afterwards, by ``str.format``."""
    return _catalogue().gettext(text)


def plural(one: str, many: str, count: int) -> str:
    """Give ``one`` or ``many`` as the language has it for ``count``, with ``{count}`` filled in."""
    return _catalogue().ngettext(one, many, count).format(count=count)
