"""What every use case needs beside: who makes keys, who watches, who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgecert.model.keys import PrivateKey
    from edgecert.shared.jsonvalue import JsonObject

Standing = Literal["ahead", "busy", "done", "warning", "failed"]


class Notifier(Protocol):
    """Tells people."""

    def notify(self, command: Sequence[str], document: JsonObject) -> None:
        """Run ``command`` with ``document`` as JSON on its standard input; a failure is logged, never raised."""
        ...


class Progress(Protocol):
    """Is told what happens, step by step, for a person who watches."""

    def step(self, text: str) -> None:
        """Say that a step begins or is done."""
        ...

    def warn(self, code: str, message: str, path: str = "") -> None:
        """Say something that deserves attention."""
        ...


@runtime_checkable
class WatchesWaits(Protocol):
    """A :class:`Progress` that also wants to know what is awaited: it is told before each pause."""

    def waits(self, what: str, left: float) -> None:
        """Say that ``what`` is awaited, for ``left`` seconds at the most."""
        ...


@runtime_checkable
class WatchesStandings(Protocol):
    """A :class:`Progress` that also wants to know how each name and each listener stands, whenever that changes."""

    def stands(self, about: str, standing: Standing, text: str) -> None:
        """Say how ``about`` stands, in words ``text``."""
        ...


class KeySource(Protocol):
    """Makes keys."""

    def generate(self, algorithm: str, bits: int) -> PrivateKey:
        """Make a new private key."""
        ...
