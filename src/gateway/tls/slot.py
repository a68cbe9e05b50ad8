"""Where the present contexts are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.tls.context import TlsContexts


class ContextSlot:
    """Holds the one :class:`TlsContexts` that new handshakes take; replaced whole, by one assignment."""

    __slots__ = ("_current",)

    def __init__(self, contexts: TlsContexts) -> None:
        """Begin with ``contexts``."""
        self._current = contexts

    @property
    def current(self) -> TlsContexts:
        """What a handshake that begins now uses until it ends."""
        return self._current

    def swap(self, new: TlsContexts) -> TlsContexts:
        """Put ``new`` in place and give what was there."""
        old, self._current = self._current, new
        return old
