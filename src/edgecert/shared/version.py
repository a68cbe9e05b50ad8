"""The version of the distribution; a test holds it equal to the one in ``pyproject.toml``.

Asking ``importlib.metadata`` would load the mail package at each start.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "0.1.0"
