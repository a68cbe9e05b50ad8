"""The mark ``@override`` for the type checker, which Python has from 3.12 and costs nothing at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from typing_extensions import override

    _Method = TypeVar("_Method", bound=Callable[..., object])
else:

    def override(method: _Method) -> _Method:
        """Give ``method`` back: at run time the mark is not worth loading its library at each start."""
        return method


__all__ = ["override"]
