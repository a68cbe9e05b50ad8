"""How a key of a configuration file is declared: once, with default, help and limits, on the field that holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

METADATA_KEY: Final = "option"


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """What is known of one key beyond its type: what validation, flags, the schema and the reference page need."""

    help: str
    choices: tuple[str | int, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    duration: bool = False
    path: bool = False
    required: bool = False
    metavar: str = ""


# The return type is Any because dataclasses' field() is typed as the field's own type at the place of use.
def option(  # a declaration: one keyword per thing that can be said of a key
    default: Any = None,
    *,
    help: str,  # noqa: A002  # the word argparse and the field use
    factory: Any = None,
    choices: tuple[str | int, ...] = (),
    minimum: int | None = None,
    maximum: int | None = None,
    pattern: str = "",
    duration: bool = False,
    path: bool = False,
    required: bool = False,
    metavar: str = "",
) -> Any:
    """Declare a key: a dataclass field whose metadata holds its :class:`OptionSpec`.

    ``factory`` makes the default of a table; ``duration`` marks text such as ``90d``; ``path`` marks a file name that
    counts from the file's directory; ``required`` says that a file must give it.
    """
    spec = OptionSpec(help, choices, minimum, maximum, pattern, duration, path, required, metavar)
    if factory is not None:
        return field(default_factory=factory, metadata={METADATA_KEY: spec})
    return field(default=default, metadata={METADATA_KEY: spec})
