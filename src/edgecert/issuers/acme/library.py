"""The ``acme`` library, loaded without ``requests``: the one place that imports it.

Of the library we use messages, challenges and signing. Its modules import ``requests`` at their top for its own client,
which takes longer to load than all the rest of the library, and that client is what we do not use. So while they are
loaded, something small stands where ``requests`` would be; whoever asks it for more gets the real one.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

from edgecert.shared.overriding import override

_NAME: Final = "requests"


class _Later(ModuleType):
    """``requests``, loaded when something of it is used."""

    class Response:
        """Named by an annotation of the library; nothing is made of it."""

    @override
    def __getattr__(self, name: str) -> object:
        """Give what the real module has."""
        if sys.modules.get(_NAME) is self:
            message = f"{_NAME} is not loaded yet"
            raise AttributeError(message)
        found: object = getattr(importlib.import_module(_NAME), name)
        return found


def _load() -> None:
    """Import the library; a version that needs more of ``requests`` while it is loaded gets the real one."""
    if _NAME in sys.modules:
        return
    sys.modules[_NAME] = _Later(_NAME)
    try:
        importlib.import_module("acme.messages")
    except AttributeError:
        pass
    finally:
        del sys.modules[_NAME]


if not TYPE_CHECKING:
    _load()

from acme import jws, messages  # noqa: E402  # only now

__all__ = ["jws", "messages"]
