"""Bytes that never print themselves."""

from __future__ import annotations

import hmac
from typing import final


@final
class Secret:
    """A secret value: keys, passwords, shared secrets. ``repr``, ``str`` and ``format`` show nothing of it."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        """Wrap ``value``."""
        self._value = value

    def reveal(self) -> bytes:
        """Give the bytes; the one way to them, easy to find in a review."""
        return self._value

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Show that there is a secret, not which."""
        return "Secret(***)"

    def __str__(self) -> str:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Show that there is a secret, not which."""
        return "***"

    def __eq__(self, other: object) -> bool:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Compare in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Refuse to be a dictionary key by value: the hash is of the identity of the type only."""
        return hash(Secret)

    def __reduce__(self) -> str:  # type: ignore[explicit-override]  # its import is not worth it at every start
        """Refuse to be pickled."""
        message = "a Secret is not pickled"
        raise TypeError(message)
