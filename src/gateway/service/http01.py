"""What edgecert may ask of the http-01 listener: tokens in, tokens out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgecert.shared.errors import ControlError
from gateway.net.http01 import Http01Connection, TokenTable
from gateway.net.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgecert.shared.clock import Clock
    from edgecert.shared.jsonvalue import JsonObject


class Http01Desk:
    """The tokens of a gateway, and its listener if it has one."""

    def __init__(self, address: str, clock: Clock) -> None:
        """Listen on ``address`` once opened; an empty one is no listener."""
        self._address = address
        self._table = TokenTable(clock)
        self._listener: Listener | None = None

    async def open(self) -> None:
        """Listen.

        Raises:
            NetworkError: the address cannot be bound.
            PermissionDeniedError: it may not be bound.
        """
        if self._address:
            self._listener = await Listener.open(self._address, "http", lambda: Http01Connection(self._table))

    def close(self) -> None:
        """Listen no more, and cut off who is being answered."""
        if self._listener is not None:
            self._listener.close()
        for transport in tuple(self._table.connections):
            transport.abort()

    def add(self, tokens: Mapping[str, str]) -> JsonObject:
        """Answer for ``tokens``; give how many are known now.

        Raises:
            ControlError: ``http01-not-listening``, and as :meth:`TokenTable.add`.
        """
        self._verify_listening()
        self._table.add(tokens)
        return {"known": len(self._table)}

    def forget(self, tokens: Sequence[str]) -> JsonObject:
        """Answer no more for ``tokens``; give how many are known now.

        Raises:
            ControlError: ``http01-not-listening``.
        """
        self._verify_listening()
        self._table.forget(tokens)
        return {"known": len(self._table)}

    def _verify_listening(self) -> None:
        if self._listener is None:
            message = "this gateway has no listener for http-01"
            hint = 'set http01 = "0.0.0.0:80" in [listen] of gateway.toml and restart the gateway'
            raise ControlError(message, code="http01-not-listening", hint=hint)
